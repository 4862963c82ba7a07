"""The first answer: what was seen in the treated, set against every published natural rate.

Takes a study document. Gives, for the treated people of its main baseline grade: the counts at three
endpoints (one grade, two grades, to D) with exact intervals and the bounds that the record leaves; for
each published table of natural recovery, ranked by how well it matches, the exact probability of a
result at least as good; the same as curves; a concurrent control first where there is one; and what the
safety record excludes. No rate is estimated here: that is the landmark model's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saisei.errors import InputError
from saisei.evidence.comparators import AgainstRate, against_rate, chance_curve
from saisei.evidence.exact_tests import fisher_exact
from saisei.evidence.intervals import clopper_pearson, jeffreys
from saisei.evidence.shift import ENDPOINTS, Endpoint
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.study import Study
from saisei.study.changes import GradeChange
from saisei.study.registries import GRADES, CountRange, Kind, Match, Row, Target, load, match

__all__ = [
    "ComparatorRow",
    "ControlRow",
    "Curve",
    "FirstAnswer",
    "Observed",
    "first_answer",
    "natural_rates",
    "target_of",
]

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Observed:
    """People of one baseline grade who met one endpoint.

    Attributes:
        endpoint: one grade, two grades, or to D.
        count, n: by the published reading.
        low, high: least and most that the record allows.
        clopper_pearson, jeffreys: 95% intervals of the share at `count`.
        chosen: when the trial fixed this endpoint, in words; empty when the trial does not name it.
    """

    endpoint: Endpoint
    count: int
    n: int
    low: int
    high: int
    clopper_pearson: Pair
    jeffreys: Pair
    chosen: str


@dataclass(frozen=True, slots=True)
class ComparatorRow:
    """One published table beside the observed counts.

    Attributes:
        row, match: the table and how well it fits.
        examined_late: whether the trial's own people were first graded in the chronic phase.
        rates: endpoint key -> counts behind the rate; None where the table does not tell.
        intervals: endpoint key -> 95% Clopper-Pearson interval of the rate; None where n is not known.
        against: endpoint key -> the observed count against this rate.
    """

    row: Row
    match: Match
    examined_late: bool
    rates: dict[str, CountRange | None]
    intervals: dict[str, Pair | None]
    against: dict[str, AgainstRate | None]

    @property
    def comparable(self) -> bool:
        """Whether the table matches well enough to be called comparable."""
        return self.match.score >= value("evidence.match_comparable")

    @property
    def enters_range(self) -> bool:
        """Whether its rate enters the range of natural rates: comparable, a table of its own, not tiny."""
        unknown_n = self.row.n is None and self.row.kind is Kind.NATURAL
        big = unknown_n or self.row.smallest_n >= value("evidence.match_least_people")
        return self.comparable and self.row.kind is not Kind.META and big and not self.late

    @property
    def late(self) -> bool:
        """Whether its people were first graded in the chronic phase and these people were not."""
        limit = value("evidence.late_baseline_days")
        return self.row.baseline_days[0] > limit and not self.examined_late


@dataclass(frozen=True, slots=True)
class ControlRow:
    """Treated against concurrent control at one endpoint, whole arms, by Fisher's exact test."""

    endpoint: Endpoint
    treated: int
    treated_n: int
    control: int
    control_n: int
    p_two_sided: float
    odds_ratio: float
    interval: Pair


@dataclass(frozen=True, slots=True)
class Curve:
    """Chance of a result at least as good at each natural rate."""

    endpoint: Endpoint
    count: int
    n: int
    points: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """Everything that the exact layer says of one study.

    `grade` is the baseline grade compared with the tables, None when the study gives no grades; `why_not`
    then says what is missing.
    """

    grade: AIS | None
    target: Target | None
    observed: tuple[Observed, ...]
    comparators: tuple[ComparatorRow, ...]
    curves: tuple[Curve, ...]
    control: tuple[ControlRow, ...]
    why_not: str


def first_answer(study: Study) -> FirstAnswer:
    """Set the treated people of a study against every published natural rate.

    Args:
        study: a loaded study document.

    >>> from saisei.study import load
    >>> answer = first_answer(load("keio-2025"))
    >>> [(one.endpoint.key, one.count, one.n) for one in answer.observed]
    [('one_grade', 2, 4), ('two_grades', 2, 4), ('to_d', 1, 4)]
    """
    changes = [change for arm in study.treated for change in study.changes(arm.key)]
    grade = _main_grade(changes)
    if grade is None:
        return FirstAnswer(None, None, (), (), (), _control(study), _why_not(study))
    same = [change for change in changes if change.before == frozenset({grade})]
    observed = tuple(_observed(study, same, endpoint) for endpoint in ENDPOINTS)
    target = target_of(study, grade)
    rows = [_comparator(row, target, observed) for row in load()]
    rows.sort(key=lambda one: -one.match.score)
    curves = tuple(
        Curve(one.endpoint, one.count, one.n, tuple(chance_curve(one.count, one.n)))
        for one in observed
        if one.count
    )
    return FirstAnswer(grade, target, observed, tuple(rows), curves, _control(study), "")


def _main_grade(changes: Sequence[GradeChange]) -> AIS | None:
    """The commonest baseline grade that is known for certain."""
    tally: Counter[AIS] = Counter()
    for change in changes:
        if len(change.before) == 1:
            tally[min(change.before)] += change.count
    return min(tally, key=lambda grade: (-tally[grade], grade)) if tally else None


