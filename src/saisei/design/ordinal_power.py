"""Sample size and power for an ordered outcome under proportional odds (Whitehead 1993)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from saisei.chance.domain import require_positive, require_probability
from saisei.errors import InputError

__all__ = ["OrdinalPower", "OrdinalSize", "average_profile", "ordinal_power", "ordinal_sample_size"]


@dataclass(frozen=True, slots=True)
class OrdinalPower:
    """Power of a two-arm comparison.

    Attributes:
        power: two-sided.
        standard_error: approximate, of the log odds ratio.
        efficiency: against a continuous outcome without ties.
    """

    power: float
    standard_error: float
    efficiency: float


@dataclass(frozen=True, slots=True)
class OrdinalSize:
    """Total sample size: `n_total` before rounding up, and the efficiency of the scale."""

    n_total: float
    efficiency: float

    @property
    def n_rounded(self) -> int:
        """The next whole number of people."""
        return math.ceil(self.n_total - 1e-9)


def average_profile(control: Sequence[float], treated: Sequence[float]) -> tuple[float, ...]:
    """The mean of two arms' category probabilities.

    Raises:
        InputError: the profiles differ in length.
    """
    if len(control) != len(treated):
        raise InputError("the two profiles must have the same categories")
    return tuple((p + q) / 2.0 for p, q in zip(control, treated, strict=True))


def _spread(profile: Sequence[float]) -> float:
    total = sum(profile)
    if not profile or min(profile) < 0.0 or total <= 0.0:
        raise InputError("category probabilities must be 0 or more and not all 0")
    return 1.0 - sum((p / total) ** 3 for p in profile)


def ordinal_power(
    profile: Sequence[float], odds_ratio: float, n1: float, n2: float, alpha: float = 0.05
) -> OrdinalPower:
    """Power of the proportional-odds comparison of n1 and n2 people.

    V = n1 n2 n (1 - sum p^3) / [3 (n + 1)^2], power = Phi(|log OR| sqrt(V) - z).

    Args:
        profile: mean category probabilities of the two arms (see `average_profile`).
        odds_ratio: common odds ratio.
        n1, n2: people per arm.
        alpha: two-sided level.

    Raises:
        InputError: a value is out of range.

    >>> round(ordinal_power([0.1, 0.2, 0.4, 0.3], 1.2, 500, 500).power, 6)
    0.351012
    """
    require_positive(odds_ratio, "odds_ratio")
    require_probability(alpha, "alpha", open_ends=True)
    n = require_positive(n1, "n1") + require_positive(n2, "n2")
    spread = _spread(profile)
    information = n1 * n2 * n * spread / (3.0 * (n + 1.0) ** 2)
    z = -float(special.ndtri(alpha / 2.0))
    power = float(special.ndtr(abs(math.log(odds_ratio)) * math.sqrt(information) - z))
    return OrdinalPower(power, 1.0 / math.sqrt(information), spread / (1.0 - 1.0 / n**2))


def ordinal_sample_size(
    profile: Sequence[float],
    odds_ratio: float,
    power: float = 0.8,
    alpha: float = 0.05,
    allocation: float = 1.0,
) -> OrdinalSize:
    """Total people for a given power: 3 (A + 1)^2 (z + z)^2 / [A b^2 (1 - sum p^3)].

    Args:
        profile: mean category probabilities of the two arms.
        odds_ratio: common odds ratio, not 1.
        power: wanted.
        alpha: two-sided level.
        allocation: people in arm 2 for each in arm 1.

    Raises:
        InputError: a value is out of range, or the odds ratio is 1.
    """
    b = math.log(require_positive(odds_ratio, "odds_ratio"))
    if b == 0.0:
        raise InputError("odds_ratio is 1: no sample size shows an effect that is not there")
    require_probability(alpha, "alpha", open_ends=True)
    require_probability(power, "power", open_ends=True)
    z = -float(special.ndtri(alpha / 2.0)) + float(special.ndtri(power))
    spread = _spread(profile)
    n = 3.0 * (allocation + 1.0) ** 2 * z * z / (allocation * b * b * spread)
    return OrdinalSize(n, spread / (1.0 - 1.0 / n**2))
