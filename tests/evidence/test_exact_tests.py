"""Intervals, exact tests and safety limits against R, enumeration with fractions, and closed forms."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from saisei.chance.roots import R_TOLERANCE, brent_root
from saisei.errors import InputError
from saisei.evidence import exact_tests, intervals, safety


def fisher_by_fractions(table: list[list[int]]) -> float:
    (a, b), (c, d) = table
    m, n, k = a + b, c + d, a + c
    law = {
        x: Fraction(math.comb(m, x) * math.comb(n, k - x), math.comb(m + n, k))
        for x in range(max(0, k - n), min(m, k) + 1)
    }
    return float(sum(p for p in law.values() if p <= law[a]))


def rxc_by_listing(table: list[list[int]]) -> float:
    rows = [sum(r) for r in table]
    columns = [sum(c) for c in zip(*table, strict=True)]
    total = sum(rows)
    constant = Fraction(
        math.prod(map(math.factorial, rows)) * math.prod(map(math.factorial, columns)),
        math.factorial(total),
    )

    def probability(cells: tuple[int, ...]) -> Fraction:
        return constant / math.prod(map(math.factorial, cells))

    seen = probability(tuple(itertools.chain(*table)))
    r, c = len(rows), len(columns)
    answer = Fraction(0)
    for free in itertools.product(range(max(columns) + 1), repeat=(r - 1) * (c - 1)):
        grid = np.array(free).reshape(r - 1, c - 1)
        grid = np.column_stack([grid, np.array(rows[:-1]) - grid.sum(axis=1)])
        grid = np.vstack([grid, np.array(columns) - grid.sum(axis=0)])
        if (grid >= 0).all():
            p = probability(tuple(int(v) for v in grid.ravel()))
            answer += p if p <= seen else 0
    return float(answer)


def test_trials_of_the_field_give_the_p_values_of_r() -> None:
    """Shin 5/19 v 1/15 and ProCord 7/26 v 10/17 as R's fisher.test prints them."""
    assert exact_tests.fisher_exact([[5, 14], [1, 14]]).p_value == pytest.approx(0.196, abs=5e-4)
    assert exact_tests.fisher_exact([[7, 19], [10, 7]]).p_value == pytest.approx(0.0565, abs=5e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_fisher_equals_enumeration_with_fractions(cells: list[int]) -> None:
    """The two-sided p value equals the sum in exact fractions of all tables no more likely."""
    table = [cells[:2], cells[2:]]
    got = exact_tests.fisher_exact(table).p_value
    assert got == pytest.approx(fisher_by_fractions(table), abs=1e-12)
    assert exact_tests.fisher_exact_rxc(table) == pytest.approx(got, abs=1e-10)


@pytest.mark.parametrize(
    "table", [[[2, 1, 0], [0, 1, 3]], [[1, 2, 2], [3, 0, 1], [0, 2, 1]], [[4, 0], [1, 2], [0, 3]]]
)
def test_r_by_c_equals_listing_every_table(table: list[list[int]]) -> None:
    """The split enumeration gives the same p value as listing every table in fractions."""
    assert exact_tests.fisher_exact_rxc(table) == pytest.approx(rxc_by_listing(table), abs=1e-12)


def test_odds_ratio_solves_its_equations_and_reproduces_r() -> None:
    """The exact estimate makes the tilted mean equal the count; at R's tolerance it prints R's digits."""
    exact = exact_tests.fisher_exact([[5, 1], [5, 11]])
    support, pmf = exact_tests.hypergeometric_pmf(6, 16, 10)
    tilted = pmf * exact.odds_ratio**support
    assert float(tilted @ support / tilted.sum()) == pytest.approx(5.0, abs=1e-9)
    upper = pmf * exact.interval.upper**support
    assert float(upper[support <= 5].sum() / upper.sum()) == pytest.approx(0.025, abs=1e-9)
    as_r = exact_tests.fisher_exact([[5, 1], [5, 11]], root_tolerance=R_TOLERANCE)
    assert as_r.odds_ratio == pytest.approx(9.75968674094607, abs=1e-11)  # R 4.2.2 fisher.test
    assert as_r.interval.upper == pytest.approx(563.920541888461, abs=1e-6)  # R 4.2.2 fisher.test


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 25), st.data())
def test_binomial_test_equals_enumeration(n: int, data: st.DataObject) -> None:
    """Tails and the two-sided sum agree with exact fractions."""
    x = data.draw(st.integers(0, n))
    p0 = Fraction(data.draw(st.integers(1, 19)), 20)
    law = [math.comb(n, k) * p0**k * (1 - p0) ** (n - k) for k in range(n + 1)]
    two_sided = float(sum(p for p in law if p <= law[x]))
    assert exact_tests.binomial_test(x, n, float(p0)) == pytest.approx(two_sided, abs=1e-11)
    greater = exact_tests.binomial_test(x, n, float(p0), "greater")
    assert greater == pytest.approx(float(sum(law[x:])), abs=1e-11)
    less = exact_tests.binomial_test(x, n, float(p0), "less")
    assert less == pytest.approx(float(sum(law[: x + 1])), abs=1e-11)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.data())
def test_clopper_pearson_leaves_the_tail_it_promises(n: int, data: st.DataObject) -> None:
    """At each limit the binomial tail through x is exactly half of one minus the confidence."""
    x = data.draw(st.integers(0, n))
    lower, upper = intervals.clopper_pearson(x, n, 0.9)
    if x > 0:
        assert float(special.bdtrc(x - 1, n, lower)) == pytest.approx(0.05, abs=1e-9)
    if x < n:
        assert float(special.bdtr(x, n, upper)) == pytest.approx(0.05, abs=1e-9)
    for name in ("jeffreys", "wilson"):
        other = intervals.interval_by_name(name, x, n, 0.9)
        assert 0.0 <= other.lower <= x / n <= other.upper <= 1.0


def test_zero_events_exclude_what_the_closed_form_says() -> None:
    """Upper limits are 1 - 0.05^(1/n) by person and -log(0.05)/T by person-time."""
    for n in (4, 6, 10, 20, 60):
        assert safety.upper_limit(0, n) == pytest.approx(1.0 - 0.05 ** (1.0 / n), abs=1e-14)
    assert safety.upper_rate(0, 12.5) == pytest.approx(-math.log(0.05) / 12.5, rel=1e-12)
    both = intervals.clopper_pearson(2, 30, 0.9)
    assert safety.upper_limit(2, 30) == pytest.approx(both.upper, abs=1e-14)


def test_brent_finds_a_root_and_refuses_a_bracket_without_one() -> None:
    """The root is within the tolerance, and one sign at both ends is an error in words."""
    assert brent_root(math.cos, 1.0, 2.0, 1e-12) == pytest.approx(math.pi / 2, abs=1e-12)
    with pytest.raises(InputError, match="no sign change"):
        brent_root(math.cosh, 0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: intervals.clopper_pearson(5, 4), "at most 4"),
        (lambda: intervals.wilson(1, 0), "at least 1"),
        (lambda: safety.upper_limit(0, 4, 1.2), "strictly between"),
        (lambda: exact_tests.fisher_exact([[1, 2, 3], [1, 2, 3]]), "fisher_exact_rxc"),
        (lambda: exact_tests.binomial_test(1, 4, 0.5, "sideways"), "one of"),
        (lambda: safety.upper_rate(0, 0.0), "above 0"),
    ],
)
def test_wrong_input_is_named(call: object, words: str) -> None:
    """Each impossible input raises an InputError that says what is wrong."""
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]
