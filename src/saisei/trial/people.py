"""Every person of the trial at a glance: treatment, follow-up, planned visits, what was found.

Derived from the records each time; nothing here is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from saisei.params import value
from saisei.trial.kinds_people import Exam, Participant
from saisei.trial.picture import Picture
from saisei.trial.record import Record

__all__ = ["BASELINE", "Person", "PlannedVisit", "VisitState", "people"]

BASELINE = "baseline"
READ = (
    "participant", "site", "consent", "screening", "allocation", "dosing", "visit", "exam", "death",
    "withdrawal", "adverse_event", "design", "settings",
)  # fmt: skip


class VisitState(StrEnum):
    """Where a planned visit stands on a day."""

    HELD = "held"
    OUTSIDE = "held outside its window"
    MISSED = "missed"
    LATER = "later"
    OPEN = "open"
    AT_RISK = "at risk"
    OVERDUE = "overdue"
    NOT_EXPECTED = "not expected"


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit that the design plans for one person.

    Attributes:
        key, name: of the visit.
        due: the day it should be on; `opens` and `closes` are the ends of its window.
        held_on: when it was held, by its visit record or by an exam of that visit; None if not.
        state: on the day asked for.
        days_off: days outside the window, below 0 when too early.
    """

    key: str
    name: str
    due: date
    opens: date
    closes: date
    held_on: date | None
    state: VisitState
    days_off: int = 0


@dataclass(frozen=True)
class Person:
    """A participant with what follows from the records.

    Attributes:
        record: of the participant.
        arm: key of the arm; None before the allocation.
        cohort: of the allocation.
        eligible: by the screening; None before it.
        consented_on: day of the first consent.
        treated_on: day of the first dosing.
        day_zero: from which visits count: treatment, or the day that the allocation names.
        died_on, left_on: end of follow-up; `left_on` is a withdrawal from the whole study.
        stopped_on: withdrawal from the treatment only.
        followed_to: last day of follow-up up to the day asked for.
        visits: planned ones, in order.
        exams: visit -> the exam of that visit (the first, when it was repeated).
        events: adverse events.
        dosings: what was given.
    """

    record: Record[Participant]
    arm: str | None
    cohort: int | None
    eligible: bool | None
    consented_on: date | None
    treated_on: date | None
    day_zero: date | None
    died_on: date | None
    left_on: date | None
    stopped_on: date | None
    followed_to: date
    visits: tuple[PlannedVisit, ...]
    exams: dict[str, Record[Exam]] = field(default_factory=dict)
    events: tuple[Record[Any], ...] = ()
    dosings: tuple[Record[Any], ...] = ()

    @property
    def id(self) -> str:
        """The pseudonym."""
        return self.record.subject

    @property
    def body(self) -> Participant:
        """What the participant's record says."""
        return self.record.body

    @property
    def follow_up_days(self) -> int | None:
        """Days from treatment to the end of follow-up; None when not treated."""
        return None if self.treated_on is None else (self.followed_to - self.treated_on).days


def people(picture: Picture, today: date) -> list[Person]:
    """Everybody in the trial, in the order of entry.

    Args:
        picture: of the store, at a moment.
        today: the day on which visits are judged.
    """
    picture.load(READ)
    groups = {kind: _grouped(picture.of(kind)) for kind in READ}
    plan = _plan(picture)
    return [_person(one, groups, plan, today) for one in picture.of("participant")]


def _grouped(records: Iterable[Record[Any]]) -> dict[str, list[Record[Any]]]:
    found: dict[str, list[Record[Any]]] = defaultdict(list)
    for one in records:
        found[one.subject].append(one)
    return found


_Plan = list[tuple[str, str, bool, float, float, float]]


def _plan(picture: Picture) -> _Plan:
    """Key, name, whether it counts from the injury, day due, first and last day of the window."""
    design = picture.design
    low, high = design.population.exam_day
    found: _Plan = [(BASELINE, "Baseline", True, (low + high) / 2.0, low, high)]
    for one in design.visits:
        window = one.window_days
        from_injury = one.counted_from == "injury"
        found.append((one.key, one.name, from_injury, one.day, one.day - window, one.day + window))
    return found


def _person(
    record: Record[Participant],
    groups: dict[str, dict[str, list[Record[Any]]]],
    plan: _Plan,
    today: date,
) -> Person:
    who = record.subject

    def of(kind: str) -> list[Record[Any]]:
        return groups[kind].get(who, [])

    allocation = next(iter(of("allocation")), None)
    screening = next(iter(of("screening")), None)
    dosings = sorted(of("dosing"), key=lambda one: one.happened)
    treated = dosings[0].on if dosings else None
    day_zero = treated
    if day_zero is None and allocation is not None:
        day_zero = allocation.body.day_zero
    died = next((one.on for one in of("death")), None)
    left = {one.body.scope: one.on for one in of("withdrawal")}
    end = min([day for day in (died, left.get("study"), today) if day is not None])
    exams: dict[str, Record[Exam]] = {}
    for one in sorted(of("exam"), key=lambda one: one.body.repeat):
        exams.setdefault(one.body.visit, one)
    held = {visit: one.on for visit, one in exams.items()}
    held.update({one.body.visit: one.on for one in of("visit") if one.body.state == "held"})
    missed = {one.body.visit for one in of("visit") if one.body.state == "missed"}
    expected = screening is None or screening.body.eligible
    starts = {True: record.body.injured_on, False: day_zero}
    return Person(
        record=record,
        arm=None if allocation is None else allocation.body.arm,
        cohort=None if allocation is None else allocation.body.cohort,
        eligible=None if screening is None else screening.body.eligible,
        consented_on=min((one.on for one in of("consent") if one.on is not None), default=None),
        treated_on=treated,
        day_zero=day_zero,
        died_on=died,
        left_on=left.get("study"),
        stopped_on=left.get("treatment"),
        followed_to=end,
        visits=_visits(plan, starts, held, missed, end if expected else date.min, today),
        exams=exams,
        events=tuple(of("adverse_event")),
        dosings=tuple(dosings),
    )


def _visits(
    plan: _Plan,
    starts: dict[bool, date | None],
    held: dict[str, date | None],
    missed: set[str],
    end: date,
    today: date,
) -> tuple[PlannedVisit, ...]:
    found = []
    warning = timedelta(days=value("trial.window_warning_days"))
    for key, name, from_injury, day, low, high in plan:
        start = starts[from_injury]
        if start is None:
            continue
        due, opens, closes = (start + timedelta(days=round(d)) for d in (day, low, high))
        on = held.get(key)
        off = 0
        if on is not None:
            off = min((on - opens).days, 0) or max((on - closes).days, 0)
            state = VisitState.OUTSIDE if off else VisitState.HELD
        elif key in missed:
            state = VisitState.MISSED
        elif end < today and opens > end:
            state = VisitState.NOT_EXPECTED
        elif today > closes:
            state = VisitState.OVERDUE if end >= closes else VisitState.NOT_EXPECTED
        elif today >= max(opens, closes - warning):
            state = VisitState.AT_RISK
        else:
            state = VisitState.OPEN if today >= opens else VisitState.LATER
        found.append(PlannedVisit(key, name, due, opens, closes, on, state, off))
    return tuple(found)
