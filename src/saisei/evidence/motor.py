"""Motor outcomes against natural recovery: UEMS, LEMS and motor levels, with the exact null of a trial.

Takes kinds of people, a statistic and what was seen. Gives the probability of a result at least as good
without cells in the readings of the shift test: p (i) by the generator of virtual patients as it stands,
p (ii) averaged over generator values and over the landmark model's uncertainty of conversion between
registries (the claim rests on this one), p (iii) at the registry with the highest natural recovery and
under the secular trend. Sums of whole numbers, so the null is exact given the generator; what stays is
the finite number of virtual people, shown as Monte Carlo error, and the misfit of the generator.

Research use only: nothing here is a prognosis for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance import Discrete
from saisei.evidence.motor_kinds import Kind
from saisei.evidence.motor_law import jackknife_error
from saisei.evidence.motor_statistics import Statistic
from saisei.evidence.shift import TailProbability, tail_probability
from saisei.evidence.shift_answer import LeastFavourable, Verdict, verdict_of
from saisei.evidence.shift_scenarios import Mode, Scenario, claim_scenarios
from saisei.params import value

__all__ = ["MOTOR_MAIN", "MotorTest", "claim_readings", "motor_test", "points_of"]

F64 = NDArray[np.float64]
MOTOR_MAIN = Scenario("averaged over registries", Mode.MAIN, quick=True)


@dataclass(frozen=True, slots=True)
class MotorTest:
    """One motor outcome of an arm against natural recovery.

    Attributes:
        outcome: what was counted, in words.
        unit: points or levels (of a sum), or people (of a count).
        people: how many.
        seen: the value tested: the lowest that the record allows.
        seen_high: the highest that it allows.
        expected: mean of the statistic under (ii); `expected_generator` under (i).
        band: 5% and 95% points of the statistic under (ii).
        p_generator: (i); its interval runs over sets of generator values.
        generator_error: Monte Carlo error of (i) from the finite number of virtual people.
        p_averaged: (ii).
        averaged_error: its Monte Carlo error, from virtual people and draws.
        mid_p: (ii) with half of the probability of the value seen.
        p_high: (ii) at `seen_high`.
        least_favourable, p_least_favourable: (iii).
        p_below: probability under (ii) of a result at most as good.
        level, verdict: as in the shift test.
        virtual_people: fewest virtual people behind any law.
        windows: half width in points of the match by baseline score, widest.
    """

    outcome: str
    unit: str
    people: int
    seen: int
    seen_high: int
    expected: float
    expected_generator: float
    band: tuple[int, int]
    p_generator: TailProbability
    generator_error: float
    p_averaged: TailProbability
    averaged_error: float
    mid_p: float
    p_high: float
    least_favourable: tuple[LeastFavourable, ...]
    p_least_favourable: float
    p_below: float
    level: float
    verdict: Verdict
    virtual_people: int
    windows: int


def claim_readings() -> tuple[Scenario, ...]:
    """The least favourable readings of (iii), with as many draws as (ii)."""
    return tuple(Scenario(one.name, one.mode, quick=True) for one in claim_scenarios())


def points_of(law: Discrete, low: float = 0.05, high: float = 0.95) -> tuple[int, int]:
    """The 5% and 95% points of a law: the smallest values with that much at or below them."""
    below = np.cumsum(law.probs)
    at = [int(np.searchsorted(below, share - 1e-12)) for share in (low, high)]
    return law.first + at[0], law.first + min(at[1], len(law.probs) - 1)


def _generator_error(statistic: Statistic, kinds: Sequence[Kind], seen: int) -> float:
    """Jackknife over blocks of virtual people; kinds share people, so a block leaves all kinds at once."""
    blocks = int(value("evidence.motor_blocks"))

    def without(block: int) -> float:
        left = [kind.keeping(block, blocks) for kind in kinds]
        return float(statistic.tails(left, None, seen).mean())

    return jackknife_error(without, blocks)


def motor_test(
    outcome: str, unit: str, statistic: Statistic, kinds: Sequence[Kind], seen: int, seen_high: int
) -> MotorTest:
    """Everything about one motor outcome.

    Args:
        outcome: in words, for people to read.
        unit: points, levels or people.
        statistic: how the outcome is computed from the people.
        kinds: of the people.
        seen, seen_high: lowest and highest value that the record allows; the claim takes the lowest.
    """
    alone = tail_probability(statistic.tails(kinds, None, seen))
    error = _generator_error(statistic, kinds, seen)
    averaged = tail_probability(statistic.tails(kinds, MOTOR_MAIN, seen))
    above = float(statistic.tails(kinds, MOTOR_MAIN, seen + 1).mean())
    least = tuple(
        LeastFavourable(one.name, tail_probability(statistic.tails(kinds, one, seen)))
        for one in claim_readings()
    )
    worst = max(one.p.p for one in least if one.p is not None)
    law = statistic.law(kinds, MOTOR_MAIN)
    level = value("evidence.shift_level")
    # The error of the virtual people is found at (i) and carried over in proportion.
    carried = error * averaged.p / alone.p if alone.p > 0.0 else error
    return MotorTest(
        outcome=outcome,
        unit=unit,
        people=statistic.people,
        seen=seen,
        seen_high=seen_high,
        expected=law.mean,
        expected_generator=statistic.law(kinds, None).mean,
        band=points_of(law),
        p_generator=alone,
        generator_error=error,
        p_averaged=averaged,
        averaged_error=float(np.hypot(carried, averaged.monte_carlo_error)),
        mid_p=(averaged.p + above) / 2.0,
        p_high=float(statistic.tails(kinds, MOTOR_MAIN, seen_high).mean()),
        least_favourable=least,
        p_least_favourable=worst,
        p_below=max(0.0, 1.0 - above),
        level=level,
        verdict=verdict_of(averaged.p, worst, level),
        virtual_people=min(len(pool.matched) for kind in kinds for pool in kind.pools),
        windows=max((w for k in kinds for p in k.pools for w in p.windows.values()), default=0),
    )
