"""The page and the figures of the honest-size check, from its result file.

Takes what `shift_honest_size.run` returned; writes docs/validation/honest-size.md and two SVG figures.
Computes nothing but means over tables and registries.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
from shift_honest_size import (
    ODDS_RATIOS,
    SIZES,
    by_people,
    by_registry,
    highest,
    null_checks,
    power_mean,
    verdicts,
)

_BLUE, _ORANGE, _GREY = "#1f5f99", "#d1741a", "#777777"
Rows = Sequence[dict[str, Any]]


def size_figure(found: dict[str, Any], place: Path) -> None:
    """Share called beyond natural recovery, by registry and number of people."""
    rows, level = found["rows"], found["level"]
    at_thirty = by_registry(rows, "size_averaged", 30)
    names = sorted(at_thirty, key=lambda name: at_thirty[name])
    figure, axes = plt.subplots(1, len(SIZES), figsize=(11, 4.2), sharey=True, layout="constrained")
    for axis, people in zip(axes, SIZES, strict=True):
        averaged = by_registry(rows, "size_averaged", people)
        least = by_registry(rows, "size_least", people)
        spread = {
            name: [
                (one["low"], one["high"])
                for one in rows
                if (one["registry"], one["people"], one["initial"]) == (name, people, "A")
            ]
            for name in names
        }
        for height, name in enumerate(names):
            low, high = min(x for x, _ in spread[name]), max(x for _, x in spread[name])
            axis.plot([low, high], [height, height], color=_BLUE, lw=1, alpha=0.5)
        axis.plot(
            [averaged[n] for n in names], range(len(names)), "o", color=_BLUE, label="(ii) averaged"
        )
        axis.plot(
            [least[n] for n in names], range(len(names)), "D", mfc="none", color=_ORANGE,
            label="(iii) least favourable",
        )  # fmt: skip
        axis.axvline(level, color=_GREY, lw=1, ls="--")
        axis.set_title(f"n = {people}", fontsize=10)
        axis.set_xlim(-0.03, 1.03)
        axis.set_xticks([level, 0.5, 1], [f"{level:.0%}", "50%", "100%"], fontsize=8)
        axis.set_yticks(range(len(names)), names, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(fontsize=8, loc="lower right", frameon=False)
    figure.supxlabel("trials without treatment called beyond natural recovery", fontsize=9)
    figure.savefig(place, metadata={"Date": None})
    plt.close(figure)


def power_figure(found: dict[str, Any], place: Path) -> None:
    """Power at each odds ratio, averaged over all registries but the highest."""
    figure, axis = plt.subplots(figsize=(6.2, 3.8), layout="constrained")
    for ratio, shade in zip(ODDS_RATIOS, (0.35, 0.55, 0.75, 1.0), strict=True):
        key = f"{ratio:g}"
        for field, style, colour in (
            ("power_averaged", "-", _BLUE),
            ("power_least", "--", _ORANGE),
        ):
            power = [power_mean(found["rows"], field, people, key) for people in SIZES]
            axis.plot(SIZES, power, style, marker="o", ms=3, color=colour, alpha=shade)
            if style == "-":
                axis.annotate(f"OR {key}", (SIZES[-1], power[-1]), xytext=(6, -3),
                              textcoords="offset points", fontsize=9)  # fmt: skip
    axis.set_xlabel("people treated", fontsize=9)
    axis.set_ylabel("called beyond natural recovery", fontsize=9)
    axis.set_xticks(SIZES)
    axis.set_ylim(0, 1)
    axis.set_xlim(0, 70)
    axis.text(2, 0.94, "solid: (ii)   dashed: (iii)", fontsize=9, color=_GREY)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(place, metadata={"Date": None})
    plt.close(figure)


def _registry_table(rows: Rows) -> list[str]:
    head = ["| registry left out | " + " | ".join(f"n = {n} (ii) | (iii)" for n in SIZES) + " |"]
    head.append("|---|" + "---|" * (2 * len(SIZES)))
    order = by_registry(rows, "size_averaged", 30)
    lines = []
    for name in sorted(order, key=lambda one: -order[one]):
        cells = []
        for people in SIZES:
            cells.append(f"{by_registry(rows, 'size_averaged', people)[name]:.1%}")
            cells.append(f"{by_registry(rows, 'size_least', people)[name]:.1%}")
        mark = " (highest)" if name == highest(rows) else ""
        lines.append(f"| {name}{mark} | " + " | ".join(cells) + " |")
    means = []
    for people in SIZES:
        for field in ("size_averaged", "size_least"):
            values = list(by_registry(rows, field, people).values())
            means.append(f"**{sum(values) / len(values):.1%}**")
    lines.append("| **mean over registries** | " + " | ".join(means) + " |")
    return head + lines


def _row_table(rows: Rows) -> list[str]:
    lines = [
        "| table | registry | grade | its n | C or better | "
        + " | ".join(f"n = {n} (ii), interval | (iii)" for n in SIZES) + " |",
        "|---|---|---|---|---|" + "---|" * (2 * len(SIZES)),
    ]  # fmt: skip
    names = list(dict.fromkeys(one["row"] for one in rows))
    for name in names:
        mine = {one["people"]: one for one in rows if one["row"] == name}
        first = mine[SIZES[0]]
        reached = "" if first["to_c"] is None else f"{first['to_c']:.1%}"
        cells = [
            f"{mine[n]['size_averaged']:.1%}, {mine[n]['low']:.0%} to {mine[n]['high']:.0%} | "
            f"{mine[n]['size_least']:.1%}"
            for n in SIZES
        ]
        lines.append(
            f"| {name} | {first['registry']} | {first['initial']} | {first['table_n']} | {reached} | "
            + " | ".join(cells) + " |"
        )  # fmt: skip
    return lines


def _power_table(rows: Rows) -> list[str]:
    lines = [
        "| odds ratio | " + " | ".join(f"n = {n} (ii) | (iii)" for n in SIZES) + " |",
        "|---|" + "---|" * (2 * len(SIZES)),
    ]
    for ratio in ODDS_RATIOS:
        key = f"{ratio:g}"
        cells = [
            f"{power_mean(rows, field, people, key):.0%}"
            for people in SIZES
            for field in ("power_averaged", "power_least")
        ]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


def _verdict_lines(checks: Sequence[tuple[bool, str]]) -> list[str]:
    return [f"- **{'holds' if right else 'FAILS'}** · {words}." for right, words in checks]


_ABOUT = """\
Trials of 4, 10, 30 and 60 people **without treatment** are drawn from each registry's own tables, and tested
against natural history fitted **without that registry**. The figure is the share that the test, at one-sided
{level:.0%}, calls beyond natural recovery. An honest test stays at or below {level:.0%}.

