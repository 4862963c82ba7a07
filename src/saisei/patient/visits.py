"""On which day a visit really is, and whether it is missed; off unless asked for.

A visit lies within `jitter_days` of its nominal day, each whole day alike. It is missed with one chance,
whatever the person's state; a person is lost for good at a constant rate after enrolment. Missing is
therefore never told by the outcome: a trial in which the well stay away is harder than this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms
from saisei.errors import InputError
from saisei.params import value

__all__ = ["Attendance", "attend"]

_PURPOSE = PURPOSES["visits"]
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Attendance:
    """How people come to their visits.

    Attributes:
        jitter_days: largest shift of a visit either way, whole days.
        missed: chance that a visit after enrolment is missed.
        drop_out: share of people who are lost within a year of enrolment.

    Raises:
        InputError: a negative or too large number.
    """

    jitter_days: int = 0
    missed: float = 0.0
    drop_out: float = 0.0

    def __post_init__(self) -> None:
        most = int(value("patient.most_jitter_days"))
        if not 0 <= self.jitter_days <= most:
            raise InputError(f"visits shifted by {self.jitter_days} days: give 0 to {most}")
        for what, share in (("missed visits", self.missed), ("drop-out", self.drop_out)):
            if not 0 <= share < 1:
                raise InputError(f"{what} {share:g}: a share from 0 to below 1, such as 0.1")

    @property
    def perfect(self) -> bool:
        """Whether everybody comes to every visit on its day."""
        return self == Attendance()


@compiled
def _draw(
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    jitter: int,
    missed: float,
    rate: float,
    days: NDArray[np.int64],
    seen: NDArray[np.bool_],
) -> None:
    visits = days.shape[1] - 1
    room = np.empty(1 + 2 * visits)
    for i in range(len(persons)):
        fill_uniforms(room, seed, persons[i], 0, _PURPOSE, attempts[i])
        lost = -math.log(room[0]) / rate if rate > 0.0 else np.inf
        last = -1
        for v in range(1, visits + 1):
            shift = int(room[2 * v - 1] * (2 * jitter + 1)) - jitter
            days[i, v] = max(days[i, v] + shift, last + 1)  # visits keep their order
            last = days[i, v]
            gone = days[i, v] - days[i, 0] > lost
            seen[i, v] = not gone and room[2 * v] >= missed


def attend(
    how: Attendance,
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The days of the visits as they were kept, and which of them were.

    Args:
        how: the attendance.
        seed, persons, attempts: who, (n,).
        days: nominal days after the injury, (n, visits); column 0 is enrolment and stays.

    Returns:
        days (n, visits), in order within a person, never past the model's last day; whether each visit
        took place, (n, visits), enrolment always.
    """
    seen = np.ones(days.shape, dtype=np.bool_)
    if how.perfect:
        return days, seen
    kept = days.copy()
    rate = -math.log1p(-how.drop_out) / _YEAR_DAYS
    _draw(seed, persons, attempts, how.jitter_days, how.missed, rate, kept, seen)
    return np.minimum(kept, int(value("patient.last_day"))), seen
