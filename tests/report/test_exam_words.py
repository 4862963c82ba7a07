"""The words beside the pictures: compact sets, tables, differences."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from saisei.exam.isncsci import DERMATOMES, Exam, Finding, Level, Score, classify
from saisei.report.exam_words import (
    HEADINGS,
    change_html,
    change_text,
    compact,
    difference,
    exam_html,
    exam_rows,
    exam_text,
)


def finding(*values: object, stars: str = "") -> Finding[object]:
    """A finding with these values; `stars` marks them by `*` and `.`."""
    marks = tuple(mark == "*" for mark in stars) if stars else (False,) * len(values)
    return Finding(values, marks)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (finding(Level.C5), "C5"),
        (finding(Level.C5, Level.C6), "ND: C5, C6"),
        (finding(Level.C5, Level.C6, Level.C7, Level.T1), "ND: C5–C7, T1"),
        (finding("NA", Level.T4, Level.T5, Level.T6), "ND: NA, T4–T6"),
        (finding(Level.C5, Level.C6, Level.C7, stars="**."), "ND: C5*, C6*, C7"),
        (finding(Level.S1, Level.S2, Level.S3, Level.INT), "ND: S1–S3, INT"),
        (finding("B", "C", "D"), "ND: B, C, D"),
    ],
)
def test_a_set_is_joined_without_loss(one: Finding[object], words: str) -> None:
    """Only neighbours with the same star are joined; NA, INT and grades never are."""
    assert compact(one) == words


def random_exam(seed: int) -> Exam:
    """Any legal codes."""
    rng = random.Random(seed)
    codes = [rng.choice((0, 1, 2, 9, 10, 20)) for _ in range(132)]
    return Exam.from_codes([*codes, 9, 1, -1, 5], comments="<note> & more")


def test_rows_hold_every_score_in_the_order_of_the_paper() -> None:
    """28 rows of six, right motor first, left motor last; the same scores as the exam."""
    exam = random_exam(1)
    rows = exam_rows(exam)
    assert [level for level, _ in rows] == list(DERMATOMES)
    columns = list(zip(*(scores for _, scores in rows), strict=True))
    assert len(columns) == len(HEADINGS) == 6
    assert tuple(columns[1]) == exam.right.light_touch
    assert tuple(columns[4]) == exam.left.pin_prick
    assert tuple(one for one in columns[5] if one is not None) == exam.left.motor


def test_a_difference_needs_two_tested_scores() -> None:
    """Grades gained; None with NT; a flagged score counts as examined."""
    assert difference(Score.from_code(20), Score(2)) == 2
    assert difference(Score(4), Score(1)) == -3
    assert difference(Score.from_code(29), Score(1)) is None
    assert difference(None, Score(1)) is None


Draw = Callable[[Exam, Exam], str]


@pytest.mark.parametrize("html", [True, False], ids=["html", "text"])
def test_tables_hold_every_level_and_escape(html: bool) -> None:
    """28 rows with their level; markup in comments stays text in HTML."""
    exam, later = random_exam(2), random_exam(3)
    results = (classify(exam, reasons=False), classify(later, reasons=False))
    if html:
        page = exam_html(exam, results[0], "An exam")
        both = change_html(exam, later, results, "Two exams")
        assert "&lt;note&gt; &amp; more" in page
        assert page.count('scope="row"') == both.count('scope="row"') == 28
        assert page.startswith("<table><caption>An exam</caption>")
    else:
        words = exam_text(exam, results[0])
        both = change_text(exam, later, results)
        for text in (words, both):
            starts = [line.split(" ")[0] for line in text.splitlines()]
            assert all(starts.count(level.label) == 1 for level in DERMATOMES)
        assert "both sides" in words
