"""The traps of real exports, one test each (numbers as in the platform notes, section 1.3)."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from saisei.errors import InputError, UnsupportedError
from saisei.exam.formats import ExamTable, read_exams, write_exams
from saisei.exam.formats.review import review

Edit = Callable[[list[dict[str, str]]], object]


def changed(path: Path, edit: Edit) -> bytes:
    """A CSV file with its rows edited as dictionaries."""
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    rows = list(reader)
    edit(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def codes_of(table: ExamTable, column: str) -> list[int]:
    """The codes of one column."""
    from saisei.exam.isncsci.record import COLUMNS

    return [row.codes[COLUMNS.index(column)] for row in table.sound if row.codes]


def test_1_a_star_of_redcap_needs_its_reading(examples: Path) -> None:
    """`ab-0` is 0** with considernormal 1, 0* with 2, and a fault without; a reading needs a star."""
    value, reading = "right_motor_c8_value", "right_motor_c8_considernormal"
    for text, expected in (("1", 20), ("2", 10)):
        data = changed(
            examples / "redcap_raw.csv",
            lambda rows, text=text: rows[0].update({value: "ab-0", reading: text}),  # type: ignore[misc]
        )
        assert codes_of(read_exams(data), "right_motor_c8")[0] == expected
    for cells in ({value: "ab-0"}, {value: "0", reading: "1"}, {value: "ab-0", reading: "3"}):
        data = changed(examples / "redcap_raw.csv", lambda rows, c=cells: rows[0].update(c))  # type: ignore[misc]
        (fault,) = read_exams(data).faults
        assert reading in fault.where
        (fault,) = read_exams(data, lenient=True).faults


@pytest.mark.parametrize(("value", "rule"), [("ab-2", "no flag on 2"), ("ab-5", "0 to 2")])
def test_1_a_star_on_a_score_that_cannot_have_one_is_a_fault(
    examples: Path, value: str, rule: str
) -> None:
    """The instrument has no `ab-2` for sensation."""
    data = changed(
        examples / "redcap_raw.csv", lambda rows: rows[0].update(right_pinprick_c2_value=value)
    )
    (fault,) = read_exams(data).faults
    assert rule in fault.rule


def test_2_raw_and_labelled_exports_are_told_apart_and_not_mixed(examples: Path) -> None:
    """`ab-nt` is raw, `NT*` is a label, both in one file are refused."""
    raw, labels = (read_exams(examples / f"redcap_{kind}.csv") for kind in ("raw", "labels"))
    assert (raw.format, labels.format) == ("redcap", "redcap-labels")
    assert (raw.codes() == labels.codes()).all()
    data = changed(
        examples / "redcap_raw.csv", lambda rows: rows[0].update(right_motor_c5_value="0*")
    )
    for lenient in (False, True):
        with pytest.raises(InputError, match="mixes raw codes"):
            read_exams(data, lenient=lenient)


def test_2_the_label_of_a_non_key_muscle_is_read_by_its_level(examples: Path) -> None:
    """A labelled export writes `C8 - Finger: flexion ...`."""
    name = "lowest_non_key_muscle_with_motor_function_right"
    data = changed(
        examples / "redcap_labels.csv", lambda rows: rows[0].update({name: "C8 - Finger: Flexion"})
    )
    assert codes_of(read_exams(data), "right_non_key_muscle")[0] == 7


def test_3_a_blank_and_unk_are_not_nt(examples: Path) -> None:
    """Neither strictly nor leniently does a blank become NT; UNK only leniently, and listed."""
    document = json.loads((examples / "praxis_ui.json").read_text())
    document[0]["rightLightTouchC2"] = "UNK"
    document[1]["rightLightTouchC2"] = ""
    data = json.dumps(document).encode()
    assert [fault.rule for fault in read_exams(data).faults] == [
        "unknown is not NT",
        "a blank is not NT",
    ]
    lenient = read_exams(data, lenient=True)
    assert [fault.rule for fault in lenient.faults] == ["a blank is not NT"]
    assert [(r.found, r.read_as) for r in lenient.repairs] == [("'UNK'", "NT")]


def test_4_anal_items_have_capitals_in_redcap_and_praxis(examples: Path) -> None:
    """`Yes` is right, `yes` is a fault that lenient reading mends."""
    data = changed(
        examples / "redcap_raw.csv", lambda rows: rows[0].update(deep_anal_pressure="yes")
    )
    assert len(read_exams(data).faults) == 1
    table = read_exams(data, lenient=True)
    assert (codes_of(table, "dap")[0], len(table.repairs)) == (1, 1)


def test_5_s4_5_is_found_under_its_name_in_every_layout(examples: Path) -> None:
    """s4_5, S4_5 and s45 all land in the column of S4-5: light touch of the second exam is 1 there."""
    for name in ("tidy.csv", "redcap_raw.csv", "praxis_ui.json", "praxis_specs.json"):
        assert codes_of(read_exams(examples / name), "left_light_touch_s4_5")[1] == 1
    table = read_exams(examples / "sygen_long.csv", unrecorded_as_nt=True)
    assert codes_of(table, "left_light_touch_s4_5")[1] == 1


def test_7_weeks_of_sygen_are_read_padded_and_not(examples: Path) -> None:
    """`ais26` and `elbfll26` belong to one week; `ais1` would belong to `elbfll01`."""
    table = read_exams(examples / "sygen_wide.csv", unrecorded_as_nt=True)
    assert [table.key(row, "week") for row in table.rows] == ["0", "26"] * 3
    assert [row.reported["ais"] for row in table.rows] == ["AIS A", "AIS B"] * 3
    data = (examples / "sygen_wide.csv").read_bytes()
    padded = data.replace(b"00,", b"01,", 132).replace(b"ais0", b"ais1")
    again = read_exams(padded, unrecorded_as_nt=True)
    assert [again.key(row, "week") for row in again.rows][:2] == ["1", "26"]
    assert again.rows[0].reported["ais"] == "AIS A"


def test_7_the_upper_case_twin_of_sygen_names_is_read(examples: Path) -> None:
    """`C2LTL01` and `ELBFLL01` are the same columns in capitals; so is the long file."""
    for name in ("sygen_wide.csv", "sygen_long.csv"):
        head, _, rest = (examples / name).read_text().partition("\n")
        plain = read_exams(examples / name, unrecorded_as_nt=True)
        upper = read_exams(f"{head.upper()}\n{rest}".encode(), unrecorded_as_nt=True)
        assert (upper.codes() == plain.codes()).all()


def test_8_missing_codes_of_sygen_are_nt_and_other_numbers_are_not(examples: Path) -> None:
    """9 is not testable; 8, 99, -9 and NT are no codes of that layout."""
    data = (examples / "sygen_long.csv").read_bytes()
    assert 9 in codes_of(read_exams(data, unrecorded_as_nt=True), "right_motor_l2")
    for text in ("8", "99", "-9", "NT", "9.5"):
        wrong = changed(examples / "sygen_long.csv", lambda rows, t=text: rows[0].update(elbfll=t))  # type: ignore[misc]
        assert len(read_exams(wrong, unrecorded_as_nt=True).faults) == 1


def test_8_missing_codes_of_summaries_are_no_values(examples: Path) -> None:
    """999, 888 and X99 of NSCISC and the NT and NA of EMSCI are not reported values."""
    nscisc = read_exams(examples / "nscisc_public.csv")
    assert "motor_total at discharge" not in nscisc.rows[1].reported
    assert "nli at discharge" not in nscisc.rows[1].reported
    assert "light_touch_total at rehabilitation" not in nscisc.rows[1].reported
    assert nscisc.rows[1].reported["pin_prick_total at rehabilitation"] == "60"
    emsci = read_exams(examples / "emsci_summary.csv")
    assert set(emsci.rows[1].reported) == {
        "ais",
        "nli",
        "uems",
        "light_touch_total",
        "pin_prick_total",
    }


def test_9_codes_of_sex_and_of_nscisc_grades_are_left_as_they_are(examples: Path) -> None:
    """Sex 1 is female in Sygen and male in NSCISC, and NSCISC grades need a codebook: left alone."""
    nscisc = read_exams(examples / "nscisc_public.csv")
    assert nscisc.rows[0].keys["ASex"] == "1"
    assert nscisc.rows[0].reported["ais at admission"] == "1"
    assert any("syllabus" in note for note in nscisc.notes)
    sygen = read_exams(examples / "sygen_long.csv", unrecorded_as_nt=True)
    assert sygen.rows[0].keys["sexcd"] == "1"


@pytest.mark.parametrize("name", ["emsci_summary.csv", "nscisc_public.csv"])
def test_9_summaries_are_never_graded_nor_converted(examples: Path, name: str) -> None:
    """A table of totals has no codes to grade."""
    table = read_exams(examples / name)
    assert (table.summary_only, len(table.sound), len(table.codes())) == (True, 0, 0)
    assert all(not one.results for one in review(table).rows)
    with pytest.raises(UnsupportedError, match="summary values"):
        write_exams(table, "tidy")


def test_10_a_typed_grade_is_recomputed_kept_and_reported(examples: Path) -> None:
    """The fourth exam says AIS A; the scores leave A, C and D open; the file's word is kept."""
    found = review(read_exams(examples / "redcap_raw.csv"))
    (one,) = found.mismatches
    assert (one[0].row, one[1].quantity, one[1].kind) == (4, "ais", "narrower")
    assert one[0].reported["ais"] == "A"
    assert found.rows[3].results["ais"] == "ND: A, C, D"


