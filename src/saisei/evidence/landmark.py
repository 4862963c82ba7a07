"""What would have happened without cells: the grade at follow-up of people graded so on the day of the exam.

Takes persons (grade, level, exam day, era; each may be unknown) and a posterior of the landmark model. Gives
draws of the chances of A to E. One draw index runs over parameters, decay shapes and the effects of the
registry that the persons come from: in one draw all persons share one registry. For groups of such people;
never a personal prognosis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from saisei.errors import InputError, UnsupportedError
from saisei.evidence import landmark_kernel as k
from saisei.evidence.landmark_course import from_a, graded, onward, onward_time, still_a
from saisei.evidence.landmark_data import GROUPS, era_decades, level_mix, time_grid
from saisei.evidence.landmark_fit import QUICK, STANDARD, Settings
from saisei.evidence.landmark_store import Posterior, fit, load_posterior
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.params import parameter, value

__all__ = [
    "MODES",
    "QUICK",
    "STANDARD",
    "GradeDraws",
    "Person",
    "Posterior",
    "Settings",
    "Uncertainty",
    "fit",
    "highest_registry",
    "load_posterior",
    "predict",
]

Array = NDArray[np.float64]
MODES = ("new registry", "average registry", "highest registry", "secular trend")
_REGISTRY = "registry: "
_EXAM_NODES = 5
_REPEATS = 8  # other registries drawn per parameter draw when the uncertainty is split


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as known at baseline; days count from the injury, None is unknown.

    `levels` is one level or a range, `exam_days` one day or a range (spread evenly), `year` the year of
    injury. Age has no place: present evidence shows no effect on conversion (natural-history.md 3).
    """

    grade: AIS
    levels: tuple[Level, Level] | None = None
    exam_days: tuple[float, float] | None = None
    year: float | None = None

    def __post_init__(self) -> None:
        if self.levels is not None:
            if self.levels[0] > self.levels[1]:
                raise InputError("the range of levels runs backwards: give the upper level first")
            if self.grade is AIS.A and self.levels[0] > Level.T12:
                raise UnsupportedError(
                    f"{self.levels[0].label}: no published row follows AIS A below T12; give a level"
                    " from C1 to T12, or none"
                )
        if self.exam_days is not None:
            first, last = self.exam_days
            if not (np.isfinite(first) and np.isfinite(last)) or first < 0:
                raise InputError(
                    f"the exam day {first:g} lies before the injury: days count from the injury"
                )
            if first > last:
                raise InputError("the range of exam days runs backwards: give the earlier first")


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Standard deviation of a chance, and the shares of its variance by source (they add to 1)."""

    sd: float
    sampling: float
    registry: float
    shape: float


@dataclass(frozen=True)
class GradeDraws:
    """Chances of the grades A to E at follow-up.

    `probabilities` is [draws, persons, 5]; `shape` the decay shape of each draw; `notes` say what was
    assumed.
    """

    probabilities: Array
    persons: tuple[Person, ...]
    follow_up_days: float
    since: str
    mode: str
    shape: NDArray[np.int8]
    notes: tuple[str, ...]
    posterior: Posterior

    @property
    def mean(self) -> Array:
        """Posterior mean chances, [persons, 5]."""
        return np.asarray(self.probabilities.mean(axis=0))

    def at_least(self, grade: AIS) -> Array:
        """Chance of that grade or better, [draws, persons]."""
        return np.asarray(self.probabilities[:, :, grade.rank :].sum(axis=2))

    @property
    def any_conversion(self) -> Array:
        """Chance of a better grade than at baseline, [draws, persons]."""
        ranks = [person.grade.rank for person in self.persons]
        columns = [self.probabilities[:, i, r + 1 :].sum(axis=1) for i, r in enumerate(ranks)]
        return np.stack(columns, axis=1)

    def interval(self, chance: Array, level: float | None = None) -> tuple[Array, Array]:
        """Equal-tailed interval over the draws of a chance [draws, ...]."""
        tail = (1.0 - (value("evidence.confidence") if level is None else level)) / 2.0
        low, high = np.quantile(chance, [tail, 1.0 - tail], axis=0)
        return np.asarray(low), np.asarray(high)

    def uncertainty(self, person: int = 0, at_least: AIS | None = None) -> Uncertainty:
        """Split the variance of a chance into sampling, between-registry and shape.

        Args: person: index; at_least: the grade reached, by default any better grade.
        """
        one = self.persons[person]
        rank = one.grade.rank + 1 if at_least is None else at_least.rank
        table = []
        for turn in range(_REPEATS):
            other = _with_new(self.posterior, turn)
            again = _chances([one], self.follow_up_days, self.since, other, "new registry")
            table.append(again[:, 0, rank:].sum(axis=1))
        chance = np.stack(table, axis=1)  # [draws, registries]
        within = float(chance.var(axis=1, ddof=1).mean())
        centre = chance.mean(axis=1)
        codes = np.unique(self.shape)
        means = [float(centre[self.shape == code].mean()) for code in codes]
        weight = [float(np.mean(self.shape == code)) for code in codes]
        middle = sum(w * m for w, m in zip(weight, means, strict=True))
        shape = sum(w * (m - middle) ** 2 for w, m in zip(weight, means, strict=True))
        sampling = max(0.0, float(centre.var()) - within / _REPEATS - shape)
        total = within + shape + sampling
        return Uncertainty(total**0.5, sampling / total, within / total, shape / total)


def predict(
    persons: Sequence[Person],
    follow_up_days: float,
    posterior: Posterior | None = None,
    *,
    mode: str = "new registry",
    shape: str | None = None,
    since: str = "injury",
) -> GradeDraws:
    """Chances of the grades A to E at follow-up without treatment.

    Args:
        persons: conditional on each being graded as at baseline on the exam day.
        follow_up_days: day of the follow-up exam.
        posterior: by default the packaged one.
        mode: "new registry" (the persons come from a registry not seen; one for all), "average registry"
            (no effect), "highest registry" (the fitted registry with the highest natural recovery), "secular
            trend" (as new, the rise over the years carried on), or "registry: NAME".
        shape: only one decay shape (exponential, weibull, cure).
        since: whether follow-up days count from the "injury" or from the "exam".

    Raises:
        InputError: no person, an unknown mode, or an exam day that is not before the follow-up.
    """
    if not persons:
        raise InputError("no person was given: give at least one")
    if not np.isfinite(follow_up_days) or follow_up_days <= 0:
        raise InputError(f"the follow-up day {follow_up_days:g} must lie after the injury")
    if since not in ("injury", "exam"):
        raise InputError(f"since is {since!r}: it must be injury or exam")
    for person in persons:
        days = _exam_window(person)
        if since == "injury" and days[1] >= follow_up_days:
            raise InputError(
                f"the exam day {days[1]:g} is not before the follow-up day {follow_up_days:g}"
                " (both count from the injury)"
            )
    used = load_posterior() if posterior is None else posterior
    used = used if shape is None else used.only(shape)
    _require_mode(used, mode)
    chances = _chances(persons, follow_up_days, since, used, mode)
    notes = tuple(dict.fromkeys(note for person in persons for note in _notes(person, mode)))
    return GradeDraws(chances, tuple(persons), follow_up_days, since, mode, used.shape, notes, used)


def _require_mode(posterior: Posterior, mode: str) -> None:
    named = mode.startswith(_REGISTRY)
    if mode not in MODES and not named:
        raise InputError(
            f"mode is {mode!r}: it must be one of {', '.join(MODES)}, or registry: NAME"
        )
    if named and mode.removeprefix(_REGISTRY) not in posterior.registries:
        known = ", ".join(posterior.registries)
        raise InputError(f"no fitted registry is called {mode!r}: they are {known}")


def _exam_window(person: Person) -> tuple[float, float]:
    if person.exam_days is not None:
        return person.exam_days
    unknown = parameter("evidence.landmark_unknown_exam_days").value
    assert isinstance(unknown, tuple)
    return unknown[0], unknown[1]


def _notes(person: Person, mode: str) -> list[str]:
    found = []
    mix = level_mix(person.levels)
    if person.grade is AIS.A and max(mix) < 1.0:
        shares = zip(GROUPS, mix, strict=True)
        told = ", ".join(f"{100 * share:.0f}% {name}" for name, share in shares if share)
        found.append(f"level not known exactly: {told} (as in Marino 2020)")
    if person.exam_days is None:
        found.append(
            "exam day not known: spread evenly over day {:g} to {:g}".format(*_exam_window(person))
        )
    if person.year is None:
        found.append(
            f"year of injury not known: {value('evidence.landmark_unknown_year'):.0f} taken"
        )
    last = value("evidence.landmark_last_year")
    trend = "carried on" if mode == "secular trend" else "held flat"
    found.append(f"the rise of recovery over the years is {trend} after {last:.0f}")
    return found


def highest_registry(posterior: Posterior) -> str:
    """The fitted registry with the highest natural recovery (mean effect on the log hazard)."""
    return posterior.registries[int(np.argmax(posterior.registry.mean(axis=0)))]


def _with_new(posterior: Posterior, turn: int) -> Posterior:
    """The same parameters with the new-registry effects of other draws."""
    if turn == 0:
        return posterior
    shift = turn * (posterior.draws // (_REPEATS + 1))
    new = np.roll(posterior.new, shift, axis=0)
    return replace(posterior, new=new, noise=np.roll(posterior.noise, shift, axis=0))


def _effects(posterior: Posterior, mode: str) -> tuple[Array, Array]:
    """Effects of the persons' registry on the log hazard and on the log odds of C or D, [draws]."""
    if mode == "average registry":
        return np.zeros(posterior.draws), np.zeros(posterior.draws)
    if mode in ("new registry", "secular trend"):
        new, spread = posterior.new, posterior.spreads
        return spread[:, 0] * new[:, 0] + spread[:, 1] * new[:, 1], spread[:, 2] * new[:, 2]
    name = highest_registry(posterior) if mode == "highest registry" else mode
    at = posterior.registries.index(name.removeprefix(_REGISTRY))
    return np.asarray(posterior.registry[:, at]), np.asarray(posterior.share[:, at])


