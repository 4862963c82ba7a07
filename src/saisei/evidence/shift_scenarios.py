"""The questions put to the natural-history model: the main one, the least favourable, one change each.

Takes subjects and a model of natural recovery. Gives the rates of every person under a scenario: as the
record says, or with everybody in one level group, on one exam day, in the registry with the highest
natural recovery, along the secular trend, under one decay shape. Fits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from saisei.evidence.persons import Subject
from saisei.evidence.shift_partial import Rates
from saisei.study.registries import LEVEL_GROUPS

__all__ = ["MAIN", "Mode", "NaturalHistory", "Scenario", "claim_scenarios", "level_groups"]


class Mode(StrEnum):
    """Which part of the natural-history posterior speaks."""

    MAIN = "new registry, era held at the last observed year"
    HIGHEST = "the registry with the highest natural recovery"
    LOWEST = "the registry with the lowest natural recovery"
    SECULAR = "the secular trend carried on to the year of the trial"
    EARLY_ERA = "the rates of the first observed years"
    EXPONENTIAL = "recovery hazard decays exponentially"
    WEIBULL = "recovery hazard decays as a Weibull"
    CURE = "part of the people never recover"
    NO_ERROR = "grades are read without error"
    MORE_ERROR = "grades are misread twice as often (at most every other time)"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question to the model.

    Attributes:
        name: for people to read.
        mode: which part of the posterior.
        level_group: put everybody in this group; as recorded when None.
        exam_day: put every baseline exam on this day; as recorded when None.
        registry: put everybody in this fitted registry; a new one when None.
        quick: whether fewer draws will do (comparisons of settings with each other).
    """

    name: str
    mode: Mode = Mode.MAIN
    level_group: str | None = None
    exam_day: float | None = None
    registry: str | None = None
    quick: bool = False


MAIN = Scenario("as recorded")


class NaturalHistory(Protocol):
    """A model of natural recovery: what the shift test needs of it."""

    @property
    def digest(self) -> str:
        """Digest of the inputs of the fit."""
        ...

    @property
    def fitted_rows(self) -> frozenset[str]:
        """Ids of the published rows behind the fit."""
        ...

    @property
    def registries(self) -> tuple[str, ...]:
        """Names of the fitted registries; empty where the model knows none."""
        ...

    def offers(self, mode: Mode) -> bool:
        """Whether the model can answer in this mode."""
        ...

    def rates(self, people: Sequence[Subject], scenario: Scenario) -> Rates:
        """Rates of these people under a scenario, one shared draw index for all."""
        ...


def claim_scenarios() -> tuple[Scenario, Scenario]:
    """The two least favourable readings that (iii) reports."""
    return (
        Scenario("registry with the highest natural recovery", Mode.HIGHEST),
        Scenario("secular trend carried on", Mode.SECULAR),
    )


def level_groups(people: Sequence[Subject]) -> tuple[str, ...]:
    """Level groups that at least one person may belong to; all where levels are not known.

    >>> level_groups([])
    ()
    """
    found = []
    for name, (first, last) in LEVEL_GROUPS.items():
        for one in people:
            low, high = one.levels
            if (low is None or low <= last) and (high is None or high >= first):
                found.append(name)
                break
    return tuple(found)
