"""Two-arm analyses beyond one look at two counts: interim looks, non-inferiority, ordered grades.

Counts are enumerated; the rank test on grades is simulated from fixed uniforms, so that neighbouring truths
share their chance and results depend on the seed alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.streams import PURPOSES, compiled, uniform_rows
from saisei.design.counting import TwoArmPaths
from saisei.design.engines import OperatingRow, TwoArmEngine
from saisei.design.nature import Nature
from saisei.design.truth import Truth, treated_rates
from saisei.evidence.shift_posterior import shifted
from saisei.params import value

__all__ = [
    "NonInferiorityEngine",
    "PathsEngine",
    "RankEngine",
    "pooled_z",
    "rank_sum_z",
    "simulated_runs",
]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_TINY = 1e-9
_MANY = 200  # truths beyond which only their average is of use


def pooled_z(n: int, m: int) -> F64:
    """Pooled z of the difference of rates, entry [treated converters, control converters]."""
    x, y = np.arange(n + 1)[:, None], np.arange(m + 1)[None, :]
    mean = (x + y) / (n + m)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (x / n - y / m) / np.sqrt(mean * (1.0 - mean) * (1.0 / n + 1.0 / m))
    return np.asarray(np.nan_to_num(z, nan=0.0))


def simulated_runs() -> int:
    """Runs that are enough: no probability then has a standard error above the stated one."""
    return math.ceil(0.25 / value("design.simulation_standard_error") ** 2)


@dataclass(frozen=True, eq=False)
class PathsEngine:
    """Two arms with interim looks, by enumeration of every outcome.

    Attributes:
        paths: outcomes with their decisions.
        missing: expected share of outcomes that will not be seen, in both arms.
    """

    paths: TwoArmPaths
    missing: float
    estimates: str = "difference of probabilities, as seen when the trial ended"
    interval: str = "score interval of Miettinen and Nurminen, not adjusted for the looks"

    def null_odds(self, natural: F64) -> F64:
        """The treatment does nothing."""
        return np.ones(len(natural))

    def _laws(self, natural: F64, odds: F64) -> F64:
        kept = 1.0 - self.missing
        return self.paths.laws(treated_rates(natural, odds) * kept, np.asarray(natural) * kept)

    def success(self, natural: F64, odds: F64) -> F64:
        """Probability of success at each truth."""
        found = [
            self._laws(p, o) @ self.paths.go
            for p, o in zip(_pieces(natural), _pieces(odds), strict=True)
        ]
        return np.concatenate(found) if found else np.zeros(0)

    def rows(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Everything at each truth."""
        natural = np.array([one.natural_rate for one in truths])
        laws = self._laws(natural, np.array([one.odds_ratio for one in truths]))
        seen = self.paths.x / self.paths.treated - self.paths.y / self.paths.control
        people = self.paths.treated + self.paths.control
        found = []
        for truth, law in zip(truths, laws, strict=True):
            gain = truth.treated_rate - truth.natural_rate
            found.append(
                OperatingRow(
                    truth.natural_rate, truth.odds_ratio, truth.treated_rate,
                    float(law @ self.paths.go), float(law @ self.paths.stop), float(law @ people),
                    float(law @ seen) - gain, float(law @ self._covers(gain)),
                )
            )  # fmt: skip
        return found

    def _covers(self, gain: float) -> NDArray[np.bool_]:
        z = _score_z(self.paths.x, self.paths.treated, self.paths.y, self.paths.control, gain)
        limit = -float(special.ndtri((1.0 - value("evidence.confidence")) / 2.0))
        return np.asarray(np.abs(z) <= limit)


def _pieces(values: F64) -> list[F64]:
    """Cut so that the laws of a piece fit the cache of a small machine."""
    array = np.asarray(values, dtype=np.float64)
    return [array[i : i + 64] for i in range(0, len(array), 64)]


def _score_z(x: I64, n: I64, y: I64, m: I64, gain: float) -> F64:
    """Corrected score statistic of a difference, for arrays of counts (Miettinen and Nurminen 1985).

    The restricted rates are the root of a cubic in closed form.
    """
    p, q, ratio = x / n, y / m, m / n
    a = 1.0 + ratio
    b = -(1.0 + ratio + p + ratio * q + gain * (ratio + 2.0))
    c = gain * gain + gain * (2.0 * p + ratio + 1.0) + p + ratio * q
    e = -p * gain * (1.0 + gain)
    v = b**3 / (3.0 * a) ** 3 - b * c / (6.0 * a * a) + e / (2.0 * a)
    u = np.sqrt(np.maximum(b * b / (3.0 * a) ** 2 - c / (3.0 * a), 0.0))
    u = np.where(v >= 0.0, u, -u)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.nan_to_num(np.clip(v / u**3, -1.0, 1.0), nan=1.0)
    angle = (math.pi + np.arccos(turn)) / 3.0
    first = np.clip(2.0 * u * np.cos(angle) - b / (3.0 * a), max(gain, 0.0), min(1.0 + gain, 1.0))
    second = np.clip(first - gain, 0.0, 1.0)
    spread = (first * (1.0 - first) / n + second * (1.0 - second) / m) * (n + m) / (n + m - 1.0)
    gap = p - q - gain
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gap / np.sqrt(spread)
    return np.asarray(np.where(np.abs(gap) < _TINY, 0.0, z))


