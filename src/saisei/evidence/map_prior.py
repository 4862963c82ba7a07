"""The meta-analytic predictive (MAP) prior for a new study, by quadrature instead of MCMC.

theta_h ~ N(mu, tau^2) for each earlier study h, mu ~ N(m0, s0^2), tau ~ half-normal(s); the prior for
the next study is the law of theta* ~ N(mu, tau^2) given what the earlier ones showed. theta is a logit
(binomial data) or a mean or log ratio (normal data). Only two parameters are shared, so integrate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from saisei.chance.domain import require_count, require_positive
from saisei.chance.quadrature import hermite_rule, legendre_rule
from saisei.errors import InputError
from saisei.evidence import map_prior_kernel as kernel
from saisei.params import value

__all__ = [
    "MapBatch",
    "MapPosterior",
    "MapSummary",
    "half_normal_interval_probs",
    "map_prior_binomial",
    "map_prior_normal",
    "map_priors_binomial",
]

Array = NDArray[np.float64]

PROBS = (0.025, 0.5, 0.975)
# Node counts: doubling each changes tau by less than 1e-4 on the reference registries.
_TAU_NODES = 48
_MU_NODES = 31
_STUDY_NODES = 15
# Batches of simulated registries use fewer: tau moves by less than 1e-3.
_BATCH_NODES = (24, 19, 7)
_FINE = 321
# Spread is integrated to this many prior scales; the half-normal beyond holds 6e-7.
_TAU_REACH = 5.0
_LIGHTEST = 1e-10
_QUANTILE_GRID = 4001


@dataclass(frozen=True, slots=True)
class MapSummary:
    """Mean, standard deviation and the 2.5%, 50% and 97.5% points of one quantity."""

    mean: float
    sd: float
    quantiles: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class MapPosterior:
    """What earlier studies say about their spread, their mean and the next study.

    Attributes:
        link: "logit" or "identity".
        tau: between-study standard deviation, on the link scale.
        mu: overall mean, on the link scale.
        mu_response: overall mean on the response scale (a probability under the logit link).
        new_study: the MAP prior, on the response scale.
        weights, means, sds: the MAP prior as a fine normal mixture on the link scale, shape (K,).
    """

    link: str
    tau: MapSummary
    mu: MapSummary
    mu_response: MapSummary
    new_study: MapSummary
    weights: Array
    means: Array
    sds: Array

    def cdf(self, x: ArrayLike) -> Array:
        """P(new study's parameter <= x), x on the response scale."""
        return _mixture_cdf(_to_link(np.asarray(x), self.link), self.weights, self.means, self.sds)

    def quantile(self, p: float) -> float:
        """The p-quantile of the new study's parameter, on the response scale."""
        return _to_response(_mixture_quantile(p, self.weights, self.means, self.sds), self.link)


@dataclass(frozen=True, slots=True)
class MapBatch:
    """Summaries of many MAP priors; each array has shape (B,), quantiles (B, 3)."""

    tau_mean: Array
    tau_sd: Array
    mu_mean: Array
    mu_sd: Array
    mean: Array
    sd: Array
    quantiles: Array


def _to_link(x: Array, link: str) -> Array:
    if link == "identity":
        return x
    with np.errstate(divide="ignore"):
        return np.asarray(special.logit(x))


def _to_response(x: float, link: str) -> float:
    return float(special.expit(x)) if link == "logit" else float(x)


def _mixture_cdf(x: Array, weights: Array, means: Array, sds: Array) -> Array:
    return np.asarray(special.ndtr((x[..., None] - means) / sds) @ weights)


def _mixture_quantile(p: float, weights: Array, means: Array, sds: Array) -> float:
    z = float(special.ndtri(p))
    ends = means + sds * z
    low, high = float(ends.min()) - 1e-9, float(ends.max()) + 1e-9
    return float(
        optimize.brentq(
            lambda x: float(_mixture_cdf(np.asarray(x), weights, means, sds)) - p, low, high,
            xtol=1e-10,
        )
    )  # fmt: skip


@lru_cache(maxsize=16)
def _tau_rule(tau_scale: float, nodes: int = _TAU_NODES) -> tuple[Array, Array, Array]:
    """Nodes of tau on a squared grid, weights of d tau, and the nodes of u = sqrt(tau)."""
    u, w = legendre_rule(nodes, 0.0, float(np.sqrt(_TAU_REACH * tau_scale)))
    return u * u, 2.0 * u * w, u


@lru_cache(maxsize=4)
def _mu_rule(
    nodes: int = _MU_NODES, study_nodes: int = _STUDY_NODES
) -> tuple[Array, Array, Array, Array]:
    t, w = legendre_rule(nodes, -1.0, 1.0)
    z, mass = hermite_rule(study_nodes)
    log_mass: Array = np.asarray(np.log(mass), dtype=np.float64)
    return t, w, np.ascontiguousarray(z), log_mass


@lru_cache(maxsize=1)
def _fine_rule() -> tuple[Array, Array]:
    """A fine uniform grid on [-1, 1] and the matrix that carries node values to it."""
    t, w = legendre_rule(_MU_NODES, -1.0, 1.0)
    fine = np.linspace(-1.0, 1.0, _FINE)
    order = np.arange(_MU_NODES)
    at_nodes = np.polynomial.legendre.legvander(t, _MU_NODES - 1)
    coefficients = (at_nodes * w[:, None]).T * ((2.0 * order + 1.0) / 2.0)[:, None]
    carry: Array = np.asarray(np.polynomial.legendre.legvander(fine, _MU_NODES - 1) @ coefficients)
    return fine, carry


def _defaults(
    tau_scale: float | None, mean_prior: tuple[float, float] | None
) -> tuple[float, float, float]:
    scale = float(value("evidence.map_tau_halfnormal_sd")) if tau_scale is None else tau_scale
    m0, s0 = mean_prior or (0.0, float(value("evidence.map_mean_logit_sd")))
    return require_positive(scale, "tau_scale"), m0, require_positive(s0, "the prior sd of mu")


def map_prior_binomial(
    events: Sequence[int],
    sizes: Sequence[int],
    *,
    tau_scale: float | None = None,
    mean_prior: tuple[float, float] | None = None,
) -> MapPosterior:
    """The MAP prior for a probability, from counts of earlier studies, on the logit.

    Args:
        events, sizes: events and people of each study.
        tau_scale: scale of the half-normal prior of the spread, on the logit; the parameter
            evidence.map_tau_halfnormal_sd if left out.
        mean_prior: mean and sd of the normal prior of mu; 0 and evidence.map_mean_logit_sd if left
            out.

    Raises:
        InputError: no studies, unequal lengths, impossible counts, or scales not above 0.

    >>> prior = map_prior_binomial([2, 15, 19], [12, 64, 94], tau_scale=1.0)
    >>> round(prior.new_study.mean, 3)
    0.228
    """
    r, n = _require_studies(events, sizes)
    scale, m0, s0 = _defaults(tau_scale, mean_prior)
    taus, tau_w, u = _tau_rule(scale)
    t, w, z, log_w = _mu_rule()
    centres, scales, surface = kernel.binomial_surface(r, n, m0, s0, taus, t, w, z, log_w)
    log_prior = -0.5 * (taus / scale) ** 2
    mass = np.exp(surface + log_prior[:, None] - (surface + log_prior[:, None]).max()) * w
    density = mass.sum(axis=1)
    total = float(density @ tau_w)
    joint = mass * (tau_w / total)[:, None]
    mu_nodes = centres[:, None] + kernel.HALF_WIDTH * scales[:, None] * t
    mu_points, mu_mass = _refined(centres, scales, surface, joint.sum(axis=1))
    weights, means, sds = _components(taus, scales, joint, mu_nodes, mu_points, mu_mass)
    return MapPosterior(
        "logit",
        _tau_summary(u, 2.0 * u * density / total, taus, density * tau_w / total),
        _mu_summary(mu_points, mu_mass, "identity"),
        _mu_summary(mu_points, mu_mass, "logit"),
        _new_study_summary(weights, means, sds, "logit"),
        weights,
        means,
        sds,
    )


def _require_studies(events: Sequence[int], sizes: Sequence[int]) -> tuple[Array, Array]:
    if not events or len(events) != len(sizes):
        raise InputError(
            f"{len(events)} event counts and {len(sizes)} sizes: give one of each per study"
        )
    for r, n in zip(events, sizes, strict=True):
        require_count(n, "a study size", at_least=1)
        require_count(r, "a study's events", at_most=int(n))
    return np.array(events, dtype=np.float64), np.array(sizes, dtype=np.float64)


def _refined(centres: Array, scales: Array, surface: Array, row_mass: Array) -> tuple[Array, Array]:
    """mu on a fine grid per tau, with masses: shapes (T, F), (T, F)."""
    fine, carry = _fine_rule()
    density = np.maximum(np.exp(surface - surface.max(axis=1, keepdims=True)) @ carry.T, 0.0)
    density *= (row_mass / density.sum(axis=1))[:, None]
    return centres[:, None] + kernel.HALF_WIDTH * scales[:, None] * fine, density


def _components(
    taus: Array, scales: Array, joint: Array, nodes: Array, points: Array, masses: Array
) -> tuple[Array, Array, Array]:
    """The new study's law as normals: on the nodes where tau bridges them, else on the fine grid."""
    bridged = taus > 4.0 * kernel.HALF_WIDTH * scales / _MU_NODES
    parts = [
        (joint[bridged], nodes[bridged], taus[bridged]),
        (masses[~bridged], points[~bridged], taus[~bridged]),
    ]
    weights = np.concatenate([part[0].ravel() for part in parts])
    means = np.concatenate([part[1].ravel() for part in parts])
    sds = np.concatenate([np.repeat(part[2], part[0].shape[1]) for part in parts])
    keep = weights > _LIGHTEST
    return weights[keep] / weights[keep].sum(), means[keep], sds[keep]


def _tau_summary(u: Array, density: Array, taus: Array, mass: Array) -> MapSummary:
    """tau from its density over u = sqrt(tau), whose integral is taken as a Legendre series."""
    t, w = legendre_rule(_TAU_NODES, -1.0, 1.0)
    reach = float(u[-1]) * 2.0 / float(1.0 + t[-1])
    order = np.arange(_TAU_NODES)
    basis = np.polynomial.legendre.legvander(t, _TAU_NODES - 1)
    series = (basis * (w * density)[:, None]).sum(axis=0) * (2.0 * order + 1.0) / 2.0
    integral = np.polynomial.legendre.legint(series, lbnd=-1.0) * reach / 2.0
    end = float(np.polynomial.legendre.legval(1.0, integral))
    points = [
        optimize.brentq(
            lambda x, p=p: float(np.polynomial.legendre.legval(x, integral)) - p * end, -1.0, 1.0
        )
        for p in PROBS
    ]
    low, middle, high = (float((reach * (x + 1.0) / 2.0) ** 2) for x in points)
    mean = float(mass @ taus)
    return MapSummary(mean, float((mass @ taus**2 - mean**2) ** 0.5), (low, middle, high))


def _mu_summary(points: Array, mass: Array, link: str) -> MapSummary:
    """mu on the response scale, from its law on one fine grid per tau; shapes (T, F)."""
    y = np.asarray(special.expit(points)) if link == "logit" else points
    mean = float((mass * y).sum())
    sd = float((mass * (y - mean) ** 2).sum() ** 0.5)
    heavy = mass.sum(axis=1) > _LIGHTEST
    grid = np.linspace(points[heavy].min(), points[heavy].max(), _QUANTILE_GRID)
    cdf = np.zeros(_QUANTILE_GRID)
    for x, share in zip(points[heavy], mass[heavy], strict=True):
        # The law is smooth between points, so half of each point's mass lies on either side.
        cdf += np.interp(grid, x, np.cumsum(share) - share / 2.0, left=0.0, right=share.sum())
    low, middle, high = (_to_response(float(np.interp(p, cdf, grid)), link) for p in PROBS)
    return MapSummary(mean, sd, (low, middle, high))


def _new_study_summary(weights: Array, means: Array, sds: Array, link: str) -> MapSummary:
    quantiles = [_to_response(_mixture_quantile(p, weights, means, sds), link) for p in PROBS]
    points = (quantiles[0], quantiles[1], quantiles[2])
    if link == "identity":
        mean = float(weights @ means)
        return MapSummary(mean, float((weights @ (sds**2 + (means - mean) ** 2)) ** 0.5), points)
    z, w = hermite_rule(21)
    rates = special.expit(means[:, None] + sds[:, None] * z)
    mean = float(weights @ rates @ w)
    return MapSummary(mean, float((weights @ (rates - mean) ** 2 @ w) ** 0.5), points)


def map_prior_normal(
    estimates: Sequence[float],
    standard_errors: Sequence[float],
    *,
    tau_scale: float,
    mean_prior: tuple[float, float],
) -> MapPosterior:
    """The MAP prior for a mean or log ratio, from estimates and standard errors of earlier studies.

    Given tau everything is normal, so only tau is integrated numerically.

    Args:
        estimates, standard_errors: one of each per study, in the units of the outcome.
        tau_scale: scale of the half-normal prior of the spread, same units.
        mean_prior: mean and sd of the normal prior of mu.

    Raises:
        InputError: no studies, unequal lengths, or scales not above 0.
    """
    if not estimates or len(estimates) != len(standard_errors):
        raise InputError("give one estimate and one standard error per study, at least one study")
    for se in standard_errors:
        require_positive(se, "a standard error")
    scale, m0, s0 = _defaults(tau_scale, mean_prior)
    y, se2 = np.array(estimates, dtype=np.float64), np.array(standard_errors) ** 2
    taus, tau_w, u = _tau_rule(scale)
    variance = se2 + taus[:, None] ** 2
    precision = 1.0 / s0**2 + (1.0 / variance).sum(axis=1)
    centre = (m0 / s0**2 + (y / variance).sum(axis=1)) / precision
    fit = (y**2 / variance).sum(axis=1) + m0**2 / s0**2 - precision * centre**2
    log_density = -0.5 * (np.log(variance).sum(axis=1) + np.log(precision) + fit)
    log_density -= 0.5 * (taus / scale) ** 2
    density = np.exp(log_density - log_density.max())
    mass = density * tau_w / (density @ tau_w)
    density = density / (density @ tau_w)
    spread = 1.0 / np.sqrt(precision)
    mu = _new_study_summary(mass, centre, spread, "identity")
    sds = np.sqrt(taus**2 + spread**2)
    return MapPosterior(
        "identity",
        _tau_summary(u, 2.0 * u * density, taus, mass),
        mu,
        mu,
        _new_study_summary(mass, centre, sds, "identity"),
        mass,
        centre,
        sds,
    )


def map_priors_binomial(
    events: ArrayLike,
    sizes: ArrayLike,
    *,
    tau_scale: float | None = None,
    mean_prior: tuple[float, float] | None = None,
) -> MapBatch:
    """Many MAP priors at once (simulated registries), compiled and on all cores.

    Args:
        events, sizes: counts, shape (B, H): B sets of H studies.
        tau_scale, mean_prior: as for `map_prior_binomial`.

    Raises:
        InputError: shapes differ or a count is impossible.
    """
    r, n = np.ascontiguousarray(events, np.float64), np.ascontiguousarray(sizes, np.float64)
    if r.ndim != 2 or r.shape != n.shape or (r < 0).any() or (r > n).any() or (n < 1).any():
        raise InputError("events and sizes must be tables of one shape, 0 <= events <= size >= 1")
    scale, m0, s0 = _defaults(tau_scale, mean_prior)
    tau_nodes, mu_nodes, study_nodes = _BATCH_NODES
    taus, tau_w, _ = _tau_rule(scale, tau_nodes)
    t, w, z, log_w = _mu_rule(mu_nodes, study_nodes)
    rows = kernel.batch_summaries(
        r, n, m0, s0, scale, taus, np.log(tau_w), t, w, z, log_w, np.array(PROBS)
    )
    tau_mean, tau_sd, mu_mean, mu_sd, mean, sd = rows[:, :6].T
    return MapBatch(tau_mean, tau_sd, mu_mean, mu_sd, mean, sd, rows[:, 6:])


def half_normal_interval_probs(cuts: Sequence[float], scale: float) -> list[float]:
    """Probabilities of a half-normal law between consecutive cuts (the last may be infinite).

    >>> [round(p, 4) for p in half_normal_interval_probs([0, 0.5, 1, float("inf")], 0.5)]
    [0.6827, 0.2718, 0.0455]
    """
    require_positive(scale, "scale")
    below = special.erf(np.asarray(cuts, dtype=np.float64) / (scale * np.sqrt(2.0)))
    return [float(p) for p in np.diff(below)]
