"""Who the people of a motor outcome are, as far as a study document tells, and what it leaves open.

Takes an arm, a visit and a number of people; gives what the generator is asked for (`Wanted`), the words for
it, and the ends of what is open, one at a time. Decides nothing about a treatment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from saisei.errors import InputError
from saisei.evidence.motor_people import Wanted
from saisei.exam.isncsci.levels import Level
from saisei.params import parameter, value
from saisei.study import Study
from saisei.study.schema import Arm

__all__ = [
    "corner_cases",
    "day_known",
    "exam_days_of",
    "grades_of_n",
    "moves_with_exam",
    "require_cord_injury",
    "wanted_of_arm",
    "words_of",
    "year_of",
]

_CONDITION = "spinal cord injury"


def _middle(pair: tuple[float | None, float | None], default: float) -> float:
    stated = [one for one in pair if one is not None]
    return sum(stated) / len(stated) if stated else default


def exam_days_of(study: Study, arm: Arm) -> tuple[tuple[int, int], bool]:
    """First and last possible day of the baseline exam, and whether the record states them."""
    for one in (arm.exam_day, study.document.eligibility.exam_day):
        if one.low is not None or one.high is not None:
            first = value("evidence.shift_exam_day_first") if one.low is None else one.low
            last = value("evidence.shift_exam_day_last") if one.high is None else one.high
            return (
                int(first),
                max(int(first), int(last)),
            ), one.low is not None and one.high is not None
    unknown = parameter("evidence.landmark_unknown_exam_days").value
    assert isinstance(unknown, tuple)
    return (int(unknown[0]), int(unknown[1])), False


def levels_of(study: Study, arm: Arm) -> tuple[Level, Level]:
    for one in (arm.levels, study.document.eligibility.levels):
        if one.low is not None and one.high is not None:
            return one.low, one.high
    return Level.C1, Level.T12


def follow_days_of(study: Study, arm: Arm, visit: str, exam: tuple[int, int]) -> int:
    one = next(one for one in study.visits if one.key == visit)
    days = _middle((one.day.low, one.day.high), value("evidence.shift_follow_up_days"))
    if one.counted_from.value == "injury":
        return round(days)
    start = arm.treatment_day if one.counted_from.value == "treatment" else arm.exam_day
    if start.low is None and start.high is None and one.counted_from.value == "treatment":
        start = study.document.eligibility.treatment_day
    return round(days + _middle((start.low, start.high), sum(exam) / 2))


def require_cord_injury(study: Study) -> None:
    """Raise an InputError unless the study is of spinal cord injury, which the generator is about."""
    if _CONDITION not in study.document.condition.lower():
        raise InputError(
            f"{study.id} is a study of {study.document.condition}: motor outcomes and the generator are "
            "about spinal cord injury"
        )


def wanted_of_arm(study: Study, arm: Arm, visit: str, grades: str = "") -> Wanted:
    """Such people as the arm's, as far as the document tells.

    Args:
        study: as loaded.
        arm: of the study.
        visit: key of the follow-up visit.
        grades: letters at baseline; those of the arm when empty.
    """
    exam, _ = exam_days_of(study, arm)
    options = arm.baseline_grades.options or study.document.eligibility.grades.options
    letters = grades or "".join(sorted(str(one) for one in options if str(one) in "ABCD")) or "A"
    follow = min(follow_days_of(study, arm, visit, exam), int(value("patient.last_day")))
    return Wanted(letters, levels_of(study, arm), (exam[0], min(exam[1], follow - 1)), follow)


def year_of(arm: Arm) -> float | None:
    low, high = arm.injury_year.low, arm.injury_year.high
    return None if low is None and high is None else _middle((low, high), 0.0)


def grades_of_n(study: Study, arm: Arm, n: int) -> tuple[str, str]:
    """The grade whose people number exactly n, if one does, and a note; empty strings otherwise."""
    counts: dict[str, int] = {}
    total = 0
    for change in study.changes(arm.key):
        total += change.count
        if len(change.before) == 1:
            letter = str(min(change.before))
            counts[letter] = counts.get(letter, 0) + change.count
    same = [letter for letter, count in counts.items() if count == n]
    if n < total and len(same) == 1:
        return same[0], f"{n} is the number of this arm's people at AIS {same[0]}: they are taken"
    return "", ""


def words_of(wanted: Wanted, stated: bool) -> str:
    first, last = wanted.levels
    level = first.label if first == last else f"{first.label} to {last.label}"
    days = wanted.exam_days
    day = f"{days[0]}" if days[0] == days[1] else f"{days[0]} to {days[1]}"
    unsure = "" if stated else " (not stated)"
    return (
        f"AIS {' or '.join(wanted.grades)}, {level}, exam on day {day}{unsure}, "
        f"follow-up on day {wanted.follow_days}"
    )


def corner_cases(wanted: Wanted, stated: bool, moves: bool) -> Iterator[tuple[str, Wanted]]:
    """One open part at an end, the others as they are.

    `stated`: whether the record tells an end of the exam days; where it tells none, later days are asked too,
    up to one in the chronic phase. `moves`: whether the follow-up counts from the exam or treatment.
    """
    for letter in wanted.grades if len(wanted.grades) > 1 else "":
        yield f"all AIS {letter}", replace(wanted, grades=letter)
    first, last = wanted.exam_days
    days = {first, last} if first != last else set()
    if not stated:
        days |= {
            int(value("evidence.shift_exam_day_last")),
            int(value("evidence.motor_late_exam_day")),
        }
    latest = int(value("patient.last_day"))
    for day in sorted(days):
        shift = round(day - (first + last) / 2) if moves else 0
        follow = min(wanted.follow_days + shift, latest)
        yield (
            f"all examined on day {day}",
            replace(wanted, exam_days=(day, day), follow_days=follow),
        )
    for level in wanted.levels if wanted.levels[0] != wanted.levels[1] else ():
        # Nobody has motor gains to count at C1 to C3, and few such people live in a trial.
        near = max(level, Level.C4) if level <= Level.C8 else level
        yield f"all at {near.label}", replace(wanted, levels=(near, near))


def day_known(study: Study, arm: Arm) -> bool:
    """Whether the record tells at least one end of the exam days."""
    days = (arm.exam_day, study.document.eligibility.exam_day)
    return any(one.low is not None or one.high is not None for one in days)


def moves_with_exam(study: Study, visit: str) -> bool:
    return next(one for one in study.visits if one.key == visit).counted_from.value != "injury"
