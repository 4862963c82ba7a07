"""Two-stage, safety and sequential designs against enumeration, simulation and printed figures."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from saisei.design import (
    safety_rules,
    sequential,
    sequential_binomial,
    sequential_design,
    two_stage,
)
from saisei.errors import InputError, UnsupportedError


def test_simon_designs_are_the_best_of_every_design() -> None:
    """Listing every (r1, n1, r, n) up to 30 finds no smaller expected size and no smaller n."""
    p0, p1, alpha, beta = 0.1, 0.4, 0.1, 0.1
    best, least = two_stage.simon_designs(p0, p1, alpha, beta, 30)
    sizes = []
    for n in range(2, 25):
        for n1, r1 in itertools.product(range(1, n), range(4)):
            for r in range(r1, min(n, 9)):
                if r1 < n1:
                    design = two_stage.TwoStage(r1, n1, r, n)
                    oc = two_stage.two_stage_oc(design, p0, p1)
                    if oc.alpha <= alpha and oc.power >= 1 - beta:
                        sizes.append((oc.expected_n, n, design))
    assert two_stage.two_stage_oc(best, p0, p1).expected_n == pytest.approx(min(sizes)[0], abs=1e-9)
    assert least.n == min(size[1] for size in sizes)


def test_two_stage_characteristics_equal_listing_outcomes() -> None:
    """Error, power and expected size equal a double loop over both stages."""
    design, p = two_stage.TwoStage(1, 10, 5, 29), 0.3
    reject = early = 0.0
    for x in range(11):
        first = stats.binom.pmf(x, 10, p)
        if x <= 1:
            early += first
            continue
        reject += first * sum(stats.binom.pmf(y, 19, p) for y in range(20) if x + y > 5)
    oc = two_stage.two_stage_oc(design, p, p)
    assert (oc.power, oc.early_stop) == pytest.approx((reject, early), abs=1e-12)
    assert oc.expected_n == pytest.approx(10 + (1 - early) * 19, abs=1e-12)


def test_the_two_stage_estimate_is_unbiased() -> None:
    """Averaged over all outcomes, Jung and Kim's estimate is the true rate."""
    design, p = two_stage.TwoStage(1, 6, 3, 12), 0.35
    total = sum(stats.binom.pmf(x, 6, p) * x / 6 for x in range(2))
    for x, y in itertools.product(range(2, 7), range(7)):
        estimate = two_stage.two_stage_inference(design, x + y, 0.2).umvue
        total += stats.binom.pmf(x, 6, p) * stats.binom.pmf(y, 6, p) * estimate
    assert total == pytest.approx(p, abs=1e-10)


def test_single_stage_designs_meet_their_errors_and_skip_none() -> None:
    """Each design found meets both errors and every size in between fails one of them."""
    found = two_stage.single_stage_designs(0.05, 0.2, 0.05, 0.2, solutions=3)
    assert [d.n for d in found] == [27, 28, 33]
    for n in range(1, 33):
        r = next(r for r in range(n + 1) if stats.binom.sf(r, n, 0.05) <= 0.05)
        assert (stats.binom.cdf(r, n, 0.2) <= 0.2) == (n in (27, 28))


@pytest.mark.parametrize("method", safety_rules.METHODS)
def test_safety_rules_spend_no_more_than_alpha_and_match_simulation(method: str) -> None:
    """False stops are at most alpha; exact crossing at a higher rate is within 4 errors of 40,000 runs."""
    rule = safety_rules.design_safety_rule(
        method, 0.15, 0.1, range(2, 21), prior=(0.6, 3.4), delta=0.2, p1=0.35
    )
    assert rule.p_cross <= 0.1
    exact = safety_rules.crossing_oc(rule.looks, rule.stop_if_at_least, 0.35)
    events = (np.random.default_rng(2).random((40_000, 20)) < 0.35).cumsum(axis=1)
    hits = events[:, np.array(rule.looks) - 1] >= np.array(rule.stop_if_at_least)
    share = hits.any(axis=1).mean()
    assert abs(share - exact.p_cross) < 4 * (exact.p_cross * (1 - exact.p_cross) / 40_000) ** 0.5
    first = np.where(hits.any(axis=1), hits.argmax(axis=1), len(rule.looks) - 1)
    people = np.array(rule.looks)[first]
    assert people.mean() == pytest.approx(exact.expected_n, abs=4 * people.std() / 200)


def test_the_geller_example_of_the_shelf() -> None:
    """p0 0.20, alpha 0.10, Beta(0.6, 2.4), n 30: stop at 3 of 3-4, 4 of 5-6; crossing 9.96% at 0.2."""
    rule = safety_rules.design_safety_rule("BB", 0.2, 0.1, range(1, 31), prior=(0.6, 2.4))
    assert rule.stop_if_at_least[2:10] == (3, 3, 4, 4, 5, 5, 5, 5)
    for p, share in ((0.2, 0.0996), (0.3, 0.436), (0.4, 0.815)):
        oc = safety_rules.crossing_oc(rule.looks, rule.stop_if_at_least, p)
        assert oc.p_cross == pytest.approx(share, abs=5e-4)


def test_trap_5_one_convention_for_bounds() -> None:
    """The maximum acceptable count plus one is the count that stops: both give one rule."""
    low, high = safety_rules.repeated_testing_boundaries(0.2, 0.35, [20, 40, 60, 75])
    assert (low, high) == ((7, 12, 17, 20), (7, 12, 17, 21))  # clinfun 1.1.5 toxbdry
    above = safety_rules.crossing_oc([20, 40, 60, 75], [m + 1 for m in low], 0.2).p_cross
    below = safety_rules.crossing_oc([20, 40, 60, 75], [m + 1 for m in high], 0.2).p_cross
    assert below < 0.1 <= above


