"""From rows of the natural-history base to the arrays of the likelihood.

Takes rows and their weights. Gives index arrays on one grid of days after injury. Exam days are spread evenly
over a baseline window (D33), follow-up days over a follow-up window, levels by the shares of Marino 2020.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.evidence.landmark_kernel import Arrays
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.params import parameter, value
from saisei.study.registries import GRADES, LEVEL_GROUPS, Row, Weight, weights

__all__ = ["GROUPS", "Design", "design", "digest", "era_decades", "level_mix", "time_grid"]

Array = NDArray[np.float64]
GROUPS = ("tetraplegia", "T1-T9", "T10-T12")
_STARTS = 3  # exam days that stand for a baseline window
_ENDS = 2
_MOST_TABLES = 12  # of a row with an unknown n, spread over its tables
_DAYS = (
    0, 1, 3, 5, 7, 10, 14, 17, 21, 25, 28, 35, 42, 49, 56, 70, 90, 120, 183, 274, 365, 547, 1095, 1826,
)  # fmt: skip


@dataclass(frozen=True)
class Design:
    """The fitted rows as arrays; `kernel` is what the compiled likelihood takes."""

    rows: tuple[Row, ...]
    weights: tuple[Weight, ...]
    registries: tuple[str, ...]
    studies: tuple[str, ...]
    split: tuple[bool, ...]  # whether a registry tells C or D from B among those who left A
    single: tuple[bool, ...]  # whether a study stands alone in its registry
    kernel: Arrays


def time_grid(extra: Sequence[float] = ()) -> Array:
    """The days after injury on which the model is evaluated, with `extra` days put in."""
    return np.unique(np.array([*_DAYS, *extra], dtype=np.float64))


def era_decades(year: float, *, extrapolate: bool = False) -> float:
    """Decades from the reference year; flat before the first and after the last observed year."""
    first, last = value("evidence.landmark_first_year"), value("evidence.landmark_last_year")
    inside = year if extrapolate else min(max(year, first), last)
    return (max(inside, first) - value("evidence.landmark_reference_year")) / 10.0


def level_mix(levels: tuple[Level, Level] | None) -> tuple[float, float, float]:
    """Shares of tetraplegia, T1-T9 and T10-T12 in a range of levels, as in Marino 2020.

    >>> level_mix((Level.C1, Level.C8))
    (1.0, 0.0, 0.0)
    """
    known = parameter("evidence.landmark_level_mix").value
    assert isinstance(known, tuple)
    first, last = levels if levels is not None else (Level.C1, Level.T12)
    parts = []
    for name, share in zip(GROUPS, known, strict=True):
        low, high = LEVEL_GROUPS[name]
        inside = max(0, min(last, high) - max(first, low) + 1)
        parts.append(share * inside / (high - low + 1))
    if sum(parts) == 0.0:  # L1 and below: no AIS A row of their own
        parts[2] = 1.0
    total = sum(parts)
    return parts[0] / total, parts[1] / total, parts[2] / total


def design(rows: Sequence[Row], found: Mapping[str, Weight] | None = None) -> Design:
    """The arrays of all fitted rows of grades A to D.

    Args: rows: of the natural-history base and of users; found: weights, by default against overlap.
    Raises: InputError when no row of AIS A is left to fit.
    """
    found = weights(rows) if found is None else found
    chosen = tuple(row for row in rows if row.fitted and row.initial is not AIS.E)
    if not any(row.initial is AIS.A for row in chosen):
        raise InputError("no row of AIS A is left to fit: leave out fewer registries")
    registries = tuple(dict.fromkeys(row.registry for row in chosen))
    studies = tuple(dict.fromkeys(f"{row.registry}: {row.study}" for row in chosen))
    with_a = [one for one in studies if _has_a(one, chosen)]
    papers = [one.split(": ")[0] for one in with_a]
    single = tuple(one not in with_a or papers.count(one.split(": ")[0]) == 1 for one in studies)
    split = tuple(
        any(row.registry == one and row.initial is AIS.A and _splits(row) for row in chosen)
        for one in registries
    )
    kernel = _arrays(chosen, [found[row.id].weight for row in chosen], registries, studies)
    return Design(
        chosen, tuple(found[row.id] for row in chosen), registries, studies, split, single, kernel
    )


def _has_a(study: str, rows: Sequence[Row]) -> bool:
    return any(f"{row.registry}: {row.study}" == study and row.initial is AIS.A for row in rows)


def _splits(row: Row) -> bool:
    return row.conversion_to_CD is not None


def _nodes(
    window: tuple[float, float], mean: float | None, count: int
) -> list[tuple[float, float]]:
    """Days and weights that stand for a window: even, tilted to the mean where it is printed."""
    first, last = window
    if first == last:
        return [(first, 1.0)]
    days = [first + (last - first) * (i + 0.5) / count for i in range(count)]
    even = [1.0 / count] * count
    if mean is None or not days[0] < mean < days[-1]:
        return list(zip(days, even, strict=True))
    centre = sum(days) / count
    spread = sum((day - centre) ** 2 for day in days) / count
    tilt = (mean - centre) / spread
    return [(day, (1.0 + tilt * (day - centre)) / count) for day in days]


def _arrays(
    rows: Sequence[Row], weight: Sequence[float], registries: Sequence[str], studies: Sequence[str]
) -> Arrays:
    starts = [_nodes(row.baseline_days, row.baseline_mean, _STARTS) for row in rows]
    ends = [
        [(row.follow_mean, 1.0)] if row.follow_mean else _nodes(row.follow_days, None, _ENDS)
        for row in rows
    ]
    timed = [row.timing.by_day for row in rows if row.timing]
    grid = time_grid([day for nodes in (*starts, *ends) for day, _ in nodes] + timed)
    days = np.unique([day for nodes in ends for day, _ in nodes])
    follow = np.searchsorted(grid, days)
    start, start_w = _indices(grid, starts, _STARTS)
    end, end_w = _indices(days, ends, _ENDS)
    first, last, n, counts, log_c = _tables(rows)
    cells = np.array([[_cell(row, grade) for grade in GRADES] for row in rows])
    at = [np.searchsorted(grid, row.timing.by_day) if row.timing else -1 for row in rows]
    timed_k = [[row.timing.count, _converted(row)] if row.timing else [0, 0] for row in rows]
    return Arrays(
        grid,
        follow,
        _first_needed(start, start_w, end, end_w, len(days)),
        np.array([row.initial.rank for row in rows]),
        np.array([registries.index(row.registry) for row in rows]),
        np.array([studies.index(f"{row.registry}: {row.study}") for row in rows]),
        np.array([era_decades(sum(row.era) / 2) for row in rows]),
        np.array(weight, dtype=np.float64),
        np.array([level_mix(row.levels) for row in rows]),
        start,
        start_w,
        end,
        end_w,
        cells,
        first,
        last,
        n,
        counts,
        log_c,
        np.array(at, dtype=np.int64),
        np.array(timed_k, dtype=np.float64),
    )


def _indices(
    axis: Array, nodes: Sequence[list[tuple[float, float]]], width: int
) -> tuple[NDArray[np.int64], Array]:
    index = np.zeros((len(nodes), width), dtype=np.int64)
    share = np.zeros((len(nodes), width))
    for r, pairs in enumerate(nodes):
        for i, (day, part) in enumerate(pairs):
            index[r, i], share[r, i] = np.searchsorted(axis, day), part
    return index, share


def _first_needed(
    start: NDArray[np.int64], start_w: Array, end: NDArray[np.int64], end_w: Array, follow: int
) -> NDArray[np.int64]:
    """The earliest grid node from which each follow-up day is reached by any row."""
    first = np.full(follow, 10_000, dtype=np.int64)
    for r in range(len(start)):
        earliest = start[r][start_w[r] > 0].min()
        used = end[r][end_w[r] > 0]
        first[used] = np.minimum(first[used], earliest)
    return first


def _cell(row: Row, grade: str) -> int:
    return next(i for i, cell in enumerate(row.cells) if grade in cell)


def _converted(row: Row) -> int:
    found = row.conversion_any
    assert found is not None  # the reader demands it of rows with a timing
    return found.low


def _tables(
    rows: Sequence[Row],
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array, Array]:
    """Tables of all rows; a row's tables share a prior that falls with n, summing to one."""
    first: list[int] = []
    last: list[int] = []
    n: list[float] = []
    counts: list[list[int]] = []
    log_c: list[float] = []
    for row in rows:
        tables = row.tables
        if len(tables) > _MOST_TABLES:
            at = np.unique(np.linspace(0, len(tables) - 1, _MOST_TABLES).round().astype(int))
            tables = tuple(tables[i] for i in at)
        total = sum(1.0 / table.n for table in tables)
        first.append(len(n))
        for table in tables:
            padded = [*table.counts, *([0] * (5 - len(table.counts)))]
            log_c.append(
                math.lgamma(table.n + 1)
                - sum(math.lgamma(k + 1) for k in table.counts)
                - math.log(table.n * total)
            )
            n.append(float(table.n))
            counts.append(padded)
        last.append(len(n))
    return (
        np.array(first, dtype=np.int64),
        np.array(last, dtype=np.int64),
        np.array(n),
        np.array(counts, dtype=np.float64),
        np.array(log_c),
    )


def digest(rows: Sequence[Row]) -> str:
    """SHA-256 over everything of the fitted rows that the likelihood uses, first 16 hex digits."""
    told = [
        (row.id, row.registry, row.study, str(row.initial), [int(x) for x in row.levels],
         list(row.baseline_days), row.baseline_mean, list(row.follow_days), row.follow_mean,
         list(row.era), list(row.cells), [[t.n, *t.counts] for t in row.tables],
         [row.timing.by_day, row.timing.count] if row.timing else None)
        for row in sorted(rows, key=lambda row: row.id) if row.fitted
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
