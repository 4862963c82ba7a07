"""The targets of the first, provisional fit; the statistical benchmark (tier 0) is still fitted to them.

The mechanistic model is fitted to `saisei.patient.fit_targets`, which holds some of these out (D80). Every
target has a source and a scale: the misfit that counts as one unit. Model people are taken without
eligibility; each target then picks its own by the exam at its own day, as its source did.

EMSCI means and SDs: `patient/data/emsci_timecourse.csv` (BSD-3-Clause, see the licence text beside it). The
baseline AIS of EMSCI is the first exam of day 0-15 (called week 2 in its tables) or of day 16-40 (week 4).
Here the first is on day 8, the middle of its window, the second on day 28.
"""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient.cohort import Model

DAYS = np.array([5, 8, 16, 28, 84, 182, 364])
EARLY, BASE, LATER, MONTH, QUARTER, HALF, YEAR = range(7)
WEEKS = {2: BASE, 4: MONTH, 12: QUARTER, 26: HALF, 52: YEAR}
AIS = "ABCDE"
PARTS = {"uems": "uems", "lems": "lems", "light_touch": "light_touch", "pin_prick": "pin_prick"}
MOTOR = ("uems", "lems")
ARM = slice(56, 61)
SIDE = 66


@dataclass(frozen=True)
class Row:
    """One target: what, the published value, the model's, the scale of a unit of misfit, the source."""

    name: str
    published: float
    model: float
    scale: float
    source: str

    @property
    def misfit(self) -> float:
        """Model minus published, in units of the scale; 99 where the model has nobody."""
        gap = (self.model - self.published) / self.scale
        return gap if np.isfinite(gap) else 99.0


def people(model: Model, n: int, seed: int, workers: int = 2) -> dict[str, Any]:
    """n virtual people at `DAYS`: arrays (n, 7) of gradings and totals, and the codes (n, 7, 136)."""
    codes = np.empty((n, len(DAYS), 136), dtype=np.int8)

    def some(span: slice) -> None:
        persons = np.arange(span.start, span.stop)
        days = np.tile(DAYS, (len(persons), 1))
        codes[span] = model.examine(seed, persons, np.zeros_like(persons), days)[0]

    spans = [slice(at, min(at + 500, n)) for at in range(0, n, 500)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(some, spans))
    graded = classify_table(codes.reshape(-1, 136), threads=workers)
    found: dict[str, Any] = {"codes": codes}
    for name in ("ais", "nli", "right_motor_level", "left_motor_level"):
        found[name] = graded.value_of(name).reshape(n, -1).astype(int)
    for part in PARTS:
        total = graded.total(part, "right").astype(int) + graded.total(part, "left")
        found[part] = total.reshape(n, -1)
    return found


def targets(found: dict[str, Any]) -> list[Row]:
    """All targets with the model's values."""
    return [
        *_emsci(found),
        *_shares(found),
        *_single_muscles(found),
        *_motor_levels(found),
        *_transitions(found),
    ]


def _neck(found: dict[str, Any], visit: int) -> Any:
    return found["nli"][:, visit] <= Level.T1


def _trunk(found: dict[str, Any], visit: int) -> Any:
    return (found["nli"][:, visit] > Level.T1) & (found["nli"][:, visit] < Level.INT)


def _emsci(found: dict[str, Any]) -> list[Row]:
    rows = []
    text = files("saisei.patient").joinpath("data/emsci_timecourse.csv").read_text("utf-8")
    table = list(csv.DictReader(text.splitlines()))
    base = found["ais"][:, BASE]
    region = {"tetraplegia": _neck(found, BASE), "paraplegia": _trunk(found, BASE)}
    for one in table:
        plegia, grade, part = one["plegia"], one["baseline_ais"], one["measure"]
        week = int(one["weeks_post_injury"])
        scores = found[part][region[plegia] & (base == AIS.index(grade)), WEEKS[week]]
        motor = part in MOTOR
        name = f"{plegia} {grade} {part} week {week}"
        mean, sd = (scores.mean(), scores.std()) if len(scores) > 3 else (np.nan, np.nan)
        rows.append(Row(f"{name} mean", float(one["mean"]), mean, 1.0 if motor else 2.5, "EMSCI"))
        rows.append(Row(f"{name} SD", float(one["sd"]), sd, 2.0 if motor else 4.0, "EMSCI"))
    return rows


def _shares(found: dict[str, Any]) -> list[Row]:
    """Shares of AIS A to D among EMSCI records at week 4 (counts of the same table)."""
    counts = {"tetraplegia": (662, 258, 464, 807), "paraplegia": (934, 242, 306, 377)}
    base, rows = found["ais"][:, BASE], []
    for plegia, seen in counts.items():
        region = _neck(found, BASE) if plegia == "tetraplegia" else _trunk(found, BASE)
        among = base[region & (base < 4)]
        for k, count in enumerate(seen):
            share = 100 * count / sum(seen)
            name = f"{plegia}, share of AIS {AIS[k]} (%)"
            rows.append(Row(name, share, 100 * float(np.mean(among == k)), 2.0, "EMSCI"))
    return rows


