"""The exact distributions against plain enumeration in rational numbers and against scipy."""

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from saisei.chance import Discrete, binomial, convolve, hypergeometric, poisson_binomial
from saisei.errors import InputError

PROBABILITY = st.floats(0.0, 1.0, allow_nan=False)


def plain_binomial(n: int, p: Fraction) -> list[float]:
    """Slow and plain: the formula in rational numbers."""
    return [float(comb(n, k) * p**k * (1 - p) ** (n - k)) for k in range(n + 1)]


def plain_poisson_binomial(probabilities: list[Fraction]) -> list[float]:
    """Slow and plain: every one of the 2^n outcomes."""
    law = [Fraction(0)] * (len(probabilities) + 1)
    for outcome in product((0, 1), repeat=len(probabilities)):
        chance = Fraction(1)
        for success, p in zip(outcome, probabilities, strict=True):
            chance *= p if success else 1 - p
        law[sum(outcome)] += chance
    return [float(one) for one in law]


def plain_hypergeometric(population: int, marked: int, drawn: int) -> dict[int, float]:
    """Slow and plain: binomial coefficients as whole numbers."""
    total = comb(population, drawn)
    found = {
        k: Fraction(comb(marked, k) * comb(population - marked, drawn - k), total)
        for k in range(min(marked, drawn) + 1)
        if drawn - k <= population - marked
    }
    return {k: float(one) for k, one in found.items()}


@given(st.integers(0, 200), PROBABILITY)
@settings(max_examples=60)
def test_binomial_equals_the_formula_and_scipy(n: int, p: float) -> None:
    """Binomial probabilities equal the rational formula and scipy."""
    got = binomial(n, p).probs
    np.testing.assert_allclose(got, plain_binomial(n, Fraction(p)), rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(got, stats.binom.pmf(np.arange(n + 1), n, p), rtol=1e-9, atol=1e-300)


@given(st.lists(PROBABILITY, max_size=9))
@settings(max_examples=60)
def test_poisson_binomial_equals_enumeration(probabilities: list[float]) -> None:
    """Poisson-binomial probabilities equal the sum over all outcomes, and scipy's."""
    got = poisson_binomial(probabilities).probs
    plain = plain_poisson_binomial([Fraction(p) for p in probabilities])
    np.testing.assert_allclose(got, plain, rtol=1e-12, atol=1e-300)
    if probabilities:
        peer = stats.poisson_binom(probabilities).pmf(np.arange(len(probabilities) + 1))
        np.testing.assert_allclose(got, peer, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 120), st.data())
@settings(max_examples=60)
def test_hypergeometric_equals_counting_and_scipy(population: int, data: st.DataObject) -> None:
    """Hypergeometric probabilities equal counted fractions and scipy."""
    marked = data.draw(st.integers(0, population))
    drawn = data.draw(st.integers(0, population))
    law = hypergeometric(population, marked, drawn)
    plain = plain_hypergeometric(population, marked, drawn)
    values = range(law.first, law.first + len(law.probs))
    assert set(plain) == set(values)
    np.testing.assert_allclose(law.probs, [plain[k] for k in values], rtol=1e-10)
    if population == 0:
        return  # scipy has no law for an empty population
    peer = stats.hypergeom.pmf(list(values), population, marked, drawn)
    np.testing.assert_allclose(law.probs, peer, rtol=1e-8)


@given(st.lists(st.tuples(st.integers(0, 6), PROBABILITY), max_size=4))
def test_sum_of_binomials_with_one_rate_is_binomial(parts: list[tuple[int, float]]) -> None:
    """Convolution of binomials with a common rate is the binomial of the summed n."""
    rate = parts[0][1] if parts else 0.5
    total = convolve(binomial(n, rate) for n, _ in parts)
    expected = binomial(sum(n for n, _ in parts), rate)
    np.testing.assert_allclose(total.probs, expected.probs, rtol=1e-9, atol=1e-300)


def test_convolution_equals_enumeration_of_pairs() -> None:
    """A sum of shifted laws equals the enumeration of every pair."""
    one = Discrete(-2, np.array([0.2, 0.0, 0.8]))
    two = Discrete(3, np.array([0.6, 0.4]))
    total = convolve([one, two])
    for value in range(6):
        pairs = sum(one.pmf(a) * two.pmf(value - a) for a in range(-2, 1))
        assert total.pmf(value) == pytest.approx(pairs, rel=1e-15)
    assert total.mean == pytest.approx(one.mean + two.mean)
    assert total.variance == pytest.approx(one.variance + two.variance)


# Shelf: clinical.md 3.3 and the issue on the main job, from binomial arithmetic.
@pytest.mark.parametrize(
    ("rate", "percent"),
    [(0.03, 0.52), (0.05, 1.40), (0.10, 5.23), (0.134, 8.95), (0.171, 13.8), (0.281, 31.5)],
)
def test_two_or_more_of_four(rate: float, percent: float) -> None:
    """Two or more of four by nature alone, at the published rates."""
    got = 100 * binomial(4, rate).at_least(2)
    digits = 1 if percent > 10 else 2
    assert round(got, digits) == percent


def test_tails_add_up() -> None:
    """At most k and at least k + 1 make one."""
    law = binomial(17, 0.31)
    for k in range(-1, 19):
        assert law.at_most(k) + law.at_least(k + 1) == pytest.approx(1.0, rel=1e-13)


@pytest.mark.parametrize(
    "call",
    [
        lambda: binomial(-1, 0.5),
        lambda: binomial(3, 1.5),
        lambda: binomial(3, float("nan")),
        lambda: poisson_binomial([0.2, -0.1]),
        lambda: hypergeometric(5, 6, 1),
        lambda: hypergeometric(5, 1, 6),
    ],
)
def test_impossible_arguments_are_refused(call: object) -> None:
    """An impossible count or probability is an InputError, never a number."""
    with pytest.raises(InputError):
        call()  # type: ignore[operator]
