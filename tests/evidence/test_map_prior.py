"""MAP priors by quadrature against dense plain integration, published values and their own batch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from saisei.errors import InputError
from saisei.evidence.map_prior import (
    half_normal_interval_probs,
    map_prior_binomial,
    map_prior_normal,
    map_priors_binomial,
)
from saisei.evidence.mixtures_fit import fit_beta_mixture, fit_normal_mixture

EVENTS, SIZES = [2, 15, 19], [12, 64, 94]


def dense_reference(events: list[int], sizes: list[int]) -> dict[str, float]:
    """Plain trapezoids on a large grid of spread, mean and study logit; slow and simple."""
    theta = np.linspace(-9.0, 7.0, 801)
    likelihood = [
        np.exp(r * theta - n * np.logaddexp(0, theta) - special.betaln(r + 1, n - r + 1))
        for r, n in zip(events, sizes, strict=True)
    ]
    taus = np.linspace(0.0, 5.0, 126)[1:] - 0.02
    mus = np.linspace(-4.5, 2.5, 141)
    step = theta[1] - theta[0]
    posterior = np.zeros((len(taus), len(mus)))
    for i, tau in enumerate(taus):
        kernel = stats.norm.pdf(theta[:, None], mus, max(tau, 0.03)) * step
        posterior[i] = np.prod(np.array(likelihood) @ kernel, axis=0)
        posterior[i] *= np.exp(-0.5 * tau**2)
    posterior *= np.exp(-0.5 * (mus / 2.0) ** 2)
    posterior /= posterior.sum()
    z, w = np.polynomial.hermite_e.hermegauss(31)
    w = w / w.sum()
    rate = special.expit(mus + taus[:, None, None] * z[:, None]).transpose(0, 2, 1) @ w
    p_tau, p_mu = posterior.sum(axis=1), posterior.sum(axis=0)
    below = special.ndtr((special.logit(0.3) - mus) / taus[:, None])
    return {
        "tau": float(p_tau @ taus),
        "mu": float(p_mu @ mus),
        "map": float((posterior * rate).sum()),
        "below": float((posterior * below).sum()),
    }


def test_quadrature_equals_dense_plain_integration() -> None:
    """Spread, mean, MAP mean and a MAP probability agree with a large plain grid."""
    slow = dense_reference(EVENTS, SIZES)
    fast = map_prior_binomial(EVENTS, SIZES, tau_scale=1.0, mean_prior=(0.0, 2.0))
    assert fast.tau.mean == pytest.approx(slow["tau"], abs=2e-3)
    assert fast.mu.mean == pytest.approx(slow["mu"], abs=1e-3)
    assert fast.new_study.mean == pytest.approx(slow["map"], abs=3e-4)
    assert float(fast.cdf(0.3)) == pytest.approx(slow["below"], abs=1e-3)


def test_three_thoracic_registries_give_the_published_prior() -> None:
    """MAP mean 0.228, 95% 0.065 to 0.524 (design-methods, case map-quad-thoracic-ais-a-hn1)."""
    prior = map_prior_binomial(EVENTS, SIZES, tau_scale=1.0, mean_prior=(0.0, 2.0))
    assert prior.new_study.mean == pytest.approx(0.22821536, abs=1e-5)
    assert prior.new_study.quantiles == pytest.approx((0.065406, 0.212219, 0.523738), abs=2e-4)
    assert prior.tau.mean == pytest.approx(0.3952921, abs=1e-4)


@pytest.mark.parametrize("events", [[0, 0, 0], [12, 64, 94], [0, 30, 94]])
def test_extreme_counts_stay_finite_and_ordered(events: list[int]) -> None:
    """No events, all events, or both at once still give finite, ordered summaries."""
    prior = map_prior_binomial(events, SIZES)
    for summary in (prior.tau, prior.mu, prior.new_study):
        low, middle, high = summary.quantiles
        assert np.isfinite([summary.mean, summary.sd]).all()
        assert low < middle < high
    assert 0.0 < prior.quantile(0.01) < prior.quantile(0.99) < 1.0


def test_normal_prior_equals_integration_over_the_spread() -> None:
    """Given tau all is normal, so a plain sum over tau gives the same mean and tail."""
    y, se = np.array([-0.357, -0.288]), np.array([0.707, 0.217])
    prior = map_prior_normal(y.tolist(), se.tolist(), tau_scale=0.5, mean_prior=(0.0, 2.0))
    taus = (np.arange(40_000) + 0.5) * 5e-5 * 2.0
    v = se**2 + taus[:, None] ** 2
    precision = 0.25 + (1 / v).sum(axis=1)
    centre = (y / v).sum(axis=1) / precision
    logs = stats.norm.logpdf(y, centre[:, None], np.sqrt(v)).sum(axis=1)
    logs += stats.norm.logpdf(centre, 0.0, 2.0) - 0.5 * np.log(precision)
    logs -= 0.5 * (taus / 0.5) ** 2
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    assert prior.tau.mean == pytest.approx(float(weights @ taus), abs=1e-5)
    assert prior.mu.mean == pytest.approx(float(weights @ centre), abs=1e-6)
    below = weights @ special.ndtr((0.2 - centre) / np.sqrt(taus**2 + 1 / precision))
    assert float(prior.cdf(0.2)) == pytest.approx(float(below), abs=1e-6)


def test_batch_equals_one_by_one() -> None:
    """The lighter compiled batch gives the single function's summaries within 1e-3, row by row."""
    rng = np.random.default_rng(3)
    sizes = np.tile(SIZES, (4, 1))
    events = rng.binomial(sizes, 0.2)
    batch = map_priors_binomial(events, sizes)
    for i in range(4):
        one = map_prior_binomial(events[i].tolist(), SIZES)
        assert batch.tau_mean[i] == pytest.approx(one.tau.mean, abs=1e-3)
        assert batch.mean[i] == pytest.approx(one.new_study.mean, abs=5e-4)
        assert batch.quantiles[i] == pytest.approx(one.new_study.quantiles, abs=1e-3)


