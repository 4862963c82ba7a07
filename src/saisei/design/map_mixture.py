"""The MAP prior of a control rate as a beta mixture, so that updating stays in closed form.

Takes a MAP posterior (a fine normal mixture on the logit); gives a mixture of few betas by expectation and
maximisation on its quantiles, with moments in the second step. The largest gap between the two
distribution functions goes with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.evidence.map_prior import MapPosterior
from saisei.evidence.mixtures import BetaMixture

__all__ = ["beta_mixture_of", "largest_gap"]

F64 = NDArray[np.float64]

_POINTS = 400
_COMPONENTS = 3
_ROUNDS = 300
_NARROWEST = 1e-8
_GRID = 1201
_REACH = 12.0  # logits beyond which a rate is 0 or 1


def beta_mixture_of(prior: MapPosterior, components: int = _COMPONENTS) -> BetaMixture:
    """A beta mixture close to a MAP prior on the probability scale.

    Args:
        prior: from `map_prior_binomial`.
        components: how many betas.
    """
    levels = (np.arange(_POINTS) + 0.5) / _POINTS
    logits = np.linspace(-_REACH, _REACH, _GRID)
    points = special.expit(np.interp(levels, prior.cdf(special.expit(logits)), logits))
    # Start with nested spreads around the middle: a MAP prior is one peak with heavy tails.
    share = np.ones((components, _POINTS))
    distance = np.abs(levels - 0.5) * 2.0
    for k in range(components):
        share[k] = np.exp(-components * distance * (components - 1 - k)) + 1e-3
    share /= share.sum(axis=0)
    mixture = _fitted(share, points)
    for _ in range(_ROUNDS):
        parts = np.log(np.array(mixture.weights))[:, None] + mixture.log_pdf_components(points)
        parts = np.exp(parts - parts.max(axis=0))
        mixture = _fitted(parts / parts.sum(axis=0), points)
    return mixture


def _fitted(share: F64, points: F64) -> BetaMixture:
    """Weights and moments of the components for given shares of each point."""
    weight = share.sum(axis=1)
    mean = share @ points / weight
    variance = np.maximum((share * (points - mean[:, None]) ** 2).sum(axis=1) / weight, _NARROWEST)
    size = np.maximum(mean * (1.0 - mean) / variance - 1.0, 1e-3)
    return BetaMixture(
        tuple((weight / weight.sum()).tolist()),
        tuple((mean * size).tolist()),
        tuple(((1.0 - mean) * size).tolist()),
    )


def largest_gap(prior: MapPosterior, mixture: BetaMixture) -> float:
    """The largest difference of the two distribution functions."""
    grid = np.linspace(0.0, 1.0, 401)[1:-1]
    return float(np.abs(prior.cdf(grid) - mixture.cdf(grid)).max())
