"""Two proportions: score intervals (Miettinen-Nurminen) and non-inferiority sizes (Farrington-Manning).

The effect is arm 1 against arm 2 as a difference, a ratio of risks (RR) or a ratio of odds (OR). Under a
hypothetical effect the two rates are estimated by restricted maximum likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize, special

from saisei.chance.domain import (
    require_choice,
    require_count,
    require_positive,
    require_probability,
)
from saisei.chance.roots import R_TOLERANCE, brent_root
from saisei.errors import InputError
from saisei.evidence.intervals import Interval

__all__ = [
    "SCALES",
    "TwoBinomial",
    "farrington_manning_n",
    "restricted_rates",
    "score_interval",
    "score_statistic",
]

SCALES = ("difference", "RR", "OR")
_FARTHEST_LOG = {"RR": 20.0, "OR": 10.0}
_END = 0.9999


@dataclass(frozen=True, slots=True)
class TwoBinomial:
    """Counts of two arms: x1 of n1 and x2 of n2."""

    x1: int
    n1: int
    x2: int
    n2: int

    def __post_init__(self) -> None:
        for x, n in ((self.x1, self.n1), (self.x2, self.n2)):
            require_count(n, "n", at_least=1)
            require_count(x, "x", at_most=n)


def restricted_rates(
    scale: str, effect: float, p1: float, p2: float, ratio: float
) -> tuple[float, float]:
    """Rates of the two arms nearest (in likelihood) to p1 and p2 under a given effect.

    Args:
        scale: "difference", "RR" or "OR".
        effect: difference, or logarithm of the ratio.
        p1, p2: observed or assumed rates.
        ratio: people in arm 2 for each in arm 1.

    Raises:
        InputError: an unknown scale.
    """
    require_choice(scale, "scale", SCALES)
    if scale == "difference":
        return _restricted_difference(effect, p1, p2, ratio)
    total = p1 + ratio * p2
    if effect == 0.0:
        return (total / (1.0 + ratio),) * 2
    if scale == "RR":
        rr = math.exp(effect)
        a, b = 1.0 + ratio, -(rr * (1.0 + ratio * p2) + ratio + p1)
        q1 = (-b - math.sqrt(b * b - 4.0 * a * rr * total)) / (2.0 * a)
        return q1, q1 / rr
    odds = math.exp(-effect)
    a, b = odds - 1.0, 1.0 + ratio * odds + (1.0 - odds) * total
    q1 = (-b + math.sqrt(b * b + 4.0 * a * total)) / (2.0 * a)
    return q1, odds * q1 / (1.0 + q1 * a)


def _restricted_difference(delta: float, p1: float, p2: float, ratio: float) -> tuple[float, float]:
    """The root of the likelihood cubic, by the closed form of Farrington and Manning (1990)."""
    a = 1.0 + ratio
    b = -(a + p1 + ratio * p2 + delta * (ratio + 2.0))
    c = delta * delta + delta * (2.0 * p1 + a) + p1 + ratio * p2
    d = -p1 * delta * (1.0 + delta)
    v = (b / (3.0 * a)) ** 3 - b * c / (6.0 * a * a) + d / (2.0 * a)
    u = math.copysign(math.sqrt(max((b / (3.0 * a)) ** 2 - c / (3.0 * a), 0.0)), v if v else 1.0)
    cosine = 1.0 if u == 0.0 else min(max(v / u**3, -1.0), 1.0)
    w = (math.pi + math.acos(cosine)) / 3.0
    q1 = 2.0 * u * math.cos(w) - b / (3.0 * a)
    q1 = min(max(q1, max(0.0, delta)), min(1.0, 1.0 + delta))
    return q1, q1 - delta


def score_statistic(
    data: TwoBinomial, effect: float, scale: str = "difference", *, corrected: bool = False
) -> float:
    """The score statistic against a hypothetical effect; positive when arm 1 is above it.

    Args:
        data: counts.
        effect: difference, or logarithm of the ratio.
        scale: "difference", "RR" or "OR".
        corrected: multiply the variance by N / (N - 1), as Miettinen and Nurminen (1985).

    Raises:
        InputError: an unknown scale.
    """
    p1, p2 = data.x1 / data.n1, data.x2 / data.n2
    q1, q2 = restricted_rates(scale, effect, p1, p2, data.n2 / data.n1)
    v1, v2 = q1 * (1.0 - q1), q2 * (1.0 - q2)
    if scale == "difference":
        gap, variance = p1 - p2 - effect, v1 / data.n1 + v2 / data.n2
    elif scale == "RR":
        rr = math.exp(effect)
        gap, variance = p1 - p2 * rr, v1 / data.n1 + rr * rr * v2 / data.n2
    else:
        if min(v1, v2) <= 0.0:
            return 0.0
        gap = (p1 - q1) / v1 - (p2 - q2) / v2
        variance = 1.0 / (data.n1 * v1) + 1.0 / (data.n2 * v2)
    if corrected:
        total = data.n1 + data.n2
        variance *= total / (total - 1.0)
    return 0.0 if variance <= 1e-11 else gap / math.sqrt(variance)


def score_interval(
    data: TwoBinomial,
    scale: str = "difference",
    confidence: float = 0.95,
    *,
    corrected: bool = True,
    coarse: bool = False,
) -> Interval:
    """The interval of effects that the score statistic does not reject.

    Args:
        data: counts.
        scale: "difference", "RR" or "OR" (ratios on their own scale, not logarithms).
        confidence: two-sided.
        corrected: N / (N - 1) correction (Miettinen-Nurminen); without it Farrington-Manning.
        coarse: search at R's tolerance, to compare with gsDesign's printed limits.

    Raises:
        InputError: an unknown scale or confidence.

    >>> low, high = score_interval(TwoBinomial(2, 10, 7, 12), corrected=False)
    >>> round(low, 3), round(high, 3)
    (-0.681, 0.03)
    """
    require_choice(scale, "scale", SCALES)
    require_probability(confidence, "confidence", open_ends=True)
    z = -float(special.ndtri((1.0 - confidence) / 2.0))

    def gap(effect: float, side: float) -> float:
        return score_statistic(data, effect, scale, corrected=corrected) - side * z

    def solve(function: Callable[[float], float], low: float, high: float) -> float:
        if coarse:
            return brent_root(function, low, high, R_TOLERANCE)
        return float(optimize.brentq(function, low, high, xtol=1e-13))

    if scale == "difference":
        seen = data.x1 / data.n1 - data.x2 / data.n2
        lower = upper = seen
        if seen == -1.0 or gap(-_END, 1.0) < 0.0:
            lower = -1.0
        else:
            lower = solve(lambda d: gap(d, 1.0), -_END, seen)
        if seen == 1.0 or gap(_END, -1.0) > 0.0:
            upper = 1.0
        else:
            upper = solve(lambda d: gap(d, -1.0), seen, _END)
        return Interval(lower, upper)
    far = _FARTHEST_LOG[scale]
    no_low = data.x1 == 0 or (scale == "OR" and data.x2 == data.n2)
    no_high = data.x2 == 0 or (scale == "OR" and data.x1 == data.n1)
    low = 0.0 if no_low else math.exp(solve(lambda d: gap(d, 1.0), -far, far))
    high = math.inf if no_high else math.exp(solve(lambda d: gap(d, -1.0), -far, far))
    return Interval(low, high)


def farrington_manning_n(
    p1: float,
    p2: float,
    alpha: float,
    beta: float,
    delta0: float = 0.0,
    scale: str = "difference",
    ratio: float = 1.0,
) -> tuple[float, float]:
    """People per arm, before rounding, to show that the effect exceeds a margin (Farrington 1990).

    Args:
        p1, p2: true rates.
        alpha: one-sided error.
        beta: one minus the power.
        delta0: margin: difference, or logarithm of the ratio; 0 for superiority.
        scale: "difference", "RR" or "OR".
        ratio: people in arm 2 for each in arm 1.

    Raises:
        InputError: the true effect equals the margin, or a value is out of range.

    >>> round(sum(farrington_manning_n(0.4, 0.05, 0.05, 0.2, 0.2)), 4)
    159.6876
    """
    for name, p in (("p1", p1), ("p2", p2), ("alpha", alpha), ("beta", beta)):
        require_probability(p, name, open_ends=True)
    require_positive(ratio, "ratio")
    q1, q2 = restricted_rates(scale, delta0, p1, p2, ratio)
    if scale == "difference":
        gap, slope = p1 - p2 - delta0, 1.0
    elif scale == "RR":
        gap, slope = p1 - p2 * math.exp(delta0), math.exp(2.0 * delta0)
    else:
        gap, slope = float(special.logit(p1) - special.logit(p2)) - delta0, 1.0
    if abs(gap) < 1e-11:
        raise InputError("the true effect equals the margin: no sample size separates them")

    def spread(a: float, b: float) -> float:
        if scale == "OR":
            return math.sqrt((ratio + 1) * (1 / (a * (1 - a)) + 1 / (b * (1 - b)) / ratio))
        return math.sqrt((ratio + 1) * (a * (1 - a) + slope * b * (1 - b) / ratio))

    z_alpha, z_beta = -float(special.ndtri(alpha)), -float(special.ndtri(beta))
    total = ((z_alpha * spread(q1, q2) + z_beta * spread(p1, p2)) / gap) ** 2
    return total / (ratio + 1.0), ratio * total / (ratio + 1.0)
