"""How often the shift test calls a result "beyond natural recovery", exactly.

Takes lattice scores, the null law of their total (averaged over draws or not) and the rates that hold
in truth. Gives the critical total at a level and the probability of reaching it: the size when truth is
natural recovery, the power when truth is shifted. No simulation: both laws are convolutions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saisei.chance import Discrete
from saisei.chance.domain import require_probability
from saisei.evidence.shift import exact_null, mean_null

__all__ = ["critical_total", "rejection_probability"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def critical_total(null: Discrete, level: float) -> int | None:
    """The smallest total whose upper tail is at most `level`; None when even the largest's is not.

    Args:
        null: law of the total under natural recovery.
        level: one-sided error level.

    >>> critical_total(Discrete(0, np.array([0.81, 0.18, 0.01])), 0.05)
    2
    """
    require_probability(level, "level", open_ends=True)
    upper = np.cumsum(null.probs[::-1])[::-1]
    rejected = np.flatnonzero(upper <= level)
    return int(rejected[0]) + null.first if len(rejected) else None


def rejection_probability(scores: I64, null_draws: F64, truth: F64, level: float) -> float:
    """Probability that the test of level `level` rejects when `truth` holds.

    Args:
        scores: lattice scores, shape (people, 5).
        null_draws: rates that the test averages over, shape (draws, people, 5).
        truth: rates that hold, shape (people, 5).
        level: one-sided error level of the test.

    >>> from saisei.evidence.shift import lattice_scores
    >>> q = np.array([[0.9, 0.06, 0.03, 0.01, 0.0]] * 4)
    >>> size = rejection_probability(lattice_scores(q), q[None], q, 0.05)
    >>> 0.0 < size <= 0.05
    True
    """
    total = critical_total(mean_null(scores, null_draws), level)
    return 0.0 if total is None else exact_null(scores, truth).at_least(total)
