"""A chunk of a cohort as named columns, one row a person and visit, in the tidy layout of the exam.

`person_id`, `visit`, `week` and the 136 items carry the names that `saisei exam grade` reads; the grading
stands in `reported_...`, so that reading it back also checks it. What an examiner could not know stands in
`true_...` columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.levels import KEY_MUSCLES
from saisei.exam.isncsci.record import COLUMNS
from saisei.patient.cohort import Chunk
from saisei.patient.observe import STATES
from saisei.patient.plan import Plan

__all__ = ["TRUE_COLUMNS", "columns"]

_LEVELS = (
    "right_sensory_level", "left_sensory_level", "right_motor_level", "left_motor_level", "nli",
    "completeness", "ais", "right_sensory_zpp", "left_sensory_zpp", "right_motor_zpp", "left_motor_zpp",
)  # fmt: skip
_SUMS = {
    "uems": "uems",
    "lems": "lems",
    "light_touch": "light_touch_total",
    "pin_prick": "pin_prick_total",
}
_WEEK_DAYS = 7

TRUE_COLUMNS: tuple[str, ...] = (
    *STATES,
    *(f"true_force_{side}_{m.name.lower()}" for side in ("right", "left") for m in KEY_MUSCLES),
    "true_force_sphincter",
)
"""Names of the true states, in the order of `Chunk.truth`."""


def columns(plan: Plan, chunk: Chunk) -> dict[str, NDArray[Any]]:
    """The columns of a chunk, each of one value a person and visit that took place.

    Args:
        plan: the plan the chunk was made by.
        chunk: the people.
    """
    n, visits = chunk.days.shape
    names = np.array(["enrolment", *(f"week {week:g}" for week in plan.weeks)], dtype=object)
    found: dict[str, NDArray[Any]] = {
        "person_id": np.repeat(chunk.persons, visits),
        "visit": np.tile(names, n),
        "week": (chunk.days / _WEEK_DAYS).ravel().round(3),
        "day": chunk.days.ravel().astype(np.int32),
        "age": np.repeat(chunk.ages, visits).astype(np.int16),
        "draws": np.repeat(chunk.attempts + 1, visits),
    }
    codes = chunk.codes.reshape(n * visits, len(COLUMNS))
    for k, name in enumerate(COLUMNS):
        found[name] = np.ascontiguousarray(codes[:, k])
    for name in _LEVELS:
        found[f"reported_{name}"] = chunk.graded.texts(name)
    for part, name in _SUMS.items():
        found[f"reported_right_{name}"] = chunk.graded.total(part, "right")
        found[f"reported_left_{name}"] = chunk.graded.total(part, "left")
        found[f"reported_{name}"] = chunk.graded.total(part)
    truth = chunk.truth.reshape(n * visits, -1)
    for k, name in enumerate(TRUE_COLUMNS):
        found[name] = np.ascontiguousarray(truth[:, k])
    if chunk.held.all():
        return found
    held = chunk.held.ravel()
    return {name: column[held] for name, column in found.items()}
