"""Operating characteristics of fixed designs: against enumeration, other modules, simulation."""

from __future__ import annotations

import itertools
import math
import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from saisei.design.counting import one_arm_outcomes
from saisei.design.document import catalog, example_text, load_design, parse_design
from saisei.design.engines import OneArmEngine, ShiftEngine, TwoArmEngine
from saisei.design.fixed import Design, fix
from saisei.design.map_mixture import beta_mixture_of, largest_gap
from saisei.design.nature import composition
from saisei.design.shift_law import mean_law, total_laws, upper_tail_at
from saisei.design.truth import Truth
from saisei.design.two_arm import BinaryTwoArm
from saisei.design.two_stage import TwoStage, two_stage_oc
from saisei.errors import InputError
from saisei.evidence.intervals import clopper_pearson
from saisei.evidence.map_prior import map_prior_binomial
from saisei.evidence.shift import exact_null, lattice_scores, mean_null
from saisei.evidence.shift_posterior import shifted
from saisei.evidence.shift_power import rejection_probability

STATED = """from = "stated"
low = 0.1
centre = 0.2
high = 0.4
grades = [[0.8, 0.1, 0.06, 0.04, 0.0], [0.05, 0.55, 0.2, 0.18, 0.02]]
basis = "invented for the test"
"""


@cache
def fixed(name: str, *changes: tuple[str, str]) -> Design:
    """An example design with texts replaced, fixed; no landmark posterior is asked."""
    text = example_text(name).replace('from = "landmark"\n', STATED)
    grades = STATED.splitlines()[4] + "\n"
    if '"ordinal shift"' not in text:
        text = text.replace(grades, "")
    elif text.count("[[population.strata]]") == 1:
        text = text.replace(grades, "grades = [[0.8, 0.1, 0.06, 0.04, 0.0]]\n")
    for old, new in (("expected_share = 0.05", "expected_share = 0.0"), *changes):
        assert old in text
        text = text.replace(old, new)
    return fix(parse_design(text.encode(), name))


def shift_design(n: int = 4) -> Design:
    """A small ordinal design whose every outcome can be listed."""
    return fixed(
        "single-arm-shift", ("n = 20\n", f"n = {n}\n"), ("cohort = 3", "cohort = 2"),
        ("looks = [3, 6, 9, 12, 15, 18, 20]", f"looks = [{n}]"), ("level = 0.05", "level = 0.1"),
    )  # fmt: skip


@pytest.mark.parametrize("name", catalog())
def test_fifty_truths_take_under_a_second(name: str) -> None:
    """A single-design screen of 50 truths takes under 1 s of processor time."""
    design = fixed(name)
    truths = design.truths() * 2
    assert len(truths) == 50
    start = time.process_time()
    rows = design.operating(truths)
    assert time.process_time() - start < 1.0
    assert all(0.0 <= row.success <= 1.0 for row in rows)


def test_simon_equals_the_two_stage_module() -> None:
    """Success, early stopping and expected size are those of `two_stage_oc` (1/10, 5/29)."""
    design = fixed("simon-two-stage")
    assert design.two_stage == TwoStage(1, 10, 5, 29)
    low, high = design.operating([Truth(0.1), Truth(0.1, (0.3 / 0.7) / (0.1 / 0.9))])
    expected = two_stage_oc(TwoStage(1, 10, 5, 29), 0.1, 0.3)
    assert low.success == pytest.approx(expected.alpha, abs=1e-12)
    assert high.success == pytest.approx(expected.power, abs=1e-12)
    assert low.expected_n == pytest.approx(expected.expected_n, abs=1e-10)
    assert low.stop == pytest.approx(1.0 - expected.alpha, abs=1e-12)


@given(
    first=st.integers(1, 4),
    second=st.integers(1, 4),
    most=st.integers(-1, 3),
    need=st.integers(0, 8),
    rate=st.floats(0.01, 0.99),
)
def test_one_arm_outcomes_equal_all_sequences(
    first: int, second: int, most: int, need: int, rate: float
) -> None:
    """Listing outcomes with their ways gives the same law as walking through every sequence."""
    n = first + second
    go = np.arange(n + 1) >= need
    counts = one_arm_outcomes([first, n], [most], go, ~go)
    law = counts.laws(np.array([rate]))[0]
    success = size = 0.0
    for sequence in itertools.product((0, 1), repeat=n):
        weight = math.prod(rate if one else 1.0 - rate for one in sequence)
        stopped = sum(sequence[:first]) <= most
        size += weight * (first if stopped else n)
        success += weight * (not stopped and sum(sequence) >= need)
    assert law.sum() == pytest.approx(1.0)
    assert law @ counts.go == pytest.approx(success)
    assert law @ counts.people == pytest.approx(size)


