"""The motor level, as the branches in which a side can have it.

The motor level is the lowest key muscle graded 3 or more when all above are 5; where there is no
myotome it is the sensory level (ISNCSCI 2019). A *branch* is one way to a motor level: it fixes the
domains of the muscles that the walk looked at and says which sensory levels go with it. Muscles and
dermatomes are scored independently, so within a branch every combination is possible, and the branches
together hold every completion of the side once. Levels, NLI, AIS and motor zone are all read off the
same branches; that is what makes them fit together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from saisei.exam.isncsci.domains import BELOW_3, FIVE, MUSCLE_LEVELS, THREE_OR_FOUR
from saisei.exam.isncsci.levels import Level

__all__ = ["Branch", "motor_branches", "motor_levels"]


def _levels(first: Level, last: Level) -> int:
    return (1 << last + 1) - (1 << first)


_T1, _L1, _S1, _S3, _INT = (int(x) for x in (Level.T1, Level.L1, Level.S1, Level.S3, Level.INT))
_HIGH = _levels(Level.C1, Level.C3)
_FROM_C4 = _levels(Level.C4, Level.INT)
_C4_TO_T1 = _levels(Level.C4, Level.T1)
_T2_TO_T12 = _levels(Level.T2, Level.T12)
_FROM_L1 = _levels(Level.L1, Level.INT)
_L1_TO_S1 = _levels(Level.L1, Level.S1)
_FROM_S2 = _levels(Level.S2, Level.INT)


class Branch(NamedTuple):
    """One way to a motor level.

    `level` is the motor level; INT stands for "all normal", which becomes S3 when VAC is absent. `muscles`
    are the ten domains under this branch, `sensory` the set of sensory levels that go with it.
    """

    level: int
    muscles: tuple[int, ...]
    sensory: int


def motor_branches(muscles: Sequence[int], sensory: int) -> list[Branch]:
    """Every branch of a side.

    Args:
        muscles: domains of the ten key muscles C5 ... T1, L2 ... S1.
        sensory: the possible sensory levels of the side, as a set of levels.
    """
    free = tuple(muscles)
    branches = [Branch(level, free, 1 << level) for level in _members(sensory & _HIGH)]
    if not sensory & _FROM_C4:
        return branches
    walked = list(muscles)
    if not _walk_five(Level.C4, 0, walked, sensory & _FROM_C4, branches):
        return branches
    arms_normal = tuple(walked)
    if sensory & _C4_TO_T1:  # one of the dermatomes C5 to T2 is not normal
        branches.append(Branch(_T1, arms_normal, sensory & _C4_TO_T1))
    branches += [Branch(level, arms_normal, 1 << level) for level in _members(sensory & _T2_TO_T12)]
    if not sensory & _FROM_L1:
        return branches
    if not _walk_five(Level.L1, 5, walked, sensory & _FROM_L1, branches):
        return branches
    all_normal = tuple(walked)
    if sensory & _L1_TO_S1:  # one of the dermatomes L2 to S2 is not normal
        branches.append(Branch(_S1, all_normal, sensory & _L1_TO_S1))
    branches += [Branch(level, all_normal, 1 << level) for level in _members(sensory & _FROM_S2)]
    return branches


def _walk_five(
    above: int, first: int, walked: list[int], sensory: int, branches: list[Branch]
) -> bool:
    """Walk the five muscles of an arm or a leg; True when all five can be 5.

    `above` is the level reached when the first muscle is below 3. `walked` is narrowed to 5 on the way.
    """
    level = above
    for k in range(first, first + 5):
        domain = walked[k]
        if domain & BELOW_3:
            walked[k] = domain & BELOW_3
            branches.append(Branch(level, tuple(walked), sensory))
        level = MUSCLE_LEVELS[k]
        if domain & THREE_OR_FOUR:
            walked[k] = domain & THREE_OR_FOUR
            branches.append(Branch(level, tuple(walked), sensory))
        if not domain & FIVE:
            return False
        walked[k] = FIVE
    return True


def motor_levels(branches: Sequence[Branch], vac: Sequence[bool]) -> int:
    """All motor levels of these branches; all normal is INT where VAC is present, S3 where absent."""
    found = 0
    for branch in branches:
        found |= 1 << branch.level
    if found >> _INT & 1 and False in vac:
        found |= 1 << _S3
        if True not in vac:
            found ^= 1 << _INT
    return found


def _members(levels: int) -> list[int]:
    return [level for level in range(levels.bit_length()) if levels >> level & 1]
