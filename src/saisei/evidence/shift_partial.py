"""Grades known only in part: bounds over what the record allows, and integration.

Takes natural-recovery rates for each grade that a person may have had at baseline and the pairs of
grades that the record allows. Gives the worst and the best case, and the integrated case:

    p = mean over draws of P(T' - R >= 0)

where T' is the total of the same people under natural recovery and R the total seen, in which unknown
grades follow natural recovery too, given what is known of them; an unknown grade at baseline is the
same in both. It is one convolution. The integrated case assumes that what is missing went as nature
goes; it is a description, not a p value with a guarantee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.evidence.persons import Pair
from saisei.evidence.shift import lattice_scores, mean_rates, tail_by_draw
from saisei.evidence.shift_kernel import upper_tails

__all__ = ["Rates", "assign", "integrated_tails", "mix", "tails"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Natural-recovery rates of n people, for every grade that each may have had at baseline.

    Attributes:
        by_baseline: rank at baseline -> shape (draws, people, 5); rows of people who cannot have had
            that grade hold anything.
    """

    by_baseline: Mapping[int, F64]

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(next(iter(self.by_baseline.values())))

    def take(self, indices: I64) -> Rates:
        """The same people under some of the draws."""
        return Rates({rank: draws[indices] for rank, draws in self.by_baseline.items()})


def assign(rates: Rates, baselines: Sequence[int]) -> F64:
    """Rates when every person had the given grade at baseline, shape (draws, people, 5)."""
    columns = [rates.by_baseline[before][:, i] for i, before in enumerate(baselines)]
    return np.stack(columns, axis=1)


def mix(rates: Rates, pairs: Sequence[Sequence[Pair]]) -> F64:
    """Rates averaged, with equal weight, over the grades that each may have had at baseline."""
    columns = []
    for i, allowed in enumerate(pairs):
        starts = sorted({before for before, _ in allowed})
        columns.append(np.mean([rates.by_baseline[b][:, i] for b in starts], axis=0))
    return np.stack(columns, axis=1)


def tails(rates: Rates, pairs: Sequence[Pair], scores: I64 | None = None) -> F64:
    """P(a result at least as good) under each draw when all grades are taken as given.

    Args:
        rates: of the people.
        pairs: (baseline, follow-up) of each person.
        scores: lattice scores to use; ridits at the mean of `rates` when None.
    """
    draws = assign(rates, [before for before, _ in pairs])
    used = lattice_scores(mean_rates(draws)) if scores is None else scores
    total = sum(int(used[i, after]) for i, (_, after) in enumerate(pairs))
    return tail_by_draw(used, draws, total)


def _difference(rates: Rates, person: int, allowed: Sequence[Pair], scores: I64) -> tuple[I64, F64]:
    """Steps and law of r(Y') - r(y) for one person, shapes (25,) and (draws, 25), steps rising.

    Y' is the grade under natural recovery, y the grade seen or unknown; both from the same baseline.
    """
    chance = np.stack([rates.by_baseline[b][:, person, after] for b, after in allowed], axis=1)
    total = chance.sum(axis=1, keepdims=True)
    # A draw under which what is known is impossible says nothing about its members: spread evenly.
    known = np.where(total > 0.0, chance / np.where(total > 0.0, total, 1.0), 1.0 / len(allowed))
    law = np.zeros((rates.draws, 5, 5))
    for column, (before, after) in enumerate(allowed):
        law[:, after] += known[:, column, None] * rates.by_baseline[before][:, person]
    steps = (scores[None, :] - scores[:, None]).ravel()  # [after seen, after by nature]
    order = np.argsort(steps, kind="stable")
    return steps[order], law.reshape(rates.draws, 25)[:, order]


def integrated_tails(
    rates: Rates, pairs: Sequence[Sequence[Pair]], scores: I64 | None = None
) -> F64:
    """P(T' - R >= 0) under each draw, unknown grades following natural recovery; shape (draws,).

    Args:
        rates: of the people.
        pairs: for each person every (baseline, follow-up) pair that the record allows.
        scores: lattice scores; ridits at the mean of the mixed rates when None.
    """
    used = lattice_scores(mean_rates(mix(rates, pairs))) if scores is None else scores
    found = [_difference(rates, i, allowed, used[i]) for i, allowed in enumerate(pairs)]
    steps = np.array([one for one, _ in found])
    laws = np.ascontiguousarray(np.stack([law for _, law in found], axis=1))
    above = -int(steps[:, 0].sum())
    if above <= 0:
        return np.ones(rates.draws)
    return np.asarray(np.minimum(upper_tails(steps - steps[:, :1], laws, above), 1.0))
