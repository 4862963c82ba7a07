"""Open-label signals beside what later, harder tests of the same products found: the funnel of hope.

Takes the table of earlier signals with its rule of inclusion (`study/signals`). Gives one row a signal:
how many people it rested on, how many the later test had, what that test found, and an odds ratio with
its exact interval where counts by arm are published. Nothing is pooled: outcomes differ too much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from saisei.evidence.exact_tests import fisher_exact
from saisei.evidence.signals import Signal, SignalRecord, load_signals

__all__ = ["FunnelRow", "funnel"]


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """One early signal and its later test.

    Attributes:
        result: "confirmed", "not confirmed" or "not in yet".
        odds_ratio, interval: of the later test, treated against control; None without counts.
        in_rule: whether the rule of inclusion holds.
    """

    key: str
    product: str
    condition: str
    early: str
    early_n: int | None
    later: str
    later_n: int | None
    test: str
    result: str
    in_rule: bool
    reason: str
    odds_ratio: float | None
    interval: tuple[float | None, float | None] | None


def funnel(
    record: SignalRecord | None = None, condition: str | None = None
) -> tuple[FunnelRow, ...]:
    """The rows, first those within the rule, then by size of the later test.

    Args:
        record: the table; the bundled one when None.
        condition: only rows whose condition contains this word.

    >>> [row.result for row in funnel(condition="Parkinson")]
    ['not in yet', 'not in yet']
    """
    used = record or load_signals()
    rows = [_row(one) for one in used.signals]
    if condition is not None:
        rows = [row for row in rows if condition.lower() in row.condition.lower()]
    return tuple(sorted(rows, key=lambda row: (not row.in_rule, -(row.later_n or 0), row.key)))


def _row(one: Signal) -> FunnelRow:
    odds = interval = None
    if one.treated is not None and one.control is not None:
        (a, n), (b, m) = one.treated, one.control
        test = fisher_exact([[a, n - a], [b, m - b]])
        odds = test.odds_ratio if math.isfinite(test.odds_ratio) else None
        ends = test.interval
        interval = (_end(ends.lower), _end(ends.upper))
    result = {True: "confirmed", False: "not confirmed", None: "not in yet"}[one.confirmed]
    return FunnelRow(
        one.key, one.product, one.condition, one.early, one.early_n, one.later, one.later_n,
        one.test if one.confirmed is not None else "", result, one.counted, one.reason, odds, interval,
    )  # fmt: skip


def _end(number: float) -> float | None:
    return number if math.isfinite(number) else None
