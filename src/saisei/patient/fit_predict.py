"""What the posterior says of every published figure: predictive intervals, row by row.

An interval of a transition row holds three things: the posterior of the values, the spread between
registries (a shift of the log odds of better grades and a log weight of each grade, both sizes estimated
from the fitted rows), and sampling of as many people as the row counts. An interval of a score holds the
posterior, sampling and the discrepancy that was set before the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from saisei.patient.cohort import Model
from saisei.patient.fit_rows import RowShares, rows, shares, windows_of
from saisei.patient.fit_seen import see
from saisei.patient.fit_targets import WINDOWS, Target, measure

__all__ = ["Interval", "Predicted", "RowInterval", "predict", "registry_spread", "row_intervals"]

Array = NDArray[np.float64]
_GRID = np.linspace(0.0, 1.5, 16)
_SHIFTS, _CELLS = (part.ravel() for part in np.meshgrid(_GRID, _GRID, indexing="ij"))
_PRIOR_SPREAD = 0.5  # half-normal scale of either spread between registries, in log odds
_NOISE = 600
_FLOOR = 1e-4
_REPEATS = 40
_INSIDE, _OUT = (0.025, 0.975), 0.05
_HALF_PERSON = 1e-3
_TABLES = 400


@dataclass(frozen=True, slots=True)
class Interval:
    """A published figure and the central 95% of what the posterior predicts for it."""

    target: Target
    middle: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the published figure lies within."""
        return self.low <= self.target.published <= self.high


