"""Published scores by week after the injury (EMSCI): a band to draw beside people, never a comparison group.

Means and spreads of whoever was seen at each week, by grade at the first exam. Differences of means are not
changes within people. BSD-3-Clause, see the licence text beside the table.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["CoursePoint", "published_course"]


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Mean and standard deviation of a score at a week."""

    week: float
    n: int
    mean: float
    sd: float


@cache
def _table() -> tuple[dict[str, str], ...]:
    path = files("saisei.patient") / "data" / "emsci_timecourse.csv"
    return tuple(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def published_course(plegia: str, ais: str, measure: str) -> tuple[CoursePoint, ...]:
    """The published points of one group, by week; empty where there is no such group.

    Args:
        plegia: `tetraplegia` or `paraplegia`.
        ais: grade at the first exam, A to D.
        measure: `uems`, `lems`, `light_touch` or `pin_prick`.

    >>> [point.week for point in published_course("tetraplegia", "A", "uems")]
    [2.0, 4.0, 12.0, 26.0, 52.0]
    """
    rows = [
        CoursePoint(
            float(row["weeks_post_injury"]), int(row["n"]), float(row["mean"]), float(row["sd"])
        )
        for row in _table()
        if (row["plegia"], row["baseline_ais"], row["measure"]) == (plegia, ais, measure)
    ]
    return tuple(sorted(rows, key=lambda one: one.week))
