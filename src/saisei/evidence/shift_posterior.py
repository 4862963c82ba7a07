"""Posterior of the shift odds ratio against natural history, and its Bayes factor.

    P(Y_i <= j | b) = expit(logit Q_ij - b),  Q_ij the cumulative natural-recovery probabilities

so exp(b) is one odds ratio at every cut and b > 0 is benefit. For each draw of the rates the
likelihood of b is a product over people; the marginal posterior is

    p(b | y)  proportional to  p(b) * mean over draws of L(b; draw)

which weights the draws by how well they explain what was seen, with b integrated on a fixed grid.
An outcome known only as a set enters with the probability of the set; a missing one does not enter.

Never conditions on anything chosen after the results. Source: McCullagh 1980, J R Stat Soc B 42:109.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri

from saisei.errors import InputError
from saisei.params import value

__all__ = [
    "Component",
    "ShiftPosterior",
    "ShiftPrior",
    "log_likelihood",
    "neutral_prior",
    "sceptical_prior",
    "shift_posterior",
    "shifted",
]

F64 = NDArray[np.float64]
OutcomeSet = Sequence[int]

_TINY = 1e-300
_REACH = 10.0  # the grid of b: odds ratios from exp(-10) to exp(10); a definition of "everything"
_STEP = 0.05
_HALF = round(_REACH / _STEP)
_ABOVE: F64 = np.linspace(0.0, _REACH, _HALF + 1, dtype=np.float64)
# Zero stands twice, as -0.0 and 0.0, so that a density cut at zero is integrated without error there.
_GRID: F64 = np.concatenate((-_ABOVE[::-1], _ABOVE))
_WIDTHS: F64 = np.diff(_GRID)
_WEIGHTS: F64 = (np.append(_WIDTHS, 0.0) + np.append(0.0, _WIDTHS)) / 2.0


def _normal_density(z: F64) -> F64:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a prior for b: normal, or its positive half.

    Attributes:
        weight: share of the prior.
        mean, sd: of the normal, log odds.
        benefit_only: cut at 0 and scaled up again, so that only b > 0 remains.
    """

    weight: float
    mean: float
    sd: float
    benefit_only: bool = False

    def density(self, b: F64) -> F64:
        """Density at each point of `b`; -0.0 lies below the cut of a half-normal, 0.0 above."""
        law = _normal_density((b - self.mean) / self.sd) / self.sd
        if self.benefit_only:
            kept = float(ndtr(self.mean / self.sd))
            law = np.where(np.signbit(b), 0.0, law) / kept
        return np.asarray(self.weight * law)


@dataclass(frozen=True, slots=True)
class ShiftPrior:
    """A prior for the shift log odds ratio b, and where it comes from."""

    key: str
    name: str
    reason: str
    components: tuple[Component, ...]

    def density(self, b: F64) -> F64:
        """Density at each point of `b`."""
        return np.asarray(np.sum([part.density(b) for part in self.components], axis=0))


@dataclass(frozen=True, slots=True)
class ShiftPosterior:
    """What the data and one prior say about the shift odds ratio.

    Attributes:
        prior: key of the prior.
        prior_interval: 2.5%, 50% and 97.5% points of the odds ratio before the data.
        odds_ratio: the same points after the data.
        p_benefit: probability that the odds ratio is above 1 (half of an exact 1).
        p_benefit_before: the same before the data.
        p_worthwhile: probability that it is above `worthwhile`.
        worthwhile: the odds ratio below which an effect would not matter much.
        bayes_factor: probability of the data under the prior over that under no effect at all.
        effective_draws: draws of the rates that carry the likelihood (of `draws`).
        draws: how many draws were used.
    """

    prior: str
    prior_interval: tuple[float, float, float]
    odds_ratio: tuple[float, float, float]
    p_benefit: float
    p_benefit_before: float
    p_worthwhile: float
    worthwhile: float
    bayes_factor: float
    effective_draws: float
    draws: int


def neutral_prior() -> ShiftPrior:
    """N(0, sd^2) with the neutral standard deviation: harm and benefit equally likely."""
    sd = value("evidence.shift_prior_sd_neutral")
    reason = f"normal, mean 0, sd {sd:g}: harm and benefit equally likely, little excluded"
    return ShiftPrior("neutral", "neutral", reason, (Component(1.0, 0.0, sd),))


def sceptical_prior() -> ShiftPrior:
    """N(0, sd^2) that leaves a set tail beyond the worthwhile odds ratio.

    >>> round(sceptical_prior().components[0].sd, 3)
    0.668
    """
    worthwhile = value("evidence.shift_worthwhile_odds_ratio")
    tail = value("evidence.shift_prior_sceptical_tail")
    sd = math.log(worthwhile) / -float(ndtri(tail))
    reason = f"normal, mean 0, {tail:.0%} beyond an odds ratio of {worthwhile:g}"
    return ShiftPrior("sceptical", "sceptical", reason, (Component(1.0, 0.0, sd),))


