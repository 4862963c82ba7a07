"""What leaves the store: people, exams, doses and events up to a cut-off, as plain facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from saisei.exam.formats.scores import KINDS, TIDY
from saisei.exam.formats.table import ExamRow, ExamTable
from saisei.exam.isncsci.record import COLUMNS
from saisei.trial.grading import texts
from saisei.trial.kinds_people import Exam
from saisei.trial.picture import Picture

__all__ = ["ITEMS", "ExamFact", "Extract", "code_of", "exam_table", "extract", "text_of"]

ITEMS = COLUMNS
"""Names of the 136 items of an exam, as in the tidy layout."""


@dataclass(frozen=True, slots=True)
class ExamFact:
    """One exam with everything that its readers need, and what our grading says of it.

    Attributes:
        codes: 136 codes in the order of `ITEMS`.
        results: quantities in words, by name (`ais`, `nli`, `uems` ...).
    """

    participant: str
    visit: str
    on: date
    examiner: str
    codes: tuple[int, ...]
    repeat: int = 1
    comments: str = ""
    results: tuple[tuple[str, str], ...] = ()

    def body(self) -> Exam:
        """As a record to be entered."""
        return Exam(
            participant=self.participant, visit=self.visit, on=self.on, examiner=self.examiner,
            codes=self.codes, repeat=self.repeat, comments=self.comments, entry="imported",
        )  # fmt: skip

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two exams equal, without what grading adds."""
        return (
            self.participant, self.visit, self.on, self.examiner, self.codes, self.repeat,
            self.comments,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Extract:
    """Facts of a trial up to a cut-off.

    Attributes:
        trial: id; title: of the settings; made_at: moment (UTC) as text; cutoff: last day.
        design: digest of the design in force.
        people, doses, events: one dictionary a person, dosing and adverse event.
        exams: in the order of entry.
    """

    trial: str
    title: str
    made_at: str
    cutoff: date
    design: str
    people: tuple[dict[str, Any], ...]
    doses: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    exams: tuple[ExamFact, ...]


def text_of(item: int, code: int) -> str:
    """A code as the tidy layout writes it (`3*`, `NT`, `yes`, `C5`, empty for no non-key muscle)."""
    return str(TIDY.text(KINDS[item], code))


def code_of(item: int, text: str) -> int:
    """The code of a text; KeyError where the item cannot hold it."""
    return int(TIDY.tokens[KINDS[item]][text])


def extract(picture: Picture, trial: str, cutoff: date, made_at: str) -> Extract:
    """The facts that a picture holds; kinds that its reader may not see are empty.

    Args:
        picture: as of the cut-off, by the rights of whoever exports.
        trial: id of the trial.
        cutoff: last day of the data.
        made_at: moment of the export, UTC, as text.
    """
    zero = {one.subject: one.body for one in picture.of("allocation")}
    people = []
    for one in picture.of("participant"):
        body = one.body
        arm = zero.get(one.subject)
        people.append(
            {
                "participant": one.subject, "site": body.site, "sex": body.sex,
                "birth_year": body.birth_year, "injured_on": body.injured_on,
                "arm": arm.arm if arm else "", "allocated_on": arm.on if arm else None,
            }
        )  # fmt: skip
    exams = [
        ExamFact(
            one.subject, one.body.visit, one.body.on, one.body.examiner, tuple(one.body.codes),
            one.body.repeat, one.body.comments, tuple(texts(one.body).items()),
        )
        for one in picture.of("exam")
    ]  # fmt: skip
    return Extract(
        trial=trial,
        title=picture.settings.title,
        made_at=made_at,
        cutoff=cutoff,
        design=picture.of("design")[0].body.digest,
        people=tuple(people),
        doses=tuple({"participant": one.subject, **one.data} for one in picture.of("dosing")),
        events=tuple(
            {"participant": one.subject, **one.data} for one in picture.of("adverse_event")
        ),
        exams=tuple(exams),
    )


_ROLES = {"person_id": "person_id", "visit": "visit", "date": "date"}


def exam_table(found: Extract, person: str = "person_id") -> ExamTable:
    """The exams as a table for `exam.formats` writers (REDCap, Praxis, tidy).

    Args:
        found: the facts.
        person: name of the column of ids (`record_id` for REDCap).
    """
    rows = tuple(
        ExamRow(
            row=number,
            where=f"exam {number} of the store",
            keys={
                person: one.participant, "visit": one.visit, "date": one.on.isoformat(),
                "examiner": one.examiner, "repeat": str(one.repeat),
            },
            codes=one.codes,
            comments=one.comments,
        )
        for number, one in enumerate(found.exams, 1)
    )  # fmt: skip
    return ExamTable(
        name=f"trial {found.trial}",
        format="tidy",
        reason="exams of the store",
        rows=rows,
        key_columns=(person, "visit", "date", "examiner", "repeat"),
        roles={**_ROLES, "person_id": person},
    )
