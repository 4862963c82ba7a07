"""Rank tests and the proportional-odds model against listing, R and numerical derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from saisei.errors import InputError, UnsupportedError
from saisei.evidence import ordinal, rank_tests

small = st.lists(st.integers(0, 4), min_size=1, max_size=5)


@settings(max_examples=40)
@given(small, small)
def test_rank_sum_equals_listing_every_assignment(x: list[int], y: list[int]) -> None:
    """With ties, all three p values equal the share of assignments that are as extreme."""
    ranks = stats.rankdata(x + y)
    sums = np.array([sum(c) for c in itertools.combinations(ranks, len(x))])
    seen, mean = ranks[: len(x)].sum(), sums.mean()
    test = rank_tests.rank_sum(x, y)
    assert test.p_greater == pytest.approx((sums >= seen - 1e-9).mean(), abs=1e-12)
    assert test.p_less == pytest.approx((sums <= seen + 1e-9).mean(), abs=1e-12)
    far = np.abs(sums - mean) >= abs(seen - mean) - 1e-9
    assert test.p_two_sided == pytest.approx(far.mean(), abs=1e-12)


@settings(max_examples=40)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8).filter(any))
def test_signed_rank_equals_listing_every_sign(d: list[int]) -> None:
    """With ties and zeros dropped, p values equal the share of sign patterns as extreme."""
    kept = [v for v in d if v]
    ranks = stats.rankdata(np.abs(kept))
    signs = np.array(list(itertools.product([0, 1], repeat=len(kept))))
    sums, seen = signs @ ranks, ranks[np.array(kept) > 0].sum()
    test = rank_tests.signed_rank(d)
    assert test.p_greater == pytest.approx((sums >= seen - 1e-9).mean(), abs=1e-12)
    far = np.abs(sums - sums.mean()) >= abs(seen - sums.mean()) - 1e-9
    assert test.p_two_sided == pytest.approx(far.mean(), abs=1e-12)


def test_figures_of_r() -> None:
    """exactRankTests 0.8 and R 4.2.2 wilcox.test on small data with ties."""
    x, y = [1, 2, 2, 3, 5, 5, 7], [2, 2, 1, 1, 0, 3, 1, 0, 1]
    test = rank_tests.rank_sum(x, y)
    assert test.p_two_sided == pytest.approx(0.01888112, abs=1e-8)
    assert test.p_greater == pytest.approx(0.009353147, abs=1e-9)
    assert test.p_asymptotic() == pytest.approx(0.01964196, abs=1e-8)
    assert test.p_asymptotic("greater") == pytest.approx(0.009820982, abs=1e-9)
    signed = rank_tests.signed_rank([1, 2, 2, 4, 6, -1, 3, 0, -2])
    assert signed.p_two_sided == pytest.approx(0.1015625, abs=1e-12)
    assert signed.p_asymptotic("greater") == pytest.approx(0.04544439, abs=1e-8)
    with pytest.raises(InputError, match="every difference is zero"):
        rank_tests.signed_rank([0, 0])


COUNTS = [[4, 9, 5, 0, 0], [1, 7, 8, 2, 0], [0, 5, 8, 3, 2], [0, 1, 5, 7, 5]]
DESIGN = [[0, 0], [0, 1], [1, 0], [1, 1]]


def plain_loglik(parameters: np.ndarray, counts: list[list[int]], x: list[list[int]]) -> float:
    total = 0.0
    cuts = len(counts[0]) - 1
    for row, covariates in zip(counts, x, strict=True):
        eta = parameters[:cuts] - np.dot(covariates, parameters[cuts:])
        cdf = np.concatenate([[0.0], special.expit(eta), [1.0]])
        total += sum(n * np.log(p) for n, p in zip(row, np.diff(cdf), strict=True) if n)
    return float(total)


def test_proportional_odds_is_at_the_top_of_the_plain_likelihood() -> None:
    """The fit maximises a likelihood written out in loops, and errors come from its curvature."""
    fit = ordinal.fit_proportional_odds(COUNTS, DESIGN)
    best = np.array([*fit.thresholds, *fit.coefficients])
    assert plain_loglik(best, COUNTS, DESIGN) == pytest.approx(fit.loglik, abs=1e-9)
    slope = optimize.approx_fprime(best, lambda v: plain_loglik(v, COUNTS, DESIGN), 1e-6)
    assert np.abs(slope).max() < 1e-4
    assert fit.coefficients == pytest.approx((2.50310200789893, 1.52779765809506), abs=1e-6)
    assert fit.standard_errors[-1] == pytest.approx(0.476622629648298, abs=1e-6)  # R ordinal


def test_likelihood_ratio_of_contact() -> None:
    """Dropping contact from the wine model loses what R's anova of two clm fits prints."""
    full = ordinal.fit_proportional_odds(COUNTS, DESIGN)
    less = ordinal.fit_proportional_odds(COUNTS, [[row[0]] for row in DESIGN])
    statistic, p = ordinal.likelihood_ratio_test(full, less)
    assert statistic == pytest.approx(2 * (full.loglik - less.loglik))
    assert p == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-10)
    with pytest.raises(InputError, match="more coefficients"):
        ordinal.likelihood_ratio_test(less, full)


def test_separated_groups_are_refused_in_words() -> None:
    """No overlap of the two arms has no finite odds ratio: the error names what to use instead."""
    counts, x = ordinal.two_group_counts([1, 1, 2], [3, 4, 4], [1, 2, 3, 4])
    with pytest.raises(UnsupportedError, match="exact shift test"):
        ordinal.fit_proportional_odds(counts, x)


def test_reversing_the_scale_reverses_the_effect() -> None:
    """Counting the grades from the other end changes only the sign of the log odds ratio."""
    one = ordinal.fit_proportional_odds(COUNTS, DESIGN)
    other = ordinal.fit_proportional_odds([row[::-1] for row in COUNTS], DESIGN)
    assert other.coefficients == pytest.approx([-c for c in one.coefficients], abs=1e-7)
