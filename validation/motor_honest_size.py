# ruff: noqa: E501 - lines of the page are kept whole
"""Honest size with trials drawn from the generator: does a trial without effect get called beyond nature?

    python validation/motor_honest_size.py run      # figures, page, plot (minutes)
    python validation/motor_honest_size.py page     # the page anew from the stored figures

Trials of n = 4, 10, 30 and 60 people at AIS A without treatment come from the generator of virtual
patients, from a seed and from people that no test has seen. Two tests judge them: the shift test of the landmark model on
their grades, and the motor tests on their UEMS, LEMS and motor levels. People of a trial know only its
eligibility, so they are alike: every multiset of grades is enumerated and every sum of gains convolved; no
trial is simulated. What remains is the Monte Carlo error of the finite number of virtual people, by
redrawing them in blocks.

The truth is varied, because a generator that judges its own people proves little: draws of its posterior,
the conversion rates of each registry, and (for motor levels) the published table of Marino 2011.

Right: each share is at or below 5% within its Monte Carlo error. A failure stays on the page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))
from shift_honest_size import critical, rejected

from saisei.chance import Discrete, convolve
from saisei.evidence.generator_digest import generator_digest
from saisei.evidence.motor import MOTOR_MAIN, claim_readings
from saisei.evidence.motor_kinds import Kind, kind_of, subject_of
from saisei.evidence.motor_law import GainLaws, law_of_gains, sum_tails
from saisei.evidence.motor_people import (
    Measure,
    Source,
    VirtualPeople,
    Wanted,
    gains,
    sources,
    virtual_people,
)
from saisei.evidence.shift import lattice_scores, mean_rates, representative
from saisei.evidence.shift_model import LandmarkModel, model_for_groups
from saisei.evidence.shift_scenarios import MAIN, Scenario, claim_scenarios
from saisei.exam.isncsci.levels import Level
from saisei.params import digest as parameters_digest
from saisei.params import parameter, value

F64 = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation" / "motor-honest-size.md"
RESULT = PAGE.with_suffix(".json")
PLOT = PAGE.with_suffix(".svg")
SIZES = (4, 10, 30, 60)
SEED = 4_000_001  # of the truth; the tests' own people have evidence.motor_seed
PEOPLE = 24_000
BLOCKS = 10
SHIFT_DRAWS = 300
TRUE_DRAWS = 18  # none of them is among the 24 that the claims average
GROUPS = {
    "tetraplegia, C4 to C8": (Level.C4, Level.C8),
    "C3 to T10": (Level.C3, Level.T10),
}
WINDOW, FOLLOW = (14, 28), 365
MOTOR = {
    "UEMS, sum of gains": (Measure.UEMS, None),
    "LEMS, sum of gains": (Measure.LEMS, None),
    "better side, 1 level or more": (Measure.BETTER_SIDE, 1),
    "better side, 2 levels or more": (Measure.BETTER_SIDE, 2),
}
Test = tuple[str, str]


# ---- critical values ----------------------------------------------------------------------------------


def motor_laws(
    kind: Kind, measure: Measure, levels: int | None, reading: Scenario | None
) -> GainLaws:
    laws = kind.laws(measure, reading)
    if levels is None:
        return laws
    chance = laws.at_least(levels)
    return GainLaws(0, np.stack([1.0 - chance, chance], axis=1))


def motor_critical(laws: GainLaws, n: int, level: float) -> int:
    """Smallest sum whose averaged upper tail is at most the level, by bisection (the tail falls)."""
    low = n * laws.first
    high = n * (laws.first + laws.probs.shape[1] - 1) + 1
    some = GainLaws(laws.first, laws.probs[:: max(1, len(laws.probs) // 60)])
    while low < high:
        middle = (low + high) // 2
        if float(sum_tails([some] * n, middle).mean()) <= level:
            high = middle
        else:
            low = middle + 1
    return low


def motor_bounds(kind: Kind, level: float) -> dict[Test, dict[int, dict[str, int]]]:
    """Critical value of each motor test, number of people and reading."""
    found: dict[Test, dict[int, dict[str, int]]] = {}
    readings: dict[str, tuple[Scenario | None, ...]] = {
        "i": (None,), "ii": (MOTOR_MAIN,), "iii": claim_readings(),
    }  # fmt: skip
    for name, (measure, levels) in MOTOR.items():
        found[("motor", name)] = {}
        for n in SIZES:
            bounds = {
                key: max(
                    motor_critical(motor_laws(kind, measure, levels, one), n, level) for one in some
                )
                for key, some in readings.items()
            }
            bounds["iii"] = max(bounds["iii"], bounds["ii"])
            found[("motor", name)][n] = bounds
    return found


def shift_bounds(
    landmark: LandmarkModel, wanted: Wanted, level: float
) -> tuple[NDArray[np.int64], dict[int, dict[str, float]]]:
    """Scores of the grades, and the critical total of the shift test by number of people and reading."""
    one = subject_of(wanted, "A", value("evidence.landmark_unknown_year"))
    rates = [landmark.rates([one], s).by_baseline[0] for s in (MAIN, *claim_scenarios())]
    scores = lattice_scores(mean_rates(rates[0]))
    kept = [draws[representative(draws, scores, SHIFT_DRAWS // 5)][:, 0] for draws in rates]
    mean = mean_rates(rates[0])
    found = {}
    for n in SIZES:
        totals = [grade_critical(n, scores[0], law, level) for law in kept]
        best = grade_critical(n, scores[0], mean, level)
        found[n] = {"i": best, "ii": totals[0], "iii": max(totals)}
    return scores[0], found


def grade_law(scores: NDArray[np.int64], rates: F64) -> GainLaws:
    """Law of one person's score for each set of rates (draws, 5)."""
    first = int(scores.min())
    probs = np.zeros((len(rates), int(scores.max()) - first + 1))
    for grade, score in enumerate(scores):
        probs[:, score - first] += rates[:, grade]
    return GainLaws(first, probs)


