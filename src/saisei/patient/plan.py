"""What is asked of a cohort: who is eligible by the exam at enrolment, which visits, which seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from saisei.chance.streams import SEED_LIMIT, require_seed
from saisei.errors import InputError
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.patient.care import Care
from saisei.patient.gaps import Gaps
from saisei.patient.visits import Attendance

__all__ = ["Eligibility", "Plan", "ages", "days", "grades", "levels", "visits"]

_GRADES = "ABCD"
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who enters, judged by the exam at enrolment; both ends of every range belong to it.

    Attributes:
        ais: letters of the allowed AIS grades, a part of `ABCD`.
        level: highest and lowest neurological level of injury.
        exam_day: first and last day after the injury for the exam at enrolment.
        age: youngest and oldest, in whole years.
    """

    ais: str
    level: tuple[Level, Level]
    exam_day: tuple[int, int]
    age: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """A cohort to simulate.

    Attributes:
        eligibility: who enters.
        weeks: weeks after the injury at which people are examined, besides enrolment.
        n: number of people.
        seed: 0 to 2**32 - 1; person i depends on (seed, i) alone.
        attendance: how people come to their visits; by default to each, on its day.
        gaps: what is not tested or flagged in an exam; by default nothing.
        care: care and rehabilitation; by default usual care.

    Raises:
        InputError: a number of people or a seed that the streams can not hold, or faulty weeks.
    """

    eligibility: Eligibility
    weeks: tuple[float, ...]
    n: int
    seed: int
    attendance: Attendance = field(default_factory=Attendance)
    gaps: Gaps = field(default_factory=Gaps)
    care: Care = field(default_factory=Care)

    def __post_init__(self) -> None:
        if not 1 <= self.n <= SEED_LIMIT:
            raise InputError(f"n is {self.n}: a cohort has 1 to {SEED_LIMIT} people")
        require_seed(self.seed)
        _check_weeks(self.weeks)

    @property
    def visit_days(self) -> tuple[int, ...]:
        """Days after the injury of the visits, without enrolment."""
        return tuple(round(week * _WEEK_DAYS) for week in self.weeks)


def grades(text: str) -> str:
    """The grades written as `A`, `A,B` or `AB`; InputError for anything but A to D.

    >>> grades("b, a")
    'AB'
    """
    letters = [letter for letter in text.upper() if letter not in ", "]
    if not letters or set(letters) - set(_GRADES):
        raise InputError(
            f"AIS {text!r}: give one or more of A, B, C, D, such as A or A,B "
            "(nobody with AIS E is enrolled)"
        )
    return "".join(letter for letter in _GRADES if letter in letters)


def levels(text: str) -> tuple[Level, Level]:
    """The range of levels written as `C4-T10` or `C5`; InputError when there is none such.

    >>> [level.label for level in levels("c4-t10")]
    ['C4', 'T10']
    """
    parts = [part.strip() for part in text.upper().replace("S4-5", "S45").split("-")]
    try:
        found = [Level.parse(part) for part in parts]
    except ValueError as error:
        raise InputError(f"level {text!r}: {error}; write C4-T10 or C5") from None
    if len(found) > 2 or Level.INT in found:
        raise InputError(f"level {text!r}: give one level or two ends, such as C4-T10 or C5")
    if found[0] > found[-1]:
        raise InputError(
            f"level {text!r}: {found[0].label} lies below {found[-1].label}; "
            f"write {found[-1].label}-{found[0].label}"
        )
    return found[0], found[-1]


def days(text: str) -> tuple[int, int]:
    """The range of exam days written as `14-28` or `21`; InputError outside the model's span.

    >>> days("14-28"), days("21")
    ((14, 28), (21, 21))
    """
    return _whole_range(text, "exam day", 0, int(value("patient.last_day")))


def ages(text: str) -> tuple[int, int]:
    """The range of ages written as `18-75` or `40`; InputError for children and typing errors.

    >>> ages("18-75")
    (18, 75)
    """
    oldest = int(value("patient.oldest_age"))
    return _whole_range(text, "age", int(value("patient.youngest_age")), oldest)


def visits(text: str) -> tuple[float, ...]:
    """The weeks written as `2,4,8,12`; InputError for words, negative, repeated or late weeks.

    >>> visits("2,4,26")
    (2.0, 4.0, 26.0)
    """
    try:
        weeks = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"weeks {text!r}: write numbers with commas, such as 2,4,12,26,52"
        ) from None
    _check_weeks(weeks)
    return weeks


def _check_weeks(weeks: Sequence[float]) -> None:
    last = value("patient.last_day") / _WEEK_DAYS
    for week in weeks:
        if not 0 <= week <= last:
            raise InputError(
                f"week {week:g}: visits lie 0 to {last:g} weeks after the injury; "
                "the model says nothing outside"
            )
    found = [round(week * _WEEK_DAYS) for week in weeks]
    if not found:
        raise InputError("no week is given: write the weeks of the visits, such as 2,4,12,26,52")
    if sorted(set(found)) != found:
        raise InputError(
            f"weeks {', '.join(f'{w:g}' for w in weeks)}: give each week once, early ones first"
        )


def _whole_range(text: str, what: str, low: int, high: int) -> tuple[int, int]:
    parts = text.strip().split("-")
    if text.strip().startswith("-") or not 1 <= len(parts) <= 2 or not all(map(_is_whole, parts)):
        raise InputError(f"{what} {text!r}: write a whole number or two ends, such as 14-28")
    first, last = int(parts[0]), int(parts[-1])
    if first > last:
        raise InputError(f"{what} {text!r}: the first end is larger than the last")
    if first < low or last > high:
        raise InputError(f"{what} {text!r}: must lie from {low} to {high}")
    return first, last


def _is_whole(part: str) -> bool:
    return part.strip().isascii() and part.strip().isdigit()
