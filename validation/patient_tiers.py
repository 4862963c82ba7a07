"""Fit the statistical benchmark (tier 0), and set both tiers side by side on the same targets.

    python validation/patient_tiers.py fit --people 4000 --iterations 8   # some minutes on one idle core
    python validation/patient_tiers.py page                               # docs/stages/patient-tiers.md

The fit is damped least squares (Levenberg-Marquardt) on simulated moments with common random numbers and
the fitted targets of `saisei.patient.fit_targets` and `fit_rows`: those that tier 1 was fitted to. What is
held out for tier 1 (D80) is held out here too. No person-level data exist here, so this is not the
regression that a registry would run. It gives a point, no posterior, and rewrites the `value` lines of
`params/patient_transitional.toml`. The first exam of a person comes from tier 1, so the benchmark is to
be fitted anew when tier 1 is.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saisei.cord.values import CORD, places
from saisei.exam.isncsci.batch import classify_table
from saisei.params import load
from saisei.patient.cohort import Model
from saisei.patient.fit_rows import FITTED, measure_rows, rows, windows_of
from saisei.patient.fit_seen import Seen, see
from saisei.patient.fit_targets import FIT_WINDOWS, WINDOWS, Measured, measure
from saisei.patient.observe import STATES
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


class Started:
    """Tier 0 with the first exams of n people made once: a `Generator`."""

    def __init__(self, n: int, seed: int) -> None:
        self.model, persons = Transitional.packaged(), np.arange(n)
        when, none = np.full((n, 1), GRID[0]), np.zeros(n, dtype=np.int64)
        first, truth = self.model.start.examine(seed, persons, none, when, with_truth=True)
        self.first = first[:, 0]
        self.start = first_states(classify_table(self.first))
        self.kinds = truth[:, 0, STATES.index("true_kind")].astype(np.int64)
        self.values = self.model.values

    def examine(self, seed, persons, attempts, days, **_):  # type: ignore[no-untyped-def]
        """Codes as `Transitional.examine` gives them."""
        codes = np.empty((*days.shape, 136), dtype=np.int8)
        first, start = self.first[persons], self.start[persons]
        follow(self.values, seed, persons, attempts, days, first, start, codes)
        return codes, np.empty((0, 0, 0), dtype=np.float32)

    def seen(self, windows: tuple[tuple[int, int], ...], seed: int) -> Seen:
        """The people at windows, weighted to another year by the kind of injury they started from."""
        cord, at = self.model.start.cord, places(CORD)
        return replace(
            see(self, windows, len(self.first), seed),
            kinds=self.kinds,
            era_log_odds=float(cord[at["era_log_odds"]]),
            era_year=float(cord[at["era_year"]]),
        )


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


def misfits(started: Started, values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Misfits of the fitted targets in units of their scales, cut at 30."""
    started.values = values
    chosen = [row for row in rows() if row.id in FITTED]
    windows = tuple(dict.fromkeys([*FIT_WINDOWS, *windows_of(chosen)]))
    seen = started.seen(windows, seed)
    found = [*measure(seen, held=False), *measure_rows(seen, chosen)]
    gaps = np.array([one.misfit for one in found if one.target.fitted])
    return np.clip(np.nan_to_num(gaps, nan=30.0), -30.0, 30.0)


def cost(r: NDArray[np.float64], z: NDArray[np.float64]) -> float:
    """Soft-L1 misfit plus the weak prior."""
    return float(2 * SOFT**2 * np.sum(np.sqrt(1 + (r / SOFT) ** 2) - 1) + RIDGE * np.sum(z**2))


def fit(n: int, iterations: int, seed: int = 1) -> NDArray[np.float64]:
    """Damped least squares from the packaged values; prints the cost."""
    fixed, base = Started(n, seed), transitional_values()
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


_KINDS = {
    "mean": "EMSCI means", "SD": "EMSCI SDs", "share": "AIS shares at a first exam",
    "muscle": "single muscles", "level": "motor levels", "row": "transition tables",
    "exam": "within one exam", "other": "other",
}  # fmt: skip


