"""The chain at work: from a donor and a lot through graft and repair to the exam, beside the twin without.

A person, with all streams, is the same in every arm; arms differ in care and cells, never in a draw. A world
is one draw of every prior and one lot; person i belongs to world i // people_per_world. Nothing depends on
the batch or on the number of workers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.cell_line.hla import draw_hosts, matched_share
from saisei.chance.priors import Priors
from saisei.chance.streams import PURPOSES, fill_normals, uniform_rows
from saisei.cord.values import cord_values
from saisei.errors import InputError
from saisei.exam.isncsci.batch import GradedTable, classify_table
from saisei.exam.isncsci.record import COLUMNS
from saisei.graft.build import LUCK, Given, rows_of
from saisei.graft.check import StepCheck, check_step
from saisei.graft.course import OUT, OUT_NAMES, follow, place
from saisei.graft.leaps import leap
from saisei.lot.lot import Lots, Recipe, draw_lots
from saisei.lot.release import readings
from saisei.params import value
from saisei.patient.care import hours_at
from saisei.patient.cohort import (
    CHUNK,
    Chunk,
    Model,
    acceptance_of,
    drive_per_point,
    simulate_chunk,
)
from saisei.patient.therapy import Method, Therapy
from saisei.repair.graft_effect import TARGET_FIBRES, Wiring, distances, effects_of, wiring_of
from saisei.repair.natural import E_BLOCK, E_GAIN, E_PRESSURE, E_RELAY, EFFECT
from saisei.repair.plasticity import stimulation_gain

__all__ = [
    "OUT_NAMES", "Grafts", "Treated", "World", "care_gain", "check_therapy", "course_of",
    "distances", "draw_world", "effects_at", "given_of", "lot_columns", "place", "released_lots",
    "respond", "treat", "treat_chunk",
]  # fmt: skip

Array = NDArray[np.float64]
_WORLD, _PERSON = PURPOSES["therapy_world"], PURPOSES["therapy_person"]
_SCANNER = PURPOSES["scanner"]
_SERIES = 1 << 22  # from one lot of a world to its next
_MOST_LOTS = 200
_DAY = LUCK  # the uniform that picks the day of the operation


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One draw of everything uncertain for each of some people.

    Attributes:
        numbers: (n,) the world of each person.
        draws: values of the priors, by id, (n,).
        nil: (n,) whether the programme has no motor effect (the spike).
        lot: what the lot gives, by name, (n,) or (n, 3): see `lot_columns`.
    """

    numbers: NDArray[np.int64]
    draws: Mapping[str, Array]
    nil: NDArray[np.bool_]
    lot: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Grafts:
    """The grafts of some people.

    Attributes:
        rows: (n, ROW) what each was followed by.
        wiring: how each reaches its host.
        graft_day: (n,) day of the operation after the injury.
        since: (n, times) days from it.
        cells: (n, times, OUT) pools, see `course.OUT_NAMES`.
        seen_day: (n,) day from the graft on which an overgrowth reaches the visible size; infinite if never.
    """

    rows: Array
    wiring: Wiring
    graft_day: Array
    since: Array
    cells: Array
    seen_day: Array

    @property
    def volume(self) -> Array:
        """Volume of graft and clones, (n, times), mm3."""
        cells = self.cells[:, :, :6].sum(axis=2)
        return np.asarray(cells * self.wiring.cell_volume[:, None], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Treated:
    """A run of people in all arms.

    Attributes:
        natural: the people without cells and with usual care.
        arms: names of the arms, `natural` first.
        codes: for each arm, the exams (n, visits, 136).
        graded: for each arm, their grading.
        effects: for each arm, the factors that reached the host, (n, visits, EFFECT).
        world: what was drawn.
        lots: the lots of the worlds of these people, and `lot_at` the place of each person's lot.
        match: (n,) share of the donor's HLA alleles that the host carries.
        course: the grafts at the visits.
        images: the grafts on the days of MRI.
        mri_mm3: (n, images) volume of overgrowth as read; 0 where none is seen.
    """

    natural: Chunk
    arms: tuple[str, ...]
    codes: tuple[NDArray[np.int8], ...]
    graded: tuple[GradedTable, ...]
    effects: tuple[Array, ...]
    world: World
    lots: Lots
    lot_at: NDArray[np.int64]
    match: Array
    course: Grafts
    images: Grafts
    mri_mm3: Array


def lot_columns(lots: Lots, at: NDArray[np.int64]) -> dict[str, Array]:
    """What a graft takes from a lot, for people with lots at these places."""
    return {
        "viability": lots.viability[at],
        "committed": lots.committed[at],
        "division_factor": lots.division_factor[at],
        "fate": lots.fate[at],
        "clone_rate": lots.clone_rate[at],
        "residual": lots.residual[at],
        "potency": lots.potency[at],
    }


def released_lots(
    seed: int, worlds: NDArray[np.int64], recipe: Recipe, *, release: bool = True
) -> Lots:
    """The lot of each world: the first of its own series that passes every release test.

    World w makes lots w, w + 2**22, w + 2 * 2**22 and so on, so a lot depends on (seed, its number) alone.

    Args:
        seed: the key.
        worlds: numbers of worlds, (n,), each below 2**22.
        recipe: how lots are made.
        release: whether they must pass; else the first lot of each world is taken.

    Raises:
        InputError: a world in which no lot passes in many tries.
    """
    numbers = worlds.copy()
    if release:
        waiting = np.arange(len(worlds))
        for _ in range(_MOST_LOTS):
            found = readings(draw_lots(seed, numbers[waiting], recipe))
            passed = np.logical_and.reduce([passes for _, passes in found.values()])
            waiting = waiting[~passed]
            if not waiting.size:
                break
            numbers[waiting] += _SERIES
        else:
            raise InputError(
                f"none of {_MOST_LOTS} lots passed its release tests in {waiting.size} of "
                f"{len(worlds)} worlds: mend the recipe, or take lots without release"
            )
    return draw_lots(seed, numbers, recipe)


def draw_world(
    priors: Priors, seed: int, numbers: NDArray[np.int64], lot: Mapping[str, Array]
) -> World:
    """The priors of the worlds of people; a world depends on (seed, its number) alone."""
    k = len(priors.all)
    u = uniform_rows(seed, numbers, np.zeros_like(numbers), _WORLD, k + 1)
    draws = priors.draw(u[:, :k])
    nil = u[:, k] < draws["repair_graft.nil_chance"]
    return World(numbers, draws, np.asarray(nil, dtype=np.bool_), lot)


def given_of(therapy: Therapy, world: World, match: Array) -> Given:
    """What is put in, from the plan, the world and the HLA match."""
    op, n = therapy.operation, len(world.numbers)
    scale = world.draws["graft.lesion_scale_human"]
    fate = world.lot["fate"] if op.fate is None else np.tile(np.array(op.fate), (n, 1))
    return Given(
        dose=np.full(n, op.dose_cells),
        viability=world.lot["viability"],
        committed=world.lot["committed"],
        division_factor=world.lot["division_factor"],
        fate=fate,
        clone_rate=world.lot["clone_rate"],
        match=match if op.match is None else np.full(n, op.match),
        drug_days=np.full(n, op.drug_days),
        scale=scale,
        kill_day=np.full(n, np.inf if op.kill_day is None else op.kill_day),
        kill_share=np.full(n, op.kill_share),
        half_oligodendrocytes=world.draws["repair_graft.half_oligodendrocytes_rodent"]
        * scale ** world.draws["repair_graft.volume_scaling"],
    )


def course_of(
    therapy: Therapy,
    world: World,
    match: Array,
    luck: Array,
    graft_day: Array,
    days: Array,
    persons: NDArray[np.int64],
) -> Grafts:
    """Follow the grafts of people to days after the injury that rise along each row.

    Args:
        therapy: the plan.
        world: what is drawn for each person.
        match: share of the donor's HLA alleles that each host carries.
        luck: uniforms of the people, (n, LUCK).
        graft_day: day of each operation after the injury, (n,).
        days: days after the injury, (n, times).
        persons: keys of the streams of single cells.
    """
    given = given_of(therapy, world, match)
    rows = rows_of(world.draws, given, luck)
    since = np.ascontiguousarray(days - graft_day[:, None])
    cells, seen = np.empty((*since.shape, OUT)), np.empty(len(rows))
    if therapy.method is Method.DETERMINISTIC:
        follow(rows, since, value("graft.step_days"), cells, seen)
    else:
        limit = value("graft.leap_cells")
        leap(
            rows, since, value("graft.leap_days"), limit, therapy.people.seed, persons, cells, seen
        )
    wiring = wiring_of(
        world.draws,
        nil=world.nil,
        potency=world.lot["potency"],
        graft_day=graft_day,
        scale=given.scale,
        spinal=np.full(len(rows), 1.0 if therapy.operation.spinal else 0.0),
        routes=therapy.routes,
    )
    return Grafts(rows, wiring, graft_day, since, cells, seen)


def care_gain(therapy: Therapy, model: Model, world: World, days: NDArray[np.int64]) -> Array:
    """The factor of training and stimulation on spared drive at days after the injury, (n, visits)."""
    gain = stimulation_gain(therapy.stimulation, world.draws, days.astype(np.float64))
    effect = therapy.care.points_per_hour(therapy.people.seed)
    if effect != 0.0:
        gain = gain * np.exp(hours_at(therapy.care, days) * (effect * drive_per_point(model)))
    return np.asarray(gain, dtype=np.float64)


def effects_at(course: Grafts, mm: Array, gain: Array) -> Array:
    """The factors that reach the host, (n, times, EFFECT).

    Args:
        course: the grafts.
        mm: distances from graft to muscles, (n, 21).
        gain: factor of care on spared drive, (n, times).
    """
    effects = np.empty((*course.since.shape, EFFECT))
    table, penalty = course.wiring.table(), float(cord_values()[_arm()])
    effects_of(table, course.cells, course.since, mm, gain, penalty, TARGET_FIBRES, effects)
    return effects


def _arm() -> int:
    from saisei.cord.values import CORD, places

    return places(CORD)["arm_penalty"]


def _no_cells(like: Grafts) -> Grafts:
    return Grafts(
        like.rows, like.wiring, like.graft_day, like.since, np.zeros_like(like.cells), like.seen_day
    )


def treat_chunk(
    therapy: Therapy, model: Model, first: int, last: int, acceptance: float = 1.0
) -> Treated:
    """The people `first` to `last` - 1 in every arm.

    Args:
        therapy: what is asked for.
        model: the values of injury, course and exam.
        first, last: numbers of people; `last` is not among them.
        acceptance: about which share is eligible, to search in steps of a fitting size.
    """
    return _treat(therapy, model, simulate_chunk(therapy.people, model, first, last, acceptance))


def _treat(therapy: Therapy, model: Model, chunk: Chunk) -> Treated:
    seed, persons = therapy.people.seed, chunk.persons
    worlds = persons // therapy.people_per_world
    own, lot_at = np.unique(worlds, return_inverse=True)
    lots = released_lots(seed, own, therapy.recipe, release=therapy.release)
    world = draw_world(therapy.priors, seed, worlds, lot_columns(lots, lot_at))
    match = matched_share(draw_hosts(seed, persons), lots.lines.haplotype[lot_at])
    luck = uniform_rows(seed, persons, np.zeros_like(persons), _PERSON, LUCK + 1)
    graft_day = _graft_day(therapy, luck[:, _DAY], chunk.days[:, 0])
    course, images = _followed(therapy, world, match, luck, graft_day, chunk)
    arms, effects = _arms(therapy, model, chunk, world, course)
    codes, graded = [chunk.codes], [chunk.graded]
    for effect in effects[1:]:
        exam, _ = model.examine(seed, persons, chunk.attempts, chunk.days, effects=effect)
        codes.append(exam)
        graded.append(classify_table(exam.reshape(-1, len(COLUMNS))))
    return Treated(
        chunk, tuple(arms), tuple(codes), tuple(graded), tuple(effects), world, lots, lot_at,
        match if therapy.operation.match is None else np.full(len(persons), therapy.operation.match),
        course, images, _scan(seed, persons, images),
    )  # fmt: skip


def _arms(
    therapy: Therapy, model: Model, chunk: Chunk, world: World, course: Grafts
) -> tuple[list[str], list[Array]]:
    """Names of the arms and the factors that reach the host in each."""
    mm = distances(chunk.truth[:, 0, 2:4].astype(np.float64))
    gain = care_gain(therapy, model, world, chunk.days)
    arms, effects = ["natural"], [effects_at(_no_cells(course), mm, np.ones_like(gain))]
    if therapy.with_care:
        arms.append("care")
        effects.append(effects_at(_no_cells(course), mm, gain))
    arms.append("graft")
    effects.append(effects_at(course, mm, gain))
    return arms, effects


def respond(
    therapy: Therapy,
    model: Model,
    hosts: Chunk,
    world: World,
    match: Array,
    luck: Array,
    graft_day: Array,
) -> dict[str, Array]:
    """Named outcomes of grafts in hosts, a pure function of its arguments: for sensitivity and information.

    Args:
        therapy: the plan; its priors are not drawn from.
        model: the values of injury, course and exam.
        hosts: people with their natural course, one a row of the other arguments; may be repeated.
        world: the value of every prior (by id), the spike, and what the lot gives (see `lot_columns`).
        match: share of the donor's HLA alleles that each host carries, (n,).
        luck: uniforms of the graft (survival, rejection, founders), (n, LUCK).
        graft_day: day of each operation after the injury, (n,).

    Returns:
        For each host at its last visit: `uems_gain` and `lems_gain` over the natural twin (points),
        `drive_factor`, `block_factor`, `pressure`, `largest_relay` (factors that reach it), `cells`,
        `neurons`, `graft_mm3`, `clone_mm3`, `rejected` and `overgrown` (0 or 1).
    """
    course, _ = _followed(therapy, world, match, luck, graft_day, hosts)
    _, effects = _arms(therapy, model, hosts, world, course)
    exam, _ = model.examine(
        therapy.people.seed, hosts.persons, hosts.attempts, hosts.days, effects=effects[-1]
    )
    graded = classify_table(exam.reshape(-1, len(COLUMNS)))
    shape = hosts.days.shape
    found: dict[str, Array] = {}
    for name in ("uems", "lems"):
        with_, without = (
            one.total(name).reshape(shape)[:, -1].astype(np.float64)
            for one in (graded, hosts.graded)
        )
        found[f"{name}_gain"] = with_ - without
    last, cells = effects[-1][:, -1], course.cells[:, -1]
    found["drive_factor"], found["block_factor"] = last[:, E_GAIN], last[:, E_BLOCK]
    found["pressure"], found["largest_relay"] = last[:, E_PRESSURE], last[:, E_RELAY:].max(axis=1)
    found["cells"] = cells[:, :6].sum(axis=1)
    found["neurons"] = cells[:, 1] + cells[:, 2]
    found["graft_mm3"] = course.volume[:, -1]
    found["clone_mm3"] = cells[:, 5] * course.wiring.cell_volume
    rejected = course.rows[:, place("rejection_day")] <= course.since[:, -1]
    found["rejected"] = rejected.astype(np.float64)
    found["overgrown"] = (course.seen_day <= course.since[:, -1]).astype(np.float64)
    return found


def _graft_day(therapy: Therapy, u: Array, exam_day: NDArray[np.int64]) -> Array:
    """A day of the window, even over it, but not before the exam at enrolment."""
    low, high = therapy.operation.graft_day
    low_each = np.clip(exam_day, low, high)
    found: Array = np.minimum(low_each + np.floor(u * (high - low_each + 1)), high).astype(
        np.float64
    )
    return np.maximum(found, exam_day)


def _followed(
    therapy: Therapy, world: World, match: Array, luck: Array, graft_day: Array, chunk: Chunk
) -> tuple[Grafts, Grafts]:
    """The grafts at the visits and on the days of MRI, followed once through both."""
    visits = chunk.days.astype(np.float64)
    mri = graft_day[:, None] + np.array(therapy.mri_days)
    both = np.concatenate([visits, mri], axis=1)
    order = np.argsort(both, axis=1, kind="stable")
    days = np.take_along_axis(both, order, axis=1)
    found = course_of(therapy, world, match, luck[:, :LUCK], graft_day, days, chunk.persons)
    back = np.argsort(order, axis=1, kind="stable")
    cells = np.take_along_axis(found.cells, back[:, :, None], axis=1)
    since = np.take_along_axis(found.since, back, axis=1)
    cut = visits.shape[1]

    def part(a: slice) -> Grafts:
        return Grafts(
            found.rows,
            found.wiring,
            graft_day,
            np.ascontiguousarray(since[:, a]),
            np.ascontiguousarray(cells[:, a]),
            found.seen_day,
        )

    return part(slice(0, cut)), part(slice(cut, None))


def _scan(seed: int, persons: NDArray[np.int64], images: Grafts) -> Array:
    """Volume of overgrowth as an MRI shows it, (n, images): read with noise, 0 below what can be seen."""
    true = images.cells[:, :, 5] * images.wiring.cell_volume[:, None]
    z = np.empty(true.shape)
    for i, person in enumerate(persons):
        fill_normals(z[i], seed, int(person), 0, _SCANNER, 0)
    read = true * np.exp(value("patient_therapy.mri_noise") * z)
    return np.where(read >= value("graft.visible_mm3"), read, 0.0)


def check_therapy(therapy: Therapy, model: Model, acceptance: float) -> StepCheck:
    """Measure the step error of this run on its first people; refuse a run above the tolerance."""
    n = min(int(value("patient_therapy.people_checked")), therapy.people.n)
    first = treat_chunk(therapy, model, 0, n, acceptance)
    since = np.sort(np.concatenate([first.course.since, first.images.since], axis=1), axis=1)
    leaping = therapy.method is Method.HYBRID
    return check_step(first.course.rows, since, leaping=leaping)


def treat(
    therapy: Therapy, model: Model | None = None, *, workers: int = 1, chunk: int = CHUNK
) -> Iterator[Treated]:
    """All people in chunks, in order; the same bits for any chunk size and number of workers.

    Args:
        therapy: what is asked for.
        model: the values of injury, course and exam; the packaged ones by default.
        workers: how many chunks are made at a time.
        chunk: people a chunk.

    Raises:
        InputError: nobody can be eligible.
        UnsupportedError: the step of this run is too coarse for its rates.
    """
    if workers < 1 or chunk < 1:
        raise InputError(f"{workers} workers, {chunk} people a chunk: give at least 1 of each")
    values = Model.packaged() if model is None else model
    acceptance = acceptance_of(therapy.people, values)
    check_therapy(therapy, values, acceptance)
    n = therapy.people.n
    waiting: deque[Future[Treated]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for at in range(0, n, chunk):
                part = (therapy, values, at, min(at + chunk, n), acceptance)
                waiting.append(pool.submit(treat_chunk, *part))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
