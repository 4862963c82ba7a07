"""Pictures of the therapy in silico: a person's year, the map of the cord, a moving course, many people.

Drawn from the therapy document alone (plain lists). Every picture carries the mark of a hypothesis.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from saisei.report import figures as house
from saisei.report.figures import COLOURS, Figure, panel

__all__ = ["all_pictures", "expected_counts", "moving_course"]

JSON = Mapping[str, Any]
_FATES = (
    ("uncommitted", "dividing", "muted"),
    ("immature_neurons", "young neurons", "blue"),
    ("mature_neurons", "mature neurons", "ink"),
    ("astrocytes", "astrocytes", "green"),
    ("oligodendrocytes", "oligodendrocytes", "plum"),
    ("clone_cells", "overgrowth", "orange"),
)
_ARMS = {
    "natural": ("muted", "without cells"),
    "care": ("green", "with care"),
    "graft": ("blue", "with graft"),
}
_MARK = "hypothesis"


def all_pictures(document: JSON) -> list[Figure]:
    """The still pictures of a therapy document."""
    drawn = [population(document), grafts(document)]
    if document["person"] is not None:
        drawn += [person_year(document), cord_map(document)]
    return drawn


def _sheet(canvas: Any, *said: Any) -> Figure:
    """As `figures.finish`, for a sheet of many panels that is laid out already."""
    name, title, caption, alt, rows = said
    return Figure(
        name, title, caption, alt, house._svg(canvas), house._png(canvas), house.table_csv(rows)
    )


def _stamp(canvas: Any) -> None:
    canvas.text(
        0.995, 0.995, _MARK, ha="right", va="top", fontsize=8, color=COLOURS["orange"], style="italic"
    )  # fmt: skip


def _months(axes: Any, last: float, label: bool = True) -> None:
    axes.set_xlim(0, last)
    ticks = np.arange(0, last + 1, 91.3)
    axes.set_xticks(ticks, [f"{round(t / 30.44):d}" for t in ticks])
    if label:
        axes.set_xlabel("months after injury", labelpad=1)


def person_year(document: JSON) -> Figure:
    """Small multiples: cells by fate, axon front, drive by segment, exam of the twins, volume."""
    one = document["person"]
    days = np.array(one["days"])
    with panel(5.6, 9.8) as (canvas, first):
        first.remove()
        grid = canvas.subplots(2, 3)
        _cells(grid[0, 0], one, days)
        _front(grid[0, 1], one, days)
        _drive(grid[0, 2], one, days)
        _scores(grid[1, 0], one, days, "uems", "upper extremity motor score")
        _scores(grid[1, 1], one, days, "lems", "lower extremity motor score")
        _volume(grid[1, 2], one, days)
        for row in range(2):
            for axes in grid[row]:
                for spine in ("top", "right"):
                    axes.spines[spine].set_visible(False)
                _months(axes, float(days[-1]), label=row == 1)
                axes.axvline(one["graft_day"], color=COLOURS["orange"], lw=0.9, ls=":")
        canvas.subplots_adjust(0.055, 0.085, 0.965, 0.93, wspace=0.52, hspace=0.30)
        _stamp(canvas)
        rows = [
            {
                "day": int(day),
                **{name: one["cells"][name][k] for name, _, _ in _FATES},
                "front_mm": one["front_mm"][k],
                **{f"uems_{arm}": one["uems"][arm][k] for arm in one["uems"]},
                "volume_mm3": one["volume_mm3"][k],
            }
            for k, day in enumerate(days)
        ]
        return _sheet(
            canvas, "person-year", "One made-up person's year",
            f"Person {one['number']}, {one['chosen']}. Dotted: the operation on day "
            f"{one['graft_day']}. The exam is written every fortnight as an examiner would, with the same "
            "streams in both arms, so the lines part only where cells act.",
            "Six small panels over months: cells by fate, axon front, drive, two motor scores, volume.", rows,
        )  # fmt: skip


def _cells(axes: Any, one: JSON, days: Any) -> None:
    ends = []
    for name, label, colour in _FATES:
        series = np.array(one["cells"][name], dtype=float)
        if series.max() < 1:
            continue
        axes.plot(days, np.where(series >= 1, series, np.nan), color=COLOURS[colour], lw=1.5)
        last = np.flatnonzero(series >= 1)[-1]
        ends.append([np.log10(series[last]), label, colour])
    axes.set_yscale("log")
    axes.set_ylim(1, 10 ** (1.0 + max([height for height, _, _ in ends], default=1.0)))
    axes.set_title("cells of the graft, by fate", fontsize=9, loc="left")
    ends.sort()
    room = 0.065 * np.log10(axes.get_ylim()[1])
    for k in range(1, len(ends)):  # names stand apart where their curves end together
        ends[k][0] = max(ends[k][0], ends[k - 1][0] + room)
    for height, label, colour in ends:
        axes.text(
            days[-1] * 1.015, 10**height, label, fontsize=6.5, va="center", color=COLOURS[colour]
        )


def _front(axes: Any, one: JSON, days: Any) -> None:
    front = np.array([np.nan if x is None else x for x in one["front_mm"]], dtype=float)
    axes.plot(days, front, color=COLOURS["blue"], lw=1.8)
    for name, mm in one["targets_mm"].items():
        axes.axhline(mm, color=COLOURS["grid"], lw=1)
        axes.text(days[0], mm, f" {name}", va="bottom", fontsize=7, color=COLOURS["muted"])
    top = max([*one["targets_mm"].values(), np.nanmax(front) if np.isfinite(front).any() else 0])
    axes.set_ylim(0, 1.12 * top)
    axes.set_title("leading axon, mm from the graft", fontsize=9, loc="left")


def _drive(axes: Any, one: JSON, days: Any) -> None:
    names = list(one["drive"]["natural"])
    shades = np.linspace(0.35, 1.0, max(len(names), 1))
    ends: list[tuple[float, str]] = []
    for shade, name in zip(shades, names, strict=True):
        natural = np.array(one["drive"]["natural"][name])
        graft = np.array(one["drive"]["graft"][name])
        axes.plot(days, natural, color=COLOURS["muted"], lw=0.9, alpha=shade)
        axes.plot(days, graft, color=COLOURS["blue"], lw=1.3, alpha=shade)
        ends.append((graft[-1], name))
    axes.set_yscale("symlog", linthresh=0.001)
    axes.set_ylim(0, 1.1)
    axes.set_yticks([0, 0.001, 0.01, 0.1, 1.0], ["0", "0.1%", "1%", "10%", "100%"])
    height = -1.0
    for drive, name in sorted(ends):
        spot = axes.transData.transform((0.0, drive))[1]
        spot = max(spot, height + 9.0)  # names stand apart where their curves end together
        height = spot
        up = axes.transAxes.inverted().transform((0.0, spot))[1]
        axes.text(1.02, up, name, transform=axes.transAxes, fontsize=6.5, va="center")
    axes.set_title("drive below the lesion, mean of sides", fontsize=9, loc="left")


def _scores(axes: Any, one: JSON, days: Any, name: str, title: str) -> None:
    for arm, series in one[name].items():
        colour, label = _ARMS[arm]
        width = 2.6 if arm == "natural" else 1.2
        # Every fortnight: the noise of an examiner is new at each exam.
        axes.step(
            days[::7], series[::7], where="post", color=COLOURS[colour], lw=width, label=label
        )
    axes.set_ylim(-1, 51)
    axes.set_title(title, fontsize=9, loc="left")
    axes.legend(fontsize=7, loc="lower right" if max(one[name]["natural"]) > 25 else "upper left")


def _volume(axes: Any, one: JSON, days: Any) -> None:
    for name, colour, label in (
        ("volume_mm3", "blue", "graft and overgrowth"),
        ("clone_mm3", "orange", "overgrowth"),
    ):
        series = np.array(one[name], dtype=float)
        if series.max() > 0:
            series = np.where(series > 0, series, np.nan)
            axes.plot(days, series, color=COLOURS[colour], lw=1.6, label=label)
    axes.axhline(one["visible_mm3"], color=COLOURS["muted"], lw=1, ls="--")
    axes.text(
        0,
        one["visible_mm3"],
        " seen on MRI from here",
        fontsize=7,
        va="bottom",
        color=COLOURS["muted"],
    )
    for image in one["images"]:
        seen = image["read_mm3"] > 0
        axes.plot(image["day"], max(image["read_mm3"], 1e-3), "D" if seen else "d", ms=4.5,
                  color=COLOURS["orange" if seen else "muted"], mfc=None if seen else "none")  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(1e-3, max(2e3, 2 * max(one["volume_mm3"])))
    axes.set_title("volume, mm³; diamonds: MRI", fontsize=9, loc="left")
    axes.legend(fontsize=6.5, loc="upper left")


def cord_map(document: JSON) -> Figure:
    """The cord over time: how many graft axons reach each place, with the front and the segments."""
    one = document["person"]
    days, places = np.array(one["days"]), np.array(one["place_mm"])
    density = np.array(one["density"])
    with panel(4.6, 9.2) as (canvas, axes):
        shown = np.ma.masked_less(density, 1.0)
        from matplotlib.colors import LogNorm

        top = max(float(density.max()), 10.0)
        mesh = axes.pcolormesh(
            days, places, shown.T, norm=LogNorm(1.0, top), cmap="Blues", shading="nearest", rasterized=True
        )  # fmt: skip
        for edge in one["region_mm"]:
            axes.axhline(edge["mm"], color=COLOURS["grid"], lw=0.8)
            axes.text(
                -4,
                edge["mm"],
                edge["name"],
                ha="right",
                va="top",
                fontsize=7.5,
                color=COLOURS["muted"],
            )
        axes.axhline(one["graft_mm"], color=COLOURS["orange"], lw=1.4)
        axes.text(
            days[-1], one["graft_mm"], " graft", va="center", fontsize=8, color=COLOURS["orange"]
        )
        axes.axvline(one["graft_day"], color=COLOURS["orange"], lw=0.9, ls=":")
        front = np.array([np.nan if x is None else x for x in one["front_mm"]], dtype=float)
        for sign in (-1, 1):
            axes.plot(days, one["graft_mm"] + sign * front, color=COLOURS["ink"], lw=1.1)
        axes.set_ylim(places[-1], 0)
        axes.set_yticks([])
        _months(axes, float(days[-1]))
        bar = canvas.colorbar(mesh, cax=canvas.add_axes((0.925, 0.11, 0.014, 0.78)))
        bar.set_label("graft axons at a place", fontsize=8)
        bar.outline.set_visible(False)
        axes.set_position((0.085, 0.11, 0.775, 0.83))
        _stamp(canvas)
        rows = [
            {
                "day": int(day),
                "front_mm": one["front_mm"][k],
                "axons_at_graft": max(one["density"][k]),
            }
            for k, day in enumerate(days)
        ]
        return _sheet(
            canvas, "cord-map", "How far the graft reaches",
            "The cord from C1 (top) to its end, over the months. Black: how far the leading axon could be by "
            "now. Blue: how many graft axons reach a place, from one on; legs are supplied from the lumbar "
            "part. Reaching a place is not yet driving a muscle.",
            "A map of the cord over time with a narrow blue band around the graft that widens slowly.", rows,
        )  # fmt: skip


def population(document: JSON) -> Figure:
    """Gains over the twin without cells in many people, the null apart."""
    found = document["population"]
    labels, null, rest = found["labels"], np.array(found["nil"]), np.array(found["not_nil"])
    with panel(3.5, 7.6) as (canvas, axes):
        spots = np.arange(len(labels))
        axes.bar(
            spots,
            null,
            color=COLOURS["band"],
            edgecolor=COLOURS["muted"],
            label="no effect by the spike",
        )
        axes.bar(spots, rest, bottom=null, color=COLOURS["blue"], label="an effect is allowed")
        for spot, share in zip(spots, null + rest, strict=True):
            text = f"{100 * share:.1f}%" if share >= 0.001 else ("0" if share == 0 else "<0.1%")
            axes.text(float(spot), share + 0.015, text, ha="center", fontsize=8)
        axes.set_xticks(spots, labels)
        axes.set_ylim(0, 1.12)
        axes.set_yticks([0, 0.5, 1.0], ["0", "50%", "100%"])
        axes.set_xlabel("points of UEMS over the twin without cells, same care, last visit")
        axes.legend(fontsize=8, loc="upper right")
        canvas.subplots_adjust(0.075, 0.15, 0.985, 0.96)
        _stamp(canvas)
        rows = [
            {"gain": label, "nil": float(a), "not_nil": float(b)}
            for label, a, b in zip(labels, null, rest, strict=True)
        ]
        return _sheet(
            canvas, "population", "What the graft adds in many people",
            f"{found['people']} made-up people, each with an own draw of every prior and an own lot. Grey: "
            "worlds in which the true motor effect is nil. Blue beside it: worlds in which an effect is "
            "allowed, and still mostly none is seen.",
            "Bars of the gain in UEMS; nearly all people stand at zero, half of them by the spike.", rows,
        )  # fmt: skip


def grafts(document: JSON) -> Figure:
    """Shares of grafts that are kept, and cells alive, over the visits."""
    rows = document["course"]
    days = [row["days_after_graft"] for row in rows]
    with panel(3.2, 7.6) as (canvas, first):
        first.remove()
        left, right = canvas.subplots(1, 2)
        left.fill_between(days, [r["cells_low"] for r in rows], [r["cells_high"] for r in rows],
                          color=COLOURS["band"])  # fmt: skip
        left.plot(days, [r["cells_median"] for r in rows], color=COLOURS["blue"], lw=2)
        left.set_yscale("symlog", linthresh=100)
        left.set_title("cells alive: median, 90% of people", fontsize=9, loc="left")
        right.plot(days, [1 - r["rejected"] for r in rows], color=COLOURS["blue"], lw=2)
        right.set_ylim(0, 1.03)
        right.set_yticks([0, 0.5, 1.0], ["0", "50%", "100%"])
        right.axvline(document["drug_days"], color=COLOURS["orange"], lw=0.9, ls=":")
        right.text(document["drug_days"], 0.03, " drug ends", fontsize=7.5, color=COLOURS["orange"])
        right.set_title("grafts not being rejected", fontsize=9, loc="left")
        for axes in (left, right):
            axes.set_xlabel("days after the graft")
            for spine in ("top", "right"):
                axes.spines[spine].set_visible(False)
        canvas.subplots_adjust(0.085, 0.16, 0.985, 0.90, wspace=0.25)
        _stamp(canvas)
        return _sheet(
            canvas, "grafts", "What becomes of the grafts",
            "Left: the band spans decades because survival, division and rejection are priors. Right: "
            "the mouse's hazard under drug and match, then the share of it that is left.",
            "Two curves over days: cells with a very wide band, and the share of grafts kept.", rows,
        )  # fmt: skip


def expected_counts(part: JSON) -> Figure:
    """How many of a trial's people reach the endpoint, as expected before the result, by arm."""
    without, with_ = part["counts"]["natural"], part["counts"]["graft"]
    with panel(2.9, 7.2) as (canvas, axes):
        spots = np.arange(len(without))
        axes.bar(spots - 0.19, without, 0.36, color=COLOURS["band"], edgecolor=COLOURS["muted"],
                 label="without cells")  # fmt: skip
        axes.bar(spots + 0.19, with_, 0.36, color=COLOURS["blue"], label="with the graft")
        axes.axvline(part["observed"], color=COLOURS["orange"], lw=1.2, ls="--")
        axes.text(
            part["observed"],
            1.02 * max(*without, *with_),
            " reported",
            color=COLOURS["orange"],
            fontsize=8,
        )
        axes.set_xticks(spots, [f"{k} of {len(without) - 1}" for k in range(len(without))])
        axes.set_yticks([0, 0.25, 0.5, 0.75], ["0", "25%", "50%", "75%"])
        axes.set_ylim(0, 1.15 * max(*without, *with_))
        axes.set_xlabel(part["endpoint"])
        axes.legend(fontsize=8, loc="upper right")
        rows = [
            {"count": k, "without": a, "with_graft": b}
            for k, (a, b) in enumerate(zip(without, with_, strict=True))
        ]
        _stamp(canvas)
        return house.finish(
            canvas, "expected", "What the model expected of such a trial (hypothesis)",
            f"Chance of each count in {part['trials']} simulated trials of the same eligibility; the "
            "model was not told the result. The bars are nearly equal: the trial could hardly tell.",
            "Pairs of bars for 0 to 4 converters, almost the same with and without graft.", rows,
        )  # fmt: skip


