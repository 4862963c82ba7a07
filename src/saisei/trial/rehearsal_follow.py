"""What happens to one person of a rehearsed trial after allocation: visits, exams, images, levels, events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from saisei.design.document.plan import Visit as PlannedVisit
from saisei.design.document.schema import DesignDocument
from saisei.trial.kinds_base import Body
from saisei.trial.kinds_cells import AdverseEvent
from saisei.trial.kinds_people import DrugLevel, Exam, Imaging, Rehabilitation, Visit, Withdrawal
from saisei.trial.rehearsal_people import Comer

__all__ = ["Course", "follow"]

Entry = tuple[date, Body, str]
_MILD = (
    ("urinary tract infection", "Infections"),
    ("pressure injury", "Skin"),
    ("autonomic dysreflexia", "Nervous system"),
    ("spasticity", "Nervous system"),
    ("neuropathic pain", "Nervous system"),
    ("constipation", "Gastrointestinal"),
    ("fever", "General"),
    ("headache", "Nervous system"),
)
_LEVEL_DAYS = (7, 14, 28, 56, 84, 112, 140, 168)
_MONTH, _YEAR = 30, 365.25
_READING = 0.05  # sd of the log of a volume read twice


@dataclass(frozen=True, slots=True)
class Course:
    """A person with an arm and the day from which visits count."""

    comer: Comer
    arm: str
    day: date
    with_cells: bool


def follow(
    course: Course,
    design: DesignDocument,
    name: str,
    event_rate: float | None,
    shares: tuple[float, float, float],
    level: tuple[float, ...],
    generator: np.random.Generator,
) -> Iterator[Entry]:
    """(day, record, hand) of everything after allocation.

    Args:
        course: the person.
        design: of the trial.
        name: pseudonym.
        event_rate: chance of each event of a safety rule; None takes the acceptable rate of the rule.
        shares: of missed visits, of people who leave in a year; mean of mild events a year.
        level: median and log sd of the drug level.
        generator: of all draws.
    """
    missed, leaving, mild = shares
    last = max(one.day for one in design.visits)
    left = generator.random() < leaving * last / _YEAR
    end = course.day + timedelta(days=int(last * (generator.uniform(0.2, 1.0) if left else 2.0)))
    baseline = course.comer.injured + timedelta(days=course.comer.exam_day)
    codes = course.comer.codes[1 if course.with_cells else 0]
    yield from _examined(name, "baseline", baseline, tuple(codes[0].tolist()))
    yield baseline, _image(name, "baseline", baseline, None, generator), "monitor"
    order = sorted(range(len(design.visits)), key=lambda k: design.visits[k].day)
    for place, k in enumerate(order):
        planned = design.visits[k]
        on = _visit_day(course, planned, generator)
        if on > end:
            break
        if generator.random() < missed:
            yield (
                on,
                Visit(participant=name, visit=planned.key, on=on, state="missed"),
                "investigator",
            )
            continue
        yield from _examined(name, planned.key, on, tuple(codes[place + 1].tolist()))
        volume = float(course.comer.graft_ul[place]) if course.with_cells else None
        yield on, _image(name, planned.key, on, volume, generator), "monitor"
    if left:
        body = Withdrawal(participant=name, on=end, scope="study", by_whom="participant")
        yield end, body, "investigator"
    yield from _between(course, name, end, level, generator)
    yield from _events(course, design, name, end, event_rate, mild, generator)


def _visit_day(course: Course, planned: PlannedVisit, generator: np.random.Generator) -> date:
    start = course.day if planned.counted_from == "treatment" else course.comer.injured
    jitter = generator.uniform(-0.8, 0.8) * planned.window_days
    return start + timedelta(days=round(planned.day + jitter))


def _examined(name: str, visit: str, on: date, codes: tuple[int, ...]) -> Iterator[Entry]:
    yield on, Visit(participant=name, visit=visit, on=on), "assessor"
    exam = Exam(participant=name, visit=visit, on=on, examiner="examiner 1", codes=codes)
    yield on, exam, "assessor"


def _image(
    name: str, visit: str, on: date, volume: float | None, generator: np.random.Generator
) -> Imaging:
    read = None
    if volume is not None:
        read = round(volume * float(np.exp(_READING * generator.standard_normal())), 2)
    return Imaging(participant=name, visit=visit, on=on, reader="reader 1", graft_ul=read)


def _between(
    course: Course, name: str, end: date, level: tuple[float, ...], generator: np.random.Generator
) -> Iterator[Entry]:
    """Drug levels of the treated while the drug is given, and hours of rehabilitation by month."""
    if course.with_cells:
        for day in _LEVEL_DAYS:
            on = course.day + timedelta(days=day)
            if on <= end:
                found = level[0] * float(np.exp(level[1] * generator.standard_normal()))
                body = DrugLevel(
                    participant=name, on=on, drug="tacrolimus", level=round(found, 1), unit="ng/ml"
                )
                yield on, body, "investigator"
    for month in range(6):
        first = course.day + timedelta(days=_MONTH * month)
        to = first + timedelta(days=_MONTH - 1)
        if to <= end:
            hours = round(float(generator.uniform(30, 60)), 1)
            body_ = Rehabilitation(participant=name, on=first, until=to, hours=hours)
            yield to, body_, "investigator"


def _events(
    course: Course,
    design: DesignDocument,
    name: str,
    end: date,
    event_rate: float | None,
    mild: float,
    generator: np.random.Generator,
) -> Iterator[Entry]:
    """Events of the safety rules in the treated, and mild ones in everybody."""
    for rule in design.safety if course.with_cells else ():
        rate = event_rate if event_rate is not None else getattr(rule, "acceptable_rate", 0.0)
        happens = generator.random() < rate
        on = course.day + timedelta(days=1 + int(generator.random() * (rule.window_days - 1)))
        if happens and on <= end:
            yield on, _serious(name, on, rule.event), "investigator"
    for _ in range(int(generator.poisson(mild * (end - course.day).days / _YEAR))):
        on = course.day + timedelta(
            days=int(generator.integers(1, max((end - course.day).days, 2)))
        )
        term, organ = _MILD[int(generator.integers(len(_MILD)))]
        over = on + timedelta(days=int(generator.integers(2, 30)))
        if over > end:
            continue
        body = AdverseEvent(
            participant=name, on=on, term=term, organ_class=organ, grade=int(generator.integers(1, 3)),
            serious=False, expected=True, related={"cells": "unlikely"} if course.with_cells else {},
            outcome="recovered", ended_on=over,
        )  # fmt: skip
        yield over, body, "investigator"


def _serious(name: str, on: date, event: str) -> AdverseEvent:
    return AdverseEvent(
        participant=name, on=on, term=event, organ_class="Nervous system", grade=3, serious=True,
        why_serious=("hospital",), expected=False, related={"cells": "possible"}, counts_for=event,
        special=event, reported_on=on,
    )  # fmt: skip
