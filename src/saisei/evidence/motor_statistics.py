"""The statistics that a trial's motor outcomes come as, each with its exact null law.

Takes kinds of people (their laws of gains) and a reading of nature; gives exact upper tails and the law
of the statistic. Three forms: the sum of the gains of listed people; the sum behind a printed mean, with
the printed baseline mean as a condition; the number of people who gained so many motor levels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from saisei.chance import Discrete
from saisei.errors import InputError
from saisei.evidence.motor_kinds import Kind
from saisei.evidence.motor_law import (
    GainLaws,
    count_tails,
    given_baseline,
    mean_law_of_sum,
    sum_tails,
)
from saisei.evidence.motor_people import Measure
from saisei.evidence.shift_scenarios import Scenario

__all__ = ["CountStatistic", "MeanStatistic", "Statistic", "SumStatistic", "possible_sums"]

F64 = NDArray[np.float64]


class Statistic(Protocol):
    """A whole number computed from the people of a trial; larger is better."""

    @property
    def people(self) -> int:
        """How many people it is computed from."""
        ...

    def tails(self, kinds: Sequence[Kind], scenario: Scenario | None, at_least: int) -> F64:
        """P(statistic >= at_least) under each draw."""
        ...

    def law(self, kinds: Sequence[Kind], scenario: Scenario | None) -> Discrete:
        """Its law averaged over draws."""
        ...


@dataclass(frozen=True, slots=True)
class SumStatistic:
    """The sum of gains of listed people; `places[i]` is the kind of person i."""

    measure: Measure
    places: tuple[int, ...]

    @property
    def people(self) -> int:
        """How many people it is computed from."""
        return len(self.places)

    def _laws(self, kinds: Sequence[Kind], scenario: Scenario | None) -> list[GainLaws]:
        each = [kind.laws(self.measure, scenario) for kind in kinds]
        return [each[place] for place in self.places]

    def tails(self, kinds: Sequence[Kind], scenario: Scenario | None, at_least: int) -> F64:
        """P(sum >= at_least) under each draw."""
        return sum_tails(self._laws(kinds, scenario), at_least)

    def law(self, kinds: Sequence[Kind], scenario: Scenario | None) -> Discrete:
        """Its law averaged over draws."""
        return mean_law_of_sum(self._laws(kinds, scenario))


@dataclass(frozen=True, slots=True)
class MeanStatistic:
    """The sum of the gains of n people alike, known by their means.

    Attributes:
        measure: what is counted.
        n: people.
        baseline_sums: possible sums of the baseline scores; None when no mean is printed.
        draws: draws that stand for all, as each needs a convolution in two dimensions.
    """

    measure: Measure
    n: int
    baseline_sums: tuple[int, ...] | None
    draws: int = 30
    _kept: dict[tuple[int, Scenario | None], list[Discrete]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def people(self) -> int:
        """How many people it is computed from."""
        return self.n

    def _laws(self, kind: Kind, scenario: Scenario | None) -> list[Discrete]:
        key = (id(kind), scenario)
        if key not in self._kept:
            joint = kind.joint(self.measure, scenario)
            draws = len(joint.probs)
            chosen = np.unique(np.linspace(0, draws - 1, min(draws, self.draws)).astype(int))
            sums = self.baseline_sums or ()
            self._kept[key] = [
                given_baseline(joint.probs[draw], self.n, sums, joint.first) for draw in chosen
            ]
        return self._kept[key]

    def tails(self, kinds: Sequence[Kind], scenario: Scenario | None, at_least: int) -> F64:
        """P(sum >= at_least) under each draw, given the sum at baseline."""
        if self.baseline_sums is None:
            return sum_tails([kinds[0].laws(self.measure, scenario)] * self.n, at_least)
        return np.array([law.at_least(at_least) for law in self._laws(kinds[0], scenario)])

    def law(self, kinds: Sequence[Kind], scenario: Scenario | None) -> Discrete:
        """Its law averaged over draws."""
        if self.baseline_sums is None:
            return mean_law_of_sum([kinds[0].laws(self.measure, scenario)] * self.n)
        laws = self._laws(kinds[0], scenario)
        width = max(len(law.probs) for law in laws)
        padded = [np.pad(law.probs, (0, width - len(law.probs))) for law in laws]
        return Discrete(laws[0].first, np.asarray(np.mean(padded, axis=0)))


@dataclass(frozen=True, slots=True)
class CountStatistic:
    """How many of n people alike gained at least `levels` on the side that counts."""

    measure: Measure
    levels: int
    n: int

    @property
    def people(self) -> int:
        """How many people it is computed from."""
        return self.n

    def chances(self, kinds: Sequence[Kind], scenario: Scenario | None) -> F64:
        """Chance of one person, under each draw."""
        return kinds[0].laws(self.measure, scenario).at_least(self.levels)

    def tails(self, kinds: Sequence[Kind], scenario: Scenario | None, at_least: int) -> F64:
        """P(count >= at_least) under each draw."""
        if at_least > self.n:
            return np.zeros(len(self.chances(kinds, scenario)))
        return count_tails(self.chances(kinds, scenario), self.n, at_least)

    def law(self, kinds: Sequence[Kind], scenario: Scenario | None) -> Discrete:
        """Its law averaged over draws."""
        chances = self.chances(kinds, scenario)
        one = GainLaws(0, np.stack([1.0 - chances, chances], axis=1))
        return mean_law_of_sum([one] * self.n, len(chances))


def possible_sums(mean: float, n: int, digits: int | None = None) -> tuple[int, ...]:
    """The whole-number sums that a printed mean of n people allows, rising.

    Args:
        mean: as printed.
        n: people.
        digits: after the point; those that `mean` shows when None.

    Raises:
        InputError: no whole number divided by n rounds to that mean.

    >>> possible_sums(7.8, 17)
    (132, 133)
    """
    if n < 1:
        raise InputError(f"{n} people: a mean needs at least one")
    text = f"{mean:.10g}"
    shown = (len(text.partition(".")[2]) if "." in text else 0) if digits is None else digits
    half = 0.5 * 10.0**-shown + 1e-9
    sums = tuple(range(math.ceil((mean - half) * n), math.floor((mean + half) * n) + 1))
    if not sums:
        raise InputError(
            f"a mean of {mean:g} in {n} people: no whole-number sum gives it, check n and the mean"
        )
    return sums
