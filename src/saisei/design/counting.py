"""Designs on counts of converters: every outcome is listed, so every characteristic is a finite sum.

One arm: an outcome is where the trial ended (people seen, converters) and how many ways lead there.
Two arms: an outcome is a pair of counts. Decisions and estimates are fixed before any truth is named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.domain import require_count
from saisei.design.power import binomial_pmf_vector

__all__ = [
    "OneArmCounts",
    "TwoArmCounts",
    "TwoArmPaths",
    "binomial_rows",
    "one_arm_outcomes",
    "two_arm_outcomes",
]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OneArmCounts:
    """Every outcome of a one-arm trial that counts converters.

    Attributes:
        people, converters: of each outcome, shape (outcomes,).
        log_paths: logarithm of the number of sequences of results that end there.
        go, stop: whether the outcome counts as success, and whether the stop criterion is met.
        early: whether the trial ended there before its last look.
    """

    people: I64
    converters: I64
    log_paths: F64
    go: Flags
    stop: Flags
    early: Flags

    def laws(self, rates: F64) -> F64:
        """Probabilities of the outcomes at each rate, shape (rates, outcomes)."""
        p = np.asarray(rates, dtype=np.float64)[:, None]
        missed = self.people - self.converters
        return np.asarray(
            np.exp(self.log_paths + special.xlogy(self.converters, p) + special.xlog1py(missed, -p))
        )


def one_arm_outcomes(
    looks: Sequence[int],
    stop_at_most: Sequence[int],
    go: Flags,
    stop: Flags,
    succeed_at_least: Sequence[int] | None = None,
) -> OneArmCounts:
    """The outcomes of a one-arm trial that may end at its earlier looks.

    Args:
        looks: people at each look, the last being all.
        stop_at_most: converters at or below which it ends at each earlier look; -1 for never.
        go, stop: by converters of all people, shape (n + 1,); an early end is a stop.
        succeed_at_least: converters from which it ends with success at each earlier look; more than the
            people seen for never.
    """
    n = require_count(looks[-1], "people", at_least=1)
    ways = np.array([1.0])
    rows: list[tuple[int, int, float, bool, bool, bool]] = []
    seen = 0
    enough = [look + 1 for look in looks[:-1]] if succeed_at_least is None else succeed_at_least
    for look, most, least in zip(looks[:-1], stop_at_most, enough, strict=True):
        ways = _convolved(ways, look - seen)
        seen = look
        for count in range(len(ways)):
            futile, won = count <= most, count >= least
            if ways[count] > 0.0 and (futile or won):
                rows.append((look, count, math.log(ways[count]), not futile, futile, True))
            ways[count] = 0.0 if futile or won else ways[count]
    ways = _convolved(ways, n - seen)
    rows += [
        (n, count, math.log(way), bool(go[count]), bool(stop[count]), False)
        for count, way in enumerate(ways)
        if way > 0.0
    ]
    columns = list(zip(*rows, strict=True))
    return OneArmCounts(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2]),
        *(np.array(column, dtype=np.bool_) for column in columns[3:]),
    )


def _convolved(ways: F64, more: int) -> F64:
    """Numbers of sequences after `more` further people; doubles hold them to n of a thousand."""
    choose = np.array([float(math.comb(more, k)) for k in range(more + 1)])
    return np.asarray(np.convolve(ways, choose))


def binomial_rows(n: int, rates: F64) -> F64:
    """Binomial probabilities of 0..n at each rate, shape (rates, n + 1).

    >>> binomial_rows(2, np.array([0.5])).round(2).tolist()
    [[0.25, 0.5, 0.25]]
    """
    return np.array([binomial_pmf_vector(n, float(p)) for p in rates])


@dataclass(frozen=True, eq=False)
class TwoArmCounts:
    """Every outcome of a two-arm trial that counts converters once, at its end.

    Attributes:
        n_treated, n_control: people.
        go, stop: by converters of both arms, shape (n_treated + 1, n_control + 1).
    """

    n_treated: int
    n_control: int
    go: Flags
    stop: Flags

    @cached_property
    def difference(self) -> F64:
        """Observed difference of rates at each outcome."""
        treated = np.arange(self.n_treated + 1)[:, None] / self.n_treated
        return np.asarray(treated - np.arange(self.n_control + 1) / self.n_control)

    def expected(self, table: NDArray[np.generic], treated: F64, control: F64) -> F64:
        """Mean of a table over the outcomes at each pair of rates, shape (pairs,)."""
        left = binomial_rows(self.n_treated, treated)
        right = binomial_rows(self.n_control, control)
        weights = np.asarray(table, dtype=np.float64)
        return np.asarray(np.einsum("ti,ij,tj->t", left, weights, right, optimize=True))


@dataclass(frozen=True, eq=False)
class TwoArmPaths:
    """Every outcome of a two-arm trial with interim looks: where it ended, and how many ways lead there.

    Attributes:
        treated, control: people of each outcome, shape (outcomes,).
        x, y: converters among them.
        log_paths: logarithm of the number of sequences of results that end there.
        go, stop: whether it counts as success, and whether it ended without.
    """

    treated: I64
    control: I64
    x: I64
    y: I64
    log_paths: F64
    go: Flags
    stop: Flags

    def laws(self, treated: F64, control: F64) -> F64:
        """Probabilities of the outcomes at each pair of rates, shape (pairs, outcomes)."""
        p, q = np.asarray(treated)[:, None], np.asarray(control)[:, None]
        log_law = (
            self.log_paths
            + special.xlogy(self.x, p)
            + special.xlog1py(self.treated - self.x, -p)
            + special.xlogy(self.y, q)
            + special.xlog1py(self.control - self.y, -q)
        )
        return np.asarray(np.exp(log_law))


def two_arm_outcomes(
    looks: Sequence[tuple[int, int]], decide: Sequence[tuple[Flags, Flags]]
) -> TwoArmPaths:
    """The outcomes of a two-arm trial that may end at its looks.

    Args:
        looks: people in the treated and the control arm at each look, rising.
        decide: at each look, who succeeds and who stops, by converters (treated, control); at the last
            look everybody else stops too.
    """
    ways = np.ones((1, 1))
    before = (0, 0)
    columns: list[list[NDArray[np.generic]]] = [[] for _ in range(7)]
    for k, ((n, m), (go, stop)) in enumerate(zip(looks, decide, strict=True)):
        for axis, more in ((0, n - before[0]), (1, m - before[1])):
            choose = np.array([float(math.comb(more, j)) for j in range(more + 1)])
            ways = np.apply_along_axis(np.convolve, axis, ways, choose)
        before = (n, m)
        ends = np.ones_like(go) if k == len(looks) - 1 else go | stop
        x, y = np.nonzero(ends & (ways > 0.0))
        size = len(x)
        parts = (
            np.full(size, n), np.full(size, m), x, y, np.log(ways[x, y]), go[x, y], ~go[x, y],
        )  # fmt: skip
        for column, part in zip(columns, parts, strict=True):
            column.append(part)
        ways = np.where(ends, 0.0, ways)
    joined = [np.concatenate(column) for column in columns]
    return TwoArmPaths(*joined)
