"""What a change of score would have been without cells: course, response to being in a trial, spread.

    mean change  = years * (yearly change) + (response to control) + (who is left to be scored)
    its variance = variance of the means between studies + (spread of people) / n

The yearly change of a study not seen yet is the MAP prior over the published rows (normal model); the
response to control is the published mean with its error and a spread between trials. The spread of a
person's change comes from the condition's course; where that is assumed, so is the chance. In a disease
that kills, those who decline fast die first, so the survivors of a visit look better than everybody enrolled:
with slope S ~ N(m, s) and a rate of death that rises with it, h = ln 2/(median survival) max(S/m, 0), the
mean slope of the living after t years is E[S exp(-h t)] / E[exp(-h t)].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from saisei.evidence.map_prior import map_prior_normal
from saisei.params import value
from saisei.study.conditions import ConditionDocument, Course, CourseKind, History, Quantity

__all__ = ["Expected", "Piece", "expected_change"]

_DAYS_A_YEAR = 365.25
_Z95 = float(stats.norm.ppf(0.975))
_LIVING = "those who decline fast die first"
_GRID = np.linspace(-8.0, 8.0, 8001)  # slopes in sds from their mean; the rate of death has a kink
_MONTHS_A_YEAR = 12.0
_VAGUE = 100.0  # prior sd of the mean, in units of the largest published change


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of the expected change, in points over the follow-up, with a 95% interval."""

    name: str
    change: float
    low: float
    high: float
    rows: tuple[str, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """The mean change of a group without cells.

    Attributes:
        mean, sd: of the group's mean, between studies, without the chance of who was enrolled.
        person_sd: spread of one person's change; None where no course states it.
        assumed: whether that spread rests on assumed values.
        pieces: what it is made of.
    """

    mean: float
    sd: float
    person_sd: float | None
    assumed: bool
    pieces: tuple[Piece, ...]

    def interval(self, n: int) -> tuple[float, float]:
        """95% predictive interval of the mean change of n people without cells."""
        reach = _Z95 * self.sd_of_mean(n)
        return self.mean - reach, self.mean + reach

    def sd_of_mean(self, n: int) -> float:
        """Standard deviation of the mean change of n people of a new study."""
        own = (self.person_sd or 0.0) ** 2 / n
        return math.sqrt(self.sd**2 + own)


def expected_change(
    condition: ConditionDocument,
    scale: str,
    days: float,
    in_trial: bool = True,
    living: bool = False,
) -> Expected | None:
    """The expected change of a scale over `days`; None where no yearly change is published.

    Args:
        condition: where the rows stand.
        scale: key of the scale.
        days: from treatment to the visit.
        in_trial: whether the response to being in a trial belongs to it.
        living: whether only those who live to the visit are scored, as in a change from baseline.
    """
    rows = condition.rows(Quantity.CHANGE_PER_YEAR, scale)
    if not rows:
        return None
    years = days / _DAYS_A_YEAR
    course = next((one for one in condition.courses if one.scale == scale), None)
    yearly, yearly_sd = _yearly(rows, course)
    pieces = [_piece("course of the disease", years * yearly, years * yearly_sd, rows)]
    variance = (years * yearly_sd) ** 2
    responses = condition.rows(Quantity.CONTROL_RESPONSE, scale) if in_trial else ()
    for row in responses[:1]:
        mean = float(row.value or 0.0)
        between = float(value("evidence.outcomes_response_tau_share")) * abs(mean)
        sd = math.hypot(_error(row) or 0.0, between)
        pieces.append(_piece("response to being in a trial", mean, sd, (row,)))
        variance += sd**2
    if living and course is not None and course.kind is CourseKind.DECLINE:
        left = _left(course, years)
        sd = value("evidence.outcomes_living_sd_share") * abs(left)
        sources = course.values["median_survival_months"].source
        reach = _Z95 * sd
        pieces.append(Piece(_LIVING, left, left - reach, left + reach, (), tuple(sources)))
        variance += sd**2
    spread, assumed = _person_sd(course, years, bool(responses))
    total = sum(piece.change for piece in pieces)
    return Expected(total, math.sqrt(variance), spread, assumed, tuple(pieces))


def _left(course: Course, years: float) -> float:
    """How much better the mean change of the living is than that of everybody, in points."""
    mean, sd = course.values["slope_mean"].value, course.values["slope_sd"].value
    half = course.values["median_survival_months"].value / _MONTHS_A_YEAR
    slope = mean + sd * _GRID
    hazard = math.log(2.0) / half * np.maximum(slope / mean, 0.0)
    weight = stats.norm.pdf(_GRID) * np.exp(-hazard * years)
    return years * (float(weight @ slope / weight.sum()) - mean)


def _piece(name: str, change: float, sd: float, rows: tuple[History, ...]) -> Piece:
    sources = tuple(dict.fromkeys(key for row in rows for key in row.source))
    names = tuple(row.key for row in rows)
    return Piece(name, change, change - _Z95 * sd, change + _Z95 * sd, names, sources)


def _error(row: History, person_sd: float | None = None) -> float | None:
    """Standard error of a published mean, from its interval, its SD, or the course's spread."""
    if row.low is not None and row.high is not None:
        return (row.high - row.low) / (2 * _Z95)
    spread = row.sd if row.sd is not None else person_sd
    return spread / math.sqrt(row.n) if spread is not None and row.n else None


def _yearly(rows: tuple[History, ...], course: Course | None) -> tuple[float, float]:
    """Mean and sd of the yearly change of a study not seen yet."""
    known = course.values.get("slope_sd") if course else None
    spread = known.value if known else None
    pairs = [(float(row.value or 0.0), _error(row, spread)) for row in rows]
    usable = [(mean, error) for mean, error in pairs if error is not None and error > 0]
    scale = float(value("evidence.outcomes_change_tau_share")) * abs(pairs[0][0])
    if not usable:
        means = np.array([mean for mean, _ in pairs])
        return float(means.mean()), max(float(np.ptp(means)) / (2 * _Z95), scale)
    prior = map_prior_normal(
        [mean for mean, _ in usable],
        [error for _, error in usable],
        tau_scale=scale,
        mean_prior=(usable[0][0], _VAGUE * max(abs(mean) for mean, _ in usable)),
    )
    return prior.new_study.mean, prior.new_study.sd


def _person_sd(course: Course | None, years: float, response: bool) -> tuple[float | None, bool]:
    """Spread of one person's change over the years, in closed form, and whether it is assumed."""
    if course is None or "slope_sd" not in course.values:
        return None, False
    used = ["slope_sd", "noise_sd"] + (["response_sd"] if "response_sd" in course.values else [])
    values = {name: course.values[name] for name in used}
    variance = (years * values["slope_sd"].value) ** 2 + 2.0 * values["noise_sd"].value ** 2
    if response and "response_sd" in values:
        variance += values["response_sd"].value ** 2
    return math.sqrt(variance), any(one.basis == "assumed" for one in values.values())
