"""A published table of natural recovery as a typed record, and the counts that its rounding allows.

Takes what a paper prints (percentages as text, counts where it gives them, a number of people that may be
unknown). Gives every whole-number table that agrees with the print. Reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import product

from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level

__all__ = ["GRADES", "CountRange", "Kind", "Row", "Table", "Timing", "rounds_to"]

GRADES = "ABCDE"
_LARGEST_N = 2000  # no registry table of one grade and level group is larger
_FACTOR_UNKNOWN_N = 3  # an unknown n is looked for from the smallest that fits to three times that


class Kind(StrEnum):
    """What the people of a row received, and whether it is a table of its own."""

    NATURAL = "natural history"
    CONTROL = "trial control arm"
    TREATED = "treated"
    META = "meta-analysis"


@dataclass(frozen=True, slots=True)
class Table:
    """A whole-number table: `n` people, one count per outcome cell in the order of the row's cells."""

    n: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CountRange:
    """How many of how many reached an outcome; low and high differ where rounding or n leave room."""

    low: int
    high: int
    n_low: int
    n_high: int

    @property
    def rate(self) -> float:
        """The share at the smallest n that fits."""
        return self.low / self.n_low


@dataclass(frozen=True, slots=True)
class Timing:
    """Of those who converted, how many had done so by a day after injury."""

    by_day: float
    count: int


@dataclass(frozen=True)
class Row:
    """One published row: who was graded when, and how they were graded at follow-up.

    `cells` names the outcome cells in grades (`A`, `B`, `CDE`: E is put with C and D where the source has
    no column for it); together they are A to E. `percents` holds what is printed (text, so that its
    decimals count), `counts` what is printed or derived; `rest` names the cell that takes all others.
    Days are since injury. `n` is None where the source does not give it; then it lies between `n_min` and
    `n_max`. `fitted` says whether the landmark model uses the row, `why_not` why it does not.
    """

    id: str
    study: str
    source: str
    registry: str
    kind: Kind
    initial: AIS
    level_label: str
    levels: tuple[Level, Level]
    baseline_label: str
    baseline_days: tuple[float, float]
    follow_label: str
    follow_days: tuple[float, float]
    era: tuple[int, int]
    era_known: bool
    cells: tuple[str, ...]
    percents: Mapping[str, str]
    counts: Mapping[str, int]
    n: int | None
    n_min: int
    n_max: int
    n_label: str
    rest: str = ""
    baseline_mean: float | None = None
    follow_mean: float | None = None
    timing: Timing | None = None
    fitted: bool = True
    why_not: str = ""
    source_errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every whole-number table that agrees with the print, smallest n first."""
        return tuple(_compatible(self))

    @property
    def smallest_n(self) -> int:
        """The smallest number of people that fits the print."""
        return self.tables[0].n

    def reached(self, grades: str) -> CountRange | None:
        """How many were graded in `grades` at follow-up; None where the cells do not tell."""
        inside = [i for i, cell in enumerate(self.cells) if set(cell) <= set(grades)]
        if set("".join(self.cells[i] for i in inside)) != set(grades):
            return None
        sums = [(sum(table.counts[i] for i in inside), table.n) for table in self.tables]
        smallest, largest = self.tables[0].n, self.tables[-1].n
        low = min(k for k, n in sums if n == smallest)
        high = max(k for k, n in sums if n == largest)
        return CountRange(low, high, smallest, largest)

    @property
    def conversion_any(self) -> CountRange | None:
        """How many left their initial grade for a better one."""
        return self.reached(GRADES[self.initial.rank + 1 :])

    @property
    def conversion_to_CD(self) -> CountRange | None:
        """How many of motor complete people (A or B) were graded C or better at follow-up."""
        return self.reached("CDE") if self.initial in (AIS.A, AIS.B) else None


def rounds_to(count: int, n: int, printed: str) -> bool:
    """Whether `count` of `n`, in percent, is printed as `printed` (a half may go up or down).

    >>> rounds_to(7, 62, "11.3"), rounds_to(7, 62, "11.2"), rounds_to(1, 8, "12.5")
    (True, False, True)
    """
    low, high = _bounds(printed)
    return low <= Fraction(100 * count, n) <= high


def _bounds(printed: str) -> tuple[Fraction, Fraction]:
    number = Decimal(printed)
    exponent = number.as_tuple().exponent
    half = Fraction(1, 2) * Fraction(10) ** (exponent if isinstance(exponent, int) else 0)
    return Fraction(number) - half, Fraction(number) + half


def _compatible(row: Row) -> Iterator[Table]:
    if row.n is not None:
        yield from _tables_of(row, row.n)
        return
    largest = row.n_max or _LARGEST_N
    first = 0
    for n in range(max(1, row.n_min), largest + 1):
        if first and row.n_min == 1 and n > _FACTOR_UNKNOWN_N * first:
            return  # larger n would lend a row whose n nobody printed too much weight
        for table in _tables_of(row, n):
            first = first or n
            yield table


def _tables_of(row: Row, n: int) -> Iterator[Table]:
    """Every table of `n` people: all cells but one are tried, the last takes what is left."""
    last = row.rest or row.cells[-1]
    tried = [cell for cell in row.cells if cell != last]
    may_be = _options(row, last, n)
    for counts in product(*(_options(row, cell, n) for cell in tried)):
        left = n - sum(counts)
        if left in may_be:
            by_cell = dict(zip(tried, counts, strict=True)) | {last: left}
            yield Table(n, tuple(by_cell[cell] for cell in row.cells))


def _options(row: Row, cell: str, n: int) -> range:
    if cell in row.counts:
        return range(row.counts[cell], row.counts[cell] + 1)
    if cell not in row.percents:
        return range(n + 1)
    low, high = _bounds(row.percents[cell])
    first = max(0, -((-low * n) // 100))
    return range(int(first), min(n, int((high * n) // 100)) + 1)
