"""Safety rules, partial follow-up and staggering of a design: against enumeration, closed forms, drawing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saisei.design.document import example_text, load_design, parse_design
from saisei.design.document.plan import Gate
from saisei.design.document.schema import DesignDocument
from saisei.design.onset import OnsetLaw, zero_event_limit
from saisei.design.safety_plan import gate_rows, monitor, safety_plans, zero_rows
from saisei.design.schedule import (
    drawn_exposure,
    expected_exposed,
    schedule_of,
    shuts_after,
    treatment_days,
)
from saisei.errors import InputError

DUAL = "dual-criterion"


def changed(*changes: tuple[str, str]) -> DesignDocument:
    """The dual-criterion example with texts replaced."""
    text = example_text(DUAL)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_design(text.encode(), "x")


def own_table() -> DesignDocument:
    """A design with a user's own table: 1 of 2, 2 of 5, 3 of 8."""
    return changed(
        ('rule = "beta-binomial"', 'rule = "table"'),
        ("false_stop = 0.1\n", ""),
        ("looks = [3, 6, 12, 18, 24]", "looks = [2, 5, 8]"),
        ("prior = [0.4, 3.6]", "stop_at = [1, 2, 3]"),
    )


def test_a_users_own_table_equals_all_sequences() -> None:
    """Crossing probability, people and events of an uploaded table are those of all 256 sequences."""
    plan = safety_plans(own_table())[1]
    row = next(row for row in plan.rows if row.p == 0.3)
    crossed = people = events = 0.0
    for sequence in itertools.product((0, 1), repeat=8):
        weight = math.prod(0.3 if one else 0.7 for one in sequence)
        stop = next((n for n, k in ((2, 1), (5, 2), (8, 3)) if sum(sequence[:n]) >= k), None)
        seen = 8 if stop is None else stop
        crossed += weight * (stop is not None)
        people += weight * seen
        events += weight * sum(sequence[:seen])
    assert row.p_cross == pytest.approx(crossed, abs=1e-12)
    assert row.expected_n == pytest.approx(people, abs=1e-12)
    assert row.expected_events == pytest.approx(events, abs=1e-12)
    assert plan.true_stop == pytest.approx(crossed, abs=1e-12)


def test_calibrated_rules_keep_their_false_stop() -> None:
    """Every method of the closed list stops falsely with at most the stated probability."""
    for name, extra in (
        ("Pocock", ""), ("O'Brien-Fleming", ""), ("Wang-Tsiatis", "delta = 0.25"), ("SPRT", ""),
    ):  # fmt: skip
        document = changed(
            ('rule = "beta-binomial"', f'rule = "{name}"'), ("prior = [0.4, 3.6]", extra)
        )
        plan = safety_plans(document)[1]
        assert plan.false_stop is not None
        assert plan.false_stop <= 0.1
        assert plan.true_stop > plan.false_stop


def test_the_first_catastrophic_event_stops() -> None:
    """A zero-event rule stops with probability 1 - (1 - p)^n after (1 - (1 - p)^n) / p people."""
    plan = safety_plans(load_design(DUAL))[0]
    for row in plan.rows:
        chance = 1.0 - (1.0 - row.p) ** 24
        assert row.p_cross == pytest.approx(chance, abs=1e-12)
        assert row.expected_n == pytest.approx(chance / row.p, abs=1e-9)


def test_what_no_event_excludes_by_person_and_by_time() -> None:
    """1 - 0.05^(1/n) by person and -log(0.05) / T by person-time."""
    plan = safety_plans(load_design(DUAL))[0]
    rows = zero_rows(plan, 24)
    assert [row.people for row in rows] == [4, 6, 10, 20, 24]
    for row in rows:
        assert row.upper_limit == pytest.approx(1.0 - 0.05 ** (1.0 / row.people), abs=1e-12)
        assert row.person_years == pytest.approx(row.people * 730 / 365.25)
        assert row.upper_rate == pytest.approx(-math.log(0.05) / row.person_years, rel=1e-9)
        assert row.missed == pytest.approx(0.95**row.people, abs=1e-12)


@given(st.lists(st.floats(1.0, 700.0), min_size=1, max_size=30))
def test_partial_follow_up_loosens_the_limit_and_drops_nobody(days: list[float]) -> None:
    """The limit solves prod(1 - p w) = 0.05, lies above the complete one, and shrinks with anyone more."""
    onset = OnsetLaw((0.0, 180.0, 365.0, 730.0), (0.0, 0.1, 0.5, 1.0))
    limit = zero_event_limit(days, onset)
    weights = onset.share(days)
    if limit < 1.0:
        assert float(np.prod(1.0 - limit * weights)) == pytest.approx(0.05, abs=1e-9)
    assert limit >= 1.0 - 0.05 ** (1.0 / len(days)) - 1e-12
    assert zero_event_limit([*days, 400.0], onset) <= limit


