"""The landmark model: compiled likelihood, plain array code and an ODE solver agree; the sampler is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.stats import multinomial

from saisei.errors import InputError
from saisei.evidence import landmark_course as course
from saisei.evidence import landmark_kernel as k
from saisei.evidence.landmark_data import Design, design, level_mix, time_grid
from saisei.evidence.landmark_diagnostics import effective_size, split_rhat
from saisei.evidence.landmark_fit import Settings, _free_moves, fit_shape
from saisei.evidence.landmark_model import (
    effects_of,
    log_posterior,
    log_prior,
    model,
    prior_of,
    values_of,
)
from saisei.exam.isncsci.levels import Level
from saisei.study.registries import load

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def base() -> Design:
    return design(load())


def _values(shape: str, seed: int) -> Array:
    """Values of the model at a random point of its prior."""
    prior = prior_of(shape)
    x = 0.7 * np.random.default_rng(seed).standard_normal(len(prior.mean))
    return np.asarray(values_of(x, prior.mean, prior.sd, prior.transform))


def _ode(shape: str, values: Array, hazard: float, pi: float, start: float, end: float) -> Array:
    """True states at `end` of people truly A at `start`: the multi-state equations, solved numerically."""
    decay, tau = values[k.DECAY], values[k.TAU_ON]
    delta, eta = values[k.DELTA], values[k.ETA]

    def rate(t: float) -> float:
        if shape == "weibull":
            return float(hazard * decay / 365.0 * (t / 365.0) ** (decay - 1.0))
        whole = 1.0 - math.exp(-365.0 / decay)
        slope = math.exp(-t / decay) / decay / whole
        if shape == "exponential":
            return float(hazard * slope)
        ever = 1.0 - math.exp(-hazard)
        return float(ever * slope / (1.0 - ever * (1.0 - math.exp(-t / decay)) / whole))

    def change(t: float, y: Array) -> Array:
        a, b, c, d, _ = y
        out = rate(t) * a
        on = math.exp(-t / tau) / tau / (1.0 - math.exp(-365.0 / tau))
        from_b, from_c, from_d = values[k.HB] * on * b, values[k.HC] * on * c, values[k.HD] * on * d
        return np.array([
            -out,
            out * (1 - pi) - from_b,
            out * pi * (1 - delta) + from_b * (1 - eta) - from_c,
            out * pi * delta + from_b * eta + from_c - from_d,
            from_d,
        ])  # fmt: skip

    found = solve_ivp(change, (start, end), np.eye(5)[0], rtol=1e-9, atol=1e-11)
    return np.asarray(found.y[:, -1])


@pytest.mark.parametrize("shape", k.SHAPES)
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("start", "end"), [(2.5, 365.0), (21.0, 183.0), (28.0, 365.0)])
def test_array_code_solves_the_equations(shape: str, seed: int, start: float, end: float) -> None:
    """True states from A agree with an ODE solver within 0.004 (error of the time steps)."""
    values = _values(shape, seed)
    hazard, pi = math.exp(values[k.LOG_H]), values[k.PI]
    grid = time_grid([start, end])
    grid = grid[grid <= end]
    code = np.array([k.SHAPES.index(shape)], dtype=np.int8)
    still = course.still_a(code, np.array([hazard]), values[None, k.DECAY], grid)
    time = course.onward_time(values[None], grid)
    shares = course.onward(values[None], time[:, -1:] - time)
    at = int(np.searchsorted(grid, start))
    found = course.from_a(values[None], np.array([pi]), still, shares, at, wrong=False)[0]
    wanted = _ode(shape, values, hazard, pi, start, end)
    assert found.sum() == pytest.approx(1.0, abs=1e-9)
    assert found[0] == pytest.approx(wanted[0], abs=1e-7)
    assert np.abs(found - wanted).max() < 0.004


@pytest.mark.parametrize("shape", k.SHAPES)
def test_compiled_rows_equal_the_array_code(base: Design, shape: str) -> None:
    """Every fitted row's chances from the compiled likelihood equal those put together by hand."""
    values = _values(shape, 4)
    rng = np.random.default_rng(5)
    u, w, v = (0.3 * rng.standard_normal(n) for n in (10, len(base.studies), 10))
    arrays = base.kernel
    p, early = np.zeros((len(base.rows), 5)), np.zeros(len(base.rows))
    k.expected_rows(k.SHAPES.index(shape), values, u, w, v, arrays, p, early)
    assert p.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    for r in range(0, len(base.rows), 1 if shape == "cure" else 3):
        assert p[r] == pytest.approx(_plain_row(base, r, shape, values, u, w, v), abs=1e-6)


