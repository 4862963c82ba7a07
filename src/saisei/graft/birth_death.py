"""Exact laws of the linear birth-death process: what the course and the leaps are held against.

One cell divides at rate b and dies at rate d. The size after time t is 0 with probability `alpha`, else
geometric with ratio `beta`; n cells are n independent ones. Source: the standard result (Kendall, "On the
generalized birth-and-death process", Ann. Math. Statist. 19, 1948), also for rates that change with time,
which `mean_variance` takes as cumulative integrals.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError

__all__ = ["establishment", "law", "mean_variance", "moments_with_rates"]


def mean_variance(n: float, birth: float, death: float, t: float) -> tuple[float, float]:
    """Mean and variance of the size at time t from n cells.

    >>> mean_variance(1, 0.1, 0.0, 0.0)
    (1.0, 0.0)
    """
    net = birth - death
    growth = math.exp(net * t)
    if net == 0.0:
        return n, 2.0 * n * birth * t
    return n * growth, n * (birth + death) / net * growth * (growth - 1.0)


def law(birth: float, death: float, t: float, most: int) -> NDArray[np.float64]:
    """Probabilities of 0, 1, ..., `most` cells at time t from one cell, (most + 1,).

    >>> [round(float(p), 4) for p in law(0.0, 0.1, 10.0, 2)]
    [0.6321, 0.3679, 0.0]
    """
    if most < 1 or min(birth, death, t) < 0:
        raise InputError("give rates and a time of 0 or more, and at least one cell")
    net = birth - death
    if net == 0.0:
        alpha = beta = birth * t / (1.0 + birth * t)
    else:
        growth = math.exp(net * t)
        alpha = death * (growth - 1.0) / (birth * growth - death)
        beta = birth * (growth - 1.0) / (birth * growth - death)
    sizes = np.arange(1, most + 1)
    return np.concatenate([[alpha], (1.0 - alpha) * (1.0 - beta) * beta ** (sizes - 1)])


def establishment(birth: float, death: float) -> float:
    """The chance that the descendants of one cell never die out.

    >>> round(establishment(0.1, 0.03), 9)
    0.7
    """
    return max(0.0, 1.0 - death / birth) if birth > 0 else 0.0


def moments_with_rates(
    n: float, birth: Callable[[float], float], death: float, t: float, *, pieces: int = 4000
) -> tuple[float, float]:
    """Mean and variance where the birth rate changes with time, by quadrature.

    With m(t) = exp(int b - d): mean n m(t), variance n m(t)^2 int_0^t (b + d)(s) / m(s) ds.
    """
    s = np.linspace(0.0, t, pieces + 1)
    b = np.array([birth(float(x)) for x in s])
    h = t / pieces
    steps = 0.5 * h * (b[1:] + b[:-1]) - death * h
    log_m = np.concatenate([[0.0], np.cumsum(steps)])
    inside = (b + death) * np.exp(-log_m)
    integral = float(np.sum(0.5 * h * (inside[1:] + inside[:-1])))
    growth = math.exp(float(log_m[-1]))
    return n * growth, n * growth**2 * integral
