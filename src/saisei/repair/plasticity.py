"""Paired stimulation: a gain of spared drive that sessions build up and time takes away, in closed form.

    dq/dt = k R(t) (g_max - 1 - q) - q/tau        R sessions a day, on for a while, then none

It multiplies drive that exists; where nothing is spared it does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError

__all__ = ["Stimulation", "stimulation_gain"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stimulation:
    """A plan of paired stimulation.

    Attributes:
        sessions_week: sessions a week; 0 is none.
        start_day, end_day: first and last day after the injury.
    """

    sessions_week: float = 0.0
    start_day: float = 0.0
    end_day: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.sessions_week <= 21 or not 0 <= self.start_day <= self.end_day:
            raise InputError(
                f"{self.sessions_week:g} sessions a week from day {self.start_day:g} to {self.end_day:g}: "
                "give 0 to 21 sessions and a first day that is not after the last"
            )


def stimulation_gain(plan: Stimulation, draws: Mapping[str, Array], days: Array) -> Array:
    """The factor 1 + q on spared drive at each day after the injury, (n, visits).

    Args:
        plan: the sessions.
        draws: values of the priors of repair for each person, by id, (n,).
        days: days after the injury, (n, visits).
    """
    if plan.sessions_week == 0.0:
        return np.ones_like(days)
    rate = draws["repair_graft.stimulation_per_session"] * plan.sessions_week / 7.0
    fade = 1.0 / draws["repair_graft.stimulation_fade_days"]
    most = np.maximum(draws["repair_graft.stimulation_gain"] - 1.0, 0.0)
    level, speed = most * rate / (rate + fade), rate + fade
    trained = np.clip(days - plan.start_day, 0.0, plan.end_day - plan.start_day)
    after = np.maximum(days - plan.end_day, 0.0)
    q = level[:, None] * -np.expm1(-speed[:, None] * trained) * np.exp(-fade[:, None] * after)
    found: Array = 1.0 + q
    return found
