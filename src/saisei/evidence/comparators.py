"""One observed count against one natural rate: exact probabilities, nothing assumed about the rate.

Takes a count of n people who met an endpoint and a rate at which such people meet it without cells.
Gives the probability of a result at least as good without treatment, Bayes factors for stated effects
and the posterior probabilities that follow from stated priors; and the same as a curve when the rate
moves. The rate is taken as known here; `saisei.evidence.landmark` does not.

    chance       P(X >= x),  X ~ Binomial(n, p0)
    effect OR    p1 = expit(logit p0 + log OR);  BF = L(p1) / L(p0)
    any benefit  BF = mean of L(p) over p uniform on (p0, 1), divided by L(p0)

Source of the Bayes factor for a point null against an interval: Jeffreys 1961, Theory of Probability, ch. 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincc, betaln, expit, logit, xlog1py, xlogy

from saisei.chance import binomial
from saisei.errors import InputError
from saisei.params import parameter, value

__all__ = ["AgainstRate", "EffectOdds", "against_rate", "chance_curve"]


@dataclass(frozen=True, slots=True)
class EffectOdds:
    """What the result says of one stated effect.

    Attributes:
        effect: in words.
        odds_ratio: the stated effect, or None for any benefit.
        treated_rate: rate under treatment, or None for any benefit.
        bayes_factor: how many times likelier the result is with this effect than without.
        posterior_sceptical: probability of the effect after the result, from the sceptic's prior.
        posterior_open: the same from an even prior.
    """

    effect: str
    odds_ratio: float | None
    treated_rate: float | None
    bayes_factor: float
    posterior_sceptical: float
    posterior_open: float


@dataclass(frozen=True, slots=True)
class AgainstRate:
    """One observed count against one natural rate."""

    count: int
    n: int
    rate: float
    chance_at_least_as_good: float
    expected_count: float
    effects: tuple[EffectOdds, ...]


def _posterior(prior: float, bayes_factor: float) -> float:
    if math.isinf(bayes_factor):
        return 1.0
    odds = prior / (1.0 - prior) * bayes_factor
    return odds / (1.0 + odds)


def _log_likelihood(count: int, n: int, rate: float) -> float:
    return float(xlogy(count, rate) + xlog1py(n - count, -rate))


def _any_benefit(count: int, n: int, rate: float) -> float:
    """Bayes factor of a rate uniform between the natural rate and one."""
    if rate >= 1.0:
        return 1.0
    tail = float(betaincc(count + 1, n - count + 1, rate))
    if tail <= 0.0:
        return 0.0
    log_mean = float(betaln(count + 1, n - count + 1)) + math.log(tail) - math.log1p(-rate)
    return _ratio(log_mean, _log_likelihood(count, n, rate))


def _ratio(log_one: float, log_none: float) -> float:
    """exp of a difference; infinite when the result cannot happen without an effect."""
    return math.inf if log_none == -math.inf else math.exp(log_one - log_none)


def _effect(count: int, n: int, rate: float, odds_ratio: float) -> EffectOdds:
    treated = float(expit(logit(rate) + math.log(odds_ratio)))
    factor = _ratio(_log_likelihood(count, n, treated), _log_likelihood(count, n, rate))
    return _named(f"odds ratio {odds_ratio:g}", odds_ratio, treated, factor)


def _named(
    effect: str, odds_ratio: float | None, treated: float | None, factor: float
) -> EffectOdds:
    sceptical = _posterior(value("evidence.prior_probability_sceptical"), factor)
    even = _posterior(value("evidence.prior_probability_open"), factor)
    return EffectOdds(effect, odds_ratio, treated, factor, sceptical, even)


def against_rate(count: int, n: int, rate: float) -> AgainstRate:
    """Set an observed count against one natural rate.

    Args:
        count: people who met the endpoint, 0 to n.
        n: people evaluated, at least 1.
        rate: natural probability of the endpoint, 0 to 1.

    Raises:
        InputError: a count or the rate is out of range.

    >>> round(against_rate(2, 4, 0.1).chance_at_least_as_good, 4)
    0.0523
    """
    if n < 1 or not 0 <= count <= n:
        raise InputError(f"{count} of {n}: the count must lie between 0 and n, and n be at least 1")
    law = binomial(n, rate)  # refuses a rate outside 0 to 1
    ratios = parameter("evidence.effect_odds_ratios").value
    assert isinstance(ratios, tuple)
    effects = [_effect(count, n, rate, ratio) for ratio in ratios] if 0.0 < rate < 1.0 else []
    effects.append(_named("any benefit", None, None, _any_benefit(count, n, rate)))
    return AgainstRate(count, n, rate, law.at_least(count), law.mean, tuple(effects))


def chance_curve(count: int, n: int, points: int = 121) -> list[tuple[float, float]]:
    """The probability of `count` or more of `n` as the natural rate moves from 0 to its largest value.

    >>> [round(chance, 4) for _, chance in chance_curve(2, 4, points=3)]
    [0.0, 0.3483, 0.8208]
    """
    rates = np.linspace(0.0, value("evidence.curve_rate_max"), points)
    return [(float(rate), binomial(n, float(rate)).at_least(count)) for rate in rates]
