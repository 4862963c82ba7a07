"""An alarm: which rule, the numbers, what the protocol says to do. And the questions that records raise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np

from saisei.exam.isncsci.domains import values_of
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.plausibility import JUMP_GRADES, plausibility_change
from saisei.params import value
from saisei.trial.grading import code_table, isncsci, misgraded
from saisei.trial.people import Person, VisitState
from saisei.trial.picture import Picture
from saisei.trial.record import Record

_MUSCLES = [*range(56, 66), *range(122, 132)]
_NT = 9
_NLI, _AIS = 4, 6

__all__ = ["Alarm", "Urgency", "record_alarms", "visit_alarms"]


class Urgency(StrEnum):
    """What an alarm asks for."""

    ACT = "act"
    WATCH = "watch"
    NOTE = "note"


@dataclass(frozen=True)
class Alarm:
    """One thing to be told.

    Attributes:
        rule: short name of the rule.
        urgency: act (the exit code is 1), watch, or note.
        what: one sentence with the numbers.
        protocol: what the protocol, the design or the settings say to do.
        participant: pseudonym, or empty.
        site: of the person, or empty.
        numbers: the numbers of the sentence, by name.
        entities: ids of the records it is about.
    """

    rule: str
    urgency: Urgency
    what: str
    protocol: str
    participant: str = ""
    site: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    entities: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The alarm as JSON values."""
        found = asdict(self)
        return {**found, "urgency": self.urgency.value, "entities": list(self.entities)}


def visit_alarms(persons: list[Person], picture: Picture) -> Iterator[Alarm]:
    """Visits overdue, at risk, outside their window; visits without what they should bring."""
    primary = picture.design.endpoint.visit
    excused = {
        (one.subject, one.happened)
        for one in picture.of("deviation")
        if one.body.area == "visit window"
    }
    for person in persons:
        about: dict[str, Any] = {"participant": person.id, "site": person.record.site}
        for visit in person.visits:
            numbers = {
                "visit": visit.key, "due": visit.due.isoformat(), "closes": visit.closes.isoformat(),
            }  # fmt: skip
            name = f"{person.id}, {visit.name}"
            window = f"window {visit.opens} to {visit.closes}"
            if visit.state is VisitState.OVERDUE:
                yield Alarm(
                    "visit overdue", Urgency.ACT, f"{name}: not held, {window}",
                    "hold it now and enter a deviation, or enter it as missed", **about, numbers=numbers,
                )  # fmt: skip
            elif visit.state is VisitState.AT_RISK:
                yield Alarm(
                    "window at risk", Urgency.WATCH, f"{name}: not held yet, {window}",
                    "call the person in", **about, numbers=numbers,
                )  # fmt: skip
            elif (
                visit.state is VisitState.OUTSIDE and (person.id, str(visit.held_on)) not in excused
            ):
                yield Alarm(
                        "outside the window", Urgency.WATCH,
                        f"{name}: held on {visit.held_on}, {abs(visit.days_off)} days outside ({window})",
                        "enter a deviation (area visit window) of that day", **about,
                        numbers={**numbers, "days_off": visit.days_off},
                    )  # fmt: skip
        yield from _missing(person, picture, primary, about)


def _missing(
    person: Person, picture: Picture, primary: str, about: dict[str, Any]
) -> Iterator[Alarm]:
    required = picture.settings.required
    for visit in person.visits:
        if visit.held_on is None:
            continue
        if visit.key not in person.exams:
            yield Alarm(
                "exam missing", Urgency.ACT if visit.key == primary else Urgency.WATCH,
                f"{person.id}, {visit.name}: held on {visit.held_on}, but there is no ISNCSCI exam",
                f"enter the exam; otherwise the design counts it: {picture.design.missing_data.rule}"
                if visit.key == primary
                else "enter the exam, or a deviation",
                **about, numbers={"visit": visit.key},
            )  # fmt: skip
        for one in required:
            if one.visit not in ("*", visit.key):
                continue
            for kind in one.kinds:
                if not _brought(picture, kind, person.id, visit.key, visit.held_on):
                    yield Alarm(
                        "item missing", Urgency.WATCH,
                        f"{person.id}, {visit.name}: no {kind.replace('_', ' ')}",
                        "the settings ask for it: enter it, or a deviation", **about,
                        numbers={"visit": visit.key, "kind": kind},
                    )  # fmt: skip


