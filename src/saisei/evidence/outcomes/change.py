"""A change of score in an arm, and slopes: against the own control, else against what is expected.

chance      P(a mean change at least as good | no cells), normal, from `expected`
needed      the response to being in a trial that would alone explain the change
spread      the spread of people below which the change differs from the expected mean at 5%,
            where the study does not publish its own
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from saisei.evidence.outcomes.expected import Expected, expected_change
from saisei.params import parameter, value
from saisei.study import Study
from saisei.study.conditions import ConditionDocument, Scale
from saisei.study.schema import Continuous, Slope
from saisei.study.schema.results import Spread

__all__ = ["ChangeFinding", "ControlDifference", "Regression", "change_findings", "regression_rows"]

_DAYS_A_YEAR = 365.25
_MONTHS = {"month": 12.0, "year": 1.0}


@dataclass(frozen=True, slots=True)
class ControlDifference:
    """Treated minus control, where both means are published; the test needs both spreads."""

    control_arm: str
    control_mean: float
    difference: float
    interval: tuple[float, float] | None
    p_two_sided: float | None


@dataclass(frozen=True, slots=True)
class Regression:
    """Gain to be expected from choosing people at a bad moment, at one reliability of the score."""

    reliability: float
    worse_half: float
    worst_tenth: float


@dataclass(frozen=True, slots=True)
class ChangeFinding:
    """A mean change (or slope) of an arm and what it means.

    Attributes:
        mean, error: as published, in points over the follow-up (a slope: points a year); the error
            is that of the mean, None where no spread is published.
        expected: without cells; None where nothing is published. `expected_interval` is the 95%
            predictive interval of the mean of n people.
        chance: of a mean change at least as good without cells; None without a spread of people.
        excess: mean minus expected; `needed` the response that would explain all of it.
        spread_limit: the spread of people below which the excess stands out.
    """

    arm: str
    visit: str
    scale: str
    better: str
    kind: str
    n: int | None
    mean: float
    error: float | None
    days: float | None
    control: ControlDifference | None
    expected: Expected | None
    expected_interval: tuple[float, float] | None
    chance: float | None
    excess: float | None
    needed: float | None
    spread_limit: float | None
    beyond: bool | None
    regression: tuple[Regression, ...]
    note: str
    source: tuple[str, ...]


def change_findings(study: Study, condition: ConditionDocument | None) -> tuple[ChangeFinding, ...]:
    """Every change or slope of a treated arm, in the order of the document."""
    if condition is None:
        return ()
    treated = {arm.key for arm in study.arms if arm.role.value == "treated"}
    rows: list[Continuous | Slope] = [
        row for row in study.continuous if row.arm in treated and row.kind == "change"
    ]
    rows += [row for row in study.document.slopes if row.arm in treated]
    return tuple(_finding(study, condition, row) for row in rows)


def _finding(study: Study, condition: ConditionDocument, row: Continuous | Slope) -> ChangeFinding:
    slope = isinstance(row, Slope)
    scale = condition.scale(row.scale if isinstance(row, Slope) else row.measure)
    factor = _MONTHS[row.per] if isinstance(row, Slope) else 1.0
    n = row.n.value if row.n.value is not None else study.arm(row.arm).n.value
    mean, error = row.mean * factor, _error(row, n)
    error = None if error is None else error * factor
    days = _DAYS_A_YEAR if slope else _days(study, row.visit)
    expected = None
    if days is not None:
        expected = expected_change(condition, scale.key, days, in_trial=not slope, living=not slope)
    chance = _chance(scale, mean, expected, n)
    excess = mean - expected.mean if expected else None
    course = expected.pieces[0].change if expected else None
    level = float(value("evidence.outcomes_level"))
    own = _control(study, row, mean, error, n, factor)
    return ChangeFinding(
        arm=study.arm(row.arm).name,
        visit=row.visit,
        scale=scale.key,
        better=scale.better,
        kind="slope, points a year" if slope else "change",
        n=n,
        mean=mean,
        error=error,
        days=days,
        control=own,
        expected=expected,
        expected_interval=expected.interval(n) if expected and n else None,
        chance=chance,
        excess=excess,
        needed=mean - course if course is not None and not slope else None,
        spread_limit=_spread_limit(excess, n) if error is None else None,
        beyond=None if chance is None else chance < level,
        regression=regression_rows(condition, scale.key),
        note=row.note or "",
        source=row.source,
    )


def _days(study: Study, visit: str) -> float | None:
    one = next((each for each in study.visits if each.key == visit), None)
    return one.day.value if one is not None else None


def _error(row: Continuous | Slope, n: int | None) -> float | None:
    """Standard error of the mean of a published row."""
    if row.spread is None:
        return None
    if row.spread_type is Spread.SEM:
        return row.spread
    if row.spread_type is Spread.CI95:
        return row.spread / float(stats.norm.ppf(0.975))
    return row.spread / math.sqrt(n) if n else None


def _chance(scale: Scale, mean: float, expected: Expected | None, n: int | None) -> float | None:
    if expected is None or expected.person_sd is None or not n:
        return None
    distance = (mean - expected.mean) / expected.sd_of_mean(n)
    better = -distance if scale.better == "higher" else distance
    return float(stats.norm.cdf(better))


def _spread_limit(excess: float | None, n: int | None) -> float | None:
    if excess is None or n is None or n < 2:
        return None
    return abs(excess) * math.sqrt(n) / float(stats.t.ppf(0.975, n - 1))


def _control(
    study: Study, row: Continuous | Slope, mean: float, error: float | None, n: int | None,
    factor: float,
) -> ControlDifference | None:  # fmt: skip
    controls = {arm.key for arm in study.controls}
    rows: tuple[Continuous | Slope, ...] = (
        study.document.slopes if isinstance(row, Slope) else study.continuous
    )
    for one in rows:
        if one.arm not in controls or one.visit != row.visit or not _same(one, row):
            continue
        other_n = one.n.value if one.n.value is not None else study.arm(one.arm).n.value
        other = _error(one, other_n)
        difference = mean - one.mean * factor
        interval = p = None
        if error is not None and other is not None and n and other_n and min(n, other_n) > 1:
            interval, p = _welch(difference, error, other * factor, n, other_n)
        name = study.arm(one.arm).name
        return ControlDifference(name, one.mean * factor, difference, interval, p)
    return None


def _same(one: Continuous | Slope, row: Continuous | Slope) -> bool:
    if isinstance(one, Slope) and isinstance(row, Slope):
        return (one.scale, one.per) == (row.scale, row.per)
    if isinstance(one, Continuous) and isinstance(row, Continuous):
        return (one.measure, one.kind) == (row.measure, row.kind)
    return False


def _welch(
    difference: float, a: float, b: float, n: int, m: int
) -> tuple[tuple[float, float], float]:
    """Welch's interval and p from two standard errors."""
    error = math.hypot(a, b)
    freedom = error**4 / (a**4 / (n - 1) + b**4 / (m - 1))
    reach = float(stats.t.ppf(0.975, freedom)) * error
    p = 2.0 * float(stats.t.sf(abs(difference) / error, freedom))
    return (difference - reach, difference + reach), p


def regression_rows(condition: ConditionDocument, scale: str) -> tuple[Regression, ...]:
    """Regression to the mean for people chosen by the same score, at several reliabilities.

    Among a normal population of spread s, those beyond the quantile z lie s phi(z)/(1 - Phi(z)) from
    the mean; measured again they come back by (1 - reliability) of that. Shown as bounds: how people
    were chosen is not known. Empty where the condition states no spread of scores.
    """
    course = next((one for one in condition.courses if one.scale == scale), None)
    known = course.values.get("start_sd") if course else None
    if known is None:
        return ()
    half, tenth = (_distance(share) for share in (0.5, 0.1))
    given = parameter("evidence.outcomes_reliabilities").value
    return tuple(
        Regression(r, (1 - r) * known.value * half, (1 - r) * known.value * tenth)
        for r in (given if isinstance(given, tuple) else ())
    )


def _distance(share: float) -> float:
    """Mean distance of the worst `share` of a normal population, in standard deviations."""
    z = float(stats.norm.isf(share))
    return float(stats.norm.pdf(z)) / share
