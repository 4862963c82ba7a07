"""The mathematics of the landmark model over many draws at once, as plain array code.

Takes values [draws, 18] and times; gives shares of true and seen grades. The compiled likelihood in
`landmark_kernel` follows the same equations; tests compare them and both with an ODE solver.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saisei.evidence import landmark_kernel as k

__all__ = ["from_a", "graded", "onward", "onward_time", "still_a"]

Array = NDArray[np.float64]
_ONE_YEAR = 365.0  # cumulative hazards are quoted to day 365: a definition of the parameters
_APART = 1e-3


def still_a(shape: NDArray[np.int8], hazard: Array, decay: Array, days: Array) -> Array:
    """Chance of being still A at each day since injury, [draws, days].

    Args: shape: code per draw; hazard: cumulative hazard to day 365; decay: days, or the Weibull power.
    """
    t, d, h = days[None, :], decay[:, None], hazard[:, None]
    power = (shape == k.WEIBULL)[:, None]
    with np.errstate(over="ignore"):
        falling = np.expm1(-t / d) / np.expm1(-_ONE_YEAR / d)
    clock = np.where(power, (t / _ONE_YEAR) ** np.where(power, d, 1.0), falling)
    cure = 1.0 - (1.0 - np.exp(-h)) * clock
    return np.where(
        (shape == k.CURE)[:, None],
        np.maximum(cure, 1e-12),
        np.exp(-np.minimum(k.LARGEST, h * clock)),
    )


def onward_time(values: Array, days: Array) -> Array:
    """Operational time of B, C and D at each day since injury, [draws, days]; 1 at day 365."""
    tau = values[:, k.TAU_ON, None]
    return np.asarray(np.expm1(-days[None, :] / tau) / np.expm1(-_ONE_YEAR / tau))


def onward(values: Array, s: Array) -> Array:
    """Shares in B, C, D, E (last axis) from B, C, D (axis before) after operational time s [draws, n]."""
    d = values[:, k.HD]
    c = _apart(values[:, k.HC], d)
    b = _apart(_apart(values[:, k.HB], c), d)
    eta = values[:, k.ETA, None]
    b, c, d = b[:, None], c[:, None], d[:, None]
    eb, ec, ed = np.exp(-b * s), np.exp(-c * s), np.exp(-d * s)
    bc, bd, cd = (eb - ec) / (c - b), (eb - ed) / (d - b), (ec - ed) / (d - c)
    out = np.zeros((*s.shape, 3, 4))
    out[..., 0, 0] = eb
    out[..., 0, 1] = (1.0 - eta) * b * bc
    out[..., 0, 2] = eta * b * bd + (1.0 - eta) * b * c * (bc - bd) / (d - c)
    out[..., 1, 1] = ec
    out[..., 1, 2] = c * cd
    out[..., 2, 2] = ed
    out[..., 3] = np.maximum(0.0, 1.0 - out[..., :3].sum(axis=-1))
    return out


def _apart(x: Array, y: Array) -> Array:
    return np.where(np.abs(x - y) > _APART, x, y + _APART)


def from_a(
    values: Array,
    share_cd: Array,
    still: Array,
    onward_to_end: Array,
    start: int,
    wrong: bool = True,
) -> Array:
    """True state at the last node of people graded A at node `start`, [draws, 5].

    Args: share_cd: chance that leaving A leads to C or D directly [draws]; still: chance of being still A
        at the nodes [draws, nodes]; onward_to_end: shares at the last node [draws, nodes, 3, 4]; wrong:
        whether some of them are B in truth.
    """
    eps = values[:, k.EPS] if wrong else np.zeros(len(values))
    delta = values[:, k.DELTA, None, None]
    gone = still[:, start:-1] - still[:, start + 1 :]
    middle = 0.5 * (onward_to_end[:, start:-1] + onward_to_end[:, start + 1 :])
    direct = (1.0 - delta) * middle[:, :, 1] + delta * middle[:, :, 2]
    pi = share_cd[:, None, None]
    left = (gone[:, :, None] * ((1.0 - pi) * middle[:, :, 0] + pi * direct)).sum(axis=1)
    keep = ((1.0 - eps) / still[:, start])[:, None]
    state = np.empty((len(values), 5))
    state[:, 0] = keep[:, 0] * still[:, -1]
    state[:, 1:] = keep * left + eps[:, None] * onward_to_end[:, start, 0]
    return state


def graded(values: Array, state: Array, began_as_c: bool = False) -> Array:
    """Grades seen at follow-up for true states A to E [draws, 5]: neighbouring grades are confused.

    Only people who began as C can be graded A though C in truth: there it stands for worsening.
    """
    worse = k.WORSE if began_as_c else 0.0
    ma, mb = values[:, k.MA], values[:, k.MB]
    mc, md = values[:, k.MC], values[:, k.MD]
    a, b, c, d, e = state.T
    seen = np.empty_like(state)
    seen[:, 0] = a * (1.0 - ma) + b * mb + c * mc * worse
    seen[:, 1] = a * ma + b * (1.0 - mb) + c * mc * (1.0 - worse) + d * md / 2.0
    seen[:, 2] = c * (1.0 - mc) + d * md / 2.0
    seen[:, 3] = d * (1.0 - md)
    seen[:, 4] = e
    return seen
