"""The chain as a function of its priors: a programme in people, and the same programme in rodents.

One row of uniforms is one world: every prior of graft and repair, the spike, and what is hidden in the lot.
People (a fixed panel with fixed luck) and animals answer to the same world, so an animal experiment can tell
about people only through what both share. Outputs are means over the panel. Hypothesis everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from saisei.cell_line.hla import draw_hosts, matched_share
from saisei.cell_line.line import pair
from saisei.chance.priors import Law
from saisei.chance.streams import PURPOSES, uniform_rows
from saisei.cord.anatomy import SPHINCTER
from saisei.errors import InputError
from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.record import COLUMNS
from saisei.graft.build import LUCK, Given, rows_of
from saisei.graft.course import OUT, follow, place
from saisei.lot.lot import FATES, LOT_FACTORS, draw_lots, truths_at
from saisei.params import parameter, value
from saisei.patient.cohort import Model, acceptance_of, simulate_chunk
from saisei.patient.sensitivity import Factor, Measurement, Question
from saisei.patient.therapy import Method, Therapy
from saisei.patient.treated import Grafts, World, care_gain, course_of, effects_at
from saisei.repair.graft_effect import distances, wiring_of
from saisei.repair.natural import E_BLOCK, E_GAIN, E_RELAY

__all__ = [
    "OUTPUTS",
    "RODENT_OUTPUTS",
    "Panel",
    "Programme",
    "basis_of",
    "joint_question",
    "measurements",
    "people_question",
    "rodent_question",
    "words_of",
]

Array = NDArray[np.float64]

OUTPUTS: dict[str, str] = {
    "motor_gain": "mean gain of the total motor score at the last visit, points",
    "motor_order": "the same gain by order of size, asinh(points / 0.1)",
    "log_cells": "graft cells at the last visit, log10(1 + cells)",
    "log_drive_gain": "relative gain of spared drive at the last visit, log10(0.0001 + gain)",
    "released": "share of the block that myelin released",
    "log_relay": "drive through relays to key muscles, share of normal, log10(1e-8 + drive)",
    "log_overgrowth": "chance that a person has a founder of overgrowth, log10",
    "rejected": "share of people whose graft was rejected by the last visit",
}
"""Outputs of a programme in people."""

RODENT_OUTPUTS: dict[str, str] = {
    "rodent_gain": "gain of the open-field score at the end, points of 9",
    "rodent_log_cells": "graft cells at the end, log10(1 + cells)",
    "rodent_neurons": "share of neurons in the graft at the end",
    "rodent_drive_gain": "relative gain of spared drive at the end",
}
"""Outputs of the same programme in rodents without rejection."""

# Floors and units of the scales on which heavy-tailed outputs are asked: below them is nothing.
_MOTOR_UNIT, _DRIVE_FLOOR, _RELAY_FLOOR = 0.1, 1e-4, 1e-8

_WORLDS = 256  # worlds at a time: their panel fits in memory
_PERSON = PURPOSES["therapy_person"]
_NIL_LABEL = "spike"
_FREE = ("rodent_score", "rodent_block")
_TOP_SCORE = 9.0
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The people whom every world treats.

    Attributes:
        persons, attempts: keys of their streams.
        day: (n, 1) day of the last visit after the injury.
        graft_day: (n,) day of the operation.
        luck: (n, LUCK) their own uniforms.
        match: (n,) share of the donor's HLA alleles that each carries.
        mm: (n, 21) distance from graft to muscles.
        motor: (n,) total motor score at the last visit without cells.
    """

    persons: NDArray[np.int64]
    attempts: NDArray[np.int64]
    day: NDArray[np.int64]
    graft_day: Array
    luck: Array
    match: Array
    mm: Array
    motor: Array


