"""`saisei evidence studies` and `natural`: what they print, and what they refuse in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from saisei.cli.evidence import app
from saisei.errors import SaiseiError


def _json(*words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_studies_lists_every_row_with_weight_or_reason() -> None:
    rows = _json("studies")
    assert len(rows) == 68
    assert all((row["weight"] is not None) == (row["use"] == "fitted") for row in rows)
    spiess = next(row for row in rows if row["id"] == "spiess-2009-d-all")
    assert "59" in spiess["source_errors"][0]


def test_studies_ranks_rows_for_a_study() -> None:
    rows = _json("studies", "--match", "keio-2025", "--injured", "2021-2023")
    assert rows[0]["initial"] == "A"
    assert rows[0]["score"] != "no"
    wrong_grade = next(row for row in rows if row["id"] == "marino-2011-c-tetraplegia")
    assert (wrong_grade["score"], wrong_grade["why"]) == (
        "no",
        "its people were AIS C, these are AIS A",
    )


def test_natural_prints_six_and_twelve_months_with_intervals() -> None:
    told = _json("natural", "--ais", "A", "--level", "C5", "--exam-day", "21", "--age", "40")
    assert {row["months"] for row in told["rows"]} == {6, 12}
    grades = [row for row in told["rows"] if row["months"] == 12 and "AIS" in row["outcome"]]
    assert sum(row["mean"] for row in grades) == pytest.approx(1.0, abs=1e-3)
    assert all(row["low"] <= row["mean"] <= row["high"] for row in grades)
    split = next(row for row in told["rows"] if row["outcome"] == "any better")
    assert split["sampling"] + split["registry"] + split["shape"] == pytest.approx(1, abs=0.01)
    assert "not a personal prognosis" in told["warning"]
    assert any("age shows no effect" in note for note in told["notes"])


def test_an_unknown_level_stands_beside_all_tetraplegia_and_all_thoracic() -> None:
    rows = _json("natural", "--ais", "A", "--exam-day", "14-28", "--months", "12")["rows"]
    mean = {row["levels"]: row["mean"] for row in rows if row["outcome"] == "any better"}
    assert mean["all T1-T9"] < mean["as given"] < mean["all tetraplegia"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ais", "F"], "--ais is 'F'"),
        (["--ais", "A", "--level", "X9"], "--level is 'X9'"),
        (["--ais", "A", "--level", "L4"], "below T12"),
        (["--ais", "A", "--exam-day", "-3"], "exam day -3 lies before the injury"),
        (["--ais", "A", "--exam-day", "400"], "not before the follow-up"),
        (["--ais", "A", "--months", "0"], "--months is 0"),
        (["--ais", "A", "--age", "-1"], "--age is -1"),
        (["--ais", "A", "--injured", "soon"], "--injured is 'soon'"),
        (["--ais", "A", "--posterior", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_wrong_questions_end_in_one_sentence(words: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["natural", *words])
    assert isinstance(result.exception, SaiseiError | OSError)
    assert message in str(result.exception)


def test_a_fit_is_written_and_can_be_asked(tmp_path: Path) -> None:
    options = ["--shape", "cure", "--steps", "1000", "--draws", "100", "--leave-out", "SCIMS"]
    rows = _json("fit", "--out", str(tmp_path / "mine"), *options)
    assert {row["shape"] for row in rows} == {"cure"}
    assert all(row["contraction"] <= 1.0 for row in rows)
    told = _json("natural", "--ais", "A", "--months", "12", "--posterior", str(tmp_path / "mine"))
    assert told["rows"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shape", "gamma"], "no decay shape 'gamma'"),
        (["--leave-out", "Nowhere"], "no fitted row is of registry 'Nowhere'"),
        (["--add", "nowhere.toml"], "nowhere.toml"),
        (["--spread", "0"], "--spread is 0"),
    ],
)
def test_wrong_fits_end_in_one_sentence(tmp_path: Path, words: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["fit", "--out", str(tmp_path), *words])
    assert isinstance(result.exception, SaiseiError | OSError)
    assert message in str(result.exception)
