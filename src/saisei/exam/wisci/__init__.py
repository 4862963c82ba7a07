"""WISCI II: the Walking Index for Spinal Cord Injury, version II. One level, 0 to 20, higher is better.

A level stands for a device, braces or none, and how many people help, over 10 metres (level 1: less). Ranks
are ordinal: a difference of two levels is no amount of walking.

Sources: Ditunno and Ditunno, Spinal Cord 2001;39:654-656 (revised scale, 21 levels). Levels 0 to 15 were
read on the NINDS Common Data Elements page of the instrument; 16 to 20 are recalled. Missing: a level
that was not assessed is None; there is nothing to sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saisei.errors import ExamError, Fault

__all__ = ["LEVELS", "Device", "Walking", "Wisci2", "level_of"]


class Device(StrEnum):
    """The walking aid."""

    PARALLEL_BARS = "parallel bars"
    WALKER = "walker"
    TWO_CRUTCHES = "two crutches"
    ONE_CANE = "one cane or crutch"
    NONE = "no device"


@dataclass(frozen=True, slots=True)
class Walking:
    """How someone walks: device, braces, how many people help, and whether the full 10 metres are reached."""

    device: Device
    braces: bool
    helpers: int
    ten_metres: bool = True


# The place in this tuple is the level; level 0: unable to stand or to take part in assisted walking.
LEVELS: tuple[Walking | None, ...] = (
    None,
    Walking(Device.PARALLEL_BARS, True, 2, ten_metres=False),
    Walking(Device.PARALLEL_BARS, True, 2),
    Walking(Device.PARALLEL_BARS, True, 1),
    Walking(Device.PARALLEL_BARS, False, 1),
    Walking(Device.PARALLEL_BARS, True, 0),
    Walking(Device.WALKER, True, 1),
    Walking(Device.TWO_CRUTCHES, True, 1),
    Walking(Device.WALKER, False, 1),
    Walking(Device.WALKER, True, 0),
    Walking(Device.ONE_CANE, True, 1),
    Walking(Device.TWO_CRUTCHES, False, 1),
    Walking(Device.TWO_CRUTCHES, True, 0),
    Walking(Device.WALKER, False, 0),
    Walking(Device.ONE_CANE, False, 1),
    Walking(Device.ONE_CANE, True, 0),
    Walking(Device.TWO_CRUTCHES, False, 0),
    Walking(Device.NONE, False, 1),
    Walking(Device.NONE, True, 0),
    Walking(Device.ONE_CANE, False, 0),
    Walking(Device.NONE, False, 0),
)


@dataclass(frozen=True, slots=True)
class Wisci2:
    """One WISCI II level, or None when it was not assessed.

    Raises:
        ExamError: anything but a whole number from 0 to 20 or None.

    >>> Wisci2(20).walking
    Walking(device=<Device.NONE: 'no device'>, braces=False, helpers=0, ten_metres=True)
    """

    level: int | None

    def __post_init__(self) -> None:
        level = self.level
        if level is not None and (type(level) is not int or not 0 <= level < len(LEVELS)):
            rule = f"a level is a whole number from 0 to {len(LEVELS) - 1}"
            mend = "give the level, or None when it was not assessed"
            raise ExamError([Fault("WISCI II.level", repr(level), rule, mend)])

    @property
    def walking(self) -> Walking | None:
        """What the level says; None for level 0 and for a level that was not assessed."""
        return None if self.level is None else LEVELS[self.level]


def level_of(walking: Walking | None) -> Wisci2:
    """The level of a way of walking (None: unable to stand or walk, level 0).

    Raises:
        ExamError: the scale has no level for this combination (for example a walker with two helpers).

    >>> level_of(Walking(Device.WALKER, False, 0)).level
    13
    """
    if walking not in LEVELS:
        rule = "WISCI II has no level for this combination"
        mend = "give the level the examiner wrote down"
        raise ExamError([Fault("WISCI II.walking", repr(walking), rule, mend)])
    return Wisci2(LEVELS.index(walking))
