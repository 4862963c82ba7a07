"""What an examiner could not test (NT) and what another condition spoils (flags); off unless asked for.

Three causes of NT: a limb in a cast or under a dressing, from the injury until it comes off; an anal exam
that is refused; a single item left out. One cause of a flag: a lasting lesion outside the cord that
weakens one arm muscle. A grade that would have been normal is flagged "to be read as normal" (`**`), any
other "not normal" (`*`), as the 2019 standard asks of an examiner who knows the cause.

No published rate was located for any of them: the shares in `params/patient_cohort.toml` are assumed, so
these gaps test an analysis plan and say nothing of real centres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms
from saisei.errors import InputError
from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level
from saisei.params import value

__all__ = ["Gaps", "open_gaps"]

_PURPOSE = PURPOSES["gaps"]
_SEGMENTS, _KEYS = len(DERMATOMES), len(KEY_MUSCLES)
_SIDE = 2 * _SEGMENTS + _KEYS
_ITEMS = 2 * _SIDE
_LIMBS = 4
_NT, _NOT_NORMAL, _NORMAL, _TOP = 9, 10, 20, 5


def _limb(side: int, arm: bool) -> list[int]:
    """The columns of a limb: its dermatomes in both modalities and its key muscles."""
    first, last = (Level.C5, Level.T1) if arm else (Level.L2, Level.S1)
    skin = [k for k, level in enumerate(DERMATOMES) if first <= level <= last]
    found = [side * _SIDE + k for k in skin] + [side * _SIDE + _SEGMENTS + k for k in skin]
    motor = range(5) if arm else range(5, 10)
    return found + [side * _SIDE + 2 * _SEGMENTS + k for k in motor]


# Right arm, left arm, right leg, left leg.
_COLUMNS = np.array([_limb(side, arm) for arm in (True, False) for side in (0, 1)])
_ARM_MUSCLES = np.array(
    [side * _SIDE + 2 * _SEGMENTS + k for side in (0, 1) for k in range(5)], dtype=np.int64
)


@dataclass(frozen=True, slots=True)
class Gaps:
    """How often an exam has gaps; all 0 by default.

    Attributes:
        limb: chance for each limb that it can not be examined at first.
        limb_days: mean days until it can be.
        anal: chance at each exam that the anal exam is refused.
        item: chance of each sensory and motor item to be left out.
        flagged: chance that a person has a lesion outside the cord that weakens an arm muscle.

    Raises:
        InputError: a chance outside 0 to 1, or no days.
    """

    limb: float = 0.0
    limb_days: float = 1.0
    anal: float = 0.0
    item: float = 0.0
    flagged: float = 0.0

    def __post_init__(self) -> None:
        for name in ("limb", "anal", "item", "flagged"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise InputError(f"gaps, {name} is {share:g}: a chance from 0 to 1")
        if not (self.limb_days > 0 and math.isfinite(self.limb_days)):
            raise InputError(f"gaps, limb_days is {self.limb_days:g}: more than 0 days")

    @property
    def none(self) -> bool:
        """Whether every item is tested and none flagged."""
        return max(self.limb, self.anal, self.item, self.flagged) == 0

    @classmethod
    def assumed(cls) -> Gaps:
        """The assumed shares of `params/patient_cohort.toml`."""
        names = ("limb", "limb_days", "anal", "item", "flagged")
        return cls(*(float(value(f"patient.gap_{name}")) for name in names))


@compiled
def _open(
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
    how: NDArray[np.float64],
    codes: NDArray[np.int8],
) -> None:
    lasting, passing = np.empty(2 * _LIMBS + 3), np.empty(_ITEMS + 1)
    limb, limb_days, anal, item, flagged = how[0], how[1], how[2], how[3], how[4]
    for i in range(len(persons)):
        fill_uniforms(lasting, seed, persons[i], 0, _PURPOSE, attempts[i])
        for v in range(days.shape[1]):
            fill_uniforms(passing, seed, persons[i], days[i, v] + 1, _PURPOSE, attempts[i])
            row = codes[i, v]
            if lasting[2 * _LIMBS] < flagged:
                column = _ARM_MUSCLES[min(int(lasting[2 * _LIMBS + 1] * 10), 9)]
                lost = 1 + int(lasting[2 * _LIMBS + 2] * (_TOP - 1))
                star = _NORMAL if row[column] == _TOP else _NOT_NORMAL
                row[column] = star + max(row[column] - lost, 0)
            for k in range(_ITEMS):
                if passing[k] < item:
                    row[k] = _NT
            for j in range(_LIMBS):
                free = -limb_days * math.log(lasting[2 * j + 1])
                if lasting[2 * j] < limb and days[i, v] < free:
                    row[_COLUMNS[j]] = _NT
            if passing[_ITEMS] < anal:
                row[_ITEMS] = row[_ITEMS + 1] = _NT


def open_gaps(
    how: Gaps,
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
    codes: NDArray[np.int8],
) -> None:
    """Put the gaps into exams in place; each depends on (seed, person, attempt, day) alone.

    Args:
        how: how often.
        seed, persons, attempts: who, (n,).
        days: days since the injury of each exam, (n, visits).
        codes: full exams, (n, visits, 136); changed.
    """
    if not how.none:
        numbers = np.array([how.limb, how.limb_days, how.anal, how.item, how.flagged])
        _open(seed, persons, attempts, days, numbers, codes)
