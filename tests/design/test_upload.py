"""A user's own table in a design: read, checked, evaluated; what it cannot be is said in one sentence."""

from __future__ import annotations

import pytest

from saisei.design.document import load_design, with_table
from saisei.design.evaluation import evaluate
from saisei.design.safety_rules import crossing_oc
from saisei.errors import DocumentError, InputError


def test_a_stopping_table_replaces_the_rule_of_its_event() -> None:
    """Crossing probabilities are those of the table, exactly."""
    one = with_table(
        load_design("dual-criterion"), b"people,stop_at\n4,2\n12,4\n24,6\n", "mine.csv"
    )
    (rule,) = [each for each in evaluate(one)["safety"] if each["rule"] == "table"]
    exact = crossing_oc([4, 12, 24], [2, 4, 6], rule["acceptable_rate"])
    assert rule["false_stop"] == pytest.approx(exact.p_cross, abs=1e-12)
    assert one.digest != load_design("dual-criterion").digest


def test_a_table_of_decisions_replaces_the_analysis() -> None:
    """From TOML: the same design as the bundled one with that table."""
    text = (
        b"rows = [\n { people = 8, stop_at_most = 0, succeed_at_least = 6 },\n"
        b" { people = 24, stop_at_most = 7, succeed_at_least = 8 },\n]\n"
    )
    one = with_table(load_design("dual-criterion"), text, "mine.toml")
    found = evaluate(one)
    assert found["decision_table"]["rows"][0] == ["8", "0", "stop"]
    assert found["decision_table"]["rows"][-1] == ["24", "8 to 24", "success"]


def test_steps_of_dose_finding_replace_the_rule() -> None:
    """A very careful table gives the higher doses to fewer people than BOIN does."""
    lines = ["people,events,action"]
    for n in range(3, 25, 3):
        for events in range(n + 1):
            word = "escalate" if events == 0 and n >= 6 else "stay" if events == 0 else "eliminate"
            lines.append(f"{n},{events},{word}")
    one = with_table(load_design("three-doses"), "\n".join(lines).encode(), "mine.csv")
    mine, boin = evaluate(one)["dose_finding"], evaluate(load_design("three-doses"))["dose_finding"]
    assert mine["rule"] == "own table"
    assert mine["rows"][2]["people"][2] < boin["rows"][2]["people"][2]


def test_an_eliminated_dose_cannot_be_forced_by_a_table() -> None:
    """The table that gives it is refused with its row."""
    lines = ["people,events,action"] + [
        f"{n},{y},stay" for n in range(3, 25, 3) for y in range(n + 1)
    ]
    with pytest.raises(DocumentError, match="must be eliminated"):
        with_table(load_design("three-doses"), "\n".join(lines).encode(), "mine.csv")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"people,stop\n3,2\n", "has columns people,stop"),
        (b"people,stop_at\n3,two\n", "row 1: stop_at is 'two'"),
        (b"people,stop_at\n3\n", "line 2: has not one cell"),
        (b"people,stop_at\n", "no rows"),
        (b"\xff\xfe", "not UTF-8"),
        (b"rows = 3\n", "has no rows"),
        (b"rows = [\n", "is not TOML"),
        (b"people,events,action\n3,0,stay\n", "finds no dose"),
    ],
)
def test_what_is_no_table_is_said_so(content: bytes, word: str) -> None:
    """One sentence, no traceback."""
    with pytest.raises(InputError, match=word):
        with_table(load_design("single-stage"), content, "mine.csv")


def test_contradicting_bounds_are_told_with_their_path() -> None:
    """The design with the table is checked as any other."""
    with pytest.raises(DocumentError, match="stop_at"):
        with_table(load_design("dual-criterion"), b"people,stop_at\n4,3\n12,2\n", "mine.csv")
    with pytest.raises(InputError, match="--event"):
        with_table(load_design("dual-criterion"), b"people,stop_at\n4,3\n", "mine.csv", "another")
