"""The chance, in the middle of a trial, that it succeeds in the end: the predictive probability.

Takes what is known of the people so far and how many are still to come; gives the probability that the
final analysis of the design is met, by exact sums: for nature alone, and for what the data so far say of the
effect. Counts: beta-binomial. Grades: the law of the total score that is still missing, for each draw of
natural recovery and each odds ratio, weighted by how well the pair explains what was seen.

A predictive probability is a guide for the board, never a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.domain import require_count, require_probability
from saisei.design.counting import OneArmCounts, TwoArmCounts
from saisei.design.power import binomial_pmf_vector
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture
from saisei.evidence.shift import (
    GRADES,
    lattice_scores,
    mean_null,
    mean_rates,
    representative,
    tail_by_draw,
)
from saisei.evidence.shift_posterior import ShiftPrior, log_likelihood, shifted
from saisei.evidence.shift_power import critical_total
from saisei.params import value

__all__ = ["Forecast", "forecast_one_arm", "forecast_shift", "forecast_two_arms"]

F64 = NDArray[np.float64]
_NEGLIGIBLE = (
    1e-7  # relative weight below which a pair of draw and odds ratio cannot move a per cent
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Chance of success in the end.

    Attributes:
        known, to_come: people whose outcome is settled, and those still to come.
        by_nature: if the treatment does nothing from now on.
        as_seen: averaged over what the data so far say of the effect.
        basis: how the second one was made, in words.
    """

    known: int
    to_come: int
    by_nature: float
    as_seen: float
    basis: str


def forecast_one_arm(
    counts: OneArmCounts,
    seen: tuple[int, int],
    people: int,
    natural_rate: float,
    prior: BetaMixture,
) -> Forecast:
    """One arm that counts converters; early looks are taken as passed.

    Args:
        counts: outcomes of the design with their decisions.
        seen: converters and people whose outcome is settled.
        people: in all at the end.
        natural_rate: chance of converting without cells.
        prior: of the rate before these data, for the prediction.

    Raises:
        InputError: more people are settled than the design has.
    """
    y, n = seen
    left = require_count(people - n, "people still to come")
    require_probability(natural_rate, "natural_rate")
    final = (counts.people == people) & ~counts.early
    wins = {
        int(x)
        for x, last, go in zip(counts.converters, final, counts.go, strict=True)
        if last and go
    }
    met = np.array([y + more in wins for more in range(left + 1)], dtype=np.float64)
    nature = binomial_pmf_vector(left, natural_rate) if left else np.ones(1)
    ahead = prior.posterior(y, n).predictive_pmf(left)
    return Forecast(
        n, left, float(nature @ met), float(ahead @ met), f"beta-binomial from {y} of {n}"
    )


def forecast_two_arms(
    counts: TwoArmCounts,
    treated: tuple[int, int],
    control: tuple[int, int],
    prior_treated: BetaMixture,
    prior_control: BetaMixture,
) -> Forecast:
    """Two arms that count converters.

    Args:
        counts: decisions of the design for every pair of counts.
        treated, control: converters and people whose outcome is settled.
        prior_treated, prior_control: of the rates before these data.

    Under `by_nature` everybody still to come has the rate of the controls.
    """
    (yt, nt), (yc, nc) = treated, control
    left_t = require_count(counts.n_treated - nt, "treated people still to come")
    left_c = require_count(counts.n_control - nc, "controls still to come")
    go = counts.go[yt : yt + left_t + 1, yc : yc + left_c + 1].astype(np.float64)
    ahead_t = prior_treated.posterior(yt, nt).predictive_pmf(left_t)
    posterior_c = prior_control.posterior(yc, nc)
    ahead_c = posterior_c.predictive_pmf(left_c)
    # One rate for both arms: the joint law of what is to come is that of all of them split at random.
    together = posterior_c.predictive_pmf(left_t + left_c)
    nature = 0.0
    for i in range(left_t + 1):
        for j in range(left_c + 1):
            if go[i, j]:
                nature += float(together[i + j]) * _split(left_t, left_c, i, j)
    return Forecast(
        nt + nc,
        left_t + left_c,
        nature,
        float(ahead_t @ go @ ahead_c),
        f"beta-binomial from {yt} of {nt} and {yc} of {nc}",
    )


