"""Engines of the methods that look at the data on the way, and of the further two-arm tests.

Each method becomes bounds on counts first; then the outcomes are enumerated like those of any other table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.design.bayes_monitoring import (
    bop2_boundaries,
    lee_liu_boundary,
    thall_simon_boundary,
)
from saisei.design.counting import TwoArmCounts, TwoArmPaths, one_arm_outcomes, two_arm_outcomes
from saisei.design.document.analysis_monitored import (
    MONITORED,
    SPENDING,
    BinomialSprt,
    Bop2,
    GroupSequential,
    NonInferiority,
    OwnTable,
    PredictiveMonitoring,
    ProportionalOdds,
    ThallSimon,
)
from saisei.design.document.schema import DesignDocument
from saisei.design.engines import Engine, OneArmEngine
from saisei.design.engines_two_arms import NonInferiorityEngine, PathsEngine, RankEngine, pooled_z
from saisei.design.nature import Nature
from saisei.design.sequential_binomial import binomial_sprt
from saisei.design.sequential_design import SequentialDesign, classical_design, spending_design
from saisei.design.two_binomial import TwoBinomial, score_statistic

__all__ = [
    "CountBounds",
    "count_bounds",
    "monitored_engine",
    "sequential_looks",
    "sequential_plan",
]

Flags = NDArray[np.bool_]
OneArmMonitored = ThallSimon | PredictiveMonitoring | Bop2 | BinomialSprt | OwnTable


@dataclass(frozen=True, slots=True)
class CountBounds:
    """Bounds of a single arm, the last look being the end.

    Attributes:
        looks: people.
        stop_at_most: ends without success at or below; -1 for never.
        succeed_at_least: ends with success at or above; one more than the people for never.
    """

    looks: tuple[int, ...]
    stop_at_most: tuple[int, ...]
    succeed_at_least: tuple[int, ...]


@lru_cache(maxsize=64)
def count_bounds(analysis: OneArmMonitored, n: int) -> CountBounds:
    """The bounds that a monitored single-arm method comes to, for n people in all."""
    if isinstance(analysis, OwnTable):
        return CountBounds(analysis.looks, analysis.stop_at_most, analysis.succeed_at_least)
    if isinstance(analysis, BinomialSprt):
        found = binomial_sprt(
            analysis.null_rate, analysis.target_rate, analysis.level, analysis.miss,
            analysis.first_look, n,
        )  # fmt: skip
        return _ending(found.n, found.lower, found.upper, n)
    looks = (*analysis.looks, n)
    if isinstance(analysis, Bop2):
        low, high = bop2_boundaries(
            looks, analysis.null_rate, analysis.lam, analysis.gamma, analysis.eta
        )
        enough = [look + 1 if b is None else b for look, b in zip(looks, high, strict=True)]
        enough[-1] = low[-1] + 1  # at the end, what is not futile succeeds
        return CountBounds(looks, tuple(low), tuple(enough))
    if isinstance(analysis, ThallSimon):
        args = (analysis.prior, analysis.standard, analysis.delta)
        low_all = thall_simon_boundary("futility", n, analysis.futility, *args)
        high_all = thall_simon_boundary("superiority", n, analysis.superiority, *args)
        return _picked(looks, low_all, high_all)
    low_all = lee_liu_boundary(
        "futility", n, analysis.prior, analysis.null_rate, analysis.final, analysis.futility
    )
    limit = analysis.final if analysis.superiority is None else analysis.superiority
    high_all = lee_liu_boundary(
        "superiority", n, analysis.prior, analysis.null_rate, analysis.final, limit
    )
    bounds = _picked(looks, low_all, high_all)
    if analysis.superiority is None:
        never = tuple(look + 1 for look in looks[:-1])
        return CountBounds(looks, bounds.stop_at_most, (*never, bounds.succeed_at_least[-1]))
    return bounds


def _picked(looks: tuple[int, ...], low: list[int | None], high: list[int | None]) -> CountBounds:
    """The bounds of every n, read at the looks."""
    most = [low[look - 1] for look in looks]
    least = [high[look - 1] for look in looks]
    return CountBounds(
        looks,
        tuple(-1 if one is None else one for one in most),
        tuple(look + 1 if one is None else one for look, one in zip(looks, least, strict=True)),
    )


def _ending(
    looks: tuple[int, ...], low: tuple[int, ...], high: tuple[int, ...], n: int
) -> CountBounds:
    """With a last look at n even where neither bound could be reached there."""
    if looks and looks[-1] == n:
        return CountBounds(looks, low, high)
    return CountBounds((*looks, n), (*low, -1), (*high, n + 1))


def monitored_engine(document: DesignDocument, nature: Nature) -> Engine:
    """The engine of a method of `document.analysis_monitored`."""
    analysis, missing = document.analysis, document.missing_data.expected_share
    n, m = document.n_treated, document.n_control
    if isinstance(analysis, MONITORED):
        return _one_arm(count_bounds(analysis, n), missing)
    if isinstance(analysis, GroupSequential):
        return PathsEngine(_paths(analysis, n, m), missing)
    if isinstance(analysis, NonInferiority):
        return _non_inferiority(analysis, n, m, missing)
    assert isinstance(analysis, ProportionalOdds)
    worst = document.missing_data.rule == "worst grade"
    return RankEngine(nature, n, m, analysis.level, missing, worst)


def _one_arm(bounds: CountBounds, missing: float) -> OneArmEngine:
    counts = np.arange(bounds.looks[-1] + 1)
    go = counts >= bounds.succeed_at_least[-1]
    stop = ~go & (counts <= max(bounds.stop_at_most[-1], -1))
    outcomes = one_arm_outcomes(
        bounds.looks, bounds.stop_at_most[:-1], go, stop, bounds.succeed_at_least[:-1]
    )
    return OneArmEngine(outcomes, missing, interval="Clopper-Pearson, not adjusted for the looks")


def sequential_looks(analysis: GroupSequential, n: int, m: int) -> tuple[tuple[int, int], ...]:
    """People in the treated and the control arm at each look, the last being all."""
    return tuple((look, max(round(m * look / n), 1)) for look in (*analysis.looks, n))


@lru_cache(maxsize=64)
def sequential_plan(analysis: GroupSequential, n: int, m: int) -> SequentialDesign:
    """Bounds on z. Information is that of two arms, in the people of both."""
    amounts = [a * b / (a + b) for a, b in sequential_looks(analysis, n, m)]
    times = [amount / amounts[-1] for amount in amounts]
    parameter = analysis.parameter
    if analysis.bounds in SPENDING:
        futility = None if analysis.futility is None else SPENDING[analysis.futility]
        return spending_design(
            SPENDING[analysis.bounds], times, analysis.level,
            parameter=1.0 if parameter is None else parameter, beta=analysis.miss or 0.2,
            beta_kind=futility, beta_parameter=analysis.futility_parameter or 1.0,
            binding=analysis.binding,
        )  # fmt: skip
    kind = "OF" if analysis.bounds == "O'Brien-Fleming" else analysis.bounds
    given = 0.0 if parameter is None else parameter
    return classical_design(
        kind, times, analysis.level, delta=given, interim=3.0 if parameter is None else parameter
    )


def _paths(analysis: GroupSequential, n: int, m: int) -> TwoArmPaths:
    plan, looks = sequential_plan(analysis, n, m), sequential_looks(analysis, n, m)
    inner = plan.futility or (-math.inf,) * (len(looks) - 1)
    decide = []
    for (a, b), upper, lower in zip(looks, plan.upper, (*inner, plan.upper[-1]), strict=True):
        z = pooled_z(a, b)
        go = z >= upper
        decide.append((go, ~go & (z < lower)))
    return two_arm_outcomes(looks, decide)


def _non_inferiority(
    analysis: NonInferiority, n: int, m: int, missing: float
) -> NonInferiorityEngine:
    go = _not_worse(analysis, n, m)
    return NonInferiorityEngine(
        TwoArmCounts(n, m, go, ~go), missing, scale=analysis.scale, margin=analysis.margin
    )


@lru_cache(maxsize=32)
def _not_worse(analysis: NonInferiority, n: int, m: int) -> Flags:
    """Which counts show that the treated are not worse, entry [treated, control]."""
    at = -analysis.margin if analysis.scale == "difference" else math.log(analysis.margin)
    limit = -float(special.ndtri(analysis.level))
    go = np.zeros((n + 1, m + 1), dtype=np.bool_)
    for x in range(n + 1):
        for y in range(m + 1):
            z = score_statistic(
                TwoBinomial(x, n, y, m), at, analysis.scale, corrected=analysis.corrected
            )
            go[x, y] = z >= limit
    return go
