"""The course of a graft with single cells: pools below a limit are drawn, pools above follow their means.

All pools are whole numbers. In a step of h days a pool of n cells with birth rate b and rate of leaving o
spends J = n (exp((b - o) h) - 1) / (b - o) cell-days; b J cells are born in the mean and o J leave. Below the
limit births are Poisson and leavers binomial, with a chance such that both means, and n exp((b - o) h), are
exact; above it the means are rounded up or down at random, so that rounding has no drift. Leavers are split
into deaths and fates in the same two ways. Every cell is born once and dies once: alive = seeded + born -
dead, to the last cell. Rates that change (division, room) are taken at the middle of the step.

Each draw is one uniform of the stream (seed, person, step, place), turned by the inverse distribution
function: the same bits for any batch, and more deaths never come from a smaller rate.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms
from saisei.graft.course import ROW_NAMES, place

__all__ = ["DRAWS", "binomial_of", "leap", "poisson_of"]

_Q = {name: place(name) for name in ROW_NAMES}
_U0, _C0, _RHO, _TAU, _KD, _K = (
    _Q["uncommitted"],
    _Q["committed"],
    _Q["division"],
    _Q["division_days"],
    _Q["commitment"],
    _Q["capacity"],
)
_FN, _FA, _FO, _KM = _Q["neurons"], _Q["astrocytes"], _Q["oligodendrocytes"], _Q["maturation"]
_DELTA, _REJECT, _REJECT_DEATH = _Q["death"], _Q["rejection_day"], _Q["rejection_death"]
_KILL, _KILL_SHARE, _O50 = _Q["kill_day"], _Q["kill_share"], _Q["half_oligodendrocytes"]
_X0, _XB, _XD, _XK = _Q["founders"], _Q["clone_birth"], _Q["clone_death"], _Q["clone_limit"]
_SEEN = _Q["visible_cells"]

DRAWS = 20
"""Uniforms a step."""

_PURPOSE = PURPOSES["graft_course"]
_START = 0  # the step whose uniforms round the pools at grafting
_POOLS = 6  # U, I, N, A, O, X
_FAR = 600.0  # a mean beyond which the inverse of a Poisson law is not summed but rounded


@compiled
def poisson_of(u: float, mean: float) -> float:
    """The Poisson quantile at u, by summing from 0; beyond a mean of 600 the mean, rounded by u."""
    if mean <= 0.0:
        return 0.0
    if mean > _FAR:
        return math.floor(mean + u)
    k, p = 0.0, math.exp(-mean)
    total = p
    while u > total and k < 2000.0:
        k += 1.0
        p *= mean / k
        total += p
    return k


@compiled
def binomial_of(u: float, n: float, p: float) -> float:
    """The binomial quantile at u for n below about 1,000, by summing from the nearer end."""
    if n <= 0.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - binomial_of(1.0 - u, n, 1.0 - p)
    odds = p / (1.0 - p)
    k, chance = 0.0, (1.0 - p) ** n
    total = chance
    while u > total and k < n:
        chance *= (n - k) / (k + 1.0) * odds
        k += 1.0
        total += chance
    return k


@compiled
def _share(u: float, n: float, p: float, limit: float) -> float:
    """How many of n go one way with chance p: drawn below the limit, else the mean, rounded at random."""
    if n < limit:
        return binomial_of(u, n, p)
    return min(n, math.floor(n * p + u))


@compiled
def _turn(
    n: float, birth: float, leave: float, h: float, limit: float, u0: float, u1: float
) -> tuple[float, float]:
    """Cells born and cells that leave a pool in a step, both whole numbers."""
    if n <= 0.0:
        return 0.0, 0.0
    net = birth - leave
    days = n * h if abs(net * h) < 1e-12 else n * math.expm1(net * h) / net
    mean = birth * days
    p = min(1.0, leave * days / (n + mean))
    if n < limit:
        born = poisson_of(u0, mean)
        return born, _share(u1, n + born, p, 4.0 * limit)
    born = math.floor(mean + u0)
    return born, min(n + born, math.floor((n + born) * p + u1))


@compiled
def _kill_whole(
    q: NDArray[np.float64], n: NDArray[np.float64], z: NDArray[np.float64], limit: float
) -> float:
    """Take away a share of every pool, whole cells; gives how many died."""
    dead = 0.0
    for k in range(_POOLS):
        lost = _share(z[k], n[k], q[_KILL_SHARE], limit)
        n[k] -= lost
        dead += lost
    return dead


@compiled
def _seed_pools(q: NDArray[np.float64], z: NDArray[np.float64], n: NDArray[np.float64]) -> None:
    """Whole cells at grafting: U, I, N, A, O, X."""
    total = math.floor(q[_U0] + q[_C0] + z[0])
    n[0] = min(total, math.floor(q[_U0] + z[1]))
    rest = total - n[0]
    n[1] = min(rest, math.floor(rest * q[_FN] + z[2]))
    n[2] = 0.0
    n[3] = min(rest - n[1], math.floor(rest * q[_FA] + z[3]))
    n[4] = rest - n[1] - n[3]
    n[5] = math.floor(q[_X0] + 0.5)


@compiled
def _advance(
    q: NDArray[np.float64],
    u: float,
    h: float,
    rejecting: bool,
    limit: float,
    z: NDArray[np.float64],
    n: NDArray[np.float64],
    memory: NDArray[np.float64],
) -> tuple[float, float]:
    """One step of all pools; gives the cells born and dead. `memory` holds G of the step before."""
    extra = q[_REJECT_DEATH] if rejecting else 0.0
    delta = q[_DELTA] + extra
    size = n[0] + n[1] + n[2] + n[3] + n[4]
    ahead = size + 0.5 * (size - memory[0]) if memory[0] >= 0.0 else size
    memory[0] = size
    rho = q[_RHO] * math.exp(-(u + 0.5 * h) / q[_TAU])
    birth = rho * max(0.0, 1.0 - ahead / q[_K])
    born, left = _turn(n[0], birth, q[_KD] + delta, h, limit, z[0], z[1])
    died = _share(z[2], left, delta / (q[_KD] + delta), limit) if left > 0.0 else 0.0
    dead = died
    n[0] += born - left
    fresh = left - died
    neurons = _share(z[3], fresh, q[_FN], limit)
    glia = fresh - neurons
    other = 1.0 - q[_FN]
    stars = _share(z[4], glia, min(1.0, q[_FA] / other), limit) if other > 0.0 else glia
    _, gone = _turn(n[1], 0.0, q[_KM] + delta, h, limit, z[5], z[6])
    died = _share(z[7], gone, delta / (q[_KM] + delta), limit) if gone > 0.0 else 0.0
    dead += died
    grown = gone - died
    n[1] += neurons - gone
    for k in range(2, 5):
        _, gone = _turn(n[k], 0.0, delta, h, limit, z[8], z[7 + k])
        dead += gone
        n[k] -= gone
    n[2] += grown
    n[3] += stars
    n[4] += glia - stars
    clone = q[_XB] * max(0.0, 1.0 - n[5] / q[_XK])
    more, gone = _turn(n[5], clone, q[_XD] + extra, h, limit, z[13], z[14])
    n[5] += more - gone
    return born + more, dead + gone


@compiled
def leap(
    rows: NDArray[np.float64],
    since: NDArray[np.float64],
    h: float,
    limit: float,
    seed: int,
    persons: NDArray[np.int64],
    out: NDArray[np.float64],
    seen: NDArray[np.float64],
) -> None:
    """Follow grafts to their visits with single cells below `limit`; arguments as in `course.follow`.

    Args:
        rows, since, out, seen: as in `saisei.graft.course.follow`.
        h: the time step, in days.
        limit: pool size below which cells are drawn.
        seed, persons: the key of each graft's stream.
    """
    n, z, memory = np.empty(_POOLS), np.empty(DRAWS), np.empty(1)
    for i in range(len(rows)):
        q = rows[i]
        fill_uniforms(z, seed, persons[i], _START, _PURPOSE, 0)
        _seed_pools(q, z, n)
        memory[0] = -1.0
        u, step, killed, myelin, born, dead = 0.0, 0, False, 0.0, 0.0, 0.0
        seen[i] = np.inf
        empty = n[0] + n[1] + n[3] + n[4] + n[5] == 0.0
        for v in range(since.shape[1]):
            end = since[i, v]
            if end < 0.0 or empty:
                out[i, v, :] = 0.0
                continue
            while u < end:
                stop = min(end, (math.floor(u / h + 1e-9) + 1.0) * h)
                if u < q[_REJECT] < stop:
                    stop = q[_REJECT]
                if u < q[_KILL] < stop:
                    stop = q[_KILL]
                step += 1
                fill_uniforms(z[:15], seed, persons[i], step, _PURPOSE, 0)
                before, clones = n[4], n[5]
                more, less = _advance(q, u, stop - u, u >= q[_REJECT], limit, z, n, memory)
                born += more
                dead += less
                middle = 0.5 * (before + n[4])
                myelin += (stop - u) * middle / (middle + q[_O50])
                if clones < q[_SEEN] <= n[5] and seen[i] == np.inf:
                    seen[i] = stop
                u = stop
                if not killed and u >= q[_KILL]:
                    fill_uniforms(z, seed, persons[i], step, _PURPOSE, 1)
                    dead += _kill_whole(q, n, z, limit)
                    killed = True
            for k in range(_POOLS):
                out[i, v, k] = n[k]
            out[i, v, 6], out[i, v, 7], out[i, v, 8] = myelin, born, dead
