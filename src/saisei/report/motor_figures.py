"""Figures of the motor outcomes and of the two models, drawn from the report document alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis
from saisei.report.nature_figures import TINTS
from saisei.report.sentences import percent

__all__ = ["motor_levels", "motor_scores", "two_models"]

Document = Mapping[str, Any]
GRADES = "ABCDE"
_MOST_KINDS = 6


def _rows(document: Document, unit: str) -> list[Mapping[str, Any]]:
    return [one for one in document["motor"]["outcomes"] if one["test"]["unit"] == unit]


def motor_scores(document: Document) -> Figure | None:
    """Mean gains beside the gains that nature gives groups of such people."""
    rows = _rows(document, "points")
    if not rows:
        return None
    return _bands(
        document, rows, "motor-scores", "Gains of motor scores beside natural recovery",
        "mean gain of a person, points", "Line: where the mean of such a group falls in nine of ten cases "
        "without cells (generator, averaged over registries); tick: its mean. Diamond: what was seen, with "
        "the chance of that or better.",
    )  # fmt: skip


def motor_levels(document: Document) -> Figure | None:
    """Shares of people who gained motor levels beside those that nature gives."""
    rows = _rows(document, "people")
    if not rows:
        return None
    return _bands(
        document, rows, "motor-levels", "Motor levels gained beside natural recovery",
        "share of people", "Line: where the share falls in nine of ten such groups without cells (generator, "
        "averaged over registries); tick: its mean. Diamond: what was seen, with its chance or better.",
    )  # fmt: skip


def _bands(
    document: Document, rows: Sequence[Mapping[str, Any]], name: str, title: str, label: str, caption: str
) -> Figure:  # fmt: skip
    with panel(1.25 + 0.46 * len(rows)) as (canvas, axes):
        data = []
        for index, one in enumerate(rows):
            height, test = len(rows) - 1 - index, one["test"]
            n = test["people"]
            low, high = (end / n for end in test["band"])
            treated = one["role"] == "treated"
            tone = COLOURS["orange"] if treated else COLOURS["plum"]
            axes.plot([low, high], [height, height], color=COLOURS["blue"], lw=5, alpha=0.35,
                      solid_capstyle="butt")  # fmt: skip
            axes.plot(test["expected"] / n, height, "|", color=COLOURS["blue"], ms=13, mew=2)
            axes.plot(test["seen"] / n, height, "D", color=tone, ms=6.5)
            axes.text(
                1.02, height, percent(test["p_averaged"]["p"]), va="center", fontsize=9,
                transform=axes.get_yaxis_transform(), color=tone,
            )  # fmt: skip
            data.append(
                {"arm": one["arm"], "visit": one["visit"], "outcome": test["outcome"], "people": n,
                 "seen": test["seen"] / n, "expected": test["expected"] / n, "low": low, "high": high,
                 "p_generator": test["p_generator"]["p"], "p_averaged": test["p_averaged"]["p"],
                 "p_least_favourable": test["p_least_favourable"]}
            )  # fmt: skip
        axes.text(
            1.02, len(rows) - 0.42, "chance", color=COLOURS["muted"], fontsize=8.5,
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        axes.set_yticks(range(len(rows)), [_label(one) for one in rows][::-1])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.6, len(rows) - 0.2)
        if name == "motor-levels":
            percent_axis(axes, "x")
        axes.set_xlabel(label)
        alt = f"{len(rows)} outcomes, each with a natural band, its mean and what was seen."
        return finish(canvas, name, title, caption, alt, data)


def _label(one: Mapping[str, Any]) -> str:
    test = one["test"]
    if test["unit"] == "people":
        interim = "interim, " if any("interim" in note for note in one["notes"]) else ""
        words = test["outcome"].replace(" or more", "").replace("at least one side", "one side")
        words = words.replace(" motor", "+ motor", 1)
        return f"{words}\n{interim}{one['visit']}: {test['seen']} of {test['people']}"
    return f"{one['arm']}, {test['outcome'].split()[0]}\n{one['printed'].partition(' ')[2]}"


def two_models(document: Document) -> Figure | None:
    """Grades at 12 months by both models, one pair of bars for each kind of person."""
    models = document["motor"]["models"]
    if models is None:
        return None
    rows = [one for one in models["forecasts"] if one["months"] == 12][: 2 * _MOST_KINDS]
    if not rows:
        return None
    with panel(1.2 + 0.44 * len(rows)) as (canvas, axes):
        heights, labels, data = [], [], []
        for index, one in enumerate(rows):
            height = len(rows) - 1 - index - 0.45 * (index // 2)
            _bar(axes, height, one)
            heights.append(height)
            labels.append(_kind_label(one))
            data += [
                {"kind": one["kind"], "model": one["model"], "grade": g, "mean": one["mean"][k],
                 "low": one["low"][k], "high": one["high"][k]}
                for k, g in enumerate(GRADES)
            ]  # fmt: skip
        axes.set_yticks(heights, labels)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1)
        percent_axis(axes, "x")
        axes.set_xlabel("grade 12 months after the injury, without cells")
        return finish(
            canvas, "two-models", "Two models of natural recovery on the same people",
            "Bars: mean chance of each grade. Line: where the chance of staying at AIS A lies (5% to 95%), "
            "for people who entered at A. The landmark line is for a registry not seen yet, the generator’s "
            "for its own values only.",
            "Pairs of bars with the probabilities of grades A to E by the landmark model and the generator.",
            data,
        )  # fmt: skip


def _kind_label(one: Mapping[str, Any]) -> str:
    parts = one["kind"].split(", ")
    people = f" ({one['people']})" if one["people"] else ""
    return f"{parts[0]}, {parts[1]}{people}\n{one['model']}"


def _bar(axes: Any, height: float, one: Mapping[str, Any]) -> None:
    left = 0.0
    for k, grade in enumerate(GRADES):
        share = one["mean"][k]
        axes.barh(
            height, share, 0.62, left=left, color=TINTS[grade], edgecolor=COLOURS["muted"], lw=0.4
        )
        if share >= 0.075:
            tone = "#ffffff" if grade in "DE" else "#1b2532"
            axes.text(
                left + share / 2, height + 0.08, f"{grade} {percent(share)}",
                ha="center", va="center", fontsize=8, color=tone,
            )  # fmt: skip
        left += share
    start = GRADES.index(one["kind"].removeprefix("AIS ")[0])
    if start == 0:
        axes.plot(
            [one["low"][0], one["high"][0]], [height - 0.2] * 2, color=COLOURS["orange"], lw=1.6
        )  # fmt: skip
