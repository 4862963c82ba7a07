"""From the bytes of a file to rows of cells, before anything is known of the layout.

CSV (comma, semicolon or tab), one JSON document, JSON lines, and Parquet. Nothing is guessed: what cannot
be read whole is refused with its place. A row that breaks alone (too many cells, a broken JSON line)
becomes a `Fault` in its place, so that the other rows can still be read and none is lost in silence.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from saisei.errors import Fault, InputError

__all__ = [
    "ABSENT",
    "MAX_BYTES",
    "MAX_CELL",
    "Absent",
    "Sheet",
    "decoded",
    "flat_record",
    "load_bytes",
    "read_sheet",
    "records_sheet",
    "shown",
]

MAX_BYTES: Final = 1 << 30
"""Largest file that is read at once; larger tables belong into Parquet and `exam.formats.stream`."""
MAX_CELL: Final = 131_072
"""Longest cell, in characters (the limit of Python's own CSV reader)."""
MAX_COLUMNS: Final = 20_000
MAX_ROWS: Final = 5_000_000


class Absent(Enum):
    """The mark of a key that a JSON object does not have (null is something else)."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as rows of cells.

    Attributes:
        name: what messages call the file.
        container: `csv`, `json`, `json lines` or `parquet`.
        header: column names; nested JSON keys are joined by dots.
        rows: one list of cells a row, as long as the header, or the fault of a row that broke.
        lines: the line of each row in the file (0 where lines mean nothing).
        places: the place of each row where it is more than a number (`row 3, week 08`).
    """

    name: str
    container: str
    header: tuple[str, ...]
    rows: tuple[list[Any] | Fault, ...]
    lines: tuple[int, ...]
    places: tuple[str, ...] = ()

    def place(self, index: int) -> str:
        """Where row `index` stands, as a person would say it."""
        line = self.lines[index]
        if self.places:
            return f"{self.name}, {self.places[index]}"
        if self.container == "json lines":
            return f"{self.name}, line {line}"
        return f"{self.name}, row {index + 1}" + (f" (line {line})" if line else "")


def load_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises:
        InputError: no such file, a folder, or too large.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the file of exams in it")
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise InputError(
            f"{path} has more than the {limit} bytes that are read at once: split it, or use Parquet"
        )
    return data


_FOREIGN = (
    (b"PK\x03\x04", "is a zip archive or a workbook: unpack it, or save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "is compressed (gzip): unpack it first"),
    (b"%PDF", "is a PDF: exams are read from CSV, JSON or Parquet"),
    (b"\xd0\xcf\x11\xe0", "is an old workbook: save the sheet as CSV (UTF-8)"),
    (b"\xff\xfe", "is written in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "is written in UTF-16: save it as UTF-8"),
)


def read_sheet(data: bytes, name: str = "input") -> Sheet:
    """The rows of a file, whatever container holds them.

    Args:
        data: the bytes of the file.
        name: what messages call it.

    Raises:
        InputError: empty, not text, an unknown container, or broken as a whole.

    >>> read_sheet(b"a;b\\n1;2\\n").rows
    (['1', '2'],)
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} has {len(data)} bytes, more than the {MAX_BYTES} read at once")
    if data[:4] == b"PAR1":
        return _parquet_sheet(data, name)
    for mark, rule in _FOREIGN:
        if data.startswith(mark):
            raise InputError(f"{name} {rule}")
    text = _decode(data, name)
    start = text.lstrip()[:1]
    if not start:
        raise InputError(f"{name} is empty: there is no exam in it")
    return _json_sheet(text, name) if start in "{[" else _csv_sheet(text, name)


def _decode(data: bytes, name: str) -> str:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{name}, line {line}: a NUL character: the file is damaged or not text")
    return text


# ---- CSV --------------------------------------------------------------------------------------------


def _csv_sheet(text: str, name: str) -> Sheet:
    delimiter = _delimiter(text, name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: tuple[str, ...] = ()
    rows: list[list[Any] | Fault] = []
    lines: list[int] = []
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not cells:
                continue
            if not header:
                header = _checked_header(cells, name)
                continue
            rows.append(cells if len(cells) == len(header) else _ragged(name, line, cells, header))
            lines.append(line)
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: not a proper CSV row: {error}") from None
    return Sheet(name, "csv", header, tuple(rows), tuple(lines))


def _delimiter(text: str, name: str) -> str:
    """The delimiter that splits the first row into most cells."""
    best, most = ",", 0
    for delimiter in ",;\t":
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            cells = next((row for row in reader if row), [])
        except csv.Error:
            continue
        if len(cells) > most:
            best, most = delimiter, len(cells)
    if most < 2:
        raise InputError(f"{name} is neither a table (CSV), nor JSON, nor Parquet")
    return best


def _checked_header(cells: list[str], name: str) -> tuple[str, ...]:
    if len(cells) > MAX_COLUMNS:
        raise InputError(f"{name} has {len(cells)} columns; at most {MAX_COLUMNS} are read")
    twice = _doubled(cells)
    if twice is not None:
        raise InputError(
            f"{name}: column {shown(twice)} stands more than once: "
            "which one counts cannot be known, remove or rename it"
        )
    return tuple(cells)


def _doubled(names: list[str]) -> str | None:
    """The first name that stands a second time."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _ragged(name: str, line: int, cells: list[str], header: tuple[str, ...]) -> Fault:
    return Fault(
        f"{name}, line {line}",
        f"{len(cells)} cells",
        f"the header has {len(header)} columns",
        "mend the row; a comma inside a cell needs quotes",
    )


# ---- JSON -------------------------------------------------------------------------------------------


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"key {shown(_doubled([key for key, _ in pairs]))} stands more than once")
    return found


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value


def _constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_float, parse_constant=_constant)


def _json_sheet(text: str, name: str) -> Sheet:
    body = text.strip()
    try:
        document, end = _DECODER.raw_decode(body)
    except (ValueError, RecursionError) as error:
        if body.startswith("{") and _looks_like_lines(body):
            return _json_lines_sheet(text, name)
        raise InputError(f"{name}: broken JSON: {_reason(error)}") from None
    if body.startswith("{") and end < len(body):
        return _json_lines_sheet(text, name)
    if end < len(body):
        raise InputError(f"{name}: broken JSON: something stands after the end of the list")
    records = document if isinstance(document, list) else [document]
    items: list[dict[str, Any] | Fault] = []
    for number, record in enumerate(records, 1):
        items.append(flat_record(record, f"{name}, row {number}"))
    return records_sheet(items, [0] * len(items), "json", name)


def _looks_like_lines(body: str) -> bool:
    first, _, rest = body.partition("\n")
    return first.rstrip().endswith("}") and rest.lstrip().startswith("{")


def _json_lines_sheet(text: str, name: str) -> Sheet:
    items: list[dict[str, Any] | Fault] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        lines.append(number)
        value = decoded(line, where)
        items.append(value if isinstance(value, Fault) else flat_record(value, where))
    return records_sheet(items, lines, "json lines", name)


def decoded(line: str, where: str) -> Any:
    """One JSON value; a `Fault` where it is broken, names a key twice or is nested too deeply."""
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        return Fault(where, "", f"broken JSON: {_reason(error)}", "mend the line")


def _reason(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def flat_record(record: Any, where: str) -> dict[str, Any] | Fault:
    """One JSON object, flat: `{"right": {"motor": ...}}` becomes `right.motor. ...`."""
    if not isinstance(record, dict):
        return Fault(where, shown(record), "an exam is a JSON object", "write {...}")
    try:
        flat = dict(_leaves(record, ""))
    except RecursionError:
        return Fault(where, "", "broken JSON: nested too deeply")
    for key, value in flat.items():
        rule = _unsound(key) or _unsound(value)
        if rule:
            return Fault(f"{where}, field {shown(key)}", "", rule)
    return flat


def _unsound(value: Any) -> str:
    """Why a JSON value can not be kept, or nothing."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
    if not isinstance(text, str):
        return ""
    if len(text) > MAX_CELL:
        return f"{len(text)} characters in one value; at most {MAX_CELL} are read"
    if "\0" in text:
        return "a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "half a character (a lone surrogate)"
    return ""


def _leaves(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        # A dot inside a key must not look like nesting.
        path = prefix + key.replace("\\", "\\\\").replace(".", "\\.")
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, path + ".")
        else:
            yield path, inner


def records_sheet(
    items: list[dict[str, Any] | Fault], lines: list[int], container: str, name: str
) -> Sheet:
    if not items:
        raise InputError(f"{name} is empty: there is no exam in it")
    header = tuple(dict.fromkeys(key for item in items if isinstance(item, dict) for key in item))
    if len(header) > MAX_COLUMNS:
        raise InputError(f"{name} has {len(header)} fields; at most {MAX_COLUMNS} are read")
    rows = tuple(
        item if isinstance(item, Fault) else [item.get(key, ABSENT) for key in header]
        for item in items
    )
    return Sheet(name, container, header, rows, tuple(lines))


# ---- Parquet ----------------------------------------------------------------------------------------


def _parquet_sheet(data: bytes, name: str) -> Sheet:
    pq: Any = importlib.import_module("pyarrow.parquet")
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        header = _checked_header(file.schema_arrow.names, name)
        _few_enough(file.metadata.num_rows, name)
        table = file.read()
        table.validate(full=True)
        columns = [column.to_pylist() for column in table.columns]
    except InputError:
        raise
    except Exception as error:  # a damaged file makes the library raise almost anything
        reason = str(error).partition("\n")[0]
        raise InputError(f"{name}: a damaged Parquet file: {reason}") from None
    rows = tuple(list(cells) for cells in zip(*columns, strict=True))
    return Sheet(name, "parquet", header, rows, (0,) * len(rows))


def _few_enough(rows: int, name: str) -> None:
    if rows > MAX_ROWS:
        raise InputError(
            f"{name} has {rows} rows; at most {MAX_ROWS} are read at once: stream it, or split it"
        )


def shown(value: Any) -> str:
    """A value as a message shows it: short."""
    if value is ABSENT:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."