def test_one_arm_bias_and_coverage_equal_plain_sums() -> None:
    """Bias and Clopper-Pearson coverage are plain sums over the binomial law (scipy)."""
    (row,) = fixed("single-stage").operating([Truth(0.2, 2.0)])
    p, bias, covered = row.treated_rate, 0.0, 0.0
    for y in range(31):
        weight = float(stats.binom.pmf(y, 30, p))
        low, high = clopper_pearson(y, 30)
        bias += weight * (y / 30 - p)
        covered += weight * (low <= p <= high)
    assert row.bias == pytest.approx(bias, abs=1e-12)
    assert row.coverage == pytest.approx(covered, abs=1e-9)


def test_single_stage_error_is_the_binomial_tail() -> None:
    """The test of 20% at 0.025 with 30 people succeeds from 12; its error elsewhere is the tail (scipy)."""
    errors = fixed("single-stage").success([0.2, 0.3, 0.45])
    assert errors == pytest.approx(stats.binom.sf(11, 30, [0.2, 0.3, 0.45]), abs=1e-12)


def test_dual_criterion_equals_beta_posteriors() -> None:
    """Go and stop counts are those of scipy's beta law, and success is their summed probability."""
    design = fixed("dual-criterion")
    y = np.arange(25)
    above = stats.beta.sf(np.array([0.25, 0.4])[:, None], y + 0.5, 24.5 - y)
    go = (above[0] > 0.95) & (above[1] > 0.5)
    (row,) = design.operating([Truth(0.3, 2.0)])
    law = stats.binom.pmf(y, 24, row.treated_rate)
    assert row.success == pytest.approx(float(law @ go), abs=1e-10)
    assert row.stop == pytest.approx(float(law @ (above[1] < 0.1)), abs=1e-10)


def test_looks_with_predictive_probability_equal_lee_and_liu() -> None:
    """Futility bounds by predictive probability are those of Lee and Liu (n 30, p0 0.2, Beta(0.4, 1.6)).

    design-methods 2.2: 0 of 4, 1 of 10, 2 of 14, 3 of 18, 4 of 21, 5 of 24, 6 of 27; case leeliu-fut30 of
    the reference numbers, ph2bayes 0.0.2, theta_T 0.85, theta_L 0.05.
    """
    design = fixed(
        "dual-criterion",
        ("n = 24\n", "n = 30\n"),
        ("looks = [3, 6, 12, 18, 24]", "looks = [3, 6, 12, 18, 30]"),
        ("prior = [[1.0, 0.5, 0.5]]", "prior = [[1.0, 0.4, 1.6]]\nlooks = [4, 10, 14, 18, 21, 24, 27]\n"
         "predictive_stop = 0.05"),
        ("P(p > 0.25) > 0.95 and P(p > 0.4) > 0.5", "P(p > 0.2) > 0.85"),
        ('stop = "P(p > 0.4) < 0.1"\n', ""),
    )  # fmt: skip
    engine = design.engine
    assert isinstance(engine, OneArmEngine)
    counts = engine.counts
    early = [
        (look, int(counts.converters[counts.early & (counts.people == look)].max()))
        for look in (4, 10, 14, 18, 21, 24, 27)
    ]
    assert early == [(4, 0), (10, 1), (14, 2), (18, 3), (21, 4), (24, 5), (27, 6)]
    (row,) = design.operating([Truth(0.2)])
    assert 4.0 < row.expected_n < 30.0
    assert counts.laws(np.array([0.2]))[0].sum() == pytest.approx(1.0)