def test_more_studies_that_agree_leave_less_spread() -> None:
    """Doubling registries of one rate lowers the spread and narrows the prior."""
    few = map_prior_binomial([20, 20], [100, 100])
    many = map_prior_binomial([20] * 6, [100] * 6)
    assert many.tau.mean < few.tau.mean
    assert many.new_study.sd < few.new_study.sd


def test_fitted_mixtures_keep_the_moments_of_the_prior() -> None:
    """EM fits have mean and sd of the MAP prior within 2%, and beta parameters of 1 or more."""
    prior = map_prior_binomial(EVENTS, SIZES, tau_scale=1.0, mean_prior=(0.0, 2.0))
    beta = fit_beta_mixture(prior).mixture
    assert beta.mean == pytest.approx(prior.new_study.mean, rel=0.01)
    assert beta.sd == pytest.approx(prior.new_study.sd, rel=0.02)
    assert min(*beta.a, *beta.b) >= 1.0
    single = fit_normal_mixture(prior, components=1)
    assert single.divergence > fit_normal_mixture(prior, components=2).divergence


def test_n_infinity_reading_of_the_half_normal() -> None:
    """Intervals of tau / sigma under HalfNormal(sigma / 2) hold the probabilities of RBesT's help."""
    cuts = [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, np.inf]
    expected = [0.09947645, 0.0979362, 0.18551227, 0.29976457, 0.27181024, 0.04550026]
    assert half_normal_interval_probs(cuts, 0.5) == pytest.approx(expected, abs=1e-8)


def test_wrong_studies_are_named() -> None:
    """Unequal lengths, impossible counts and no studies are refused in words."""
    with pytest.raises(InputError, match="one of each per study"):
        map_prior_binomial([1], [10, 20])
    with pytest.raises(InputError, match="at most 10"):
        map_prior_binomial([11], [10])
    with pytest.raises(InputError, match="at least one study"):
        map_prior_normal([], [], tau_scale=1.0, mean_prior=(0.0, 1.0))
