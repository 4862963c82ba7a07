"""The two models of natural recovery side by side on the people of a study.

The landmark model is fitted to published tables of grades, registry by registry; the generator of virtual
patients to scores and exams. Takes a study; gives for each kind of treated person the grades that both
foretell at 6 and 12 months, the chance of a result at least as good under both by one and the same
statistic, what moves each of them, and which is primary. Fits nothing, changes no p value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.evidence.generator_digest import generator_digest
from saisei.evidence.generator_model import GeneratorModel
from saisei.evidence.motor_kinds import subject_of
from saisei.evidence.motor_record import require_cord_injury, wanted_of_arm
from saisei.evidence.persons import Subject, subjects
from saisei.evidence.shift import (
    ENDPOINTS,
    MOST_PEOPLE,
    Endpoint,
    conversion_tail,
    lattice_scores,
    mean_rates,
    representative,
    tail_by_draw,
)
from saisei.evidence.shift_model import LandmarkModel, asked_of, model_for
from saisei.evidence.shift_partial import Rates, assign
from saisei.evidence.shift_scenarios import MAIN, Mode, NaturalHistory, Scenario
from saisei.exam.isncsci.grades import AIS
from saisei.study import Study

__all__ = ["PRIMARY", "WHY", "GradeForecast", "Moved", "TwoChances", "TwoModels", "compare_models"]

F64 = NDArray[np.float64]
_LETTERS = "".join(AIS)
_MONTHS = (6, 12)
_MONTH_DAYS = 365.0 / 12.0
_FIVE = (0.05, 0.95)

PRIMARY = "the landmark model for grades; the generator, with the landmark's conversion, for motor outcomes"
WHY = (
    "The landmark model is fitted to every published table of grades, carries the spread between registries, "
    "and its size has been checked with each registry left out. The generator is fitted to scores of one "
    "registry and a few tables of grades, as one population: its interval holds what its values leave open, "
    "not how far the next hospital may differ. So no claim on grades rests on the generator. Motor outcomes "
    "have no published tables by registry; there the generator is the only model, and it is made to "
    "convert as often as the landmark model says."
)


@dataclass(frozen=True, slots=True)
class GradeForecast:
    """Grades at a time after the injury by one model: mean, 5% and 95% points over its draws, A to E."""

    kind: str
    people: int
    months: int
    model: str
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TwoChances:
    """The chance of a result at least as good by both models, for one statistic.

    Attributes:
        outcome: in words.
        seen: people who met it; None for the shift of all grades.
        n: people.
        expected: people expected to meet it, by model; None for the shift.
        p: mean over draws, by model; `interval` 5% to 95% over draws.
        p_at_mean: at each model's mean rates, as if they were known: what is left when the spread is not.
    """

    outcome: str
    seen: int | None
    n: int
    expected: tuple[float, float] | None
    p: tuple[float, float]
    interval: tuple[tuple[float, float], tuple[float, float]]
    p_at_mean: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Moved:
    """What one change of a setting does to the chance of C or better at 12 months."""

    model: str
    setting: str
    any_better: float
    to_c: float


@dataclass(frozen=True, slots=True)
class TwoModels:
    """Both models on one study.

    Attributes:
        study, digest: which document.
        generator, nature: digests of the two models' inputs.
        forecasts: grades by kind, month and model.
        chances: results at least as good; empty when no grades at follow-up are published.
        moved: what moves the models, for the commonest kind.
        kind_moved: that kind, in words.
        notes: what was assumed.
        primary, why: which model a claim rests on.
    """

    study: str
    digest: str
    generator: str
    nature: str
    forecasts: tuple[GradeForecast, ...]
    chances: tuple[TwoChances, ...]
    moved: tuple[Moved, ...]
    kind_moved: str
    notes: tuple[str, ...]
    primary: str = PRIMARY
    why: str = WHY

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries and lists of plain values, ready for JSON."""
        return dataclasses.asdict(self)


def _treated(study: Study) -> tuple[Subject, ...]:
    return tuple(one for arm in study.treated for one in subjects(study, arm.key))


