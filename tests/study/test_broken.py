"""Broken study documents: one clear error for each fault, with path, value, rule, mend and line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from saisei.cli.study import app
from saisei.errors import DocumentError, InputError
from saisei.study import load, parse

BROKEN = Path(__file__).parent / "broken"
SOUND = (BROKEN / "sound.toml").read_text(encoding="utf-8")

# file -> (path in the document, line, what stands there, words of the rule, words of the mend)
ONE_FAULT = {
    "missing-source": ("participants[0].age_years.source", 47, "", "missing", "add source"),
    "unknown-source": ("participants[0].age_years.source[0]", 47, '"S9"', "sources", "[sources.S9]"),
    "unknown-key": ("participants[0].treatmnt_day", 46, "25", "not a known key", "treatment_day?"),
    "grade-f": ("participants[0].baseline_grade.value", 43, '"F"', "AIS grade", "A, B, C, D or E"),
    "level-c9": ("participants[0].level.any_of[1]", 44, '"C9"', "spinal level", "C1 to C8"),
    "negative-n": ("arms[1].n.value", 26, "-5", "at least 0", "0 or more"),
    "n-as-text": ("arms[0].n.value", 20, '"2"', "whole number", "quotation marks"),
    "same-id": ("participants[1].id", 54, '"P1"', "participants[0] has the same id", "own id"),
    "before-injury": ("participants[0].exam_day.value", 45, "-3", "before the injury", "day"),
    "follow-up-before-baseline": (
        "participants[0].outcomes[0].day", 50, "5", "before the baseline exam", "after",
    ),
    "visits-out-of-order": ("visits[1].day", 37, "350 to 380", "before month-6", "order"),
    "wrong-version": ("schema", 1, '"saisei-study/7.0"', "saisei-study/0.2", "schema"),
    "no-version": ("schema", None, "", "missing", "saisei-study/0.2"),
    "not-toml": ("line 3, column 9", None, "An invented trial", "not TOML", "toml.io"),
    "not-utf8": ("line 3, byte 60", None, "xe9", "not UTF-8", "UTF-8"),
    "empty": ("the file", None, "", "empty", "schema ="),
    "backwards-range": ("participants[1].exam_day", 57, "min = 30", "backwards", "swap"),
    "says-nothing": ("participants[0].age_years", 47, "", "states no value", "unknown = true"),
    "known-and-unknown": ("participants[0].age_years", 47, "value = 40", "both", "unknown = true"),
    "unknown-with-confidence": (
        "participants[1].outcomes[0].grade", 61, "unknown = true", "'high'", "not published",
    ),
    "not-a-number": ("participants[0].age_years.value", 47, "nan", "finite", "number"),
    "age-400": ("participants[0].age_years", 47, "400", "above 120", "source"),
    "percent-110": ("comparators[0].rate_percent.value", 90, "110", "percentage", "0 to 100"),
    "verdict-unknown": ("claims[0].verdict", 99, "obviously", "closed list", "'contradicted'"),
    "arm-unknown": ("participants[0].arm", 42, '"treatd"', "not among the arms", "control"),
    "arm-n-against-people": ("arms[0].n", 20, "3", "2 participants", "every person"),
    "counts-do-not-add": ("transitions[1].count", 77, "", "add up to 4, the arm has 5", "missing"),
    "people-above-n": ("adverse_events[0].people", 85, "3", "2 people at risk", "mend"),
}  # fmt: skip


def test_the_document_that_the_broken_ones_are_made_of_is_sound() -> None:
    assert load(BROKEN / "sound.toml").id == "example-1"


def test_every_broken_document_is_expected() -> None:
    names = {path.stem for path in BROKEN.glob("*.toml")}
    assert names - set(ONE_FAULT) == {"sound", "seven-faults"}


@pytest.mark.parametrize("name", sorted(ONE_FAULT))
def test_one_fault_gives_one_error_with_its_place(name: str) -> None:
    where, line, value, rule, mend = ONE_FAULT[name]
    with pytest.raises(DocumentError) as caught:
        load(BROKEN / f"{name}.toml")
    (fault,) = caught.value.faults
    assert fault.where == (f"{where} (line {line})" if line else where)
    assert value in fault.value
    assert rule in fault.rule
    assert mend in fault.mend


def test_all_faults_are_named_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(DocumentError) as caught:
        load(BROKEN / "seven-faults.toml")
    assert [fault.where.split(" ")[0] for fault in caught.value.faults] == [
        "condition",
        "colour",
        "participants[0].baseline_grade.value",
        "participants[1].id",
        "transitions[1].count",
        "comparators[0].rate_percent.value",
        "claims[0].said_by[0]",
    ]


@pytest.mark.parametrize("name", [*sorted(ONE_FAULT), "seven-faults"])
def test_the_command_prints_the_faults_and_leaves_with_2(name: str) -> None:
    result = CliRunner().invoke(app, ["validate", str(BROKEN / f"{name}.toml")])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"{name}.toml has " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_a_missing_file_and_a_wrong_id_are_told_apart() -> None:
    with pytest.raises(InputError, match="is a folder"):
        load(BROKEN)
    with pytest.raises(InputError, match="neither a file nor a bundled study"):
        load("nowhere/none.toml")
    with pytest.raises(InputError, match="did you mean keio-2025"):
        load("keio-2024")


@pytest.mark.parametrize("target", [str(BROKEN), "nowhere.toml"])
def test_a_folder_or_missing_file_leaves_with_2(target: str) -> None:
    result = CliRunner().invoke(app, ["validate", target])
    assert result.exit_code == 2
    assert target in result.stderr


def test_a_file_of_50_MB_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    with large.open("wb") as stream:
        stream.write(SOUND.encode())
        stream.truncate(50_000_000)
    start = time.perf_counter()
    with pytest.raises(DocumentError, match="too large for a study document"):
        load(large)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "content",
    [b"a = " + b"[" * 100_000, b"a = " + b"{a=" * 100_000, b"a." * 100_000 + b"a = 1"],
    ids=["lists", "tables", "keys"],
)
def test_deep_nesting_is_named(content: bytes) -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        parse(content, "deep")


def test_nul_bytes_and_impossible_dates_are_not_toml() -> None:
    for content in (b"a = \x00", b"a = 2024-02-31", b"a = " + b"9" * 5000):
        with pytest.raises(DocumentError, match="is not TOML"):
            parse(content, "odd")


def test_thousands_of_faults_are_cut_off_with_their_number() -> None:
    keys = "\n".join(f"k{i} = 1" for i in range(1000))
    with pytest.raises(DocumentError) as caught:
        parse(SOUND.replace("[design]", f"{keys}\n[design]", 1).encode(), "many")
    assert len(caught.value.faults) == 201
    assert caught.value.faults[-1].rule == "has 800 more faults"


def test_several_files_are_judged_together_and_as_json(tmp_path: Path) -> None:
    files = [str(BROKEN / "sound.toml"), str(BROKEN / "grade-f.toml"), "keio-2025"]
    result = CliRunner().invoke(app, ["validate", *files])
    assert result.exit_code == 2
    assert "sound.toml: fine" in result.stdout
    assert "keio-2025: fine" in result.stdout
    as_json = CliRunner().invoke(app, ["validate", *files, "--json"])
    assert as_json.exit_code == 2
    assert '"rule": "is not an AIS grade"' in as_json.stdout
    assert CliRunner().invoke(app, ["validate", "keio-2025"]).exit_code == 0


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    content = b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode()
    assert parse(content, "windows").id == "example-1"
