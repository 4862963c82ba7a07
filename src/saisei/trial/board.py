"""The pack for the safety board at a cut-off, as data: the open part (all arms together) and the closed one.

Takes a picture of the store as of the cut-off; gives JSON values. Everybody is counted from the same lists
of people, so that denominators agree. The open part holds nothing by arm and no outcome of treatment; in
the closed part arms are letters unless the board asked for names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from saisei.trial.alarms import Urgency
from saisei.trial.board_outcomes import outcome_blocks
from saisei.trial.monitor import watch
from saisei.trial.people import Person, VisitState, people
from saisei.trial.picture import Picture
from saisei.trial.rules_cells import lot_state, vial_state
from saisei.trial.safety import safety_readings

__all__ = ["BOARD", "Arms", "board_pack"]

BOARD = "saisei-board/0.1"
_DAYS_A_YEAR = 365.25

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arms:
    """How arms are called in a part: together, by letter, or by name.

    Attributes:
        labels: key of the arm -> label; empty when arms are not told apart.
    """

    labels: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """Labels, `all` last."""
        return [*dict.fromkeys(self.labels.values()), "all"]

    def split(self, persons: Iterable[Person]) -> dict[str, list[Person]]:
        """People by label, and all of them."""
        found: dict[str, list[Person]] = {column: [] for column in self.columns}
        for one in persons:
            label = self.labels.get(one.arm or "")
            if label is not None:
                found[label].append(one)
            found["all"].append(one)
        return found


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
        "events": _events(persons, arms),
        "special": _special(persons, arms),
        "listing": _listing(persons, arms, picture, part),
        "deviations": _deviations(persons, arms, picture),
        "levels": _levels(persons, arms, picture),
        "lots": _lots(picture, part),
        "quality": _quality(picture, cutoff, persons, part),
    }
    if part == "closed":
        pack["rules"] = _rules(persons, picture)
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


def _events(persons: Sequence[Person], arms: Arms) -> JSON:
    """Events by organ class and term: people with at least one, and events."""
    groups = arms.split([one for one in persons if one.arm is not None])
    years = {
        label: sum((one.followed_to - one.day_zero).days for one in group if one.day_zero)
        / _DAYS_A_YEAR
        for label, group in groups.items()
    }
    keys = Counter(
        (event.body.organ_class or "not classed", event.body.term)
        for one in groups["all"]
        for event in one.events
    )
    rows = []
    for (organ, term), _ in sorted(
        keys.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
    ):
        cells = {}
        for label, group in groups.items():
            seen = [
                [
                    e
                    for e in one.events
                    if (e.body.organ_class or "not classed", e.body.term) == (organ, term)
                ]
                for one in group
            ]
            worst = max((e.body.grade for events in seen for e in events), default=None)
            cells[label] = {
                "people": sum(map(bool, seen)), "events": sum(map(len, seen)), "worst": worst,
            }  # fmt: skip
        rows.append({"organ": organ, "term": term, "n": cells})
    totals = {
        label: {
            "people": sum(bool(one.events) for one in group),
            "events": sum(len(one.events) for one in group),
            "serious": sum(e.body.serious for one in group for e in one.events),
            "people_serious": sum(any(e.body.serious for e in one.events) for one in group),
            "related": sum(_related(e.body) for one in group for e in one.events),
        }
        for label, group in groups.items()
    }
    return {
        "denominators": {label: len(group) for label, group in groups.items()},
        "person_years": {label: round(found, 2) for label, found in years.items()},
        "totals": totals,
        "rows": rows,
    }


def _related(body: Any) -> bool:
    return any(how in ("possible", "probable", "definite") for how in body.related.values())


def _special(persons: Sequence[Person], arms: Arms) -> list[JSON]:
    """Events of special interest (`special`), people by label."""
    groups = arms.split([one for one in persons if one.arm is not None])
    names = sorted({e.body.special for one in groups["all"] for e in one.events if e.body.special})
    return [
        {
            "what": name,
            "n": {
                label: sum(any(e.body.special == name for e in one.events) for one in group)
                for label, group in groups.items()
            },
        }
        for name in names
    ]


def _listing(persons: Sequence[Person], arms: Arms, picture: Picture, part: str) -> list[JSON]:
    """Serious events and deaths, one by one; the lot of each in the closed part only."""
    vials = {one.body.vial: one.body.lot for one in picture.of("vial")}
    rows = []
    for one in persons:
        lots = sorted({vials.get(v, "?") for dosing in one.dosings for v in dosing.body.vials})
        for event in one.events:
            body = event.body
            if not body.serious and body.grade < 5:
                continue
            rows.append(
                {
                    "participant": one.id,
                    "on": event.happened,
                    "term": body.term,
                    "grade": body.grade,
                    "why": ", ".join(body.why_serious),
                    "related": ", ".join(f"{k}: {v}" for k, v in body.related.items())
                    or "not said",
                    "expected": body.expected,
                    "outcome": body.outcome,
                    "arm": arms.labels.get(one.arm or "", "") if part == "closed" else "",
                    "day": (event.body.on - one.treated_on).days
                    if one.treated_on and part == "closed"
                    else None,
                    "lot": ", ".join(lots) if part == "closed" else "",
                }
            )
        if one.died_on is not None:
            label = arms.labels.get(one.arm or "", "") if part == "closed" else ""
            rows.append(
                {
                    "participant": one.id,
                    "on": one.died_on.isoformat(),
                    "term": "death",
                    "grade": 5,
                    "why": "death",
                    "related": "see the record",
                    "expected": False,
                    "outcome": "fatal",
                    "arm": label,
                    "day": None,
                    "lot": "",
                }
            )
    return sorted(rows, key=lambda row: (row["on"], row["participant"]))


def _deviations(persons: Sequence[Person], arms: Arms, picture: Picture) -> list[JSON]:
    groups = arms.split(persons)
    where = {one.id: label for label, group in groups.items() if label != "all" for one in group}
    found: Counter[tuple[str, bool, str]] = Counter()
    for one in picture.of("deviation"):
        found[one.body.area, one.body.major, "all"] += 1
        if one.subject in where:
            found[one.body.area, one.body.major, where[one.subject]] += 1
    kinds = sorted({(area, major) for area, major, _ in found})
    return [
        {"area": area, "major": major,
         "n": {label: found[area, major, label] for label in arms.columns}}
        for area, major in kinds
    ]  # fmt: skip


def _levels(persons: Sequence[Person], arms: Arms, picture: Picture) -> list[JSON]:
    """Drug levels out of the wanted range, by drug."""
    groups = arms.split([one for one in persons if one.arm is not None])
    rows = []
    for drug in picture.settings.drugs:
        cells = {}
        for label, group in groups.items():
            levels = [
                e.body.level
                for one in group
                for e in picture.of("drug_level", one.id)
                if e.body.drug == drug.drug
            ]
            out = sum(not drug.low <= level <= drug.high for level in levels)
            cells[label] = {"levels": len(levels), "outside": out}
        words = f"{drug.drug}, {drug.low:g} to {drug.high:g} {drug.unit}"
        rows.append({"what": words, "n": cells})
    return rows


def _lots(picture: Picture, part: str) -> list[JSON]:
    """Every lot with its state, tests and vials; who got them in the closed part only."""
    rows = []
    for lot in picture.of("lot"):
        key = lot.body.lot
        vials = [one.body.vial for one in picture.of("vial") if one.body.lot == key]
        states = Counter(vial_state(picture, vial).split(" to ")[0] for vial in vials)
        tests = [one.body for one in picture.of("lot_test") if one.body.lot == key]
        people_ = sorted(
            {one.subject for one in picture.of("dosing") if set(one.body.vials) & set(vials)}
        )
        rows.append(
            {
                "lot": key,
                "line": lot.body.line,
                "made": lot.body.made_on.isoformat(),
                "expires": lot.body.expires_on.isoformat(),
                "state": lot_state(picture, key),
                "tests": [
                    {"test": t.test, "result": t.result, "limit": t.limit, "passed": t.passed}
                    for t in tests
                ],
                "vials": dict(states),
                "people": people_ if part == "closed" else [],
            }
        )
    return rows


def _quality(picture: Picture, cutoff: date, persons: Sequence[Person], part: str) -> JSON:
    """Visits by state, alarms on records, open queries; what concerns safety stands in the closed part."""
    states: dict[str, Counter[str]] = {}
    for one in persons:
        if one.arm is None:
            continue
        for visit in one.visits:
            states.setdefault(visit.name, Counter())[visit.state.value] += 1
    found = watch(picture, cutoff)
    shown = [one for one in found.alarms if part == "closed" or one.rule in _OPEN_RULES]
    queries = Counter(one.body.state for one in picture.of("query"))
    return {
        "visits": [{"visit": name, "states": dict(count)} for name, count in states.items()],
        "states": [state.value for state in VisitState],
        "alarms": [one.as_json() for one in shown if one.urgency is not Urgency.NOTE],
        "queries": dict(queries),
        "must_act": sum(one.urgency is Urgency.ACT for one in shown),
    }


_OPEN_RULES = frozenset(
    ("visit overdue", "window at risk", "outside the window", "exam missing", "item missing",
     "grade differs", "implausible jump")
)  # fmt: skip


def _rules(persons: Sequence[Person], picture: Picture) -> list[JSON]:
    """Where each safety rule of the design stands."""
    rows = []
    for one in safety_readings(list(persons), picture):
        reading = one.reading
        rows.append(
            {
                "event": one.plan.event,
                "rule": one.plan.rule,
                "window_days": one.plan.window_days,
                "events": reading.events if reading else 0,
                "people": reading.people if reading else 0,
                "effective_people": round(reading.effective_people, 2) if reading else 0,
                "bound": reading.bound if reading else None,
                "stop": bool(reading and reading.stop),
                "upper_limit": reading.upper_limit if reading else None,
                "late": list(one.late),
            }
        )
    return rows


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
