"""BOIN and TITE-BOIN: interval designs whose whole conduct is one table.

Conventions on every table: escalate when DLTs are at most the first number, de-escalate when they are at
least the second, eliminate the dose and all above when at least the third. (The papers print ">" for
de-escalation and mean ">=" with the bound rounded up.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from saisei.chance.domain import require_count, require_probability
from saisei.design.dose_history import Cohort
from saisei.errors import InputError

__all__ = [
    "BoinBoundaries",
    "BoinRow",
    "BoinSelection",
    "NextDose",
    "TiteBoinThresholds",
    "boin_boundaries",
    "boin_next_dose",
    "boin_select_mtd",
    "boin_table",
    "tite_boin_action",
    "tite_boin_thresholds",
]

SAFE_FACTOR = 0.6
TOXIC_FACTOR = 1.4
ELIMINATE_ABOVE = 0.95
_FEWEST_TO_ELIMINATE = 3


@dataclass(frozen=True, slots=True)
class BoinBoundaries:
    """Observed DLT rates at or below `escalate` go up; at or above `deescalate` go down."""

    escalate: float
    deescalate: float


@dataclass(frozen=True, slots=True)
class BoinRow:
    """The decisions after n people at a dose; None where a decision cannot occur.

    Attributes:
        n: people treated at the dose.
        escalate_if_at_most, deescalate_if_at_least, eliminate_if_at_least: DLT counts.
        stop_if_at_least: at the lowest dose, under the extra safety rule.
    """

    n: int
    escalate_if_at_most: int
    deescalate_if_at_least: int
    eliminate_if_at_least: int | None
    stop_if_at_least: int | None = None


@dataclass(frozen=True, slots=True)
class BoinSelection:
    """The selected dose and isotonic estimates; entries are None for doses nobody had.

    Attributes:
        dose: selected MTD counted from 1, or None when no dose is tolerable.
        estimates: isotonic DLT rates.
        intervals: isotonic 95% limits.
        overdose: isotonic probabilities of being above the target.
    """

    dose: int | None
    estimates: tuple[float | None, ...]
    intervals: tuple[tuple[float, float] | None, ...]
    overdose: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class NextDose:
    """What to do next.

    Attributes:
        dose: for the next cohort, counted from 1; None when the trial stops without a dose.
        go_on: whether the trial continues.
        admissible: for each dose, whether it may still be given.
    """

    dose: int | None
    go_on: bool
    admissible: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class TiteBoinThresholds:
    """Standardised total follow-up time (STFT) of the pending people at which the decision turns.

    Escalate when STFT is at least `escalate`; de-escalate when it is at most `deescalate`; else stay.
    """

    escalate: float
    deescalate: float


def boin_boundaries(
    target: float, safe: float | None = None, toxic: float | None = None
) -> BoinBoundaries:
    """The optimal interval for a target DLT rate (Liu and Yuan 2015).

    Args:
        target: DLT rate aimed at.
        safe: highest rate deemed too safe; 0.6 target if left out.
        toxic: lowest rate deemed too toxic; 1.4 target if left out.

    Raises:
        InputError: the three rates are not increasing probabilities.

    >>> found = boin_boundaries(0.3)
    >>> round(found.escalate, 4), round(found.deescalate, 4)
    (0.2365, 0.3585)
    """
    low = SAFE_FACTOR * target if safe is None else safe
    high = TOXIC_FACTOR * target if toxic is None else toxic
    if not 0.0 < low < target < high < 1.0:
        raise InputError(f"rates {low} < {target} < {high} must increase strictly between 0 and 1")
    return BoinBoundaries(
        math.log((1 - low) / (1 - target)) / math.log(target * (1 - low) / (low * (1 - target))),
        math.log((1 - target) / (1 - high)) / math.log(high * (1 - target) / (target * (1 - high))),
    )


def _overdose(y: int, n: int, target: float) -> float:
    """P(rate > target) under a uniform prior."""
    return float(special.betaincc(y + 1, n - y + 1, target))


def _first_count(n: int, target: float, cutoff: float) -> int | None:
    """The smallest DLT count whose overdose probability is above the cutoff."""
    return next((y for y in range(1, n + 1) if _overdose(y, n, target) > cutoff), None)


def boin_table(
    target: float,
    sizes: Sequence[int],
    *,
    cutoff: float = ELIMINATE_ABOVE,
    fewest: int = _FEWEST_TO_ELIMINATE,
    extra_safe: bool = False,
    offset: float = 0.05,
) -> list[BoinRow]:
    """The decision table.

    Args:
        target: DLT rate aimed at.
        sizes: numbers of people at a dose.
        cutoff: eliminate when P(rate > target) exceeds it, prior Beta(1, 1).
        fewest: no elimination with fewer people.
        extra_safe: also stop at the lowest dose above cutoff - offset.
        offset: how much sooner the extra rule stops.

    Raises:
        InputError: a value is out of range.
    """
    require_probability(cutoff, "cutoff", open_ends=True)
    interval = boin_boundaries(target)
    rows = []
    for n in sizes:
        require_count(n, "n", at_least=1)
        eliminate = _first_count(n, target, cutoff) if n >= fewest else None
        down = math.ceil(interval.deescalate * n - 1e-12)
        stop = _first_count(n, target, cutoff - offset) if extra_safe and n >= fewest else None
        rows.append(
            BoinRow(
                n,
                math.floor(interval.escalate * n + 1e-12),
                down if eliminate is None else min(down, eliminate),
                eliminate,
                stop,
            )
        )
    return rows


def _isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Weighted pool-adjacent-violators fit, increasing."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            v, w, k = blocks.pop()
            u, s, j = blocks.pop()
            blocks.append([(u * s + v * w) / (s + w), s + w, j + k])
    return [v for v, _, k in blocks for _ in range(int(k))]


def boin_select_mtd(
    target: float,
    people: Sequence[int],
    dlts: Sequence[int],
    *,
    cutoff: float = ELIMINATE_ABOVE,
) -> BoinSelection:
    """The dose whose isotonic DLT rate is nearest the target, never an eliminated one.

    Args:
        target: DLT rate aimed at.
        people, dlts: counts per dose.
        cutoff: elimination cutoff.

    Raises:
        InputError: counts are impossible.
    """
    if len(people) != len(dlts) or not people:
        raise InputError("give one DLT count and one number of people per dose")
    for n, y in zip(people, dlts, strict=True):
        require_count(n, "people at a dose")
        require_count(y, "DLTs at a dose", at_most=n)
    tried = [i for i, n in enumerate(people) if n > 0]
    estimates, limits, overdose = _isotonic_estimates(target, people, dlts, tried)
    removed = _eliminated_from(target, people, dlts, cutoff)
    allowed = [i for i in tried if i < removed]
    dose = None
    if allowed and removed > 0:
        fitted = _rates(people, dlts, allowed)
        distance = [abs(p + 1e-10 * (k + 1) - target) for k, p in enumerate(fitted)]
        dose = allowed[int(np.argmin(distance))] + 1

    def spread(values: Sequence[object]) -> tuple[object, ...]:
        found = dict(zip(tried, values, strict=True))
        return tuple(found.get(i) for i in range(len(people)))

    return BoinSelection(dose, spread(estimates), spread(limits), spread(overdose))  # type: ignore[arg-type]


def _eliminated_from(
    target: float, people: Sequence[int], dlts: Sequence[int], cutoff: float
) -> int:
    """Index of the lowest eliminated dose, or the number of doses."""
    for i, (n, y) in enumerate(zip(people, dlts, strict=True)):
        if n >= _FEWEST_TO_ELIMINATE and _overdose(y, n, target) > cutoff:
            return i
    return len(people)


def _weights(people: Sequence[int], dlts: Sequence[int], doses: Sequence[int]) -> list[float]:
    """One over the variance of the rate with 0.05 pseudo-DLTs and 0.1 pseudo-people."""
    out = []
    for i in doses:
        a, b, n = dlts[i] + 0.05, people[i] - dlts[i] + 0.05, people[i] + 0.1
        out.append(n * n * (n + 1.0) / (a * b))
    return out


def _rates(people: Sequence[int], dlts: Sequence[int], doses: Sequence[int]) -> list[float]:
    raw = [(dlts[i] + 0.05) / (people[i] + 0.1) for i in doses]
    return _isotonic(raw, _weights(people, dlts, doses))


def _isotonic_estimates(
    target: float, people: Sequence[int], dlts: Sequence[int], tried: Sequence[int]
) -> tuple[list[float], list[tuple[float, float]], list[float]]:
    weights = _weights(people, dlts, tried)
    shapes = [(dlts[i] + 0.05, people[i] - dlts[i] + 0.05) for i in tried]
    lows = _isotonic([float(special.betaincinv(a, b, 0.025)) for a, b in shapes], weights)
    highs = _isotonic([float(special.betaincinv(a, b, 0.975)) for a, b in shapes], weights)
    above = _isotonic(
        [float(special.betaincc(a, b, target)) for a, b in shapes], [1.0] * len(shapes)
    )
    return _rates(people, dlts, tried), list(zip(lows, highs, strict=True)), above


def boin_next_dose(
    target: float,
    doses: int,
    cohorts: Sequence[Cohort],
    *,
    eliminate: bool = True,
    cutoff: float = ELIMINATE_ABOVE,
) -> NextDose:
    """The dose for the next cohort after those given; an eliminated dose is never given again.

    Args:
        target: DLT rate aimed at.
        doses: number of doses.
        cohorts: outcomes so far, in order.
        eliminate: apply the elimination and stopping rule.
        cutoff: elimination cutoff.

    Raises:
        InputError: a cohort names a dose that does not exist.
    """
    people, dlts = [0] * doses, [0] * doses
    removed = doses
    for cohort in cohorts:
        if not 1 <= cohort.dose <= doses:
            raise InputError(f"dose {cohort.dose} does not exist: there are {doses}")
        people[cohort.dose - 1] += len(cohort.dlts)
        dlts[cohort.dose - 1] += sum(cohort.dlts)
        if eliminate:
            removed = min(removed, _eliminated_from(target, people, dlts, cutoff))
    admissible = tuple(i < removed for i in range(doses))
    if not cohorts:
        return NextDose(1, True, admissible)
    if removed == 0:
        return NextDose(None, False, admissible)
    at = cohorts[-1].dose - 1
    row = boin_table(target, [people[at]], cutoff=cutoff)[0] if people[at] else None
    step = 0
    if row is not None and dlts[at] <= row.escalate_if_at_most:
        step = 1
    elif row is not None and dlts[at] >= row.deescalate_if_at_least:
        step = -1
    chosen = min(max(at + step, 0), doses - 1, removed - 1)
    return NextDose(chosen + 1, True, admissible)


def tite_boin_thresholds(
    target: float, treated: int, dlts: int, pending: int
) -> TiteBoinThresholds:
    """When pending people have been watched long enough (Yuan 2018); prior Beta(t/2, 1 - t/2).

    Args:
        target: DLT rate aimed at.
        treated: people treated at the dose.
        dlts: DLTs among them so far.
        pending: people whose window is still open.

    Raises:
        InputError: counts are impossible.

    >>> round(tite_boin_thresholds(0.2, 9, 1, 3).escalate, 2)
    0.77
    """
    require_count(treated, "treated", at_least=1)
    require_count(dlts, "dlts", at_most=treated)
    require_count(pending, "pending", at_most=treated - dlts)
    interval = boin_boundaries(target)
    rate = (dlts + target / 2.0) / (treated - pending + 1.0)
    odds = rate / (1.0 - rate)
    return TiteBoinThresholds(
        pending - (treated * interval.escalate - dlts) / odds,
        pending - (treated * interval.deescalate - dlts) / odds,
    )


def tite_boin_action(
    target: float, treated: int, dlts: int, pending: int, stft: float | None = None
) -> str:
    """The action: "escalate", "stay", "de-escalate", "suspend" or, without an STFT, "depends".

    Accrual is suspended while more than half are pending, unless the DLTs already seen force
    de-escalation.

    Args:
        target, treated, dlts, pending: as for `tite_boin_thresholds`.
        stft: total follow-up of the pending people in windows; None asks what is certain already.
    """
    at = tite_boin_thresholds(target, treated, dlts, pending)
    row = boin_table(target, [treated])[0]
    if row.eliminate_if_at_least is not None and dlts >= row.eliminate_if_at_least:
        return "eliminate"
    if dlts >= row.deescalate_if_at_least:
        return "de-escalate"
    if pending > treated / 2.0:
        return "suspend"
    low, high = (0.0, float(pending)) if stft is None else (stft, stft)
    if low >= at.escalate:
        return "escalate"
    if high <= at.deescalate:
        return "de-escalate"
    return "stay" if at.deescalate < low and high < at.escalate else "depends"
