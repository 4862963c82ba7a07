"""Exams as codes, for the tests of readers and writers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from saisei.exam.formats import ExamRow, ExamTable

ROOT = Path(__file__).parents[3]


def table_of(
    exams: list[tuple[int, ...]],
    keys: list[dict[str, str]] | None = None,
    comments: list[str] | None = None,
    reported: list[dict[str, str]] | None = None,
) -> ExamTable:
    """A table of sound exams, as a reader would have made it."""
    keys = keys or [{"person_id": f"P{i}"} for i in range(len(exams))]
    columns = tuple(dict.fromkeys(name for one in keys for name in one))
    rows = tuple(
        ExamRow(
            i + 1,
            f"made, row {i + 1}",
            keys[i],
            exams[i],
            comments[i] if comments else "",
            reported[i] if reported else {},
        )
        for i in range(len(exams))
    )
    return ExamTable("made", "made", "made", rows, (), columns, {"person_id": "person_id"})


@pytest.fixture(scope="session")
def make_table() -> Callable[..., ExamTable]:
    """`table_of`, for tests that need a table."""
    return table_of


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of example files."""
    return ROOT / "examples" / "exams"
