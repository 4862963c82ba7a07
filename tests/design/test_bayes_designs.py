"""Rules, decision tables and exact characteristics of Bayesian designs against plain versions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from saisei.design import bayes_monitoring, one_arm, two_arm
from saisei.design.assurance import normal_assurance
from saisei.design.rules import parse_rule
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture, NormalMixture
from saisei.evidence.mixtures_difference import difference_cdf

PRIOR = BetaMixture.of([[0.8, 5, 20], [0.2, 1, 1]])
FLAT = BetaMixture.of([[1, 1, 1]])
DUAL = parse_rule("P(p>0.2)>0.9 and P(p>0.35)>0.5")


@pytest.mark.parametrize(
    ("text", "arms", "above", "cut"),
    [
        ("P(theta<=0)>0.975", 1, False, 0.0),
        ("P(theta_t > theta_c) > 0.975", 2, True, 0.0),
        ("P(c-t>50)>0.5", 2, False, -50.0),
        ("P(t-c<-50)>0.5", 2, False, -50.0),
        ("P(t-c<=-0.357)>0.5", 2, False, -0.357),
        ("P(t - c > log2) > 0.5", 2, True, float(np.log(2))),
    ],
)
def test_rules_say_what_their_text_says(text: str, arms: int, above: bool, cut: float) -> None:
    """Each form of rule becomes the event on treatment minus control that it describes."""
    rule = parse_rule(text)
    assert (rule.arms, rule.criteria[0].above) == (arms, above)
    assert rule.criteria[0].cut == pytest.approx(cut)


def test_a_named_constant_is_a_cut_in_one_arm_and_a_parameter_in_two() -> None:
    """theta_c with a value is a number beside theta, but the control arm beside theta_t."""
    assert parse_rule("P(theta<=theta_c)>0.5", {"theta_c": 0.13}).criteria[0].cut == 0.13
    assert parse_rule("P(theta_t-theta_c>0)>0.95").arms == 2


@pytest.mark.parametrize(
    "text",
    [
        "P(p>0.2)",
        "P(p>0.2)>1.5",
        "P(q>0.2)>0.9",
        "p>0.2",
        "P(p+p>1)>0.5",
        "P(p>0)>0.5 and P(t-c>0)>0.5",
    ],
)
def test_nonsense_rules_are_refused(text: str) -> None:
    """Text that is not a rule is an InputError that quotes it."""
    with pytest.raises(InputError, match="rule"):
        parse_rule(text)


def test_one_arm_characteristics_equal_simulation_and_listing() -> None:
    """The exact sum equals a plain loop over counts, and 200,000 simulated trials within 4 errors."""
    n, rate = 20, 0.4
    met = [DUAL.met(PRIOR.posterior(y, n)) for y in range(n + 1)]
    plain = sum(stats.binom.pmf(y, n, rate) for y in range(n + 1) if met[y])
    exact = float(one_arm.binary_success_probability(PRIOR, n, DUAL, [rate])[0])
    assert exact == pytest.approx(plain, abs=1e-12)
    drawn = np.random.default_rng(7).binomial(n, rate, 200_000)
    assert abs(np.array(met)[drawn].mean() - exact) < 4 * (exact * (1 - exact) / 200_000) ** 0.5


def test_two_arm_matrix_equals_one_integral_per_pair() -> None:
    """The bilinear decision matrix equals the slow pairwise probability everywhere."""
    rule = parse_rule("P(theta_t - theta_c > 0.05) > 0.8")
    design = two_arm.BinaryTwoArm(FLAT, PRIOR, 7, 5, rule)
    met = design.decisions()
    for y, x in itertools.product(range(8), range(6)):
        p = 1 - difference_cdf(FLAT.posterior(y, 7), PRIOR.posterior(x, 5), 0.05)
        assert met[y, x] == (p > 0.8), (y, x)


def test_published_type_one_errors_of_borrowing() -> None:
    """AS 24 v 6, P > 0.95: 0.5% at 0.2 and 36.8% at 0.5 without robustification (RBesT oc2S)."""
    control = BetaMixture.of(
        [
            [0.4612914, 33.9513487, 103.0146367],
            [0.1917812, 19.4400089, 41.5205219],
            [0.1893896, 12.269231, 55.9202833],
            [0.1575378, 2.2521243, 5.4812202],
        ]
    )
    rule = parse_rule("P(theta_t - theta_c > 0) > 0.95")
    design = two_arm.BinaryTwoArm(BetaMixture.of([[1, 0.5, 1]]), control, 24, 6, rule)
    errors = design.success_table([0.2, 0.5], [0.2, 0.5])
    assert errors == pytest.approx([0.00505631550478037, 0.367571578361094], abs=1e-9)
    delta = two_arm.detectable_difference(design, 0.255458850751768, 0.8)
    assert delta == pytest.approx(0.301894899286387, abs=1e-9)


def test_normal_two_arm_equals_simulation() -> None:
    """The integrated power of a normal two-arm rule is within 4 errors of 100,000 simulated trials."""
    rule = parse_rule("P(t-c>0)>0.9 and P(t-c>0.3)>0.5")
    control = NormalMixture.of([[0.7, 0.0, 0.3], [0.3, 0.2, 1.0]])
    treated = NormalMixture.of([[1.0, 0.0, 2.0]])
    design = two_arm.NormalTwoArm(treated, control, 0.25, 0.35, rule)
    exact = design.success_probability(0.5, 0.1)
    rng = np.random.default_rng(11)
    # The edge is smooth in the control mean, so a fine grid of it stands for all trials.
    grid = np.linspace(-1.6, 1.8, 400)
    low, _ = design.critical_treated(grid)
    seen = rng.normal(0.1, 0.35, 100_000)
    share = (rng.normal(0.5, 0.25, 100_000) > np.interp(seen, grid, low)).mean()
    assert abs(share - exact) < 4 * (exact * (1 - exact) / 100_000) ** 0.5
    y_c = 0.2
    edge = design.critical_treated(np.array([y_c]))[0][0]
    assert rule.met_two(treated.posterior(edge + 1e-6, 0.25), control.posterior(y_c, 0.35))
    assert not rule.met_two(treated.posterior(edge - 1e-6, 0.25), control.posterior(y_c, 0.35))


def test_predictive_success_is_the_average_of_future_decisions() -> None:
    """With a separate design prior the future follows it and the decision does not."""
    found = one_arm.predictive_success_binary(PRIOR, 14, DUAL, seen=(3, 6), design=FLAT)
    pmf = FLAT.posterior(3, 6).predictive_pmf(14)
    plain = sum(p for k, p in enumerate(pmf) if DUAL.met(PRIOR.posterior(3 + k, 20)))
    assert found == pytest.approx(plain, abs=1e-12)
    same = one_arm.predictive_success_binary(PRIOR, 14, DUAL, seen=(3, 6))
    assert same == pytest.approx(0.215369244186927, abs=1e-9)  # RBesT pos1S


def test_normal_boundary_is_where_the_decision_steps() -> None:
    """Just inside the boundary the rule is met, just outside it is not; coarse is close to exact."""
    prior = NormalMixture.of([[1, 0, 100]], sigma=2)
    rule = parse_rule("P(theta<=0.4)>0.95")
    se = 2 / 155**0.5
    edge = one_arm.normal_boundary(prior, se, rule).high
    assert rule.met(prior.posterior(edge - 1e-9, se))
    assert not rule.met(prior.posterior(edge + 1e-9, se))
    coarse = one_arm.normal_boundary(prior, se, rule, coarse=True).high
    assert coarse == pytest.approx(edge, abs=2e-4)


def test_lee_liu_example_and_its_slow_version() -> None:
    """16 of 23 planned 40: 0.5656; equal to the sum over futures written out."""
    found = bayes_monitoring.predictive_probability(16, 23, 40, (0.6, 0.4), 0.6, 0.9)
    plain = 0.0
    for extra in range(18):
        weight = stats.betabinom.pmf(extra, 17, 16.6, 7.4)
        plain += weight * (stats.beta.sf(0.6, 16.6 + extra, 24.4 - extra) > 0.9)
    assert found == pytest.approx(plain, abs=1e-10)
    assert found == pytest.approx(0.5656, abs=5e-5)


def test_trap_4_zero_responders_always_stop_under_bop2() -> None:
    """The futility bound is floored at 0, as the published code has it."""
    futile, _ = bayes_monitoring.bop2_boundaries([2, 40], 0.05, 0.9, 3.0, 2.1)
    assert futile[0] == 0


def test_bop2_exact_equals_simulation() -> None:
    """Exact rejection probability is within 4 errors of 50,000 simulated trials."""
    looks = [10, 15, 20, 25, 30, 35, 40]
    futile, effective = bayes_monitoring.bop2_boundaries(looks, 0.2, 0.9, 1.0, 2.1)
    exact = bayes_monitoring.bop2_oc(looks, futile, effective, 0.4)
    counts = np.random.default_rng(5).random((50_000, 40)).__lt__(0.4).cumsum(axis=1)
    running, reject = np.ones(50_000, bool), np.zeros(50_000, bool)
    for n, low, high in zip(looks, futile, effective, strict=True):
        seen = counts[:, n - 1]
        reject |= running & (high is not None) & (seen >= (99 if high is None else high))
        running &= (seen > low) & ~reject
    assert abs(reject.mean() - exact.reject) < 4 * (exact.reject * (1 - exact.reject) / 5e4) ** 0.5


def test_assurance_is_power_averaged_over_the_prior() -> None:
    """The closed form equals numerical averaging of power over the design prior."""
    se = (2 / 20) ** 0.5
    theta = np.linspace(-2, 3, 20_001)
    weights = stats.norm.pdf(theta, 0.5, 0.25)
    plain = (weights * stats.norm.sf(1.645 - theta / se)).sum() / weights.sum()
    assert normal_assurance(0.5, 0.25, 1.0, 20, 1.645).assurance == pytest.approx(plain, abs=1e-7)
