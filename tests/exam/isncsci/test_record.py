"""The exam record: strict scores, faults with their place, codes that come back unchanged."""

from __future__ import annotations

import pytest

from saisei.errors import ExamError
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.record import (
    COLUMNS,
    MOTOR_CODES,
    SENSORY_CODES,
    Anal,
    Exam,
    Flag,
    Score,
    Side,
)

NORMAL = Side((Score(2),) * 28, (Score(2),) * 28, (Score(5),) * 10)


@pytest.mark.parametrize(
    ("text", "kind", "rule"),
    [
        ("5*", "motor", "no score since the revision of 2019"),
        ("5**", "motor", "no flag on 5"),
        ("2*", "sensory", "no flag on 2"),
        ("6", "motor", "0 to 5"),
        ("3", "sensory", "0 to 2"),
        ("4+", "motor", "plus and minus"),
        ("4-", "motor", "plus and minus"),
        ("", "motor", "blank is not NT"),
        ("  ", "sensory", "blank is not NT"),
        (" 3", "motor", "blanks around"),
        ("nt", "motor", "capitals"),
        ("3***", "motor", "0 to 5"),
        ("UNK", "sensory", "0 to 2"),
    ],
)
def test_an_unknown_score_is_refused_with_its_rule(text: str, kind: str, rule: str) -> None:
    """Anything but the written scores of the standard is refused, and the message names the rule."""
    with pytest.raises(ExamError, match=rule):
        Score.parse(text, kind)  # type: ignore[arg-type]


def test_the_old_star_is_read_as_five_only_when_asked() -> None:
    """`5*` of the revisions before 2019 reads as 5 on request, and only for motor scores."""
    assert Score.parse("5*", "motor", old_5_star=True) == Score(5)
    with pytest.raises(ExamError):
        Score.parse("2*", "sensory", old_5_star=True)


def test_codes_and_texts_of_every_score_come_back() -> None:
    """Each allowed code has one score and each text parses to that score."""
    for kind, codes in (("motor", MOTOR_CODES), ("sensory", SENSORY_CODES)):
        for code in codes:
            score = Score.from_code(code)
            assert score.code == code
            assert Score.parse(score.text, kind) is score  # type: ignore[arg-type]
    assert len(MOTOR_CODES) == 19
    assert len(SENSORY_CODES) == 10


def test_all_faults_of_an_exam_are_listed_with_their_place() -> None:
    """One error names every faulty item, not the first only."""
    bad = Side(
        (Score(2),) * 27 + (Score(3),),
        (Score(2, Flag.NORMAL),) + (Score(2),) * 27,
        (Score(5), Score(5, Flag.NOT_NORMAL)) + (Score(5),) * 8,
        Level.T4,
    )
    with pytest.raises(ExamError) as caught:
        Exam(bad, Side(NORMAL.light_touch, NORMAL.pin_prick[:27], NORMAL.motor), Anal.NO, "maybe")  # type: ignore[arg-type]
    assert [f.where for f in caught.value.faults] == [
        "right.light_touch.S4-5",
        "right.pin_prick.C2",
        "right.motor.C6",
        "left.pin_prick",
        "dap",
        "right.lowest_non_key_muscle",
    ]


def test_codes_stand_in_the_order_of_their_columns() -> None:
    """Column names and codes agree for single items of each part and side."""
    motor = (*NORMAL.motor[:1], Score(None, Flag.NORMAL), *NORMAL.motor[2:])
    touch = (*NORMAL.light_touch[:27], Score(0, Flag.NOT_NORMAL))
    exam = Exam(
        Side(NORMAL.light_touch, NORMAL.pin_prick, motor, Level.L4),
        Side(touch, NORMAL.pin_prick, NORMAL.motor),
        Anal.NT,
        Anal.NO,
    )
    cells = dict(zip(COLUMNS, exam.codes(), strict=True))
    assert cells["right_motor_c6"] == 29
    assert cells["left_light_touch_s4_5"] == 10
    assert (cells["vac"], cells["dap"]) == (9, 0)
    assert (cells["right_non_key_muscle"], cells["left_non_key_muscle"]) == (int(Level.L4), -1)
    assert Exam.from_codes(exam.codes()) == exam
    assert [i for i, name in enumerate(COLUMNS) if name == "left_motor_s1"] == [131]


def test_a_wrong_code_is_named_with_its_place() -> None:
    """`from_codes` refuses codes that the column can not hold and says where."""
    codes = Exam(NORMAL, NORMAL, Anal.YES, Anal.YES).codes()
    codes[57], codes[132] = 15, 2
    with pytest.raises(ExamError) as caught:
        Exam.from_codes(codes)
    assert [f.where for f in caught.value.faults] == ["right.motor.C6", "vac"]
    with pytest.raises(ExamError, match="136"):
        Exam.from_codes(codes[:-1])
