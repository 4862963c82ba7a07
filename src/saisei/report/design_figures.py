"""Figures of a design, drawn from its evaluation document alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis

__all__ = ["design_figures", "gates", "paths", "selections", "success"]

Evaluation = Mapping[str, Any]

# From no effect to the largest: line style and colour, told apart in grey too.
_STYLES = (
    ("orange", "-", 2.4), ("muted", ":", 1.6), ("blue", "--", 1.6), ("blue", "-", 2.0),
    ("green", "-", 2.0), ("plum", "-.", 1.8),
)  # fmt: skip


def design_figures(evaluation: Evaluation) -> list[Figure]:
    """All figures of a design; those that its document gives no ground for are left out."""
    drawn = (success(evaluation), gates(evaluation), selections(evaluation), paths(evaluation))
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


def selections(evaluation: Evaluation) -> Figure | None:
    """Which dose is selected at each stated truth."""
    doses = evaluation["dose_finding"]
    if doses is None:
        return None
    names = [*doses["doses"], "no dose"]
    colours = ("green", "blue", "plum", "orange")
    rows = [
        {"truth": row["truth"], "dose": name, "probability": share}
        for row in doses["rows"]
        for name, share in zip(names, [*row["selected"], row["none"]], strict=True)
    ]
    with panel(1.3 + 0.42 * len(doses["rows"])) as (canvas, axes):
        for place, row in enumerate(reversed(doses["rows"])):
            start = 0.0
            for k, share in enumerate([*row["selected"], row["none"]]):
                last = k == len(names) - 1
                axes.barh(
                    place, share, left=start, height=0.68, edgecolor="white",
                    color=COLOURS["muted" if last else colours[k % len(colours)]],
                    label=names[k] if place == 0 else None,
                )  # fmt: skip
                if share > 0.07:
                    axes.text(
                        start + share / 2, place, f"{100 * share:.0f}%", color="white", fontsize=8.5,
                        ha="center", va="center",
                    )  # fmt: skip
                start += share
        axes.set_yticks(range(len(doses["rows"])), [row["truth"] for row in doses["rows"]][::-1])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1)
        percent_axis(axes, "x")
        axes.legend(title="selected", loc="center left", bbox_to_anchor=(1.0, 0.5))
        error = doses["rows"][0]["error"]
        how = (
            "exact"
            if error is None
            else f"simulated, standard error at most {100 * error:.1f} points"
        )
        return finish(
            canvas, "selections", "Which dose is selected, by what is true",
            f"{doses['rule']}; target rate {doses['target']:g}; {how}.",
            "One bar for each truth, cut by the probability that each dose is selected.", rows,
        )  # fmt: skip


def paths(evaluation: Evaluation) -> Figure | None:
    """The first cohorts of dose finding as a tree: events in each cohort and the dose that follows."""
    doses = evaluation["dose_finding"]
    if doses is None:
        return None
    tree, names = doses["tree"], doses["doses"]
    rows: list[dict[str, Any]] = []
    leaves: list[float] = []
    lines: list[tuple[int, float, float, int, float, str]] = []

    def walk(node: Mapping[str, Any], depth: int) -> float:
        places = []
        for more, share, word, following, _ in node["branches"]:
            chance = node["chance"] * share
            deeper = following is not None and depth < 2
            place = walk(following, depth + 1) if deeper else _leaf(leaves)
            label = f"{more}: {word}" + (
                "" if following is None else f", {names[following['dose']]}"
            )
            lines.append((depth, 0.0, place, more, chance, label))
            places.append((place, len(lines) - 1))
            rows.append(
                {
                    "cohort": depth,
                    "dose": names[node["dose"]],
                    "events": more,
                    "chance": chance,
                    "then": word,
                }
            )
        middle = sum(place for place, _ in places) / len(places)
        for _, index in places:
            depth_, _, place, more, chance, label = lines[index]
            lines[index] = (depth_, middle, place, more, chance, label)
        return middle

    walk(tree, 1)
    with panel(0.9 + 0.24 * len(leaves)) as (canvas, axes):
        for depth, begin, end, more, chance, label in lines:
            colour = COLOURS["orange" if more >= 2 else "blue"]
            axes.plot(
                [depth - 1, depth - 0.75], [-begin, -end], color=colour, lw=0.6 + 6 * chance**0.5,
                solid_capstyle="round", alpha=0.75,
            )  # fmt: skip
            axes.text(
                depth - 0.73, -end, f"{label} ({100 * chance:.1f}%)", fontsize=7.5, va="center"
            )
        axes.set_xlim(-0.05, 2.25)
        axes.set_ylim(-len(leaves) + 0.3, 0.7)
        axes.set_axis_off()
        return finish(
            canvas, "paths", "The first two cohorts, every path",
            f"People with the event in a cohort of {doses['cohort']}, what follows, and the probability of"
            f" the path if: {tree['truth']}. Orange: two events or more. Wider lines are likelier.",
            "A tree of the outcomes of two cohorts with the dose that follows each.", rows,
        )  # fmt: skip


def _leaf(leaves: list[float]) -> float:
    leaves.append(float(len(leaves)))
    return leaves[-1]
