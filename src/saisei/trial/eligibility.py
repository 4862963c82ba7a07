"""Whether a person fits the population of the design: grade, level, day of the exam, age."""

from __future__ import annotations

from saisei.design.document.schema import DesignDocument
from saisei.errors import RuleError
from saisei.exam.isncsci.levels import Level
from saisei.trial.kinds_people import Check, Participant, Screening

__all__ = ["eligibility"]


def eligibility(
    design: DesignDocument, person: Participant, screening: Screening
) -> tuple[Check, ...]:
    """What the design asks of a person, each with the value seen and whether it is met.

    Raises:
        RuleError: the level is no level.

    The age is taken at the injury; from a year alone it is met when any age that it allows is in range.
    """
    population = design.population
    try:
        level = Level.parse(screening.nli)
    except ValueError:
        raise RuleError(f"{screening.nli!r} is no neurological level (C1 to S4-5, INT)") from None
    graded = [one for one in population.strata if one.grade is not None]
    fits = not graded or any(
        stratum.grade == screening.ais
        and (stratum.levels is None or stratum.levels[0] <= level <= stratum.levels[1])
        for stratum in graded
    )
    wanted = ", ".join(
        f"AIS {one.grade}"
        + ("" if one.levels is None else f" {one.levels[0].label} to {one.levels[1].label}")
        for one in graded
    )
    day = (screening.exam_on - person.injured_on).days
    low, high = population.exam_day
    found = [
        Check(
            rule=f"grade and level: {wanted}", value=f"AIS {screening.ais} {level.label}", met=fits
        ),
        Check(
            rule=f"baseline exam on day {low:g} to {high:g} after the injury",
            value=f"day {day}",
            met=low <= day <= high,
        ),
    ]
    if population.age_years is not None:
        found.append(_age(population.age_years, person))
    return tuple(found)


def _age(wanted: tuple[float, float], person: Participant) -> Check:
    rule = f"age {wanted[0]:g} to {wanted[1]:g} years"
    injured = person.injured_on
    if person.born_on is not None:
        born = person.born_on
        age = injured.year - born.year - ((injured.month, injured.day) < (born.month, born.day))
        return Check(rule=rule, value=f"{age} years", met=wanted[0] <= age < wanted[1] + 1)
    if person.birth_year is None:
        return Check(rule=rule, value="year of birth not recorded", met=False)
    most = injured.year - person.birth_year
    met = most >= wanted[0] and most - 1 < wanted[1] + 1
    return Check(rule=rule, value=f"{most - 1} or {most} years", met=met)