def _plain_row(
    base: Design, r: int, shape: str, values: Array, u: Array, w: Array, v: Array
) -> Array:
    arrays, one = base.kernel, values[None]
    total = np.zeros(5)
    logit = math.log(values[k.PI] / (1 - values[k.PI])) + v[arrays.registry[r]]
    pi = np.array([1.0 / (1.0 + math.exp(-logit))])
    code = np.array([k.SHAPES.index(shape)], dtype=np.int8)
    shifts = (0.0, values[k.B_LOW], values[k.B_MID])
    for b in range(arrays.ends.shape[1]):
        grid = arrays.grid[: arrays.follow[arrays.ends[r, b]] + 1]
        time = course.onward_time(one, grid)
        shares = course.onward(one, time[:, -1:] - time)
        for a in range(arrays.starts.shape[1]):
            weight = arrays.start_w[r, a] * arrays.end_w[r, b]
            if weight == 0.0:
                continue
            at, rank = int(arrays.starts[r, a]), int(arrays.initial[r])
            if rank:
                state = np.zeros((1, 5))
                state[:, 1:] = shares[:, at, rank - 1]
                total += weight * course.graded(one, state, began_as_c=rank == 2)[0]
                continue
            for mix, shift in zip(arrays.mix[r], shifts, strict=True):
                log_h = values[k.LOG_H] + values[k.ERA] * arrays.era[r] + shift
                log_h += u[arrays.registry[r]] + w[arrays.study[r]]
                still = course.still_a(code, np.exp([log_h]), one[:, k.DECAY], grid)
                state = course.from_a(one, pi, still, shares, at)
                total += weight * mix * course.graded(one, state)[0]
    return total


def test_rows_of_a_are_multinomial_over_the_tables_of_their_print(base: Design) -> None:
    """A fully printed row has the multinomial log chance that scipy gives; a latent n sums over tables."""
    p = np.array([0.7, 0.15, 0.08, 0.05, 0.02])
    for name in ("burns-2003-a-all", "marino-2020-a-t10-t12-2013"):
        r = next(i for i, row in enumerate(base.rows) if row.id == name)
        row, arrays = base.rows[r], base.kernel
        cells = np.array([p[0], p[1], p[2:].sum()])
        prior = np.array([1.0 / table.n for table in row.tables])
        prior /= prior.sum()
        each = [multinomial.pmf(t.counts, t.n, cells) for t in row.tables]
        at = slice(arrays.begin[r], arrays.stop[r])
        found = k._log_row(
            p, 0, 10.0, arrays.cells[r], arrays.n[at], arrays.counts[at], arrays.log_c[at]
        )
        assert found == pytest.approx(math.log(prior @ each), rel=1e-9)


def test_rows_of_incomplete_grades_become_multinomial_when_concentrated(base: Design) -> None:
    """A Dirichlet-multinomial of huge concentration is the multinomial."""
    r = next(i for i, row in enumerate(base.rows) if row.id == "marino-2011-c-tetraplegia")
    arrays, table = base.kernel, base.rows[r].tables[0]
    p = np.array([0.02, 0.03, 0.15, 0.77, 0.03])
    at = slice(arrays.begin[r], arrays.stop[r])
    rest = (arrays.cells[r], arrays.n[at], arrays.counts[at], arrays.log_c[at])
    found = k._log_row(p, 2, 1e7, *rest)
    assert found == pytest.approx(multinomial.logpmf(table.counts, table.n, p), abs=1e-3)


