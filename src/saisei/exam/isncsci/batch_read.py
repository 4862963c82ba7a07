"""Compiled reading of exams for `batch`: 136 bytes to masks of what each dermatome and muscle can be.

The 132 scores of an exam are 132 bytes. Seven questions about a score (can it be normal, can it be
less, can it be above 0, can it be 0, can it be 3 or more, less than 3, 3 or 4) become seven
*planes* of 132 bits, by shifts and one multiplication per eight bytes; so do the digits for the
totals. Scores with NT or a flag are looked up one by one. From the planes come masks over the level
index: C1 = bit 0, C2 = bit 1 ... S4-5 = bit 28.

Written from the rules, not from the scalar reference, so that a test that finds the two equal means
something.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite.ir import Constant, IntType  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of the kernel, written out at each call so that sides stay in registers."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "forceinline": True}
    try:
        kernel: Any = numba.njit(cache=True, **options)(function)
        # The library asks only whether the function's own file has changed; a kernel is made of others too.
        kept = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
        if kept is not None:
            kept._source_stamp = (kept._source_stamp, _sources())
        return cast(F, kernel)
    except RuntimeError:  # no folder where the result could be kept: compile in each process
        return cast(F, numba.njit(**options)(function))


@cache
def _sources() -> int:
    """A checksum over every file of this folder: machine code kept on disk must not outlive them."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def _popcount(_context: Any, _x: Any) -> Any:
    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.int64), build


def _highest(_context: Any, _x: Any) -> Any:
    def build(_target: Any, builder: Any, signature: Any, args: Any) -> Any:
        top = signature.return_type
        zeros = builder.ctlz(args[0], Constant(IntType(1), 0))
        return builder.sub(Constant(IntType(top.bitwidth), top.bitwidth - 1), zeros)

    return types.int64(types.int64), build


popcount: Callable[[int], int] = cast(Callable[[int], int], intrinsic(_popcount))
# The number of the highest bit; -1 for no bit.
highest: Callable[[int], int] = cast(Callable[[int], int], intrinsic(_highest))

# ---- Domains of scores, section 5 -----------------------------------------------------------------

TOP, NOT_TOP, POSITIVE, ZERO, GE3, LT3, MID = range(7)
LOW, HIGH = 7, 10  # three planes each: the digits of the lowest and highest number in a total
NT, WRONG = 13, 14  # whether a score is NT; whether it is no score (never set in a table)
PLANES = 15
INVALID = 1 << 16


def _domain(code: int, top: int) -> range | None:
    """The values that a score code can stand for in a walk; None when it is no code of the column."""
    grade, star = code % 10, code // 10
    if star > 2 or (grade > top and grade != 9) or (star and grade == top):
        return None
    if star == 2:
        return range(top, top + 1)
    highest = top - 1 if star == 1 else top
    return range(highest + 1) if grade == 9 else range(grade, (highest if star else grade) + 1)


def _entry(code: int, top: int) -> int:
    """The bits of one score code for all planes."""
    domain = _domain(code, top)
    if domain is None:
        return INVALID
    grade = code % 10
    # Totals count a flagged score with the number examined; only NT leaves a range.
    counted = domain if grade == 9 else range(grade, grade + 1)
    bits = (
        any(v == top for v in domain) << TOP
        | any(v < top for v in domain) << NOT_TOP
        | any(v > 0 for v in domain) << POSITIVE
        | any(v == 0 for v in domain) << ZERO
        | any(v >= 3 for v in domain) << GE3
        | any(v < 3 for v in domain) << LT3
        | any(v in (3, 4) for v in domain) << MID
    )
    return bits | min(counted) << LOW | max(counted) << HIGH | (grade == 9) << NT


_SENSORY: NDArray[np.int64] = np.array([_entry(c, 2) for c in range(256)], dtype=np.int64)
_MOTOR: NDArray[np.int64] = np.array([_entry(c, 5) for c in range(256)], dtype=np.int64)


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def _words(is_motor: bool) -> tuple[int, int, int]:
    """The cells of one kind among the 132 bits, as three words."""
    cells = [i for i in range(132) if (i % 66 >= 56) == is_motor]
    bits = sum(1 << i for i in cells)
    return tuple(_signed(bits >> s & (1 << 64) - 1) for s in (0, 64, 128))  # type: ignore[return-value]


_SENSORY_CELLS = _words(False)
_MOTOR_CELLS = _words(True)
# The product with _GATHER overflows on purpose, which only unsigned numbers may do.
_LOW_BITS = np.uint64(0x0101010101010101)
_GATHER = np.uint64(
    0x0102040810204080
)  # the lowest bits of eight bytes, collected in the highest byte
_HIGHEST_BYTE = np.uint64(56)
_PLAIN, _BIT_0, _BIT_1, _BIT_2 = np.uint64(0), np.uint64(0), np.uint64(1), np.uint64(2)
_NOT_PLAIN = np.uint64(0xF8F8F8F8F8F8F8F8)
_NOT_PLAIN_TAIL = np.uint64(0x00000000F8F8F8F8)
_BYTE = np.uint64(0xFF)


