"""Walking rules: the printed tables, monotone points, better side, exact ranges with NT."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saisei.errors import ExamError, InputError
from saisei.exam.isncsci import COLUMNS, Exam
from saisei.exam.walking import RULES, Items, predict, rule_named
from saisei.exam.walking.prediction import Range, items_of

# Score -> probability as printed by the public calculator medicalalgorithms.com (four decimals).
PRINTED = {
    "van_middendorp_2011": {-10: 0.0026, 0: 0.0365, 10: 0.3537, 15: 0.6752, 20: 0.8877, 40: 0.9994},
    "hicks_2017": {-10: 0.0468, 0: 0.1464, 10: 0.3745, 20: 0.6763, 40: 0.9622},
    "hicks_2017_simplified_s1": {-10: 0.0283, -5: 0.0773, 0: 0.1939, 5: 0.4085, 10: 0.6649, 20: 0.9424},
    "hicks_2017_simplified_l3": {-10: 0.0283, 15: 0.8507, 20: 0.9424},
}  # fmt: skip
ITEMS = ("motor_l3", "motor_s1", "light_touch_l3", "light_touch_s1")
AT = {(side, name): COLUMNS.index(f"{side}_{name}") for side in ("right", "left") for name in ITEMS}


def exam_of(values: dict[tuple[str, str], int]) -> Exam:
    """An exam with these codes at L3 and S1 and zeros elsewhere."""
    codes = [0] * 134 + [-1, -1]
    for place, code in values.items():
        codes[AT[place]] = code
    return Exam.from_codes(codes)


@pytest.mark.parametrize("name", RULES)
def test_the_printed_table_is_met(name: str) -> None:
    """Each probability agrees with the printed one to its last digit."""
    for points, printed in PRINTED[name].items():
        assert rule_named(name).share(points) == pytest.approx(printed, abs=6e-5)


def test_point_ranges_are_the_published_ones() -> None:
    """-10 to 40, and -10 to 20 for the three-variable form."""
    lowest = Items(*(Range(0, 0),) * 4)
    highest = Items(Range(5, 5), Range(5, 5), Range(2, 2), Range(2, 2))
    tops = {name: rule.points(30, highest).high for name, rule in RULES.items()}
    assert {rule.points(65, lowest).low for rule in RULES.values()} == {-10}
    assert set(tops.values()) == {40, 20}
    assert tops["van_middendorp_2011"] == 40


@given(
    st.dictionaries(st.sampled_from(sorted(AT)), st.integers(0, 2)),
    st.sampled_from(sorted(AT)),
    st.sampled_from(sorted(RULES)),
    st.floats(0, 100),
)
def test_a_better_item_never_lowers_and_age_never_raises_the_share(
    values: dict[tuple[str, str], int], place: tuple[str, str], rule: str, age: float
) -> None:
    """Raising one score, or being younger, never lowers the share."""
    before = predict(exam_of(values), age, rule)
    after = predict(exam_of(values | {place: 2}), age, rule)
    assert after.low >= before.low
    assert predict(exam_of(values), 0, rule).low >= before.low


def test_the_better_side_counts() -> None:
    """Left and right give the same items when mirrored."""
    right = exam_of({("right", "motor_l3"): 4, ("left", "motor_s1"): 1})
    left = exam_of({("left", "motor_l3"): 4, ("right", "motor_s1"): 1})
    assert items_of(right) == items_of(left)
    assert items_of(right).motor_l3 == Range(4, 4)


def test_with_nt_the_range_holds_every_completion() -> None:
    """Union over all completions of two NT: its ends are the ends of the range."""
    rule = "van_middendorp_2011"
    fixed = {("right", "motor_l3"): 2, ("left", "light_touch_s1"): 1}
    open_items = [("left", "motor_l3"), ("right", "light_touch_s1")]
    found = predict(exam_of(fixed | dict.fromkeys(open_items, 9)), 40, rule)
    shares = [
        predict(exam_of(fixed | dict(zip(open_items, pair, strict=True))), 40, rule).low
        for pair in itertools.product(range(6), range(3))
    ]
    assert (found.low, found.high) == (min(shares), max(shares))
    assert found.value is None


def test_wrong_use_is_refused() -> None:
    """An unknown rule, an impossible age and impossible items are named."""
    with pytest.raises(InputError, match="van_middendorp_2011"):
        predict(exam_of({}), 40, "zörner")
    for age in (-1.0, float("nan"), True):
        with pytest.raises(InputError, match="years"):
            predict(exam_of({}), age)
    with pytest.raises(ExamError, match="0 to 5"):
        Items(Range(3, 6), Range(0, 0), Range(0, 0), Range(0, 0))


def test_every_rule_says_that_it_is_a_secondary_reading() -> None:
    """None of the coefficients was read in the paper itself; each rule says so."""
    assert {rule.status for rule in RULES.values()} == {"secondary implementation"}
    assert all(rule.source and rule.read_in for rule in RULES.values())