def shifted(rates: F64, log_odds_ratio: float) -> F64:
    """Grade probabilities after every cumulative logit moved by -`log_odds_ratio`.

    Args:
        rates: shape (..., 5), rows sum to 1.
        log_odds_ratio: b; above 0 moves people to better grades.

    >>> shifted(np.array([0.9, 0.1, 0, 0, 0]), float(np.log(3.0))).round(3).tolist()
    [0.75, 0.25, 0.0, 0.0, 0.0]
    """
    below = np.clip(np.cumsum(rates, axis=-1), 0.0, 1.0)
    below[..., -1] = 1.0
    factor = math.exp(log_odds_ratio)
    # Q / (Q + (1 - Q) e^b) is expit(logit Q - b) and holds at Q = 0 and Q = 1.
    moved = below / (below + (1.0 - below) * factor)
    return np.asarray(np.diff(moved, axis=-1, prepend=0.0))


def log_likelihood(draws: F64, outcomes: Sequence[OutcomeSet], grid: F64) -> F64:
    """Log likelihood of b for each draw, shape (draws, len(grid)).

    Args:
        draws: natural-recovery rates, shape (draws, people, 5).
        outcomes: for each person the ranks that the outcome may have; all five = missing.
        grid: values of b.
    """
    if len(outcomes) != draws.shape[1]:
        raise InputError(f"{len(outcomes)} outcomes for {draws.shape[1]} people: give one each")
    odds = np.exp(grid)
    total = np.zeros((draws.shape[0], len(grid)))
    below = np.clip(np.cumsum(draws, axis=-1), 0.0, 1.0)
    for person, ranks in enumerate(outcomes):
        first, last = min(ranks), max(ranks)
        if (first, last) == (0, draws.shape[2] - 1):
            continue
        chance = np.ones_like(total)
        if last < draws.shape[2] - 1:
            q = below[:, person, last, None]
            chance = q / (q + (1.0 - q) * odds)
        if first > 0:
            q = below[:, person, first - 1, None]
            chance = chance - q / (q + (1.0 - q) * odds)
        total += np.log(np.maximum(chance, _TINY))
    return total


def _cumulated(density: F64) -> F64:
    parts = np.cumsum((density[1:] + density[:-1]) * _WIDTHS / 2.0)
    return np.asarray(np.concatenate(([0.0], parts)) / parts[-1])


def _points(density: F64, at: Sequence[float]) -> tuple[float, ...]:
    """Odds ratios at the given points of the distribution on the grid."""
    cdf = _cumulated(density)
    return tuple(float(np.exp(np.interp(p, cdf, _GRID))) for p in at)


def _above(density: F64, b: float) -> float:
    """Share of the distribution on the grid above `b`."""
    cdf = _cumulated(density)
    return float(1.0 - np.interp(b, _GRID, cdf))


def shift_posterior(
    draws: F64, outcomes: Sequence[OutcomeSet], priors: Sequence[ShiftPrior]
) -> tuple[ShiftPosterior, ...]:
    """Posterior of the shift odds ratio under each prior.

    Args:
        draws: natural-recovery rates, shape (draws, people, 5).
        outcomes: for each person the ranks that the outcome may have.
        priors: at least one.

    Raises:
        InputError: the number of outcomes differs from the number of people.
    """
    table = log_likelihood(draws, outcomes, _GRID)
    count = table.shape[0]
    marginal = logsumexp(table, axis=0) - math.log(count)
    worthwhile = value("evidence.shift_worthwhile_odds_ratio")
    at_null = float(marginal[_HALF])
    found = []
    for prior in priors:
        before = prior.density(_GRID)
        after = before * np.exp(marginal - marginal.max())
        evidence = float(after @ _WEIGHTS) * math.exp(float(marginal.max()) - at_null)
        weights = logsumexp(table, axis=1, b=before * _WEIGHTS)
        weights = np.exp(weights - weights.max())
        points = (0.025, 0.5, 0.975)
        found.append(
            ShiftPosterior(
                prior=prior.key,
                prior_interval=_three(_points(before, points)),
                odds_ratio=_three(_points(after, points)),
                p_benefit=_above(after, 0.0),
                p_benefit_before=_above(before, 0.0),
                p_worthwhile=_above(after, math.log(worthwhile)),
                worthwhile=worthwhile,
                bayes_factor=evidence / float(before @ _WEIGHTS),
                effective_draws=float(weights.sum() ** 2 / (weights @ weights)),
                draws=count,
            )
        )
    return tuple(found)


def _three(points: tuple[float, ...]) -> tuple[float, float, float]:
    low, middle, high = points
    return low, middle, high