def _brought(picture: Picture, kind: str, who: str, visit: str, on: date) -> bool:
    for one in picture.of(kind, who):
        if getattr(one.body, "visit", None) == visit:
            return True
        until = getattr(one.body, "until", one.on)
        if (
            not hasattr(one.body, "visit")
            and one.on is not None
            and one.on <= on <= (until or one.on)
        ):
            return True
    return False


def record_alarms(persons: list[Person], picture: Picture) -> Iterator[Alarm]:
    """Exams that grade differently now, jumps, volumes that grow, drug levels, signatures, queries."""
    for record, kept, now in misgraded(picture.of("exam")):
        yield Alarm(
            "grade differs", Urgency.ACT,
            f"{record.subject}, {record.body.visit}: stored AIS {kept}, its codes give {now}",
            "do not use the stored grade; correct the exam so that it is graded again, and find out why",
            record.subject, record.site, {"stored": kept, "computed": now}, (record.entity,),
        )  # fmt: skip
    yield from _jumps(persons)
    for person in persons:
        yield from _screened(person, picture)
        yield from _growth(person, picture)
        yield from _levels(person, picture)
    yield from _open_queries(picture)


def _screened(person: Person, picture: Picture) -> Iterator[Alarm]:
    """Eligibility was judged on a grade and a level that the exam of that day does not have."""
    for screening in picture.of("screening", person.id):
        said = screening.body
        for exam in picture.of("exam", person.id):
            grades = exam.body.grades
            if exam.body.on != said.exam_on or grades is None:
                continue
            levels, letters = values_of(grades.sets[_NLI]), values_of(grades.sets[_AIS])
            if int(Level.parse(said.nli)) in levels and "ABCDE".index(said.ais) in letters:
                continue
            yield Alarm(
                "screening differs", Urgency.WATCH,
                f"{person.id}: screened as AIS {said.ais} {said.nli}, the exam of {said.exam_on} grades as"
                f" AIS {grades.ais} {grades.nli}",
                "correct the screening or the exam; eligibility is judged again with it", person.id,
                person.record.site,
                {"screened": f"{said.ais} {said.nli}", "graded": f"{grades.ais} {grades.nli}"},
                (screening.entity, exam.entity),
            )  # fmt: skip


Exams = tuple[Record[Any], Record[Any]]