def test_timed_converters_add_their_binomial(base: Design) -> None:
    """Of Kawano's 35 converters 34 are early: the row has that binomial beside its multinomial."""
    m = model(base)
    x = np.zeros(m.size)
    rows = np.zeros(len(base.rows))
    log_posterior(x, m.packed, rows)
    r = next(i for i, row in enumerate(base.rows) if row.id == "kawano-2020-a-cervical")
    values = values_of(x, m.prior.mean, m.prior.sd, m.prior.transform)
    u, w, v = effects_of(x, 18, m.registry_at, m.study_at, m.share_at, m.lone)
    p, early = np.zeros((len(base.rows), 5)), np.zeros(len(base.rows))
    k.expected_rows(0, values, u, w, v, base.kernel, p, early)
    by = early[r] / (1.0 - p[r, 0])
    assert 0.5 < by < 1.0
    plain = multinomial.logpmf([168, 35], 203, [p[r, 0], 1 - p[r, 0]])
    plain += multinomial.logpmf([34, 1], 35, [by, 1 - by])
    assert rows[r] == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_free_moves_leave_the_likelihood_as_it_was(base: Design, seed: int) -> None:
    """Moves that only the prior decides change no row's chance."""
    m = model(base)
    rng = np.random.default_rng(seed)
    x = 0.4 * rng.standard_normal(m.size)
    x[18:21] -= 1.0
    before, after = np.zeros(len(base.rows)), np.zeros(len(base.rows))
    log_posterior(x, m.packed, before)
    moved = x.copy()
    for _ in range(20):
        _free_moves(moved, rng, m.packed)
    log_posterior(moved, m.packed, after)
    assert not np.allclose(moved, x)
    assert after == pytest.approx(before, abs=1e-8)


def test_without_data_the_sampler_returns_the_prior() -> None:
    """With all weights 0 the draws are standard normal, the spreads half-normal (checks every Jacobian)."""
    from dataclasses import replace

    from saisei.study.registries import weights

    rows = [row for row in load() if row.registry in ("EMSCI", "NACTN", "ProCord controls")]
    none = {name: replace(one, weight=0.0) for name, one in weights(rows).items()}
    m = model(design(rows, none))
    chains = fit_shape(m, np.random.default_rng(3), Settings(draws=2000, steps=25_000, threads=1))
    normal = np.delete(chains.x, [18, 19, 20], axis=1)
    assert np.abs(normal.mean(axis=0)).max() < 0.25
    assert np.abs(normal.std(axis=0) - 1.0).max() < 0.2
    spreads = np.exp(chains.x[:, 18:21]) / m.prior.scale
    assert spreads.mean(axis=0) == pytest.approx(math.sqrt(2 / math.pi), abs=0.1)


def test_prior_density_is_that_of_its_parts(base: Design) -> None:
    """Standard normals and half-normals on the log scale."""
    m = model(base)
    x = np.random.default_rng(1).standard_normal(m.size)
    free = np.delete(x, [18, 19, 20])
    spread = np.exp(x[18:21])
    wanted = -0.5 * free @ free + np.sum(x[18:21] - 0.5 * (spread / m.prior.scale) ** 2)
    assert log_prior(x, m.packed) == pytest.approx(float(wanted))


def test_diagnostics_of_a_known_chain() -> None:
    """An autoregressive chain with coefficient 0.9 is worth (1 - 0.9) / (1 + 0.9) of its length."""
    rng = np.random.default_rng(7)
    chains = np.zeros((4, 20_000, 1))
    for t in range(1, 20_000):
        chains[:, t, 0] = 0.9 * chains[:, t - 1, 0] + rng.standard_normal(4)
    assert effective_size(chains)[0] == pytest.approx(80_000 * 0.1 / 1.9, rel=0.15)
    assert split_rhat(chains)[0] < 1.01
    chains[0] += 5.0
    assert split_rhat(chains)[0] > 1.1


def test_level_mix_is_that_of_the_poster() -> None:
    """All levels to T12 have the shares of Marino 2020; a range takes its part of each group."""
    assert level_mix(None) == pytest.approx((0.446, 0.353, 0.201))
    assert level_mix((Level.T2, Level.T10)) == pytest.approx(
        tuple(np.array([0.0, 0.353 * 8 / 9, 0.201 / 3]) / (0.353 * 8 / 9 + 0.201 / 3))
    )


def test_unknown_shape_and_empty_base_are_refused(base: Design) -> None:
    with pytest.raises(InputError, match="no decay shape 'gamma'"):
        model(base, "gamma")
    with pytest.raises(InputError, match="no row of AIS A"):
        design([row for row in load() if row.initial != "A"])
