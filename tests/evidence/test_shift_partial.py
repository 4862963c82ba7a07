"""Bounds and integration where grades are known only in part, and the people of a study."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from saisei.evidence.persons import Subject, subjects
from saisei.evidence.shift import exact_null, lattice_scores, mean_rates
from saisei.evidence.shift_answer import extreme_pairs
from saisei.evidence.shift_partial import Rates, assign, integrated_tails, mix, tails
from saisei.evidence.shift_posterior import shifted
from saisei.evidence.shift_power import critical_total, rejection_probability
from saisei.study import load

A = np.array([0.85, 0.08, 0.04, 0.025, 0.005])
B = np.array([0.10, 0.40, 0.25, 0.20, 0.05])


def rates_for(people: int) -> Rates:
    draws = [np.array([shifted(base, b) for b in (-0.5, 0.0, 0.7)]) for base in (A, B)]
    return Rates({k: np.repeat(one[:, None], people, axis=1) for k, one in enumerate(draws)})


def test_keio_people_are_read_with_their_ranges() -> None:
    people = subjects(load("keio-2025"), "treated")
    assert [one.reading for one in people] == [(0, 3), (0, 2), (0, 0), (0, 0)]
    assert [one.best for one in people] == [(0, 3), (0, 2), (0, 1), (0, 1)]
    assert {one.exam_days for one in people} == {(14.0, 28.0)}
    assert {one.follow_up_days for one in people} == {(378.0, 392.0)}
    assert all(one.levels[0] is not None and one.levels[0].label == "C3" for one in people)


def test_worst_and_best_pairs_follow_the_gain_when_the_baseline_is_unknown() -> None:
    one = Subject(
        "x", "arm", ((0, 0), (1, 1), (0, 1)), (0, 0), False, False,
        (None, None), (None, None), (None, None), (None, None), (),
    )  # fmt: skip
    assert (one.worst, one.best) == ((0, 0), (0, 1))
    assert (one.baselines, one.outcomes) == ((0, 1), (0, 1))


def test_integration_without_unknowns_is_the_plain_p_value() -> None:
    rates = rates_for(3)
    pairs = [(0, 2), (0, 0), (1, 3)]
    plain = tails(rates, pairs)
    assert integrated_tails(rates, [[p] for p in pairs]) == pytest.approx(plain)


def test_integration_equals_the_sum_over_every_completion() -> None:
    rates = rates_for(3)
    pairs = [[(0, 2)], [(0, 0), (0, 1)], [(0, y) for y in range(5)]]
    draws = mix(rates, pairs)
    scores = lattice_scores(mean_rates(draws))
    slow = []
    for q in draws:
        null = exact_null(scores, q)
        total = 0.0
        for second, third in itertools.product((0, 1), range(5)):
            chance = q[1, second] / q[1, :2].sum() * q[2, third]
            seen = int(scores[0, 2] + scores[1, second] + scores[2, third])
            total += chance * null.at_least(seen)
        slow.append(total)
    assert integrated_tails(rates, pairs) == pytest.approx(slow, rel=1e-12)


def test_integrated_case_lies_between_the_bounds() -> None:
    rates = rates_for(4)
    pairs = [[(0, 3)], [(0, 2)], [(0, 0), (0, 1)], [(0, y) for y in range(5)]]
    worst = tails(rates, [min(p) for p in pairs]).mean()
    best = tails(rates, [max(p) for p in pairs]).mean()
    assert best < integrated_tails(rates, pairs).mean() < worst


def test_an_unknown_baseline_is_the_same_before_and_after() -> None:
    rates = rates_for(2)
    pairs = [[(0, 0), (1, 1)], [(0, 1), (1, 1), (1, 2)]]
    draws = mix(rates, pairs)
    assert draws[:, 0] == pytest.approx((assign(rates, [0])[:, 0] + assign(rates, [1])[:, 0]) / 2)
    scores = lattice_scores(mean_rates(draws))
    slow = []
    for d in range(rates.draws):
        q = [rates.by_baseline[b][d, 0] for b in (0, 1)]
        total, weight = 0.0, 0.0
        for one, two in itertools.product(*pairs):
            chance = q[one[0]][one[1]] * q[two[0]][two[1]]
            null = exact_null(scores, np.array([q[one[0]], q[two[0]]]))
            total += chance * null.at_least(int(scores[0, one[1]] + scores[1, two[1]]))
            weight += chance
        slow.append(total / weight)
    assert integrated_tails(rates, pairs) == pytest.approx(slow, rel=1e-12)


def test_a_set_that_a_draw_calls_impossible_is_spread_evenly() -> None:
    certain = Rates({0: np.array([[[1.0, 0, 0, 0, 0]], [[0.5, 0.5, 0, 0, 0]]])})
    p = integrated_tails(certain, [[(0, 2), (0, 3)]])
    assert np.all(np.isfinite(p))
    assert p[0] == 0.0


def test_critical_total_is_the_first_whose_tail_fits_the_level() -> None:
    q = np.repeat(A[None], 10, axis=0)
    scores = lattice_scores(q)
    null = exact_null(scores, q)
    total = critical_total(null, 0.05)
    assert total is not None
    assert null.at_least(total) <= 0.05 < null.at_least(total - 1)
    assert critical_total(exact_null(scores[:1], q[:1]), 0.001) is None


def test_size_never_exceeds_the_level_and_power_grows_with_the_odds_ratio() -> None:
    q = np.repeat(A[None], 30, axis=0)
    scores = lattice_scores(q)
    levels = [
        rejection_probability(scores, q[None], shifted(q, np.log(r)), 0.05) for r in (1, 2, 5, 10)
    ]
    assert levels[0] <= 0.05
    assert levels == sorted(levels)
    assert levels[-1] > 0.9


def test_bounds_hold_when_the_grade_before_is_unknown_and_nobody_changed() -> None:
    rates = rates_for(1)
    one = Subject(
        "x", "arm", ((0, 0), (1, 1)), (0, 0), False, False,
        (None, None), (None, None), (None, None), (None, None), (),
    )  # fmt: skip
    best = extreme_pairs(rates, [one], best=True)
    worst = extreme_pairs(rates, [one], best=False)
    assert (best, worst) == (((1, 1),), ((0, 0),))
    assert tails(rates, best).mean() < tails(rates, worst).mean() == 1.0
