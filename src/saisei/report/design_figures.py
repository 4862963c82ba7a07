"""Figures of a design, drawn from its evaluation document alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis

__all__ = ["design_figures", "gates", "success"]

Evaluation = Mapping[str, Any]

# From no effect to the largest: line style and colour, told apart in grey too.
_STYLES = (
    ("orange", "-", 2.4), ("muted", ":", 1.6), ("blue", "--", 1.6), ("blue", "-", 2.0),
    ("green", "-", 2.0), ("plum", "-.", 1.8),
)  # fmt: skip


def design_figures(evaluation: Evaluation) -> list[Figure]:
    """All figures of a design; those that its document gives no ground for are left out."""
    drawn = (success(evaluation), gates(evaluation))
    return [figure for figure in drawn if figure is not None]


def success(evaluation: Evaluation) -> Figure:
    """Probability of success over the natural rates, with no effect and with each odds ratio."""
    curves, nature = evaluation["curves"], evaluation["natural_history"]
    with panel(3.9) as (canvas, axes):
        for curve, (colour, dash, width) in zip(curves, _STYLES, strict=False):
            name = f"OR {curve['odds_ratio']:g}" if curve["odds_ratio"] else "at the margin"
            name = "no effect" if curve["odds_ratio"] == 1 else name
            axes.plot(
                curve["natural_rate"], curve["success"], dash, color=COLOURS[colour], lw=width,
                label=name,
            )  # fmt: skip
        axes.axvline(nature["centre"], color=COLOURS["grid"], lw=1.2, zorder=0)
        axes.text(
            nature["centre"], 1.03, "middle natural rate", color=COLOURS["muted"], fontsize=8,
            ha="center", va="bottom",
        )  # fmt: skip
        percent_axis(axes, "x")
        percent_axis(axes, "y", 1.02)
        axes.set_xlim(nature["low"], nature["high"])
        axes.set_xlabel(f"natural rate: {nature['endpoint']}, without cells")
        axes.set_ylabel("probability of success")
        axes.grid(axis="y")
        axes.legend(title="true effect", loc="center left", bbox_to_anchor=(1.0, 0.5))
        rows = [
            {"odds_ratio": curve["odds_ratio"], "natural_rate": rate, "success": chance}
            for curve in curves
            for rate, chance in zip(curve["natural_rate"], curve["success"], strict=True)
        ]
        highest = evaluation["type_one"]["highest"]
        how = "All values exact." if evaluation["operating"]["exact"] else "Values are simulated."
        return finish(
            canvas, "success", "What the design can show, by what nature does",
            f"Orange: success although {evaluation['null']}, at most {100 * highest:.1f}% over the plausible"
            f" natural rates. Other lines: success under a true effect. {how}",
            "Lines of the probability of success over the natural rate, one for each odds ratio.", rows,
        )  # fmt: skip


def gates(evaluation: Evaluation) -> Figure | None:
    """Months to the result against people exposed before the first event is seen, by gate."""
    if not evaluation["safety"]:
        return None
    rule = evaluation["safety"][0]
    rows = [
        {
            "gate": row["schedule"]["gate"],
            "planned": row["planned"],
            "months_to_result": row["schedule"]["months_to_result"],
            "eligible_lost_at_most": row["schedule"]["lost_at_most"],
            "event_rate": rate,
            "exposed": exposed,
        }
        for row in rule["gates"]
        for rate, exposed in row["exposed"]
    ]
    with panel(1.6 + 0.5 * len(rule["gates"])) as (canvas, axes):
        for place, row in enumerate(reversed(rule["gates"])):
            low, high = row["exposed"][-1][1], row["exposed"][0][1]
            colour = COLOURS["orange" if row["planned"] else "blue"]
            axes.plot([low, high], [place, place], color=colour, lw=5, solid_capstyle="butt")
            one = row["schedule"]
            axes.text(
                1.02, place,
                f"{one['months_to_result']:.0f} months, {one['lost_at_most']:.0f} turned away",
                transform=axes.get_yaxis_transform(), va="center", fontsize=8.5,
            )  # fmt: skip
        names = [
            row["schedule"]["gate"] + (" (planned)" if row["planned"] else "")
            for row in reversed(rule["gates"])
        ]
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_xlim(0, len(evaluation["schedule"]["days"]) + 0.5)
        first, last = rule["gates"][0]["exposed"][-1][0], rule["gates"][0]["exposed"][0][0]
        axes.set_xlabel(
            f"people treated before the first event is seen, if {100 * first:g}% (left end)"
            f" to {100 * last:g}% (right end) have it"
        )
        axes.grid(axis="x")
        return finish(
            canvas, "gates", "What a gate spares and costs",
            f"For: {rule['event']}. People arrive at the expected pace; on the right the time to the primary"
            " result and the eligible people turned away if nobody can wait.",
            "One bar for each gate with the range of people exposed.", rows,
        )  # fmt: skip
