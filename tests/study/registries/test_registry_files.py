"""A user's own registry: what cannot be true is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from saisei.errors import DocumentError, InputError
from saisei.exam.isncsci.grades import AIS
from saisei.study.registries import load_file

GOOD = """
[[row]]
id = "mine-a"
study = "Mine 2026"
source = "own registry"
registry = "Mine"
kind = "natural history"
initial = "A"
level_label = "tetraplegia"
levels = ["C1", "C8"]
baseline_label = "<=30 d"
baseline_days = [0, 30]
follow_label = "1 y"
follow_days = [365, 365]
era = [2018, 2024]
era_known = true
n = 40
count = { A = 32, B = 4, C = 3, D = 1, E = 0 }
"""
HEAD = "person,registry,level,baseline_day,baseline_grade,follow_day,follow_grade,injury_year\n"


def _file(tmp_path: Path, text: str, name: str = "mine.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_counts_are_read(tmp_path: Path) -> None:
    (row,) = load_file(_file(tmp_path, GOOD))
    assert (row.registry, row.initial, row.tables[0].counts) == ("Mine", AIS.A, (32, 4, 3, 1, 0))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("A = 32", "A = 33", ["mine-a", "count", "add to 41 and n is 40"]),
        ('initial = "A"', 'initial = "F"', ["mine-a", "initial", "F", "AIS grade"]),
        ("D = 1, E = 0", "D = 1, F = 0", ["mine-a", "F", "AIS grade"]),
        ("[0, 30]", "[30, 0]", ["baseline_days", "[30, 0]"]),
        ("[0, 30]", "[-1, 30]", ["baseline_days", "not negative"]),
        ("[0, 30]", "[365, 400]", ["follow-up must lie after"]),
        ('["C1", "C8"]', '["C1", "X8"]', ["levels", "X8"]),
        ('study = "Mine 2026"\n', "", ["has no study"]),
        ("era_known", "era_konwn", ["era_konwn", "not a known field"]),
        ('"natural history"', '"treated"', ["treated people are not natural history"]),
    ],
)
def test_faults_are_named_with_their_place(
    tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    with pytest.raises(DocumentError) as caught:
        load_file(_file(tmp_path, GOOD.replace(old, new)))
    assert all(word in str(caught.value) for word in ["mine.toml", *words])


def test_percentages_that_no_count_can_give_are_refused(tmp_path: Path) -> None:
    """Of 40 people nobody is 81.3%; the row, its print and the n are named."""
    text = GOOD.replace(
        "count = { A = 32, B = 4, C = 3, D = 1, E = 0 }",
        'percent = { A = "81.3", BCDE = "18.7" }',
    )
    with pytest.raises(DocumentError, match=r"81\.3%.*no whole-number counts of n = 40"):
        load_file(_file(tmp_path, text))


def test_a_percentage_that_contradicts_its_count_is_refused(tmp_path: Path) -> None:
    text = GOOD + 'percent = { A = "81.0", B = "10.0", C = "7.5", D = "2.5", E = "0" }\n'
    with pytest.raises(DocumentError, match=r"32 of 40 is 80\.000%, not 81\.0%"):
        load_file(_file(tmp_path, text))


def test_the_same_row_twice_is_the_same_people_twice(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="same id stands twice"):
        load_file(_file(tmp_path, GOOD + GOOD))


def test_an_id_of_the_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="already in the natural-history base"):
        load_file(_file(tmp_path, GOOD.replace("mine-a", "burns-2003-a-all")))


@pytest.mark.parametrize("text", ["", "row = 3", "[[row]\n", "x = 1"])
def test_what_is_no_registry_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentError, match=r"mine\.toml"):
        load_file(_file(tmp_path, text))


def test_people_become_rows_by_group_and_window(tmp_path: Path) -> None:
    lines = "p1,Mine,C5,20,A,365,B,2020\np2,Mine,C7,18,A,370,A,2021\np3,Mine,T11,20,A,365,A,2021\n"
    rows = load_file(_file(tmp_path, HEAD + lines, "people.csv"))
    assert [(row.level_label, row.n) for row in rows] == [("T10-T12", 1), ("tetraplegia", 2)]
    tetra = rows[1]
    assert tetra.baseline_days == (18, 20)
    assert tetra.tables[0].counts == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("p1,M,C5,20,A,365,B,2020\np1,M,C5,20,A,365,A,2020\n", ["line 3", "person", "line 2"]),
        ("p1,M,C5,20,G,365,B,2020\n", ["line 2", "baseline_grade", "G"]),
        ("p1,M,C9,20,A,365,B,2020\n", ["line 2", "level", "C9"]),
        ("p1,M,C5,20,A,10,B,2020\n", ["line 2", "follow_day", "after"]),
        ("p1,M,C5,-2,A,10,B,2020\n", ["line 2", "baseline_day", "not negative"]),
        ("p1,M,C5,20,A,365\n", ["line 2", "one entry per column"]),
        ("p1,M,C5,20,A,365,B,20\n", ["line 2", "injury_year"]),
        ("", ["holds no person"]),
    ],
)
def test_faults_of_people_are_named_by_line(tmp_path: Path, lines: str, words: list[str]) -> None:
    with pytest.raises(DocumentError) as caught:
        load_file(_file(tmp_path, HEAD + lines, "people.csv"))
    assert all(word in str(caught.value) for word in ["people.csv", *words])


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="has no column injury_year"):
        load_file(_file(tmp_path, HEAD.replace(",injury_year", ""), "people.csv"))


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither \.toml nor \.csv"):
        load_file(_file(tmp_path, GOOD, "mine.txt"))
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="not UTF-8"):
        load_file(binary)
