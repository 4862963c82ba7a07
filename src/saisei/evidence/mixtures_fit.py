"""Fitting a small mixture of beta or normal laws to a MAP prior, by EM on quadrature points.

The MAP prior is a smooth law known on the computer only; designs and updates want a handful of conjugate
components. The fit maximises the expected log density under the MAP prior itself, so there is no sampling
noise: the same input gives the same mixture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.domain import require_count
from saisei.errors import InputError
from saisei.evidence.map_prior import MapPosterior
from saisei.evidence.mixtures import BetaMixture, NormalMixture

__all__ = ["BetaFit", "NormalFit", "fit_beta_mixture", "fit_normal_mixture"]

Array = NDArray[np.float64]

_POINTS = 241
_MOST_STEPS = 500
_MOST_COMPONENTS = 5
_STILL = 1e-6
# More components are added while they lower the divergence by more than this (nats).
_WORTH_A_COMPONENT = 5e-4
_EDGE = 1e-7


@dataclass(frozen=True, slots=True)
class BetaFit:
    """A fitted beta mixture and its Kullback-Leibler divergence from the MAP prior, in nats."""

    mixture: BetaMixture
    divergence: float


@dataclass(frozen=True, slots=True)
class NormalFit:
    """A fitted normal mixture and its Kullback-Leibler divergence from the MAP prior, in nats."""

    mixture: NormalMixture
    divergence: float


def _points(prior: MapPosterior) -> tuple[Array, Array, Array]:
    """Points on the link scale, their masses under the MAP prior, and log densities there."""
    low, high = (_link_quantile(prior, p) for p in (_EDGE, 1.0 - _EDGE))
    x = np.linspace(low, high, _POINTS)
    z = (x[:, None] - prior.means) / prior.sds
    density = np.exp(-0.5 * z * z) @ (prior.weights / prior.sds) / np.sqrt(2.0 * np.pi)
    mass = density / density.sum()
    return x, mass, np.asarray(np.log(np.maximum(density, 1e-300)))


def _link_quantile(prior: MapPosterior, p: float) -> float:
    value = prior.quantile(p)
    return float(special.logit(value)) if prior.link == "logit" else value


def _blocks(x: Array, mass: Array, components: int) -> list[Array]:
    """Starting responsibilities: consecutive blocks of equal mass."""
    middle = np.cumsum(mass) - mass / 2.0
    block = np.minimum((middle * components).astype(int), components - 1)
    return [np.where(block == k, mass, 0.0) for k in range(components)]


def _em(
    x: Array,
    mass: Array,
    components: int,
    fit_one: Callable[[Array], tuple[float, float]],
    log_pdf: Callable[[float, float], Array],
) -> tuple[Array, list[tuple[float, float]], float]:
    """EM on weighted points; returns weights, parameters and the expected log density."""
    shares = _blocks(x, mass, components)
    weights = np.array([s.sum() for s in shares])
    parameters = [fit_one(s / s.sum()) for s in shares]
    last = -np.inf
    for _ in range(_MOST_STEPS):
        logs = np.array([log_pdf(*p) for p in parameters]) + np.log(weights)[:, None]
        total = special.logsumexp(logs, axis=0)
        value = float(mass @ total)
        if value - last < _STILL:
            break
        last = value
        responsibility = np.exp(logs - total) * mass
        weights = np.maximum(responsibility.sum(axis=1), 1e-12)
        parameters = [fit_one(r / w) for r, w in zip(responsibility, weights, strict=True)]
    return weights / weights.sum(), parameters, value


def _grown(
    components: int | None,
    fit: Callable[[int], tuple[Array, list[tuple[float, float]], float]],
) -> tuple[Array, list[tuple[float, float]], float]:
    """A fit with the given number of components, or the fewest that are worth having."""
    if components is not None:
        return fit(require_count(components, "components", at_least=1))
    best = fit(1)
    for k in range(2, _MOST_COMPONENTS + 1):
        larger = fit(k)
        if larger[2] - best[2] < _WORTH_A_COMPONENT:
            break
        best = larger
    return best


def _beta_moments(mean: float, variance: float) -> tuple[float, float]:
    size = max(mean * (1.0 - mean) / max(variance, 1e-12) - 1.0, 1e-2)
    return mean * size, (1.0 - mean) * size


def _beta_fit(log_x: float, log_rest: float, start: tuple[float, float]) -> tuple[float, float]:
    """Parameters whose expected logarithms are those given, by Newton's method."""
    a, b = start
    for _ in range(60):
        total, curve = special.digamma(a + b), special.polygamma(1, a + b)
        g1 = log_x - (special.digamma(a) - total)
        g2 = log_rest - (special.digamma(b) - total)
        h11, h22 = special.polygamma(1, a) - curve, special.polygamma(1, b) - curve
        det = h11 * h22 - curve * curve
        da, db = (h22 * g1 + curve * g2) / det, (curve * g1 + h11 * g2) / det
        step = 1.0
        while a + step * da <= 0.0 or b + step * db <= 0.0:
            step /= 2.0
        a, b = float(a + step * da), float(b + step * db)
        if abs(da) + abs(db) < 1e-10 * (a + b):
            break
    return a, b


