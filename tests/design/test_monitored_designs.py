"""Monitored methods and further two-arm tests inside a document: plain enumeration beside the engine."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from scipy import special, stats

from saisei.design.counting import one_arm_outcomes, two_arm_outcomes
from saisei.design.document import load_design, parse_design
from saisei.design.document.catalog import example_text
from saisei.design.document.schema import DesignDocument
from saisei.design.engines_two_arms import (
    NonInferiorityEngine,
    PathsEngine,
    RankEngine,
    _rank_successes,
    _score_z,
    pooled_z,
    rank_sum_z,
)
from saisei.design.fixed import fix
from saisei.design.fixed_monitored import count_bounds, sequential_looks, sequential_plan
from saisei.design.interim import conditional_success, inference_rows, interim_rows
from saisei.design.look_up import simulate_two_arms
from saisei.design.two_binomial import TwoBinomial, score_interval, score_statistic
from saisei.errors import InputError


def smaller(name: str, n: int, **analysis: object) -> DesignDocument:
    """An example with n people in each arm, without safety rules and with nobody missing."""
    one = load_design(name)
    arms = tuple(arm.model_copy(update={"n": n}) for arm in one.arms)
    return one.model_copy(
        update={
            "arms": arms,
            "safety": (),
            "analysis": one.analysis.model_copy(update=analysis),
            "missing_data": one.missing_data.model_copy(update={"expected_share": 0.0}),
        }
    )


ONE_ARM = ("thall-simon", "predictive-monitoring", "bop2", "probability-ratio", "own-table")


def plain_one_arm(bounds, rate: float) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Success probability and expected people, person by person."""
    state, success, people = {0: 1.0}, 0.0, 0.0
    looks = {
        n: (a, b)
        for n, a, b in zip(bounds.looks, bounds.stop_at_most, bounds.succeed_at_least, strict=True)
    }
    for n in range(1, bounds.looks[-1] + 1):
        after: dict[int, float] = defaultdict(float)
        for count, weight in state.items():
            after[count] += weight * (1.0 - rate)
            after[count + 1] += weight * rate
        state = after
        if n in looks:
            most, least = looks[n]
            for count in list(state):
                if count >= least or count <= most or n == bounds.looks[-1]:
                    weight = state.pop(count)
                    people += weight * n
                    success += weight * (count >= least)
    return success, people


@pytest.mark.parametrize("name", ONE_ARM)
def test_a_monitored_arm_is_the_sum_over_its_courses(name: str) -> None:
    """Engine and person-by-person recursion agree to rounding."""
    document = load_design(name)
    bounds = count_bounds(document.analysis, document.n_treated)  # type: ignore[arg-type]
    design = fix(document)
    kept = 1.0 - document.missing_data.expected_share
    for truth, row in zip(design.truths(), design.operating(design.truths()), strict=True):
        success, people = plain_one_arm(bounds, truth.treated_rate * kept)
        assert row.success == pytest.approx(success, abs=1e-12)
        assert row.expected_n == pytest.approx(people, abs=1e-9)


def test_bop2_in_a_document_is_the_published_one() -> None:
    """The error and size that BOP2FE's README case has in exact form (design_reference, bop2fe-binary)."""
    text = example_text("bop2").replace("n = 30\n", "n = 40\n", 1)
    text = text.replace("looks = [10, 15, 20, 25]", "looks = [10, 15, 20, 25, 30, 35]")
    text = text.replace("expected_share = 0.05", "expected_share = 0.0")
    design = fix(parse_design(text.encode(), "x"))
    bounds = count_bounds(design.document.analysis, 40)  # type: ignore[arg-type]
    assert bounds.stop_at_most == (1, 2, 3, 5, 7, 9, 11)
    assert bounds.succeed_at_least[:-1] == (6, 8, 9, 10, 10, 11)
    assert float(design.success([0.2])[0]) == pytest.approx(0.09090442833863906, abs=1e-9)


def test_early_success_and_early_stop_part_the_outcomes() -> None:
    """Every path ends once: probabilities add up to 1 with both kinds of early end."""
    flags = np.arange(13) >= 5
    counts = one_arm_outcomes([4, 8, 12], [0, 1], flags, ~flags, [4, 5])
    assert counts.laws(np.array([0.3])).sum() == pytest.approx(1.0, abs=1e-12)
    assert not (counts.go & counts.stop).any()


