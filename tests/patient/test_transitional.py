"""The statistical benchmark: a chain of scores with its own law, on any day, by person alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from saisei.errors import InputError
from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient.care import Care, Kind
from saisei.patient.cohort import simulate
from saisei.patient.plan import Eligibility, Plan
from saisei.patient.table import columns
from saisei.patient.transitional import Transitional, transitional_values
from saisei.patient.transitional_kernel import GRID, TRANSITIONAL, follow

MODEL = Transitional.packaged()
WHO = np.arange(600)
FIRST = np.zeros_like(WHO)
MOTOR = [*range(56, 66), *range(122, 132)]


def days(*wanted: int) -> np.ndarray:
    """The same days for all."""
    return np.tile(np.array(wanted), (len(WHO), 1))


CODES, _ = MODEL.examine(3, WHO, FIRST, days(*GRID))


def place(name: str) -> int:
    """Where a value stands."""
    names = [known for known, _ in TRANSITIONAL]
    return sum(length for _, length in TRANSITIONAL[: names.index(name)])


def test_a_person_depends_on_its_number_and_the_day_alone() -> None:
    """Other visits, another order and another batch change nothing."""
    some, _ = MODEL.examine(3, WHO[::-1][:50], FIRST[:50], days(182, 28)[:50])
    np.testing.assert_array_equal(some[:, 0], CODES[::-1][:50, 3])
    np.testing.assert_array_equal(some[:, 1], CODES[::-1][:50, 1])


def test_the_first_exam_is_that_of_the_mechanistic_model() -> None:
    """On day 5, and before it, the exam of the start."""
    start, _ = MODEL.start.examine(3, WHO, FIRST, days(5)[:, :1])
    np.testing.assert_array_equal(CODES[:, 0], start[:, 0])
    early, _ = MODEL.examine(3, WHO, FIRST, days(0, 5))
    np.testing.assert_array_equal(early[:, 0], start[:, 0])


def test_between_two_days_of_the_chain_each_item_is_old_or_new() -> None:
    """Half way through an interval about half of the changed items have turned, and none is in between."""
    mid, _ = MODEL.examine(3, WHO, FIRST, days(133))
    old, new = CODES[:, 2], CODES[:, 3]
    assert ((mid[:, 0] == old) | (mid[:, 0] == new)).all()
    changed = old != new
    turned = (mid[:, 0] == new)[changed].mean()
    assert abs(turned - 0.5) < 4 * 0.5 / np.sqrt(changed.sum())


def test_normal_stays_normal_and_sacral_sparing_is_never_lost() -> None:
    """A score at its ceiling stays; without sacral sparing nothing is felt at S4-5; nobody turns to A."""
    for before, after in zip(
        CODES.transpose(1, 0, 2)[:-1], CODES.transpose(1, 0, 2)[1:], strict=True
    ):
        assert (after[:, MOTOR][before[:, MOTOR] == 5] == 5).all()
        touch = [*range(56), *range(66, 122)]
        assert (after[:, touch][before[:, touch] == 2] == 2).all()
        first, second = (classify_table(np.ascontiguousarray(c)) for c in (before, after))
        complete = second.value_of("ais") == 0
        assert (first.value_of("ais")[complete] == 0).all()
        assert (after[complete][:, [27, 55, 93, 121, 133]] == 0).all()


def test_transition_chances_are_those_of_the_cumulative_probit() -> None:
    """One interval from a fixed exam, no person effect: shares of the next grade equal the formula's.

    Right C7 at 2 with C6 at 3, C8 at 1 and felt 1 + 1, neck, no long tracts; 20,000 people, 4 standard
    errors. The plain formula: P(Y <= k) = Phi((k + 1/2 - y - pace gain) / noise).
    """
    values = transitional_values()
    values[place("tier0_motor_spread")] = 0.0
    values[place("tier0_to_motor")] = -99.0  # nobody gains long tracts: the formula is then exact
    exam = np.zeros(136, dtype=np.int8)
    exam[[56, 57, 58, 59]] = 5, 3, 2, 1
    exam[[5, 33]] = 1  # light touch and pin prick of C7
    n = 20_000
    who, start = np.arange(n), np.zeros((n, 3), dtype=np.int64)
    codes = np.empty((n, 1, 136), dtype=np.int8)
    when = np.full((n, 1), GRID[1])
    follow(values, 1, who, np.zeros_like(who), when, np.tile(exam, (n, 1)), start, codes)
    base, _, partly, above, below, felt, neck, _ = values[place("tier0_motor_gain") :][:8]
    gain = base + partly + above * 1 + below * -1 + felt * 0 + neck
    mean = 2 + values[place("tier0_motor_pace")] * gain
    cut = norm.cdf((np.arange(5) + 0.5 - mean) / values[place("tier0_motor_spread") + 3])
    expected = np.diff(np.concatenate([[0.0], cut, [1.0]]))
    found = np.bincount(codes[:, 0, 58], minlength=6) / n
    assert (abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / n) + 1e-9).all()


def test_it_makes_cohorts_like_the_other_tier() -> None:
    """Eligible people, no true states, a table that carries exam and grading."""
    plan = Plan(Eligibility("A", (Level.C4, Level.T10), (14, 28), (18, 75)), (12.0, 52.0), 60, 1)
    (chunk,) = simulate(plan, MODEL)
    assert (chunk.graded.value_of("ais").reshape(60, 3)[:, 0] == 0).all()
    table = columns(plan, chunk)
    assert not [name for name in table if name.startswith("true_")]
    assert len(table["right_motor_c5"]) == 180


def test_care_cannot_reach_it() -> None:
    """A supposed effect of training is refused; the null is not an effect."""
    who = Eligibility("A", (Level.C4, Level.T10), (14, 28), (18, 75))
    null = Care(Kind.MOTOR_TRAINING, 12.0, 4.0, 10.0)
    assert list(simulate(Plan(who, (52.0,), 5, 1, care=null), MODEL))
    supposed = replace(null, effect=0.01)
    with pytest.raises(InputError, match="no drive"):
        list(simulate(Plan(who, (52.0,), 5, 1, care=supposed), MODEL))
