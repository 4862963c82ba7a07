"""Virtual people without cells whose baseline exam fits, with their motor scores before and after.

Takes the generator's values and what the exam at enrolment shows (grades, levels, days). Gives whole
numbers: grade, UEMS, LEMS and motor levels at baseline and at follow-up. Person i is the i-th virtual
person of the seed, kept when the exam fits: rejection, hence exact conditioning, and the same people for
any block size. Exam days are spread evenly over their range by the number of the person. Only the
generator of `saisei.patient` is used; nothing is fitted here.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.exam.isncsci.batch import GradedTable, classify_table
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.patient.cohort import Model
from saisei.patient.posterior import load_posterior

__all__ = [
    "Measure",
    "Source",
    "VirtualPeople",
    "Wanted",
    "gains",
    "scores",
    "sources",
    "virtual_people",
]

I64 = NDArray[np.int64]
_BLOCKS = (
    8_000,
    50_000,
)  # fewest and most people examined at a time; it never changes who is found
_WIDTH = 136
_LETTERS = "ABCDE"


class Measure(StrEnum):
    """What is counted in a person: points of a score, or motor levels of a side."""

    UEMS = "UEMS"
    LEMS = "LEMS"
    AMS = "AMS"
    BETTER_SIDE = "motor level, better side"
    WORSE_SIDE = "motor level, worse side"

    @property
    def unit(self) -> str:
        """`points` or `levels`."""
        return "levels" if self in (Measure.BETTER_SIDE, Measure.WORSE_SIDE) else "points"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the exams of a kind of person must show; days count from the injury, ends belong to ranges.

    Attributes:
        grades: letters of the allowed grades at baseline.
        levels: highest and lowest neurological level.
        exam_days: first and last day of the baseline exam.
        follow_days: day of the follow-up exam.
    """

    grades: str
    levels: tuple[Level, Level]
    exam_days: tuple[int, int]
    follow_days: int

    def __post_init__(self) -> None:
        last = int(value("patient.last_day"))
        if not self.grades or set(self.grades) - set("ABCD"):
            raise InputError(
                f"AIS {self.grades!r}: the generator follows people at A, B, C or D; give one of them"
            )
        if self.levels[0] > self.levels[1]:
            raise InputError("the range of levels runs backwards: give the upper level first")
        if not 0 <= self.exam_days[0] <= self.exam_days[1]:
            raise InputError(
                f"the exam days {self.exam_days[0]} to {self.exam_days[1]}: give the earlier first, "
                "counted from the injury"
            )
        if not self.exam_days[1] < self.follow_days <= last:
            raise InputError(
                f"the follow-up on day {self.follow_days} must come after the exam (day "
                f"{self.exam_days[1]}) and by day {last}, where the generator ends"
            )


@dataclass(frozen=True, slots=True, eq=False)
class VirtualPeople:
    """n virtual people; arrays (n, 2) hold baseline and follow-up.

    Attributes:
        wanted: what they were chosen by.
        persons: numbers of the people.
        grade: rank of the AIS, A = 0 to E = 4.
        uems, lems: points.
        right, left: motor level of each side, as `Level`.
        searched: virtual people looked at; `acceptance` is the share that fits.
    """

    wanted: Wanted
    persons: I64
    grade: I64
    uems: I64
    lems: I64
    right: I64
    left: I64
    searched: int

    def __len__(self) -> int:
        return len(self.persons)

    @property
    def acceptance(self) -> float:
        """Share of the people searched who fit."""
        return len(self) / self.searched

    def take(self, keep: NDArray[np.bool_] | I64) -> VirtualPeople:
        """Some of the people."""
        arrays = {name: getattr(self, name)[keep] for name in _ARRAYS}
        return VirtualPeople(self.wanted, **arrays, searched=self.searched)


_ARRAYS = ("persons", "grade", "uems", "lems", "right", "left")


def scores(people: VirtualPeople, measure: Measure) -> I64:
    """A score at baseline and at follow-up, (n, 2); for a side the level, at baseline the better one."""
    if measure is Measure.UEMS:
        return people.uems
    if measure is Measure.LEMS:
        return people.lems
    if measure is Measure.AMS:
        return people.uems + people.lems
    return np.maximum(people.right, people.left)


def gains(people: VirtualPeople, measure: Measure) -> I64:
    """What each person gained from baseline to follow-up, whole numbers (n,).

    The better side is the side that gained more, the worse side the one that gained less, whichever they
    are: "two levels on at least one side" is a gain of two on the better side.
    """
    if measure in (Measure.BETTER_SIDE, Measure.WORSE_SIDE):
        right, left = np.diff(people.right)[:, 0], np.diff(people.left)[:, 0]
        pick = np.maximum if measure is Measure.BETTER_SIDE else np.minimum
        return np.asarray(pick(right, left))
    return np.asarray(np.diff(scores(people, measure))[:, 0])


@dataclass(frozen=True, slots=True)
class Source:
    """One set of values of the generator.

    Attributes:
        draw: of the packaged posterior; None for its mode, the packaged values.
        year: of injury, within the years that the registries have observed; None for the generator's own.
    """

    draw: int | None = None
    year: float | None = None


