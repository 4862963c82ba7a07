"""What a written score can stand for: the values behind NT and flags, as small bit masks.

| written    | motor  | sensory |
| ---------- | ------ | ------- |
| v          | v      | v       |
| NT         | 0 to 5 | 0 to 2  |
| v*         | v to 4 | v to 1  |
| NT*        | 0 to 4 | 0 to 1  |
| v**, NT**  | 5      | 2       |

NT is any score that could stand there (Schuld et al. 2012, J Neurotrauma 29:453-461). The reading of
`v*`, between the examined score and one below normal, is that of the Praxis reference algorithm. Every
domain is an unbroken run of scores; the counting in `ais` relies on it.

A set of scores is an integer with bit v set for score v; a set of levels has bit i set for `Level(i)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from saisei.exam.isncsci.levels import KEY_MUSCLES, Level
from saisei.exam.isncsci.record import MOTOR_CODES, SENSORY_CODES

__all__ = ["ExamDomains", "SideDomains", "motor_domain", "sensory_domain", "values_of"]

# What a dermatome (light touch and pin prick together) can be.
CAN_BE_NORMAL = 1  # both 2
CAN_BE_ABNORMAL = 2  # one of them below 2
CAN_BE_ABSENT = 4  # both 0
CAN_BE_FELT = 8  # one of them above 0

# What a muscle can be, as sets of grades.
ABSENT = 0b000001
BELOW_3 = 0b000111
THREE_OR_FOUR = 0b011000
AT_LEAST_3 = 0b111000
FIVE = 0b100000
SOME = 0b111110

NA = 30  # bit of "not applicable" in a set of zones


def _domain(code: int, normal: int) -> int:
    """The set of scores behind a code, in a column whose normal score is `normal`."""
    flag, grade = divmod(code, 10)
    if flag == 2:
        return 1 << normal
    highest = normal if flag == 0 else normal - 1
    low, high = (0, highest) if grade == 9 else (grade, grade if flag == 0 else highest)
    return sum(1 << value for value in range(low, high + 1))


_MOTOR = [_domain(code, 5) if code in MOTOR_CODES else 0 for code in range(30)]
_SENSORY = [_domain(code, 2) if code in SENSORY_CODES else 0 for code in range(30)]


def motor_domain(code: int) -> int:
    """The grades that a motor code can stand for, as a bit mask.

    >>> values_of(motor_domain(13)), values_of(motor_domain(9)), values_of(motor_domain(20))
    ((3, 4), (0, 1, 2, 3, 4, 5), (5,))
    """
    return _MOTOR[code]


def sensory_domain(code: int) -> int:
    """The scores that a sensory code can stand for, as a bit mask."""
    return _SENSORY[code]


def values_of(mask: int) -> tuple[int, ...]:
    """The members of a bit mask, ascending."""
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


def bits(mask: int) -> Iterator[int]:
    """The members of a bit mask, ascending, without a tuple."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _pair(touch: int, prick: int) -> int:
    """What a dermatome with these two domains can be."""
    found = 0
    for t in values_of(touch):
        for p in values_of(prick):
            found |= CAN_BE_NORMAL if t == p == 2 else CAN_BE_ABNORMAL
            found |= CAN_BE_ABSENT if t == p == 0 else CAN_BE_FELT
    return found


_PAIR = [[_pair(touch, prick) for prick in _SENSORY] for touch in _SENSORY]


def sensory_pair(touch: int, prick: int) -> int:
    """What a dermatome with these two codes can be, as bits `CAN_BE_...`."""
    return _PAIR[touch][prick]


# Index of the first key muscle that lies below a level (10 when none does), for any level up to INT + 4.
FIRST_BELOW = tuple(
    next((k for k, muscle in enumerate(KEY_MUSCLES) if muscle > level), len(KEY_MUSCLES))
    for level in range(Level.INT + 5)
)
MUSCLE_LEVELS = tuple(int(level) for level in KEY_MUSCLES)


class SideDomains(NamedTuple):
    """One side: what each of 28 dermatomes can be, the domains of 10 muscles, the non-key level or -1."""

    dermatomes: tuple[int, ...]
    muscles: tuple[int, ...]
    non_key: int


class ExamDomains(NamedTuple):
    """The whole exam; `vac` and `dap` are the possible values, of (False, True)."""

    right: SideDomains
    left: SideDomains
    vac: tuple[bool, ...]
    dap: tuple[bool, ...]

    @property
    def sides(self) -> tuple[SideDomains, SideDomains]:
        """Right and left."""
        return self.right, self.left

    @classmethod
    def of(cls, codes: Sequence[int]) -> ExamDomains:
        """The domains of 136 integer codes in the order of `record.COLUMNS`."""
        vac, dap, right, left = codes[132:]
        return cls(_side(codes[:66], right), _side(codes[66:132], left), _ANAL[vac], _ANAL[dap])


_ANAL = {0: (False,), 1: (True,), 9: (False, True)}


def _side(codes: Sequence[int], non_key: int) -> SideDomains:
    pairs = zip(codes[:28], codes[28:56], strict=True)
    return SideDomains(
        tuple([_PAIR[touch][prick] for touch, prick in pairs]),
        tuple([_MOTOR[code] for code in codes[56:]]),
        non_key,
    )
