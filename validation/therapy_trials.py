"""Trials of people as the model expects them, with and without graft: the checks P1 to P5 of D148.

Every trial is drawn in many worlds (one draw of every prior and one lot a trial). Nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.batch import GradedTable
from saisei.patient import plan as asked
from saisei.patient.cohort import Model, acceptance_of
from saisei.patient.therapy import Method, Operation, Therapy, therapy_priors
from saisei.patient.treated import Treated, treat_chunk

__all__ = ["TRIALS", "Count", "Trial", "counts_of", "seen_in"]

Flags = NDArray[np.bool_]
_BLOCK = 2000


@dataclass(frozen=True, slots=True)
class Count:
    """Something counted among the people of one arm."""

    what: str
    observed: int
    n: int
    judge: Callable[[GradedTable, tuple[int, int]], Flags]


@dataclass(frozen=True, slots=True)
class Trial:
    """A published trial, as the model can be asked for it."""

    key: str
    name: str
    eligibility: asked.Eligibility
    week: float
    operation: Operation
    counts: tuple[Count, ...]
    as_asked: str
    people: int


def ais_at_least(grade: str) -> Callable[[GradedTable, tuple[int, int]], Flags]:
    """Whether the AIS at the last visit is this grade or better, (n,)."""

    def judge(graded: GradedTable, shape: tuple[int, int]) -> Flags:
        found: Flags = graded.value_of("ais").reshape(shape)[:, -1] >= "ABCDE".index(grade)
        return found

    return judge


def ais_gain(graded: GradedTable, shape: tuple[int, int]) -> Flags:
    """Whether the AIS improved by a grade or more."""
    ais = graded.value_of("ais").reshape(shape)
    found: Flags = ais[:, -1] > ais[:, 0]
    return found


def motor_levels(least: int) -> Callable[[GradedTable, tuple[int, int]], Flags]:
    """Whether a motor level fell by so many segments on at least one side."""

    def judge(graded: GradedTable, shape: tuple[int, int]) -> Flags:
        gains = []
        for side in ("right", "left"):
            level = graded.value_of(f"{side}_motor_level").astype(int).reshape(shape)
            gains.append(level[:, -1] - level[:, 0])
        found: Flags = np.maximum(*gains) >= least
        return found

    return judge


def nli_gain(graded: GradedTable, shape: tuple[int, int]) -> Flags:
    """Whether the neurological level fell by a segment or more."""
    level = graded.value_of("nli").astype(int).reshape(shape)
    found: Flags = level[:, -1] > level[:, 0]
    return found


def _who(ais: str, level: str, day: tuple[int, int]) -> asked.Eligibility:
    return asked.Eligibility(ais, asked.levels(level), day, (18, 75))


TRIALS = (
    Trial(
        "P1", "Keio 2025", _who("A", "C3-T10", (0, 24)), 55.0, Operation(2e6, (14, 28), 180.0),
        (Count("AIS C or D at a year", 2, 4, ais_at_least("C")),),
        "AIS A at C3 to T10 by an exam up to day 24, 2e6 cells on day 14 to 28, read 55 weeks after "
        "injury", 4,
    ),
    Trial(
        "P2", "SCiStar 2022", _who("AB", "C4-C7", (21, 42)), 55.0, Operation(1e7, (21, 42), 60.0),
        (
            Count("one motor level or more on a side", 21, 22, motor_levels(1)),
            Count("two motor levels or more on a side", 7, 22, motor_levels(2)),
        ),
        "AIS A or B at C4 to C7, 1e7 cells on day 21 to 42; the cells of that trial were oligodendrocyte "
        "progenitors, ours are not", 22,
    ),
    Trial(
        "P3", "Shin 2015, treated", _who("AB", "C2-C8", (14, 60)), 60.0, Operation(1e8, (14, 60), 60.0),
        (Count("AIS better by a grade or more", 5, 19, ais_gain),),
        "AIS A or B in the neck, days not published (asked: 14 to 60), 1e8 cells: outside the data", 19,
    ),
    Trial(
        "P3c", "Shin 2015, untreated", _who("AB", "C2-C8", (14, 60)), 60.0, Operation(0.0, (14, 60), 0.0),
        (Count("AIS better by a grade or more", 1, 15, ais_gain),),
        "the same people without cells", 15,
    ),
    Trial(
        "P4", "NSI-566", _who("A", "T2-T12", (365, 540)), 104.0, Operation(1.2e6, (365, 540), 90.0),
        (Count("neurological level better by a segment or more", 2, 4, nli_gain),),
        "AIS A at T2 to T12 a year or more after injury, read at two years: outside the data", 4,
    ),
)  # fmt: skip
"""The trials, asked as closely as their reports allow."""


def run(
    trial: Trial,
    worlds: int,
    seed: int,
    changed: Mapping[str, float] | None = None,
    drug_days: float | None = None,
) -> list[Treated]:
    """The trial in many worlds, its people in blocks; `changed` fixes priors."""
    operation = trial.operation
    if drug_days is not None:
        operation = replace(operation, drug_days=drug_days)
    n = worlds * trial.people
    therapy = Therapy(
        asked.Plan(trial.eligibility, (trial.week,), n, seed),
        operation,
        priors=therapy_priors(changed),
        method=Method.DETERMINISTIC,
        people_per_world=trial.people,
        extrapolate=True,
    )
    model = Model.packaged()
    acceptance = acceptance_of(therapy.people, model)
    size = max(trial.people, _BLOCK // trial.people * trial.people)
    return [
        treat_chunk(therapy, model, at, min(at + size, n), acceptance) for at in range(0, n, size)
    ]


def counts_of(trial: Trial, worlds: int, seed: int) -> dict[str, dict[str, NDArray[np.int64]]]:
    """For each count and arm, how many of the trial's people show it in each world."""
    found: dict[str, dict[str, list[NDArray[np.int64]]]] = {}
    for block in run(trial, worlds, seed):
        shape = block.natural.days.shape
        for count in trial.counts:
            for k, arm in enumerate(block.arms):
                flags = count.judge(block.graded[k], (shape[0], shape[1]))
                each = flags.reshape(-1, trial.people).sum(axis=1)
                found.setdefault(count.what, {}).setdefault(arm, []).append(each)
    return {
        what: {arm: np.concatenate(parts) for arm, parts in arms.items()}
        for what, arms in found.items()
    }


def seen_in(expected: NDArray[np.int64], observed: int) -> dict[str, float]:
    """Where an observed count stands among those expected."""
    # Counts have counts as their quantiles.
    low, middle, high = np.percentile(expected, [5, 50, 95], method="inverted_cdf")
    return {
        "low": float(low),
        "median": float(middle),
        "high": float(high),
        "at_least": float((expected >= observed).mean()),
        "exactly": float((expected == observed).mean()),
    }
