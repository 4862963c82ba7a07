"""The 10-metre walk test (10MWT) and the 6-minute walk test (6MWT): what was measured, and the speed.

Speed = metres / seconds. The two tests give different speeds, and so do preferred and maximal pace and a
standing or a flying start: the record says which. Someone who cannot walk has no time; whether that counts
as a speed of 0 is a choice of the analysis plan and not made here.

Sources: van Hedel et al., Arch Phys Med Rehabil 2005;86:190-196 (recalled: validity of both tests in SCI);
van Hedel et al., Neurorehabil Neural Repair 2007;21:295-301 and Forrest et al., PLoS One 2014;9:e94108 (both
abstracts read: the tests are not interchangeable). Published variants time 10 m with a flying start inside
14 m, or 6 m inside 10 m; so the timed distance is part of the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from saisei.errors import ExamError, Fault

__all__ = ["Pace", "Walk6", "Walk10"]

_SIX_MINUTES_S = 360.0  # by definition of the test


class Pace(StrEnum):
    """How fast the person was asked to walk."""

    PREFERRED = "preferred"
    MAXIMAL = "maximal"
    UNKNOWN = "unknown"


def _positive(where: str, value: object, unit: str) -> list[Fault]:
    fine = isinstance(value, (int, float)) and not isinstance(value, bool)
    if fine and isfinite(value) and value > 0:  # type: ignore[arg-type, operator]
        return []
    rule = f"must be a number of {unit} above 0"
    return [Fault(where, repr(value), rule, "give None when the person could not walk")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk10:
    """One 10MWT.

    Attributes:
        time_s: seconds over the timed distance, or None when the person could not walk it.
        timed_m: metres that were timed (10, or 6 in the variant with run-up and run-out inside 10 m).
        flying_start: whether the person was already walking when the time started.
        pace: preferred or maximal.

    Raises:
        ExamError: a time or distance that is not above 0.

    >>> Walk10(time_s=12.5, timed_m=10.0, flying_start=True, pace=Pace.PREFERRED).speed_m_s
    0.8
    """

    time_s: float | None
    timed_m: float
    flying_start: bool
    pace: Pace

    def __post_init__(self) -> None:
        faults = _positive("10MWT.timed_m", self.timed_m, "metres")
        if self.time_s is not None:
            faults += _positive("10MWT.time_s", self.time_s, "seconds")
        if faults:
            raise ExamError(faults)

    @property
    def speed_m_s(self) -> float | None:
        """Metres per second, or None when the person could not walk it."""
        return None if self.time_s is None else self.timed_m / self.time_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk6:
    """One 6MWT: metres walked in six minutes, rests included; 0 when the person tried and got nowhere.

    Raises:
        ExamError: a distance below 0 or no number.

    >>> Walk6(distance_m=180).speed_m_s
    0.5
    """

    distance_m: float | None

    def __post_init__(self) -> None:
        if self.distance_m is not None and self.distance_m != 0:
            faults = _positive("6MWT.distance_m", self.distance_m, "metres")
            if faults:
                raise ExamError(faults)

    @property
    def speed_m_s(self) -> float | None:
        """Mean speed over the six minutes in metres per second, or None when it was not done."""
        return None if self.distance_m is None else self.distance_m / _SIX_MINUTES_S