def test_fisher_equals_scipy_cell_by_cell() -> None:
    """Success is the summed probability of the tables that scipy's one-sided exact test rejects."""
    small = (("n = 30\n", "n = 8\n"), ("looks = [3, 6, 12, 18, 24, 30]", "looks = [3, 6, 8]"))
    design = fixed("randomised-fisher", *small)
    (row,) = design.operating([Truth(0.2, 12.0)])
    total = 0.0
    for t, c in itertools.product(range(9), repeat=2):
        p = stats.fisher_exact([[t, 8 - t], [c, 8 - c]], alternative="greater").pvalue
        weight = stats.binom.pmf(t, 8, row.treated_rate) * stats.binom.pmf(c, 8, 0.2)
        total += float(weight) * (p <= 0.025)
    assert row.success == pytest.approx(total, abs=1e-10)
    assert row.bias == pytest.approx(0.0, abs=1e-12)


def test_z_test_never_has_less_power_than_fisher() -> None:
    """The pooled z test rejects wherever Fisher's test does, so its success is at least as likely."""
    fisher = fixed("randomised-fisher")
    z = fixed("randomised-fisher", ('method = "Fisher"', 'method = "z test"'))
    rates = np.linspace(0.05, 0.9, 12).tolist()
    assert np.all(z.success(rates, 3.0) >= fisher.success(rates, 3.0) - 1e-12)
    assert z.type_one().highest > fisher.type_one().highest


def test_borrowing_equals_the_two_arm_module_and_its_coverage_the_posterior() -> None:
    """Success is `BinaryTwoArm.success_probability`; coverage is the posterior probability cell by cell."""
    design = fixed("controlled-borrowing")
    assert isinstance(design.engine, TwoArmEngine)
    bayes = design.engine.bayes
    assert isinstance(bayes, BinaryTwoArm)
    (row,) = design.operating([Truth(0.2, 3.0)])
    assert row.success == pytest.approx(bayes.success_probability(row.treated_rate, 0.2), abs=1e-9)
    gain, covered = row.treated_rate - 0.2, 0.0
    grid = np.linspace(0.0, 1.0, 2001)
    middle = (grid[1:] + grid[:-1]) / 2.0
    masses = [np.diff(bayes.prior_control.posterior(c, 12).cdf(grid)) for c in range(13)]
    right = stats.binom.pmf(np.arange(13), 12, 0.2)
    for t in range(25):
        left = float(stats.binom.pmf(t, 24, row.treated_rate))
        above = np.array(masses) @ bayes.prior_treated.posterior(t, 24).sf(middle + gain)
        covered += left * float(right @ ((above >= 0.025) & (above <= 0.975)))
    assert row.coverage == pytest.approx(covered, abs=1e-6)


def test_borrowing_reports_what_the_prior_is_worth() -> None:
    """Three registries of 170 people leave a prior worth a handful (design-methods 3.4)."""
    borrowed = fixed("controlled-borrowing").borrowed
    assert borrowed is not None
    assert borrowed.people.moment < borrowed.before_vague.moment < 20.0
    assert borrowed.prior.weights[-1] == pytest.approx(0.2)
    assert borrowed.gap < 0.003


@pytest.mark.parametrize(
    "studies", [((2, 15, 19), (12, 64, 94)), ((23, 12, 19, 9), (107, 44, 51, 39))]
)
def test_the_beta_mixture_stands_for_the_map_prior(studies: tuple[tuple[int, ...], ...]) -> None:
    """Mean, spread and tails of the MAP law survive the fit of three betas."""
    law = map_prior_binomial(list(studies[0]), list(studies[1]), tau_scale=1.0)
    mixture = beta_mixture_of(law)
    assert largest_gap(law, mixture) < 0.003
    assert mixture.mean == pytest.approx(law.new_study.mean, abs=1e-3)
    assert mixture.sd == pytest.approx(law.new_study.sd, abs=2e-3)
    for level, point in zip((0.025, 0.5, 0.975), law.new_study.quantiles, strict=True):
        assert float(mixture.cdf(point)) == pytest.approx(level, abs=2e-3)


def random_rates(draws: int, strata: int) -> np.ndarray:
    """Invented grade probabilities."""
    return np.random.default_rng(5).dirichlet(np.ones(5), size=(draws, strata))


