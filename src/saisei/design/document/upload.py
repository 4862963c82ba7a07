"""A user's own decision or stopping table, read from CSV or TOML and put into a design."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from saisei.design.document.reading import read_document
from saisei.design.document.schema import DesignDocument
from saisei.errors import InputError

__all__ = ["TABLES", "with_table"]

TABLES = {
    ("people", "stop_at"): "a stopping rule for harm: stop when events are at least `stop_at`",
    ("people", "stop_at_most", "succeed_at_least"): "decisions of a single arm on converters",
    ("people", "events", "action"): "steps of dose finding: escalate, stay, de-escalate, eliminate",
}
_MOST_BYTES = 100_000


def with_table(
    document: DesignDocument, content: bytes, name: str, event: str | None = None
) -> DesignDocument:
    """The design with the table in place of its own; checked like any other.

    The columns say what the table is (`TABLES`). TOML holds the same as `rows = [{ people = 3, ... }]`.

    Args:
        document: the design.
        content: bytes of the file.
        name: how messages call it.
        event: which safety rule a stopping table replaces; may be left out when there is but one that is
            not about a first event.

    Raises:
        InputError: the file is no such table, or the design has no place for it.
        DocumentError: the design with the table has faults; all of them are listed.
    """
    kind, rows = _read(content, name)
    made = document.content()
    if kind[1] == "stop_at":
        _stopping(made, rows, name, event)
    elif kind[1] == "events":
        if "dose_finding" not in made:
            raise InputError(f"{name} has steps of dose finding, but {document.id} finds no dose")
        made["dose_finding"]["table"] = [
            {"n": row["people"], "events": row["events"], "action": row["action"]} for row in rows
        ]
        for key in ("rule", "skeleton", "prior_sd"):
            made["dose_finding"].pop(key, None)
    else:
        made["analysis"] = {
            "method": "own table",
            "looks": [row["people"] for row in rows],
            "stop_at_most": [row["stop_at_most"] for row in rows],
            "succeed_at_least": [row["succeed_at_least"] for row in rows],
        }
        for key in ("go", "stop"):
            made["decision"].pop(key, None)
    return read_document(json.dumps(made).encode("utf-8"), f"{document.id} with {name}")


def _stopping(
    made: dict[str, Any], rows: Sequence[Mapping[str, Any]], name: str, event: str | None
) -> None:
    rules = made.get("safety", [])
    fitting = [
        rule for rule in rules if rule["rule"] != "zero events" and event in (None, rule["event"])
    ]
    if len(fitting) != 1:
        known = "; ".join(f'"{rule["event"]}"' for rule in rules if rule["rule"] != "zero events")
        raise InputError(
            f"{name} is a stopping table: say with --event which rule it replaces"
            f" ({known or 'the design has none for a repeated event'})"
        )
    (rule,) = fitting
    kept = ("event", "window_days", "onset", "acceptable_rate", "unacceptable_rate")
    table = {key: rule[key] for key in kept if key in rule}
    table |= {
        "rule": "table",
        "looks": [row["people"] for row in rows],
        "stop_at": [row["stop_at"] for row in rows],
    }
    rules[rules.index(rule)] = table


def _read(content: bytes, name: str) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    if len(content) > _MOST_BYTES:
        raise InputError(f"{name} is larger than {_MOST_BYTES:,} bytes: no table of decisions is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text: save it as UTF-8") from error
    raw = _toml(text, name) if "=" in text.partition("\n")[0] else _csv(text, name)
    if not raw:
        raise InputError(f"{name} has no rows")
    columns = tuple(raw[0])
    kind = next((known for known in TABLES if set(known) == set(columns)), None)
    if kind is None or any(set(row) != set(kind) for row in raw):
        known = "; or ".join(",".join(names) for names in TABLES)
        raise InputError(f"{name} has columns {','.join(columns)}: write {known}")
    return kind, [_numbers(row, place, name) for place, row in enumerate(raw, 1)]


def _csv(text: str, name: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True, strict=True)
    try:
        rows = [dict(row) for row in reader]
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: is not CSV ({error})") from error
    for place, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise InputError(f"{name}, line {place}: has not one cell for each column")
    return [{str(key).strip(): cell.strip() for key, cell in row.items()} for row in rows]


def _toml(text: str, name: str) -> list[dict[str, Any]]:
    try:
        rows = tomllib.loads(text).get("rows")
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not TOML: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{name} has no rows: write rows = [{{ people = 3, stop_at = 2 }}]")
    return rows


def _numbers(row: Mapping[str, Any], place: int, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, cell in row.items():
        if key == "action":
            found[key] = cell
            continue
        try:
            found[key] = int(cell)
        except (TypeError, ValueError):
            raise InputError(
                f"{name}, row {place}: {key} is {cell!r}, not a whole number"
            ) from None
    return found
