"""The landmark posterior as the shift test asks it: subjects and scenarios in, rates out.

Takes a posterior of `saisei.evidence.landmark`. Gives rates for every grade that each subject may have had
at baseline, all on one draw index. A study's own untreated arm, where it sits in the fit, is never chosen
as the registry with the highest recovery. Refits nothing: misreading scenarios change the reading only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.evidence import landmark_kernel as kernel
from saisei.evidence.landmark import Person, predict
from saisei.evidence.landmark_store import Posterior, load_posterior
from saisei.evidence.persons import Subject
from saisei.evidence.shift_partial import Rates
from saisei.evidence.shift_scenarios import Mode, NaturalHistory, Scenario
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.study import Study
from saisei.study.registries import LEVEL_GROUPS, Kind, load

__all__ = [
    "LandmarkModel",
    "asked_of",
    "model_for",
    "model_for_groups",
    "own_controls",
    "own_registries",
]

F64 = NDArray[np.float64]
_GRADES = tuple(AIS)
_READINGS = (kernel.EPS, kernel.MA, kernel.MB, kernel.MC, kernel.MD)
_SHAPES = {Mode.EXPONENTIAL: "exponential", Mode.WEIBULL: "weibull", Mode.CURE: "cure"}
_ARRAYS = ("shape", "values", "spreads", "registry", "share", "new", "noise")
_LAST_GAP_DAYS = 1.0  # an exam day that may lie after the follow-up is cut to the day before it

Key = tuple[Person, float, Mode, str | None, bool]


@dataclass(frozen=True)
class LandmarkModel:
    """A landmark posterior that answers the scenarios of the shift test.

    Attributes:
        posterior: fitted draws.
        own: registries that hold this study's own people; never taken as the highest or lowest.
    """

    posterior: Posterior
    own: frozenset[str] = frozenset()
    _kept: dict[Key, F64] = field(default_factory=dict, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Digest of the rows of the fit."""
        return str(self.posterior.about["rows_digest"])

    @property
    def fitted_rows(self) -> frozenset[str]:
        """Ids of the published rows behind the fit."""
        return frozenset(str(row["id"]) for row in self.posterior.about["rows"])

    @property
    def registries(self) -> tuple[str, ...]:
        """Names of the fitted registries."""
        return self.posterior.registries

    def offers(self, mode: Mode) -> bool:
        """Whether the posterior can answer in this mode."""
        shape = _SHAPES.get(mode)
        return shape is None or shape in self.posterior.about["shapes"]

    def registry(self, highest: bool) -> str:
        """The fitted registry with the highest or lowest natural recovery, this study's own apart."""
        effects = self.posterior.registry.mean(axis=0)
        order = np.argsort(-effects if highest else effects)
        names = [self.posterior.registries[i] for i in order]
        return str(next((name for name in names if name not in self.own), names[0]))

    def rates(self, people: Sequence[Subject], scenario: Scenario) -> Rates:
        """Rates of these people under a scenario.

        Raises:
            InputError: no person, or a fault of the posterior.
        """
        if not people:
            raise InputError("no person was given: give at least one")
        baselines = sorted({rank for one in people for rank in one.baselines})
        found: dict[int, F64] = {}
        for rank in baselines:
            columns = [
                self._one(one, rank if rank in one.baselines else one.baselines[0], scenario)
                for one in people
            ]
            found[rank] = np.stack(columns, axis=1)
        return Rates(found)

    def _one(self, one: Subject, rank: int, scenario: Scenario) -> F64:
        follow = _follow_up(one)
        year = one.injury_year
        if scenario.mode is Mode.EARLY_ERA:
            year = value("evidence.landmark_first_year")
        person = Person(
            _GRADES[rank], _levels(one, scenario), _exam_days(one, scenario, follow), year
        )
        key = (person, follow, scenario.mode, scenario.registry, scenario.quick)
        if key not in self._kept:
            self._kept[key] = self._predicted(person, follow, scenario)
        return self._kept[key]

    def _predicted(self, person: Person, follow: float, scenario: Scenario) -> F64:
        mode, used = scenario.mode, self.posterior
        if mode in _SHAPES:
            used = used.only(_SHAPES[mode])
        if scenario.quick:
            used = _thinned(used, int(value("evidence.shift_quick_draws")))
        if mode in (Mode.NO_ERROR, Mode.MORE_ERROR):
            values = used.values.copy()
            doubled = np.minimum(2.0 * values[:, _READINGS], np.maximum(0.5, values[:, _READINGS]))
            values[:, _READINGS] = 0.0 if mode is Mode.NO_ERROR else doubled
            used = replace(used, values=values)
        words = {
            Mode.HIGHEST: f"registry: {self.registry(True)}",
            Mode.LOWEST: f"registry: {self.registry(False)}",
            Mode.SECULAR: "secular trend",
        }.get(mode, "new registry")
        if scenario.registry is not None:
            words = f"registry: {scenario.registry}"
        return np.asarray(predict([person], follow, used, mode=words).probabilities[:, 0])


