"""Sample size and power for one and two binomial samples, exact wherever counts can be listed.

Exact power is saw-toothed in n: one more patient can lower it. Every exact search therefore returns
two sizes: the smallest n that reaches the power, and the smallest from which the power stays at or
above it (through the range that was searched, which is named).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.domain import require_choice, require_count, require_probability
from saisei.errors import InputError, UnsupportedError

__all__ = [
    "ExactSize",
    "SingleArm",
    "binomial_pmf_vector",
    "fisher_exact_power",
    "fisher_n",
    "fisher_rejections",
    "single_arm_n",
    "single_arm_power",
    "two_proportion_n",
    "z_test_exact_power",
]

_METHODS = ("pooled normal", "unpooled normal", "casagrande-pike-smith")
_LARGEST_EXACT_ARM = 2000
_TIE_SLACK = 1.0 + 1e-7

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExactSize:
    """A sample size found by exact power.

    Attributes:
        n: smallest size that reaches the power.
        power: exact power at `n`.
        n_stays: smallest size from which the power stays at or above the goal up to `searched_to`.
        power_stays: exact power at `n_stays`.
        searched_to: largest size looked at.
    """

    n: int
    power: float
    n_stays: int
    power_stays: float
    searched_to: int


@dataclass(frozen=True, slots=True)
class SingleArm:
    """An exact one-sample binomial test: reject when the count is at least (or most) the critical one.

    Attributes:
        n: people.
        critical_count: smallest count that rejects (largest, when p1 is below p0).
        size: attained one-sided type I error.
        power: at p1.
    """

    n: int
    critical_count: int
    size: float
    power: float


def binomial_pmf_vector(n: int, p: float) -> Array:
    """Probabilities of 0..n events, shape (n + 1,)."""
    counts = np.arange(n + 1)
    log_pmf = (
        special.gammaln(n + 1)
        - special.gammaln(counts + 1)
        - special.gammaln(n - counts + 1)
        + special.xlogy(counts, p)
        + special.xlog1py(n - counts, -p)
    )
    return np.asarray(np.exp(log_pmf), dtype=np.float64)


def _require_rates(p1: float, p2: float, alpha: float, power: float | None = None) -> None:
    require_probability(p1, "p1")
    require_probability(p2, "p2")
    require_probability(alpha, "alpha", open_ends=True)
    if power is not None:
        require_probability(power, "power", open_ends=True)
        if p1 == p2:
            raise InputError(f"p1 and p2 are both {p1}: no sample size separates equal rates")


def two_proportion_n(
    p1: float,
    p2: float,
    alpha_two_sided: float = 0.05,
    power: float = 0.8,
    method: str = "pooled normal",
    allocation: float = 1.0,
) -> int:
    """People in group 1 to compare two proportions, by a normal approximation.

    Args:
        p1, p2: event probabilities of the two groups, not equal.
        alpha_two_sided: two-sided level.
        power: wanted, between 0 and 1.
        method: "pooled normal" (variance pooled under the hypothesis), "unpooled normal", or
            "casagrande-pike-smith" (pooled with continuity correction, Casagrande 1978; close to
            Fisher's test).
        allocation: people in group 2 for each in group 1.

    Raises:
        InputError: a value is out of range.

    >>> two_proportion_n(0.1, 0.3)
    62
    """
    _require_rates(p1, p2, alpha_two_sided, power)
    require_choice(method, "method", _METHODS)
    r = allocation
    z_alpha, z_beta = -special.ndtri(alpha_two_sided / 2.0), special.ndtri(power)
    mean = (p1 + r * p2) / (1.0 + r)
    unpooled = r * p1 * (1.0 - p1) + p2 * (1.0 - p2)
    pooled = unpooled if method == "unpooled normal" else (1.0 + r) * mean * (1.0 - mean)
    gap = abs(p1 - p2)
    n = float((z_alpha * math.sqrt(pooled) + z_beta * math.sqrt(unpooled)) ** 2 / (r * gap**2))
    if method == "casagrande-pike-smith":
        n = n / 4.0 * (1.0 + math.sqrt(1.0 + 2.0 * (1.0 + r) / (r * n * gap))) ** 2
    return math.ceil(n - 1e-9)


def _arm(n: int, name: str) -> int:
    if n > _LARGEST_EXACT_ARM:
        raise UnsupportedError(
            f"{name} is {n}: exact power lists every outcome and is offered up to "
            f"{_LARGEST_EXACT_ARM} per arm; use two_proportion_n above that"
        )
    return require_count(n, name, at_least=1)


def z_test_exact_power(
    n1: int,
    n2: int,
    p1: float,
    p2: float,
    alpha: float = 0.05,
    *,
    pooled: bool = True,
    sided: int = 2,
) -> float:
    """The exact power of the z test of two proportions: the summed probability of its rejections.

    Args:
        n1, n2: people per arm.
        p1, p2: true event probabilities; give p1 = p2 for the attained size.
        alpha: nominal level.
        pooled: pool the variance under the hypothesis; else use each arm's own.
        sided: 2, or 1 for the alternative p2 > p1.

    Raises:
        InputError: a value is out of range.

    >>> round(z_test_exact_power(62, 62, 0.1, 0.3), 3)
    0.81
    """
    _arm(n1, "n1"), _arm(n2, "n2")
    _require_rates(p1, p2, alpha)
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    f1, f2 = x1 / n1, x2 / n2
    mean = (x1 + x2) / (n1 + n2)
    variance = (
        mean * (1.0 - mean) * (1.0 / n1 + 1.0 / n2)
        if pooled
        else f1 * (1.0 - f1) / n1 + f2 * (1.0 - f2) / n2
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.nan_to_num((f2 - f1) / np.sqrt(variance), nan=0.0)
    rejects = (np.abs(z) if sided == 2 else z) > -special.ndtri(alpha / sided)
    return float(binomial_pmf_vector(n1, p1) @ rejects @ binomial_pmf_vector(n2, p2))


def fisher_rejections(
    n1: int, n2: int, alpha: float, alternative: str = "two-sided"
) -> NDArray[np.bool_]:
    """Which outcomes Fisher's exact test rejects: entry [x1, x2] for x1 of n1 against x2 of n2.

    Args:
        n1, n2: people per arm.
        alpha: level; an outcome rejects when its p value is at most alpha.
        alternative: "two-sided" (minimum-likelihood rule, as R), "less" or "greater", of arm 1, or
            "equal tails" (each tail at most alpha / 2, as clinfun; the same when n1 = n2).

    Raises:
        InputError: a value is out of range.
    """
    _arm(n1, "n1"), _arm(n2, "n2")
    x1, total = np.arange(n1 + 1), np.arange(n1 + n2 + 1)[:, None]
    x2 = total - x1
    inside = (x2 >= 0) & (x2 <= n2)
    log_choose1 = _log_choose(n1)[x1]
    log_choose2 = _log_choose(n2)[np.clip(x2, 0, n2)]
    pmf = np.exp(np.where(inside, log_choose1 + log_choose2 - _log_choose(n1 + n2)[total], -np.inf))
    p = _tail_p_values(pmf, alternative)
    rejects = np.zeros((n1 + 1, n2 + 1), dtype=np.bool_)
    rows, columns = np.nonzero(inside)
    rejects[columns, rows - columns] = p[rows, columns] <= alpha * (1.0 + 1e-12)
    return rejects


def _log_choose(n: int) -> Array:
    k = np.arange(n + 1)
    return np.asarray(
        special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1),
        dtype=np.float64,
    )


def _tail_p_values(pmf: Array, alternative: str) -> Array:
    """The p value of every cell from the rows' laws, by the rule of the alternative."""
    require_choice(alternative, "alternative", ("two-sided", "less", "greater", "equal tails"))
    if alternative == "equal tails":
        lower = np.cumsum(pmf, axis=1)
        upper = np.cumsum(pmf[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(2.0 * np.minimum(lower, upper))
    if alternative == "less":
        return np.asarray(np.cumsum(pmf, axis=1))
    if alternative == "greater":
        return np.asarray(np.cumsum(pmf[:, ::-1], axis=1)[:, ::-1])
    order = np.argsort(pmf, axis=1)
    ordered = np.take_along_axis(pmf, order, axis=1)
    below = np.cumsum(ordered, axis=1)
    # Equal probabilities stand or fall together: take the sum at the last one within the slack.
    last = np.empty(pmf.shape, dtype=np.int64)
    for row in range(pmf.shape[0]):
        last[row] = np.searchsorted(ordered[row], ordered[row] * _TIE_SLACK, side="right") - 1
    p = np.empty_like(pmf)
    np.put_along_axis(p, order, np.take_along_axis(below, last, axis=1), axis=1)
    return p


def fisher_exact_power(
    n1: int, n2: int, p1: float, p2: float, alpha: float = 0.05, alternative: str = "two-sided"
) -> float:
    """The exact power of Fisher's exact test with n1 and n2 people.

    Args:
        n1, n2: people per arm.
        p1, p2: true event probabilities.
        alpha: level.
        alternative: as for `fisher_rejections`.

    Raises:
        InputError: a value is out of range.

    >>> round(fisher_exact_power(20, 20, 0.1, 0.4), 4)
    0.492
    """
    _require_rates(p1, p2, alpha)
    rejects = fisher_rejections(n1, n2, alpha, alternative)
    return float(binomial_pmf_vector(n1, p1) @ rejects @ binomial_pmf_vector(n2, p2))


def _exact_search(
    power_at: Callable[[int], float], goal: float, guess: int, window: int | None = None
) -> ExactSize:
    """Smallest n reaching the goal and smallest from which it stays.

    Without a window the search ends at 1.3 times the first + 20; with one it looks at guess - window
    to guess + window only.
    """
    powers: dict[int, float] = {}

    def reached(n: int) -> bool:
        if n not in powers:
            powers[n] = power_at(n)
        return powers[n] >= goal

    if window is not None:
        span = range(max(1, guess - window), guess + window + 1)
        failing = [n for n in span if not reached(n)]
        stays = failing[-1] + 1 if failing else span.start
        reached(stays)
        first = next((n for n in span if powers[n] >= goal), stays)
        return ExactSize(first, powers[first], stays, powers[stays], span.stop - 1)
    # Walk down from the guess until well below the goal, then up: the saw's teeth are a few people.
    start = max(1, guess)
    while start > 1 and (reached(start) or powers[start] > goal - 0.1):
        start = max(1, start - max(1, guess // 20))
    first = start
    while not reached(first):
        first += 1
    last = math.ceil(1.3 * first) + 20
    stays = last
    while stays > first and reached(stays - 1) and reached(stays):
        stays -= 1
    return ExactSize(first, powers[first], stays, powers.get(stays, power_at(stays)), last)


def fisher_n(
    p1: float,
    p2: float,
    alpha: float = 0.05,
    power: float = 0.8,
    alternative: str = "two-sided",
    *,
    window: int | None = None,
) -> ExactSize:
    """People per arm for Fisher's exact test, by its exact power.

    Args:
        p1, p2: true event probabilities, not equal.
        alpha: level.
        power: wanted.
        alternative: as for `fisher_rejections`.
        window: search only this many people around the Casagrande-Pike-Smith size.

    Raises:
        InputError: a value is out of range.

    >>> size = fisher_n(0.1, 0.3)
    >>> size.n, size.n_stays
    (69, 69)
    """
    _require_rates(p1, p2, alpha, power)
    guess = two_proportion_n(p1, p2, alpha, power, "casagrande-pike-smith")
    _arm(guess, "the size needed")
    return _exact_search(
        lambda n: fisher_exact_power(n, n, p1, p2, alpha, alternative), power, guess, window
    )


def single_arm_power(
    n: int, p0: float, p1: float, alpha: float = 0.05, sided: int = 1
) -> SingleArm:
    """The exact one-sample binomial test with n people: critical count, attained size, power.

    Args:
        n: people.
        p0: event probability under the hypothesis.
        p1: under the alternative; the test looks in its direction.
        alpha: level; halved when `sided` is 2 (only the tail towards p1 is counted).
        sided: 1 or 2.

    Raises:
        InputError: a value is out of range.

    >>> single_arm_power(30, 0.05, 0.2, 0.025).critical_count
    5
    """
    require_count(n, "n", at_least=1)
    _require_rates(p0, p1, alpha)
    level = alpha / sided
    if p1 < p0:
        mirrored = single_arm_power(n, 1.0 - p0, 1.0 - p1, level)
        return SingleArm(n, n - mirrored.critical_count, mirrored.size, mirrored.power)
    counts = np.arange(n + 2)
    null = np.where(
        counts == 0, 1.0, special.betainc(np.maximum(counts, 1e-300), n - counts + 1, p0)
    )
    null[-1] = 0.0
    critical = int(np.argmax(null <= level * (1.0 + 1e-12)))
    power = 0.0 if critical > n else _upper_tail(critical, n, p1)
    return SingleArm(n, critical, float(null[critical]), power)


def _upper_tail(count: int, n: int, p: float) -> float:
    return 1.0 if count == 0 else float(special.betainc(count, n - count + 1, p))


def single_arm_n(
    p0: float, p1: float, alpha: float = 0.05, power: float = 0.8, sided: int = 1
) -> ExactSize:
    """People for the exact one-sample binomial test, by its saw-toothed exact power.

    Args:
        p0, p1: event probabilities under the hypothesis and the alternative.
        alpha: level (halved when `sided` is 2).
        power: wanted.
        sided: 1 or 2.

    Raises:
        InputError: a value is out of range.

    >>> size = single_arm_n(0.05, 0.2, 0.05, 0.8)
    >>> size.n <= size.n_stays
    True
    """
    _require_rates(p0, p1, alpha, power)
    z_alpha, z_beta = -special.ndtri(alpha / sided), special.ndtri(power)
    spread = z_alpha * math.sqrt(p0 * (1.0 - p0)) + z_beta * math.sqrt(p1 * (1.0 - p1))
    guess = max(2, math.ceil(float(spread / (p1 - p0)) ** 2))
    return _exact_search(lambda n: single_arm_power(n, p0, p1, alpha, sided).power, power, guess)
