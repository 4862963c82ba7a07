"""Prior or data, of a trial like Keio's and of the same programme in rodents.

    python validation/therapy_explain.py         # ten minutes; writes docs/validation/prior-or-data.*
    python validation/therapy_explain.py page    # the page and its pictures again, from the stored numbers

The shares of variance and the ranks of measurements of `saisei therapy explain`, with its verdicts: did the
leading ranks hold when the points doubled, and are the intervals narrow enough to read?
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from saisei.patient.explain import Programme
from saisei.patient.explained import explained
from saisei.patient.plan import Eligibility, Plan, levels
from saisei.patient.therapy import Operation, Therapy
from saisei.report.explain_figures import information_figure, shares_figure

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "validation"
SEED, PEOPLE, POINTS, MOST, DRAWS = 20261128, 12, 512, 2048, 4096
PICTURES = (("people", "log_drive_gain"), ("people", "log_overgrowth"), ("rodents", "rodent_gain"))
SHOWN = 5

HEAD = """# Prior or data?

*Made by `python validation/therapy_explain.py`, commit {commit}, seed {seed}. **Hypothesis**: nearly all
of the graft is prior, not data. Never a prognosis, a dose or the release of a lot.*

A programme as Keio's (AIS A, C4 to T10, 2e6 cells on day 14 to 28, week 52): the mean of a fixed panel of
{people} people over every prior, the spike and what is hidden in the lot; and the same programme in rodents
that reject nothing. Sobol shares with 95% intervals; {points} base points, doubled until the leading ranks
held, at most {most}. *Alone* is the first-order share, *with others* the total one; totals overlap and do
not add to 100%. Measurements: the expected share of the prior variance that goes once they are known, with
errors that are assumed; nobody plans them.

{words}

"""


def _share(x: float, half: float) -> str:
    return f"{100 * x:.0f}% ±{100 * half:.0f}"


def _output(name: str, one: dict[str, Any]) -> list[str]:
    held = (
        "**held**" if one["stable"] else "**DID NOT HOLD**: the order of the first is not settled"
    )
    lines = [
        f"### `{name}`: {one['words']}",
        "",
        f"Mean {one['mean']:.3g}, sd {one['sd']:.3g}. Leading ranks {held} at {one['points']} points. "
        "Behind it: "
        + ", ".join(
            f"{row['basis']} {_share(row['total'], row['total_half'])}" for row in one["by_basis"]
        )
        + ".",
        "",
        "| source | basis | alone | with others | | measurement | takes away |",
        "|---|---|---|---|---|---|---|",
    ]
    for group, told in zip(one["groups"][:SHOWN], one["information"][:SHOWN], strict=False):
        source = group["words"] if group["basis"] == "spike" else f"`{group['group']}`"
        lines.append(
            f"| {source} | {group['basis']} | {_share(group['first'], group['first_half'])} | "
            f"{_share(group['total'], group['total_half'])} | | {told['words']} | "
            f"{_share(told['reduction'], told['half'])} |"
        )
    return [*lines, ""]


def _words(document: dict[str, Any]) -> str:
    """What the shares say, from the numbers."""
    people, rodents = document["people"]["outputs"], document["rodents"]["outputs"]
    drive, clone = people["log_drive_gain"], people["log_overgrowth"]
    spike = next(one for one in drive["groups"] if one["basis"] == "spike")
    first, trial = drive["information"][0], next(
        one for one in people["motor_order"]["information"] if one["measurement"] == "trial"
    )  # fmt: skip
    rat = next(one for one in drive["information"] if one["measurement"] == "rodent score")
    tumours = next(one for one in clone["information"] if one["measurement"] == "rodent tumours")
    leader = rodents["rodent_gain"]["groups"][0]
    share = document["people"]["one_person"]["share_within"]
    outputs = [*people.values(), *rodents.values()]
    unsettled = sum(not one["stable"] for one in outputs)
    asked = first["words"].partition(": ")[2]
    return (
        f"In people the question whether the programme does anything at all makes "
        f"{_share(spike['total'], spike['total_half'])} of the variance of the gain of spared drive; what "
        f"would narrow it most is {asked} ({100 * first['reduction']:.0f}%), while this lot in rats tells "
        f"{100 * rat['reduction']:.0f}%. A trial of fifty an arm would tell "
        f"{100 * trial['reduction']:.0f}% about the motor gain, because the gain that priors allow is far "
        f"smaller than what such a trial can see. The chance of an overgrowth is one hidden number of the "
        f"line, and thirty animals kept long tell {100 * tumours['reduction']:.0f}% of it. In rodents the "
        f"largest source of the score is `{leader['group']}` "
        f"({_share(leader['total'], leader['total_half'])}). Of the variance of one person's gain "
        f"{100 * share:.0f}% lies between people and their luck. The order of the leading sources was not "
        f"settled for {unsettled} of {len(outputs)} outputs."
    )


def _run() -> dict[str, Any]:
    """Both species, with the commit that made them."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    who = Eligibility("A", levels("C4-T10"), (14, 28), (18, 75))
    plan = Plan(who, (52.0,), PEOPLE, SEED)
    programme = Programme(Therapy(plan, Operation(2e6, (14, 28), 180.0)))
    document: dict[str, Any] = {"commit": commit, "most": MOST}
    for species in ("people", "rodents"):
        document[species] = explained(programme, species, POINTS, MOST, DRAWS, SEED)
        print(species, "done", flush=True)
    return document


def _page(document: dict[str, Any]) -> str:
    """The page; its pictures are written beside it."""
    lines: list[str] = []
    for species in ("people", "rodents"):
        lines += [f"## {species.capitalize()}", ""]
        for name, one in document[species]["outputs"].items():
            lines += _output(name, one)
            if (species, name) not in PICTURES:
                continue
            stem = name.replace("_", "-")
            for figure in (
                shares_figure(f"shares-{stem}", one, species),
                information_figure(
                    f"information-{stem}", one["information"], one["words"], species
                ),
            ):
                (FOLDER / f"prior-or-data-{figure.name}.svg").write_bytes(figure.svg)
                lines += [f"![{figure.alt}](prior-or-data-{figure.name}.svg)", ""]
    head = HEAD.format(
        commit=document["commit"],
        seed=SEED,
        people=PEOPLE,
        points=POINTS,
        most=document["most"],
        words=textwrap.fill(f"**In words.** {_words(document)}", 110),
    )
    return head + "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Run both species, or take the stored numbers, and write the page."""
    stored = FOLDER / "prior-or-data.json"
    if sys.argv[1:] == ["page"]:
        document = json.loads(stored.read_text(encoding="utf-8"))
    else:
        document = _run()
        content = json.dumps(document, indent=1, ensure_ascii=False, default=float)
        stored.write_text(content + "\n", encoding="utf-8")
    (FOLDER / "prior-or-data.md").write_text(_page(document), encoding="utf-8")


if __name__ == "__main__":
    main()
