"""Sygen: the upper-case twin of the names, and the wide file (one row a person, a suffix a week)."""

from __future__ import annotations

import re
from typing import Any

from saisei.errors import Fault
from saisei.exam.formats import names
from saisei.exam.formats.layouts import SYGEN, Layout
from saisei.exam.formats.source import ABSENT, Sheet

__all__ = ["SYGEN_WIDE", "is_wide", "long_sheet", "with_case_of"]

_ITEMS = tuple(name for name in names.SYGEN if name)
_FIELDS = (*_ITEMS, *names.SYGEN_REPORTED)
# The week of `ais` is written ais1, that of all others lower01: it is taken as a number.
_COLUMN = re.compile(rf"({'|'.join(_FIELDS)})(\d{{1,2}})$", re.IGNORECASE)
_WEEKS = {int(week): week for week in names.SYGEN_WEEKS}


def _wide_layout() -> Layout:
    from dataclasses import replace

    return replace(
        SYGEN,
        name="sygen-wide",
        title="Sygen, one row a person",
        reported=dict(names.SYGEN_REPORTED),
    )


SYGEN_WIDE = _wide_layout()


def with_case_of(layout: Layout, header: tuple[str, ...]) -> Layout:
    """The layout with its item names in capitals, if that is how the file writes them."""
    from dataclasses import replace

    upper = tuple(name.upper() if name else None for name in layout.items)
    hits = len(set(upper) & set(header)) - (None in upper and None in header)
    lower = len(set(layout.items) & set(header))
    return replace(layout, items=upper) if hits > lower else layout


def _split(name: str) -> tuple[str, int] | None:
    match = _COLUMN.match(name)
    if match is None or int(match[2]) not in _WEEKS:
        return None
    return match[1].lower(), int(match[2])


def is_wide(header: tuple[str, ...]) -> int:
    """How many columns of the header are items with a week."""
    return sum(1 for name in header if (split := _split(name)) and split[0] in _ITEMS)


def long_sheet(sheet: Sheet) -> Sheet:
    """A wide sheet as one row for each person and week; weeks without any column are left out."""
    columns: dict[int, dict[str, list[int]]] = {}
    for at, name in enumerate(sheet.header):
        split = _split(name)
        if split is not None:
            columns.setdefault(split[1], {}).setdefault(split[0], []).append(at)
    weeks = sorted(week for week, fields in columns.items() if set(fields) & set(_ITEMS))
    taken = {at for week in weeks for ats in columns[week].values() for at in ats}
    fixed = [at for at in range(len(sheet.header)) if at not in taken]
    fields = [f for f in _FIELDS if any(f in columns[week] for week in weeks)]
    week_name = "week" if "week" not in sheet.header else "week_of_exam"
    header = (*(sheet.header[at] for at in fixed), week_name, *fields)
    rows: list[list[Any] | Fault] = []
    lines: list[int] = []
    places: list[str] = []
    for index, cells in enumerate(sheet.rows):
        for week in weeks:
            lines.append(sheet.lines[index])
            place = f"row {index + 1}"
            if isinstance(cells, Fault):
                rows.append(cells)
                places.append(place)
                break
            places.append(f"{place}, week {_WEEKS[week]}")
            found = columns[week]
            values = [_one(cells, found.get(field, [])) for field in fields]
            rows.append([*(cells[at] for at in fixed), str(week), *values])
    return Sheet(sheet.name, sheet.container, header, tuple(rows), tuple(lines), tuple(places))


def _one(cells: list[Any], at: list[int]) -> Any:
    """The cell of a field; two columns (lower and upper case) must say the same."""
    if not at:
        return ABSENT
    values = [cells[i] for i in at]
    return values[0] if all(value == values[0] for value in values) else values
