"""The generator of virtual patients as a model of natural recovery for the shift test.

Takes subjects; gives the grades at follow-up of virtual people whose baseline exam shows the same, one row
for each draw of the generator's posterior. It answers the main question only: it knows no registries, so
it has no highest one. What the record leaves open is filled in as for the landmark model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from saisei.evidence.generator_digest import generator_digest
from saisei.evidence.motor_people import Source, Wanted, sources, virtual_people
from saisei.evidence.persons import Subject
from saisei.evidence.shift_model import asked_of
from saisei.evidence.shift_partial import Rates
from saisei.evidence.shift_scenarios import Mode, Scenario
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.params import parameter, value

__all__ = ["GeneratorModel", "wanted_of"]

F64 = NDArray[np.float64]
GRADES = 5
_LETTERS = "".join(AIS)
Key = tuple[Wanted, float | None, Scenario]


def wanted_of(one: Subject, rank: int, scenario: Scenario, follow: float | None = None) -> Wanted:
    """Such a person, graded `rank` at baseline, as the generator is asked for them.

    Args:
        one: the person as the record has it.
        rank: of the grade at baseline, A to D.
        scenario: level group and exam day may be set in it.
        follow: day of the follow-up; that of the record when None.
    """
    levels, days, end = asked_of(one, scenario, follow)
    if days is None:
        unknown = parameter("evidence.landmark_unknown_exam_days").value
        assert isinstance(unknown, tuple)
        days = unknown[0], min(unknown[1], end - 1)
    last = min(round(end), int(value("patient.last_day")))
    exam = max(0, round(days[0])), max(0, min(round(days[1]), last - 1))
    return Wanted(_LETTERS[rank], levels or (Level.C1, Level.T12), exam, last)


@dataclass(frozen=True)
class GeneratorModel:
    """The generator, asked as the landmark model is.

    Attributes:
        draws: of its posterior; the mode alone when 0.
        people: virtual people for each draw.
        seed: of the people; the motor seed when None.
    """

    draws: int = 16
    people: int = 1500
    seed: int | None = None
    _kept: dict[Key, F64] = field(default_factory=dict, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Digest of the inputs of the fit."""
        return generator_digest()

    @property
    def fitted_rows(self) -> frozenset[str]:
        """Ids of published rows: the generator is fitted to other figures, so none."""
        return frozenset()

    @property
    def registries(self) -> tuple[str, ...]:
        """None: the generator knows one population."""
        return ()

    def offers(self, mode: Mode) -> bool:
        """Only the main reading."""
        return mode is Mode.MAIN

    def rates(self, people: Sequence[Subject], scenario: Scenario) -> Rates:
        """Rates of these people; the draw index is that of the generator's posterior."""
        return self.rates_at(people, scenario, None)

    def rates_at(
        self, people: Sequence[Subject], scenario: Scenario, follow: float | None
    ) -> Rates:
        """As `rates`, at another day of follow-up after the injury."""
        found: dict[int, F64] = {}
        for rank in sorted({rank for one in people for rank in one.baselines}):
            columns = [
                self._one(
                    one, rank if rank in one.baselines else one.baselines[0], scenario, follow
                )
                for one in people
            ]
            found[rank] = np.stack(columns, axis=1)
        return Rates(found)

    def _one(self, one: Subject, rank: int, scenario: Scenario, follow: float | None) -> F64:
        if _LETTERS[rank] == "E":
            return np.tile(np.eye(GRADES)[GRADES - 1], (max(1, self.draws), 1))
        wanted = wanted_of(one, rank, scenario, follow)
        year = (
            value("evidence.landmark_first_year")
            if scenario.mode is Mode.EARLY_ERA
            else one.injury_year
        )
        key = (wanted, year, scenario)
        if key not in self._kept:
            mode, *others = sources(year, self.draws)
            self._kept[key] = np.stack([self._shares(wanted, s) for s in (others or [mode])])
        return self._kept[key]

    def _shares(self, wanted: Wanted, source: Source) -> F64:
        people = self.people if source.draw is not None else 8 * self.people
        found = virtual_people(wanted, source, people, self.seed)
        return np.bincount(found.grade[:, 1], minlength=GRADES)[:GRADES] / len(found)
