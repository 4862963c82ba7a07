"""Compiled reading of JSON lines that are all written alike.

Programs write every line with the same keys in the same order. A *template* is made from one line that
was read the slow, strict way: its fixed bytes, and slots where a value stood. The kernel then checks a
line byte by byte against the template and turns the values in its slots into codes. A line that differs
in anything at all is not matched, and goes the slow way. So the fast way can not accept what the slow
way would not.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from saisei.exam.formats.scores import KINDS, PRAXIS, CellKind

__all__ = ["ID", "PADDING", "SKIP", "Slot", "Template", "match_lines"]

Bytes = NDArray[np.uint8]
Codes = NDArray[np.int8]

SKIP, ID = -1, -2
"""Slots whose value is not an item: passed over, or handed back as it stands."""

PADDING = 8
"""Bytes that must stand behind the last line: eight are read at a time."""

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

    Segment i is followed by slot i; there is one segment more than slots. A segment is `lengths[i]` bytes,
    kept as the words `words[bounds[i]:bounds[i + 1]]` of eight bytes, the last of them under a mask.
    """

    words: NDArray[np.uint64]
    masks: NDArray[np.uint64]
    bounds: NDArray[np.int64]
    lengths: NDArray[np.int64]
    items: NDArray[np.int64]

    @classmethod
    def of(cls, line: bytes, slots: Sequence[Slot]) -> Template:
        """The template of one line. Items without a slot get the code -1 (no non-key muscle)."""
        parts, at = [], 0
        for slot in slots:
            parts.append(line[at : slot.start])
            at = slot.stop
        parts.append(line[at:])
        words, masks, bounds = [], [], [0]
        for part in parts:
            for i in range(0, len(part), _WORD):
                piece = part[i : i + _WORD]
                words.append(int.from_bytes(piece, "little"))
                masks.append((1 << 8 * len(piece)) - 1)
            bounds.append(len(words))
        return cls(
            np.array(words, dtype=np.uint64),
            np.array(masks, dtype=np.uint64),
            np.array(bounds, dtype=np.int64),
            np.array([len(part) for part in parts], dtype=np.int64),
            np.array([slot.item for slot in slots], dtype=np.int64),
        )


def _tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64], Codes, Codes, Codes]:
    """Per kind: words of the texts with their closing quote, masks, lengths, codes; codes of single bytes.

    -128 stands for no code. Masks of unused places are 0 and their words 1, so that nothing equals them.
    """
    tokens = [PRAXIS.tokens[kind].items() for kind in _KIND_OF]
    rows = [
        [(text.encode(), code) for text, code in items if isinstance(text, str) and text]
        for items in tokens
    ]
    shape = len(rows), max(map(len, rows))
    words, masks = np.ones(shape, dtype=np.uint64), np.zeros(shape, dtype=np.uint64)
    sizes, codes = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int8)
    single = np.full((len(rows), 256), -128, dtype=np.int8)
    for i, row in enumerate(rows):
        for j, (text, code) in enumerate(row):
            words[i, j] = int.from_bytes(text + b'"', "little")
            masks[i, j] = (1 << 8 * (len(text) + 1)) - 1
            sizes[i, j], codes[i, j] = len(text), code
            if len(text) == 1:
                single[i, text[0]] = code
    return words, masks, sizes, codes, single


_WORDS, _ENDS, _SIZES, _CODES, _SINGLE = _tables()
_KIND = np.array([_KIND_OF[kind] for kind in KINDS], dtype=np.int64)
_WORD = 8


def _load(_context: Any, array: Any, index: Any) -> Any:
    """Eight bytes of a byte array from any index on, as one number; the array must be long enough."""

    ir: Any = importlib.import_module("llvmlite.ir")

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        pointer = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(64).as_pointer())
        word = builder.load(pointer)
        word.align = 1
        return word

    return types.uint64(array, index), build


_word_at: Any = intrinsic(_load)


def match_lines(
    block: Bytes, starts: NDArray[np.int64], stops: NDArray[np.int64], template: Template
) -> tuple[NDArray[np.bool_], NDArray[np.int8], NDArray[np.int64]]:
    """Match lines against a template.

    Args:
        block: bytes of many lines, and `PADDING` bytes more that belong to none.
        starts, stops: where each line begins and ends, without its line end.
        template: what to match.

    Returns:
        Which lines match (n,), their codes (n, 136), and where their id stands (n, 2).
    """
    n = len(starts)
    matched = np.zeros(n, dtype=np.bool_)
    codes = np.full((n, len(KINDS)), -1, dtype=np.int8)
    ids = np.zeros((n, 2), dtype=np.int64)
    _match(
        block, starts, stops, template.words, template.masks, template.bounds, template.lengths,
        template.items, _KIND, _WORDS, _ENDS, _SIZES, _CODES, _SINGLE, matched, codes, ids,
    )  # fmt: skip
    return matched, codes, ids


@numba.njit(cache=True, nogil=True)
def _match(
    block: Any, starts: Any, stops: Any, fixed: Any, masks: Any, bounds: Any, lengths: Any,
    items: Any, kinds: Any, words: Any, ends: Any, sizes: Any, tokens: Any, single: Any,
    matched: Any, codes: Any, ids: Any,
) -> None:  # fmt: skip
    slots = len(items)
    for i in range(len(starts)):
        at, stop = starts[i], stops[i]
        ok = True
        for s in range(slots + 1):
            after = at + lengths[s]
            if after > stop:
                ok = False
                break
            differs = np.uint64(0)
            for k in range(bounds[s], bounds[s + 1]):
                differs |= (_word_at(block, at) ^ fixed[k]) & masks[k]
                at += _WORD
            if differs != 0:
                ok = False
                break
            at = after
            if s == slots:
                break
            item = items[s]
            if item >= 0:  # not a function of its own: handing arrays over costs more than the work
                kind = kinds[item]
                if block[at + 1] == _QUOTE:
                    code = single[kind, block[at]]
                    codes[i, item] = code
                    at += 1
                    ok = code > -128
                else:
                    word = _word_at(block, at)
                    ok = False
                    for j in range(words.shape[1]):
                        if word & ends[kind, j] == words[kind, j]:
                            codes[i, item] = tokens[kind, j]
                            at += sizes[kind, j]
                            ok = True
                            break
                if not ok:
                    break
            else:
                begin = at
                at = _scalar(block, at, stop)
                if at < 0:
                    ok = False
                    break
                if item == ID:
                    ids[i, 0], ids[i, 1] = begin, at
        matched[i] = ok and at == stop


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
