"""`classify_table`: many exams at once, from columns of integer codes to columns of results.

The same rules and the same exact sets as `classify`, by other means: compiled, one exam after
another, in time that is mostly that of reading 136 bytes. `classify` is the readable reference; a
test keeps the two equal. Reasons are only given by `classify`.

The first call on a machine compiles the kernel (about ten seconds); the result is kept on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.errors import ExamError, Fault, InputError, UnsupportedError
from saisei.exam.isncsci.batch_kernel import PARTS, RESULTS, grade_rows
from saisei.exam.isncsci.batch_read import Turner
from saisei.exam.isncsci.batch_walk import policy_items
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.policy import DEFAULT, Policy, policy_named
from saisei.exam.isncsci.record import (
    ANAL_CODES,
    COLUMNS,
    MOTOR_CODES,
    NON_KEY_CODES,
    SENSORY_CODES,
)

__all__ = ["ND", "PARTS", "RESULTS", "GradedTable", "Progress", "classify_table", "sum_names"]

ND = -1
"""The single value of a quantity that is not determinable."""

Progress = Callable[[int, int], None]
"""Called with (exams done, exams in all) after each chunk, from the calling thread."""

# Exams a step: 2 MB of codes, small enough for the second-level cache of most machines.
CHUNK = 16_384
_WIDTH = len(COLUMNS)
_MOST_FAULTS = 20
_SIDES = ("right", "left", "both")
_WHAT = ("value", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class GradedTable:
    """Result columns of n exams, a row of each array a quantity.

    Attributes:
        policy: the name of the policy.
        sets: uint32 (11, n), rows as `RESULTS`: every value that a quantity can have, as a bit mask.
            Levels and zones: bit i for `Level(i)`, bit 30 for NA. Completeness: bit 0 complete, bit 1
            incomplete. AIS: bit 0 for A to bit 4 for E.
        single: int8 (11, n): the number of the only bit of the set, or -1 (`ND`) when there are more.
        sums: int8 (36, n): UEMS, LEMS, light touch, pin prick, each for right, left, both, each as
            value (-1: ND), low, high.
        stars: uint32 (11, n), the values that carry a star (policy `difference`); None when not asked for.
    """

    policy: str
    sets: NDArray[np.uint32]
    single: NDArray[np.int8]
    sums: NDArray[np.int8]
    stars: NDArray[np.uint32] | None = None

    def __len__(self) -> int:
        return int(self.sets.shape[1])

    def set_of(self, quantity: str) -> NDArray[np.uint32]:
        """The sets of one quantity of `RESULTS` as bit masks, uint32 (n,)."""
        found: NDArray[np.uint32] = self.sets[_row(quantity)]
        return found

    def value_of(self, quantity: str) -> NDArray[np.int8]:
        """The single values of one quantity (level, zone, 0 C or 1 I, 0 A to 4 E), -1 for ND, int8 (n,)."""
        found: NDArray[np.int8] = self.single[_row(quantity)]
        return found

    def total(self, part: str, side: str = "both", what: str = "value") -> NDArray[np.int8]:
        """One sum, int8 (n,).

        Args:
            part: `uems`, `lems`, `light_touch` or `pin_prick`.
            side: `right`, `left` or `both`.
            what: `value` (-1 for ND), or `low` or `high`, the ends of its range.
        """
        for given, known in ((part, PARTS), (side, _SIDES), (what, _WHAT)):
            if given not in known:
                raise InputError(f"no sum {given!r}; there are {', '.join(known)}")
        row = 9 * PARTS.index(part) + 3 * _SIDES.index(side) + _WHAT.index(what)
        found: NDArray[np.int8] = self.sums[row]
        return found

    def distinct(self, quantity: str) -> tuple[list[str], NDArray[np.int32]]:
        """The different texts of one quantity (see `texts`), and which one each exam has, int32 (n,)."""
        row = _row(quantity)
        masks = self.sets[row].astype(np.uint64)
        if self.stars is not None:
            masks |= self.stars[row].astype(np.uint64) << np.uint64(32)
        found, places = np.unique(masks, return_inverse=True)
        texts = [_text(quantity, int(m) & 0xFFFFFFFF, int(m) >> 32) for m in found]
        return texts, places.astype(np.int32)

    def texts(self, quantity: str) -> NDArray[np.object_]:
        """The sets of one quantity as text: `C5`, or `C4,C5` when not determinable; with any stars."""
        texts, places = self.distinct(quantity)
        return np.array(texts, dtype=object)[places]

    def sum_columns(self) -> dict[str, NDArray[np.int8]]:
        """The 36 sums by name: `uems`, `right_uems`, `right_uems_low`, ..."""
        return dict(zip(sum_names(), self.sums, strict=True))

    def columns(self) -> dict[str, NDArray[Any]]:
        """All result columns by name: `ais` and `ais_set`, `uems`, `right_uems`, `uems_low`, and so on."""
        found: dict[str, NDArray[Any]] = {}
        for k, name in enumerate(RESULTS):
            found[name], found[f"{name}_set"] = self.single[k], self.sets[k]
        return found | self.sum_columns()


def sum_names() -> list[str]:
    """The names of the 36 sums in the order of `GradedTable.sums`: `uems`, `right_uems`, `uems_low`, ..."""
    return [
        ("" if side == "both" else f"{side}_") + part + ("" if what == "value" else f"_{what}")
        for part in PARTS
        for side in _SIDES
        for what in _WHAT
    ]


def classify_table(
    columns: NDArray[Any] | Mapping[str, NDArray[Any]],
    policy: Policy | str = DEFAULT,
    *,
    stars: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
    first_row: int = 0,
) -> GradedTable:
    """Classify many exams given as integer codes.

    With NT and flags every quantity is the exact set of its values over all completions, taken jointly.

    Args:
        columns: the codes of `saisei.exam.isncsci.record`, as an integer array (n, 136) in the order of
            `COLUMNS`, or as a mapping that holds an integer array (n,) for each name of `COLUMNS`
            (other names are left alone). An int8 array in C order is read in place; anything else is
            copied a chunk at a time.
        policy: the reading of the points that the standard leaves open; a `Policy` or the name of one.
        stars: whether to work out the stars of policy `difference` (a second run without the flags).
        threads: how many chunks are graded at a time.
        progress: called after each chunk with (exams done, exams in all).

    Raises:
        ExamError: codes that their column can not hold, each with row (from 0) and column; nothing
        is graded then. InputError: wrong shape or type, missing columns, columns of different
        lengths. UnsupportedError: an unknown policy name; stars of the reference program.

    >>> import numpy as np
    >>> normal = np.full((1, 136), 2, dtype=np.int8)
    >>> normal[:, [*range(56, 66), *range(122, 132)]] = 5
    >>> normal[:, 132:] = (1, 1, -1, -1)
    >>> graded = classify_table(normal)
    >>> graded.texts("ais")[0], graded.texts("nli")[0], int(graded.total("uems")[0])
    ('E', 'INT', 50)
    """
    policy = policy_named(policy)
    if stars and policy.stars == "praxis":
        raise UnsupportedError(
            f"policy {policy.name!r} asks for the stars of the reference program, which are not "
            "worked out for tables; leave stars out, or give a policy with stars 'difference'"
        )
    source = _Source(columns, first_row)
    n = len(source)
    result = GradedTable(
        policy.name,
        _block(len(RESULTS), n, np.uint32),
        _block(len(RESULTS), n, np.int8),
        _block(36, n, np.int8),
        np.zeros((len(RESULTS), n), dtype=np.uint32) if stars and policy.stars != "off" else None,
    )
    numbers = policy_items(policy)
    starts = range(0, n, CHUNK)

    def work(start: int) -> int:
        rows = source.rows(start, min(start + CHUNK, n))
        _grade_chunk(rows, start, numbers, result, first_row)
        return min(start + CHUNK, n)

    if threads > 1 and len(starts) > 1:
        with ThreadPoolExecutor(threads) as pool:
            for done in pool.map(work, starts):
                if progress is not None:
                    progress(done, n)
    else:
        for start in starts:
            done = work(start)
            if progress is not None:
                progress(done, n)
    return result


def _block(rows: int, n: int, dtype: type[np.generic]) -> NDArray[Any]:
    """Room for result columns, a little wider than needed.

    So a slice of it is never contiguous, and the kernel is compiled for one kind of array; and its
    columns do not all fall into the same lines of the processor's cache.
    """
    width = -(-n // 64) * 64 + 64
    return np.empty((rows, width + 64 * (width % 4096 == 0)), dtype=dtype)[:, :n]


def _grade_chunk(
    rows: NDArray[np.int8],
    start: int,
    numbers: tuple[int, ...],
    result: GradedTable,
    first_row: int,
) -> None:
    """Grade int8 rows and write their results from column `start` on."""
    here = slice(start, start + len(rows))
    sets, single, sums = result.sets[:, here], result.single[:, here], result.sums[:, here]
    if grade_rows(rows, rows.view(np.uint64), numbers, sets, single, sums) >= 0:
        raise ExamError(_faults(rows, first_row + start))
    if result.stars is None:
        return
    flagged = np.flatnonzero((rows[:, :132] >= 10).any(axis=1))
    if len(flagged) == 0:
        return
    plain = np.ascontiguousarray(rows[flagged])
    plain[:, :132] %= 10
    bare = _block(len(RESULTS), len(flagged), np.uint32)
    unused = _block(len(RESULTS), len(flagged), np.int8), _block(36, len(flagged), np.int8)
    grade_rows(plain, plain.view(np.uint64), numbers, bare, *unused)
    read = sets[:, flagged]
    # A value has a star if it comes only with the flags; all have one if the flags took a value away.
    result.stars[:, start + flagged] = np.where(bare & ~read == 0, read & ~bare, read)


class _Source:
    """The codes behind any accepted form, checked for shape and type, handed out as int8 rows."""

    def __init__(self, columns: NDArray[Any] | Mapping[str, NDArray[Any]], first_row: int) -> None:
        self._first_row = first_row
        self._local = threading.local()  # memory to turn columns into rows, one for each thread
        self._table: NDArray[Any] | None = None
        self._columns: list[NDArray[Any]] = []
        if isinstance(columns, Mapping):
            self._columns = _named(columns)
            self._length = len(self._columns[0])
            return
        table = np.asarray(columns)
        if table.ndim != 2 or table.shape[1] != _WIDTH:
            raise InputError(
                f"codes of exams have shape (n, {_WIDTH}), not {table.shape}; "
                "the order is that of record.COLUMNS"
            )
        _must_be_integer(table.dtype, "the table")
        self._table, self._length = table, len(table)

    def __len__(self) -> int:
        return self._length

    def rows(self, start: int, stop: int) -> NDArray[np.int8]:
        """The exams from `start` to `stop` as int8 rows in C order, in place where possible.

        They are valid until the same thread asks again.
        """
        if self._table is None:
            parts = [
                _small(column[start:stop], self._first_row + start, k)
                for k, column in enumerate(self._columns)
            ]
            if not hasattr(self._local, "turner"):
                self._local.turner = Turner(_WIDTH, min(CHUNK, self._length))
            turned: NDArray[np.int8] = self._local.turner.rows(parts)
            return turned
        part = self._table[start:stop]
        if part.dtype != np.int8:
            part = _small(part, self._first_row + start, None)
        if part.flags.c_contiguous and part.flags.writeable and part.ctypes.data % 8 == 0:
            return part
        return np.array(part, dtype=np.int8, order="C")


def _named(columns: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        some = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise InputError(
            f"{len(missing)} of the {_WIDTH} columns of an exam are missing: {some}; "
            "a blank is not NT: give a column of 9 where nothing was tested"
        )
    found = [np.asarray(columns[name]) for name in COLUMNS]
    for name, column in zip(COLUMNS, found, strict=True):
        if column.ndim != 1 or len(column) != len(found[0]):
            raise InputError(
                f"column {name} has shape {column.shape}; "
                f"all columns must have one value an exam, as {COLUMNS[0]} with {len(found[0])}"
            )
        _must_be_integer(column.dtype, f"column {name}")
    return found


def _must_be_integer(dtype: np.dtype[Any], what: str) -> None:
    if dtype.kind not in "iu":
        raise InputError(
            f"{what} holds {dtype}; integer codes are needed "
            "(NT is 9, `*` adds 10, `**` adds 20, see exam.isncsci.record)"
        )


def _small(part: NDArray[Any], start: int, column: int | None) -> NDArray[np.int8]:
    """Integers of any width as int8; those that do not fit are refused before they can wrap around."""
    if part.dtype != np.int8 and part.size and (part.min() < -128 or part.max() > 127):
        outside = np.argwhere((part < -128) | (part > 127))[:_MOST_FAULTS]
        places = [(int(p[0]), int(p[1]) if column is None else column) for p in outside]
        values = [int(part[tuple(p)]) for p in outside]
        raise ExamError(
            [_fault(start + row, col, v) for (row, col), v in zip(places, values, strict=True)]
        )
    return part.astype(np.int8, copy=False)


_KINDS: tuple[tuple[frozenset[int], str], ...] = (
    tuple(
        (MOTOR_CODES, "motor") if "_motor_" in name else (SENSORY_CODES, "sensory")
        for name in COLUMNS[:132]
    )
    + ((ANAL_CODES, "anal"),) * 2
    + ((NON_KEY_CODES, "non-key"),) * 2
)


def _allowed() -> NDArray[np.bool_]:
    """allowed[column, code + 128]: whether the column can hold the code."""
    allowed = np.zeros((_WIDTH, 256), dtype=bool)
    for column, (codes, _) in enumerate(_KINDS):
        allowed[column, [128 + code for code in codes]] = True
    return allowed


_ALLOWED = _allowed()


def _faults(rows: NDArray[np.int8], start: int) -> list[Fault]:
    """The codes of these rows that their column can not hold, at most twenty and how many more there are."""
    index = rows.astype(np.int16) + 128
    wrong = np.argwhere(~_ALLOWED[np.arange(_WIDTH)[None, :], index])
    faults = [_fault(start + int(r), int(c), int(rows[r, c])) for r, c in wrong[:_MOST_FAULTS]]
    if len(wrong) > _MOST_FAULTS:
        more = f"and {len(wrong) - _MOST_FAULTS} more"
        faults.append(
            Fault(f"rows {start} to {start + len(rows) - 1}", more, "are no codes either")
        )
    return faults


def _fault(row: int, column: int, code: int) -> Fault:
    kind = _KINDS[column][1]
    mend = (
        "a non-key muscle is -1 or a motor level"
        if kind == "non-key"
        else "NT is 9, `*` adds 10, `**` adds 20"
    )
    return Fault(
        f"row {row}, column {COLUMNS[column]}", str(code), f"is not a code of a {kind} item", mend
    )


def _row(quantity: str) -> int:
    if quantity not in RESULTS:
        raise InputError(f"no quantity {quantity!r}; there are {', '.join(RESULTS)}")
    return RESULTS.index(quantity)


_LABELS = (*(Level(bit).label for bit in range(30)), "NA")
_NAMES: dict[str, Sequence[str]] = {"ais": "ABCDE", "completeness": "CI"}


@lru_cache(maxsize=1 << 16)
def _text(quantity: str, mask: int, starred: int) -> str:
    """A set as text: NA first, then rostral to caudal; grades A to E."""
    names = _NAMES.get(quantity, _LABELS)
    order = range(len(names)) if quantity in _NAMES else (30, *range(30))
    return ",".join(names[bit] + "*" * (starred >> bit & 1) for bit in order if mask >> bit & 1)
