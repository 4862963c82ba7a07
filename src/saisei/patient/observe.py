"""From function to exam: 136 codes of an ISNCSCI exam at a day, with what examiners add.

A muscle grade is the number of cut points that force times noise exceeds; the noise is part the same at
each exam of a person, part new. A sensory score is 0, 1 or 2 by two cut points of its latent. What lies
above the injury is written as normal. The AIS is never written here: it comes from grading the exam.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_normals
from saisei.cord.anatomy import MUSCLES, SEGMENTS, SENSES, SPHINCTER
from saisei.cord.injury import INJURY, INTACT, X_KIND, X_LEVEL, X_TETRAPLEGIA, draw_injury
from saisei.cord.values import array_of, places
from saisei.repair.natural import (
    E_BLOCK,
    E_GAIN,
    EFFECT,
    RATES,
    draw_rates,
    forces_with,
    senses_at,
    use_reached,
)

__all__ = ["PATIENT", "STATES", "TRUTH", "examine", "patient_values"]

PATIENT: tuple[tuple[str, int], ...] = (
    ("grade_cuts", 5),
    ("grade_noise", 1),
    ("grade_noise_stable", 1),
    ("sense_normal_cut", 1),
    ("sense_noise", 1),
    ("pressure_noise", 1),
    ("contraction_cut", 1),
    ("contraction_noise", 1),
    (
        "sacral_mistakes",
        3,
    ),  # contraction, deep pressure found where there is none; all of it missed
    ("mistakes_days", 1),
)
"""Name and length of each value of the exam."""

_P = places(PATIENT)
_CUTS, _NOISE, _STABLE = _P["grade_cuts"], _P["grade_noise"], _P["grade_noise_stable"]
_NORMAL, _SENSE_NOISE, _PRESSURE = (
    _P["sense_normal_cut"],
    _P["sense_noise"],
    _P["pressure_noise"],
)
_VAC, _VAC_NOISE = _P["contraction_cut"], _P["contraction_noise"]
_MISTAKEN, _MISTAKEN_DAYS = _P["sacral_mistakes"], _P["mistakes_days"]
_GRADES = 5
_NORMAL_SCORE = 2

STATES: tuple[str, ...] = (
    "true_tetraplegia",
    "true_kind",
    "true_level_right",
    "true_level_left",
    "true_log_drive_right",
    "true_log_drive_left",
)
"""True facts of a person, the same at each visit; then come the forces of the 21 muscles."""

TRUTH = len(STATES) + MUSCLES

# Columns of the codes: right touch, pin, motor, left the same, VAC, DAP, two non-key muscles.
_MOTOR_COLUMN = 2 * SEGMENTS
_SIDE_COLUMNS = 2 * SEGMENTS + SPHINCTER // 2
_VAC_COLUMN, _DAP_COLUMN, _NON_KEY = 132, 133, 134
_STABLE_PURPOSE, _EXAM_PURPOSE = PURPOSES["examiner_stable"], PURPOSES["examiner_exam"]
_Z_STABLE, _Z_EXAM, _Z_SENSES = 0, MUSCLES, 2 * MUSCLES
_Z_PRESSURE = _Z_SENSES + SENSES
_Z_MISTAKEN = _Z_PRESSURE + 1  # contraction, deep pressure, all of it missed
_DRAWS = _Z_MISTAKEN + 3
_ROOM = 500


def patient_values(changed: Mapping[str, Sequence[float]] | None = None) -> NDArray[np.float64]:
    """The values of the exam; `changed` replaces some by name."""
    return array_of("patient", PATIENT, changed or {})


@compiled
def _grade(p: NDArray[np.float64], force: float) -> int:
    grade = 0
    for k in range(_GRADES):
        if force > p[_CUTS + k]:
            grade += 1
    return grade


@compiled
def _mistaken(z: float, share: float) -> bool:
    """Whether this exam goes wrong in this way."""
    found: bool = 0.5 * math.erfc(z * math.sqrt(0.5)) < share
    return found


@compiled
def _write_motor(
    p: NDArray[np.float64],
    forces: NDArray[np.float64],
    fresh: float,
    z: NDArray[np.float64],
    codes: NDArray[np.int8],
) -> None:
    """The 20 motor scores and VAC; `fresh` is how much of the mistakes of the first days is left."""
    same = p[_NOISE] * math.sqrt(p[_STABLE])
    new = p[_NOISE] * math.sqrt(1.0 - p[_STABLE])
    for j in range(SPHINCTER):
        column = (j // 10) * _SIDE_COLUMNS + _MOTOR_COLUMN + j % 10
        if forces[j] >= 1.0:
            codes[column] = _GRADES
        elif forces[j] <= 0.0:
            codes[column] = 0
        else:
            # Nobody takes full strength for less: the noise ends where force is normal.
            noise = (same * z[_Z_STABLE + j] + new * z[_Z_EXAM + j]) * math.sqrt(1.0 - forces[j])
            codes[column] = _grade(p, forces[j] * math.exp(noise))
    squeeze = math.log(max(forces[SPHINCTER], 1e-30))
    noise = p[_VAC_NOISE] * z[_Z_EXAM + SPHINCTER]
    seen = squeeze + noise > p[_VAC] or _mistaken(z[_Z_MISTAKEN], fresh * p[_MISTAKEN])
    codes[_VAC_COLUMN] = 1 if seen else 0


@compiled
def _write_senses(
    p: NDArray[np.float64],
    senses: NDArray[np.float64],
    pressure: float,
    fresh: float,
    z: NDArray[np.float64],
    codes: NDArray[np.int8],
) -> None:
    """The 112 sensory scores and DAP.

    Deep pressure is felt wherever a dermatome S4-5 is normal at the same exam: nobody writes otherwise.
    """
    best = -INTACT
    for k in range(SENSES):
        column = (k // (2 * SEGMENTS)) * _SIDE_COLUMNS + k % (2 * SEGMENTS)
        latent = senses[k] + p[_SENSE_NOISE] * z[_Z_SENSES + k]
        if k % SEGMENTS == SEGMENTS - 1:
            best = max(best, latent)
        if senses[k] >= INTACT or latent > p[_NORMAL]:
            codes[column] = 2
        else:
            codes[column] = 1 if latent > 0.0 else 0
    felt = pressure + p[_PRESSURE] * z[_Z_PRESSURE] > 0.0
    felt = felt or _mistaken(z[_Z_MISTAKEN + 1], fresh * p[_MISTAKEN + 1])
    codes[_DAP_COLUMN] = 1 if felt or best > p[_NORMAL] else 0
    codes[_NON_KEY], codes[_NON_KEY + 1] = -1, -1


@compiled
def _miss(
    p: NDArray[np.float64], fresh: float, z: NDArray[np.float64], codes: NDArray[np.int8]
) -> None:
    """Some first exams find nothing at S4-5 where something is altered; what is normal is never missed."""
    if not _mistaken(z[_Z_MISTAKEN + 2], fresh * p[_MISTAKEN + 2]):
        return
    for k in range(4):
        if codes[(k // 2) * _SIDE_COLUMNS + (k % 2) * SEGMENTS + SEGMENTS - 1] == _NORMAL_SCORE:
            return
    for k in range(4):
        codes[(k // 2) * _SIDE_COLUMNS + (k % 2) * SEGMENTS + SEGMENTS - 1] = 0
    codes[_VAC_COLUMN], codes[_DAP_COLUMN] = 0, 0


@compiled
def examine(
    c: NDArray[np.float64],
    r: NDArray[np.float64],
    p: NDArray[np.float64],
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
    effects: NDArray[np.float64],
    codes: NDArray[np.int8],
    truth: NDArray[np.float32],
) -> None:
    """Write the exams of people at their days; each row depends on (seed, person, attempt, day) alone.

    Args:
        c, r, p: the values of `cord_values()`, `repair_values()`, `patient_values()`.
        seed: 0 to 2**32 - 1.
        persons, attempts: the number of each person and of the attempt at it, (n,).
        days: days since the injury of each exam, (n, visits).
        effects: what care or a graft does at each exam, (n, visits, EFFECT) of `saisei.repair.natural`;
            of length 0 for the natural course.
        codes: room, (n, visits, 136); overwritten.
        truth: room, (n, visits, TRUTH), or of length 0 when not wanted; overwritten.
    """
    room, z = np.empty(_ROOM), np.empty(_DRAWS)
    x, rates = np.empty(INJURY), np.empty(RATES)
    forces, use, senses = np.empty(MUSCLES), np.empty(MUSCLES), np.empty(SENSES)
    effect = np.zeros(EFFECT)
    effect[E_GAIN], effect[E_BLOCK] = 1.0, 1.0
    for i in range(len(persons)):
        draw_injury(c, seed, persons[i], attempts[i], room, x)
        draw_rates(r, seed, persons[i], attempts[i], rates)
        use_reached(r, x, use)
        fill_normals(z[:MUSCLES], seed, persons[i], 0, _STABLE_PURPOSE, attempts[i])
        for v in range(days.shape[1]):
            day = days[i, v]
            fill_normals(z[MUSCLES:], seed, persons[i], day, _EXAM_PURPOSE, attempts[i])
            if len(effects) > 0:
                effect[:] = effects[i, v]
            forces_with(r, x, rates, float(day), effect, use, forces)
            pressure = senses_at(r, x, rates, float(day), senses)
            fresh = math.exp(-day / p[_MISTAKEN_DAYS])
            _write_motor(p, forces, fresh, z, codes[i, v])
            _write_senses(p, senses, pressure, fresh, z, codes[i, v])
            _miss(p, fresh, z, codes[i, v])
            if len(truth) == 0:
                continue
            truth[i, v, 0], truth[i, v, 1] = x[X_TETRAPLEGIA], x[X_KIND]
            for k in range(4):
                truth[i, v, 2 + k] = x[X_LEVEL + k]
            for j in range(MUSCLES):
                truth[i, v, 6 + j] = forces[j]
