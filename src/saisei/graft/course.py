"""The deterministic course of a graft: means of its pools from the day of grafting on.

    dU = [rho(u) (1 - G/K)+ - k_d - delta(u)] U          uncommitted, rho(u) = rho0 exp(-u/tau)
    dC = k_d U - delta(u) C                              committed, of which
    dI = f_N k_d U - (ln2/tau_m + delta(u)) I            immature neurons; N = f_N C - I mature,
         A = f_A C, O = f_O C                            astrocytes, oligodendrocytes
    dX = [b (1 - X/X_max)+ - d - delta_r(u)] X           overgrowth clones
    dS = O/(O + O50)                                     days of remyelination

G = U + C. delta(u) is the death of a graft, raised from the day on which rejection begins; a kill day takes
away a share of everything at once (toxin, suicide gene). Because every committed cell dies at one rate and
fates have fixed shares, three numbers (U, C, I) carry five pools exactly. Births and deaths are counted as
two more states, so that cells alive = cells seeded + born - dead can be checked.

Classical Runge-Kutta of order 4; a step ends where an event falls, so no event costs the order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import compiled

__all__ = ["OUT", "OUT_NAMES", "ROW", "ROW_NAMES", "follow", "place"]

ROW_NAMES: tuple[str, ...] = (
    "uncommitted",  # U at grafting
    "committed",  # C at grafting
    "division",  # rho0, per day
    "division_days",
    "commitment",  # k_d, per day
    "capacity",  # K, cells
    "neurons",  # f_N
    "astrocytes",  # f_A
    "oligodendrocytes",  # f_O
    "maturation",  # ln2 / tau_m, per day
    "death",  # delta_0, per day
    "rejection_day",  # from grafting; infinite when the graft is kept
    "rejection_death",  # added to delta from then on, per day
    "kill_day",  # from grafting; infinite without
    "kill_share",
    "half_oligodendrocytes",  # O50
    "founders",  # clones at grafting
    "clone_birth",
    "clone_death",
    "clone_limit",  # X_max, cells
    "cell_volume",  # mm3
    "visible_cells",  # clone cells that an image shows
)
ROW = len(ROW_NAMES)


def place(name: str) -> int:
    """The place of a number in the row of a graft."""
    return ROW_NAMES.index(name)


_U0, _C0, _RHO, _TAU, _KD, _K, _FN, _FA, _FO, _KM, _DELTA = range(11)
_REJECT, _REJECT_DEATH, _KILL, _KILL_SHARE, _O50, _X0, _XB, _XD, _XK, _VC, _SEEN = range(11, ROW)

OUT_NAMES: tuple[str, ...] = (
    "uncommitted",
    "immature_neurons",
    "mature_neurons",
    "astrocytes",
    "oligodendrocytes",
    "clone_cells",
    "myelin_days",
    "born",
    "dead",
)
OUT = len(OUT_NAMES)

# Places of the state: U, C, I, X, S, born, dead.
_STATES = 7


@compiled
def _slope(
    q: NDArray[np.float64],
    rho: float,
    delta: float,
    extra: float,
    y: NDArray[np.float64],
    k: NDArray[np.float64],
) -> None:
    """The right-hand side at one division rate, death rate and added death of clones."""
    u, c, i, x = y[0], y[1], y[2], y[3]
    birth = rho * max(0.0, 1.0 - (u + c) / q[_K]) * u
    commit = q[_KD] * u
    clone = q[_XB] * max(0.0, 1.0 - x / q[_XK]) * x
    k[0] = birth - commit - delta * u
    k[1] = commit - delta * c
    k[2] = q[_FN] * commit - (q[_KM] + delta) * i
    k[3] = clone - (q[_XD] + extra) * x
    o = q[_FO] * c
    k[4] = o / (o + q[_O50]) if o > 0.0 else 0.0
    k[5] = birth + clone
    k[6] = delta * (u + c) + (q[_XD] + extra) * x


@compiled
def _step(
    q: NDArray[np.float64],
    u: float,
    h: float,
    rejecting: bool,
    y: NDArray[np.float64],
    w: NDArray[np.float64],
) -> None:
    """One step of Runge-Kutta from day u; `w` is room for five rows of the state."""
    extra = q[_REJECT_DEATH] if rejecting else 0.0
    delta = q[_DELTA] + extra
    first = q[_RHO] * math.exp(-u / q[_TAU])
    half = math.exp(-0.5 * h / q[_TAU])
    middle, last = first * half, first * half * half
    _slope(q, first, delta, extra, y, w[0])
    for s in range(_STATES):
        w[4, s] = y[s] + 0.5 * h * w[0, s]
    _slope(q, middle, delta, extra, w[4], w[1])
    for s in range(_STATES):
        w[4, s] = y[s] + 0.5 * h * w[1, s]
    _slope(q, middle, delta, extra, w[4], w[2])
    for s in range(_STATES):
        w[4, s] = y[s] + h * w[2, s]
    _slope(q, last, delta, extra, w[4], w[3])
    for s in range(_STATES):
        y[s] += h / 6.0 * (w[0, s] + 2.0 * (w[1, s] + w[2, s]) + w[3, s])


@compiled
def _kill(q: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Take away the share that a toxin or a suicide gene reaches, at once."""
    lost = q[_KILL_SHARE]
    y[6] += lost * (y[0] + y[1] + y[3])
    for s in range(4):
        y[s] *= 1.0 - lost


@compiled
def _write(q: NDArray[np.float64], y: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    out[0], out[1] = y[0], y[2]
    out[2] = max(0.0, q[_FN] * y[1] - y[2])
    out[3], out[4], out[5] = q[_FA] * y[1], q[_FO] * y[1], y[3]
    out[6], out[7], out[8] = y[4], y[5], y[6]


@compiled
def follow(
    rows: NDArray[np.float64],
    since: NDArray[np.float64],
    h: float,
    out: NDArray[np.float64],
    seen: NDArray[np.float64],
) -> None:
    """Follow grafts to their visits.

    Args:
        rows: one row a graft, (n, ROW).
        since: days from grafting of each visit, rising along a row, (n, visits); before 0 nothing is there.
        h: the time step, in days.
        out: room, (n, visits, OUT); overwritten.
        seen: room, (n,): the day from grafting on which clones reach the visible size, or infinity.
    """
    y, w = np.empty(_STATES), np.empty((5, _STATES))
    for i in range(len(rows)):
        q = rows[i]
        y[:] = 0.0
        y[0], y[1], y[2], y[3] = q[_U0], q[_C0], q[_FN] * q[_C0], q[_X0]
        u, killed = 0.0, False
        seen[i] = np.inf
        for v in range(since.shape[1]):
            end = since[i, v]
            if end < 0.0 or q[_U0] + q[_C0] + q[_X0] == 0.0:
                out[i, v, :] = 0.0
                continue
            while u < end:
                stop = min(end, (math.floor(u / h + 1e-9) + 1.0) * h)
                if u < q[_REJECT] < stop:
                    stop = q[_REJECT]
                if u < q[_KILL] < stop:
                    stop = q[_KILL]
                before = y[3]
                _step(q, u, stop - u, u >= q[_REJECT], y, w)
                if before < q[_SEEN] <= y[3]:
                    seen[i] = u + (stop - u) * (q[_SEEN] - before) / (y[3] - before)
                u = stop
                if not killed and u >= q[_KILL]:
                    _kill(q, y)
                    killed = True
            _write(q, y, out[i, v])