def both(n: int, seed: int) -> list[tuple[Measured, Measured]]:
    """Every target, fitted or held out, with the value of tier 0 and that of tier 1."""
    windows = tuple(dict.fromkeys([*WINDOWS, *windows_of(rows())]))
    found = []
    for seen in (Started(n, seed).seen(windows, seed), see(Model.packaged(), windows, n, seed)):
        found.append([*measure(seen), *measure_rows(seen)])
    pairs = zip(*found, strict=True)
    return [(a, b) for a, b in pairs if np.isfinite(a.misfit) and np.isfinite(b.misfit)]


def page(n: int, seed: int) -> str:
    """Both tiers on every target."""
    pairs = both(n, seed)
    lines = [
        "# Virtual patients: the two tiers side by side",
        "",
        "*Made by `validation/patient_tiers.py page`. Research use only.*",
        "",
        "Tier 0 is a transitional ordinal model of segment scores (the form of Tanadini 2016): the "
        "statistical benchmark, without any mechanism. Tier 1 is the mechanistic model. Both were fitted to "
        "the same published aggregates, and the same targets are held out of both fits; no person-level "
        "data exist in this project. Tier 0 takes the first exam of a person (day 5) from tier 1 and has "
        f"{len(kinds())} free numbers; what it does from then on is its own.",
        "",
        f"{n:,} virtual people, seed {seed}, not a seed of a fit. Gap = (model - published) / scale of "
        "the target, its sampling error and allowed discrepancy together. Closer: the smaller gap, where "
        "they differ by more than a quarter.",
        "",
    ]
    for fitted, words in ((True, "fitted"), (False, "held out")):
        some = [pair for pair in pairs if pair[0].target.fitted is fitted]
        wins = [_closer(abs(a.misfit), abs(b.misfit)) for a, b in some]
        lines.append(
            f"- **Of {len(some)} {words} targets tier 0 is closer on {wins.count('tier 0')}, tier 1 on "
            f"{wins.count('tier 1')}; on {wins.count('alike')} they are alike.**"
        )
    lines += ["", "## By group", ""]
    lines += [
        "| group | targets | RMS gap, tier 0 | RMS gap, tier 1 | closer |",
        "|---|---|---|---|---|",
    ]
    for kind, words in _KINDS.items():
        for fitted in (True, False):
            some = [p for p in pairs if p[0].target.kind == kind and p[0].target.fitted is fitted]
            if some:
                a, b = (float(np.sqrt(np.mean([p[k].misfit ** 2 for p in some]))) for k in (0, 1))
                name = f"{words}{'' if fitted else ', held out'}"
                lines.append(f"| {name} | {len(some)} | {a:.2f} | {b:.2f} | {_closer(a, b)} |")
    lines += [
        "",
        *_LIMITS,
        "",
        "## Every target",
        "",
        "The largest difference of the gaps first.",
        "",
    ]
    lines += ["| target | source | published | tier 0 | tier 1 | gap 0 | gap 1 | closer |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for a, b in sorted(pairs, key=lambda p: -abs(abs(p[0].misfit) - abs(p[1].misfit))):
        lines.append(
            f"| {a.target.name}{'' if a.target.fitted else ' (held out)'} | {a.target.source} "
            f"| {a.target.published:.1f} | {a.value:.1f} | {b.value:.1f} | {a.misfit:+.1f} "
            f"| {b.misfit:+.1f} | {_closer(abs(a.misfit), abs(b.misfit))} |"
        )
    return "\n".join(lines) + "\n"


_LIMITS = (
    "What each can and cannot do:",
    "",
    "- Tier 0 has no drive, so no care, graft or evoked potential can reach it; it asks only whether the "
    "mechanism buys anything in natural recovery. Where it is closer, tier 1 is wrong or too stiff.",
    "- Tier 0 never loses a point at a ceiling and gains sacral sparing for good; in tier 1 an exam can be "
    "better or worse than the last. Agreement of repeated exams is therefore no fair contest.",
    "- Neither has seen a person. A registry with exams could fit tier 0 by ordinary regression, and that "
    "model would be the one to beat.",
)


def _closer(a: float, b: float) -> str:
    return "alike" if abs(a - b) <= 0.25 else "tier 0" if a < b else "tier 1"


def main() -> None:
    """Fit, or write the page."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("what", choices=["fit", "page"])
    words.add_argument("--people", type=int, default=4000)
    words.add_argument("--iterations", type=int, default=8)
    given = words.parse_args()
    load()
    if given.what == "fit":
        fit(given.people, given.iterations)
        return
    PAGE.write_text(page(max(given.people, 20_000), 2), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
