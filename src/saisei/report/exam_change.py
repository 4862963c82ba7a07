"""Two exams of one person side by side, with the change of every score.

A drawing of our own. Gain is blue and loss is orange, the step printed with its sign in each cell, so that
it reads in black and white. A change to or from not testable has no number: it is hatched and shows `?`. A
flagged score counts with its examined grade, as in the totals. A change between two exams says nothing of
its cause: people recover without treatment.
"""

from __future__ import annotations

from saisei.exam.isncsci import DERMATOMES, Classification, Exam, Flag, Level, Score
from saisei.report.exam_canvas import Canvas, Theme, columns, identifier
from saisei.report.exam_sheet import caption_lines
from saisei.report.exam_words import (
    change_rows,
    change_text,
    difference,
    exam_rows,
)  # fmt: skip

__all__ = ["draw_change"]

WIDTH = 800.0
ROW = 18.0
TOP = 128.0
MIDDLE = WIDTH / 2
_SCORE = 37.0
_STEP = 37.0
_TRIPLE = 2 * _SCORE + _STEP
_GAP = 5.0
_GROUP_GAP = 7.0
_FIRST_LEFT = MIDDLE + 24.0
_FIRST_RIGHT = MIDDLE - 24.0 - 3 * _TRIPLE - 2 * _GROUP_GAP
_OFFSETS = tuple(at * (_TRIPLE + _GROUP_GAP) for at in range(3))
_COLUMNS = tuple(first + offset for first in (_FIRST_RIGHT, _FIRST_LEFT) for offset in _OFFSETS)
_NAMES = ("motor", "LT", "PP", "LT", "PP", "motor")
_LINE = 21.0
_TABLE_ROWS = 13
_TABLE_AT = (24.0, 186.0, 389.0, 592.0)
_BLOCKS = (Level.C5, Level.T2, Level.L2, Level.S2)


def draw_change(
    before: Exam,
    after: Exam,
    results: tuple[Classification, Classification],
    *,
    heading: str = "Change between two ISNCSCI exams",
    labels: tuple[str, str] = ("before", "after"),
    ident: str | None = None,
    theme: Theme = Theme.AUTO,
) -> str:
    """Two exams and the change of every score as SVG, 800 units wide.

    Args:
        before, after: the exams, earlier first.
        results: their classifications in the same order.
        heading: the title; never the name of a person.
        labels: what the two exams are called, for example `day 28` and `week 52`.
        ident: prefix of the ids; made from the scores when left out.
        theme: colours of the reader's screen, or one fixed set.

    Returns:
        SVG text with title, description and no outside resources.
    """
    foot = TOP + len(DERMATOMES) * ROW + _GAP * len(_BLOCKS)
    height = foot + 35 + _LINE * _TABLE_ROWS + 56
    canvas = Canvas(
        ident or identifier("change", before.codes(), after.codes(), heading, labels),
        WIDTH,
        height,
        heading,
        change_text(before, after, results),
        theme,
    )
    _head(canvas, heading, labels)
    _grid(canvas, before, after)
    _table(canvas, results, (before, after), foot + 24)
    _legend(canvas, height - 36)
    return canvas.svg()


def _head(canvas: Canvas, heading: str, labels: tuple[str, str]) -> None:
    canvas.text(24, 30, heading, size=19, anchor="start", bold=True, room=752)
    words = f"1st column: {labels[0]}; 2nd column: {labels[1]}; 3rd column: change in grades"
    canvas.text(24, 52, words, size=12, anchor="start", colour="muted", room=752)
    width = 3 * _TRIPLE + 2 * _GROUP_GAP
    for x, side in ((_FIRST_RIGHT, "RIGHT"), (_FIRST_LEFT, "LEFT")):
        canvas.rect(x, 66, width, 20, "ink")
        canvas.text(x + width / 2, 76, side, size=12, colour="paper", bold=True)
    for x, name in zip(_COLUMNS, _NAMES, strict=True):
        canvas.text(x + _TRIPLE / 2, 99, name, size=12, bold=True)
        for at, word in enumerate(("1st", "2nd", "change")):
            canvas.text(x + _SCORE * (at + 0.5), 115, word, size=9, colour="muted")


def _grid(canvas: Canvas, before: Exam, after: Exam) -> None:
    y = TOP
    for (level, old), (_, new) in zip(exam_rows(before), exam_rows(after), strict=True):
        if level in _BLOCKS:
            y += _GAP
        canvas.text(MIDDLE, y + ROW / 2, level.label, size=11.5, bold=True)
        for x, first, second in zip(_COLUMNS, old, new, strict=True):
            if first is not None and second is not None:
                _score(canvas, x, y, first)
                _score(canvas, x + _SCORE, y, second)
                _step(canvas, x + 2 * _SCORE, y, difference(first, second))
        y += ROW


