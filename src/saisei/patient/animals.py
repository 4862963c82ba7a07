"""A rodent of one page: grafts in animals, for checks of direction and nulls. Fitted to nothing.

    D(t) = s (1 - b(t)) P(t) (1 + q)(1 + E) + D_rel,   score = top D^h/(D^h + 1),   D in half-function drives

The graft is the one of people with the lesion of a rodent, the animal's effect (no bridge, no spike) and the
faster front of rodents; human cells keep human tempo. Animals of an experiment share a world: one draw of
every prior and one lot. Immunodeficient animals reject nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from saisei.chance.priors import Priors
from saisei.chance.streams import PURPOSES, fill_normals, uniform_rows
from saisei.cord.anatomy import MUSCLES
from saisei.errors import InputError, UnsupportedError
from saisei.graft.build import LUCK, Given, rows_of
from saisei.graft.course import OUT, follow
from saisei.lot.lot import Recipe, draw_lots
from saisei.params import parameter, value
from saisei.patient.therapy import therapy_priors
from saisei.patient.treated import World, draw_world, lot_columns
from saisei.repair.graft_effect import effects_of, wiring_of
from saisei.repair.natural import E_BLOCK, E_GAIN, E_PRESSURE, E_RELAY, EFFECT
from saisei.repair.plasticity import Stimulation, stimulation_gain

__all__ = ["SPECIES", "Experiment", "Group", "run_group"]

Array = NDArray[np.float64]
_PERSON, _EXAM, _INJURY = (PURPOSES[one] for one in ("therapy_person", "examiner_exam", "injury"))
_TARGET = 6  # L3, a leg muscle: no arm penalty


SPECIES = ("mouse", "rat", "marmoset", "rhesus")
"""Animals with a size of lesion, in the order of `graft.lesion_scale_animals`."""


def pair_of(id: str, length: int) -> tuple[float, ...]:
    """A value that is so many numbers."""
    content = parameter(id).value
    if not isinstance(content, tuple) or len(content) != length:
        raise InputError(f"{id} needs {length} numbers")
    return content


@dataclass(frozen=True, slots=True)
class Experiment:
    """One group of animals, repeated in many worlds.

    Attributes:
        dose: cells; 0 is the control.
        graft_day: day of the graft after the injury.
        days: days after the injury on which the score is read, rising.
        animals: animals a group.
        top: the top of the score: 9 for BMS, 21 for BBB.
        training: sessions of training, as paired stimulation in people.
        recipe: how lots are made.
        immunodeficient: whether nothing is rejected; else mismatched and without drugs.
        kill_day: day from the graft on which a toxin kills it; None is never.
        kill_share: how much of it.
        spinal: whether cells have spinal identity.
        routes: ways of help that act.
        species: a name of `SPECIES`; only the volume of the lesion differs.
        extrapolate: whether settings outside the data are let through, named by `extrapolated`.
    """

    dose: float
    graft_day: float
    days: tuple[float, ...]
    animals: int = 10
    top: float = 9.0
    training: Stimulation = field(default_factory=Stimulation)
    recipe: Recipe = field(default_factory=Recipe)
    immunodeficient: bool = True
    kill_day: float | None = None
    kill_share: float = 1.0
    spinal: bool = True
    routes: tuple[str, ...] = ("trophic", "myelin", "relay")
    species: str = "mouse"
    extrapolate: bool = True

    def __post_init__(self) -> None:
        if self.species not in SPECIES:
            raise InputError(
                f"species {self.species!r}: there are {', '.join(SPECIES)}; people are treated by "
                "`saisei therapy simulate`"
            )
        if self.animals < 1 or self.dose < 0 or not 0 < self.top < float("inf"):
            raise InputError("give at least one animal a group and a dose of 0 or more cells")
        if list(self.days) != sorted(set(self.days)) or not self.days or self.days[0] < 0:
            raise InputError("give the days of reading, 0 or later, each once, early ones first")
        outside = self.extrapolated
        if outside and not self.extrapolate:
            raise UnsupportedError(
                f"outside the data: {'; '.join(outside)}. Ask for settings inside, or add --extrapolate and "
                "the outputs will say so"
            )

    @property
    def scale(self) -> float:
        """Volume of the lesion over that of a mouse."""
        return pair_of("graft.lesion_scale_animals", len(SPECIES))[SPECIES.index(self.species)]

    @property
    def extrapolated(self) -> tuple[str, ...]:
        """What lies outside the data, in words; empty when nothing does."""
        low, high = pair_of("patient_animals.dose_range", 2)
        early, late = pair_of("patient_animals.delay_range_days", 2)
        found = []
        if self.species not in ("mouse", "rat"):
            found.append(f"a {self.species} as a larger rodent (data: mouse, rat)")
        if self.dose and not low <= self.dose <= high:
            found.append(f"a dose of {self.dose:.3g} cells (data: {low:.3g} to {high:.3g})")
        if self.dose and not early <= self.graft_day <= late:
            found.append(f"a graft on day {self.graft_day:g} (data: {early:g} to {late:g})")
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A group in many worlds.

    Attributes:
        true: mean score without reading noise, (worlds, animals, days).
        read: as it is read.
        cells: pools, (worlds, animals, days, OUT).
        volume: of graft and clones, (worlds, animals, days), mm3.
        free: free volume, (worlds,), mm3.
        effects: factors that reached the host, (worlds, animals, days, EFFECT).
    """

    true: Array
    read: Array
    cells: Array
    volume: Array
    free: Array
    effects: Array


