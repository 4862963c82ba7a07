"""Laws of motor gains as they are, and exact sums of them.

A law is the empirical distribution of a whole-number gain among virtual people: nothing is smoothed, and
the heap at zero and the long tail stay as they came. The sum over the people of a trial has the
convolution of their laws as its own; given the generator that is exact. Draws (of rates, registries,
generator values) run along the first axis, and are averaged outside the convolution, because everybody
in a trial shares them.

Where a trial prints only the mean of its baseline scores, the law of the sum is taken given the sum at
baseline: one convolution in two dimensions. The joint law is tilted first so that its mean baseline is
the one seen. A tilt that depends on the baseline alone cancels in the condition; it keeps the numbers
away from rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft2
from scipy.optimize import brentq

from saisei.chance import Discrete, convolve
from saisei.errors import InputError
from saisei.evidence.shift_kernel import upper_tails

__all__ = [
    "GainLaws",
    "JointLaws",
    "count_tails",
    "given_baseline",
    "jackknife_error",
    "law_of_gains",
    "mean_law_of_sum",
    "sum_tails",
]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_WRAP = 1e-14  # share of the mass asked for that may wrap; the transform rounds at about that
_TILT = 5.0  # a tilt of e^5 a point moves any baseline to an end of its scale


@dataclass(frozen=True, slots=True, eq=False)
class GainLaws:
    """Probabilities of the gains `first`, `first` + 1, ... under each draw, `probs` (draws, k)."""

    first: int
    probs: F64

    def at_least(self, gain: int) -> F64:
        """P(gain or more) under each draw, (draws,)."""
        at = max(gain - self.first, 0)
        return np.asarray(np.minimum(self.probs[:, at:][:, ::-1].sum(axis=1), 1.0))

    @property
    def mean(self) -> Discrete:
        """The law averaged over the draws: that of one person."""
        return Discrete(self.first, np.asarray(self.probs.mean(axis=0)))


@dataclass(frozen=True, slots=True, eq=False)
class JointLaws:
    """Joint laws of baseline score (from 0) and gain (from `first`): `probs` (draws, baselines, gains)."""

    first: int
    probs: F64


def law_of_gains(gains: I64, weights: F64 | None = None) -> GainLaws:
    """The empirical law of gains.

    Args:
        gains: whole numbers, (people,).
        weights: (draws, people), one draw of equal weights when None.

    >>> law_of_gains(np.array([0, 0, 0, 2])).probs.tolist()
    [[0.75, 0.0, 0.25]]
    """
    if len(gains) == 0:
        raise InputError("no virtual person is left for a law of gains: widen what is asked for")
    first = int(gains.min())
    k = int(gains.max()) - first + 1
    cell = np.zeros((len(gains), k))
    cell[np.arange(len(gains)), gains - first] = 1.0
    mass = cell.sum(axis=0)[None] if weights is None else weights @ cell
    return GainLaws(first, np.asarray(mass / mass.sum(axis=1, keepdims=True)))


def _stacked(laws: Sequence[GainLaws]) -> tuple[I64, F64, int]:
    """Steps (people, k) and chances (draws, people, k) on one width, and the lowest possible sum."""
    width = max(law.probs.shape[1] for law in laws)
    draws = len(laws[0].probs)
    chances = np.zeros((draws, len(laws), width))
    for i, law in enumerate(laws):
        chances[:, i, : law.probs.shape[1]] = law.probs
    steps = np.tile(np.arange(width, dtype=np.int64), (len(laws), 1))
    return steps, chances, sum(law.first for law in laws)


def sum_tails(laws: Sequence[GainLaws], total: int) -> F64:
    """P(sum of gains >= total) under each draw, by exact convolution, (draws,).

    Args:
        laws: one for each person, all with the same draws.
        total: the sum seen.

    >>> coin = GainLaws(0, np.array([[0.5, 0.5]]))
    >>> sum_tails([coin, coin], 2).tolist()
    [0.25]
    """
    steps, chances, lowest = _stacked(laws)
    above = total - lowest
    if above <= 0:
        return np.ones(len(chances))
    return np.asarray(np.minimum(upper_tails(steps, np.ascontiguousarray(chances), above), 1.0))


def mean_law_of_sum(laws: Sequence[GainLaws], most_draws: int = 60) -> Discrete:
    """The law of the sum averaged over draws (every k-th of them), for bands and pictures."""
    draws = len(laws[0].probs)
    chosen = np.unique(np.linspace(0, draws - 1, min(draws, most_draws)).astype(int))
    total: Discrete | None = None
    for draw in chosen:
        law = convolve([Discrete(one.first, one.probs[draw]) for one in laws])
        total = law if total is None else Discrete(law.first, total.probs + law.probs)
    assert total is not None  # there is always one draw
    return Discrete(total.first, np.asarray(total.probs / len(chosen)))


def count_tails(chances: F64, n: int, count: int) -> F64:
    """P(at least `count` of n people alike) under each draw, (draws,).

    >>> count_tails(np.array([0.5]), 2, 2).tolist()
    [0.25]
    """
    if not 0 <= count <= n:
        raise InputError(f"{count} of {n}: the count must lie from 0 to the number of people")
    one = GainLaws(0, np.stack([1.0 - chances, chances], axis=1))
    return sum_tails([one] * n, count)


def _tilted(joint: F64, mean: float) -> F64:
    """One joint law (baselines, gains) tilted in its baseline so that its mean is `mean`."""
    marginal = joint.sum(axis=1)
    points = np.flatnonzero(marginal > 0.0)
    low, high = float(points[0]), float(points[-1])
    if not low < mean < high:
        return joint
    logs = np.log(marginal[points])

    def gap(tilt: float) -> float:
        weight = np.exp(logs + tilt * points - (logs + tilt * points).max())
        return float(weight @ points / weight.sum()) - mean

    if gap(-_TILT) * gap(_TILT) > 0.0:
        raise InputError(
            f"a mean of {mean:.3g} at baseline is too rare among such virtual people to stand on"
        )
    tilt = float(brentq(gap, -_TILT, _TILT))
    scale = tilt * np.arange(len(marginal))
    found = joint * np.exp(scale - scale[points].max())[:, None]
    return np.asarray(found / found.sum())


def given_baseline(joint: F64, n: int, sums: Sequence[int], first: int) -> Discrete:
    """The law of the sum of gains of n people alike, given that their baselines sum to one of `sums`.

    Args:
        joint: one joint law, (baselines from 0, gains from `first`).
        n: people.
        sums: possible sums of the baseline scores.
        first: lowest gain.

    Raises:
        InputError: nobody of the generator can have such baselines.
    """
    low, high = np.flatnonzero(joint.sum(axis=1) > 0.0)[[0, -1]]
    possible = [s for s in sums if n * low <= s <= n * high]
    if not possible:
        raise InputError(
            f"baseline scores that sum to {min(sums)} in {n} people: such virtual people do not exist"
        )
    law = _tilted(joint, float(np.mean(possible)) / n)
    rows, columns = _lengths(law, n, possible)
    power = _power(rfft2(law, s=(rows, columns)), n)  # (baseline frequencies, gain frequencies)
    # Only the rows asked for are turned back along the baseline.
    turn = np.exp(2j * np.pi * np.outer(possible, np.arange(rows)) / rows) / rows
    found = irfft(turn @ power, n=columns, axis=1)
    # Each row stands for one sum of baselines; the tilt differs between them by a factor only.
    untilt = _untilt(joint, law, possible)
    probs = np.maximum((found * untilt[:, None]).sum(axis=0), 0.0)
    if not probs.sum() > 0.0:
        raise InputError(
            f"baseline scores that sum to {min(sums)} in {n} people are too rare in the generator"
        )
    return Discrete(n * first, np.asarray(probs / probs.sum()))


def _lengths(law: F64, n: int, sums: Sequence[int]) -> tuple[int, int]:
    """Lengths of the transform along baseline and gain.

    A transform wraps what lies beyond its length back to the front. What would wrap onto the sums asked for
    is worked out from the laws of either sum alone, and kept below the rounding of the transform itself.
    """
    by_baseline = _fold(law.sum(axis=1), n)
    by_gain = _fold(law.sum(axis=0), n)
    least = _WRAP * float(by_baseline[list(sums)].sum())
    beyond = np.append(by_baseline[::-1].cumsum()[::-1], 0.0)
    rows = int(np.argmax(beyond <= least)) - min(sums)
    columns = int(np.argmax(np.append(by_gain[::-1].cumsum()[::-1], 0.0) <= least))
    return next_fast_len(max(rows, max(sums)) + 1, True), next_fast_len(max(columns, 1), True)


def _fold(law: F64, n: int) -> F64:
    """The law of the sum of n like `law`, by squaring; all terms are positive."""
    found = np.ones(1)
    base = law
    while n:
        if n & 1:
            found = np.convolve(found, base)
        n >>= 1
        if n:
            base = np.convolve(base, base)
    return found


def _power(base: NDArray[np.complex128], n: int) -> NDArray[np.complex128]:
    """`base` to the n-th power by squaring."""
    found: NDArray[np.complex128] | None = None
    while n:
        if n & 1:
            found = base.copy() if found is None else found * base
        n >>= 1
        if n:
            base = base * base
    assert found is not None  # n is at least 1
    return found


def _untilt(joint: F64, law: F64, sums: Sequence[int]) -> F64:
    """Relative weights that undo the tilt between neighbouring sums of baselines."""
    before, after = joint.sum(axis=1), law.sum(axis=1)
    points = np.flatnonzero((before > 0.0) & (after > 0.0))
    if len(points) < 2:
        return np.ones(len(sums))
    logs = np.log(after[points] / before[points])
    tilt = (logs[-1] - logs[0]) / (points[-1] - points[0])
    steps = np.array(sums, dtype=np.float64) - sums[0]
    return np.asarray(np.exp(-tilt * steps))


def jackknife_error(figure: Callable[[int], float], blocks: int) -> float:
    """Monte Carlo error of a figure of virtual people, leaving out one block of them at a time.

    Args:
        figure: takes the block that is left out.
        blocks: how many there are.

    >>> x = np.arange(6.0)
    >>> round(jackknife_error(lambda out: float(np.delete(x, out).mean()), 6), 6)
    0.763763
    """
    found = np.array([figure(block) for block in range(blocks)])
    return float(np.sqrt((blocks - 1) / blocks * ((found - found.mean()) ** 2).sum()))