def fit_beta_mixture(
    prior: MapPosterior, components: int | None = None, *, at_least_one: bool = True
) -> BetaFit:
    """A beta mixture close to a MAP prior for a probability.

    Args:
        prior: a MAP prior on the logit.
        components: how many; the fewest worth having, up to 5, if left out.
        at_least_one: keep parameters at 1 or above, which the elir ESS needs.

    Raises:
        InputError: the prior is not for a probability, or `components` is not a count.

    >>> from saisei.evidence.map_prior import map_prior_binomial
    >>> prior = map_prior_binomial([2, 15, 19], [12, 64, 94], tau_scale=1.0)
    >>> fit = fit_beta_mixture(prior)
    >>> abs(fit.mixture.mean - prior.new_study.mean) < 0.002, fit.divergence < 0.005
    (True, True)
    """
    if prior.link != "logit":
        raise InputError("a beta mixture is for probabilities: use fit_normal_mixture")
    theta, mass, log_density = _points(prior)
    x = np.asarray(special.expit(theta))
    log_x, log_rest = np.asarray(special.log_expit(theta)), np.asarray(special.log_expit(-theta))
    # Densities of x and of its logit differ by this factor.
    log_density = log_density - log_x - log_rest

    def fit_one(share: Array) -> tuple[float, float]:
        mean = float(share @ x)
        start = _beta_moments(mean, float(share @ (x - mean) ** 2))
        a, b = _beta_fit(float(share @ log_x), float(share @ log_rest), start)
        return (max(a, 1.0), max(b, 1.0)) if at_least_one else (a, b)

    def log_pdf(a: float, b: float) -> Array:
        return np.asarray((a - 1.0) * log_x + (b - 1.0) * log_rest - special.betaln(a, b))

    weights, parameters, value = _grown(components, lambda k: _em(x, mass, k, fit_one, log_pdf))
    order = np.argsort(-weights)
    mixture = BetaMixture(
        tuple(weights[order].tolist()),
        tuple(parameters[k][0] for k in order),
        tuple(parameters[k][1] for k in order),
    )
    return BetaFit(mixture, max(float(mass @ log_density) - value, 0.0))


def fit_normal_mixture(
    prior: MapPosterior, components: int | None = None, *, sigma: float | None = None
) -> NormalFit:
    """A normal mixture close to a MAP prior, on its link scale.

    Args:
        prior: a MAP prior.
        components: how many; the fewest worth having, up to 5, if left out.
        sigma: standard deviation of one observation, kept with the mixture.

    Raises:
        InputError: `components` is not a count.
    """
    x, mass, log_density = _points(prior)
    narrowest = 1e-3 * float(x[-1] - x[0])

    def fit_one(share: Array) -> tuple[float, float]:
        mean = float(share @ x)
        return mean, max(float(share @ (x - mean) ** 2) ** 0.5, narrowest)

    def log_pdf(mean: float, sd: float) -> Array:
        z = (x - mean) / sd
        return np.asarray(-0.5 * z * z - np.log(sd) - 0.5 * np.log(2.0 * np.pi))

    weights, parameters, value = _grown(components, lambda k: _em(x, mass, k, fit_one, log_pdf))
    order = np.argsort(-weights)
    mixture = NormalMixture(
        tuple(weights[order].tolist()),
        tuple(parameters[k][0] for k in order),
        tuple(parameters[k][1] for k in order),
        sigma,
    )
    return NormalFit(mixture, max(float(mass @ log_density) - value, 0.0))
