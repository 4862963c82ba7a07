"""Strict reading: what is not exactly right is named with its place; lenient reading lists what it mends."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from saisei.errors import InputError
from saisei.exam.formats import read_exams


def edited(path: Path, column: str, value: str, row: int = 1) -> bytes:
    """A CSV file with one cell changed."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows[row][rows[0].index(column)] = value
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def renamed(path: Path, old: str, new: str) -> bytes:
    """A CSV file with one column renamed."""
    head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    cells = head.split(",")
    cells[cells.index(old)] = new
    return (",".join(cells) + "\n" + rest).encode()


BAD = [
    ("right_motor_c5", "6", "a motor score is 0 to 5"),
    ("right_motor_c5", "5*", "5* is no score since the revision of 2019"),
    ("right_motor_c5", "3+", "no plus and minus grades"),
    ("right_motor_c5", "", "a blank is not NT"),
    ("right_motor_c5", "  ", "a blank is not NT"),
    ("right_motor_c5", " 3", "blanks around the score"),
    ("right_motor_c5", "nt", "NT is written in capitals"),
    ("right_motor_c5", "-1", "a motor score is 0 to 5"),
    ("right_motor_c5", "3***", "a motor score is 0 to 5"),
    ("right_motor_c5", "٣", "a motor score is 0 to 5"),
    ("left_pin_prick_s4_5", "2*", "no flag on 2 (normal)"),
    ("left_pin_prick_s4_5", "3", "a sensory score is 0 to 2"),
    ("left_pin_prick_s4_5", "2.0", "a sensory score is 0 to 2"),
    ("left_pin_prick_s4_5", "UNK", "a sensory score is 0 to 2"),
    ("vac", "Yes", "VAC and DAP are yes, no or NT"),
    ("vac", "1", "VAC and DAP are yes, no or NT"),
    ("dap", "", "a blank is not NT"),
    ("right_non_key_muscle", "T4", "a non-key muscle has a motor level"),
    ("right_non_key_muscle", "L1", "a non-key muscle has a motor level"),
]


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_wrong_cell_is_named_with_file_row_and_column(
    examples: Path, column: str, value: str, rule: str
) -> None:
    """One wrong cell refuses its exam only, and the fault says where, what and which rule."""
    table = read_exams(edited(examples / "tidy.csv", column, value, row=2), name="a.csv")
    assert len(table.sound) == 5
    (fault,) = table.faults
    assert fault.where == f"a.csv, row 2 (line 3), column {column}"
    assert rule in fault.rule
    assert table.rows[1].codes is None
    assert table.rows[1].exam is None


@pytest.mark.parametrize(
    ("column", "value", "read_as"),
    [
        ("right_motor_c5", " 3 ", "3"),
        ("right_motor_c5", "nt", "NT"),
        ("right_motor_c5", "4.0", "4"),
        ("right_motor_c5", "5*", "5"),
        ("right_motor_c5", "3 **", "3**"),
        ("vac", "YES", "yes"),
        ("right_non_key_muscle", "c8 ", "C8"),
    ],
)
def test_lenient_mends_what_can_mean_one_thing_and_lists_it(
    examples: Path, column: str, value: str, read_as: str
) -> None:
    """Each repair is listed with its place."""
    table = read_exams(edited(examples / "tidy.csv", column, value), lenient=True)
    (repair,) = table.repairs
    assert (repair.read_as, table.faults) == (read_as, ())
    assert repair.where == f"input, row 1 (line 2), column {column}"


@pytest.mark.parametrize("value", ["", " ", "6", "2*", "5**", "?", "x", "NaN", "3-4", "4.5", "٣"])
def test_lenient_never_fills_a_blank_nor_guesses(examples: Path, value: str) -> None:
    """What could mean more than one thing stays a fault in lenient reading."""
    column = "right_light_touch_c2"
    table = read_exams(edited(examples / "tidy.csv", column, value), lenient=True)
    assert len(table.faults) == 1
    assert table.rows[0].codes is None


def test_the_old_5_star_is_read_when_the_revision_has_it(examples: Path) -> None:
    """For the revisions of 2011 and 2015 a motor 5* is 5, and it is listed."""
    table = read_exams(edited(examples / "tidy.csv", "left_motor_s1", "5*"), old_5_star=True)
    assert [repair.read_as for repair in table.repairs] == ["5"]
    assert table.faults == ()