@compiled
def _gather(word: np.uint64, bit: np.uint64) -> Any:
    """Bit `bit` of the eight bytes of a word, as one byte."""
    return np.int64((((word >> bit) & _LOW_BITS) * _GATHER) >> _HIGHEST_BYTE)


@compiled
def _plane(words: NDArray[np.uint64], bit: np.uint64) -> tuple[Any, Any, Any]:
    """Bit `bit` of the bytes 0 to 131 as 132 bits in three words."""
    a = b = np.int64(0)
    for k in range(8):
        a |= _gather(words[k], bit) << (8 * k)
        b |= _gather(words[k + 8], bit) << (8 * k)
    return a, b, _gather(words[16], bit) & 0xF


@compiled
def read(words: NDArray[np.uint64], planes: NDArray[np.int64]) -> int:
    """Fill the planes of one exam. 0: plain scores only; 1: NT or flags among them; -1: an invalid code."""
    special = words[16] & _NOT_PLAIN_TAIL
    for k in range(16):
        special |= words[k] & _NOT_PLAIN
    b0, b1, b2 = _plane(words, _BIT_0), _plane(words, _BIT_1), _plane(words, _BIT_2)
    bad = np.int64(0)
    for w in range(3):
        x, y, z = b0[w], b1[w], b2[w]
        dermatomes, motor = _SENSORY_CELLS[w], _MOTOR_CELLS[w]
        wrong = ((x & y) | z) & dermatomes | y & z & motor
        planes[WRONG, w] = wrong
        bad |= wrong
        top = (y & dermatomes) | (x & z & motor)
        positive = x | y | z
        ge3 = (z | (x & y)) & motor
        planes[TOP, w] = top
        planes[NOT_TOP, w] = ~top
        planes[POSITIVE, w] = positive
        planes[ZERO, w] = ~positive
        planes[GE3, w] = ge3
        planes[LT3, w] = ~ge3
        planes[MID, w] = ge3 & ~top
        planes[LOW, w], planes[LOW + 1, w], planes[LOW + 2, w] = x, y, z
    if special == _PLAIN:
        return -1 if bad != 0 else 0
    return _read_special(words, planes)


@compiled
def _read_special(words: NDArray[np.uint64], planes: NDArray[np.int64]) -> int:
    """Overwrite the cells that are NT or flagged, which the plain reading got wrong; -1: an invalid code."""
    for w in range(3):
        for p in range(3):
            planes[HIGH + p, w] = planes[LOW + p, w]
        planes[NT, w] = 0
    for k in range(17):
        word = words[k]
        if word & (_NOT_PLAIN if k < 16 else _NOT_PLAIN_TAIL) == _PLAIN:
            continue
        for byte in range(8 if k < 16 else 4):
            code = np.int64((word >> np.uint64(8 * byte)) & _BYTE)
            if code > 7:
                cell = 8 * k + byte
                entry = _MOTOR[code] if cell % 66 >= 56 else _SENSORY[code]
                if entry == INVALID:
                    return -1
                w, at = cell >> 6, cell & 63
                for p in range(PLANES):
                    planes[p, w] = (planes[p, w] & ~(1 << at)) | (((entry >> p) & 1) << at)
    return -1 if planes[WRONG, 0] | planes[WRONG, 1] | planes[WRONG, 2] != 0 else 1


@compiled
def sensory(planes: NDArray[np.int64], plane: int, side: int) -> tuple[int, int]:
    """Light touch and pin prick of a side in one plane, C2 = bit 1 ... S4-5 = bit 28."""
    if side == 0:
        a = planes[plane, 0]
        return (a & 0xFFFFFFF) << 1, ((a >> 28) & 0xFFFFFFF) << 1
    b = planes[plane, 1]
    return ((b >> 2) & 0xFFFFFFF) << 1, ((b >> 30) & 0xFFFFFFF) << 1


@compiled
def muscles(planes: NDArray[np.int64], plane: int, side: int) -> Any:
    """The key muscles of a side in one plane, at their level: C5 = bit 4 ... T1 = 8, L2 = 21 ... S1 = 25."""
    if side == 0:
        ten = ((planes[plane, 0] >> 56) & 0xFF) | ((planes[plane, 1] & 3) << 8)
    else:
        ten = ((planes[plane, 1] >> 58) & 0x3F) | ((planes[plane, 2] & 0xF) << 6)
    return ((ten & 31) << 4) | ((ten >> 5) << 21)