def moving_course(document: JSON, frames: int = 60) -> tuple[bytes, str]:
    """One course as a moving picture that needs nothing else: an animated GIF and its data address.

    The cord lies from C1 to its end; the graft grows and shrinks, its axons spread, drive below is shaded.
    """
    from PIL import Image

    one = document["person"]
    days = np.array(one["days"])
    picked = np.unique(np.linspace(0, len(days) - 1, frames).astype(int))
    pictures = [_frame(one, int(k)) for k in picked]
    stream = io.BytesIO()
    first, *rest = [
        Image.open(io.BytesIO(png)).convert("P", palette=Image.Palette.ADAPTIVE) for png in pictures
    ]
    first.save(
        stream, "GIF", save_all=True, append_images=rest, duration=130, loop=0, optimize=True
    )
    gif = stream.getvalue()
    return gif, "data:image/gif;base64," + base64.b64encode(gif).decode("ascii")


def _frame(one: JSON, k: int) -> bytes:
    """One picture of the moving course."""
    with panel(2.5, 7.2) as (canvas, first):
        first.remove()
        cord, bars = canvas.subplots(1, 2, width_ratios=(3, 1.15))
        _cord_frame(cord, one, k)
        names = list(one["drive"]["natural"])
        spots = np.arange(len(names))
        for arm, offset in (("natural", -0.2), ("graft", 0.2)):
            heights = [one["drive"][arm][name][k] for name in names]
            bars.barh(
                spots + offset, heights, 0.36, color=COLOURS[_ARMS[arm][0]], label=_ARMS[arm][1]
            )
        bars.set_yticks(spots, names)
        bars.invert_yaxis()
        bars.set_xscale("symlog", linthresh=0.01)
        bars.set_xlim(0, 1)
        bars.set_xticks([0, 0.01, 0.1, 1.0], ["0", "1%", "10%", "100%"])
        bars.set_title("drive, mean of sides", fontsize=8.5, loc="left")
        bars.legend(fontsize=6, loc="lower right")
        canvas.subplots_adjust(0.02, 0.12, 0.965, 0.88, wspace=0.16)
        _stamp(canvas)
        stream = io.BytesIO()
        canvas.savefig(
            stream, format="png", dpi=100, facecolor="white", metadata={"Software": None}
        )
        return stream.getvalue()


