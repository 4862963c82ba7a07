"""A user's own people, one line each, as rows of the same form as published tables.

Takes a CSV text. Gives one row per registry, initial grade, level group and week-wide baseline window.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping

from saisei.errors import DocumentError, Fault
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.study.registries.rows import GRADES, Kind, Row

__all__ = ["COLUMNS", "LEVEL_GROUPS", "level_group", "rows_of_people"]

COLUMNS = (
    "person", "registry", "level", "baseline_day", "baseline_grade", "follow_day", "follow_grade",
    "injury_year",
)  # fmt: skip
LEVEL_GROUPS: Mapping[str, tuple[Level, Level]] = {
    "tetraplegia": (Level.C1, Level.C8),
    "T1-T9": (Level.T1, Level.T9),
    "T10-T12": (Level.T10, Level.T12),
    "L1 and below": (Level.L1, Level.S4_5),
}
_WINDOW_DAYS = 7.0  # people whose baseline exams lie within one week share a row
_YEARS = (1950, 2100)

Key = tuple[str, AIS, str, int, int]


def level_group(level: Level) -> str:
    """The group of Marino 2020 that a level belongs to.

    >>> level_group(Level.C5), level_group(Level.T10)
    ('tetraplegia', 'T10-T12')
    """
    return next(name for name, (first, last) in LEVEL_GROUPS.items() if first <= level <= last)


def rows_of_people(name: str, text: str) -> tuple[Row, ...]:
    """Rows from people; DocumentError names every fault by line."""
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        rule = f"has no column {', '.join(missing)}"
        raise DocumentError(name, [Fault("line 1", "", rule, f"columns: {', '.join(COLUMNS)}")])
    faults: list[Fault] = []
    groups: dict[Key, list[tuple[float, float, int, str]]] = defaultdict(list)
    seen: dict[str, int] = {}
    for line, record in enumerate(reader, start=2):
        _person(line, record, seen, groups, faults)
    if not groups and not faults:
        faults.append(Fault("line 2", "", "holds no person", "add one line per person"))
    if faults:
        raise DocumentError(name, faults)
    return tuple(_row(name, key, people) for key, people in sorted(groups.items()))


def _person(
    line: int,
    record: Mapping[str, str],
    seen: dict[str, int],
    groups: dict[Key, list[tuple[float, float, int, str]]],
    faults: list[Fault],
) -> None:
    where, before = f"line {line}", len(faults)
    if None in record or any(record[column] in (None, "") for column in COLUMNS):
        faults.append(Fault(where, "", "must have one entry per column, none empty"))
        return
    person = record["person"]
    if person in seen:
        rule = f"this person stands already on line {seen[person]}"
        faults.append(Fault(f"{where}, column person", person, rule, "keep one line per person"))
    seen[person] = line
    for column in ("baseline_grade", "follow_grade"):
        if record[column] not in list(GRADES):
            rule = "is not an AIS grade (A to E)"
            faults.append(Fault(f"{where}, column {column}", record[column], rule))
    numbers = {
        column: _number(where, column, record[column], faults)
        for column in ("baseline_day", "follow_day", "injury_year")
    }
    try:
        group = level_group(Level.parse(record["level"]))
    except (ValueError, StopIteration):
        rule = "is not a spinal level (C1 to S4-5)"
        faults.append(Fault(f"{where}, column level", record["level"], rule))
        return
    if len(faults) > before:
        return
    start, end, year = numbers["baseline_day"], numbers["follow_day"], int(numbers["injury_year"])
    if end <= start:
        rule = "must lie after the baseline exam"
        faults.append(Fault(f"{where}, column follow_day", record["follow_day"], rule))
    if not _YEARS[0] <= year <= _YEARS[1]:
        faults.append(Fault(f"{where}, column injury_year", str(year), "is not a year"))
    if len(faults) > before:
        return
    window, later = int(start // _WINDOW_DAYS), int(end // 90)
    key = (record["registry"], AIS(record["baseline_grade"]), group, window, later)
    groups[key].append((start, end, year, record["follow_grade"]))


def _number(where: str, column: str, text: str, faults: list[Fault]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number < 1e5:
        faults.append(Fault(f"{where}, column {column}", text, "must be a number, not negative"))
    return number


def _row(name: str, key: Key, people: list[tuple[float, float, int, str]]) -> Row:
    registry, initial, group, window, later = key
    starts, ends, years, grades = zip(*people, strict=True)
    return Row(
        id=f"{registry}-{initial}-{group}-w{window}-q{later}".lower().replace(" ", "-"),
        study=registry,
        source=name,
        registry=registry,
        kind=Kind.NATURAL,
        initial=initial,
        level_label=group,
        levels=LEVEL_GROUPS[group],
        baseline_label=f"day {min(starts):g} to {max(starts):g}",
        baseline_days=(min(starts), max(starts)),
        follow_label=f"day {min(ends):g} to {max(ends):g}",
        follow_days=(min(ends), max(ends)),
        era=(min(years), max(years)),
        era_known=True,
        cells=tuple(GRADES),
        percents={},
        counts={grade: grades.count(grade) for grade in GRADES},
        n=len(people),
        n_min=len(people),
        n_max=len(people),
        n_label=str(len(people)),
        baseline_mean=sum(starts) / len(starts),
        follow_mean=sum(ends) / len(ends),
        notes=("counted from people, one line each",),
    )
