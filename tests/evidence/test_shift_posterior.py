"""Posterior of the shift odds ratio: against direct integration, limits, and known directions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import norm

from saisei.errors import InputError
from saisei.evidence.shift_posterior import (
    Component,
    ShiftPrior,
    neutral_prior,
    sceptical_prior,
    shift_posterior,
    shifted,
)
from saisei.evidence.signals import informed_prior

A = np.array([0.85, 0.08, 0.04, 0.025, 0.005])
B = np.array([0.72, 0.14, 0.07, 0.06, 0.01])
DRAWS = np.array([[A] * 4, [B] * 4])
KEIO = [(3,), (2,), (0,), (0,)]


def likelihood(b: float, rates: np.ndarray, outcomes: list[tuple[int, ...]]) -> float:
    """The slow plain version, straight from the cumulative logits."""
    cuts = expit(logit(np.cumsum(rates)[:-1]) - b)
    grade = np.diff(np.concatenate(([0.0], cuts, [1.0])))
    return float(np.prod([grade[list(ranks)].sum() for ranks in outcomes]))


def test_posterior_equals_direct_numerical_integration() -> None:
    prior = neutral_prior()
    sd = prior.components[0].sd
    found = shift_posterior(DRAWS, KEIO, [prior])[0]

    def joint(b: float) -> float:
        return float(norm.pdf(b, 0, sd)) * np.mean([likelihood(b, q, KEIO) for q in (A, B)])

    whole = quad(joint, -10, 10, epsabs=0, epsrel=1e-10, limit=400)[0]
    benefit = quad(joint, 0, 10, epsabs=0, epsrel=1e-10, limit=400)[0]
    at_null = np.mean([likelihood(0.0, q, KEIO) for q in (A, B)])
    assert found.p_benefit == pytest.approx(benefit / whole, abs=2e-4)
    assert found.bayes_factor == pytest.approx(whole / at_null, rel=1e-3)
    low, median, high = np.log(found.odds_ratio)
    for point, share in ((low, 0.025), (median, 0.5), (high, 0.975)):
        below = quad(joint, -10, float(point), epsabs=0, epsrel=1e-9, limit=400)[0]
        assert below / whole == pytest.approx(share, abs=1e-3)


def test_half_normal_prior_keeps_the_odds_ratio_above_one() -> None:
    prior = ShiftPrior("half", "half", "test", (Component(1.0, 0.0, 1.5, benefit_only=True),))
    found = shift_posterior(DRAWS, KEIO, [prior])[0]
    assert found.p_benefit == pytest.approx(1.0, abs=1e-3)
    assert found.prior_interval[1] == pytest.approx(np.exp(1.5 * norm.isf(0.25)), rel=0.01)


def test_missing_outcomes_carry_no_information() -> None:
    everything = (0, 1, 2, 3, 4)
    found = shift_posterior(DRAWS, [everything] * 4, [neutral_prior()])[0]
    assert found.bayes_factor == pytest.approx(1.0, rel=1e-9)
    assert found.odds_ratio == pytest.approx(found.prior_interval, rel=1e-9)


def test_better_grades_raise_the_odds_ratio_and_sets_lie_between_their_members() -> None:
    def median(last: tuple[int, ...]) -> float:
        outcomes = [*KEIO[:3], last]
        return shift_posterior(DRAWS, outcomes, [neutral_prior()])[0].odds_ratio[1]

    assert median((0,)) < median((0, 1)) < median((1,)) < median((2,))


def test_draws_that_explain_the_result_better_carry_more_weight() -> None:
    both = shift_posterior(DRAWS, KEIO, [neutral_prior()])[0]
    alone = [shift_posterior(DRAWS[i : i + 1], KEIO, [neutral_prior()])[0] for i in (0, 1)]
    medians = [one.odds_ratio[1] for one in alone]
    assert min(medians) < both.odds_ratio[1] < max(medians)
    assert 1.0 < both.effective_draws < 2.0


def test_sceptical_and_informed_priors_pull_towards_no_effect() -> None:
    neutral, sceptical, informed = shift_posterior(
        DRAWS, KEIO, [neutral_prior(), sceptical_prior(), informed_prior()]
    )
    assert sceptical.odds_ratio[1] < neutral.odds_ratio[1]
    assert informed.p_worthwhile < neutral.p_worthwhile


def test_sceptical_prior_leaves_its_stated_tail_beyond_the_worthwhile_odds_ratio() -> None:
    sd = sceptical_prior().components[0].sd
    assert norm.sf(np.log(3.0), 0, sd) == pytest.approx(0.05)


def test_shifting_is_one_odds_ratio_at_every_cut_and_can_be_undone() -> None:
    moved = shifted(A, np.log(5.0))
    before, after = np.cumsum(A)[:-1], np.cumsum(moved)[:-1]
    ratio = (1 - after) / after / ((1 - before) / before)
    assert ratio == pytest.approx(5.0)
    assert shifted(moved, -np.log(5.0)) == pytest.approx(A)


def test_every_prior_is_a_density() -> None:
    grid = np.linspace(-15, 15, 30_001)
    for prior in (neutral_prior(), sceptical_prior(), informed_prior()):
        assert np.trapezoid(prior.density(grid), grid) == pytest.approx(1.0, abs=1e-3)


def test_number_of_outcomes_must_fit_the_people() -> None:
    with pytest.raises(InputError, match="3 outcomes for 4 people"):
        shift_posterior(DRAWS, KEIO[:3], [neutral_prior()])
