"""What a writer writes, the reader reads back: nothing is lost."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saisei.errors import InputError, UnsupportedError
from saisei.exam.formats import WRITERS, ExamTable, read_exams, write_exams
from saisei.exam.formats.names import FINDINGS
from saisei.exam.formats.scores import CODES, KINDS
from saisei.exam.isncsci.evaluate import QUANTITIES

ALLOWED = [sorted(CODES[kind]) for kind in KINDS]
any_exam = st.tuples(*(st.sampled_from(allowed) for allowed in ALLOWED))
sygen_exam = st.tuples(
    *(st.sampled_from([code for code in allowed if code < 10]) for allowed in ALLOWED[:132]),
    st.just(9),
    st.sampled_from([0, 1, 9]),
    st.just(-1),
    st.just(-1),
)
FULL = [name for name in WRITERS if name != "sygen"]
# Any text that a file can hold, and that is not only blanks (a blank key is no key).
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12
).filter(lambda text: bool(text.strip()))


@pytest.mark.parametrize("to", FULL)
@given(
    exams=st.lists(any_exam, min_size=1, max_size=3),
    keys=st.lists(texts, min_size=3, max_size=3),
    comment=texts,
    grade=st.sampled_from(["A", "B", "C,D", "ND"]),
)
@settings(max_examples=12)
def test_every_layout_returns_the_exams_keys_comments_and_reported_grades(
    to: str,
    make_table: Callable[..., ExamTable],
    exams: list[tuple[int, ...]],
    keys: list[str],
    comment: str,
    grade: str,
) -> None:
    """Codes, keys, comments and reported grades come back as they went in."""
    table = make_table(
        exams,
        [{"person_id": keys[i], "site": keys[-1]} for i in range(len(exams))],
        [comment] * len(exams),
        [{"ais": grade, "nli": "C5"}] * len(exams),
    )
    back = read_exams(write_exams(table, to).content)
    assert [row.codes for row in back.rows] == exams
    assert [back.key(row, "person_id") for row in back.rows] == keys[: len(exams)]
    assert [row.keys["site"] for row in back.rows] == [keys[-1]] * len(exams)
    assert [row.comments for row in back.rows] == [comment] * len(exams)
    assert [dict(row.reported) for row in back.rows] == [{"ais": grade, "nli": "C5"}] * len(exams)
    assert (back.faults, back.repairs, back.skipped) == ((), (), ())


@given(exams=st.lists(sygen_exam, min_size=1, max_size=3))
@settings(max_examples=20)
def test_sygen_returns_what_it_can_hold(
    make_table: Callable[..., ExamTable], exams: list[tuple[int, ...]]
) -> None:
    """Exams without flags, non-key muscles and with VAC not tested come back from the Sygen layout."""
    written = write_exams(make_table(exams), "sygen")
    back = read_exams(written.content, unrecorded_as_nt=True)
    assert [row.codes for row in back.rows] == exams
    assert written.left_out == ()


@pytest.mark.parametrize("to", FULL)
def test_a_second_conversion_changes_no_byte(to: str, make_table: Callable[..., ExamTable]) -> None:
    """Reading a written file and writing it again in its own layout gives the same bytes."""
    once = write_exams(make_table([(0,) * 132 + (0, 1, 4, -1)]), to).content
    assert write_exams(read_exams(once), to).content == once


def test_sygen_refuses_what_it_cannot_hold(make_table: Callable[..., ExamTable]) -> None:
    """Flags are never dropped; VAC and non-key muscles only on demand, and then they are listed."""
    flagged = make_table([(10,) + (0,) * 131 + (9, 0, -1, -1)])
    for lossy in (False, True):
        with pytest.raises(UnsupportedError, match="flags"):
            write_exams(flagged, "sygen", lossy=lossy)
    with_vac = make_table([(0,) * 132 + (1, 0, 4, -1)])
    with pytest.raises(UnsupportedError, match="VAC of 1 exams"):
        write_exams(with_vac, "sygen")
    assert len(write_exams(with_vac, "sygen", lossy=True).left_out) == 2


def test_a_table_with_faults_is_not_written(make_table: Callable[..., ExamTable]) -> None:
    """A faulty exam stops the conversion: it would be missing in the new file."""
    data = write_exams(make_table([(0,) * 132 + (0, 1, -1, -1)]), "tidy").content
    table = read_exams(data.replace(b",no,yes,", b",maybe,yes,"))
    assert len(table.faults) == 1
    with pytest.raises(InputError, match="Nothing was written"):
        write_exams(table, "redcap")


def test_every_example_holds_the_same_exams(examples: Path) -> None:
    """The example files in layouts that can hold all agree exam by exam."""
    tables = {
        path.name: read_exams(path)
        for path in sorted(examples.iterdir())
        if path.name.startswith(("tidy", "redcap", "praxis"))
    }
    assert len(tables) == 9
    codes = {tuple(row.codes for row in table.sound) for table in tables.values()}
    assert len(codes) == 1
    assert all(len(table.sound) == 6 for table in tables.values())


def test_other_columns_of_a_redcap_export_travel_with_the_exam(examples: Path) -> None:
    """Event, instance, reasons of impairment and unknown columns stay as they are."""
    data = (examples / "redcap_repeating.csv").read_bytes()
    table = read_exams(data)
    first = table.rows[0]
    assert first.keys["redcap_event_name"] == "follow_up_arm_1"
    assert first.keys["redcap_repeat_instance"] == "1"
    assert table.roles == {
        "person_id": "record_id",
        "visit": "redcap_event_name",
        "date": "exam_date",
    }
    assert len(table.skipped) == 3
    again = read_exams(write_exams(table, "redcap").content)
    assert [dict(row.keys) for row in again.rows] == [dict(row.keys) for row in table.rows]


def test_json_keeps_numbers_lists_and_dots_in_keys(make_table: Callable[..., ExamTable]) -> None:
    """Other fields of a JSON exam keep their type and their name."""
    data = write_exams(
        make_table([(2,) * 56 + (5,) * 10 + (2,) * 56 + (5,) * 10 + (1, 1, -1, -1)]), "praxis"
    )
    document = json.loads(data.content)
    document[0] |= {"a.b": [1, {"c": None}], "n": 7, "empty": {}}
    table = read_exams(json.dumps(document).encode())
    assert json.loads(write_exams(table, "praxis").content) == document


def test_reported_names_are_those_of_the_results() -> None:
    """What a file reports is compared under the names that our results have."""
    assert FINDINGS == QUANTITIES