def test_11_the_visit_is_the_event_and_not_the_list_of_the_instrument(examples: Path) -> None:
    """`visit` of the instrument stays an ordinary column."""
    data = (examples / "redcap_raw.csv").read_bytes().replace(b"exam_date,", b"visit,", 1)
    table = read_exams(data)
    assert table.roles["visit"] == "redcap_event_name"
    assert table.key(table.rows[1], "visit") == "month_6"
    assert table.rows[1].keys["visit"] == "2024-09-02"


def test_12_names_cut_to_32_characters_do_not_lose_the_reading_of_a_star(examples: Path) -> None:
    """A cut `..._considernormal` is refused strictly and mended leniently, never ignored."""
    head, _, rest = (examples / "redcap_raw.csv").read_text().partition("\n")
    names = [name[:32] if "considernormal" in name else name for name in head.split(",")]
    data = (",".join(names) + "\n" + rest).encode()
    with pytest.raises(InputError, match="cut off"):
        read_exams(data)
    table = read_exams(data, lenient=True)
    assert (table.codes() == read_exams(examples / "redcap_raw.csv").codes()).all()
    assert table.header_repairs
    cut = data.replace(
        b"lowest_non_key_muscle_with_motor_function_right", b"lowest_non_key_muscle_w1"
    )
    with pytest.raises(InputError, match="lowest_non_key_muscle_w1"):
        read_exams(cut, lenient=True)


