"""Motor outcomes against natural recovery: directions, readings, studies with and without such data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from saisei.errors import DocumentError, InputError
from saisei.evidence.motor import MOTOR_MAIN, claim_readings, motor_test
from saisei.evidence.motor_kinds import Kind, kind_of, merged_grades
from saisei.evidence.motor_people import Measure, Wanted, gains, virtual_people
from saisei.evidence.motor_record import wanted_of_arm
from saisei.evidence.motor_rows import people_of_csv
from saisei.evidence.motor_statistics import CountStatistic, MeanStatistic, SumStatistic
from saisei.evidence.motor_study import assess_motor
from saisei.exam.isncsci.levels import Level
from saisei.study import load

PEOPLE = 3000  # enough for directions; the claim uses 12,000
WANTED = Wanted("A", (Level.C4, Level.C8), (21, 21), 365)


@pytest.fixture(scope="module")
def kind() -> Kind:
    return kind_of(WANTED, people=PEOPLE, draws=2)


def test_virtual_people_depend_on_their_number_alone() -> None:
    few, many = virtual_people(WANTED, None, 300), virtual_people(WANTED, None, PEOPLE)
    assert np.array_equal(few.persons, many.persons[:300])
    assert np.array_equal(few.uems, many.uems[:300])
    assert np.all(many.grade[:, 0] == 0)
    assert 0 < few.acceptance < 1


def test_levels_searched_one_by_one_find_the_people_of_all_together() -> None:
    """A search per listed person shares its baseline exams and changes nobody."""
    whole = virtual_people(WANTED, None, PEOPLE)
    last = int(whole.persons[-1])
    apart = [
        virtual_people(replace(WANTED, levels=(k, k)), None, 400)
        for k in range(Level.C4, Level.C8 + 1)
    ]
    for one in apart:
        among = one.persons <= last
        place = np.searchsorted(whole.persons, one.persons[among])
        assert among.sum() > 20
        assert np.array_equal(whole.persons[place], one.persons[among])
        for name in ("grade", "uems", "lems", "right", "left"):
            assert np.array_equal(getattr(whole, name)[place], getattr(one, name)[among])


def test_a_side_is_better_or_worse_by_its_gain() -> None:
    people = virtual_people(WANTED, None, 300)
    better, worse = gains(people, Measure.BETTER_SIDE), gains(people, Measure.WORSE_SIDE)
    sides = np.stack([np.diff(people.right)[:, 0], np.diff(people.left)[:, 0]])
    assert np.array_equal(better, sides.max(axis=0))
    assert np.array_equal(worse, sides.min(axis=0))


def test_the_generator_reading_is_what_its_people_did(kind: Kind) -> None:
    people = kind.pools[0].matched
    for measure in Measure:
        law, seen = kind.laws(measure).mean, gains(people, measure)
        assert law.pmf(0) == pytest.approx((seen == 0).mean(), abs=1e-12)
        assert law.mean == pytest.approx(seen.mean(), abs=1e-9)


def test_the_landmark_reading_has_the_landmark_rates_of_conversion(kind: Kind) -> None:
    ratio = kind.ratios(MOTOR_MAIN)[:, :5]
    rates = kind.nature.rates(list(kind.subjects.values()), MOTOR_MAIN).by_baseline[0][:, 0]
    assert len(kind.pools) == 3
    for draw in range(6):  # draws take turns over the generator's posterior, the mode apart
        after = kind.pools[1 + draw % 2].everyone.grade[:, 1]
        counts = np.bincount(after, minlength=5)
        weighted = ratio[draw] * counts / len(after)
        block = np.array(merged_grades(counts, 40))  # evidence.motor_merge_people
        for one in range(max(block) + 1):  # small grades stand together
            expected = rates[draw, block == one].sum()
            assert weighted[block == one].sum() == pytest.approx(expected, abs=1e-12)
        assert weighted.sum() == pytest.approx(1.0)


def test_small_grades_join_the_next_lower_one() -> None:
    assert merged_grades(np.array([900, 0, 90, 90, 0]), 40) == (0, 0, 1, 2, 2)
    assert merged_grades(np.array([0, 0, 3, 5, 90]), 40) == (0, 0, 0, 0, 0)


def test_a_better_result_never_raises_p(kind: Kind) -> None:
    statistic = SumStatistic(Measure.UEMS, (0,) * 4)
    for reading in (None, MOTOR_MAIN, *claim_readings()):
        p = [statistic.tails([kind], reading, seen).mean() for seen in range(-10, 120, 7)]
        assert np.all(np.diff(p) <= 1e-12)


def test_a_later_exam_leaves_less_to_gain() -> None:
    means = []
    for day in (7, 21, 60):
        later = kind_of(replace(WANTED, exam_days=(day, day)), people=PEOPLE, draws=1)
        law = later.laws(Measure.UEMS, MOTOR_MAIN).mean
        means.append((law.mean, law.at_least(10)))
    assert means[0] > means[1] > means[2]
    assert [p for _, p in means] == sorted((p for _, p in means), reverse=True)


def test_who_starts_near_the_top_gains_less() -> None:
    low = kind_of(WANTED, {Measure.UEMS: 20}, people=PEOPLE, draws=1)
    high = kind_of(WANTED, {Measure.UEMS: 45}, people=PEOPLE, draws=1)
    assert high.laws(Measure.UEMS).mean.mean < low.laws(Measure.UEMS).mean.mean
    law = high.laws(Measure.UEMS).mean
    assert law.first + len(law.probs) - 1 <= 50 - 42  # UEMS ends at 50; the window begins at 42
    assert all(abs(pool.matched.uems[:, 0] - 45).max() <= 3 for pool in high.pools)


def test_the_mean_given_the_baseline_mean_is_that_of_simulated_trials(kind: Kind) -> None:
    """Trials of 3 drawn from the same virtual people and kept when their baselines sum to 40."""
    people, n = kind.pools[0].matched, 3
    rng = np.random.default_rng(1)
    picks = rng.integers(0, len(people), size=(400_000, n))
    fits = people.uems[picks, 0].sum(axis=1) == 40
    totals = gains(people, Measure.UEMS)[picks[fits]].sum(axis=1)
    statistic = MeanStatistic(Measure.UEMS, n, (40,))
    for seen in (15, 25, 40):
        p = float(statistic.tails([kind], None, seen)[0])
        error = (p * (1 - p) / len(totals)) ** 0.5
        assert abs((totals >= seen).mean() - p) < 4 * error


def test_everything_of_a_test_hangs_together(kind: Kind) -> None:
    statistic = CountStatistic(Measure.BETTER_SIDE, 2, 10)
    found = motor_test("two levels", "people", statistic, [kind], 4, 4)
    assert found.people == 10
    assert found.p_averaged.p + found.p_below >= 1.0  # both hold the value seen
    assert found.mid_p < found.p_averaged.p
    assert found.p_least_favourable >= found.p_averaged.p
    assert found.generator_error > 0
    low, high = found.band
    assert low <= found.expected <= high


def test_keio_has_no_motor_outcome_and_that_is_said() -> None:
    found = assess_motor(load("keio-2025"))
    assert found.outcomes == ()
    assert "publishes no value" in found.why_not
    assert found.to_dict()["outcomes"] == []


def test_people_of_an_arm_are_read_from_the_document() -> None:
    study = load("scistar-2022")
    wanted = wanted_of_arm(study, study.arm("cohorts-2-5"), "year-1")
    assert wanted.grades == "AB"
    assert wanted.levels == (Level.C4, Level.C7)
    assert wanted.exam_days == (0, 42)
    assert wanted.follow_days == 365 + 31  # counted from treatment on day 21 to 42


def test_what_cannot_be_is_named() -> None:
    with pytest.raises(InputError, match="A, B, C or D"):
        Wanted("E", (Level.C5, Level.C5), (3, 3), 365)
    with pytest.raises(InputError, match="must come after the exam"):
        Wanted("A", (Level.C5, Level.C5), (400, 400), 365)
    with pytest.raises(InputError, match="0 to 50"):
        kind_of(WANTED, {Measure.UEMS: 51}, people=PEOPLE)
    with pytest.raises(InputError, match="matched by UEMS"):
        kind_of(WANTED, {Measure.BETTER_SIDE: 3}, people=PEOPLE)


def test_a_table_of_people_names_each_fault() -> None:
    head = "id,ais,level,exam_day,follow_day,before,after\n"
    with pytest.raises(InputError, match="lacks the columns follow_day"):
        people_of_csv("id,ais,level,exam_day,before,after\n", "t.csv", Measure.UEMS)
    rows = (
        "1,A,C5,21,365,10,25\n" * 2 + "2,X,C5,21,365,10,25\n3,A,C5,21,365,10,51\n4,A,C5,21,,1,2\n"
    )
    with pytest.raises(DocumentError) as caught:
        people_of_csv(head + rows, "t.csv", Measure.UEMS)
    assert [fault.where for fault in caught.value.faults] == [
        "line 3",
        "line 4",
        "line 5",
        "line 6",
    ]
    with pytest.raises(InputError, match="holds 0 people"):
        people_of_csv(head, "t.csv", Measure.UEMS)
    with pytest.raises(InputError, match="holds scores"):
        people_of_csv(head, "t.csv", Measure.BETTER_SIDE)