@dataclass(frozen=True, slots=True, eq=False)
class RowInterval:
    """A transition row in percent by cell, and how likely the published row is among predicted ones.

    Attributes:
        row: the published row.
        middle, low, high: (cells,) predicted percent, middle and ends of 95%, cell by cell.
        rank: share of predicted rows that are no more likely than the published one.
    """

    row: RowShares
    middle: Array
    low: Array
    high: Array
    rank: float

    @property
    def inside(self) -> bool:
        """Whether the whole row lies in the 95% of predicted rows that are most likely."""
        return self.rank >= _OUT

    @property
    def every_cell(self) -> bool:
        """Whether each cell lies in its own interval: stricter, the more cells a row has."""
        return bool(self.cells_inside.all())

    @property
    def cells_inside(self) -> NDArray[np.bool_]:
        """Which cells lie within their intervals, to the width of one person."""
        published = 100.0 * self.row.published
        found: NDArray[np.bool_] = (published >= self.low - 1e-9) & (published <= self.high + 1e-9)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Simulated figures by draw.

    Attributes:
        targets: all but the transition rows.
        values: (draws, targets).
        rows: the transition rows, with the shares of the last draw.
        cells: for each row (draws, cells) shares.
    """

    targets: Sequence[Target]
    values: Array
    rows: Sequence[RowShares]
    cells: Sequence[Array]

    def intervals(self, rng: np.random.Generator) -> list[Interval]:
        """The predictive interval of each target that is not a transition row."""
        scale = np.array([one.scale for one in self.targets])
        noise = rng.standard_normal((_REPEATS, *self.values.shape)) * scale
        drawn = (self.values[None] + noise).reshape(-1, len(scale))
        low, middle, high = np.nanquantile(drawn, [_INSIDE[0], 0.5, _INSIDE[1]], axis=0)
        return [
            Interval(one, float(m), float(a), float(b))
            for one, m, a, b in zip(self.targets, middle, low, high, strict=True)
        ]


def predict(
    models: Sequence[Model],
    people: int,
    seed: int,
    *,
    workers: int = 2,
    report: Callable[[float], None] = lambda _share: None,
) -> Predicted:
    """Simulate every published figure under each model.

    Args:
        models: posterior draws.
        people, seed: virtual people for each; a seed of their own for each draw.
        workers: threads.
        report: told the share done.
    """
    chosen = rows()
    windows = tuple(dict.fromkeys([*WINDOWS, *windows_of(chosen)]))
    values, cells, last, targets = [], [], [], []
    for k, model in enumerate(models):
        seen = see(model, windows, people, seed + k, workers=workers)
        found = measure(seen)
        last = [shares(seen, row) for row in chosen]
        targets = [one.target for one in found]
        values.append([one.value for one in found])
        cells.append([one.model for one in last])
        report((k + 1) / len(models))
    by_row = [np.array([draw[i] for draw in cells]) for i in range(len(chosen))]
    return Predicted(targets, np.array(values), last, by_row)


def shifted(p: Array, log_odds: Array) -> Array:
    """Cell shares with the odds of better grades multiplied: (..., cells) and (...,) give (..., cells).

    >>> shifted(np.array([0.5, 0.3, 0.2]), np.array(0.0)).round(6).tolist()
    [0.5, 0.3, 0.2]
    """
    above = np.clip(1.0 - np.cumsum(p, axis=-1)[..., :-1], _FLOOR, 1.0 - _FLOOR)
    moved = 1.0 / (1.0 + (1.0 - above) / above * np.exp(-log_odds)[..., None])
    edges = np.concatenate([np.ones((*moved.shape[:-1], 1)), moved], axis=-1)
    ends = np.concatenate([moved, np.zeros((*moved.shape[:-1], 1))], axis=-1)
    found: Array = np.maximum(edges - ends, 0.0)
    return found


def _usable(p: Array) -> Array:
    found: Array = p[np.isfinite(p).all(axis=1)]
    return found


def _of_registry(p: Array, shift: Array, cells: Array) -> Array:
    """Shares as one registry would see them: odds of better grades and weights of grades moved."""
    q = np.maximum(shifted(p, shift), _HALF_PERSON) * np.exp(cells)
    found: Array = q / q.sum(axis=-1, keepdims=True)
    return found


def registry_spread(predicted: Predicted, grades: str) -> Array:
    """Posterior weights over the grid of both spreads between registries, from the fitted rows.

    The first spread is that of the shift of the log odds of better grades, the second that of the log
    weight of each grade (who is called B, C or E). Noise is common to all points of the grid.

    Args:
        predicted: the simulated figures.
        grades: initial grades whose rows tell, such as `AB`.
    """
    log_weight = -0.5 * (_SHIFTS**2 + _CELLS**2) / _PRIOR_SPREAD**2
    rng = np.random.default_rng(0)
    for one, cells in zip(predicted.rows, predicted.cells, strict=True):
        if not one.fitted or one.row.initial.name not in grades:
            continue
        p = np.tile(_usable(cells).mean(axis=0), (_NOISE, 1))
        shift, weight = rng.standard_normal(_NOISE), rng.standard_normal(p.shape)
        counts = one.published * one.n
        for i in range(len(_SHIFTS)):
            log_q = np.log(_of_registry(p, _SHIFTS[i] * shift, _CELLS[i] * weight)) @ counts
            top = log_q.max()
            log_weight[i] += top + np.log(np.exp(log_q - top).mean())
    weight_of = np.exp(log_weight - log_weight.max())
    found: Array = weight_of / weight_of.sum()
    return found


def mean_spread(weights: Array) -> tuple[float, float]:
    """Posterior means of both spreads that `registry_spread` gives weights for: shift, grades."""
    return float(weights @ _SHIFTS), float(weights @ _CELLS)


def row_intervals(
    predicted: Predicted, rng: np.random.Generator, *, by_grade: bool = True
) -> list[RowInterval]:
    """The predictive interval of each transition row, at the number of people that it counts.

    Args:
        predicted: the simulated figures.
        rng: for the registries and the sampling of people.
        by_grade: whether registries may differ in each grade, or in the odds of better grades only.
    """
    spreads = {grades: registry_spread(predicted, grades) for grades in ("AB", "CDE")}
    if not by_grade:
        spreads = {grades: np.where(_CELLS == 0.0, w, 0.0) for grades, w in spreads.items()}
        spreads = {grades: w / w.sum() for grades, w in spreads.items()}
    found = []
    for one, cells in zip(predicted.rows, predicted.cells, strict=True):
        weight = spreads["AB" if one.row.initial.name in "AB" else "CDE"]
        p = np.repeat(_usable(cells), _REPEATS, axis=0)
        if len(p) == 0:
            nothing = np.full(len(one.published), np.nan)
            found.append(RowInterval(one, nothing, nothing, nothing, np.nan))
            continue
        at = rng.choice(len(weight), len(p), p=weight)
        shift = _SHIFTS[at] * rng.standard_normal(len(p))
        q = _of_registry(p, shift, _CELLS[at, None] * rng.standard_normal(p.shape))
        counts = rng.multinomial(one.n, q)
        low, middle, high = np.quantile(
            100.0 * counts / one.n, [_INSIDE[0], 0.5, _INSIDE[1]], axis=0
        )
        rank = _rank(np.round(one.published * one.n), counts, q)
        found.append(RowInterval(one, middle, low, high, rank))
    return found


def _rank(published: Array, counts: NDArray[np.int64], q: Array) -> float:
    """The share of predicted tables that are no more likely than the published one, under the prediction.

    A cell that no virtual person reached is given half a person of those simulated, not nothing.
    """
    log_q = np.log(np.maximum(q, _HALF_PERSON))
    tables = np.concatenate([published[None], counts[:: max(len(counts) // _TABLES, 1)]])
    coefficient = gammaln(tables.sum(axis=1) + 1) - gammaln(tables + 1).sum(axis=1)
    each = tables @ log_q.T
    top = each.max(axis=1)
    likely = coefficient + top + np.log(np.exp(each - top[:, None]).mean(axis=1))
    return float(np.mean(likely[1:] <= likely[0] + 1e-9))
