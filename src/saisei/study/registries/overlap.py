"""Weights, so that the same people are not counted twice.

Papers of one registry overlap in unknown ways. Rows of one registry and initial grade are laid over each
other in cells of one segment and one injury year. A row spreads its people (smallest n that fits) evenly
over its cells. In a cell the largest row is taken to contain all others, so the rows share its number: each
gets the weight largest / sum. The weight of a row is the mean over its cells. A row that starts after the
others have ended (year 1 to 5) says something else about the same people and does not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saisei.exam.isncsci.levels import Level
from saisei.study.registries.rows import Row

__all__ = ["Weight", "weights"]

_LAST_COMMON = Level.T12  # rows of "all" levels hold few people below T12: no cells there


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of a fitted row, its overlap group, and the rows with which it shares people."""

    row: str
    group: str
    weight: float
    shares_with: tuple[str, ...]


def weights(rows: Sequence[Row]) -> dict[str, Weight]:
    """The weight of each fitted row by id, between 0 and 1."""
    fitted = [row for row in rows if row.fitted]
    return {row.id: _weight(row, fitted) for row in fitted}


def _weight(row: Row, fitted: Sequence[Row]) -> Weight:
    others = [
        other
        for other in fitted
        if other.registry == row.registry
        and other.initial == row.initial
        and _same_period(row, other)
    ]
    cells = _cells(row)
    total = 0.0
    for cell in cells:
        densities = [_density(other) for other in others if cell in _cells(other)]
        total += max(densities) / sum(densities)
    shares = tuple(other.id for other in others if other.id != row.id and _cells(other) & cells)
    return Weight(row.id, f"{row.registry} {row.initial}", total / len(cells), shares)


def _same_period(one: Row, other: Row) -> bool:
    """Whether one row starts before the other's last follow-up has begun, and the other way round."""
    return (
        one.baseline_days[0] < other.follow_days[0] or one.baseline_days == other.baseline_days
    ) and (other.baseline_days[0] < one.follow_days[0] or one.baseline_days == other.baseline_days)


def _cells(row: Row) -> set[tuple[int, int]]:
    first, last = row.levels
    end = max(first, min(last, _LAST_COMMON))
    return {
        (level, year)
        for level in range(first, end + 1)
        for year in range(row.era[0], row.era[1] + 1)
    }


def _density(row: Row) -> float:
    return row.smallest_n / len(_cells(row))
