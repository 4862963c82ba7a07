"""Structured, seeded ISNCSCI exams for comparisons, benchmarks and tests.

Exams are made as the integer codes of `saisei.exam.isncsci.record` (int8, one row an exam, 136
columns). Scores drawn cell by cell would almost all be alike in their grades (a level at C1, AIS B
to D); so each exam has a plan: a level on each side with asymmetry, a zone below it, legs, a sacral
pattern, then not-testable cells, flags and non-key muscles laid over it. `KINDS` names the
patterns; the kind of each exam is returned with it.

    from exam_generator import generate, oracle_exam
    codes, kinds = generate(20_000, seed=1)

Row i depends only on the seed and i // BLOCK and its place there: a longer run starts with the
shorter one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]

BLOCK = 1000
DERMATOMES = (
    *(f"C{i}" for i in range(2, 9)),
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
    *("S1", "S2", "S3", "S4_5"),
)
KEY_MUSCLES = ("C5", "C6", "C7", "C8", "T1", "L2", "L3", "L4", "L5", "S1")
_MUSCLE_INDEX = np.array([4, 5, 6, 7, 8, 21, 22, 23, 24, 25], dtype=np.int8)
_MOTOR = np.r_[56:66, 122:132]
_SACRAL = np.array([27, 55, 93, 121])
_ANAL = np.array([132, 133])

# What lies over the plan of an exam. The first four have neither NT nor flags.
KINDS = (
    "plain",
    "near_normal",
    "any_score",
    "central_cord",
    "nt_few",
    "nt_sacral",
    "nt_column",
    "nt_below",
    "nt_around_level",
    "nt_many",
    "flag_one_star",
    "flag_two_stars",
    "flag_below",
    "flag_and_nt",
    "near_normal_nt",
)
PLAIN_KINDS = KINDS[:4]


def generate(
    n: int, seed: int, kinds: tuple[str, ...] = KINDS, non_key_share: float = 0.2
) -> tuple[Codes, NDArray[np.str_]]:
    """`n` exams as codes (n, 136) and the kind of each (n,); the same for the same seed."""
    codes, names = [], []
    for block in range(-(-n // BLOCK)):
        rng = np.random.default_rng([seed, block])
        kind = rng.choice(np.array(kinds), BLOCK)
        rows = _plan(rng, kind)
        for name in kinds:
            picked = np.flatnonzero(kind == name)
            rows[picked] = _overlay(rng, rows[picked], name)
        given = rng.random((BLOCK, 2)) < non_key_share
        rows[:, 134:] = np.where(given, rng.choice(_MUSCLE_INDEX, (BLOCK, 2)), -1)
        codes.append(rows)
        names.append(kind)
    return np.concatenate(codes)[:n], np.concatenate(names)[:n]


def _plan(rng: np.random.Generator, kind: NDArray[np.str_]) -> Codes:
    """Exams without NT and flags: levels, asymmetry, what is left below, sacral pattern."""
    n = len(kind)
    rows = np.empty((n, 136), dtype=np.int8)
    level = rng.integers(0, 29, n)
    # Half the levels among the neck and the lumbar cord, where muscles and sensation meet.
    level = np.where(
        rng.random(n) < 0.5, rng.choice([2, 3, 4, 5, 6, 7, 8, 20, 21, 23, 25], n), level
    )
    spared = rng.choice([0.0, 0.15, 0.5, 0.9], n)
    for start in (0, 66):
        shift = np.where(rng.random(n) < 0.5, 0, rng.integers(-3, 4, n))
        for column in (start, start + 28):
            own = level + shift + np.where(rng.random(n) < 0.6, 0, rng.integers(0, 4, n))
            rows[:, column : column + 28] = _sensory(rng, own, spared)
        own = level + shift + rng.choice([-2, -1, 0, 0, 0, 1, 2, 4, 9], n)
        rows[:, start + 56 : start + 66] = _motor(rng, own, spared)
    sacral = rng.choice(["none", "one", "free", "full"], n, p=[0.4, 0.2, 0.2, 0.2])
    rows[:, _SACRAL] = np.where((sacral == "none")[:, None], 0, rows[:, _SACRAL])
    one = np.flatnonzero(sacral == "one")
    rows[np.ix_(one, _SACRAL)] = 0
    rows[one, rng.choice(_SACRAL, len(one))] = rng.integers(1, 3, len(one))
    rows[:, _SACRAL] = np.where((sacral == "full")[:, None], 2, rows[:, _SACRAL])
    likely = np.select([sacral == "none", sacral == "full"], [0.2, 0.8], 0.5)
    rows[:, 132] = rng.random(n) < likely * 0.7
    rows[:, 133] = rng.random(n) < likely
    return rows


def _sensory(rng: np.random.Generator, level: NDArray[Any], spared: NDArray[Any]) -> Codes:
    """28 dermatomes: 2 down to the level, then 0, 1 or 2 with a chance that falls below it."""
    below = np.arange(1, 29)[None, :] - level[:, None]
    chance = np.maximum(spared[:, None], 0.6 * np.exp(-np.maximum(below, 0) / 2.0))
    left = (rng.random(below.shape) < chance) * rng.integers(1, 3, below.shape)
    return np.where(below <= 0, 2, left).astype(np.int8)


def _motor(rng: np.random.Generator, level: NDArray[Any], spared: NDArray[Any]) -> Codes:
    """10 key muscles: 5 above the level, 3 to 5 at it, then a grade with a chance that falls below it."""
    below = _MUSCLE_INDEX[None, :] - level[:, None]
    chance = np.maximum(spared[:, None], 0.6 * np.exp(-np.maximum(below, 0) / 2.0))
    left = (rng.random(below.shape) < chance) * rng.integers(1, 6, below.shape)
    at = rng.integers(3, 6, below.shape)
    return np.where(below < 0, 5, np.where(below == 0, at, left)).astype(np.int8)


def _overlay(rng: np.random.Generator, rows: Codes, kind: str) -> Codes:
    """Lay what the kind says over planned exams."""
    if kind.startswith("near_normal"):
        rows = _near_normal(rng, rows)
    elif kind == "any_score":
        rows = _any_score(rng, rows)
    elif kind == "central_cord":  # arms weaker than legs, sensation kept
        rows[:, _MOTOR] = rng.integers(0, 6, (len(rows), 20))
        rows[:, np.r_[61:66, 127:132]] = rng.integers(3, 6, (len(rows), 10))
        rows[:, 132] = rng.integers(0, 2, len(rows))
    if kind.startswith("flag"):
        rows = _flags(rng, rows, kind)
    if kind in ("flag_and_nt", "near_normal_nt", "nt_few"):
        rows = _not_testable(
            rng, rows, rng.random(rows.shape) < rng.choice([1, 3, 6], len(rows))[:, None] / 134
        )
    elif kind.startswith("nt"):
        rows = _not_testable(rng, rows, _nt_mask(rng, rows, kind))
    return rows


def _near_normal(rng: np.random.Generator, rows: Codes) -> Codes:
    """Everything normal but up to three cells; VAC and DAP mostly present."""
    rows[:, :132] = 2
    rows[:, _MOTOR] = 5
    rows[:, _ANAL] = rng.random((len(rows), 2)) < 0.7
    for _ in range(3):
        hit = np.flatnonzero(rng.random(len(rows)) < 0.5)
        cell = rng.integers(0, 132, len(hit))
        # Cells that decide what follows: the sacral ones and the ends of the motor regions.
        special = rng.random(len(hit)) < 0.4
        cell = np.where(
            special, rng.choice([27, 55, 93, 121, 60, 65, 126, 131, 8, 25], len(hit)), cell
        )
        rows[hit, cell] = rng.integers(0, np.where(np.isin(cell, _MOTOR), 5, 2))
    return rows


def _any_score(rng: np.random.Generator, rows: Codes) -> Codes:
    """Every cell drawn on its own, in half of them with a strong pull to the normal value."""
    pull = rng.random(len(rows))[:, None] < 0.5
    sensory = rng.integers(0, 3, (len(rows), 132))
    motor = rng.integers(0, 6, (len(rows), 20))
    rows[:, :132] = np.where(pull & (rng.random(sensory.shape) < 0.9), 2, sensory)
    rows[:, _MOTOR] = np.where(pull & (rng.random(motor.shape) < 0.8), 5, motor)
    rows[:, _ANAL] = rng.integers(0, 2, (len(rows), 2))
    return rows


def _nt_mask(rng: np.random.Generator, rows: Codes, kind: str) -> NDArray[np.bool_]:
    """Which of the 134 cells are not testable, as (n, 136)."""
    n = len(rows)
    mask = np.zeros((n, 136), dtype=bool)
    if kind == "nt_sacral":
        mask[:, _SACRAL] = rng.random((n, 4)) < 0.5
        mask[:, _ANAL] = rng.random((n, 2)) < 0.5
    elif kind == "nt_many":
        mask = rng.random((n, 136)) < rng.choice([0.2, 0.5, 0.9, 1.0], n)[:, None]
    elif kind == "nt_column":  # a run of cells in one part of one side, as under a plaster
        first = rng.integers(0, 132, n)
        length = rng.integers(1, 12, n)
        place = np.arange(136)[None, :]
        mask = (place >= first[:, None]) & (place < (first + length)[:, None]) & (place < 132)
    elif kind == "nt_below":  # nothing could be tested from a dermatome downwards
        from_level = rng.integers(1, 29, n)[:, None]
        mask[:, :132] = _levels()[None, :] >= from_level
        mask[:, _ANAL] = rng.random((n, 2)) < 0.5
    else:  # around the first dermatome that is not normal on the right
        first = np.argmax(rows[:, :28] != 2, axis=1) + 1
        near = np.abs(_levels()[None, :] - first[:, None]) <= 1
        mask[:, :132] = near & (rng.random((n, 132)) < 0.5)
    return mask


def _levels() -> NDArray[np.int64]:
    """The level index of the 132 score columns."""
    side = np.r_[1:29, 1:29, _MUSCLE_INDEX]
    return np.r_[side, side].astype(np.int64)


def _not_testable(rng: np.random.Generator, rows: Codes, mask: NDArray[np.bool_]) -> Codes:
    """Set the masked cells to NT; a flag that a cell had stays."""
    mask = mask.copy()
    mask[:, 134:] = False
    flag = rows // 10 * 10
    return np.where(mask, 9 + flag, rows).astype(np.int8)


def _flags(rng: np.random.Generator, rows: Codes, kind: str) -> Codes:
    """Put `*` (10 more) or `**` (20 more) on scores that are not normal."""
    n = len(rows)
    normal = np.full(132, 2)
    normal[_MOTOR] = 5
    if kind == "flag_below":
        mask = _levels()[None, :] >= rng.integers(1, 29, n)[:, None]
    else:
        mask = rng.random((n, 132)) < rng.choice([0.03, 0.2, 0.6], n)[:, None]
    if kind == "flag_one_star":
        stars = np.full((n, 132), 10)
    elif kind == "flag_two_stars":
        stars = np.full((n, 132), 20)
    else:
        stars = rng.choice([10, 20], (n, 132))
    cells = rows[:, :132]
    # Some of the normal scores become flagged ones, so that flags also stand above the level.
    worse = mask & (cells == normal) & (rng.random(cells.shape) < 0.3)
    cells = np.where(worse, rng.integers(0, normal), cells)
    rows[:, :132] = np.where(mask & (cells != normal), cells + stars, cells)
    return rows


_TEXT = {9: "NT", **{v: str(v) for v in range(6)}}
TEXT = {code + 10 * stars: text + "*" * stars for code, text in _TEXT.items() for stars in range(3)}
_ANAL_TEXT = {0: "No", 1: "Yes", 9: "NT"}


def oracle_exam(row: Codes | list[int]) -> dict[str, Any]:
    """One exam in the nested form of the npm package."""
    code = [int(c) for c in row]

    def side(start: int, non_key: int) -> dict[str, Any]:
        cells = [TEXT[c] for c in code[start : start + 66]]
        out: dict[str, Any] = {
            "lightTouch": dict(zip(DERMATOMES, cells[:28], strict=True)),
            "pinPrick": dict(zip(DERMATOMES, cells[28:56], strict=True)),
            "motor": dict(zip(KEY_MUSCLES, cells[56:], strict=True)),
        }
        if non_key >= 0:
            out["lowestNonKeyMuscleWithMotorFunction"] = KEY_MUSCLES[
                list(_MUSCLE_INDEX).index(non_key)
            ]
        return out

    return {
        "right": side(0, code[134]),
        "left": side(66, code[135]),
        "voluntaryAnalContraction": _ANAL_TEXT[code[132]],
        "deepAnalPressure": _ANAL_TEXT[code[133]],
    }


def oracle_lines(codes: Codes) -> Iterator[str]:
    """JSON lines `{"id": ..., "exam": {...}}` for scripts/oracle/grade.cjs."""
    for i, row in enumerate(codes):
        yield json.dumps({"id": i, "exam": oracle_exam(row)}, separators=(",", ":"))
