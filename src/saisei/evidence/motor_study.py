"""The motor outcomes of a study, put to the test against natural recovery.

Takes a study document. Reads what it prints: mean changes of UEMS, LEMS and the motor score by arm,
counts of people who gained motor levels, scores of listed people before and after. Gives one test for
each, with bounds over what the record leaves open (grade, exam day, level, number of people), and says
what is missing. A study without motor outcomes is answered too: it has none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saisei.errors import InputError
from saisei.evidence.generator_digest import generator_digest
from saisei.evidence.motor import MOTOR_MAIN, MotorTest, motor_test
from saisei.evidence.motor_kinds import Kind, kind_of
from saisei.evidence.motor_law import count_tails
from saisei.evidence.motor_people import Measure, Wanted, sources
from saisei.evidence.motor_record import (
    corner_cases,
    day_known,
    exam_days_of,
    grades_of_n,
    moves_with_exam,
    require_cord_injury,
    wanted_of_arm,
    words_of,
    year_of,
)
from saisei.evidence.motor_statistics import (
    CountStatistic,
    MeanStatistic,
    Statistic,
    SumStatistic,
    possible_sums,
)
from saisei.evidence.shift_model import model_for_groups
from saisei.exam.isncsci.levels import Level
from saisei.params import parameter
from saisei.study import Study
from saisei.study.schema import Arm, Continuous, MotorLevels

__all__ = [
    "MotorAssessment",
    "MotorOutcome",
    "Published",
    "assess_motor",
]

_SCORES = {"UEMS": Measure.UEMS, "LEMS": Measure.LEMS, "AMS": Measure.AMS}
_SIDES = {
    "at least one side": Measure.BETTER_SIDE,
    "both sides": Measure.WORSE_SIDE,
    "not stated": Measure.WORSE_SIDE,
}


@dataclass(frozen=True, slots=True)
class Published:
    """The same count against a published share, taken as if it were the natural rate."""

    source: str
    rate: float
    p: float


@dataclass(frozen=True, slots=True)
class MotorOutcome:
    """One printed motor outcome.

    Attributes:
        arm, role, visit: where it stands in the record.
        printed: as the record prints it.
        people: what such people are, in words.
        test: against natural recovery.
        corners: (ii) when one open part of the record is put at an end, in words and p.
        published: against a published share; None where there is none.
        notes: what was assumed.
    """

    arm: str
    role: str
    visit: str
    printed: str
    people: str
    test: MotorTest
    corners: tuple[tuple[str, float], ...]
    published: Published | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MotorAssessment:
    """The motor outcomes of a study.

    Attributes:
        study, digest: which document.
        generator: digest of the generator's values.
        nature: digest of the rows behind the landmark model.
        generator_draws: draws of the generator's posterior behind (ii) and (iii).
        outcomes: one for each printed motor outcome that can be tested.
        why_not: why there is none; empty when there is one.
        cannot_say: limits, in sentences.
    """

    study: str
    digest: str
    generator: str
    nature: str
    generator_draws: int
    outcomes: tuple[MotorOutcome, ...]
    why_not: str
    cannot_say: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries and lists of plain values, ready for JSON."""
        found: dict[str, Any] = _plain(dataclasses.asdict(self))
        return found


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(item) for key, item in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(item) for item in node]
    return str(node) if isinstance(node, str) else node


# Corners are compared with the claim, not claimed: the same draws of the generator, fewer people.
_CORNER_PEOPLE, _CORNER_DRAWS = 2400, 12


def _corners(
    study: Study, arm: Arm, visit: str, statistic: Statistic, wanted: Wanted, seen: int
) -> tuple[tuple[str, float], ...]:
    found = []
    if isinstance(statistic, MeanStatistic):
        statistic = replace(statistic, draws=_CORNER_DRAWS, _kept={})
    for words, one in corner_cases(wanted, day_known(study, arm), moves_with_exam(study, visit)):
        try:
            kind = kind_of(one, year=year_of(arm), people=_CORNER_PEOPLE)
            p = float(statistic.tails([kind], MOTOR_MAIN, seen).mean())
        except InputError:  # the generator holds too few such people: the corner says nothing
            continue
        found.append((words, p))
    return tuple(dict(found).items())