# A side is a tuple of ten masks over the level index, what each dermatome and each muscle can be,
# and the level of its lowest non-key muscle (-1: none). A tuple and not an array: it stays in
# registers.
NORMAL, ABNORMAL, FELT, ABSENT, M_GE3, M_LT3, M_MID, M_FIVE, M_SOME, M_ABSENT, NON_KEY = range(11)
SideMasks = tuple[int, int, int, int, int, int, int, int, int, int, int]


@compiled
def side_masks(planes: NDArray[np.int64], side: int, non_key: int) -> SideMasks:
    """The masks of one side."""
    touch, prick = sensory(planes, TOP, side)
    touch_low, prick_low = sensory(planes, NOT_TOP, side)
    touch_some, prick_some = sensory(planes, POSITIVE, side)
    touch_zero, prick_zero = sensory(planes, ZERO, side)
    return (
        touch & prick,
        touch_low | prick_low,
        touch_some | prick_some,
        touch_zero & prick_zero,
        muscles(planes, GE3, side),
        muscles(planes, LT3, side),
        muscles(planes, MID, side),
        muscles(planes, TOP, side),
        muscles(planes, POSITIVE, side),
        muscles(planes, ZERO, side),
        non_key,
    )


_OCTET = 8
_TURN_4, _TURN_2, _TURN_1 = (
    np.uint64(0x00000000FFFFFFFF),
    np.uint64(0x0000FFFF0000FFFF),
    np.uint64(0x00FF00FF00FF00FF),
)


@compiled
def _swap(a: np.uint64, b: np.uint64, mask: np.uint64, shift: np.uint64) -> tuple[Any, Any]:
    """Exchange the upper parts of `a` with the lower parts of `b`."""
    moved = ((a >> shift) ^ b) & mask
    return a ^ (moved << shift), b ^ moved


@compiled
def _turn(columns: NDArray[np.uint64], out: NDArray[np.uint64]) -> None:
    """Blocks of 8 columns x 8 exams, turned with shifts: out[8 r + i, c] from columns[8 c + j, r]."""
    four, two, one = np.uint64(32), np.uint64(16), np.uint64(8)
    for r in range(columns.shape[1]):
        for c in range(columns.shape[0] // _OCTET):
            k = _OCTET * c
            a0, a1, a2, a3 = columns[k, r], columns[k + 1, r], columns[k + 2, r], columns[k + 3, r]
            a4, a5, a6, a7 = (
                columns[k + 4, r],
                columns[k + 5, r],
                columns[k + 6, r],
                columns[k + 7, r],
            )
            a0, a4 = _swap(a0, a4, _TURN_4, four)
            a1, a5 = _swap(a1, a5, _TURN_4, four)
            a2, a6 = _swap(a2, a6, _TURN_4, four)
            a3, a7 = _swap(a3, a7, _TURN_4, four)
            a0, a2 = _swap(a0, a2, _TURN_2, two)
            a1, a3 = _swap(a1, a3, _TURN_2, two)
            a4, a6 = _swap(a4, a6, _TURN_2, two)
            a5, a7 = _swap(a5, a7, _TURN_2, two)
            a0, a1 = _swap(a0, a1, _TURN_1, one)
            a2, a3 = _swap(a2, a3, _TURN_1, one)
            a4, a5 = _swap(a4, a5, _TURN_1, one)
            a6, a7 = _swap(a6, a7, _TURN_1, one)
            i = _OCTET * r
            out[i, c], out[i + 1, c], out[i + 2, c], out[i + 3, c] = a0, a1, a2, a3
            out[i + 4, c], out[i + 5, c], out[i + 6, c], out[i + 7, c] = a4, a5, a6, a7


class Turner:
    """Turns int8 columns into rows; keeps its memory, so that a long table does not ask for it anew.

    Args:
        columns: how many columns, a multiple of 8.
        most: the largest number of exams in one call.
    """

    def __init__(self, columns: int, most: int) -> None:
        octets = -(-most // _OCTET)
        # The extra width keeps the columns from falling into the same lines of the processor's cache.
        self._columns = np.zeros((columns, _OCTET * (octets + _OCTET)), dtype=np.int8)
        self._rows = np.empty((octets * _OCTET, columns), dtype=np.int8)

    def rows(self, columns: Sequence[NDArray[np.int8]]) -> NDArray[np.int8]:
        """Columns (n,) as rows (n, columns) in C order; valid until the next call."""
        n = len(columns[0])
        octets = -(-n // _OCTET)
        for k, column in enumerate(columns):
            self._columns[k, :n] = column
        _turn(self._columns.view(np.uint64)[:, :octets], self._rows.view(np.uint64))
        return self._rows[:n]
