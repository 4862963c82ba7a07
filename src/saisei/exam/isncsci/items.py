"""Items of an exam by their place, as the reasons name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saisei.exam.isncsci.domains import sensory_domain
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.reasons import Item
from saisei.exam.isncsci.record import Score, place

__all__ = ["ANAL_ITEMS", "cell", "dermatome_items", "muscle_item"]

_ANAL = {0: "no", 1: "yes", 9: "NT"}


def cell(codes: Sequence[int], column: int) -> Item:
    """The item in a column of the 136 codes."""
    code = codes[column]
    text = _ANAL[code] if column in (132, 133) else Score.from_code(code).text
    return Item(place(column), text)


def dermatome_items(
    codes: Sequence[int], side: int, level: Level, wanted: Callable[[int], bool]
) -> tuple[Item, ...]:
    """Light touch and pin prick of a dermatome, as far as their domain is wanted."""
    columns = [side * 66 + part * 28 + level - 1 for part in (0, 1)]
    return tuple(cell(codes, c) for c in columns if wanted(sensory_domain(codes[c])))


def muscle_item(codes: Sequence[int], side: int, k: int) -> Item:
    """Key muscle number `k` of a side."""
    return cell(codes, side * 66 + 56 + k)


ANAL_ITEMS: tuple[Callable[[Sequence[int]], Item], ...] = (
    lambda codes: cell(codes, 132),
    lambda codes: cell(codes, 133),
)
