"""Patient-specific ordinal shift against natural history: an exact test for 1 to 200 people.

Takes grade probabilities without cells (draws x people x AIS A..E; one draw is one set of rates, its
registry effect shared by everybody in it) and the grades that were seen. Gives the probability of a
result at least as good. Never fits rates and never sees a trial outcome when scores are set.

    score      r_i(y) = sum_{k<y} q_ik + q_iy / 2, q at its posterior mean, rounded to a lattice
    statistic  T = sum_i r_i(y_i), a whole number of lattice steps
    null       the law of T is the convolution of n discrete laws: exact, no asymptotics
    p (i)      P(T >= t | q at its posterior mean)
    p (ii)     mean over draws of P(T >= t | q of the draw): the registry effect is integrated
               outside the convolution, because everybody in a trial shares it

Rounding never makes the test anti-conservative: scores are rounded before anything is seen, the law
of the *rounded* statistic is exact, and rounding is monotone, so a better grade never lowers T and
never raises p. It can only tie results that lay closer than one lattice step.

Source: ridits, Bross 1958, Biometrics 14:18; exact convolution, `saisei.chance.discrete`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance import Discrete
from saisei.errors import InputError, UnsupportedError
from saisei.evidence.shift_kernel import upper_tails
from saisei.params import value

__all__ = [
    "ENDPOINTS",
    "FINEST",
    "MOST_PEOPLE",
    "Endpoint",
    "TailProbability",
    "conversion_null",
    "conversion_tail",
    "exact_null",
    "lattice_per_unit",
    "lattice_scores",
    "mean_null",
    "mean_rates",
    "representative",
    "ridits",
    "tail_by_draw",
    "tail_probability",
]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

GRADES = 5  # AIS A, B, C, D, E
MOST_PEOPLE = 200
FINEST = (0, 1, 2, 3, 4)  # every grade its own block

_SUM_SLACK = 1e-6  # rows of probabilities may miss 1 by this much and are scaled; more is an error
_BLOCK_BYTES = 1 << 20  # two working arrays of this size stay in the cache of one core


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A yes-or-no reading of a grade.

    Attributes:
        name: for people to read.
        key: for files.
        gain: least number of grades gained, or 0.
        least_grade: least rank (A = 0 .. E = 4) at follow-up, or 0.
    """

    key: str
    name: str
    gain: int
    least_grade: int

    def met(self, baseline: int, outcome: int) -> bool:
        """Whether somebody who began at rank `baseline` and ends at rank `outcome` counts."""
        return outcome - baseline >= max(self.gain, 1) and outcome >= self.least_grade


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("one_grade", "one grade or more", 1, 0),
    Endpoint("two_grades", "two grades or more", 2, 0),
    Endpoint("to_d", "to AIS D or better", 1, 3),
)


@dataclass(frozen=True, slots=True)
class TailProbability:
    """The probability of a result at least as good as the one seen.

    Attributes:
        p: mean over draws.
        monte_carlo_error: standard error of `p` from the finite number of draws (0 for one draw).
        interval: 5% and 95% points of the probability over draws.
        draws: how many draws it stands for.
    """

    p: float
    monte_carlo_error: float
    interval: tuple[float, float]
    draws: int


def lattice_per_unit() -> int:
    """Lattice steps between ridit 0 and ridit 1 (`evidence.shift_lattice_per_unit`)."""
    return int(value("evidence.shift_lattice_per_unit"))


def _checked(probabilities: F64) -> F64:
    """Probabilities as float64, rows summing to 1; InputError otherwise."""
    rates = np.asarray(probabilities, dtype=np.float64)
    if rates.ndim < 2 or rates.shape[-1] != GRADES:
        rule = "need shape (..., people, 5), one column for each grade A to E"
        raise InputError(f"grade probabilities have shape {rates.shape}: {rule}")
    if not 1 <= rates.shape[-2] <= MOST_PEOPLE:
        raise UnsupportedError(
            f"{rates.shape[-2]} people: the exact test takes 1 to {MOST_PEOPLE}; "
            "compare larger groups with a concurrent control"
        )
    sums = rates.sum(axis=-1, keepdims=True)
    if not np.all(np.isfinite(rates)) or rates.min() < 0.0:
        raise InputError("grade probabilities hold a negative or non-finite value: mend the rates")
    if np.abs(sums - 1.0).max() > _SUM_SLACK:
        worst = float(sums.flat[int(np.abs(sums - 1.0).argmax())])
        raise InputError(
            f"grade probabilities of one person sum to {worst:.6g}: they must sum to 1"
        )
    return np.asarray(rates / sums)


