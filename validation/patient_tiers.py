"""Fit the statistical benchmark (tier 0), and set both tiers side by side on the same targets.

    python validation/patient_tiers.py fit --people 3000 --iterations 8   # minutes on one idle core
    python validation/patient_tiers.py page                               # docs/stages/patient-tiers.md

The fit is damped least squares (Levenberg-Marquardt) on simulated moments with common random numbers and
the targets of `patient_targets.py`: the same table that tier 1 was fitted to. No person-level data exist
here, so this is not the regression that a registry would run. It gives a point, no posterior, and
rewrites the `value` lines of `params/patient_transitional.toml`. The first exam of a person comes from
tier 1, so the benchmark is to be fitted anew when tier 1 is.
"""

from __future__ import annotations

import argparse
import re
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from patient_targets import DAYS, Row, people, targets

from saisei.exam.isncsci.batch import classify_table
from saisei.params import load
from saisei.patient.cohort import Model
from saisei.patient.transitional import Transitional, first_states, transitional_values
from saisei.patient.transitional_kernel import GRID, TRANSITIONAL, follow

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "stages" / "patient-tiers.md"
VALUES = ROOT / "src" / "saisei" / "params" / "patient_transitional.toml"
SOFT, RIDGE, STEP = 3.0, 0.15, 0.25
DAMPINGS, LONGEST = (0.02, 0.15, 1.0, 8.0), (1.0, 0.4)
POSITIVE = {"tier0_motor_pace", "tier0_sense_pace", "tier0_convert_pace", "tier0_motor_spread",
            "tier0_sense_spread"}  # fmt: skip
SHARES = {"tier0_contraction"}
HELD = {("tier0_motor_pace", 0), ("tier0_sense_pace", 0), ("tier0_convert_pace", 0)}
SDS = {"tier0_motor_gain": 0.25, "tier0_long_gain": 0.5, "tier0_sense_gain": 0.2,
       "tier0_to_sensory": 0.7, "tier0_to_motor": 0.7, "tier0_b_to_motor": 0.7}  # fmt: skip


class _Fixed:
    """People whose first exams are made once: a `Generator` for `patient_targets.people`."""

    def __init__(self, n: int, seed: int) -> None:
        model, persons = Transitional.packaged(), np.arange(n)
        when = np.full((n, 1), GRID[0])
        self.first = model.start.examine(seed, persons, np.zeros_like(persons), when)[0][:, 0]
        graded = classify_table(self.first)
        self.start = first_states(graded)
        self.values = model.values

    def examine(self, seed, persons, attempts, days):  # type: ignore[no-untyped-def]
        """Codes as `Transitional.examine` gives them."""
        codes = np.empty((*days.shape, 136), dtype=np.int8)
        follow(
            self.values, seed, persons, attempts, days,
            self.first[persons], self.start[persons], codes,
        )  # fmt: skip
        return codes, None


def kinds() -> list[tuple[str, int, str, float]]:
    """Every free number: name, place, how it moves, its prior sd on that scale."""
    found = []
    for name, length in TRANSITIONAL:
        for place in range(length):
            last_pace = (
                name.endswith("pace") and place == length - 1
            )  # nothing is published after a year
            if (name, place) in HELD or last_pace:
                continue
            how = "log" if name in POSITIVE else "logit" if name in SHARES else "add"
            found.append((name, place, how, SDS.get(name, 0.5)))
    return found


def moved(base: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, each free number `z` prior sds away."""
    new, at = base.copy(), {}
    total = 0
    for name, length in TRANSITIONAL:
        at[name] = total
        total += length
    for (name, place, how, sd), step in zip(kinds(), z, strict=True):
        k = at[name] + place
        if how == "add":
            new[k] += step * sd
        elif how == "log":
            new[k] *= np.exp(step * sd)
        else:
            new[k] = 1 / (1 + np.exp(-(np.log(base[k] / (1 - base[k])) + step * sd)))
    return new


def misfits(fixed: _Fixed, values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Misfits in units of their scales, cut at 30."""
    fixed.values = values
    rows = targets(people(fixed, len(fixed.first), seed))  # type: ignore[arg-type]
    return np.clip(np.array([row.misfit for row in rows]), -30.0, 30.0)


def cost(r: NDArray[np.float64], z: NDArray[np.float64]) -> float:
    """Soft-L1 misfit plus the weak prior."""
    return float(2 * SOFT**2 * np.sum(np.sqrt(1 + (r / SOFT) ** 2) - 1) + RIDGE * np.sum(z**2))


def fit(n: int, iterations: int, seed: int = 1) -> NDArray[np.float64]:
    """Damped least squares from the packaged values; prints the cost."""
    fixed, base = _Fixed(n, seed), transitional_values()
    z = np.zeros(len(kinds()))
    r = misfits(fixed, base, seed)
    best = cost(r, z)
    print(f"{len(z)} numbers, {len(r)} targets, start {best:.1f}", flush=True)
    for iteration in range(iterations):
        columns = []
        for k in range(len(z)):
            step = np.zeros(len(z))
            step[k] = STEP
            ahead = misfits(fixed, moved(base, z + step), seed)
            back = misfits(fixed, moved(base, z - step), seed)
            columns.append((ahead - back) / (2 * STEP))
        slopes = np.array(columns).T
        weighted = slopes * (1 / np.sqrt(1 + (r / SOFT) ** 2))[:, None]
        normal = weighted.T @ slopes + RIDGE * np.eye(len(z))
        downhill = -(weighted.T @ r + RIDGE * z)
        before, origin = best, z
        for damping, longest in product(DAMPINGS, LONGEST):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), downhill)
            trial = origin + np.clip(step, -longest, longest)
            found = misfits(fixed, moved(base, trial), seed)
            if cost(found, trial) < best:
                z, r, best = trial, found, cost(found, trial)
        print(f"step {iteration}: {best:.1f}", flush=True)
        write_values(moved(base, z))
        if best > before - 0.5:
            break
    return moved(base, z)


