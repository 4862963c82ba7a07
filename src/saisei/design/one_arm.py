"""One arm with a Bayesian rule: decision table, exact operating characteristics, chance of success."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.chance.domain import require_count, require_positive, require_probability
from saisei.chance.roots import R_TOLERANCE, brent_root
from saisei.design.power import binomial_pmf_vector
from saisei.design.rules import Criterion, Rule
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture, NormalMixture

__all__ = [
    "NormalBoundary",
    "binary_decisions",
    "binary_success_probability",
    "normal_boundary",
    "normal_success_probability",
    "predictive_success_binary",
    "predictive_success_normal",
]

Array = NDArray[np.float64]

_RBEST_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class NormalBoundary:
    """The observed means that meet a rule: between `low` and `high`, either may be infinite."""

    low: float
    high: float

    @property
    def empty(self) -> bool:
        """Whether no mean meets the rule."""
        return self.low >= self.high


def _require_one_arm(rule: Rule) -> None:
    if rule.arms != 1:
        raise InputError("this is a one-arm design: the rule must be about p or theta alone")


def binary_decisions(prior: BetaMixture, n: int, rule: Rule) -> NDArray[np.bool_]:
    """Whether 0..n responders of n meet the rule, shape (n + 1,): the decision table.

    Raises:
        InputError: n is not a count or the rule is about two arms.
    """
    _require_one_arm(rule)
    require_count(n, "n", at_least=1)
    return np.array([rule.met(prior.posterior(y, n)) for y in range(n + 1)])


def binary_success_probability(
    prior: BetaMixture, n: int, rule: Rule, true_rates: Sequence[float]
) -> Array:
    """The exact probability of meeting the rule at each true rate, shape (len(true_rates),).

    Raises:
        InputError: a rate is not a probability, or as for `binary_decisions`.
    """
    decisions = binary_decisions(prior, n, rule)
    for rate in true_rates:
        require_probability(rate, "a true rate")
    return np.array([float(binomial_pmf_vector(n, p) @ decisions) for p in true_rates])


def predictive_success_binary(
    analysis: BetaMixture,
    n_more: int,
    rule: Rule,
    *,
    seen: tuple[int, int] = (0, 0),
    design: BetaMixture | None = None,
) -> float:
    """The chance, now, that the rule is met after n_more further people.

    The design prior predicts the future; the analysis prior decides. They may differ.

    Args:
        analysis: prior of the decision.
        n_more: people still to come.
        rule: one-arm rule on the final posterior.
        seen: responders and people so far.
        design: prior of the prediction; the analysis prior if left out.

    Raises:
        InputError: impossible counts or a two-arm rule.
    """
    _require_one_arm(rule)
    y, n = seen
    predicted = (design or analysis).posterior(y, n).predictive_pmf(n_more)
    final = n + require_count(n_more, "n_more")
    met = [rule.met(analysis.posterior(y + extra, final)) for extra in range(n_more + 1)]
    return float(predicted @ np.array(met, dtype=np.float64))


def normal_boundary(
    prior: NormalMixture, se: float, rule: Rule, *, coarse: bool = False
) -> NormalBoundary:
    """The observed means (with standard error se) whose posterior meets a one-arm rule.

    Each criterion is monotone in the mean for the priors in use; its edge is found by bracketing.

    Args:
        prior: law of the mean before these data.
        se: standard error of the observed mean.
        rule: one-arm rule on the posterior.
        coarse: stop the search where RBesT stops (about 1e-4), to compare with its printed figures.

    Raises:
        InputError: the standard error is not above 0 or the rule is about two arms.
    """
    _require_one_arm(rule)
    require_positive(se, "se")
    low, high = -np.inf, np.inf
    if coarse:
        edge = _coarse_edge(prior, se, rule)
        first = rule.criteria[0]
        return (
            NormalBoundary(edge, high) if first.above == first.exceed else NormalBoundary(low, edge)
        )
    for c in rule.criteria:
        edge = _edge(partial(_gap, prior, se, c), c.cut, se)
        if c.above == c.exceed:
            low = max(low, edge)
        else:
            high = min(high, edge)
    return NormalBoundary(low, high)


def _coarse_edge(prior: NormalMixture, se: float, rule: Rule) -> float:
    """Where the decision steps, by Brent's search at R's tolerance from RBesT's bracket."""

    def step(mean: float) -> float:
        return float(rule.met(prior.posterior(mean, se))) - 0.75

    reach = -float(special.ndtri(_RBEST_EPS / 2.0)) * se
    low, high = prior.mean - reach, prior.mean + reach
    for _ in range(60):
        if step(low) * step(high) < 0.0:
            return brent_root(step, low, high, R_TOLERANCE)
        half = (high - low) / 2.0
        low, high = low - half, high + half
    raise InputError("the rule is met by every mean or by none: no boundary exists")


def _gap(prior: NormalMixture, se: float, criterion: Criterion, mean: float) -> float:
    posterior = prior.posterior(mean, se)
    cut = criterion.cut
    return float(posterior.sf(cut) if criterion.above else posterior.cdf(cut)) - criterion.level


def _edge(gap: Callable[[float], float], centre: float, se: float) -> float:
    width = 4.0 * se
    for _ in range(60):
        if gap(centre - width) * gap(centre + width) < 0.0:
            return float(optimize.brentq(gap, centre - width, centre + width, xtol=1e-13))
        width *= 2.0
    raise InputError("the rule is met by every mean or by none: no boundary exists")


def normal_success_probability(
    prior: NormalMixture,
    se: float,
    rule: Rule,
    true_means: Sequence[float],
    *,
    coarse: bool = False,
) -> Array:
    """The probability of meeting the rule at each true mean, shape (len(true_means),)."""
    boundary = normal_boundary(prior, se, rule, coarse=coarse)
    if boundary.empty:
        return np.zeros(len(true_means))
    theta = np.asarray(true_means, dtype=np.float64)
    return np.asarray(
        special.ndtr((boundary.high - theta) / se) - special.ndtr((boundary.low - theta) / se)
    )


def predictive_success_normal(
    current: NormalMixture,
    sigma: float,
    n_more: float,
    rule: Rule,
    design: NormalMixture | None = None,
    *,
    coarse: bool = False,
) -> float:
    """The chance, now, that the rule is met after n_more further observations.

    Args:
        current: law of the parameter now, used for the decision.
        sigma: standard deviation of one observation.
        n_more: observations (or events) still to come.
        rule: one-arm rule on the final posterior.
        design: law used for the prediction; `current` if left out.
        coarse: as for `normal_boundary`.
    """
    se = require_positive(sigma, "sigma") / require_positive(n_more, "n_more") ** 0.5
    boundary = normal_boundary(current, se, rule, coarse=coarse)
    if boundary.empty:
        return 0.0
    ahead = (design or current).predictive_mean(n_more, sigma)
    return float(ahead.cdf(boundary.high) - ahead.cdf(boundary.low))