def mean_rates(draws: F64) -> F64:
    """Posterior mean rates, shape (people, 5), of `draws` with shape (draws, people, 5)."""
    return np.asarray(_checked(draws).mean(axis=0), dtype=np.float64)


def _check_blocks(blocks: Sequence[int]) -> None:
    steps = [b - a for a, b in itertools.pairwise(blocks)]
    if len(blocks) != GRADES or any(step not in (0, 1) for step in steps):
        raise InputError(f"blocks {tuple(blocks)}: give five whole numbers that rise by 0 or 1")


def ridits(probabilities: F64, blocks: Sequence[int] = FINEST) -> F64:
    """Ridit of every grade: probability of a worse grade plus half that of the same.

    Args:
        probabilities: shape (people, 5), rows sum to 1.
        blocks: block of every grade A..E; grades of one block cannot be told apart and share the
            ridit of the merged block.

    Returns:
        Shape (people, 5), never falling along a row.

    >>> ridits(np.array([[0.8, 0.1, 0.05, 0.05, 0.0]])).round(3).tolist()
    [[0.4, 0.85, 0.925, 0.975, 1.0]]
    """
    rates = _checked(probabilities)
    _check_blocks(blocks)
    member = np.zeros((GRADES, max(blocks) + 1))
    member[np.arange(GRADES), list(blocks)] = 1.0
    merged = rates @ member
    block_ridits = np.cumsum(merged, axis=-1) - merged / 2.0
    return np.asarray(block_ridits[..., list(blocks)])


def lattice_scores(mean: F64, blocks: Sequence[int] = FINEST, per_unit: int | None = None) -> I64:
    """Ridits at the posterior mean, rounded half up to the common lattice.

    Args:
        mean: posterior mean rates, shape (people, 5).
        blocks: as for `ridits`.
        per_unit: lattice steps per unit; the sourced value when None.

    Returns:
        Whole numbers, shape (people, 5), never falling along a row.

    >>> lattice_scores(np.array([[0.8, 0.1, 0.05, 0.05, 0.0]]), per_unit=100).tolist()
    [[40, 85, 93, 98, 100]]
    """
    steps = lattice_per_unit() if per_unit is None else per_unit
    # A hair above half keeps 0.925 * 100 at 93 whatever the last bit of the product.
    return np.floor(ridits(mean, blocks) * steps + (0.5 + 1e-9)).astype(np.int64)


def _convolve(scores: I64, rates: F64) -> F64:
    """Laws of the total above its minimum, shape (draws, support), for rates (draws, people, 5)."""
    steps = scores - scores[:, :1]
    width = int(steps[:, -1].sum()) + 1
    law = np.zeros((rates.shape[0], width))
    new = np.zeros_like(law)
    law[:, 0] = 1.0
    filled = 1
    for person, offsets in enumerate(steps):
        top = int(offsets[-1])
        new[:, : filled + top] = 0.0
        for grade, offset in enumerate(offsets.tolist()):
            new[:, offset : offset + filled] += rates[:, person, grade, None] * law[:, :filled]
        filled += top
        law, new = new, law
    return law


def exact_null(scores: I64, probabilities: F64) -> Discrete:
    """The exact law of the total score when nothing but natural recovery is at work.

    Args:
        scores: lattice scores, shape (people, 5).
        probabilities: one set of rates, shape (people, 5).

    >>> law = exact_null(np.array([[0, 1, 1, 1, 1]] * 2), np.array([[0.9, 0.1, 0, 0, 0]] * 2))
    >>> law.probs.round(2).tolist()
    [0.81, 0.18, 0.01]
    """
    rates = _checked(probabilities)
    return Discrete(int(scores[:, 0].sum()), _convolve(scores, rates[None])[0])


