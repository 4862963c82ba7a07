"""Staggering: who is exposed before the first harm is seen, how long the trial takes, who is turned away.

A gate shuts treatment for some days after the first person, a cohort or everybody. Eligible people
arrive at a constant rate; when the gate opens the next one is awaited. With event probability p and
onset law F, expected people treated before the first event is seen:

    1 + sum over i >= 2 of prod over j < i of [1 - p F(t_i - t_j)]

exact for given days of treatment t. With people arriving at random it is drawn instead, with its error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.domain import require_count, require_positive, require_probability
from saisei.design.document.plan import Gate
from saisei.design.document.schema import DesignDocument
from saisei.design.onset import OnsetLaw
from saisei.params import value

__all__ = [
    "Drawn",
    "Schedule",
    "drawn_exposure",
    "expected_exposed",
    "schedule_of",
    "shuts_after",
    "treatment_days",
]

F64 = NDArray[np.float64]

_DAYS_PER_MONTH = 365.25 / 12  # the unit `month` is a twelfth of a year


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a gate costs and spares, with people arriving at the expected pace.

    Attributes:
        gate: which.
        days: expected days of treatment of the treated, from the first.
        shut_days: days on which the gate is shut, in all.
        lost_at_least, lost_at_most: eligible people turned away: when everybody can wait to the end of
            the own treatment window, and when nobody can.
        months_to_result: from the first treatment to the primary exam of the last person.
        months_to_end: to the end of the longest safety window.
        person_years: under safety observation by then, treated people only.
    """

    gate: Gate
    days: tuple[float, ...]
    shut_days: float
    lost_at_least: float
    lost_at_most: float
    months_to_result: float
    months_to_end: float
    person_years: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A mean from drawn trials, its Monte Carlo error, and how many were drawn."""

    mean: float
    error: float
    runs: int


def shuts_after(gate: Gate, person: int, cohort: int | None) -> bool:
    """Whether the gate shuts after the person-th treatment, counted from 1.

    >>> [shuts_after(Gate.COHORT, i, 3) for i in (1, 3, 4, 6)]
    [False, True, False, True]
    """
    if gate is Gate.EVERY:
        return True
    if gate is Gate.FIRST:
        return person == 1
    return gate is Gate.COHORT and cohort is not None and person % cohort == 0


def treatment_days(
    gate: Gate, people: int, gap_days: float, interval_days: float = 0.0, cohort: int | None = None
) -> F64:
    """Expected days of treatment from the first, shape (people,).

    Args:
        gate: when treatment pauses.
        people: to be treated.
        gap_days: mean days between eligible people for this arm.
        interval_days: how long the gate shuts.
        cohort: people in a cohort.

    >>> treatment_days(Gate.FIRST, 3, 30.0, 90.0).tolist()
    [0.0, 120.0, 150.0]
    """
    require_count(people, "people", at_least=1)
    shut = [interval_days * shuts_after(gate, i, cohort) for i in range(1, people)]
    return np.concatenate(([0.0], np.cumsum(np.array(shut) + gap_days)))


def expected_exposed(days: Sequence[float] | F64, event_rate: float, onset: OnsetLaw) -> float:
    """Expected number treated by the time the first event is seen, or all when none is.

    Args:
        days: of treatment, rising.
        event_rate: probability that a treated person has the event.
        onset: when it shows.

    >>> expected_exposed([0.0, 10.0, 20.0], 1.0, OnsetLaw.linear(1.0))
    1.0
    """
    require_probability(event_rate, "event_rate")
    times = np.asarray(days, dtype=np.float64)
    total = 1.0
    for i in range(1, len(times)):
        total += float(np.prod(1.0 - event_rate * onset.share(times[i] - times[:i])))
    return total


def drawn_exposure(
    document: DesignDocument,
    event_rate: float,
    onset: OnsetLaw,
    generator: np.random.Generator,
    error: float | None = None,
) -> Drawn:
    """The same number with people arriving at random (Poisson), drawn until its error is small enough.

    Args:
        document: gives gate, people and rate of arrival.
        event_rate: probability that a treated person has the event.
        onset: when it shows.
        generator: source of randomness.
        error: wanted Monte Carlo standard error, in people; design.document_exposure_error if left out.
    """
    require_probability(event_rate, "event_rate")
    goal = value("design.document_exposure_error") if error is None else error
    require_positive(goal, "error")
    n, gap, step = document.n_treated, _gap(document), document.staggering
    shut = np.array(
        [(step.interval_days or 0.0) * shuts_after(step.gate, i, step.cohort) for i in range(1, n)]
    )
    block = int(value("design.document_exposure_block"))
    total = squares = 0.0
    runs = 0
    while runs < 2 * block or math.sqrt(max(squares / runs - (total / runs) ** 2, 0) / runs) > goal:
        waits = generator.exponential(gap, size=(block, n - 1)) + shut
        days = np.concatenate((np.zeros((block, 1)), np.cumsum(waits, axis=1)), axis=1)
        seen = np.where(
            generator.random((block, n)) < event_rate,
            days + onset.day(generator.random((block, n))),
            np.inf,
        )
        # A person is treated when nobody treated before has shown the event by then.
        earliest = np.minimum.accumulate(seen, axis=1)
        treated = 1.0 + (earliest[:, :-1] > days[:, 1:]).sum(axis=1)
        total, squares = total + float(treated.sum()), squares + float((treated**2).sum())
        runs += block
    spread = math.sqrt(max(squares / runs - (total / runs) ** 2, 0.0) / runs)
    return Drawn(total / runs, spread, runs)


def _gap(document: DesignDocument) -> float:
    """Mean days between people for the treated arms; controls take their share of the eligible."""
    everybody = document.n_treated + document.n_control
    days = _DAYS_PER_MONTH / document.population.eligible_per_month
    return days * everybody / document.n_treated


def schedule_of(document: DesignDocument, gate: Gate | None = None) -> Schedule:
    """The expected schedule of a design, under its own gate or another with the same interval.

    Args:
        document: read and checked.
        gate: another gate to compare with.
    """
    plan, population = document.staggering, document.population
    used = plan.gate if gate is None else gate
    interval = 0.0 if used is Gate.NONE else (plan.interval_days or 0.0)
    cohort = plan.cohort or int(value("design.document_cohort"))
    n, gap = document.n_treated, _gap(document)
    days = treatment_days(used, n, gap, interval, cohort)
    shuts = sum(shuts_after(used, i, cohort) for i in range(1, n))
    per_day = population.eligible_per_month / _DAYS_PER_MONTH
    wait = population.treatment_day[1] - population.treatment_day[0]
    visit = document.visit
    first = 0.0 if visit.counted_from == "treatment" else sum(population.treatment_day) / 2.0
    result = float(days[-1]) + visit.day - first
    window = max([one.window_days for one in document.safety], default=visit.day - first)
    end = max(result, float(days[-1]) + window)
    return Schedule(
        gate=used,
        days=tuple(days.tolist()),
        shut_days=shuts * interval,
        lost_at_least=shuts * max(interval - wait, 0.0) * per_day,
        lost_at_most=shuts * interval * per_day,
        months_to_result=result / _DAYS_PER_MONTH,
        months_to_end=end / _DAYS_PER_MONTH,
        person_years=float((end - days).sum()) / (12 * _DAYS_PER_MONTH),
    )
