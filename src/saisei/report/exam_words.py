"""The exam in words and tables: the text that stands beside, or instead of, each picture.

Takes an `Exam` and its `Classification`, gives sentences, rows, plain text and an HTML table. Computes no
grade: everything comes from the classification.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from saisei.exam.isncsci import DERMATOMES, KEY_MUSCLES, Classification, Exam, Finding, Level, Score

__all__ = [
    "HEADINGS",
    "Row",
    "change_html",
    "change_rows",
    "change_text",
    "compact",
    "difference",
    "exam_html",
    "exam_rows",
    "exam_text",
    "findings_rows",
    "key_muscle_name",
    "summary",
]

# The key muscles as the worksheet of 2019 names them.
_MUSCLES = (
    "Elbow flexors", "Wrist extensors", "Elbow extensors", "Finger flexors", "Finger abductors",
    "Hip flexors", "Knee extensors", "Ankle dorsiflexors", "Long toe extensors", "Ankle plantar flexors",
)  # fmt: skip
_NAMES = dict(zip(KEY_MUSCLES, _MUSCLES, strict=True))

# The order of the columns is that of the paper: the person's right side stands on the left.
HEADINGS = (
    "right motor", "right LT", "right PP", "left LT", "left PP", "left motor",
)  # fmt: skip

Row = tuple[Level, tuple[Score | None, ...]]


def key_muscle_name(level: Level) -> str:
    """`Elbow flexors` for C5; `""` where the segment has no key muscle."""
    return _NAMES.get(level, "")


def exam_rows(exam: Exam) -> list[Row]:
    """28 rows, C2 to S4-5, each with six scores in the order of `HEADINGS` (None: no key muscle)."""
    rows: list[Row] = []
    for place, level in enumerate(DERMATOMES):
        at = KEY_MUSCLES.index(level) if level in _NAMES else None
        right, left = exam.right, exam.left
        rows.append(
            (
                level,
                (
                    None if at is None else right.motor[at],
                    right.light_touch[place],
                    right.pin_prick[place],
                    left.light_touch[place],
                    left.pin_prick[place],
                    None if at is None else left.motor[at],
                ),
            )
        )
    return rows


def compact(finding: Finding[Any]) -> str:
    """A finding with neighbouring levels joined: `C5`, `ND: C4–C7`, `ND: NA, T4*–T6*`.

    Nothing is lost: every value between the two ends of a run is possible.
    """
    if finding.determinable:
        return finding.labels[0]
    runs: list[list[int]] = []
    values = finding.values
    for at in range(len(values)):
        if runs and _follows(finding, runs[-1][-1], at):
            runs[-1].append(at)
        else:
            runs.append([at])
    words = []
    for run in runs:
        labels = [finding.labels[at] for at in run]
        words += [f"{labels[0]}–{labels[-1]}"] if len(run) > 2 else labels
    return "ND: " + ", ".join(words)


def _follows(finding: Finding[Any], before: int, at: int) -> bool:
    first, second = finding.values[before], finding.values[at]
    levels = isinstance(first, Level) and isinstance(second, Level) and second is not Level.INT
    return levels and second == first + 1 and finding.stars[before] == finding.stars[at]


def findings_rows(result: Classification) -> list[tuple[str, str, str, str]]:
    """The classification as rows: name, right, left, whole person (`""` where there is none)."""
    totals = result.totals
    rows = [
        (
            "Sensory level",
            compact(result.right_sensory_level),
            compact(result.left_sensory_level),
            "",
        ),
        ("Motor level", compact(result.right_motor_level), compact(result.left_motor_level), ""),
        ("NLI", "", "", compact(result.nli)),
        ("Complete or incomplete", "", "", compact(result.completeness)),
        ("AIS", "", "", compact(result.ais)),
        ("Sensory ZPP", compact(result.right_sensory_zpp), compact(result.left_sensory_zpp), ""),
        ("Motor ZPP", compact(result.right_motor_zpp), compact(result.left_motor_zpp), ""),
    ]
    for name, total in (
        ("UEMS", totals.uems), ("LEMS", totals.lems),
        ("LT total", totals.light_touch), ("PP total", totals.pin_prick),
    ):  # fmt: skip
        rows.append((name, total.right.text, total.left.text, total.both.text))
    return rows


def summary(result: Classification) -> str:
    """One sentence with level, grade and sides.

    The start of every description and the caption of every picture.
    """
    sides = [
        f"{side} sensory level {compact(sensory)}, motor level {compact(motor)}"
        for side, sensory, motor in (
            ("right", result.right_sensory_level, result.right_motor_level),
            ("left", result.left_sensory_level, result.left_motor_level),
        )
    ]
    return f"NLI {compact(result.nli)}; AIS {compact(result.ais)}; {'; '.join(sides)}."


def _line(level: Level, words: Sequence[str]) -> str:
    return f"{level.label:<5}" + "".join(f"{word:>13}" for word in words)


def exam_text(exam: Exam, result: Classification) -> str:
    """The whole exam as plain text: the text alternative of the sheet and the map."""
    lines = [summary(result), "", f"{'':<5}" + "".join(f"{name:>13}" for name in HEADINGS)]
    for level, scores in exam_rows(exam):
        lines.append(_line(level, ["" if one is None else one.text for one in scores]))
    lines += ["", *_foot(exam), ""]
    for name, *values in findings_rows(result):
        parts = zip(("right ", "left ", "both sides " if values[0] else ""), values, strict=True)
        lines.append(f"{name}: " + ", ".join(side + value for side, value in parts if value))
    return "\n".join(lines) + "\n"


def _foot(exam: Exam) -> list[str]:
    non_key = [
        f"{side} {'none recorded' if level is None else level.label}"
        for side, level in (
            ("right", exam.right.lowest_non_key_muscle),
            ("left", exam.left.lowest_non_key_muscle),
        )
    ]
    lines = [
        f"Voluntary anal contraction (VAC): {exam.vac.value}",
        f"Deep anal pressure (DAP): {exam.dap.value}",
        f"Lowest non-key muscle with motor function: {', '.join(non_key)}",
    ]
    return [*lines, f"Comments: {exam.comments}"] if exam.comments else lines


def difference(before: Score | None, after: Score | None) -> int | None:
    """Grades gained from `before` to `after`; None when one was not testable or does not exist.

    A flagged score counts with its examined grade, as in the totals.

    >>> difference(Score(1), Score(2)), difference(Score(None), Score(2))
    (1, None)
    """
    if before is None or after is None or before.grade is None or after.grade is None:
        return None
    return after.grade - before.grade


def _change_cell(before: Score | None, after: Score | None) -> str:
    if before is None or after is None:
        return ""
    gained = difference(before, after)
    words = "?" if gained is None else f"{gained:+d}".replace("-", "−") if gained else "="
    return f"{before.text}→{after.text} {words}"


def change_text(before: Exam, after: Exam, results: tuple[Classification, Classification]) -> str:
    """Two exams in one plain table: `1→2 +1`, `=` no change, `?` one of them not testable."""
    lines = [
        f"Before: {summary(results[0])}",
        f"After: {summary(results[1])}",
        "",
        f"{'':<5}" + "".join(f"{name:>13}" for name in HEADINGS),
    ]
    for (level, old), (_, new) in zip(exam_rows(before), exam_rows(after), strict=True):
        cells = [_change_cell(a, b) for a, b in zip(old, new, strict=True)]
        lines.append(_line(level, cells))
    for label, one in (("Before", before), ("After", after)):
        lines += ["", *(f"{label}. {words}" for words in _foot(one))]
    lines.append("")
    for name, *pairs in change_rows(results):
        parts = zip(("right ", "left ", "both sides " if pairs[0] else ""), pairs, strict=True)
        words = [f"{side}{pair[0]} → {pair[1]}" for side, pair in parts if pair]
        lines.append(f"{name}: " + ", ".join(words))
    return "\n".join(lines) + "\n"


Pair = tuple[str, str] | None


def change_rows(
    results: tuple[Classification, Classification],
) -> list[tuple[str, Pair, Pair, Pair]]:
    """The classifications of two exams: name, then right, left, whole person as (before, after)."""
    rows = []
    for old, new in zip(findings_rows(results[0]), findings_rows(results[1]), strict=True):
        right, left, both = (
            (a, b) if a or b else None for a, b in zip(old[1:], new[1:], strict=True)
        )
        rows.append((old[0], right, left, both))
    return rows


def exam_html(exam: Exam, result: Classification, caption: str) -> str:
    """The exam as an HTML table for a page, to stand beside the picture."""
    body = [
        (level.label, *("" if one is None else one.text for one in scores))
        for level, scores in exam_rows(exam)
    ]
    notes = [*_foot(exam), summary(result)]
    return _html(caption, ("level", *HEADINGS), body, notes)


def change_html(
    before: Exam, after: Exam, results: tuple[Classification, Classification], caption: str
) -> str:
    """Two exams as one HTML table."""
    body = [
        (level.label, *(_change_cell(a, b) for a, b in zip(old, new, strict=True)))
        for (level, old), (_, new) in zip(exam_rows(before), exam_rows(after), strict=True)
    ]
    notes = [f"Before: {summary(results[0])}", f"After: {summary(results[1])}"]
    return _html(caption, ("level", *HEADINGS), body, notes)


def _html(
    caption: str, headings: Sequence[str], body: Sequence[Sequence[str]], notes: Sequence[str]
) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in headings)
    rows = [
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(word)}</td>" for word in rest)
        + "</tr>"
        for first, *rest in body
    ]
    foot = "".join(
        f'<tr><td colspan="{len(headings)}">{escape(words)}</td></tr>' for words in notes
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody><tfoot>{foot}</tfoot></table>"
    )
