"""The people of a study as the shift test sees them: what each may have been before and after.

Takes a study document; gives one `Subject` for each person, also where only counts are published. A
subject holds every (baseline, follow-up) pair of grades that the record allows, the pair that the
record reports, and what is known of level, exam day, age and follow-up, with where that came from: the
person, else the arm, else the eligibility criteria, else nothing. Decides nothing about a treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saisei.exam.isncsci.levels import Level
from saisei.study import GradeChange, Sourced, Study
from saisei.study.schema import Arm, Participant

__all__ = ["Pair", "Subject", "subjects"]

Pair = tuple[int, int]  # rank of the grade at baseline and at follow-up, A = 0 .. E = 4
Days = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of an arm.

    Attributes:
        label: id of the person, or arm and number where only counts are published.
        arm: key of the arm.
        pairs: every (baseline, follow-up) pair of grade ranks that the record allows.
        reading: the pair the headline uses: as reported, or the worst the record allows.
        reported: whether both grades of `reading` are reported.
        missing: not seen at follow-up.
        levels: lowest and highest possible level; None where open.
        exam_days: first and last possible day of the baseline exam after injury.
        ages: youngest and oldest possible age in years.
        follow_up_days: first and last possible day of the follow-up exam after injury.
        basis: where level, exam day and age come from, in words.
        injury_year: middle of the possible years; None where the record gives none.
    """

    label: str
    arm: str
    pairs: tuple[Pair, ...]
    reading: Pair
    reported: bool
    missing: bool
    levels: tuple[Level | None, Level | None]
    exam_days: Days
    ages: Days
    follow_up_days: Days
    basis: tuple[str, ...]
    injury_year: float | None = None

    @property
    def baselines(self) -> tuple[int, ...]:
        """Ranks that the grade at baseline may have."""
        return tuple(sorted({before for before, _ in self.pairs}))

    @property
    def outcomes(self) -> tuple[int, ...]:
        """Ranks that the grade at follow-up may have."""
        return tuple(sorted({after for _, after in self.pairs}))

    @property
    def worst(self) -> Pair:
        """The least favourable pair that the record allows."""
        return min(self.pairs, key=_gain)

    @property
    def best(self) -> Pair:
        """The most favourable pair that the record allows."""
        return max(self.pairs, key=_gain)

    @property
    def certain(self) -> bool:
        """Whether the record leaves one pair only."""
        return len(self.pairs) == 1


def _gain(pair: Pair) -> Pair:
    return pair[1] - pair[0], pair[1]


def _first_stated(choices: Sequence[tuple[str, Sourced[object]]]) -> tuple[object, object, str]:
    for where, one in choices:
        if not one.unknown:
            # A value that carries a range is only a reading; what is possible is the range.
            low = one.low if one.min is not None or one.any_of or one.max is None else None
            return low, one.high, f"{one.text} ({where})"
    return None, None, "not known"


def _sources(
    study: Study, arm: Arm, person: Participant | None, field: str
) -> list[tuple[str, Sourced[object]]]:
    found: list[tuple[str, Sourced[object]]] = []
    for where, part in (
        ("of this person", person),
        ("of the arm", arm),
        ("eligibility", study.document.eligibility),
    ):
        one = getattr(part, field, None)
        if one is not None:
            found.append((where, one))
    return found


def _follow_up(study: Study, arm: Arm, person: Participant | None, exam: Days) -> Days:
    """Days of the last graded exam after injury, from the person or from the last visit."""
    outcome = study.last_outcome(person) if person is not None else None
    if person is not None and outcome is not None:
        days = study.days_after_injury(person, outcome)
        if days is not None:
            return days
    rows = [row.visit for row in study.document.transitions if row.arm == arm.key]
    used = outcome.visit if outcome is not None else (rows[-1] if rows else None)
    visits = [one for one in study.visits if one.key == used] or list(study.visits[-1:])
    if not visits or visits[0].day.unknown:
        return None, None
    low, high = visits[0].day.low, visits[0].day.high
    if visits[0].counted_from == "injury":
        return low, high
    start = person.treatment_day if person is not None else arm.treatment_day
    first, last = (start.low, start.high) if not start.unknown else exam
    return _sum(low, first), _sum(high, last)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None else one + (other or 0.0)


def _days(choices: Sequence[tuple[str, Sourced[object]]]) -> tuple[Days, str]:
    low, high, words = _first_stated(choices)
    span: list[float | None] = [
        float(x) if isinstance(x, int | float) else None for x in (low, high)
    ]
    return (span[0], span[1]), words


def _level(one: object) -> Level | None:
    return one if isinstance(one, Level) else None


def _subject(
    study: Study, arm: Arm, change: GradeChange, person: Participant | None, label: str
) -> Subject:
    pairs = tuple((before.rank, after.rank) for before, after in change.possible())
    read = change.before_reading, change.after_reading
    reported = read[0] is not None and read[1] is not None
    low, high, level_words = _first_stated(
        _sources(study, arm, person, "levels" if person is None else "level")
    )
    if person is not None and level_words == "not known":
        low, high, level_words = _first_stated(_sources(study, arm, None, "levels"))
    exam, exam_words = _days(_sources(study, arm, person, "exam_day"))
    ages, age_words = _days(_sources(study, arm, person, "age_years"))
    years, year_words = _days(_sources(study, arm, person, "injury_year"))
    stated = [year for year in years if year is not None]
    worst = min(pairs, key=_gain)
    reading = worst
    if read[0] is not None and read[1] is not None:
        reading = read[0].rank, read[1].rank
    return Subject(
        label=label,
        arm=arm.key,
        pairs=pairs,
        reading=reading,
        reported=reported,
        missing=change.missing,
        levels=(_level(low), _level(high)),
        exam_days=exam,
        ages=ages,
        follow_up_days=_follow_up(study, arm, person, exam),
        basis=(
            f"level {level_words}",
            f"exam day {exam_words}",
            f"age {age_words}",
            f"year of injury {year_words}",
        ),
        injury_year=sum(stated) / len(stated) if stated else None,
    )


def subjects(study: Study, arm: str) -> tuple[Subject, ...]:
    """The people of one arm; empty where the record gives no AIS grades at follow-up.

    Args:
        study: as loaded.
        arm: key of the arm; InputError names the keys there are.

    >>> from saisei.study import load
    >>> [one.reading for one in subjects(load("keio-2025"), "treated")]
    [(0, 3), (0, 2), (0, 0), (0, 0)]
    """
    group = study.arm(arm)
    people = {person.id: person for person in study.people(arm)}
    found: list[Subject] = []
    for change in study.changes(arm):
        for _ in range(change.count):
            person = people.get(change.person)
            label = change.person or f"{arm} {len(found) + 1}"
            found.append(_subject(study, group, change, person, label))
    return tuple(found)
