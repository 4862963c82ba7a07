"""A published trial, read and checked: the object that the later stages work with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from saisei.errors import InputError
from saisei.exam.isncsci.grades import AIS
from saisei.study.changes import Conversions, GradeChange, count_conversions
from saisei.study.schema import (
    AdverseEvents,
    Arm,
    Claim,
    Confidence,
    Continuous,
    Endpoint,
    MotorLevels,
    Outcome,
    Participant,
    Source,
    Sourced,
    SourceKind,
    StudyDocument,
    Visit,
)
from saisei.study.schema.people import Origin, Role

__all__ = ["Study"]

_ALL_GRADES = frozenset(AIS)


@dataclass(frozen=True, slots=True)
class Study:
    """A study document with typed access; nothing changes it.

    `document` holds everything as written (`study.document.disagreements`, `.arithmetic`, `.timeline`,
    `.limits`, `.gaps`, `.comparators`, `.design`, `.product`, `.eligibility`); `digest` is the SHA-256
    of the file's bytes; `origin` is the catalog id or the path it was read from.
    """

    document: StudyDocument
    digest: str
    origin: str

    @property
    def id(self) -> str:
        """The id of the study."""
        return self.document.id

    @property
    def title(self) -> str:
        """The title of the study."""
        return self.document.title

    @property
    def sources(self) -> Mapping[str, Source]:
        """Source key -> source."""
        return self.document.sources

    @property
    def arms(self) -> tuple[Arm, ...]:
        """All arms and groups, in the order of the document."""
        return self.document.arms

    @property
    def treated(self) -> tuple[Arm, ...]:
        """Treated arms that are not part of another arm."""
        return self._arms(Role.TREATED)

    @property
    def controls(self) -> tuple[Arm, ...]:
        """Concurrent control arms that are not part of another arm."""
        return self._arms(Role.CONTROL)

    def _arms(self, role: Role) -> tuple[Arm, ...]:
        return tuple(arm for arm in self.arms if arm.role is role and arm.part_of is None)

    def arm(self, key: str) -> Arm:
        """The arm of that key; InputError names the keys there are."""
        for arm in self.arms:
            if arm.key == key:
                return arm
        known = ", ".join(arm.key for arm in self.arms)
        raise InputError(f"{self.origin} has no arm {key!r}; its arms are {known}")

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Every person listed one by one; empty where only totals are published."""
        return self.document.participants

    def people(self, arm: str) -> tuple[Participant, ...]:
        """The listed participants of one arm."""
        return tuple(person for person in self.participants if person.arm == self.arm(arm).key)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Visits in order of time."""
        return self.document.visits

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Outcome definitions, each with when it was chosen."""
        return self.document.endpoints

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What is said in public, with what the sources bear out."""
        return self.document.claims

    @property
    def adverse_events(self) -> tuple[AdverseEvents, ...]:
        """Harm by arm."""
        return self.document.adverse_events

    @property
    def continuous(self) -> tuple[Continuous, ...]:
        """Means and spreads of scores by arm."""
        return self.document.continuous

    @property
    def motor_levels(self) -> tuple[MotorLevels, ...]:
        """Counts of people who gained motor levels, by arm."""
        return self.document.motor_levels

    @property
    def has_grades(self) -> bool:
        """Whether any arm has AIS grades at follow-up, one by one or as counts."""
        return any(self.changes(arm.key) for arm in self.arms)

    def last_outcome(self, person: Participant) -> Outcome | None:
        """The last outcome with a grade stated; None when there is none."""
        graded = [one for one in person.outcomes if not one.grade.unknown]
        return graded[-1] if graded else None

    def days_after_injury(
        self, person: Participant, outcome: Outcome
    ) -> tuple[float, float] | None:
        """Earliest and latest possible day of an outcome after the injury; None when unbounded."""
        if outcome.day.low is not None and outcome.day.high is not None:
            return outcome.day.low, outcome.day.high
        visit = next((one for one in self.visits if one.key == outcome.visit), None)
        if visit is None or visit.day.low is None or visit.day.high is None:
            return None
        if visit.counted_from is Origin.INJURY:
            return visit.day.low, visit.day.high
        treated = visit.counted_from is Origin.TREATMENT
        start = person.treatment_day if treated else person.exam_day
        if start.low is None or start.high is None:
            return None
        return start.low + visit.day.low, start.high + visit.day.high

    def changes(self, arm: str) -> tuple[GradeChange, ...]:
        """Baseline and last grade of the people of an arm, as exactly as published.

        From the participants where they are listed, otherwise from the counts at the last visit
        that has any; empty when neither exists.
        """
        people = self.people(arm)
        if people:
            return tuple(self._change(person) for person in people)
        order = [visit.key for visit in self.visits]
        rows = [row for row in self.document.transitions if row.arm == arm]
        last = max((order.index(row.visit) for row in rows), default=-1)
        return tuple(GradeChange.of_row(row) for row in rows if order.index(row.visit) == last)

    def _change(self, person: Participant) -> GradeChange:
        outcome = self.last_outcome(person)
        before = person.baseline_grade
        start = frozenset(before.options) or _ALL_GRADES
        if outcome is None:
            return GradeChange(
                start, _ALL_GRADES, before.value, None, 1, missing=True, person=person.id
            )
        after = outcome.grade
        end = frozenset(after.options) or _ALL_GRADES
        return GradeChange(start, end, before.value, after.value, 1, person=person.id)

    def conversions(
        self, arm: str, at_least_grades: int | None = None, to: AIS | None = None
    ) -> Conversions:
        """People of an arm who gained `at_least_grades` grades and reached `to` or better.

        Args:
            arm: key of the arm.
            at_least_grades: grades gained, 1 to 4; 1 when neither argument is given.
            to: lowest grade that counts.

        Returns:
            The published count, and the least and most that the record allows.

        Raises:
            InputError: when the study gives no grades or counts for this arm and endpoint.
        """
        if at_least_grades is None and to is None:
            at_least_grades = 1
        changes = self.changes(arm)
        if changes:
            basis = "participants" if self.people(arm) else "counts of grade changes"
            return count_conversions(changes, at_least_grades, to, basis)
        published = self._published(arm, at_least_grades, to)
        if published is None:
            raise InputError(
                f"{self.origin} gives no AIS grades at follow-up for arm {arm!r}, "
                "so conversions cannot be counted; `saisei study show` lists what it gives"
            )
        return published

    def _published(self, arm: str, grades: int | None, to: AIS | None) -> Conversions | None:
        wanted = {
            one.key for one in self.endpoints if (one.at_least_grades, one.to) == (grades, to)
        }
        for row in self.document.conversions:
            if row.arm == arm and row.endpoint in wanted:
                return Conversions(row.count, row.count, row.count, row.n, "published count")
        return None

    def is_recalled(self, keys: tuple[str, ...]) -> bool:
        """Whether a value rests only on memory: every source it names is marked recalled."""
        kinds = [self.sources[key].kind for key in keys if key in self.sources]
        return bool(kinds) and all(kind is SourceKind.RECALLED for kind in kinds)

    def mark(self, one: Sourced[object] | BaseModel) -> str:
        """A short warning to print beside a value: `recalled`, `low confidence`, or empty."""
        keys: tuple[str, ...] = getattr(one, "source", ())
        confidence = getattr(one, "confidence", None)
        if self.is_recalled(keys):
            return "recalled"
        return "low confidence" if confidence is Confidence.LOW else ""

    def values(self) -> Iterator[tuple[str, BaseModel]]:
        """(path, part) of everything that names a source: sourced values and rows, in order."""
        yield from _walk(self.document, "")

    def cited(self, key: str) -> tuple[str, ...]:
        """Paths of all values and rows that rest on a source."""
        return tuple(
            path
            for path, part in self.values()
            if key in getattr(part, "source", ()) or key in getattr(part, "said_by", ())
        )


def _walk(node: object, path: str) -> Iterator[tuple[str, BaseModel]]:
    if isinstance(node, BaseModel):
        if getattr(node, "source", ()):
            yield path, node
        for name in type(node).model_fields:
            yield from _walk(getattr(node, name), f"{path}.{name}".lstrip("."))
    elif isinstance(node, tuple):
        for position, item in enumerate(node):
            yield from _walk(item, f"{path}[{position}]")
    elif isinstance(node, Mapping):
        for key, item in node.items():
            yield from _walk(item, f"{path}.{key}")
