"""Figures of designs side by side and of a search, drawn from their documents alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis

__all__ = ["LINES", "comparison_figures", "front_figures"]

LINES = (
    ("blue", "-"),
    ("orange", "--"),
    ("green", "-."),
    ("plum", ":"),
    ("ink", "-"),
    ("muted", "--"),
)
_MOST_MARKS = 3000
_MARKS = ("o", "s", "^", "D", "v", "P")


def comparison_figures(found: Mapping[str, Any]) -> list[Figure]:
    """Error and power of every design over the natural rates."""
    return [
        _curves(
            found, "error", "errors", "Success although the cells do nothing",
            "probability of success without an effect",
            "Each line is one design, over the natural rates that are plausible for its people and endpoint;"
            " the dot marks its highest type I error.",
        ),
        _curves(
            found, "power", "power", "Success under the worthwhile effect", "probability of success",
            "The same designs at the worthwhile odds ratio. Read each line with its error: a single arm gains"
            " both where nature does well.",
        ),
    ]  # fmt: skip


def _curves(
    found: Mapping[str, Any], which: str, name: str, title: str, label: str, caption: str
) -> Figure:
    rows: list[dict[str, Any]] = []
    with panel(3.9) as (canvas, axes):
        for design, (colour, dash) in zip(found["designs"], _cycle(LINES), strict=False):
            curve = design["curves"]
            axes.plot(
                curve["natural_rate"], curve[which], dash, color=COLOURS[colour], lw=2,
                label=design["label"],
            )  # fmt: skip
            if which == "error":
                top = design["measures"]
                axes.plot(top["type1_at"], top["type1"], "o", color=COLOURS[colour], ms=6)
            pairs = zip(curve["natural_rate"], curve[which], strict=True)
            rows += [{"design": design["label"], "natural_rate": a, which: b} for a, b in pairs]
        percent_axis(axes, "x", 1.03 * max(one["nature"]["high"] for one in found["designs"]))
        percent_axis(axes, "y", 1.02)
        endpoints = list(dict.fromkeys(design["endpoint"] for design in found["designs"]))
        axes.set_xlabel(f"natural rate without cells: {' / '.join(endpoints)}")
        axes.set_ylabel(label)
        axes.grid(axis="y")
        axes.legend(loc="upper left")
        return finish(canvas, name, title, caption, f"{title}: one line for each design.", rows)


def _cycle(items: Sequence[Any]) -> Any:
    import itertools

    return itertools.cycle(items)


def front_figures(found: Mapping[str, Any]) -> list[Figure]:
    """The Pareto picture; nothing when no cell is a sound design."""
    rows = [row for row in found["rows"] if row["fault"] is None]
    return [_front(found, _thinned(rows, set(found["front"])))] if rows else []


def _thinned(rows: list[Mapping[str, Any]], best: set[int]) -> list[Mapping[str, Any]]:
    """All of the front and an even share of the rest: a picture of thousands of marks shows no more."""
    step = len(rows) // _MOST_MARKS + 1
    return [row for place, row in enumerate(rows) if place % step == 0 or row["cell"] in best]


def _front(found: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Power against eligible people taken up; colour is the worst-case error, size the duration."""
    from matplotlib.colors import LinearSegmentedColormap

    best, choice = set(found["front"]), found["choice"]
    ramp = LinearSegmentedColormap.from_list(
        "error", [COLOURS["blue"], "#b9c2ca", COLOURS["orange"]]
    )
    longest = max(row["months"] for row in rows)
    top = max(max(row["type1"] for row in rows), 0.05)
    with panel(4.6) as (canvas, axes):
        shapes = dict(zip(_shape_values(found), _cycle(_MARKS), strict=False))
        for value, mark in shapes.items():
            here = [row for row in rows if value is None or row[_shape_axis(found)] == value]
            drawn = axes.scatter(
                [row["eligible"] for row in here], [row["power"] for row in here],
                s=[18 + 110 * (row["months"] / longest) ** 2 for row in here],
                c=[row["type1"] for row in here], cmap=ramp, vmin=0.0, vmax=top, marker=mark,
                alpha=0.85, linewidths=[1.3 if row["cell"] in best else 0.0 for row in here],
                edgecolors=COLOURS["ink"], label="" if value is None else str(value),
            )  # fmt: skip
        if choice is not None and choice["row"] is not None:
            row = choice["row"]
            axes.annotate(
                "cheapest that\nmeets the goals", (row["eligible"], row["power"]), (60, -80),
                textcoords="offset points", fontsize=8.5,
                arrowprops={"arrowstyle": "-", "color": COLOURS["ink"], "lw": 1},
            )  # fmt: skip
        percent_axis(axes, "y", 1.02)
        axes.set_axisbelow(True)
        axes.set_xlim(left=0)
        axes.set_xlabel("eligible people taken up: enrolled, or turned away at a shut gate")
        axes.set_ylabel("power at the worthwhile effect")
        axes.grid(axis="y")
        if len(shapes) > 1:
            legend = axes.legend(title=_shape_axis(found), loc="lower right")
            for handle in legend.legend_handles:
                handle.set_sizes([40])  # type: ignore[union-attr]
        inset = axes.inset_axes((0.03, 0.93, 0.32, 0.035))
        bar = canvas.colorbar(drawn, cax=inset, orientation="horizontal")
        bar.ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
        bar.ax.tick_params(labelsize=8)
        inset.set_title("type I error, highest", fontsize=8, loc="left")
        kept = ("cell", *found["axes"], "eligible", "months", "type1", "power")
        table = [
            {**{name: row[name] for name in kept}, "front": row["cell"] in best} for row in rows
        ]
        return finish(
            canvas, "front", "Power, cost, time and worst-case error of every design",
            "One mark for each design. Colour: highest type I error over the plausible natural rates."
            f" Size: months to the result, up to {longest:.0f}. Ringed: no other design is"
            " at least as good on all four.",
            "Scatter of power against eligible people taken up.", table,
        )  # fmt: skip


def _shape_axis(found: Mapping[str, Any]) -> str:
    """The axis told by the shape of the marks: the one with fewest values, two to six of them."""
    fitting = {name: len(v) for name, v in found["axes"].items() if 2 <= len(v) <= len(_MARKS)}
    return min(fitting, key=lambda name: fitting[name]) if fitting else ""


def _shape_values(found: Mapping[str, Any]) -> list[Any]:
    name = _shape_axis(found)
    return list(dict.fromkeys(row[name] for row in found["rows"])) if name else [None]
