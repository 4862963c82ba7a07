"""Compiled tails of the shift statistic: for each draw of the rates one exact convolution.

Takes score steps above each person's lowest (whole numbers, rising) and rates; gives P(T >= above) for
each draw. Carries only totals that can still fall on either side: those already at `above` are counted
and dropped, those that cannot reach it any more are dropped. Nothing is approximated; the plain
version is the whole law in `saisei.evidence.shift`, and a test compares them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["upper_tails"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@njit(cache=True)
def _one_tail(steps: I64, rates: F64, above: int, law: F64, new: F64) -> float:
    people, grades = rates.shape
    pad = law.size - above  # zeros in front, so that no index falls below the array
    law[:] = 0.0
    new[:] = 0.0
    law[pad] = 1.0
    left = 0
    for i in range(people):
        left += steps[i, grades - 1]
    reached, low, high = 0.0, 0, 0
    for i in range(people):
        top = steps[i, grades - 1]
        left -= top
        # Totals that reach `above` with this person stay there: scores only add.
        for g in range(1, grades):
            for v in range(max(low, above - steps[i, g]), high + 1):
                reached += rates[i, g] * law[pad + v]
        first = max(0, above - left)
        last = min(above - 1, high + top)
        a, b, c, d = steps[i, 1], steps[i, 2], steps[i, 3], steps[i, 4]
        q0, qa, qb, qc, qd = rates[i, 0], rates[i, 1], rates[i, 2], rates[i, 3], rates[i, 4]
        for k in range(pad + first, pad + last + 1):
            new[k] = (
                q0 * law[k] + qa * law[k - a] + qb * law[k - b] + qc * law[k - c] + qd * law[k - d]
            )
        low, high = first, last
        if first > last:
            break
        law, new = new, law
    return reached


@njit(cache=True)
def _one_tail_any(steps: I64, rates: F64, above: int, law: F64, new: F64) -> float:
    """The same for any number of steps for each person; equal steps may stand side by side."""
    people, count = rates.shape
    pad = law.size - above
    law[:] = 0.0
    new[:] = 0.0
    law[pad] = 1.0
    left = 0
    for i in range(people):
        left += steps[i, count - 1]
    reached, low, high = 0.0, 0, 0
    for i in range(people):
        top = steps[i, count - 1]
        left -= top
        first = max(0, above - left)
        last = min(above - 1, high + top)
        new[pad + first : pad + last + 1] = 0.0
        for g in range(count):
            chance, step = rates[i, g], steps[i, g]
            if chance == 0.0:
                continue
            for v in range(max(low, above - step), high + 1):
                reached += chance * law[pad + v]
            for k in range(pad + first, pad + last + 1):
                new[k] += chance * law[k - step]
        low, high = first, last
        if first > last:
            break
        law, new = new, law
    return reached


@njit(cache=True)
def upper_tails(steps: I64, draws: F64, above: int) -> F64:
    """P(sum of steps >= above) for each draw.

    Args:
        steps: shape (people, k), first column 0, never falling along a row; k = 5 is fastest.
        draws: shape (draws, people, k).
        above: at least 1.

    Returns:
        Shape (draws,).
    """
    pad = 0
    for i in range(steps.shape[0]):
        pad = max(pad, steps[i, steps.shape[1] - 1])
    law = np.zeros(pad + above)
    new = np.zeros(pad + above)
    out = np.empty(draws.shape[0])
    for d in range(draws.shape[0]):
        if steps.shape[1] == 5:
            out[d] = _one_tail(steps, draws[d], above, law, new)
        else:
            out[d] = _one_tail_any(steps, draws[d], above, law, new)
    return out
