"""Honest size: how often the shift test calls natural recovery "beyond natural recovery".

    python validation/shift_honest_size.py fit      # leave each registry out in turn (minutes; checkpoints)
    python validation/shift_honest_size.py run      # sizes and power, page and plots (minutes)
    python validation/shift_honest_size.py null     # exact null against enumeration and a million trials

For each registry, trials of n = 4, 10, 30 and 60 people without treatment are drawn from its own tables
(grade, window, levels, follow-up, era as printed) and tested against a natural-history posterior fitted
without that registry. People of one table share their rates, so every multiset of outcomes is enumerated:
the figures are exact, no trial is simulated, and nothing of the convolution under test is used. The interval
beside a size is the table's own sampling error (Dirichlet(counts + 1/2), 5% to 95%).

Right: averaged over registries, (ii) rejects at most as often as the level; (iii) does so in every registry
but the highest. Wrong would look like sizes that grow with n in most registries: a null too narrow.
A failure stays on the page.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from saisei.evidence.landmark_data import design
from saisei.evidence.landmark_data import digest as rows_digest
from saisei.evidence.landmark_fit import Settings
from saisei.evidence.landmark_kernel import SHAPES
from saisei.evidence.landmark_store import Posterior, fit, read_posterior
from saisei.evidence.persons import Subject
from saisei.evidence.shift import (
    exact_null,
    lattice_scores,
    mean_rates,
    representative,
)
from saisei.evidence.shift_model import LandmarkModel
from saisei.evidence.shift_scenarios import MAIN, NaturalHistory, claim_scenarios
from saisei.params import digest as parameters_digest
from saisei.params import value
from saisei.study.registries import Kind, Row, load, weights

F64 = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "honest-size"
PAGE = ROOT / "docs" / "validation" / "honest-size.md"
RESULT = PAGE.with_suffix(".json")
SIZES = (4, 10, 30, 60)
ODDS_RATIOS = (2.0, 3.0, 5.0, 10.0)
TABLES = 200  # redrawn tables behind the interval of a size
DRAWS = 300  # draws that stand for all (ordered by expected score, every k-th)
SEED = 20261120
_GRADES = "ABCDE"


@dataclass(frozen=True)
class RowSize:
    """One table, one number of people."""

    row: str
    registry: str
    initial: str
    people: int
    table_n: int
    to_c: float | None
    size_averaged: float
    low: float
    high: float
    size_least: float
    power_averaged: dict[str, float]
    power_least: dict[str, float]


def blocks_of(row: Row) -> tuple[int, ...]:
    """Block of each grade: grades that the table counts together are not told apart by the test."""
    return tuple(next(i for i, cell in enumerate(row.cells) if g in cell) for g in _GRADES)


@cache
def multisets(people: int, cells: int) -> tuple[NDArray[np.int64], F64]:
    """Every way to spread people over cells, [ways, cells], and the log number of orders of each."""
    grid = np.indices((people + 1,) * (cells - 1), dtype=np.int16).reshape(cells - 1, -1)
    used = grid.sum(axis=0)
    kept = grid[:, used <= people]
    counts = np.vstack((kept, people - kept.sum(axis=0))).T.astype(np.int64)
    return counts, gammaln(people + 1.0) - gammaln(counts + 1.0).sum(axis=1)


def chances(people: int, laws: F64, keep: NDArray[np.bool_] | None = None) -> F64:
    """Mean over laws [laws, cells] of the probability of every multiset (or of those kept)."""
    counts, orders = multisets(people, laws.shape[1])
    if keep is not None:
        counts, orders = counts[keep], orders[keep]
    total = np.zeros(len(counts))
    with np.errstate(divide="ignore"):
        logs = np.log(laws)
    for one in np.maximum(logs, -1e6):  # a cell of probability 0 must not meet a count of 0
        total += np.exp(orders + counts @ one)
    return total / len(laws)


def critical(people: int, scores: NDArray[np.int64], laws: F64, level: float) -> float:
    """Smallest total score whose averaged upper tail is at most the level; infinity if none."""
    totals = multisets(people, len(scores))[0] @ scores
    order = np.argsort(-totals, kind="stable")
    tail = np.cumsum(chances(people, laws)[order])
    ends = np.append(np.flatnonzero(np.diff(totals[order])), len(totals) - 1)
    fits = ends[tail[ends] <= level]
    return float(totals[order][fits[-1]]) if len(fits) else math.inf


def rejected(people: int, scores: NDArray[np.int64], law: F64, total: float) -> float:
    """Probability of a total score of at least `total` when `law` [cells] holds."""
    if math.isinf(total):
        return 0.0
    keep = multisets(people, len(scores))[0] @ scores >= total
    return float(chances(people, law[None], keep).sum())


def people_of(row: Row) -> tuple[Subject]:
    """One of the people whom the table describes; they all have the same rates."""
    rank = row.initial.rank
    follow = row.follow_mean or sum(row.follow_days) / 2
    one = Subject(
        label=row.id,
        arm=row.registry,
        pairs=((rank, rank),),
        reading=(rank, rank),
        reported=True,
        missing=False,
        levels=row.levels,
        exam_days=row.baseline_days,
        ages=(None, None),
        follow_up_days=(follow, follow),
        basis=(),
        injury_year=sum(row.era) / 2,
    )
    return (one,)


def used_rows() -> list[Row]:
    """Natural-history tables and untreated trial arms of people graded within three months."""
    kinds = (Kind.NATURAL, Kind.CONTROL)
    return [r for r in load() if r.fitted and r.kind in kinds]


def row_sizes(row: Row, asked: NaturalHistory, rng: np.random.Generator) -> list[RowSize]:
    """Sizes and power of one table for every number of people."""
    level = value("evidence.shift_level")
    blocks = blocks_of(row)
    cells = len(row.cells)
    table = row.tables[0]
    counts = np.array(table.counts, dtype=np.float64)
    truth = counts / counts.sum()
    redrawn = rng.dirichlet(counts + 0.5, TABLES)
    one = people_of(row)
    settings = [MAIN, *(s for s in claim_scenarios() if asked.offers(s.mode))]
    rates = [asked.rates(one, s).by_baseline[row.initial.rank] for s in settings]
    score = lattice_scores(mean_rates(rates[0]), blocks)
    member = np.eye(cells)[list(blocks)]
    most = DRAWS if cells < 4 else DRAWS // 5
    laws = [draws[representative(draws, score, most)][:, 0] @ member for draws in rates]
    scores = np.array([score[0, blocks.index(cell)] for cell in range(cells)])
    reached = row.conversion_to_CD
    found = []
    for n in SIZES:
        bounds = [critical(n, scores, law, level) for law in laws]
        averaged, worst = bounds[0], max(bounds)
        some = redrawn if cells < 4 else redrawn[:: max(1, n // 4)]
        spread = [rejected(n, scores, law, averaged) for law in some]
        moved = {f"{r:g}": odds_moved(truth, r) for r in ODDS_RATIOS}
        found.append(
            RowSize(
                row=row.id,
                registry=row.registry,
                initial=str(row.initial),
                people=n,
                table_n=table.n,
                to_c=reached.rate if reached is not None else None,
                size_averaged=rejected(n, scores, truth, averaged),
                low=float(np.quantile(spread, 0.05)),
                high=float(np.quantile(spread, 0.95)),
                size_least=rejected(n, scores, truth, worst),
                power_averaged={r: rejected(n, scores, law, averaged) for r, law in moved.items()},
                power_least={r: rejected(n, scores, law, worst) for r, law in moved.items()},
            )
        )
    return found


def odds_moved(law: F64, odds_ratio: float) -> F64:
    """Cells from worst to best after every cumulative odds of a better one is multiplied."""
    below = np.cumsum(law)
    below[-1] = 1.0
    return np.diff(below / (below + (1.0 - below) * odds_ratio), prepend=0.0)


# ---- leaving a registry out -------------------------------------------------------------------------


def left_out(registry: str, settings: Settings, shapes: Sequence[str]) -> Posterior:
    """The landmark posterior without one registry; kept in a checkpoint."""
    laid_out = design([row for row in load() if row.registry != registry])
    length = f"{settings.draws}-{settings.steps}-{'-'.join(shapes)}"
    name = f"{rows_digest(laid_out.rows)[:16]}-{_code_digest()}-{length}"
    place = CACHE / name
    if (place / "posterior.npz").exists():
        return read_posterior(
            (place / "posterior.npz").read_bytes(), (place / "posterior.json").read_bytes()
        )
    found = fit(load(), seed=SEED, shapes=shapes, leave_out=(registry,), settings=settings)
    npz, about = found.to_bytes()
    place.mkdir(parents=True, exist_ok=True)
    (place / "posterior.json").write_bytes(about)
    partial = place / "posterior.npz.partial"
    partial.write_bytes(npz)
    partial.rename(place / "posterior.npz")
    return found


@cache
def _code_digest() -> str:
    """Of the landmark model's code and all parameters: a checkpoint of another model is not used."""
    sha = hashlib.sha256(parameters_digest().encode())
    for file in sorted((ROOT / "src/saisei/evidence").glob("landmark*.py")):
        sha.update(file.read_bytes())
    return sha.hexdigest()[:12]


