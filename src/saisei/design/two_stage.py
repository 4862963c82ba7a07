"""Simon's two-stage and single-stage designs, exact, and inference after two stages.

Convention: the trial stops after stage one when responders are at most r1, and the treatment is declared
of interest when the total exceeds r.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.chance.domain import require_count, require_probability
from saisei.design.power import binomial_pmf_vector
from saisei.errors import InputError, UnsupportedError

__all__ = [
    "SingleStage",
    "TwoStage",
    "TwoStageInference",
    "TwoStageOc",
    "simon_designs",
    "single_stage_designs",
    "two_stage_inference",
    "two_stage_oc",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TwoStage:
    """A two-stage design: stop after n1 if responders <= r1; of interest if responders > r of n."""

    r1: int
    n1: int
    r: int
    n: int


@dataclass(frozen=True, slots=True)
class TwoStageOc:
    """Exact characteristics of a two-stage design.

    Attributes:
        alpha: probability of declaring interest at p0.
        power: the same at p1.
        early_stop: probability of stopping after stage one at p0.
        expected_n: people expected at p0.
    """

    alpha: float
    power: float
    early_stop: float
    expected_n: float


@dataclass(frozen=True, slots=True)
class SingleStage:
    """A single-stage design: of interest if responders > r of n; alpha at p0, beta at p1."""

    n: int
    r: int
    alpha: float
    beta: float


@dataclass(frozen=True, slots=True)
class TwoStageInference:
    """Inference after a two-stage trial (Jung and Kim 2004; Koyama and Chen 2008).

    Attributes:
        umvue: unbiased estimate of the response probability.
        p_value: against the uninteresting rate.
        lower, upper: where the p value is alpha and 1 - alpha (joint confidence 1 - 2 alpha).
    """

    umvue: float
    p_value: float
    lower: float
    upper: float


def _require_two_stage(design: TwoStage) -> None:
    require_count(design.n1, "n1", at_least=1)
    require_count(design.n, "n", at_least=design.n1 + 1)
    require_count(design.r1, "r1", at_least=-1, at_most=design.n1)
    require_count(design.r, "r", at_least=0, at_most=design.n)


def _beyond(design: TwoStage, p: float) -> float:
    """Probability of more than r responders in all, having passed stage one."""
    first = binomial_pmf_vector(design.n1, p)
    second = design.n - design.n1
    x = np.arange(design.r1 + 1, design.n1 + 1)
    need = np.clip(design.r - x, -1, second)
    tail = np.where(need < 0, 1.0, special.bdtrc(np.maximum(need, 0), second, p))
    return float(first[x] @ tail)


def two_stage_oc(design: TwoStage, p0: float, p1: float) -> TwoStageOc:
    """Exact type I error, power, early stopping and expected size.

    Raises:
        InputError: the design or a rate is impossible.

    >>> oc = two_stage_oc(TwoStage(1, 10, 5, 29), 0.1, 0.3)
    >>> round(oc.alpha, 4), round(oc.power, 4), round(oc.expected_n, 2)
    (0.0471, 0.8051, 15.01)
    """
    _require_two_stage(design)
    require_probability(p0, "p0")
    require_probability(p1, "p1")
    early = float(binomial_pmf_vector(design.n1, p0)[: design.r1 + 1].sum())
    expected = design.n1 + (1.0 - early) * (design.n - design.n1)
    return TwoStageOc(_beyond(design, p0), _beyond(design, p1), early, expected)


@njit(cache=True, error_model="numpy")
def _best_at(
    n: int, pmf0: Array, pmf1: Array, tail0: Array, tail1: Array, alpha: float, beta: float
) -> tuple[float, int, int, int]:
    """The smallest expected size at p0 with n people in all: (size, r1, n1, r), size -1 if none."""
    best, best_r1, best_n1, best_r = -1.0, -1, -1, -1
    for n1 in range(1, n):
        n2 = n - n1
        early = 0.0
        early1 = 0.0
        for r1 in range(n1):
            early += pmf0[n1, r1]
            early1 += pmf1[n1, r1]
            if early1 > beta:
                break
            size = n1 + (1.0 - early) * n2
            if best >= 0.0 and size >= best:
                continue
            # The smallest r whose type I error fits; then power decides.
            for r in range(r1, n):
                error = 0.0
                for x in range(r1 + 1, n1 + 1):
                    need = r - x
                    error += pmf0[n1, x] * (
                        1.0 if need < 0 else (tail0[n2, need] if need < n2 else 0.0)
                    )
                if error <= alpha:
                    power = 0.0
                    for x in range(r1 + 1, n1 + 1):
                        need = r - x
                        power += pmf1[n1, x] * (
                            1.0 if need < 0 else (tail1[n2, need] if need < n2 else 0.0)
                        )
                    if power >= 1.0 - beta:
                        best, best_r1, best_n1, best_r = size, r1, n1, r
                    break
    return best, best_r1, best_n1, best_r


def simon_designs(
    p0: float, p1: float, alpha: float, beta: float, n_max: int = 100
) -> tuple[TwoStage, TwoStage]:
    """Simon's optimal design (least expected size at p0) and minimax design (least n, then least size).

    Args:
        p0, p1: uninteresting and interesting response probabilities.
        alpha, beta: error probabilities.
        n_max: largest total size looked at.

    Raises:
        InputError: the rates are not increasing.
        UnsupportedError: no design with n_max or fewer people meets the errors.

    >>> simon_designs(0.1, 0.3, 0.05, 0.2)[0]
    TwoStage(r1=1, n1=10, r=5, n=29)
    """
    if not 0.0 < p0 < p1 < 1.0:
        raise InputError(f"p0 = {p0} and p1 = {p1} must increase strictly between 0 and 1")
    for name, error in (("alpha", alpha), ("beta", beta)):
        require_probability(error, name, open_ends=True)
    tables = [_tables(p, n_max) for p in (p0, p1)]
    found: list[tuple[float, TwoStage]] = []
    for n in range(2, n_max + 1):
        size, r1, n1, r = _best_at(
            n, tables[0][0], tables[1][0], tables[0][1], tables[1][1], alpha, beta
        )
        if size >= 0.0:
            found.append((size, TwoStage(r1, n1, r, n)))
    if not found:
        raise UnsupportedError(f"no two-stage design with up to {n_max} people meets these errors")
    return min(found, key=lambda item: item[0])[1], found[0][1]


def _tables(p: float, n_max: int) -> tuple[Array, Array]:
    """Binomial probabilities and upper tails (more than k) for every size up to n_max."""
    pmf = np.zeros((n_max + 1, n_max + 1))
    for n in range(n_max + 1):
        pmf[n, : n + 1] = binomial_pmf_vector(n, p)
    above = np.cumsum(pmf[:, ::-1], axis=1)[:, ::-1] - pmf
    return pmf, np.ascontiguousarray(above)


def single_stage_designs(
    p0: float, p1: float, alpha: float, beta: float, *, solutions: int = 1, n_max: int = 1000
) -> list[SingleStage]:
    """The smallest single-stage designs that meet both errors, in order of n.

    Args:
        p0, p1: uninteresting and interesting response probabilities.
        alpha, beta: error probabilities.
        solutions: how many sizes to give (power is saw-toothed, so later ones may skip sizes).
        n_max: largest size looked at.

    Raises:
        InputError: the rates are not increasing.
        UnsupportedError: too few sizes up to n_max meet the errors.
    """
    if not 0.0 <= p0 < p1 <= 1.0:
        raise InputError(f"p0 = {p0} and p1 = {p1} must increase between 0 and 1")
    found: list[SingleStage] = []
    for n in range(1, n_max + 1):
        above = 1.0 - np.cumsum(binomial_pmf_vector(n, p0))
        # The smallest r with P(X > r | p0) <= alpha; sums run from the small end for accuracy.
        r = int(np.argmax(above <= alpha + 1e-12))
        size = float(special.bdtrc(r, n, p0)) if r < n else 0.0
        miss = float(special.bdtr(r, n, p1))
        if miss <= beta:
            found.append(SingleStage(n, r, size, miss))
            if len(found) == solutions:
                return found
    raise UnsupportedError(f"fewer than {solutions} sizes up to {n_max} meet these errors")


def two_stage_inference(
    design: TwoStage, responders: int, p0: float, alpha: float = 0.05, *, grid: float | None = None
) -> TwoStageInference:
    """Estimate, p value and limits after a two-stage trial.

    Args:
        design: r1, n1 and n are used; r is not.
        responders: in all: of n, or of n1 when they are r1 or fewer and the trial ended there.
        p0: uninteresting rate.
        alpha: one-sided error of each limit.
        grid: round the limits outward-in to this step, as clinfun prints (1e-4); exact if left out.

    Raises:
        InputError: the count cannot occur.
    """
    _require_two_stage(design)
    require_count(responders, "responders", at_most=design.n)
    n1, n2, x = design.n1, design.n - design.n1, responders
    if x == 0:  # any rate makes none or more certain: the upper limit is that of none among n1
        return TwoStageInference(0.0, 1.0, 0.0, float(1.0 - alpha ** (1.0 / n1)))
    if x <= design.r1:

        def first_tail(p: float) -> float:
            return float(special.betainc(x, n1 - x + 1, p))

        return _inferred(x / n1, first_tail, p0, alpha, grid)
    first = np.arange(max(design.r1 + 1, x - n2), min(n1, x) + 1)

    def log_choose(n: int, k: NDArray[np.int64]) -> Array:
        return np.asarray(
            special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
        )

    paths = log_choose(n1, first) + log_choose(n2, x - first)
    fewer = np.where(first > 0, log_choose(n1 - 1, np.maximum(first - 1, 0)), -np.inf)
    umvue = math.exp(
        float(special.logsumexp(fewer + log_choose(n2, x - first)) - special.logsumexp(paths))
    )

    def upper_tail(p: float) -> float:
        return _beyond(TwoStage(design.r1, n1, x - 1, design.n), p)

    return _inferred(umvue, upper_tail, p0, alpha, grid)


def _inferred(
    estimate: float,
    upper_tail: Callable[[float], float],
    p0: float,
    alpha: float,
    grid: float | None,
) -> TwoStageInference:
    """The p value and the limits where the tail takes the values alpha and 1 - alpha."""
    lower, upper = (
        float(optimize.brentq(lambda p, level=level: upper_tail(p) - level, 0.0, 1.0, xtol=1e-13))
        for level in (alpha, 1.0 - alpha)
    )
    if grid is not None:
        lower, upper = math.ceil(lower / grid) * grid, math.floor(upper / grid) * grid
    return TwoStageInference(estimate, upper_tail(p0), lower, upper)
