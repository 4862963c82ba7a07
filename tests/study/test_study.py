"""Values, conversions and access: what is known is given, what is not is said."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from saisei.errors import InputError
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.study import GradeChange, Sourced, load, parse
from saisei.study.changes import count_conversions
from saisei.study.schema.values import Ais, Count, Day, Segment

SOUND = Path(__file__).parent / "broken" / "sound.toml"
S = {"source": ["S1"], "confidence": "high"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"value": 14}, "14"),
        ({"min": 14, "max": 28}, "14 to 28"),
        ({"min": 14}, "14 or more"),
        ({"max": 28}, "at most 28"),
        ({"any_of": [14, 21, 28]}, "14, 21 or 28"),
        ({"value": 14, "min": 10}, "14 (could be 10 or more)"),
    ],
)
def test_a_value_reads_as_people_say_it(content: dict[str, object], text: str) -> None:
    assert Sourced[Day].model_validate({**content, **S}).text == text


def test_an_unknown_reads_as_the_reason_why() -> None:
    one = Sourced[Count].model_validate(
        {"unknown": True, "source": ["S1"], "confidence": "not published"}
    )
    assert (one.text, one.known, one.low, one.high, one.options) == (
        "not published", False, None, None, (),
    )  # fmt: skip


def test_grades_and_levels_are_typed() -> None:
    assert Sourced[Ais].model_validate({"any_of": ["A", "B"], **S}).high is AIS.B
    level = Sourced[Segment].model_validate({"min": "C4", "max": "T10", **S})
    assert (level.low, level.high, level.text) == (Level.C4, Level.T10, "C4 to T10")


def test_a_value_cannot_be_changed() -> None:
    one = Sourced[Count].model_validate({"value": 1, **S})
    with pytest.raises(ValidationError, match="frozen"):
        one.value = 2


def test_what_a_document_does_not_mention_is_unknown_and_has_no_source() -> None:
    person = load(SOUND).participants[1]
    assert (person.age_years.unknown, person.age_years.source) == (True, ())
    assert person.age_years.note == "not stated in this document"


def test_an_unknown_outcome_widens_the_bounds_and_is_not_counted() -> None:
    found = load(SOUND).conversions("treated", at_least_grades=2)
    assert (found.count, found.low, found.high, found.n) == (1, 1, 2, 2)
    assert str(found) == "1 of 2 (between 1 and 2)"


def test_people_who_were_not_seen_stay_in_the_denominator() -> None:
    found = load(SOUND).conversions("control", at_least_grades=1)
    assert (found.count, found.low, found.high, found.n) == (0, 0, 1, 5)


def test_an_arm_without_grades_is_refused_with_a_reason() -> None:
    with pytest.raises(InputError, match="gives no AIS grades at follow-up for arm 'all'"):
        load("scistar-2022").conversions("all")
    with pytest.raises(InputError, match="has no arm 'x'; its arms are treated"):
        load("keio-2025").conversions("x")


def test_days_are_counted_from_the_injury_whatever_the_visit_counts_from() -> None:
    text = SOUND.read_text(encoding="utf-8")
    study = load(SOUND)
    person = study.participants[0]
    assert study.days_after_injury(person, person.outcomes[0]) == (350, 380)
    moved = parse(
        text.replace('counted_from = "injury"', 'counted_from = "treatment"').encode(), "x"
    )
    first, second = moved.participants
    assert moved.days_after_injury(first, first.outcomes[0]) == (375, 405)
    assert moved.days_after_injury(second, second.outcomes[0]) is None


grades = st.sampled_from(list(AIS))
sets = st.frozensets(grades, min_size=1)
changes = st.builds(
    lambda before, after, count: GradeChange(before, after, min(before), max(after), count),
    sets, sets, st.integers(0, 3),
)  # fmt: skip


@given(st.lists(changes, max_size=4), st.integers(1, 4), st.none() | grades)
def test_bounds_hold_every_completion_and_are_reached(
    group: list[GradeChange], gained: int, to: AIS | None
) -> None:
    """The slow way: write out one row per person and every completion of all of them."""
    found = count_conversions(group, gained, to, "test")
    people = [change.possible() for change in group for _ in range(change.count)][:3]
    if len(people) < found.n:
        return
    totals = {
        sum(
            end.rank - start.rank >= gained and (to is None or end.rank >= to.rank)
            for start, end in completion
        )
        for completion in product(*people)
    }
    assert (min(totals), max(totals)) == (found.low, found.high)
    assert found.low <= found.count <= found.high
