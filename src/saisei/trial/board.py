"""The pack for the safety board at a cut-off, as data: the open part (all arms together) and the closed one.

Takes a picture of the store as of the cut-off; gives JSON values. Everybody is counted from the same lists
of people, so that denominators agree. The open part holds nothing by arm and no outcome of treatment; in
the closed part arms are letters unless the board asked for names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from saisei.trial.board_arms import Arms
from saisei.trial.board_conduct import (
    deviations,
    interim_looks,
    levels,
    lots,
    quality,
    rules,
)
from saisei.trial.board_events import events, listing, special
from saisei.trial.board_outcomes import outcome_blocks
from saisei.trial.people import Person, people
from saisei.trial.picture import Picture

__all__ = ["BOARD", "board_pack"]

BOARD = "saisei-board/0.1"
_DAYS_A_YEAR = 365.25

JSON = dict[str, Any]


def arms_of(picture: Picture, part: str, named: bool) -> Arms:
    """Labels of the arms in a part: letters in the order of their keys, so that A is not always cells."""
    if part == "open":
        return Arms({})
    keys = sorted(arm.key for arm in picture.design.arms)
    if named:
        return Arms({arm.key: arm.name for arm in picture.design.arms})
    return Arms({key: f"arm {chr(65 + k)}" for k, key in enumerate(keys)})


def board_pack(
    picture: Picture, cutoff: date, part: str, snapshot: str, trial: str, named: bool = False
) -> JSON:
    """One part of the pack.

    Args:
        picture: of the store, as of the cut-off.
        cutoff: last day of the data.
        part: `open` or `closed`.
        snapshot: hash of the trail at the cut-off; it stands on every page.
        trial: id of the trial.
        named: whether the closed part names the arms.
    """
    arms = arms_of(picture, part, named)
    persons = people(picture, cutoff)
    design, settings = picture.design, picture.settings
    pack: JSON = {
        "schema": BOARD,
        "part": part,
        "trial": trial,
        "title": settings.title,
        "cutoff": cutoff.isoformat(),
        "snapshot": snapshot,
        "design": {"id": design.id, "title": design.title, "digest": design.digest},
        "columns": arms.columns,
        "changes": _changes(picture),
        "decisions": _decisions(picture, part),
        "flow": _flow(persons, arms, design.visits),
        "enrolment": _enrolment(persons, picture, cutoff),
        "baseline": _baseline(persons, arms),
        "exposure": _exposure(persons, arms, part),
        "events": events(persons, arms),
        "special": special(persons, arms),
        "listing": listing(persons, arms, picture, part),
        "deviations": deviations(persons, arms, picture),
        "levels": levels(persons, arms, picture),
        "lots": lots(picture, part),
        "quality": quality(picture, cutoff, persons, part),
    }
    if part == "closed":
        pack["rules"] = rules(persons, picture)
        pack["looks"] = interim_looks(persons, picture, named)
        pack.update(outcome_blocks(persons, picture, arms.split, cutoff))
        pack["swimmer"] = _swimmer(persons, arms, cutoff)
    return pack


def _changes(picture: Picture) -> list[JSON]:
    """Versions of the design and of the settings after the first: what changed in the protocol."""
    rows = []
    for kind in ("design", "settings"):
        for one in picture.versions(kind)[1:]:
            rows.append({"on": one.at[:10], "what": kind, "reason": one.reason, "by": one.by})
    return rows


def _decisions(picture: Picture, part: str) -> list[JSON]:
    found = sorted(picture.of("decision"), key=lambda one: (one.happened, one.at))
    return [
        {
            "on": one.happened,
            "by": one.body.by_whom,
            "what": one.body.what,
            "arm": (one.body.arm or "") if part == "closed" else "",
        }
        for one in found
    ]


def _flow(persons: Sequence[Person], arms: Arms, visits: Iterable[Any]) -> JSON:
    """Who came and where they went; each box counts people of the one before."""
    eligible = [one for one in persons if one.eligible]
    allocated = [one for one in persons if one.arm is not None]
    by_arm = []
    for label, group in arms.split(allocated).items():
        if label == "all" and arms.labels:
            continue
        steps = [("allocated", len(group))]
        steps.append(("given cells", sum(one.treated_on is not None for one in group)))
        steps += [(visit.name, sum(_held(one, visit.key) for one in group)) for visit in visits]
        steps.append(("left the study", sum(one.left_on is not None for one in group)))
        steps.append(("died", sum(one.died_on is not None for one in group)))
        name = "all arms" if label == "all" else label
        by_arm.append({"label": name, "steps": [{"what": w, "n": n} for w, n in steps]})
    return {
        "consented": sum(one.consented_on is not None for one in persons),
        "screened": sum(one.eligible is not None for one in persons),
        "not_eligible": sum(one.eligible is False for one in persons),
        "eligible": len(eligible),
        "not_allocated": len(eligible) - len(allocated),
        "allocated": len(allocated),
        "arms": by_arm,
    }


def _held(person: Person, visit: str) -> bool:
    return any(one.key == visit and one.held_on is not None for one in person.visits)


def _enrolment(persons: Sequence[Person], picture: Picture, cutoff: date) -> JSON:
    """Allocated people by month beside what the design expects, and why others were not eligible."""
    days = sorted(one.on for one in picture.of("allocation") if one.on is not None)
    reasons: Counter[str] = Counter()
    for one in picture.of("screening"):
        if not one.body.eligible:
            failed = [check.rule for check in one.body.checks if not check.met]
            failed += [answer.criterion for answer in one.body.answers if not answer.met]
            reasons.update(failed or ["not said"])
    places = sum(arm.n for arm in picture.design.arms)
    first = min((one.consented_on for one in persons if one.consented_on), default=cutoff)
    months = max((cutoff - first).days / 30.4375, 0.0)
    expected = min(places, picture.design.population.eligible_per_month * months)
    return {
        "days": [day.isoformat() for day in days],
        "first": first.isoformat(),
        "expected_per_month": picture.design.population.eligible_per_month,
        "expected": round(expected, 1),
        "actual": len(days),
        "places": places,
        "reasons": [{"reason": reason, "n": n} for reason, n in reasons.most_common()],
    }


def _baseline(persons: Sequence[Person], arms: Arms) -> list[JSON]:
    """Counts of allocated people by what the baseline shows."""
    groups = arms.split([one for one in persons if one.arm is not None])
    rows: list[JSON] = []

    def row(name: str, test: Callable[[Person], bool]) -> None:
        cells = {label: sum(map(test, group)) for label, group in groups.items()}
        rows.append({"what": name, "n": cells})

    rows.append({"what": "allocated people", "n": {k: len(v) for k, v in groups.items()}})
    for grade in "ABCD":
        row(f"AIS {grade}", lambda one, g=grade: _ais(one, "baseline") == g)  # type: ignore[misc]
    row("AIS not determined", lambda one: _ais(one, "baseline") not in tuple("ABCD"))
    row("tetraplegia (level C1 to T1)", lambda one: _neck(one) is True)
    row("paraplegia (below T1)", lambda one: _neck(one) is False)
    for sex in ("female", "male"):
        row(sex, lambda one, s=sex: one.body.sex == s)  # type: ignore[misc]
    row("age under 40 at injury", lambda one: (_age(one) or 99) < 40)
    row("age 40 or more", lambda one: (_age(one) or 0) >= 40)
    row("baseline exam by day 21", lambda one: _exam_day(one) is not None and _exam_day(one) <= 21)  # type: ignore[operator]
    row("baseline exam after day 21", lambda one: (_exam_day(one) or 0) > 21)
    return rows


def _ais(person: Person, visit: str) -> str | None:
    exam = person.exams.get(visit)
    return None if exam is None or exam.body.grades is None else exam.body.grades.ais


def _neck(person: Person) -> bool | None:
    from saisei.exam.isncsci.levels import Level

    exam = person.exams.get("baseline")
    if exam is None or exam.body.grades is None:
        return None
    try:
        return bool(Level.parse(exam.body.grades.nli.rstrip("*")) <= Level.T1)
    except ValueError:
        return None


def _age(person: Person) -> int | None:
    body = person.body
    year = body.born_on.year if body.born_on else body.birth_year
    return None if year is None else body.injured_on.year - year


def _exam_day(person: Person) -> int | None:
    exam = person.exams.get("baseline")
    return None if exam is None or exam.on is None else (exam.on - person.body.injured_on).days


def _exposure(persons: Sequence[Person], arms: Arms, part: str) -> JSON:
    """Follow-up after treatment and what was given, of the treated people."""
    treated = [one for one in persons if one.treated_on is not None]
    rows = []
    for label, group in arms.split(treated).items():
        days = sorted(one.follow_up_days or 0 for one in group)
        given = [dosing.body for one in group for dosing in one.dosings]
        rows.append(
            {
                "label": label,
                "people": len(group),
                "person_years": round(sum(days) / _DAYS_A_YEAR, 2),
                "median_days": days[len(days) // 2] if days else None,
                "cells_given": sum(one.cells_given for one in given),
                "cells_planned": sum(one.cells_planned for one in given),
                "below_plan": sum(one.cells_given < one.cells_planned for one in given),
                "lowest_viability": min(
                    (one.viability for one in given if one.viability is not None), default=None
                ),
                "longest_hours_from_thaw": max(
                    (one.hours_from_thaw for one in given if one.hours_from_thaw is not None),
                    default=None,
                ),
            }
        )
    return {"rows": rows if part == "closed" else rows[-1:]}


def _swimmer(persons: Sequence[Person], arms: Arms, cutoff: date) -> list[JSON]:
    """One row a treated or allocated person: follow-up from day zero, events, the end."""
    rows = []
    for one in persons:
        if one.day_zero is None or one.arm is None:
            continue
        zero = one.day_zero
        rows.append(
            {
                "participant": one.id,
                "arm": arms.labels.get(one.arm, ""),
                "to": (one.followed_to - zero).days,
                "ongoing": one.died_on is None and one.left_on is None,
                "end": "died" if one.died_on else "left" if one.left_on else "",
                "visits": [(v.held_on - zero).days for v in one.visits if v.held_on is not None],
                "events": [
                    {"day": (e.on - zero).days, "grade": e.body.grade, "serious": e.body.serious}
                    for e in one.events
                    if e.on is not None
                ],
            }
        )
    assert cutoff is not None
    return sorted(rows, key=lambda row: (row["arm"], -row["to"], row["participant"]))
