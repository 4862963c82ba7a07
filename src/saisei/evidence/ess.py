"""How many people a prior is worth: effective sample size by moment, Morita and elir.

The three answer different questions and differ widely for mixtures: the moment ESS matches mean and
standard deviation and is cautious; Morita's looks at the peak and is optimistic; elir, the expected
local-information ratio (Neuenschwander 2020), is predictively consistent. Report all three.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.chance.domain import require_choice
from saisei.chance.quadrature import legendre_rule
from saisei.errors import UnsupportedError
from saisei.evidence.mixtures import BetaMixture, GammaMixture, Mixture, NormalMixture

__all__ = ["EffectiveSize", "effective_size", "elir", "moment_ess", "morita_ess", "prior_mode"]

Array = NDArray[np.float64]

NORMAL_FAMILIES = ("normal", "binomial logit", "poisson log")
GAMMA_LIKELIHOODS = ("poisson", "exponential")

# Morita's flattened prior is this much wider than the unit one (the value used in RBesT).
_FLATTENING = 100.0

# Panels between these quantiles of every component hold the prior's whole mass but 1e-12.
_BREAKS = (1e-12, 1e-6, 1e-3, 0.05, 0.5, 0.95, 1.0 - 1e-3, 1.0 - 1e-6, 1.0 - 1e-12)
_PANEL_NODES = 40


@dataclass(frozen=True, slots=True)
class EffectiveSize:
    """The three effective sample sizes of one prior, in people (or person-time for rates)."""

    moment: float
    morita: float
    elir: float | None


def effective_size(mixture: Mixture, likelihood: str | None = None) -> EffectiveSize:
    """All three; elir is None where it does not exist (a beta or gamma parameter below 1)."""
    try:
        ratio: float | None = elir(mixture, likelihood)
    except UnsupportedError:
        ratio = None
    return EffectiveSize(moment_ess(mixture, likelihood), morita_ess(mixture, likelihood), ratio)


def _likelihood(mixture: Mixture, likelihood: str | None) -> str:
    if isinstance(mixture, BetaMixture):
        return require_choice(likelihood or "binomial", "likelihood", ("binomial",))
    if isinstance(mixture, GammaMixture):
        return require_choice(likelihood or "poisson", "likelihood", GAMMA_LIKELIHOODS)
    return require_choice(likelihood or "normal", "likelihood", NORMAL_FAMILIES)


def _inverse_fisher(mixture: Mixture, likelihood: str) -> Callable[[Array], Array]:
    """One over the information about theta in one observation, as a function of theta."""
    if likelihood == "binomial":
        return lambda x: x * (1.0 - x)
    if likelihood == "poisson":
        return lambda x: x
    if likelihood == "exponential":
        return lambda x: x * x
    if likelihood == "binomial logit":
        return lambda x: 1.0 / (special.expit(x) * special.expit(-x))
    if likelihood == "poisson log":
        return lambda x: np.exp(-x)
    assert isinstance(mixture, NormalMixture)
    variance = mixture.reference_sigma() ** 2
    return lambda x: np.full_like(x, variance)


def _slopes(mixture: Mixture, x: Array) -> tuple[Array, Array]:
    """First and second derivatives of each component's log density, shape (components, points)."""
    if isinstance(mixture, BetaMixture):
        a, b = (np.array(v)[:, None] for v in (mixture.a, mixture.b))
        first = (a - 1.0) / x - (b - 1.0) / (1.0 - x)
        return first, -(a - 1.0) / x**2 - (b - 1.0) / (1.0 - x) ** 2
    if isinstance(mixture, GammaMixture):
        a, b = (np.array(v)[:, None] for v in (mixture.shapes, mixture.rates))
        return (a - 1.0) / x - b, -(a - 1.0) / x**2 + 0.0 * b
    m, s = (np.array(v)[:, None] for v in (mixture.means, mixture.sds))
    return -(x - m) / s**2, -1.0 / s**2 + 0.0 * x


def local_information(mixture: Mixture, x: Array) -> Array:
    """Minus the second derivative of the log density at points x, shape (points,)."""
    first, second = _slopes(mixture, x)
    log_parts = np.log(np.array(mixture.weights))[:, None] + mixture.log_pdf_components(x)
    share = np.exp(log_parts - special.logsumexp(log_parts, axis=0))
    slope = (share * first).sum(axis=0)
    return np.asarray(slope**2 - (share * (second + first**2)).sum(axis=0), dtype=np.float64)


def _positive_weights(mixture: Mixture) -> Mixture:
    """Without components of weight zero, whose logarithm would be minus infinity."""
    if all(w > 0.0 for w in mixture.weights):
        return mixture
    keep = [i for i, w in enumerate(mixture.weights) if w > 0.0]
    fields = [f for f in mixture.__dataclass_fields__ if f != "sigma"]
    rows = [[getattr(mixture, f)[i] for f in fields] for i in keep]
    if isinstance(mixture, NormalMixture):
        return NormalMixture.of(rows, mixture.sigma)
    return type(mixture).of(rows)


