"""Reasons name the scores that decide, the muscles counted and the retest that would settle an ND."""

from __future__ import annotations

import random
from collections.abc import Callable

from saisei.exam.isncsci import Exam, classify, plausibility, plausibility_change
from saisei.exam.isncsci.evaluate import QUANTITIES
from saisei.exam.isncsci.record import COLUMNS

SENSORY_T4 = ([2] * 11 + [0] * 17) * 2


def exam(right_motor: list[int], left_motor: list[int], vac: int, dap: int, **cells: int) -> Exam:
    """A T4 exam with these muscles and single cells changed by column name."""
    codes = [*SENSORY_T4, *right_motor, *SENSORY_T4, *left_motor, vac, dap, -1, -1]
    for column, code in cells.items():
        codes[COLUMNS.index(column)] = code
    return Exam.from_codes(codes)


ARMS = [5] * 5 + [0] * 5


def test_the_stop_of_a_walk_names_its_score() -> None:
    """The sensory level names the dermatome below it, the motor level its muscle."""
    result = classify(exam([5, 5, 3, 0, 0] + [0] * 5, ARMS, 0, 0, right_pin_prick_c5=1))
    assert result.right_sensory_level.why is not None
    assert result.right_motor_level.why is not None
    (stop,) = result.right_sensory_level.why.reasons
    assert (stop.value, [str(i) for i in stop.items]) == ("C4", ["right.pin_prick.C5 is 1"])
    (stop,) = result.right_motor_level.why.reasons
    assert (stop.value, [str(i) for i in stop.items]) == ("C7", ["right.motor.C7 is 3"])


def test_a_complete_injury_says_why_it_is_not_b() -> None:
    """AIS A names VAC, DAP and the four S4-5 scores."""
    why = classify(exam(ARMS, ARMS, 0, 0)).ais.why
    assert why is not None
    (reason,) = why.reasons
    assert len(reason.items) == 6
    assert "not B" in reason.rule
    assert why.counts == ()


def test_c_against_d_names_and_counts_the_muscles() -> None:
    """Below T4 ten muscles are counted, five make a D, and those of 3 or more are named."""
    result = classify(exam([*ARMS[:5], 3, 3, 2, 1, 0], [*ARMS[:5], 4, 3, 0, 0, 0], 0, 1))
    why = result.ais.why
    assert why is not None
    (count,) = why.counts
    assert (result.ais.text, count.below, count.needed, count.least, count.most) == (
        "C",
        10,
        5,
        4,
        4,
    )
    assert [str(item) for item in count.counted] == [
        "right.motor.L2 is 3",
        "right.motor.L3 is 3",
        "left.motor.L2 is 4",
        "left.motor.L3 is 3",
    ]
    assert "4 of the 10 key muscles below T4 are 3 or more, 5 make a D" in str(count)


def test_a_non_key_muscle_that_decides_is_named() -> None:
    """Motor incomplete by a non-key muscle names it."""
    why = classify(exam(ARMS, ARMS, 0, 1, right_non_key_muscle=23)).ais.why
    assert why is not None
    assert "right.lowest_non_key_muscle is L4" in str(why.reasons[0])


def test_the_single_retest_that_settles_an_nd_is_named_and_does_settle_it(
    make_exam: Callable[..., Exam],
) -> None:
    """An item is named exactly when each of its values alone makes the quantity determinable."""
    rng = random.Random(31)
    settled = unsettled = 0
    for _ in range(60):
        one = make_exam(rng, uncertain=rng.randint(1, 3), flags=False)
        codes = one.codes()
        open_items = [i for i, c in enumerate(codes[:134]) if c == 9]
        for name, found in classify(one).findings().items():
            assert found.why is not None
            assert found.why.not_determinable == (not found.determinable)
            if found.determinable:
                assert found.why.settled_by == ()
                continue
            named = []
            for i in open_items:
                values = range(2 if i >= 132 else 6 if i % 66 >= 56 else 3)
                after = [Exam.from_codes([*codes[:i], v, *codes[i + 1 :]]) for v in values]
                if all(getattr(classify(e, reasons=False), name).determinable for e in after):
                    named.append(i)
            assert len(found.why.settled_by) == len(named), (name, codes)
            settled, unsettled = settled + bool(named), unsettled + (not named)
    assert settled > 20
    assert unsettled > 5


def test_every_value_has_a_reason(make_exam: Callable[..., Exam]) -> None:
    """No value of any quantity is left without a reason, and no reason is given for another value."""
    rng = random.Random(32)
    for _ in range(80):
        result = classify(make_exam(rng, uncertain=rng.randint(0, 6)))
        for name in QUANTITIES:
            found = getattr(result, name)
            labels = {label.rstrip("*") for label in found.labels}
            assert {reason.value for reason in found.why.reasons} == labels, name


def test_a_total_that_is_nd_names_what_was_not_tested() -> None:
    """The sum of both sides names its one NT item, which alone settles it."""
    result = classify(exam(ARMS, ARMS, 0, 0, left_motor_c7=9))
    assert set(result.total_why) == {"uems.left", "uems.both"}
    assert [i.where for i in result.total_why["uems.both"].settled_by] == ["left.motor.C7"]
    assert result.totals.uems.both.text == "ND (45 to 50)"
    assert "right 25, left ND (20 to 25), both ND (45 to 50)" in result.text


def test_plausibility_asks_about_each_kind_of_oddity() -> None:
    """Each rule fires on an exam made for it and on no other, and a plain exam has none."""
    assert plausibility(exam(ARMS, ARMS, 0, 0)) == []

    def rules(one: Exam) -> list[str]:
        return [warning.rule for warning in plausibility(one)]

    assert rules(exam(ARMS, ARMS, 0, 0, left_motor_s1=3)) == ["better_motor_function_below"]
    assert rules(exam(ARMS, ARMS, 0, 0, left_non_key_muscle=8)) == [
        "non_key_muscle_above_motor_level"
    ]
    sacral = {"right_light_touch_s4_5": 2, "right_pin_prick_s4_5": 2}
    assert rules(exam(ARMS, ARMS, 0, 0, **sacral)) == [
        "dap_absent_with_normal_s4_5",
        "better_sensation_below",
    ]
    assert rules(exam(ARMS, ARMS, 0, 1, **sacral)) == ["better_sensation_below"]
    assert rules(exam(ARMS, ARMS, 0, 0, left_motor_s1=9, right_light_touch_s4_5=9)) == []


def test_a_jump_between_visits_is_asked_about() -> None:
    """More than two grades of a muscle or of the AIS, up or down; NT is passed over."""
    before = exam(ARMS, ARMS, 0, 0)
    assert plausibility_change(before, before) == []
    small = exam(ARMS, [*ARMS[:5], 2, 0, 0, 0, 0], 0, 0, right_motor_l4=9)
    assert plausibility_change(before, small) == []
    legs = [5] * 5 + [3] * 5
    after = exam(legs, ARMS, 1, 1)
    for one, other in ((before, after), (after, before)):
        found = plausibility_change(one, other)
        assert [w.rule for w in found] == ["jump_of_motor_grade"] * 5 + ["jump_of_ais"]
    assert "from A to D" in plausibility_change(before, after)[-1].text
