"""One virtual person day by day: the injury as it was, drive, force and exams; for pictures and for study.

Research use only: a made-up person, never the prognosis of a real one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import compiled
from saisei.cord.anatomy import MUSCLES
from saisei.cord.injury import INJURY, X_BLOCK, X_LEVEL, X_MOTONEURONS, X_SPARED, draw_injury
from saisei.errors import InputError
from saisei.exam.isncsci.batch import GradedTable, classify_table
from saisei.patient.cohort import Chunk, Model, acceptance_of, effects_of, simulate_chunk
from saisei.patient.plan import Plan
from saisei.repair.natural import RATES, draw_rates, drives_at, forces_at, no_effect

__all__ = ["Course", "course_of"]

_ROOM = 500
_POINTS = 160
"""Days at which the smooth course is given, denser early, where it is steep."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One person of a cohort.

    Attributes:
        chunk: the person as it stands in the cohort, with its visits.
        level: last intact segment right and left, continuous (C1 = 0), (2,).
        spared, block, motoneurons: of the 21 muscles at the injury (10 right, 10 left, sphincter).
        days: days of the smooth course, (k,).
        drives, blocks, forces: shares of normal at those days, (k, 21).
        exams: what an examiner would write on each of those days, (k, 136).
        graded: the grading of those exams.
    """

    chunk: Chunk
    level: NDArray[np.float64]
    spared: NDArray[np.float64]
    block: NDArray[np.float64]
    motoneurons: NDArray[np.float64]
    days: NDArray[np.int64]
    drives: NDArray[np.float64]
    blocks: NDArray[np.float64]
    forces: NDArray[np.float64]
    exams: NDArray[np.int8]
    graded: GradedTable


@compiled
def _follow(
    c: NDArray[np.float64],
    r: NDArray[np.float64],
    seed: int,
    person: int,
    attempt: int,
    days: NDArray[np.int64],
    effects: NDArray[np.float64],
    x: NDArray[np.float64],
    drives: NDArray[np.float64],
    blocks: NDArray[np.float64],
    forces: NDArray[np.float64],
) -> None:
    rates = np.empty(RATES)
    draw_injury(c, seed, person, attempt, np.empty(_ROOM), x)
    draw_rates(r, seed, person, attempt, rates)
    for k in range(len(days)):
        drives_at(r, x, rates, float(days[k]), effects[k], drives[k], blocks[k])
        forces_at(r, x, rates, float(days[k]), effects[k], forces[k])


def course_of(plan: Plan, person: int, model: Model | None = None) -> Course:
    """Person `person` of the cohort of a plan, whatever its size: the same as in the file.

    Args:
        plan: the cohort.
        person: its number, 0 to n - 1.
        model: the values; the packaged ones by default.

    Raises:
        InputError: there is no such person, or the cohort is empty.
    """
    if not 0 <= person < plan.n:
        raise InputError(
            f"there is no person {person} in a cohort of {plan.n}: numbers go from 0 to {plan.n - 1}"
        )
    values = Model.packaged() if model is None else model
    chunk = simulate_chunk(plan, values, person, person + 1, acceptance_of(plan, values))
    attempt = int(chunk.attempts[0])
    last = int(chunk.days.max())
    days = np.unique(np.rint(last * np.linspace(0.0, 1.0, _POINTS) ** 2).astype(np.int64))
    care = effects_of(plan, values, days[None, :])
    effects = care[0] if len(care) else np.tile(no_effect(), (len(days), 1))
    x = np.empty(INJURY)
    drives, blocks, forces = (np.empty((len(days), MUSCLES)) for _ in range(3))
    key = plan.seed, person, attempt
    _follow(values.cord, values.repair, *key, days, effects, x, drives, blocks, forces)
    exams, _ = values.examine(
        plan.seed, chunk.persons, chunk.attempts, days[None, :], effects=effects[None]
    )
    parts = (x[at : at + MUSCLES].copy() for at in (X_SPARED, X_BLOCK, X_MOTONEURONS))
    spared, block, alive = parts
    return Course(
        chunk, x[X_LEVEL : X_LEVEL + 2].copy(), spared, block, alive,
        days, drives, blocks, forces, exams[0], classify_table(exams[0]),
    )  # fmt: skip
