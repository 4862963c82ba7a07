"""Outcomes for the closed part of the board pack: grades before and after, motor scores over bands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np

from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient.timecourse import published_course
from saisei.trial.grading import code_table
from saisei.trial.people import BASELINE, Person
from saisei.trial.picture import Picture
from saisei.trial.record import Record

__all__ = ["outcome_blocks"]

JSON = dict[str, Any]
Split = Callable[[Iterable[Person]], dict[str, list[Person]]]
_GRADES = "ABCDE"
_MEASURES = ("uems", "lems")


def outcome_blocks(persons: Sequence[Person], picture: Picture, split: Split, cutoff: date) -> JSON:
    """AIS at baseline and last exam, and UEMS and LEMS of each person over time, by arm."""
    allocated = [one for one in persons if one.arm is not None]
    primary = picture.design.endpoint.visit
    return {
        "transitions": [
            {"label": label, **_transitions(group, primary)}
            for label, group in split(allocated).items()
        ],
        "scores": _scores(allocated, split),
        "cutoff_words": f"last exam of each person up to {cutoff.isoformat()}",
    }


def _grade(person: Person, visit: str) -> str:
    exam = person.exams.get(visit)
    if exam is None or exam.body.grades is None:
        return "not seen"
    found = exam.body.grades.ais.rstrip("*")
    return found if found in _GRADES else "not determined"


def _last_visit(person: Person) -> str | None:
    later = [
        (exam.on, visit)
        for visit, exam in person.exams.items()
        if visit != BASELINE and exam.on is not None
    ]
    return max(later)[1] if later else None


def _transitions(group: Sequence[Person], primary: str) -> JSON:
    """Counts from baseline to the primary visit and to the last exam, people without one counted."""
    last: Counter[tuple[str, str]] = Counter()
    at_primary: Counter[tuple[str, str]] = Counter()
    for one in group:
        start = _grade(one, BASELINE)
        visit = _last_visit(one)
        last[start, _grade(one, visit) if visit else "not seen"] += 1
        at_primary[start, _grade(one, primary)] += 1
    return {
        "people": len(group),
        "last": [{"from": a, "to": b, "n": n} for (a, b), n in sorted(last.items())],
        "primary": [{"from": a, "to": b, "n": n} for (a, b), n in sorted(at_primary.items())],
    }


def _scores(allocated: Sequence[Person], split: Split) -> JSON:
    labels = {
        one.id: label
        for label, group in split(allocated).items()
        if label != "all"
        for one in group
    }
    totals = _totals([exam for one in allocated for exam in one.exams.values()])
    found: JSON = {"people": [], "bands": []}
    for one in allocated:
        points: list[JSON] = [
            {"week": round((exam.on - one.body.injured_on).days / 7.0, 2), **totals[exam.entity]}
            for exam in one.exams.values()
            if exam.on is not None
        ]
        if points:
            points.sort(key=lambda point: point["week"])
            found["people"].append(
                {
                    "participant": one.id,
                    "arm": labels.get(one.id, ""),
                    "points": points,
                    "baseline": _grade(one, BASELINE),
                }
            )
    groups = {(_plegia(one), _grade(one, BASELINE)) for one in allocated}
    for plegia, grade in sorted(pair for pair in groups if pair[0]):
        for measure in _MEASURES:
            points_ = published_course(plegia, grade, measure)
            if points_:
                band = [{"week": p.week, "mean": p.mean, "sd": p.sd, "n": p.n} for p in points_]
                found["bands"].append(
                    {"plegia": plegia, "ais": grade, "measure": measure, "points": band}
                )
    return found


def _totals(exams: Sequence[Record[Any]]) -> dict[str, dict[str, int | None]]:
    """UEMS and LEMS of many exams at once, by record; None where they are not determined."""
    if not exams:
        return {}
    graded = classify_table(code_table([one.body for one in exams]))
    columns = {name: graded.total(name) for name in _MEASURES}
    return {
        one.entity: {
            name: None if np.ma.getmaskarray(column)[k] else int(column[k])
            for name, column in columns.items()
        }
        for k, one in enumerate(exams)
    }


def _plegia(person: Person) -> str:
    exam = person.exams.get(BASELINE)
    if exam is None or exam.body.grades is None:
        return ""
    try:
        level = Level.parse(exam.body.grades.nli.rstrip("*"))
    except ValueError:
        return ""
    return "tetraplegia" if level <= Level.T1 else "paraplegia"
