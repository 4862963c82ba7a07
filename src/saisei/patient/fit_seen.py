"""Virtual people as the published studies saw them: examined in each study's window, weighted to its era.

Takes a model; gives gradings, totals and codes of people without eligibility, one visit for each window.
Every person has a day of their own in each window, spread evenly. A target then picks its people by the
exam that its source used.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.cord.values import CORD, places
from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.record import COLUMNS
from saisei.patient.cohort import Generator, Model
from saisei.patient.observe import STATES

__all__ = ["Seen", "Window", "days_in", "see"]

Window = tuple[int, int]
"""First and last day after the injury of an exam; both belong to it."""

TOTALS = ("uems", "lems", "light_touch", "pin_prick")
_GRADED = ("ais", "nli", "right_motor_level", "left_motor_level")
_CHUNK = 500
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_DECADE = 10.0
_UNKNOWN = -1
_AT = places(CORD)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """n people at some windows.

    Attributes:
        windows: the windows, in the order of the visits.
        codes: (n, visits, 136) exams.
        graded: by name (n, visits): AIS, levels, totals of both sides.
        kinds: (n,) latent kinds of injury.
        spread: (n,) even numbers in 0 to 1, to split people at random but always alike.
        era_log_odds, era_year: how the complete kind loses weight, a decade, from which year.
    """

    windows: tuple[Window, ...]
    codes: NDArray[np.int8]
    graded: dict[str, NDArray[np.int64]]
    kinds: NDArray[np.int64]
    spread: NDArray[np.float64]
    era_log_odds: float
    era_year: float

    def at(self, name: str, window: Window) -> NDArray[np.int64]:
        """A grading or total of everybody at one window, (n,)."""
        return self.graded[name][:, self.windows.index(window)]

    def exams(self, window: Window) -> NDArray[np.int8]:
        """The codes of everybody at one window, (n, 136)."""
        return self.codes[:, self.windows.index(window)]

    def weights(self, year: float, shift: float = 0.0) -> NDArray[np.float64]:
        """What each person counts in another year; exact, since only the share of one kind changes."""
        decades = (year - self.era_year) / _DECADE
        odds = np.exp(-(decades * self.era_log_odds + shift))
        return np.where(self.kinds == 0, odds, 1.0)

    def between(self, window: Window, high: Level, low: Level) -> NDArray[np.bool_]:
        """Whose neurological level at the window lies from `high` to `low`, both included."""
        nli = self.at("nli", window)
        found: NDArray[np.bool_] = (nli >= high) & (nli <= low)
        return found


def days_in(windows: Sequence[Window], persons: NDArray[np.int64]) -> NDArray[np.int64]:
    """A day in each window for each person, (n, windows): even over the window, the same at each call.

    >>> days_in([(5, 5), (1, 4)], np.arange(3)).tolist()
    [[5, 2], [5, 1], [5, 3]]
    """
    days = np.empty((len(persons), len(windows)), dtype=np.int64)
    for k, (first, last) in enumerate(windows):
        share = (persons * _GOLDEN + k * np.sqrt(2.0)) % 1.0
        days[:, k] = first + np.minimum((share * (last - first + 1)).astype(np.int64), last - first)
    return days


def see(
    model: Generator,
    windows: Sequence[Window],
    n: int,
    seed: int,
    *,
    first: int = 0,
    workers: int = 2,
) -> Seen:
    """Examine the people `first` to `first + n - 1` of a seed at every window.

    Args:
        model: the mechanistic model, or another generator (which then knows no kinds and no era).
        windows: when; each at most once.
        n, seed: how many people, of which seed (0 to 2**32 - 1).
        first: number of the first person.
        workers: threads; they never change the result.
    """
    codes = np.empty((n, len(windows), len(COLUMNS)), dtype=np.int8)
    kinds = np.full(n, _UNKNOWN, dtype=np.int64)

    def some(span: slice) -> None:
        persons = np.arange(first + span.start, first + span.stop, dtype=np.int64)
        days, attempts = days_in(windows, persons), np.zeros_like(persons)
        codes[span] = model.examine(seed, persons, attempts, days)[0]
        if isinstance(model, Model):
            truth = model.examine(seed, persons, attempts, days[:, :1], with_truth=True)[1]
            kinds[span] = truth[:, 0, STATES.index("true_kind")].astype(np.int64)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(some, [slice(at, min(at + _CHUNK, n)) for at in range(0, n, _CHUNK)]))
    table = classify_table(codes.reshape(n * len(windows), -1), threads=workers)
    graded: dict[str, Any] = {
        name: table.value_of(name).reshape(n, -1).astype(np.int64) for name in _GRADED
    }
    for part in TOTALS:
        total = table.total(part, "right").astype(np.int64) + table.total(part, "left")
        graded[part] = total.reshape(n, -1)
    spread = ((np.arange(first, first + n) + 0.5) * _GOLDEN) % 1.0
    era = (0.0, 0.0)
    if isinstance(model, Model):
        era = float(model.cord[_AT["era_log_odds"]]), float(model.cord[_AT["era_year"]])
    return Seen(tuple(windows), codes, graded, kinds, spread, *era)
