"""The difference of two independent parameters, each with a mixture law, and its decisions."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.chance.domain import require_choice, require_probability
from saisei.chance.quadrature import legendre_rule
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture, GammaMixture, Mixture, NormalMixture

__all__ = ["difference_cdf", "difference_quantile", "prob_difference"]

SCALES = ("identity", "log", "logit")

Array = NDArray[np.float64]
_PANEL_NODES = 50


def difference_cdf(mix1: Mixture, mix2: Mixture, x: float, scale: str = "identity") -> float:
    """P(g(theta1) - g(theta2) <= x) for independent theta1 ~ mix1 and theta2 ~ mix2.

    Normal mixtures on the identity scale are exact. Otherwise the law of theta2 is integrated over
    its own probability scale, component by component, by Gauss-Legendre panels refined at both ends.

    Args:
        mix1, mix2: mixtures of one family.
        x: cut, on the scale of g.
        scale: g is "identity", "log" (ratio of rates) or "logit" (log odds ratio).

    Raises:
        InputError: the families differ or the scale does not suit them.

    >>> left, right = BetaMixture((1.0,), (11,), (4,)), BetaMixture((1.0,), (8,), (7,))
    >>> round(1 - difference_cdf(left, right, 0.0), 7)
    0.8817696
    """
    require_choice(scale, "scale", SCALES)
    if type(mix1) is not type(mix2):
        raise InputError("the two mixtures are of different families: give two of the same")
    if isinstance(mix1, NormalMixture) and isinstance(mix2, NormalMixture):
        if scale != "identity":
            raise InputError("normal mixtures have only the identity scale")
        return _normal_difference(mix1, mix2, x)
    total = 0.0
    for weight, (theta, mass) in _components(mix2):
        total += weight * float(mass @ mix1.cdf(_shifted(theta, x, scale)))
    return min(max(total, 0.0), 1.0)


def _normal_difference(mix1: NormalMixture, mix2: NormalMixture, x: float) -> float:
    total = 0.0
    for w1, m1, s1 in zip(mix1.weights, mix1.means, mix1.sds, strict=True):
        for w2, m2, s2 in zip(mix2.weights, mix2.means, mix2.sds, strict=True):
            total += w1 * w2 * float(special.ndtr((x - (m1 - m2)) / np.hypot(s1, s2)))
    return total


def _components(mixture: Mixture) -> list[tuple[float, tuple[Array, Array]]]:
    """Quadrature nodes and masses of each component, in its own probability scale."""
    # Panels halve towards both ends so that singular or steep ends are resolved.
    edges = [0.0, *(0.5 ** np.arange(40, 0, -4)), *(1.0 - 0.5 ** np.arange(4, 41, 4)), 1.0]
    panels = [legendre_rule(_PANEL_NODES, a, b) for a, b in itertools.pairwise(edges)]
    p = np.concatenate([panel[0] for panel in panels])
    mass = np.concatenate([panel[1] for panel in panels])
    if isinstance(mixture, BetaMixture):
        rows = zip(mixture.weights, mixture.a, mixture.b, strict=True)
        return [(w, (np.asarray(special.betaincinv(a, b, p)), mass)) for w, a, b in rows]
    if isinstance(mixture, GammaMixture):
        rows = zip(mixture.weights, mixture.shapes, mixture.rates, strict=True)
        return [(w, (np.asarray(special.gammaincinv(a, p) / b), mass)) for w, a, b in rows]
    raise InputError("normal mixtures need no quadrature")


def _shifted(theta: Array, x: float, scale: str) -> Array:
    """The value of theta1 whose transformed distance from theta2 is x."""
    if scale == "identity":
        return theta + x
    if scale == "log":
        return np.asarray(theta * np.exp(x))
    with np.errstate(divide="ignore"):
        return np.asarray(special.expit(special.logit(theta) + x))


def prob_difference(
    mix1: Mixture, mix2: Mixture, low: float, high: float, scale: str = "identity"
) -> float:
    """P(low < g(theta1) - g(theta2) <= high); an end may be infinite."""
    above = 0.0 if low == -np.inf else difference_cdf(mix1, mix2, low, scale)
    below = 1.0 if high == np.inf else difference_cdf(mix1, mix2, high, scale)
    return below - above


def difference_quantile(mix1: Mixture, mix2: Mixture, p: float, scale: str = "identity") -> float:
    """The p-quantile of g(theta1) - g(theta2).

    Raises:
        InputError: p is not strictly between 0 and 1.
    """
    require_probability(p, "p", open_ends=True)
    width = 1.0
    while difference_cdf(mix1, mix2, -width, scale) > p or (
        difference_cdf(mix1, mix2, width, scale) < p
    ):
        width *= 2.0
    return float(
        optimize.brentq(
            lambda x: difference_cdf(mix1, mix2, x, scale) - p, -width, width, xtol=1e-12
        )
    )
