"""What a release test reads of the truth: one small law for each kind of assay, exact.

`passing` gives the probability that the test passes, for truths in the unit of the law (a share from 0 to
1, a count, a concentration, cycles); `reading` draws what would be written down, from uniforms. Counts are
binomial or Poisson sums; readings of cycles and concentrations are normal, the latter on the log scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrc, ndtr, ndtri, pdtr
from scipy.stats import binom, poisson

__all__ = ["Absence", "Counted", "Events", "Judged", "Law", "Measured", "Presence"]

Array = NDArray[np.float64]

_TINY = 1e-9  # a limit times a number of cells is a whole number up to rounding
_PERCENT = 100.0


class Law(Protocol):
    """How a test answers to a truth."""

    def passing(self, truth: ArrayLike) -> Array:
        """Probability that the test passes, for each truth."""
        ...

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """What is read, in the unit of the certificate, from one uniform for each truth."""
        ...

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """Whether each reading passes."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """`n` cells are read one by one; the number called positive decides.

    Attributes:
        n: cells read.
        sensitivity: share of true positives called positive.
        background: share of negatives called positive.
        least, most: the numbers of positives that pass, both ends included.
        as_count: whether the certificate gives a number of cells in place of a percentage.

    >>> law = Counted(20, 1.0, 0.0, 0, 1)
    >>> law.passing([0.0, 0.1]).round(4).tolist()   # Bin(20, 0.1) <= 1
    [1.0, 0.3917]
    """

    n: int
    sensitivity: float
    background: float
    least: int
    most: int
    as_count: bool = False

    def called(self, truth: ArrayLike) -> Array:
        """Chance that one cell is called positive, truth being the share of positives."""
        p = np.asarray(truth, dtype=np.float64)
        return np.asarray(p * self.sensitivity + (1.0 - p) * self.background)

    def passing(self, truth: ArrayLike) -> Array:
        """Probability that the number of positives lies in the bounds."""
        q = self.called(truth)
        if self.most >= self.n:
            return np.asarray(bdtrc(self.least - 1, self.n, q)) if self.least else np.ones_like(q)
        below = bdtr(self.least - 1, self.n, q) if self.least else 0.0
        return np.asarray(bdtr(self.most, self.n, q) - below)

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """Positive cells, as a number or as a percentage of those read."""
        count = np.asarray(binom.ppf(u, self.n, self.called(truth)), dtype=np.float64)
        return count if self.as_count else count * (_PERCENT / self.n)

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """Whether the number behind the reading lies in the bounds."""
        count = np.rint(reading if self.as_count else reading * (self.n / _PERCENT))
        return np.asarray((count >= self.least) & (count <= self.most))


@dataclass(frozen=True, slots=True)
class Presence:
    """Something wanted must be seen in at least one of `n` cells."""

    n: int
    sensitivity: float

    def passing(self, truth: ArrayLike) -> Array:
        """1 - (1 - p s)**n."""
        p = np.asarray(truth, dtype=np.float64)
        return np.asarray(
            -np.expm1(self.n * np.log1p(-np.minimum(p * self.sensitivity, 1 - 1e-15)))
        )

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """1 seen, 0 not seen."""
        return np.asarray((u < self.passing(truth)).astype(np.float64))

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """Seen."""
        return np.asarray(reading == 1.0)


@dataclass(frozen=True, slots=True)
class Absence:
    """Nothing may be found; what is looked at holds a Poisson number of finds.

    Attributes:
        exposure: expected finds per unit of the truth.
        false_positive: chance of a find that is not there.
    """

    exposure: float
    false_positive: float = 0.0

    def passing(self, truth: ArrayLike) -> Array:
        """(1 - false_positive) exp(-exposure truth)."""
        c = np.asarray(truth, dtype=np.float64)
        return np.asarray((1.0 - self.false_positive) * np.exp(-self.exposure * c))

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """1 found, 0 not found."""
        return np.asarray((u >= self.passing(truth)).astype(np.float64))

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """Not found."""
        return np.asarray(reading == 0.0)


@dataclass(frozen=True, slots=True)
class Events:
    """True events are each seen with a chance, wrong ones come as a Poisson number; at most `most` pass.

    >>> Events(1.0, 0.0, 5).passing([5, 6]).tolist()
    [1.0, 0.0]
    """

    sensitivity: float
    wrong: float
    most: int

    def passing(self, truth: ArrayLike) -> Array:
        """Convolution of Bin(truth, sensitivity) and Poisson(wrong) up to `most`; truth is rounded."""
        n = np.rint(np.asarray(truth, dtype=np.float64))
        total = np.zeros_like(n)
        for seen in range(self.most + 1):
            rest = pdtr(self.most - seen, self.wrong)
            total += binom.pmf(seen, n, self.sensitivity) * rest
        return np.asarray(total)

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """Events written down: the smallest number whose distribution reaches u."""
        n = np.rint(np.asarray(truth, dtype=np.float64))
        found = np.zeros_like(u)
        for true in np.unique(n):
            highest = int(true) + int(poisson.ppf(1 - 1e-12, self.wrong)) + 1
            reached = np.array(
                [Events(self.sensitivity, self.wrong, k).passing(true) for k in range(highest)]
            )
            here = n == true
            found[here] = np.searchsorted(reached, u[here])
        return found

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """At most `most`."""
        return np.asarray(reading <= self.most)


@dataclass(frozen=True, slots=True)
class Measured:
    """A reading with normal error, on the log scale for concentrations.

    Attributes:
        sd: error, in cycles or as sd of the log.
        limit: the criterion.
        upper: whether the reading must not lie above the limit (else not below).
        log: whether the error is on the log scale.
        ceiling: readings stop here (a PCR has no more cycles).
        floor: readings below it are written as the floor (limit of detection).
    """

    sd: float
    limit: float
    upper: bool
    log: bool = False
    ceiling: float = math.inf
    floor: float = -math.inf

    def passing(self, truth: ArrayLike) -> Array:
        """Probability of a reading on the right side; floor and ceiling never change the side."""
        x = np.asarray(truth, dtype=np.float64)
        with np.errstate(divide="ignore"):
            step = math.log(self.limit) - np.log(x) if self.log else self.limit - x
        return np.asarray(ndtr(step / self.sd if self.upper else -step / self.sd))

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """The truth with its error, kept between floor and ceiling."""
        x = np.asarray(truth, dtype=np.float64)
        error = self.sd * ndtri(u)
        read = x * np.exp(error) if self.log else x + error
        return np.asarray(np.clip(read, self.floor, self.ceiling))

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """On the right side of the limit."""
        return np.asarray(reading <= self.limit if self.upper else reading >= self.limit)


@dataclass(frozen=True, slots=True)
class Judged:
    """A yes or no of a reader or a typing; the truth is 1 for a fault, 0 for none."""

    sensitivity: float
    specificity: float

    def passing(self, truth: ArrayLike) -> Array:
        """specificity without a fault, 1 - sensitivity with one."""
        fault = np.asarray(truth, dtype=np.float64)
        return np.asarray((1.0 - fault) * self.specificity + fault * (1.0 - self.sensitivity))

    def reading(self, truth: ArrayLike, u: Array) -> Array:
        """1 refused, 0 accepted."""
        return np.asarray((u >= self.passing(truth)).astype(np.float64))

    def passes(self, reading: Array) -> NDArray[np.bool_]:
        """Accepted."""
        return np.asarray(reading == 0.0)


def count_bounds(rule: str, limit: float, n: int) -> tuple[int, int]:
    """The smallest and the largest number of positives among n that keep `share rule limit`.

    >>> count_bounds("<=", 5e-6, 600_000), count_bounds(">=", 0.9, 20), count_bounds("<", 0.01, 1000)
    ((0, 3), (18, 20), (0, 9))
    """
    x = limit * n
    if rule == "<=":
        return 0, min(n, math.floor(x + _TINY))
    if rule == "<":
        return 0, min(n, math.ceil(x - _TINY) - 1)
    if rule == ">=":
        return max(0, math.ceil(x - _TINY)), n
    return max(0, math.floor(x + _TINY) + 1), n
