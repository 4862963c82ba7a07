"""One exam as a sheet: the scores of both sides, the sums and the classification on one page.

A drawing of our own. It is not a copy of the ASIA/ISCoS worksheet or of its dermatome figure; it keeps
only what every examiner expects: the person's right side on the left, C2 to S4-5 from top to bottom, motor
outside and sensation inside, anal findings and the classification at the foot.
"""

from __future__ import annotations

from typing import Any

from saisei.exam.isncsci import Classification, Exam, Finding, Flag, Level, Score, SidedTotal, Total
from saisei.report.exam_canvas import Canvas, Theme, columns, identifier
from saisei.report.exam_words import compact, exam_rows, exam_text, key_muscle_name

__all__ = ["caption_lines", "draw_sheet", "legend", "score_cell", "shade"]

WIDTH = 800.0
ROW = 19.0
CELL = 52.0
GAP = 6.0
TOP = 118.0
MIDDLE = WIDTH / 2
HALF_LABEL = 30.0  # half the width of the column of levels
# Left edges of the right side's columns (LT and PP touch, motor apart); the left side is their mirror
# in place, but keeps LT before PP, as on paper.
_PP = MIDDLE - HALF_LABEL - GAP - CELL
_LT = _PP - CELL
_MOTOR = _LT - GAP - CELL
RIGHT_COLUMNS = (_MOTOR, _LT, _PP)
_LT_LEFT = MIDDLE + HALF_LABEL + GAP
_PP_LEFT = _LT_LEFT + CELL
_MOTOR_LEFT = _PP_LEFT + CELL + GAP
COLUMNS = (_MOTOR, _LT, _PP, _LT_LEFT, _PP_LEFT, _MOTOR_LEFT)
_SHOWS = ("motor", "LT", "PP", "LT", "PP", "motor")
_HIGHEST = (5, 2, 2, 2, 2, 5)
# The first segment of each region starts a new block.
_BLOCKS = (Level.C2, Level.C5, Level.T2, Level.L2, Level.S2)


def shade(grade: int, highest: int) -> tuple[str, str]:
    """Fill and text colour of a grade: the further from normal, the further from the paper.

    >>> shade(2, 2), shade(1, 2), shade(0, 2), shade(3, 5)
    (('r0', 'x0'), ('r2', 'x2'), ('r5', 'x5'), ('r2', 'x2'))
    """
    lost = highest - grade
    step = lost if highest == 5 else (0, 2, 5)[lost]
    return f"r{step}", f"x{step}"


def score_cell(
    canvas: Canvas,
    box: tuple[float, float, float, float],
    score: Score,
    highest: int,
    *,
    size: float = 12.0,
) -> None:
    """One score: colour and number, hatched when not testable, stars when flagged."""
    x, y, width, height = box
    middle = y + height / 2
    stars = {Flag.NONE: 0, Flag.NOT_NORMAL: 1, Flag.NORMAL: 2}[score.flag]
    centre = x + width / 2 - 5 * stars
    if score.grade is None:
        canvas.rect(x, y, width, height, "hatch", stroke="rule")
        canvas.text(centre, middle, "NT", size=size - 1, bold=True, halo="paper")
        on = "ink"
    else:
        fill, on = shade(score.grade, highest)
        canvas.rect(x, y, width, height, fill, stroke="rule")
        canvas.text(centre, middle, str(score.grade), size=size, colour=on)
    for at in range(stars):
        canvas.star(x + width - 8 - 10 * at, middle, 4.5, on)


def caption_lines(words: str, room: int) -> list[str]:
    """Words broken into lines of at most `room` columns; a word that is longer is broken too.

    >>> caption_lines("ND: C5, C6, T1", 9), caption_lines("abcdef", 4)
    (['ND: C5,', 'C6, T1'], ['abcd', 'ef'])
    """
    lines = [""]
    for word in words.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if columns(joined) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for one in word:
            if columns(lines[-1] + one) > room:
                lines.append("")
            lines[-1] += one
    return lines


def _comment_lines(comments: str) -> list[str]:
    """The comments in at most eight lines; the description holds all of it."""
    if not comments.strip():
        return []
    lines = caption_lines(f"Comments: {comments}", 105)
    return (
        lines
        if len(lines) <= 8
        else [*lines[:7], "… (all of it in the description of the picture)"]
    )


