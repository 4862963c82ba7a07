"""One virtual person as a picture: the cord at the injury, drive, grades and levels over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from saisei.exam.isncsci.levels import KEY_MUSCLES, Level
from saisei.params import value
from saisei.patient.course import Course
from saisei.report.figures import COLOURS, Figure, finish, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["course_figure"]

_WEEK_DAYS = 7.0
_KEYS = len(KEY_MUSCLES)
_MUSCLES = [level.label for level in KEY_MUSCLES]
_MOTOR = [*range(56, 66), *range(122, 132)]
# From no grade to normal: dark to pale, as on the drawn exam sheet.
_GRADES = ("#173f6e", "#3a6ea5", "#6f9bc8", "#a5c3e0", "#d3e1ee", "#f0f4f8")
_LEAST_DRIVE = 1e-4
_LOWEST = int(Level.S4_5)
_TICKS = [Level.C1, Level.C5, Level.T1, Level.T6, Level.T12, Level.L2, Level.S1, Level.S4_5]


def course_figure(course: Course, title: str) -> Figure:
    """The picture of one virtual person.

    Args:
        course: the person.
        title: heading; never the name of a real person.
    """
    with sheet(8.6, 10.4) as canvas:
        grid = canvas.add_gridspec(
            2, 3, left=0.07, right=0.985, top=0.885, bottom=0.085,
            width_ratios=(1.05, 1.45, 1.45), hspace=0.36, wspace=0.3,
        )  # fmt: skip
        canvas.text(0.015, 0.965, title, fontsize=13, fontweight="bold", va="center")
        canvas.text(0.015, 0.935, _line(course), fontsize=9.5, color=COLOURS["muted"], va="center")
        _cord(canvas.add_subplot(grid[:, 0]), course)
        _drive(canvas.add_subplot(grid[0, 1]), course, side=0)
        _drive(canvas.add_subplot(grid[0, 2]), course, side=1)
        _grades(canvas.add_subplot(grid[1, 1]), course)
        _levels(canvas.add_subplot(grid[1, 2]), course)
        canvas.text(
            0.015,
            0.015,
            "A made-up person on the natural course (no cells). Research use only: never the prognosis "
            "of a real person.",
            fontsize=8,
            color=COLOURS["muted"],
        )
        return finish(canvas, "course", title, _line(course), _alt(course), _rows(course))


def _line(course: Course) -> str:
    chunk = course.chunk
    seen = [chunk.graded.texts("ais")[0], chunk.graded.texts("nli")[0]]
    last = chunk.graded.texts("ais")[-1]
    return (
        f"age {chunk.ages[0]}; enrolled on day {chunk.days[0, 0]} as AIS {seen[0]} {seen[1]}; "
        f"AIS {last} at week {chunk.days[0, -1] / _WEEK_DAYS:g}; person {chunk.persons[0]}, "
        f"draw {chunk.attempts[0] + 1}"
    )


def _alt(course: Course) -> str:
    return (
        "Panels of one virtual person: the cord at the injury with spared drive, block and surviving "
        "motoneurons by segment and side; drive, muscle grades and levels over time. "
        f"{_line(course)}."
    )


def _cord(axes: Axes, course: Course) -> None:
    """Segments down the page; right on the left, as an examiner sees it."""
    from matplotlib.patches import FancyBboxPatch, Rectangle

    body = FancyBboxPatch(
        (-0.32, -0.4), 0.64, _LOWEST + 0.8, boxstyle="round,pad=0,rounding_size=0.3",
        facecolor=COLOURS["band"], edgecolor=COLOURS["muted"], linewidth=0.8,
    )  # fmt: skip
    axes.add_patch(body)
    for side, sign in ((0, -1), (1, 1)):
        x0 = -0.32 if side == 0 else 0.0
        top = float(course.level[side]) + 0.5
        hurt = Rectangle(
            (x0, top), 0.32, _LOWEST + 0.4 - top, facecolor=COLOURS["orange"], alpha=0.22
        )
        axes.add_patch(hurt)
        hurt.set_clip_path(body)
        axes.plot([x0, x0 + 0.32], [top, top], color=COLOURS["orange"], linewidth=2)
        for k, level in enumerate(KEY_MUSCLES):
            j = side * _KEYS + k
            spared, block = float(course.spared[j]), float(course.block[j])
            alive = float(course.motoneurons[j])
            parts = (
                (0.42, spared ** (1 / 3), "blue"),
                (0.92, block, "orange"),
                (1.42, alive, "green"),
            )
            for x, share, colour in parts:
                left = sign * x - (0.45 if sign < 0 else 0)
                axes.add_patch(
                    Rectangle((left, level - 0.36), 0.45, 0.72, facecolor="none",
                              edgecolor=COLOURS["grid"], linewidth=0.7)
                )  # fmt: skip
                start = left if sign > 0 else left + 0.45 * (1 - share)
                axes.add_patch(
                    Rectangle((start, level - 0.36), 0.45 * share, 0.72, facecolor=COLOURS[colour])
                )
    for level in Level:
        if level <= Level.S4_5 and (level in _TICKS or level in KEY_MUSCLES):
            weight = "bold" if level in KEY_MUSCLES else "normal"
            axes.text(
                0, level, level.label, ha="center", va="center", fontsize=7, fontweight=weight
            )
    axes.text(-1.145, 2.8, "RIGHT", ha="center", fontsize=8.5, fontweight="bold")
    axes.text(1.145, 2.8, "LEFT", ha="center", fontsize=8.5, fontweight="bold")
    axes.set(xlim=(-1.95, 1.95), ylim=(_LOWEST + 4.4, -1.0))
    axes.set_title("The cord at the injury", loc="left", fontsize=10)
    axes.axis("off")
    words = (
        ("blue", "inner: spared drive (cube-root scale)"),
        ("orange", "middle: share blocked at the injury"),
        ("green", "outer: motoneurons that survive"),
    )
    for k, (colour, text) in enumerate(words):
        axes.text(-1.75, _LOWEST + 1.5 + 0.85 * k, "\u25a0", color=COLOURS[colour], fontsize=8)
        axes.text(-1.5, _LOWEST + 1.5 + 0.85 * k, text, fontsize=7.2, color=COLOURS["muted"])
    text = "A full bar is normal.\nThe shaded cord lies below the injury."
    axes.text(-1.75, _LOWEST + 3.7, text, fontsize=7.2, color=COLOURS["muted"], va="top")


def _drive(axes: Axes, course: Course, side: int) -> None:
    weeks = course.days / _WEEK_DAYS
    half = value("repair.half_drive")
    axes.axhline(half, color=COLOURS["muted"], linewidth=0.8, linestyle=(0, (4, 3)))
    axes.text(
        weeks[-1], half * 1.12, "half of full force", ha="right", fontsize=7, color=COLOURS["muted"]
    )
    ends: list[tuple[float, str, str]] = []
    for k, name in enumerate(_MUSCLES):
        drive = np.maximum(course.drives[:, side * _KEYS + k], _LEAST_DRIVE)
        colour = COLOURS["blue"] if k < 5 else COLOURS["plum"]
        shade = 0.45 + 0.55 * (4 - k % 5) / 4
        axes.plot(weeks, drive, color=colour, alpha=shade, linewidth=1.3)
        ends.append((float(drive[-1]), name, colour))
    _name_lines(axes, ends, float(weeks[-1]))
    axes.set(yscale="log", ylim=(_LEAST_DRIVE * 0.8, 1.3), xlim=(0, weeks[-1] * 1.17))
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= weeks[-1]])
    axes.set_yticks(
        [1, 0.1, 0.01, 0.001, 0.0001], ["1", "0.1", "0.01", "0.001", "\u226410\u207b\u2074"]
    )
    axes.minorticks_off()
    axes.set_xlabel("weeks after the injury")
    name = ("right", "left")[side]
    axes.set_title(f"Drive, {name} key muscles (share of normal)", loc="left", fontsize=10)


def _name_lines(axes: Axes, ends: list[tuple[float, str, str]], x: float) -> None:
    """Names at the ends of lines; muscles that end together share one name."""
    groups: list[tuple[float, list[str], str]] = []
    for y, name, colour in sorted(ends, reverse=True):
        if groups and groups[-1][2] == colour and groups[-1][0] / y < 1.35:
            groups[-1][1].append(name)
        else:
            groups.append((y, [name], colour))
    last = np.inf
    for y, names, colour in groups:
        order = sorted(names, key=_MUSCLES.index)
        text = (
            order[0]
            if len(order) == 1
            else f"{order[0]}-{order[-1]}"
            if _runs(order)
            else ", ".join(order)
        )
        place = min(y, last / 1.42)
        axes.text(x * 1.015, place, text, fontsize=6.5, color=colour, va="center")
        last = place


def _runs(names: list[str]) -> bool:
    places = [_MUSCLES.index(name) for name in names]
    return places == list(range(places[0], places[0] + len(places)))


def _grades(axes: Axes, course: Course) -> None:
    from matplotlib.colors import ListedColormap

    weeks = course.days / _WEEK_DAYS
    edges = np.concatenate([[weeks[0]], (weeks[1:] + weeks[:-1]) / 2, [weeks[-1]]])
    grades = course.exams[:, _MOTOR].T.astype(float)
    rows = np.concatenate([np.arange(11.0), np.arange(11.0) + 10.6])
    colours = ListedColormap(_GRADES)
    for half in (0, 1):
        y = rows[11 * half : 11 * half + 11]
        part = grades[10 * half : 10 * half + 10]
        axes.pcolormesh(edges, y, part, cmap=colours, vmin=-0.5, vmax=5.5, rasterized=True)
        for k, name in enumerate(_MUSCLES):
            axes.text(-weeks[-1] * 0.012, y[k] + 0.5, name, ha="right", va="center", fontsize=6.8)
    for week in course.chunk.days[0] / _WEEK_DAYS:
        axes.plot([week], [-0.35], marker="v", color=COLOURS["ink"], markersize=4, clip_on=False)
    for half, words in ((0, "right"), (1, "left")):
        axes.text(
            -weeks[-1] * 0.105,
            5 + 10.6 * half,
            words,
            rotation=90,
            ha="center",
            va="center",
            fontsize=8,
        )
    for k, colour in enumerate(_GRADES):
        axes.text(
            weeks[-1] * (0.56 + 0.075 * k), -2.1, str(k), fontsize=7, ha="center", va="center",
            color="white" if k < 3 else COLOURS["ink"],
            bbox={"facecolor": colour, "edgecolor": COLOURS["grid"], "pad": 2.2, "linewidth": 0.6},
        )  # fmt: skip
    axes.set(xlim=(0, weeks[-1]), ylim=(20.6, -0.6), yticks=[])
    axes.set_xlabel("weeks after the injury (triangles: visits)")
    axes.set_title("Muscle grades", loc="left", fontsize=10, pad=14)
    axes.spines["left"].set_visible(False)


def _levels(axes: Axes, course: Course) -> None:
    chunk, last_week = course.chunk, course.days[-1] / _WEEK_DAYS
    order = np.argsort(chunk.days[0], kind="stable")
    weeks = chunk.days[0][order] / _WEEK_DAYS
    lines = (
        ("nli", "NLI", "grid", "-"),
        ("right_motor_level", "motor, right", "blue", "-"),
        ("left_motor_level", "motor, left", "blue", "--"),
        ("right_sensory_level", "sensory, right", "green", "-"),
        ("left_sensory_level", "sensory, left", "green", "--"),
    )
    found = np.array([chunk.graded.value_of(name)[order] for name, *_ in lines]).astype(float)
    found[found < 0] = np.nan
    for k, (level, (name, words, colour, dash)) in enumerate(zip(found, lines, strict=True)):
        nli = name == "nli"
        axes.plot(
            weeks, level + (0.0 if nli else 0.07 * (k - 2.5)), label=words, color=COLOURS[colour],
            linestyle=dash, linewidth=7 if nli else 1.4, marker="none" if nli else "o", markersize=3.5,
            solid_capstyle="butt",
        )  # fmt: skip
    top, bottom = max(int(np.nanmin(found)) - 1, 0), min(int(np.nanmax(found)) + 1, int(Level.INT))
    shown = range(top, bottom + 1, max(1, (bottom - top) // 9))
    axes.set_yticks(shown, [Level(k).label for k in shown])
    high, room = 0.12 * (bottom - top + 1), 0.3 * (bottom - top + 1)
    axes.set(xlim=(0, last_week * 1.02), ylim=(bottom + 0.5 + room, top - 0.6 - high))
    axes.set_xlabel("weeks after the injury")
    axes.set_title("Levels and AIS at the visits", loc="left", fontsize=10)
    last = -np.inf
    for week, grade in zip(weeks, chunk.graded.texts("ais")[order], strict=True):
        if week - last > last_week * 0.035:
            axes.text(
                week, top - 0.6 - high / 2, grade, ha="center", va="center", fontsize=9,
                fontweight="bold", clip_on=False,
            )  # fmt: skip
            last = week
    axes.legend(fontsize=7, loc="lower right", ncols=2, handlelength=2.2)


def _rows(course: Course) -> list[dict[str, Any]]:
    """The numbers drawn, a row a day."""
    found = []
    names = [f"{side}_{m.lower()}" for side in ("right", "left") for m in _MUSCLES]
    levels = {
        name: course.graded.texts(name)
        for name in ("ais", "nli", "right_motor_level", "left_motor_level", "right_sensory_level",
                     "left_sensory_level")
    }  # fmt: skip
    for k, day in enumerate(course.days):
        row: dict[str, Any] = {"day": int(day)}
        row |= {name: texts[k] for name, texts in levels.items()}
        for j, name in enumerate(names):
            row[f"grade_{name}"] = int(course.exams[k, _MOTOR[j]])
            row[f"drive_{name}"] = f"{course.drives[k, j]:.6g}"
            row[f"force_{name}"] = f"{course.forces[k, j]:.6g}"
        found.append(row)
    return found
