"""Figures of the report on planned trials, drawn from its document alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis
from saisei.report.later import Later, at_once
from saisei.report.search_figures import LINES, comparison_figures

__all__ = ["dossier_figures"]

Report = Mapping[str, Any]


def dossier_figures(report: Report, later: Later = at_once) -> list[Figure]:
    """All figures of the report; those that it gives no ground for are left out."""
    waiting = [later(draw, report) for draw in (_pair, _sizes, _staggering, _courses, _results)]
    return [figure for fetch in waiting for figure in fetch()]


def _pair(report: Report) -> list[Figure]:
    return comparison_figures(report)


def _sizes(report: Report) -> list[Figure]:
    """Power and worst-case error by people treated, one line of each for every design."""
    if len(report["sizes"]) < 2:
        return []
    rows = []
    with panel(4.2) as (canvas, axes):
        for design, (colour, _) in zip(report["designs"], itertools.cycle(LINES), strict=False):
            sound = [row for row in design["sizes"] if row["fault"] is None]
            n = [row["n"] for row in sound]
            axes.plot(
                n, [row["power"] for row in sound], "-o", ms=4, lw=2, color=COLOURS[colour],
                label=f"{design['label']}: power",
            )  # fmt: skip
            axes.plot(
                n, [row["type1"] for row in sound], "--", lw=1.6, color=COLOURS[colour],
                label=f"{design['label']}: highest error",
            )  # fmt: skip
            kept = ("n", "people", "eligible", "months", "power", "type1")
            rows += [{"design": design["label"], **{k: row[k] for k in kept}} for row in sound]
        percent_axis(axes, "y", 1.02)
        axes.set_xlabel("people treated (controls and registry come on top)")
        axes.set_ylabel("probability of success")
        axes.grid(axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncol=2, fontsize=8.5)
        return [finish(
            canvas, "sizes", "What more people buy",
            "Full lines: success under the worthwhile effect at the middle natural rate. Broken lines:"
            " highest"
            " probability of success without an effect, over the plausible natural rates.",
            "Lines of power and highest type I error by people treated, for each design.", rows,
        )]  # fmt: skip


def _staggering(report: Report) -> list[Figure]:
    """Months to the result against people exposed, by gate and design."""
    rows = []
    for design in report["designs"]:
        for rule in design["evaluation"]["safety"][:1]:
            rate = rule["unacceptable_rate"]
            for gate in rule["gates"]:
                one = gate["schedule"]
                rows.append({
                    "design": design["label"], "gate": one["gate"], "planned": gate["planned"],
                    "event": rule["event"], "event_rate": rate,
                    "exposed": dict(map(tuple, gate["exposed"]))[rate],
                    "months_to_result": one["months_to_result"],
                    "turned_away_at_most": one["lost_at_most"],
                })  # fmt: skip
    if not rows:
        return []
    marks = dict(zip(dict.fromkeys(row["gate"] for row in rows), "os^D", strict=False))
    with panel(3.9) as (canvas, axes):
        for design, (colour, _) in zip(report["designs"], itertools.cycle(LINES), strict=False):
            here = [row for row in rows if row["design"] == design["label"]]
            axes.plot(
                [row["months_to_result"] for row in here], [row["exposed"] for row in here],
                color=COLOURS[colour], lw=1.2, label=design["label"],
            )  # fmt: skip
            for row in here:
                axes.plot(
                    row["months_to_result"], row["exposed"], marks[row["gate"]], ms=7,
                    color=COLOURS[colour], mfc=COLOURS[colour] if row["planned"] else "none",
                )  # fmt: skip
        for gate, mark in marks.items():
            axes.plot([], [], mark, color=COLOURS["muted"], mfc="none", label=f"gate: {gate}")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("months from the first treatment to the primary result")
        axes.set_ylabel("people treated before the first event is seen")
        axes.grid()
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8.5)
        one = rows[0]
        return [finish(
            canvas, "staggering", "What waiting spares and costs",
            f"For: {one['event']}, if {100 * one['event_rate']:g}% have it. Filled: as planned. People"
            " arrive at the"
            " expected pace.",
            "For each design, people exposed against duration under four gates.", rows,
        )]  # fmt: skip


_COURSES = (
    ("approved_and_confirmed", "approved, confirmed", "green"),
    ("approved_not_confirmed", "approved, not confirmed", "orange"),
    ("not_approved", "not approved", "band"),
)


def _confirmed(report: Report) -> list[tuple[str, Mapping[str, Any]]]:
    """Designs with a registry stage, with the ending of their figures' names: none, -2, -3."""
    designs = [one for one in report["designs"] if one["evaluation"]["confirmation"] is not None]
    return [("" if place == 0 else f"-{place + 1}", one) for place, one in enumerate(designs)]


