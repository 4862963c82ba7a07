"""Simulated two-arm trials with interim looks, each decided by one look into a table.

Exact characteristics need no simulation (`counting.two_arm_outcomes`); this is for what is conditional on
the course of single trials, and for comparison with programs that simulate. Counts between two looks are
drawn by inverting their cumulative law, so that a trial costs two uniforms for each look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.domain import require_count, require_probability
from saisei.chance.streams import compiled, require_seed
from saisei.design.engines_two_arms import pooled_z
from saisei.design.power import binomial_pmf_vector
from saisei.errors import InputError

__all__ = ["LookUp", "simulate_two_arms"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_SPLIT = 256  # entries of the guide to a cumulative law


@dataclass(frozen=True, slots=True)
class LookUp:
    """What simulated trials came to.

    Attributes:
        success, stop: shares of trials.
        people: mean in both arms.
        error: largest Monte Carlo standard error of the two shares.
        by_look: share that succeeded at each look.
    """

    success: float
    stop: float
    people: float
    error: float
    by_look: tuple[float, ...]


@compiled
def _trials(uniforms: F64, guides: I64, laws: F64, tables: I64, offsets: I64, sizes: I64) -> I64:
    """Where each trial ended: look * 2 + 1 for success, look * 2 for a stop."""
    runs, looks = uniforms.shape[0], len(sizes)
    ended = np.zeros(runs, np.int64)
    for run in range(runs):
        x = y = 0
        for look in range(looks):
            for arm in range(2):
                u = uniforms[run, 2 * look + arm]
                place = guides[look, arm, int(u * _SPLIT)]
                while u >= laws[look, arm, place]:
                    place += 1
                if arm == 0:
                    x += place
                else:
                    y += place
            word = tables[offsets[look] + x * (sizes[look] + 1) + y]
            if word != 0 or look == looks - 1:
                ended[run] = look * 2 + (1 if word == 1 else 0)
                break
    return ended


def simulate_two_arms(
    looks: Sequence[tuple[int, int]],
    upper: Sequence[float],
    treated_rate: float,
    control_rate: float,
    runs: int,
    *,
    seed: int,
    lower: Sequence[float] | None = None,
) -> LookUp:
    """Simulate trials that compare two proportions by the pooled z at each look.

    Args:
        looks: people in the treated and control arm at each look, rising.
        upper: z from which it ends with success.
        treated_rate, control_rate: true rates.
        runs: trials.
        seed: of the draws.
        lower: z below which it ends without; never when left out.

    Raises:
        InputError: looks do not rise, or lengths differ.
    """
    require_count(runs, "runs", at_least=1)
    if len(looks) != len(upper) or (lower is not None and len(lower) != len(looks)):
        raise InputError(f"{len(upper)} bounds for {len(looks)} looks: give one for each")
    steps = np.diff(np.array([(0, 0), *looks]), axis=0)
    if (steps < 1).any():
        raise InputError("looks must rise in both arms")
    rates = [
        require_probability(rate, name)
        for rate, name in ((treated_rate, "treated_rate"), (control_rate, "control_rate"))
    ]
    width = int(steps.max()) + 1
    laws = np.ones((len(looks), 2, width))
    for look, row in enumerate(steps):
        for arm, (more, rate) in enumerate(zip(row.tolist(), rates, strict=True)):
            laws[look, arm, :more] = np.cumsum(binomial_pmf_vector(more, rate))[:-1]
    edges = np.arange(_SPLIT) / _SPLIT
    guides = np.minimum((laws[..., None, :] <= edges[:, None]).sum(axis=-1), width - 1)
    tables, offsets = [], [0]
    for k, ((n, m), high) in enumerate(zip(looks, upper, strict=True)):
        z = pooled_z(n, m)
        low = -np.inf if lower is None else lower[k]
        tables.append(np.where(z >= high, 1, np.where(z < low, 2, 0)).ravel())
        offsets.append(offsets[-1] + tables[-1].size)
    rng = np.random.Generator(np.random.Philox(key=require_seed(seed)))
    ended = _trials(
        rng.random((runs, 2 * len(looks))), guides, laws,
        np.concatenate(tables).astype(np.int64), np.array(offsets[:-1]),
        np.array([m for _, m in looks]),
    )  # fmt: skip
    shares = np.bincount(ended, minlength=2 * len(looks)) / runs
    people = np.array([n + m for n, m in looks], dtype=np.float64)
    success = float(shares[1::2].sum())
    error = float(np.sqrt(success * (1.0 - success) / runs))
    mean = float((shares[::2] + shares[1::2]) @ people)
    return LookUp(success, float(shares[::2].sum()), mean, error, tuple(shares[1::2].tolist()))
