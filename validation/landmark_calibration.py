"""Is the landmark posterior calibrated? Simulate from the prior, refit, and look where the truth falls.

    python -m validation.landmark_calibration --replicates 100 --out landmark_calibration.json

Right: ranks of the true values among the posterior draws are even. Wrong: a U shape says the posterior is
too narrow, a hump too wide, a slope biased. The tables are simulated with the n and cells of published rows
of five registries (smallest n that fits) and full weights: weights against overlap make a power likelihood,
which no simulation can calibrate. Finished replicates are kept, so a run that is stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from saisei.evidence import landmark_kernel as kernel
from saisei.evidence.landmark_data import Design, design, digest
from saisei.evidence.landmark_fit import Settings, fit_shape
from saisei.evidence.landmark_model import NAMES, Model, effects_of, model, values_of
from saisei.study.registries import Row, Timing, Weight, load, weights

Array = NDArray[np.float64]
SETTINGS = Settings(draws=198, chains=2, steps=40_000, warm_rounds=4, warm_steps=3_000, threads=1)
BINS = 10
REGISTRIES = ("EMSCI", "SIC Japan", "JSSCI-DB", "ProCord controls", "Burns (one centre)")


def rows_used() -> list[Row]:
    """The rows of the registries named: few enough to refit a hundred times."""
    return [row for row in load() if row.fitted and row.registry in REGISTRIES]


def full(rows: list[Row]) -> Design:
    """The design with weight 1 for every row."""
    one: dict[str, Weight] = {name: replace(w, weight=1.0) for name, w in weights(rows).items()}
    return design(rows, one)


def draw_truth(m: Model, rng: np.random.Generator) -> Array:
    """A vector from the prior; spreads half-normal, kept below 1.5 scales to keep tables possible."""
    x = rng.standard_normal(m.size)
    n = len(m.prior.mean)
    x[n : n + 3] = np.log(np.abs(rng.standard_normal(3)) * m.prior.scale)
    return np.asarray(x)


def simulate(m: Model, x: Array, rng: np.random.Generator) -> list[Row]:
    """New tables for the same rows from the values in `x`."""
    rows, arrays = m.design.rows, m.design.kernel
    values = values_of(x, m.prior.mean, m.prior.sd, m.prior.transform)
    u, w, v = effects_of(x, len(m.prior.mean), m.registry_at, m.study_at, m.share_at, m.lone)
    p, early = np.zeros((len(rows), 5)), np.zeros(len(rows))
    kernel.expected_rows(m.shape_code, values, u, w, v, arrays, p, early)
    made = []
    for r, row in enumerate(rows):
        q = np.zeros(len(row.cells))
        for grade in range(5):
            q[arrays.cells[r, grade]] += p[r, grade]
        n = row.smallest_n
        if row.initial.rank > 0:
            q = rng.dirichlet(np.maximum(values[kernel.KAPPA] * q, 1e-9))
        counts = rng.multinomial(n, q / q.sum())
        timing = row.timing
        if timing is not None:
            converted = n - int(counts[0])
            by = min(1.0, early[r] / (1.0 - p[r, 0]))
            timing = Timing(timing.by_day, int(rng.binomial(converted, by)))
        table = {cell: int(k) for cell, k in zip(row.cells, counts, strict=True)}
        made.append(
            replace(row, counts=table, percents={}, rest="", n=n, n_min=n, n_max=n, timing=timing)
        )
    return made


def replicate(number: int, shape: str) -> dict[str, Any]:
    """One simulated base refitted: the rank of each true value among the draws."""
    rng = np.random.default_rng([20261120, number])
    base = model(full(rows_used()), shape)
    truth = draw_truth(base, rng)
    again = model(full(simulate(base, truth, rng)), shape)
    found = fit_shape(again, rng, SETTINGS)
    names = [*NAMES, *(f"registry {i}" for i in range(3))]
    places = [*range(len(NAMES)), *again.registry_at[again.registry_at >= 0][:3]]
    ranks = {
        name: int(np.sum(found.x[:, i] < truth[i])) for name, i in zip(names, places, strict=True)
    }
    return {
        "number": number, "ranks": ranks, "draws": len(found.x),
        "largest_rhat": float(found.rhat.max()), "smallest_ess": float(found.ess.min()),
    }  # fmt: skip


def summary(done: list[dict[str, Any]]) -> dict[str, Any]:
    """Chi-square test of even ranks for every value, and the share outside the central 90%."""
    table = {}
    for name in done[0]["ranks"]:
        u = np.array([(one["ranks"][name] + 0.5) / (one["draws"] + 1) for one in done])
        counts = np.histogram(u, BINS, (0, 1))[0]
        wanted = len(u) / BINS
        statistic = float(np.sum((counts - wanted) ** 2 / wanted))
        table[name] = {
            "p": float(chi2.sf(statistic, BINS - 1)),
            "inside_90": float(np.mean((u > 0.05) & (u < 0.95))),
            "mean_rank": float(u.mean()),
            "counts": counts.tolist(),
        }
    return table


def main() -> None:
    """Run or go on, then write the outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--shape", default="exponential")
    parser.add_argument("--out", type=Path, default=Path("landmark_calibration.json"))
    parser.add_argument("--minutes", type=float, default=20.0)
    given = parser.parse_args()
    done: list[dict[str, Any]] = []
    if given.out.exists():
        done = json.loads(given.out.read_text())["replicates"]
    began = time.monotonic()
    for number in range(len(done), given.replicates):
        if time.monotonic() - began > 60 * given.minutes:
            break
        done.append(replicate(number, given.shape))
        told = {
            "shape": given.shape, "rows_digest": digest(rows_used()), "replicates": done,
            "table": summary(done),
        }  # fmt: skip
        given.out.write_text(json.dumps(told, indent=1))
        sys.stderr.write(f"\r{len(done)} of {given.replicates}")
    low = min(one["p"] for one in summary(done).values())
    print(f"\n{len(done)} replicates; smallest p of {len(done[0]['ranks'])} tests: {low:.4f}")


if __name__ == "__main__":
    main()