def _blocks_of_draws(draws: F64, scores: I64) -> list[F64]:
    width = int((scores[:, -1] - scores[:, 0]).sum()) + 1
    size = max(1, _BLOCK_BYTES // (8 * width))
    return [draws[start : start + size] for start in range(0, len(draws), size)]


def mean_null(scores: I64, draws: F64) -> Discrete:
    """The null law averaged over draws of the rates: the exact law of each draw, then the mean.

    Args:
        scores: lattice scores, shape (people, 5).
        draws: shape (draws, people, 5).
    """
    rates = _checked(draws)
    total = np.zeros(int((scores[:, -1] - scores[:, 0]).sum()) + 1)
    for part in _blocks_of_draws(rates, scores):
        total += _convolve(scores, part).sum(axis=0)
    return Discrete(int(scores[:, 0].sum()), total / len(rates))


def tail_by_draw(scores: I64, draws: F64, total: int) -> F64:
    """P(T >= total) under each draw, shape (draws,).

    Args:
        scores: lattice scores, shape (people, 5).
        draws: shape (draws, people, 5).
        total: the total score seen, in lattice steps.
    """
    rates = _checked(draws)
    above = total - int(scores[:, 0].sum())
    if above <= 0:
        return np.ones(len(rates))
    found = upper_tails(scores - scores[:, :1], np.ascontiguousarray(rates), above)
    return np.asarray(np.minimum(found, 1.0))


def representative(draws: F64, scores: I64, most: int | None = None) -> I64:
    """Indices of draws that stand for all: every k-th of the draws ordered by their expected score.

    Args:
        draws: shape (draws, people, 5).
        scores: lattice scores, shape (people, 5).
        most: how many to keep; as many as `evidence.shift_most_work` allows when None.

    Returns:
        Whole numbers, rising; all draws when they are few enough. Never depends on an outcome.
    """
    width = int((scores[:, -1] - scores[:, 0]).sum()) + 1
    affordable = int(value("evidence.shift_most_work") / (GRADES * len(scores) * width / 2))
    keep = max(1, min(len(draws), affordable if most is None else most))
    if keep == len(draws):
        return np.arange(keep)
    order = np.argsort(np.einsum("dpg,pg->d", draws, scores), kind="stable")
    middle = ((np.arange(keep) + 0.5) * len(draws) / keep).astype(np.int64)
    return np.asarray(np.sort(order[middle]))


def tail_probability(tails: F64, draws: int | None = None) -> TailProbability:
    """Mean, Monte Carlo error and 5% to 95% range of tail probabilities, one for each draw.

    Args:
        tails: one probability for each draw used.
        draws: how many draws these stand for; their number when None.

    >>> tail_probability(np.array([0.25, 0.25])).p
    0.25
    """
    count = len(tails) if draws is None else draws
    error = float(tails.std(ddof=1)) / math.sqrt(count) if len(tails) > 1 else 0.0
    low, high = (float(x) for x in np.quantile(tails, (0.05, 0.95)))
    return TailProbability(min(1.0, float(tails.mean())), error, (low, high), count)


def _conversion_probabilities(baselines: I64, draws: F64, endpoint: Endpoint) -> F64:
    """Chance that each person meets the endpoint without cells, shape (draws, people)."""
    rates = _checked(draws)
    counts = np.array(
        [[endpoint.met(int(b), grade) for grade in range(GRADES)] for b in baselines],
        dtype=np.float64,
    )
    return np.asarray(np.einsum("dpg,pg->dp", rates, counts))


def conversion_null(baselines: I64, draws: F64, endpoint: Endpoint) -> F64:
    """Poisson-binomial law of the number who meet `endpoint`, for each draw.

    Args:
        baselines: rank of each person's grade at baseline, shape (people,).
        draws: shape (draws, people, 5).
        endpoint: one of `ENDPOINTS`.

    Returns:
        Probabilities of 0..n converters, shape (draws, people + 1).
    """
    chances = _conversion_probabilities(baselines, draws, endpoint)
    law = np.zeros((chances.shape[0], chances.shape[1] + 1))
    law[:, 0] = 1.0
    for person in range(chances.shape[1]):
        chance = chances[:, person, None]
        law[:, 1:] = law[:, 1:] * (1.0 - chance) + law[:, :-1] * chance
        law[:, :1] *= 1.0 - chance
    return law


def conversion_tail(baselines: I64, draws: F64, endpoint: Endpoint, seen: int) -> F64:
    """P(at least `seen` people meet `endpoint`) under each draw, shape (draws,).

    >>> rates = np.array([[[0.9, 0.05, 0.03, 0.02, 0.0]] * 4])
    >>> conversion_tail(np.zeros(4, dtype=np.int64), rates, ENDPOINTS[0], 2).round(4).tolist()
    [0.0523]
    """
    if seen <= 0:
        return np.ones(len(draws))
    law = conversion_null(baselines, draws, endpoint)
    return np.asarray(np.minimum(law[:, seen:][:, ::-1].sum(axis=1), 1.0))
