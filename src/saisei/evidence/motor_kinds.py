"""One kind of person: its virtual people, matched by baseline scores, and the laws of their gains.

Takes what the baseline exam shows, and baseline scores where they are known. Gives laws of a gain in
three readings: as the generator has it; with the grades at follow-up weighted so that they occur as often
as in each draw of the landmark model (its uncertainty between registries included); and the same at the
least favourable registry or trend. The weight of a grade is the ratio of the two models' chances for all
people of the kind, so what the baseline scores say about conversion stays that of the generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.evidence.motor_law import GainLaws, JointLaws
from saisei.evidence.motor_people import (
    Measure,
    Source,
    VirtualPeople,
    Wanted,
    gains,
    scores,
    sources,
    virtual_people,
)
from saisei.evidence.persons import Subject
from saisei.evidence.shift_model import model_for_groups
from saisei.evidence.shift_scenarios import NaturalHistory, Scenario
from saisei.exam.isncsci.grades import AIS
from saisei.params import value

__all__ = ["Kind", "KindPeople", "kind_of", "merged_grades", "subject_of"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
GRADES = 5
_LETTERS = "".join(AIS)


@dataclass(frozen=True, slots=True, eq=False)
class KindPeople:
    """Virtual people of one set of generator values.

    Attributes:
        everyone: all whose grade, level and day fit.
        matched: those whose baseline scores fit too.
        windows: half width in points of each match.
    """

    everyone: VirtualPeople
    matched: VirtualPeople
    windows: Mapping[Measure, int]


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of person.

    Attributes:
        wanted: what the baseline exam shows.
        before: baseline scores that are known.
        year: of injury; None when not known.
        pools: virtual people: of the generator's mode first, then of draws of its posterior.
        nature: the landmark model behind the weights.
    """

    wanted: Wanted
    before: Mapping[Measure, int]
    year: float | None
    pools: tuple[KindPeople, ...]
    nature: NaturalHistory
    _ratios: dict[Scenario, F64] = field(default_factory=dict, repr=False)

    @cached_property
    def subjects(self) -> dict[int, Subject]:
        """Rank at baseline -> such a person as the landmark model sees them."""
        return {
            _LETTERS.index(g): subject_of(self.wanted, g, self.year) for g in self.wanted.grades
        }

    def laws(self, measure: Measure, scenario: Scenario | None = None) -> GainLaws:
        """Laws of the gain: one, of the generator's mode; or one for each draw of the landmark model.

        Args:
            measure: what is counted.
            scenario: question put to the landmark model, each of its draws paired with one of the
                generator's posterior; None for the generator as it stands, at its mode.
        """
        every = [gains(pool.matched, measure) for pool in self.pools]
        first = min(int(one.min()) for one in every)
        k = max(int(one.max()) for one in every) - first + 1
        cells = [
            _by_grade(pool.matched, one - first, k)
            for pool, one in zip(self.pools, every, strict=True)
        ]
        return GainLaws(first, self._mixed(cells, scenario))

    def joint(self, measure: Measure, scenario: Scenario | None = None) -> JointLaws:
        """Joint laws of baseline score and gain, as `laws`."""
        every = [gains(pool.matched, measure) for pool in self.pools]
        starts = [scores(pool.matched, measure)[:, 0] for pool in self.pools]
        first = min(int(one.min()) for one in every)
        k = max(int(one.max()) for one in every) - first + 1
        bases = max(int(one.max()) for one in starts) + 1
        cells = [
            _by_grade(pool.matched, start * k + one - first, bases * k)
            for pool, start, one in zip(self.pools, starts, every, strict=True)
        ]
        mixed = self._mixed(cells, scenario)
        return JointLaws(first, mixed.reshape(len(mixed), bases, k))

    def grades(self) -> F64:
        """Grades at follow-up by the generator, mode first, (1 + draws, A..E)."""
        found = [_shares(pool.everyone.grade[:, 1]) for pool in self.pools]
        return np.stack(found)

    def ratios(self, scenario: Scenario) -> F64:
        """Landmark chance over generator chance, (draws, 25), at 5 x grade before + grade after."""
        if scenario not in self._ratios:
            self._ratios[scenario] = self._ratio(scenario)
        return self._ratios[scenario]

    def _ratio(self, scenario: Scenario) -> F64:
        rates = {
            rank: self.nature.rates([one], scenario).by_baseline[rank][:, 0]
            for rank, one in self.subjects.items()
        }
        draws = len(next(iter(rates.values())))
        found = np.zeros((draws, GRADES * GRADES))
        for k, at in self._turns(draws):
            pool = self.pools[k]
            for rank, law in rates.items():
                after = pool.everyone.grade[pool.everyone.grade[:, 0] == rank, 1]
                if len(after):
                    found[at, GRADES * rank : GRADES * (rank + 1)] = _ratio_of(law[at], after)
        return found

    def _turns(self, draws: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Which landmark draws go with which pool: turn by turn over the generator's posterior."""
        first = 1 if len(self.pools) > 1 else 0
        turn = first + np.arange(draws) % (len(self.pools) - first)
        for k in range(first, len(self.pools)):
            yield k, turn == k

    def _mixed(self, cells: Sequence[F64], scenario: Scenario | None) -> F64:
        """Cells (25, k) of each pool, joined with the weights of each draw, (draws, k)."""
        if scenario is None:
            mass = cells[0].sum(axis=0)[None]
        else:
            ratio = self.ratios(scenario)
            mass = np.empty((len(ratio), cells[0].shape[1]))
            for k, at in self._turns(len(ratio)):
                mass[at] = ratio[at] @ cells[k]
        total = mass.sum(axis=1, keepdims=True)
        if not np.all(total > 0.0):
            raise InputError(
                "the landmark model and the generator share no outcome for such people"
            )
        return np.asarray(mass / total)

    def keeping(self, block: int, blocks: int) -> Kind:
        """The same kind without one block of virtual people (by their number)."""
        pools = []
        for pool in self.pools:
            everyone = pool.everyone.take(pool.everyone.persons % blocks != block)
            matched = pool.matched.take(pool.matched.persons % blocks != block)
            pools.append(KindPeople(everyone, matched, pool.windows))
        return Kind(self.wanted, self.before, self.year, tuple(pools), self.nature)


def _by_grade(people: VirtualPeople, cell: I64, cells: int) -> F64:
    """Number of people by grades before and after (25) and cell, (25, cells)."""
    pair = GRADES * people.grade[:, 0] + people.grade[:, 1]
    found = np.bincount(pair * cells + cell, minlength=GRADES * GRADES * cells)
    return found.reshape(GRADES * GRADES, cells).astype(np.float64)


def _shares(after: I64) -> F64:
    return np.bincount(after, minlength=GRADES)[:GRADES] / len(after)


def merged_grades(counts: I64, least: int) -> tuple[int, ...]:
    """Block of each grade when grades with fewer than `least` people join the next lower one.

    The lowest block takes from above when it is too small itself.

    >>> merged_grades(np.array([900, 60, 30, 50, 0]), 40)
    (0, 1, 1, 2, 2)
    """
    starts: list[int] = []
    have = 0
    for grade in reversed(range(len(counts))):
        have += int(counts[grade])
        if have >= least:
            starts.append(grade)
            have = 0
    starts = sorted(starts)
    if starts:
        starts[0] = 0  # what is left at the bottom joins the lowest block
    return tuple(
        max(0, sum(start <= grade for start in starts) - 1) for grade in range(len(counts))
    )


def _ratio_of(law: F64, after: I64) -> F64:
    """Chance by the landmark draws (draws, 5) over the share among virtual people, grade by grade."""
    counts = np.bincount(after, minlength=GRADES)[:GRADES]
    blocks = merged_grades(counts, int(value("evidence.motor_merge_people")))
    member = np.zeros((GRADES, max(blocks) + 1))
    member[np.arange(GRADES), list(blocks)] = 1.0
    share = (counts / counts.sum()) @ member
    ratio = (law @ member) / share
    return np.asarray(ratio[:, list(blocks)])


def subject_of(wanted: Wanted, grade: str, year: float | None = None) -> Subject:
    """Such a person as the landmark model sees them, graded `grade` at baseline."""
    rank = _LETTERS.index(grade)
    days = float(wanted.exam_days[0]), float(wanted.exam_days[1])
    follow = float(wanted.follow_days)
    return Subject(
        label=f"AIS {grade}",
        arm="",
        pairs=((rank, rank),),
        reading=(rank, rank),
        reported=True,
        missing=False,
        levels=wanted.levels,
        exam_days=days,
        ages=(None, None),
        follow_up_days=(follow, follow),
        basis=(),
        injury_year=year,
    )


def kind_of(
    wanted: Wanted,
    before: Mapping[Measure, int] | None = None,
    year: float | None = None,
    *,
    draws: int | None = None,
    nature: NaturalHistory | None = None,
    people: int | None = None,
    seed: int | None = None,
) -> Kind:
    """The virtual people of one kind.

    Args:
        wanted: what the baseline exam shows.
        before: baseline scores that are known (UEMS, LEMS, AMS).
        year: of injury, for both models.
        draws: of the generator's posterior; `evidence.motor_generator_draws` when None.
        nature: landmark model; the packaged one when None.
        people, seed: as for `virtual_people`; a draw of the posterior gets a sixteenth of the people.

    Raises:
        InputError: a score that is none, or too few virtual people that fit.
    """
    known = dict(before or {})
    for measure, points in known.items():
        _check_score(measure, points)
    full = int(value("evidence.motor_people")) if people is None else people
    mode, *others = sources(year, draws)
    pools = [_matched(wanted, known, mode, full, seed)]
    for source in others:
        pool = _drawn(wanted, known, source, full // 16, seed)
        if pool is not None:
            pools.append(pool)
    return Kind(wanted, known, year, tuple(pools), nature or model_for_groups())


_LEAST_OF_A_DRAW = 30  # people; a draw with fewer tells nothing of its own


def _drawn(
    wanted: Wanted, known: Mapping[Measure, int], source: Source, people: int, seed: int | None
) -> KindPeople | None:
    """The people of one draw of the posterior; None when too few fit."""
    everyone = virtual_people(wanted, source, people, seed)
    widest = int(value("evidence.motor_match_points"))
    keep, windows = _window(everyone, known, people // 10, widest)
    enough = keep.sum() >= _LEAST_OF_A_DRAW
    return KindPeople(everyone, everyone.take(keep), windows) if enough else None


def _matched(
    wanted: Wanted,
    known: Mapping[Measure, int],
    source: Source,
    full: int,
    seed: int | None,
) -> KindPeople:
    need, least = (
        int(value("evidence.motor_match_people")),
        int(value("evidence.motor_least_people")),
    )
    widest = int(value("evidence.motor_match_points"))
    # With scores to match, a third will often do; rare scores make the search longer below.
    everyone = virtual_people(wanted, source, full // 3 if known else full, seed)
    while True:
        keep, windows = _window(everyone, known, need, widest)
        if keep.sum() >= need // 2 or not known:
            break
        # A rare baseline score: look at more people.
        larger = virtual_people(wanted, source, 4 * len(everyone), seed)
        if len(larger) == len(everyone):
            break
        everyone = larger
    if keep.sum() < least:
        told = ", ".join(f"{measure} {points}" for measure, points in known.items())
        raise InputError(
            f"only {int(keep.sum())} of {everyone.searched:,} virtual people show {told} within {widest} "
            f"points, with AIS {' or '.join(wanted.grades)} at this level and day: check the scores, "
            "or leave them out"
        )
    return KindPeople(everyone, everyone.take(keep), windows)


def _window(
    people: VirtualPeople, known: Mapping[Measure, int], need: int, widest: int
) -> tuple[NDArray[np.bool_], dict[Measure, int]]:
    """The narrowest window around the known scores that holds enough people."""
    keep = np.ones(len(people), dtype=bool)
    for half in range(widest + 1):
        keep = np.ones(len(people), dtype=bool)
        for measure, points in known.items():
            keep &= np.abs(scores(people, measure)[:, 0] - points) <= half
        if keep.sum() >= need or half == widest:
            return keep, dict.fromkeys(known, half)
    return keep, {}


def _check_score(measure: Measure, points: int) -> None:
    limits = {Measure.UEMS: 50, Measure.LEMS: 50, Measure.AMS: 100}
    if measure not in limits:
        raise InputError(f"{measure}: people are matched by UEMS, LEMS or AMS at baseline")
    if not 0 <= points <= limits[measure]:
        raise InputError(f"{measure} {points}: it lies from 0 to {limits[measure]}")