def grade_critical(n: int, scores: NDArray[np.int64], rates: F64, level: float) -> float:
    if (
        n <= 10
    ):  # every multiset of grades, by the code of the other page: a check of the convolution
        return critical(n, scores, rates, level)
    return float(motor_critical(grade_law(scores, rates), n, level))


# ---- truths -------------------------------------------------------------------------------------------


def truth_people(wanted: Wanted, source: Source, seed: int, people: int) -> VirtualPeople:
    return virtual_people(wanted, source, people, seed)


def weights_to(people: VirtualPeople, rates: F64) -> F64:
    """Weights under which the grades at follow-up are as frequent as `rates` (5) say."""
    after = people.grade[:, 1]
    share = np.bincount(after, minlength=5)[:5] / len(after)
    used = rates.copy()
    for grade in (4, 3, 2):  # a grade that no virtual person reaches joins the next lower one
        if share[grade] == 0.0:
            used[grade - 1] += used[grade]
            used[grade] = 0.0
    ratio = np.where(share > 0.0, used / np.maximum(share, 1e-12), 0.0)
    return np.asarray(ratio[after])


def rejections(
    people: VirtualPeople, weight: F64, bounds: Bounds, scores: NDArray[np.int64], keep: NDArray[np.bool_]
) -> dict[str, float]:  # fmt: skip
    """Share of trials called beyond natural recovery, by test, number of people and reading."""
    motor, shift = bounds
    found = {}
    after = people.grade[keep, 1]
    law = np.bincount(after, weights=weight[keep], minlength=5)[:5]
    law = law / law.sum()
    for n, totals in shift.items():
        power = convolved(grade_law(scores, law[None]), n)
        for key, total in totals.items():
            if n <= 10:
                p = rejected(n, scores, law, total)
            else:
                p = power.at_least(round(total)) if np.isfinite(total) else 0.0
            found[f"shift|all grades|{n}|{key}"] = p
    for (_, name), by_n in motor.items():
        measure, levels = MOTOR[name]
        seen = gains(people, measure)[keep]
        counted = seen if levels is None else (seen >= levels).astype(np.int64)
        one = law_of_gains(counted, weight[keep][None])
        for n, totals_n in by_n.items():
            total_law = convolved(one, n)
            for key, total in totals_n.items():
                found[f"motor|{name}|{n}|{key}"] = total_law.at_least(total)
    return found


