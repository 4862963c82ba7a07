"""The primary outcome of each person as far as it is known: seen, still to come, or missing."""

from __future__ import annotations

from dataclasses import dataclass

from saisei.design.document.schema import DesignDocument
from saisei.exam.isncsci.domains import values_of
from saisei.exam.isncsci.grades import AIS
from saisei.trial.people import BASELINE, Person, VisitState

__all__ = ["PersonOutcome", "converted", "grades_of", "outcome_of"]

_GRADES = tuple(AIS)


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """Grades of one person before and after.

    Attributes:
        participant: pseudonym.
        before: possible grades at baseline (one where determinable).
        after: possible grades at the primary visit; empty when not seen.
        final: whether nothing more will come: seen, missed, dead, or gone from the study.
    """

    participant: str
    before: tuple[AIS, ...]
    after: tuple[AIS, ...]
    final: bool


def grades_of(person: Person, visit: str) -> tuple[AIS, ...]:
    """The grades that the exam of a visit leaves possible; empty without an exam."""
    record = person.exams.get(visit)
    if record is None or record.body.grades is None:
        return ()
    return tuple(_GRADES[bit] for bit in values_of(record.body.grades.sets[6]))


def outcome_of(person: Person, design: DesignDocument) -> PersonOutcome:
    """The primary outcome of a person."""
    visit = next((one for one in person.visits if one.key == design.endpoint.visit), None)
    after = grades_of(person, design.endpoint.visit)
    closed = visit is not None and visit.state in (
        VisitState.HELD,
        VisitState.OUTSIDE,
        VisitState.MISSED,
        VisitState.NOT_EXPECTED,
    )
    gone = person.died_on is not None or person.left_on is not None
    return PersonOutcome(
        person.id, grades_of(person, BASELINE), after, bool(after) or closed or gone
    )


def converted(outcome: PersonOutcome, design: DesignDocument) -> bool | None:
    """Whether the conversion endpoint is met; None while it is open, or where it is not on the AIS.

    A missing outcome is not met (both rules of the design say so); a set of grades counts at its worst.
    """
    if not outcome.final or design.endpoint.kind == "responder":
        return None
    if not outcome.after or not outcome.before:
        return False
    after = min(grade.rank for grade in outcome.after)
    before = max(grade.rank for grade in outcome.before)
    kind = design.endpoint.conversion
    if kind == "to D":
        return after >= AIS.D.rank > before
    return after - before >= (2 if kind == "two grades" else 1)
