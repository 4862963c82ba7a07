"""One exam as a map of the body: light touch, pin prick and motor, each on its own figure.

A drawing of our own (see `exam_body`), not a copy of the ASIA dermatome figure. Every score is printed in
its field; colour only repeats it, so that the map reads in black and white.
"""

from __future__ import annotations

from collections.abc import Mapping

from saisei.exam.isncsci import (
    DERMATOMES,
    KEY_MUSCLES,
    Anal,
    Classification,
    Exam,
    Flag,
    Level,
    Score,
)  # fmt: skip
from saisei.report.exam_body import (
    BODY_HEIGHT,
    DERMATOME_FIELDS,
    FACE,
    MUSCLE_FIELDS,
    SEAT,
    Field,
    mirrored,
)  # fmt: skip
from saisei.report.exam_canvas import Canvas, Theme, identifier
from saisei.report.exam_sheet import caption_lines, legend, shade
from saisei.report.exam_words import exam_text, summary

__all__ = ["draw_map"]

WIDTH = 800.0
TOP = 132.0
MIDDLES = (142.0, 400.0, 658.0)
_RIGHT, _LEFT = -1, 1


def draw_map(
    exam: Exam,
    result: Classification,
    *,
    heading: str = "ISNCSCI exam",
    note: str = "",
    ident: str | None = None,
    theme: Theme = Theme.AUTO,
) -> str:
    """The exam as three schematic figures: light touch, pin prick, key muscles.

    Args:
        exam: the exam.
        result: its classification.
        heading: the title, for example person and visit.
        note: a line below the title, for example the date; never the name of a person.
        ident: prefix of the ids; made from the scores when left out.
        theme: colours of the reader's screen, or one fixed set.

    Returns:
        SVG text with title, description and no outside resources.
    """
    height = TOP + BODY_HEIGHT + 84
    canvas = Canvas(
        ident or identifier("map", exam.codes(), heading),
        WIDTH,
        height,
        heading,
        exam_text(exam, result),
        theme,
    )
    canvas.text(24, 30, heading, size=19, anchor="start", bold=True, room=752)
    canvas.text(24, 52, note, size=12, anchor="start", colour="muted", room=752)
    for at, line in enumerate(caption_lines(summary(result), 105)[:2]):
        canvas.text(24, 72 + 15 * at, line, size=11.5, anchor="start")
    nli = set(result.nli.values)
    columns = (("Light touch", "light_touch"), ("Pin prick", "pin_prick"))
    for middle, (name, part) in zip(MIDDLES, columns, strict=False):
        _panel_head(canvas, middle, name)
        sides = {
            side: dict(zip(DERMATOMES, getattr(one, part), strict=True))
            for side, one in ((_RIGHT, exam.right), (_LEFT, exam.left))
        }
        _face(canvas, middle)
        _fields(canvas, middle, DERMATOME_FIELDS, sides, 2, nli)
    _motor(canvas, exam, MIDDLES[2], nli)
    foot = TOP + BODY_HEIGHT + 14
    for middle in MIDDLES[:2]:
        words = f"S2 to S4-5 seen from below; DAP {exam.dap.value}"
        canvas.text(middle, foot, words, size=10.5, colour="muted")
    legend(canvas, foot + 30)
    words = (
        "Schematic figures seen from the front, the person's right side on the left. Filled label: NLI; "
        f"framed labels: its possible values. ISNCSCI 2019, policy {result.policy}. Research use."
    )
    for at, line in enumerate(caption_lines(words, 140)):
        canvas.text(24, foot + 48 + 12 * at, line, size=9.5, anchor="start", colour="muted")
    return canvas.svg()


def _panel_head(canvas: Canvas, middle: float, name: str) -> None:
    canvas.text(middle, TOP - 22, name, size=14, bold=True)
    canvas.text(middle - 96, TOP + 22, "RIGHT", size=10.5, colour="muted", bold=True)
    canvas.text(middle + 96, TOP + 22, "LEFT", size=10.5, colour="muted", bold=True)


def _face(canvas: Canvas, middle: float) -> None:
    for side in (_RIGHT, _LEFT):
        canvas.shape(mirrored(FACE, middle, TOP, side), "wash")


def _fields(
    canvas: Canvas,
    middle: float,
    fields: Mapping[Level, Field],
    sides: Mapping[int, Mapping[Level, Score]],
    highest: int,
    nli: set[Level],
) -> None:
    for level, field in fields.items():
        for side, scores in sides.items():
            _field(canvas, middle, field, side, scores[level], highest)
        _label(canvas, middle, level, field, nli)


def _field(
    canvas: Canvas, middle: float, field: Field, side: int, score: Score, highest: int
) -> None:
    fill, on = ("hatch", "ink") if score.grade is None else shade(score.grade, highest)
    canvas.shape(mirrored(field.corners, middle, TOP, side), fill, stroke="rule")
    x, y = middle + side * field.at[0], TOP + field.at[1]
    stars = {Flag.NONE: 0, Flag.NOT_NORMAL: 1, Flag.NORMAL: 2}[score.flag]
    xs, ys = ([corner[i] for corner in field.corners] for i in (0, 1))
    # Room for stars to the right of the number in a wide field, below it in a tall or narrow one.
    beside = max(xs) - min(xs) > 30 and max(ys) - min(ys) < 45
    if stars and beside:
        x -= 5.0 * stars
    elif stars:
        y -= 5.0
    if score.grade is None:
        canvas.text(x, y, "NT", size=9, bold=True, halo="paper")
    else:
        canvas.text(x, y, str(score.grade), size=11, colour=on)
    for at in range(stars):
        if beside:
            canvas.star(x + 11 + 9 * at, y, 4.2, on)
        else:
            canvas.star(x + 7 * at - 3.5 * (stars - 1), y + 10, 3.4, on)


def _label(canvas: Canvas, middle: float, level: Level, field: Field, nli: set[Level]) -> None:
    dx, dy = field.label
    for x in (middle,) if dx == 0 else (middle - dx, middle + dx):
        if level in nli:
            fill = "ink" if len(nli) == 1 else "paper"
            canvas.rect(x - 11, TOP + dy - 6.5, 22, 13, fill, stroke="ink", radius=2.5)
        size = 8.5 if len(level.label) < 4 else 8
        colour = "muted" if level not in nli else "paper" if len(nli) == 1 else "ink"
        canvas.text(x, TOP + dy, level.label, size=size, colour=colour, bold=level in nli)


def _motor(canvas: Canvas, exam: Exam, middle: float, nli: set[Level]) -> None:
    _panel_head(canvas, middle, "Motor")
    _face(canvas, middle)
    for field in DERMATOME_FIELDS.values():
        for side in (_RIGHT, _LEFT):
            canvas.shape(mirrored(field.corners, middle, TOP, side), "wash")
    sides = {
        side: dict(zip(KEY_MUSCLES, one.motor, strict=True))
        for side, one in ((_RIGHT, exam.right), (_LEFT, exam.left))
    }
    _fields(canvas, middle, MUSCLE_FIELDS, sides, 5, nli)
    x, y = middle + SEAT[0], TOP + SEAT[1]
    canvas.rect(
        x - 30, y - 16, 60, 32, "hatch" if exam.vac is Anal.NT else "paper", stroke="rule", radius=4
    )
    canvas.text(x, y - 6, "VAC", size=9.5, colour="muted", halo="paper")
    canvas.text(x, y + 7, exam.vac.value, size=12, bold=True, halo="paper")
