"""The sensory level: the last dermatome of the unbroken run of normal ones from C2 downwards.

A dermatome is normal when light touch and pin prick are both 2. C1 when C2 is not normal, INT when all are.
Source: ISNCSCI worksheet, revision 2019.
"""

from __future__ import annotations

from collections.abc import Sequence

from saisei.exam.isncsci.domains import CAN_BE_ABNORMAL, CAN_BE_NORMAL
from saisei.exam.isncsci.levels import Level

__all__ = ["sensory_levels"]

_INT = 1 << Level.INT


def sensory_levels(dermatomes: Sequence[int]) -> int:
    """All sensory levels that a side can have, as a set of levels.

    Args:
        dermatomes: what each of the 28 dermatomes C2 ... S4-5 can be.
    """
    found = 0
    for above, dermatome in enumerate(dermatomes):  # the level above C2 is C1, number 0
        if dermatome & CAN_BE_ABNORMAL:
            found |= 1 << above
        if not dermatome & CAN_BE_NORMAL:
            return found
    return found | _INT
