"""The exact null of the ordinal shift test: against enumeration, simulation, and its promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saisei.chance import poisson_binomial
from saisei.errors import InputError, UnsupportedError
from saisei.evidence.shift import (
    ENDPOINTS,
    FINEST,
    conversion_null,
    conversion_tail,
    exact_null,
    lattice_scores,
    mean_null,
    mean_rates,
    ridits,
    tail_by_draw,
    tail_probability,
)


def rates_of(seed: int, people: int, draws: int = 1) -> np.ndarray:
    """Grade probabilities that look like late AIS A, each person with their own."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.3, 3.0, size=(people, 5)) * np.array([12.0, 2.0, 1.0, 0.7, 0.05])
    return rng.dirichlet(np.ones(5), size=(draws, people)) * 0.1 + 0.9 * (
        weights / weights.sum(axis=1, keepdims=True)
    )


def enumerated(scores: np.ndarray, rates: np.ndarray) -> dict[int, float]:
    """The slow plain version: every outcome of every person, 5^n terms."""
    law: dict[int, float] = {}
    for grades in itertools.product(range(5), repeat=len(rates)):
        total = sum(int(scores[i, y]) for i, y in enumerate(grades))
        chance = float(np.prod([rates[i, y] for i, y in enumerate(grades)]))
        law[total] = law.get(total, 0.0) + chance
    return law


@pytest.mark.parametrize("people", [1, 2, 4, 6])
def test_exact_null_equals_enumeration_of_every_outcome(people: int) -> None:
    rates = rates_of(people, people)[0]
    scores = lattice_scores(rates)
    law = exact_null(scores, rates)
    slow = enumerated(scores, rates)
    for total in range(law.first, law.first + len(law.probs)):
        assert law.pmf(total) == pytest.approx(slow.get(total, 0.0), rel=1e-12, abs=1e-300)


def test_exact_null_of_forty_people_lies_within_simulation_error() -> None:
    rates = rates_of(40, 40)[0]
    scores = lattice_scores(rates)
    law = exact_null(scores, rates)
    rng = np.random.default_rng(20261120)
    trials = 100_000
    totals = np.zeros(trials, dtype=np.int64)
    for person in range(40):
        totals += scores[person, rng.choice(5, size=trials, p=rates[person])]
    for quantile in (0.5, 0.9, 0.99, 0.999):
        at = int(np.quantile(totals, quantile))
        exact = law.at_least(at)
        error = np.sqrt(exact * (1 - exact) / trials)
        assert abs(float((totals >= at).mean()) - exact) < 4.5 * error


def test_null_is_a_probability_law_centred_near_half_a_ridit_for_any_size() -> None:
    for people in (1, 60, 200):
        rates = rates_of(people, people)[0]
        law = exact_null(lattice_scores(rates, per_unit=100), rates)
        assert law.probs.sum() == pytest.approx(1.0, rel=1e-12)
        assert law.mean / (100 * people) == pytest.approx(0.5, abs=0.006)


def test_average_over_draws_is_the_mean_of_the_exact_laws() -> None:
    draws = rates_of(3, 5, draws=7)
    scores = lattice_scores(mean_rates(draws))
    total = int(scores[:, 0].sum()) + 300
    each = [exact_null(scores, one).at_least(total) for one in draws]
    assert tail_by_draw(scores, draws, total) == pytest.approx(each, rel=1e-12)
    assert mean_null(scores, draws).at_least(total) == pytest.approx(np.mean(each), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(0.0, 1.1))
def test_compiled_tails_equal_the_whole_law_everywhere(
    seed: int, people: int, where: float
) -> None:
    draws = rates_of(seed, people, draws=2)
    scores = lattice_scores(mean_rates(draws), per_unit=60)
    low, high = int(scores[:, 0].sum()), int(scores[:, -1].sum())
    total = low + round(where * (high - low))
    plain = [exact_null(scores, one).at_least(total) for one in draws]
    assert tail_by_draw(scores, draws, total) == pytest.approx(plain, rel=1e-11, abs=1e-300)


def test_shared_registry_effect_gives_a_wider_null_than_mixing_each_person_alone() -> None:
    # Two registries, 2% and 30% conversion: in truth all four people share one of them.
    low, high = [0.98, 0.02, 0, 0, 0], [0.70, 0.30, 0, 0, 0]
    draws = np.array([[low] * 4, [high] * 4])
    scores = lattice_scores(mean_rates(draws))
    three = int(scores[:, 0].sum()) + 3 * int(scores[0, 1] - scores[0, 0])
    shared = mean_null(scores, draws).at_least(three)
    alone = exact_null(scores, mean_rates(draws)).at_least(three)
    assert shared > 1.5 * alone


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.data())
def test_a_better_result_never_raises_the_p_value(
    seed: int, people: int, data: st.DataObject
) -> None:
    draws = rates_of(seed, people, draws=3)
    scores = lattice_scores(mean_rates(draws), per_unit=data.draw(st.sampled_from([7, 50, 400])))
    grades = [data.draw(st.integers(0, 3)) for _ in range(people)]
    better = list(grades)
    better[data.draw(st.integers(0, people - 1))] += 1
    index = np.arange(people)
    worse_p = tail_by_draw(scores, draws, int(scores[index, grades].sum())).mean()
    better_p = tail_by_draw(scores, draws, int(scores[index, better].sum())).mean()
    assert better_p <= worse_p


