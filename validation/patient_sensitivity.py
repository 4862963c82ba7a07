"""Which values decide what a trial reads: Morris screening of the virtual patients with SALib.

    python validation/patient_sensitivity.py --paths 8  # docs/validation/patient-sensitivity.md and .svg

Every value that the fit moves is varied over two posterior sds to either side of the mode, one at a time
along random paths (Morris 1991). The endpoints are those of a trial in AIS A between C4 and T10, enrolled on
day 14 to 28 and followed to a year. The same virtual people are used throughout: no difference is chance.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.levels import Level
from saisei.patient.fit_seen import see
from saisei.patient.fit_space import knobs, model_at
from saisei.patient.posterior import load_posterior

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "validation" / "patient-sensitivity.md"
PICTURE = ROOT / "docs" / "validation" / "patient-sensitivity.svg"
START, END = (14, 28), (328, 402)
ENDPOINTS = (
    "gain of UEMS, neck (points)",
    "two motor levels or more, neck (% of sides)",
    "gain of LEMS (points)",
    "AIS C or better at a year (%)",
)
SHOWN = 10
Array = NDArray[np.float64]


def endpoints(z: Array, people: int) -> list[float]:
    """The four endpoints at a point of the fit."""
    seen = see(model_at(z), (START, END), people, 4)
    chosen = (seen.at("ais", START) == 0) & seen.between(START, Level.C4, Level.T10)
    neck = chosen & seen.between(START, Level.C4, Level.T1)
    levels = [
        (seen.at(f"{side}_motor_level", END) - seen.at(f"{side}_motor_level", START))[neck]
        for side in ("right", "left")
    ]
    return [
        float((seen.at("uems", END) - seen.at("uems", START))[neck].mean()),
        100 * float((np.concatenate(levels) >= 2).mean()),
        float((seen.at("lems", END) - seen.at("lems", START))[chosen].mean()),
        100 * float((seen.at("ais", END)[chosen] >= 2).mean()),
    ]


def screen(paths: int, people: int) -> tuple[list[str], list[Any], float]:
    """Names, the SALib result of each endpoint, and the posterior sd that one unit of a path stands for."""
    sample: Any = importlib.import_module("SALib.sample.morris")
    analyze: Any = importlib.import_module("SALib.analyze.morris")
    kept = load_posterior()
    sd = kept.draws.std(axis=0)
    names = [knob.label for knob in knobs()]
    problem = {"num_vars": len(names), "names": names, "bounds": [[-2.0, 2.0]] * len(names)}
    points = sample.sample(problem, paths, num_levels=4, seed=5)
    values = []
    for k, point in enumerate(points):
        values.append(endpoints(kept.mode + point * sd, people))
        print(f"\r{k + 1} of {len(points)}", end="", flush=True)
    found = np.array(values)
    results = [
        analyze.analyze(problem, points, found[:, e], num_levels=4, seed=5)
        for e in range(len(ENDPOINTS))
    ]
    return names, results, 4.0


def draw(names: list[str], results: list[Any]) -> None:
    """Bars of the mean absolute effect, the ten largest of each endpoint."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 8, "svg.hashsalt": "saisei", "font.family": "sans-serif"})
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 6.4), layout="constrained")
    for axis, result, title in zip(axes.flat, results, ENDPOINTS, strict=True):
        effect = np.asarray(result["mu_star"])
        error = np.asarray(result["mu_star_conf"])
        order = np.argsort(effect)[-SHOWN:]
        axis.barh(
            range(len(order)), effect[order], xerr=error[order], color="#2b6c8f", ecolor="#888888"
        )
        axis.set_yticks(range(len(order)), [names[k].removesuffix("[0]") for k in order])
        axis.set_title(title, fontsize=9, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("mean absolute effect over four posterior sds (bar: 95%)", fontsize=8)
    figure.savefig(PICTURE, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Screen, draw and write the page."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--paths", type=int, default=8)
    words.add_argument("--people", type=int, default=4000)
    given = words.parse_args()
    names, results, _ = screen(given.paths, given.people)
    draw(names, results)
    at_mode = endpoints(load_posterior().mode, 4 * given.people)
    lines = [
        "# Virtual patients: sensitivity",
        "",
        "*Made by `validation/patient_sensitivity.py` (Morris screening, SALib). Research use only.*",
        "",
        f"{len(names)} values, each over two posterior sds to either side of the mode; {given.paths} paths, "
        f"{given.people:,} virtual people at every point, the same ones. The endpoints are those of a trial "
        "in AIS A, C4 to T10, enrolled on day 14 to 28, read at a year.",
        "",
        "![The ten largest effects on each endpoint](patient-sensitivity.svg)",
        "",
        "An effect is the change of the endpoint when one value goes across its four posterior sds. A spread "
        "(sigma) as large as the effect says that the value acts with others or not in a straight line.",
    ]
    for title, result, mode in zip(ENDPOINTS, results, at_mode, strict=True):
        order = np.argsort(result["mu_star"])[::-1][:SHOWN]
        lines += [
            "",
            f"## {title}: {mode:.1f} at the mode",
            "",
            "| value | effect | 95% | sigma |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {names[k]} | {result['mu_star'][k]:.2f} | {result['mu_star_conf'][k]:.2f} | "
            f"{result['sigma'][k]:.2f} |"
            for k in order
        ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"\rwrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