def run_group(plan: Experiment, seed: int, worlds: int, priors: Priors | None = None) -> Group:
    """Run a group in worlds 0 to `worlds` - 1; a control is the same animals with a dose of 0.

    Args:
        plan: the group.
        seed: the key; groups of one seed share their animals and worlds, so they are twins.
        worlds: how many draws of every prior and lot.
        priors: the priors; the packaged ones by default.
    """
    numbers = np.repeat(np.arange(worlds, dtype=np.int64), plan.animals)
    persons = np.arange(len(numbers), dtype=np.int64)
    own = np.arange(worlds, dtype=np.int64)
    lots = draw_lots(seed, own, plan.recipe)
    world = draw_world(priors or therapy_priors(), seed, numbers, lot_columns(lots, numbers))
    luck = uniform_rows(seed, persons, np.zeros_like(persons), _PERSON, LUCK)
    rows = rows_of(_hosted(world, plan), _given(plan, world), luck)
    days = np.tile(np.array(plan.days), (len(persons), 1))
    since = days - plan.graft_day
    cells = np.empty((*since.shape, OUT))
    follow(rows, since, value("graft.step_days"), cells, np.empty(len(rows)))
    effects = _effects(plan, world, cells, since, days)
    true = _scores(plan, seed, persons, days, effects)
    noise = np.empty(true.shape)
    for i in persons:
        fill_normals(noise[i], seed, int(i), 0, _EXAM, 0)
    read = np.clip(
        true + value("patient_animals.score_noise") * plan.top / 9.0 * noise, 0, plan.top
    )
    shape = (worlds, plan.animals, len(plan.days))
    volume = cells[:, :, :6].sum(axis=2) * world.draws["graft.cell_volume_mm3"][:, None]
    return Group(
        true.reshape(shape),
        read.reshape(shape),
        cells.reshape(*shape, OUT),
        volume.reshape(shape),
        plan.scale * world.draws["graft.free_volume_rodent_mm3"].reshape(shape[:2])[:, 0],
        effects.reshape(*shape, EFFECT),
    )


def _hosted(world: World, plan: Experiment) -> dict[str, Array]:
    draws = dict(world.draws)
    if plan.immunodeficient:
        draws["graft.rejection_per_day"] = np.zeros(len(world.numbers))
    return draws


def _given(plan: Experiment, world: World) -> Given:
    n = len(world.numbers)
    one = np.ones(n)
    return Given(
        dose=plan.dose * one,
        viability=world.lot["viability"],
        committed=world.lot["committed"],
        division_factor=world.lot["division_factor"],
        fate=world.lot["fate"],
        clone_rate=world.lot["clone_rate"],
        match=0.0 * one,
        drug_days=0.0 * one,
        scale=plan.scale * one,
        kill_day=(np.inf if plan.kill_day is None else plan.kill_day) * one,
        kill_share=plan.kill_share * one,
        half_oligodendrocytes=world.draws["repair_graft.half_oligodendrocytes_rodent"]
        * plan.scale ** world.draws["repair_graft.volume_scaling"],
    )


def _effects(plan: Experiment, world: World, cells: Array, since: Array, days: Array) -> Array:
    n = len(world.numbers)
    wiring = wiring_of(
        world.draws,
        nil=np.zeros(n, dtype=np.bool_),
        potency=world.lot["potency"],
        graft_day=np.full(n, plan.graft_day),
        scale=np.full(n, plan.scale),
        spinal=np.full(n, 1.0 if plan.spinal else 0.0),
        animal=True,
        routes=plan.routes,
    )
    mm = np.full((n, MUSCLES), value("patient_animals.target_mm"))
    fibres = np.full(MUSCLES, value("patient_animals.fibres"))
    gain = stimulation_gain(plan.training, world.draws, days)
    effects = np.empty((*since.shape, EFFECT))
    effects_of(wiring.table(), cells, since, mm, gain, 0.0, fibres, effects)
    return effects


def _scores(
    plan: Experiment, seed: int, persons: NDArray[np.int64], days: Array, effects: Array
) -> Array:
    content = pair_of("patient_animals.log_drive", 2)
    z = np.empty((len(persons), 1))
    for i in persons:
        fill_normals(z[i], seed, int(i), 0, _INJURY, 0)
    spared = np.exp(content[0] + content[1] * z)
    block = value("patient_animals.block") * np.exp(-days / value("patient_animals.block_days"))
    block = np.minimum(1.0, block * effects[:, :, E_BLOCK] + effects[:, :, E_PRESSURE])
    plastic = 1.0 - (1.0 - value("patient_animals.plasticity_start")) * np.exp(
        -days / value("patient_animals.plasticity_days")
    )
    drive = spared * (1.0 - block) * plastic * effects[:, :, E_GAIN]
    # Relay drive is a share of normal; half function needs the share that people need.
    drive = drive + effects[:, :, E_RELAY + _TARGET] / value("repair.half_drive")
    power = drive ** value("patient_animals.slope")
    score: Array = plan.top * power / (power + 1.0)
    return score
