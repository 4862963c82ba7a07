"""Brent's root finder with a chosen tolerance, to reproduce figures printed at a coarse tolerance.

R's `uniroot` stops at 1.2e-4 by default, so odds ratios and confidence limits printed by R are off in
the fifth digit. To compare with such a figure one needs the same steps; scipy's `brentq`, a variant,
takes others. For Saisei's own answers use `scipy.optimize.brentq`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from saisei.errors import InputError

__all__ = ["R_TOLERANCE", "brent_root"]

R_TOLERANCE = sys.float_info.epsilon**0.25
_MOST_STEPS = 1000


def brent_root(
    function: Callable[[float], float], low: float, high: float, tolerance: float = R_TOLERANCE
) -> float:
    """A root of `function` between `low` and `high` by Brent's published steps (Brent 1973, zeroin).

    Args:
        function: continuous, of opposite signs at the ends.
        low, high: the ends.
        tolerance: stop when the bracket is this narrow.

    Raises:
        InputError: the function has one sign at both ends.

    >>> round(brent_root(lambda t: t * t - 2.0, 0.0, 2.0, 1e-12), 10)
    1.4142135624
    """
    a, b = low, high
    fa, fb = function(a), function(b)
    if fa == 0.0:
        return a
    if fb == 0.0:
        return b
    if (fa > 0.0) == (fb > 0.0):
        raise InputError(f"no sign change between {low} and {high}: widen the interval")
    c, fc = a, fa
    for _ in range(_MOST_STEPS):
        previous = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        enough = 2.0 * sys.float_info.epsilon * abs(b) + tolerance / 2.0
        step = (c - b) / 2.0
        if abs(step) <= enough or fb == 0.0:
            return b
        if abs(previous) >= enough and abs(fa) > abs(fb):
            step = _interpolated(a, b, c, fa, fb, fc, previous, enough, step)
        if abs(step) < enough:
            step = enough if step > 0.0 else -enough
        a, fa = b, fb
        b += step
        fb = function(b)
        if (fb > 0.0) == (fc > 0.0):
            c, fc = a, fa
    return b


def _interpolated(
    a: float,
    b: float,
    c: float,
    fa: float,
    fb: float,
    fc: float,
    previous: float,
    enough: float,
    bisection: float,
) -> float:
    """The secant or inverse quadratic step if it stays inside the bracket, else the bisection."""
    width = c - b
    ratio = fb / fa
    if a == c:
        p, q = width * ratio, 1.0 - ratio
    else:
        u, v = fa / fc, fb / fc
        p = ratio * (width * u * (u - v) - (b - a) * (v - 1.0))
        q = (u - 1.0) * (v - 1.0) * (ratio - 1.0)
    if p > 0.0:
        q = -q
    else:
        p = -p
    if p < 0.75 * width * q - abs(enough * q) / 2.0 and p < abs(previous * q / 2.0):
        return p / q
    return bisection
