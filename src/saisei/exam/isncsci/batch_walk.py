"""Compiled walks for `batch`: levels, NLI and AIS as sets, from the masks of `batch_read`.

A walk down the cord is three masks: where it can stop freely, where it can stop only because the
next muscle is below 3, where it can go on. The set is what lies above the first place that it can
not pass.

Why the AIS is exact without a list of completions. In every completion the grade depends on VAC,
DAP, sacral sensation, on each side's motor level m with motor function more than three segments
below it, and on the number of muscles of grade 3 or more below the NLI n. For given n and m these
can be chosen apart from each other:

* Motor function at m + 4 or below costs nothing in the count. A muscle that can be below 3 and
  above 0 can be 1 or 2, so it can be there without a further grade 3; and grades of 3 and more only
  help it.
* m + 4 or below exists only for m at L2 or above, where S4-5 takes no part in the walk: sacral
  sensation is free.
* So the fewest (for C) and the most (for D) muscles of grade 3 below n are sums over the two sides
  of what each muscle can be, less one where a walk can stop only because the next muscle is below 3.

Sections in comments are those of the rules in the stage's document (levels 3 and 5, AIS 6).
"""

from __future__ import annotations

from saisei.exam.isncsci import policy as policy_module
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
    popcount,
)

# ---- The walks, sections 3 and 5 -------------------------------------------------------------------

C4, T1, L1, L5, S1, S3, S4_5 = 3, 8, 20, 24, 25, 27, 28
INT, NA = 1 << 29, 1 << 30
KEY = 0x1F << 4 | 0x1F << 21
_BY_SENSATION = 0b111 | 0x7FF << 9 | 0b11 << 26  # C1-C3, T2-T12, S2, S3
_BEFORE_MUSCLES = 1 << C4 | 1 << L1
_BETWEEN = 0xF << 4 | 0xF << 21  # C5-C8, L2-L5: a muscle with another one right below
_LAST = 1 << T1 | 1 << S1
_ARM_BLOCK, _LEG_BLOCK = 0x3F << 4, 0x3F << 21  # dermatomes C5-T2 and L2-S2
SEGMENTS = (1 << 28) - 1  # C1 to S3: where a walk can stop
NEVER, DECIDING, IN_C = range(3)  # of NON_KEY_ZONE
NO, YES = 1, 2  # what VAC and DAP can be
COMPLETE, INCOMPLETE = 1, 2
# Items of the policy tuple.
NLI_S3, DAP_FOR_E, NON_KEY_ZONE, NONE_BELOW, OLD_ZONES = range(5)
Policy = tuple[int, int, int, int, int]
A, B, C, D, E = 1, 2, 4, 8, 16


def policy_items(policy: policy_module.Policy) -> Policy:
    """A policy as the numbers that the kernel reads."""
    return (
        int(policy.all_normal_without_vac == "S3"),
        int(policy.dap_for_e == "required"),
        {"never": NEVER, "deciding": DECIDING, "praxis": IN_C}[policy.non_key_in_motor_zpp],
        D if policy.no_muscles_below == "D" else C,
        int(policy.revision != "2019"),
    )


@compiled
def reach(passes: int) -> int:
    """The positions that a walk can get to: down to and with the first one that it can not pass."""
    blocked = ~passes & SEGMENTS
    if blocked == 0:
        return SEGMENTS
    return ((blocked & -blocked) << 1) - 1


@compiled
def motor_walk(side: SideMasks, normal: int, abnormal: int) -> tuple[int, int, int]:
    """Where the motor level of a side can stop freely, can stop only with the next muscle < 3, can go on."""
    ge3, five = side[M_GE3], side[M_FIVE]
    with_next = _BEFORE_MUSCLES | (five & _BETWEEN)
    free = ((abnormal >> 1) & _BY_SENSATION) | side[M_MID]
    passes = ((normal >> 1) & _BY_SENSATION) | ((ge3 >> 1) & with_next)
    if abnormal & _ARM_BLOCK != 0:
        free |= five & (1 << T1)
    if abnormal & _LEG_BLOCK != 0:
        free |= five & (1 << S1)
    if normal & _ARM_BLOCK == _ARM_BLOCK:
        passes |= five & (1 << T1)
    if normal & _LEG_BLOCK == _LEG_BLOCK:
        passes |= five & (1 << S1)
    below_3 = (side[M_LT3] >> 1) & with_next
    free |= below_3 & ~(ge3 >> 1)  # a next muscle that is never 3 or more is no restriction
    return free, below_3 & ~free, passes


