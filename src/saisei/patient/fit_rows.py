"""Published transition tables as the virtual patients give them, each in its own window, level and era.

Takes rows of `saisei.study.registries` and people seen at the rows' windows; gives the share of each
outcome cell. The year of injury enters by exact weights. Which rows the fit may see: D80.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from saisei.patient.fit_seen import Seen, Window
from saisei.patient.fit_targets import Measured, Target, near
from saisei.study.registries import Kind, Row, load

__all__ = [
    "FITTED",
    "RowShares",
    "follow_window",
    "measure_rows",
    "rows",
    "shares",
    "start_window",
    "windows_of",
]

FITTED: tuple[str, ...] = (
    "marino-2011-a-tetraplegia",
    "marino-2011-b-tetraplegia",
    "marino-2011-c-tetraplegia",
    "marino-2011-d-tetraplegia",
    "marino-2020-a-tetraplegia",
    "marino-2020-a-t1-t9",
    "marino-2020-a-t10-t12",
    "marino-2020-a-tetraplegia-1995",
    "marino-2020-a-tetraplegia-2013",
    "marino-2020-a-t1-t9-1995",
    "marino-2020-a-t1-t9-2013",
    "kirshblum-2022-a-cervical",
    "kirshblum-2022-b-cervical",
    "kirshblum-2016-a-all",
    "spiess-2009-a-all",
    "kawano-2020-a-cervical",
)
"""Rows that the fit sees; every other natural row is held out."""

_OUTSIDE = ("kirshblum-2004-late-a-all", "marino-2020-a-all", "aimetti-2019-a-t2-t12")
_LAST = 730
_MOST_N = 300
_REGISTRY_LOGIT = 0.35
_EARLIEST = 1


@dataclass(frozen=True, slots=True)
class RowShares:
    """A row, its published shares by cell (largest count that fits the print), and the model's shares."""

    row: Row
    n: int
    published: NDArray[np.float64]
    model: NDArray[np.float64]
    people: float

    @property
    def fitted(self) -> bool:
        """Whether the fit saw the row."""
        return self.row.id in FITTED


@cache
def rows() -> tuple[Row, ...]:
    """Natural rows, trial controls and pooled rows that the model speaks of, in the order of the base.

    Left out: treated people, transitions from the first year on, rows that repeat others.
    """
    return tuple(
        row
        for row in load()
        if row.kind is not Kind.TREATED
        and row.id not in _OUTSIDE
        and row.baseline_days[0] <= _LAST
        and row.follow_days[0] <= _LAST
    )


def start_window(row: Row) -> Window:
    """Days of the first exam; `within 30 days (mean 16)` and the like are even over their range."""
    low, high = row.baseline_days
    if low == high:
        return near(round(low))
    # A meta-analysis that mixes times is read as within a month.
    return max(_EARLIEST, round(low)), round(min(high, 30.0) if high > 90.0 else high)


def follow_window(row: Row) -> Window:
    """Days of the last exam; a printed day stands for 10% to either side, a printed mean for itself."""
    low, high = row.follow_days
    if row.follow_mean is not None:
        return near(round(row.follow_mean))
    return near(round(low)) if low == high else (round(low), min(round(high), _LAST))


def windows_of(chosen: Iterable[Row]) -> tuple[Window, ...]:
    """All windows of some rows, each once."""
    found = [window for row in chosen for window in (start_window(row), follow_window(row))]
    return tuple(dict.fromkeys(found))


def shares(seen: Seen, row: Row) -> RowShares:
    """The row's cells among virtual people of its grade, levels and era."""
    start, end = start_window(row), follow_window(row)
    middle = 0.5 * (row.era[0] + row.era[1])
    chosen = seen.between(start, *row.levels) & (seen.at("ais", start) == row.initial.rank)
    weights = seen.weights(middle)[chosen]
    after = seen.at("ais", end)[chosen]
    total = weights.sum()
    model = np.array(
        [weights[np.isin(after, ["ABCDE".index(x) for x in cell])].sum() for cell in row.cells]
    )
    table = row.tables[0]
    published = np.array(table.counts, dtype=np.float64) / table.n
    model = model / total if total > 0 else np.full(len(row.cells), np.nan)
    return RowShares(row, table.n, published, model, float(total))


def measure_rows(seen: Seen, chosen: Iterable[Row] | None = None) -> Iterator[Measured]:
    """Each cell of each row as a target in percent; the first cell of a row of two is left out (it follows).

    The slack is what registries differ by (an odds ratio of 1.4 either way) with a point for rare cells.
    """
    for row in rows() if chosen is None else chosen:
        found = shares(seen, row)
        for k, cell in enumerate(row.cells):
            if k == 0 and len(row.cells) == 2:
                continue
            p = found.published[k]
            n = min(found.n, _MOST_N)
            steady = (p * n + 0.5) / (n + 1.0)
            error = 100.0 * (steady * (1.0 - steady) / n) ** 0.5
            slack = 100.0 * steady * (1.0 - steady) * _REGISTRY_LOGIT + 0.5
            name = f"{row.id} to {cell} (%)"
            target = Target(name, row.study, 100 * p, error, slack, "", found.fitted, "row")
            yield Measured(target, float(100 * found.model[k]))
