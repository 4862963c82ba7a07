"""One ISNCSCI examination as an immutable record, and the integer codes that all of Saisei shares.

Integer cell codes (scores, files of ours, batch columns):

    grade v          v                `3` = 3
    not testable     9                `NT` = 9
    flag `*`         10 more          `3*` = 13, `NT*` = 19 (other cause, not to be read as normal)
    flag `**`        20 more          `0**` = 20, `NT**` = 29 (other cause, to be read as normal)
    VAC, DAP         no 0, yes 1, NT 9
    non-key muscle   the Level (C5 = 4 ... S1 = 25), or -1 when none is given

A blank is not NT: there is no code for it. Column order of the 136 codes: right light touch C2 ... S4-5,
right pin prick, right motor C5 ... S1, the same for the left, VAC, DAP, right and left lowest non-key muscle.

Source: ASIA/ISCoS worksheet, revision 2019; the two-star notation is that of the Praxis reference algorithm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from saisei.errors import ExamError, Fault
from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level

__all__ = [
    "ANAL_CODES",
    "COLUMNS",
    "MOTOR_CODES",
    "NON_KEY_CODES",
    "SENSORY_CODES",
    "Anal",
    "Exam",
    "Flag",
    "Kind",
    "Score",
    "Side",
    "place",
]

Kind = Literal["motor", "sensory"]

_NT_CODE = 9
_HIGHEST: dict[str, int] = {"motor": 5, "sensory": 2}
_NO_FLAG_ON = {"motor": "5 (normal)", "sensory": "2 (normal)"}


class Flag(StrEnum):
    """Mark of a condition that is not due to the spinal cord injury.

    `NOT_NORMAL` (`*`): impaired by something else and not to be read as normal; `NORMAL` (`**`): to be
    read as normal. The worksheet has one star and asks for the reading in the comments; a program needs
    it as data.
    """

    NONE = ""
    NOT_NORMAL = "*"
    NORMAL = "**"


_FLAG_CODE = {Flag.NONE: 0, Flag.NOT_NORMAL: 10, Flag.NORMAL: 20}


class Anal(StrEnum):
    """Voluntary anal contraction or deep anal pressure: yes, no or NT (not testable)."""

    YES = "yes"
    NO = "no"
    NT = "NT"

    @property
    def code(self) -> int:
        """0 for no, 1 for yes, 9 for NT."""
        return _ANAL_CODE[self]


_ANAL_CODE = {Anal.NO: 0, Anal.YES: 1, Anal.NT: _NT_CODE}
_ANAL_OF = {code: anal for anal, code in _ANAL_CODE.items()}


@dataclass(frozen=True, slots=True)
class Score:
    """One cell of the worksheet: the examined grade (None = NT) and its flag.

    Which grades are allowed depends on the column (0-2 sensory, 0-5 motor): `Score.parse` and `Exam` check.

    >>> Score.parse("0*", "motor").text, Score.parse("NT", "sensory").grade, Score(3, Flag.NOT_NORMAL).code
    ('0*', None, 13)
    """

    grade: int | None
    flag: Flag = Flag.NONE
    code: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        grade = self.grade
        if grade is not None and (type(grade) is not int or not 0 <= grade <= 5):
            raise ExamError(
                [Fault("score", repr(grade), "a grade is a whole number from 0 to 5", "None is NT")]
            )
        if self.flag not in _FLAG_CODE:
            rule = "a flag is Flag.NONE, NOT_NORMAL or NORMAL"
            raise ExamError([Fault("score", repr(self.flag), rule)])
        base = _NT_CODE if grade is None else grade
        object.__setattr__(self, "code", base + _FLAG_CODE[Flag(self.flag)])

    @property
    def text(self) -> str:
        """The score as written: `3`, `NT`, `0*`, `NT**`."""
        return ("NT" if self.grade is None else str(self.grade)) + self.flag.value

    @classmethod
    def parse(cls, text: str, kind: Kind = "motor", *, old_5_star: bool = False) -> Score:
        """The score written as `text`, strictly.

        Args:
            text: `0` to `5` (motor) or `0` to `2` (sensory) or `NT`, with `*` or `**` where it is allowed.
            kind: `motor` or `sensory`.
            old_5_star: read the motor `5*` of the revisions before 2019 as 5.

        Raises:
            ExamError: anything else, among it blanks, plus and minus grades and flags on normal scores.
        """
        known = _BY_TEXT[kind].get(text) if isinstance(text, str) else None
        if known is not None:
            return known
        if old_5_star and kind == "motor" and text == "5*":
            return _BY_TEXT[kind]["5"]
        rule, mend = _why_not(text, kind)
        raise ExamError([Fault(f"{kind} score", repr(text), rule, mend)])

    @classmethod
    def from_code(cls, code: int) -> Score:
        """The interned score of an integer code; ExamError when there is none."""
        try:
            return _BY_CODE[code]
        except (KeyError, TypeError):
            raise ExamError(
                [Fault("score", repr(code), "is not a score code", "see exam.isncsci.record")]
            ) from None


def _scores(kind: str) -> Iterable[Score]:
    """All scores that a column of this kind may hold: no flag on a normal grade."""
    highest = _HIGHEST[kind]
    for flag in Flag:
        for grade in (*range(highest + 1), None):
            if grade != highest or flag is Flag.NONE:
                yield Score(grade, flag)


_BY_CODE: dict[int, Score] = {s.code: s for k in ("sensory", "motor") for s in _scores(k)}
_BY_TEXT: dict[str, dict[str, Score]] = {
    kind: {s.text: _BY_CODE[s.code] for s in _scores(kind)} for kind in ("motor", "sensory")
}

MOTOR_CODES: frozenset[int] = frozenset(s.code for s in _BY_TEXT["motor"].values())
SENSORY_CODES: frozenset[int] = frozenset(s.code for s in _BY_TEXT["sensory"].values())
ANAL_CODES: frozenset[int] = frozenset(_ANAL_OF)
NON_KEY_CODES: frozenset[int] = frozenset((-1, *(int(level) for level in KEY_MUSCLES)))


def _why_not(text: object, kind: str) -> tuple[str, str]:
    """The rule that `text` breaks and what to do about it."""
    highest = _HIGHEST[kind]
    allowed = f"a {kind} score is 0 to {highest} or NT, with * or ** on all but {highest}"
    if not isinstance(text, str):
        return allowed, "give the score as text"
    bare = text.strip()
    if not bare:
        return "a blank is not NT", "write NT if the item was not testable, or ask for the score"
    if bare == "5*" and kind == "motor":
        mend = "write 5, or the examined grade with **; revision 2011 or 2015 reads 5* as 5"
        return "5* is no score since the revision of 2019", mend
    if bare in (f"{highest}*", f"{highest}**"):
        return f"no flag on {_NO_FLAG_ON[kind]}", f"write {highest}"
    if bare[-1:] in "+-":
        return "ISNCSCI has no plus and minus grades", "write the whole grade that was reached"
    if bare != text and bare in _BY_TEXT[kind]:
        return "blanks around the score", f"write {bare}"
    if bare.upper() in _BY_TEXT[kind]:
        return "NT is written in capitals", f"write {bare.upper()}"
    return allowed, "correct the score"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the body: 28 light touch and 28 pin prick (`DERMATOMES`), 10 motor (`KEY_MUSCLES`).

    `lowest_non_key_muscle` is the level of the most caudal non-key muscle with motor function, if recorded.
    """

    light_touch: tuple[Score, ...]
    pin_prick: tuple[Score, ...]
    motor: tuple[Score, ...]
    lowest_non_key_muscle: Level | None = None


