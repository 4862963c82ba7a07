"""Writers: the exams of a table in another layout, or the same, with nothing lost.

Every writer returns bytes; putting them into a file whole or not at all is the caller's part. What a layout
cannot hold is refused by name. Only `lossy=True` leaves it out, and then it is listed.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from saisei.errors import InputError, UnsupportedError
from saisei.exam.formats import layouts
from saisei.exam.formats.layouts import ROLE_COLUMNS, Layout
from saisei.exam.formats.names import REPORTED
from saisei.exam.formats.scores import KINDS, is_blank
from saisei.exam.formats.source import ABSENT
from saisei.exam.formats.table import ExamTable
from saisei.exam.isncsci.record import COLUMNS

__all__ = ["WRITERS", "Written", "csv_bytes", "parquet_bytes", "write_exams"]

_SCORES = len(COLUMNS) - 4
_VAC, _DAP, _RIGHT_NON_KEY, _LEFT_NON_KEY = range(_SCORES, len(COLUMNS))


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer made: the bytes, and what was left out (only with `lossy`)."""

    content: bytes
    left_out: tuple[str, ...] = ()


_TARGETS: dict[str, tuple[Layout, str, str]] = {
    "tidy": (layouts.TIDY, "csv", "tidy"),
    "parquet": (layouts.TIDY_PARQUET, "parquet", "tidy"),
    "redcap": (layouts.REDCAP, "csv", "redcap"),
    "redcap-labels": (layouts.REDCAP_LABELS, "csv", "redcap"),
    "praxis": (layouts.NESTED, "json", "praxis"),
    "praxis-json": (layouts.WRAPPED, "json lines", "praxis"),
    "praxis-ui": (layouts.UI, "json", "praxis"),
    "praxis-specs": (layouts.SPECS, "json", "praxis"),
    "sygen": (layouts.SYGEN, "csv", "sygen"),
}


def write_exams(table: ExamTable, to: str, *, lossy: bool = False) -> Written:
    """The exams of a table in the layout `to`.

    Args:
        table: what `read_exams` returned, without faults.
        to: `tidy`, `parquet`, `redcap`, `redcap-labels`, `praxis`, `praxis-json`, `praxis-ui`,
            `praxis-specs` or `sygen`.
        lossy: leave out what the layout cannot hold, and list it (never flags: they change grades).

    Raises:
        UnsupportedError: an unknown layout, or one that cannot hold these exams.
        InputError: the table has faults, or a key column has a name with a meaning in the layout.
    """
    if to not in _TARGETS:
        raise UnsupportedError(f"there is no writer {to!r}; known are {', '.join(_TARGETS)}")
    if table.summary_only:
        raise UnsupportedError(
            f"{table.name} holds summary values without scores: nothing to convert"
        )
    if table.faults:
        count = len({fault.where for fault in table.faults})
        raise InputError(
            f"{table.name} has faults in {count} places, the first: {table.faults[0]}. "
            "Nothing was written: mend the file, see `saisei exam check`"
        )
    layout, container, family = _TARGETS[to]
    left_out = _refused(table, layout, lossy)
    header, rows = _sheet(table, layout, family, container)
    return Written(_CONTAINERS[container](header, rows), left_out)


WRITERS: dict[str, Callable[..., Written]] = {
    name: partial(write_exams, to=name) for name in _TARGETS
}
"""Writers by the name of their layout."""


def _refused(table: ExamTable, layout: Layout, lossy: bool) -> tuple[str, ...]:
    """What of these exams the layout cannot hold."""
    if layout.name != "sygen":
        return ()
    codes = [row.codes for row in table.rows if row.codes is not None]
    flagged = sum(1 for row in codes if max(row[:_SCORES]) >= 10)
    if flagged:
        raise UnsupportedError(
            f"{table.name}: {flagged} exams have flags (* or **), which the Sygen layout cannot hold; "
            "without them the grades would change"
        )
    lost = []
    if vac := sum(1 for row in codes if row[_VAC] != 9):
        lost.append(f"VAC of {vac} exams (the layout has no column for it)")
    if muscles := sum(1 for row in codes if max(row[_RIGHT_NON_KEY], row[_LEFT_NON_KEY]) >= 0):
        lost.append(f"the non-key muscle of {muscles} exams")
    if lost and not lossy:
        raise UnsupportedError(
            f"{table.name}: the Sygen layout cannot hold {' and '.join(lost)}; "
            "choose another layout, or leave it out knowingly: --lossy (lossy=True)"
        )
    return tuple(lost)


def _sheet(
    table: ExamTable, layout: Layout, family: str, container: str
) -> tuple[list[str], list[list[Any]]]:
    """Header and rows in the layout: person first, keys, items with their readings, comments, reported."""
    keys = _key_names(table, layout, family)
    reported = _reported_names(table, layout)
    comments = layout.comments or "comments"
    readings = dict(zip(layout.items, layout.reading, strict=False))
    items = [(i, name) for i, name in enumerate(layout.items) if name]
    header = list(keys.values())
    for _, name in items:
        header += [name, readings[name]] if name in readings else [name]
    header += [comments, *reported.values()]
    rows = []
    for row in table.rows:
        cells = [row.keys.get(key, ABSENT) for key in keys]
        for i, name in items:
            code = row.codes[i] if row.codes else 0
            cells += _cell(layout, i, code, name in readings, container)
        cells.append(row.comments or (ABSENT if container.startswith("json") else ""))
        cells += [row.reported.get(ours, ABSENT) for ours in reported]
        rows.append(cells)
    return header, rows


