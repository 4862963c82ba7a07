"""What counts can show: against published figures, brute force and the rule of three."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from saisei.errors import InputError
from saisei.lot.bounds import cells_to_read, limit_of_detection, lower_bound, upper_bound


def test_oct4_needs_about_600_000_cells() -> None:
    """Sugai 2021, table 1: OCT4 <= 0.0005%; own arithmetic ln(0.05)/ln(1 - 5e-6) = 599,144.97."""
    assert cells_to_read(5e-6) == 599_145
    assert cells_to_read(1e-4) == 29_956


@given(st.floats(1e-4, 0.5), st.integers(0, 8))
def test_the_number_of_cells_is_the_least_that_shows_the_limit(limit: float, positive: int) -> None:
    """With it the exact bound keeps the limit; with one cell less it does not."""
    n = cells_to_read(limit, positive)
    assert upper_bound(positive, n) <= limit * (1 + 1e-9)
    if n - 1 > positive:
        assert upper_bound(positive, n - 1) > limit * (1 - 1e-9)


@given(st.integers(1, 400), st.data())
def test_bounds_are_clopper_and_pearsons(n: int, data: st.DataObject) -> None:
    """Against scipy's beta quantiles, both sides."""
    x = data.draw(st.integers(0, n))
    expected = 1.0 if x == n else beta.ppf(0.95, x + 1, n - x)
    assert upper_bound(x, n) == pytest.approx(expected, rel=1e-9)
    expected = 0.0 if x == 0 else beta.ppf(0.05, x, n - x + 1)
    assert lower_bound(x, n) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_no_event_in_a_dose_of_residual_cells() -> None:
    """0 of 30 animals leave 10% (rule of three in biology.md); 0 of 600,000 cells leave 10 in a dose."""
    assert upper_bound(0, 30) == pytest.approx(0.095, abs=0.001)
    assert upper_bound(0, 600_000) * 2e6 == pytest.approx(10, abs=0.02)


@pytest.mark.parametrize(
    ("n", "seen", "blank"), [(1000, 1.0, 0.0), (1000, 0.9, 0.001), (300_000, 0.9, 2e-5)]
)
def test_the_limit_of_detection_by_plain_search(n: int, seen: float, blank: float) -> None:
    """The first of many shares that a blank's 95% point misses in at most 5%."""
    critical = next(k for k in range(n) if binom.cdf(k, n, blank) >= 0.95)
    shares = np.geomspace(1e-6, 0.5, 40_000)
    found = binom.sf(critical, n, shares * seen + (1 - shares) * blank) >= 0.95
    assert limit_of_detection(n, seen, blank) == pytest.approx(shares[found.argmax()], rel=1e-3)


def test_impossible_counts_are_refused() -> None:
    """More positive than read, nothing read, a limit outside 0 to 1."""
    with pytest.raises(InputError, match="positive among"):
        upper_bound(3, 2)
    with pytest.raises(InputError, match="positive among"):
        upper_bound(0, 0)
    with pytest.raises(InputError, match="limit"):
        cells_to_read(0.0)
