"""The proportional-odds model: logit P(Y <= j) = theta_j - x beta, fitted by Newton's method.

The same odds ratio exp(beta) is assumed at every cut of the scale. Counts are given per group, so a
trial of any size costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.errors import InputError, UnsupportedError

__all__ = ["OrdinalFit", "fit_proportional_odds", "likelihood_ratio_test", "two_group_counts"]

Array = NDArray[np.float64]

_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class OrdinalFit:
    """A fitted proportional-odds model.

    Attributes:
        thresholds: theta_j, increasing, one fewer than the categories in use.
        coefficients: beta; above 0 means higher categories.
        standard_errors: of thresholds, then coefficients.
        loglik: log likelihood at the maximum, without multinomial constants.
    """

    thresholds: tuple[float, ...]
    coefficients: tuple[float, ...]
    standard_errors: tuple[float, ...]
    loglik: float

    @property
    def deviance(self) -> float:
        """Minus twice the log likelihood."""
        return -2.0 * self.loglik


def two_group_counts(
    control: Sequence[int], treated: Sequence[int], levels: Sequence[int]
) -> tuple[list[list[int]], list[list[float]]]:
    """Counts per category and the design (0 control, 1 treated) from lists of grades.

    >>> two_group_counts([1, 1, 2], [2, 3], [1, 2, 3])
    ([[2, 1, 0], [0, 1, 1]], [[0.0], [1.0]])
    """
    unknown = sorted({*control, *treated} - set(levels))
    if unknown:
        raise InputError(f"{unknown} are not among the levels {list(levels)}")
    counts = [[list(arm).count(level) for level in levels] for arm in (control, treated)]
    return counts, [[0.0], [1.0]]


def fit_proportional_odds(
    counts: Sequence[Sequence[float]], covariates: Sequence[Sequence[float]]
) -> OrdinalFit:
    """Maximum likelihood fit; categories that nobody is in are merged away.

    Args:
        counts: people per category, one row per group, shape (groups, categories).
        covariates: one row per group, shape (groups, p); p may be 0.

    Raises:
        InputError: shapes do not match, or fewer than two categories are in use.
        UnsupportedError: the data separate the groups, so that no finite estimate exists.
    """
    table = np.asarray(counts, dtype=np.float64)
    x = np.asarray(covariates, dtype=np.float64).reshape(len(table), -1)
    if table.ndim != 2 or (table < 0).any() or table.sum() == 0:
        raise InputError("counts must be a table of people per group and category")
    table = table[:, table.sum(axis=0) > 0]
    cuts = table.shape[1] - 1
    if cuts < 1:
        raise InputError("everybody is in one category: there is no order to model")
    share = np.cumsum(table.sum(axis=0))[:-1] / table.sum()
    parameters = np.concatenate([special.logit(share), np.zeros(x.shape[1])])
    value, gradient, information = _derivatives(parameters, table, x, cuts)
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(information + 1e-12 * np.eye(len(parameters)), gradient)
        size = 1.0
        while size > 1e-8:
            new = parameters + size * step
            if (np.diff(new[:cuts]) > 0).all():
                attempt = _derivatives(new, table, x, cuts)
                if attempt[0] >= value - 1e-12:
                    break
            size /= 2.0
        else:
            break
        parameters = new
        value, gradient, information = attempt
        if np.abs(parameters).max() > 25.0:
            raise UnsupportedError(
                "the groups do not overlap on the scale, so the odds ratio has no finite estimate; "
                "use the exact shift test, or a prior on the odds ratio"
            )
        if float(np.abs(gradient).max()) < 1e-10:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return OrdinalFit(
        tuple(parameters[:cuts].tolist()),
        tuple(parameters[cuts:].tolist()),
        tuple(errors.tolist()),
        float(value),
    )


def _derivatives(
    parameters: Array, table: Array, x: Array, cuts: int
) -> tuple[float, Array, Array]:
    """Log likelihood, gradient and observed information of the proportional-odds model."""
    shift = x @ parameters[cuts:]
    eta = parameters[:cuts] - shift[:, None]
    groups = len(table)
    cdf = np.column_stack([np.zeros(groups), special.expit(eta), np.ones(groups)])
    pdf = cdf * (1.0 - cdf)
    slope = pdf * (1.0 - 2.0 * cdf)
    p = np.maximum(np.diff(cdf, axis=1), 1e-300)
    size = len(parameters)
    gradient, information = np.zeros(size), np.zeros((size, size))
    for j in range(cuts + 1):
        upper, lower = np.zeros((groups, size)), np.zeros((groups, size))
        upper[:, cuts:] = lower[:, cuts:] = -x
        if j < cuts:
            upper[:, j] = 1.0
        if j > 0:
            lower[:, j - 1] = 1.0
        first = (pdf[:, j + 1, None] * upper - pdf[:, j, None] * lower) / p[:, j, None]
        n = table[:, j]
        gradient += n @ first
        information += (first * n[:, None]).T @ first
        information -= (upper * (n * slope[:, j + 1] / p[:, j])[:, None]).T @ upper
        information += (lower * (n * slope[:, j] / p[:, j])[:, None]).T @ lower
    return float((table * np.log(p)).sum()), gradient, information


def likelihood_ratio_test(larger: OrdinalFit, smaller: OrdinalFit) -> tuple[float, float]:
    """Likelihood-ratio statistic and p value of the terms that the larger model adds.

    Raises:
        InputError: the larger model has no more coefficients than the smaller.
    """
    extra = len(larger.coefficients) - len(smaller.coefficients)
    if extra < 1:
        raise InputError("the larger model must have more coefficients than the smaller")
    statistic = 2.0 * (larger.loglik - smaller.loglik)
    return statistic, float(special.chdtrc(extra, max(statistic, 0.0)))
