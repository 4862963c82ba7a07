"""Exact tests for counts: binomial, and Fisher's for 2 x 2 and r x c tables.

Two-sided p values add every outcome no more likely than the one seen (the rule of R), with a
relative slack of 1e-7 so that outcomes equal in exact arithmetic stay together.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.chance.domain import require_choice, require_count, require_probability
from saisei.chance.roots import brent_root
from saisei.errors import InputError, UnsupportedError
from saisei.evidence.intervals import Interval

__all__ = [
    "ALTERNATIVES",
    "FisherResult",
    "binomial_test",
    "fisher_exact",
    "fisher_exact_rxc",
    "hypergeometric_pmf",
]

ALTERNATIVES = ("two-sided", "less", "greater")

# Outcomes whose probabilities differ by less than this ratio count as equally likely.
_TIE_SLACK = 1.0 + 1e-7

# An r x c table with more partial tables than this is refused instead of filling the memory.
_MOST_PARTIAL_TABLES = 30_000_000

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FisherResult:
    """Fisher's exact test of a 2 x 2 table.

    Attributes:
        p_value: of the chosen alternative.
        odds_ratio: conditional maximum likelihood estimate (not the cross-product ratio).
        interval: for the odds ratio, matching the alternative; an end may be infinite.
    """

    p_value: float
    odds_ratio: float
    interval: Interval


def binomial_test(x: int, n: int, p0: float, alternative: str = "two-sided") -> float:
    """The exact p value of x events among n when the event probability is p0.

    Args:
        x: number with the event, 0 to n.
        n: number observed.
        p0: event probability under the hypothesis.
        alternative: "two-sided" (all outcomes no more likely), "less" or "greater".

    Raises:
        InputError: a count, probability or the alternative is out of range.

    >>> round(binomial_test(2, 4, 0.05), 6)
    0.014019
    """
    require_count(n, "n", at_least=1)
    require_count(x, "x", at_most=n)
    require_probability(p0, "p0")
    require_choice(alternative, "alternative", ALTERNATIVES)
    if alternative == "greater":
        return 1.0 if x == 0 else float(special.betainc(x, n - x + 1, p0))
    if alternative == "less":
        return 1.0 if x == n else float(special.betaincc(x + 1, n - x, p0))
    counts = np.arange(n + 1)
    log_pmf = (
        special.gammaln(n + 1)
        - special.gammaln(counts + 1)
        - special.gammaln(n - counts + 1)
        + special.xlogy(counts, p0)
        + special.xlog1py(n - counts, -p0)
    )
    pmf = np.exp(log_pmf)
    return min(1.0, float(pmf[pmf <= pmf[x] * _TIE_SLACK].sum()))


def hypergeometric_pmf(m: int, n: int, k: int) -> tuple[NDArray[np.int64], Array]:
    """Support and probabilities of the number from the first of two groups of m and n among k drawn.

    >>> support, pmf = hypergeometric_pmf(2, 2, 2)
    >>> support.tolist(), np.round(pmf, 6).tolist()
    ([0, 1, 2], [0.166667, 0.666667, 0.166667])
    """
    support = np.arange(max(0, k - n), min(m, k) + 1)
    log_pmf = (
        special.gammaln(m + 1) - special.gammaln(support + 1) - special.gammaln(m - support + 1)
    ) + (
        special.gammaln(n + 1)
        - special.gammaln(k - support + 1)
        - special.gammaln(n - k + support + 1)
    )
    pmf = np.exp(log_pmf - log_pmf.max())
    return support, pmf / pmf.sum()


def _counts(table: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    rows = [[require_count(cell, "table cell") for cell in row] for row in table]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        raise InputError("the table must have two or more rows of equal length, two or more cells")
    return np.array(rows, dtype=np.int64)


def fisher_exact(
    table: Sequence[Sequence[int]],
    alternative: str = "two-sided",
    confidence: float = 0.95,
    *,
    root_tolerance: float | None = None,
) -> FisherResult:
    """Fisher's exact test of a 2 x 2 table of counts, with the conditional odds ratio.

    Args:
        table: two rows (groups) of two counts (with, without the event).
        alternative: for the odds ratio of row one against row two: "two-sided", "less", "greater".
        confidence: of the interval for the odds ratio.
        root_tolerance: leave it out for full precision; `saisei.chance.roots.R_TOLERANCE` gives the
            odds ratio and limits as R prints them (p values are not affected).

    Raises:
        InputError: the table is not 2 x 2 counts, or an argument is out of range.

    >>> round(fisher_exact([[5, 14], [1, 14]]).p_value, 3)
    0.196
    """
    counts = _counts(table)
    if counts.shape != (2, 2):
        raise InputError(
            f"the table is {counts.shape[0]} x {counts.shape[1]}: use fisher_exact_rxc"
        )
    require_choice(alternative, "alternative", ALTERNATIVES)
    require_probability(confidence, "confidence", open_ends=True)
    x, (m, n), k = int(counts[0, 0]), counts.sum(axis=1), int(counts[:, 0].sum())
    support, pmf = hypergeometric_pmf(int(m), int(n), k)
    seen = x - int(support[0])
    tails = {
        "less": pmf[: seen + 1].sum(),
        "greater": pmf[seen:].sum(),
        "two-sided": pmf[pmf <= pmf[seen] * _TIE_SLACK].sum(),
    }
    return FisherResult(
        min(1.0, float(tails[alternative])),
        _conditional_odds_ratio(support, pmf, x, root_tolerance),
        _odds_ratio_interval(support, pmf, x, alternative, 1.0 - confidence, root_tolerance),
    )


def _tilted(support: NDArray[np.int64], pmf: Array, odds_ratio: float) -> Array:
    """The noncentral hypergeometric law with the given odds ratio."""
    if odds_ratio == 0.0:
        return np.asarray(support == support[0], dtype=np.float64)
    with np.errstate(divide="ignore"):
        log_pmf = np.log(pmf) + support * math.log(odds_ratio)
    tilted = np.exp(log_pmf - log_pmf.max())
    return np.asarray(tilted / tilted.sum(), dtype=np.float64)


def _conditional_odds_ratio(
    support: NDArray[np.int64], pmf: Array, x: int, tolerance: float | None
) -> float:
    if len(support) == 1:
        return math.nan
    if x == support[0]:
        return 0.0
    if x == support[-1]:
        return math.inf
    return _solve_odds(lambda w: float(_tilted(support, pmf, w) @ support) - x, tolerance)


def _solve_odds(gap: Callable[[float], float], tolerance: float | None) -> float:
    """The odds ratio at which a monotone function of it is zero.

    The search runs in (0, 1), on the odds ratio or on its inverse, whichever holds the root.
    """
    centre = gap(1.0)
    if centre == 0.0:
        return 1.0
    # An increasing gap that is negative at 1, or a decreasing one that is positive, is zero above 1.
    inverted = (centre < 0.0) == (gap(2.0) > centre)
    function = (lambda t: gap(1.0 / t)) if inverted else gap
    low = sys.float_info.epsilon if inverted else 0.0
    if tolerance is None:
        root = float(optimize.brentq(function, low, 1.0, xtol=1e-15, rtol=1e-14))
    else:
        root = brent_root(function, low, 1.0, tolerance)
    return 1.0 / root if inverted else root


def _odds_ratio_interval(
    support: NDArray[np.int64],
    pmf: Array,
    x: int,
    alternative: str,
    alpha: float,
    tolerance: float | None,
) -> Interval:
    """Ends where the matching tail of the noncentral law equals its share of alpha."""
    share = alpha / 2.0 if alternative == "two-sided" else alpha
    at_least, at_most = support >= x, support <= x
    lower, upper = 0.0, math.inf
    if alternative != "less" and x > support[0]:
        lower = _solve_odds(
            lambda w: float(_tilted(support, pmf, w)[at_least].sum()) - share, tolerance
        )
    if alternative != "greater" and x < support[-1]:
        upper = _solve_odds(
            lambda w: float(_tilted(support, pmf, w)[at_most].sum()) - share, tolerance
        )
    return Interval(lower, upper)


def fisher_exact_rxc(table: Sequence[Sequence[int]]) -> float:
    """The exact p value of an r x c table given its margins: tables no more likely than this one.

    The columns are split in two halves; each half is enumerated once per way of using up the row
    totals and the halves are joined by sorted search, so the joint table is never listed.

    Args:
        table: rows of counts, at least 2 x 2.

    Raises:
        InputError: the table is not rectangular or not of counts.
        UnsupportedError: the enumeration would be too large.

    >>> round(fisher_exact_rxc([[5, 14], [1, 14]]), 3)
    0.196
    """
    counts = _counts(table)
    if counts.shape[0] > counts.shape[1]:
        counts = counts.T
    rows, columns = counts.sum(axis=1), np.sort(counts.sum(axis=0))[::-1]
    log_constant = float(
        special.gammaln(rows + 1).sum()
        + special.gammaln(columns + 1).sum()
        - special.gammaln(counts.sum() + 1)
    )
    observed = log_constant - float(special.gammaln(counts + 1).sum())
    first = _half_tables(columns[::2], rows)
    second = _half_tables(columns[1::2], rows)
    total = 0.0
    whole = int(rows @ np.concatenate(([1], np.cumprod(rows[:-1] + 1))))
    for used, logs in first.items():
        rest = second.get(whole - used)
        if rest is not None:
            total += _joined_tail(logs, rest, observed - log_constant + math.log(_TIE_SLACK))
    return min(1.0, total * math.exp(log_constant))


def _half_tables(columns: NDArray[np.int64], rows: NDArray[np.int64]) -> dict[int, Array]:
    """For each way the columns use up the rows: minus the log of the product of cell factorials.

    Ways are coded in the mixed radix of the row totals.
    """
    radix = np.concatenate(([1], np.cumprod(rows[:-1] + 1)))
    used = np.zeros((1, len(rows)), dtype=np.int64)
    logs = np.zeros(1)
    for column in columns:
        cells = _fillings(int(column), rows)
        weights = -special.gammaln(cells + 1).sum(axis=1)
        parts = []
        for state, log in zip(used, logs, strict=True):
            fits = (cells + state <= rows).all(axis=1)
            parts.append((cells[fits] + state, weights[fits] + log))
            if len(parts) * len(cells) > _MOST_PARTIAL_TABLES:
                raise UnsupportedError(
                    "this table has too many companions to enumerate; merge rows or columns"
                )
        used = np.concatenate([part[0] for part in parts])
        logs = np.concatenate([part[1] for part in parts])
    codes = used @ radix
    order = np.argsort(codes, kind="stable")
    keys, starts = np.unique(codes[order], return_index=True)
    groups = np.split(logs[order], starts[1:])
    return dict(zip(keys.tolist(), groups, strict=True))


def _fillings(total: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """All ways to put `total` into the rows, none above its total; shape (ways, rows)."""
    axes = [np.arange(min(total, int(r)) + 1) for r in rows[:-1]]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    last = total - grid.sum(axis=1)
    fits = (last >= 0) & (last <= rows[-1])
    return np.column_stack([grid[fits], last[fits]])


def _joined_tail(first: Array, second: Array, limit: float) -> float:
    """Sum of exp(a + b) over pairs with a + b <= limit."""
    if len(first) > len(second):
        first, second = second, first
    second = np.sort(second)
    cumulative = np.concatenate(([0.0], np.cumsum(np.exp(second))))
    below = np.searchsorted(second, limit - first, side="right")
    return float(np.exp(first) @ cumulative[below])