def _jumps(persons: list[Person]) -> Iterator[Alarm]:
    pairs: list[Exams] = []
    for person in persons:
        exams = sorted(person.exams.values(), key=lambda one: (one.happened, one.seq))
        pairs += pairwise(exams)
    for before, after in _worth_a_look(pairs):
        first, second = before.body, after.body
        found = [str(one) for one in plausibility_change(isncsci(first), isncsci(second))]
        shift = _level_shift(before, after)
        if shift is not None and abs(shift) > value("trial.jump_levels"):
            direction = "caudal" if shift > 0 else "rostral"
            found.append(f"the NLI moved {abs(shift)} segments {direction}")
        if not found:
            continue
        shown = "; ".join(found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")
        yield Alarm(
            "implausible jump", Urgency.WATCH,
            f"{before.subject}, {first.visit} to {second.visit}: {shown}",
            "ask the examiner for a second look; real change stays as it is", before.subject,
            before.site, {"questions": len(found), "segments": shift},
            (before.entity, after.entity),
        )  # fmt: skip


def _worth_a_look(pairs: list[Exams]) -> list[Exams]:
    """Pairs that may raise a question: a large step in a muscle, or another grade or level.

    A quick sieve over all pairs at once; what passes is asked by `plausibility_change`.
    """
    if not pairs:
        return []
    codes = [code_table([pair[place].body for pair in pairs])[:, _MUSCLES] % 10 for place in (0, 1)]
    tested = (codes[0] != _NT) & (codes[1] != _NT)
    large = (np.abs(codes[1] - codes[0]) > JUMP_GRADES) & tested
    steps = large.any(axis=1)
    return [
        pair for pair, step in zip(pairs, steps.tolist(), strict=True) if step or _regraded(*pair)
    ]


def _regraded(before: Record[Any], after: Record[Any]) -> bool:
    grades = before.body.grades, after.body.grades
    if grades[0] is None or grades[1] is None:
        return True
    return any(grades[0].sets[i] != grades[1].sets[i] for i in (_NLI, _AIS))


def _level_shift(before: Record[Any], after: Record[Any]) -> int | None:
    """Segments that the NLI moved, positive when caudal; None where either is not determinable."""
    grades = before.body.grades, after.body.grades
    if grades[0] is None or grades[1] is None:
        return None
    levels = [values_of(one.sets[4]) for one in grades]
    if len(levels[0]) != 1 or len(levels[1]) != 1:
        return None
    return int(Level(levels[1][0])) - int(Level(levels[0][0]))


def _growth(person: Person, picture: Picture) -> Iterator[Alarm]:
    settings = picture.settings
    limit = settings.growth_percent or value("trial.growth_percent")
    images = sorted(picture.of("imaging", person.id), key=lambda one: one.happened)
    for name, words in (("graft_ul", "graft"), ("cyst_ul", "cyst"), ("lesion_ul", "lesion")):
        seen = [(one, getattr(one.body, name)) for one in images]
        known = [(one, volume) for one, volume in seen if volume is not None]
        for (before, was), (after, now) in pairwise(known):
            if now <= was or now - was <= was * limit / 100.0:
                continue
            percent = None if was == 0 else 100.0 * (now - was) / was
            grown = "from nothing" if percent is None else f"by {percent:.0f}%"
            yield Alarm(
                "growth on MRI", Urgency.ACT,
                f"{person.id}: {words} {was:g} uL on {before.happened}, {now:g} uL on"
                f" {after.happened}, grown {grown} (limit {limit:g}%)",
                settings.growth_action or "read both images again, and tell the board if it is confirmed",
                person.id, person.record.site,
                {"what": words, "before_ul": was, "after_ul": now, "percent": percent, "limit": limit},
                (before.entity, after.entity),
            )  # fmt: skip


def _levels(person: Person, picture: Picture) -> Iterator[Alarm]:
    ranges = {one.drug: one for one in picture.settings.drugs}
    newest: dict[str, Record[Any]] = {}
    for one in sorted(picture.of("drug_level", person.id), key=lambda one: (one.happened, one.seq)):
        newest[one.body.drug] = one
    for drug, one in newest.items():
        wanted = ranges.get(drug)
        if wanted is None:
            continue
        body = one.body
        about: dict[str, Any] = {
            "participant": person.id,
            "site": person.record.site,
            "entities": (one.entity,),
        }
        if body.unit != wanted.unit:
            yield Alarm(
                "drug level", Urgency.ACT,
                f"{person.id}: {drug} in {body.unit}, the protocol states its range in {wanted.unit}",
                "correct the unit or the level", **about,
            )  # fmt: skip
            continue
        start, until = person.treated_on, wanted.until_day
        if start is not None and until is not None and (body.on - start).days > until:
            continue
        if wanted.low <= body.level <= wanted.high:
            continue
        side = "below" if body.level < wanted.low else "above"
        yield Alarm(
            "drug level", Urgency.ACT,
            f"{person.id}: {drug} {body.level:g} {body.unit} on {body.on}, {side} the range"
            f" {wanted.low:g} to {wanted.high:g}",
            "adjust the dose and measure again", **about,
            numbers={"level": body.level, "low": wanted.low, "high": wanted.high},
        )  # fmt: skip


def _open_queries(picture: Picture) -> Iterator[Alarm]:
    waiting = [one for one in picture.of("query") if one.body.state == "open"]
    if waiting:
        oldest = min(waiting, key=lambda one: one.happened)
        yield Alarm(
            "open queries", Urgency.NOTE,
            f"{len(waiting)} queries are open, the oldest since {oldest.happened}", "answer them",
            numbers={"open": len(waiting)}, entities=tuple(one.entity for one in waiting),
        )  # fmt: skip