def _mean_outcome(study: Study, row: Continuous, *, corners: bool) -> MotorOutcome | None:
    measure = _SCORES.get(row.measure)
    arm = study.arm(row.arm)
    n = row.n.value if row.n.value is not None else row.n.high
    if measure is None or row.kind != "change" or n is None:
        return None
    grades, note = grades_of_n(study, arm, n)
    wanted = wanted_of_arm(study, arm, row.visit, grades)
    notes = [note] if note else []
    if row.n.value is None:
        notes.append(f"the number of people is not printed; {n} is taken, the most there can be")
    baseline = _baseline_mean(study, row)
    sums = None if baseline is None else possible_sums(baseline, n)
    if sums is None:
        notes.append("no mean at baseline is printed: people are not matched by their score")
    seen = possible_sums(row.mean, n)
    statistic = MeanStatistic(measure, n, sums)
    kind = kind_of(wanted, year=year_of(arm))
    what = f"{measure} gain, mean of {n}"
    test = motor_test(what, "points", statistic, [kind], seen[0], seen[-1])
    _, stated = exam_days_of(study, arm)
    start = "" if baseline is None else f" from {baseline:g}"
    return MotorOutcome(
        arm=row.arm,
        role=arm.role.value,
        visit=row.visit,
        printed=f"{row.measure} {row.mean:+g}{start} in {n} people",
        people=words_of(wanted, stated),
        test=test,
        corners=_corners(study, arm, row.visit, statistic, wanted, seen[0]) if corners else (),
        published=None,
        notes=tuple(notes),
    )


def _baseline_mean(study: Study, row: Continuous) -> float | None:
    """The first mean of the same measure and arm that stands at an earlier visit."""
    order = [visit.key for visit in study.visits]
    found = [
        one
        for one in study.continuous
        if (one.arm, one.measure, one.kind) == (row.arm, row.measure, "value")
        and order.index(one.visit) < order.index(row.visit)
    ]
    return found[0].mean if found else None


def _count_outcome(study: Study, row: MotorLevels, *, corners: bool) -> MotorOutcome:
    arm = study.arm(row.arm)
    wanted = wanted_of_arm(study, arm, row.visit)
    measure = _SIDES[row.sides]
    kind = kind_of(wanted, year=year_of(arm))
    statistic = CountStatistic(measure, row.levels, row.n)
    word = "level" if row.levels == 1 else "levels"
    what = f"{row.levels} motor {word} or more, {row.sides}"
    notes = ["whether one side or both is not stated: both are taken"] * (row.sides == "not stated")
    if row.interim:
        notes.append("an interim count: chosen from a trial that went on")
    _, stated = exam_days_of(study, arm)
    return MotorOutcome(
        arm=row.arm,
        role=arm.role.value,
        visit=row.visit,
        printed=f"{row.count} of {row.n} gained {what}",
        people=words_of(wanted, stated),
        test=motor_test(what, "people", statistic, [kind], row.count, row.count),
        corners=_corners(study, arm, row.visit, statistic, wanted, row.count) if corners else (),
        published=_published(row, wanted),
        notes=tuple(notes),
    )


def _published(row: MotorLevels, wanted: Wanted) -> Published | None:
    """Marino 2011 counts one motor level a person; that of AIS A tetraplegia, first week to one year."""
    shares = parameter("evidence.motor_levels_published").value
    assert isinstance(shares, tuple)
    if wanted.levels[1] > Level.T1 or row.levels not in (1, 2):
        return None
    rate = float(sum(shares[row.levels :]))
    tails = count_tails(np.array([rate]), row.n, row.count)
    return Published(
        parameter("evidence.motor_levels_published").source.cite, rate, float(tails[0])
    )


def _listed(study: Study) -> Iterator[MotorOutcome]:
    """Scores of listed people before and after, one test for each arm and measure."""
    for arm in (*study.treated, *study.controls):
        for name, measure in _SCORES.items():
            rows = list(_people_with(study, arm, name))
            if rows:
                yield _sum_outcome(study, arm, measure, rows)


def _people_with(study: Study, arm: Arm, name: str) -> Iterator[tuple[Any, Any, int, int]]:
    for person in study.people(arm.key):
        scores: Any = person.scores
        before = scores.get(name)
        for outcome in reversed(person.outcomes):
            found: Any = outcome.scores
            after = found.get(name)
            if before is not None and after is not None and None not in (before.value, after.value):
                yield person, outcome, int(before.value), int(after.value)
                break