def _cell(layout: Layout, i: int, code: int, reading: bool, container: str) -> list[Any]:
    """A cell, and beside it the reading of its flag where the layout has a column for that."""
    if container == "parquet":
        return [code]
    stars = code // 10 if i < _SCORES else 0
    one_star = code - 10 if stars == 2 and layout.reading_adds else code
    text = layout.notation.text(KINDS[i], one_star)
    if not reading:
        return [text if text is not None else ""]
    if layout.reading_adds:
        words = ("Consider Not Normal", "Consider Normal")
        texts = words if layout.name == "redcap-labels" else ("2", "1")
        return [text, texts[stars - 1] if stars else ""]
    return [text, stars == 2 if stars else None]


def _key_names(table: ExamTable, layout: Layout, family: str) -> dict[str, str]:
    """Key columns -> their names in the layout; the person comes first, blank columns stay behind."""
    same = layout.name == table.format
    from_redcap = table.format.startswith("redcap")
    roles = {column: role for role, column in table.roles.items()}
    meant = {*layout.items, *layout.reading, *layout.reported, layout.comments or "comments"}
    used: set[str] = set()
    for row in table.rows:
        used.update(k for k, v in row.keys.items() if not is_blank(v))
    names: dict[str, str] = {}
    ordered = sorted(table.key_columns, key=lambda column: roles.get(column) != "person_id")
    for column in ordered:
        if column not in used and not same and column not in roles:
            continue
        name = column
        if column in roles and not (same or (layout.first_is_person and from_redcap)):
            name = ROLE_COLUMNS[family][roles[column]]
            name = column if name in table.key_columns or name in meant else name
        if name in meant or name in names.values():
            raise InputError(
                f"{table.name}: the column {name!r} has a meaning of its own in {layout.title}: "
                "rename it first"
            )
        names[column] = name
    return names


def _reported_names(table: ExamTable, layout: Layout) -> dict[str, str]:
    """Reported quantities that occur -> their names in the layout."""
    theirs: dict[str, str] = {}
    for name, ours in layout.reported.items():
        theirs.setdefault(ours, name)
    given = {ours for row in table.rows for ours in row.reported}
    occurring = [ours for ours in REPORTED if ours in given] + sorted(given - set(REPORTED))
    return {ours: theirs.get(ours, f"reported_{ours}") for ours in occurring}


# ---- Containers -------------------------------------------------------------------------------------


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A CSV file, UTF-8, comma, newline."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _plain(value: Any) -> str:
    if value is ABSENT or value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        json.dumps(value, ensure_ascii=False, default=str)
        if isinstance(value, list | dict)
        else str(value)
    )


def _objects(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    paths = [_path(name) for name in header]
    found = []
    for row in rows:
        nested: dict[str, Any] = {}
        for path, value in zip(paths, row, strict=True):
            if value is not ABSENT:
                _put(nested, path, value)
        found.append(nested)
    return found


def _path(name: str) -> list[str]:
    """The keys of a dotted name; a dot that belongs to a key is written `\\.`."""
    parts, current, escaped = [], "", False
    for letter in name:
        if escaped or letter not in "\\.":
            current, escaped = current + letter, False
        elif letter == "\\":
            escaped = True
        else:
            parts.append(current)
            current = ""
    return [*parts, current]


def _put(nested: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        nested = nested.setdefault(key, {})
    nested[path[-1]] = value


def _dump(value: Any, indent: int | None) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(
        value,
        ensure_ascii=False,
        indent=indent,
        allow_nan=False,
        default=str,
        separators=separators,
    )


def _json(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    return (_dump(_objects(header, rows), 1) + "\n").encode()


def _json_lines(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    return "".join(_dump(one, None) + "\n" for one in _objects(header, rows)).encode()


def parquet_bytes(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A Parquet file; columns of items as int8 codes."""
    pa: Any = importlib.import_module("pyarrow")
    pq: Any = importlib.import_module("pyarrow.parquet")

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    coded = set(COLUMNS)
    arrays = []
    for name, values in zip(header, columns, strict=True):
        cells = [None if value is ABSENT else value for value in values]
        if name in coded:
            arrays.append(pa.array(cells, pa.int8()))
        else:
            arrays.append(_column(pa, cells))
    out = io.BytesIO()
    pq.write_table(pa.table(dict(zip(header, arrays, strict=True))), out)
    return out.getvalue()


def _column(pa: Any, cells: list[Any]) -> Any:
    """A key column in its own type when all its values share one, else as text."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) <= 1 and kinds <= {str, int, float, bool}:
        try:
            return pa.array(cells)
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([None if cell is None else _plain(cell) for cell in cells], pa.string())


_CONTAINERS: Mapping[str, Callable[[Sequence[str], Sequence[Sequence[Any]]], bytes]] = {
    "csv": csv_bytes,
    "json": _json,
    "json lines": _json_lines,
    "parquet": parquet_bytes,
}
