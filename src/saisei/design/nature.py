"""What nature alone would give the people of a planned trial, and how far that is known.

Takes the strata, exam days and visit of a design document. Gives grade probabilities by stratum, their
draws, and the plausible range of the conversion rate: from the landmark model (a registry not seen yet,
stretched to the fitted registry with the highest recovery) or as the sponsor states it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.design.document.plan import Endpoint as PlannedEndpoint
from saisei.design.document.plan import NaturalHistory, Population, StatedNature, Visit
from saisei.design.document.schema import DesignDocument
from saisei.errors import InputError
from saisei.evidence.landmark import Person, Posterior, highest_registry, load_posterior, predict
from saisei.evidence.shift import ENDPOINTS, GRADES, Endpoint
from saisei.evidence.shift_posterior import shifted
from saisei.params import value

__all__ = ["Nature", "composition", "endpoint_of", "nature_of"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_REACH = 12.0  # shifts of the logit beyond which a rate is 0 or 1 to the eye
_KEYS = {"one grade": "one_grade", "two grades": "two_grades", "to D": "to_d"}


@dataclass(frozen=True, eq=False)
class Nature:
    """Natural recovery of the people planned.

    Attributes:
        baselines: rank of the grade of each stratum, shape (strata,).
        shares: of the strata, adding up to 1.
        endpoint: conversion endpoint that rates are about.
        low, centre, high: plausible range of the population's conversion rate and its middle.
        rates: draws of the conversion rate, shape (draws,); one value when the rate is only stated.
        grades: posterior mean grade probabilities, shape (strata, 5); None when only rates are stated.
        draws: draws of them, shape (draws, strata, 5).
        highest: draws in the fitted registry with the highest recovery; None when stated.
        basis: where the numbers come from, in words.
    """

    baselines: I64
    shares: F64
    endpoint: Endpoint
    low: float
    centre: float
    high: float
    rates: F64
    grades: F64 | None
    draws: F64 | None
    highest: F64 | None
    basis: str

    def conversion(self, grades: F64) -> F64:
        """The population's conversion rate at grade probabilities of shape (..., strata, 5)."""
        met = [
            [self.endpoint.met(int(start), end) for end in range(GRADES)]
            for start in self.baselines
        ]
        return np.asarray(
            np.einsum("...sg,sg,s->...", grades, np.array(met, dtype=np.float64), self.shares)
        )

    def at_rate(self, rate: float) -> F64:
        """Grade probabilities with this conversion rate: the mean ones, moved by one odds ratio.

        Raises:
            InputError: grades are not known, or no shift reaches the rate.
        """
        if self.grades is None:
            raise InputError("only a conversion rate is stated: grade probabilities are not known")
        grades = self.grades

        def gap(shift: float) -> float:
            return float(self.conversion(shifted(grades, shift))) - rate

        if gap(-_REACH) > 0.0 or gap(_REACH) < 0.0:
            raise InputError(f"no shift of the natural grades gives a conversion rate of {rate:g}")
        return shifted(grades, float(optimize.brentq(gap, -_REACH, _REACH, xtol=1e-12)))


def endpoint_of(planned: PlannedEndpoint) -> Endpoint:
    """The yes-or-no endpoint that a design document names.

    A responder of another condition has no grade: it stands as one step up, which is all that the
    rates of a stated nature need.
    """
    if planned.kind == "responder":
        return Endpoint("responder", planned.definition or planned.name, 1, 0)
    return next(one for one in ENDPOINTS if one.key == _KEYS[planned.conversion])


def composition(shares: F64, n: int) -> I64:
    """How many of n people each stratum has: shares of n by largest remainder.

    >>> composition(np.array([0.75, 0.25]), 10).tolist()
    [8, 2]
    """
    exact = shares * n
    counts = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: n - int(counts.sum())]] += 1
    return np.asarray(counts)