def plain_two_arms(design, p: float, q: float) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Success probability and expected people of a group-sequential design, stage by stage."""
    document = design.document
    n, m = document.n_treated, document.n_control
    plan = sequential_plan(document.analysis, n, m)
    looks = sequential_looks(document.analysis, n, m)
    inner = (*(plan.futility or (-math.inf,) * (len(looks) - 1)), plan.upper[-1])
    state, success, people, before = {(0, 0): 1.0}, 0.0, 0.0, (0, 0)
    for k, (a, b) in enumerate(looks):
        left = stats.binom.pmf(np.arange(a - before[0] + 1), a - before[0], p)
        right = stats.binom.pmf(np.arange(b - before[1] + 1), b - before[1], q)
        after: dict[tuple[int, int], float] = defaultdict(float)
        for (x, y), weight in state.items():
            for i, u in enumerate(left):
                for j, v in enumerate(right):
                    after[x + i, y + j] += weight * u * v
        z, before, state = pooled_z(a, b), (a, b), {}
        for (x, y), weight in after.items():
            won, lost = z[x, y] >= plan.upper[k], z[x, y] < inner[k]
            if won or lost or k == len(looks) - 1:
                success += weight * won
                people += weight * (a + b)
            else:
                state[x, y] = weight
    return success, people


def test_interim_looks_are_the_sum_over_all_courses() -> None:
    """Group-sequential designs: enumeration by ways against enumeration by stages."""
    design = fix(smaller("group-sequential", 12, looks=(4, 8)))
    assert isinstance(design.engine, PathsEngine)
    for truth in design.truths()[::4]:
        success, people = plain_two_arms(design, truth.treated_rate, truth.natural_rate)
        (row,) = design.operating([truth])
        assert row.success == pytest.approx(success, abs=1e-12)
        assert row.expected_n == pytest.approx(people, abs=1e-9)


def test_more_looks_cost_power_and_spare_people() -> None:
    """The same level with two looks more: fewer people on average, no more power, at a strong effect."""
    text = example_text("group-sequential")
    for line in ('futility = "Hwang-Shih-DeCani"\n', "futility_parameter = -2.0\n", "miss = 0.2\n"):
        text = text.replace(line, "")
    with_looks = fix(parse_design(text.encode(), "x"))
    plain = fix(parse_design(text.replace("[14, 27]", "[39]").encode(), "x"))
    truth = with_looks.truths()[-2]
    (many,), (one,) = with_looks.operating([truth]), plain.operating([truth])
    assert many.expected_n < one.expected_n - 5
    assert many.success <= one.success + 0.01


def test_the_vectorised_score_statistic_is_the_plain_one() -> None:
    """Closed form for arrays against the scalar function."""
    rng = np.random.default_rng(4)
    n, m = 12, 17
    x, y = rng.integers(0, n + 1, 60), rng.integers(0, m + 1, 60)
    for gain in (-0.3, -0.05, 0.0, 0.2, 0.45):
        found = _score_z(x, np.full(60, n), y, np.full(60, m), gain)
        plain = [
            score_statistic(TwoBinomial(int(a), n, int(b), m), gain, corrected=True)
            for a, b in zip(x, y, strict=True)
        ]
        for left, right in zip(found, plain, strict=True):
            assert left == pytest.approx(right, abs=1e-6) or (abs(left) > 1e3 and right == 0.0)


def test_not_worse_means_the_interval_lies_above_the_margin() -> None:
    """The test of non-inferiority and the score interval decide alike."""
    design = fix(smaller("non-inferiority", 14))
    assert isinstance(design.engine, NonInferiorityEngine)
    for x in range(0, 15, 3):
        for y in range(0, 15, 2):
            low, _ = score_interval(TwoBinomial(x, 14, y, 14), "difference", 0.9, corrected=True)
            if abs(low + 0.15) > 1e-6:
                assert design.engine.counts.go[x, y] == (low > -0.15)


def test_the_error_of_non_inferiority_is_at_the_margin() -> None:
    """Where the treated are worse by exactly the margin success is rare; where they are equal it is not."""
    design = fix(load_design("non-inferiority"))
    assert design.type_one().highest < 0.08
    assert float(design.success([0.2])[0]) > 0.4
    low = design.engine.null_odds(np.array([0.1]))
    assert np.isnan(low[0])  # nobody can be 15 points worse than 10%


def test_the_rank_kernel_is_the_plain_formula() -> None:
    """Counting by grades and the z of `rank_sum_z` give the same number of successes."""
    rng = np.random.default_rng(9)
    uniforms = rng.random((400, 24))
    cuts_t, cuts_c = np.array([0.4, 0.6, 0.8, 0.95]), np.array([0.6, 0.75, 0.9, 0.99])
    limit = -float(special.ndtri(0.1))

    def counts(part: np.ndarray, cuts: np.ndarray) -> np.ndarray:
        grades = np.searchsorted(cuts, part, side="right")
        return np.stack([(grades == k).sum(axis=1) for k in range(5)], axis=1)

    z = rank_sum_z(counts(uniforms[:, :10], cuts_t), counts(uniforms[:, 10:], cuts_c))
    assert _rank_successes(uniforms, cuts_t, cuts_c, 10, limit) == int((z >= limit).sum())
    x = np.repeat(np.arange(5), counts(uniforms[:1, :10], cuts_t)[0])
    y = np.repeat(np.arange(5), counts(uniforms[:1, 10:], cuts_c)[0])
    peer = stats.mannwhitneyu(
        x, y, alternative="greater", method="asymptotic", use_continuity=False
    )
    assert special.ndtr(-z[0]) == pytest.approx(peer.pvalue, abs=1e-12)


def test_simulated_rows_carry_their_error_and_repeat() -> None:
    """The error of each simulated probability is given, at most the stated one, and runs repeat."""
    design = fix(load_design("proportional-odds"))
    assert isinstance(design.engine, RankEngine)
    truths = design.truths()[:5]
    first, again = design.operating(truths), design.operating(truths)
    assert first == again
    assert all(row.error is not None and row.error <= 0.005 for row in first)
    assert [row.success for row in first] == sorted(row.success for row in first)


def test_trials_by_look_up_lie_around_the_exact_sum() -> None:
    """A hundred thousand trials decided by table, against the enumeration; the same seed, the same bits."""
    looks, upper, lower = ((6, 6), (12, 12), (20, 20)), (3.0, 2.4, 2.0), (-0.5, 0.3, 2.0)
    decide = []
    for (n, m), high, low in zip(looks, upper, lower, strict=True):
        z = pooled_z(n, m)
        decide.append((z >= high, ~(z >= high) & (z < low)))
    paths = two_arm_outcomes(looks, decide)
    law = paths.laws(np.array([0.5]), np.array([0.2]))[0]
    found = simulate_two_arms(looks, upper, 0.5, 0.2, 100_000, seed=3, lower=lower)
    exact = float(law @ paths.go)
    assert abs(found.success - exact) < 4 * found.error
    assert found.people == pytest.approx(float(law @ (paths.treated + paths.control)), abs=0.2)
    assert found == simulate_two_arms(looks, upper, 0.5, 0.2, 100_000, seed=3, lower=lower)
    assert sum(found.by_look) == pytest.approx(found.success, abs=1e-12)
    assert simulate_two_arms(looks, upper, 1.0, 0.0, 10, seed=3).success == 1.0


@pytest.mark.parametrize("looks", [((6, 6), (6, 12)), ((0, 3), (4, 6))])
def test_looks_that_do_not_rise_are_refused(looks: tuple[tuple[int, int], ...]) -> None:
    """One clear error."""
    with pytest.raises(InputError, match="must rise"):
        simulate_two_arms(looks, (2.0, 2.0), 0.5, 0.2, 10, seed=1)


def test_conditional_power_averages_to_the_power() -> None:
    """Success at a look plus what is left after it, averaged over the counts, is success in all."""
    design = fix(smaller("group-sequential", 12, looks=(6,)))
    p, q = 0.5, 0.25
    plan = sequential_plan(design.document.analysis, 12, 12)  # type: ignore[arg-type]
    z = pooled_z(6, 6)
    total = 0.0
    for x, left in enumerate(stats.binom.pmf(np.arange(7), 6, p)):
        for y, right in enumerate(stats.binom.pmf(np.arange(7), 6, q)):
            if z[x, y] >= plan.upper[0]:
                total += left * right
            elif plan.futility is not None and z[x, y] >= plan.futility[0]:
                total += left * right * conditional_success(design, 1, x, y, p, q)
    assert total == pytest.approx(plain_two_arms(design, p, q)[0], abs=1e-12)
    with pytest.raises(InputError, match="not before the last"):
        conditional_success(design, 2, 0, 0, p, q)


def test_conditional_chances_rise_with_the_count() -> None:
    """More treated converters at a look, a better chance; an effect to come is better than none."""
    rows = interim_rows(fix(load_design("group-sequential")))
    assert len(rows) > 10
    for key in ("no_effect", "odds_ratio_3", "as_seen"):
        first = [row[key] for row in rows if row["look"] == 1]
        assert first == sorted(first)
    assert all(row["no_effect"] < row["odds_ratio_3"] for row in rows)


def test_inference_after_simon_covers_every_total() -> None:
    """Estimates rise, p values fall, success means a p value at or below the level."""
    design = fix(load_design("simon-two-stage"))
    rows = inference_rows(design)
    assert len(rows) == design.document.n_treated + 1
    # nobody among the first ten: 1 - 0.025^(1/10), the rate at which that still has a chance of 2.5%
    assert (rows[0]["lower"], rows[0]["upper"]) == pytest.approx((0.0, 1 - 0.025**0.1), abs=1e-12)
    late = rows[design.two_stage.r1 + 1 :]  # type: ignore[union-attr]
    estimates = [row["estimate"] for row in late]
    assert estimates == sorted(estimates)
    for row in late:
        assert (row["decision"] == "success") == (row["p_value"] <= 0.05)
