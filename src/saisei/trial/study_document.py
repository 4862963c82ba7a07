"""The state of a trial at a date as a study document in memory, so that the evidence stage can read it.

In the closed form the arms hold the people whose primary outcome is settled; those still to come stand in an
arm of their own, shown and never compared. The outcome is that of the primary visit and of no other: whoever
was not seen there has none, which counts as the design says. The open form has no outcome of anybody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from saisei.design.document.plan import Role
from saisei.design.document.schema import DesignDocument
from saisei.errors import DocumentError, Fault, InputError
from saisei.exam.isncsci.domains import values_of
from saisei.exam.isncsci.levels import Level
from saisei.study import Study
from saisei.study.reading import check_tree
from saisei.trial.canonical import canonical
from saisei.trial.grading import texts
from saisei.trial.kinds_people import Exam
from saisei.trial.outcomes import grades_of, outcome_of
from saisei.trial.people import BASELINE, Person
from saisei.trial.picture import Picture
from saisei.trial.record import Record

__all__ = ["PENDING", "trial_study"]

PENDING = "still-to-come"
_SOURCE = "TRIAL"
_MEASURES = {
    "UEMS": "uems",
    "LEMS": "lems",
    "LT": "light_touch_total",
    "PP": "pin_prick_total",
}
_YEAR_DAYS = 365.25  # by definition


def trial_study(
    picture: Picture, persons: Sequence[Person], cutoff: date, id: str, *, outcomes: bool = True
) -> Study:
    """The study document of a running trial.

    Args:
        picture: of the store at the cut-off.
        persons: everybody, as `people` gives them.
        cutoff: day of the cut.
        id: of the trial.
        outcomes: False for the open form: nothing after baseline.

    Raises:
        InputError: nobody has an arm yet.
    """
    design = picture.design
    placed = [one for one in persons if one.arm is not None]
    if not placed:
        raise InputError("nobody has an arm yet: there is nothing to report on")
    settled = {one.id: outcome_of(one, design).final for one in placed}
    if not outcomes:
        settled = dict.fromkeys(settled, True)
    raw = _document(picture, placed, settled, cutoff, id, outcomes)
    document, found = check_tree(raw)
    if found or document is None:
        faults = [Fault(str(path), one.value, one.rule, one.mend) for path, one in found]
        raise DocumentError("the study document of the trial", faults)
    digest = hashlib.sha256(canonical(raw)).hexdigest()
    return Study(document, digest, f"trial {id} at {cutoff}")


def _said(value: Any = None, **rest: Any) -> dict[str, Any]:
    found = {"source": [_SOURCE], "confidence": "high", **rest}
    if value is not None:
        found["value"] = value
    return found


def _unknown(note: str) -> dict[str, Any]:
    return {"unknown": True, "source": [_SOURCE], "confidence": "not found", "note": note}


def _key(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.") or "x"


def _status(planned: int, settled: Mapping[str, bool], cutoff: date) -> str:
    """How far the trial is; only its own signed analysis makes a result final."""
    if sum(settled.values()) >= planned:
        return f"all {planned} primary outcomes settled; data at {cutoff}; not published"
    return f"running; data at {cutoff}; not final, not published"


def _document(
    picture: Picture,
    placed: Sequence[Person],
    settled: dict[str, bool],
    cutoff: date,
    id: str,
    outcomes: bool,
) -> dict[str, Any]:
    design = picture.design
    waiting = [one for one in placed if not settled[one.id]]
    form = "outcomes up to the cut-off" if outcomes else "open form, no outcomes"
    controlled = any(arm.role is Role.CONTROL for arm in design.arms)
    dose = {arm.dose_cells for arm in design.arms if arm.dose_cells}
    raw: dict[str, Any] = {
        "schema": "saisei-study/0.2",
        "id": _key(id),
        "title": picture.settings.title,
        "condition": "spinal cord injury",
        "summary": f"{design.summary} Data of the running trial at {cutoff}: {form}.",
        "status": _said(_status(design.n_treated + design.n_control, settled, cutoff)),
        "design": {
            "summary": _said(design.title),
            "controlled": _said(controlled),
            "randomised": _said(design.allocation.kind == "randomised"),
            "target_n": _said(design.n_treated + design.n_control),
        },
        "product": {
            "name": _said(next(arm.name for arm in design.arms if arm.role is Role.TREATED)),
            "dose_cells": _said(dose.pop()) if len(dose) == 1 else _unknown("more than one dose"),
        },
        "eligibility": {
            "exam_day": _said(min=design.population.exam_day[0], max=design.population.exam_day[1]),
            "treatment_day": _said(
                min=design.population.treatment_day[0], max=design.population.treatment_day[1]
            ),
        },
        "arms": _arms(design, placed, settled, waiting),
        "visits": _visits(design),
        "participants": [
            _participant(one, settled[one.id], outcomes, design.endpoint.visit) for one in placed
        ],
        "endpoints": [_endpoint(design)],
        "adverse_events": _harm(design, placed, settled),
        "limits": [{"text": text, "source": [_SOURCE]} for text in _limits(waiting, outcomes)],
        "sources": {
            _SOURCE: {
                "cite": f"Trial {id}, records at {cutoff}, row {picture.upto} of the trail",
                "kind": "data file",
                "read": "all records",
                "note": f"design {design.id}, digest {design.digest}",
            }
        },
    }
    return raw


def _limits(waiting: Sequence[Person], outcomes: bool) -> list[str]:
    if not outcomes:
        return ["Open form: no outcome of anybody is shown or used."]
    found = ["The trial is running: these numbers are interim, and looking often misleads."]
    if waiting:
        found.append(
            f"{len(waiting)} people have their primary visit still to come; they are shown and not compared."
        )
    return found


def _arms(
    design: DesignDocument,
    placed: Sequence[Person],
    settled: dict[str, bool],
    waiting: Sequence[Person],
) -> list[dict[str, Any]]:
    found = []
    for arm in design.arms:
        n = sum(one.arm == arm.key and settled[one.id] for one in placed)
        if n == 0:
            continue
        made = {"key": arm.key, "name": arm.name, "role": arm.role.value, "n": _said(n)}
        if arm.dose_cells:
            made["dose_cells"] = _said(arm.dose_cells)
        found.append(made)
    if waiting:
        name = "primary visit still to come"
        found.append({"key": PENDING, "name": name, "role": "context", "n": _said(len(waiting))})
    return found


def _visits(design: DesignDocument) -> list[dict[str, Any]]:
    rows = sorted(design.visits, key=lambda one: (one.counted_from, one.day))
    return [
        {
            "key": one.key,
            "name": one.name,
            "day": _said(float(one.day)),
            "counted_from": one.counted_from,
        }
        for one in rows
    ]


def _endpoint(design: DesignDocument) -> dict[str, Any]:
    one = design.endpoint
    kinds: dict[str, dict[str, Any]] = {
        "one grade": {"at_least_grades": 1},
        "two grades": {"at_least_grades": 2},
        "to D": {"to": "D"},
    }
    return {
        "key": "primary",
        "name": one.name,
        "definition": f"{one.name} (design {design.id}, {one.conversion})",
        "rank": "primary",
        "chosen": "prespecified",
        "source": [_SOURCE],
        "confidence": "high",
        **kinds.get(one.conversion, {}),
    }


def _participant(person: Person, settled: bool, outcomes: bool, primary: str) -> dict[str, Any]:
    injured = person.body.injured_on
    baseline = person.exams.get(BASELINE)
    grades = grades_of(person, BASELINE)
    found: dict[str, Any] = {
        "id": _key(person.id),
        "arm": _key(str(person.arm)) if settled else PENDING,
        "baseline_grade": _grade([grade.value for grade in grades], "no baseline exam"),
        "injury_year": _said(injured.year),
        "sex": _sex(person),
    }
    if baseline is not None and baseline.on is not None:
        found["exam_day"] = _said(float((baseline.on - injured).days))
        found["level"] = _level(baseline)
        found["scores"] = _scores(baseline)
    start = person.day_zero
    exam_day = (baseline.on - injured).days if baseline is not None and baseline.on else 0
    if start is not None and (start - injured).days >= exam_day:
        found["treatment_day"] = _said(float((start - injured).days))
    age = _age(person)
    if age is not None:
        found["age_years"] = age
    if outcomes and settled:
        found["outcomes"] = _outcomes(person, primary, exam_day)
    return found


def _sex(person: Person) -> dict[str, Any]:
    sex = person.body.sex
    return _unknown("not recorded") if sex == "unknown" else _said(sex)


def _age(person: Person) -> dict[str, Any] | None:
    body = person.body
    if body.born_on is not None:
        years = int((body.injured_on - body.born_on).days / _YEAR_DAYS)
        return _said(float(years))
    if body.birth_year is None:
        return None
    most = body.injured_on.year - body.birth_year
    return _said(min=float(max(most - 1, 0)), max=float(most))


def _grade(values: Sequence[str], why: str) -> dict[str, Any]:
    if len(values) == 1:
        return _said(values[0])
    if not values:
        return _unknown(why)
    return _said(any_of=list(values), note="not determinable: every value that the exam allows")


def _level(record: Record[Exam]) -> dict[str, Any]:
    grades = record.body.grades
    if grades is None:
        return _unknown("not graded")
    labels = [Level(bit).label for bit in values_of(grades.sets[4])]
    return _grade(labels, "no level")


def _scores(record: Record[Exam]) -> dict[str, Any]:
    found = {}
    words = texts(record.body)
    for measure, name in _MEASURES.items():
        text = words[name]
        if text.isdigit():
            found[measure] = _said(float(text))
    return found


def _outcomes(person: Person, primary: str, exam_day: int) -> list[dict[str, Any]]:
    record = person.exams.get(primary)
    if record is None or record.on is None:
        return []
    day = (record.on - person.body.injured_on).days
    if day < exam_day:
        return []
    return [
        {
            "visit": primary,
            "day": _said(float(day)),
            "grade": _grade([one.value for one in grades_of(person, primary)], "not graded"),
            "level": _level(record),
            "scores": _scores(record),
        }
    ]


def _harm(
    design: DesignDocument, placed: Sequence[Person], settled: dict[str, bool]
) -> list[dict[str, Any]]:
    """Serious events, and the events of the safety rules, among the treated people of each treated arm."""
    treated = [one for one in placed if one.treated_on is not None]
    found = []
    rows: list[tuple[str, str, str | None]] = [
        ("serious adverse event", "any serious adverse event", None)
    ]
    rows += [("other", rule.event, rule.event) for rule in design.safety]
    for arm in design.arms:
        group = [one for one in treated if one.arm == arm.key]
        if not group or arm.role is not Role.TREATED:
            continue
        # Harm is known of everybody treated; the row stands with the arm, or with those still to come.
        key = arm.key if any(settled[one.id] for one in placed if one.arm == arm.key) else PENDING
        for kind, what, event in rows:
            people = sum(_had(one, event) for one in group)
            years = sum(one.follow_up_days or 0 for one in group) / _YEAR_DAYS
            found.append(
                {
                    "arm": key,
                    "kind": kind,
                    "what": what,
                    "people": _said(people),
                    "n": _said(len(group)),
                    "person_years": _said(years),
                    "note": f"{arm.name}: everybody treated so far, also before the primary visit",
                }
            )
    return found


def _had(person: Person, event: str | None) -> bool:
    if event is None:
        return any(one.body.serious for one in person.events)
    return any(one.body.counts_for == event for one in person.events)