def test_trap_3_classical_obrien_fleming_is_not_the_spending_function() -> None:
    """Three looks at one-sided 0.025: 3.471, 2.454, 2.004 against 3.710, 2.511, 1.993."""
    classic = sequential_design.classical_design("OF", 3, 0.025).upper
    spending = sequential_design.spending_design("LD-OF", 3, 0.025).upper
    assert classic == pytest.approx((3.471, 2.454, 2.004), abs=5e-4)
    assert spending == pytest.approx((3.710, 2.511, 1.993), abs=5e-4)


def test_crossing_probabilities_equal_simulation() -> None:
    """Recursive integration is within 4 errors of 400,000 simulated Brownian paths."""
    lower, upper, times, drift = (-0.5, 0.0, 1.0), (2.5, 2.2, 2.0), (0.3, 0.6, 1.0), 1.4
    found = sequential.crossing(lower, upper, times, drift)
    rng = np.random.default_rng(9)
    steps = np.diff((0.0, *times))
    path = (rng.normal(size=(400_000, 3)) * np.sqrt(steps) + drift * steps).cumsum(axis=1)
    z = path / np.sqrt(times)
    running = np.ones(400_000, bool)
    for k in range(3):
        for share, hit in (
            (found.upper[k], z[:, k] > upper[k]),
            (found.lower[k], z[:, k] < lower[k]),
        ):
            seen = (running & hit).mean()
            assert abs(seen - share) < 4 * math.sqrt(share * (1 - share) / 400_000)
        running &= (z[:, k] <= upper[k]) & (z[:, k] >= lower[k])


def test_spending_designs_with_futility_equal_rpact() -> None:
    """HSD alpha and beta spending, non-binding and binding: bounds and sizes of rpact 3.3.4."""
    free, bound = (
        sequential_design.spending_design(
            "Hwang-Shih-DeCani", [0.2, 0.4, 1.0], 0.07, parameter=-1, beta=0.14,
            beta_kind="Hwang-Shih-DeCani", beta_parameter=-2, binding=binding,
        )
        for binding in (False, True)
    )  # fmt: skip
    assert free.upper == pytest.approx((2.364813, 2.192881, 1.566047), abs=1e-6)
    assert bound.upper == pytest.approx((2.364813, 2.192866, 1.548542), abs=1e-6)
    assert bound.futility == pytest.approx((-1.1138441, -0.3705061), abs=1e-6)
    sizes = sequential_design.characteristics(bound)
    assert sizes.inflation == pytest.approx(1.0733134, abs=1e-6)
    assert sizes.expected[0.5] == pytest.approx(0.9060985, abs=1e-6)


def test_a_one_look_design_is_the_fixed_design() -> None:
    """One look gives the normal quantile, inflation 1 and expected size 1."""
    design = sequential_design.classical_design("Pocock", 1, 0.025)
    assert design.upper[0] == pytest.approx(stats.norm.isf(0.025), abs=1e-9)
    assert sequential_design.characteristics(design).inflation == pytest.approx(1.0, abs=1e-9)


def test_conditional_power_at_the_interim_equals_its_closed_form() -> None:
    """For two looks the recursion equals the closed form of the last increment."""
    design = sequential_design.classical_design("OF", 2, 0.025)
    found = sequential_design.conditional_power(design, 1, 1.2, 0.1, 800.0)
    plain = sequential_design.conditional_power_two_stage(400, 400, 1.2, design.upper[1], 0.1)
    assert found == pytest.approx(plain, abs=1e-10)


def test_binomial_crossing_equals_listing_paths() -> None:
    """Exact sequential probabilities equal a sum over every path of counts."""
    looks, p = sequential_binomial.BinomialLooks((3, 6, 8), (0, 1, 3), (3, 4, 4)), 0.4
    lower, upper, people = [0.0] * 3, [0.0] * 3, 0.0
    for path in itertools.product([0, 1], repeat=8):
        weight = p ** sum(path) * (1 - p) ** (8 - sum(path))
        for k, n in enumerate(looks.n):
            seen = sum(path[:n])
            if seen <= looks.lower[k] or seen >= looks.upper[k] or k == 2:
                lower[k] += weight * (seen <= looks.lower[k])
                upper[k] += weight * (seen >= looks.upper[k])
                people += weight * n
                break
    found = sequential_binomial.binomial_crossing(looks, p)
    assert found.lower == pytest.approx(lower, abs=1e-12)
    assert found.upper == pytest.approx(upper, abs=1e-12)
    assert found.expected_n == pytest.approx(people, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: two_stage.simon_designs(0.3, 0.1, 0.05, 0.2), "increase"),
        (lambda: safety_rules.design_safety_rule("SPRT", 0.2, 0.1, [5]), "needs p1"),
        (lambda: safety_rules.crossing_oc([5, 4], [1, 1], 0.1), "increasing"),
        (lambda: sequential_design.classical_design("Pocock", 3, 1.2), "alpha is 1.2"),
        (lambda: sequential_design.classical_design("Pocock", 0, 0.05), "at least one"),
        (lambda: sequential.crossing([2.0], [1.0], [1.0]), "above the upper bound"),
    ],
)
def test_contradictory_designs_are_named(call: object, words: str) -> None:
    """Impossible errors, looks and bounds are InputErrors that say which."""
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]


def test_no_design_in_range_is_said() -> None:
    """Errors that no small design meets are an UnsupportedError."""
    with pytest.raises(UnsupportedError, match="no two-stage design"):
        two_stage.simon_designs(0.1, 0.15, 0.05, 0.1, 20)
