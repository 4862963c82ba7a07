"""Figures of the natural-recovery part of the report, drawn from the report document alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel
from saisei.report.sentences import percent

__all__ = ["bands", "drivers", "effect", "sensitivity"]

Document = Mapping[str, Any]
GRADES = "ABCDE"
# From the grade of entry upwards: the better the grade, the darker. Texts on them stay readable.
TINTS = {"A": "#e3e9ee", "B": "#b9d0e4", "C": "#7fb0d8", "D": "#3f86c0", "E": "#0a4f8f"}
# Cells with white numbers keep this blue by day and by night; it is not one of the page's colours.
DEEP = "#0b5c9e"
MOST_PEOPLE = 24


def _treated(document: Document) -> Mapping[str, Any] | None:
    assessment = document["assessment"]
    return None if assessment is None else assessment["treated"]


def bands(document: Document) -> Figure | None:
    """Each treated person beside the grades that nature alone would give such people."""
    arm = _treated(document)
    if arm is None:
        return None
    everyone = _grouped(arm["people"])
    people = everyone[:MOST_PEOPLE]
    with panel(1.3 + 0.42 * len(people)) as (canvas, axes):
        for index, (one, count) in enumerate(people):
            height, left = len(people) - 1 - index, 0.0
            for grade, share in zip(GRADES, one["probabilities"], strict=True):
                axes.barh(
                    height,
                    share,
                    0.62,
                    left=left,
                    color=TINTS[grade],
                    edgecolor=COLOURS["muted"],
                    lw=0.4,
                )
                if share >= 0.09:
                    tone = "#ffffff" if grade in "DE" else "#1b2532"
                    axes.text(
                        left + share / 2, height, f"{grade} {percent(share)}",
                        ha="center", va="center", fontsize=8.5, color=tone,
                    )  # fmt: skip
                left += share
            seen = one["outcome"] or "not seen"
            word = f"{count} people: " if count > 1 else ""
            chance = percent(one["p_as_good"][0])
            axes.text(
                1.02, height, f"{word}{' or '.join(seen) if one['outcome'] else seen}  ({chance})",
                va="center", color=COLOURS["orange"], fontsize=9,
            )  # fmt: skip
        axes.text(
            1.02,
            len(people) - 0.35,
            "seen (chance of that or better)",
            color=COLOURS["muted"],
            fontsize=8.5,
        )
        axes.set_yticks(range(len(people)), [one["label"] for one, _ in people][::-1])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.set_xlabel("grade at follow-up without cells, such people, by the landmark model")
        data = [
            {"person": one["label"], "people": count, "seen": one["outcome"],
             **dict(zip(GRADES, one["probabilities"], strict=True)),
             "chance_as_good": one["p_as_good"][0], "low": one["p_as_good"][1], "high": one["p_as_good"][2]}
            for one, count in everyone
        ]  # fmt: skip
        left_out = (
            f" The first {len(people)} of {len(everyone)} rows are drawn; the figure's data have all."
            if len(everyone) > len(people)
            else ""
        )
        return finish(
            canvas, "bands", "The treated beside their own natural recovery",
            "Bars: what would be expected of groups of such people without cells. Orange: what was seen, and "
            f"the chance of that or better. A group statement, not a prognosis.{left_out}",
            "One bar per person with the probabilities of grades A to E without cells.", data,
        )  # fmt: skip


def _grouped(people: list[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """People with the same baseline, outcome and band drawn once, with their number."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for one in people:
        key = (
            one["baseline"],
            one["outcome"],
            *(round(share, 6) for share in one["probabilities"]),
        )
        found.setdefault(key, []).append(one)
    small = len(people) <= MOST_PEOPLE and len(found) > 4
    if small or len(people) <= 6:
        return [(one, 1) for one in people]
    return [
        ({**group[0], "label": f"AIS {' or '.join(group[0]['baseline'])} at entry"}, len(group))
        for group in found.values()
    ]


def effect(document: Document) -> Figure | None:
    """The shift odds ratio before and after the data under three priors."""
    assessment = document["assessment"]
    if assessment is None or not assessment["priors"]:
        return None
    rows = assessment["priors"]
    with panel(1.1 + 0.62 * len(rows)) as (canvas, axes):
        for index, row in enumerate(rows):
            height, post = len(rows) - 1 - index, row["posterior"]
            for points, shift, colour, name in (
                (post["prior_interval"], 0.16, "muted", "before"),
                (post["odds_ratio"], -0.16, "blue", "after"),
            ):
                low, middle, high = points
                axes.plot([low, high], [height + shift] * 2, color=COLOURS[colour], lw=2)
                axes.plot(middle, height + shift, "o", color=COLOURS[colour], ms=5)
                axes.text(
                    1.02, height + shift, f"{name}: {middle:.1f} ({low:.1f} to {high:.0f})", va="center",
                    transform=axes.get_yaxis_transform(), fontsize=8.5, color=COLOURS[colour],
                )  # fmt: skip
        axes.axvline(1, color=COLOURS["muted"], lw=0.9, dashes=(4, 3))
        axes.set_xscale("log")
        ticks = [0.1, 0.3, 1, 3, 10, 30]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_yticks(range(len(rows)), [row["name"] for row in rows][::-1])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel(
            "odds ratio of a better grade, treated against natural history (1: no effect)"
        )
        data = [
            {
                "prior": row["name"],
                "when": when,
                "low": points[0],
                "median": points[1],
                "high": points[2],
            }
            for row in rows
            for when, points in (
                ("before", row["posterior"]["prior_interval"]),
                ("after", row["posterior"]["odds_ratio"]),
            )
        ]
        return finish(
            canvas, "effect", "How large could the effect be?",
            "95% intervals and medians before (grey) and after (blue) the data. Where both look alike, the "
            "data say little.",
            "Intervals of the odds ratio before and after the data under three priors.", data,
        )  # fmt: skip


