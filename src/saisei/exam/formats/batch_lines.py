"""Compiled reading of JSON lines that are all written alike.

Programs write every line with the same keys in the same order. A *template* is made from one line that
was read the slow, strict way: its fixed bytes, and slots where a value stood. The kernel then checks a
line byte by byte against the template and turns the values in its slots into codes. A line that differs
in anything at all is not matched, and goes the slow way. So the fast way can not accept what the slow
way would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from saisei.exam.formats.scores import KINDS, PRAXIS, CellKind

__all__ = ["ID", "SKIP", "Slot", "Template", "match_lines"]

Bytes = NDArray[np.uint8]

SKIP, ID = -1, -2
"""Slots whose value is not an item: passed over, or handed back as it stands."""

_KIND_OF: dict[CellKind, int] = {"sensory": 0, "motor": 1, "anal": 2, "non-key": 3}
_QUOTE, _BACKSLASH, _MINUS = ord('"'), ord("\\"), ord("-")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value stood in the line of the template: bytes `start` to `stop`, item number or SKIP, ID."""

    start: int
    stop: int
    item: int


@dataclass(frozen=True, slots=True)
class Template:
    """A line as fixed bytes with slots between them.

    Segment i (`bounds[i]` to `bounds[i + 1]` of `fixed`) is followed by slot i; one segment more than slots.
    """

    fixed: Bytes
    bounds: NDArray[np.int64]
    items: NDArray[np.int64]
    blank: NDArray[np.int8]

    @classmethod
    def of(cls, line: bytes, slots: Sequence[Slot]) -> Template:
        """The template of one line. Items without a slot get the code -1 (no non-key muscle)."""
        parts, at = [], 0
        for slot in slots:
            parts.append(line[at : slot.start])
            at = slot.stop
        parts.append(line[at:])
        bounds = np.cumsum([0, *map(len, parts)])
        fixed = np.frombuffer(b"".join(parts), dtype=np.uint8)
        items = np.array([slot.item for slot in slots], dtype=np.int64)
        return cls(fixed, bounds, items, np.full(len(KINDS), -1, dtype=np.int8))


def _table(tokens: Mapping[Any, int]) -> list[tuple[int, int]]:
    texts = [(t, code) for t, code in tokens.items() if isinstance(t, str) and t]
    return [(int.from_bytes(text.encode(), "little"), code) for text, code in texts]


def _tables() -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int8]]:
    """Words and codes of each kind, and for values of one byte their code at once (-128: none)."""
    rows = [_table(PRAXIS.tokens[kind]) for kind in _KIND_OF]
    longest = max(map(len, rows))
    words = np.full((len(rows), longest), -1, dtype=np.int64)
    codes = np.zeros((len(rows), longest), dtype=np.int8)
    single = np.full((len(rows), 256), -128, dtype=np.int8)
    for i, row in enumerate(rows):
        for j, (word, code) in enumerate(row):
            words[i, j], codes[i, j] = word, code
            if word < 256:
                single[i, word] = code
    return words, codes, single


_WORDS, _CODES, _SINGLE = _tables()
_KIND = np.array([_KIND_OF[kind] for kind in KINDS], dtype=np.int64)
_LONGEST = 4  # bytes of the longest value (NT**, Yes, None)


def match_lines(
    block: Bytes, starts: NDArray[np.int64], stops: NDArray[np.int64], template: Template
) -> tuple[NDArray[np.bool_], NDArray[np.int8], NDArray[np.int64]]:
    """Match lines against a template.

    Args:
        block: bytes of many lines.
        starts, stops: where each line begins and ends, without its line end.
        template: what to match.

    Returns:
        Which lines match (n,), their codes (n, 136), and where their id stands (n, 2).
    """
    n = len(starts)
    matched = np.zeros(n, dtype=np.bool_)
    codes = np.empty((n, len(KINDS)), dtype=np.int8)
    ids = np.zeros((n, 2), dtype=np.int64)
    _match(
        block, starts, stops, template.fixed, template.bounds, template.items, template.blank,
        _KIND, _WORDS, _CODES, _SINGLE, matched, codes, ids,
    )  # fmt: skip
    return matched, codes, ids


@numba.njit(cache=True, nogil=True)
def _match(
    block: Any, starts: Any, stops: Any, fixed: Any, bounds: Any, items: Any, blank: Any,
    kinds: Any, words: Any, tokens: Any, single: Any, matched: Any, codes: Any, ids: Any,
) -> None:  # fmt: skip
    slots = len(items)
    for i in range(len(starts)):
        at, stop = starts[i], stops[i]
        codes[i] = blank
        ok = True
        for s in range(slots + 1):
            first, last = bounds[s], bounds[s + 1]
            if at + (last - first) > stop:
                ok = False
                break
            for k in range(first, last):
                if block[at] != fixed[k]:
                    ok = False
                    break
                at += 1
            if not ok or s == slots:
                break
            item = items[s]
            begin = at
            at = (
                _cell(block, at, stop, kinds[item], words, tokens, single, codes, i, item)
                if item >= 0
                else _scalar(block, at, stop)
            )
            if at < 0:
                ok = False
                break
            if item == ID:
                ids[i, 0], ids[i, 1] = begin, at
        matched[i] = ok and at == stop


@numba.njit(cache=True, nogil=True)
def _cell(
    block: Any, at: Any, stop: Any, kind: Any, words: Any, tokens: Any, single: Any,
    codes: Any, row: Any, item: Any,
) -> Any:  # fmt: skip
    """Read a value up to its closing quote (a slot stands inside the quotes); -1 when it is no token."""
    if at + 1 < stop and block[at + 1] == _QUOTE:
        code = single[kind, block[at]]
        codes[row, item] = code
        return at + 1 if code > -128 else -1
    word: Any = 0
    shift = 0
    while at < stop and block[at] != _QUOTE:
        if shift >= 8 * _LONGEST:
            return -1
        word |= np.int64(block[at]) << shift
        shift += 8
        at += 1
    for j in range(words.shape[1]):
        if words[kind, j] == word and word > 0:
            codes[row, item] = tokens[kind, j]
            return at
    return -1


@numba.njit(cache=True, nogil=True)
def _scalar(block: Any, at: Any, stop: Any) -> Any:
    """Pass over a plain string or a whole number; -1 for anything that needs a closer look."""
    if at < stop and block[at] == _QUOTE:
        at += 1
        while at < stop and block[at] != _QUOTE:
            if block[at] < 32 or block[at] >= 127 or block[at] == _BACKSLASH:
                return -1
            at += 1
        return at + 1 if at < stop else -1
    digits = at + 1 if at < stop and block[at] == _MINUS else at
    at = digits
    while at < stop and 48 <= block[at] <= 57:
        at += 1
    if at == digits or at - digits > 15 or (block[digits] == 48 and at - digits > 1):
        return -1
    return at