def registries() -> list[str]:
    """Registries with people graded AIS A."""
    return sorted({row.registry for row in used_rows() if row.initial.rank == 0})


def fit_all(settings: Settings, shapes: Sequence[str]) -> dict[str, Posterior]:
    found = {}
    for number, name in enumerate(registries(), 1):
        start = time.perf_counter()
        found[name] = left_out(name, settings, shapes)
        worst = max(one["largest_rhat"] for one in found[name].about["shapes"].values())
        print(
            f"[{number}/{len(registries())}] without {name}: {found[name].draws} draws, largest R-hat "
            f"{worst:.3f}, {time.perf_counter() - start:.0f} s",
            file=sys.stderr,
        )
    return found


# ---- summary ----------------------------------------------------------------------------------------


def run(settings: Settings, shapes: Sequence[str]) -> dict[str, Any]:
    """Sizes of every table of every registry, with that registry left out."""
    rng = np.random.default_rng(SEED)
    posteriors = fit_all(settings, shapes)
    found: list[RowSize] = []
    for name, fitted in posteriors.items():
        asked = LandmarkModel(fitted)
        for row in used_rows():
            if row.registry == name:
                found += row_sizes(row, asked, rng)
        print(f"sized {name} (highest of the others: {asked.registry(True)})", file=sys.stderr)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "parameters": parameters_digest(),
        "level": value("evidence.shift_level"),
        "settings": {
            "draws_per_shape": settings.draws,
            "steps": settings.steps,
            "shapes": list(shapes),
        },
        "largest_rhat": {
            name: max(one["largest_rhat"] for one in fitted.about["shapes"].values())
            for name, fitted in posteriors.items()
        },
        "rows_digest": {name: fitted.about["rows_digest"] for name, fitted in posteriors.items()},
        "rows": [asdict(one) for one in found],
    }