def sensitivity(document: Document) -> Figure | None:
    """Chance of a result at least as good by natural rate and exam day."""
    assessment = document["assessment"]
    chart = assessment["map"] if assessment is not None else None
    if chart is None:
        return None
    days, rates, chances = chart["exam_days"], chart["rates"], chart["shift"]
    with panel(0.9 + 0.34 * len(rates)) as (canvas, axes):
        for i in range(len(rates)):
            for j in range(len(days)):
                chance = chances[i][j]
                dark = chance < 0.05
                axes.add_patch(_cell(j, i, DEEP if dark else COLOURS["band"]))
                number = axes.text(
                    j, i, _brief(chance), ha="center", va="center", fontsize=8.5,
                    color="#fffffe" if dark else COLOURS["ink"],
                )  # fmt: skip
                number.set_in_layout(False)  # it lies inside its cell; measuring it would take long
        axes.set_xlim(-0.5, len(days) - 0.5)
        axes.set_ylim(-0.5, len(rates) - 0.5)
        axes.set_xticks(range(len(days)), [f"day {day:g}" for day in days])
        axes.set_yticks(range(len(rates)), [percent(rate) for rate in rates])
        axes.tick_params(length=0)
        axes.set_xlabel("day of the baseline exam after injury")
        axes.set_ylabel(f"natural rate to C or better, exam on day {chart['reference_day']:g}")
        data = [
            {"exam_day": day, "natural_rate": rate, "chance_shift": chances[i][j],
             "chance_conversion": chart["conversion"][i][j]}
            for i, rate in enumerate(rates)
            for j, day in enumerate(days)
        ]  # fmt: skip
        place_day, place_rate = chart["at_record"]
        return finish(
            canvas, "sensitivity", "What the answer hangs on",
            "Chance of a result at least as good without cells, by the natural rate and the day of the "
            "baseline exam; blue: below 5%. The model puts these people near "
            f"day {place_day:.0f} and a rate of {percent(place_rate)}.",
            "A table of chances by natural rate and exam day.", data,
        )  # fmt: skip


def _brief(chance: float) -> str:
    """A chance for a narrow cell."""
    if chance < 0.001:
        return "<0.1%"
    return ">99%" if chance > 0.99 else percent(chance)


def _cell(column: int, row: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=colour, edgecolor="none")


def drivers(document: Document) -> Figure | None:
    """One change at a time: how far the answer moves."""
    assessment = document["assessment"]
    rows = assessment["drivers"] if assessment is not None else []
    if not rows:
        return None
    with panel(0.9 + 0.46 * len(rows)) as (canvas, axes):
        base = rows[0]["settings"][0][1]
        for index, row in enumerate(rows):
            height = len(rows) - 1 - index
            values = [chance for _, chance in row["settings"]]
            axes.plot([min(values), max(values)], [height, height], color=COLOURS["blue"], lw=2.4)
            axes.plot(values, [height] * len(values), "o", color=COLOURS["blue"], ms=4)
            ends = (min(row["settings"], key=_second), max(row["settings"], key=_second))
            for chosen in {tuple(end) for end in ends if end[1] != base}:
                word, chance = chosen
                left = chance <= base
                axes.annotate(
                    f"{word} ({percent(chance)})", (chance, height), xytext=(-6 if left else 6, 0),
                    textcoords="offset points", ha="right" if left else "left", va="center", fontsize=7.5,
                    color=COLOURS["muted"],
                )  # fmt: skip
        axes.axvline(base, color=COLOURS["orange"], lw=1)
        axes.axvline(0.05, color=COLOURS["muted"], lw=0.8, dashes=(4, 3))
        axes.set_xscale("log")
        every = [chance for row in rows for _, chance in row["settings"]]
        axes.set_xlim(min(every) / 14, min(14.0, max(every) * 9))
        ticks = [tick for tick in (0.001, 0.01, 0.05, 0.2, 1.0) if tick >= min(every) / 3]
        axes.set_xticks(ticks, [percent(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_yticks(range(len(rows)), [row["name"] for row in rows][::-1])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("chance of a result at least as good without cells (orange: as recorded)")
        data = [
            {"what": row["name"], "setting": word, "chance": chance}
            for row in rows
            for word, chance in row["settings"]
        ]
        return finish(
            canvas, "drivers", "What drives the answer",
            "One thing changed at a time, all else as recorded; widest on top. Dashed: 5%.",
            "Ranges of the chance when one assumption is changed at a time.", data,
        )  # fmt: skip


def _second(pair: tuple[str, float]) -> float:
    return pair[1]
