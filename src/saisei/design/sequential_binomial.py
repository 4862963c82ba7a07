"""Exact sequential designs for one binomial sample, and the truncated SPRT."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saisei.chance.domain import require_count, require_probability
from saisei.design.power import binomial_pmf_vector
from saisei.errors import InputError

__all__ = ["BinomialCrossing", "BinomialLooks", "binomial_crossing", "binomial_sprt"]


@dataclass(frozen=True, slots=True)
class BinomialLooks:
    """Looks and bounds: stop low at or below `lower` (-1: never), high at or above `upper`."""

    n: tuple[int, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BinomialCrossing:
    """Exact probabilities at one true rate.

    Attributes:
        lower, upper: probability of first crossing at each look.
        expected_n: people expected; a trial that crosses nothing runs to the last look.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    expected_n: float


def binomial_crossing(looks: BinomialLooks, rate: float) -> BinomialCrossing:
    """First-crossing probabilities by forward recursion over counts.

    Raises:
        InputError: looks do not increase, lengths differ, or the rate is not a probability.

    >>> found = binomial_crossing(BinomialLooks((50, 100), (-1, -1), (13, 17)), 0.1)
    >>> round(found.upper[0], 6)
    0.001005
    """
    require_probability(rate, "rate")
    if not len(looks.n) == len(looks.lower) == len(looks.upper) or not looks.n:
        raise InputError("give one lower and one upper bound per look")
    if any(b <= a for a, b in zip((0, *looks.n), looks.n, strict=False)):
        raise InputError("looks must be increasing numbers of people")
    state, seen = np.array([1.0]), 0
    low, high, people = [], [], 0.0
    for n, a, b in zip(looks.n, looks.lower, looks.upper, strict=True):
        state = np.convolve(state, binomial_pmf_vector(n - seen, rate))
        seen = n
        counts = np.arange(len(state))
        low.append(float(state[counts <= a].sum()))
        high.append(float(state[(counts >= b) & (counts > a)].sum()))
        people += n * (low[-1] + high[-1])
        state = np.where((counts <= a) | (counts >= b), 0.0, state)
    people += seen * (1.0 - sum(low) - sum(high))
    return BinomialCrossing(tuple(low), tuple(high), people)


def binomial_sprt(
    p0: float, p1: float, alpha: float, beta: float, min_n: int, max_n: int
) -> BinomialLooks:
    """Wald's sequential probability ratio test between min_n and max_n people, as bounds on counts.

    Looks at which neither bound can be reached are left out.

    Raises:
        InputError: the rates do not increase or the sizes do not.

    >>> binomial_sprt(0.05, 0.25, 0.1, 0.15, 10, 12).upper
    (3, 3, 3)
    """
    if not 0.0 < p0 < p1 < 1.0:
        raise InputError(f"p0 = {p0} and p1 = {p1} must increase strictly between 0 and 1")
    require_probability(alpha, "alpha", open_ends=True)
    require_probability(beta, "beta", open_ends=True)
    require_count(min_n, "min_n", at_least=1)
    require_count(max_n, "max_n", at_least=min_n)
    fewer = math.log((1 - p1) / (1 - p0))
    per_event = math.log(p1 / p0) - fewer
    rows = []
    for n in range(min_n, max_n + 1):
        line = -fewer / per_event * n
        upper = math.ceil(line + math.log((1 - beta) / alpha) / per_event - 1e-12)
        lower = max(math.floor(line + math.log(beta / (1 - alpha)) / per_event + 1e-12), -1)
        if n >= upper or lower >= 0:
            rows.append((n, lower, upper))
    return BinomialLooks(*(tuple(column) for column in zip(*rows, strict=True)))


def binomial_table(looks: BinomialLooks, rates: Sequence[float]) -> list[BinomialCrossing]:
    """`binomial_crossing` at several rates."""
    return [binomial_crossing(looks, rate) for rate in rates]
