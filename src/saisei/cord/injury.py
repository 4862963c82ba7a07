"""One injury as a sampled state: level, asymmetry, spared drive, zone, block, motoneurons, sensory sparing.

`draw_injury` fills a flat row (`INJURY` numbers, places `X_...`) from the stream `injury` of
(seed, person, attempt); nothing else enters. A segment at or above the injury is intact: drive 1, no
block, sense `INTACT`. Equations and reasons: docs/stages/patient.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms, normal_of
from saisei.cord.anatomy import (
    ARM,
    DERMATOME_LEVEL,
    MUSCLE_LEVEL,
    MUSCLES,
    SEGMENTS,
    SENSES,
    SPHINCTER,
)
from saisei.cord.values import CORD, KINDS, places

__all__ = [
    "INJURY",
    "INTACT",
    "X_BLOCK",
    "X_DRIVE",
    "X_KIND",
    "X_LEVEL",
    "X_MOTONEURONS",
    "X_PRESSURE",
    "X_SENSE",
    "X_SPARED",
    "X_TETRAPLEGIA",
    "X_ZONE",
    "draw_injury",
]

INTACT = 1e3
"""Sensory latent of a segment above the injury: always felt as normal."""

# Places in the row of an injury.
X_TETRAPLEGIA = 0
X_KIND = 1
X_LEVEL = 2  # right, left: last intact segment, continuous (C1 = 0)
X_DRIVE = 4  # right, left: log of the spared share of descending drive
X_PRESSURE = 6  # latent of deep anal pressure
X_SPARED = 7  # long descending drive that reaches each muscle once nothing is blocked
X_BLOCK = X_SPARED + MUSCLES  # share of it that is blocked at the injury
X_ZONE = X_BLOCK + MUSCLES  # local drive of the zone of injury that will grow in
X_MOTONEURONS = X_ZONE + MUSCLES
X_SENSE = X_MOTONEURONS + MUSCLES
INJURY = X_SENSE + SENSES

_PURPOSE = PURPOSES["injury"]
_P = places(CORD)
_TETRAPLEGIA, _KIND_T, _KIND_P = (
    _P["tetraplegia_share"],
    _P["kind_share_tetraplegia"],
    _P["kind_share_paraplegia"],
)
_LEVEL_T, _LEVEL_P = _P["level_mean_tetraplegia"], _P["level_mean_paraplegia"]
_LEVEL_SD, _SIDE_SD = _P["level_sd"], _P["level_side_sd"]
_MOTOR, _PIN = _P["motor_offset"], _P["pin_offset"]
_DRIVE, _DRIVE_SD, _DRIVE_SIDE = _P["log_drive_mean"], _P["log_drive_sd"], _P["drive_side_sd"]
_ARM, _ARM_SD, _WITH_SENSE = _P["arm_penalty"], _P["arm_penalty_sd"], _P["drive_segment_sd"]
_LOCAL, _DECAY, _LOCAL_SD = (
    _P["local_log"],
    _P["local_decay"],
    _P["local_sd"],
)
_BLOCK, _BLOCK_SD = _P["block_logit"], _P["block_sd"]
_SPHINCTER, _DRIVE_SHIFT = _P["sphincter_sd"], _P["drive_shift_paraplegia"]
_NEURONS, _LENGTH, _MM = _P["motoneuron_logit"], _P["lesion_log_mm"], _P["segment_mm"]
_TOUCH, _PRICK, _SENSE_SD = _P["touch_mean"], _P["pin_mean"], _P["sense_sd"]
_TOUCH_PIN, _WITH_DRIVE = _P["sense_pin_correlation"], _P["sense_drive_correlation"]
_SENSE_SIDE, _HEIGHT, _ZONE = _P["sense_side_sd"], _P["zone_height"], _P["zone_log_decay"]
_SEGMENT_SD, _RHO, _SHARED = (
    _P["sense_segment_sd"],
    _P["sense_segment_correlation"],
    _P["sense_shared"],
)
_SACRAL, _PRESSURE = _P["sacral_shift"], _P["anal_pressure"]

# Bounds of the continuous level: from the odontoid down to the conus, split below T1.
_TOP, _SPLIT, _BOTTOM = 0.5, 9.0, 25.0
_REGIONS = (8.0, 20.0, 25.0, 30.0)  # where the cervical, thoracic, lumbar, sacral segments end
_S3 = SEGMENTS - 2  # the dermatomes from S3 down are the sacral ones

# Draws of the stream: places of single numbers, then rows. New ones only ever come at the end.
_U_REGION, _U_KIND, _U_LEVEL = 0, 1, 2
_Z_SIDE, _Z_MOTOR, _Z_PIN, _Z_DRIVE, _Z_DRIVE_SIDE, _Z_LOCAL, _Z_BLOCK = 3, 4, 6, 8, 9, 10, 11
_Z_LENGTH, _Z_TOUCH, _Z_PRICK, _Z_ZONE, _Z_PRESSURE, _Z_SENSE_SIDE = 13, 14, 15, 16, 17, 18
_R_LOCAL = 22
_R_BLOCK = _R_LOCAL + MUSCLES
_R_NEURONS = _R_BLOCK + MUSCLES
_R_SENSE = _R_NEURONS + MUSCLES
_R_COMMON = _R_SENSE + SENSES
_Z_SPHINCTER = _R_COMMON + 2 * SEGMENTS
_Z_DECAY = _Z_SPHINCTER + 1
_Z_ARM = _Z_DECAY + 1
_DRAWS = _Z_ARM + 1


@compiled
def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


@compiled
def _phi(x: float) -> float:
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@compiled
def _between(u: float, mean: float, sd: float, low: float, high: float) -> float:
    """A normal number kept within bounds, from a uniform, by the inverse of its distribution."""
    a, b = _phi((low - mean) / sd), _phi((high - mean) / sd)
    v = min(max(a + u * (b - a), 2.0**-33), 1.0 - 2.0**-33)
    return min(max(mean + sd * normal_of(v), low), high)


@compiled
def _mm(c: NDArray[np.float64], level: float) -> float:
    """How far down the cord a level lies, mm below C1, from the lengths of segments by region."""
    place, top = 0.0, 0.0
    for region in range(4):
        bottom = _REGIONS[region]
        if level > top:
            place += c[_MM + region] * (min(level, bottom) - top)
        top = bottom
    return place


@compiled
def _kind(u: float, c: NDArray[np.float64], at: int) -> int:
    total = 0.0
    for k in range(KINDS):
        total += c[at + k]
    reached = 0.0
    for k in range(KINDS - 1):
        reached += c[at + k] / total
        if u < reached:
            return k
    return KINDS - 1


@compiled
def _draw_place(c: NDArray[np.float64], z: NDArray[np.float64], x: NDArray[np.float64]) -> int:
    """Region, kind, levels of both sides, spared drive of both sides; gives the kind."""
    cervical = z[_U_REGION] < c[_TETRAPLEGIA]
    kind = _kind(z[_U_KIND], c, _KIND_T if cervical else _KIND_P)
    if cervical:
        level = _between(z[_U_LEVEL], c[_LEVEL_T + kind], c[_LEVEL_SD], _TOP, _SPLIT)
    else:
        level = _between(z[_U_LEVEL], c[_LEVEL_P + kind], c[_LEVEL_SD + 1], _SPLIT, _BOTTOM)
    x[X_TETRAPLEGIA], x[X_KIND] = 1.0 if cervical else 0.0, kind
    drive = c[_DRIVE + kind] + c[_DRIVE_SD + kind] * z[_Z_DRIVE]
    if not cervical:
        drive += c[_DRIVE_SHIFT + kind]
    for side in range(2):
        sign = 1.0 - 2.0 * side
        x[X_LEVEL + side] = level + sign * c[_SIDE_SD] * z[_Z_SIDE]
        x[X_DRIVE + side] = min(drive + sign * c[_DRIVE_SIDE] * z[_Z_DRIVE_SIDE], 0.0)
    return kind


@compiled
def _tie_segments(c: NDArray[np.float64], z: NDArray[np.float64]) -> None:
    """Turn the sensory draws of the four columns into ones tied down the segments and between modalities."""
    rho, fresh = c[_RHO], math.sqrt(1.0 - c[_RHO] * c[_RHO])
    common, own = math.sqrt(c[_SHARED]), math.sqrt(1.0 - c[_SHARED])
    for column in range(4):
        at, both = _R_SENSE + column * SEGMENTS, _R_COMMON + (column // 2) * SEGMENTS
        for k in range(SEGMENTS):
            new = common * z[both + k] + own * z[at + k]
            z[at + k] = new if k == 0 else rho * z[at + k - 1] + fresh * new


@compiled
def _draw_muscles(
    c: NDArray[np.float64], z: NDArray[np.float64], x: NDArray[np.float64], kind: int
) -> None:
    """Long drive, its block, drive of the zone and surviving motoneurons of the 21 muscles."""
    decay = c[_DECAY] * math.exp(c[_DECAY + 1] * z[_Z_DECAY])
    length = math.exp(c[_LENGTH] + c[_LENGTH + 1] * z[_Z_LENGTH])
    height = c[_LOCAL] if x[X_TETRAPLEGIA] == 1.0 else c[_LOCAL + 1]
    arm = max(0.0, c[_ARM] + c[_ARM_SD] * z[_Z_ARM])
    for j in range(MUSCLES):
        x[X_BLOCK + j], x[X_ZONE + j], x[X_MOTONEURONS + j], x[X_SPARED + j] = 0.0, 0.0, 1.0, 1.0
        side = 1 if j >= SPHINCTER // 2 else 0
        drive = math.exp(x[X_DRIVE + side])
        if j == SPHINCTER:
            side, drive = 0, 0.5 * (math.exp(x[X_DRIVE]) + math.exp(x[X_DRIVE + 1]))
            drive *= math.exp(c[_SPHINCTER] * z[_Z_SPHINCTER])
        start = x[X_LEVEL + side] + c[_MOTOR] + c[_MOTOR + 1] * z[_Z_MOTOR + side]
        below = MUSCLE_LEVEL[j] - start
        if below <= 0.0:
            continue
        if ARM[j]:
            drive *= math.exp(-arm)
        k = _R_SENSE + 2 * side * SEGMENTS + int(MUSCLE_LEVEL[j]) - 1
        segment = c[_WITH_SENSE] * 0.5 * (z[k] + z[k + SEGMENTS])  # touch and pin of the segment
        drive *= math.exp(segment)
        local = height - (below - 1.0) / decay
        local += segment + c[_LOCAL_SD] * z[_Z_LOCAL] + c[_LOCAL_SD + 1] * z[_R_LOCAL + j]
        x[X_SPARED + j], x[X_ZONE + j] = min(1.0, drive), min(1.0, math.exp(local))
        block = c[_BLOCK + max(0, kind - 1)] + c[_BLOCK_SD] * z[_Z_BLOCK]
        x[X_BLOCK + j] = _logistic(block + c[_BLOCK_SD + 1] * z[_R_BLOCK + j])
        if _mm(c, MUSCLE_LEVEL[j]) - _mm(c, start) < length:
            x[X_MOTONEURONS + j] = _logistic(c[_NEURONS] + c[_NEURONS + 1] * z[_R_NEURONS + j])


@compiled
def _draw_senses(
    c: NDArray[np.float64], z: NDArray[np.float64], x: NDArray[np.float64], kind: int
) -> None:
    """Sensory latents of the four columns and of deep anal pressure."""
    link, pair, sd = c[_WITH_DRIVE], c[_TOUCH_PIN], c[_SENSE_SD + kind]
    touch = link * z[_Z_DRIVE] + math.sqrt(1.0 - link * link) * z[_Z_TOUCH]
    pin = pair * touch + math.sqrt(1.0 - pair * pair) * z[_Z_PRICK]
    zone = math.exp(c[_ZONE] + c[_ZONE + 1] * z[_Z_ZONE])
    pressure = 0.0
    for column in range(4):
        side, prick = column // 2, column % 2
        base = (c[_PRICK + kind] + sd * pin) if prick else (c[_TOUCH + kind] + sd * touch)
        base += c[_SENSE_SIDE] * z[_Z_SENSE_SIDE + column]
        start = x[X_LEVEL + side]
        if prick:
            start += c[_PIN] + c[_PIN + 1] * z[_Z_PIN + side]
        for k in range(SEGMENTS):
            below = DERMATOME_LEVEL[k] - start
            latent = base + c[_SEGMENT_SD] * z[_R_SENSE + column * SEGMENTS + k]
            if k >= _S3:
                latent += c[_SACRAL]
            if below > 0.0:
                latent += c[_HEIGHT] * math.exp(-below / zone)
                x[X_SENSE + column * SEGMENTS + k] = latent
            else:
                x[X_SENSE + column * SEGMENTS + k] = INTACT
            if k == SEGMENTS - 1:
                pressure += 0.25 * latent
    x[X_PRESSURE] = pressure + c[_PRESSURE] + c[_PRESSURE + 1] * z[_Z_PRESSURE]


@compiled
def draw_injury(
    c: NDArray[np.float64],
    seed: int,
    person: int,
    attempt: int,
    z: NDArray[np.float64],
    x: NDArray[np.float64],
) -> None:
    """Fill the row of one injury.

    Args:
        c: the values of `cord_values()`.
        seed, person, attempt: the key of the stream and which attempt at this person it is.
        z: room for draws, at least 400 numbers; overwritten.
        x: room for the injury, (INJURY,); overwritten.
    """
    room = z[:_DRAWS]
    fill_uniforms(room, seed, person, 0, _PURPOSE, attempt)
    for i in range(_U_LEVEL + 1, _DRAWS):
        room[i] = normal_of(room[i])
    kind = _draw_place(c, room, x)
    _tie_segments(c, room)
    _draw_muscles(c, room, x, kind)
    _draw_senses(c, room, x, kind)
