"""Pictures of "prior or data?": shares of variance by source, and what measurements would tell."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel

__all__ = ["information_figure", "shares_figure"]

_BARS = 8
_NOTHING = 0.002
_MARKS = {
    "spike": "plum", "assumed": "orange", "recalled": "blue", "measured": "green", "derived": "muted",
}  # fmt: skip


def _titled(words: str, width: int) -> str:
    """The mark and what is shown, wrapped to the panel."""
    return textwrap.fill(f"Hypothesis. {words[0].upper()}{words[1:]}", width)


def shares_figure(name: str, shares: Mapping[str, Any], species: str) -> Figure:
    """The largest total shares of one output as bars with intervals.

    Args:
        name: the stem of the files.
        shares: one output of the document: `words`, `points`, `groups` with `words`, `basis`, `first`,
            `total`, `total_half`.
        species: people or rodents.
    """
    groups = [one for one in shares["groups"] if one["total"] > _NOTHING][:_BARS]
    rows = [
        {key: one[key] for key in ("group", "basis", "first", "total", "total_half")}
        for one in groups
    ]
    with panel(0.9 + 0.36 * len(groups)) as (canvas, axes):
        for place, one in enumerate(reversed(groups)):
            colour = COLOURS[_MARKS.get(one["basis"], "muted")]
            axes.barh(place, min(one["total"], 1.1), 0.62, color=colour, alpha=0.35)
            axes.barh(place, min(max(one["first"], 0.0), 1.1), 0.62, color=colour)
            low, high = one["total"] - one["total_half"], one["total"] + one["total_half"]
            axes.plot([max(low, 0.0), min(high, 1.1)], [place, place], color=COLOURS["ink"], lw=1.2)
        axes.set_yticks(range(len(groups)), [one["short"] for one in reversed(groups)])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0.0, 1.1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
        axes.set_xlabel(f"share of the variance ({species})")
        axes.set_title(_titled(shares["words"], 80), loc="left", fontsize=9)
        axes.set_axisbelow(True)
        axes.grid(axis="x")
        used = [mark for mark in _MARKS if any(one["basis"] == mark for one in groups)]
        for k, mark in enumerate(used):
            axes.text(
                1.0, 0.02 + 0.075 * k * 8 / max(len(groups), 1), mark, color=COLOURS[_MARKS[mark]],
                transform=axes.transAxes, ha="right", fontsize=8.5, fontweight="bold",
            )  # fmt: skip
        held = "held" if shares["stable"] else "did NOT hold"
        return finish(
            canvas, name, f"Prior or data: {shares['words']}",
            "Dark: alone. Pale: with all it does together with others; these overlap, so they do not add to"
            f" 100%. Lines: 95% intervals. {shares['points']} base points; leading ranks {held} when points"
            " doubled. Hypothesis: nearly all of the graft is prior, not data.",
            "Bars of the share of variance by source.", rows,
        )  # fmt: skip


def information_figure(
    name: str, rows: Sequence[Mapping[str, Any]], words: str, species: str
) -> Figure:
    """What measurements would tell about one output, the most telling first."""
    shown = list(rows)[:12]
    with panel(0.9 + 0.33 * len(shown)) as (canvas, axes):
        for place, one in enumerate(reversed(shown)):
            mine = one["words"].startswith(("people", "lot"))
            axes.barh(place, one["reduction"], 0.62, color=COLOURS["blue" if mine else "green"])
            low, high = one["reduction"] - one["half"], one["reduction"] + one["half"]
            axes.plot([max(low, 0.0), min(high, 1.0)], [place, place], color=COLOURS["ink"], lw=1.2)
        axes.set_yticks(range(len(shown)), [one["words"] for one in reversed(shown)])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0.0, 1.0)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
        axes.set_xlabel(f"expected share of the variance that goes ({species})")
        axes.set_title(_titled(words, 52), loc="left", fontsize=9)
        axes.set_axisbelow(True)
        axes.grid(axis="x")
        return finish(
            canvas, name, f"What would narrow it: {words}",
            "Expected share of the prior variance that goes once the measurement is known, with its assumed"
            " error; estimated from below. Lines: 95% intervals. Nobody plans these measurements."
            " Hypothesis.",
            "Bars of expected reduction of variance by measurement.",
            [{key: one[key] for key in ("measurement", "reduction", "half")} for one in shown],
        )  # fmt: skip
