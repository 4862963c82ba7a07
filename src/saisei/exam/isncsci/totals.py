"""Sums of scores: UEMS, LEMS, light touch and pin prick, per side and together.

UEMS is C5-T1 and LEMS L2-S1 (0-25 a side); light touch and pin prick 0-56 a side. A flagged score
counts with its examined number. Any form of NT in the part makes the sum not determinable (ND); then
`low` and `high` bound it, with each NT anywhere in its domain (`NT**` is read as normal, but the sum
stays ND: nothing was examined). UEMS and LEMS are not added up to one motor score of 100 (ISNCSCI 2019
worksheet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from saisei.exam.isncsci.domains import motor_domain, sensory_domain, values_of

__all__ = ["SidedTotal", "Total", "Totals", "totals"]


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of scores: its exact range, and whether every score was tested."""

    low: int
    high: int
    tested: bool

    @property
    def value(self) -> int | None:
        """The sum, or None when it is not determinable."""
        return self.low if self.tested else None

    @property
    def text(self) -> str:
        """`25`, or `ND (20 to 25)`."""
        return str(self.low) if self.tested else f"ND ({self.low} to {self.high})"


@dataclass(frozen=True, slots=True)
class SidedTotal:
    """A sum for the right side, the left side and both."""

    right: Total
    left: Total
    both: Total


@dataclass(frozen=True, slots=True)
class Totals:
    """The four sums of the worksheet."""

    uems: SidedTotal
    lems: SidedTotal
    light_touch: SidedTotal
    pin_prick: SidedTotal


def _ends(code: int, motor: bool) -> tuple[int, int]:
    if code % 10 != 9:
        return code % 10, code % 10
    values = values_of(motor_domain(code) if motor else sensory_domain(code)) or (0,)
    return values[0], values[-1]


_MOTOR = [_ends(code, True) for code in range(30)]
_SENSORY = [_ends(code, False) for code in range(30)]
_LOW = {True: [low for low, _ in _MOTOR], False: [low for low, _ in _SENSORY]}
_HIGH = {True: [high for _, high in _MOTOR], False: [high for _, high in _SENSORY]}
_NT_CODES = (9, 19, 29)

_total = lru_cache(maxsize=4096)(Total)
_PARTS = ((56, 61, True), (61, 66, True), (0, 28, False), (28, 56, False))


def totals(codes: Sequence[int]) -> Totals:
    """The sums of an exam given as 136 integer codes."""
    return Totals(*(_sided(codes, start, stop, motor) for start, stop, motor in _PARTS))


def _sided(codes: Sequence[int], start: int, stop: int, motor: bool) -> SidedTotal:
    right = _sum(codes[start:stop], motor)
    left = _sum(codes[start + 66 : stop + 66], motor)
    both = _total(right.low + left.low, right.high + left.high, right.tested and left.tested)
    return SidedTotal(right, left, both)


def _sum(cells: Sequence[int], motor: bool) -> Total:
    low, high = _LOW[motor], _HIGH[motor]
    tested = not any(code in cells for code in _NT_CODES)
    least = sum([low[code] for code in cells])
    return _total(least, least if tested else sum([high[code] for code in cells]), tested)
