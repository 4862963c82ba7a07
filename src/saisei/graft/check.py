"""How far the time step of a run is wrong: h against h/2 and against an adaptive solver, on its own grafts.

The error is the largest difference over visits and pools, as a share of the largest size that the pool
reaches in that graft. It is stored with a run; above the stated tolerance the run is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.errors import UnsupportedError
from saisei.graft.course import OUT, ROW, follow, place
from saisei.graft.leaps import leap
from saisei.params import value

__all__ = ["StepCheck", "check_step", "solve"]

Array = NDArray[np.float64]
_SHOWN = 7  # pools and myelin days; births and deaths follow from them
_WHOLE = 1e300  # a limit that no pool reaches: everything is drawn or nothing


@dataclass(frozen=True, slots=True)
class StepCheck:
    """The measured error of the step of one run.

    Attributes:
        grafts: how many grafts were checked.
        step_days: the step h of the deterministic course.
        against_half: largest relative difference between h and h/2.
        against_solver: largest relative difference to the adaptive solver (LSODA at 1e-10).
        leap_days: the step where single cells are drawn; 0 if none are.
        leap_against_course: the same for the course of the means at that step, without drawing.
        tolerance: what was allowed.
    """

    grafts: int
    step_days: float
    against_half: float
    against_solver: float
    leap_days: float
    leap_against_course: float
    tolerance: float
    leap_tolerance: float


def solve(row: Array, since: Array) -> Array:
    """One graft by an adaptive solver from event to event, (visits, OUT): the slow plain version."""
    from scipy.integrate import solve_ivp

    q = {name: float(row[place(name)]) for name in _names()}
    y = np.array(
        [q["uncommitted"], q["committed"], q["neurons"] * q["committed"], q["founders"], 0, 0, 0]
    )
    out = np.zeros((len(since), OUT))
    events = sorted({q["rejection_day"], q["kill_day"]} - {math.inf})
    u, killed = 0.0, False
    for v, end in enumerate(since):
        if end < 0 or y[:4].sum() + y[6] == 0:
            continue
        for stop in [*(one for one in events if u < one < end), end]:
            if stop > u:
                found = solve_ivp(
                    _right, (u, stop), y, args=(q, u >= q["rejection_day"]), method="LSODA",
                    rtol=1e-10, atol=1e-8,
                )  # fmt: skip
                y, u = found.y[:, -1], stop
            if not killed and u >= q["kill_day"]:
                y[6] += q["kill_share"] * (y[0] + y[1] + y[3])
                y[:4] *= 1.0 - q["kill_share"]
                killed = True
        neurons = q["neurons"] * y[1]
        out[v] = [
            y[0], y[2], max(0.0, neurons - y[2]), q["astrocytes"] * y[1], q["oligodendrocytes"] * y[1],
            y[3], y[4], y[5], y[6],
        ]  # fmt: skip
    return out


def _names() -> tuple[str, ...]:
    from saisei.graft.course import ROW_NAMES

    return ROW_NAMES


def _right(u: float, y: Array, q: dict[str, float], rejecting: bool) -> list[float]:
    extra = q["rejection_death"] if rejecting else 0.0
    delta = q["death"] + extra
    rho = q["division"] * math.exp(-u / q["division_days"])
    birth = rho * max(0.0, 1.0 - (y[0] + y[1]) / q["capacity"]) * y[0]
    commit = q["commitment"] * y[0]
    clone = q["clone_birth"] * max(0.0, 1.0 - y[3] / q["clone_limit"]) * y[3]
    o = q["oligodendrocytes"] * y[1]
    return [
        birth - commit - delta * y[0],
        commit - delta * y[1],
        q["neurons"] * commit - (q["maturation"] + delta) * y[2],
        clone - (q["clone_death"] + extra) * y[3],
        o / (o + q["half_oligodendrocytes"]),
        birth + clone,
        delta * (y[0] + y[1]) + (q["clone_death"] + extra) * y[3],
    ]


def _apart(found: Array, right: Array) -> float:
    """The largest difference as a share of the largest size of a pool in its graft (1 cell at least)."""
    a, b = found[:, :, :_SHOWN], right[:, :, :_SHOWN]
    size = np.maximum(np.abs(b).max(axis=1, keepdims=True), 1.0)
    return float((np.abs(a - b) / size).max(initial=0.0))


def check_step(rows: Array, since: Array, *, leaping: bool) -> StepCheck:
    """Measure the error of the step on these grafts and refuse a run whose error is too large.

    Args:
        rows: the rows of grafts, (n, ROW).
        since: days from grafting of their visits, (n, visits).
        leaping: whether the run draws single cells.

    Raises:
        UnsupportedError: an error above `graft.step_tolerance` (or `graft.leap_tolerance`).
    """
    h, small = value("graft.step_days"), value("graft.leap_days")
    shape = (len(rows), since.shape[1], OUT)
    rows = np.ascontiguousarray(rows).reshape(-1, ROW)
    out, half, seen = np.empty(shape), np.empty(shape), np.empty(len(rows))
    follow(rows, since, h, out, seen)
    follow(rows, since, h / 2, half, seen)
    exact = np.array([solve(row, days) for row, days in zip(rows, since, strict=True)]).reshape(
        shape
    )
    drawn = 0.0
    if leaping:
        means = np.empty(shape)
        leap(rows, since, small, 0.0, 0, np.arange(len(rows), dtype=np.int64), means, seen)
        big = exact[:, :, :6].sum(axis=2).max(axis=1) > value("graft.leap_cells") * 10
        drawn = _apart_whole(means[big], exact[big])
    made = StepCheck(
        len(rows), h, _apart(out, half), _apart(out, exact), small if leaping else 0.0, drawn,
        value("graft.step_tolerance"), value("graft.leap_tolerance"),
    )  # fmt: skip
    worst = max(made.against_half, made.against_solver)
    if not worst <= made.tolerance:
        raise UnsupportedError(
            f"the step of {h:g} days is wrong by {worst:.2g} of a pool on the first {len(rows)} grafts, more "
            f"than {made.tolerance:g}: these rates are too fast for it, ask for slower ones"
        )
    if not drawn <= made.leap_tolerance:
        raise UnsupportedError(
            f"the step of {small:g} days for single cells is wrong by {drawn:.2g} of the graft, more than "
            f"{made.leap_tolerance:g}: ask for slower rates, or for --method deterministic"
        )
    return made


def _apart_whole(found: Array, right: Array) -> float:
    """Differences of pools as a share of the whole graft: rounding to whole cells does not count."""
    if not len(found):
        return 0.0
    a, b = found[:, :, :5], right[:, :, :5]
    size = np.maximum(b.sum(axis=2).max(axis=1), 1.0)[:, None, None]
    return float((np.maximum(np.abs(a - b) - 2.0, 0.0) / size).max(initial=0.0))
