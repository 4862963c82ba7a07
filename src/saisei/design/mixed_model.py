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
from scipy import optimize

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
    blocks = _sums(response, x, z, index, len(labels))
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


@dataclass(frozen=True, slots=True)
class _Sums:
    """Cross products: zz, zx, zy per group, shapes (G, q, q), (G, q, p), (G, q); the rest over all."""

    zz: Array
    zx: Array
    zy: Array
    xx: Array
    xy: Array
    yy: float
    n: int


def _sums(y: Array, x: Array, z: Array, index: NDArray[np.int64], groups: int) -> _Sums:
    members = [index == i for i in range(groups)]
    return _Sums(
        np.array([z[m].T @ z[m] for m in members]),
        np.array([z[m].T @ x[m] for m in members]),
        np.array([z[m].T @ y[m] for m in members]),
        x.T @ x,
        x.T @ y,
        float(y @ y),
        len(y),
    )


def _profile(theta: Array, sums: _Sums, method: str) -> tuple[float, Array, Array, float]:
    """Criterion, fixed effects, their information (per unit variance) and residual variance.

    Everything of a group is reduced to q x q matrices by the Woodbury identity.
    """
    q, p = sums.zz.shape[1], sums.xx.shape[0]
    factor = _factor(theta, q)
    inner = np.eye(q) + factor.T @ sums.zz @ factor
    zx, zy = factor.T @ sums.zx, (sums.zy @ factor)[:, :, None]
    solved = np.linalg.solve(inner, np.concatenate([zx, zy], axis=2))
    information: Array = sums.xx - np.einsum("gqi,gqj->ij", zx, solved[:, :, :p])
    score = sums.xy - np.einsum("gqi,gq->i", zx, solved[:, :, p])
    square = sums.yy - float(np.einsum("gq,gq->", zy[:, :, 0], solved[:, :, p]))
    effects: Array = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    residual = max(square - float(score @ effects), 1e-300)
    freedom = sums.n - p if method == "REML" else sums.n
    variance = residual / freedom
    criterion = float(np.linalg.slogdet(inner)[1].sum())
    criterion += freedom * (1.0 + math.log(2.0 * math.pi * variance))
    if method == "REML":
        criterion += float(np.linalg.slogdet(information)[1])
    return criterion, effects, information, variance
