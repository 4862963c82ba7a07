"""Exams of a file as records of the trial: each row gets a person, a visit and a day, or is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from saisei.errors import DocumentError, Fault, InputError
from saisei.exam.formats import ExamTable
from saisei.exam.formats.table import ExamRow
from saisei.trial.kinds_people import Exam
from saisei.trial.picture import Picture

if TYPE_CHECKING:
    from saisei.trial.exchange.extract import ExamFact

__all__ = ["exams_of_table", "facts_of_table"]

_FORMS = "YYYY-MM-DD"


def exams_of_table(
    table: ExamTable,
    picture: Picture,
    examiner: str,
    visits: Mapping[str, str] | None = None,
    people: Mapping[str, str] | None = None,
) -> list[Exam]:
    """The exams of a file that `exam.formats` read, as bodies to be added all at once.

    What the file itself says of grades and sums is kept beside ours (`reported`).

    Args:
        table: of the file.
        picture: of the store: its people and visits.
        examiner: who examined.
        visits: name of a visit in the file -> key of the design; names equal to a key need none.
        people: id in the file -> pseudonym; ids equal to a pseudonym need none.

    Raises:
        InputError: the file holds no scores, or no ids, visits or days.
        DocumentError: rows with faults or without a place; all of them, and nothing is returned.
    """
    if table.summary_only:
        raise InputError(
            f"{table.name} holds reported values and no scores: there is nothing to grade"
        )
    for role, words in (("person_id", "an id"), ("visit", "a visit"), ("date", "a date")):
        if role not in table.roles:
            raise InputError(f"{table.name} has no column for {words} of an exam: add it")
    faults: list[Fault] = list(table.faults)
    found: list[Exam] = []
    known_visits = {"baseline", *(one.key for one in picture.design.visits)}
    known_people = {one.subject for one in picture.of("participant")}
    for row in table.rows:
        exam = _exam(
            row, table, examiner, (visits or {}, known_visits), (people or {}, known_people), faults
        )
        if exam is not None:
            found.append(exam)
    if faults:
        raise DocumentError(table.name, faults)
    return found


def _exam(
    row: ExamRow,
    table: ExamTable,
    examiner: str,
    visits: tuple[Mapping[str, str], set[str]],
    people: tuple[Mapping[str, str], set[str]],
    faults: list[Fault],
) -> Exam | None:
    person = _placed(row, table, "person_id", people, "there is no such participant", faults)
    visit = _placed(row, table, "visit", visits, "the design has no such visit", faults)
    said = table.key(row, "date")
    try:
        day = date.fromisoformat(said[:10])
    except ValueError:
        rule = "no date of the exam" if not said else f"is no date of the form {_FORMS}"
        faults.append(Fault(row.where, said, rule))
        return None
    if row.codes is None or not person or not visit:
        return None
    return Exam(
        participant=person,
        visit=visit,
        on=day,
        examiner=examiner,
        codes=row.codes,
        entry="imported",
        origin=f"{table.format}: {row.where}"[:500],
        reported=dict(row.reported),
        comments=row.comments,
    )


def _placed(
    row: ExamRow,
    table: ExamTable,
    role: str,
    names: tuple[Mapping[str, str], set[str]],
    rule: str,
    faults: list[Fault],
) -> str:
    said = table.key(row, role)
    chosen = names[0].get(said, said)
    unscheduled = role == "visit" and chosen.startswith("unscheduled-")
    if chosen not in names[1] and not unscheduled:
        mend = "give its name in this trial with --visit or --person"
        faults.append(Fault(row.where, said or "nothing", rule, mend))
        return ""
    return chosen


def facts_of_table(table: ExamTable) -> list[ExamFact]:
    """The exams of a table that this program wrote: person, visit, day, examiner and number as it wrote them.

    Raises:
        DocumentError: rows with faults or without their day; all of them.
        InputError: the file holds no scores.
    """
    from saisei.trial.exchange.extract import ExamFact

    if table.summary_only:
        raise InputError(f"{table.name} holds reported values and no scores: nothing to import")
    faults: list[Fault] = list(table.faults)
    found = []
    for row in table.rows:
        if row.codes is None:
            continue
        said = table.key(row, "date")
        try:
            day = date.fromisoformat(said[:10])
        except ValueError:
            faults.append(Fault(row.where, said, f"has no day of the exam of the form {_FORMS}"))
            continue
        keys = {name: str(content) for name, content in row.keys.items()}
        found.append(
            ExamFact(
                table.key(row, "person_id"), table.key(row, "visit"), day,
                keys.get("examiner", "unknown"), tuple(row.codes), int(keys.get("repeat") or 1),
                row.comments,
            )
        )  # fmt: skip
    if faults:
        raise DocumentError(table.name, faults)
    return found