def _sum_outcome(
    study: Study, arm: Arm, measure: Measure, rows: Sequence[tuple[Any, Any, int, int]]
) -> MotorOutcome:
    kinds: list[Kind] = []
    keys: list[tuple[Wanted, int]] = []
    places = []
    for person, outcome, before, _ in rows:
        wanted = _wanted_of_person(study, arm, person, outcome)
        if (wanted, before) not in keys:
            keys.append((wanted, before))
            kinds.append(kind_of(wanted, {measure: before}, year_of(arm)))
        places.append(keys.index((wanted, before)))
    total = sum(after - before for _, _, before, after in rows)
    statistic = SumStatistic(measure, tuple(places))
    what = f"{measure} gain, sum over {len(rows)} listed people"
    return MotorOutcome(
        arm=arm.key,
        role=arm.role.value,
        visit=rows[0][1].visit or "",
        printed=f"{measure} {total:+d} in {len(rows)} people",
        people=f"{len(keys)} kinds of person, each matched by {measure} at baseline",
        test=motor_test(what, "points", statistic, kinds, total, total),
        corners=(),
        published=None,
        notes=(),
    )


def _wanted_of_person(study: Study, arm: Arm, person: Any, outcome: Any) -> Wanted:
    general = wanted_of_arm(study, arm, outcome.visit or study.visits[-1].key)
    letters = "".join(str(one) for one in person.baseline_grade.options if str(one) in "ABCD")
    levels = (person.level.low, person.level.high)
    days = (person.exam_day.low, person.exam_day.high)
    found = replace(general, grades=letters or general.grades)
    if None not in levels:
        found = replace(found, levels=levels)
    if None not in days:
        found = replace(found, exam_days=(int(days[0]), int(days[1])))
    after = study.days_after_injury(person, outcome)
    return found if after is None else replace(found, follow_days=round(sum(after) / 2))


def _limits(outcomes: Sequence[MotorOutcome]) -> tuple[str, ...]:
    found = [
        "The generator knows no registry, age, surgery or rehabilitation; only the conversion of grades "
        "carries the spread between registries, from the landmark model. Differences between centres in "
        "the recovery of arms are not in any p here.",
        "Where the generator misses published targets (the page on calibration lists them, worst first), so "
        "does this test. A tail that is too thin makes natural luck look rare.",
    ]
    if any(one.role == "control" for one in outcomes):
        found.append(
            "The untreated arm is tested in the same way: if it lies off its own natural recovery, the "
            "comparator is off, and the arms must be compared with each other."
        )
    if any("motor level" in one.printed or one.test.unit == "people" for one in outcomes):
        found.append(
            "Motor levels are counted on the worksheet's scale; where the scale of a trial differs (levels "
            "below T1 follow sensation), so does the count."
        )
    return tuple(found)


def _why_not(study: Study) -> str:
    named = {
        name
        for person in study.participants
        for outcome in person.outcomes
        for name, one in outcome.scores.items()
        if name in _SCORES and one.unknown
    }
    if named:
        return (
            f"The record of {study.id} names {' and '.join(sorted(named, reverse=True))} but publishes no "
            "value of them, before or after, and no motor level: nothing can be said about motor outcomes."
        )
    return f"The record of {study.id} publishes no motor score or motor level before and after treatment."


def assess_motor(study: Study, *, corners: bool = True) -> MotorAssessment:
    """Test every motor outcome that a study prints against natural recovery.

    Args:
        study: as loaded.
        corners: whether to work out the bounds over what the record leaves open (slower).

    Raises:
        InputError: a printed mean that no whole numbers give, or people whom the generator cannot have.
    """
    require_cord_injury(study)
    means = (_mean_outcome(study, row, corners=corners) for row in study.continuous)
    outcomes = [one for one in means if one is not None]
    outcomes += [_count_outcome(study, row, corners=corners) for row in study.motor_levels]
    outcomes += list(_listed(study))
    return MotorAssessment(
        study=study.id,
        digest=study.digest,
        generator=generator_digest(),
        nature=model_for_groups().digest,
        generator_draws=len(sources()) - 1,
        outcomes=tuple(outcomes),
        why_not="" if outcomes else _why_not(study),
        cannot_say=_limits(outcomes) if outcomes else (),
    )