def _commit() -> str:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"


@cache
def row_weights() -> dict[str, float]:
    """Weight of each table against counting the same people twice."""
    return {one.row: one.weight for one in weights(load()).values()}


def by_registry(rows: Sequence[dict[str, Any]], field: str, people: int) -> dict[str, float]:
    """Mean of a figure over the AIS A tables of each registry, weighted against counting people twice."""
    share = row_weights()
    parts: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in rows:
        if one["people"] == people and one["initial"] == "A":
            weight = share[one["row"]] * one["table_n"]
            parts[one["registry"]].append((weight, one[field]))
    return {
        name: sum(w * x for w, x in pairs) / sum(w for w, _ in pairs)
        for name, pairs in sorted(parts.items())
    }


def power_mean(rows: Sequence[dict[str, Any]], field: str, people: int, ratio: str) -> float:
    """Power averaged over all registries but the highest, each the weighted mean of its AIS A tables."""
    flat = [dict(one, value=one[field][ratio]) for one in rows]
    power = by_registry(flat, "value", people)
    top = highest(rows)
    return float(np.mean([x for name, x in power.items() if name != top]))


def verdicts(found: dict[str, Any]) -> list[tuple[bool, str]]:
    """What was promised, and whether it holds."""
    level, rows, said = found["level"], found["rows"], []
    arms = {row.registry for row in used_rows() if row.kind is Kind.CONTROL}
    for people in SIZES:
        every = by_registry(rows, "size_averaged", people)
        proper = {name: size for name, size in every.items() if name not in arms}
        for sizes, words in (
            (proper, "registries"),
            (every, "registries and untreated trial arms"),
        ):
            mean, error = _mean_and_error(list(sizes.values()))
            said.append(
                (
                    mean <= level,
                    f"n = {people}: (ii) rejects {mean:.1%} averaged over {len(sizes)} {words} "
                    f"(standard error between them {error:.1%}; nominal {level:.0%})",
                )
            )
    for people in SIZES:
        least = by_registry(rows, "size_least", people)
        over = {name: size for name, size in least.items() if size > level}
        top = highest(rows)
        others = [f"{name} {size:.1%}" for name, size in over.items() if name != top]
        said.append(
            (
                not others,
                f"n = {people}: (iii) at or below {level:.0%} in every registry but the highest ({top})"
                if not others
                else f"n = {people}: (iii) above {level:.0%} in {', '.join(others)}",
            )
        )
    return said


