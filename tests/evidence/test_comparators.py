"""One observed count against one natural rate, against plain integration and limits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from saisei.errors import InputError
from saisei.evidence.comparators import against_rate, chance_curve

RATES = st.floats(0.005, 0.95)


@given(st.integers(1, 40), RATES, st.data())
def test_chance_equals_scipy(n: int, rate: float, data: st.DataObject) -> None:
    """The chance of a result at least as good equals scipy's binomial tail."""
    count = data.draw(st.integers(0, n))
    got = against_rate(count, n, rate).chance_at_least_as_good
    assert got == pytest.approx(float(stats.binom.sf(count - 1, n, rate)), rel=1e-9)


@given(st.integers(1, 25), RATES, st.data())
def test_any_benefit_equals_plain_integration(n: int, rate: float, data: st.DataObject) -> None:
    """The Bayes factor of any benefit equals the likelihood averaged by quadrature."""
    count = data.draw(st.integers(0, n))
    mean = quad(lambda p: stats.binom.pmf(count, n, p), rate, 1.0)[0] / (1.0 - rate)
    expected = mean / float(stats.binom.pmf(count, n, rate))
    assert against_rate(count, n, rate).effects[-1].bayes_factor == pytest.approx(
        expected, rel=1e-6
    )


def test_effects_by_hand() -> None:
    """Two of four at 10%: the treated rate, the Bayes factor and the posteriors by hand arithmetic."""
    five = against_rate(2, 4, 0.1).effects[1]
    treated = 5 / 14  # odds 1/9 times 5
    factor = (treated**2 * (1 - treated) ** 2) / (0.1**2 * 0.9**2)
    assert five.treated_rate == pytest.approx(treated)
    assert five.bayes_factor == pytest.approx(factor)
    assert five.posterior_open == pytest.approx(factor / (1 + factor))
    assert five.posterior_sceptical == pytest.approx(factor / 9 / (1 + factor / 9))


@given(st.integers(1, 30), RATES, st.data())
def test_a_better_result_is_never_likelier_by_nature(
    n: int, rate: float, data: st.DataObject
) -> None:
    """One more responder lowers the chance and raises every Bayes factor."""
    count = data.draw(st.integers(0, n - 1))
    worse, better = against_rate(count, n, rate), against_rate(count + 1, n, rate)
    assert better.chance_at_least_as_good <= worse.chance_at_least_as_good
    for one, two in zip(worse.effects, better.effects, strict=True):
        assert two.bayes_factor >= one.bayes_factor


def test_a_result_that_cannot_happen_by_nature() -> None:
    """At a natural rate of zero one responder is infinite evidence, and no number is invented."""
    got = against_rate(1, 4, 0.0)
    assert got.chance_at_least_as_good == 0.0
    assert [one.effect for one in got.effects] == ["any benefit"]
    assert math.isinf(got.effects[0].bayes_factor)
    assert got.effects[0].posterior_sceptical == 1.0


def test_the_curve_rises_with_the_rate() -> None:
    """The higher the natural rate, the likelier the result without treatment."""
    chances = [chance for _, chance in chance_curve(2, 4)]
    assert chances == sorted(chances)
    assert chances[0] == 0.0


@pytest.mark.parametrize(
    ("count", "n", "rate"), [(5, 4, 0.1), (-1, 4, 0.1), (0, 0, 0.1), (1, 4, 1.1)]
)
def test_impossible_input_is_refused(count: int, n: int, rate: float) -> None:
    """Impossible counts and rates are InputErrors."""
    with pytest.raises(InputError):
        against_rate(count, n, rate)
