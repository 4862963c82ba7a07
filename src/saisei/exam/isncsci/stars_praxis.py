"""The stars of the Praxis reference program, for those who need the same ones (policy `praxis`).

No text defines them; these rules describe what the program does. A flag starts false, is set by a score
that was read otherwise than examined, and stays set for everything further down the walk. An element
written while the flag is set, or by such a score itself, carries a star.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from saisei.exam.isncsci.ais import A, B, C, D, E
from saisei.exam.isncsci.domains import (
    AT_LEAST_3,
    BELOW_3,
    CAN_BE_ABNORMAL,
    CAN_BE_ABSENT,
    CAN_BE_NORMAL,
    FIRST_BELOW,
    MUSCLE_LEVELS,
    bits,
    motor_domain,
    sensory_pair,
)
from saisei.exam.isncsci.evaluate import Sets, evaluate
from saisei.exam.isncsci.policy import Policy
from saisei.exam.isncsci.stars import without_flags

__all__ = ["praxis_stars"]

_NT, _NT_STAR, _NT_NORMAL = 9, 19, 29
_BELOW_NORMAL = {0, 1, 10, 11}
_LOW_STAR = {10, 11, 12, _NT_STAR}  # 0* to 2*, NT*
_LOW_NORMAL = {20, 21, 22}  # 0** to 2**
_C4, _T1, _L1, _S1, _S3, _INT = 3, 8, 20, 25, 27, 29
_SACRAL = (27, 55, 93, 121)
_BLOCKS = {_T1: range(4, 10), _S1: range(21, 27)}  # dermatomes C5-T2 and L2-S2, by level


class Column(NamedTuple):
    """One side as written: codes of light touch and pin prick by level, muscles by level."""

    touch: Sequence[int]
    prick: Sequence[int]
    muscles: dict[int, int]
    non_key: int

    def pair(self, level: int) -> tuple[int, int]:
        """Light touch and pin prick of a dermatome."""
        return self.touch[level - 1], self.prick[level - 1]

    def can(self, level: int, what: int) -> bool:
        """Whether a dermatome can be `what` (a bit of `domains`)."""
        return bool(sensory_pair(*self.pair(level)) & what)


class Step(NamedTuple):
    """What a walk does at one level: write it, with a star of its own, go on, set the flag."""

    write: bool
    star: bool
    go_on: bool
    flag: bool


def _column(codes: Sequence[int], side: int) -> Column:
    cells = codes[side * 66 : side * 66 + 66]
    muscles = dict(zip(MUSCLE_LEVELS, cells[56:], strict=True))
    return Column(cells[:28], cells[28:56], muscles, codes[134 + side])


def _sensory_step(column: Column, level: int) -> Step:
    """Whether the walk stops at `level`, by the dermatome below it."""
    pair = column.pair(level + 1)
    if pair == (2, 2):
        return Step(False, False, True, False)
    if not _BELOW_NORMAL.isdisjoint(pair):
        return Step(True, False, False, False)
    if _NT_STAR in pair:
        return Step(True, True, False, True)
    if _NT in pair:
        return Step(True, False, True, 20 in pair or 21 in pair)
    return Step(False, False, True, True)


def _first_muscle_step(column: Column, level: int) -> Step:
    """C4 and L1, with the first muscle of the limb."""
    code = column.muscles[level + 1]
    domain = motor_domain(code)
    return Step(bool(domain & 0b000111), False, bool(domain & 0b111000), code in _LOW_NORMAL)


def _muscle_step(one: int, following: int) -> Step:
    """A key muscle with the next one of the limb."""
    domain, below = motor_domain(one), motor_domain(following)
    can_be_5 = bool(domain & 0b100000)
    write = bool(domain & 0b011000) or (can_be_5 and bool(below & 0b000111))
    star = one in _LOW_STAR or (one in _LOW_NORMAL and following in {*_LOW_STAR, _NT})
    flag = (
        one in _LOW_STAR
        or (one >= 20 and following not in (0, 1, 2))
        or (one == 5 and following in _LOW_NORMAL)
    )
    return Step(write, star, can_be_5 and bool(below & 0b111000), flag)


def _last_muscle_step(column: Column, level: int) -> Step:
    """T1 and S1, with the block of dermatomes that must be normal to pass."""
    one = column.muscles[level]
    domain = motor_domain(one)
    block = _BLOCKS[level]
    may_stop = any(column.can(d, CAN_BE_ABNORMAL) for d in block)
    may_pass = all(column.can(d, CAN_BE_NORMAL) for d in block)
    flagged = any(code >= 10 for d in block for code in column.pair(d))
    write = bool(domain & 0b011000) or (bool(domain & 0b100000) and may_stop)
    star = one in _LOW_STAR or (one in _LOW_NORMAL and may_stop)
    flag = (
        one in _LOW_STAR
        or one in _LOW_NORMAL
        or (one in (23, 24, _NT_NORMAL) and may_pass)
        or (one in (5, _NT) and may_pass and not may_stop and flagged)
    )
    return Step(write, star, bool(domain & 0b100000) and may_pass, flag)


def _motor_step(column: Column, level: int) -> Step:
    if level in (_C4, _L1):
        return _first_muscle_step(column, level)
    if level in _BLOCKS:
        return _last_muscle_step(column, level)
    if level in column.muscles:
        return _muscle_step(column.muscles[level], column.muscles[level + 1])
    return _sensory_step(column, level)


def _walk(column: Column, step: Callable[[Column, int], Step]) -> tuple[int, bool]:
    """The levels with a star, and whether the end was reached with the flag set."""
    stars, flag = 0, False
    for level in range(_INT - 1):
        one = step(column, level)
        if one.write and (flag or one.star):
            stars |= 1 << level
        flag = flag or one.flag
        if not one.go_on:
            return stars, False
    return stars, flag


def _nli_walk(right: Column, left: Column) -> tuple[int, bool]:
    """As `_walk`, for the NLI."""
    stars, flag = 0, False
    for level in range(_INT - 1):
        sensory = [_sensory_step(c, level) for c in (right, left)]
        motor = [_motor_step(c, level) for c in (right, left)]
        if _C4 <= level <= _T1 or _L1 <= level <= _S1:
            seen = motor
            if level in _BLOCKS:
                seen = [_muscle_step(c.muscles[level], c.muscles[level]) for c in (right, left)]
            own = all(s.write for s in seen) and any(s.star for s in seen)
        else:
            own = all(s.write and s.star for s in sensory)
        if flag or own:
            stars |= 1 << level
        flag = flag or any(s.flag for s in (*sensory, *motor))
        if not all(s.go_on for s in (*sensory, *motor)):
            return stars, False
    return stars, flag


def _completeness(codes: Sequence[int]) -> int:
    sacral = {codes[i] for i in _SACRAL}
    if codes[132] or codes[133] or sacral == {0}:
        return 0
    if sacral <= {0, 10}:
        return 0b11
    return 0b10 if sacral <= {0, 20} else 0


def _sensory_zones(column: Column) -> int:
    stars, flag = 0, False
    for level in range(_S3, 0, -1):
        pair = column.pair(level)
        absent = column.can(level, CAN_BE_ABSENT)
        own = absent and 10 in pair and _NT not in pair and _NT_STAR not in pair
        flag = flag or own
        if flag:
            stars |= 1 << level
        if not absent:
            break
    return stars


def _motor_zones(column: Column, motor_levels: int) -> int:
    stars = 0
    run = _run(column, motor_levels)
    for level in range(_S3 + 1):
        if level in column.muscles:
            starred = column.muscles[level] in (10, 20)
        else:
            pair = column.pair(level) if level else ()
            starred = any(code in (10, 11, 20, 21) for code in pair) or level in run
        if starred:
            stars |= 1 << level
    return stars


def _segment(column: Column, level: int) -> tuple[int, ...]:
    return (*column.pair(level), column.muscles.get(level, 0))


def _run(column: Column, motor_levels: int) -> range:
    """From the first flagged segment to the end of the normal run that starts at the first motor level."""
    flagged = [
        level for level in range(1, _S3 + 1) if any(code >= 10 for code in _segment(column, level))
    ]
    if not flagged or not motor_levels:
        return range(0)
    level = next(bits(motor_levels))

    def normal(at: int) -> bool:
        muscle = column.muscles.get(at, 5)
        sensory = all(code in (2, 20, 21) for code in column.pair(at)) if at else True
        return sensory and (muscle == 5 or 20 <= muscle < _NT_NORMAL)

    if level > _S3 or not normal(level):
        return range(flagged[0], level + 1)
    if level in _BLOCKS and any(column.can(d, CAN_BE_ABNORMAL) for d in _BLOCKS[level]):
        return range(flagged[0], level + 1)
    while level < _S3 and normal(level + 1):
        level += 1
    return range(flagged[0], level + 1)


def _ais(codes: Sequence[int], sets: Sets, policy: Policy, completeness: int, intact: bool) -> int:
    """Grades with a star; `intact` says whether the NLI INT has one."""
    stars = (A if completeness else 0) | (E if intact else 0)
    sides = [_far(_column(codes, side), sets[2 + side]) for side in (0, 1)]
    sacral = {codes[i] for i in _SACRAL}
    if codes[133] == 0 and sacral <= {0, 10, 20} and sacral != {0}:
        stars |= B
    if codes[132] == 0:
        if any(_absence_met_flag(_column(codes, side), sets[2 + side]) for side in (0, 1)):
            stars |= B
        if any(next((code for code in far if code), 0) == 20 for far in sides):
            stars |= C | D
    bare = without_flags(codes)
    if not _enough_below_3(bare, evaluate(bare, policy).nli):
        stars |= C
    return stars | _threshold(codes, sets.nli)


def _absence_met_flag(column: Column, motor_levels: int) -> bool:
    """Whether a 0* or 0** was met on the way to the first motor level that can have no function far below."""
    met = False
    for level in bits(motor_levels):
        for muscle, code in column.muscles.items():
            if muscle <= level + 3:
                continue
            met = met or code in (10, 20)
            if code not in (0, _NT, 10, _NT_STAR) or muscle == column.non_key:
                break
        else:
            return met
    return False


def _enough_below_3(codes: Sequence[int], nli: int) -> bool:
    """Whether for some NLI more than half of the muscles below it can be below 3."""
    return any(2 * _number(_below(codes, n), BELOW_3) > len(_below(codes, n)) for n in bits(nli))


def _below(codes: Sequence[int], nli: int) -> list[int]:
    """The codes of the key muscles below a level, both sides."""
    return [codes[side * 66 + 56 + k] for side in (0, 1) for k in range(FIRST_BELOW[nli], 10)]


def _far(column: Column, motor_levels: int) -> list[int]:
    """The muscles more than three segments below the most rostral motor level, rostral first.

    The non-key muscle stands behind the key muscle of its level, as a 5.
    """
    highest = next(bits(motor_levels))
    far: list[int] = []
    for level, code in column.muscles.items():
        if level > highest + 3:
            far += [code, 5] if level == column.non_key else [code]
    return far


def _threshold(codes: Sequence[int], nli: int) -> int:
    """C and D when they need low flagged scores to have enough muscles below 3, or of 3 and more.

    For C the most rostral NLI that allows it decides. D needs them only if it does so for every NLI.
    """
    c_decided, d_needs, d_sure = False, False, False
    stars = 0
    for level in bits(nli):
        below = _below(codes, level)
        plain = [code for code in below if code not in (10, 11, 12)]
        sure = [code for code in plain if code not in _LOW_NORMAL]
        if 2 * _number(below, BELOW_3) > len(below) and not c_decided:
            c_decided = True
            stars |= C if 2 * _number(plain, BELOW_3) <= len(below) else 0
        if level != _INT and 2 * _number(below, AT_LEAST_3) >= len(below):
            d_needs = True
            d_sure = d_sure or 2 * _number(sure, AT_LEAST_3) >= len(below)
    return stars | (D if d_needs and not d_sure else 0)


def _number(codes: Sequence[int], grades: int) -> int:
    return sum(1 for code in codes if motor_domain(code) & grades)


def praxis_stars(codes: Sequence[int], sets: Sets, policy: Policy) -> Sets:
    """Which values of each set carry a star, as the reference program puts them."""
    right, left = _column(codes, 0), _column(codes, 1)
    ends = (1 << _INT if codes[132] else 0) | (1 << _S3 if codes[132] != 1 else 0)
    nli, intact = _nli_walk(right, left)
    completeness = _completeness(codes)
    stars = Sets(
        _with_end(_walk(right, _sensory_step), 1 << _INT),
        _with_end(_walk(left, _sensory_step), 1 << _INT),
        _with_end(_walk(right, _motor_step), ends),
        _with_end(_walk(left, _motor_step), ends),
        _with_end((nli, intact), 1 << _INT),
        completeness,
        _ais(codes, sets, policy, completeness, intact),
        _sensory_zones(right),
        _sensory_zones(left),
        _motor_zones(right, sets.right_motor_level),
        _motor_zones(left, sets.left_motor_level),
    )
    return Sets(*(star & values for star, values in zip(stars, sets, strict=True)))


def _with_end(walk: tuple[int, bool], ends: int) -> int:
    stars, end = walk
    return stars | ends if end else stars
