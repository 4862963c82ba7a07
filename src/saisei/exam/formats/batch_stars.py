"""The stars of policy `praxis` for many exams, compiled.

The steps of the walks are tables made from `stars_praxis`, the readable reference; only the walks along
the cord are written again here. A test keeps the two equal.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.domains import (
    AT_LEAST_3,
    BELOW_3,
    CAN_BE_ABNORMAL,
    CAN_BE_ABSENT,
    CAN_BE_NORMAL,
    FIRST_BELOW,
    MUSCLE_LEVELS,
    motor_domain,
    sensory_pair,
)
from saisei.exam.isncsci.record import MOTOR_CODES, SENSORY_CODES
from saisei.exam.isncsci.stars_praxis import (
    Column,
    Step,
    _first_muscle_step,
    _muscle_step,
    _sensory_step,
)

__all__ = ["praxis_star_masks"]

Masks = NDArray[np.int64]

_WRITE, _STAR, _GO_ON, _FLAG = 1, 2, 4, 8
_C4, _T1, _L1, _S1, _S3, _INT = 3, 8, 20, 25, 27, 29
_C, _D = 4, 8  # bits of the AIS
_NT, _NT_STAR, _NT_NORMAL = 9, 19, 29
_CODES = 30


def _packed(step: Step) -> int:
    return step.write + 2 * step.star + 4 * step.go_on + 8 * step.flag


def _tables() -> tuple[NDArray[np.int64], ...]:
    sensory, pair, muscle = (np.zeros((_CODES, _CODES), dtype=np.int64) for _ in range(3))
    first, domain = np.zeros(_CODES, dtype=np.int64), np.zeros(_CODES, dtype=np.int64)
    for one in SENSORY_CODES:
        for other in SENSORY_CODES:
            sensory[one, other] = _packed(_sensory_step(Column([one], [other], {}, -1), 0))
            pair[one, other] = sensory_pair(one, other)
    for one in MOTOR_CODES:
        domain[one] = motor_domain(one)
        first[one] = _packed(_first_muscle_step(Column([], [], {1: one}, -1), 0))
        for other in MOTOR_CODES:
            muscle[one, other] = _packed(_muscle_step(one, other))
    return sensory, pair, muscle, first, domain


_SENSORY, _PAIR, _MUSCLE, _FIRST, _DOMAIN = _tables()
_MUSCLE_AT = np.full(_INT + 1, -1, dtype=np.int64)
_MUSCLE_AT[list(MUSCLE_LEVELS)] = range(10)
_LEVEL_OF = np.array(MUSCLE_LEVELS, dtype=np.int64)
_BELOW = np.array(FIRST_BELOW, dtype=np.int64)
_SIDE = 66
_MOTOR = 56


def praxis_star_masks(codes: NDArray[np.int8], sets: Masks, plain_ais: Masks) -> Masks:
    """Which values of each set carry a star, as the reference program puts them.

    Args:
        codes: (n, 136) valid codes.
        sets: (n, 11) bit masks as in `evaluate.Sets`.
        plain_ais: (n,) the AIS of the same exams with all flags deleted.

    Returns:
        (n, 11) bit masks.
    """
    stars = np.zeros_like(sets)
    _all_stars(np.ascontiguousarray(codes), np.ascontiguousarray(sets), plain_ais, stars)
    return stars & sets


@numba.njit(nogil=True)
def _lowest(mask: Any) -> Any:
    level = 0
    while mask >> level & 1 == 0:
        level += 1
    return level


@numba.njit(nogil=True)
def _block_can(side: Any, level: Any, what: Any) -> Any:
    """How many of the six dermatomes that decide at T1 (C5-T2) or S1 (L2-S2) can be `what`."""
    first = level - 5  # the dermatome four levels above, counted from C2
    count = 0
    for at in range(first, first + 6):
        if _PAIR[side[at], side[28 + at]] & what:
            count += 1
    return count


@numba.njit(nogil=True)
def _last_muscle(side: Any, level: Any) -> Any:
    one = side[_MOTOR + _MUSCLE_AT[level]]
    domain = _DOMAIN[one]
    may_stop = _block_can(side, level, CAN_BE_ABNORMAL) > 0
    may_pass = _block_can(side, level, CAN_BE_NORMAL) == 6
    flagged = False
    for at in range(level - 5, level + 1):
        flagged = flagged or side[at] >= 10 or side[28 + at] >= 10
    low_star = one == 10 or one == 11 or one == 12 or one == _NT_STAR
    low_normal = one == 20 or one == 21 or one == 22
    step = 0
    if domain & 0b011000 or (domain & 0b100000 and may_stop):
        step |= _WRITE
    if low_star or (low_normal and may_stop):
        step |= _STAR
    if domain & 0b100000 and may_pass:
        step |= _GO_ON
    if (
        low_star
        or low_normal
        or ((one == 23 or one == 24 or one == _NT_NORMAL) and may_pass)
        or ((one == 5 or one == _NT) and may_pass and not may_stop and flagged)
    ):
        step |= _FLAG
    return step


@numba.njit(nogil=True)
def _motor_step(side: Any, level: Any) -> Any:
    if level in (_C4, _L1):
        return _FIRST[side[_MOTOR + _MUSCLE_AT[level + 1]]]
    if level in (_T1, _S1):
        return _last_muscle(side, level)
    k = _MUSCLE_AT[level]
    if k >= 0:
        return _MUSCLE[side[_MOTOR + k], side[_MOTOR + k + 1]]
    return _SENSORY[side[level], side[28 + level]]


@numba.njit(nogil=True)
def _walk(side: Any, motor: Any, ends: Any) -> Any:
    """Levels with a star; `ends` are added when the end is reached with the flag set."""
    stars, flag = 0, False
    for level in range(_INT - 1):
        step = _motor_step(side, level) if motor else _SENSORY[side[level], side[28 + level]]
        if step & _WRITE and (flag or step & _STAR):
            stars |= 1 << level
        flag = flag or step & _FLAG != 0
        if step & _GO_ON == 0:
            return stars
    return stars | ends if flag else stars


@numba.njit(nogil=True)
def _nli(right: Any, left: Any) -> Any:
    stars, flag = 0, False
    both = _WRITE | _STAR
    for level in range(_INT - 1):
        one, other = _motor_step(right, level), _motor_step(left, level)
        one_s = _SENSORY[right[level], right[28 + level]]
        other_s = _SENSORY[left[level], left[28 + level]]
        if _C4 <= level <= _T1 or _L1 <= level <= _S1:
            a, b = one, other
            if level in (_T1, _S1):  # compared with themselves as the next muscle
                k = _MOTOR + _MUSCLE_AT[level]
                a, b = _MUSCLE[right[k], right[k]], _MUSCLE[left[k], left[k]]
            own = a & b & _WRITE != 0 and (a | b) & _STAR != 0
        else:
            own = one_s & other_s & both == both
        if flag or own:
            stars |= 1 << level
        flag = flag or (one | other | one_s | other_s) & _FLAG != 0
        if one & other & one_s & other_s & _GO_ON == 0:
            return stars
    return stars | 1 << _INT if flag else stars


@numba.njit(nogil=True)
def _sacral(row: Any, first: Any, second: Any) -> Any:
    """1 when all of S4-5 is 0, 2 when it is all 0, `first` or `second`, else 0."""
    zeros = others = 0
    for at in (27, 55, 93, 121):
        if row[at] == 0:
            zeros += 1
        elif row[at] == first or row[at] == second:
            others += 1
    if zeros == 4:
        return 1
    return 2 if zeros + others == 4 else 0


@numba.njit(nogil=True)
def _completeness(row: Any) -> Any:
    if row[132] != 0 or row[133] != 0:
        return 0
    if _sacral(row, 10, 10) == 2:
        return 0b11
    return 0b10 if _sacral(row, 20, 20) == 2 else 0


@numba.njit(nogil=True)
def _sensory_zones(side: Any) -> Any:
    stars, flag = 0, False
    for level in range(_S3, 0, -1):
        touch, prick = side[level - 1], side[27 + level]
        absent = _PAIR[touch, prick] & CAN_BE_ABSENT != 0
        tested = touch != _NT and prick != _NT and touch != _NT_STAR and prick != _NT_STAR
        flag = flag or (absent and (touch == 10 or prick == 10) and tested)
        if flag:
            stars |= 1 << level
        if not absent:
            break
    return stars


@numba.njit(nogil=True)
def _is_normal(side: Any, level: Any) -> Any:
    if level > 0:
        for code in (side[level - 1], side[27 + level]):
            if code != 2 and code != 20 and code != 21:
                return False
    k = _MUSCLE_AT[level]
    return k < 0 or side[_MOTOR + k] == 5 or 20 <= side[_MOTOR + k] < _NT_NORMAL


@numba.njit(nogil=True)
def _first_flag(side: Any) -> Any:
    """The first flagged segment, or -1."""
    for level in range(1, _S3 + 1):
        k = _MUSCLE_AT[level]
        if side[level - 1] >= 10 or side[27 + level] >= 10 or (k >= 0 and side[_MOTOR + k] >= 10):
            return level
    return -1


@numba.njit(nogil=True)
def _run_end(side: Any, motor_levels: Any) -> Any:
    level = _lowest(motor_levels)
    if level > _S3 or not _is_normal(side, level):
        return level
    if (level in (_T1, _S1)) and _block_can(side, level, CAN_BE_ABNORMAL) > 0:
        return level
    while level < _S3 and _is_normal(side, level + 1):
        level += 1
    return level


@numba.njit(nogil=True)
def _motor_zones(side: Any, motor_levels: Any) -> Any:
    first, last = _first_flag(side), -1
    if first >= 0 and motor_levels != 0:
        last = _run_end(side, motor_levels)
    stars = 0
    for level in range(_S3 + 1):
        k = _MUSCLE_AT[level]
        if k >= 0:
            starred = side[_MOTOR + k] == 10 or side[_MOTOR + k] == 20
        else:
            starred = last >= 0 and first <= level <= last
            if level > 0:
                for code in (side[level - 1], side[27 + level]):
                    starred = starred or code == 10 or code == 11 or code == 20 or code == 21
        if starred:
            stars |= 1 << level
    return stars


@numba.njit(nogil=True)
def _far(side: Any, non_key: Any, motor_levels: Any) -> Any:
    """Of the muscles far below: 1 when one is 0* or 0**, 2 when the first that is not 0 is 0**."""
    highest = _lowest(motor_levels)
    found, seen = 0, False
    for k in range(10):
        level = _LEVEL_OF[k]
        if level <= highest + 3:
            continue
        code = side[_MOTOR + k]
        if code == 10 or code == 20:
            found |= 1
        if code != 0 and not seen:
            seen = True
            if code == 20:
                found |= 2
        if level == non_key:
            seen = True
    return found


@numba.njit(nogil=True)
def _threshold(row: Any, nli: Any) -> Any:
    stars = decided = 0
    for level in range(_INT + 1):
        if nli >> level & 1 == 0:
            continue
        total = weak = strong = weak_plain = strong_sure = 0
        for start in (_MOTOR, _SIDE + _MOTOR):
            for k in range(_BELOW[level], 10):
                code = row[start + k]
                total += 1
                plain = not 10 <= code <= 12
                if _DOMAIN[code] & BELOW_3:
                    weak += 1
                    weak_plain += plain
                if _DOMAIN[code] & AT_LEAST_3:
                    strong += 1
                    strong_sure += plain and not 20 <= code <= 22
        possible = rests = 0
        if 2 * weak > total:
            possible |= _C
        if 2 * strong >= total:
            possible |= _D
        if 2 * weak_plain <= total:
            rests |= _C
        if 2 * strong_sure < total:
            rests |= _D
        stars |= possible & rests & ~decided
        decided |= possible
    return stars


@numba.njit(nogil=True)
def _ais(row: Any, sets: Any, completeness: Any, intact: Any, plain_ais: Any) -> Any:
    stars = (1 if completeness else 0) | (16 if intact else 0)
    if row[133] == 0 and _sacral(row, 10, 20) == 2:
        stars |= 2
    if row[132] == 0:
        far = _far(row[:_SIDE], row[134], sets[2]) | _far(row[_SIDE : 2 * _SIDE], row[135], sets[3])
        if far & 1:
            stars |= 2
        if far & 2:
            stars |= _C | _D
    if plain_ais & (_C | _D) == _D:
        stars |= _C
    return stars | _threshold(row, sets[4])


def _kernel(stamp: int) -> Any:
    """The loop; only it is kept on disk. `stamp` stands for the tables, which come from other files."""

    @numba.njit(cache=True, nogil=True)
    def all_stars(codes: Any, sets: Any, plain_ais: Any, stars: Any) -> Any:
        for i in range(len(codes)):
            row, found = codes[i], stars[i]
            right, left = row[:_SIDE], row[_SIDE : 2 * _SIDE]
            ends = 0
            if row[132] != 0:
                ends |= 1 << _INT
            if row[132] != 1:
                ends |= 1 << _S3
            found[0] = _walk(right, False, 1 << _INT)
            found[1] = _walk(left, False, 1 << _INT)
            found[2] = _walk(right, True, ends)
            found[3] = _walk(left, True, ends)
            found[4] = _nli(right, left)
            found[5] = _completeness(row)
            found[6] = _ais(row, sets[i], found[5], found[4] >> _INT & 1, plain_ais[i])
            found[7] = _sensory_zones(right)
            found[8] = _sensory_zones(left)
            found[9] = _motor_zones(right, sets[i, 2])
            found[10] = _motor_zones(left, sets[i, 3])
        return stamp

    return all_stars


def _stamp() -> int:
    """A number that changes with this file and with the tables."""
    parts = [Path(__file__).read_bytes()]
    parts += [t.tobytes() for t in (_SENSORY, _PAIR, _MUSCLE, _FIRST, _DOMAIN, _BELOW, _MUSCLE_AT)]
    return zlib.crc32(b"".join(parts))


_all_stars = _kernel(_stamp())