Every multiset of outcomes is enumerated, so no simulated trial adds an error of its own. The posterior
behind the figures has {draws} draws for each of {shapes}; its largest R-hat is {rhat:.2f}.
The interval in the last table is what the table's own number of people leaves open (Dirichlet, 5% to
95%); the thin lines in the figure span these intervals over its tables. The mean of a registry weighs
its tables by their people, against counting the same people twice."""

_POWER = """\
Share called beyond natural recovery when every cumulative odds of a better grade is multiplied, averaged over
all registries but the highest (which exceeds the level without any treatment)."""

_GRADES_BCD = """\
Tables of AIS B, C and D are tested the same way; they do not enter the means above, since a trial of the kind
asked about takes people at AIS A."""

_SPLIT = (
    "Registries and untreated trial arms are averaged apart and together. That split was made after a pilot "
    "run had shown the failure with the trial arms, so a reader may hold to the line that fails. The arm "
    "behind it is the control arm of ProCord: 17 people, of whom 10 converted."
)
_MEANING = """\
A size that grows with n means that a trial's own registry is not as the others foretell. More people
make that difference plain, and no comparison with other registries can tell it from an effect of treatment.
That is the limit of any single-arm trial, and the reason why a concurrent control comes first."""


def write_page(found: dict[str, Any], page: Path) -> list[tuple[bool, str]]:
    """Write the page and its figures; returns the verdicts."""
    rows, settings = found["rows"], found["settings"]
    said, nulls = verdicts(found), null_checks()
    page.parent.mkdir(parents=True, exist_ok=True)
    size_figure(found, page.with_name("honest-size-size.svg"))
    power_figure(found, page.with_name("honest-size-power.svg"))
    about = _ABOUT.format(
        level=found["level"],
        draws=settings["draws_per_shape"],
        shapes=", ".join(settings["shapes"]),
        rhat=max(found["largest_rhat"].values()),
    )
    behind = [
        f"- without {name}: rows {digest[:16]}" for name, digest in found["rows_digest"].items()
    ]
    made = (
        f"Made by `python validation/shift_honest_size.py run` on {found['date']}, commit "
        f"{found['commit']}, parameters {found['parameters']}. Do not edit by hand."
    )
    parts = (
        ["# Honest size of the shift test", "", made, "", about],
        ["## Verdict", "", *_verdict_lines(said), "", *_words(found)],
        ["![Size by registry](honest-size-size.svg)", "", *_registry_table(rows)],
        ["## Power", "", _POWER, "", "![Power](honest-size-power.svg)", "", *_power_table(rows)],
        ["## The exact null", "", *_verdict_lines(nulls)],
        ["## Every table", "", _GRADES_BCD, "", *_row_table(rows)],
        ["## Rows behind each fit", "", *behind],
    )
    text = "\n\n".join("\n".join(part) for part in parts)
    page.write_text(text + "\n", encoding="utf-8")
    return said + nulls


def _mean_without(rows: Rows, people: int) -> float:
    sizes = by_registry(rows, "size_averaged", people)
    top = highest(rows)
    kept = [size for name, size in sizes.items() if name != top]
    return sum(kept) / len(kept)


def _words(found: dict[str, Any]) -> list[str]:
    rows, level = found["rows"], found["level"]
    count = len(by_registry(rows, "size_averaged", SIZES[0]))
    rest = ", ".join(f"{_mean_without(rows, n):.1%} at n = {n}" for n in SIZES)
    people = ", ".join(f"{by_people(rows, n):.1%} at n = {n}" for n in SIZES)
    by_chance = 1.0 - (1.0 - level) ** count
    return [
        f"The highest is {highest(rows)}. Over the others (ii) rejects {rest}. Averaged over people "
        f"instead of over registries: {people}. With {count} registries and arms a mean of {level:.0%} "
        f"can hardly be told from one of {1 / count:.0%}: even a test of exact size rejects in at least "
        f"one of {count} with probability {by_chance:.0%}.",
        "",
        _SPLIT,
        "",
        _MEANING,
    ]
