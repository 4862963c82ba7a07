"""Product, deviations, drug levels, rules and quality of the data for the board pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from saisei.trial.alarms import Urgency
from saisei.trial.board_arms import Arms
from saisei.trial.looks import look_readings
from saisei.trial.monitor import watch
from saisei.trial.people import Person, VisitState
from saisei.trial.picture import Picture
from saisei.trial.rules_cells import lot_state, vial_state
from saisei.trial.safety import safety_readings

__all__ = ["deviations", "interim_looks", "levels", "lots", "quality", "rules"]

JSON = dict[str, Any]

_OPEN_RULES = frozenset(
    ("visit overdue", "window at risk", "outside the window", "exam missing", "item missing",
     "grade differs", "implausible jump")
)  # fmt: skip


def deviations(persons: Sequence[Person], arms: Arms, picture: Picture) -> list[JSON]:
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


def levels(persons: Sequence[Person], arms: Arms, picture: Picture) -> list[JSON]:
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


def lots(picture: Picture, part: str) -> list[JSON]:
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


def quality(picture: Picture, cutoff: date, persons: Sequence[Person], part: str) -> JSON:
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


def rules(persons: Sequence[Person], picture: Picture) -> list[JSON]:
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


def interim_looks(persons: Sequence[Person], picture: Picture, named: bool) -> JSON:
    """The interim looks that are reached and their bounds; of two arms only where the arms are named.

    A reading of two arms says which arm is the treated one, so a masked pack keeps it back and says so.
    """
    found = look_readings(persons, picture.design)
    keep = bool(found) and found[0].controls > 0 and not named
    return {"rows": [] if keep else [one.as_json() for one in found], "kept": keep}
