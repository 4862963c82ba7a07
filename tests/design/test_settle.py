"""What would settle it: the published sizes, and the error of a single arm by plain simulation-free sums."""

from math import comb

import pytest

from saisei.design.settle import what_would_settle
from saisei.errors import InputError


def plain_tail(count: int, n: int, p: float) -> float:
    """Slow and plain: P(X >= count) by the formula."""
    return sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(count, n + 1))


def test_sizes_of_ten_against_thirty_percent() -> None:
    """62 per arm by the pooled normal formula (its z test has exact power 81.0%), 69 by Fisher's test.

    The figures stand in the issue of the main job and in design-methods; clinical.md gives 62 and 20.
    """
    small, large = what_would_settle({"middle": 0.10}).rows
    assert (small.per_arm_normal, small.per_arm_fisher) == (62, 69)
    assert round(small.per_arm_normal_power, 3) == 0.810
    assert large.per_arm_normal == 20


def test_single_arm_error_when_the_natural_rate_is_the_highest() -> None:
    """The single arm's error at the highest natural rate equals the plain binomial sum."""
    rates = {"lowest": 0.034, "highest": 0.281}
    for row in what_would_settle(rates).rows:
        expected = plain_tail(row.single_arm_critical, row.single_arm, 0.281)
        assert row.single_arm_size_at_highest == pytest.approx(expected, rel=1e-9)
        at_rate = plain_tail(row.single_arm_critical, row.single_arm, row.natural_rate)
        assert row.single_arm_size == pytest.approx(at_rate, rel=1e-9)
        assert at_rate <= 0.025


def test_a_gain_that_leaves_no_room_is_left_out() -> None:
    """A natural rate of 70% has no room for a gain of 40 points."""
    assert [row.gain for row in what_would_settle({"highest": 0.7}).rows] == [0.2]


@pytest.mark.parametrize("rates", [{}, {"lowest": 0.0}, {"lowest": 1.0}, {"lowest": -0.1}])
def test_impossible_rates_are_refused(rates: dict[str, float]) -> None:
    """No rates, or a rate at or beyond 0 and 1, is an InputError."""
    with pytest.raises(InputError):
        what_would_settle(rates)
