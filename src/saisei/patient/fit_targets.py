"""Published scores, muscles and measurement error that the virtual patients are held against.

`measure` gives every target with the value that virtual people show. A target has a published value, its
sampling error, and how far a model that is right in kind may stand off (discrepancy); the discrepancy of
targets in one group is half shared, so that five weeks of one curve do not count as five witnesses.
Transition tables are in `fit_rows`. Which targets are held out: D80 in docs/decisions.md.

EMSCI means and SDs: `data/emsci_timecourse.csv` (BSD-3-Clause, licence text beside it).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.isncsci.levels import Level
from saisei.patient.fit_seen import Seen, Window

__all__ = ["FIT_WINDOWS", "WINDOWS", "Measured", "Target", "measure", "near"]


def near(day: int) -> Window:
    """The window that a printed day stands for: 10% to either side.

    >>> near(365)
    (328, 402)
    """
    return round(0.9 * day), min(round(1.1 * day), 730)


FIRST: Window = (2, 15)  # EMSCI: very acute
SECOND: Window = (16, 40)  # acute I
WEEK: Window = (2, 7)
MONTH: Window = near(30)
EIGHT_WEEKS: Window = (56, 56)
QUARTER: Window = near(84)
HALF: Window = near(183)
YEAR: Window = near(365)
TWO_YEARS: Window = (658, 730)
EIGHT_MONTHS: Window = near(235)
SAME_DAY: tuple[Window, Window] = ((365, 365), (366, 366))
THREE_DAYS: Window = (1, 3)
FIT_WINDOWS: tuple[Window, ...] = (
    FIRST, SECOND, WEEK, MONTH, EIGHT_WEEKS, QUARTER, YEAR, *SAME_DAY, THREE_DAYS,
)  # fmt: skip
WINDOWS: tuple[Window, ...] = (*FIT_WINDOWS, HALF, TWO_YEARS, EIGHT_MONTHS)

_WEEKS = {2: FIRST, 4: SECOND, 12: QUARTER, 26: HALF, 52: YEAR}
_COUPLING_PEOPLE = 1500  # 90,000 segments: enough for a regression
_HELD_WEEK = 26
_GRADES = "ABCDE"
_MOTOR = ("uems", "lems")
_SIDE, _ARM_FIRST, _KEYS = 66, 56, 10


@dataclass(frozen=True, slots=True)
class Target:
    """One published figure.

    Attributes:
        name, source: what, and who published it.
        published: the figure.
        sampling: its standard error as a sample of people.
        slack: standard deviation of the discrepancy that a model of this kind may have.
        group: targets whose discrepancy is half shared; empty for none.
        fitted: whether the fit may see it.
        kind: `mean`, `SD`, `share`, `muscle`, `level`, `row`, `exam` or `other`.
    """

    name: str
    source: str
    published: float
    sampling: float
    slack: float
    group: str
    fitted: bool
    kind: str

    @property
    def scale(self) -> float:
        """Standard deviation of sampling and discrepancy together."""
        return float(np.hypot(self.sampling, self.slack))


@dataclass(frozen=True, slots=True)
class Measured:
    """A target and what the virtual people show; NaN where nobody is in the group."""

    target: Target
    value: float

    @property
    def misfit(self) -> float:
        """Model minus published in units of the scale."""
        return (self.value - self.target.published) / self.target.scale


def measure(seen: Seen, *, held: bool = True) -> list[Measured]:
    """All targets but the transition tables, each with the model's value; `held`: those left out too."""
    return [
        *_emsci(seen, held),
        *_shares(seen),
        *_single_muscles(seen),
        *_motor_levels(seen),
        *(one for one in _legs(seen) if held or one.target.fitted),
        *_timing(seen),
        *_coupling(seen),
        *_repeats(seen),
        *(_gains(seen) if held else ()),
    ]