def _single_muscles(found: dict[str, Any]) -> list[Row]:
    """Waters 1993: arm muscles of AIS A tetraplegia from one month to one year."""
    chosen = _neck(found, MONTH) & (found["ais"][:, MONTH] == 0)
    codes = found["codes"][chosen]
    hits = {"1-2": [0, 0], 1: [0, 0], 2: [0, 0]}
    for side in range(2):
        arm = codes[:, :, side * SIDE : (side + 1) * SIDE][:, :, ARM]
        before, after = arm[:, MONTH], arm[:, YEAR]
        weak = (before == 1) | (before == 2)
        hits["1-2"][0] += int((after[weak] >= 3).sum())
        hits["1-2"][1] += int(weak.sum())
        lowest = np.where((before > 0).any(axis=1), 4 - np.argmax(before[:, ::-1] > 0, axis=1), -9)
        for below in (1, 2):
            rows = np.flatnonzero((lowest >= 0) & (lowest + below < 5))
            hits[below][0] += int((after[rows, lowest[rows] + below] >= 3).sum())
            hits[below][1] += len(rows)
    words = {
        "1-2": ("muscle grade 1-2 at a month reaches 3 at a year (%)", 97.0),
        1: ("grade 0 one level below the lowest function reaches 3 (%)", 27.0),
        2: ("grade 0 two levels below reaches 3 (%)", 1.0),
    }
    return [
        Row(words[k][0], words[k][1], 100 * a / max(b, 1), 2.5, "Waters 1993")
        for k, (a, b) in hits.items()
    ]


def _motor_levels(found: dict[str, Any]) -> list[Row]:
    """Marino 2011: change of motor level by one year, AIS A tetraplegia, each side."""
    chosen = _neck(found, EARLY) & (found["ais"][:, EARLY] == 0)
    gain = np.concatenate(
        [
            found[f"{side}_motor_level"][chosen, YEAR] - found[f"{side}_motor_level"][chosen, EARLY]
            for side in ("right", "left")
        ]
    )
    words = (
        ("unchanged or higher up", gain <= 0, 35.0),
        ("1 lower", gain == 1, 42.0),
        ("2 lower", gain == 2, 14.0),
        ("more than 2 lower", gain > 2, 9.0),
    )
    return [
        Row(f"motor level {what} at a year (%)", share, 100 * float(hit.mean()), 2.5, "Marino 2011")
        for what, hit, share in words
    ]


# Source, levels, day, grade at the start, published percentages by grade at a year, scale.
_TABLE = (
    ("Marino 2011", "C1-T1", EARLY, 0, {"A": 70.0, "B": 14.9, "C": 8.0, "D": 7.1}, 4.0),
    ("Marino 2011", "C1-T1", EARLY, 1, {"AB": 34.0, "C": 30.0, "D": 37.0}, 6.0),
    ("Marino 2011", "C1-T1", EARLY, 2, {"AB": 3.7, "C": 13.8, "D": 80.7, "E": 1.8}, 5.0),
    ("Marino 2011", "C1-T1", EARLY, 3, {"ABC": 1.4, "D": 84.4, "E": 14.1}, 5.0),
    ("Marino 2020", "T1-T9", BASE, 0, {"A": 90.9, "B": 4.6, "CDE": 4.5}, 3.0),
    ("Marino 2020", "T10-T12", BASE, 0, {"A": 83.2, "B": 10.7, "CDE": 6.1}, 3.0),
    ("Kirshblum 2022", "C1-T1", LATER, 0, {"CDE": 13.4}, 4.0),
    ("Kirshblum 2022", "C1-T1", LATER, 1, {"CDE": 50.0}, 8.0),
    ("Kirshblum 2016", "C1-S3", LATER, 0, {"A": 72.2, "B": 10.7, "CDE": 17.1}, 8.0),
)


def _transitions(found: dict[str, Any]) -> list[Row]:
    rows = []
    for source, span, visit, grade, shares, scale in _TABLE:
        high, low = (Level.parse(end) for end in span.split("-"))
        nli, end = found["nli"][:, visit], found["ais"][:, YEAR]
        chosen = (nli >= high) & (nli <= low) & (found["ais"][:, visit] == grade)
        for to, share in shares.items():
            hit = np.isin(end[chosen], [AIS.index(letter) for letter in to])
            value = 100 * float(hit.mean()) if chosen.any() else np.nan
            name = f"{span}, AIS {AIS[grade]} on day {DAYS[visit]} is {to} at a year (%)"
            rows.append(Row(name, share, value, scale, source))
    start = (found["ais"][:, MONTH] == 0) & _trunk(found, MONTH)
    start &= found["nli"][:, MONTH] < Level.T9
    moved = 100 * float(np.mean(found["lems"][start, YEAR] > 0)) if start.any() else np.nan
    name = "T2-T8, AIS A at a month, any leg return at a year (%)"
    rows.append(Row(name, 0.0, moved, 4.0, "Waters 1992"))
    left = _neck(found, EARLY) & (found["ais"][:, EARLY] == 0) & (found["ais"][:, YEAR] > 0)
    soon = 100 * float(np.mean(found["ais"][left, QUARTER] > 0)) if left.any() else np.nan
    name = "C1-T1, of those who leave AIS A by a year, gone by week 12 (%)"
    rows.append(Row(name, 97.0, soon, 8.0, "Kawano 2020 (by week 8)"))
    return rows
