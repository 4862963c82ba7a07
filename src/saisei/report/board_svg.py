"""The flow of people and the change of grades as SVG of our own: boxes and ribbons with their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from saisei.report.figures import COLOURS

__all__ = ["flow_svg", "sankey_svg"]

Row = Mapping[str, Any]
_FONT = "font-family='DejaVu Sans, sans-serif'"
_BOX_WIDTH, _STEP, _LEFT = 230, 58, 20
_GRADES = ("A", "B", "C", "D", "E", "not determined", "not seen")
_GRADE_COLOUR = {
    "A": "#7a3606", "B": "#bf540b", "C": "#c9a227", "D": "#157a5b", "E": "#0a63ad",
    "not determined": "#8a8f96", "not seen": "#c3c8ce",
}  # fmt: skip


def flow_svg(flow: Row) -> str:
    """The flow figure (after CONSORT and CONSORT-DEFINE): each box counts people of the one above."""
    arms = flow["arms"]
    width = max(_LEFT + (_BOX_WIDTH + 30) * max(len(arms), 2), 560)
    top = [
        (f"consented: {flow['consented']}", ""),
        (f"screened: {flow['screened']}", f"not eligible: {flow['not_eligible']}"),
        (f"eligible: {flow['eligible']}", f"not allocated: {flow['not_allocated']}"),
        (f"allocated: {flow['allocated']}", ""),
    ]
    longest = max((len(arm["steps"]) for arm in arms), default=0)
    height = 30 + _STEP * (len(top) + longest) + 30
    parts = [_open(width, height)]
    middle = width / 2 - _BOX_WIDTH / 2
    for k, (text, beside) in enumerate(top):
        y = 20 + _STEP * k
        if k:
            parts.append(_line(width / 2, y - _STEP + 34, width / 2, y))
        parts.append(_box(middle, y, text))
        if beside:
            parts.append(_line(middle + _BOX_WIDTH, y + 17, middle + _BOX_WIDTH + 22, y + 17))
            parts.append(_words(middle + _BOX_WIDTH + 28, y + 21, beside))
    for place, arm in enumerate(arms):
        x = _arm_x(place, len(arms), width)
        for k, step in enumerate(arm["steps"]):
            y = 20 + _STEP * (len(top) + k)
            start = width / 2 if k == 0 else x + _BOX_WIDTH / 2
            parts.append(_line(start, y - _STEP + 34, x + _BOX_WIDTH / 2, y))
            head = f"{arm['label']}: " if k == 0 else ""
            parts.append(_box(x, y, f"{head}{step['what']}: {step['n']}"))
    return "".join([*parts, "</svg>"])


def _arm_x(place: int, count: int, width: float) -> float:
    room = width / max(count, 1)
    return room * (place + 0.5) - _BOX_WIDTH / 2


def sankey_svg(rows: Sequence[Row], people: int, title: str) -> str:
    """Ribbons from the baseline grade to the last one, each with its count; who was not seen is a ribbon."""
    width, height, margin = 560, 300, 40
    scale = (height - 2 * margin - 60) / max(people, 1)
    left = _stack([(row["from"], row["n"]) for row in rows], scale, margin)
    right = _stack([(row["to"], row["n"]) for row in rows], scale, margin)
    parts = [_open(width, height), _words(10, 18, title, bold=True)]
    at_left = {grade: y for grade, (y, _) in left.items()}
    at_right = {grade: y for grade, (y, _) in right.items()}
    order = sorted(rows, key=lambda row: (_GRADES.index(row["from"]), _GRADES.index(row["to"])))
    for row in order:
        thick = row["n"] * scale
        y0, y1 = at_left[row["from"]], at_right[row["to"]]
        at_left[row["from"]] += thick
        at_right[row["to"]] += thick
        colour = _GRADE_COLOUR[row["to"]]
        x0, x1, bend = 120, width - 150, (width - 270) / 2
        path = (
            f"M{x0},{y0:.1f} C{x0 + bend},{y0:.1f} {x1 - bend},{y1:.1f} {x1},{y1:.1f} "
            f"L{x1},{y1 + thick:.1f} C{x1 - bend},{y1 + thick:.1f} {x0 + bend},{y0 + thick:.1f} "
            f"{x0},{y0 + thick:.1f} Z"
        )
        parts.append(f"<path d='{path}' fill='{colour}' fill-opacity='0.55'/>")
        middle = (y0 + y1 + thick) / 2
        parts.append(_words((x0 + x1) / 2, middle + 4, str(row["n"]), anchor="middle"))
    for grades, x, anchor in ((left, 112, "end"), (right, width - 142, "start")):
        for grade, (y, n) in grades.items():
            name = f"AIS {grade}" if len(grade) == 1 else grade
            parts.append(_words(x, y + n * scale / 2 + 4, f"{name} ({n})", anchor=anchor))
    return "".join([*parts, "</svg>"])


def _stack(
    pairs: Sequence[tuple[str, int]], scale: float, top: float
) -> dict[str, tuple[float, int]]:
    """Grade -> upper edge and people, best below."""
    found: dict[str, tuple[float, int]] = {}
    y = top
    for grade in _GRADES:
        n = sum(count for name, count in pairs if name == grade)
        if n:
            found[grade] = (y, n)
            y += n * scale + 12
    return found


def _open(width: float, height: float) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' "
        f"width='{width:.0f}' height='{height:.0f}' {_FONT} role='img'>"
    )


def _box(x: float, y: float, text: str) -> str:
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{_BOX_WIDTH}' height='34' rx='4' "
        f"fill='white' stroke='{COLOURS['muted']}'/>"
        + _words(x + _BOX_WIDTH / 2, y + 21, text, anchor="middle", dark=True)
    )


def _words(
    x: float, y: float, text: str, anchor: str = "start", *, bold: bool = False, dark: bool = False
) -> str:
    weight = " font-weight='bold'" if bold else ""
    colour = "#1b2531" if dark else "currentColor"
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='11' text-anchor='{anchor}'{weight} "
        f"fill='{colour}'>{escape(text)}</text>"
    )


def _line(x0: float, y0: float, x1: float, y1: float) -> str:
    return (
        f"<line x1='{x0:.1f}' y1='{y0:.1f}' x2='{x1:.1f}' y2='{y1:.1f}' "
        f"stroke='{COLOURS['muted']}' stroke-width='1.2'/>"
    )
