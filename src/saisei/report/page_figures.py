"""The figures of the evidence report, each drawn from the report document alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis
from saisei.report.later import Later, at_once
from saisei.report.motor_figures import motor_levels, motor_scores, two_models
from saisei.report.nature_figures import bands, drivers, effect, sensitivity
from saisei.report.sentences import percent
from saisei.report.therapy_figures import expected_counts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["all_figures", "warm_up"]

MOST_ROWS = 20

Document = Mapping[str, Any]


def all_figures(document: Document, later: Later = at_once) -> list[Figure]:
    """Every figure that the document has numbers for; `later` may draw them on other cores."""
    drawings = (
        bands, effect, sensitivity, drivers, motor_scores, motor_levels, two_models, comparators, curve,
        safety, power, expected,
    )  # fmt: skip
    waiting = [later(draw, document) for draw in drawings]
    drawn: list[Figure | None] = [fetch() for fetch in waiting]
    return [figure for figure in drawn if figure is not None]


def expected(document: Document) -> Figure | None:
    """The counts that the model of the therapy expected, where they are stored."""
    part = document.get("expectation")
    return expected_counts(part) if part else None


def warm_up() -> None:
    """Load the drawing library, so that a worker is ready when the numbers are."""
    with panel(1.0) as (canvas, _):
        canvas.draw_without_rendering()


def comparators(document: Document) -> Figure | None:
    """Natural rates of the suitable comparators beside the rate observed."""
    rows = [
        row
        for row in document["comparators"]["rows"]
        if row["enters_range"] and row["rate"] is not None
    ]
    observed = document["comparators"]["observed"]
    if not rows or observed is None:
        return None
    rows = rows[:MOST_ROWS]
    with panel(1.3 + 0.25 * len(rows)) as (canvas, axes):
        count, n, top = observed["count"], observed["n"], len(rows)
        axes.plot(observed["clopper_pearson"], [top, top], color=COLOURS["orange"], lw=2.2)
        axes.plot(count / n, top, "D", color=COLOURS["orange"], ms=7)
        for index, row in enumerate(rows):
            height = top - 1 - index
            if row["interval"] is not None:
                axes.plot(row["interval"], [height, height], color=COLOURS["blue"], lw=1.6)
            axes.plot(row["rate"], height, "o", color=COLOURS["blue"], ms=5)
            _beside(axes, height, percent(row["chance"]), "ink")
        _beside(axes, top, "chance", "muted")
        labels = [_short(row["label"]) for row in rows]
        axes.set_yticks(range(top + 1), [*labels[::-1], f"treated: {count} of {n}"])
        axes.get_yticklabels()[-1].set_color(COLOURS["orange"])
        axes.axhline(top - 0.5, color=COLOURS["grid"], lw=1)
        percent_axis(axes, "x")
        axes.set_ylim(-0.7, top + 0.7)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(observed["endpoint"])
        data = [
            {"study": row["study"], "level_group": row["level_group"], "window": row["window"],
             "natural_rate": row["rate"], "chance_at_least_as_good": row["chance"]}
            for row in rows
        ]  # fmt: skip
        return finish(
            canvas, "comparators", "What nature alone did elsewhere",
            "Best match on top. Blue: people without cells in published tables; orange: the treated. "
            "On the right the exact probability of a result at least as good without treatment.",
            f"Natural rates of {len(rows)} published groups beside {count} of {n} treated people.", data,
        )  # fmt: skip


def _short(label: str, most: int = 44) -> str:
    return label if len(label) <= most else label[: most - 1].rstrip(" ,(") + "…"


def _beside(axes: Axes, height: float, text: str, colour: str) -> None:
    """Text in a column to the right of the panel."""
    axes.text(
        1.14, height, text, va="center", ha="right", fontsize=9,
        transform=axes.get_yaxis_transform(), color=COLOURS[colour],
    )  # fmt: skip


def curve(document: Document) -> Figure | None:
    """The chance of a result at least as good as the natural rate moves."""
    curves = document["comparators"]["curves"]
    if not curves:
        return None
    styles = zip(("blue", "orange", "green"), ("-", "--", ":"), strict=True)
    with panel(3.3) as (canvas, axes):
        data = []
        for one, (colour, line) in zip(curves, styles, strict=False):
            axes.plot(
                one["rates"], one["chances"], line, color=COLOURS[colour], lw=2, label=one["label"]
            )
            data += [
                {"endpoint": " ".join(one["endpoints"]), "natural_rate": rate, "chance": chance}
                for rate, chance in zip(one["rates"], one["chances"], strict=True)
            ]
        axes.axhline(0.05, color=COLOURS["muted"], lw=0.8, dashes=(4, 3))
        axes.text(
            curves[0]["rates"][-1], 0.055, "5%", ha="right", va="bottom", color=COLOURS["muted"]
        )
        ticks = [
            row["rate"]
            for row in document["comparators"]["rows"]
            if row["suitable"] and row["rate"]
        ]
        axes.plot(ticks, [-0.03] * len(ticks), "|", color=COLOURS["blue"], ms=8, clip_on=False)
        percent_axis(axes, "x", curves[0]["rates"][-1])
        percent_axis(axes, "y")
        axes.set_ylim(-0.05, 1.0)
        axes.set_xlabel("natural rate (ticks: suitable published rates of the two-grade endpoint)")
        axes.set_ylabel("chance without treatment")
        axes.legend(loc="upper left")
        return finish(
            canvas, "curve", "How the answer moves with the comparator",
            "Exact binomial probability of a result at least as good as the one seen, if the natural rate "
            "were the one on the axis.",
            "Curves that rise with the natural rate, one for each endpoint.", data,
        )  # fmt: skip


def safety(document: Document) -> Figure | None:
    """What zero events exclude, by the number of people treated."""
    limits = document["safety"]["zero_event_limits"]
    with panel(2.7) as (canvas, axes):
        sizes = [one["n"] for one in limits]
        values = [one["upper"] for one in limits]
        axes.plot(sizes, values, "o-", color=COLOURS["blue"], lw=1.8, ms=4)
        for n, upper in zip(sizes, values, strict=True):
            axes.annotate(
                f"{100 * upper:.1f}%",
                (n, upper),
                textcoords="offset points",
                xytext=(5, 5),
                fontsize=9,
            )
        treated = document["safety"]["n"]
        if treated:
            axes.axvline(treated, color=COLOURS["orange"], lw=1.2, dashes=(4, 3))
            axes.text(treated, 0.9, f" {treated} treated here", color=COLOURS["orange"], fontsize=9)
        axes.set_xscale("log")
        axes.set_xticks(sizes, [str(n) for n in sizes])
        axes.minorticks_off()
        percent_axis(axes, "y")
        axes.set_xlabel("people treated, none of them harmed")
        axes.set_ylabel("risk not excluded")
        return finish(
            canvas, "safety", "What no event excludes",
            "Exact one-sided 95% upper limit of the risk of one person when nobody of n was harmed.",
            "The limit falls from 52.7% at 4 people to 4.9% at 60.", limits,
        )  # fmt: skip


def power(document: Document) -> Figure | None:
    """Exact power of both designs by size, for the middle gain."""
    curves = document["settle"]["curves"] if document["settle"] else []
    if not curves:
        return None
    gains = sorted({one["gain"] for one in curves})
    colours = {"lowest": "green", "middle": "blue", "highest": "orange"}
    with panel(3.4) as (canvas, axes):
        for one in curves:
            if one["gain"] != gains[0]:
                continue
            single = one["design"].startswith("single")
            name = "single arm" if single else "two arms"
            axes.plot(
                one["n"], one["power"], "--" if single else "-", lw=1.4 if single else 2,
                color=COLOURS[colours.get(one["label"], "plum")],
                label=f"{name}, natural rate {percent(one['natural_rate'])}",
            )  # fmt: skip
        axes.axhline(document["settle"]["goal"], color=COLOURS["muted"], lw=0.8, dashes=(4, 3))
        percent_axis(axes, "y")
        axes.set_xlabel("people per arm (single arm: people in all)")
        axes.set_ylabel(f"power for a gain of {100 * gains[0]:.0f} points")
        axes.legend(loc="lower right", fontsize=8.5)
        data = [
            {
                "design": one["design"],
                "natural_rate": one["natural_rate"],
                "gain": one["gain"],
                "n": n,
                "power": p,
            }
            for one in curves
            for n, p in zip(one["n"], one["power"], strict=True)
        ]
        return finish(
            canvas, "power", "How many people would settle it",
            "Exact power, two-sided 5%. Solid: two arms, Fisher's test. Dashed: a single arm against a rate "
            "that must be guessed; it looks cheaper only because the guess is taken as true.",
            "Power curves that rise with the number of people.", data,
        )  # fmt: skip
