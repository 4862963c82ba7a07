"""Exact sums of motor gains: brute force, simulation, direction, the condition on a printed mean."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.evidence.motor_law import (
    GainLaws,
    count_tails,
    given_baseline,
    jackknife_error,
    law_of_gains,
    mean_law_of_sum,
    sum_tails,
)
from saisei.evidence.motor_statistics import possible_sums

F64 = NDArray[np.float64]


def _laws(rng: np.random.Generator, people: int, draws: int) -> list[GainLaws]:
    return [
        GainLaws(int(rng.integers(-3, 2)), rng.dirichlet(np.ones(rng.integers(2, 6)), size=draws))
        for _ in range(people)
    ]


def _brute(laws: list[GainLaws], draw: int, total: int) -> float:
    found = 0.0
    for ways in itertools.product(*(range(law.probs.shape[1]) for law in laws)):
        if sum(law.first + way for law, way in zip(laws, ways, strict=True)) >= total:
            found += float(np.prod([law.probs[draw, w] for law, w in zip(laws, ways, strict=True)]))
    return found


@pytest.mark.parametrize("people", [1, 2, 5])
def test_the_convolution_is_that_of_brute_force(people: int) -> None:
    laws = _laws(np.random.default_rng(people), people, 3)
    for total in range(-6 * people, 6 * people, 3):
        exact = sum_tails(laws, total)
        assert exact == pytest.approx([_brute(laws, d, total) for d in range(3)], abs=1e-13)


def test_the_convolution_is_that_of_simulation() -> None:
    rng = np.random.default_rng(5)
    laws = _laws(rng, 40, 1)
    n = 200_000
    totals = np.zeros(n, dtype=np.int64)
    for law in laws:
        totals += law.first + rng.choice(law.probs.shape[1], size=n, p=law.probs[0])
    for quantile in (0.5, 0.9, 0.99):
        t = int(np.quantile(totals, quantile))
        p = float(sum_tails(laws, t)[0])
        assert abs((totals >= t).mean() - p) < 4.0 * (p * (1 - p) / n) ** 0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 8))
def test_a_better_result_never_raises_the_p_value(seed: int, people: int) -> None:
    laws = _laws(np.random.default_rng(seed), people, 2)
    tails = np.array([sum_tails(laws, t) for t in range(-4 * people, 7 * people)])
    assert np.all(np.diff(tails, axis=0) <= 1e-15)
    assert tails[0] == pytest.approx(1.0)


def test_the_law_of_one_person_is_what_was_counted() -> None:
    gains = np.array([0] * 80 + [-1] * 5 + [30] * 15)
    law = law_of_gains(gains)
    assert law.mean.pmf(0) == 0.8  # the heap at zero
    assert law.mean.pmf(30) == 0.15  # the far tail
    assert law.mean.pmf(29) == 0.0  # and nothing made up between


def _joint(rng: np.random.Generator) -> F64:
    joint = rng.random((6, 4)) ** 3
    return np.asarray(joint / joint.sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_law_given_the_baseline_sum_is_that_of_brute_force(seed: int) -> None:
    joint, n, sums, first = _joint(np.random.default_rng(seed)), 4, [11, 12, 13], -1
    cells = list(np.ndindex(*joint.shape))
    found: dict[int, float] = {}
    for ways in itertools.product(cells, repeat=n):
        if sum(b for b, _ in ways) in sums:
            gain = sum(g + first for _, g in ways)
            found[gain] = found.get(gain, 0.0) + float(np.prod([joint[one] for one in ways]))
    law = given_baseline(joint, n, sums, first)
    total = sum(found.values())
    for gain, mass in found.items():
        assert law.pmf(gain) == pytest.approx(mass / total, abs=1e-12)


def test_a_baseline_that_nobody_can_have_is_named() -> None:
    with pytest.raises(InputError, match="do not exist"):
        given_baseline(_joint(np.random.default_rng(1)), 3, [99], 0)


def test_counts_are_binomial() -> None:
    # scipy.stats.binom.sf(6, 22, 0.23) = 0.226399...
    from scipy.stats import binom

    assert count_tails(np.array([0.23]), 22, 7)[0] == pytest.approx(
        binom.sf(6, 22, 0.23), rel=1e-12
    )
    with pytest.raises(InputError, match="23 of 22"):
        count_tails(np.array([0.2]), 22, 23)


def test_the_mean_law_is_the_mean_of_the_laws() -> None:
    laws = _laws(np.random.default_rng(9), 3, 5)
    law = mean_law_of_sum(laws)
    assert law.at_least(2) == pytest.approx(sum_tails(laws, 2).mean(), abs=1e-12)


@pytest.mark.parametrize(
    ("mean", "n", "sums"), [(7.8, 17, (132, 133)), (0.1, 17, (1, 2)), (2, 3, (5, 6, 7))]
)
def test_a_printed_mean_allows_these_sums(mean: float, n: int, sums: tuple[int, ...]) -> None:
    assert possible_sums(mean, n) == sums
    assert all(round(s / n, 1 if mean != 2 else 0) == mean for s in sums)


def test_a_mean_that_no_whole_numbers_give_is_named() -> None:
    with pytest.raises(InputError, match="no whole-number sum"):
        possible_sums(7.83, 4)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """One value a block: the jackknife of a mean is exactly s / sqrt(n)."""
    x = np.random.default_rng(3).normal(size=50)
    error = jackknife_error(lambda out: float(np.delete(x, out).mean()), len(x))
    assert error == pytest.approx(x.std(ddof=1) / len(x) ** 0.5, rel=1e-12)
