"""A chunk of a cohort as named columns, one row a person and visit, in the tidy layout of the exam.

`person_id`, `visit`, `week` and the 136 items carry the names that `saisei exam grade` reads; the grading
stands in `reported_...`, so that reading it back also checks it. What an examiner could not know stands in
`true_...` columns, which the statistical benchmark (tier 0) does not have. Facts of a person (age,
walking) are repeated in each of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.levels import KEY_MUSCLES
from saisei.exam.isncsci.record import COLUMNS
from saisei.params import value
from saisei.patient.cohort import Chunk
from saisei.patient.observe import STATES
from saisei.patient.plan import Plan
from saisei.patient.scim import scim_age_shift
from saisei.patient.walking import draw_walking, rule_exam, walking_share

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


def columns(
    plan: Plan,
    chunk: Chunk,
    *,
    walking: str | None = None,
    further: Mapping[str, NDArray[Any]] | None = None,
) -> dict[str, NDArray[Any]]:
    """The columns of a chunk, each of one value a person and visit that took place.

    Args:
        plan: the plan the chunk was made by.
        chunk: the people.
        walking: a rule of `saisei.exam.walking` for walking at a year; none by default.
        further: more columns, (n, visits) each, such as evoked potentials.
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
        for prefix, side in (("right_", "right"), ("left_", "left"), ("", "both")):
            found[f"reported_{prefix}{name}"] = _known(chunk.graded.total(part, side))
    if chunk.truth.size:  # the statistical benchmark has no true states
        truth = chunk.truth.reshape(n * visits, -1)
        for k, name in enumerate(TRUE_COLUMNS):
            found[name] = np.ascontiguousarray(truth[:, k])
    found |= _function(plan, chunk, walking)
    for name, column in (further or {}).items():
        found[name] = np.ascontiguousarray(column.reshape(n * visits))
    if chunk.held.all():
        return found
    held = chunk.held.ravel()
    return {name: column[held] for name, column in found.items()}


def _function(plan: Plan, chunk: Chunk, rule: str | None) -> dict[str, NDArray[Any]]:
    """Walking by rule and the age shift of SCIM, a person's fact in each of its rows."""
    visits = chunk.days.shape[1]
    shift = scim_age_shift(chunk.ages).astype(np.float32)
    found: dict[str, NDArray[Any]] = {"scim_age_shift": np.repeat(shift, visits)}
    if rule is None:
        return found
    which = rule_exam(chunk.days, chunk.held, int(value("patient.walking_last_day")))
    read = chunk.codes[np.arange(len(which)), np.maximum(which, 0)]
    shares = np.where(which >= 0, walking_share(read, chunk.ages, rule), np.nan)
    walks = draw_walking(plan.seed, chunk.persons, chunk.attempts, shares)
    found["walking_share_at_a_year"] = np.repeat(shares.astype(np.float32), visits)
    found["walks_at_a_year"] = _known(np.repeat(walks, visits))
    return found


def _known(numbers: NDArray[np.int8]) -> NDArray[np.int8]:
    """The numbers with -1 (not determinable, or no exam for the rule) masked: an empty cell in a file."""
    return np.ma.masked_less(numbers, 0)
