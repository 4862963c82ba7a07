"""Intervals for one binomial proportion: Clopper-Pearson, Jeffreys, Wilson."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import special

from saisei.chance.domain import require_count, require_probability
from saisei.errors import InputError

__all__ = [
    "Interval",
    "clopper_pearson",
    "interval_by_name",
    "jeffreys",
    "modified_wilson",
    "wilson",
]


class Interval(NamedTuple):
    """Lower and upper limit; unpacks as `lower, upper`."""

    lower: float
    upper: float


def _tail(x: int, n: int, confidence: float) -> float:
    require_count(n, "n", at_least=1)
    require_count(x, "x", at_most=n)
    require_probability(confidence, "confidence", open_ends=True)
    return (1.0 - confidence) / 2.0


def clopper_pearson(x: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact two-sided interval of Clopper and Pearson (1934) for x of n.

    Args:
        x: number with the event, 0 to n.
        n: number observed, at least 1.
        confidence: two-sided coverage, between 0 and 1.

    Raises:
        InputError: a count or the confidence is out of range.

    >>> lower, upper = clopper_pearson(2, 4)
    >>> round(lower, 4), round(upper, 4)
    (0.0676, 0.9324)
    """
    tail = _tail(x, n, confidence)
    lower = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
    upper = 1.0 if x == n else float(special.betainccinv(x + 1, n - x, tail))
    return Interval(lower, upper)


def jeffreys(x: int, n: int, confidence: float = 0.95) -> Interval:
    """The equal-tailed Jeffreys interval, Beta(x + 1/2, n - x + 1/2), with 0 and 1 kept at the ends.

    Args:
        x: number with the event, 0 to n.
        n: number observed, at least 1.
        confidence: two-sided coverage, between 0 and 1.

    Raises:
        InputError: a count or the confidence is out of range.
    """
    tail = _tail(x, n, confidence)
    a, b = x + 0.5, n - x + 0.5
    lower = 0.0 if x == 0 else float(special.betaincinv(a, b, tail))
    upper = 1.0 if x == n else float(special.betainccinv(a, b, tail))
    return Interval(lower, upper)


def wilson(x: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of Wilson (1927) without continuity correction.

    Args:
        x: number with the event, 0 to n.
        n: number observed, at least 1.
        confidence: two-sided coverage, between 0 and 1.

    Raises:
        InputError: a count or the confidence is out of range.
    """
    z = -float(special.ndtri(_tail(x, n, confidence)))
    p, z2n = x / n, z * z / n
    centre = p + z2n / 2.0
    half = z * math.sqrt(p * (1.0 - p) / n + z2n / (4.0 * n))
    lower, upper = (centre - half) / (1.0 + z2n), (centre + half) / (1.0 + z2n)
    # At 0 and n the root is exact; only rounding moves it off the end.
    return Interval(0.0 if x == 0 else lower, 1.0 if x == n else upper)


def modified_wilson(x: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's interval, mended where it covers badly: one event, or one short of all.

    There the limit on the near side is that of a Poisson count (Brown, Cai & DasGupta 2001,
    doi:10.1214/ss/1009213286); `binconf` of the R package Hmisc prints this one.

    Args:
        x: number with the event, 0 to n.
        n: number observed, at least 1.
        confidence: two-sided coverage, between 0 and 1.

    Raises:
        InputError: a count or the confidence is out of range.

    >>> round(modified_wilson(1, 37).lower, 6)  # Hmisc 4.8, binconf(1, 37)
    0.001386
    """
    lower, upper = wilson(x, n, confidence)
    near = -math.log(confidence) / n
    return Interval(near if x == 1 else lower, 1.0 - near if x == n - 1 else upper)


def interval_by_name(name: str, x: int, n: int, confidence: float = 0.95) -> Interval:
    """One of the intervals by its name, for tables that list them.

    Raises:
        InputError: the name is not known.
    """
    methods = {
        "clopper_pearson": clopper_pearson,
        "jeffreys": jeffreys,
        "modified_wilson": modified_wilson,
        "wilson": wilson,
    }
    if name not in methods:
        raise InputError(f"interval {name!r} is not known: use one of {', '.join(methods)}")
    return methods[name](x, n, confidence)
