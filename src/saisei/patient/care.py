"""Care and rehabilitation: extra hours of training above usual care, and what they are taken to do.

The published courses contain usual care, so the natural course does too. What more hours add is one
unknown number for all, in points of the total motor score for each hour. Its prior is centred on the
null of the SCI-MT trial (n = 220, 12 more hours a week for 10 weeks, no more motor score): Normal(0,
0.005 points/h). `null` takes the centre, `prior` draws the number once for the cohort from its seed, a
number is a hypothesis of the user's own. Nothing differs between people: no figure tells how it should.

An hour's points become drive: training multiplies the spared drive of hurt muscles, so it does nothing
where nothing is spared. How much log drive one point takes is measured in the model itself, on virtual
people like those of the trial, so that a planned mean gain comes out as planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, fill_normals
from saisei.errors import InputError
from saisei.params import value

__all__ = ["Care", "Effect", "Kind", "hours_at"]

_WEEK_DAYS = 7.0
_HOURS_OF_A_WEEK = 168.0


class Kind(StrEnum):
    """Which care is given above the usual."""

    USUAL = "usual"
    MOTOR_TRAINING = "motor-training"


class Effect(StrEnum):
    """Where the effect of an hour comes from, unless the user gives a number."""

    NULL = "null"
    PRIOR = "prior"


@dataclass(frozen=True, slots=True)
class Care:
    """A plan of care for all people of a cohort.

    Attributes:
        kind: usual care, or motor training on top of it.
        hours_week: extra hours a week.
        start_week: week after the injury in which the extra hours begin.
        weeks: for how many weeks.
        effect: `null`, `prior`, or points of the total motor score for each hour.

    Raises:
        InputError: hours without training, negative or impossible numbers.

    >>> Care(Kind.MOTOR_TRAINING, 12.0, 4.0, 10.0).hours
    120.0
    """

    kind: Kind = Kind.USUAL
    hours_week: float = 0.0
    start_week: float = 0.0
    weeks: float = 0.0
    effect: Effect | float = Effect.NULL

    def __post_init__(self) -> None:
        last = value("patient.last_day") / _WEEK_DAYS
        if not 0 <= self.hours_week <= _HOURS_OF_A_WEEK:
            raise InputError(f"{self.hours_week:g} extra hours a week: give 0 to 168")
        if not (0 <= self.start_week <= last and 0 <= self.weeks <= last):
            raise InputError(
                f"extra hours from week {self.start_week:g} for {self.weeks:g} weeks: "
                f"both lie within 0 to {last:g}"
            )
        extra = self.hours_week > 0 if self.kind is Kind.USUAL else self.hours > 0
        if extra is (self.kind is Kind.USUAL):
            raise InputError(
                f"care is {self.kind} with {self.hours:g} extra hours in all: usual care has none, "
                "motor-training needs hours a week and weeks above 0"
            )
        if not isinstance(self.effect, Effect) and not abs(self.effect) <= value(
            "patient.most_points_per_hour"
        ):
            raise InputError(
                f"care effect {self.effect:g} points an hour: give null, prior or a number "
                f"up to {value('patient.most_points_per_hour'):g} either way"
            )

    @property
    def hours(self) -> float:
        """All extra hours of the plan."""
        return self.hours_week * self.weeks

    def points_per_hour(self, seed: int) -> float:
        """The effect of one hour: 0, a draw from the prior by the cohort's seed, or the given number."""
        if self.kind is Kind.USUAL or self.effect is Effect.NULL:
            return 0.0
        if self.effect is Effect.PRIOR:
            draw = np.empty(1)
            fill_normals(draw, seed, 0, 0, PURPOSES["care"], 0)
            return float(
                value("patient.care_points_per_hour")
                + value("patient.care_points_per_hour_sd") * draw[0]
            )
        return float(self.effect)


def hours_at(care: Care, days: NDArray[np.int64]) -> NDArray[np.float64]:
    """Extra hours had by each day after the injury, of the same shape."""
    weeks = np.clip(days / _WEEK_DAYS - care.start_week, 0.0, care.weeks)
    return np.asarray(care.hours_week * weeks, dtype=np.float64)