def _mean_and_error(sizes: Sequence[float]) -> tuple[float, float]:
    return float(np.mean(sizes)), float(np.std(sizes, ddof=1)) / len(sizes) ** 0.5


def by_people(rows: Sequence[dict[str, Any]], people: int) -> float:
    """Size of (ii) averaged over people of all AIS A tables instead of over registries."""
    share = row_weights()
    mine = [one for one in rows if one["people"] == people and one["initial"] == "A"]
    weight = np.array([share[one["row"]] * one["table_n"] for one in mine])
    return float(weight @ np.array([one["size_averaged"] for one in mine]) / weight.sum())


def highest(rows: Sequence[dict[str, Any]]) -> str:
    """The registry whose people recover most against what the others foretell."""
    sizes = by_registry(rows, "size_averaged", 30)
    return max(sizes, key=lambda name: sizes[name])


# ---- the exact null ---------------------------------------------------------------------------------


def null_checks() -> list[tuple[bool, str]]:
    """Exact null against every outcome (n up to 6) and against a million trials (n = 40)."""
    rng = np.random.default_rng(SEED)
    said = []
    for n in (1, 2, 3, 4, 5, 6):
        rates = rng.dirichlet([16, 2, 1.2, 0.8, 0.1], n)
        scores = lattice_scores(rates)
        law = exact_null(scores, rates)
        slow: dict[int, float] = defaultdict(float)
        for grades in itertools.product(range(5), repeat=n):
            chance = math.prod(rates[i, y] for i, y in enumerate(grades))
            slow[sum(int(scores[i, y]) for i, y in enumerate(grades))] += chance
        worst = max(abs(law.pmf(t) / p - 1.0) for t, p in slow.items())
        said.append(
            (worst < 1e-11, f"n = {n}: {5**n} outcomes, largest relative difference {worst:.1e}")
        )
    rates = rng.dirichlet([16, 2, 1.2, 0.8, 0.1], 40)
    scores = lattice_scores(rates)
    law, trials = exact_null(scores, rates), 1_000_000
    totals = np.zeros(trials, dtype=np.int64)
    for person in range(40):
        totals += scores[person, rng.choice(5, trials, p=rates[person])]
    for target in (0.5, 0.1, 0.01, 0.001):
        at = int(np.quantile(totals, 1 - target))
        exact = law.at_least(at)
        seen = float((totals >= at).mean())
        z = (seen - exact) / math.sqrt(exact * (1 - exact) / trials)
        said.append(
            (
                abs(z) < 4,
                f"n = 40: P(T >= {at}) exact {exact:.6f}, simulated {seen:.6f}, z {z:+.2f}",
            )
        )
    same = np.repeat(rates[:1], 30, axis=0)
    scores = lattice_scores(same)
    at = int(scores[:, 0].sum()) + int(6.5 * (scores[0, 2] - scores[0, 0]))
    exact = exact_null(scores, same).at_least(at)
    listed = rejected(30, scores[0], same[0], float(at))
    said.append(
        (
            abs(listed / exact - 1.0) < 1e-10,
            f"n = 30 alike: P(T >= {at}) by convolution {exact:.9f}, by multisets {listed:.9f}",
        )
    )
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description="Honest size of the shift test.")
    parser.add_argument("what", choices=("fit", "run", "page", "null"))
    parser.add_argument("--draws", type=int, default=400, help="kept for each decay shape")
    parser.add_argument("--steps", type=int, default=12_000, help="for each chain after warm-up")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    options = parser.parse_args()
    settings = Settings(draws=options.draws, steps=options.steps)
    shapes = options.shapes.split(",")
    if options.what == "null":
        checks = null_checks()
    elif options.what == "fit":
        fit_all(settings, shapes)
        return 0
    else:
        from shift_honest_size_page import write_page

        if options.what == "run":
            RESULT.write_text(json.dumps(run(settings, shapes), indent=1) + "\n")
        checks = write_page(json.loads(RESULT.read_text()), PAGE)
    for right, words in checks:
        print("right" if right else "WRONG", words)
    return 0 if all(right for right, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