def draw_sheet(
    exam: Exam,
    result: Classification,
    *,
    heading: str = "ISNCSCI exam",
    note: str = "",
    ident: str | None = None,
    theme: Theme = Theme.AUTO,
) -> str:
    """The exam as an SVG sheet of 800 units' width.

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
    rows = exam_rows(exam)
    comments = _comment_lines(exam.comments)
    gaps = GAP * (len(_BLOCKS) - 1)
    grid_end = TOP + len(rows) * ROW + gaps
    height = grid_end + 300 + 16 * len(comments)
    canvas = Canvas(
        ident or identifier("sheet", exam.codes(), exam.comments, heading),
        WIDTH,
        height,
        heading,
        exam_text(exam, result),
        theme,
    )
    _head(canvas, heading, note)
    _grid(canvas, exam, result)
    _sums(canvas, result, grid_end + 10)
    _anal(canvas, exam, grid_end + 72)
    _classification(canvas, result, grid_end + 108)
    legend(canvas, grid_end + 245)
    for at, line in enumerate(comments):
        canvas.text(24, grid_end + 268 + 16 * at, line, size=11.5, anchor="start")
    last = grid_end + 280 + 16 * len(comments)
    _small_print(canvas, last, result.policy)
    return canvas.svg()


def _head(canvas: Canvas, heading: str, note: str) -> None:
    canvas.text(24, 30, heading, size=19, anchor="start", bold=True, room=752)
    if note:
        canvas.text(24, 52, note, size=12, anchor="start", colour="muted", room=752)
    for x, side in ((_MOTOR, "RIGHT"), (_LT_LEFT, "LEFT")):
        width = 3 * CELL + GAP
        canvas.rect(x, 66, width, 20, "ink")
        canvas.text(x + width / 2, 76, side, size=12, colour="paper", bold=True)
    for x, name in zip(COLUMNS, _SHOWS, strict=True):
        canvas.text(x + CELL / 2, 102, name, size=12, bold=True)
    canvas.text(_MOTOR - 12, 102, "key muscle", size=11, colour="muted", anchor="end")
    canvas.text(_MOTOR_LEFT + CELL + 12, 102, "key muscle", size=11, colour="muted", anchor="start")
    canvas.text(MIDDLE, 102, "level", size=11, colour="muted")


def _grid(canvas: Canvas, exam: Exam, result: Classification) -> None:
    y = TOP
    marked = set(result.nli.values)
    for level, scores in exam_rows(exam):
        if level in _BLOCKS[1:]:
            y += GAP
        for x, score, highest in zip(COLUMNS, scores, _HIGHEST, strict=True):
            if score is not None:
                score_cell(canvas, (x, y, CELL, ROW), score, highest)
        if level in marked:
            sure = result.nli.determinable
            canvas.rect(
                MIDDLE - 27, y + 1.5, 54, ROW - 3, "ink" if sure else "", stroke="ink", radius=3
            )
        on = "paper" if level in marked and result.nli.determinable else "ink"
        canvas.text(MIDDLE, y + ROW / 2, level.label, size=12, bold=True, colour=on)
        muscle = key_muscle_name(level)
        canvas.text(_MOTOR - 12, y + ROW / 2, muscle, size=11.5, anchor="end")
        canvas.text(_MOTOR_LEFT + CELL + 12, y + ROW / 2, muscle, size=11.5, anchor="start")
        y += ROW


def _sums(canvas: Canvas, result: Classification, y: float) -> None:
    totals = result.totals
    canvas.line((24, y - 3), (WIDTH - 24, y - 3), "ink", 1.2)
    canvas.text(MIDDLE, y + 13, "sums", size=11, colour="muted")
    sides = ((RIGHT_COLUMNS, "right"), ((_MOTOR_LEFT, _LT_LEFT, _PP_LEFT), "left"))
    for (_, lt_at, pp_at), side in sides:
        for x, total in ((lt_at, totals.light_touch), (pp_at, totals.pin_prick)):
            _sum(canvas, x + CELL / 2, y + 13, getattr(total, side))
    for x, anchor, side in ((_MOTOR + CELL, "end", "right"), (_MOTOR_LEFT, "start", "left")):
        for at, (name, total) in enumerate((("UEMS", totals.uems), ("LEMS", totals.lems))):
            words = f"{name} {getattr(total, side).text}"
            canvas.text(x, y + 5 + 16 * at, words, size=12, anchor=anchor, bold=True)
    both = " · ".join(
        f"{name} {_both(total)}"
        for name, total in (
            ("UEMS", totals.uems), ("LEMS", totals.lems),
            ("LT", totals.light_touch), ("PP", totals.pin_prick),
        )
    )  # fmt: skip
    canvas.text(MIDDLE, y + 42, f"Both sides: {both}", size=12)


def _sum(canvas: Canvas, x: float, y: float, total: Total) -> None:
    if total.value is not None:
        canvas.text(x, y, str(total.value), size=12.5, bold=True)
        return
    canvas.text(x, y - 8, "ND", size=11, bold=True)
    canvas.text(x, y + 5, f"{total.low}–{total.high}", size=10.5)


def _both(total: SidedTotal) -> str:
    if total.both.value is not None:
        return str(total.both.value)
    return f"ND ({total.both.low}–{total.both.high})"


def _anal(canvas: Canvas, exam: Exam, y: float) -> None:
    levels = (exam.right.lowest_non_key_muscle, exam.left.lowest_non_key_muscle)
    right, left = ("–" if one is None else one.label for one in levels)
    non_key = "not recorded" if levels == (None, None) else f"right {right}, left {left}"
    items = (
        (24, 216, "Voluntary anal contraction (VAC)", exam.vac.value),
        (248, 176, "Deep anal pressure (DAP)", exam.dap.value),
        (432, 344, "Lowest non-key muscle", non_key),
    )  # fmt: skip
    for x, width, name, value in items:
        canvas.rect(x, y, width, 28, "wash", stroke="rule", radius=3)
        canvas.text(x + 7, y + 14, name, size=10, anchor="start", colour="muted")
        canvas.text(x + width - 8, y + 14, value, size=12.5, anchor="end", bold=True)


def _classification(canvas: Canvas, result: Classification, y: float) -> None:
    """The two-sided findings in a table on the left, the single ones in a box on the right."""
    names: tuple[tuple[str, Finding[Any], Finding[Any]], ...] = (
        ("Sensory level", result.right_sensory_level, result.left_sensory_level),
        ("Motor level", result.right_motor_level, result.left_motor_level),
        ("Sensory ZPP", result.right_sensory_zpp, result.left_sensory_zpp),
        ("Motor ZPP", result.right_motor_zpp, result.left_motor_zpp),
    )
    canvas.text(300 - 80, y + 8, "RIGHT", size=11, colour="muted")
    canvas.text(300 + 80, y + 8, "LEFT", size=11, colour="muted")
    for at, (name, right, left) in enumerate(names):
        top = y + 20 + 26 * at
        canvas.line((24, top), (462, top))
        canvas.text(24, top + 13, name, size=12, anchor="start")
        _value(canvas, 220, top + 13, right, 22)
        _value(canvas, 380, top + 13, left, 22)
    canvas.line((24, y + 124), (462, y + 124))
    canvas.rect(482, y, 294, 124, "wash", stroke="rule", radius=3)
    singles: tuple[tuple[str, Finding[Any]], ...] = (
        ("Neurological level of injury (NLI)", result.nli),
        ("Complete (C) or incomplete (I)", result.completeness),
        ("ASIA Impairment Scale (AIS)", result.ais),
    )
    for at, (name, one) in enumerate(singles):
        top = y + 6 + 39 * at
        canvas.text(492, top + 18, name, size=11, anchor="start")
        _value(canvas, 722, top + 18, one, 13, size=18)


def _value(
    canvas: Canvas, x: float, y: float, finding: Finding[Any], room: int, *, size: float = 14.0
) -> None:
    """A finding, in smaller print and on two lines when it is a set."""
    words = compact(finding)
    if finding.determinable:
        canvas.text(x, y, words, size=size, bold=True)
        return
    lines = caption_lines(words, room)
    if len(lines) > 3:
        lines = [*lines[:2], lines[2][: room - 2] + " …"]
    step = 11.0
    for at, line in enumerate(lines):
        canvas.text(x, y + step * (at - (len(lines) - 1) / 2), line, size=10.5, bold=True)


def legend(canvas: Canvas, y: float) -> None:
    """What the colours, the hatch and the stars mean, in one line."""
    x = 24.0
    for grade, words in ((2, "2 normal"), (1, "1 altered"), (0, "0 absent")):
        canvas.rect(x, y - 6, 14, 12, shade(grade, 2)[0], stroke="rule")
        canvas.text(x + 19, y, words, size=10.5, anchor="start", colour="muted")
        x += 74
    x += 2
    canvas.text(x, y, "motor", size=10.5, anchor="start", colour="muted")
    x += 38
    for grade in range(5, -1, -1):
        fill, on = shade(grade, 5)
        canvas.rect(x, y - 7, 16, 14, fill, stroke="rule")
        canvas.text(x + 8, y, str(grade), size=10, colour=on)
        x += 16
    x += 16
    canvas.rect(x, y - 6, 18, 12, "hatch", stroke="rule")
    canvas.text(x + 23, y, "NT not testable", size=10.5, anchor="start", colour="muted")
    x += 112
    canvas.star(x, y, 4.5)
    canvas.text(x + 9, y, "other cause", size=10.5, anchor="start", colour="muted")
    x += 80
    canvas.star(x, y, 4.5)
    canvas.star(x + 9, y, 4.5)
    canvas.text(x + 18, y, "other cause, read as normal", size=10.5, anchor="start", colour="muted")


def _small_print(canvas: Canvas, y: float, policy: str) -> None:
    words = (
        "LT light touch, PP pin prick, ND not determinable, ZPP zone of partial preservation. "
        "Filled level: NLI; framed: its possible values. "
        f"ISNCSCI 2019, policy {policy}. Research use."
    )
    for at, line in enumerate(caption_lines(words, 140)):
        canvas.text(24, y + 12 * at, line, size=9.5, anchor="start", colour="muted")
