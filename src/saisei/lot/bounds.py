"""What counts can show: exact one-sided bounds, cells that must be read, limits of detection.

Bounds are Clopper and Pearson's (1934), from the beta distribution.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc, betaincinv
from scipy.stats import binom

from saisei.errors import InputError

__all__ = [
    "cells_to_read",
    "critical_count",
    "limit_of_detection",
    "lower_bound",
    "upper_bound",
]


def upper_bound(positive: int, read: int, confidence: float = 0.95) -> float:
    """The largest share that `positive` among `read` does not refute, one-sided.

    >>> round(upper_bound(0, 600_000) * 1e6, 3)
    4.993
    """
    _require(positive, read)
    if positive == read:
        return 1.0
    if positive == 0:  # exact also where the beta function loses digits
        return -math.expm1(math.log1p(-confidence) / read)
    return float(betaincinv(positive + 1, read - positive, confidence))


def lower_bound(positive: int, read: int, confidence: float = 0.95) -> float:
    """The smallest share that `positive` among `read` does not refute, one-sided.

    >>> round(lower_bound(20, 20), 4)   # 0.05 ** (1/20)
    0.8609
    """
    return 1.0 - upper_bound(read - positive, read, confidence)


def _require(positive: int, read: int) -> None:
    if read < 1 or not 0 <= positive <= read:
        raise InputError(f"{positive} positive among {read} read: give 0 to all of at least 1")


def cells_to_read(limit: float, positive: int = 0, confidence: float = 0.95) -> int:
    """The least number of cells that, read with at most `positive` events, show a share up to `limit`.

    >>> cells_to_read(5e-6), cells_to_read(1e-4)
    (599145, 29956)
    """
    if not 0 < limit < 1 or positive < 0:
        raise InputError(
            f"a limit of {limit} with {positive} events: give 0 < limit < 1, 0 or more"
        )
    if positive == 0:
        n = max(1, math.ceil(math.log1p(-confidence) / math.log1p(-limit)))
        # rounding may put the ceiling one beside
        while n > 1 and _shows(n - 1, positive, limit, confidence):
            n -= 1
        while not _shows(n, positive, limit, confidence):
            n += 1
        return n
    low, high = positive + 1, positive + 2
    while not _shows(high, positive, limit, confidence):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _shows(middle, positive, limit, confidence):
            high = middle
        else:
            low = middle
    return high


def _shows(n: int, positive: int, limit: float, confidence: float) -> bool:
    """Whether `positive` or fewer among n are as rare as 1 - confidence when the share is the limit."""
    return float(bdtr(positive, n, limit)) <= 1.0 - confidence


def critical_count(read: int, background: float, confidence: float = 0.95) -> int:
    """The largest number of positives that a blank gives with at least `confidence`.

    >>> critical_count(300_000, 2e-5)
    10
    """
    return int(binom.ppf(confidence, read, background))


def limit_of_detection(
    read: int, sensitivity: float, background: float, confidence: float = 0.95
) -> float:
    """The smallest true share that gives more positives than a blank would, with `confidence`.

    Currie's limit with exact binomial tails in place of normal ones.

    >>> round(limit_of_detection(600_000, 1.0, 0.0) * 1e6, 2)
    4.99
    """
    blank = critical_count(read, background, confidence)

    def missed(share: float) -> float:
        called = share * sensitivity + (1.0 - share) * background
        return float(bdtrc(blank, read, called)) - confidence

    if missed(1.0) < 0:
        return 1.0
    return float(brentq(missed, 0.0, 1.0, xtol=1e-15, rtol=1e-12))