@compiled
def _far_clear(side: SideMasks, far_at: int) -> bool:
    """Whether no key and no non-key muscle has to move at `far_at` or below."""
    return (KEY & ~side[M_ABSENT]) >> far_at == 0 and side[NON_KEY] < far_at


@compiled
def sensory_levels(side: SideMasks) -> int:
    """All sensory levels of a side."""
    passes = side[NORMAL] >> 1
    levels = (side[ABNORMAL] >> 1) & reach(passes)
    return levels | INT if passes == SEGMENTS else levels


@compiled
def motor_levels(side: SideMasks) -> int:
    """All motor levels of a side where VAC is absent; all normal is S3, with bit INT added as a mark."""
    free, tight, passes = motor_walk(side, side[NORMAL], side[ABNORMAL])
    levels = (free | tight) & reach(passes)
    return levels | 1 << S3 | INT if passes == SEGMENTS else levels


@compiled
def nli_levels(right: SideMasks, left: SideMasks) -> int:
    """Where the NLI can be: C1 to S3, and INT when all can be normal (VAC left out)."""
    stops_r, passes_r = _nli_column(right)
    stops_l, passes_l = _nli_column(left)
    passes = passes_r & passes_l
    levels = (stops_r | stops_l) & reach(passes)
    return levels | INT if passes == SEGMENTS else levels


@compiled
def _nli_column(side: SideMasks) -> tuple[int, int]:
    free, tight, passes = motor_walk(side, side[NORMAL], side[ABNORMAL])
    # Having come to T1 (S1), of its block only the dermatome below is open, and sensation sees to that.
    free &= ~(_LAST & ~side[M_MID])
    return free | tight | (side[ABNORMAL] >> 1), passes & (side[NORMAL] >> 1)


# ---- AIS, section 6 ----------------------------------------------------------------------------------

Counts = tuple[int, int, int, int, int, int, int, int]


@compiled
def _count_side(side: SideMasks, n: int, allowed: int) -> Counts:
    """Fewest and most muscles of grade >= 3 below `n` for one side, over its completions that reach `n`.

    Items 2 * key and 2 * key + 1, with key = at + 2 * far: whether a level of the side is `n`
    itself, and whether there is motor function more than three segments below its motor level. (99,
    -1): no such completion.
    """
    fewest_0 = fewest_1 = fewest_2 = fewest_3 = 99
    most_0 = most_1 = most_2 = most_3 = -1
    next_one = 1 << (n + 1)
    above, below = (1 << n) - 1, ~(next_one - 1)
    for stops_here in range(2):  # whether the sensory level is n, or further down
        normal, abnormal = side[NORMAL], side[ABNORMAL] & below
        if (abnormal if stops_here == 1 else normal) & next_one == 0:
            continue
        if stops_here == 1:
            normal &= ~next_one
        else:
            abnormal &= ~next_one
        free, tight, passes = motor_walk(side, normal, abnormal)
        passes |= above
        levels = (free | tight) & reach(passes) & ~above & allowed
        if passes == SEGMENTS and allowed >> S3 & 1:
            levels |= 1 << S3  # all normal
        while levels != 0:
            low = levels & -levels
            levels ^= low
            far_at = highest(low) + 4
            fewest = popcount(KEY & below & (((low << 1) - 1) | ~side[M_LT3]))
            less = 1 if tight & low else 0
            at = stops_here == 1 or low << 1 == next_one
            if side[M_SOME] >> far_at != 0 or side[NON_KEY] >= far_at:
                most = popcount(side[M_GE3] & below) - less
                if at:
                    fewest_3, most_3 = min(fewest_3, fewest), max(most_3, most)
                else:
                    fewest_2, most_2 = min(fewest_2, fewest), max(most_2, most)
            if _far_clear(side, far_at):
                most = popcount(side[M_GE3] & below & ((1 << far_at) - 1)) - less
                if at:
                    fewest_1, most_1 = min(fewest_1, fewest), max(most_1, most)
                else:
                    fewest_0, most_0 = min(fewest_0, fewest), max(most_0, most)
    return fewest_0, most_0, fewest_1, most_1, fewest_2, most_2, fewest_3, most_3


