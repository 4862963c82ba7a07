"""Sound files of every layout, and ways to mangle them, for `exam_mangled.py`."""

from __future__ import annotations

import csv
import io
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from exam_generator import PLAIN_KINDS, generate

from saisei.errors import SaiseiError
from saisei.exam.formats import READERS, WRITERS, ExamRow, ExamTable, write_exams
from saisei.exam.isncsci.record import COLUMNS

Codes = tuple[int, ...]
Tree = Any

READER_OF = {
    "tidy": "tidy",
    "parquet": "tidy",
    "redcap": "redcap",
    "redcap-labels": "redcap",
    "praxis": "praxis",
    "praxis-json": "praxis-json",
    "praxis-ui": "praxis",
    "praxis-specs": "praxis",
    "sygen": "sygen",
}
# fmt: off
NOT_A_SCORE = (
    "", " ", "x", "2 x", "6", "7", "10", "-1", "-2", "2.5", "1e0", "0x1", "True", "nan", "inf", "null",
    "NULL", "5*", "5**", "3***", "NT***", "NTT", "N T", "*", "**", "*2", "+", "4+", "3-", "1/2", "2;2", "two",
    "=1+1", "２", "²", "٢", "Ⅱ", "'2'", "\u200b2", "2\u200b", "ab-9", "ab-x", "yes no", "NaN", "None2",
)
# fmt: on
MENDABLE = (" 2", "2 ", "\t1", "0 ", " NT", "nt", "Nt", "NT ", "1.0", "0.00", "NO", "YES", "nT*")
WRONG_TYPES = (0.5, True, False, [], {}, [2], {"value": "2"}, -1, 99, 1e300, "\x00", 10**40, [[[]]])
EDGES = (
    "\ufeff",
    "\x00",
    "\r",
    "\n",
    '"',
    "'",
    ",",
    ";",
    "\t",
    "\u2028",
    "\ud7ff",
    "é",
    "\x1a",
    "\\",
    "𝟚",
)


@dataclass(frozen=True, slots=True)
class Base:
    """A sound file: its bytes, exams, and cells that are scores."""

    layout: str
    data: bytes
    codes: tuple[Codes, ...]
    matrix: tuple[tuple[str, ...], ...] = ()
    items: tuple[int, ...] = ()
    tree: Tree = None
    leaves: tuple[tuple[Any, ...], ...] = ()

    @property
    def reader(self) -> str:
        """The name of its reader."""
        return READER_OF[self.layout]


@dataclass(frozen=True, slots=True)
class Input:
    """One mangled file and what a reading of it must keep to.

    `refused` holds the numbers of the exams that may not be graded; `changes` is how many cells of any other
    exam may differ from what was written.
    """

    how: str
    data: bytes
    changes: int = 0
    refused: frozenset[int] = frozenset()
    mended: bool = False


# ---- Sound files ---------------------------------------------------------------------------------------


def bases(seed: int, exams: int = 2) -> list[Base]:
    """A sound file of every layout that can be written, with NT and flags where the layout can hold them."""
    found = []
    for layout in WRITERS:
        kinds = PLAIN_KINDS if layout == "sygen" else ("flag_and_nt", "nt_few", "flag_below")
        rows = generate(exams, seed, kinds)[0].copy()
        if layout == "sygen":  # holds neither VAC nor non-key muscles
            rows[:, 132], rows[:, 134:] = 9, -1
        codes = tuple(tuple(int(c) for c in row) for row in rows)
        found.append(_base(layout, codes))
    return found


def _base(layout: str, codes: tuple[Codes, ...]) -> Base:
    made = tuple(
        ExamRow(i + 1, f"made, row {i + 1}", {"person_id": f"P{i}"}, one)
        for i, one in enumerate(codes)
    )
    table = ExamTable("made", "made", "made", made, (), ("person_id",), {"person_id": "person_id"})
    data = write_exams(table, layout, lossy=layout == "sygen").content
    base = Base(layout, data, codes)
    _must_read_right(base)
    if layout == "parquet":
        return base
    if data[:1] in b"[{":
        lines = layout == "praxis-json"
        tree = [json.loads(line) for line in data.splitlines()] if lines else json.loads(data)
        base = Base(layout, data, codes, tree=tree)
        leaves = [path for path in _paths(tree) if _is_score(base, path)]
        base = Base(layout, data, codes, tree=tree, leaves=tuple(leaves))
        count = sum(path[0] == 0 for path in leaves)
    else:
        matrix = tuple(tuple(row) for row in csv.reader(io.StringIO(data.decode())))
        base = Base(layout, data, codes, matrix=matrix)
        items = [k for k in range(len(matrix[0])) if _is_item(base, k)]
        base = Base(layout, data, codes, matrix=matrix, items=tuple(items))
        count = len(items)
    # If a reader looked at fewer cells, garbage in the others would be graded without a word.
    if count < (133 if layout == "sygen" else 134):
        raise AssertionError(f"{layout}: only {count} cells matter to the reader")
    return base