def _without_outcomes(study: Study) -> tuple[Subject, ...]:
    """One person for each grade of the treated arms where no grades at follow-up are published."""
    found = []
    for arm in study.treated:
        wanted = wanted_of_arm(study, arm, study.visits[-1].key)
        found += [subject_of(replace(wanted, grades=g), g) for g in wanted.grades]
    return tuple(found)


def _kinds(people: Sequence[Subject]) -> dict[tuple[Any, ...], list[Subject]]:
    """People whom both models cannot tell apart; an unknown grade is read as the record reads it."""
    found: dict[tuple[Any, ...], list[Subject]] = {}
    for one in people:
        levels, days, end = asked_of(one, MAIN)
        found.setdefault((one.reading[0], levels, days, end, one.injury_year), []).append(one)
    return found


def _words(one: Subject) -> str:
    levels, days, _ = asked_of(one, MAIN)
    at = "level unknown" if levels is None else f"{levels[0].label} to {levels[1].label}"
    day = (
        "exam day unknown (0 to 30 taken)"
        if days is None
        else f"exam on day {days[0]:g} to {days[1]:g}"
    )
    return f"AIS {_LETTERS[one.reading[0]]}, {at}, {day}"


def _at(one: Subject, months: int) -> Subject:
    day = months * _MONTH_DAYS
    rank = one.reading[0]
    return replace(one, follow_up_days=(day, day), pairs=((rank, rank),), reading=(rank, rank))


def _rates(model: NaturalHistory, people: Sequence[Subject], scenario: Scenario) -> F64:
    """Rates at the grade read at baseline, (draws, people, 5)."""
    found: Rates = model.rates(people, scenario)
    return assign(found, [one.reading[0] for one in people])


def _forecast(
    name: str, model: NaturalHistory, kind: str, one: Subject, people: int, months: int
) -> GradeForecast:
    draws = _rates(model, [_at(one, months)], MAIN)[:, 0]
    low, high = np.quantile(draws, _FIVE, axis=0)
    mean = draws.mean(axis=0)
    return GradeForecast(
        kind, people, months, name, *(tuple(float(x) for x in row) for row in (mean, low, high))
    )


Tails = Callable[[F64], F64]


def _chance(
    name: str,
    draws: Sequence[F64],
    tails: Tails,
    expected: Callable[[F64], float] | None,
    seen: int | None,
) -> TwoChances:
    """`draws` of the landmark model and of the generator, (draws, people, 5)."""
    found = [tails(one) for one in draws]
    means = [one.mean(axis=0, keepdims=True) for one in draws]
    at_mean = [float(tails(one)[0]) for one in means]
    spans = [tuple(float(x) for x in np.quantile(one, _FIVE)) for one in found]
    hoped = None if expected is None else [expected(one[0]) for one in means]
    return TwoChances(
        outcome=name,
        seen=seen,
        n=draws[0].shape[1],
        expected=None if hoped is None else (hoped[0], hoped[1]),
        p=(float(found[0].mean()), float(found[1].mean())),
        interval=((spans[0][0], spans[0][1]), (spans[1][0], spans[1][1])),
        p_at_mean=(at_mean[0], at_mean[1]),
    )


def _chances(
    people: Sequence[Subject], landmark: NaturalHistory, generator: NaturalHistory
) -> tuple[TwoChances, ...]:
    """Scores are the landmark's for both models: one statistic, two laws."""
    both = [_rates(model, people, MAIN) for model in (landmark, generator)]
    scores = lattice_scores(mean_rates(both[0]))
    total = sum(int(scores[i, one.reading[1]]) for i, one in enumerate(people))

    def shift(draws: F64) -> F64:
        return tail_by_draw(scores, draws[representative(draws, scores)], total)

    found = [_chance("all grades (shift test)", both, shift, None, None)]
    baselines = np.array([one.reading[0] for one in people])
    for endpoint in ENDPOINTS:
        seen = sum(endpoint.met(*one.reading) for one in people)
        met = np.array([[endpoint.met(int(b), g) for g in range(5)] for b in baselines])
        found.append(
            _chance(
                endpoint.name,
                both,
                partial(_count_tail, baselines, endpoint, seen),
                partial(_expected, met),
                seen,
            )
        )
    return tuple(found)


