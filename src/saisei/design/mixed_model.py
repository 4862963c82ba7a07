"""Linear mixed models for repeated scores, by maximum or restricted likelihood.

y = X b + Z u + e with one grouping factor (the person), u ~ N(0, G), e ~ N(0, s^2). The likelihood is
profiled over b and s, so that only the relative Cholesky factor of G is searched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, optimize

from saisei.chance.domain import require_choice
from saisei.errors import InputError

__all__ = ["MixedFit", "fit_mixed_model"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted linear mixed model.

    Attributes:
        effects: fixed effects, in the order of the columns.
        standard_errors: of the fixed effects.
        covariance: of the random effects, shape (q, q).
        residual_sd: of one observation.
        criterion: minus twice the (restricted) log likelihood.
    """

    effects: tuple[float, ...]
    standard_errors: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    residual_sd: float
    criterion: float


def fit_mixed_model(
    y: ArrayLike,
    fixed: ArrayLike,
    random: ArrayLike,
    groups: Sequence[object],
    *,
    method: str = "REML",
) -> MixedFit:
    """Fit by restricted ("REML") or full ("ML") maximum likelihood.

    Args:
        y: outcomes, shape (n,).
        fixed: design of the fixed effects, shape (n, p), intercept included.
        random: design of the random effects, shape (n, q), intercept included.
        groups: the person of each outcome.
        method: "REML" or "ML".

    Raises:
        InputError: shapes differ, or the fixed design is not of full rank.
    """
    require_choice(method, "method", ("REML", "ML"))
    response, x = np.asarray(y, dtype=np.float64), np.asarray(fixed, dtype=np.float64)
    z = np.asarray(random, dtype=np.float64)
    if not len(response) == len(x) == len(z) == len(groups) or x.ndim != 2 or z.ndim != 2:
        raise InputError("y, fixed, random and groups must have one row per outcome")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise InputError("the fixed effects are not separable: drop a column")
    labels = {g: i for i, g in enumerate(dict.fromkeys(groups))}
    index = np.array([labels[g] for g in groups])
    blocks = [(response[index == i], x[index == i], z[index == i]) for i in range(len(labels))]
    q = z.shape[1]
    rows, columns = np.tril_indices(q)
    start = np.where(rows == columns, 1.0, 0.0)

    def objective(theta: Array) -> float:
        return _profile(theta, blocks, method)[0]

    best = optimize.minimize(
        objective, start, method="Nelder-Mead", tol=1e-10,
        options={"maxiter": 20000, "maxfev": 20000},
    )  # fmt: skip
    criterion, effects, information, variance = _profile(best.x, blocks, method)
    factor = _factor(best.x, q)
    covariance = variance * factor @ factor.T
    errors = np.sqrt(variance * np.diag(np.linalg.inv(information)))
    return MixedFit(
        tuple(effects.tolist()),
        tuple(errors.tolist()),
        tuple(tuple(row) for row in covariance.tolist()),
        math.sqrt(variance),
        criterion,
    )


def _factor(theta: Array, q: int) -> Array:
    factor = np.zeros((q, q))
    factor[np.tril_indices(q)] = theta
    return factor


def _profile(
    theta: Array, blocks: Sequence[tuple[Array, Array, Array]], method: str
) -> tuple[float, Array, Array, float]:
    """Criterion, fixed effects, their information (per unit variance) and residual variance."""
    factor = _factor(theta, blocks[0][2].shape[1])
    p, n = blocks[0][1].shape[1], sum(len(b[0]) for b in blocks)
    information, score, square, log_det = np.zeros((p, p)), np.zeros(p), 0.0, 0.0
    for y, x, z in blocks:
        spread = z @ factor
        root = linalg.cholesky(np.eye(len(y)) + spread @ spread.T, lower=True)
        half_x = linalg.solve_triangular(root, x, lower=True)
        half_y = linalg.solve_triangular(root, y, lower=True)
        information += half_x.T @ half_x
        score += half_x.T @ half_y
        square += float(half_y @ half_y)
        log_det += 2.0 * float(np.log(np.diag(root)).sum())
    effects: Array = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    residual = square - float(score @ effects)
    freedom = n - p if method == "REML" else n
    variance = residual / freedom
    criterion = log_det + freedom * (1.0 + math.log(2.0 * math.pi * variance))
    if method == "REML":
        criterion += float(np.linalg.slogdet(information)[1])
    return criterion, effects, information, variance