class Programme:
    """The chain from uniforms to outputs, for one therapy and a fixed panel.

    Args:
        therapy: what is asked; its number of people is the size of the panel.
        model: the values of injury, course and exam.

    Raises:
        InputError: nobody can be eligible.
    """

    def __init__(self, therapy: Therapy, model: Model | None = None) -> None:
        # Means of every pool: single cells would add noise that no prior makes.
        self.therapy = replace(therapy, method=Method.DETERMINISTIC)
        self.model = Model.packaged() if model is None else model
        self.panel = self._panel()
        self.uncertain = [one for one in therapy.priors.all if self._asked(one.id, one.law)]
        self.factors = self._factors()
        self._place = {one.name: k for k, one in enumerate(self.factors)}

    def _asked(self, name: str, law: Law) -> bool:
        """Whether a prior can move anything: not fixed, and not of a treatment that is not given."""
        silent = self.therapy.stimulation.sessions_week == 0 and "stimulation" in name
        return law is not Law.POINT and not silent

    def _factors(self) -> tuple[Factor, ...]:
        priors = [
            Factor(one.id, _NIL_LABEL if one.id == "repair_graft.nil_chance" else one.id)
            for one in self.uncertain
        ]
        lot = [
            Factor(f"lot.{one}", "lot.fate" if one in FATES else f"lot.{one}")
            for one in LOT_FACTORS
        ]
        fixed = set() if self.therapy.recipe.inhibitor else {"lot.committed", "lot.division_factor"}
        if self.therapy.operation.fate is not None:
            fixed |= {f"lot.{one}" for one in FATES}
        kept = [one for one in lot if one.name not in fixed]
        animals = [Factor(name, f"animals.{name}") for name in _FREE]
        return (*priors, Factor("nil", _NIL_LABEL), *kept, *animals)

    def _panel(self) -> Panel:
        plan = self.therapy.people
        chunk = simulate_chunk(plan, self.model, 0, plan.n, acceptance_of(plan, self.model))
        low, high = self.therapy.operation.graft_day
        luck = uniform_rows(
            plan.seed, chunk.persons, np.zeros_like(chunk.persons), _PERSON, LUCK + 1
        )
        first = np.clip(chunk.days[:, 0], low, high)
        day = np.minimum(first + np.floor(luck[:, LUCK] * (high - first + 1)), high)
        lots = draw_lots(plan.seed, chunk.persons, self.therapy.recipe)
        share = matched_share(draw_hosts(plan.seed, chunk.persons), lots.lines.haplotype)
        given = self.therapy.operation.match
        motor = _motor(chunk.codes[:, -1])
        return Panel(
            chunk.persons,
            chunk.attempts,
            chunk.days[:, -1:],
            np.maximum(day, chunk.days[:, 0]).astype(np.float64),
            luck[:, :LUCK],
            share if given is None else np.full(plan.n, given),
            distances(chunk.truth[:, 0, 2:4].astype(np.float64)),
            motor,
        )

    def worlds(self, u: Array) -> World:
        """The worlds of rows of uniforms (n, factors)."""
        n = len(u)

        def at(name: str) -> Array:
            column = u[:, self._place[name]] if name in self._place else np.full(n, 0.5)
            return np.ascontiguousarray(column)

        every = np.stack([at(one.id) for one in self.therapy.priors.all], axis=1)
        draws = self.therapy.priors.draw(every)
        lot = truths_at({name: at(f"lot.{name}") for name in LOT_FACTORS}, self.therapy.recipe)
        nil = at("nil") < draws["repair_graft.nil_chance"]
        return World(np.arange(n), draws, np.asarray(nil, dtype=np.bool_), lot)

    def people(self, u: Array) -> dict[str, Array]:
        """Outputs in people, and what measurements on people read, (n,) each."""
        parts = [self._people(u[at : at + _WORLDS]) for at in range(0, len(u), _WORLDS)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _people(self, u: Array) -> dict[str, Array]:
        panel, n, size = self.panel, len(u), len(self.panel.persons)
        world = _spread(self.worlds(u), size)
        graft_day = np.tile(panel.graft_day, n)
        end = np.tile(panel.day[:, 0].astype(np.float64), n)
        early = graft_day + value("patient_explain.early_days")
        whole = course_of(
            self.therapy, world, np.tile(panel.match, n), np.tile(panel.luck, (n, 1)), graft_day,
            np.stack([early, end], axis=1), np.tile(panel.persons, n),
        )  # fmt: skip
        last = replace(
            whole,
            since=np.ascontiguousarray(whole.since[:, 1:]),
            cells=np.ascontiguousarray(whole.cells[:, 1:]),
        )
        day = np.tile(panel.day, (n, 1))
        effects = effects_at(
            last, np.tile(panel.mm, (n, 1)), care_gain(self.therapy, self.model, world, day)
        )
        codes, _ = self.model.examine(
            self.therapy.people.seed, np.tile(panel.persons, n), np.tile(panel.attempts, n), day,
            effects=effects,
        )  # fmt: skip
        gain = (_motor(codes[:, 0]) - np.tile(panel.motor, n)).reshape(n, size)
        return self._read(world, whole, effects, gain)

    def _read(self, world: World, grafts: Grafts, effects: Array, gain: Array) -> dict[str, Array]:
        """Means over the panel of each world."""
        n, size = gain.shape

        def mean(x: Array) -> Array:
            return np.asarray(x.reshape(n, size).mean(axis=1))

        rows, sizes = grafts.rows, grafts.cells[:, :, :5].sum(axis=2)
        alive = rows[:, place("uncommitted")] + rows[:, place("committed")]
        founder = -np.expm1(-alive * world.lot["clone_rate"])
        end = self.panel.day[:, 0] - self.panel.graft_day
        volume = mean(sizes[:, 1] * rows[:, place("cell_volume")])
        relay = mean(effects[:, 0, E_RELAY : E_RELAY + SPHINCTER].mean(axis=1))
        tiny = 1e-12  # a log of nothing
        return {
            "motor_gain": gain.mean(axis=1),
            "motor_order": np.arcsinh(gain.mean(axis=1) / _MOTOR_UNIT),
            "motor_gain_within": gain.var(axis=1, ddof=1) if size > 1 else np.zeros(n),
            "log_cells": np.log10(1.0 + mean(sizes[:, 1])),
            "ln_cells_early": np.log(1.0 + mean(sizes[:, 0])),
            "ln_cells": np.log(1.0 + mean(sizes[:, 1])),
            "ln_volume": np.log(tiny + volume),
            "log_drive_gain": np.log10(_DRIVE_FLOOR + mean(effects[:, 0, E_GAIN]) - 1.0),
            "released": 1.0 - mean(effects[:, 0, E_BLOCK]),
            "relay": relay,
            "log_relay": np.log10(_RELAY_FLOOR + relay),
            "log_overgrowth": np.log10(tiny + mean(founder)),
            "rejected": mean((rows[:, place("rejection_day")] < np.tile(end, n)).astype(float)),
            "ln_potency": np.log(world.lot["potency"][::size]),
        }

    def rodents(self, u: Array) -> dict[str, Array]:
        """Outputs in rodents that reject nothing, and what is counted in them, (n,) each."""
        n, world = len(u), self.worlds(u)
        draws = {**world.draws, "graft.rejection_per_day": np.zeros(n)}
        one, none = np.ones(n), np.zeros(n)
        given = Given(
            dose=np.full(n, value("patient_explain.rodent_dose")), viability=world.lot["viability"],
            committed=world.lot["committed"], division_factor=world.lot["division_factor"],
            fate=world.lot["fate"], clone_rate=none, match=one, drug_days=none, scale=one,
            kill_day=np.full(n, np.inf), kill_share=none,
            half_oligodendrocytes=draws["repair_graft.half_oligodendrocytes_rodent"],
        )  # fmt: skip
        rows = rows_of(draws, given, np.full((n, LUCK), 0.5))
        day = value("patient_explain.rodent_graft_day")
        end = value("patient_explain.rodent_weeks") * _WEEK_DAYS - day
        early = min(value("patient_explain.early_days"), end)
        cells = _pools(rows, np.tile([early, end], (n, 1)))
        wiring = wiring_of(
            draws, nil=np.zeros(n, dtype=np.bool_), potency=world.lot["potency"],
            graft_day=np.full(n, day), scale=one, spinal=one, animal=True, routes=self.therapy.routes,
        )  # fmt: skip
        sizes = cells[:, :, :5].sum(axis=2)
        gain = wiring.trophic * sizes[:, 1] / (sizes[:, 1] + wiring.half_cells)
        released = -np.expm1(-wiring.myelin * cells[:, 1, 6])
        neurons = cells[:, 1, 1] + cells[:, 1, 2]
        return {
            "rodent_gain": self._open_field(u, gain, released),
            "rodent_log_cells": np.log10(1.0 + sizes[:, 1]),
            "rodent_ln_cells": np.log(1.0 + sizes[:, 1]),
            "rodent_ln_cells_early": np.log(1.0 + sizes[:, 0]),
            "rodent_neurons": neurons / np.maximum(sizes[:, 1], 1.0),
            "rodent_drive_gain": gain,
            "rodent_released": released,
            "rodent_overgrowth": -np.expm1(
                -(rows[:, place("uncommitted")] + rows[:, place("committed")])
                * world.lot["clone_rate"]
            ),
            "rodent_dividing": cells[:, 1, 0] / np.maximum(sizes[:, 1], 1.0),
        }

    def _open_field(self, u: Array, gain: Array, released: Array) -> Array:
        """Score with the graft less score of controls: the human curve through the controls' score."""
        mean, sd = pair("patient_explain.rodent_score")
        score = np.clip(mean + sd * ndtri(u[:, self._place["rodent_score"]]), 0.2, _TOP_SCORE - 0.2)
        block = betaincinv(*pair("patient_explain.rodent_block"), u[:, self._place["rodent_block"]])
        ratio = (1.0 + gain) * (1.0 - block * (1.0 - released)) / (1.0 - block)
        odds = score / (_TOP_SCORE - score) * ratio ** value("patient_explain.rodent_steepness")
        return np.asarray(_TOP_SCORE * odds / (1.0 + odds) - score)

    def by_basis(self, species: str) -> Question:
        """The question with factors grouped by what stands behind them: assumed, recalled, measured."""
        asked = people_question(self) if species == "people" else rodent_question(self)
        factors = tuple(Factor(one.name, basis_of(one.group)) for one in asked.factors)
        return Question(factors, asked.outputs, asked.evaluate)

    def both(self, u: Array) -> dict[str, Array]:
        """What people and rodents of the same worlds give."""
        return {**self.people(u), **self.rodents(u)}


def _motor(codes: NDArray[np.int8]) -> Array:
    graded = classify_table(np.ascontiguousarray(codes.reshape(-1, len(COLUMNS))))
    return graded.total("uems").astype(np.float64) + graded.total("lems")


def _spread(world: World, size: int) -> World:
    """Each world for each person of a panel."""
    return World(
        np.repeat(world.numbers, size),
        {name: np.repeat(x, size) for name, x in world.draws.items()},
        np.repeat(world.nil, size),
        {name: np.repeat(x, size, axis=0) for name, x in world.lot.items()},
    )


def _pools(rows: Array, since: Array) -> Array:
    cells = np.empty((*since.shape, OUT))
    follow(rows, np.ascontiguousarray(since), value("graft.step_days"), cells, np.empty(len(rows)))
    return cells


def people_question(programme: Programme) -> Question:
    """What makes the spread of outputs in people; factors of the animals alone stay out."""
    kept = tuple(one for one in programme.factors if one.name not in _FREE)
    return Question(kept, OUTPUTS, programme.people)


def rodent_question(programme: Programme) -> Question:
    """What makes the spread of outputs in rodents."""
    return Question(programme.factors, RODENT_OUTPUTS, programme.rodents)


def joint_question(programme: Programme, species: str) -> Question:
    """The outputs of one species, with what can be measured in both."""
    if species not in ("people", "rodents"):
        raise InputError(f"species {species!r}: give people or rodents")
    outputs = OUTPUTS if species == "people" else RODENT_OUTPUTS
    return Question(programme.factors, outputs, programme.both)


def measurements() -> list[Measurement]:
    """What could be measured, in rodents and in people, with assumed errors."""
    e = {name: value(f"patient_explain.{name}") for name in (
        "count_error", "share_error", "volume_error", "potency_error", "rejection_error", "relay_error",
        "release_error", "rodent_error", "motor_sd", "trial_people",
    )}  # fmt: skip
    animals = int(value("patient_explain.tumour_animals"))
    trial = e["motor_sd"] * float(np.sqrt(2.0 / e["trial_people"]))
    return [
        Measurement(
            "trial", f"people: randomised trial, {e['trial_people']:.0f} an arm, motor score",
            ("motor_gain",), (trial,),
        ),
        Measurement("conduction", "people: conduction times", ("released",), (e["release_error"],)),
        Measurement("relay", "people: potentials with the graft silenced", ("relay",), (e["relay_error"],)),
        Measurement("imaging", "people: volume of a labelled graft", ("ln_volume",), (e["volume_error"],)),
        Measurement("autopsy", "people: cells counted at autopsy", ("ln_cells",), (e["count_error"],)),
        Measurement("rejection", "people: antibodies or biopsy", ("rejected",), (e["rejection_error"],)),
        Measurement("potency", "lot: a potency assay", ("ln_potency",), (e["potency_error"],)),
        Measurement(
            "rodent score", "rodents: open field, ten a group, this lot", ("rodent_gain",),
            (e["rodent_error"],),
        ),
        Measurement(
            "rodent counts", "rodents: cells counted at a month and at the end",
            ("rodent_ln_cells_early", "rodent_ln_cells"), (e["count_error"], e["count_error"]),
        ),
        Measurement(
            "rodent lineage", "rodents: shares of neurons and of undecided cells",
            ("rodent_neurons", "rodent_dividing"), (e["share_error"], e["share_error"]),
        ),
        Measurement(
            "rodent myelin", "rodents: share of block released, by conduction", ("rodent_released",),
            (e["release_error"],),
        ),
        Measurement(
            "rodent tumours", f"rodents: tumours in {animals} animals kept long, this line",
            ("rodent_overgrowth",), (0.0,), animals,
        ),
        Measurement(
            "rodent all", "rodents: score, counts and lineage together",
            ("rodent_gain", "rodent_ln_cells_early", "rodent_ln_cells", "rodent_neurons"),
            (e["rodent_error"], e["count_error"], e["count_error"], e["share_error"]),
        ),
    ]  # fmt: skip


_LOT_VALUES = {
    "lot.residual": "lot.residual", "lot.viability": "lot.viability", "lot.potency": "lot.potency_sd",
    "lot.fate": "lot.fate", "lot.committed": "lot.inhibitor_committed",
    "lot.division_factor": "lot.inhibitor_division", "lot.clone_rate": "cell_line.clone_rate_clinical",
    "animals.rodent_score": "patient_explain.rodent_score",
    "animals.rodent_block": "patient_explain.rodent_block",
}  # fmt: skip


def basis_of(group: str) -> str:
    """What stands behind a group of factors: the spike, or `assumed`, `recalled`, `measured`, `fitted` ..."""
    if group == _NIL_LABEL:
        return _NIL_LABEL
    record = parameter(_LOT_VALUES.get(group, group))
    return record.mark or record.basis.value


def words_of(group: str) -> str:
    """A group of factors in words."""
    if group == _NIL_LABEL:
        return "whether the programme does anything at all (the spike)"
    fixed = {
        "lot.residual": "residual cells of the lot", "lot.viability": "viability of the lot",
        "lot.potency": "hidden potency of the lot", "lot.fate": "fates of the lot's cells",
        "lot.committed": "cells committed by the inhibitor",
        "lot.division_factor": "slowing of division by the inhibitor",
        "lot.clone_rate": "hidden chance of overgrowth of the line",
        "animals.rodent_score": "score of the controls", "animals.rodent_block": "block left in controls",
    }  # fmt: skip
    return fixed.get(group) or parameter(group).meaning