Bounds = tuple[dict[Test, dict[int, dict[str, int]]], dict[int, dict[str, float]]]


def convolved(law: GainLaws, n: int) -> Discrete:
    """The law of the sum of n people alike, by squaring."""
    found: Discrete | None = None
    base = Discrete(law.first, law.probs[0])
    while n:
        if n & 1:
            found = base if found is None else convolve([found, base])
        n >>= 1
        if n:
            base = convolve([base, base])
    assert found is not None
    return found


def with_error(
    people: VirtualPeople, weight: F64, bounds: Bounds, scores: NDArray[np.int64]
) -> dict[str, list[float]]:
    """Each share with its Monte Carlo error by leaving blocks of virtual people out."""
    everyone = rejections(people, weight, bounds, scores, np.ones(len(people), dtype=bool))
    blocks = np.arange(len(people)) % BLOCKS
    left = [rejections(people, weight, bounds, scores, blocks != b) for b in range(BLOCKS)]
    found = {}
    for key, share in everyone.items():
        parts = np.array([one[key] for one in left])
        error = float(np.sqrt((BLOCKS - 1) / BLOCKS * ((parts - parts.mean()) ** 2).sum()))
        found[key] = [share, error]
    return found


# ---- the run ------------------------------------------------------------------------------------------


def run() -> dict[str, Any]:
    level = value("evidence.shift_level")
    landmark = model_for_groups()
    assert isinstance(landmark, LandmarkModel)
    found: dict[str, Any] = {}
    for group, levels in GROUPS.items():
        wanted = Wanted("A", levels, WINDOW, FOLLOW)
        kind = kind_of(wanted)
        scores, shift = shift_bounds(landmark, wanted, level)
        bounds = (motor_bounds(kind, level), shift)
        print(f"{group}: critical values", file=sys.stderr)
        found[group] = {}
        for truth, people, weight in truths(wanted, landmark):
            found[group][truth] = with_error(people, weight, bounds, scores)
            print(f"{group}: {truth}", file=sys.stderr)
        if levels[1] <= Level.T1:
            found[group]["Marino 2011, motor levels"] = published(bounds[0])
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "parameters": parameters_digest(),
        "generator": generator_digest(),
        "nature": landmark.digest,
        "level": level,
        "people": PEOPLE,
        "groups": found,
    }