def read_by(layout: str, name: str, data: bytes, lenient: bool = False) -> ExamTable:
    """What the named reader makes of a file that was once sound and of this layout."""
    # Sygen has no column for VAC: there alone it has to be asked for as NT.
    return READERS[name](data, lenient=lenient, unrecorded_as_nt=layout == "sygen")


def _must_read_right(base: Base) -> None:
    if [row.codes for row in read_by(base.layout, base.reader, base.data).rows] != list(base.codes):
        raise AssertionError(f"the sound {base.layout} file is not read as written")


def _is_item(base: Base, column: int) -> bool:
    """Whether garbage in a column keeps its exam from being graded."""
    matrix = [list(row) for row in base.matrix]
    matrix[1][column] = "x!"
    return _refuses(base, _csv(matrix))


def _is_score(base: Base, path: tuple[Any, ...]) -> bool:
    return isinstance(_at(base.tree, path), str) and _refuses(
        base, _json(base, _put(base.tree, path, "x!"))
    )


def _refuses(base: Base, data: bytes) -> bool:
    try:
        rows = read_by(base.layout, base.reader, data).rows
    except SaiseiError:
        return True
    return any(row.codes is None for row in rows)


def _csv(
    matrix: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\n", quote: int = 0
) -> bytes:
    out = io.StringIO()
    csv.writer(
        out, delimiter=delimiter, lineterminator=end, quoting=quote, escapechar=None
    ).writerows(matrix)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _json(base: Base, tree: Tree) -> bytes:
    if base.layout == "praxis-json" and isinstance(tree, list):
        return b"".join(json.dumps(one).encode() + b"\n" for one in tree)
    return json.dumps(tree).encode()


def _paths(tree: Tree, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every leaf of a JSON value."""
    if isinstance(tree, dict):
        return [p for key, value in tree.items() for p in _paths(value, (*path, key))]
    if isinstance(tree, list):
        return [p for i, value in enumerate(tree) for p in _paths(value, (*path, i))]
    return [path]


def _at(tree: Tree, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _put(tree: Tree, path: tuple[Any, ...], value: Any) -> Tree:
    """A copy of the value with one place changed; everything beside the path is shared."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = _put(tree[path[0]], path[1:], value)
    return copy


def _without(tree: Tree, path: tuple[Any, ...]) -> Tree:
    parent = dict(_at(tree, path[:-1]))
    del parent[path[-1]]
    return _put(tree, path[:-1], parent)


# ---- Ways to mangle ------------------------------------------------------------------------------------


def noise(rng: random.Random, base: Base) -> Input:
    """Random bytes, or text of the alphabet of such files."""
    n = rng.choice((0, 1, 3, 20, 200, 3000))
    if rng.random() < 0.5:
        return Input("noise", rng.randbytes(n))
    return Input(
        "noise", "".join(rng.choices(list('012345NT*,;\n\r\t"{}[]: ') + list(EDGES), k=n)).encode()
    )


def flips(rng: random.Random, base: Base) -> Input:
    """Some bytes changed."""
    data = bytearray(base.data)
    count = rng.choice((1, 1, 2, 5, 30))
    for _ in range(count):
        data[rng.randrange(len(data))] = rng.choice((rng.randrange(256), *b'0125,\n"N*'))
    return Input("bytes changed", bytes(data), changes=count)


def cut(rng: random.Random, base: Base) -> Input:
    """The end, the start or a piece lost, or a piece doubled."""
    data, a = base.data, rng.randrange(len(base.data))
    b = min(len(data), a + rng.choice((1, 2, 10, 300)))
    return Input(
        "cut",
        rng.choice((data[:a], data[a:], data[:a] + data[b:], data[:b] + data[a:])),
        changes=b - a,
    )


def edges(rng: random.Random, base: Base) -> Input:
    """BOM, line ends, encodings, something before or after: the exams may be read, and then as written."""
    data = base.data
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: b"\xef\xbb\xbf" + data,
        lambda: b"\xef\xbb\xbf" * 2 + data,
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\n", b"\r"),
        lambda: data.replace(b"\n", b"\n\n"),
        lambda: data + b"\x00" * rng.randrange(1, 5),
        lambda: b"\n" * rng.randrange(1, 4) + data,
        lambda: data + rng.choice((b"\n\n", b"\x1a", b",,,", b"}", b"{}", b"\n0")),
        lambda: data.decode("latin-1").encode(
            rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"))
        ),
        lambda: data + data,
        lambda: data.upper(),
        lambda: data.lower(),
        lambda: b"\xff" + data,
        lambda: data + b"\xc3",
    )
    return Input("edges", rng.choice(ways)())