def _thinned(posterior: Posterior, most: int) -> Posterior:
    """Every k-th draw, ordered by shape and hazard, so that few draws keep the whole spread."""
    if posterior.draws <= most:
        return posterior
    new, spread = posterior.new, posterior.spreads
    effect = spread[:, 0] * new[:, 0] + spread[:, 1] * new[:, 1]
    order = np.lexsort((posterior.values[:, kernel.LOG_H] + effect, posterior.shape))
    at = order[((np.arange(most) + 0.5) * posterior.draws / most).astype(np.int64)]
    arrays = {name: getattr(posterior, name)[at] for name in _ARRAYS}
    return replace(posterior, **arrays)


def _follow_up(one: Subject) -> float:
    """Middle of the follow-up window; one year, or later if stated, where it is open."""
    low, high = one.follow_up_days
    default = value("evidence.shift_follow_up_days")
    if low is None:
        return default if high is None else min(high, default)
    return max(low, default) if high is None else (low + high) / 2.0


def _exam_days(one: Subject, scenario: Scenario, follow: float) -> tuple[float, float] | None:
    last = follow - _LAST_GAP_DAYS
    if scenario.exam_day is not None:
        day = min(scenario.exam_day, last)
        return day, day
    low, high = one.exam_days
    if low is None and high is None:
        return None
    first = value("evidence.shift_exam_day_first") if low is None else low
    end = max(first, value("evidence.shift_exam_day_last")) if high is None else high
    return min(first, last), min(end, last)


def _levels(one: Subject, scenario: Scenario) -> tuple[Level, Level] | None:
    """Possible levels, cut to T12: no published row follows AIS A below it (said in the limits)."""
    if scenario.level_group is not None:
        first, last = LEVEL_GROUPS[scenario.level_group]
        return min(first, Level.T12), min(last, Level.T12)
    low, high = one.levels
    if low is None and high is None:
        return None
    return min(low or Level.C1, Level.T12), min(high or Level.T12, Level.T12)


def asked_of(
    one: Subject, scenario: Scenario, follow: float | None = None
) -> tuple[tuple[Level, Level] | None, tuple[float, float] | None, float]:
    """Levels, exam days and follow-up day that a model of natural recovery is asked for.

    Args:
        one: the person as the record has it.
        scenario: may set level group and exam day.
        follow: day of the follow-up; that of the record when None.
    """
    end = _follow_up(one) if follow is None else follow
    return _levels(one, scenario), _exam_days(one, scenario, end), end


def own_controls(study: Study) -> tuple[str, ...]:
    """Ids of natural-history rows that are untreated arms of this very study, matched by DOI.

    >>> from saisei.study import load
    >>> own_controls(load("procord-rct-2012"))
    ('lammertse-2012-control-a',)
    """
    dois = {source.doi for source in study.sources.values() if source.doi}
    return tuple(r.id for r in load() if r.kind is Kind.CONTROL and r.source in dois)


def own_registries(study: Study) -> frozenset[str]:
    """Names of the registries that consist of this study's own untreated arm."""
    rows = {row.id: row.registry for row in load()}
    return frozenset(rows[one] for one in own_controls(study))


def model_for(study: Study, posterior: Posterior | NaturalHistory | None = None) -> NaturalHistory:
    """The model to ask about a study: the packaged posterior when None is given.

    Args:
        study: its own untreated arm is kept from being the highest registry.
        posterior: a landmark posterior, or any model of natural recovery (returned as it is).

    Raises:
        InputError: the packaged posterior is missing.
    """
    if posterior is not None and not isinstance(posterior, Posterior):
        return posterior
    return LandmarkModel(posterior or _packaged(), own_registries(study))


def model_for_groups() -> NaturalHistory:
    """The packaged posterior for people of no particular study.

    Raises:
        InputError: the packaged posterior is missing.
    """
    return LandmarkModel(_packaged())


def _packaged() -> Posterior:
    try:
        return load_posterior()
    except FileNotFoundError as error:
        rule = "the packaged natural-history fit is missing; make it with `saisei evidence fit`"
        raise InputError(f"{error.filename}: {rule}") from None