def test_reading_in_the_middle_of_a_trial() -> None:
    """Nobody is dropped: six half-way people are worth three, and the bound is that of the look at 3."""
    plan = safety_plans(changed(("window_days = 91", "window_days = 100")))[1]
    reading = monitor(plan, [50.0] * 6, 0)
    assert (reading.people, reading.effective_people, reading.bound) == (6, 3.0, 2)
    assert not reading.stop
    assert reading.upper_limit == pytest.approx(2 * (1 - 0.05 ** (1 / 6)), abs=1e-9)
    alarm = monitor(plan, [50.0] * 2, 2)
    assert (alarm.people, alarm.effective_people, alarm.bound, alarm.stop) == (4, 3.0, 2, True)
    assert alarm.upper_limit is None
    with pytest.raises(InputError, match="nobody"):
        monitor(plan, [], 0)


def test_days_of_treatment_by_gate() -> None:
    """Each gate shuts where it should; the wait for the next person follows the opening."""
    days = {gate: treatment_days(gate, 5, 10.0, 90.0, 2).tolist() for gate in Gate}
    assert days[Gate.NONE] == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert days[Gate.FIRST] == [0.0, 100.0, 110.0, 120.0, 130.0]
    assert days[Gate.COHORT] == [0.0, 10.0, 110.0, 120.0, 220.0]
    assert days[Gate.EVERY] == [0.0, 100.0, 200.0, 300.0, 400.0]


@given(
    days=st.lists(st.floats(0.0, 300.0), min_size=1, max_size=5).map(sorted),
    rate=st.floats(0.0, 1.0),
)
def test_expected_exposed_equals_all_patterns_of_harm(days: list[float], rate: float) -> None:
    """The formula is the sum over who has the event and whether each has shown it by the next treatment."""
    onset = OnsetLaw.linear(150.0)
    total = 0.0
    for i in range(len(days)):
        # Person i is treated when nobody before has shown the event: independent people.
        total += math.prod(
            (1.0 - rate) + rate * (1.0 - float(onset.share([days[i] - days[j]])[0]))
            for j in range(i)
        )
    assert expected_exposed(days, rate, onset) == pytest.approx(total)


def test_drawn_exposure_agrees_with_the_formula_where_arrival_does_not_matter() -> None:
    """With people queuing (gaps of a minute) drawing and formula agree within four errors."""
    document = changed(("eligible_per_month = 1.0", "eligible_per_month = 1000.0"))
    onset = OnsetLaw.linear(91.0)
    drawn = drawn_exposure(document, 0.2, onset, np.random.default_rng(3))
    exact = expected_exposed(schedule_of(document).days, 0.2, onset)
    assert drawn.error <= 0.02 or drawn.runs == 4000
    assert abs(drawn.mean - exact) < 4.0 * drawn.error + 0.01


def test_drawing_goes_on_until_the_error_is_small() -> None:
    """The rule for how many runs are enough: the standard error reaches the goal, and repeats by seed."""
    document, onset = load_design(DUAL), OnsetLaw.linear(730.0)
    rough = drawn_exposure(document, 0.1, onset, np.random.default_rng(4), 0.05)
    fine = drawn_exposure(document, 0.1, onset, np.random.default_rng(4), 0.03)
    assert rough.error <= 0.05
    assert fine.error <= 0.03
    assert fine.runs > rough.runs
    assert drawn_exposure(document, 0.1, onset, np.random.default_rng(4), 0.05) == rough


def test_gates_trade_exposure_for_time_and_people_turned_away() -> None:
    """The stricter the gate, the fewer are exposed, the longer it takes and the more are turned away."""
    document = load_design(DUAL)
    plan = safety_plans(document)[0]
    rows = {row.schedule.gate: row for row in gate_rows(document, plan)}
    order = [rows[gate] for gate in (Gate.NONE, Gate.FIRST, Gate.COHORT, Gate.EVERY)]
    assert [row.planned for row in order] == [False, True, False, False]
    for loose, strict in itertools.pairwise(order):
        assert strict.schedule.months_to_result > loose.schedule.months_to_result
        assert strict.schedule.lost_at_most > loose.schedule.lost_at_most
        for (rate, more), (_, fewer) in zip(loose.exposed, strict.exposed, strict=True):
            assert fewer <= more
            assert 1.0 <= fewer <= 24.0
            assert rate > 0.0
    one = rows[Gate.FIRST].schedule
    assert one.lost_at_most == pytest.approx(91.0 / (365.25 / 12))
    assert one.lost_at_least == pytest.approx((91.0 - 14.0) / (365.25 / 12))
    assert one.months_to_result == pytest.approx((one.days[-1] + 365.0) / (365.25 / 12))


def test_keio_gate_is_one_person_then_three() -> None:
    """One person, about three months, then three more: the gate after the first shuts once."""
    assert [shuts_after(Gate.FIRST, i, None) for i in (1, 2, 3)] == [True, False, False]
    days = treatment_days(Gate.FIRST, 4, 0.0, 91.0)
    assert days.tolist() == [0.0, 91.0, 91.0, 91.0]
    # Whatever shows within the interval shows before the second person: 1 + 3 (1 - p).
    assert expected_exposed(days, 0.3, OnsetLaw.linear(91.0)) == pytest.approx(1.0 + 3 * 0.7)
