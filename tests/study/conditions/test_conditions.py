"""Condition documents: what is bundled is whole, and faults are told with their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from saisei.cli.study import app
from saisei.errors import DocumentError, InputError
from saisei.study.conditions import (
    CourseKind,
    Quantity,
    condition_named,
    conditions,
    load_condition,
    parse_condition,
)

SOUND = """
schema = "saisei-condition/0.1"
id = "x"
name = "x"
summary = "x"
[[scales]]
key = "S"
name = "S"
low = 0
high = 2
better = "higher"
source = ["A"]
confidence = "low"
[[history]]
key = "h"
quantity = "counts"
scale = "S"
counts = [1, 2, 3]
population = "p"
source = ["A"]
confidence = "low"
[sources.A]
cite = "a"
kind = "data file"
read = "yes"
"""


def test_three_conditions_are_bundled_with_sources_that_are_used() -> None:
    assert conditions() == ["als", "parkinson", "stroke"]
    for name in conditions():
        one = load_condition(name)
        cited = {key for row in one.history for key in row.source}
        cited |= {key for scale in one.scales for key in scale.source}
        cited |= {k for course in one.courses for v in course.values.values() for k in v.source}
        assert cited <= set(one.sources)
        assert one.missing
        assert condition_named(one.name) is one


def test_published_figures_stand_as_on_the_page() -> None:
    """JPD-212610 (sham), 10.1212/WNL.0000000000000951 (PRO-ACT), PMC10792497 (TREASURE)."""
    sham = load_condition("parkinson").rows(Quantity.CONTROL_RESPONSE)[0]
    assert (sham.value, sham.low, sham.high) == (-4.3, -5.6, -3.1)
    slope = load_condition("als").rows(Quantity.CHANGE_PER_YEAR)[0]
    assert slope.value == pytest.approx(-1.02 * 12)
    assert slope.sd == pytest.approx(2.3 * 12)
    rows = load_condition("stroke").rows(Quantity.COUNTS, "mRS")
    assert [sum(row.counts) for row in rows] == [102, 102]
    share = load_condition("stroke").rows(Quantity.SHARE)[0]
    assert (share.count, share.n) == (sum(rows[0].counts[:3]), 102)


def test_every_assumed_value_of_a_course_says_why() -> None:
    for name in conditions():
        for course in load_condition(name).courses:
            assert course.kind in CourseKind
            assert all(one.why for one in course.values.values() if one.basis == "assumed")


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("counts = [1, 2, 3]", "counts = [1, 2]", "history[0].counts", "2 categories"),
        ("counts = [1, 2, 3]", "counts = []", "history[0]", "has no counts"),
        ('scale = "S"', 'scale = "T"', "history[0].scale", "not among the scales"),
        ("low = 0", "low = 9", "scales[0]", "range is empty"),
        ('better = "higher"', 'better = "more"', "scales[0].better", "closed list"),
        ("[sources.A]", "[sources.B]", "source", "not among the sources"),
        ('quantity = "counts"', 'quantity = "guess"', "history[0].quantity", "closed list"),
        ("summary", "sumary", "sumary", "not a known key"),
        ('schema = "saisei-condition/0.1"', 'schema = "x"', "schema", "closed list"),
        ("high = 2", "high = ", "the file", "not TOML"),
    ],
)
def test_a_fault_is_told_with_its_place(old: str, new: str, place: str, rule: str) -> None:
    assert parse_condition(SOUND.encode(), "x").id == "x"
    with pytest.raises(DocumentError) as found:
        parse_condition(SOUND.replace(old, new, 1).encode(), "x.toml")
    text = str(found.value)
    assert place in text
    assert rule in text


def test_bytes_that_are_not_text_and_unknown_names_are_told() -> None:
    with pytest.raises(DocumentError, match="UTF-8"):
        parse_condition(b"\xff\xfe\x00", "x")
    with pytest.raises(InputError, match="als, parkinson, stroke"):
        load_condition("stork")
    with pytest.raises(InputError, match="its scales are mRS"):
        load_condition("stroke").scale("NIHSS")
    with pytest.raises(InputError, match="its courses are off"):
        load_condition("parkinson").course("on")


def test_the_command_shows_history_and_assumptions(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["conditions", "parkinson"], env={"COLUMNS": "200"}).stdout
    assert "-4.3 (-5.6 to -3.1)" in shown
    assert "assumed" in shown
    path = tmp_path / "x.toml"
    path.write_text(SOUND)
    assert "x: x" in CliRunner().invoke(app, ["conditions", str(path)]).stdout
