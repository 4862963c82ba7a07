"""What looks odd in an exam: questions to the examiner, never changes.

The thresholds are ours and deliberately coarse: patchy and central cord injuries are real, so each
warning asks for a second look and none says that the exam is wrong. Only examined numbers are compared;
NT is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saisei.exam.isncsci.domains import values_of
from saisei.exam.isncsci.evaluate import evaluate
from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level
from saisei.exam.isncsci.policy import DEFAULT
from saisei.exam.isncsci.record import Exam, Score, place

__all__ = ["PlausibilityWarning", "plausibility", "plausibility_change"]

JUMP_GRADES = 2  # more than this between two visits is asked about
RISE_GRADES = 2  # a key muscle more than this stronger than the one above it in the same limb

_SIDES = ("right", "left")
_NT = 9


@dataclass(frozen=True, slots=True)
class PlausibilityWarning:
    """One question: the rule's name, the items it is about and the question in words."""

    rule: str
    where: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{', '.join(self.where)}: {self.text}"


def plausibility(exam: Exam) -> list[PlausibilityWarning]:
    """Questions about one exam, in the order of the worksheet.

    >>> from saisei.exam.isncsci import Anal, Score, Side
    >>> normal = Side((Score(2),) * 28, (Score(2),) * 28, (Score(5),) * 10)
    >>> [w.rule for w in plausibility(Exam(normal, normal, Anal.YES, Anal.NO))]
    ['dap_absent_with_normal_s4_5', 'dap_absent_with_normal_s4_5']
    """
    codes = exam.codes()
    found: list[PlausibilityWarning] = []
    # The grading costs far more than all questions together; only a non-key muscle needs it.
    asks_levels = codes[134] >= 0 or codes[135] >= 0
    motor_levels = evaluate(codes, DEFAULT)[2:4] if asks_levels else (0, 0)
    for side in (0, 1):
        found += _dap(codes, side)
        found += _islands(codes, side)
        found += _stronger_below(codes, side)
        found += _non_key(codes, side, motor_levels[side])
    return found


def _dap(codes: Sequence[int], side: int) -> Iterator[PlausibilityWarning]:
    columns = side * 66 + 27, side * 66 + 55
    if codes[133] == 0 and all(codes[c] == 2 for c in columns):
        yield PlausibilityWarning(
            "dap_absent_with_normal_s4_5",
            ("dap", *map(place, columns)),
            "deep anal pressure is absent although S4-5 is normal; please check both",
        )


def _islands(codes: Sequence[int], side: int) -> Iterator[PlausibilityWarning]:
    """Normal dermatomes right below one without any sensation."""
    for i in range(len(DERMATOMES) - 1):
        columns = [side * 66 + i + shift for shift in (0, 28, 1, 29)]
        if [codes[c] for c in columns] == [0, 0, 2, 2]:
            above, below = DERMATOMES[i].label, DERMATOMES[i + 1].label
            yield PlausibilityWarning(
                "better_sensation_below",
                tuple(place(c) for c in columns),
                f"{below} is normal right below {above}, where nothing is felt; please check both",
            )


def _stronger_below(codes: Sequence[int], side: int) -> Iterator[PlausibilityWarning]:
    """Key muscles much stronger than the one above in the same limb."""
    for k in (0, 1, 2, 3, 5, 6, 7, 8):
        columns = side * 66 + 56 + k, side * 66 + 57 + k
        above, below = (codes[c] % 10 for c in columns)
        if _NT not in (above, below) and below - above > RISE_GRADES:
            muscles = KEY_MUSCLES[k + 1].label, KEY_MUSCLES[k].label
            yield PlausibilityWarning(
                "better_motor_function_below",
                tuple(place(c) for c in columns),
                f"{muscles[0]} is {below} while {muscles[1]} above it is {above}; please check both",
            )


def _non_key(codes: Sequence[int], side: int, levels: int) -> Iterator[PlausibilityWarning]:
    non_key = codes[134 + side]
    if non_key < 0:
        return
    highest = values_of(levels)[0]
    if non_key < highest:
        yield PlausibilityWarning(
            "non_key_muscle_above_motor_level",
            (f"{_SIDES[side]}.lowest_non_key_muscle",),
            f"the lowest non-key muscle with motor function ({Level(non_key).label}) lies above the "
            f"motor level ({Level(highest).label}); only one below it says anything",
        )


def plausibility_change(before: Exam, after: Exam) -> list[PlausibilityWarning]:
    """Questions about the change between two visits: jumps of more than two grades.

    A key muscle that changed by more than two grades, and an AIS that changed by more than two grades
    where both are determinable.
    """
    found = []
    earlier, later = before.codes(), after.codes()
    for column in (*range(56, 66), *range(122, 132)):
        one, two = earlier[column] % 10, later[column] % 10
        if _NT not in (one, two) and abs(two - one) > JUMP_GRADES:
            texts = Score.from_code(earlier[column]).text, Score.from_code(later[column]).text
            text = f"the grade went from {texts[0]} to {texts[1]}; please check both visits"
            found.append(PlausibilityWarning("jump_of_motor_grade", (place(column),), text))
    grades = [values_of(evaluate(codes, DEFAULT).ais) for codes in (earlier, later)]
    if len(grades[0]) == len(grades[1]) == 1 and abs(grades[1][0] - grades[0][0]) > JUMP_GRADES:
        names = ["ABCDE"[g[0]] for g in grades]
        text = f"the AIS went from {names[0]} to {names[1]}; please check both visits"
        found.append(PlausibilityWarning("jump_of_ais", ("ais",), text))
    return found
