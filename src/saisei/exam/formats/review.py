"""All there is to say about the exams of a table: grades, mismatches with the file, questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from saisei.exam.formats.results import Mismatch, compare, grade_sets, result_texts
from saisei.exam.formats.table import ExamRow, ExamTable
from saisei.exam.isncsci.plausibility import PlausibilityWarning, plausibility, plausibility_change
from saisei.exam.isncsci.policy import Policy, policy_named

__all__ = ["Review", "ReviewedRow", "review"]


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """One row of a table with what was found.

    Attributes:
        row: the row as read.
        results: every quantity in words (see `results.result_texts`), empty when the row has faults.
        mismatches: quantities that the file reports otherwise.
        warnings: questions about the exam, and about the change since the person's exam before.
    """

    row: ExamRow
    results: Mapping[str, str]
    mismatches: tuple[Mismatch, ...] = ()
    warnings: tuple[PlausibilityWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """A table with its results, row by row, in the order of the file."""

    table: ExamTable
    policy: Policy
    rows: tuple[ReviewedRow, ...]

    def ais_counts(self) -> dict[str, int]:
        """How many exams have each AIS, `ND` with its grades for those that are open; stars left out."""
        texts = (one.results["ais"] for one in self.rows if one.results)
        counts = Counter(text.replace("*", "") for text in texts)
        return dict(sorted(counts.items(), key=lambda item: _ais_order(item[0])))

    @property
    def mismatches(self) -> list[tuple[ExamRow, Mismatch]]:
        """Every mismatch with its row."""
        return [(one.row, mismatch) for one in self.rows for mismatch in one.mismatches]

    @property
    def warnings(self) -> list[tuple[ExamRow, PlausibilityWarning]]:
        """Every question with its row."""
        return [(one.row, warning) for one in self.rows for warning in one.warnings]


def _ais_order(text: str) -> tuple[bool, str]:
    return text.startswith("ND"), text


def review(
    table: ExamTable,
    policy: Policy | str = "default",
    progress: Callable[[int], None] | None = None,
) -> Review:
    """Grade all sound exams of a table, compare them with what the file says, and ask what looks odd.

    Args:
        table: what `read_exams` returned.
        policy: the reading of the points that the standard leaves open.
        progress: called with the number of rows just done.
    """
    policy = policy_named(policy)
    sets, stars = grade_sets(table.codes(), policy)
    graded = iter(zip(sets.tolist(), stars.tolist(), strict=True))
    before = _exam_before(table)
    rows: list[ReviewedRow] = []
    for row in table.rows:
        if progress is not None:
            progress(1)
        if row.codes is None:
            rows.append(ReviewedRow(row, {}))
            continue
        texts = result_texts(row.codes, *next(graded))
        rows.append(
            ReviewedRow(row, texts, tuple(compare(row.reported, texts)), _warnings(row, before))
        )
    return Review(table, policy, tuple(rows))


def _warnings(row: ExamRow, before: Mapping[int, ExamRow]) -> tuple[PlausibilityWarning, ...]:
    exam = row.exam
    if exam is None:
        return ()
    found = plausibility(exam)
    earlier = before.get(row.row)
    if earlier is not None and earlier.exam is not None:
        found += plausibility_change(earlier.exam, exam)
    return tuple(found)


def _exam_before(table: ExamTable) -> dict[int, ExamRow]:
    """For the row number of each exam, the exam of the same person before it.

    Ordered by week or date where the file has them, else as they stand in the file.
    """
    people: dict[str, list[ExamRow]] = {}
    for row in table.sound:
        person = table.key(row, "person_id")
        if person:
            people.setdefault(person, []).append(row)
    found: dict[int, ExamRow] = {}
    for rows in people.values():
        rows.sort(key=lambda row: _time(table, row))
        for earlier, later in pairwise(rows):
            found[later.row] = earlier
    return found


def _time(table: ExamTable, row: ExamRow) -> tuple[float, str, int]:
    week = table.key(row, "week")
    try:
        weeks = float(week) if week else 0.0
    except ValueError:
        weeks = 0.0
    return weeks if weeks == weeks else 0.0, table.key(row, "date"), row.row
