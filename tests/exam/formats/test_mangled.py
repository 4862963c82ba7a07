"""A share of `validation/exam_mangled.py`: mangled files over all readers, no crash and no silent grade."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "validation"))

from exam_mangled import run

from saisei.exam.formats import READERS


def test_two_thousand_mangled_files_are_refused_or_read_right() -> None:
    """Every reader meets mangled files; none crashes, and none grades what is no score."""
    account = run(2000, seed=3, parquet_share=0.01)
    assert account.failures == []
    assert account.inputs == 2000 == account.outcomes.total()
    assert {reader for reader, _ in account.outcomes} == {*READERS, "lines", "stream"}
    refused = sum(n for (_, what), n in account.outcomes.items() if what != "graded right")
    assert 500 < refused < 1900
