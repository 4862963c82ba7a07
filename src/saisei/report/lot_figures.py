"""Figures of lines and lots, drawn from plain numbers: coverage of a bank, operating characteristics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saisei.report.figures import COLOURS, Figure, finish, panel, percent_axis

__all__ = ["characteristic_figure", "characteristics_figure", "coverage_figure"]

# donors, share and name of what others published on Japan (sources in docs/stages/cell_line.md)
_PUBLISHED = ((2, 0.20, "Okita 2011"), (7, 0.40, "CiRA 2022"), (50, 0.90, "cited 2023"))


def coverage_figure(curve: Sequence[float], inside: int) -> Figure:
    """Share of people matched by the n most frequent homozygous donors."""
    rows = [
        {"donors": k + 1, "matched": share, "from": "table" if k < inside else "assumed tail"}
        for k, share in enumerate(curve)
    ]
    with panel(3.6) as (canvas, axes):
        numbers = range(1, len(curve) + 1)
        axes.plot(numbers[:inside], curve[:inside], "-", color=COLOURS["blue"], lw=2.2)
        axes.plot(numbers[inside - 1 :], curve[inside - 1 :], "--", color=COLOURS["blue"], lw=1.8)
        for donors, share, name in _PUBLISHED:
            if donors > len(curve):
                continue
            axes.plot([donors], [share], "o", color=COLOURS["orange"], ms=6)
            last = donors > 0.8 * len(curve)
            axes.annotate(
                f"{name}: {100 * share:.0f}%", (donors, share), xytext=(-8 if last else 8, -4),
                textcoords="offset points", ha="right" if last else "left", va="center", fontsize=8.5,
                color=COLOURS["ink"],
            )  # fmt: skip
        percent_axis(axes, "y")
        axes.set_xlim(0.5, len(curve) + 0.5)
        axes.set_xlabel("homozygous donors, the most frequent haplotypes first")
        axes.set_ylabel("people matched at A, B, DRB1")
        axes.grid(axis="y")
        return finish(
            canvas, "coverage", "Whom a bank matches",
            "Blue: exact within the table of ten haplotypes, then (dashed) with an assumed tail, a lower"
            " bound. Orange: published, the first with donors that were not the two most frequent.",
            "A rising curve of matched people over the number of donors, with published points.", rows,
        )  # fmt: skip


def _across(axes: Any, one: Mapping[str, Any]) -> None:
    """The curve of one test on its axes."""
    whole = one["whole"]
    axes.plot(
        one["truth"], one["passing"], "o" if whole else "-", color=COLOURS["blue"], lw=2.0,
        ms=3.5 if len(one["truth"]) > 2 else 5,
    )  # fmt: skip
    if one["limit"] is not None:
        axes.axvline(one["limit"], color=COLOURS["orange"], lw=1.4)
    if one["detection"] is not None:
        axes.axvline(one["detection"], color=COLOURS["muted"], lw=1.2, ls=":")
    if one["log"]:
        axes.set_xscale("log")
        axes.set_xlim(one["truth"][0], one["truth"][-1])
    axes.grid(axis="y")


def characteristic_figure(one: Mapping[str, Any]) -> Figure:
    """The operating characteristic of one test.

    Args:
        one: `id`, `name`, `criterion`, `truth`, `passing`, `limit`, `detection`, `log`, `axis`,
            `whole` (points in place of a line).
    """
    rows = [
        {"truth": truth, "passing": chance}
        for truth, chance in zip(one["truth"], one["passing"], strict=True)
    ]
    with panel(3.4) as (canvas, axes):
        _across(axes, one)
        percent_axis(axes, "y", 1.03)
        axes.set_xlabel(one["axis"])
        axes.set_ylabel("probability that the test passes")
        if one["limit"] is not None:
            axes.text(
                one["limit"], 1.04, "criterion", color=COLOURS["orange"], fontsize=8.5, ha="center",
                va="bottom",
            )  # fmt: skip
        if one["detection"] is not None:
            axes.text(
                one["detection"], 0.97, " told from a blank in 95%", color=COLOURS["muted"], fontsize=8,
                ha="left" if one["detection"] > (one["limit"] or 0.0) else "right", va="top",
            )  # fmt: skip
        caption = f"{one['name']}. Criterion: {one['criterion']}. All values exact; {one['basis']}."
        return finish(
            canvas, one["id"], "What the test lets through", caption,
            "A curve of the probability of passing over the truth, with the criterion marked.", rows,
        )  # fmt: skip


def characteristics_figure(tests: Sequence[Mapping[str, Any]]) -> Figure:
    """The operating characteristics of many tests as small multiples."""
    import math

    import matplotlib as mpl

    columns = 4
    lines = math.ceil(len(tests) / columns)
    rows = [
        {"test": one["id"], "truth": truth, "passing": chance}
        for one in tests
        for truth, chance in zip(one["truth"], one["passing"], strict=True)
    ]
    with panel(1.65 * lines, 9.6) as (canvas, first):
        first.remove()
        with mpl.rc_context({"font.size": 7.5, "xtick.labelsize": 7, "ytick.labelsize": 7}):
            grid = canvas.subplots(lines, columns, squeeze=False)
            for place, axes in enumerate(grid.ravel()):
                if place >= len(tests):
                    axes.remove()
                    continue
                one = tests[place]
                _across(axes, one)
                axes.set_ylim(0.0, 1.05)
                axes.set_yticks([0.0, 0.5, 1.0], ["0", "50%", "100%"])
                axes.set_title(
                    f"{one['short']}  {one['criterion_short']}", fontsize=7.5, loc="left", pad=3
                )
                axes.set_xlabel(one["axis_short"], fontsize=7, labelpad=1)
                for spine in ("top", "right"):
                    axes.spines[spine].set_visible(False)
            canvas.subplots_adjust(0.05, 0.045, 0.985, 0.97, wspace=0.28, hspace=0.85)
        return _finished(
            canvas, "characteristics", "What each test lets through",
            "Blue: exact probability of passing over the truth. Orange: the criterion. Dotted: the share"
            " that is told from a blank in 95%. What assays read is assumed where it was not published.",
            "Small curves of the probability of passing over the truth, one for each test.", rows,
        )  # fmt: skip


def _finished(canvas: Any, *said: Any) -> Figure:
    """As `finish`, for a sheet of many panels that is laid out already."""
    from saisei.report import figures

    name, title, caption, alt, rows = said
    return Figure(
        name,
        title,
        caption,
        alt,
        figures._svg(canvas),
        figures._png(canvas),
        figures.table_csv(rows),
    )