def _split(m: int, k: int, i: int, j: int) -> float:
    """Chance that i of i + j converters fall among the first m of m + k people."""
    from math import comb

    return comb(m, i) * comb(k, j) / comb(m + k, i + j)


def forecast_shift(
    draws: F64, outcomes: Sequence[Sequence[int]], level: float, prior: ShiftPrior
) -> Forecast:
    """The exact shift test of one arm against natural history.

    Args:
        draws: natural recovery of everybody, the settled people first, shape (draws, people, 5).
        outcomes: for each settled person the ranks that the grade may have; a set counts at its worst.
        level: one-sided, of the final test.
        prior: of the log odds ratio, for the prediction.

    Raises:
        InputError: more outcomes than people.
    """
    people, known = draws.shape[1], len(outcomes)
    if known > people:
        raise InputError(f"{known} outcomes for {people} people: give the plan's people too")
    scores = lattice_scores(mean_rates(draws))
    kept = draws[representative(draws, scores, int(value("design.document_shift_draws")))]
    critical = critical_total(mean_null(scores, kept), level)
    if critical is None:
        return Forecast(known, people - known, 0.0, 0.0, "no result reaches the level")
    total = sum(int(scores[i, min(ranks)]) for i, ranks in enumerate(outcomes))
    basis = f"shift odds ratio, {prior.name} prior, {known} outcomes"
    if known == people:
        won = float(total >= critical)
        return Forecast(known, 0, won, won, basis)
    few = draws[representative(draws, scores, int(value("design.forecast_draws")))]
    rest = scores[known:]
    above = critical - total - int(rest[:, 0].sum())
    grid, weights = _weights(few, outcomes, prior)
    as_seen = _averaged(rest, few[:, known:], above, grid, weights)
    neutral = _nature_weights(few, outcomes)
    return Forecast(
        known,
        people - known,
        float(neutral @ _tails(rest, few[:, known:], above)),
        as_seen,
        basis,
    )


def _tails(scores: NDArray[np.int64], rates: F64, above: int) -> F64:
    """P(total of the rest reaches the critical one) under each draw, shape (draws,)."""
    if above <= 0:
        return np.ones(len(rates))
    return tail_by_draw(scores, rates, above + int(scores[:, 0].sum()))


def _averaged(
    scores: NDArray[np.int64], rates: F64, above: int, grid: Sequence[float], weights: F64
) -> float:
    """The chance averaged over draws and odds ratios; pairs that weigh next to nothing are left out."""
    kept = weights > _NEGLIGIBLE * weights.max()
    total = 0.0
    for column, b in enumerate(grid):
        rows = np.flatnonzero(kept[:, column])
        if len(rows):
            tails = _tails(scores, shifted(rates[rows], b), above)
            total += float(weights[rows, column] @ tails)
    return total / float(weights[kept].sum())


def _padded(draws: F64, outcomes: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    anything = tuple(range(GRADES))
    return [*outcomes, *[anything] * (draws.shape[1] - len(outcomes))]


def _weights(
    draws: F64, outcomes: Sequence[Sequence[int]], prior: ShiftPrior
) -> tuple[list[float], F64]:
    """Values of the log odds ratio and the posterior weight of each draw with each of them."""
    points = int(value("design.forecast_effects"))
    reach = float(np.log(value("design.forecast_reach")))
    grid = np.linspace(-reach, reach, points)
    law = log_likelihood(draws, _padded(draws, outcomes), grid)
    law = law + np.log(np.maximum(prior.density(grid), 1e-300))
    weights = np.exp(law - law.max())
    return [float(b) for b in grid], np.asarray(weights / weights.sum())


def _nature_weights(draws: F64, outcomes: Sequence[Sequence[int]]) -> F64:
    """Posterior weight of each draw when there is no effect."""
    law = log_likelihood(draws, _padded(draws, outcomes), np.zeros(1))[:, 0]
    weights = np.exp(law - law.max())
    return np.asarray(weights / weights.sum())
