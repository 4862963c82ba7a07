"""Compiled zones of partial preservation for `batch`, ISNCSCI 2019 and before, as sets (rules, section 7)."""

from __future__ import annotations

from saisei.exam.isncsci.batch_read import (
    ABNORMAL,
    ABSENT,
    FELT,
    M_ABSENT,
    M_FIVE,
    M_GE3,
    M_LT3,
    M_MID,
    M_SOME,
    NON_KEY,
    NORMAL,
    SideMasks,
    compiled,
    highest,
)
from saisei.exam.isncsci.batch_walk import (
    COMPLETE,
    DECIDING,
    INCOMPLETE,
    KEY,
    NA,
    NEVER,
    NO,
    NON_KEY_ZONE,
    OLD_ZONES,
    S4_5,
    SEGMENTS,
    YES,
    C,
    Policy,
    ais_set,
)

__all__ = ["motor_zones", "sensory_zones"]


@compiled
def felt_zones(side: SideMasks) -> int:
    """The most caudal dermatomes above S4-5 that can be felt with nothing felt below; C1 if there is none."""
    above_sacral = (1 << S4_5) - 2  # C2 to S3
    held = above_sacral & ~side[ABSENT] | 1
    return (side[FELT] & above_sacral | 1) & ~((1 << highest(held)) - 1)


@compiled
def zones_of(side: SideMasks, level: int) -> int:
    """The motor zones that go with a motor level (a mask of one bit), key muscles only."""
    below = KEY & ~((level << 1) - 1)
    held = below & ~side[M_ABSENT] | level
    return (side[M_SOME] & below | level) & ~((1 << highest(held)) - 1)


@compiled
def _narrow(side: SideMasks, zone: int, at_level: bool) -> SideMasks:
    """A side with this motor zone (a mask of one bit), either at the motor level or a muscle below it."""
    below = KEY & ~((zone << 1) - 1)
    absent = side[M_ABSENT] | below
    return (
        side[NORMAL],
        side[ABNORMAL],
        side[FELT],
        side[ABSENT],
        side[M_GE3] & ~below,
        side[M_LT3] | below,
        side[M_MID] & ~below,
        side[M_FIVE] & ~below,
        side[M_SOME] & ~below,
        absent if at_level else absent & ~zone,
        side[NON_KEY],
    )


@compiled
def _praxis_zones(
    side: SideMasks, other: SideMasks, levels: int, zones: int, dap: int, policy: Policy
) -> int:
    """Policy `praxis`: in AIS C a non-key muscle more than three segments below the zone takes its place."""
    replaced = 1 << side[NON_KEY]
    far = zones & ((replaced >> 3) - 1)  # more than three segments above the non-key muscle
    found = zones & ~far
    while far != 0:
        zone = far & -far
        far ^= zone
        grades = 0
        for at_level in range(2):
            allowed = levels & zone if at_level == 1 else levels & (zone - 1)
            if allowed != 0 and (at_level == 1 or side[M_SOME] & zone):
                one = _narrow(side, zone, at_level == 1)
                grades |= ais_set(one, other, allowed, SEGMENTS, NO, dap, policy)
        if grades & C:
            found |= replaced
        if grades & ~C:
            found |= zone
    return found


@compiled
def _deciding_zones(side: SideMasks, other: SideMasks, levels: int, dap: int) -> int:
    """Policy `deciding`: the non-key muscle is the zone when it alone makes its side motor incomplete."""
    felt = (side[FELT] | other[FELT]) >> S4_5 & 1
    absent = (side[ABSENT] & other[ABSENT]) >> S4_5 & 1
    non_key = side[NON_KEY]
    found = 0
    while levels != 0:
        level = levels & -levels
        levels ^= level
        zones = zones_of(side, level)
        far_at = highest(level) + 4
        alone = zones & ((1 << far_at) - 1) if non_key >= far_at else 0
        found |= zones & ~alone
        if alone != 0 and (dap & YES or felt):
            found |= 1 << non_key
        if dap & NO and absent:
            found |= alone
    return found


@compiled
def _key_zones(side: SideMasks, levels: int) -> int:
    """The motor zones of all these motor levels, key muscles only."""
    found = 0
    while levels != 0:
        level = levels & -levels
        levels ^= level
        found |= zones_of(side, level)
    return found


@compiled
def sensory_zones(side: SideMasks, dap: int, complete: int, policy: Policy) -> int:
    """All sensory zones that a side can have."""
    if policy[OLD_ZONES]:
        can_be_na, can_be_zone = complete & INCOMPLETE, complete & COMPLETE
    else:
        can_be_na = dap & YES | side[FELT] >> S4_5 & 1
        can_be_zone = dap & NO & side[ABSENT] >> S4_5
    return (NA if can_be_na else 0) | (felt_zones(side) if can_be_zone else 0)


@compiled
def motor_zones(
    side: SideMasks,
    other: SideMasks,
    levels: int,
    vac: int,
    dap: int,
    complete: int,
    policy: Policy,
) -> int:
    """All motor zones that a side can have; `levels` are its motor levels where VAC is absent."""
    zones = _key_zones(side, levels)
    if policy[OLD_ZONES]:
        return (NA if complete & INCOMPLETE else 0) | (zones if complete & COMPLETE else 0)
    na = NA if vac & YES else 0
    if vac & NO == 0:
        return na
    if side[NON_KEY] < 0 or policy[NON_KEY_ZONE] == NEVER:
        return na | zones
    if policy[NON_KEY_ZONE] == DECIDING:
        return na | _deciding_zones(side, other, levels, dap)
    return na | _praxis_zones(side, other, levels, zones, dap, policy)
