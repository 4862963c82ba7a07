# ruff: noqa: E501 - lines of the page are kept whole
"""The page that holds the two models of natural recovery side by side, from the packaged store.

    python scripts/make_motor.py        # the store anew, then this page
    python validation/two_models.py     # this page alone

Takes what `saisei evidence compare-models` gives for Keio, Shin and SCiStar. Nothing is computed here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from saisei.evidence.motor_store import PLACE
from saisei.report.motor_figures import two_models
from saisei.report.motor_part import models_sentence
from saisei.report.sentences import percent

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / "src" / "saisei" / "evidence" / "posteriors" / PLACE
PAGE = ROOT / "docs" / "validation" / "two-models.md"
STUDIES = {"keio-2025": "Keio 2025", "shin-2015": "Shin 2015", "scistar-2022": "SCiStar 2022"}
Store = dict[str, Any]


def main() -> int:
    store = json.loads(STORE.read_text(encoding="utf-8"))
    text = "\n".join(page(store)).rstrip() + "\n"
    PAGE.write_text(text, encoding="utf-8")
    for study in STUDIES:
        figure = two_models({"motor": {"models": store["studies"][study]["models"]}})
        assert figure is not None
        (PAGE.parent / f"two-models-{study}.svg").write_bytes(figure.svg)
    print(f"made {PAGE.relative_to(ROOT)}")
    return 0


def page(store: Store) -> list[str]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()  # fmt: skip
    any_models = next(iter(STUDIES))
    models = store["studies"][any_models]["models"]
    lines = [
        "# Two models of natural recovery, side by side",
        "",
        f"Made by `python scripts/make_motor.py` on {datetime.now(UTC).date().isoformat()}, commit {commit or 'unknown'}; "
        f"generator {store['generator']}, natural-history rows {store['nature']}. Do not edit by hand. Research use only.",
        "",
        "| | landmark model | generator of virtual patients |",
        "|---|---|---|",
        "| what it is | hazards between AIS grades, left-truncated at the exam day | injury, recovery and exam of one person; the grade comes from grading the exam |",
        "| fitted to | every published table of grades, registry by registry | EMSCI scores, single muscles, motor levels, some tables of grades |",
        "| its interval holds | registries, papers, decay shape, sampling | its own values; one population, no registries |",
        "| era | a trend, flat after 2015 | a trend in the share of complete injuries, flat after 2015 here |",
        "| gives motor scores | no | yes |",
        "| [size checked](honest-size.md) | each registry left out in turn | [against virtual trials only](motor-honest-size.md) |",
        "",
        f"**Primary: {models['primary']}.** {models['why']}",
        "",
        "## Where they differ, and why",
        "",
        *differences(store),
        "",
    ]
    for study, name in STUDIES.items():
        lines += study_lines(name, study, store["studies"][study])
    return lines


def shares(models: dict[str, Any], kind: str, months: int) -> tuple[list[float], list[float]]:
    rows = [o for o in models["forecasts"] if o["kind"] == kind and o["months"] == months]
    found = {one["model"]: one["mean"] for one in rows}
    return found["landmark"], found["generator"]


def differences(store: Store) -> list[str]:
    """In words, each with its number from the store."""
    keio = store["studies"]["keio-2025"]["models"]
    one = keio["chances"][0]
    kind = keio["forecasts"][0]["kind"]
    first, second = shares(keio, kind, 12)
    width = [
        (row["model"], row["high"][0] - row["low"][0])
        for row in keio["forecasts"]
        if row["months"] == 12 and row["kind"] == kind
    ]
    spans = dict(width)
    lines = [
        "- **At Keio both the middle and the spread matter.** C or better at 12 months: "
        f"{percent(sum(first[2:]))} by the landmark model, {percent(sum(second[2:]))} by the generator. At these mean rates a result at least as "
        f"good has probability {percent(one['p_at_mean'][0])} and {percent(one['p_at_mean'][1])}. What each model does not know lifts the first to {percent(one['p'][0])} and the "
        f"second to {percent(one['p'][1])}: the 5% to 95% span of staying at AIS A is {100 * spans['landmark']:.0f} points wide in the "
        f"landmark model, which is asked about a registry not seen yet, and {100 * spans['generator']:.0f} in the generator, which has seen one population. A trial that "
        f"took the generator alone would {'call Keio beyond natural recovery at 5%; the honest answer is that it would be wrong to' if one['p'][1] <= 0.05 else 'not call Keio beyond natural recovery at 5% either'}.",
        f"- **Fewer stop at B.** Of those at AIS A, {percent(first[1])} (landmark) and {percent(second[1])} (generator) are B at 12 months. The "
        "landmark model learns B from tables in which anal sensation is often misread; the generator makes B by sparing of sensation, misreads S4-5 in the first weeks only (D86), and reads "
        "anal pressure with noise of its own.",
    ]
    shin = store["studies"]["shin-2015"]["models"]
    of_b = [row["kind"] for row in shin["forecasts"] if row["kind"].startswith("AIS B")]
    if of_b:
        first, second = shares(shin, of_b[0], 12)
        lines.append(
            f"- **From B they part.** AIS B in the neck reaches C or better in {percent(sum(first[2:]))} (landmark) and {percent(sum(second[2:]))} (generator) by "
            "12 months. Published tables of B disagree too (66% in Marino 2011, 50% in Kirshblum 2022; both are targets of the generator); "
            "the landmark model lets rows of B scatter and has a wide interval here."
        )
    moved = {(row["model"], row["setting"]): row["to_c"] for row in keio["moved"]}
    low, high = moved[("landmark", "lowest registry")], moved[("landmark", "highest registry")]
    lines.append(
        f"- **Registries differ more than models.** For the people of Keio C or better runs from {percent(low)} in the lowest registry to "
        f"{percent(high)} in the highest; the two models lie {100 * abs(moved[('landmark', 'as asked')] - moved[('generator', 'as asked')]):.1f} points apart."
    )
    lines.append(
        "- **They share data.** Both have seen SCIMS and EMSCI tables, so their agreement in the middle is no independent proof."
    )
    return lines


def study_lines(name: str, study: str, kept: dict[str, Any]) -> list[str]:
    models = kept["models"]
    lines = [f"## {name}", "", f"![{name}: grades by both models](two-models-{study}.svg)", ""]
    lines += [
        "| such people | months | model | A | B | C | D | E |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in models["forecasts"]:
        people = f" ({one['people']} people)" if one["people"] else ""
        cells = [
            f"{100 * m:.1f}% ({100 * low:.0f} to {100 * high:.0f})"
            for m, low, high in zip(one["mean"], one["low"], one["high"], strict=True)
        ]
        lines.append(
            f"| {one['kind']}{people} | {one['months']} | {one['model']} | "
            + " | ".join(cells)
            + " |"
        )
    lines += ["", "Mean (5% to 95% over draws).", ""]
    if models["chances"]:
        lines += [
            models_sentence(models), "",
            "| a result at least as good | seen | expected: landmark, generator | landmark | generator | at mean rates |",
            "|---|---|---|---|---|---|",
        ]  # fmt: skip
        lines += [chance_line(one) for one in models["chances"]]
        lines.append("")
    lines += [
        f"What moves them ({models['kind_moved']}, 12 months):",
        "",
        "| model | setting | any better | C or better |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one['model']} | {one['setting']} | {percent(one['any_better'])} | {percent(one['to_c'])} |"
        for one in models["moved"]
    ]
    lines += ["", *(f"- {note}" for note in models["notes"]), "", "### Motor outcomes", ""]
    motor = kept["motor"]
    if not motor["outcomes"]:
        return [*lines, motor["why_not"], ""]
    lines += [
        "| outcome | expected | (i) generator | (ii) averaged | (iii) highest |",
        "|---|---|---|---|---|",
    ]
    for one in motor["outcomes"]:
        test = one["test"]
        expected = (
            test["expected"] if test["unit"] == "people" else test["expected"] / test["people"]
        )
        lines.append(
            f"| {one['arm']}: {one['printed']} | {expected:.1f} | {percent(test['p_generator']['p'])} ± {100 * test['generator_error']:.2f} | "
            f"{percent(test['p_averaged']['p'])} ± {100 * test['averaged_error']:.2f} | {percent(test['p_least_favourable'])} |"
        )
    return [
        *lines,
        "",
        "± is the Monte Carlo error in points. Expected: points a person, or people.",
        "",
    ]


def chance_line(one: dict[str, Any]) -> str:
    seen = "" if one["seen"] is None else f"{one['seen']} of {one['n']}"
    hoped = "" if one["expected"] is None else f"{one['expected'][0]:.2f}, {one['expected'][1]:.2f}"
    cells = [
        f"{percent(one['p'][k])} ({percent(one['interval'][k][0])} to {percent(one['interval'][k][1])})"
        for k in (0, 1)
    ]
    mean = ", ".join(percent(p) for p in one["p_at_mean"])
    return f"| {one['outcome']} | {seen} | {hoped} | {cells[0]} | {cells[1]} | {mean} |"


if __name__ == "__main__":
    sys.exit(main())
