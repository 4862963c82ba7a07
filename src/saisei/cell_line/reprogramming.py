"""Reprogramming of one clone as births, deaths and transitions, in closed form, and drawn event by event.

A donor cell divides at rate b, dies at rate d and turns into an iPS cell at rate v (a chance per division
times b). Source of the class of model: Liu 2016; the laws are those of Kendall's linear birth-death process
(1948) with loss d + v, and for the first iPS cell of a Riccati equation with two real roots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms, require_seed
from saisei.errors import InputError
from saisei.params import value

__all__ = ["Clone", "draw_clones", "packaged_clone"]

Array = NDArray[np.float64]

_PURPOSE = PURPOSES["donor"]
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Clone:
    """The rates of a clone that starts from one cell, per day.

    Attributes:
        birth, death, transition: b, d and v; b above 0, none negative.

    >>> clone = Clone(1.0, 0.5, 0.0)
    >>> round(float(clone.extinct(1e6)), 6)   # d / b
    0.5
    """

    birth: float
    death: float
    transition: float

    def __post_init__(self) -> None:
        rates = (self.birth, self.death, self.transition)
        if not all(math.isfinite(x) and x >= 0 for x in rates) or self.birth == 0:
            raise InputError(f"rates of {rates} a day: give births above 0 and no negative rate")

    @property
    def growth(self) -> float:
        """Net growth b - d - v."""
        return self.birth - self.death - self.transition

    def _grown(self, days: ArrayLike) -> tuple[Array, Array]:
        """exp(growth t), and (exp(growth t) - 1)/growth with its limit t."""
        t = np.asarray(days, dtype=np.float64)
        rate = self.growth
        with np.errstate(over="ignore"):
            reached = np.exp(rate * t)
            area = np.expm1(rate * t) / rate if rate else t
        return reached, np.asarray(area)

    def mean_cells(self, days: ArrayLike) -> Array:
        """Expected donor cells of the clone."""
        return self._grown(days)[0]

    def variance_cells(self, days: ArrayLike) -> Array:
        """Variance of the number of donor cells."""
        reached, area = self._grown(days)
        return np.asarray((self.birth + self.death + self.transition) * reached * area)

    def mean_transitions(self, days: ArrayLike) -> Array:
        """Expected iPS cells that have arisen (their own divisions not counted)."""
        return np.asarray(self.transition * self._grown(days)[1])

    def extinct(self, days: ArrayLike) -> Array:
        """Probability that no donor cell is left."""
        _, area = self._grown(days)
        loss = self.death + self.transition
        with np.errstate(invalid="ignore"):
            share = loss * area / (1.0 + self.birth * area)
        limit = loss / self.birth if self.birth else 1.0
        return np.asarray(np.where(np.isfinite(area), share, min(limit, 1.0)))

    def cells_pmf(self, most: int, days: float) -> Array:
        """Probabilities of 0, 1, ... `most` donor cells, (most + 1,): a geometric law with an extra zero."""
        _, area = self._grown(days)
        loss = self.death + self.transition
        none = float(loss * area / (1.0 + self.birth * area))
        ratio = float(self.birth * area / (1.0 + self.birth * area))
        n = np.arange(1, most + 1)
        return np.concatenate([[none], (1.0 - none) * (1.0 - ratio) * ratio ** (n - 1.0)])

    def _roots(self) -> tuple[float, float]:
        """Roots of b u^2 - (b + d + v) u + d, smaller first, without loss of digits."""
        total = self.birth + self.death + self.transition
        # total^2 - 4 b d as a sum of what cannot cancel
        inner = (self.birth - self.death) ** 2 + self.transition * (
            self.transition + 2.0 * (self.birth + self.death)
        )
        high = (total + math.sqrt(inner)) / (2.0 * self.birth)
        return self.death / (self.birth * high), high

    def none_yet(self, days: ArrayLike) -> Array:
        """Probability that no iPS cell has arisen by a day, in the clone or what is left of it."""
        t = np.asarray(days, dtype=np.float64)
        low, high = self._roots()
        if self.transition == 0.0:
            return np.ones_like(t)
        # high - 1 and 1 - low by their product v / b, so that a rare transition keeps its digits
        above = self.transition / self.birth / (1.0 - low) if low < 1.0 else high - 1.0
        with np.errstate(over="ignore"):
            e = np.exp(-self.birth * (high - low) * t)
        ratio = (1.0 - low) / above * e
        return np.asarray((low + high * ratio) / (1.0 + ratio))

    def ever(self) -> float:
        """Probability that the clone ever gives an iPS cell."""
        return 1.0 - self._roots()[0] if self.transition > 0 else 0.0


def packaged_clone() -> Clone:
    """The clone of the packaged values."""
    birth = value("cell_line.divisions_per_day")
    return Clone(
        birth,
        value("cell_line.deaths_per_day"),
        birth * value("cell_line.transitions_per_division"),
    )


@compiled
def _run(
    rates: NDArray[np.float64],
    days: float,
    most: int,
    seed: int,
    clone: int,
    room: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    cells, arisen, first, t = 1, 0, math.inf, 0.0
    birth, death, transition = rates[0], rates[1], rates[2]
    total = birth + death + transition
    at, block = _BLOCK, 0
    while cells > 0 and cells < most:
        if at >= _BLOCK:
            fill_uniforms(room, seed, clone, block, _PURPOSE, 0)
            at, block = 0, block + 1
        t -= math.log(room[at]) / (total * cells)
        if t > days:
            break
        u = room[at + 1] * total
        at += 2
        if u < birth:
            cells += 1
        elif u < birth + death:
            cells -= 1
        else:
            cells -= 1
            arisen += 1
            if arisen == 1:
                first = t
    out[0], out[1], out[2] = cells, arisen, first


@compiled
def _run_all(
    rates: NDArray[np.float64],
    days: float,
    most: int,
    seed: int,
    clones: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    room = np.empty(_BLOCK)
    for i in range(len(clones)):
        _run(rates, days, most, seed, clones[i], room, out[i])


def draw_clones(
    seed: int, clones: NDArray[np.int64], clone: Clone, days: float, most: int = 1_000_000
) -> Array:
    """Clones drawn event by event (Gillespie): donor cells, iPS cells that arose, day of the first, (n, 3).

    Args:
        seed, clones: the keys; a clone depends on (seed, number) alone.
        clone: the rates.
        days: where it stops; the day of the first is infinite if none arose.
        most: a clone that reaches so many donor cells stops there.

    >>> draw_clones(1, np.arange(2), Clone(1.0, 0.0, 0.0), 0.0).tolist()
    [[1.0, 0.0, inf], [1.0, 0.0, inf]]
    """
    if not (math.isfinite(days) and days >= 0):
        raise InputError(f"{days} days: give a number from 0")
    out = np.empty((len(clones), 3))
    rates = np.array([clone.birth, clone.death, clone.transition])
    _run_all(rates, float(days), most, require_seed(seed), clones.astype(np.int64), out)
    return out
