"""Cohorts of virtual patients: people are drawn until the exam at enrolment fits, then followed.

Person i is the first attempt (seed, i, attempt) whose enrolment exam, graded by `saisei.exam`, is
eligible. That is rejection, hence exact conditioning on what the exam shows; the acceptance is kept and
shown. Nothing of a person depends on the others, on the batch or on the number of workers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms
from saisei.cord.values import cord_values, in_year
from saisei.errors import InputError
from saisei.exam.isncsci.batch import GradedTable, classify_table
from saisei.exam.isncsci.record import COLUMNS
from saisei.params import value
from saisei.patient.care import hours_at
from saisei.patient.gaps import open_gaps
from saisei.patient.observe import TRUTH, examine, patient_values
from saisei.patient.plan import Plan
from saisei.patient.visits import attend
from saisei.repair.natural import E_GAIN, no_effect, repair_values

__all__ = [
    "CHUNK",
    "Chunk",
    "Generator",
    "Model",
    "acceptance_of",
    "drive_per_point",
    "effects_of",
    "simulate",
    "simulate_chunk",
]

CHUNK = 2000
"""People a step: their exams stay within a few megabytes."""

_WIDTH = len(COLUMNS)
_CANDIDATES = 4096
_WHO = PURPOSES["who"]
_NO_TRUTH = np.empty((0, 0, 0), dtype=np.float32)
_NO_EFFECT = np.empty((0, 0, 0))
# Log drive; small against its spread between people, large against rounding to grades.
_CARE_STEP = 0.1


class Generator(Protocol):
    """What makes exams of virtual people: the mechanistic `Model`, or the statistical benchmark."""

    def __hash__(self) -> int:
        """By identity: what is measured in a generator is measured once."""

    def examine(
        self,
        seed: int,
        persons: NDArray[np.int64],
        attempts: NDArray[np.int64],
        days: NDArray[np.int64],
        *,
        with_truth: bool = False,
        effects: NDArray[np.float64] = _NO_EFFECT,
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Codes (n, visits, 136) and true states (n, visits, TRUTH; empty unless asked for)."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """The values of injury, course and exam as the kernels take them."""

    cord: NDArray[np.float64]
    repair: NDArray[np.float64]
    patient: NDArray[np.float64]

    @classmethod
    def packaged(cls, changed: Mapping[str, Mapping[str, Sequence[float]]] | None = None) -> Model:
        """The packaged values; `changed` replaces some, by stage (`cord`, `repair`, `patient`) and name."""
        new = changed or {}
        unknown = set(new) - {"cord", "repair", "patient"}
        if unknown:
            raise InputError(f"no stage {min(unknown)!r}; there are cord, repair, patient")
        return cls(
            cord_values(new.get("cord")),
            repair_values(new.get("repair")),
            patient_values(new.get("patient")),
        )

    @classmethod
    def draw(cls, k: int) -> Model:
        """Draw `k` of the packaged posterior: one whole set of values that the published figures allow.

        Simulate the same plan at several draws to see what is not known about the values. `packaged()` is
        the mode. InputError when there is no such draw; `posterior.load_posterior().count` tells how many.
        """
        from saisei.patient.posterior import load_posterior  # it needs Model

        return load_posterior().model(k)

    def in_year(self, year: float) -> Model:
        """The values for injuries of another year than `cord.era_year`; see `cord.values.in_year`."""
        return replace(self, cord=in_year(self.cord, year))

    def examine(
        self,
        seed: int,
        persons: NDArray[np.int64],
        attempts: NDArray[np.int64],
        days: NDArray[np.int64],
        *,
        with_truth: bool = False,
        effects: NDArray[np.float64] = _NO_EFFECT,
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Codes (n, visits, 136) and true states (n, visits, TRUTH; empty unless asked for).

        `effects` (n, visits, EFFECT) says what care or a graft does at each exam; none by default.
        """
        codes = np.empty((*days.shape, _WIDTH), dtype=np.int8)
        truth = np.empty((*days.shape, TRUTH), dtype=np.float32) if with_truth else _NO_TRUTH
        values = (self.cord, self.repair, self.patient)
        examine(*values, seed, persons, attempts, days, effects, codes, truth)
        return codes, truth


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """A run of people with their visits, the one at enrolment first.

    Attributes:
        persons: (n,) numbers of the people.
        ages: (n,) whole years.
        attempts: (n,) how many people were drawn before the eligible one.
        days: (n, visits) days after the injury; column 0 is enrolment.
        codes: (n, visits, 136) exams in the order of `record.COLUMNS`.
        truth: (n, visits, TRUTH) true states, see `observe.STATES`.
        graded: the grading of all exams, person by person, also of those not held.
        held: (n, visits) whether the visit took place.
    """

    persons: NDArray[np.int64]
    ages: NDArray[np.int64]
    attempts: NDArray[np.int64]
    days: NDArray[np.int64]
    codes: NDArray[np.int8]
    truth: NDArray[np.float32]
    graded: GradedTable = field(repr=False)
    held: NDArray[np.bool_] = field(repr=False)


