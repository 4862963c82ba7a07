"""The compiled grader of `batch`: rows of integer codes in, result columns out, one exam after another.

Nothing is allocated per exam; all sets are bit masks in registers or in small arrays. The function
drops the interpreter's lock, so threads over slices of the rows run side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.batch_read import (
    ABNORMAL,
    ABSENT,
    FELT,
    HIGH,
    LOW,
    NT,
    PLANES,
    SideMasks,
    compiled,
    highest,
    muscles,
    popcount,
    read,
    sensory,
    side_masks,
)
from saisei.exam.isncsci.batch_walk import (
    INCOMPLETE,
    INT,
    NLI_S3,
    NO,
    S3,
    S4_5,
    SEGMENTS,
    YES,
    Policy,
    ais_plain,
    ais_set,
    motor_levels,
    nli_levels,
    sensory_levels,
)
from saisei.exam.isncsci.batch_zones import motor_zones, sensory_zones

__all__ = ["PARTS", "RESULTS", "grade_rows"]

# Rows of the result arrays `sets` and `single`.
RESULTS = (
    "right_sensory_level",
    "left_sensory_level",
    "right_motor_level",
    "left_motor_level",
    "nli",
    "completeness",
    "ais",
    "right_sensory_zpp",
    "left_sensory_zpp",
    "right_motor_zpp",
    "left_motor_zpp",
)
PARTS = (
    "uems",
    "lems",
    "light_touch",
    "pin_prick",
)  # each: right, left, both; each: value, least, most

_ARM = 0x1F << 4
_LEG = 0x1F << 21


@compiled
def _sums(planes: NDArray[np.int64], first: int, side: int) -> tuple[int, int, int, int]:
    """UEMS, LEMS, light touch and pin prick of a side from the three planes of digits from `first`."""
    ones, twos, fours = (
        muscles(planes, first, side),
        muscles(planes, first + 1, side),
        muscles(planes, first + 2, side),
    )
    touch, prick = sensory(planes, first, side)
    touch_twos, prick_twos = sensory(planes, first + 1, side)
    return (
        popcount(ones & _ARM) + 2 * popcount(twos & _ARM) + 4 * popcount(fours & _ARM),
        popcount(ones & _LEG) + 2 * popcount(twos & _LEG) + 4 * popcount(fours & _LEG),
        popcount(touch) + 2 * popcount(touch_twos),
        popcount(prick) + 2 * popcount(prick_twos),
    )


@compiled
def _not_tested(planes: NDArray[np.int64], side: int) -> tuple[int, int, int, int]:
    """How many scores of UEMS, LEMS, light touch and pin prick of a side are NT."""
    some = muscles(planes, NT, side)
    touch, prick = sensory(planes, NT, side)
    return popcount(some & _ARM), popcount(some & _LEG), popcount(touch), popcount(prick)


@compiled
def _total(totals: NDArray[np.int8], row: int, i: int, nt: int, low: int, high: int) -> None:
    totals[row, i] = low if nt == 0 else -1
    totals[row + 1, i] = low
    totals[row + 2, i] = high


@compiled
def _totals(planes: NDArray[np.int64], special: bool, totals: NDArray[np.int8], i: int) -> None:
    """`totals[row, i]` for the four parts x right, left, both x value (-1: ND), least, most."""
    right, left = _sums(planes, LOW, 0), _sums(planes, LOW, 1)
    most_right, most_left = right, left
    nt_right = nt_left = (0, 0, 0, 0)
    if special:
        most_right, most_left = _sums(planes, HIGH, 0), _sums(planes, HIGH, 1)
        nt_right, nt_left = _not_tested(planes, 0), _not_tested(planes, 1)
    for p in range(4):
        row = 9 * p
        _total(totals, row, i, nt_right[p], right[p], most_right[p])
        _total(totals, row + 3, i, nt_left[p], left[p], most_left[p])
        nt, low, high = nt_right[p] + nt_left[p], right[p] + left[p], most_right[p] + most_left[p]
        _total(totals, row + 6, i, nt, low, high)


@compiled
def _classify(
    right: SideMasks, left: SideMasks, vac: int, dap: int, plain: bool, policy: Policy
) -> tuple[int, int, int, int, int, int, int, int, int, int, int]:
    """All sets of one exam, in the order of `RESULTS`."""
    absent = (right[ABSENT] & left[ABSENT]) >> S4_5 & 1
    felt = (right[FELT] | left[FELT]) >> S4_5 & 1
    complete = vac & dap & NO & absent  # NO and COMPLETE are both bit 0
    if vac & YES or dap & YES or felt:
        complete |= INCOMPLETE
    levels_right, levels_left = motor_levels(right), motor_levels(left)
    nli = nli_levels(right, left)
    if plain:
        grades = ais_plain(right, left, vac, dap, policy)
    else:
        grades = ais_set(right, left, SEGMENTS, SEGMENTS, vac, dap, policy)
    if nli & INT and policy[NLI_S3] and vac & NO:
        nli = nli | 1 << S3 if vac & YES else (nli & SEGMENTS) | 1 << S3
    without_right, without_left = levels_right & SEGMENTS, levels_left & SEGMENTS
    return (
        sensory_levels(right),
        sensory_levels(left),
        _with_vac(right, levels_right, vac),
        _with_vac(left, levels_left, vac),
        nli,
        complete,
        grades,
        sensory_zones(right, dap, complete, policy),
        sensory_zones(left, dap, complete, policy),
        motor_zones(right, left, without_right, vac, dap, complete, policy),
        motor_zones(left, right, without_left, vac, dap, complete, policy),
    )


@compiled
def _with_vac(side: SideMasks, levels: int, vac: int) -> int:
    """Motor levels under VAC: all normal is INT where it is present, S3 where it is absent."""
    if levels & INT == 0 or vac == NO | YES:
        return levels
    if vac & NO:
        return levels & SEGMENTS
    # S3 stays only where it can be reached by a deficit of S4-5.
    return levels if side[ABNORMAL] >> S4_5 & 1 else levels & ~(1 << S3)


@compiled
def _anal(code: int) -> int:
    """What VAC or DAP can be; 0 for a code that does not exist."""
    if code == 0:
        return NO
    if code == 1:
        return YES
    return NO | YES if code == 9 else 0


@compiled
def _is_non_key(code: Any) -> Any:
    return code == -1 or 4 <= code <= 8 or 21 <= code <= 25


def _kernel(stamp: int) -> Callable[..., Any]:
    """The compiled loop; `stamp` stands for its files, so that a copy in the cache is never out of date."""

    @compiled
    def grade_rows(
        rows: NDArray[np.int8],
        words: NDArray[np.uint64],
        policy: Policy,
        sets: NDArray[np.uint32],
        single: NDArray[np.int8],
        totals: NDArray[np.int8],
    ) -> int:
        planes = np.zeros((PLANES, 3), dtype=np.int64)
        for i in range(rows.shape[0]):
            special = read(words[i], planes)
            vac, dap = _anal(rows[i, 132]), _anal(rows[i, 133])
            non_key_right, non_key_left = 0 + rows[i, 134], 0 + rows[i, 135]
            if special < 0 or vac == 0 or dap == 0:
                return i + 0 * stamp
            if not _is_non_key(non_key_right) or not _is_non_key(non_key_left):
                return i
            right = side_masks(planes, 0, non_key_right)
            left = side_masks(planes, 1, non_key_left)
            plain = special == 0 and vac != NO | YES and dap != NO | YES
            found = _classify(right, left, vac, dap, plain, policy)
            for k in range(11):
                mask = found[k]
                sets[k, i] = mask
                single[k, i] = highest(mask) if mask & (mask - 1) == 0 else -1
            _totals(planes, special > 0, totals, i)
        return -1

    return grade_rows


def _stamp() -> int:
    """A number that changes with the files that the kernel is made of."""
    here = Path(__file__)
    parts = (here.with_name(f"batch_{name}.py") for name in ("read", "walk", "zones", "kernel"))
    return sum((k + 1) * part.stat().st_mtime_ns for k, part in enumerate(parts)) % (1 << 62)


grade_rows = _kernel(_stamp())
"""Grade rows. Args: int8 codes (n, 136), the same memory as uint64 (n, 17), the five policy numbers, then the
arrays to fill: sets uint32 (11, n), single values int8 (11, n; -1 is ND), totals int8 (36, n).
Returns -1, or the number of the first row with a code that its column can not hold; rows before it
are filled."""
