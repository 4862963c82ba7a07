"""A review as a table: one row for each row of the file, graded or not, none dropped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from saisei.errors import UnsupportedError
from saisei.exam.formats.names import FINDINGS, TOTALS
from saisei.exam.formats.review import Review
from saisei.exam.formats.scores import is_blank
from saisei.exam.formats.source import ABSENT
from saisei.exam.formats.write import csv_bytes, parquet_bytes

__all__ = ["REVIEW_SUFFIXES", "review_bytes", "review_rows"]

_RESULTS = (*FINDINGS, *(name for name in TOTALS if "motor_total" not in name))
_FINDINGS = ("mismatches", "questions", "repairs", "faults")


def review_rows(reviews: Sequence[Review]) -> list[dict[str, Any]]:
    """One dictionary for each row: place, keys, status, results, what was found."""
    rows = []
    for one in reviews:
        for found in one.rows:
            row = found.row
            rows.append(
                {
                    "file": one.table.name,
                    "row": row.row,
                    "keys": {key: value for key, value in row.keys.items() if not is_blank(value)},
                    "status": "graded" if row.codes is not None else "not graded",
                    "policy": one.policy.name,
                    "results": {name: found.results.get(name, "") for name in _RESULTS},
                    "mismatches": [str(mismatch) for mismatch in found.mismatches],
                    "questions": [str(warning) for warning in found.warnings],
                    "repairs": [str(repair) for repair in row.repairs],
                    "faults": [str(fault) for fault in row.faults],
                }
            )
    return rows


def _flat(reviews: Sequence[Review]) -> tuple[list[str], list[list[Any]]]:
    rows = review_rows(reviews)
    keys = list(dict.fromkeys(key for row in rows for key in row["keys"]))
    own = {"file", "row", "status", "policy", *_RESULTS, *_FINDINGS}
    named = [key if key not in own else f"key_{key}" for key in keys]
    header = ["file", "row", *named, "status", "policy", *_RESULTS, *_FINDINGS]
    table = []
    for row in rows:
        cells = [row["file"], row["row"], *(row["keys"].get(key, ABSENT) for key in keys)]
        cells += [row["status"], row["policy"], *(row["results"][name] for name in _RESULTS)]
        cells += ["; ".join(row[name]) for name in _FINDINGS]
        table.append(cells)
    return header, table


def _json(reviews: Sequence[Review]) -> bytes:
    rows = review_rows(reviews)
    return (json.dumps(rows, ensure_ascii=False, indent=1, default=str) + "\n").encode()


def _lines(reviews: Sequence[Review]) -> bytes:
    rows = review_rows(reviews)
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()


_WRITERS: dict[str, Callable[[Sequence[Review]], bytes]] = {
    ".csv": lambda reviews: csv_bytes(*_flat(reviews)),
    ".parquet": lambda reviews: parquet_bytes(*_flat(reviews)),
    ".json": _json,
    ".jsonl": _lines,
}
REVIEW_SUFFIXES = tuple(_WRITERS)


def review_bytes(reviews: Sequence[Review], suffix: str) -> bytes:
    """The reviews as a file: `.csv`, `.parquet`, `.json` or `.jsonl`.

    Raises:
        UnsupportedError: another suffix.
    """
    if suffix not in _WRITERS:
        raise UnsupportedError(f"results are written as {', '.join(_WRITERS)}, not {suffix!r}")
    return _WRITERS[suffix](reviews)
