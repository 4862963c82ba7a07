"""Grade changes as far as the record tells them, and conversions counted from them with their bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saisei.exam.isncsci.grades import AIS
from saisei.study.schema import Transition

__all__ = ["Conversions", "GradeChange", "count_conversions"]

_ALL_GRADES = frozenset(AIS)


@dataclass(frozen=True, slots=True)
class GradeChange:
    """`count` people with the same knowledge of their change.

    `before` and `after` are the grades possible; `before_reading` and `after_reading` the published
    reading (None when there is none). `unchanged` ties the two: each kept the grade they had.
    `missing` people were not seen at follow-up; their `after` is every grade.
    """

    before: frozenset[AIS]
    after: frozenset[AIS]
    before_reading: AIS | None
    after_reading: AIS | None
    count: int
    unchanged: bool = False
    missing: bool = False
    person: str = ""

    @classmethod
    def of_row(cls, row: Transition) -> GradeChange:
        """The change that a row of published counts describes."""
        before = frozenset(row.before)
        after = before if row.unchanged else frozenset(row.after or _ALL_GRADES)
        start = row.before[0] if len(before) == 1 else None
        end = start if row.unchanged else (row.after or (None,))[0] if len(after) == 1 else None
        return cls(before, after, start, end, row.count, row.unchanged, row.missing)

    def possible(self) -> tuple[tuple[AIS, AIS], ...]:
        """Every (before, after) that the record allows."""
        if self.unchanged:
            return tuple((grade, grade) for grade in sorted(self.before))
        return tuple((start, end) for start in sorted(self.before) for end in sorted(self.after))


@dataclass(frozen=True, slots=True)
class Conversions:
    """`count` of `n` by the published reading; between `low` and `high` by what the record allows.

    People who were not seen at follow-up are in `n`; the published reading counts them as not
    converted. `basis` says what was counted.
    """

    count: int
    low: int
    high: int
    n: int
    basis: str

    @property
    def exact(self) -> bool:
        """Whether the record leaves no room."""
        return self.low == self.high

    def __str__(self) -> str:
        bounds = "" if self.exact else f" (between {self.low} and {self.high})"
        return f"{self.count} of {self.n}{bounds}"


def count_conversions(
    changes: Iterable[GradeChange], at_least_grades: int | None, to: AIS | None, basis: str
) -> Conversions:
    """Count the changes that gain `at_least_grades` and reach `to`; None asks for neither.

    >>> a_to_c = GradeChange(frozenset("A"), frozenset("C"), AIS.A, AIS.C, 2)
    >>> doubtful = GradeChange(frozenset("A"), frozenset("AB"), AIS.A, AIS.A, 1)
    >>> print(count_conversions([a_to_c, doubtful], 1, None, "an example"))
    2 of 3 (between 2 and 3)
    """

    def converts(start: AIS, end: AIS) -> bool:
        start, end = AIS(start), AIS(end)
        gained = at_least_grades is None or end.rank - start.rank >= at_least_grades
        return gained and (to is None or (end.rank >= to.rank and end.rank > start.rank))

    count = low = high = total = 0
    for change in changes:
        verdicts = {converts(start, end) for start, end in change.possible()}
        total += change.count
        low += change.count if verdicts == {True} else 0
        high += change.count if True in verdicts else 0
        before, after = change.before_reading, change.after_reading
        if before is not None and after is not None:
            read = converts(before, after)
        else:
            read = verdicts == {True}
        count += change.count if read else 0
    return Conversions(count, low, high, total, basis)
