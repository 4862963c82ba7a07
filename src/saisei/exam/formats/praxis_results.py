"""Results as the JSON lines of npm `isncsci` 2.0.6: its names, texts and order of keys.

Sets are memoised as text: among a million exams there are few different ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.formats.names import FINDINGS
from saisei.exam.isncsci.result import finding

__all__ = ["ais_counts", "result_lines"]

_LEVELS = '"sensoryRight":"%b","sensoryLeft":"%b","motorRight":"%b","motorLeft":"%b"'
_SIDE = (
    '{"upperExtremity":"%b","lowerExtremity":"%b","lightTouch":"%b","pinPrick":"%b","motor":"%b"}'
)
_LINE = (
    '{"id":%b,"result":{"classification":{"neurologicalLevels":{' + _LEVELS + "},"
    '"neurologicalLevelOfInjury":"%b","injuryComplete":"%b","ASIAImpairmentScale":"%b",'
    '"zoneOfPartialPreservations":{' + _LEVELS + "}},"
    '"totals":{"left":' + _SIDE + ',"right":' + _SIDE + ","
    '"upperExtremity":"%b","lowerExtremity":"%b","lightTouch":"%b","pinPrick":"%b"}}}\n'
).encode()

_NT = 9
_ND = -1
_NUMBERS = np.array([*(str(i).encode() for i in range(113)), b"ND"], dtype=object)
# UEMS, LEMS, light touch, pin prick of the right side; the left side is 66 columns on.
_PARTS = (slice(56, 61), slice(61, 66), slice(0, 28), slice(28, 56))
_STARS_SHIFT = 31  # sets use bits 0 to 30


def result_lines(
    ids: Sequence[bytes],
    codes: NDArray[np.int8],
    sets: NDArray[np.int64],
    stars: NDArray[np.int64],
) -> list[bytes]:
    """One line for each exam.

    Args:
        ids: the id of each exam as JSON.
        codes: (n, 136) codes.
        sets, stars: (n, 11) bit masks, see `results.grade_sets`.
    """
    columns: list[Iterable[Any]] = [ids]
    columns += [_texts(name, sets[:, i], stars[:, i]) for i, name in enumerate(FINDINGS)]
    columns += _totals(codes)
    return [_LINE % row for row in zip(*columns, strict=True)]


def _texts(quantity: str, sets: NDArray[np.int64], stars: NDArray[np.int64]) -> list[bytes]:
    keys, inverse = np.unique(sets | stars << _STARS_SHIFT, return_inverse=True)
    texts = [_text(quantity, key) for key in keys.tolist()]
    table = np.empty(len(texts), dtype=object)
    table[:] = texts
    found: list[bytes] = table[inverse.reshape(-1)].tolist()
    return found


@lru_cache(maxsize=1 << 17)
def _text(quantity: str, key: int) -> bytes:
    mask, stars = key & (1 << _STARS_SHIFT) - 1, key >> _STARS_SHIFT
    return ",".join(finding(quantity, mask, stars).labels).encode()


def _totals(codes: NDArray[np.int8]) -> list[list[bytes]]:
    """The 14 totals in the order of the line, as texts; ND where a part has NT in any form."""
    digits = codes[:, :132].astype(np.int16) % 10
    sides = []
    for start in (0, 66):
        side = digits[:, start : start + 66]
        sums = [_sum(side[:, part]) for part in _PARTS]
        sides.append([*sums, _both(sums[0], sums[1])])
    right, left = sides
    both = [_both(right[i], left[i]) for i in range(4)]
    return [_NUMBERS[column].tolist() for column in (*left, *right, *both)]


def _sum(cells: NDArray[np.int16]) -> NDArray[np.int64]:
    tested = (cells != _NT).all(axis=1)
    return np.where(tested, cells.sum(axis=1, dtype=np.int64), _ND)


def _both(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where((one == _ND) | (other == _ND), _ND, one + other)


def ais_counts(sets: NDArray[np.int64]) -> dict[str, int]:
    """How many exams have each AIS; several letters (`C,D`) are an ND."""
    masks, counts = np.unique(sets[:, FINDINGS.index("ais")], return_counts=True)
    return {
        _text("ais", int(mask)).decode(): int(count)
        for mask, count in zip(masks, counts, strict=True)
    }