def cell(rng: random.Random, base: Base) -> Input:
    """A cell that is no score, in the file's own notation."""
    mend = rng.random() < 0.25
    if base.matrix:
        row, column = rng.randrange(1, len(base.matrix)), rng.choice(base.items)
        value, whole = rng.choice(MENDABLE if mend else NOT_A_SCORE), [list(r) for r in base.matrix]
        if not mend and rng.random() < 0.02:
            value = rng.choice("2NTx") * rng.choice((1000, 200_000))
        said = "considernormal" in base.matrix[0][column] and value == "True"  # another word for 1
        if said or value in _texts(base) or (not value.strip() and base.matrix[row][column] == ""):
            return edges(rng, base)
        whole[row][column] = value
        return Input("cell", _csv(whole), refused=frozenset({row - 1}), mended=mend)
    path = rng.choice(base.leaves)
    value = rng.choice(MENDABLE if mend else (*NOT_A_SCORE, *WRONG_TYPES))
    if isinstance(value, str) and value in _texts(base):
        return edges(rng, base)
    data = _json(base, _put(base.tree, path, value))
    return Input(
        "cell", data, refused=frozenset({_exam_of(path)}), mended=mend or not isinstance(value, str)
    )


def _exam_of(path: tuple[Any, ...]) -> int:
    return next((key for key in path if isinstance(key, int)), 0)


def _texts(base: Base) -> frozenset[str]:
    """Texts that mean something in some column of the layout."""
    if base.matrix:
        return frozenset(row[k] for row in base.matrix[1:] for k in base.items)
    return frozenset(str(_at(base.tree, path)) for path in base.leaves)


def columns(rng: random.Random, base: Base) -> Input:
    """A column or key of scores lost, doubled, misspelt; a row too long or too short."""
    if not base.matrix:
        return keys(rng, base)
    matrix = [list(row) for row in base.matrix]
    k, way = rng.choice(base.items), rng.randrange(7)
    name = matrix[0][k]
    # The non-key muscle need not be there; nor DAP (anyana), where the unrecorded was asked for as NT.
    optional = "non" in name.casefold() or name == "anyana"
    every = frozenset(range(len(base.codes)))
    if optional:
        every = frozenset()
    elif "considernormal" in name:  # the reading of a flag: missed only where there is one
        every = frozenset(i for i in every if matrix[i + 1][k] != "")
    if way == 0:
        for row in matrix:
            del row[k]
        return Input("column lost", _csv(matrix), changes=int(optional), refused=every)
    if way == 1:
        for row in matrix:
            row.insert(rng.randrange(len(row)) if row is matrix[0] else k, row[k])
        return Input("column doubled", _csv(matrix), refused=frozenset(range(len(base.codes))))
    if way == 2:
        matrix[0][k] = rng.choice((name + "x", "x" + name, name[:-1], "", name + name, name + ".1"))
        return Input("column misspelt", _csv(matrix), changes=int(optional), refused=every)
    row = rng.randrange(1, len(matrix))
    if way == 3:
        matrix[row].insert(k, rng.choice(("2", "", "x")))
    elif way == 4:
        del matrix[row][k]
    elif way == 5:
        matrix[0].append(rng.choice(("", "note", "x" * 100_000, name.upper() + " ")))
    else:
        matrix[row] = matrix[row][:k]
    return Input("ragged", _csv(matrix), refused=frozenset({row - 1} if way in (3, 4, 6) else ()))


