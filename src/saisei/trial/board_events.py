"""Adverse events for the board pack: by term, of special interest, and the serious ones one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from saisei.trial.board_arms import Arms
from saisei.trial.people import Person
from saisei.trial.picture import Picture

__all__ = ["events", "listing", "special"]

_DAYS_A_YEAR = 365.25

JSON = dict[str, Any]


def events(persons: Sequence[Person], arms: Arms) -> JSON:
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


def special(persons: Sequence[Person], arms: Arms) -> list[JSON]:
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


def listing(persons: Sequence[Person], arms: Arms, picture: Picture, part: str) -> list[JSON]:
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
