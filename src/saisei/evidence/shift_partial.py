"""Grades known only in part: bounds over what the record allows, and integration.

Takes natural-recovery rates for each grade that a person may have had at baseline and the pairs of
grades that the record allows. Gives the worst and the best case, and the integrated case:

    p = mean over draws of P(T' - R >= t)

where t is the score of what is known, T' the total of the same people under natural recovery, and R
the score of the unknown grades, which follow natural recovery too, given what is known of them. It is
one convolution. The integrated case assumes that what is missing went as nature goes; it is a
description between the bounds, not a p value with a guarantee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.evidence.persons import Pair
from saisei.evidence.shift import lattice_scores, mean_rates, tail_by_draw

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


def _unknown_part(rates: Rates, person: int, allowed: Sequence[Pair]) -> F64:
    """Law of the unknown follow-up grade given what is known, shape (draws, 5)."""
    law = np.zeros((rates.draws, 5))
    for before, after in allowed:
        law[:, after] += rates.by_baseline[before][:, person, after]
    sums = law.sum(axis=1, keepdims=True)
    # A draw under which the known set is impossible says nothing about its members: spread evenly.
    even = np.zeros(5)
    even[sorted({after for _, after in allowed})] = 1.0
    return np.where(sums > 0.0, law / np.where(sums > 0.0, sums, 1.0), even / even.sum())


def integrated_tails(
    rates: Rates, pairs: Sequence[Sequence[Pair]], scores: I64 | None = None
) -> F64:
    """P(T' - R >= t) under each draw, unknown grades following natural recovery; shape (draws,).

    Args:
        rates: of the people.
        pairs: for each person every (baseline, follow-up) pair that the record allows.
        scores: lattice scores; ridits at the mean of the mixed rates when None.
    """
    draws = mix(rates, pairs)
    used = lattice_scores(mean_rates(draws)) if scores is None else scores
    known, rows, laws = 0, [used], [draws]
    for person, allowed in enumerate(pairs):
        after = {grade for _, grade in allowed}
        if len(after) == 1:
            known += int(used[person, after.pop()])
            continue
        # Minus the unknown score: grades in reverse, so that scores rise along the row.
        rows.append(-used[person : person + 1, ::-1])
        laws.append(_unknown_part(rates, person, allowed)[:, None, ::-1])
    return tail_by_draw(np.concatenate(rows), np.concatenate(laws, axis=1), known)
