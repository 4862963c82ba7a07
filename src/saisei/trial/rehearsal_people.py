"""Who comes into a rehearsed trial, and what will be found in them: virtual people with and without cells.

Takes a design of a cord-injury trial and a seed; gives people in order of arrival, each with the exams
that both arms would show. Which arm is theirs is decided later, by the rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saisei.design.document.plan import Role, Visit
from saisei.design.document.schema import DesignDocument
from saisei.errors import UnsupportedError
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.patient.plan import Eligibility, Plan
from saisei.patient.therapy import Operation, Therapy
from saisei.patient.treated import Treated, treat

__all__ = ["Comer", "LotFacts", "comers"]

_WEEK_DAYS = 7.0
_CHUNK = 24


@dataclass(frozen=True, slots=True)
class LotFacts:
    """The lot that a rehearsal gives: ids of the chain, and what its release tests read."""

    lot: str
    line: str
    donor: str
    hla: tuple[str, ...]
    residual: float
    viability: float


@dataclass(frozen=True, slots=True)
class Comer:
    """One person who comes to the trial.

    Attributes:
        number: of the person, from 0; injured: day of the injury.
        exam_day, graft_day: days after the injury.
        ais, nli: as the baseline exam shows.
        codes: for arms without and with cells, exams (1 + visits, 136), the baseline first.
        graft_ul: volume of the graft at each visit, with cells.
    """

    number: int
    injured: date
    age: int
    sex: Literal["female", "male"]
    exam_day: int
    graft_day: int
    ais: str
    nli: str
    codes: tuple[NDArray[np.int8], NDArray[np.int8]]
    graft_ul: NDArray[np.float64]


def comers(
    design: DesignDocument, start: date, seed: int, generator: np.random.Generator
) -> tuple[Iterator[Comer], LotFacts]:
    """People in order of arrival, more than the design has places, and the lot; made as they are asked for.

    Args:
        design: of a trial in cord injury.
        start: first day of recruiting.
        seed: of the people.
        generator: of the arrivals.

    Raises:
        UnsupportedError: strata of another condition, or none that the generator of people knows.
    """
    places = sum(arm.n for arm in design.arms)
    n = places * int(value("trial.rehearsal_turned_away"))
    parts = _all(design, n, seed)
    gaps = generator.exponential(30.4375 / design.population.eligible_per_month, n)
    arrivals = [start + timedelta(days=float(day)) for day in np.cumsum(gaps)]
    first = next(parts)
    one = first.lots[0]
    facts = LotFacts(one.lot_id, one.line_id, one.donor_id, one.hla, one.residual, one.viability)
    men = generator.random(n) < value("trial.rehearsal_men")
    return _in_order(chain([first], parts), arrivals, men, design), facts


def _in_order(
    parts: Iterable[Treated], arrivals: list[date], men: NDArray[np.bool_], design: DesignDocument
) -> Iterator[Comer]:
    at = 0
    for part in parts:
        people = _people(part, at, arrivals, men, design)
        at += len(people)
        yield from people


def _all(design: DesignDocument, n: int, seed: int) -> Iterator[Treated]:
    population = design.population
    strata = [one for one in population.strata if one.grade is not None]
    if len(strata) < len(population.strata):
        raise UnsupportedError(
            "only trials in cord injury can be rehearsed: this design has groups in words"
        )
    grades = "".join(sorted({str(one.grade) for one in strata}))
    ends = [one.levels for one in strata if one.levels is not None]
    high = min((pair[0] for pair in ends), default=Level.C1)
    low = max((pair[1] for pair in ends), default=Level.T12)
    ages = population.age_years or (18.0, 75.0)
    first, last = (int(day) for day in population.exam_day)
    treat_first, treat_last = (int(day) for day in population.treatment_day)
    middle = (treat_first + treat_last) / 2.0
    weeks = tuple(
        sorted({round(_after_injury(one, middle) / _WEEK_DAYS, 3) for one in design.visits})
    )
    dose = next((arm.dose_cells for arm in design.arms if arm.dose_cells), 0) or 0
    plan = Plan(
        Eligibility(grades, (high, low), (first, last), (int(ages[0]), int(ages[1]))),
        weeks,
        n,
        seed,
    )
    operation = Operation(
        float(dose), (max(treat_first, first), treat_last), value("patient_therapy.drug_days")
    )
    therapy = Therapy(plan, operation, people_per_world=n)
    return treat(therapy, chunk=_CHUNK)


def _after_injury(visit: Visit, middle: float) -> float:
    return visit.day + (middle if visit.counted_from == "treatment" else 0.0)


def _people(
    part: Treated, at: int, arrivals: list[date], men: NDArray[np.bool_], design: DesignDocument
) -> list[Comer]:
    chunk = part.natural
    n, visits = chunk.days.shape
    graft = part.arms.index("graft")
    ais = chunk.graded.texts("ais").reshape(n, visits)[:, 0]
    nli = chunk.graded.texts("nli").reshape(n, visits)[:, 0]
    order = np.argsort([_after_injury(one, 0.0) for one in design.visits], kind="stable")
    since = np.array([design.visits[k].day for k in order])
    people = []
    for i in range(n):
        exam_day = int(chunk.days[i, 0])
        graft_day = max(int(part.course.graft_day[i]), exam_day)
        injured = arrivals[at + i] - timedelta(days=exam_day)
        volume = np.interp(since, part.images.since[i], part.images.volume[i])
        people.append(
            Comer(
                number=at + i,
                injured=injured,
                age=int(chunk.ages[i]),
                sex="male" if men[at + i] else "female",
                exam_day=exam_day,
                graft_day=graft_day,
                ais=str(ais[i]),
                nli=str(nli[i]),
                codes=(part.codes[0][i], part.codes[graft][i]),
                graft_ul=np.asarray(volume, dtype=np.float64),
            )
        )
    return people


def treated_arms(design: DesignDocument) -> frozenset[str]:
    """Keys of the arms that get cells."""
    return frozenset(arm.key for arm in design.arms if arm.role is Role.TREATED)