def test_laws_by_transform_equal_plain_convolution() -> None:
    """Laws of the total score by Fourier transform are those of the convolution in `evidence.shift`."""
    rates = random_rates(7, 2)
    scores = lattice_scores(rates.mean(axis=0))
    people = np.array([4, 3])
    index = np.repeat([0, 1], people)
    laws = total_laws(scores, people, rates)
    for rate, law in zip(rates, laws, strict=True):
        assert law == pytest.approx(exact_null(scores[index], rate[index]).probs, abs=1e-13)
    plain = mean_null(scores[index], rates[:, index])
    assert mean_law(scores, people, rates) == pytest.approx(plain.probs, abs=1e-13)
    assert upper_tail_at(laws, 900)[0] == pytest.approx(
        exact_null(scores[index], rates[0][index]).at_least(900 + plain.first), abs=1e-13
    )


def test_shift_success_equals_the_list_of_all_outcomes() -> None:
    """Four people, 625 outcomes: success is the summed probability of those that reach the critical score."""
    design = shift_design()
    engine = design.engine
    assert isinstance(engine, ShiftEngine)
    assert engine.critical is not None
    index = np.repeat([0, 1], engine.people)
    for truth in (Truth(0.2), Truth(0.35, 4.0)):
        grades = shifted(design.nature.at_rate(truth.natural_rate), math.log(truth.odds_ratio))[
            index
        ]
        total = 0.0
        for ends in itertools.product(range(5), repeat=4):
            score = sum(int(engine.scores[s, end]) for s, end in zip(index, ends, strict=True))
            weight = math.prod(grades[i, end] for i, end in enumerate(ends))
            total += weight * (score >= engine.critical)
        assert design.operating([truth])[0].success == pytest.approx(total, abs=1e-12)


def test_shift_size_is_that_of_the_evidence_stage() -> None:
    """Critical score and rejection probability are those of `evidence.shift_power` for the same draws."""
    design = shift_design(8)
    engine = design.engine
    assert isinstance(engine, ShiftEngine)
    assert design.nature.draws is not None
    index = np.repeat([0, 1], engine.people)
    truth = design.nature.at_rate(0.3)[index]
    expected = rejection_probability(
        engine.scores[index], design.nature.draws[:, index], truth, engine.level
    )
    assert design.success([0.3])[0] == pytest.approx(expected, abs=1e-12)


def test_shift_test_keeps_its_level_on_average_but_not_everywhere() -> None:
    """Averaged over the natural rates the error is at most the level; where nature is kindest it is more."""
    errors = fixed("single-arm-shift").type_one()
    assert (
        errors.average <= 0.05 * 1.1
    )  # stated draws and stated range are not quite the same points
    assert errors.highest == max(errors.errors)
    assert errors.at == pytest.approx(0.4)
    assert errors.highest > 0.05


def test_natural_rates_are_met_and_effects_are_odds_ratios() -> None:
    """Moved natural grades convert at the rate asked for; the treated rate has the odds ratio."""
    nature = fixed("single-arm-shift").nature
    for rate in (0.05, 0.2, 0.6):
        assert float(nature.conversion(nature.at_rate(rate))) == pytest.approx(rate, abs=1e-9)
    with pytest.raises(InputError, match="no shift"):
        nature.at_rate(1.0 - 1e-12)
    assert Truth(0.25, 3.0).treated_rate == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["dual-criterion", "simon-two-stage", "controlled-borrowing"])
def test_exact_success_agrees_with_simulated_trials(name: str) -> None:
    """20,000 drawn trials give the exact probability of success within four standard errors."""
    design, truth, runs = fixed(name), Truth(0.2, 3.0), 20_000
    generator = np.random.default_rng(11)
    exact = design.operating([truth])[0].success
    n = design.document.n_treated
    people = generator.random((runs, n)) < truth.treated_rate
    engine = design.engine
    if isinstance(engine, TwoArmEngine):
        control = generator.binomial(design.document.n_control, 0.2, runs)
        success = engine.counts.go[people.sum(axis=1), control]
    elif design.two_stage is not None:
        stages = design.two_stage
        success = (people[:, : stages.n1].sum(axis=1) > stages.r1) & (people.sum(axis=1) > stages.r)
    else:
        assert isinstance(engine, OneArmEngine)
        success = engine.counts.go[people.sum(axis=1)]
    error = math.sqrt(exact * (1.0 - exact) / runs)
    assert abs(float(success.mean()) - exact) < 4.0 * error


