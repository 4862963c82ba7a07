"""The log likelihood of the published rows, compiled: one call per step of the sampler.

Takes arrays made by `landmark_data` and the values made by `landmark_model`. `landmark_course` holds the
same mathematics in plain array form; the tests compare the two, and both with an ODE solver.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "EXPONENTIAL",
    "SHAPES",
    "WEIBULL",
    "Arrays",
    "clock",
    "expected_rows",
    "log_likelihood",
    "survival",
]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class Arrays(NamedTuple):
    """The fitted rows: `rows` is their number, `tables` that of all whole-number tables."""

    grid: Array  # days after injury
    follow: Ints  # grid nodes of the follow-up days
    first: Ints  # earliest grid node needed for each follow-up day
    initial: Ints  # [rows] 0 for A to 3 for D
    registry: Ints  # [rows]
    study: Ints  # [rows]
    era: Array  # [rows] decades from the reference year
    weight: Array  # [rows] against counting the same people twice
    mix: Array  # [rows, 3] shares of the level groups
    starts: Ints  # [rows, 4] grid nodes of the baseline exam
    start_w: Array  # [rows, 4]
    ends: Ints  # [rows, 3] positions in `follow`
    end_w: Array  # [rows, 3]
    cells: Ints  # [rows, 5] outcome cell of each grade
    begin: Ints  # [rows] first of the row's tables
    stop: Ints  # [rows] one after the last
    n: Array  # [tables]
    counts: Array  # [tables, 5] by outcome cell
    log_c: Array  # [tables] log of prior and coefficient
    timed: Ints  # [rows] grid node by which early converters are counted, or -1
    timed_k: Array  # [rows, 2] early converters, all converters


SHAPES = ("exponential", "weibull", "cure")
EXPONENTIAL, WEIBULL, CURE = 0, 1, 2
_APART = 1e-3  # rates closer than this are set apart; it moves no share by more than 1e-3
WORSE = 11.0 / 25.0  # of C graded too low, the share graded A: counted in the fitted C rows (D36)
LARGEST = 500.0  # of a cumulative hazard: beyond it a chance would round to nothing
_ONE_YEAR = 365.0  # cumulative hazards are quoted to day 365: a definition of the parameters

# positions in the vector of natural-scale values
LOG_H, B_LOW, B_MID, ERA, PI, DELTA, HB, ETA, HC, HD = range(10)
EPS, MA, MB, MC, MD, DECAY, TAU_ON, KAPPA = range(10, 18)


@njit(cache=True, error_model="numpy")
def clock(shape: int, decay: float, day: float) -> float:
    """Share of the conversions of the first year that lie before `day`, for small hazards.

    `decay` is the time constant in days (exponential, cure) or the power k (Weibull).
    """
    if shape == WEIBULL:
        return float((day / _ONE_YEAR) ** decay)
    return (1.0 - math.exp(-day / decay)) / (1.0 - math.exp(-_ONE_YEAR / decay))


@njit(cache=True, error_model="numpy")
def survival(shape: int, cumulative: float, share: float) -> float:
    """Chance of being still A when the clock stands at `share`; `cumulative` is the hazard to day 365."""
    if shape == CURE:
        return max(1e-12, 1.0 - (1.0 - math.exp(-cumulative)) * share)
    return math.exp(-min(LARGEST, cumulative * share))


@njit(cache=True, error_model="numpy")
def _onward(b: float, c: float, d: float, eta: float, s: float, out: Array) -> None:
    """Rows: from B, C, D; columns: share in B, C, D, E after operational time `s`; rates differ."""
    eb, ec, ed = math.exp(-b * s), math.exp(-c * s), math.exp(-d * s)
    bc, bd, cd = (eb - ec) / (c - b), (eb - ed) / (d - b), (ec - ed) / (d - c)
    out[0, 0] = eb
    out[0, 1] = (1.0 - eta) * b * bc
    out[0, 2] = eta * b * bd + (1.0 - eta) * b * c * (bc - bd) / (d - c)
    out[0, 3] = max(0.0, 1.0 - eb - out[0, 1] - out[0, 2])
    out[1, 0] = 0.0
    out[1, 1] = ec
    out[1, 2] = c * cd
    out[1, 3] = max(0.0, 1.0 - ec - out[1, 2])
    out[2, 0] = 0.0
    out[2, 1] = 0.0
    out[2, 2] = ed
    out[2, 3] = 1.0 - ed


@njit(cache=True, error_model="numpy")
def _apart(x: float, y: float) -> float:
    """`x`, moved so that it differs from `y` enough for the closed form."""
    return x if abs(x - y) > _APART else y + _APART


@njit(cache=True, error_model="numpy")
def _clock_on(values: Array, day: float) -> float:
    tau = values[TAU_ON]
    return (1.0 - math.exp(-day / tau)) / (1.0 - math.exp(-_ONE_YEAR / tau))


@njit(cache=True, error_model="numpy")
def _graded(values: Array, state: Array, worse: float, out: Array) -> None:
    """Grades seen for true states A to E: neighbouring grades are confused.

    `worse` is the share of a C graded too low that is graded A: only of people who began as C, where it
    stands for worsening, so that a better state is never graded A more often. Without this order
    a later exam day could raise the chance of a later conversion.
    """
    ma, mb, mc, md = values[MA], values[MB], values[MC], values[MD]
    out[0] = state[0] * (1.0 - ma) + state[1] * mb + state[2] * mc * worse
    out[1] = state[0] * ma + state[1] * (1.0 - mb) + state[2] * mc * (1.0 - worse)
    out[1] += state[3] * md / 2.0
    out[2] = state[2] * (1.0 - mc) + state[3] * md / 2.0
    out[3] = state[3] * (1.0 - md)
    out[4] = state[4]


@njit(cache=True, error_model="numpy")
def _onward_table(values: Array, grid: Array, follow: Ints, first: Ints, out: Array) -> None:
    """out[v, i] = onward matrix from grid node i to follow-up node v, from node first[v] on."""
    d = values[HD]
    c = _apart(values[HC], d)
    b = _apart(_apart(values[HB], c), d)
    on = np.empty(grid.size)
    for i in range(grid.size):
        on[i] = _clock_on(values, grid[i])
    for v in range(follow.size):
        for i in range(first[v], follow[v] + 1):
            _onward(b, c, d, values[ETA], on[follow[v]] - on[i], out[v, i])


@njit(cache=True, error_model="numpy")
def _middle_table(values: Array, follow: Ints, first: Ints, table: Array, out: Array) -> None:
    """out[v, i] = where those stand at follow-up who left A between nodes i and i + 1, to B or directly.

    Half of a step is taken to leave at its beginning and half at its end.
    """
    delta = values[DELTA]
    for v in range(follow.size):
        for i in range(first[v], follow[v]):
            for j in range(4):
                from_c = table[v, i, 1, j] + table[v, i + 1, 1, j]
                from_d = table[v, i, 2, j] + table[v, i + 1, 2, j]
                out[v, i, 0, j] = 0.5 * (table[v, i, 0, j] + table[v, i + 1, 0, j])
                out[v, i, 1, j] = 0.5 * ((1.0 - delta) * from_c + delta * from_d)


@njit(cache=True, error_model="numpy")
def _from_a(
    eps: float,
    pi: float,
    s: Array,
    table: Array,
    middle: Array,
    starts: Ints,
    start_w: Array,
    end: int,
    state: Array,
) -> None:
    """Adds the true states at node `end` of people graded A at the starts, some of them B in truth.

    Runs backwards from the end and gathers what leaves A in each step, by where it then stands.
    """
    to_b, direct = np.zeros(4), np.zeros(4)
    i = end
    for a in range(starts.size - 1, -1, -1):
        if start_w[a] == 0.0:
            continue
        while i > starts[a]:
            i -= 1
            gone = s[i] - s[i + 1]
            for j in range(4):
                to_b[j] += gone * middle[i, 0, j]
                direct[j] += gone * middle[i, 1, j]
        keep = start_w[a] * (1.0 - eps) / s[starts[a]]
        state[0] += keep * s[end]
        for j in range(4):
            left = (1.0 - pi) * to_b[j] + pi * direct[j]
            state[1 + j] += keep * left + start_w[a] * eps * table[starts[a], 0, j]


@njit(cache=True, error_model="numpy")
def _row_a(
    values: Array,
    s: Array,
    pi: float,
    table: Array,
    middle: Array,
    starts: Ints,
    start_w: Array,
    ends: Ints,
    end_w: Array,
    follow: Ints,
    share: float,
    seen: Array,
    out: Array,
) -> None:
    """Adds to `out`, times `share`, the chance of each grade of people graded A at the starts."""
    state = np.empty(5)
    for b in range(ends.size):
        if end_w[b] == 0.0:
            continue
        v = ends[b]
        state[:] = 0.0
        _from_a(values[EPS], pi, s, table[v], middle[v], starts, start_w, follow[v], state)
        _graded(values, state, 0.0, seen)
        for j in range(5):
            out[j] += share * end_w[b] * seen[j]


@njit(cache=True, error_model="numpy")
def _row_incomplete(
    values: Array,
    grade: int,
    table: Array,
    starts: Ints,
    start_w: Array,
    ends: Ints,
    end_w: Array,
    seen: Array,
    out: Array,
) -> None:
    """Adds to `out` the chance of each grade of people graded B (1), C (2) or D (3) at the starts."""
    state = np.empty(5)
    for b in range(ends.size):
        if end_w[b] == 0.0:
            continue
        state[:] = 0.0
        for a in range(starts.size):
            for j in range(4):
                state[1 + j] += start_w[a] * table[ends[b], starts[a], grade - 1, j]
        _graded(values, state, WORSE if grade == 2 else 0.0, seen)
        for j in range(5):
            out[j] += end_w[b] * seen[j]


@njit(cache=True, error_model="numpy")
def _log_row(
    p: Array, initial: int, kappa: float, cells: Ints, n: Array, counts: Array, log_c: Array
) -> float:
    """Log chance of a row's counts, summed over the tables that its print allows.

    Multinomial for A, whose registries and papers have effects of their own; Dirichlet-multinomial else.
    """
    q = np.zeros(5)
    for j in range(5):
        q[cells[j]] += p[j]
    best, total = -1e300, 0.0
    for t in range(n.size):
        value = log_c[t]
        for j in range(5):
            k = counts[t, j]
            if k == 0:
                continue
            if initial == 0:
                value += k * math.log(max(q[j], 1e-12))
            else:
                a = kappa * max(q[j], 1e-9)
                value += math.lgamma(a + k) - math.lgamma(a)
        if initial > 0:
            value += math.lgamma(kappa) - math.lgamma(kappa + n[t])
        if value > best:
            total = total * math.exp(best - value) + 1.0
            best = value
        else:
            total += math.exp(value - best)
    return float(best + math.log(total))


@njit(cache=True, error_model="numpy")
def expected_rows(
    shape: int, values: Array, u: Array, w: Array, v: Array, data: Arrays, p: Array, early: Array
) -> None:
    """The chance of each grade in every row into `p`, and of being timed early into `early`."""
    grid, follow, init, mix = data.grid, data.follow, data.initial, data.mix
    reg, study, era, timed = data.registry, data.study, data.era, data.timed
    table = np.zeros((follow.size, grid.size, 3, 4))
    middle = np.zeros((follow.size, grid.size, 2, 4))
    _onward_table(values, grid, follow, data.first, table)
    _middle_table(values, follow, data.first, table, middle)
    ticks, s = np.empty(grid.size), np.ones(grid.size)
    for i in range(grid.size):
        ticks[i] = clock(shape, values[DECAY], grid[i])
    base = math.log(values[PI] / (1.0 - values[PI]))
    starts, start_w, ends, end_w = data.starts, data.start_w, data.ends, data.end_w
    seen = np.empty(5)
    for r in range(init.size):
        p[r, :] = 0.0
        early[r] = 0.0
        a, aw, b, bw = starts[r], start_w[r], ends[r], end_w[r]
        if init[r] > 0:
            _row_incomplete(values, init[r], table, a, aw, b, bw, seen, p[r])
            continue
        log_h = values[LOG_H] + values[ERA] * era[r] + u[reg[r]] + w[study[r]]
        pi = 1.0 / (1.0 + math.exp(-(base + v[reg[r]])))
        for g in range(3):
            if mix[r, g] == 0.0:
                continue
            shift = values[B_LOW] if g == 1 else (values[B_MID] if g == 2 else 0.0)
            h = math.exp(log_h + shift)
            for i in range(a[0], grid.size):
                s[i] = survival(shape, h, ticks[i])
            _row_a(values, s, pi, table, middle, a, aw, b, bw, follow, mix[r, g], seen, p[r])
            if timed[r] >= 0:
                early[r] += mix[r, g] * _early(values, s, timed[r], a, aw)


@njit(cache=True, error_model="numpy")
def _early(values: Array, s: Array, timed: int, starts: Ints, start_w: Array) -> float:
    """Share of those graded A at the starts who were seen to have left it by node `timed`."""
    left = 0.0
    for a in range(starts.size):
        left += start_w[a] * (1.0 - s[timed] / s[starts[a]])
    return float((1.0 - values[EPS]) * left + values[EPS] * (1.0 - values[MB]))


@njit(cache=True, error_model="numpy")
def log_likelihood(
    shape: int, values: Array, u: Array, w: Array, v: Array, data: Arrays, rows: Array
) -> float:
    """Weighted log likelihood; `rows` receives the unweighted log likelihood of every row.

    Args: values as positions above; u, w, v: effects of registries and studies on the log hazard, and of
    registries on the log odds of leaving A for C or D.
    """
    weight, timed, timed_k, initial = data.weight, data.timed, data.timed_k, data.initial
    p, early = np.zeros((weight.size, 5)), np.zeros(weight.size)
    expected_rows(shape, values, u, w, v, data, p, early)
    total = 0.0
    for r in range(weight.size):
        at = slice(data.begin[r], data.stop[r])
        n, counts, log_c = data.n[at], data.counts[at], data.log_c[at]
        rows[r] = _log_row(p[r], initial[r], values[KAPPA], data.cells[r], n, counts, log_c)
        if timed[r] >= 0:
            k, m = timed_k[r, 0], timed_k[r, 1]
            by = min(1.0 - 1e-9, max(1e-9, early[r] / (1.0 - p[r, 0])))
            coefficient = math.lgamma(m + 1.0) - math.lgamma(k + 1.0) - math.lgamma(m - k + 1.0)
            rows[r] += coefficient + k * math.log(by) + (m - k) * math.log1p(-by)
        total += weight[r] * rows[r]
    return total
