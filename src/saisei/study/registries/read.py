"""Reads registry files (TOML tables, or a CSV of people) and refuses what cannot be true.

Takes a text and its name. Gives rows. Every fault is named with its place; none is mended silently.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from saisei.errors import DocumentError, Fault, InputError
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.study.registries.people import rows_of_people
from saisei.study.registries.rows import GRADES, Kind, Row, Timing, rounds_to

__all__ = ["load", "load_file", "parse"]

_TEXT = ("id", "study", "source", "registry", "level_label", "baseline_label", "follow_label")
_REQUIRED = (*_TEXT, "kind", "initial", "levels", "baseline_days", "follow_days", "era")
_OPTIONAL = (
    "era_known", "percent", "count", "n", "n_min", "n_max", "n_label", "rest", "baseline_mean",
    "follow_mean", "timing", "fitted", "why_not", "source_errors", "notes",
)  # fmt: skip


@cache
def load() -> tuple[Row, ...]:
    """Every published row of the natural-history base, in the order of its files."""
    folder = files("saisei.study.registries").joinpath("tables")
    found: list[Row] = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name.endswith(".toml"):
            found += parse(item.name, item.read_text(encoding="utf-8"))
    twice = {row.id for row in found if sum(other.id == row.id for other in found) > 1}
    if twice:
        raise DocumentError(
            "the natural-history base", [Fault(one, "", "stands twice") for one in sorted(twice)]
        )
    return tuple(found)


def load_file(path: Path | str) -> tuple[Row, ...]:
    """The rows of a user's own registry: a TOML file of tables, or a CSV file with one line per person.

    Args: path: `.toml` (tables as in the natural-history base) or `.csv` (columns person, registry,
        level, baseline_day, baseline_grade, follow_day, follow_grade, injury_year).
    Raises: DocumentError naming every fault with its place; InputError for another kind of file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    if path.suffix.lower() == ".csv":
        return rows_of_people(path.name, text)
    if path.suffix.lower() == ".toml":
        rows = tuple(parse(path.name, text))
        _no_clash(path.name, rows)
        return rows
    raise InputError(f"{path} is neither .toml nor .csv: give tables (TOML) or people (CSV)")


def _no_clash(name: str, rows: tuple[Row, ...]) -> None:
    known = {row.id for row in load()}
    faults = [
        Fault(f"row {row.id}", "", "is already in the natural-history base", "choose another id")
        for row in rows
        if row.id in known
    ]
    if faults:
        raise DocumentError(name, faults)


