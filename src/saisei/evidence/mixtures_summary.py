"""Mean, standard deviation and quantiles of a mixture, at full precision or as R programs print them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import optimize

from saisei.chance.roots import R_TOLERANCE, brent_root
from saisei.evidence.ess import mixture_quantile
from saisei.evidence.mixtures import Mixture, NormalMixture
from saisei.evidence.mixtures_difference import difference_cdf, difference_quantile

__all__ = ["MixtureSummary", "difference_quantile_coarse", "quantiles_coarse", "summarise"]


@dataclass(frozen=True, slots=True)
class MixtureSummary:
    """Mean, standard deviation and quantiles at the probabilities asked."""

    mean: float
    sd: float
    quantiles: tuple[float, ...]


def summarise(
    mixture: Mixture, probs: Sequence[float] = (0.025, 0.5, 0.975), *, coarse: bool = False
) -> MixtureSummary:
    """Mean, sd and quantiles; `coarse` gives the quantiles as RBesT prints them.

    >>> from saisei.evidence.mixtures import BetaMixture
    >>> summarise(BetaMixture((1.0,), (1.0,), (1.0,))).quantiles
    (0.025, 0.5, 0.975)
    """
    quantiles = (
        quantiles_coarse(mixture, probs) if coarse else tuple(mixture.quantile(p) for p in probs)
    )
    return MixtureSummary(mixture.mean, mixture.sd, quantiles)


def quantiles_coarse(mixture: Mixture, probs: Sequence[float]) -> tuple[float, ...]:
    """Quantiles by Brent's root search stopped at 1.2e-4, from the bracket that RBesT's qmix takes.

    For comparison with printed figures only: they are off in the fifth digit.
    """
    parts = range(len(mixture.weights))
    if len(parts) == 1:
        return tuple(mixture_quantile(mixture, 0, p) for p in probs)
    tail = min(0.1, *probs, *(1.0 - p for p in probs)) / 2.0
    low = min(mixture_quantile(mixture, k, tail) for k in parts)
    high = max(mixture_quantile(mixture, k, 1.0 - tail) for k in parts)
    return tuple(
        brent_root(lambda x, p=p: float(mixture.cdf(x)) - p, low, high, R_TOLERANCE)  # type: ignore[misc]
        for p in probs
    )


def difference_quantile_coarse(mix1: Mixture, mix2: Mixture, probs: Sequence[float]) -> list[float]:
    """Quantiles of theta1 - theta2 by the coarse minimisation that RBesT's qmixdiff uses."""
    if isinstance(mix1, NormalMixture):
        return [difference_quantile(mix1, mix2, p) for p in probs]
    tail = min(*probs, *(1.0 - p for p in probs)) / 2.0
    low1, high1 = (quantiles_coarse(mix1, (p,))[0] for p in (tail, 1.0 - tail))
    low2, high2 = (quantiles_coarse(mix2, (p,))[0] for p in (tail, 1.0 - tail))
    out = []
    for p in probs:
        found = optimize.minimize_scalar(
            lambda x, p=p: (difference_cdf(mix1, mix2, x) - p) ** 2,
            bounds=(low1 - high2, high1 - low2),
            method="bounded",
            options={"xatol": sys.float_info.epsilon**0.25},
        )
        out.append(float(found.x))
    return out
