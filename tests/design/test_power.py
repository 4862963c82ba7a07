"""Exact power and sample size against listing, published values and the saw-tooth trap."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from saisei.design import power
from saisei.errors import InputError
from saisei.evidence.exact_tests import fisher_exact


def test_landmark_sizes_of_the_field() -> None:
    """10% against 30%: 62 per arm by the pooled normal formula, 81.0% exact, 69 per arm by Fisher."""
    assert power.two_proportion_n(0.1, 0.3) == 62
    assert power.z_test_exact_power(62, 62, 0.1, 0.3) == pytest.approx(0.810, abs=5e-4)
    size = power.fisher_n(0.1, 0.3)
    assert (size.n, size.n_stays) == (69, 69)
    assert power.fisher_exact_power(68, 68, 0.1, 0.3) < 0.8


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_fisher_rejections_equal_one_test_per_table(alternative: str) -> None:
    """The vectorised region holds exactly the tables whose own p value is at most alpha."""
    n1, n2, alpha = 9, 7, 0.1
    region = power.fisher_rejections(n1, n2, alpha, alternative)
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            p = fisher_exact([[x1, n1 - x1], [x2, n2 - x2]], alternative).p_value
            assert region[x1, x2] == (p <= alpha), (x1, x2)


def test_z_power_equals_a_plain_double_sum() -> None:
    """The matrix form gives the same exact power as two nested loops."""
    n1, n2, p1, p2, crit = 11, 8, 0.2, 0.6, stats.norm.isf(0.025)
    total = 0.0
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            mean = (x1 + x2) / (n1 + n2)
            var = mean * (1 - mean) * (1 / n1 + 1 / n2)
            if var > 0 and abs(x1 / n1 - x2 / n2) / math.sqrt(var) > crit:
                total += stats.binom.pmf(x1, n1, p1) * stats.binom.pmf(x2, n2, p2)
    assert power.z_test_exact_power(n1, n2, p1, p2) == pytest.approx(total, abs=1e-12)


def test_trap_13_power_is_saw_toothed() -> None:
    """0.05 v 0.20 at one-sided 0.025: 30 people give more power than 35 (East 6.5)."""
    at30, at35 = (power.single_arm_power(n, 0.05, 0.2, 0.025) for n in (30, 35))
    assert at30.power == pytest.approx(0.7448, abs=5e-5)
    assert at35.power == pytest.approx(0.7279, abs=5e-5)
    size = power.single_arm_n(0.05, 0.2, 0.025, 0.73)
    assert size.n < 35 < size.n_stays
    for n in range(size.n_stays, size.searched_to + 1):
        assert power.single_arm_power(n, 0.05, 0.2, 0.025).power >= 0.73


def test_a_test_towards_fewer_events_mirrors_one_towards_more() -> None:
    """Testing p1 < p0 rejects at or below the critical count with the same size and power."""
    low = power.single_arm_power(30, 0.4, 0.2, 0.05)
    assert stats.binom.cdf(low.critical_count, 30, 0.4) == pytest.approx(low.size, abs=1e-12)
    assert stats.binom.cdf(low.critical_count, 30, 0.2) == pytest.approx(low.power, abs=1e-12)
    assert stats.binom.cdf(low.critical_count + 1, 30, 0.4) > 0.05


def test_equal_rates_have_no_sample_size() -> None:
    """Asking for the size that separates equal rates is refused in words."""
    with pytest.raises(InputError, match="no sample size separates"):
        power.two_proportion_n(0.2, 0.2)
