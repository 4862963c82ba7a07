"""Prior-data conflict: how surprising the observed count is under the prior that borrows."""

from __future__ import annotations

from dataclasses import dataclass

from saisei.evidence.mixtures import BetaMixture

__all__ = ["Conflict", "prior_data_conflict"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """How the data sit in the prior's prediction.

    Attributes:
        p_at_most, p_at_least: predictive tail probabilities of the count, each including it.
        p_no_more_likely: probability of all counts no more likely than the one seen.
        weights_before, weights_after: component weights; the last is the vague one if robustified.
    """

    p_at_most: float
    p_at_least: float
    p_no_more_likely: float
    weights_before: tuple[float, ...]
    weights_after: tuple[float, ...]


def prior_data_conflict(prior: BetaMixture, y: int, n: int) -> Conflict:
    """Predictive tail probabilities of y events among n, and what the data do to the weights.

    Raises:
        InputError: y is not a count between 0 and n.

    >>> conflict = prior_data_conflict(BetaMixture((1.0,), (5.0,), (20.0,)), 4, 4)
    >>> round(conflict.p_at_least, 4)
    0.0034
    """
    after = prior.posterior(y, n)
    pmf = prior.predictive_pmf(n)
    return Conflict(
        float(pmf[: y + 1].sum()),
        float(pmf[y:].sum()),
        float(pmf[pmf <= pmf[y] * (1.0 + 1e-9)].sum()),
        prior.weights,
        after.weights,
    )
