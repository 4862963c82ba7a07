"""Figures of the board pack: swimmer plot, scores of each person over published bands, enrolment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel

__all__ = ["board_figures"]

Pack = Mapping[str, Any]
MOST_ROWS, MOST_SHEETS = 60, 4
"""Rows of a swimmer plot on one sheet, and sheets; the data of everybody stand in the pack."""

_ARM_COLOURS = ("blue", "orange", "green", "plum")


def board_figures(pack: Pack) -> list[Figure]:
    """Every figure that this part of the pack has numbers for."""
    drawn: list[Figure | None] = [_enrolment(pack["enrolment"], pack["cutoff"])]
    if pack["part"] == "closed":
        rows = pack["swimmer"]
        parts = [rows[k : k + MOST_ROWS] for k in range(0, len(rows), MOST_ROWS)][:MOST_SHEETS]
        shown = sum(map(len, parts))
        drawn += [_swimmer(part, k, len(rows) - shown) for k, part in enumerate(parts, 1)]
        drawn += [_scores(pack["scores"], measure) for measure in ("uems", "lems")]
    return [one for one in drawn if one is not None]


def _colour(label: str, labels: list[str]) -> str:
    return (
        COLOURS[_ARM_COLOURS[labels.index(label) % len(_ARM_COLOURS)]]
        if label in labels
        else COLOURS["blue"]
    )


def _enrolment(found: Pack, cutoff: str) -> Figure | None:
    days = [date.fromisoformat(day) for day in found["days"]]
    if not days:
        return None
    first = date.fromisoformat(found["first"])
    months = [(day - first).days / 30.4375 for day in days]
    end = (date.fromisoformat(cutoff) - first).days / 30.4375
    with panel(2.6) as (canvas, axes):
        axes.step([0, *months, end], [0, *range(1, len(days) + 1), len(days)], where="post",
                  color=COLOURS["orange"], lw=2, label="allocated")  # fmt: skip
        full = found["places"] / found["expected_per_month"]
        axes.plot([0, min(end, full)], [0, found["expected_per_month"] * min(end, full)],
                  color=COLOURS["blue"], ls="--", label="expected: eligible people a month")  # fmt: skip
        axes.axhline(found["places"], color=COLOURS["grid"], lw=1)
        axes.set_xlabel("months since the first consent")
        axes.set_ylabel("people")
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left", fontsize=8)
        rows = [{"month": round(m, 2), "allocated": k + 1} for k, m in enumerate(months)]
        return finish(
            canvas, "enrolment", "Enrolment, actual and expected",
            "A gate between treatments turns eligible people away: the expected line knows no gate.",
            f"{len(days)} people allocated.", rows,
        )  # fmt: skip


def _swimmer(rows: list[Pack], sheet: int, left_out: int) -> Figure | None:
    if not rows:
        return None
    labels = sorted({row["arm"] for row in rows})
    with panel(1.0 + 0.22 * len(rows)) as (canvas, axes):
        data = []
        for k, row in enumerate(rows[::-1]):
            colour = _colour(row["arm"], labels)
            axes.barh(k, max(row["to"], 0), color=colour, alpha=0.35, height=0.62)
            axes.plot(row["visits"], [k] * len(row["visits"]), "|", color=colour, ms=8)
            for event in row["events"]:
                mark = "X" if event["serious"] else "."
                axes.plot(event["day"], k, mark, ms=6 if event["serious"] else 4,
                          color=COLOURS["plum"] if event["serious"] else COLOURS["muted"])  # fmt: skip
            end = {"died": "†", "left": "left", "": "→" if row["ongoing"] else ""}[row["end"]]
            axes.text(max(row["to"], 0) + 4, k, end, va="center", fontsize=8)
            data.append({"participant": row["participant"], "arm": row["arm"], "days": row["to"],
                         "events": len(row["events"]), "end": row["end"] or "ongoing"})  # fmt: skip
        names = [f"{row['participant']} {row['arm']}" for row in rows[::-1]]
        axes.set_yticks(range(len(rows)), names)
        axes.tick_params(axis="y", length=0, labelsize=7.5)
        axes.set_xlabel("days from treatment (controls: from day zero of their allocation)")
        return finish(
            canvas, "swimmer" if sheet == 1 else f"swimmer-{sheet}", "Follow-up of each person",
            "Ticks: visits held. Dots: adverse events; crosses: serious ones. An arrow: follow-up goes on."
            + (f" {left_out} more people stand in the data of the pack." if left_out else ""),
            f"Follow-up of {len(rows)} people.", data,
        )  # fmt: skip


def _scores(found: Pack, measure: str) -> Figure | None:
    people = found["people"]
    if not people:
        return None
    labels = sorted({one["arm"] for one in people})
    bands = [band for band in found["bands"] if band["measure"] == measure]
    with panel(3.4) as (canvas, axes):
        for band in bands:
            weeks = [point["week"] for point in band["points"]]
            low = [max(point["mean"] - point["sd"], 0) for point in band["points"]]
            high = [min(point["mean"] + point["sd"], 50) for point in band["points"]]
            axes.fill_between(weeks, low, high, color=COLOURS["band"], lw=0)
            axes.plot(
                weeks, [point["mean"] for point in band["points"]], color=COLOURS["muted"], lw=1
            )
            axes.text(weeks[-1] + 0.5, band["points"][-1]["mean"], f"{band['plegia'][:5]}. AIS {band['ais']}",
                      fontsize=7, color=COLOURS["muted"], va="center")  # fmt: skip
        data = []
        for one in people:
            points = [(p["week"], p[measure]) for p in one["points"] if p[measure] is not None]
            if not points:
                continue
            axes.plot(
                *zip(*points, strict=True), "o-", ms=3, lw=1, color=_colour(one["arm"], labels)
            )
            data += [{"participant": one["participant"], "arm": one["arm"], "week": week, measure: score}
                     for week, score in points]  # fmt: skip
        for label in labels:
            axes.plot([], [], "o-", ms=3, color=_colour(label, labels), label=label or "all")
        axes.legend(fontsize=8, loc="upper left")
        axes.set_xlabel("weeks after the injury")
        axes.set_ylabel(measure.upper())
        axes.set_ylim(-1, 51)
        return finish(
            canvas, f"scores-{measure}", f"{measure.upper()} of each person",
            "Grey: published means and spreads (one SD) of people without cells by grade and level, EMSCI; "
            "they are other people at other visits, not a comparison group.",
            f"{measure.upper()} over time of {len(people)} people.", data,
        )  # fmt: skip
