"""Two proportions, t tests and mixed models against simulation, R and plain likelihoods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from saisei.design import mixed_model, normal_tests, ordinal_power, two_binomial
from saisei.errors import InputError


@pytest.mark.parametrize("scale", two_binomial.SCALES)
def test_restricted_rates_maximise_the_likelihood(scale: str) -> None:
    """Under a fixed effect the closed forms equal a numerical maximum of the likelihood."""
    p1, p2, ratio = 0.3, 0.55, 1.5
    effect = {"difference": 0.1, "RR": 0.4, "OR": -0.3}[scale]
    q1, q2 = two_binomial.restricted_rates(scale, effect, p1, p2, ratio)

    def partner(a: float) -> float:
        if scale == "difference":
            return a - effect
        if scale == "RR":
            return a / np.exp(effect)
        odds = a / (1 - a) * np.exp(-effect)
        return odds / (1 + odds)

    def minus(a: float) -> float:
        b = partner(a)
        if not (0 < a < 1 and 0 < b < 1):
            return 1e9
        return -(p1 * np.log(a) + (1 - p1) * np.log(1 - a)) - ratio * (
            p2 * np.log(b) + (1 - p2) * np.log(1 - b)
        )

    best = optimize.minimize_scalar(
        minus, bounds=(0.11, 0.999), method="bounded", options={"xatol": 1e-10}
    )
    assert (q1, q2) == pytest.approx((best.x, partner(best.x)), abs=1e-5)


@pytest.mark.parametrize("scale", two_binomial.SCALES)
def test_interval_ends_are_where_the_statistic_is_critical(scale: str) -> None:
    """At each limit the score statistic is plus or minus the normal quantile."""
    data = two_binomial.TwoBinomial(2, 10, 7, 12)
    low, high = two_binomial.score_interval(data, scale)
    ends = (low, high) if scale == "difference" else (np.log(low), np.log(high))
    z = stats.norm.isf(0.025)
    for end, side in zip(ends, (z, -z), strict=True):
        found = two_binomial.score_statistic(data, end, scale, corrected=True)
        assert found == pytest.approx(side, abs=1e-8)
    coarse = two_binomial.score_interval(data, scale, coarse=True)
    assert coarse == pytest.approx((low, high), abs=2e-3)


def test_swapping_arms_mirrors_the_difference() -> None:
    """The interval of arm 2 against arm 1 is the negative, reversed."""
    low, high = two_binomial.score_interval(two_binomial.TwoBinomial(2, 10, 7, 12))
    other = two_binomial.score_interval(two_binomial.TwoBinomial(7, 12, 2, 10))
    assert other == pytest.approx((-high, -low), abs=1e-9)


def test_non_inferiority_sizes_of_farrington_and_manning() -> None:
    """Values of the paper: 159.6876 in all; 173.2214 and 259.8322 with ratio 1.5."""
    total = sum(two_binomial.farrington_manning_n(0.4, 0.05, 0.05, 0.2, 0.2))
    assert total == pytest.approx(159.6876, abs=1e-3)
    arms = two_binomial.farrington_manning_n(0.25, 0.05, 0.05, 0.1, 0.1, ratio=1.5)
    assert arms == pytest.approx((173.2214, 259.8322), rel=1e-4)
    with pytest.raises(InputError, match="equals the margin"):
        two_binomial.farrington_manning_n(0.3, 0.2, 0.05, 0.2, 0.1)


def test_t_test_power_equals_simulation_and_inverts() -> None:
    """Power is within 4 errors of 40,000 simulated trials, and the size search inverts it."""
    power = normal_tests.t_test_power(12, 1.0, 1.0, 0.05)
    rng = np.random.default_rng(4)
    x, y = rng.normal(1.0, 1.0, (40_000, 12)), rng.normal(0.0, 1.0, (40_000, 12))
    share = ((stats.ttest_ind(x, y, axis=1).pvalue < 0.05) & (x.mean(1) > y.mean(1))).mean()
    assert abs(share - power) < 4 * (power * (1 - power) / 40_000) ** 0.5
    n = normal_tests.t_test_n(1.0, 1.0, 0.05, power)
    assert n == pytest.approx(12.0, abs=1e-6)
    one = normal_tests.t_test_n(0.5, 1.0, 0.025, 0.8, sides=1, groups=1)
    assert one == pytest.approx(33.3672042441982, abs=1e-6)  # rpact 3.3.4


def test_whitehead_size_and_trap_9() -> None:
    """Whitehead's own example gives 187, which only the cubed average profile does."""
    control = [0.2, 0.5, 0.2, 0.1]
    treated = [0.37770651087832, 0.472254827656674, 0.106275975263078, 0.0437626862019277]
    profile = ordinal_power.average_profile(control, treated)
    size = ordinal_power.ordinal_sample_size(profile, float(np.exp(0.887)), 0.9)
    assert size.n_rounded == 187
    cumulative = np.cumsum(profile)[:-1]
    wrong = 3 * 4 * (stats.norm.isf(0.025) + stats.norm.isf(0.1)) ** 2
    wrong /= 0.887**2 * 3 * float((cumulative * (1 - cumulative)).sum())
    assert abs(wrong - 187) > 20


def test_twenty_against_twenty_cannot_show_an_odds_ratio_of_three() -> None:
    """AIS A control 80/8/8/3.5/0.5%: OR 3 with 20 v 20 has 36% power (design-methods 3.2)."""
    control = [0.8, 0.08, 0.08, 0.035, 0.005]
    cumulative = np.cumsum(control)[:-1]
    odds = cumulative / (1 - cumulative) / 3.0
    treated = np.diff(np.concatenate([[0.0], odds / (1 + odds), [1.0]])).tolist()
    found = ordinal_power.ordinal_power(
        ordinal_power.average_profile(control, treated), 3.0, 20, 20
    )
    assert found.power == pytest.approx(0.3618, abs=5e-5)


def test_mixed_model_is_at_the_top_of_the_plain_likelihood() -> None:
    """The fit has the criterion of a multivariate normal density written out, and nearby ones are worse."""
    rng = np.random.default_rng(8)
    people, visits = 12, 4
    groups = np.repeat(np.arange(people), visits)
    time = np.tile(np.arange(visits, dtype=float), people)
    lines = rng.multivariate_normal([0, 0], [[4.0, 0.5], [0.5, 0.6]], people)
    y = 20 + 2 * time + lines[groups, 0] + lines[groups, 1] * time + rng.normal(0, 1.0, len(time))
    x = np.column_stack([np.ones_like(time), time])
    fit = mixed_model.fit_mixed_model(y, x, x, groups.tolist(), method="ML")

    def plain(covariance: np.ndarray, sd: float, effects: np.ndarray) -> float:
        total = 0.0
        for g in range(people):
            own = groups == g
            v = x[own] @ covariance @ x[own].T + sd**2 * np.eye(visits)
            total += stats.multivariate_normal.logpdf(y[own], x[own] @ effects, v)
        return -2.0 * total

    covariance, effects = np.array(fit.covariance), np.array(fit.effects)
    assert plain(covariance, fit.residual_sd, effects) == pytest.approx(fit.criterion, abs=1e-6)
    for scale in (0.9, 1.1):
        assert plain(covariance * scale, fit.residual_sd, effects) > fit.criterion
        assert plain(covariance, fit.residual_sd * scale, effects) > fit.criterion
