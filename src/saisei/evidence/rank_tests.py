"""Wilcoxon tests with exact permutation laws, ties and zeros included.

Programs usually drop to a normal approximation as soon as two values are equal. Here the permutation
law of the rank sum is enumerated by counting, over doubled midranks, so ties cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from saisei.chance.domain import require_choice, require_probability
from saisei.errors import InputError
from saisei.evidence.exact_tests import ALTERNATIVES
from saisei.evidence.intervals import Interval

__all__ = ["RankTest", "rank_sum", "signed_rank"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankTest:
    """A rank test with its exact permutation p values.

    Attributes:
        statistic: W (rank sum of x less its least value) or V (rank sum of positive differences).
        p_two_sided, p_less, p_greater: exact, given the ranks.
        z: distance from the null mean in standard deviations, ties counted, uncorrected.
        half_step: continuity correction of one half, in standard deviations.
        estimate: Hodges-Lehmann shift.
        interval: for the shift, from the exact law without ties.
    """

    statistic: float
    p_two_sided: float
    p_less: float
    p_greater: float
    z: float
    half_step: float
    estimate: float
    interval: Interval

    def p_value(self, alternative: str = "two-sided") -> float:
        """The exact p value of an alternative."""
        require_choice(alternative, "alternative", ALTERNATIVES)
        return {
            "two-sided": self.p_two_sided,
            "less": self.p_less,
            "greater": self.p_greater,
        }[alternative]

    def p_asymptotic(self, alternative: str = "two-sided") -> float:
        """The p value of the normal approximation with tie and continuity corrections."""
        require_choice(alternative, "alternative", ALTERNATIVES)
        if alternative == "greater":
            return float(special.ndtr(-(self.z - self.half_step)))
        if alternative == "less":
            return float(special.ndtr(self.z + self.half_step))
        return min(1.0, 2.0 * float(special.ndtr(-max(abs(self.z) - self.half_step, 0.0))))


def _values(values: Sequence[float], name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise InputError(f"{name} must be a list of one or more finite numbers")
    return array


def _tails(law: Array, seen: int) -> tuple[float, float, float]:
    """Two-sided (as far from the mean as seen), lower and upper tail of a law over 0..len - 1."""
    points = np.arange(len(law))
    mean = float(law @ points)
    far = np.abs(points - mean) >= abs(seen - mean) - 1e-7
    return (
        min(1.0, float(law[far].sum())),
        min(1.0, float(law[: seen + 1].sum())),
        min(1.0, float(law[seen:].sum())),
    )


def rank_sum(x: Sequence[float], y: Sequence[float], confidence: float = 0.95) -> RankTest:
    """The Wilcoxon rank-sum test of x against y by its permutation law.

    Args:
        x, y: the two samples.
        confidence: of the interval for the shift of x over y.

    Raises:
        InputError: a sample is empty or holds a number that is not finite.

    >>> round(rank_sum([3.0, 4.0, 5.0], [1.0, 2.0, 2.0]).p_greater, 3)
    0.05
    """
    a, b = _values(x, "x"), _values(y, "y")
    require_probability(confidence, "confidence", open_ends=True)
    m, n = len(a), len(b)
    ranks = stats.rankdata(np.concatenate([a, b]))
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    law = _subset_sum_law(doubled, m)
    seen = int(doubled[:m].sum())
    two_sided, less, greater = _tails(law, seen)
    statistic = seen / 2.0 - m * (m + 1) / 2.0
    _, counts = np.unique(ranks, return_counts=True)
    ties = float((counts**3 - counts).sum()) / ((m + n) * max(m + n - 1, 1))
    sd = math.sqrt(m * n / 12.0 * ((m + n + 1) - ties))
    shifts = np.sort(np.subtract.outer(a, b).ravel())
    rank = _interval_rank(_plain_rank_sum_law(m, n), (1.0 - confidence) / 2.0)
    return RankTest(
        statistic,
        two_sided,
        less,
        greater,
        *_standardised(statistic - m * n / 2.0, sd),
        float(np.median(shifts)),
        Interval(float(shifts[rank - 1]), float(shifts[m * n - rank])),
    )


def _subset_sum_law(values: NDArray[np.int64], m: int) -> Array:
    """Law of the sum of m values drawn without replacement, over 0..sum of all."""
    total = int(values.sum())
    ways = np.zeros((m + 1, total + 1))
    ways[0, 0] = 1.0
    for value in values:
        # Counting downwards keeps each value used at most once.
        for k in range(m, 0, -1):
            ways[k, value:] += ways[k - 1, : total + 1 - value]
    return np.asarray(ways[m] / ways[m].sum())


def _plain_rank_sum_law(m: int, n: int) -> Array:
    """Law of W without ties, over 0..m n."""
    law = _subset_sum_law(np.arange(1, m + n + 1), m)
    start = m * (m + 1) // 2
    return law[start : start + m * n + 1]


def _interval_rank(law: Array, tail: float) -> int:
    """The order statistic that starts the interval: the tail quantile of the law, at least 1."""
    return max(1, int(np.argmax(np.cumsum(law) >= tail * (1.0 - 64.0 * np.finfo(float).eps))))


def _standardised(distance: float, sd: float) -> tuple[float, float]:
    return (0.0, 0.0) if sd == 0.0 else (distance / sd, 0.5 / sd)


def signed_rank(differences: Sequence[float], confidence: float = 0.95) -> RankTest:
    """The Wilcoxon signed-rank test by its permutation law; zero differences are dropped.

    Args:
        differences: one per pair.
        confidence: of the interval for the median difference (Walsh averages).

    Raises:
        InputError: nothing is left after dropping zeros.

    >>> signed_rank([1, 2, 2, 4, 6, -1, 3]).p_greater
    0.0234375
    """
    d = _values(differences, "differences")
    d = d[d != 0.0]
    if d.size == 0:
        raise InputError("every difference is zero: the test has nothing to rank")
    n = len(d)
    ranks = stats.rankdata(np.abs(d))
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    law = _signed_law(doubled)
    seen = int(doubled[d > 0.0].sum())
    two_sided, less, greater = _tails(law, seen)
    _, counts = np.unique(ranks, return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24.0 - float((counts**3 - counts).sum()) / 48.0
    i, j = np.triu_indices(n)
    walsh = np.sort((d[i] + d[j]) / 2.0)
    rank = _interval_rank(_signed_law(np.arange(1, n + 1)), (1.0 - confidence) / 2.0)
    return RankTest(
        seen / 2.0,
        two_sided,
        less,
        greater,
        *_standardised(seen / 2.0 - n * (n + 1) / 4.0, math.sqrt(variance)),
        float(np.median(walsh)),
        Interval(float(walsh[rank - 1]), float(walsh[len(walsh) - rank])),
    )


def _signed_law(values: NDArray[np.int64]) -> Array:
    """Law of the sum of the values that keep a plus sign, each with chance one half."""
    law = np.zeros(int(values.sum()) + 1)
    law[0] = 1.0
    for value in values:
        shifted = np.zeros_like(law)
        shifted[value:] = law[: len(law) - value]
        law = (law + shifted) / 2.0
    return law