def nature_of(document: DesignDocument, posterior: Posterior | None = None) -> Nature:
    """Natural recovery for a design document.

    Args:
        document: read and checked.
        posterior: of the landmark model; the packaged one if left out. Not asked when rates are stated.
    """
    asked = (
        document.population, document.visit, document.endpoint, document.natural_history
    )  # fmt: skip
    return _kept(*asked) if posterior is None else _made(*asked, posterior)


@lru_cache(maxsize=16)
def _kept(
    population: Population, visit: Visit, planned: PlannedEndpoint, stated: NaturalHistory
) -> Nature:
    """Neighbours in a grid of designs share their natural history: it is made once."""
    return _made(population, visit, planned, stated, load_posterior())


def _made(
    population: Population,
    visit: Visit,
    planned: PlannedEndpoint,
    stated: NaturalHistory,
    used: Posterior,
) -> Nature:
    ranks = [0 if one.grade is None else one.grade.rank for one in population.strata]
    baselines = np.array(ranks, dtype=np.int64)
    shares = np.array([one.share for one in population.strata])
    endpoint = endpoint_of(planned)
    if isinstance(stated, StatedNature):
        return _stated(stated, baselines, shares / shares.sum(), endpoint)
    persons = _persons(population)
    follow = _follow_up_day(population, visit)
    draws = predict(persons, follow, used).probabilities
    highest = np.asarray(predict(persons, follow, used, mode="highest registry").probabilities)
    name = highest_registry(used)
    blank = Nature(
        baselines, shares / shares.sum(), endpoint, 0.0, 0.0, 1.0, np.zeros(1), None, None, None, ""
    )
    rates = blank.conversion(draws)
    tail = (1.0 - value("evidence.confidence")) / 2.0
    low, high = (float(x) for x in np.quantile(rates, [tail, 1.0 - tail]))
    top = float(blank.conversion(highest).mean())
    return Nature(
        baselines=blank.baselines,
        shares=blank.shares,
        endpoint=endpoint,
        low=low,
        centre=float(rates.mean()),
        high=max(high, top),
        rates=rates,
        grades=np.asarray(draws.mean(axis=0)),
        draws=np.asarray(draws),
        highest=highest,
        basis=(
            f"landmark model, people of a registry not seen yet, graded on day {follow:.0f} after"
            f" injury; the range reaches to {name}, the fitted registry with the highest recovery"
        ),
    )


def _persons(population: Population) -> list[Person]:
    year = None if population.injury_year is None else float(population.injury_year)
    return [
        Person(one.grade, one.levels, population.exam_day, year)
        for one in population.strata
        if one.grade is not None  # a group of another condition has a stated nature only
    ]


def _follow_up_day(population: Population, visit: Visit) -> float:
    """Day of the primary exam after injury; a visit after treatment counts from mid-window."""
    start = 0.0 if visit.counted_from != "treatment" else sum(population.treatment_day) / 2.0
    return start + visit.day


def _stated(nature: StatedNature, baselines: I64, shares: F64, endpoint: Endpoint) -> Nature:
    """Low and high are read as the 2.5% and 97.5% points, centre as the median, joined on the logit."""
    nodes = int(value("design.document_rate_nodes"))
    tail = float(special.ndtri((1.0 + value("evidence.confidence")) / 2.0))
    z = special.ndtri((np.arange(nodes) + 0.5) / nodes)
    knots = special.logit([nature.low, nature.centre, nature.high])
    rates = np.asarray(special.expit(np.interp(z, [-tail, 0.0, tail], knots)))
    grades = draws = None
    if nature.grades is not None:
        given = np.array(nature.grades, dtype=np.float64)
        grades = np.asarray(given / given.sum(axis=1, keepdims=True))
    made = Nature(
        baselines, shares, endpoint, nature.low, nature.centre, nature.high, rates, grades, None,
        None, f"as stated by the designers: {nature.basis}",
    )  # fmt: skip
    if grades is None:
        return made
    draws = np.stack([made.at_rate(float(rate)) for rate in rates])
    return replace(made, grades=made.at_rate(nature.centre), draws=draws)