def parse(name: str, text: str) -> list[Row]:
    """The rows of one TOML text; DocumentError lists every fault."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(name, [Fault(name, "", f"is not TOML: {error}")]) from None
    faults: list[Fault] = []
    records = document.get("row", [])
    unknown = set(document) - {"row"}
    faults += [Fault(key, "", "is not known here", "write [[row]]") for key in sorted(unknown)]
    if not isinstance(records, list) or not records:
        faults.append(Fault("row", "", "holds no row", "write one [[row]] per table"))
        records = []
    rows: list[Row] = []
    seen: set[str] = set()
    for i, record in enumerate(records):
        where = f"row[{i}]"
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            where = f"row[{i}] ({record['id']})"
            if record["id"] in seen:
                faults.append(Fault(where, record["id"], "the same id stands twice: same people?"))
            seen.add(record["id"])
        row = _row(where, record, faults)
        if row is not None:
            rows.append(row)
    if faults:
        raise DocumentError(name, faults)
    return rows


def _row(where: str, record: Any, faults: list[Fault]) -> Row | None:
    if not isinstance(record, dict):
        faults.append(Fault(where, repr(record)[:40], "must be a table", "write [[row]]"))
        return None
    before = len(faults)
    missing = [key for key in _REQUIRED if key not in record]
    unknown = [key for key in record if key not in _REQUIRED + _OPTIONAL]
    faults += [Fault(where, "", f"has no {key}", f"add {key} = ...") for key in missing]
    faults += [Fault(f"{where}.{key}", "", "is not a known field", "drop it") for key in unknown]
    if len(faults) > before:
        return None
    for key in _TEXT:
        if not isinstance(record[key], str) or not record[key].strip():
            faults.append(Fault(f"{where}.{key}", repr(record[key])[:40], "must be text"))
    fields: dict[str, Any] = {key: record[key] for key in _TEXT}
    fields |= _people(where, record, faults) | _times(where, record, faults)
    cells = _cells(where, record, faults)
    if len(faults) > before:
        return None
    row = Row(**fields, **cells, **_rest(record))
    _check_counts(where, row, faults)
    return row if len(faults) == before else None


def _people(where: str, record: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kinds, grades = [str(kind) for kind in Kind], list(GRADES)
    if record["kind"] in kinds:
        found["kind"] = Kind(record["kind"])
    else:
        faults.append(Fault(f"{where}.kind", str(record["kind"]), f"must be one of {kinds}"))
    if record["initial"] in grades:
        found["initial"] = AIS(record["initial"])
    else:
        rule = "is not an AIS grade (A to E)"
        faults.append(Fault(f"{where}.initial", str(record["initial"]), rule))
    try:
        first, last = (Level.parse(str(text)) for text in record["levels"])
        if first > last:
            raise ValueError("the first level lies below the last")
        found["levels"] = (first, last)
    except (ValueError, TypeError) as error:
        mend = 'write levels = ["C1", "C8"]'
        faults.append(Fault(f"{where}.levels", str(record["levels"]), str(error), mend))
    if record.get("kind") == Kind.TREATED and record.get("fitted", True):
        rule = "treated people are not natural history"
        faults.append(Fault(f"{where}.fitted", "true", rule, "set fitted = false"))
    if record.get("fitted", True) is False and not record.get("why_not"):
        faults.append(Fault(where, "", "a row that is not fitted says why", 'add why_not = "..."'))
    return found


def _times(where: str, record: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in ("baseline_days", "follow_days", "era"):
        window = record[key]
        good = isinstance(window, list) and len(window) == 2
        good = good and all(type(x) in (int, float) and x >= 0 for x in window)
        if not good or window[0] > window[1]:
            rule = "must be [first, last], not negative"
            faults.append(Fault(f"{where}.{key}", str(window), rule))
        else:
            found[key] = (window[0], window[1])
    if len(found) == 3 and found["baseline_days"][0] >= found["follow_days"][1]:
        rule = "the follow-up must lie after the baseline exam"
        faults.append(Fault(f"{where}.follow_days", str(record["follow_days"]), rule))
    return found


def _cells(where: str, record: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    percent, count = record.get("percent", {}), record.get("count", {})
    rest = record.get("rest", "")
    names = [*percent, *(key for key in count if key not in percent)]
    names += [rest] if rest and rest not in names else []
    for name in names:
        if not set(name) <= set(GRADES):
            rule = "is not made of AIS grades (A to E)"
            faults.append(Fault(f"{where}.{name}", name, rule, "name cells A, B, CD, CDE"))
    joined = "".join(names)
    if sorted(joined) != list(GRADES):
        rule = "the outcome cells must hold each grade A to E once"
        faults.append(Fault(f"{where}.percent", ", ".join(names), rule, "E may stand with CD: CDE"))
    for name, text in percent.items():
        if not isinstance(text, str) or not _is_percent(text):
            mend = 'write "13.0", with its decimals'
            faults.append(Fault(f"{where}.percent.{name}", repr(text), "must be text", mend))
    for name, k in count.items():
        if type(k) is not int or k < 0:
            faults.append(Fault(f"{where}.count.{name}", repr(k), "must be a count"))
    cells = tuple(sorted(names, key=lambda name: GRADES.find(name[0])))
    return {"cells": cells, "percents": percent, "counts": count, "rest": rest}


def _is_percent(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 100.0
    except ValueError:
        return False


def _rest(record: Mapping[str, Any]) -> dict[str, Any]:
    timing = record.get("timing")
    n = record.get("n")
    if n is None and set(record.get("count", {})) and not record.get("rest"):
        named = set("".join(record["count"])) == set(GRADES)
        n = sum(record["count"].values()) if named else None
    return {
        "n": n,
        "n_min": record.get("n_min", 1),
        "n_max": record.get("n_max", 0),
        "n_label": record.get("n_label", "" if n is None else str(n)),
        "era_known": record.get("era_known", False),
        "baseline_mean": record.get("baseline_mean"),
        "follow_mean": record.get("follow_mean"),
        "timing": Timing(timing["by_day"], timing["count"]) if timing else None,
        "fitted": record.get("fitted", True),
        "why_not": record.get("why_not", ""),
        "source_errors": tuple(record.get("source_errors", ())),
        "notes": tuple(record.get("notes", ())),
    }


def _check_counts(where: str, row: Row, faults: list[Fault]) -> None:
    total = sum(row.counts.values())
    whole = set("".join(row.counts)) == set(GRADES)
    if row.n is not None and (total > row.n or (whole and total != row.n)):
        rule = f"the counts add to {total} and n is {row.n}"
        faults.append(Fault(f"{where}.count", str(dict(row.counts)), rule, "mend one of them"))
        return
    if row.n is not None and not row.source_errors:
        for cell, k in row.counts.items():
            printed = row.percents.get(cell)
            if printed is not None and not rounds_to(k, row.n, printed):
                exact = f"{k} of {row.n} is {100 * k / row.n:.3f}%, not {printed}%"
                mend = "mend it, or keep the print and say so in source_errors"
                faults.append(Fault(f"{where}.percent.{cell}", printed, exact, mend))
    if not row.tables:
        print_ = ", ".join(f"{cell} {text}%" for cell, text in row.percents.items())
        of = f"of n = {row.n}" if row.n else f"for any n from {row.n_min} to {row.n_max or 2000}"
        rule = f"no whole-number counts {of} give these percentages"
        faults.append(Fault(f"{where}.percent", print_, rule, "check n and the decimals"))
    if row.timing and (row.reached(GRADES[row.initial.rank + 1 :]) is None):
        faults.append(Fault(f"{where}.timing", "", "needs the number of all who converted"))
