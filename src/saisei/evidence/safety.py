"""What few or no adverse events exclude: exact upper limits by person and by person-time."""

from __future__ import annotations

import math

from scipy import special

from saisei.chance.domain import require_count, require_positive, require_probability

__all__ = ["prob_at_least_one", "rule_of_three", "upper_limit", "upper_rate"]


def upper_limit(events: int, n: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper confidence limit of an event probability.

    With no events among n this is 1 - (1 - confidence)^(1/n): what the trial excludes.

    Args:
        events: people with the event, 0 to n.
        n: people observed for the whole window, at least 1.
        confidence: one-sided coverage.

    Raises:
        InputError: a count or the confidence is out of range.

    >>> [round(upper_limit(0, n), 3) for n in (4, 6, 10, 20, 60)]
    [0.527, 0.393, 0.259, 0.139, 0.049]
    """
    require_count(n, "n", at_least=1)
    require_count(events, "events", at_most=n)
    require_probability(confidence, "confidence", open_ends=True)
    if events == n:
        return 1.0
    if events == 0:
        return -math.expm1(math.log1p(-confidence) / n)
    return float(special.betaincinv(events + 1, n - events, confidence))


def upper_rate(events: int, person_years: float, confidence: float = 0.95) -> float:
    """The exact one-sided upper confidence limit of an event rate, in events per person-year.

    Args:
        events: number of events.
        person_years: time under observation, summed over people; above 0.
        confidence: one-sided coverage.

    Raises:
        InputError: a value is out of range.

    >>> round(upper_rate(0, 10.0), 4)
    0.2996
    """
    require_count(events, "events")
    require_positive(person_years, "person_years")
    require_probability(confidence, "confidence", open_ends=True)
    return float(special.gammaincinv(events + 1, confidence)) / person_years


def rule_of_three(n: int) -> float:
    """The quick upper limit 3/n for zero events; above 1, so without meaning, below n = 3.

    >>> rule_of_three(6)
    0.5
    """
    return 3.0 / require_count(n, "n", at_least=1)


def prob_at_least_one(n: int, true_rate: float) -> float:
    """The probability of seeing at least one event among n people at a given true rate.

    >>> round(prob_at_least_one(4, 0.2), 4)
    0.5904
    """
    require_count(n, "n")
    require_probability(true_rate, "true_rate")
    return 1.0 - (1.0 - true_rate) ** n