def test_rounding_keeps_the_test_exact_at_any_lattice() -> None:
    rates = rates_of(11, 4)[0]
    for steps in (3, 10, 400, 5000):
        scores = lattice_scores(rates, per_unit=steps)
        slow = enumerated(scores, rates)
        law = exact_null(scores, rates)
        # Under the null, P(p <= a) <= a at every attainable a: the definition of a valid p value.
        for total, chance in slow.items():
            p = law.at_least(total)
            assert sum(c for t, c in slow.items() if law.at_least(t) <= p) <= p + 1e-12
            assert chance <= p + 1e-12


def test_a_finer_lattice_changes_p_only_where_grades_nearly_tie() -> None:
    rates = rates_of(5, 5)[0]
    grades = [0, 0, 2, 3, 0]
    at = [
        exact_null(s, rates).at_least(int(s[np.arange(5), grades].sum()))
        for s in (lattice_scores(rates, per_unit=n) for n in (400, 20_000))
    ]
    assert at[0] == pytest.approx(at[1], rel=0.05)


def test_ridits_have_mean_one_half_and_merged_grades_share_theirs() -> None:
    rates = rates_of(2, 3)[0]
    assert (ridits(rates) * rates).sum(axis=1) == pytest.approx(0.5)
    merged = ridits(rates, (0, 0, 1, 1, 1))
    assert (merged * rates).sum(axis=1) == pytest.approx(0.5)
    assert np.all(merged[:, 0] == merged[:, 1])
    assert merged[:, 0] == pytest.approx(rates[:, :2].sum(axis=1) / 2)


def test_conversion_law_equals_the_poisson_binomial_of_each_endpoint() -> None:
    draws = rates_of(9, 6, draws=3)
    baselines = np.array([0, 0, 0, 1, 2, 3])
    for endpoint in ENDPOINTS:
        law = conversion_null(baselines, draws, endpoint)
        for number, one in enumerate(draws):
            chances = [
                sum(one[i, y] for y in range(5) if endpoint.met(int(b), y))
                for i, b in enumerate(baselines)
            ]
            assert law[number] == pytest.approx(poisson_binomial(np.clip(chances, 0, 1)).probs)
        tail = conversion_tail(baselines, draws, endpoint, 2)
        assert tail == pytest.approx(law[:, 2:].sum(axis=1))


def test_two_of_four_at_ten_percent_is_the_shelf_figure() -> None:
    # natural-history note, section 8: two or more of four at 10% happen with probability 5.2%.
    draws = np.array([[[0.8, 0.1, 0.05, 0.05, 0.0]] * 4])
    two_grades = next(e for e in ENDPOINTS if e.key == "two_grades")
    p = tail_probability(conversion_tail(np.zeros(4, dtype=np.int64), draws, two_grades, 2)).p
    assert p == pytest.approx(0.0523, abs=5e-5)


def test_endpoints_ask_for_a_gain_also_when_the_grade_was_high_before() -> None:
    to_d = next(e for e in ENDPOINTS if e.key == "to_d")
    assert to_d.met(0, 3)
    assert not to_d.met(3, 3)
    assert to_d.met(3, 4)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        (np.array([[0.5, 0.2, 0.1, 0.1, 0.0]]), "sum to 0.9"),
        (np.array([[1.2, -0.2, 0.0, 0.0, 0.0]]), "negative"),
        (np.array([[0.5, 0.5]]), "five|shape"),
    ],
)
def test_rates_that_are_no_probabilities_are_refused(rates: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        exact_null(np.array([[0, 1, 2, 3, 4]]), rates)


def test_more_than_two_hundred_people_are_refused_with_a_way_out() -> None:
    with pytest.raises(UnsupportedError, match="concurrent control"):
        exact_null(np.zeros((201, 5), dtype=np.int64), np.tile([1.0, 0, 0, 0, 0], (201, 1)))


def test_blocks_that_skip_or_fall_are_refused() -> None:
    with pytest.raises(InputError, match="rise by 0 or 1"):
        ridits(np.array([[1.0, 0, 0, 0, 0]]), (0, 2, 2, 3, 4))
    assert FINEST == (0, 1, 2, 3, 4)