@cache
def _table() -> tuple[dict[str, str], ...]:
    text = files("saisei.patient").joinpath("data/emsci_timecourse.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _region(seen: Seen, plegia: str, window: Window) -> NDArray[np.bool_]:
    if plegia == "tetraplegia":
        return seen.between(window, Level.C1, Level.T1)
    return seen.between(window, Level.T2, Level.S4_5)


def _early_share() -> float:
    """Share of EMSCI people whose first exam was the very acute one, from the counts of weeks 2 and 4."""
    counts = {2: 0, 4: 0}
    for one in _table():
        week = int(one["weeks_post_injury"])
        if week in counts and one["measure"] == "lems":
            counts[week] += int(one["n"])
    return counts[2] / counts[4]


def _base_groups(seen: Seen, plegia: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Baseline AIS of each person (-1 outside the region), and whether it is of the very acute exam.

    EMSCI takes the first exam as baseline, very acute or acute I: so the week 4 and later groups hold people
    whose grade was first seen after two weeks.
    """
    early = seen.spread < _early_share()
    grade = np.where(early, seen.at("ais", FIRST), seen.at("ais", SECOND))
    inside = np.where(early, _region(seen, plegia, FIRST), _region(seen, plegia, SECOND))
    return np.where(inside, grade, -1), early


def _emsci(seen: Seen, held: bool) -> Iterator[Measured]:
    base = {plegia: _base_groups(seen, plegia) for plegia in ("tetraplegia", "paraplegia")}
    for one in _table():
        plegia, grade, part = one["plegia"], one["baseline_ais"], one["measure"]
        week, n = int(one["weeks_post_injury"]), int(one["n"])
        if week == _HELD_WEEK and not held:
            continue
        groups, early = base[plegia]
        chosen = groups == _GRADES.index(grade)
        if week == 2:
            chosen &= early
        scores = seen.at(part, _WEEKS[week])[chosen]
        motor, sd = part in _MOTOR, float(one["sd"])
        mean_found, sd_found = (scores.mean(), scores.std()) if len(scores) > 3 else (np.nan,) * 2
        name, fitted = f"{plegia} {grade} {part} week {week}", week != _HELD_WEEK
        for what, published, found, error, slack in (
            ("mean", float(one["mean"]), mean_found, sd / n**0.5, 1.0 if motor else 2.0),
            ("SD", sd, sd_found, sd / (2 * n) ** 0.5, 1.3 if motor else 2.6),
        ):
            group = f"{plegia} {grade} {part} {what}"
            yield Measured(
                Target(f"{name} {what}", "EMSCI", published, error, slack, group, fitted, what),
                float(found),
            )


def _shares(seen: Seen) -> Iterator[Measured]:
    """Shares of AIS A to D at the first exam, and of tetraplegia (counts of week 4)."""
    for plegia in ("tetraplegia", "paraplegia"):
        counts = {
            one["baseline_ais"]: int(one["n"])
            for one in _table()
            if (one["plegia"], one["weeks_post_injury"], one["measure"]) == (plegia, "4", "lems")
        }
        base = _base_groups(seen, plegia)[0]
        among = base[(base >= 0) & (base < 4)]
        total = sum(counts.values())
        for letter, count in counts.items():
            share = 100 * count / total
            error = (share * (100 - share) / total) ** 0.5
            value = 100 * float(np.mean(among == _GRADES.index(letter)))
            name = f"{plegia}, share of AIS {letter} (%)"
            yield Measured(Target(name, "EMSCI", share, error, 2.0, "", True, "share"), value)


def _single_muscles(seen: Seen) -> Iterator[Measured]:
    """Waters 1993: arm muscles of AIS A tetraplegia from one month to one year."""
    chosen = _region(seen, "tetraplegia", MONTH) & (seen.at("ais", MONTH) == 0)
    start, end = seen.exams(MONTH)[chosen], seen.exams(YEAR)[chosen]
    hits: dict[str, list[int]] = {"1-2": [0, 0], "1": [0, 0], "2": [0, 0]}
    for side in range(2):
        arm = slice(side * _SIDE + _ARM_FIRST, side * _SIDE + _ARM_FIRST + 5)
        before, after = start[:, arm], end[:, arm]
        weak = (before == 1) | (before == 2)
        hits["1-2"][0] += int((after[weak] >= 3).sum())
        hits["1-2"][1] += int(weak.sum())
        lowest = np.where((before > 0).any(axis=1), 4 - np.argmax(before[:, ::-1] > 0, axis=1), -9)
        for below in ("1", "2"):
            at = lowest + int(below)
            rows = np.flatnonzero((lowest >= 0) & (at < 5))
            hits[below][0] += int((after[rows, at[rows]] >= 3).sum())
            hits[below][1] += len(rows)
    for key, name, share, slack in (
        ("1-2", "arm muscle of grade 1-2 at a month reaches 3 at a year (%)", 97.0, 2.0),
        ("1", "grade 0 one level below the lowest function reaches 3 (%)", 27.0, 3.0),
        ("2", "grade 0 two levels below reaches 3 (%)", 1.0, 1.0),
    ):
        a, b = hits[key]
        target = Target(name, "Waters 1993", share, 0.0, slack, "", True, "muscle")
        yield Measured(target, 100 * a / b if b else np.nan)


def _motor_levels(seen: Seen) -> Iterator[Measured]:
    """Marino 2011: change of motor level by one year, AIS A tetraplegia in the first week, each side."""
    chosen = _region(seen, "tetraplegia", WEEK) & (seen.at("ais", WEEK) == 0)
    gain = np.concatenate(
        [
            (seen.at(f"{side}_motor_level", YEAR) - seen.at(f"{side}_motor_level", WEEK))[chosen]
            for side in ("right", "left")
        ]
    )
    for what, hit, share in (
        ("unchanged or higher up", gain <= 0, 35.0),
        ("1 lower", gain == 1, 42.0),
        ("2 lower", gain == 2, 14.0),
        ("more than 2 lower", gain > 2, 9.0),
    ):
        name = f"motor level {what} at a year (%)"
        target = Target(name, "Marino 2011", share, 0.0, 2.5, "", True, "level")
        yield Measured(target, 100 * _mean(hit))


def _legs(seen: Seen) -> Iterator[Measured]:
    """Waters 1992: leg return in complete paraplegia from a month on: above T9, T9 and below, T12."""
    complete = seen.at("ais", MONTH) == 0
    later = seen.at("lems", YEAR)
    for high, low, name, hit, share, fitted, slack in (
        (Level.T2, Level.T8, "T2-T8, any leg return", later > 0, 0.0, True, 1.5),
        (Level.T9, Level.S3, "T9 and below, any leg return", later > 0, 38.0, False, 5.0),
        (Level.T12, Level.S3, "T12 and below, strength to walk (LEMS 20 or more)", later >= 20, 20.0,
         False, 6.0),
    ):  # fmt: skip
        chosen = complete & seen.between(MONTH, high, low)
        words = f"AIS A at a month, {name} at a year (%)"
        target = Target(words, "Waters 1992", share, 0.0, slack, "", fitted, "other")
        yield Measured(target, 100 * _mean(hit[chosen]))


def _timing(seen: Seen) -> Iterator[Measured]:
    """Kawano 2020: 34 of 35 conversions by a year were within 8 weeks.

    A conversion is timed by the first exam that is not A, of the exams that such people have by then.
    """
    left = _region(seen, "tetraplegia", THREE_DAYS) & (seen.at("ais", THREE_DAYS) == 0)
    left &= seen.at("ais", YEAR) > 0
    exams = [seen.at("ais", window) > 0 for window in (SECOND, MONTH, EIGHT_WEEKS)]
    soon = np.any(exams, axis=0)[left]
    name = "neck, of those who left AIS A by a year, gone by week 8 (%)"
    yield Measured(
        Target(name, "Kawano 2020", 97.0, 2.8, 3.0, "", True, "other"), 100 * _mean(soon)
    )


def _coupling(seen: Seen) -> Iterator[Measured]:
    """Schuld 2025: motor score of a key segment by light touch and pin prick of the same segment."""
    places = np.array([*range(3, 8), *range(20, 25)])  # C5-T1, L2-S1 among the dermatomes from C2
    x, y = [], []
    for window in (FIRST, QUARTER, YEAR):
        exams = seen.exams(window)[:_COUPLING_PEOPLE]
        codes = exams[seen.at("ais", window)[: len(exams)] < 4].astype(np.float64)
        for side in (0, _SIDE):
            x += [np.stack([codes[:, side + places], codes[:, side + 28 + places]], axis=-1)]
            y += [codes[:, side + _ARM_FIRST : side + _ARM_FIRST + _KEYS]]
    design = np.concatenate([part.reshape(-1, 2) for part in x])
    motor = np.concatenate([part.ravel() for part in y])
    columns = np.column_stack([np.ones(len(design)), design])
    found = np.linalg.solve(columns.T @ columns, columns.T @ motor)
    gap = motor - columns @ found
    rmse = float(np.sqrt(np.mean(gap**2)))
    explained = 1.0 - float(np.var(gap) / np.var(motor))
    for name, value, published, slack in (
        ("motor score where nothing is felt (points)", found[0], 0.18, 0.15),
        ("motor score per point of light touch (points)", found[1], 1.22, 0.15),
        ("motor score per point of pin prick (points)", found[2], 0.96, 0.15),
        ("share of motor variance explained by sensation (%)", 100 * explained, 64.5, 4.0),
        ("error of motor score from sensation (points)", rmse, 1.34, 0.1),
    ):
        target = Target(name, "Schuld 2025", published, 0.0, slack, "", True, "exam")
        yield Measured(target, float(value))


def _repeats(seen: Seen) -> Iterator[Measured]:
    """Marino 2008: repeatability in complete injury, motor below 2 and sensation below 7 points.

    A limit, so a model that repeats better is not at fault: its value is then the limit itself.
    """
    first, second = SAME_DAY
    both = (seen.at("ais", first) == 0) & (seen.at("ais", second) == 0)
    gaps = {name: (seen.at(name, first) - seen.at(name, second))[both] for name in TOTAL_NAMES}
    for name, change, limit, slack in (
        ("motor", gaps["uems"] + gaps["lems"], 2.0, 0.25),
        ("light touch", gaps["light_touch"], 7.0, 0.7),
        ("pin prick", gaps["pin_prick"], 7.0, 0.7),
    ):
        value = max(1.96 * float(change.std()) if both.any() else np.nan, limit)
        words = f"repeatability of {name} in AIS A (points, limit)"
        yield Measured(Target(words, "Marino 2008", limit, 0.0, slack, "", True, "exam"), value)


TOTAL_NAMES = ("uems", "lems", "light_touch", "pin_prick")


def _gains(seen: Seen) -> Iterator[Measured]:
    """Held-out scores: Fisher 2005, Wirz 2006, Waters 1994, Evaniew 2019, Marino 2011."""
    motor = {w: seen.at("uems", w) + seen.at("lems", w) for w in (FIRST, TWO_YEARS)}
    complete = seen.at("ais", MONTH) == 0
    found: list[tuple[str, str, float, float, float]] = []
    for plegia, start, end, sd in (
        ("tetraplegia", 11.9, 20.1, 10.7),
        ("paraplegia", 49.3, 50.6, 2.4),
    ):
        chosen = complete & _region(seen, plegia, MONTH)
        words = f"{plegia} complete after a month, total motor"
        found += [
            (f"{words} in the first weeks", "Fisher 2005", start, _mean(motor[FIRST][chosen]), 3.0),
            (f"{words}, SD in the first weeks", "Fisher 2005", sd, _sd(motor[FIRST][chosen]), 2.5),
            (f"{words} at two years", "Fisher 2005", end, _mean(motor[TWO_YEARS][chosen]), 3.0),
        ]
    blocked = seen.at("ais", MONTH) <= 1
    better = seen.at("lems", HALF) > seen.at("lems", MONTH)
    name = "AIS A or B at a month, legs better at half a year (%)"
    found.append((name, "Wirz 2006", 24.8, 100 * _mean(better[blocked]), 5.0))
    sensory = (seen.at("ais", MONTH) == 1) & _region(seen, "tetraplegia", MONTH)
    name = "AIS B at a month, neck, LEMS at a year"
    found.append((name, "Waters 1994", 7.4, _mean(seen.at("lems", YEAR)[sensory]), 4.0))
    neck = seen.between(FIRST, Level.C4, Level.C6) & (seen.at("ais", FIRST) < 4)
    change = (seen.at("uems", EIGHT_MONTHS) - seen.at("uems", FIRST))[neck]
    found += _quartiles(change)
    rise = seen.at("uems", YEAR) - seen.at("uems", WEEK)
    first = (seen.at("ais", WEEK) == 0) & _region(seen, "tetraplegia", WEEK)
    level = seen.at("right_motor_level", WEEK)
    middle = first & (level >= Level.C4) & (level <= Level.C7)
    low = first & (level >= Level.C8) & (level <= Level.T1)
    after_c = (seen.at("ais", WEEK) == 2) & _region(seen, "tetraplegia", WEEK)
    found += [
        ("AIS A, motor level C4-C7, gain of UEMS at a year", "Marino 2011", 10.0, _mean(rise[middle]), 2.0),
        ("AIS A, motor level C8-T1, gain of UEMS at a year", "Marino 2011", 2.5, _mean(rise[low]), 1.5),
        ("AIS C, neck, UEMS at a year", "Marino 2011", 35.0, _mean(seen.at("uems", YEAR)[after_c]), 2.5),
    ]  # fmt: skip
    for words, source, published, value, slack in found:
        yield Measured(Target(words, source, published, 0.0, slack, "", False, "other"), value)


def _quartiles(change: NDArray[Any]) -> list[tuple[str, str, float, float, float]]:
    quantiles = np.quantile(change, [0.25, 0.5, 0.75]) if len(change) else [np.nan] * 3
    return [
        (
            f"C4-C6, any AIS, gain of UEMS by 235 days, {word}",
            "Evaniew 2019",
            published,
            float(q),
            2.0,
        )
        for word, published, q in zip(
            ("lower quartile", "median", "upper quartile"), (2.0, 7.0, 12.0), quantiles, strict=True
        )
    ]


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _sd(values: NDArray[Any]) -> float:
    return float(values.std()) if len(values) else float("nan")