@compiled
def _motor_grades(right: Counts, left: Counts, half: int, vac: int, spared: bool) -> int:
    """C and D for one NLI with `2 * half` key muscles below it; the two sides are free of each other."""
    found = 0
    for key in range(4):
        if right[2 * key + 1] < 0:
            continue
        for other in range(4):
            if left[2 * other + 1] < 0 or (key | other) & 1 == 0:
                continue
            if vac & YES == 0 and not (spared and (key | other) & 2):
                continue
            if right[2 * key] + left[2 * other] < half:
                found |= C
            if right[2 * key + 1] + left[2 * other + 1] >= half:
                found |= D
    return found


@compiled
def _can_be_clear(side: SideMasks, allowed: int) -> bool:
    """Whether a side can be without motor function more than three segments below its motor level."""
    levels = motor_levels(side) & allowed
    # The most caudal motor level leaves the least below it.
    return levels != 0 and _far_clear(side, highest(levels) + 4)


@compiled
def ais_set(
    right: SideMasks,
    left: SideMasks,
    allowed_right: int,
    allowed_left: int,
    vac: int,
    dap: int,
    policy: Policy,
) -> int:
    """All AIS grades of two sides with motor levels among those allowed (masks within `SEGMENTS`)."""
    spared = (right[FELT] | left[FELT]) >> S4_5 & 1 != 0 or dap & YES != 0
    found = 0
    if vac & NO and dap & NO and right[ABSENT] & left[ABSENT] & (1 << S4_5):
        found |= A
    clear = _can_be_clear(right, allowed_right) and _can_be_clear(left, allowed_left)
    if vac & NO and spared and clear:
        found |= B
    stops = nli_levels(right, left)
    if vac & YES:
        if (stops & SEGMENTS) >> S1:
            found |= policy[NONE_BELOW]
        if stops & INT:
            if policy[DAP_FOR_E] == 0 or dap & YES:
                found |= E
            if policy[DAP_FOR_E] != 0 and dap & NO:
                found |= policy[NONE_BELOW]
    stops &= (1 << S1) - 1
    if vac & YES == 0 and not spared:
        stops = 0
    while stops != 0 and found & (C | D) != C | D:
        low = stops & -stops
        stops ^= low
        n = highest(low)
        half = popcount(KEY & ~((low << 1) - 1))
        one, other = _count_side(right, n, allowed_right), _count_side(left, n, allowed_left)
        found |= _motor_grades(one, other, half, vac, spared)
    return found


@compiled
def ais_plain(right: SideMasks, left: SideMasks, vac: int, dap: int, policy: Policy) -> int:
    """The AIS of an exam without NT and flags: section 3.5 as it stands."""
    felt = (right[FELT] | left[FELT]) >> S4_5 & 1 != 0
    if vac == NO and dap == NO and not felt:
        return A
    level = nli_levels(right, left)
    if level == INT and vac == YES and (policy[DAP_FOR_E] == 0 or dap == YES):
        return E
    far_right = not _far_clear(right, highest(motor_levels(right) & SEGMENTS) + 4)
    far_left = not _far_clear(left, highest(motor_levels(left) & SEGMENTS) + 4)
    if vac == NO and not far_right and not far_left:
        return B
    below = KEY & ~((level << 1) - 1)
    if below == 0:
        return policy[NONE_BELOW]
    strong = popcount(right[M_GE3] & below) + popcount(left[M_GE3] & below)
    return D if strong >= popcount(below) else C