def write_values(values: NDArray[np.float64]) -> None:
    """Put the values into the `value` lines of the parameter file."""
    text, at = VALUES.read_text(encoding="utf-8"), 0
    for name, length in TRANSITIONAL:
        numbers = ", ".join(f"{x:.5g}" for x in values[at : at + length])
        at += length
        head = re.escape(f'["patient.{name}"]')
        text = re.sub(rf"({head}\n(?:.+\n)*?value = ).+", rf"\g<1>[{numbers}]", text)
    VALUES.write_text(text, encoding="utf-8")


# ---- The page --------------------------------------------------------------------------------------


def group_of(row: Row) -> str:
    """Which part of the table a target belongs to."""
    if row.source == "EMSCI" and "share of" in row.name:
        return "AIS shares at a first exam (both tiers alike at the start)"
    if row.source == "EMSCI":
        group, rest = row.name.rsplit(" week ", 1)
        plegia, _, measure = group.split(" ")
        what = "means" if rest.endswith("mean") else "SDs"
        return f"EMSCI {plegia}, {'motor' if measure in ('uems', 'lems') else 'sensory'} {what}"
    return row.source


def page(n: int, seed: int) -> str:
    """Both tiers on every target."""
    zero = targets(people(Transitional.packaged(), n, seed))  # type: ignore[arg-type]
    one = targets(people(Model.packaged(), n, seed))
    pairs = list(zip(zero, one, strict=True))
    groups: dict[str, list[tuple[Row, Row]]] = {}
    for pair in pairs:
        groups.setdefault(group_of(pair[0]), []).append(pair)
    wins = [abs(a.misfit) - abs(b.misfit) for a, b in pairs]
    better0, better1 = sum(w < -0.25 for w in wins), sum(w > 0.25 for w in wins)
    lines = [
        "# Virtual patients: the two tiers side by side",
        "",
        "*Made by `validation/patient_tiers.py page`. Research use only.*",
        "",
        "Tier 0 is a transitional ordinal model of segment scores (the form of Tanadini 2016): the "
        "statistical benchmark, without any mechanism. Tier 1 is the mechanistic model. Both were fitted "
        "to these same published aggregates, so nothing here is a validation; no person-level data exist "
        "in this project. Tier 0 takes the first exam of a person from tier 1 and has "
        f"{len(kinds())} free numbers; what it does from day 5 on is its own.",
        "",
        f"{n:,} virtual people, seed {seed}, not a seed of a fit. Gap = (model - published) / scale of "
        "the target. Closer: the smaller gap, where they differ by more than a quarter of a scale.",
        "",
        f"**Of {len(pairs)} targets tier 0 is closer on {better0}, tier 1 on {better1}, and they are "
        f"alike on {len(pairs) - better0 - better1}.**",
        "",
        "## By group",
        "",
        "| group | targets | RMS gap, tier 0 | RMS gap, tier 1 | closer |",
        "|---|---|---|---|---|",
    ]
    for name, some in groups.items():
        a, b = (float(np.sqrt(np.mean([pair[k].misfit ** 2 for pair in some]))) for k in (0, 1))
        lines.append(f"| {name} | {len(some)} | {a:.2f} | {b:.2f} | {_closer(a, b)} |")
    lines += ["", "## Every target", "", "The largest difference between the tiers first.", ""]
    lines += ["| target | source | published | tier 0 | tier 1 | gap 0 | gap 1 | closer |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for a, b in sorted(pairs, key=lambda p: -abs(abs(p[0].misfit) - abs(p[1].misfit))):
        lines.append(
            f"| {a.name} | {a.source} | {a.published:.1f} | {a.model:.1f} | {b.model:.1f} "
            f"| {a.misfit:+.1f} | {b.misfit:+.1f} | {_closer(abs(a.misfit), abs(b.misfit))} |"
        )
    lines += ["", *_LIMITS]
    return "\n".join(lines) + "\n"


_LIMITS = (
    "## What each can and cannot do",
    "",
    "- Tier 0 has no drive, so no care, graft or evoked potential can reach it; it asks only whether the "
    "mechanism buys anything in natural recovery. Where it is closer, tier 1 is wrong or too stiff.",
    "- Tier 0 never loses a point at a ceiling and gains sacral sparing for good; in tier 1 an exam can be "
    "better or worse than the last. Agreement of repeated exams would be no fair contest and is left out.",
    "- Neither has seen a person. A registry with exams could fit tier 0 by ordinary regression, and that "
    "model would be the one to beat.",
)


def _closer(a: float, b: float) -> str:
    return "alike" if abs(a - b) <= 0.25 else "tier 0" if a < b else "tier 1"


def main() -> None:
    """Fit, or write the page."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("what", choices=["fit", "page"])
    words.add_argument("--people", type=int, default=3000)
    words.add_argument("--iterations", type=int, default=8)
    given = words.parse_args()
    load()
    if given.what == "fit":
        fit(given.people, given.iterations)
        return
    PAGE.write_text(page(max(given.people, 20_000), 2), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)} ({len(DAYS)} days)")


if __name__ == "__main__":
    main()
