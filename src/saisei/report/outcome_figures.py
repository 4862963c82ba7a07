"""Figures of the reports on other conditions, and the funnel of hope; drawn from documents alone."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis
from saisei.report.outcome_words import points

__all__ = ["condition_figures", "funnel_figure"]

Document = Mapping[str, Any]

# Categories of an ordinal scale, better to worse: light to dark in grey, distinct in colour.
_STEPS = ("#0a63ad", "#4d93c9", "#9cc3e0", "#d8dde2", "#e8b48c", "#cf7a3a", "#7a3606")
_RESULT = {"confirmed": "green", "not confirmed": "orange", "not in yet": "muted"}


def condition_figures(document: Document) -> list[Figure]:
    """Every figure that the document has numbers for."""
    found = document["outcomes"]
    drawn = [
        _expected(found["changes"]),
        *(_bars(one, k) for k, one in enumerate(found["ordinal"])),
        _shares(found["binary"]),
        funnel_figure(document["funnel"]),
    ]
    return [one for one in drawn if one is not None]


def _expected(changes: Sequence[Document]) -> Figure | None:
    """Observed change beside what course, response and chance would give."""
    rows = [one for one in changes if one["expected"] is not None]
    if not rows:
        return None
    data: list[dict[str, Any]] = []
    for one in rows:
        for piece in one["expected"]["pieces"]:
            data.append({"row": piece["name"], "kind": "piece", "scale": one["scale"],
                         "mean": piece["change"], "low": piece["low"], "high": piece["high"]})  # fmt: skip
        low, high = one["expected_interval"] or (None, None)
        expected = {"row": f"expected without cells, {one['n']} people", "kind": "expected"}
        data.append(
            expected
            | {"scale": one["scale"], "mean": one["expected"]["mean"], "low": low, "high": high}
        )
        data.append({"row": f"seen: {one['arm']}", "kind": "seen", "scale": one["scale"],
                     "mean": one["mean"], "low": None, "high": None})  # fmt: skip
    colours = {"piece": "muted", "expected": "blue", "seen": "orange"}
    with panel(1.1 + 0.34 * len(data)) as (canvas, axes):
        for k, row in enumerate(data[::-1]):
            colour = COLOURS[colours[row["kind"]]]
            if row["low"] is not None:
                axes.plot([row["low"], row["high"]], [k, k], color=colour, lw=2.2)
            axes.plot(row["mean"], k, "D" if row["kind"] == "seen" else "o", color=colour, ms=6)
            axes.annotate(
                points(row["mean"]), (row["mean"], k), xytext=(0, 7), textcoords="offset points",
                ha="center", fontsize=8, color=COLOURS["ink"],
            )  # fmt: skip
        axes.axvline(0.0, color=COLOURS["grid"], lw=1)
        axes.set_yticks(range(len(data)), [row["row"] for row in data[::-1]])
        axes.set_ylim(-0.7, len(data) - 0.1)
        axes.tick_params(axis="y", length=0)
        better = "left" if rows[0]["better"] == "lower" else "right"
        axes.set_xlabel(f"{rows[0]['scale']}, change in points ({better} is better)")
        return finish(
            canvas, "expected-change", "The change beside what would be expected without cells",
            "Lines: 95% intervals. The expected change joins the course of the disease and the published "
            "response to being in a trial; its line holds both uncertainties and the chance of who was "
            "enrolled, where a spread of people is stated.",
            "Observed and expected changes of score.", data,
        )  # fmt: skip


def _bars(one: Document, place: int) -> Figure | None:
    """Stacked bars of an ordinal scale, treated above what stands beside."""
    groups = [(one["arm"], one["counts"])] + [(row["name"], row["counts"]) for row in one["beside"]]
    higher = one["better"] == "higher"
    data = []
    with panel(0.9 + 0.55 * len(groups)) as (canvas, axes):
        for k, (name, counts) in enumerate(groups[::-1]):
            total, left = sum(counts), 0.0
            order = list(enumerate(counts))[::-1] if higher else list(enumerate(counts))
            for position, (category, count) in enumerate(order):
                width = count / total
                step = _STEPS[round(position * (len(_STEPS) - 1) / max(len(counts) - 1, 1))]
                axes.barh(k, width, left=left, color=step, edgecolor="white", height=0.62)
                if width > 0.035:
                    dark = step in (_STEPS[0], _STEPS[1], _STEPS[-1], _STEPS[-2])
                    axes.text(left + width / 2, k, str(count), ha="center", va="center", fontsize=8,
                              color="white" if dark else COLOURS["ink"])  # fmt: skip
                label = f"{one['low'] + category:g}"
                if k == len(groups) - 1 and width > 0.02:
                    axes.text(left + width / 2, k + 0.4, label, ha="center", va="bottom",
                              fontsize=8, color=COLOURS["muted"])  # fmt: skip
                data.append({"group": name, "category": label, "people": count, "of": total})
                left += width
        axes.set_yticks(range(len(groups)), [textwrap.fill(name, 26) for name, _ in groups[::-1]])
        axes.set_ylim(-0.5, len(groups) - 0.1)
        axes.tick_params(axis="y", length=0)
        percent_axis(axes, "x")
        axes.set_xlabel(f"{one['scale']} at {one['visit']}: people by category, better to the left")
        return finish(
            canvas, f"distribution-{place + 1}", f"{one['scale']} at {one['visit']}",
            "Counts in the bars; the category stands above. " + (
                "The lower bar is the concurrent control." if one["beside"] and
                one["beside"][0]["concurrent"] else "The lower bars were not its controls."),
            f"Stacked bars of {one['scale']} for {len(groups)} groups.", data,
        )  # fmt: skip


def _shares(binary: Sequence[Document]) -> Figure | None:
    """Shares with exact intervals: treated, own control, threshold, published people."""
    data: list[dict[str, Any]] = []
    for one in binary:
        head = f"{one['endpoint']}, {one['visit']}"
        low, high = one["interval"]
        data.append({"row": f"{head}: treated, {one['count']} of {one['n']}", "kind": "treated",
                     "share": one["count"] / one["n"], "low": low, "high": high})  # fmt: skip
        if one["control"] is not None:
            count, n = one["control"]
            low, high = one["control_interval"]
            data.append({"row": f"{head}: control, {count} of {n}", "kind": "control",
                         "share": count / n, "low": low, "high": high})  # fmt: skip
        if one["threshold"] is not None:
            data.append({"row": f"{head}: threshold of the authors", "kind": "threshold",
                         "share": one["threshold"], "low": None, "high": None})  # fmt: skip
        for row in one["history"]:
            data.append({"row": textwrap.shorten(row["population"], 44), "kind": "history",
                         "share": row["share"], "low": row["low"], "high": row["high"]})  # fmt: skip
    if not data:
        return None
    colours = {"treated": "orange", "control": "blue", "threshold": "plum", "history": "muted"}
    with panel(1.0 + 0.3 * len(data)) as (canvas, axes):
        for k, row in enumerate(data[::-1]):
            colour = COLOURS[colours[row["kind"]]]
            if row["low"] is not None:
                axes.plot([row["low"], row["high"]], [k, k], color=colour, lw=2)
            axes.plot(
                row["share"], k, "D" if row["kind"] == "treated" else "o", color=colour, ms=5.5
            )
        axes.set_yticks(range(len(data)), [row["row"] for row in data[::-1]])
        axes.set_ylim(-0.7, len(data) - 0.3)
        axes.tick_params(axis="y", length=0)
        percent_axis(axes, "x")
        axes.set_xlabel("People who reached it")
        return finish(
            canvas, "shares", "Shares, and what stands beside them",
            "Exact 95% intervals of counts; grey: published people without cells, with the ends that the "
            "source gives.", f"{len(data)} shares with intervals.", data,
        )  # fmt: skip


def funnel_figure(rows: Sequence[Document]) -> Figure:
    """Early signals on the left, what became of them on the right; size of mark by people."""
    shown = list(rows)
    data = [
        {key: row[key] for key in ("product", "condition", "early_n", "later_n", "result", "test",
                                   "in_rule", "odds_ratio")}
        for row in shown
    ]  # fmt: skip
    with panel(1.6 + 0.4 * len(shown)) as (canvas, axes):
        for k, row in enumerate(shown[::-1]):
            colour = COLOURS[_RESULT[row["result"]]]
            faint = 1.0 if row["in_rule"] else 0.45
            axes.plot([0.0, 1.0], [k, k], color=COLOURS["grid"], lw=1, zorder=1)
            axes.scatter(
                [0.0], [k], s=_size(row["early_n"]), color=COLOURS["blue"], alpha=faint, zorder=2
            )
            if row["result"] == "not in yet":
                axes.scatter([1.0], [k], s=30, facecolors="none", edgecolors=colour, zorder=2)
            else:
                axes.scatter(
                    [1.0], [k], s=_size(row["later_n"]), color=colour, alpha=faint, zorder=2
                )
            early = f"n = {row['early_n']}" if row["early_n"] else "n not read"
            axes.text(0.09, k + 0.12, early, fontsize=7.5, color=COLOURS["muted"])
            axes.text(1.13, k, _ending(row), fontsize=8, va="center", color=COLOURS["ink"])
        names = [
            textwrap.shorten(f"{row['product'].split(',')[0]}, {row['condition']}", 52)
            for row in shown[::-1]
        ]
        axes.set_yticks(range(len(shown)), names)
        axes.tick_params(axis="y", length=0, labelsize=8)
        axes.set_xticks([0.0, 1.0], ["early signal", "later, harder test"])
        axes.set_xlim(-0.25, 4.0)
        axes.set_ylim(-0.8, len(shown) - 0.2)
        inside = sum(row["in_rule"] for row in shown)
        if inside and inside < len(shown):
            axes.axhline(len(shown) - inside - 0.5, color=COLOURS["muted"], lw=0.8, ls=":")
        return finish(
            canvas, "funnel", "The funnel of hope: open-label signals and what became of them",
            "Size of a mark grows with the people behind it. Green: the primary endpoint of the later test "
            "was met; orange: not met; open: not in yet. Above the dotted line: rows within the rule of "
            "inclusion, which was written before the rows were counted; pale rows fail it.",
            f"{len(shown)} early signals and their later tests.", data,
        )  # fmt: skip


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def _size(people: int | None) -> float:
    return 18.0 + 2.2 * float(people or 4)


def _ending(row: Document) -> str:
    if row["result"] == "not in yet":
        return "not in yet"
    people = f", n = {row['later_n']}" if row["later_n"] else ""
    odds = ""
    if row["odds_ratio"] is not None and row["interval"] is not None:
        low, high = row["interval"]
        top = _short(high) if high is not None else "no limit"
        odds = f"; OR {_short(row['odds_ratio'])} ({_short(low)} to {top})"
    return f"{row['result']}{people}{odds}"
