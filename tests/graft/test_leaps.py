"""Single cells: whole, conserved, with the exact means, close to the exact process in law."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.graft.test_course import DAYS, a_row, followed

from saisei.graft.birth_death import establishment, law, moments_with_rates
from saisei.graft.course import OUT
from saisei.graft.leaps import binomial_of, leap, poisson_of

N = 3000


def leapt(
    row: NDArray[np.float64],
    days: NDArray[np.float64],
    *,
    persons: NDArray[np.int64] | None = None,
    seed: int = 1,
) -> NDArray[np.float64]:
    """Pools of N grafts that share a row."""
    who = np.arange(N) if persons is None else persons
    out = np.empty((len(who), len(days), OUT))
    rows, since = np.tile(row, (len(who), 1)), np.tile(days, (len(who), 1))
    leap(rows, since, 0.25, 1000.0, seed, who, out, np.empty(len(who)))
    return out


@pytest.mark.parametrize("mean", [0.003, 0.7, 9.0, 250.0])
def test_poisson_quantiles_are_those_of_scipy(mean: float) -> None:
    """The inverse of the Poisson law at 400 uniforms."""
    u = (np.arange(400) + 0.5) / 400
    assert [poisson_of(x, mean) for x in u] == list(stats.poisson.ppf(u, mean))


@pytest.mark.parametrize(("n", "p"), [(3, 0.2), (40, 0.9), (999, 0.01), (700, 0.47)])
def test_binomial_quantiles_are_those_of_scipy(n: int, p: float) -> None:
    """The inverse of the binomial law at 400 uniforms, from either end."""
    u = (np.arange(400) + 0.5) / 400
    right = stats.binom.ppf(u, n, p)
    ours = np.array([binomial_of(x, n, p) for x in u])
    assert np.abs(ours - right).max() <= (1.0 if p > 0.5 else 0.0)
    assert ours.mean() == pytest.approx(n * p, rel=2e-3)


def test_cells_are_whole_and_conserved() -> None:
    """Small, rejected, killed grafts: whole cells, none negative, alive = seeded + born - dead."""
    row = a_row(uncommitted=300, committed=100, founders=4, rejection_day=90.3, kill_day=150.1)
    out = leapt(row, DAYS, persons=np.arange(600))
    cells = out[:, :, :6]
    assert (cells == np.floor(cells)).all()
    assert (cells >= 0).all()
    alive = cells.sum(axis=2)
    balance = 404.0 + out[:, 1:, 7] - out[:, 1:, 8]
    assert (alive[:, 1:] == balance).all()
    assert (alive[:, -1] == 0).any()


def test_means_are_those_of_the_course() -> None:
    """Every pool of a small graft has the mean of the equations, within 4 standard errors and 0.4%."""
    row = a_row(uncommitted=300, committed=100, founders=3, rejection_day=100.0)
    out, right = leapt(row, DAYS[:5]), followed(row, days=DAYS[:5])[0]
    mean, error = out.mean(axis=0), out.std(axis=0) / math.sqrt(N)
    assert (np.abs(mean - right)[1:, :6] <= 4 * error[1:, :6] + 0.004 * right[1:, :6] + 1e-9).all()


def test_mean_and_variance_are_those_of_the_exact_process() -> None:
    """Uncommitted cells with fading division: exact mean and variance of the birth-death process."""
    row = a_row(uncommitted=200, committed=0, capacity=1e18)
    out = leapt(row, np.array([30.0]))[:, 0, 0]
    mean, variance = moments_with_rates(200.0, lambda u: 0.1 * math.exp(-u / 21), 0.042, 30.0)
    assert out.mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / N))
    assert out.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / N))


def test_one_clone_follows_its_exact_law() -> None:
    """A clone of one founder at day 30: chi-square against the exact probabilities; then extinction."""
    row = a_row(uncommitted=0, committed=0, founders=1)
    out = leapt(row, np.array([30.0, 364.0]))[:, :, 5]
    chances = law(0.0714, 0.0214, 30.0, 60)
    edges = [0, 1, 2, 3, 5, 8, 13, 21, 10**9]
    seen = np.histogram(out[:, 0], edges)[0]
    wanted = np.add.reduceat(np.append(chances, 1 - chances.sum()), edges[:-1]) * N
    assert stats.chisquare(seen, wanted * N / wanted.sum()).pvalue > 1e-3
    gone = 1.0 - establishment(0.0714, 0.0214)
    assert (out[:, 1] == 0).mean() == pytest.approx(gone, abs=4 * math.sqrt(gone * (1 - gone) / N))


def gillespie(rng: np.random.Generator, end: float) -> int:
    """The exact simulation of one small graft, event by event: uncommitted cells that mature into a pool."""
    u, c, t = 30, 0, 0.0
    while True:
        rates = np.array([0.1 * u, 0.04 * u, 0.01 * u, 0.01 * c])
        total = rates.sum()
        if total == 0:
            return c
        t += rng.exponential(1 / total)
        if t > end:
            return c
        event = rng.choice(4, p=rates / total)
        u += (1, -1, -1, 0)[event]
        c += (0, 1, 0, -1)[event]


def test_leaps_equal_the_exact_simulation_of_a_small_graft() -> None:
    """Committed cells at day 20 from 30 progenitors: two samples, one law (Kolmogorov-Smirnov)."""
    rng = np.random.default_rng(5)
    exact = [gillespie(rng, 20.0) for _ in range(600)]
    row = a_row(uncommitted=30, committed=0, division_days=1e9, death=0.01, capacity=1e18)
    ours = leapt(row, np.array([20.0]))[:, 0, 1:5].sum(axis=1)
    assert stats.ks_2samp(exact, ours).pvalue > 1e-3
    assert ours.std() == pytest.approx(np.std(exact), rel=0.1)


def test_a_graft_depends_on_its_seed_and_person_alone() -> None:
    """Any subset and order of people gives the same bits; another seed gives others."""
    row = a_row(uncommitted=300, committed=100, founders=4)
    days = DAYS[:5]
    whole = leapt(row, days)[:1000]
    some = np.array([999, 5, 77])
    np.testing.assert_array_equal(leapt(row, days, persons=some), whole[some])
    assert not np.array_equal(leapt(row, days, persons=some, seed=2), whole[some])