def test_exact_shift_success_agrees_with_simulated_trials() -> None:
    """The same for the ordinal test with missing grades counted as unchanged."""
    design = fixed("single-arm-shift", ("expected_share = 0.0", "expected_share = 0.1"))
    engine = design.engine
    assert isinstance(engine, ShiftEngine)
    assert engine.critical is not None
    truth, runs = Truth(0.25, 3.0), 20_000
    generator = np.random.default_rng(12)
    grades = shifted(design.nature.at_rate(0.25), math.log(3.0))
    total = np.zeros(runs, dtype=np.int64)
    for stratum, count in enumerate(engine.people.tolist()):
        for _ in range(count):
            ends = generator.choice(5, size=runs, p=grades[stratum])
            unseen = generator.random(runs) < 0.1
            ends = np.where(unseen, design.nature.baselines[stratum], ends)
            total += engine.scores[stratum, ends]
    exact = design.operating([truth])[0].success
    drawn = float((total >= engine.critical).mean())
    assert abs(drawn - exact) < 4.0 * math.sqrt(exact * (1.0 - exact) / runs)


def test_type_one_finds_the_largest_error_between_the_points() -> None:
    """On a grid 60 times finer no error lies above the maximum that is reported."""
    design = fixed("randomised-fisher")
    errors = design.type_one()
    fine = design.success(np.linspace(errors.rates[0], errors.rates[-1], 3601).tolist())
    assert fine.max() <= errors.highest + 1e-7
    assert errors.highest <= 0.025


def test_assurance_is_power_averaged_over_both_priors() -> None:
    """Assurance is the plain double mean of success; with a certain null it is the average error."""
    design = fixed("dual-criterion")
    found = design.assurance()
    shifts = 0.7 + 0.7 * stats.norm.ppf((np.arange(21) + 0.5) / 21)
    nulls = design.success(design.nature.rates.tolist())
    power = np.mean([design.success(design.nature.rates.tolist(), math.exp(b)) for b in shifts])
    assert found.success_if_effect == pytest.approx(float(power), abs=1e-12)
    assert found.success == pytest.approx(0.5 * float(power) + 0.5 * float(nulls.mean()), abs=1e-12)
    assert found.success_if_effect > found.success
    assert found.true_among_successes > found.worthwhile_among_successes
    sure = fixed("dual-criterion", ("chance_no_effect = 0.5", "chance_no_effect = 1.0"))
    assert sure.assurance().success == pytest.approx(float(nulls.mean()), abs=1e-12)
    assert sure.assurance().true_among_successes == 0.0


def test_missing_outcomes_count_as_no_conversion() -> None:
    """With a tenth missing, success is that of rates lowered by a tenth, and the estimate is biased down."""
    whole = fixed("single-stage")
    less = fixed("single-stage", ("expected_share = 0.0", "expected_share = 0.1"))
    assert less.success([0.4])[0] == pytest.approx(whole.success([0.36])[0], abs=1e-12)
    assert less.operating([Truth(0.4)])[0].bias == pytest.approx(-0.04, abs=1e-12)


def test_least_favourable_registry_raises_the_critical_score() -> None:
    """With the packaged model, asking for the highest registry too never succeeds more often."""
    text = example_text("single-arm-shift")
    plain = fix(load_design("single-arm-shift"))
    strict = fix(
        parse_design(text.replace("also_highest = false", "also_highest = true").encode(), "x")
    )
    rates = np.linspace(plain.nature.low, plain.nature.high, 5).tolist()
    assert np.all(strict.success(rates) <= plain.success(rates))
    inside, without = strict.type_one().in_highest, plain.type_one().in_highest
    assert inside is not None
    assert without is not None
    assert inside <= 0.05 < without


def test_strata_get_their_shares_and_everybody_a_stratum() -> None:
    """Largest remainders: counts add up to n and differ from the exact share by less than one."""
    for n in range(1, 40):
        shares = np.array([0.5, 0.3, 0.2])
        counts = composition(shares, n)
        assert counts.sum() == n
        assert np.all(np.abs(counts - shares * n) < 1.0)