def _count_tail(baselines: NDArray[np.int64], endpoint: Endpoint, seen: int, draws: F64) -> F64:
    return conversion_tail(baselines, draws, endpoint, seen)


def _expected(met: NDArray[np.bool_], rates: F64) -> float:
    return float(rates[met].sum())


def _moved(one: Subject, landmark: LandmarkModel, generator: GeneratorModel) -> tuple[Moved, ...]:
    """One change at a time, everything else as in the main reading."""
    at = _at(one, 12)
    asked: list[tuple[str, NaturalHistory, str, Scenario, Subject]] = [
        ("landmark", landmark, "as asked", MAIN, at),
        ("landmark", landmark, "lowest registry", Scenario("", Mode.LOWEST), at),
        ("landmark", landmark, "highest registry", Scenario("", Mode.HIGHEST), at),
        (
            "landmark",
            landmark,
            "injured in the first observed years",
            Scenario("", Mode.EARLY_ERA),
            at,
        ),
        ("landmark", landmark, "grades read without error", Scenario("", Mode.NO_ERROR), at),
    ]
    asked += [
        ("landmark", landmark, f"as if in {name}", Scenario("", registry=name), at)
        for name in landmark.registries
        if name in ("EMSCI", "SCIMS")
    ]
    asked += [
        ("generator", generator, "as asked", MAIN, at),
        (
            "generator",
            generator,
            "injured in the first observed years",
            Scenario("", Mode.EARLY_ERA),
            at,
        ),
    ]
    _, days, _ = asked_of(one, MAIN)
    for day in sorted(set(days or (0.0, 30.0))):
        scenario = Scenario("", exam_day=day)
        asked.append(("landmark", landmark, f"exam on day {day:g}", scenario, at))
        asked.append(("generator", generator, f"exam on day {day:g}", scenario, at))
    found = []
    for name, model, words, scenario, person in asked:
        mean = _rates(model, [person], scenario)[:, 0].mean(axis=0)
        better = float(mean[person.reading[0] + 1 :].sum())
        found.append(Moved(name, words, better, float(mean[2:].sum())))
    return tuple(found)


def compare_models(
    study: Study, landmark: LandmarkModel | None = None, generator: GeneratorModel | None = None
) -> TwoModels:
    """Both models on the treated people of a study.

    Args:
        study: as loaded.
        landmark: the packaged fit when None.
        generator: the packaged generator when None.

    Raises:
        InputError: people whom one of the models cannot have.
    """
    require_cord_injury(study)
    first = model_for(study) if landmark is None else landmark
    assert isinstance(first, LandmarkModel)  # the packaged one is
    second = generator or GeneratorModel()
    people = _treated(study)
    shown = people or _without_outcomes(study)
    forecasts = []
    kinds = _kinds(shown)
    for group in kinds.values():
        for months in _MONTHS:
            for name, model in (("landmark", first), ("generator", second)):
                size = len(group) if people else 0
                forecasts.append(_forecast(name, model, _words(group[0]), group[0], size, months))
    commonest = max(kinds.values(), key=len)[0] if kinds else None
    testable = 0 < len(people) <= MOST_PEOPLE
    return TwoModels(
        study=study.id,
        digest=study.digest,
        generator=generator_digest(),
        nature=first.digest,
        forecasts=tuple(forecasts),
        chances=_chances(people, first, second) if testable else (),
        moved=_moved(commonest, first, second) if commonest is not None else (),
        kind_moved=_words(commonest) if commonest is not None else "",
        notes=_notes(study, people),
    )


def _notes(study: Study, people: Sequence[Subject]) -> tuple[str, ...]:
    found = [
        "Both models are asked for the same grade, levels, exam days, year of injury (recovery held flat "
        "after the last observed year) and day of follow-up.",
        "The landmark interval is for a registry not seen yet; the generator's holds its values only.",
    ]
    if not people:
        found.append(
            f"{study.id} publishes no grades at follow-up: the models are compared, no result is tested."
        )
    if any(not one.certain for one in people):
        found.append(
            "Grades that the record leaves open are read as it reads them, else at the worst."
        )
    return tuple(found)
