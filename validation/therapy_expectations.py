"""What the model expects of the Keio trial before seeing its result; writes the stored expectation.

    python validation/therapy_expectations.py [trials]

Each trial is one world (one draw of every prior, one lot) with four people of the trial's eligibility, each
with and without graft. Nothing is fitted to the result, which stands in the study document.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from therapy_trials import TRIALS, run

from saisei.patient.cohort import CHUNK
from saisei.patient.expectation import SCHEMA, content_digest, values_digest

OUT = Path(__file__).parents[1] / "src" / "saisei" / "patient" / "expectations" / "keio-2025.json"
SEED = 2025


SCENARIOS: tuple[tuple[str, dict[str, float], float | None], ...] = (
    ("as the priors say", {}, None),
    ("the effect is never nil", {"repair_graft.nil_chance": 0.0}, None),
    (
        "and 2e6 cells act as densely as in a rodent, with the drug all year",
        {"repair_graft.nil_chance": 0.0, "repair_graft.volume_scaling": 0.0},
        730.0,
    ),
    (
        "and people keep the whole animal effect",
        {
            "repair_graft.nil_chance": 0.0,
            "repair_graft.volume_scaling": 0.0,
            "repair_graft.retention": 1.0,
        },
        730.0,
    ),
)
"""Ever kinder assumptions, each with the ones before it."""


def scenario(
    name: str, changed: dict[str, float], drug: float | None, trials: int
) -> dict[str, Any]:
    """The chance of the result and the mean gain under kinder assumptions."""
    trial, counts, gains, better = TRIALS[0], [], [], []
    for block in run(trial, trials, SEED, changed, drug):
        shape = block.natural.days.shape
        ais = [g.value_of("ais").reshape(shape)[:, -1].astype(int) for g in block.graded]
        uems = [g.total("uems").reshape(shape)[:, -1].astype(int) for g in block.graded]
        counts.append([(one >= 2).reshape(-1, trial.people).sum(axis=1) for one in ais])
        gains.append(uems[1] - uems[0])
        better.append(ais[1] > ais[0])
    without, with_ = (np.concatenate([pair[k] for pair in counts]) for k in range(2))
    seen = trial.counts[0].observed
    return {
        "name": name,
        "trials": trials,
        "mean_gain_uems": round(float(np.concatenate(gains).mean()), 3),
        "ais_better": round(float(np.concatenate(better).mean()), 4),
        "chance_without": round(float((without >= seen).mean()), 4),
        "chance_with": round(float((with_ >= seen).mean()), 4),
    }


def main() -> None:
    """Simulate and write."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    trial = TRIALS[0]
    rows: dict[str, list[Any]] = {"natural": [], "graft": [], "gain": [], "nil": [], "rejected": []}
    rows |= {"founders": [], "seen": [], "better": []}
    for block in run(trial, trials, SEED):
        shape = block.natural.days.shape
        for k, arm in enumerate(block.arms):
            ais = block.graded[k].value_of("ais").reshape(shape)[:, -1]
            rows[arm].append((ais >= 2).reshape(-1, trial.people).sum(axis=1))
        uems = [g.total("uems").reshape(shape)[:, -1].astype(int) for g in block.graded]
        ais = [g.value_of("ais").reshape(shape)[:, -1].astype(int) for g in block.graded]
        rows["gain"].append(uems[1] - uems[0])
        rows["better"].append(ais[1] > ais[0])
        rows["nil"].append(block.world.nil)
        rows["rejected"].append(
            block.course.rows[:, 11] + block.course.graft_day <= block.natural.days[:, -1]
        )
        rows["founders"].append(block.course.rows[:, 16] > 0)
        rows["seen"].append((block.mri_mm3 > 0).any(axis=1))
    whole = {name: np.concatenate(parts) for name, parts in rows.items()}
    counts = {
        arm: (np.bincount(whole[arm], minlength=5) / trials).round(5).tolist()
        for arm in ("natural", "graft")
    }
    gain = whole["gain"]
    edges = [-100, -0.5, 0.5, 1.5, 2.5, 5.5, 10.5, 100]
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "study": "keio-2025",
        "values": values_digest(),
        "made_by": "validation/therapy_expectations.py",
        "trials": trials,
        "seed": SEED,
        "chunk": CHUNK,
        "asked": trial.as_asked,
        "endpoint": "AIS C or D at a year",
        "observed": trial.counts[0].observed,
        "people": trial.people,
        "counts": counts,
        "gain_uems": {
            "mean": round(float(gain.mean()), 4),
            "percentiles": {str(q): float(np.percentile(gain, q)) for q in (5, 25, 50, 75, 95, 99)},
            "labels": ["fewer", "0", "1", "2", "3 to 5", "6 to 10", "more"],
            "shares": (np.histogram(gain, edges)[0] / len(gain)).round(5).tolist(),
        },
        "shares": {
            "no motor effect by the spike": round(float(whole["nil"].mean()), 4),
            "rejection begun within the year": round(float(whole["rejected"].mean()), 4),
            "AIS better than the twin without cells": round(float(whole["better"].mean()), 5),
            "overgrowth founded": round(float(whole["founders"].mean()), 5),
            "overgrowth seen on MRI within a year": round(float(whole["seen"].mean()), 5),
        },
    }
    content["scenarios"] = [scenario(*one, trials=max(trials // 4, 50)) for one in SCENARIOS]
    content["digest"] = content_digest(content)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({k: content[k] for k in ("counts", "gain_uems", "shares")}, indent=1))


if __name__ == "__main__":
    main()