@compiled
def _draw_who(
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    bounds: NDArray[np.int64],
    who: NDArray[np.int64],
) -> None:
    """Age and exam day, each even over its range (bounds: age, age, day, day)."""
    room = np.empty(2)
    for i in range(len(persons)):
        fill_uniforms(room, seed, persons[i], 0, _WHO, attempts[i])
        for k in range(2):
            low, high = bounds[2 * k], bounds[2 * k + 1]
            who[i, k] = min(low + int(room[k] * (high - low + 1)), high)


def _who(plan: Plan, persons: NDArray[np.int64], attempts: NDArray[np.int64]) -> NDArray[np.int64]:
    who = np.empty((len(persons), 2), dtype=np.int64)
    bounds = np.array([*plan.eligibility.age, *plan.eligibility.exam_day], dtype=np.int64)
    _draw_who(plan.seed, persons, attempts, bounds, who)
    return who


def _eligible(plan: Plan, codes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which enrolment exams (n, 136) fit."""
    graded = classify_table(codes)
    rule = plan.eligibility
    ais, nli = graded.value_of("ais"), graded.value_of("nli")
    fits = np.isin(ais, ["ABCDE".index(letter) for letter in rule.ais])
    found: NDArray[np.bool_] = fits & (nli >= rule.level[0]) & (nli <= rule.level[1])
    return found


@lru_cache(maxsize=8)
def drive_per_point(model: Generator) -> float:
    """How much log drive raises the mean total motor score of virtual people by one point.

    Measured as the trial of extra training would: people graded A to D on an early day, read half a year
    after the injury, the same people with a little more and a little less drive.
    """
    n = int(value("patient.care_people"))
    persons = np.arange(n, dtype=np.int64)
    early, late = int(value("patient.care_trial_day")), int(value("patient.care_read_day"))
    days = np.tile(np.array([early, late], dtype=np.int64), (n, 1))
    means = []
    for step in (-_CARE_STEP, _CARE_STEP):
        effects = _gains(np.tile(np.array([0.0, step]), (n, 1)))
        codes, _ = model.examine(0, persons, np.zeros_like(persons), days, effects=effects)
        first, second = classify_table(codes[:, 0]), classify_table(codes[:, 1])
        hurt = first.value_of("ais") < len("ABCD")
        total = second.total("uems").astype(int) + second.total("lems")
        means.append(float(total[hurt].mean()))
    return 2 * _CARE_STEP / (means[1] - means[0])


def _gains(log_gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """The effects (n, visits, EFFECT) of training that adds this (n, visits) to log drive."""
    effects = np.tile(no_effect(), (*log_gain.shape, 1))
    effects[:, :, E_GAIN] = np.exp(log_gain)
    return effects


def effects_of(plan: Plan, model: Generator, days: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the care plan does by each day, (n, visits, EFFECT); empty when that is nothing."""
    effect = plan.care.points_per_hour(plan.seed)
    if effect == 0.0:
        return _NO_EFFECT
    return _gains(hours_at(plan.care, days) * (effect * drive_per_point(model)))


def _try(
    plan: Plan, model: Generator, persons: NDArray[np.int64], attempts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether each (person, attempt) is eligible."""
    days = np.ascontiguousarray(_who(plan, persons, attempts)[:, 1:])
    effects = effects_of(plan, model, days)
    codes, _ = model.examine(plan.seed, persons, attempts, days, effects=effects)
    open_gaps(plan.gaps, plan.seed, persons, attempts, days, codes)
    return _eligible(plan, codes[:, 0])


def acceptance_of(plan: Plan, model: Generator) -> float:
    """The share of virtual people who are eligible, from the first attempts of many people.

    Raises:
        InputError: nobody is, so the cohort would be empty.
    """
    most = int(value("patient.search_people"))
    done = 0
    while done < most:
        persons = np.arange(done, min(max(4 * done, _CANDIDATES), most), dtype=np.int64)
        fits = _try(plan, model, persons, np.zeros_like(persons))
        done = int(persons[-1]) + 1
        if fits.any():
            return float(fits.mean())
    rule = plan.eligibility
    raise InputError(
        f"the cohort is empty: of {most} virtual people none shows AIS {' or '.join(rule.ais)} at "
        f"{rule.level[0].label} to {rule.level[1].label} on day {rule.exam_day[0]} to "
        f"{rule.exam_day[1]}; widen the grades or levels"
    )


def _find(
    plan: Plan, model: Generator, persons: NDArray[np.int64], acceptance: float
) -> NDArray[np.int64]:
    """The first eligible attempt of each person; how they are searched does not change it."""
    found = np.full(len(persons), -1, dtype=np.int64)
    start = 0
    while (waiting := np.flatnonzero(found < 0)).size:
        likely = int(np.ceil(1.0 / acceptance))
        width = max(1, min(likely, _CANDIDATES // waiting.size + 1))
        for part in np.array_split(waiting, -(-waiting.size * width // _CANDIDATES)):
            attempts = np.tile(np.arange(start, start + width, dtype=np.int64), part.size)
            fits = _try(plan, model, np.repeat(persons[part], width), attempts)
            table = fits.reshape(part.size, width)
            found[part] = np.where(table.any(axis=1), start + table.argmax(axis=1), -1)
        start += width
    return found


def simulate_chunk(
    plan: Plan, model: Generator, first: int, last: int, acceptance: float = 1.0
) -> Chunk:
    """The people `first` to `last` - 1 of a cohort, with their visits.

    Args:
        plan: what is asked for.
        model: the values.
        first, last: numbers of people; `last` is not among them.
        acceptance: about which share is eligible, to search in steps of a fitting size.
    """
    persons = np.arange(first, last, dtype=np.int64)
    attempts = _find(plan, model, persons, acceptance)
    who = _who(plan, persons, attempts)
    later = np.tile(np.array(plan.visit_days, dtype=np.int64), (len(persons), 1))
    nominal = np.concatenate([who[:, 1:], later], axis=1)
    days, held = attend(plan.attendance, plan.seed, persons, attempts, nominal)
    codes, truth = model.examine(
        plan.seed, persons, attempts, days, with_truth=True, effects=effects_of(plan, model, days)
    )
    open_gaps(plan.gaps, plan.seed, persons, attempts, days, codes)
    graded = classify_table(codes.reshape(-1, _WIDTH))
    return Chunk(persons, who[:, 0], attempts, days, codes, truth, graded, held)


def simulate(
    plan: Plan,
    model: Generator | None = None,
    *,
    workers: int = 1,
    chunk: int = CHUNK,
    start: int = 0,
    acceptance: float | None = None,
) -> Iterator[Chunk]:
    """The cohort in chunks, in order; the same bits for any chunk size and number of workers.

    Args:
        plan: what is asked for.
        model: the values; the packaged ones by default.
        workers: how many chunks are made at a time.
        chunk: people a chunk.
        start: number of the first person that is made, for a run that goes on.
        acceptance: about which share is eligible; measured first by default.

    Raises:
        InputError: nobody can be eligible, before anything is made.
    """
    if workers < 1 or chunk < 1:
        raise InputError(f"{workers} workers, {chunk} people a chunk: give at least 1 of each")
    values = Model.packaged() if model is None else model
    share = acceptance_of(plan, values) if acceptance is None else acceptance
    spans = [(at, min(at + chunk, plan.n)) for at in range(start, plan.n, chunk)]
    waiting: deque[Future[Chunk]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for first, last in spans:
                waiting.append(pool.submit(simulate_chunk, plan, values, first, last, share))
                if len(waiting) > 2 * workers:  # never more than a few chunks in memory
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
