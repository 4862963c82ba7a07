"""`saisei study new`: a document that is valid at once, holds every exam, and guesses nothing."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from saisei.cli.study import app
from saisei.errors import DocumentError, InputError
from saisei.exam.formats import read_exams
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.record import COLUMNS
from saisei.study import Study, parse
from saisei.study.drafting import draft

KEYS = ("person_id", "visit", "date", "week", "age", "sex", "arm")


def _complete(level: int, **changes: str) -> dict[str, str]:
    """An exam that is normal down to `level` and empty below: AIS A without sacral sparing."""
    cells: dict[str, str] = {}
    for column in COLUMNS:
        if column in ("vac", "dap"):
            cells[column] = "no"
        elif column.endswith("non_key_muscle"):
            cells[column] = ""
        else:
            segment = Level.parse(re.sub(r".*_(?=[clts]\d)", "", column))
            normal = "5" if "motor" in column else "2"
            cells[column] = normal if segment <= level else "0"
    return {**cells, **changes}


def _file(rows: list[dict[str, str]], keys: tuple[str, ...] = KEYS) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*keys, *COLUMNS], restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


ROWS = [
    {"person_id": "7", "visit": "year 1", "week": "52", "age": "40", "sex": "M"}
    | _complete(Level.C6, dap="yes", right_motor_c7="3", left_motor_l2="1", right_motor_s1="1"),
    {"person_id": "7", "visit": "baseline", "week": "3", "age": "40", "sex": "M"}
    | _complete(Level.C5),
    {"person_id": "8 b", "visit": "baseline", "week": "2", "sex": "1"}
    | _complete(Level.T4, vac="NT", dap="NT"),
]


def _draft(rows: list[dict[str, str]], keys: tuple[str, ...] = KEYS) -> tuple[str, Study]:
    made = draft(read_exams(_file(rows, keys), "tidy", name="exams.csv"), "0" * 64)
    return made, parse(made.encode(), "draft")


def test_the_draft_is_valid_and_holds_every_person_and_exam() -> None:
    made, study = _draft(ROWS)
    assert [person.id for person in study.participants] == ["7", "8-b"]
    first, second = study.participants
    assert (first.baseline_grade.value, first.level.value, first.exam_day.value) == (
        AIS.A, Level.C5, 21,
    )  # fmt: skip
    assert (first.age_years.value, first.sex.value) == (40, "male")
    assert len(first.outcomes) == 1
    assert (first.outcomes[0].day.value, first.outcomes[0].visit) == (364, "year-1")
    assert first.outcomes[0].grade.value is AIS.C
    assert first.scores["UEMS"].value == 10
    assert second.age_years.unknown
    assert made.count("# ASK") >= 10


def test_an_exam_with_nt_keeps_the_set_of_its_grades() -> None:
    _, study = _draft(ROWS)
    grade = study.participants[1].baseline_grade
    assert grade.value is None
    assert grade.options == (AIS.A, AIS.B, AIS.C)  # VAC and DAP not testable: sparing is open
    assert grade.note == "not determinable: every value that the exam allows"


def test_nobody_is_treated_until_a_person_says_so() -> None:
    made, study = _draft(ROWS)
    assert (study.treated, study.controls) == ((), ())
    said = parse(made.replace('role = "context"', 'role = "treated"').encode(), "said")
    (arm,) = said.treated
    found = said.conversions(arm.key, at_least_grades=1)
    assert (found.count, found.low, found.high, found.n) == (1, 1, 2, 2)


def test_values_that_are_asked_for_can_be_given() -> None:
    made, _ = _draft(ROWS)
    asked = 'confidence = "not found", note = "asked for: day of treatment" }'
    line = f'treatment_day = {{ unknown = true, source = ["EXAMS"], {asked}'
    given = 'treatment_day = { value = 25, source = ["EXAMS"], confidence = "high" }'
    assert line in made
    study = parse(made.replace(line, given).encode(), "given")
    assert study.participants[0].treatment_day.value == 25


def test_visits_carry_the_days_of_the_export() -> None:
    _, study = _draft(ROWS)
    days = {visit.key: (visit.day.low, visit.day.high) for visit in study.visits}
    assert days == {"baseline": (14, 21), "year-1": (364, 364)}


def test_dates_give_the_order_and_the_gap_but_are_not_copied() -> None:
    rows = [
        {"person_id": "1", "date": "2031-06-30"} | _complete(Level.C7),
        {"person_id": "1", "date": "2031-05-01"} | _complete(Level.C6),
    ]
    made, study = _draft(rows, ("person_id", "date"))
    assert "2031" not in made
    person = study.participants[0]
    assert person.level.value is Level.C6
    assert person.outcomes[0].day.note == (
        "asked for: day of the exam; it was 60 days after the baseline exam"
    )


def test_arms_of_the_export_become_arms_of_the_document() -> None:
    rows = [
        {"person_id": str(i), "week": "2", "arm": arm} | _complete(Level.C6)
        for i, arm in enumerate(("low dose", "low-dose", "low dose"))
    ]
    _, study = _draft(rows)
    assert {arm.key: arm.n.value for arm in study.arms} == {"low-dose": 2, "low-dose-2": 1}


def test_what_the_export_reports_otherwise_is_kept_beside_our_grade() -> None:
    rows = [{"person_id": "1", "week": "2", "reported_ais": "B"} | _complete(Level.C6)]
    _, study = _draft(rows, ("person_id", "week", "reported_ais"))
    grade = study.participants[0].baseline_grade
    assert (grade.value, grade.note) == (AIS.A, "the export itself reports B")


def test_faulty_exams_are_named_and_none_is_graded() -> None:
    with pytest.raises(DocumentError, match="6"):
        _draft([{"person_id": "1", "week": "2"} | _complete(Level.C6, right_motor_c5="6")])


def test_a_day_before_the_injury_and_a_missing_person_are_refused() -> None:
    with pytest.raises(DocumentError, match="before the injury"):
        _draft([{"person_id": "1", "week": "-2"} | _complete(Level.C6)])
    with pytest.raises(InputError, match="which person"):
        _draft([{"week": "2"} | _complete(Level.C6)], ("week",))


def test_the_command_writes_a_valid_file(tmp_path: Path) -> None:
    exams, out = tmp_path / "exams.csv", tmp_path / "study.toml"
    exams.write_bytes(_file(ROWS))
    result = CliRunner().invoke(app, ["new", "--exams", str(exams), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "2 people, 3 exams" in result.stderr
    assert CliRunner().invoke(app, ["validate", str(out)]).exit_code == 0
    printed = CliRunner().invoke(app, ["new", "--exams", str(exams)])
    assert printed.stdout == out.read_text(encoding="utf-8")
