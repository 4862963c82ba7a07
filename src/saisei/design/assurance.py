"""Assurance: power averaged over what is believed about the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from saisei.chance.domain import require_positive

__all__ = ["Assurance", "normal_assurance"]


@dataclass(frozen=True, slots=True)
class Assurance:
    """The chance of success averaged over the design prior, and at its mean."""

    assurance: float
    power_at_prior_mean: float


def normal_assurance(
    prior_mean: float, prior_sd: float, sd: float, n_per_arm: float, z_critical: float
) -> Assurance:
    """Assurance of a two-arm z test when the true difference is N(prior_mean, prior_sd^2).

    Phi[(m - z se) / sqrt(se^2 + s0^2)] with se = sd sqrt(2 / n) (O'Hagan, Stevens, Campbell 2005).

    Args:
        prior_mean, prior_sd: design prior of the difference.
        sd: standard deviation of one observation.
        n_per_arm: people per arm.
        z_critical: one-sided critical value.

    Raises:
        InputError: a scale or size is not above 0.

    >>> round(normal_assurance(0.5, 0.25, 1, 20, 1.6448536269514722).assurance, 6)
    0.480068
    """
    require_positive(prior_sd, "prior_sd")
    se = require_positive(sd, "sd") * math.sqrt(2.0 / require_positive(n_per_arm, "n_per_arm"))
    distance = prior_mean - z_critical * se
    return Assurance(
        float(special.ndtr(distance / math.hypot(se, prior_sd))), float(special.ndtr(distance / se))
    )