def test_13_the_old_5_star_is_no_score(examples: Path) -> None:
    """In the instrument `ab-5` does not exist; leniently it is 5 and listed."""
    data = changed(
        examples / "redcap_raw.csv", lambda rows: rows[0].update(right_motor_c5_value="ab-5")
    )
    (fault,) = read_exams(data).faults
    assert "2019" in fault.rule
    table = read_exams(data, lenient=True)
    assert (codes_of(table, "right_motor_c5")[0], len(table.repairs)) == (5, 1)


def test_14_the_person_stands_in_the_first_column_whatever_its_name(examples: Path) -> None:
    """REDCap projects name their record field themselves."""
    data = (examples / "redcap_raw.csv").read_bytes().replace(b"record_id,", b"study_no,", 1)
    table = read_exams(data)
    assert table.roles["person_id"] == "study_no"
    assert table.key(table.rows[0], "person_id") == "S-01"
    assert write_exams(table, "redcap").content.startswith(b"study_no,")


def test_repeat_columns_may_be_missing(examples: Path) -> None:
    """A batch without instances has no `redcap_repeat_*` columns; the exams are the same."""
    rows = list(csv.reader(io.StringIO((examples / "redcap_repeating.csv").read_text())))
    keep = [i for i, name in enumerate(rows[0]) if not name.startswith("redcap_repeat")]
    out = io.StringIO()
    csv.writer(out).writerows([[row[i] for i in keep] for row in rows])
    table = read_exams(out.getvalue().encode())
    assert (table.codes() == read_exams(examples / "redcap_repeating.csv").codes()).all()


@pytest.mark.parametrize("name", ["sygen_long.csv", "sygen_wide.csv"])
def test_what_sygen_did_not_record_is_nt_only_when_told(examples: Path, name: str) -> None:
    """Without VAC a file of Sygen is refused; told to, it is graded as a set, and a note says so."""
    with pytest.raises(InputError, match=r"VAC.*--unrecorded-as-nt"):
        read_exams(examples / name)
    table = read_exams(examples / name, unrecorded_as_nt=True)
    assert set(codes_of(table, "vac")) == {9}
    assert any("VAC" in note and "NT" in note for note in table.notes)
    assert review(table).rows[0].results["ais"].startswith("ND")