_PARTS = (
    ("light_touch", DERMATOMES, SENSORY_CODES, "sensory"),
    ("pin_prick", DERMATOMES, SENSORY_CODES, "sensory"),
    ("motor", KEY_MUSCLES, MOTOR_CODES, "motor"),
)


def _columns() -> tuple[str, ...]:
    cells = [
        f"{side}_{part}_{level.name.lower()}"
        for side in ("right", "left")
        for part, levels, _, _ in _PARTS
        for level in levels
    ]
    return (*cells, "vac", "dap", "right_non_key_muscle", "left_non_key_muscle")


COLUMNS: tuple[str, ...] = _columns()
_ALLOWED: tuple[tuple[frozenset[int], str], ...] = (
    *((codes, kind) for _ in "rl" for _, levels, codes, kind in _PARTS for _ in levels),
    *((ANAL_CODES, "anal"), (ANAL_CODES, "anal")),
    *((NON_KEY_CODES, "non-key"), (NON_KEY_CODES, "non-key")),
)


def place(column: int) -> str:
    """`right.motor.C6` for a column number."""
    if column >= 132:
        return ("vac", "dap", "right.lowest_non_key_muscle", "left.lowest_non_key_muscle")[
            column - 132
        ]
    side, within = ("right", "left")[column // 66], column % 66
    part, levels, start = (
        ("motor", KEY_MUSCLES, 56)
        if within >= 56
        else (("light_touch", "pin_prick")[within // 28], DERMATOMES, within // 28 * 28)
    )
    return f"{side}.{part}.{levels[within - start].label}"


@dataclass(frozen=True, slots=True)
class Exam:
    """A whole examination: two sides, voluntary anal contraction, deep anal pressure, comments.

    Raises:
        ExamError: wrong lengths or scores that the column can not hold; all faults at once, each with its
            place (`right.motor.C6`).

    >>> side = Side((Score(2),) * 28, (Score(2),) * 28, (Score(5),) * 10)
    >>> exam = Exam(side, side, Anal.YES, Anal.YES)
    >>> Exam.from_codes(exam.codes()) == exam, len(COLUMNS)
    (True, 136)
    """

    right: Side
    left: Side
    vac: Anal
    dap: Anal
    comments: str = ""
    _codes: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        codes: list[int] = []
        for name, side in (("right", self.right), ("left", self.left)):
            for part, levels, allowed, kind in _PARTS:
                scores = getattr(side, part)
                codes += _codes_of(scores, allowed, kind, f"{name}.{part}", levels, faults)
        for name, anal in (("vac", self.vac), ("dap", self.dap)):
            if anal not in _ANAL_CODE:
                faults.append(Fault(name, repr(anal), "must be Anal.YES, NO or NT"))
            else:
                codes.append(_ANAL_CODE[anal])
        for name, side in (("right", self.right), ("left", self.left)):
            level = side.lowest_non_key_muscle
            code = -1 if level is None else level
            if code not in NON_KEY_CODES:
                faults.append(_non_key_fault(f"{name}.lowest_non_key_muscle", level))
            codes.append(int(code))
        if faults:
            raise ExamError(faults)
        object.__setattr__(self, "_codes", tuple(codes))

    def codes(self) -> list[int]:
        """The 136 integer codes in the order of `COLUMNS`."""
        return list(self._codes)

    @classmethod
    def from_codes(cls, codes: Sequence[int], comments: str = "") -> Exam:
        """The exam of 136 integer codes in the order of `COLUMNS`.

        Raises:
            ExamError: a wrong number of codes, or codes that their column can not hold, all at once.
        """
        if len(codes) != len(COLUMNS):
            rule = f"an exam has {len(COLUMNS)} codes in the order of COLUMNS"
            raise ExamError([Fault("codes", f"{len(codes)} values", rule)])
        faults = [
            Fault(place(i), str(code), f"is not a code of a {kind} item", f"column {COLUMNS[i]}")
            for i, (code, (allowed, kind)) in enumerate(zip(codes, _ALLOWED, strict=True))
            if code not in allowed
        ]
        if faults:
            raise ExamError(faults)
        score = _BY_CODE

        def side(start: int, non_key: int) -> Side:
            cells = tuple([score[c] for c in codes[start : start + 66]])
            level = None if non_key < 0 else Level(non_key)
            return Side(cells[:28], cells[28:56], cells[56:], level)

        vac, dap, right, left = codes[132:]
        return cls(side(0, right), side(66, left), _ANAL_OF[int(vac)], _ANAL_OF[int(dap)], comments)


def _codes_of(
    scores: Sequence[Score],
    allowed: frozenset[int],
    kind: str,
    place: str,
    levels: tuple[Level, ...],
    faults: list[Fault],
) -> list[int]:
    """The codes of one column of scores; what is wrong is added to `faults`."""
    if not isinstance(scores, tuple) or len(scores) != len(levels):
        found = f"{len(scores)} scores" if hasattr(scores, "__len__") else repr(scores)
        rule = f"must be a tuple of {len(levels)}, {levels[0].label} to {levels[-1].label}"
        faults.append(Fault(place, found, rule, "a blank is not NT: write NT where it is meant"))
        return []
    try:
        codes = [s.code for s in scores]
    except AttributeError:
        codes = [getattr(s, "code", -1) for s in scores]
    if allowed.issuperset(codes):
        return codes
    for level, score, code in zip(levels, scores, codes, strict=True):
        if code not in allowed:
            text = score.text if isinstance(score, Score) else score
            rule, mend = _why_not(text, kind)
            faults.append(Fault(f"{place}.{level.label}", repr(text), rule, mend))
    return codes


def _non_key_fault(place: str, value: object) -> Fault:
    rule = "a non-key muscle has a motor level, C5 to T1 or L2 to S1"
    return Fault(place, repr(value), rule, "leave it out if none was recorded")
