"""`saisei patient simulate`: a file that other verbs read, or one sentence and no file."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from saisei.cli import main

SMALL = ["--n", "30", "--weeks", "4,52"]


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `saisei ...`."""
    monkeypatch.setattr("sys.argv", ["saisei", *words])
    code = 0
    try:
        main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def saisei(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The command line as a function."""
    return lambda *words: run(capsys, monkeypatch, *words)


def test_a_cohort_is_read_back_by_the_grader(saisei, tmp_path: Path) -> None:
    """`exam grade` reads every row and finds no grade that differs from the file's."""
    out = tmp_path / "cohort.parquet"
    code, said, _ = saisei("patient", "simulate", *SMALL, "--out", str(out), "--json")
    assert code == 0
    tally = json.loads(said)
    assert (tally["people"], tally["rows"], tally["visits"][0]["AIS A"]) == (30, 90, 30)
    assert 0 < tally["acceptance"] <= 1
    code, said, _ = saisei("exam", "grade", str(out), "--json")
    (head,) = json.loads(said)["files"]
    assert code == 0
    assert (head["graded"], head["mismatches"], head["faults"]) == (90, 0, [])


def test_the_file_says_how_it_was_made(saisei, tmp_path: Path) -> None:
    """Seed, eligibility, parameter digest and use stand in the file; two runs give the same bytes."""
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    saisei("patient", "simulate", *SMALL, "--out", str(one), "--workers", "1")
    saisei("patient", "simulate", *SMALL, "--out", str(two), "--workers", "2")
    assert one.read_bytes() == two.read_bytes()
    made = json.loads(pq.read_schema(one).metadata[b"saisei.cohort"])
    assert (made["seed"], made["ais"], made["level"]) == (1, "A", ["C4", "T10"])
    assert "Research use only" in made["use"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--level", "C99"], "not a spinal level"),
        (["--weeks", "-4"], "visits lie"),
        (["--ais", "A", "--level", "S4-5"], "the cohort is empty"),
        (["--n", "0"], "a cohort has 1 to"),
    ],
)
def test_a_wrong_use_is_one_sentence_and_no_file(
    saisei, tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Exit code 2, what is wrong in words, and nothing left behind."""
    code, _, said = saisei(
        "patient", "simulate", *SMALL, *words, "--out", str(tmp_path / "c.parquet")
    )
    assert code == 2
    assert sentence in said
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_said(saisei, tmp_path: Path) -> None:
    """A file in the way of a folder, a folder as the name, another ending: exit code 2, nothing written."""
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file" / "c.parquet", tmp_path / "c.csv"):
        code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(out))
        assert code == 2
        assert str(out.parent) in said
    folder = tmp_path / "d.parquet"
    folder.mkdir()
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(folder))
    assert code == 2
    assert "is a folder" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.parquet", "file"]


def test_a_run_that_breaks_leaves_nothing(
    saisei, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full half way, neither the file nor a part of it stays."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(tmp_path / "c.parquet"))
    assert code == 2
    assert "No space left on device" in said
    assert list(tmp_path.iterdir()) == []
