"""Exact distributions of counts and of sums of scores on a lattice.

A `Discrete` is a first value and the probabilities of the values that follow in steps of one. Tails are
summed from their far end, smallest terms first, so that small probabilities keep their digits.

Sources: the Poisson-binomial law by repeated convolution (Wang 1993, Statistica Sinica 3:295); binomial
and hypergeometric probabilities through log-gamma (Loader 2000 gives the error of that route; at n of a
few hundred it stays near 1e-13).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError

__all__ = ["Discrete", "binomial", "convolve", "hypergeometric", "poisson_binomial"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Discrete:
    """Probabilities `probs` (shape (k,)) of the whole numbers `first`, `first` + 1, ..."""

    first: int
    probs: Array

    def pmf(self, value: int) -> float:
        """Probability of exactly `value`."""
        index = value - self.first
        return float(self.probs[index]) if 0 <= index < len(self.probs) else 0.0

    def at_least(self, value: int) -> float:
        """Probability of `value` or more."""
        index = max(value - self.first, 0)
        return min(1.0, float(self.probs[index:][::-1].sum()))

    def at_most(self, value: int) -> float:
        """Probability of `value` or less."""
        index = value - self.first + 1
        return min(1.0, float(self.probs[:index].sum())) if index > 0 else 0.0

    @property
    def mean(self) -> float:
        """Expected value."""
        return self.first + float(np.arange(len(self.probs)) @ self.probs)

    @property
    def variance(self) -> float:
        """Variance."""
        steps = np.arange(len(self.probs)) + self.first - self.mean
        return float((steps * steps) @ self.probs)


def _check_count(name: str, count: int) -> None:
    if count < 0 or count != int(count):
        raise InputError(f"{name} = {count}: a count must be a whole number, 0 or more")


def _check_probability(name: str, probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise InputError(f"{name} = {probability}: a probability lies between 0 and 1")


def _log_choose(n: Array | int, k: Array) -> Array:
    """Natural logarithm of the binomial coefficient; `k` must lie in 0..n."""
    from scipy.special import betaln  # half a second of loading that a cohort need not wait for

    return np.asarray(-betaln(1.0 + np.asarray(n) - k, 1.0 + k) - np.log1p(n), dtype=np.float64)


def binomial(n: int, p: float) -> Discrete:
    """The number of successes in `n` independent trials, each with probability `p`.

    >>> round(binomial(4, 0.1).at_least(2), 6)
    0.0523
    """
    _check_count("n", n)
    _check_probability("p", p)
    k = np.arange(n + 1, dtype=np.float64)
    from scipy.special import xlog1py, xlogy

    return Discrete(0, np.exp(_log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p)))


def poisson_binomial(probabilities: Iterable[float]) -> Discrete:
    """The number of successes when trial i has its own probability; shape (n,), n from 0.

    >>> poisson_binomial([0.5, 0.5]).probs.tolist()
    [0.25, 0.5, 0.25]
    """
    law = np.ones(1)
    for p in probabilities:
        _check_probability("probability", p)
        law = np.concatenate((law * (1.0 - p), [0.0])) + np.concatenate(([0.0], law * p))
    return Discrete(0, law)


def hypergeometric(population: int, marked: int, drawn: int) -> Discrete:
    """The number of marked ones among `drawn` taken without return from `population`.

    >>> round(hypergeometric(34, 6, 19).at_least(5), 5)
    0.14986
    """
    for name, count in (("population", population), ("marked", marked), ("drawn", drawn)):
        _check_count(name, count)
    if marked > population or drawn > population:
        raise InputError(
            f"marked = {marked}, drawn = {drawn}: neither can exceed the population of {population}"
        )
    low, high = max(0, drawn + marked - population), min(drawn, marked)
    k = np.arange(low, high + 1, dtype=np.float64)
    log_law = (
        _log_choose(marked, k)
        + _log_choose(population - marked, drawn - k)
        - _log_choose(population, np.asarray(float(drawn)))
    )
    return Discrete(low, np.exp(log_law))


def convolve(laws: Iterable[Discrete]) -> Discrete:
    """The law of the sum of independent whole numbers; all terms are positive, so nothing cancels.

    >>> total = convolve([binomial(2, 0.5), binomial(3, 0.5)])
    >>> abs(total.pmf(5) - 0.5**5) < 1e-15
    True
    """
    first, law = 0, np.ones(1)
    for one in laws:
        first += one.first
        law = np.convolve(law, one.probs)
    return Discrete(first, law)
