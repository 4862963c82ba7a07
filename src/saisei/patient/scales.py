"""Scores of other conditions without cells, from the courses of a condition document.

Takes a course and a plan; gives scores a person and visit. Four shapes, small and honest; every value
and its basis stands in the document:

    drift          start + slope t + response exp(-t / fade) [t > 0, in a trial] + noise
    decline        start + slope t + noise, down to the floor; death at a rate that rises with the slope
    proportional   start + share (best - start) (1 - exp(-t / tau)) + noise; some severe do not recover
    categories     an ordinal scale at one time, shares drawn with the uncertainty of their counts

Scores are whole where the scale is, and stay in its range. Person i depends on (seed, i) alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from saisei.chance.streams import PURPOSES, fill_normals, fill_uniforms, require_seed
from saisei.errors import InputError
from saisei.study.conditions import ConditionDocument, Course, CourseKind, Scale

__all__ = ["ScaleCohort", "ScalePlan", "simulate_scale"]

_DAYS_A_YEAR = 365.25
_MONTHS_A_YEAR = 12.0
_MOST_PEOPLE = 1 << 32
_JEFFREYS = 0.5

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """Whom to simulate.

    Attributes:
        n: people; seed: 0 to 2**32 - 1; person i depends on (seed, i) alone.
        days: of the visits after entry, rising, 0 or more.
        in_trial: whether people know that they may have been treated (response to control).

    Raises:
        InputError: no people, no or unordered days, or a seed out of range.
    """

    n: int
    seed: int
    days: tuple[float, ...]
    in_trial: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.n <= _MOST_PEOPLE:
            raise InputError(f"n is {self.n}: simulate 1 person or more")
        require_seed(self.seed)
        if not self.days or any(not 0 <= day < math.inf for day in self.days):
            raise InputError("give the days of the visits, each 0 or more, such as 0,365,730")
        if sorted(set(self.days)) != list(self.days):
            raise InputError("give each day once, early ones first")


@dataclass(frozen=True, slots=True)
class ScaleCohort:
    """Simulated scores.

    Attributes:
        scores: (n, visits); not a number after death.
        death_day: (n,); infinite where a person outlives all visits or the course has no death.
    """

    scores: Array
    death_day: Array


def simulate_scale(condition: ConditionDocument, course: str, plan: ScalePlan) -> ScaleCohort:
    """Scores of people without cells on one scale of a condition.

    Args:
        condition: the document.
        course: key of the course.
        plan: whom and when.
    """
    one = condition.course(course)
    scale = condition.scale(one.scale)
    if one.kind is CourseKind.CATEGORIES:
        return _categories(one, scale, plan)
    normals, uniforms, noise = _draws(plan)
    days = np.array(plan.days)
    death = np.full(plan.n, np.inf)
    if one.kind is CourseKind.DRIFT:
        latent = _drift(one, plan, normals, days)
    elif one.kind is CourseKind.DECLINE:
        latent, death = _decline(one, normals, uniforms, days)
    else:
        latent = _proportional(one, scale, normals, uniforms, days)
    scores = np.clip(latent + one.values["noise_sd"].value * noise, scale.low, scale.high)
    if scale.whole:
        scores = np.rint(scores)
    scores[days[None, :] >= death[:, None]] = np.nan
    return ScaleCohort(scores, death)


_PERSON_NORMALS, _PERSON_UNIFORMS = 3, 2


def _draws(plan: ScalePlan) -> tuple[Array, Array, Array]:
    """Normals (n, 3) and uniforms (n, 2) of the person, normals (n, visits) of the visits."""
    normals = np.empty((plan.n, _PERSON_NORMALS))
    uniforms = np.empty((plan.n, _PERSON_UNIFORMS))
    noise = np.empty((plan.n, len(plan.days)))
    person, visit = PURPOSES["scale_person"], PURPOSES["scale_visit"]
    one = np.empty(1)
    for i in range(plan.n):
        fill_normals(normals[i], plan.seed, i, 0, person, 0)
        fill_uniforms(uniforms[i], plan.seed, i, 1, person, 0)
        for v, day in enumerate(plan.days):
            fill_normals(one, plan.seed, i, round(day), visit, 0)
            noise[i, v] = one[0]
    return normals, uniforms, noise


def _value(course: Course, name: str) -> float:
    return course.values[name].value


def _line(course: Course, normals: Array, days: Array) -> tuple[Array, Array]:
    """Start and slope of each person as a line over the days, and the slopes a year."""
    start = _value(course, "start_mean") + _value(course, "start_sd") * normals[:, 0]
    slope = _value(course, "slope_mean") + _value(course, "slope_sd") * normals[:, 1]
    return start[:, None] + slope[:, None] * days[None, :] / _DAYS_A_YEAR, slope


def _drift(course: Course, plan: ScalePlan, normals: Array, days: Array) -> Array:
    line, _ = _line(course, normals, days)
    if not plan.in_trial:
        return line
    response = _value(course, "response_mean") + _value(course, "response_sd") * normals[:, 2]
    fading = np.where(days > 0, np.exp(-days / _value(course, "response_days")), 0.0)
    return line + response[:, None] * fading[None, :]


def _decline(course: Course, normals: Array, uniforms: Array, days: Array) -> tuple[Array, Array]:
    """A person's rate of death is that of the mean slope times the own slope over the mean slope."""
    line, slope = _line(course, normals, days)
    years = _value(course, "median_survival_months") / _MONTHS_A_YEAR
    speed = np.maximum(slope / _value(course, "slope_mean"), 0.0)
    with np.errstate(divide="ignore"):
        death = -np.log(uniforms[:, 0]) / (math.log(2.0) / years * speed) * _DAYS_A_YEAR
    return line, death


def _proportional(
    course: Course, scale: Scale, normals: Array, uniforms: Array, days: Array
) -> Array:
    start = _value(course, "start_mean") + _value(course, "start_sd") * normals[:, 0]
    start = np.clip(start, scale.low, scale.high)
    share = _value(course, "recovered_share") + _value(course, "person_sd") * normals[:, 1]
    stuck = (start < _value(course, "severe_below")) & (
        uniforms[:, 0] < _value(course, "share_without_recovery")
    )
    share = np.where(stuck, 0.0, np.clip(share, 0.0, 1.0))
    done = 1.0 - np.exp(-days / _value(course, "recovery_days"))
    return start[:, None] + (share * (scale.high - start))[:, None] * done[None, :]


def _categories(course: Course, scale: Scale, plan: ScalePlan) -> ScaleCohort:
    """One trial's shares by the Dirichlet law of the counts, then a category a person and visit."""
    a = np.array(course.counts, dtype=np.float64) + _JEFFREYS
    u = np.empty(len(a))
    fill_uniforms(u, plan.seed, 0, 0, PURPOSES["scale_trial"], 0)
    shares = np.asarray(stats.gamma.ppf(u, a))
    edges = np.cumsum(shares / shares.sum())
    scores = np.empty((plan.n, len(plan.days)))
    one = np.empty(1)
    for i in range(plan.n):
        fill_uniforms(one, plan.seed, i, 2, PURPOSES["scale_person"], 0)
        scores[i, :] = scale.low + np.searchsorted(edges[:-1], one[0], side="right")
    return ScaleCohort(scores, np.full(plan.n, np.inf))