def _why_not(study: Study) -> str:
    if study.motor_levels or study.continuous:
        return (
            "The study reports motor scores or levels, but no AIS grade at follow-up for its treated "
            "people, so no grade comparison can be made."
        )
    return "The study reports no outcome yet for its treated people."


def _observed(study: Study, changes: Sequence[GradeChange], endpoint: Endpoint) -> Observed:
    count = low = high = n = 0
    for change in changes:
        met = [endpoint.met(start.rank, end.rank) for start, end in change.possible()]
        low += change.count * all(met)
        high += change.count * any(met)
        n += change.count
        if change.before_reading is not None and change.after_reading is not None:
            reading = endpoint.met(change.before_reading.rank, change.after_reading.rank)
            count += change.count * reading
    count = min(max(count, low), high)
    exact, smooth = clopper_pearson(count, n), jeffreys(count, n)
    chosen = _chosen(study, endpoint)
    return Observed(
        endpoint,
        count,
        n,
        low,
        high,
        (exact.lower, exact.upper),
        (smooth.lower, smooth.upper),
        chosen,
    )


def _chosen(study: Study, endpoint: Endpoint) -> str:
    for one in study.endpoints:
        if one.to is not None and one.to.rank == endpoint.least_grade and endpoint.least_grade:
            return one.chosen.value
        if one.to is None and one.at_least_grades == endpoint.gain and not endpoint.least_grade:
            return one.chosen.value
    return ""


def target_of(study: Study, grade: AIS) -> Target:
    """The people to match, as far as the document tells: levels, exam day, follow-up, years."""
    wanted = study.document.eligibility
    levels = (wanted.levels.low, wanted.levels.high)
    days = _span(
        [(one.low, one.high) for arm in study.treated for one in (arm.exam_day, arm.treatment_day)]
        + [(wanted.exam_day.low, wanted.exam_day.high)]
        + [(wanted.treatment_day.low, wanted.treatment_day.high)]
    )
    last = [visit.day.high for visit in study.visits if visit.day.high is not None]
    return Target(
        grade,
        _levels(levels),
        days,
        max(last) if last else None,
        None,
    )


def _levels(pair: tuple[Level | None, Level | None]) -> tuple[Level, Level] | None:
    low, high = pair
    return (low, high) if low is not None and high is not None else None


def _span(pairs: Iterable[tuple[float | None, float | None]]) -> Pair | None:
    """The first pair that is stated."""
    for low, high in pairs:
        if low is not None and high is not None:
            return low, high
    return None


def _comparator(row: Row, target: Target, observed: Sequence[Observed]) -> ComparatorRow:
    found = match(row, target)
    rates: dict[str, CountRange | None] = {}
    intervals: dict[str, Pair | None] = {}
    against: dict[str, AgainstRate | None] = {}
    for one in observed:
        key = one.endpoint.key
        first = max(target.grade.rank + one.endpoint.gain, one.endpoint.least_grade)
        reached = row.reached(GRADES[first:]) if first < len(GRADES) else None
        rates[key] = reached
        intervals[key] = _interval(row, reached)
        usable = reached is not None and found.suitable
        against[key] = against_rate(one.count, one.n, reached.rate) if usable and reached else None
    days = target.exam_days
    late = days is not None and days[1] > value("evidence.late_baseline_days")
    return ComparatorRow(row, found, late, rates, intervals, against)


def _interval(row: Row, reached: CountRange | None) -> Pair | None:
    """Exact interval over all counts that the print allows; None where n is not known at all."""
    if reached is None or (row.n is None and not row.n_max):
        return None
    low, high = (
        clopper_pearson(reached.low, reached.n_low),
        clopper_pearson(reached.high, reached.n_high),
    )
    return low.lower, high.upper


def _control(study: Study) -> tuple[ControlRow, ...]:
    if not study.treated or not study.controls:
        return ()
    return tuple(row for endpoint in ENDPOINTS if (row := _fisher(study, endpoint)) is not None)


def _fisher(study: Study, endpoint: Endpoint) -> ControlRow | None:
    to = AIS(GRADES[endpoint.least_grade]) if endpoint.least_grade else None
    grades = endpoint.gain if to is None else None
    try:
        treated = [study.conversions(arm.key, grades, to) for arm in study.treated]
        control = [study.conversions(arm.key, grades, to) for arm in study.controls]
    except InputError:
        return None
    a, n = sum(one.count for one in treated), sum(one.n for one in treated)
    b, m = sum(one.count for one in control), sum(one.n for one in control)
    test = fisher_exact([[a, n - a], [b, m - b]])
    return ControlRow(
        endpoint,
        a,
        n,
        b,
        m,
        test.p_value,
        test.odds_ratio,
        (test.interval.lower, test.interval.upper),
    )


def natural_rates(answer: FirstAnswer, endpoint_key: str = "two_grades") -> dict[str, float]:
    """The lowest, middle and highest natural rate of an endpoint in comparable tables.

    Meta-analyses, small tables and rates at the ends of the scale are left out; empty when no table
    tells.
    """
    rates = sorted(
        rate.rate
        for one in answer.comparators
        if one.enters_range
        and (rate := one.rates[endpoint_key]) is not None
        and 0.0 < rate.rate < 1.0
    )
    if not rates:
        return {}
    return {"lowest": rates[0], "middle": rates[(len(rates) - 1) // 2], "highest": rates[-1]}
