"""One treated person day by day beside the twin without cells; for pictures and for study.

Research use only: a made-up person, never the prognosis of a real one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, uniform_rows
from saisei.cord.anatomy import MUSCLES
from saisei.cord.injury import INJURY, draw_injury
from saisei.errors import InputError
from saisei.exam.isncsci.batch import classify_table
from saisei.graft.build import LUCK
from saisei.patient.cohort import Model
from saisei.patient.therapy import Therapy
from saisei.patient.treated import (
    Grafts,
    Treated,
    care_gain,
    course_of,
    effects_at,
    treat_chunk,
)
from saisei.repair.graft_effect import distances, front_mm, positions
from saisei.repair.natural import RATES, draw_rates, drives_at

__all__ = ["PersonYear", "person_year", "typical_person"]

Array = NDArray[np.float64]
_ROOM = 500
_HANDS = 4.0  # a level above C5 leaves most arm muscles below the graft


@dataclass(frozen=True, slots=True, eq=False)
class PersonYear:
    """One person of a therapy.

    Attributes:
        treated: the person as it stands in the run, with its visits.
        days: days after the injury, (k,).
        grafts: the graft at those days.
        drives: drive of the 21 muscles in each arm, (arms, k, 21).
        uems, lems: scores that an examiner would write on each of those days, (arms, k).
        front_mm: how far the leading axon has come, (k,).
        density: graft axons along the cord, (k, places), and the millimetres of those places.
        place_mm: millimetres from the top of C1.
        graft_mm: where the graft lies.
        edges_mm: the upper end of each segment and the end of the last.
        volume_mm3, clone_mm3: of the whole graft and of overgrowth, (k,).
    """

    treated: Treated
    days: NDArray[np.int64]
    grafts: Grafts
    drives: Array
    uems: Array
    lems: Array
    front_mm: Array
    density: Array
    place_mm: Array
    graft_mm: float
    edges_mm: Array
    volume_mm3: Array
    clone_mm3: Array


@compiled
def _drives(
    c: Array,
    r: Array,
    seed: int,
    person: int,
    attempt: int,
    days: NDArray[np.int64],
    effects: Array,
    drives: Array,
) -> None:
    x, rates, blocks = np.empty(INJURY), np.empty(RATES), np.empty(MUSCLES)
    draw_injury(c, seed, person, attempt, np.empty(_ROOM), x)
    draw_rates(r, seed, person, attempt, rates)
    for k in range(len(days)):
        drives_at(r, x, rates, float(days[k]), effects[k], drives[k], blocks)


def person_year(therapy: Therapy, person: int, model: Model, acceptance: float) -> PersonYear:
    """Person `person` of a therapy, day by day.

    Args:
        therapy: the run.
        person: its number, 0 to n - 1.
        model: the values of injury, course and exam.
        acceptance: about which share of people is eligible.

    Raises:
        InputError: there is no such person.
    """
    if not 0 <= person < therapy.people.n:
        raise InputError(
            f"there is no person {person} in a run of {therapy.people.n}: give 0 to {therapy.people.n - 1}"
        )
    found = treat_chunk(therapy, model, person, person + 1, acceptance)
    chunk, seed = found.natural, therapy.people.seed
    days = np.arange(0, int(chunk.days.max()) + 1, 2, dtype=np.int64)
    luck = uniform_rows(
        seed, chunk.persons, np.zeros(1, np.int64), PURPOSES["therapy_person"], LUCK
    )
    graft_day = found.course.graft_day
    grid = days[None, :].astype(np.float64)
    grafts = course_of(therapy, found.world, found.match, luck, graft_day, grid, chunk.persons)
    level = chunk.truth[:, 0, 2:4].astype(np.float64)
    mm, gain = distances(level), care_gain(therapy, model, found.world, days[None, :])
    none = Grafts(
        grafts.rows,
        grafts.wiring,
        graft_day,
        grafts.since,
        np.zeros_like(grafts.cells),
        grafts.seen_day,
    )
    plans = {"natural": (none, np.ones_like(gain)), "care": (none, gain), "graft": (grafts, gain)}
    drives, scores = [], []
    for arm in found.arms:
        effects = effects_at(plans[arm][0], mm, plans[arm][1])
        room = np.empty((len(days), MUSCLES))
        key = seed, person, int(chunk.attempts[0])
        _drives(model.cord, model.repair, *key, days, effects[0], room)
        exam, _ = model.examine(seed, chunk.persons, chunk.attempts, days[None, :], effects=effects)
        graded = classify_table(exam[0])
        drives.append(room)
        scores.append([graded.total("uems").astype(float), graded.total("lems").astype(float)])
    edges = positions()
    spot = float(np.interp(level.mean() + 1.0, np.arange(len(edges)), edges))
    places = np.linspace(0.0, edges[-1], 240)
    volume = grafts.volume[0]
    clone = grafts.cells[0, :, 5] * grafts.wiring.cell_volume[0]
    front = front_mm(grafts.wiring, grafts.since)[0]
    alive = grafts.cells[0, :, :5].sum(axis=1) > 0
    front = np.where(alive, front, np.nan)
    return PersonYear(
        found, days, grafts, np.array(drives), np.array([s[0] for s in scores]),
        np.array([s[1] for s in scores]), front, _density(grafts, front, places, spot), places, spot,
        edges, volume, clone,
    )  # fmt: skip


def _density(grafts: Grafts, front: Array, places: Array, spot: float) -> Array:
    """Graft axons that reach each place, (k, places), by the law of `saisei.repair.graft_effect`."""
    away = np.abs(places - spot)[None, :]
    wiring = grafts.wiring
    neurons = grafts.cells[0, :, 1] + grafts.cells[0, :, 2]
    axons = neurons * np.exp(-wiring.pruning[0] * np.maximum(grafts.since[0], 0.0))
    reached = away <= np.nan_to_num(front, nan=-1.0)[:, None]
    found: Array = axons[:, None] * np.exp(-away / wiring.decay[0]) * reached
    return found


def typical_person(treated: Treated) -> int | None:
    """The first person whose graft can help, is kept to the last visit and lies above the hands, or None.

    Most grafts do nothing or are lost; a picture of one of those would be empty, so this says which.
    """
    cells = treated.course.cells[:, -1, :5].sum(axis=1)
    high = treated.natural.truth[:, 0, 2:4].mean(axis=1) < _HANDS
    helped = ~treated.world.nil & (cells > 0) & high
    kept = treated.course.rows[:, _reject()] > treated.course.since[:, -1]
    found = np.flatnonzero(helped & kept)
    return int(treated.natural.persons[found[0]]) if found.size else None


def _reject() -> int:
    from saisei.graft.course import place

    return place("rejection_day")