def _chances(
    persons: Sequence[Person], follow: float, since: str, posterior: Posterior, mode: str
) -> Array:
    """[draws, persons, 5]; equal persons are worked out once."""
    found: dict[Person, Array] = {}
    days = [day for person in set(persons) for day in _exam_nodes(person)]
    for person in persons:
        if person not in found:
            found[person] = _one(person, follow, since, posterior, mode, days)
    return np.stack([found[person] for person in persons], axis=1)


def _exam_nodes(person: Person) -> list[float]:
    first, last = _exam_window(person)
    return [first] if first == last else list(np.linspace(first, last, 2 * _EXAM_NODES + 1)[1::2])


def _one(
    person: Person,
    follow: float,
    since: str,
    posterior: Posterior,
    mode: str,
    days: Sequence[float],
) -> Array:
    """[draws, 5]; `days` are the exam days of all persons: one grid for all keeps their order exact."""
    nodes = _exam_nodes(person)
    end = follow if since == "injury" else follow + sum(_exam_window(person)) / 2.0
    if person.grade is AIS.E:
        return np.broadcast_to(np.eye(5)[4], (posterior.draws, 5)).copy()
    grid = time_grid([*days, end])
    grid = grid[grid <= end]
    starts = [int(np.searchsorted(grid, day)) for day in nodes]
    values = posterior.values
    time = onward_time(values, grid)
    shares = onward(values, time[:, -1:] - time)
    if person.grade is AIS.A:
        total = _complete(person, grid, starts, shares, posterior, mode)
        return np.asarray(total / total.sum(axis=1, keepdims=True))
    state = np.zeros((posterior.draws, 5))
    state[:, 1:] = np.mean([shares[:, at, person.grade.rank - 1] for at in starts], axis=0)
    seen = graded(values, state, began_as_c=person.grade is AIS.C)
    return _spread(seen, posterior, mode)


