"""What drives the answer: corners of what is unknown, one change at a time, and rate x exam day.

Takes the treated people and a model of natural recovery. Gives p (ii) at every corner of the unknown
level and exam day, p (ii) after each single change of the model, and a map of the probability of a
result at least as good over the natural rate and the day of the baseline exam. The map holds each rate
as known and moves all people by one odds ratio, the way a registry effect does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from saisei.evidence.persons import Subject
from saisei.evidence.shift import (
    ENDPOINTS,
    Endpoint,
    conversion_tail,
    lattice_scores,
    mean_rates,
    tail_by_draw,
)
from saisei.evidence.shift_answer import case_tails, extreme_pairs
from saisei.evidence.shift_partial import assign
from saisei.evidence.shift_posterior import shifted
from saisei.evidence.shift_scenarios import MAIN, Mode, NaturalHistory, Scenario, level_groups
from saisei.exam.isncsci.grades import AIS
from saisei.params import parameter, value

__all__ = [
    "Corner",
    "Driver",
    "InRegistry",
    "SensitivityMap",
    "corners",
    "drivers",
    "in_registries",
    "sensitivity_map",
]

F64 = NDArray[np.float64]
_DRAWS = 100  # draws that stand for all in one sensitivity probability


@dataclass(frozen=True, slots=True)
class Corner:
    """Everybody in one level group and on one exam day: p (ii)."""

    level_group: str
    exam_day: float | None
    p: float


@dataclass(frozen=True, slots=True)
class InRegistry:
    """Everybody in one fitted registry: p there, over what the fit leaves open about it.

    Attributes:
        registry: name.
        p: probability of a result at least as good.
        to_c: mean natural chance of AIS C or better for these people there.
        own: whether it is this study's own untreated arm.
    """

    registry: str
    p: float
    to_c: float
    own: bool


@dataclass(frozen=True, slots=True)
class Driver:
    """One change at a time: the settings tried and p (ii) at each, as recorded first."""

    name: str
    settings: tuple[tuple[str, float], ...]

    @property
    def span(self) -> float:
        """Largest over smallest p, on the logarithmic scale of base 10."""
        values = [max(p, 1e-12) for _, p in self.settings]
        return math.log10(max(values) / min(values))


@dataclass(frozen=True, slots=True)
class SensitivityMap:
    """Probability of a result at least as good over natural rate and exam day.

    Attributes:
        exam_days: days of the baseline exam after injury (columns).
        rates: natural rates of AIS C or better (to E) for an exam on `reference_day` (rows).
        reference_day: day of the exam that the rate refers to.
        shift: P(total score at least as good), rows by columns.
        conversion: the same for the two-grade count.
        endpoint: of `conversion`.
        seen: people who met it.
        at_record: (exam day, rate) where the model puts these people; day at the middle of its range.
    """

    exam_days: tuple[float, ...]
    rates: tuple[float, ...]
    reference_day: float
    shift: tuple[tuple[float, ...], ...]
    conversion: tuple[tuple[float, ...], ...]
    endpoint: Endpoint
    seen: int
    at_record: tuple[float, float]


def _p(model: NaturalHistory, people: Sequence[Subject], scenario: Scenario) -> float:
    rates = model.rates(people, replace(scenario, quick=True))
    return case_tails(rates, [one.reading for one in people], _DRAWS).p


def _exam_range(people: Sequence[Subject]) -> tuple[float, float]:
    """First and last possible exam day of the people; the stated range where open."""
    first = value("evidence.shift_exam_day_first")
    last = value("evidence.shift_exam_day_last")
    lows = [one.exam_days[0] if one.exam_days[0] is not None else first for one in people]
    highs = [one.exam_days[1] if one.exam_days[1] is not None else last for one in people]
    return min(lows), max(*highs, min(lows))


def corners(model: NaturalHistory, people: Sequence[Subject]) -> tuple[Corner, ...]:
    """p (ii) with everybody in one possible level group and on the first or last possible exam day.

    The smallest and the largest are the bounds over what is not known of level and exam day.
    """
    days = sorted(set(_exam_range(people)))
    return tuple(
        Corner(
            group, day, _p(model, people, Scenario(f"{group}, day {day:g}", Mode.MAIN, group, day))
        )
        for group, day in itertools.product(level_groups(people), days)
    )


def in_registries(
    model: NaturalHistory, people: Sequence[Subject], own: Collection[str] = ()
) -> tuple[InRegistry, ...]:
    """p with everybody in each fitted registry, from the lowest natural recovery to the highest.

    Args:
        model: of natural recovery.
        people: treated people.
        own: registries that hold this study's own untreated arm.
    """
    pairs = [one.reading for one in people]
    found = []
    for name in model.registries:
        scenario = Scenario(f"registry {name}", registry=name, quick=True)
        rates = model.rates(people, scenario)
        share = _share_to_c(mean_rates(assign(rates, [before for before, _ in pairs])))
        found.append(InRegistry(name, case_tails(rates, pairs, _DRAWS).p, share, name in own))
    return tuple(sorted(found, key=lambda one: one.to_c))


def _mode_driver(
    model: NaturalHistory,
    people: Sequence[Subject],
    name: str,
    settings: Sequence[tuple[str, Mode]],
    base: float,
) -> Driver | None:
    offered = [(words, mode) for words, mode in settings if model.offers(mode)]
    if not offered:
        return None
    found = [(words, _p(model, people, Scenario(words, mode))) for words, mode in offered]
    return Driver(name, (("as recorded", base), *found))


_MODES: tuple[tuple[str, tuple[tuple[str, Mode], ...]], ...] = (
    ("registry", (("lowest recovery", Mode.LOWEST), ("highest recovery", Mode.HIGHEST))),
    ("era", (("first years observed", Mode.EARLY_ERA), ("trend carried on", Mode.SECULAR))),
    (
        "shape of the decay",
        (
            ("exponential", Mode.EXPONENTIAL),
            ("Weibull", Mode.WEIBULL),
            ("cure", Mode.CURE),
        ),
    ),
    ("misreading of grades", (("none", Mode.NO_ERROR), ("twice as often", Mode.MORE_ERROR))),
)


def drivers(model: NaturalHistory, people: Sequence[Subject]) -> tuple[Driver, ...]:
    """p (ii) under one change at a time, the change that moves it most first."""
    base = _p(model, people, MAIN)
    found: list[Driver | None] = []
    groups = level_groups(people)
    levels = [(f"all {g}", _p(model, people, Scenario(g, Mode.MAIN, g))) for g in groups]
    if len(groups) > 1:
        found.append(Driver("level mix", (("as recorded", base), *levels)))
    first, last = _exam_range(people)
    if first < last:
        days = [
            (f"all on day {d:g}", _p(model, people, Scenario(f"day {d:g}", exam_day=d)))
            for d in (first, last)
        ]
        found.append(Driver("exam day", (("as recorded", base), *days)))
    found += [_mode_driver(model, people, name, settings, base) for name, settings in _MODES]
    if not all(one.certain for one in people):
        rates = model.rates(people, replace(MAIN, quick=True))
        cases = [
            (name, case_tails(rates, extreme_pairs(rates, people, best=best), _DRAWS).p)
            for name, best in (("worst", False), ("best", True))
        ]
        found.append(Driver("grades known in part", (("as recorded", base), *cases)))
    return tuple(sorted((d for d in found if d is not None), key=lambda d: -d.span))


def _share_to_c(rates: F64) -> float:
    return float(rates[..., AIS.C.rank :].sum(axis=-1).mean())


def _odds_for(rates: F64, target: float) -> float:
    """The shift that gives these people the target share of AIS C or better."""
    return float(brentq(lambda b: _share_to_c(shifted(rates, b)) - target, -12.0, 12.0, xtol=1e-9))


def sensitivity_map(model: NaturalHistory, people: Sequence[Subject]) -> SensitivityMap:
    """Probability of a result at least as good over natural rate and exam day.

    Args:
        model: of natural recovery; it gives the shape over exam days, the map replaces its rate.
        people: at least one who begins at AIS A or B.
    """
    grid = parameter("evidence.shift_map_exam_days").value
    rows = parameter("evidence.shift_map_rates").value
    assert isinstance(grid, tuple)
    assert isinstance(rows, tuple)
    reference = value("evidence.shift_map_reference_day")
    pairs = [one.reading for one in people]
    baselines = np.array([before for before, _ in pairs])

    def mean_on(day: float) -> F64:
        scenario = Scenario(f"day {day:g}", exam_day=day, quick=True)
        return mean_rates(assign(model.rates(people, scenario), baselines.tolist()))

    by_day = {day: mean_on(day) for day in (*grid, reference)}
    endpoint = next(one for one in ENDPOINTS if one.key == "two_grades")
    seen = sum(endpoint.met(*pair) for pair in pairs)
    shift_rows, conversion_rows = [], []
    for rate in rows:
        odds = _odds_for(by_day[reference], rate)
        moved = [shifted(by_day[day], odds)[None] for day in grid]
        shift_rows.append(tuple(_one_tail(one, pairs) for one in moved))
        conversion_rows.append(
            tuple(float(conversion_tail(baselines, one, endpoint, seen)[0]) for one in moved)
        )
    return SensitivityMap(
        exam_days=grid,
        rates=rows,
        reference_day=reference,
        shift=tuple(shift_rows),
        conversion=tuple(conversion_rows),
        endpoint=endpoint,
        seen=seen,
        at_record=(sum(_exam_range(people)) / 2.0, _share_to_c(by_day[reference])),
    )


def _one_tail(rates: F64, pairs: Sequence[tuple[int, int]]) -> float:
    scores = lattice_scores(mean_rates(rates))
    total = sum(int(scores[i, after]) for i, (_, after) in enumerate(pairs))
    return float(tail_by_draw(scores, rates, total)[0])