def _courses(report: Report) -> list[Figure]:
    """What becomes of the product by effect and natural rate: bars that add up to one."""
    return [_course(design, f"courses{ending}") for ending, design in _confirmed(report)]


def _course(design: Mapping[str, Any], name: str) -> Figure:
    shown = design["evaluation"]["confirmation"]["rows"]
    rates = sorted({row["natural_rate"] for row in shown})
    wanted = [rates[1], rates[2], rates[3]] if len(rates) > 3 else rates
    plain = [row for row in shown if row["bias"] == 1.0 and row["natural_rate"] in wanted]
    plain.sort(key=lambda row: (row["natural_rate"], row["odds_ratio"]))
    rows = [
        {
            "natural_rate": row["natural_rate"], "odds_ratio": row["odds_ratio"],
            "approved_and_confirmed": row["approved_and_confirmed"],
            "approved_not_confirmed": row["approved_not_confirmed"],
            "not_approved": 1.0 - row["approve"], "treated": row["treated"],
        }
        for row in plain
    ]  # fmt: skip
    with panel(0.9 + 0.27 * len(rows)) as (canvas, axes):
        gap = 0.0
        places = []
        for index, row in enumerate(rows):
            if index and row["natural_rate"] != rows[index - 1]["natural_rate"]:
                gap += 0.6
            places.append(-(index + gap))
            left = 0.0
            for key, _, colour in _COURSES:
                axes.barh(places[-1], row[key], left=left, height=0.74, color=COLOURS[colour])
                left += row[key]
            axes.text(
                1.01, places[-1], f"{row['treated']:.0f}", va="center", fontsize=8.5,
                color=COLOURS["ink"],
            )  # fmt: skip
        names = [
            f"{100 * row['natural_rate']:.0f}% by nature, "
            + ("no effect" if row["odds_ratio"] == 1.0 else f"OR {row['odds_ratio']:g}")
            for row in rows
        ]
        axes.set_yticks(places, names, fontsize=8.5)
        axes.tick_params(axis="y", length=0)
        axes.text(
            1.01, 1.0, "treated\nin all", transform=axes.get_yaxis_transform(), fontsize=8,
            color=COLOURS["muted"], va="bottom",
        )  # fmt: skip
        percent_axis(axes, "x")
        axes.set_ylim(places[-1] - 0.5, 0.6)
        for _, label, colour in _COURSES:
            axes.barh(0, 0, color=COLOURS[colour], label=label)
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncol=3, fontsize=8.5)
        return finish(
            canvas, name, "What becomes of the product",
            "Each bar is one truth; controls of the registry without bias. On the right, people"
            " expected to be"
            " treated in trial and registry.",
            "Bars of the chances of approval with confirmation, approval without, and no approval.", rows,
        )  # fmt: skip


def _results(report: Report) -> list[Figure]:
    """What each result of the trial foretells: benefit, and confirmation by the registry."""
    return [
        _result(design, f"results{ending}")
        for ending, design in _confirmed(report)
        if design["evaluation"]["confirmation"]["readings"]
    ]


def _result(design: Mapping[str, Any], name: str) -> Figure:
    shown = design["evaluation"]["confirmation"]["readings"]
    last = max(row["people"] for row in shown)
    rows = [row for row in shown if row["people"] == last]
    x = [row["converters"] for row in rows]
    first = next((row["converters"] for row in rows if row["approved"]), None)
    with panel(3.6) as (canvas, axes):
        if first is not None:
            axes.axvspan(first - 0.5, last + 0.5, color=COLOURS["band"], lw=0)
            axes.text(first - 0.4, 1.0, "approved", fontsize=8.5, va="top", color=COLOURS["muted"])
        lines = (("real", "-o", "blue", "cells have a benefit"),
                 ("confirm", "--s", "green", "the registry would confirm"))  # fmt: skip
        for key, dash, colour, label in lines:
            axes.plot(x, [row[key] for row in rows], dash, color=COLOURS[colour], label=label)
        axes.bar(
            x, [row["chance"] for row in rows], color=COLOURS["muted"], width=0.5, alpha=0.5,
            label="chance of this result",
        )  # fmt: skip
        percent_axis(axes, "y", 1.02)
        axes.set_xlim(x[0] - 0.5, last + 0.5)
        axes.set_xlabel(f"people of {last} with {design['endpoint']}")
        axes.set_ylabel("probability, as the planners believe")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return finish(
            canvas, name, "What a result of the trial says about the time after it",
            "A better result is no surer sign than it seems: many converters also speak for a high natural"
            " rate, against which the registry compares.",
            "Lines of the chance of benefit and of confirmation by number of converters.", rows,
        )  # fmt: skip
