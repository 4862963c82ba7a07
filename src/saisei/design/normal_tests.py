"""Textbook sample size and power: t tests, and proportions by a normal approximation."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import optimize, special, stats

from saisei.chance.domain import require_positive, require_probability
from saisei.chance.roots import R_TOLERANCE, brent_root
from saisei.errors import InputError

__all__ = [
    "one_proportion_n",
    "t_test_n",
    "t_test_power",
    "two_proportion_n_total",
    "two_proportion_power",
]


def _require_errors(alpha: float, beta: float | None, sides: int) -> None:
    require_probability(alpha, "alpha", open_ends=True)
    if beta is not None:
        require_probability(beta, "beta", open_ends=True)
    if sides not in (1, 2):
        raise InputError(f"sides is {sides}: it must be 1 or 2")


def t_test_power(
    n1: float, delta: float, sd: float, alpha: float, *, sides: int = 2, n2: float | None = None
) -> float:
    """Power of a t test towards the true difference (the wrong side is not counted, as R).

    Args:
        n1: people in group 1, or in the only group when `n2` is 0.
        delta: true difference of means.
        sd: standard deviation of one observation.
        alpha: level.
        sides: 1 or 2.
        n2: people in group 2; n1 if left out; 0 for a one-sample test.

    Raises:
        InputError: a value is out of range.

    >>> round(t_test_power(20, 1.0, 1.0, 0.05), 6)
    0.868953
    """
    _require_errors(alpha, None, sides)
    require_positive(sd, "sd")
    require_positive(n1, "n1")
    second = n1 if n2 is None else n2
    freedom = n1 - 1.0 if second == 0 else n1 + second - 2.0
    require_positive(freedom, "the degrees of freedom")
    effective = n1 if second == 0 else n1 * second / (n1 + second)
    shift = abs(delta) / sd * math.sqrt(effective)
    return float(stats.nct.sf(float(stats.t.isf(alpha / sides, freedom)), freedom, shift))


def t_test_n(
    delta: float,
    sd: float,
    alpha: float,
    power: float,
    *,
    sides: int = 2,
    allocation: float = 1.0,
    groups: int = 2,
    coarse: bool = False,
) -> float:
    """People in group 1, before rounding up, for a t test (n1 = allocation times n2).

    Args:
        delta: true difference, not 0.
        sd: standard deviation of one observation.
        alpha: level.
        power: wanted.
        sides: 1 or 2.
        allocation: people in group 1 for each in group 2.
        groups: 1 or 2.
        coarse: search at R's tolerance, to compare with its power.t.test.

    Raises:
        InputError: a value is out of range or the difference is 0.
    """
    _require_errors(alpha, None, sides)
    require_probability(power, "power", open_ends=True)
    if delta == 0.0:
        raise InputError("delta is 0: no sample size shows a difference that is not there")

    def gap(n: float) -> float:
        other = 0.0 if groups == 1 else n / allocation
        return t_test_power(n, delta, sd, alpha, sides=sides, n2=other) - power

    if coarse:
        return brent_root(gap, 2.0, 1e7, R_TOLERANCE)
    low = 1.0 + 1e-3 if groups == 1 else max(1.0 + 1e-3, 2.001 * allocation / (1.0 + allocation))
    return _root_upwards(gap, low)


def _root_upwards(gap: Callable[[float], float], low: float) -> float:
    high = 2.0 * low + 2.0
    while gap(high) < 0.0:
        high *= 2.0
    if gap(low) >= 0.0:
        return low
    return float(optimize.brentq(gap, low, high, xtol=1e-11))


def two_proportion_power(n_per_group: float, p1: float, p2: float, alpha: float) -> float:
    """Power of the two-sided z test of two proportions by the normal formula (as R's power.prop.test).

    >>> round(two_proportion_power(50, 0.5, 0.75, 0.05), 6)
    0.740166
    """
    _require_errors(alpha, None, 2)
    require_probability(p1, "p1")
    require_probability(p2, "p2")
    require_positive(n_per_group, "n_per_group")
    z = -float(special.ndtri(alpha / 2.0))
    pooled = (p1 + p2) * (1.0 - (p1 + p2) / 2.0)
    own = p1 * (1.0 - p1) + p2 * (1.0 - p2)
    return float(
        special.ndtr(
            (math.sqrt(n_per_group) * abs(p1 - p2) - z * math.sqrt(pooled)) / math.sqrt(own)
        )
    )


def two_proportion_n_total(
    p1: float, p2: float, alpha: float, beta: float, *, sides: int = 1, allocation: float = 1.0
) -> float:
    """People in both groups, before rounding up, by the normal formula with pooled null variance.

    Args:
        p1, p2: rates, not equal.
        alpha, beta: errors.
        sides: 1 or 2.
        allocation: people in group 1 for each in group 2.

    Raises:
        InputError: a value is out of range, or the rates are equal.

    >>> round(two_proportion_n_total(0.5, 0.2, 0.025, 0.2), 4)
    76.9601
    """
    _require_errors(alpha, beta, sides)
    if p1 == p2:
        raise InputError(f"p1 and p2 are both {p1}: no sample size separates equal rates")
    r = require_positive(allocation, "allocation")
    z_alpha, z_beta = -float(special.ndtri(alpha / sides)), -float(special.ndtri(beta))
    mean = (r * p1 + p2) / (1.0 + r)
    null = math.sqrt((1.0 + r) * mean * (1.0 - mean))
    own = math.sqrt(p1 * (1.0 - p1) + r * p2 * (1.0 - p2))
    first = ((z_alpha * null + z_beta * own) / (p1 - p2)) ** 2
    return first * (1.0 + 1.0 / r)


def one_proportion_n(p0: float, p1: float, alpha: float, beta: float, *, sides: int = 1) -> float:
    """People, before rounding up, for one proportion by the normal formula.

    Raises:
        InputError: a value is out of range, or the rates are equal.
    """
    _require_errors(alpha, beta, sides)
    if p0 == p1:
        raise InputError(f"p0 and p1 are both {p0}: no sample size separates equal rates")
    z_alpha, z_beta = -float(special.ndtri(alpha / sides)), -float(special.ndtri(beta))
    spread = z_alpha * math.sqrt(p0 * (1.0 - p0)) + z_beta * math.sqrt(p1 * (1.0 - p1))
    return (spread / (p1 - p0)) ** 2
