"""Does the model foresee a registry that it has not seen? Leave each one out, refit, predict its rows.

    python -m validation.landmark_leave_out --out landmark_leave_out.json

Right: about 90% of the published counts lie in the 90% predictive intervals, and neither tail is favoured.
Wrong: many counts outside say the spread between registries is too small. Rows of one registry share its
effect, so they fall together: the share counts registries as well as rows. Finished registries are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.evidence import landmark_kernel as kernel
from saisei.evidence.landmark_data import design, digest
from saisei.evidence.landmark_fit import Settings
from saisei.evidence.landmark_store import Posterior, fit
from saisei.exam.isncsci.grades import AIS
from saisei.study.registries import Row, load

Array = NDArray[np.float64]
SETTINGS = Settings(draws=400, chains=4, steps=8_000, warm_rounds=4, warm_steps=2_000, threads=2)


def predictive(posterior: Posterior, rows: list[Row], rng: np.random.Generator) -> Array:
    """Chances of A to E in each row under a new registry, one per draw, [draws, rows, 5]."""
    base = design(rows)
    arrays = base.kernel
    out = np.zeros((posterior.draws, len(base.rows), 5))
    early = np.zeros(len(base.rows))
    size = len(base.registries)
    for d in range(posterior.draws):
        sd_u, sd_w, sd_v = posterior.spreads[d]
        u = np.full(size, sd_u * posterior.new[d, 0])
        w = sd_w * rng.standard_normal(len(base.studies))
        v = np.full(size, sd_v * posterior.new[d, 2])
        values = posterior.values[d]
        kernel.expected_rows(int(posterior.shape[d]), values, u, w, v, arrays, out[d], early)
        for r, row in enumerate(base.rows):
            if row.initial is not AIS.A:
                out[d, r] = rng.dirichlet(np.maximum(values[kernel.KAPPA] * out[d, r], 1e-9))
    return out


def judge(row: Row, p: Array, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Where the published counts of any conversion and of C or better fall in their predictions."""
    found = []
    outcomes = {"any": row.conversion_any, "to_CD": row.conversion_to_CD}
    for name, published in outcomes.items():
        if published is None:
            continue
        from_rank = row.initial.rank + 1 if name == "any" else AIS.C.rank
        chance = np.clip(p[:, from_rank:].sum(axis=1), 0.0, 1.0)
        counts = rng.binomial(published.n_low, chance)
        below, equal = np.mean(counts < published.low), np.mean(counts == published.low)
        low, high = np.quantile(counts, [0.05, 0.95])
        found.append({
            "row": row.id, "registry": row.registry, "initial": row.initial.value, "outcome": name,
            "n": published.n_low, "count": published.low, "mean": float(chance.mean()),
            "low": float(low), "high": float(high), "inside": bool(low <= published.low <= high),
            "pit": float(below + 0.5 * equal),
        })  # fmt: skip
    return found


def left_out(name: str, seed: int, shapes: tuple[str, ...]) -> dict[str, Any]:
    """One registry left out: every row of it judged."""
    rows = list(load())
    posterior = fit(rows, seed=seed, shapes=shapes, leave_out=(name,), settings=SETTINGS)
    mine = [row for row in rows if row.fitted and row.registry == name]
    rng = np.random.default_rng([seed, 1])
    p = predictive(posterior, mine, rng)
    judged = [one for r, row in enumerate(mine) for one in judge(row, p[:, r], rng)]
    told = posterior.about["shapes"].values()
    return {
        "registry": name, "rows": judged,
        "largest_rhat": max(one["largest_rhat"] for one in told),
        "smallest_ess": min(one["smallest_ess"] for one in told),
    }  # fmt: skip


def main() -> None:
    """Run or go on, then write the outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("landmark_leave_out.json"))
    parser.add_argument("--shape", action="append", help="decay shapes; all three if left out")
    given = parser.parse_args()
    shapes = tuple(given.shape) if given.shape else kernel.SHAPES
    done: list[dict[str, Any]] = []
    if given.out.exists():
        done = json.loads(given.out.read_text())["registries"]
    names = list(dict.fromkeys(r.registry for r in load() if r.fitted and r.initial is AIS.A))
    for i, name in enumerate(names):
        if any(one["registry"] == name for one in done):
            continue
        done.append(left_out(name, 100 + i, shapes))
        told = {"rows_digest": digest(load()), "shapes": shapes, "registries": done}
        given.out.write_text(json.dumps(told, indent=1))
        sys.stderr.write(f"\r{len(done)} of {len(names)}")
    rows = [row for one in done for row in one["rows"] if row["initial"] == "A"]
    inside = sum(row["inside"] for row in rows)
    print(f"\nAIS A: {inside} of {len(rows)} published counts inside their 90% interval")


if __name__ == "__main__":
    main()