def elir(mixture: Mixture, likelihood: str | None = None) -> float:
    """The expected local-information ratio: E[i_prior(theta) / i_F(theta)] under the prior.

    Args:
        mixture: the prior.
        likelihood: "binomial" for beta; "poisson" or "exponential" for gamma; "normal",
            "binomial logit" or "poisson log" for normal mixtures.

    Raises:
        UnsupportedError: a beta or gamma parameter is below 1, where the integral diverges.
        InputError: the likelihood does not belong to the family, or sigma is missing.

    >>> round(elir(BetaMixture((1.0,), (5,), (15,))), 6)
    20.0
    """
    mixture = _positive_weights(mixture)
    inverse = _inverse_fisher(mixture, _likelihood(mixture, likelihood))
    if isinstance(mixture, BetaMixture) and min(*mixture.a, *mixture.b) < 1.0:
        raise UnsupportedError(
            "elir needs every beta parameter at 1 or above: the information of the prior diverges "
            "below; use the moment ESS, or refit the mixture with that constraint"
        )
    if isinstance(mixture, GammaMixture) and min(mixture.shapes) < 1.0:
        raise UnsupportedError("elir needs every gamma shape at 1 or above; use the moment ESS")
    return _expected(mixture, lambda x: local_information(mixture, x) * inverse(x))


def _expected(mixture: Mixture, function: Callable[[Array], Array]) -> float:
    """The mean of a function under the mixture, each component integrated on its own span."""
    parts = range(len(mixture.weights))
    breaks = sorted({mixture_quantile(mixture, k, p) for k in parts for p in _BREAKS})
    total = 0.0
    for low, high in itertools.pairwise(breaks):
        x, mass = legendre_rule(_PANEL_NODES, low, high)
        total += float(mass @ (mixture.pdf(x) * function(x)))
    return total


def mixture_quantile(mixture: Mixture, component: int, p: float) -> float:
    """The p-quantile of one component."""
    if isinstance(mixture, BetaMixture):
        return float(special.betaincinv(mixture.a[component], mixture.b[component], p))
    if isinstance(mixture, GammaMixture):
        return float(special.gammaincinv(mixture.shapes[component], p)) / mixture.rates[component]
    return mixture.means[component] + mixture.sds[component] * float(special.ndtri(p))


def moment_ess(mixture: Mixture, likelihood: str | None = None) -> float:
    """The size of the one conjugate law that has the mixture's mean and standard deviation.

    >>> round(moment_ess(BetaMixture((1.0,), (5,), (15,))), 6)
    20.0
    """
    kind = _likelihood(mixture, likelihood)
    mean, variance = mixture.mean, mixture.sd**2
    if kind == "binomial":
        return mean * (1.0 - mean) / variance - 1.0
    if kind == "poisson":
        return mean / variance
    if kind == "exponential":
        return mean * mean / variance
    if kind == "normal":
        assert isinstance(mixture, NormalMixture)
        return mixture.reference_sigma() ** 2 / variance
    return _expected(mixture, _inverse_fisher(mixture, kind)) / variance


def prior_mode(mixture: Mixture) -> float:
    """The highest point of the density (the first one found if there are ties)."""
    lows = [mixture_quantile(mixture, k, 1e-9) for k in range(len(mixture.weights))]
    highs = [mixture_quantile(mixture, k, 1 - 1e-9) for k in range(len(mixture.weights))]
    span = np.unique(
        np.concatenate([np.linspace(lo, hi, 801) for lo, hi in zip(lows, highs, strict=True)])
    )
    best = int(np.argmax(mixture.pdf(span)))
    low, high = span[max(best - 1, 0)], span[min(best + 1, len(span) - 1)]
    found = optimize.minimize_scalar(
        lambda x: -float(mixture.pdf(x)), bounds=(low, high), method="bounded",
        options={"xatol": 1e-10 * max(abs(low), abs(high), 1e-300)},
    )  # fmt: skip
    return float(found.x)


def morita_ess(mixture: Mixture, likelihood: str | None = None) -> float:
    """Morita's ESS at the mode: prior information less that of a flattened prior, per observation.

    The information of one observation is averaged over the prior predictive law (Neuenschwander 2020,
    equation 9), so that no search over integers is needed.
    """
    mixture = _positive_weights(mixture)
    kind = _likelihood(mixture, likelihood)
    mode = prior_mode(mixture)
    prior = float(local_information(mixture, np.array([mode]))[0])
    if kind == "binomial":
        flat = (mode / _FLATTENING - 1.0) / mode**2
        flat += ((1.0 - mode) / _FLATTENING - 1.0) / (1.0 - mode) ** 2
        one = mixture.mean / mode**2 + (1.0 - mixture.mean) / (1.0 - mode) ** 2
    elif kind == "poisson":
        flat, one = (mode / _FLATTENING - 1.0) / mode**2, mixture.mean / mode**2
    elif kind == "exponential":
        flat, one = (1.0 / _FLATTENING - 1.0) / mode**2, 1.0 / mode**2
    else:
        assert isinstance(mixture, NormalMixture)
        flat = 1.0 / (_FLATTENING * max(mixture.sds) ** 2)
        one = 1.0 / float(_inverse_fisher(mixture, kind)(np.array([mode]))[0])
    return (prior - flat) / one
