"""`saisei exam draw`: the file, the row, the picture, and one sentence when something is wrong."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from saisei.cli import main
from saisei.exam.isncsci.record import COLUMNS

HEAD = ["person_id", "visit", *COLUMNS]


@pytest.fixture
def exams(tmp_path: Path) -> Path:
    """Three exams in the tidy layout: normal, left arm weak, and one with a fault."""
    normal = ["5" if "motor" in name else "2" for name in COLUMNS[:132]] + ["yes", "yes", "", ""]
    weak = [*normal]
    weak[COLUMNS.index("left_motor_c6")] = "3"
    wrong = [*normal]
    wrong[0] = "7"
    path = tmp_path / "exams.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEAD)
        for visit, row in (("day 28", normal), ("week 52", weak), ("week 60", wrong)):
            writer.writerow(["P01", visit, *row])
    return path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of `saisei exam draw WORDS`."""
    monkeypatch.setattr(sys, "argv", ["saisei", "exam", "draw", *words])
    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


@pytest.mark.parametrize(
    ("more", "starts"),
    [
        (["--row", "1"], "sheet"),
        (["--row", "2", "--kind", "map"], "map"),
        (["--row", "1", "--compare", "2"], "change"),
    ],
)
@pytest.mark.parametrize("suffix", [".svg", ".png", ".txt"])
def test_each_kind_is_written_in_each_form(
    monkeypatch: pytest.MonkeyPatch, exams: Path, tmp_path: Path, more: list[str], starts: str, suffix: str
) -> None:  # fmt: skip
    """SVG, PNG and words; the person's number is not in the picture."""
    out = tmp_path / f"picture{suffix}"
    assert run(monkeypatch, str(exams), *more, "--out", str(out), "--width", "300") == 0
    content = out.read_bytes()
    start = {
        ".svg": b"<svg",
        ".png": b"\x89PNG",
        ".txt": b"NLI" if starts != "change" else b"Before",
    }
    assert content.startswith(start[suffix])
    assert b"P01" not in content
    if suffix == ".svg":
        assert f'id="exam-{starts}-'.encode() in content


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--row", "9", "--out", "a.svg"], "no exam in row 9"),
        (["--row", "3", "--out", "a.svg"], "right_light_touch_c2"),
        (["--kind", "change", "--out", "a.svg"], "use --compare ROW"),
        (["--kind", "map", "--compare", "2", "--out", "a.svg"], "map shows one exam"),
        (["--out", "a.pdf"], ".svg or .png"),
        (["--out", "a.png", "--width", "9"], "100 to 10000"),
        (["--policy", "none", "--out", "a.svg"], "no policy"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, exams: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str,
) -> None:  # fmt: skip
    """Exit code 2, the reason on stderr, and no file is written."""
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, str(exams), *words) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.glob("a.*"))