def truths(wanted: Wanted, landmark: LandmarkModel) -> Any:
    """Name, people and weights of each truth."""
    mode, *draws = sources(None, TRUE_DRAWS)
    people = truth_people(wanted, mode, SEED, PEOPLE)
    yield "generator, its mode", people, np.ones(len(people))
    for number, source in enumerate(draws, 1):
        some = truth_people(wanted, source, SEED, PEOPLE // 4)
        yield f"generator, draw {number} of its posterior", some, np.ones(len(some))
    one = subject_of(wanted, "A", value("evidence.landmark_unknown_year"))
    for name in landmark.registries:
        rates = landmark.rates([one], Scenario("", registry=name)).by_baseline[0][:, 0].mean(axis=0)
        yield f"conversion as in {name}", people, weights_to(people, rates)


def published(motor: dict[Test, dict[int, dict[str, int]]]) -> dict[str, list[float]]:
    """Shares called beyond nature if people gained motor levels as Marino 2011 prints."""
    shares = parameter("evidence.motor_levels_published").value
    assert isinstance(shares, tuple)
    found = {}
    for (_, name), by_n in motor.items():
        levels = MOTOR[name][1]
        if levels is None:
            continue
        rate = float(sum(shares[levels:]))
        one = GainLaws(0, np.array([[1.0 - rate, rate]]))
        for n, totals in by_n.items():
            for key, total in totals.items():
                found[f"motor|{name}|{n}|{key}"] = [convolved(one, n).at_least(total), 0.0]
    return found


def commit() -> str:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    return said.stdout.strip() or "unknown"


# ---- the page -----------------------------------------------------------------------------------------


def own(truth: str) -> bool:
    return truth.startswith("generator")


Cell = tuple[float, float, str]
Join = Callable[[dict[str, Any], str, int, str, Sequence[str]], Cell]


def worst(group: dict[str, Any], test: str, n: int, reading: str, names: Sequence[str]) -> Cell:
    """Largest share over truths, its error and its truth."""
    key = f"{test}|{n}|{reading}"
    return max((*group[name][key], name) for name in names if key in group[name])


def mean(group: dict[str, Any], test: str, n: int, reading: str, names: Sequence[str]) -> Cell:
    """Mean share over truths, with the Monte Carlo error of the mean."""
    key = f"{test}|{n}|{reading}"
    shares, errors = np.array([group[name][key] for name in names if key in group[name]]).T
    return (
        float(shares.mean()),
        float(np.sqrt((errors**2).sum()) / len(shares)),
        f"{len(shares)} truths",
    )


ARMS = ("ProCord controls", "Shin (Korea)")  # untreated trial arms among the registries

# reading, which truths, how they are joined, in words
ASKED: tuple[tuple[str, str, Join, str], ...] = (
    ("i", "mode", worst, "the generator's mode"),
    ("ii", "draws", mean, "the mean of the generator's draws"),
    ("ii", "proper", mean, "the mean of the registries' conversion, untreated trial arms apart"),
    ("ii", "registries", mean, "the mean of the registries' conversion"),
    ("ii", "draws", worst, "every draw of the generator"),
    ("iii", "registries", worst, "every registry's conversion"),
)


def verdicts(found: dict[str, Any]) -> list[tuple[bool, str]]:
    level, said = found["level"], []
    tests = ["shift|all grades", *(f"motor|{name}" for name in MOTOR)]
    for group, truths_of in found["groups"].items():
        names = list(truths_of)
        sets = {
            "mode": names[:1],
            "draws": [n for n in names if "draw" in n],
            "registries": [n for n in names if n.startswith("conversion")],
        }
        sets["proper"] = [n for n in sets["registries"] if not n.endswith(ARMS)]
        for test in tests:
            label = f"{group}: {test.replace('|', ' test, ')}"
            for reading, which, join, words in ASKED:
                cells = [join(truths_of, test, n, reading, sets[which]) for n in SIZES]
                share, error, truth = max(cells)
                n = SIZES[cells.index((share, error, truth))]
                where = f"n = {n}" + ("" if join is mean or which == "mode" else f", {truth}")
                told = f"at most {share:.1%} ± {error:.1%} over {words} ({where})"
                said.append((share <= level + 2.0 * error, f"{label}, ({reading}): {told}"))
    return said


def write_page(found: dict[str, Any]) -> list[tuple[bool, str]]:
    said = verdicts(found)
    lines = [
        "# Honest size of the shift test and of the motor tests, on virtual trials", "",
        f"Made by `python validation/motor_honest_size.py run` on {found['date']}, commit {found['commit']}, parameters "
        f"{found['parameters']}, generator {found['generator']}, natural-history rows {found['nature']}. Do not edit by hand.", "",
        "Trials of 4, 10, 30 and 60 people at AIS A **without treatment** (exam on day 14 to 28, follow-up on day 365)",
        "are drawn from the generator of virtual patients, with people that no test has seen. The figure is the share that a",
        f"test, at one-sided {found['level']:.0%}, calls beyond natural recovery. An honest test stays at or below {found['level']:.0%}.", "",
        "People of a trial are alike but for their eligibility, so every share is an exact sum; ± is the Monte Carlo error of the",
        f"{found['people']:,} virtual people behind a truth (jackknife). A line holds when its share is at most the level plus two errors.", "",
        "What this page can show: that the tests are built right, and what happens when the truth converts otherwise. What it cannot:",
        "that the generator is right. A generator that judges its own people proves little, so the truth is varied. Registries are not",
        "left out of the landmark fit here; [the page on grades](honest-size.md) does that.", "",
        "What is promised, as for the shift test: (i) has its size when the rates are known; (ii) holds on average over what it",
        "averages, draws of the generator and registries; (iii) in every registry. A first version of this page asked (ii) of every draw of the",
        "generator alone, which no averaged p value promises. Those lines are kept, with those that fail. With eight draws of the generator behind (ii)",
        "16 of 30 lines about means and 5 of 10 about (iii) failed on the final values, the worst mean at 19%; (ii) and (iii) have averaged 24 draws since,",
        "changed after that was seen. With the generator fitted anew (D86 to D90) 31 of 40 promised lines held over six true draws, of which one decided the mean; there are",
        f"{TRUE_DRAWS} now, none of them among the 24.", "",
        "## Verdict", "",
    ]  # fmt: skip
    lines += [f"- **{'holds' if right else 'FAILS'}** · {words}." for right, words in said]
    lines += ["", in_words(found, said), "", "![Size by truth](motor-honest-size.svg)", ""]
    for group, truths_of in found["groups"].items():
        for reading in ("i", "ii", "iii"):
            lines += [f"## {group}, ({reading})", ""]
            tests = ["shift|all grades", *(f"motor|{name}" for name in MOTOR)]
            heads = [f"{t.split('|')[1]}, n = {n}" for t in tests for n in SIZES]
            lines += ["| truth | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
            for truth, cells in truths_of.items():
                shown = [
                    f"{100 * cells[k][0]:.1f}%" if (k := f"{t}|{n}|{reading}") in cells else ""
                    for t in tests for n in SIZES
                ]  # fmt: skip
                lines.append(f"| {truth} | " + " | ".join(shown) + " |")
            lines.append("")
    PAGE.write_text("\n".join(lines).rstrip() + "\n")
    draw(found)
    return said


def in_words(found: dict[str, Any], said: Sequence[tuple[bool, str]]) -> str:
    strict = [(right, words) for right, words in said if "every draw" in words]
    most = max(float(words.split("at most ")[1].split("%")[0]) for _, words in strict)
    failing = sum(not right for right, _ in strict)
    group = next(iter(found["groups"].values()))
    names = list(group)
    registries = [n for n in names if n.startswith("conversion")]
    lems = worst(group, "motor|LEMS, sum of gains", 60, "i", registries)
    lems2 = worst(group, "motor|LEMS, sum of gains", 60, "ii", registries)
    published_words = ""
    if "Marino 2011, motor levels" in group:
        two = group["Marino 2011, motor levels"]["motor|better side, 2 levels or more|60|ii"][0]
        published_words = (
            f" If people gained motor levels as Marino 2011 prints (examined in the first week, so before this window), "
            f"60 of them would be called beyond nature at two levels in {two:.0%} of trials by (ii)."
        )
    motor = [right for right, words in said if "motor test" in words and "every draw" not in words]
    shift = [right for right, words in said if "shift test" in words]
    small, large = (most_promised(found, sizes) for sizes in ((4, 10), (30, 60)))
    first = [right for right, words in said if "motor test" in words and "(i):" in words]
    return (
        f"**In words.** The shift test on grades {'holds in all' if all(shift) else 'fails in some of'} its {len(shift)} lines: its null spreads over registries, and the "
        f"generator is one population near their middle. The motor tests {'hold' if all(motor) else '**fail**'}: {sum(motor)} of {len(motor)} promised lines hold. Their arithmetic is right: where the "
        f"generator's mode is the truth and its rates are taken as known, (i), {sum(first)} of {len(first)} lines hold. What fails is what they do not know. The values of the generator are shared by a "
        f"trial as a registry is, and differ between its own posterior draws by more than a trial of 60 forgives: the largest promised share is {small:.0%} at n of 4 and 10, and "
        f"{large:.0%} at 30 and 60. Of the {len(strict)} lines that ask (ii) of every draw, {failing} fail, up to {most:.0f}%. Where conversion is that of another registry, (i) on LEMS calls "
        f"up to {lems[0]:.0%} of trials of 60 beyond nature ({lems[2]}), (ii) up to {lems2[0]:.0%}. So a motor outcome called beyond natural recovery here is a question for a controlled trial, not an "
        f"answer; the more people, the less the level protects.{published_words}"
    )


def most_promised(found: dict[str, Any], sizes: Sequence[int]) -> float:
    """Largest share of a promised motor line at these numbers of people."""
    shares = []
    for truths_of in found["groups"].values():
        names = list(truths_of)
        draws = [n for n in names if "draw" in n]
        registries = [n for n in names if n.startswith("conversion")]
        for name in MOTOR:
            for n in sizes:
                test = f"motor|{name}"
                shares += [
                    mean(truths_of, test, n, "ii", draws)[0],
                    mean(truths_of, test, n, "ii", registries)[0],
                ]
                shares.append(worst(truths_of, test, n, "iii", registries)[0])
    return max(shares)


def draw(found: dict[str, Any]) -> None:
    from saisei.report.figures import COLOURS, panel

    group = next(iter(found["groups"].values()))
    tests = ["shift|all grades", *(f"motor|{name}" for name in MOTOR)]
    with panel(5.2) as (canvas, axes):
        for k, test in enumerate(tests):
            for reading, colour, shift in (
                ("i", "muted", -0.22),
                ("ii", "blue", 0.0),
                ("iii", "green", 0.22),
            ):
                for truth, cells in group.items():
                    key = f"{test}|60|{reading}"
                    if key not in cells:
                        continue
                    mark = "o" if own(truth) else ("s" if truth.startswith("Marino") else "x")
                    axes.plot(100 * cells[key][0], len(tests) - 1 - k - shift, mark, color=COLOURS[colour], ms=4.5,
                              mfc="none", mew=1.1)  # fmt: skip
        axes.axvline(100 * found["level"], color=COLOURS["orange"], lw=1.2, dashes=(4, 3))
        axes.set_xscale("symlog", linthresh=5)
        axes.set_xlim(-0.3, 105)
        axes.set_xticks(
            [0, 1, 2, 3, 4, 5, 10, 20, 50, 100],
            ["0%", "1%", "2%", "3%", "4%", "5%", "10%", "20%", "50%", "100%"],
        )
        axes.minorticks_off()
        axes.set_yticks(range(len(tests)), [t.split("|")[1] for t in tests][::-1])
        axes.set_xlabel("trials of 60 without effect called beyond nature; tetraplegia, C4 to C8")
        for reading, colour, words in (("i", "muted", "as if rates were known"), ("ii", "blue", "averaged over registries"),
                                       ("iii", "green", "where recovery is highest")):  # fmt: skip
            axes.plot([], [], "-", color=COLOURS[colour], label=f"({reading}) {words}")
        for mark, words in (
            ("o", "truth: generator"),
            ("x", "truth: a registry's conversion"),
            ("s", "truth: Marino 2011"),
        ):
            axes.plot([], [], mark, color=COLOURS["ink"], mfc="none", label=words)
        axes.legend(loc="upper center", bbox_to_anchor=(0.36, -0.16), fontsize=8.5, ncols=2)
        canvas.tight_layout()
        canvas.savefig(PLOT, metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("run", "page"))
    if parser.parse_args().what == "run":
        RESULT.write_text(json.dumps(run(), indent=1) + "\n")
    said = write_page(json.loads(RESULT.read_text()))
    for right, words in said:
        print("right" if right else "WRONG", words)
    return 0 if all(right for right, _ in said) else 1


if __name__ == "__main__":
    sys.exit(main())