def _cord_frame(axes: Any, one: JSON, k: int) -> None:
    """The cord lying, C1 on the left, with graft and axons of one day."""
    places, density = np.array(one["place_mm"]), np.array(one["density"][k])
    top = max(float(np.max(one["density"])), 10.0)
    strength = np.log1p(density) / np.log1p(top)
    end = places[-1]
    axes.fill_between([0, end], -0.5, 0.5, color=COLOURS["band"], lw=0)
    axes.fill_between(
        places, -0.48 * strength, 0.48 * strength, color=COLOURS["blue"], alpha=0.55, lw=0
    )
    alive = sum(one["cells"][name][k] for name, _, _ in _FATES)
    if one["days"][k] >= one["graft_day"] and alive > 0:
        size = 30 + 40 * np.log10(max(alive, 1.0))
        axes.scatter([one["graft_mm"]], [0], s=size, color=COLOURS["orange"], zorder=3)
    for edge in one["region_mm"]:
        axes.axvline(edge["mm"], ymin=0.22, ymax=0.78, color=COLOURS["muted"], lw=0.8)
        axes.text(
            edge["mm"] + 4, -0.62, edge["name"], fontsize=7.5, va="top", color=COLOURS["muted"]
        )
    axes.set_xlim(0, end)
    axes.set_ylim(-0.95, 0.95)
    axes.axis("off")
    day = int(one["days"][k])
    state = "before the graft" if day < one["graft_day"] else f"{alive:,.0f} cells alive"
    axes.set_title(f"day {day}: {state}", fontsize=9.5, loc="left")