def sources(year: float | None = None, draws: int | None = None) -> tuple[Source, ...]:
    """The mode, then draws of the posterior spread evenly over it.

    Args:
        year: of injury; recovery is held flat after the last observed year, as in the landmark model. The
            year taken there for people of an unknown year when None.
        draws: how many; `evidence.motor_generator_draws` when None.
    """
    asked = value("evidence.landmark_unknown_year") if year is None else year
    first, last = value("evidence.landmark_first_year"), value("evidence.landmark_last_year")
    held = min(max(asked, first), last)
    count = int(value("evidence.motor_generator_draws")) if draws is None else draws
    stored = load_posterior().count
    chosen = [int((k + 0.5) * stored / count) for k in range(min(count, stored))]
    return (Source(None, held), *(Source(draw, held) for draw in chosen))


@lru_cache(maxsize=64)
def _model(source: Source) -> Model:
    model = Model.packaged() if source.draw is None else Model.draw(source.draw)
    return model if source.year is None else model.in_year(source.year)


@lru_cache(maxsize=128)
def virtual_people(
    wanted: Wanted, source: Source | None = None, people: int | None = None, seed: int | None = None
) -> VirtualPeople:
    """The first virtual people whose baseline exam fits, with both exams.

    Args:
        wanted: what the exams must show.
        source: values of the generator; the packaged ones when None.
        people: how many; `evidence.motor_people` when None.
        seed: of the streams; `evidence.motor_seed` when None.

    Raises:
        InputError: too few of the people searched fit.
    """
    count = int(value("evidence.motor_people")) if people is None else people
    start = int(value("evidence.motor_seed")) if seed is None else seed
    return _search(wanted, source or Source(), count, start)


def _search(wanted: Wanted, source: Source, people: int, seed: int) -> VirtualPeople:
    most, least = (
        int(value("evidence.motor_search_people")),
        int(value("evidence.motor_least_people")),
    )
    block = min(max(_BLOCKS[0], 4 * people), _BLOCKS[1])
    found: list[VirtualPeople] = []
    have = searched = 0
    while have < people and searched < most:
        found.append(_fitting(wanted, source, (searched, block), seed))
        searched += block
        have += len(found[-1])
    if have < min(least, people):
        raise InputError(
            f"only {have} of {searched:,} virtual people show AIS {' or '.join(wanted.grades)} at "
            f"{_span(wanted.levels)} on day {wanted.exam_days[0]} to {wanted.exam_days[1]}: too few for "
            "a null distribution; widen the levels or the days"
        )
    arrays = {
        name: np.concatenate([getattr(one, name) for one in found])[:people] for name in _ARRAYS
    }
    if have > people:  # people looked at until the last one taken
        searched = int(arrays["persons"][-1]) + 1
    return VirtualPeople(wanted, **arrays, searched=searched)


def _span(levels: tuple[Level, Level]) -> str:
    first, last = levels
    return first.label if first == last else f"{first.label} to {last.label}"


def _fitting(wanted: Wanted, source: Source, part: tuple[int, int], seed: int) -> VirtualPeople:
    """The people of a block (first, how many) whose baseline exam fits, with their follow-up."""
    start, block = part
    ais, nli = _at_baseline(source, wanted.exam_days, start, block, seed)
    allowed = np.isin(ais, [_LETTERS.index(letter) for letter in wanted.grades])
    keep = np.flatnonzero(allowed & (nli >= wanted.levels[0]) & (nli <= wanted.levels[1]))
    chosen, model = keep + start, _model(source)
    before = _examined(model, seed, chosen, _days(wanted.exam_days, chosen))
    after = _examined(model, seed, chosen, np.full(len(chosen), wanted.follow_days, dtype=np.int64))
    both = [_rows(before), _rows(after)]
    columns = {
        name: np.stack([one[name] for one in both], axis=1) for name in _ARRAYS if name != "persons"
    }
    return VirtualPeople(wanted, persons=chosen, **columns, searched=block)


def _days(span: tuple[int, int], persons: I64) -> I64:
    """The day of each person's baseline exam, evenly over its span."""
    first, last = span
    return first + persons % (last - first + 1)


@lru_cache(maxsize=16_384)
def _at_baseline(
    source: Source, exam_days: tuple[int, int], start: int, block: int, seed: int
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """AIS and neurological level of everybody in a block.

    Kept, because the people of a trial were examined on few different days and differ in what is looked
    for among the same virtual people. Two bytes a person: some 16 kB a block.
    """
    persons = np.arange(start, start + block, dtype=np.int64)
    graded = _examined(_model(source), seed, persons, _days(exam_days, persons))
    return graded.value_of("ais").astype(np.int8), graded.value_of("nli").astype(np.int8)


_THREADS = 2  # they never change the result: each person has streams of their own


def _examined(model: Model, seed: int, persons: I64, days: I64) -> GradedTable:
    def part(chosen: I64, when: I64) -> NDArray[np.int8]:
        return model.examine(
            seed, chosen, np.zeros_like(chosen), np.ascontiguousarray(when[:, None])
        )[0]

    halves = np.array_split(persons, _THREADS), np.array_split(days, _THREADS)
    with ThreadPoolExecutor(_THREADS) as pool:
        codes = np.concatenate(list(pool.map(part, *halves)))
    return classify_table(codes.reshape(-1, _WIDTH))


def _rows(graded: GradedTable) -> dict[str, I64]:
    return {
        "grade": graded.value_of("ais").astype(np.int64),
        "uems": graded.total("uems").astype(np.int64),
        "lems": graded.total("lems").astype(np.int64),
        "right": graded.value_of("right_motor_level").astype(np.int64),
        "left": graded.value_of("left_motor_level").astype(np.int64),
    }