def _complete(
    person: Person, grid: Array, starts: list[int], shares: Array, posterior: Posterior, mode: str
) -> Array:
    values = posterior.values
    u, v = _effects(posterior, mode)
    year = value("evidence.landmark_unknown_year") if person.year is None else person.year
    era = era_decades(year, extrapolate=mode == "secular trend")
    odds = np.log(values[:, k.PI] / (1.0 - values[:, k.PI])) + v
    share_cd = 1.0 / (1.0 + np.exp(-odds))
    total = np.zeros((posterior.draws, 5))
    shifts = (np.zeros(posterior.draws), values[:, k.B_LOW], values[:, k.B_MID])
    for part, shift in zip(level_mix(person.levels), shifts, strict=True):
        if part == 0.0:
            continue
        hazard = np.exp(values[:, k.LOG_H] + shift + values[:, k.ERA] * era + u)
        still = still_a(posterior.shape, hazard, values[:, k.DECAY], grid)
        for at in starts:
            state = from_a(values, share_cd, still, shares, at)
            total += part / len(starts) * graded(values, state)
    return total


def _spread(seen: Array, posterior: Posterior, mode: str) -> Array:
    """Rows of B, C and D scatter about the model (Dirichlet); a new registry draws its own scatter."""
    if mode == "average registry":
        return seen
    concentration = posterior.values[:, k.KAPPA, None]
    uniform = np.clip(posterior.noise, 1e-6, 1.0 - 1e-6)
    parts = gammaincinv(np.maximum(concentration * seen, 1e-6), uniform)
    parts = np.where(seen > 0.0, np.maximum(parts, 1e-12), 0.0)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))