@pytest.mark.parametrize(
    ("old", "new", "lenient_works"),
    [
        ("right_motor_c5", "Right_Motor_C5", True),
        ("right_light_touch_s4_5", "right_light_touch_s45", True),
        ("right_light_touch_s4_5", "right_light_touch_S4-5", True),
        ("right_motor_c5", "right_motor_c3", False),
        ("right_light_touch_c2", "right_light_touch_c1", False),
        ("vac", "vac_", False),
    ],
)
def test_a_misspelt_or_wrong_column_is_refused(
    examples: Path, old: str, new: str, lenient_works: bool
) -> None:
    """A column of no segment is never ignored; the spelling of a known one is mended leniently."""
    data = renamed(examples / "tidy.csv", old, new)
    with pytest.raises(InputError, match=new if old != "vac" else "VAC"):
        read_exams(data)
    if lenient_works:
        table = read_exams(data, lenient=True)
        assert [repair.read_as for repair in table.repairs] == [old]
    else:
        with pytest.raises(InputError):
            read_exams(data, lenient=True)


def test_a_column_beside_its_misspelling_is_refused_also_leniently(examples: Path) -> None:
    """Two columns for one item: which one counts cannot be known."""
    data = renamed(examples / "tidy.csv", "date", "Right_Motor_C5")
    with pytest.raises(InputError, match="second column"):
        read_exams(data, lenient=True)


def nested(examples: Path) -> list[dict[str, Any]]:
    """The nested example as objects."""
    found: list[dict[str, Any]] = json.loads((examples / "praxis_nested.json").read_text())
    return found


@pytest.mark.parametrize("value", [2, 2.0, True, None, [], {}, "", ["2"], "2*", "UNK", "Normal"])
def test_json_values_other_than_the_texts_are_faults(examples: Path, value: Any) -> None:
    """Numbers, truth values, null, lists and unknown words are named, never read as a score."""
    exams = nested(examples)
    exams[0]["right"]["lightTouch"]["C2"] = value
    table = read_exams(json.dumps(exams).encode())
    assert table.rows[0].codes is None
    assert table.faults[0].where.startswith("input, row 1, field right.lightTouch.C2")
    assert len(table.sound) == 5


def test_json_numbers_and_unk_are_mended_leniently_in_praxis_files(examples: Path) -> None:
    """2 is "2"; UNK is taken as NT, as the Praxis form does for the calculation; both are listed."""
    exams = nested(examples)
    exams[0]["right"]["lightTouch"]["C2"] = 2
    exams[0]["right"]["lightTouch"]["C3"] = "UNK"
    table = read_exams(json.dumps(exams).encode(), lenient=True)
    assert [repair.read_as for repair in table.repairs] == ["2", "NT"]


@pytest.mark.parametrize("key", ["C1", "S4-5", "s4_5", "S5", "T13", "c2", ""])
def test_an_unknown_segment_in_json_is_a_fault_of_that_exam(examples: Path, key: str) -> None:
    """A segment that does not exist refuses the exam that has it, and no other."""
    exams = nested(examples)
    exams[1]["left"]["pinPrick"][key] = "2"
    table = read_exams(json.dumps(exams).encode())
    assert [row.row for row in table.rows if row.faults] == [2]
    assert "left.pinPrick." + key in table.faults[0].where


def test_a_missing_segment_in_json_is_a_fault_of_that_exam(examples: Path) -> None:
    """A gap is not NT."""
    exams = nested(examples)
    del exams[2]["left"]["motor"]["L3"]
    (fault,) = read_exams(json.dumps(exams).encode()).faults
    assert (fault.where, fault.rule) == ("input, row 3, field left.motor.L3", "is missing")


@pytest.mark.parametrize("old", ["S4-5", "S45", "s4_5"])
def test_the_spelling_of_s4_5_in_json_is_mended_leniently(examples: Path, old: str) -> None:
    """S4-5, S45 and s4_5 can only mean S4_5."""
    exams = nested(examples)
    side = exams[0]["right"]["lightTouch"]
    side[old] = side.pop("S4_5")
    data = json.dumps(exams).encode()
    assert read_exams(data).rows[0].codes is None
    table = read_exams(data, lenient=True)
    assert (len(table.repairs), table.faults) == (1, ())


def test_a_whole_part_that_is_null_is_a_fault(examples: Path) -> None:
    """`"motor": null` is not an exam without muscles."""
    exams = nested(examples)
    exams[0]["right"]["motor"] = None
    table = read_exams(json.dumps(exams).encode())
    assert table.rows[0].codes is None
    exams[0]["right"] = "none"
    assert read_exams(json.dumps(exams).encode()).rows[0].codes is None
