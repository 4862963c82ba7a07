"""Answers for other conditions: published numbers, a plain version beside each, directions."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from saisei.evidence.map_prior import map_prior_binomial
from saisei.evidence.outcomes import outcome_answer
from saisei.evidence.outcomes.binary import averaged_chance
from saisei.evidence.outcomes.change import regression_rows
from saisei.evidence.outcomes.expected import expected_change
from saisei.evidence.outcomes.funnel import funnel
from saisei.evidence.outcomes.ordinal_arms import compare_counts
from saisei.patient.scales import ScalePlan, simulate_scale
from saisei.study import load, parse
from saisei.study.conditions import Quantity, load_condition

OTHERS = (
    "kyoto-pd-2025", "bemdaneprocel-2025", "a9-dpc-2025", "nurown-2022", "cns10-gdnf-2022",
    "nsi566-als-2015", "alsummit-2024", "sb623-stroke-2019", "treasure-2024", "muse-stroke-2023",
    "pisces2-2020",
)  # fmt: skip


def test_treasure_is_11_5_against_9_8_percent() -> None:
    """Houkin 2024; Fisher by scipy.stats.fisher_exact([[12, 92], [10, 92]])."""
    one = outcome_answer(load("treasure-2024")).binary[0]
    assert (one.count, one.n, one.control) == (12, 104, (10, 102))
    assert round(100 * one.count / one.n, 1) == 11.5
    assert round(100 * 10 / 102, 1) == 9.8
    assert one.p_two_sided == pytest.approx(0.8222711515303238, rel=1e-9)


def test_muse_is_0_12_against_its_own_placebo_and_tiny_against_the_threshold() -> None:
    """Niizuma 2023; Fisher by scipy.stats.fisher_exact([[10, 15], [1, 9]])."""
    one = outcome_answer(load("muse-stroke-2023")).binary[0]
    assert one.p_two_sided == pytest.approx(0.11966377207167635, rel=1e-9)
    assert one.threshold == pytest.approx(0.087)
    assert one.p_threshold == pytest.approx(float(stats.binom.sf(9, 25, 0.087)), rel=1e-9)
    assert one.averaged is not None
    assert one.averaged > 0.1 > one.p_threshold


def test_pisces_has_one_of_23_and_fifteen_of_21_chosen_afterwards() -> None:
    rows = outcome_answer(load("pisces2-2020")).binary
    assert [(row.count, row.n) for row in rows] == [(1, 23), (3, 23), (3, 23), (15, 21)]
    assert rows[-1].chosen == "after the result"


@pytest.mark.parametrize("name", OTHERS)
def test_every_study_answers_or_says_why_not(name: str) -> None:
    answer = outcome_answer(load(name))
    assert answer.known_condition
    found = (answer.binary, answer.ordinal, answer.changes, answer.own_side, answer.times)
    assert any(found) or answer.cannot_say
    if not any(found) and answer.controlled:
        assert any("cannot be repeated" in text for text in answer.cannot_say)


def test_the_average_over_a_new_study_equals_plain_integration() -> None:
    rows = load_condition("stroke").rows(Quantity.SHARE)[:1]
    prior = map_prior_binomial([23], [102], tau_scale=1.0)

    grid = np.linspace(-20.0, 20.0, 20_001)
    density = prior.weights @ stats.norm.pdf(
        grid[None, :], prior.means[:, None], prior.sds[:, None]
    )
    tails = stats.binom.sf(9, 25, special.expit(grid))
    plain = float(np.sum(density * tails) * (grid[1] - grid[0]))
    # The grid is the coarse side: components narrower than its step cost it 1e-5 of the mass.
    assert averaged_chance(10, 25, rows) == pytest.approx(plain, rel=5e-5)


def test_a_better_count_never_has_a_larger_chance() -> None:
    rows = load_condition("stroke").rows(Quantity.SHARE)[:1]
    chances = [averaged_chance(k, 25, rows) for k in range(26)]
    assert chances[0] == pytest.approx(1.0)
    assert all(a >= b for a, b in itertools.pairwise(chances))


def test_the_expected_change_of_kyoto_by_hand() -> None:
    """MAP prior over PPMI (2.4) and the meta-analysis (2.64), 730 days, sham -4.3."""
    found = expected_change(load_condition("parkinson"), "MDS-UPDRS III OFF", 730.0)
    assert found is not None
    course, response = found.pieces
    years = 730.0 / 365.25
    assert 2.4 * years < course.change < 2.64 * years
    assert response.change == -4.3
    assert found.mean == pytest.approx(course.change + response.change)
    assert found.person_sd == pytest.approx(math.sqrt((2.0 * years) ** 2 + 36.0 + 2 * 16.0))
    assert found.assumed


def test_the_chance_of_kyoto_is_a_normal_tail_and_falls_with_a_better_change() -> None:
    one = next(row for row in outcome_answer(load("kyoto-pd-2025")).changes if row.expected)
    assert one.expected is not None
    sd = math.hypot(one.expected.sd, (one.expected.person_sd or 0.0) / math.sqrt(6))
    assert one.chance == pytest.approx(float(stats.norm.cdf((-9.5 - one.expected.mean) / sd)))
    bemda = next(r for r in outcome_answer(load("bemdaneprocel-2025")).changes if r.expected)
    assert bemda.chance is not None
    assert one.chance is not None
    assert bemda.chance < one.chance


def test_more_years_worsen_the_expected_score_and_usual_care_has_no_response() -> None:
    condition = load_condition("parkinson")
    means = [
        found.mean
        for days in (90.0, 365.0, 730.0, 1460.0)
        if (found := expected_change(condition, "MDS-UPDRS III OFF", days))
    ]
    assert means == sorted(means)
    usual = expected_change(condition, "MDS-UPDRS III OFF", 365.0, in_trial=False)
    assert usual is not None
    assert len(usual.pieces) == 1
    assert expected_change(condition, "F-DOPA Ki change", 365.0) is None


def test_survivors_of_als_look_better_as_often_as_simulated() -> None:
    """The closed form against 20,000 simulated people; before half a year and at a year."""
    condition = load_condition("als")
    for days in (182.0, 365.0):
        found = expected_change(condition, "ALSFRS-R", days, in_trial=False, living=True)
        everybody = expected_change(condition, "ALSFRS-R", days, in_trial=False)
        assert found is not None
        assert everybody is not None
        left = found.mean - everybody.mean
        cohort = simulate_scale(condition, "alsfrs", ScalePlan(20_000, 5, (0.0, days)))
        change = cohort.scores[:, 1] - cohort.scores[:, 0]
        alive = np.isfinite(change)
        slope = condition.course("alsfrs").values["slope_mean"].value
        # Floor and whole points move both a little; the error of the mean is some 0.06 points.
        assert np.nanmean(change) - slope * days / 365.25 == pytest.approx(left, abs=0.25)
        assert 0.5 < alive.mean() < 0.95
        assert found.sd > everybody.sd
        assert found.pieces[-1].change == pytest.approx(left)
    dead = expected_change(load_condition("parkinson"), "MDS-UPDRS III OFF", 365.0, True, True)
    assert dead == expected_change(load_condition("parkinson"), "MDS-UPDRS III OFF", 365.0)


def test_regression_to_the_mean_by_simulation() -> None:
    rows = regression_rows(load_condition("parkinson"), "MDS-UPDRS III OFF")
    generator = np.random.default_rng(5)
    sd, n = 10.0, 400_000
    for row in rows:
        true = generator.normal(0, sd * math.sqrt(row.reliability), n)
        noise = sd * math.sqrt(1 - row.reliability)
        first, second = (true + generator.normal(0, noise, n) for _ in range(2))
        half = first > np.quantile(first, 0.5)
        tenth = first > np.quantile(first, 0.9)
        assert (first - second)[half].mean() == pytest.approx(row.worse_half, abs=0.06)
        assert (first - second)[tenth].mean() == pytest.approx(row.worst_tenth, abs=0.12)


def test_the_rank_test_of_counts_equals_enumeration_and_mirrors() -> None:
    scale = load_condition("stroke").scale("mRS")
    a, b = (2, 1, 0, 0, 1, 0, 0), (0, 1, 0, 1, 0, 1, 0)
    found = compare_counts(a, b, scale, "x", True, ())
    values = np.array([0, 0, 1, 4, 1, 3, 5])
    ranks = stats.rankdata(values)
    sums = [sum(ranks[list(s)]) for s in itertools.combinations(range(7), 4)]
    seen, mean = ranks[:4].sum(), np.mean(sums)
    plain = np.mean([abs(s - mean) >= abs(seen - mean) - 1e-9 for s in sums])
    assert found.p_two_sided == pytest.approx(plain)
    mirror = compare_counts(b, a, scale, "x", True, ())
    assert found.odds_ratio is not None
    assert mirror.odds_ratio is not None
    assert found.odds_ratio * mirror.odds_ratio == pytest.approx(1.0, rel=1e-6)
    assert found.odds_ratio > 1  # lower mRS is better, and the first group is lower


def test_the_funnel_keeps_the_rule_and_the_pending_rows() -> None:
    rows = funnel()
    inside = [row for row in rows if row.in_rule]
    assert len(inside) == 6
    assert sum(row.result == "confirmed" for row in inside) == 1
    assert all(row.reason for row in rows if not row.in_rule)
    procord = next(row for row in rows if row.key == "procord")
    assert procord.odds_ratio == pytest.approx(0.267, abs=5e-4)


STUDY = """
schema = "saisei-study/0.2"
id = "toy"
title = "toy"
condition = "amyotrophic lateral sclerosis"
summary = "toy"
status = { value = "toy", source = ["S"], confidence = "low" }
[design]
summary = { value = "toy", source = ["S"], confidence = "low" }
controlled = { value = true, source = ["S"], confidence = "low" }
randomised = { value = true, source = ["S"], confidence = "low" }
[product]
name = { value = "toy", source = ["S"], confidence = "low" }
[[arms]]
key = "t"
name = "treated"
role = "treated"
n = { value = 20, source = ["S"], confidence = "low" }
[[arms]]
key = "c"
name = "control"
role = "control"
n = { value = 20, source = ["S"], confidence = "low" }
[[visits]]
key = "y"
name = "year"
day = { value = 365, source = ["S"], confidence = "low" }
counted_from = "treatment"
[[slopes]]
arm = "t"
visit = "y"
scale = "ALSFRS-R"
per = "month"
mean = -0.7
spread = 0.6
spread_type = "SD"
source = ["S"]
confidence = "low"
[[slopes]]
arm = "c"
visit = "y"
scale = "ALSFRS-R"
per = "month"
mean = -1.0
spread = 0.7
spread_type = "SD"
source = ["S"]
confidence = "low"
[[own_side]]
arm = "t"
visit = "y"
scale = "leg strength"
mean = 2.0
spread = 4.0
spread_type = "SD"
source = ["S"]
confidence = "low"
[[times_to_event]]
arm = "t"
visit = "y"
event = "death"
count = 3
n = 20
source = ["S"]
confidence = "low"
[[times_to_event]]
arm = "c"
visit = "y"
event = "death"
count = 8
n = 20
source = ["S"]
confidence = "low"
[sources.S]
cite = "toy"
kind = "data file"
read = "yes"
"""


def test_slopes_own_side_and_times_by_scipy() -> None:
    answer = outcome_answer(parse(STUDY.encode(), "toy"))
    slope = answer.changes[0]
    assert slope.mean == pytest.approx(-8.4)  # points a year
    assert slope.control is not None
    test: Any = stats.ttest_ind_from_stats(-0.7, 0.6, 20, -1.0, 0.7, 20, equal_var=False)
    assert slope.control.p_two_sided == pytest.approx(float(test.pvalue), rel=1e-6)
    assert slope.control.difference == pytest.approx(0.3 * 12)
    own = answer.own_side[0]
    assert own.p_two_sided == pytest.approx(2 * float(stats.t.sf(2 / (4 / math.sqrt(20)), 19)))
    deaths = answer.times[0]
    assert deaths.p_two_sided == pytest.approx(float(stats.fisher_exact([[3, 17], [8, 12]]).pvalue))
    assert not answer.cannot_say
