"""A trial's people from a table, one line each, for the motor test.

Takes CSV text with the columns id, ais, level, exam_day, follow_day, before, after. Gives kinds of people
(equal people share one), the kind of each person, and the sum of their gains. Every fault is named with
its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from saisei.errors import DocumentError, Fault, InputError
from saisei.evidence.motor_kinds import Kind, kind_of
from saisei.evidence.motor_people import Measure, Wanted
from saisei.patient import plan

__all__ = ["COLUMNS", "people_of_csv"]

COLUMNS = ("id", "ais", "level", "exam_day", "follow_day", "before", "after")
_MOST_PEOPLE = 200
_LIMITS = {Measure.UEMS: 50, Measure.LEMS: 50, Measure.AMS: 100}

Key = tuple[Wanted, int]


def people_of_csv(
    text: str, name: str, measure: Measure
) -> tuple[list[Kind], tuple[int, ...], int]:
    """The kinds of person in a table, the kind of each line, and the sum of their gains.

    Args:
        text: CSV with a header.
        name: of the file, for messages.
        measure: UEMS, LEMS or AMS: what `before` and `after` are.

    Raises:
        DocumentError: faults of the table, each with its line.
        InputError: a measure that has no score, or people whom the generator cannot have.
    """
    if measure not in _LIMITS:
        raise InputError(
            f"a table of people holds scores: {measure} is none; use uems, lems or ams"
        )
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise InputError(
            f"{name} lacks the columns {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
        )
    keys: list[Key] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    total = 0
    for number, row in enumerate(reader, 2):
        try:
            key, gain = _person(row, measure, seen)
        except InputError as error:
            faults.append(Fault(f"line {number}", row.get("id") or "no id", str(error)))
            continue
        keys.append(key)
        total += gain
    if faults:
        raise DocumentError(name, faults)
    if not 1 <= len(keys) <= _MOST_PEOPLE:
        raise InputError(
            f"{name} holds {len(keys)} people: the exact test takes 1 to {_MOST_PEOPLE}"
        )
    different = list(dict.fromkeys(keys))
    kinds = [kind_of(wanted, {measure: before}) for wanted, before in different]
    return kinds, tuple(different.index(key) for key in keys), total


def _person(row: Mapping[str, str | None], measure: Measure, seen: set[str]) -> tuple[Key, int]:
    cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
    empty = [column for column, cell in cells.items() if not cell]
    if empty:
        raise InputError(f"{', '.join(empty)} is empty: fill it in")
    if cells["id"] in seen:
        raise InputError(f"the person {cells['id']!r} stands twice")
    seen.add(cells["id"])
    limit = _LIMITS[measure]
    before, after = (_whole(cells[column], column, limit) for column in ("before", "after"))
    follow = _whole(cells["follow_day"], "follow_day", 10_000)
    exam = plan.days(cells["exam_day"])
    wanted = Wanted(plan.grades(cells["ais"]), plan.levels(cells["level"]), exam, follow)
    return (wanted, before), after - before


def _whole(text: str, column: str, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise InputError(f"{column} is {text!r}: it must be a whole number from 0 to {most}")
    return int(text)
