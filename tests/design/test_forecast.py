"""Predictive probabilities against full enumeration and drawing, and at their ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from saisei.design.counting import one_arm_outcomes
from saisei.design.document import load_design
from saisei.design.fixed import fix
from saisei.design.forecast import forecast_one_arm, forecast_shift, forecast_two_arms
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture
from saisei.evidence.shift import lattice_scores, mean_null, mean_rates
from saisei.evidence.shift_posterior import neutral_prior, shifted
from saisei.evidence.shift_power import critical_total

JEFFREYS = BetaMixture((1.0,), (0.5,), (0.5,))


def test_one_arm_equals_the_integral_over_the_rate() -> None:
    """4 of 10 seen, 10 to come, success at 8 of 20: the posterior integrated by quadrature (scipy)."""
    go = np.arange(21) >= 8
    counts = one_arm_outcomes([20], [], go, ~go)
    found = forecast_one_arm(counts, (4, 10), 20, 0.2, JEFFREYS)
    posterior = stats.beta(4.5, 6.5)
    expected, _ = integrate.quad(lambda p: posterior.pdf(p) * stats.binom.sf(3, 10, p), 0.0, 1.0)
    assert found.as_seen == pytest.approx(expected, abs=1e-9)
    assert found.by_nature == pytest.approx(stats.binom.sf(3, 10, 0.2), abs=1e-12)
    assert (found.known, found.to_come) == (10, 10)


def test_one_arm_at_its_ends() -> None:
    """Nobody to come: 0 or 1. More settled than planned is an error."""
    go = np.arange(21) >= 8
    counts = one_arm_outcomes([20], [], go, ~go)
    assert forecast_one_arm(counts, (8, 20), 20, 0.2, JEFFREYS).as_seen == 1.0
    assert forecast_one_arm(counts, (7, 20), 20, 0.2, JEFFREYS).by_nature == 0.0
    with pytest.raises(InputError):
        forecast_one_arm(counts, (7, 21), 20, 0.2, JEFFREYS)


def test_two_arms_equal_the_sum_over_all_that_can_come() -> None:
    """A randomised design half way: a slow plain double sum; under nature both arms share one rate."""
    fixed = fix(load_design("randomised-fisher"))
    counts = fixed.engine.counts  # type: ignore[union-attr]
    treated, control = (4, 6), (1, 5)
    found = forecast_two_arms(counts, treated, control, JEFFREYS, JEFFREYS)
    left_t, left_c = counts.n_treated - 6, counts.n_control - 5
    after_t, after_c = stats.betabinom(left_t, 4.5, 2.5), stats.betabinom(left_c, 1.5, 4.5)
    total = sum(
        after_t.pmf(i) * after_c.pmf(j)
        for i in range(left_t + 1)
        for j in range(left_c + 1)
        if counts.go[4 + i, 1 + j]
    )
    assert found.as_seen == pytest.approx(total, abs=1e-10)
    posterior = stats.beta(1.5, 4.5)

    def both(p: float) -> float:
        a, b = (
            stats.binom.pmf(range(left_t + 1), left_t, p),
            stats.binom.pmf(range(left_c + 1), left_c, p),
        )
        go = counts.go[4 : 4 + left_t + 1, 1 : 1 + left_c + 1]
        return float(posterior.pdf(p) * (a @ go @ b))

    expected, _ = integrate.quad(both, 0.0, 1.0, limit=200)
    assert found.by_nature == pytest.approx(expected, abs=1e-7)


def _draws(draws: int, people: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet((6.0, 1.0, 1.0, 1.0, 0.3), size=(draws, people))


def test_grades_equal_full_enumeration() -> None:
    """Five people, three settled: every pair of outcomes of the other two, every draw, every odds ratio."""
    draws = _draws(12, 5)
    outcomes = [(2,), (0, 1), (3,)]
    level = 0.1
    found = forecast_shift(draws, outcomes, level, neutral_prior())
    scores = lattice_scores(mean_rates(draws))
    critical = critical_total(mean_null(scores, draws), level)
    assert critical is not None
    known = sum(int(scores[i, min(ranks)]) for i, ranks in enumerate(outcomes))
    grid = np.linspace(-np.log(30.0), np.log(30.0), 31)
    total = weight_sum = 0.0
    for draw, b in itertools.product(draws, grid):
        moved = shifted(draw, float(b))
        weight = float(neutral_prior().density(np.array([b]))[0])
        weight *= float(np.prod([moved[i, list(ranks)].sum() for i, ranks in enumerate(outcomes)]))
        win = sum(
            moved[3, x] * moved[4, y]
            for x, y in itertools.product(range(5), repeat=2)
            if known + scores[3, x] + scores[4, y] >= critical
        )
        total, weight_sum = total + weight * win, weight_sum + weight
    assert found.as_seen == pytest.approx(total / weight_sum, abs=1e-6)


def test_better_outcomes_raise_the_forecast_and_nobody_left_settles_it() -> None:
    """Monotone in what was seen; with nobody to come it is the test itself."""
    draws = _draws(40, 8)
    chances = [
        forecast_shift(draws, [(rank,)] * 5, 0.05, neutral_prior()).as_seen for rank in range(4)
    ]
    assert chances == sorted(chances)
    assert chances[-1] > 0.95
    assert forecast_shift(draws, [(3,)] * 8, 0.05, neutral_prior()).as_seen == 1.0
    assert forecast_shift(draws, [(0,)] * 8, 0.05, neutral_prior()).by_nature == 0.0


def test_before_anybody_is_seen_nature_wins_about_as_often_as_the_level() -> None:
    """The average type I error of the exact test is at most its level."""
    draws = _draws(60, 12)
    found = forecast_shift(draws, [], 0.05, neutral_prior())
    assert 0.0 < found.by_nature <= 0.06