def _score(canvas: Canvas, x: float, y: float, score: Score) -> None:
    """A score without colour: here the colour belongs to the change."""
    stars = {Flag.NONE: 0, Flag.NOT_NORMAL: 1, Flag.NORMAL: 2}[score.flag]
    centre = x + _SCORE / 2 - 4.5 * stars
    canvas.rect(x, y, _SCORE, ROW, "hatch" if score.grade is None else "paper", stroke="rule")
    if score.grade is None:
        canvas.text(centre, y + ROW / 2, "NT", size=9.5, bold=True, halo="paper")
    else:
        canvas.text(centre, y + ROW / 2, str(score.grade), size=11.5)
    for at in range(stars):
        canvas.star(x + _SCORE - 6 - 8 * at, y + ROW / 2, 3.8)


def _step(canvas: Canvas, x: float, y: float, gained: int | None) -> None:
    middle = y + ROW / 2
    if gained is None:
        canvas.rect(x, y, _STEP, ROW, "hatch", stroke="rule")
        canvas.text(x + _STEP / 2, middle, "?", size=11.5, bold=True, halo="paper")
    elif gained == 0:
        canvas.rect(x, y, _STEP, ROW, "wash", stroke="rule")
        canvas.text(x + _STEP / 2, middle, "0", size=11, colour="muted")
    else:
        step = min(abs(gained), 3)
        fill, on = (f"g{step}", f"h{step}") if gained > 0 else (f"l{step}", f"m{step}")
        canvas.rect(x, y, _STEP, ROW, fill, stroke="rule")
        words = f"+{gained}" if gained > 0 else f"−{-gained}"
        canvas.text(x + _STEP / 2, middle, words, size=11.5, bold=True, colour=on)


def _table(
    canvas: Canvas,
    results: tuple[Classification, Classification],
    exams: tuple[Exam, Exam],
    y: float,
) -> None:
    """Levels, grade, zones and sums of both exams; what differs is in bold."""
    anal = [
        ("VAC", None, None, (exams[0].vac.value, exams[1].vac.value)),
        ("DAP", None, None, (exams[0].dap.value, exams[1].dap.value)),
    ]
    for x, name in zip(_TABLE_AT[1:], ("RIGHT", "LEFT", "WHOLE PERSON"), strict=True):
        canvas.text(x, y, name, size=10.5, anchor="start", colour="muted", bold=True)
    for at, (name, *pairs) in enumerate([*change_rows(results), *anal]):
        top = y + 11 + _LINE * at
        canvas.line((24, top), (WIDTH - 24, top))
        canvas.text(_TABLE_AT[0], top + _LINE / 2, name, size=11.5, anchor="start")
        for x, pair in zip(_TABLE_AT[1:], pairs, strict=True):
            if pair is not None:
                _pair(canvas, x, top + _LINE / 2, pair)


def _pair(canvas: Canvas, x: float, y: float, pair: tuple[str, str]) -> None:
    """Before and after on one line, or on two when they are long sets."""
    changed = pair[0] != pair[1]
    words = f"{pair[0]} → {pair[1]}" if changed else pair[0]
    if columns(words) <= 23:
        canvas.text(x, y, words, size=11.5, anchor="start", bold=changed, room=180)
        return
    lines = [pair[0], f"→ {pair[1]}"] if changed else caption_lines(words, 30)
    for at, line in enumerate(lines[:2]):
        place = y + 9.5 * (at - (min(len(lines), 2) - 1) / 2)
        canvas.text(x, place, line, size=9, anchor="start", bold=changed, room=180)


def _legend(canvas: Canvas, y: float) -> None:
    x = 24.0
    for fill, on, words in (
        ("l3", "m3", "−3"), ("l2", "m2", "−2"), ("l1", "m1", "−1"), ("wash", "muted", "0"),
        ("g1", "h1", "+1"), ("g2", "h2", "+2"), ("g3", "h3", "+3"),
    ):  # fmt: skip
        canvas.rect(x, y - 8, 30, 16, fill, stroke="rule")
        canvas.text(x + 15, y, words, size=10.5, colour=on, bold=fill != "wash")
        x += 30
    canvas.text(
        x + 8, y, "or more: grades lost and gained", size=10.5, anchor="start", colour="muted"
    )
    x += 218
    canvas.rect(x, y - 8, 30, 16, "hatch", stroke="rule")
    canvas.text(x + 15, y, "?", size=10.5, bold=True, halo="paper")
    words = "not known: NT in one of the two exams"
    canvas.text(x + 38, y, words, size=10.5, anchor="start", colour="muted")
    words = (
        "Stars: other cause. A change does not show its cause: people recover without treatment. "
        "ISNCSCI 2019. Research use."
    )
    canvas.text(24, y + 20, words, size=9.5, anchor="start", colour="muted")