def keys(rng: random.Random, base: Base) -> Input:
    """A key of a JSON exam lost, doubled, misspelt or deepened."""
    path = rng.choice(base.leaves)
    exam, way = frozenset({_exam_of(path)}), rng.randrange(5)
    if any("non" in str(key).casefold() for key in path):
        return edges(rng, base)
    if way == 0:
        return Input("key lost", _json(base, _without(base.tree, path)), refused=exam)
    if way == 1:
        value = _at(base.tree, path)
        parent = {**_at(_without(base.tree, path), path[:-1]), str(path[-1]) + "x": value}
        return Input("key misspelt", _json(base, _put(base.tree, path[:-1], parent)), refused=exam)
    if way == 2:
        marker = "\u0001doubled"
        parent = {**_at(base.tree, path[:-1]), marker: rng.choice(("0", "2", _at(base.tree, path)))}
        data = _json(base, _put(base.tree, path[:-1], parent))
        doubled = data.replace(json.dumps(marker).encode(), json.dumps(path[-1]).encode())
        return Input("key doubled", doubled, refused=exam)
    if way == 3:
        part = path[: rng.randrange(1, len(path) + 1)]
        data = _json(base, _put(base.tree, part, rng.choice(WRONG_TYPES)))
        whole = len(part) == 1 and isinstance(part[0], str)
        return Input(
            "wrong type", data, refused=frozenset(range(len(base.codes))) if whole else exam
        )
    deep = rng.choice((100, 1000, 100_000))
    data = _json(base, base.tree).replace(b'"2"', b"[" * deep + b"]" * deep, 1)
    changed = data != _json(base, base.tree)
    return Input("deep", data, refused=frozenset({0}) if changed else frozenset())


def delimiters(rng: random.Random, base: Base) -> Input:
    """Other delimiters, quotes, line ends; awkward keys: the exams are read as written, or refused."""
    if not base.matrix:
        return edges(rng, base)
    matrix = [list(row) for row in base.matrix]
    others = [
        k
        for k in range(len(matrix[0]))
        if k not in base.items and "considernormal" not in matrix[0][k]
    ]
    if others and rng.random() < 0.7:
        row, column = rng.randrange(1, len(matrix)), rng.choice(others)
        matrix[row][column] += rng.choice((*EDGES, "x" * 50_000))
        kept = frozenset[int]()
        return Input("awkward key", _csv(matrix, quote=rng.choice((0, 1))), refused=kept, changes=0)
    data = _csv(
        matrix, rng.choice(",;\t|:"), rng.choice(("\n", "\r\n", "\r", "\n\r")), rng.choice((0, 1))
    )
    return Input("delimiters", data)


WAYS: tuple[tuple[Callable[[random.Random, Base], Input], int], ...] = (
    (noise, 15),
    (flips, 20),
    (cut, 10),
    (edges, 10),
    (cell, 25),
    (columns, 12),
    (delimiters, 8),
)


def mangled_parquet(rng: random.Random, base: Base) -> Input:
    """A Parquet file with bytes changed, or a column of a wrong type, with nulls, lost or misspelt."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if rng.random() < 0.6:
        return rng.choice((flips, cut, noise, edges))(rng, base)
    table = pq.read_table(io.BytesIO(base.data))
    name = rng.choice(COLUMNS[:134])
    k = table.schema.get_field_index(name)
    n = table.num_rows
    every, way = frozenset(range(n)), rng.randrange(6)
    if way == 0:
        table = table.drop_columns([name])
    elif way == 1:
        values = table.column(k).to_pylist()
        row = rng.randrange(n)
        values[row] = None
        table, every = table.set_column(k, name, pa.array(values, pa.int8())), frozenset({row})
    elif way == 2:
        bad = rng.choice(
            ([2.5] * n, [True] * n, ["x"] * n, [b"2"] * n, [[2]] * n, [{"a": 2}] * n, [None] * n)
        )
        table = table.set_column(k, name, pa.array(bad))
    elif way == 3:
        table = table.set_column(
            k, name, pa.array([rng.choice((7, 15, 25, 127, -2, 300, 2**40))] * n, pa.int64())
        )
    elif way == 4:
        table = table.rename_columns([c + "x" if c == name else c for c in table.column_names])
    else:
        table = table.append_column(name, table.column(k))
    out = io.BytesIO()
    pq.write_table(table, out)
    return Input("parquet column", out.getvalue(), refused=every)