@dataclass(frozen=True, eq=False)
class NonInferiorityEngine(TwoArmEngine):
    """Two arms compared with a margin; "no effect" for its error is being worse by exactly the margin.

    Attributes:
        scale, margin: as the document states them.
    """

    scale: str = "difference"
    margin: float = 0.0

    def null_odds(self, natural: F64) -> F64:
        """Odds ratio at which the treated are worse by the margin; not a number where nobody can be."""
        p = np.asarray(natural, dtype=np.float64)
        if self.scale == "OR":
            return np.full(len(p), self.margin)
        worse = p - self.margin if self.scale == "difference" else p * self.margin
        odds = worse * (1.0 - p) / ((1.0 - worse) * p)
        return np.asarray(np.where(worse > 0.0, odds, np.nan))


def rank_sum_z(treated: I64, control: I64) -> F64:
    """Rank-sum z with ties for counts by grade, shape (runs, grades): the score test of proportional odds."""
    both = treated + control
    n, m = treated.sum(axis=-1), control.sum(axis=-1)
    total = n + m
    middle = np.cumsum(both, axis=-1) - both + (both + 1.0) / 2.0
    gap = (treated * middle).sum(axis=-1) - n * (total + 1.0) / 2.0
    ties = (both.astype(np.float64) ** 3 - both).sum(axis=-1)
    spread = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(spread > 0.0, gap / np.sqrt(spread), 0.0))


@compiled
def _rank_successes(
    uniforms: F64, treated_cuts: F64, control_cuts: F64, n: int, limit: float
) -> int:
    """Runs whose rank-sum z reaches the limit; the plain form is `rank_sum_z` of the counts."""
    people, grades = uniforms.shape[1], len(treated_cuts) + 1
    m = people - n
    total = float(people)
    treated, both = np.zeros(grades), np.zeros(grades)
    found = 0
    for run in range(uniforms.shape[0]):
        treated[:], both[:] = 0.0, 0.0
        for i in range(people):
            cuts = treated_cuts if i < n else control_cuts
            grade = 0
            while grade < grades - 1 and uniforms[run, i] >= cuts[grade]:
                grade += 1
            both[grade] += 1.0
            if i < n:
                treated[grade] += 1.0
        below, ranks, ties = 0.0, 0.0, 0.0
        for grade in range(grades):
            ranks += treated[grade] * (below + (both[grade] + 1.0) / 2.0)
            ties += both[grade] ** 3 - both[grade]
            below += both[grade]
        spread = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)))
        if spread > 0.0 and (ranks - n * (total + 1.0) / 2.0) / math.sqrt(spread) >= limit:
            found += 1
    return found


@dataclass(frozen=True, eq=False)
class RankEngine:
    """Two arms on all grades, simulated.

    Attributes:
        nature: natural recovery; people of an arm are drawn from the planned strata.
        n_treated, n_control: people.
        level: one-sided.
        missing, worst: expected share unseen, and whether it counts as AIS A or as unchanged.
        uniforms: one for each run and person, shape (runs, people).
    """

    nature: Nature
    n_treated: int
    n_control: int
    level: float
    missing: float
    worst: bool
    seed: int = 0
    uniforms: F64 = field(init=False, repr=False)
    estimates: str = "none"
    interval: str = "none"

    def __post_init__(self) -> None:
        people = self.n_treated + self.n_control
        runs = np.arange(simulated_runs())
        rows = uniform_rows(self.seed, runs, np.zeros_like(runs), PURPOSES["design_trial"], people)
        object.__setattr__(self, "uniforms", rows)

    def null_odds(self, natural: F64) -> F64:
        """The treatment does nothing."""
        return np.ones(len(natural))

    def success(self, natural: F64, odds: F64) -> F64:
        """Probability of success at each truth."""
        base = {rate: self.nature.at_rate(rate) for rate in set(np.asarray(natural).tolist())}
        limit = -float(special.ndtri(self.level))
        runs, found = len(self.uniforms), []
        # Averages over many truths share the runs out: every run is used, so their error is the same.
        many = len(natural) > _MANY
        each = runs // 10 if many else runs
        for i, (rate, ratio) in enumerate(zip(natural.tolist(), odds.tolist(), strict=True)):
            control = np.cumsum(self._grades(base[rate]))[:-1]
            treated = np.cumsum(self._grades(shifted(base[rate], math.log(ratio))))[:-1]
            first = (i * each) % runs if many else 0
            part = self.uniforms[first : first + each]
            found.append(_rank_successes(part, treated, control, self.n_treated, limit) / len(part))
        return np.array(found)

    def _grades(self, grades: F64) -> F64:
        """Grade probabilities of somebody drawn from the strata, unseen outcomes counted as planned."""
        stay = np.zeros_like(self.nature.baselines) if self.worst else self.nature.baselines
        seen = (1.0 - self.missing) * grades + self.missing * np.eye(grades.shape[1])[stay]
        return np.asarray(self.nature.shares @ seen)

    def rows(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Everything at each truth, with the Monte Carlo standard error of success."""
        natural = np.array([one.natural_rate for one in truths])
        success = self.success(natural, np.array([one.odds_ratio for one in truths]))
        runs, total = len(self.uniforms), float(self.n_treated + self.n_control)
        return [
            OperatingRow(
                truth.natural_rate, truth.odds_ratio, truth.treated_rate, chance, 1.0 - chance, total,
                None, None, math.sqrt(max(chance * (1.0 - chance), 1.0 / runs) / runs),
            )
            for truth, chance in zip(truths, success.tolist(), strict=True)
        ]  # fmt: skip
