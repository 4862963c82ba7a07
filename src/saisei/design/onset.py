"""Partial follow-up: how much of an event's window somebody has been seen through, never dropped.

A person followed for t days counts with weight F(t), the share of all events that have shown by day t
(linear over the window unless the design states a law). With no event among people of weights w the
upper limit of the event probability p solves prod(1 - p w_i) = 1 - confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from saisei.chance.domain import require_positive, require_probability
from saisei.errors import InputError

__all__ = ["OnsetLaw", "zero_event_limit"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OnsetLaw:
    """When an event shows, if it comes: share of all events by day, joined by straight lines.

    Attributes:
        days: rising, from the day of treatment.
        shares: from 0 to 1, never falling.

    >>> OnsetLaw.linear(100.0).share([0, 25, 400]).tolist()
    [0.0, 0.25, 1.0]
    """

    days: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def linear(cls, window_days: float) -> OnsetLaw:
        """Events spread evenly over the window."""
        return cls((0.0, require_positive(window_days, "window_days")), (0.0, 1.0))

    def share(self, days: Sequence[float] | F64) -> F64:
        """Share of all events that have shown by each day after treatment."""
        return np.interp(np.asarray(days, dtype=np.float64), self.days, self.shares, left=0.0)

    def day(self, shares: F64) -> F64:
        """Day by which that share has shown: the inverse, for drawing."""
        return np.interp(shares, self.shares, self.days)


def zero_event_limit(
    follow_up_days: Sequence[float], onset: OnsetLaw, confidence: float = 0.95
) -> float:
    """Exact one-sided upper limit of an event probability when nobody has had the event so far.

    Args:
        follow_up_days: of each person treated; somebody just treated counts 0.
        onset: when the event shows.
        confidence: one-sided.

    Raises:
        InputError: nobody was followed, a negative day, or a confidence out of range.

    >>> round(zero_event_limit([365.0] * 4, OnsetLaw.linear(365.0)), 3)
    0.527
    """
    require_probability(confidence, "confidence", open_ends=True)
    days = np.asarray(follow_up_days, dtype=np.float64)
    if len(days) == 0 or days.min() < 0.0:
        raise InputError("give the days of follow-up of each person treated, 0 or more")
    weights = onset.share(days)

    def log_chance(p: float) -> float:
        return float(np.log1p(-p * weights).sum()) - float(np.log1p(-confidence))

    almost = 1.0 - 1e-15
    if log_chance(almost) > 0.0:
        return 1.0
    return float(optimize.brentq(log_chance, 0.0, almost, xtol=1e-13))
