"""Quadrature rules, computed once and kept: Gauss-Legendre on an interval, Gauss-Hermite."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from saisei.chance.domain import require_count

__all__ = ["hermite_rule", "legendre_rule"]

Array = NDArray[np.float64]


@lru_cache(maxsize=32)
def _legendre(n: int) -> tuple[Array, Array]:
    require_count(n, "n", at_least=1)
    nodes, weights = np.polynomial.legendre.leggauss(n)
    for array in (nodes, weights):
        array.setflags(write=False)
    return nodes, weights


def legendre_rule(n: int, low: float, high: float) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [low, high], each of shape (n,).

    The sum of weights times values of a polynomial of degree 2n - 1 is its integral exactly.

    >>> x, w = legendre_rule(3, 0.0, 2.0)
    >>> round(float(w @ x**5), 9)
    10.666666667
    """
    nodes, weights = _legendre(n)
    half = (high - low) / 2.0
    return low + half * (nodes + 1.0), half * weights


@lru_cache(maxsize=32)
def hermite_rule(n: int) -> tuple[Array, Array]:
    """Nodes and weights for the mean under N(0, 1), each of shape (n,); weights add up to 1.

    >>> z, w = hermite_rule(4)
    >>> round(float(w @ z**6), 9)
    15.0
    """
    require_count(n, "n", at_least=1)
    nodes, weights = np.polynomial.hermite.hermgauss(n)
    z, w = nodes * np.sqrt(2.0), weights / np.sqrt(np.pi)
    for array in (z, w):
        array.setflags(write=False)
    return z, w
