"""What is asked of the therapy in silico, and what it refuses: people, product, operation, drug, care.

Doses, delays and species outside the data are refused unless the user extrapolates on purpose; then the
list of what was extrapolated stands on every output. Hypothesis everywhere: nearly all of the graft is prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from saisei.chance.priors import Priors
from saisei.errors import InputError, UnsupportedError
from saisei.graft.priors import GRAFT_PRIORS
from saisei.lot.lot import Recipe
from saisei.params import parameter, value
from saisei.patient.care import Care
from saisei.patient.plan import Plan
from saisei.repair.graft_effect import REPAIR_PRIORS
from saisei.repair.plasticity import Stimulation

__all__ = ["HYPOTHESIS", "Method", "Operation", "Stimulation", "Therapy", "therapy_priors"]

HYPOTHESIS = (
    "hypothesis: nearly all of the graft is prior, not data; "
    "never a prognosis, a dose or the release of a lot"
)


_MOST_WORLDS = 1 << 22


class Method(StrEnum):
    """How the graft is followed."""

    HYBRID = "hybrid"  # single cells below the limit, means above
    DETERMINISTIC = "deterministic"  # means of every pool


@dataclass(frozen=True, slots=True)
class Operation:
    """How the product is given.

    Attributes:
        dose_cells: cells given; 0 is the sham that must change nothing.
        graft_day: first and last day after the injury; each person is operated on one day of it, not before
            the exam at enrolment.
        drug_days: days of immunosuppression from the graft on; 0 is none.
        match: share of the donor's HLA alleles that every host carries; None draws it from the population.
        fate: shares of neurons, astrocytes and oligodendrocytes among committed cells; None takes the lot's.
        spinal: whether the cells have spinal identity (forebrain cells get no host input).
        kill_day: day from the graft on which a suicide gene is set off; None is never.
        kill_share: share of cells that it kills.
    """

    dose_cells: float
    graft_day: tuple[int, int]
    drug_days: float
    match: float | None = None
    fate: tuple[float, float, float] | None = None
    spinal: bool = True
    kill_day: float | None = None
    kill_share: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.dose_cells < float("inf"):
            raise InputError(f"a dose of {self.dose_cells:g} cells: give 0 or more")
        if not 0 <= self.graft_day[0] <= self.graft_day[1]:
            raise InputError(
                f"graft day {self.graft_day[0]}-{self.graft_day[1]}: give two days after the injury, "
                "the earlier first, such as 14-28"
            )
        if not 0 <= self.drug_days < float("inf"):
            raise InputError(f"{self.drug_days:g} days of immunosuppression: give 0 or more")
        if self.match is not None and not 0 <= self.match <= 1:
            raise InputError(f"an HLA match of {self.match:g}: give a share from 0 to 1")
        if self.fate is not None and (min(self.fate) < 0 or abs(sum(self.fate) - 1) > 1e-9):
            raise InputError(
                f"fates {', '.join(f'{x:g}' for x in self.fate)}: give shares of neurons, astrocytes and "
                "oligodendrocytes that add up to 1, such as 0.45,0.45,0.1"
            )
        if self.kill_day is not None and self.kill_day < 0:
            raise InputError(
                f"kill day {self.kill_day:g}: give a day from the graft on, 0 or later"
            )
        if not 0 <= self.kill_share <= 1:
            raise InputError(f"a kill of {self.kill_share:g}: give a share from 0 to 1")


def therapy_priors(
    changed: Mapping[str, float | Sequence[float]] | None = None,
) -> Priors:
    """The priors of graft and repair; `changed` fixes one to a number or gives its law other numbers."""
    return Priors.packaged((*GRAFT_PRIORS, *REPAIR_PRIORS), changed)


@dataclass(frozen=True, slots=True)
class Therapy:
    """A run of the therapy in silico.

    Attributes:
        people: who is treated and when they are examined; its care must be the usual one.
        recipe: how lots are made; world w gets lot w.
        operation: how the product is given.
        care: training above usual care, in the arm with care and in the arm with graft.
        stimulation: paired stimulation, in the same two arms.
        priors: the priors of graft and repair.
        method: single cells, or means only.
        people_per_world: people who share one draw of every prior and one lot; 1 mixes worlds freely, the
            size of a trial gives trials.
        routes: ways of help that act (`trophic`, `myelin`, `relay`).
        extrapolate: whether settings outside the data are let through, marked.
        release: whether a lot must pass its release tests before it is given.

    Raises:
        UnsupportedError: a setting outside the data without `extrapolate`.
    """

    people: Plan
    operation: Operation
    recipe: Recipe = field(default_factory=Recipe)
    care: Care = field(default_factory=Care)
    stimulation: Stimulation = field(default_factory=Stimulation)
    priors: Priors = field(default_factory=therapy_priors)
    method: Method = Method.HYBRID
    people_per_world: int = 1
    routes: tuple[str, ...] = ("trophic", "myelin", "relay")
    extrapolate: bool = False
    release: bool = True

    def __post_init__(self) -> None:
        if self.people_per_world < 1:
            raise InputError(f"{self.people_per_world} people a world: give at least 1")
        if self.people.n > _MOST_WORLDS * self.people_per_world:
            raise InputError(
                f"{self.people.n} people in worlds of {self.people_per_world}: at most {_MOST_WORLDS} worlds"
            )
        if self.people.care != Care():
            raise InputError(
                "give care to the therapy, not to the people: twins are enrolled as one"
            )
        if self.people.attendance != replace(self.people).attendance:
            raise InputError("people of a therapy come to every visit")
        outside = self.extrapolated
        if outside and not self.extrapolate:
            raise UnsupportedError(
                f"outside the data: {'; '.join(outside)}. No animal or person supports it; ask for "
                "settings inside, or add --extrapolate and the outputs will say so"
            )

    @property
    def extrapolated(self) -> tuple[str, ...]:
        """What lies outside the data, in words; empty when nothing does."""
        found = []
        dose, (first, last) = self.operation.dose_cells, self.operation.graft_day
        low, high = _range("patient_therapy.dose_range")
        if dose and not low <= dose <= high:
            found.append(f"a dose of {dose:.3g} cells (data: {low:.3g} to {high:.3g})")
        early, late = _range("patient_therapy.delay_range_days")
        if first < early or last > late:
            found.append(f"a graft on day {first} to {last} (data: {early:g} to {late:g})")
        return tuple(found)

    @property
    def with_care(self) -> bool:
        """Whether care differs from the usual, so that there are three arms and not two."""
        return self.care != Care() or self.stimulation.sessions_week > 0

    @property
    def mri_days(self) -> tuple[float, ...]:
        """Days after the graft on which an MRI is taken."""
        content = parameter("patient_therapy.mri_days").value
        return content if isinstance(content, tuple) else (value("patient_therapy.mri_days"),)


def _range(id: str) -> tuple[float, float]:
    content = parameter(id).value
    if not isinstance(content, tuple) or len(content) != 2:
        raise InputError(f"{id} needs two numbers")
    return content[0], content[1]
