"""The natural course from the injury on, each part in closed form: no time step, no step error.

For a muscle j of person i, day t after the injury, two drives add up. The long tracts are blocked at first
and released within weeks, then used better; the zone of injury grows in over months, each muscle at its
own pace:

    block      b(t) = b(0) exp(-t / tau_block)
    plasticity P(t) = 1 - (1 - P(0)) exp(-t / tau_P)
    zone       Z(t) = zone [1 - (1 - Z(0)) exp(-t / tau_Z)]
    drive      D(t) = min(1, spared (1 - b(t)) P(t) + Z(t))
    muscle     M(t) = M_end + (1 - M_end) exp(-t / tau_M),  M_end from the drive that will be reached
    force      F(t) = min(1, r m) M(t) H(D(t)),  H(D) = D^h (1 + D50^h) / (D^h + D50^h)
    sensation  eta(t) = eta_end - K exp(-t / tau_sense)

The forms are those of the project's biology notes (host without graft); docs/stages/patient.md says what
is assumed. Rates differ by person: the stream `course`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_normals
from saisei.cord.anatomy import MUSCLES, SEGMENTS, SENSES, SPHINCTER
from saisei.cord.injury import (
    INTACT,
    X_BLOCK,
    X_KIND,
    X_MOTONEURONS,
    X_PRESSURE,
    X_SENSE,
    X_SPARED,
    X_ZONE,
)
from saisei.cord.values import KINDS, array_of, places

__all__ = [
    "EFFECT",
    "E_BLOCK",
    "E_GAIN",
    "E_PRESSURE",
    "E_RELAY",
    "RATES",
    "REPAIR",
    "block_at",
    "draw_rates",
    "drives_at",
    "forces_at",
    "forces_with",
    "hill",
    "no_effect",
    "plasticity_at",
    "repair_values",
    "senses_at",
    "use_reached",
]

REPAIR: tuple[tuple[str, int], ...] = (
    ("block_days", 2),  # median, sd of the log between people
    ("plasticity_start", 1),
    ("plasticity_days", 2),
    ("zone_start", 1),
    ("zone_days", 3),  # median, sd of the log between people, between muscles
    ("half_drive", 1),
    ("drive_slope", 1),
    ("sprouting", 1),
    ("muscle_unused", 1),
    ("muscle_days", 1),
    ("sense_shock_log", 2),
    ("sense_days", 2),
    ("pin_shock", 1),
    ("mild_shock", 1),
    ("complete_shock", 1),
)
"""Name and length of each value of the course."""

_P = places(REPAIR)
_RELEASE, _START, _PLASTIC = _P["block_days"], _P["plasticity_start"], _P["plasticity_days"]
_ZONE, _ZONE_START = _P["zone_days"], _P["zone_start"]
_HALF, _SLOPE, _SPROUT = _P["half_drive"], _P["drive_slope"], _P["sprouting"]
_UNUSED, _MUSCLE = _P["muscle_unused"], _P["muscle_days"]
_SHOCK, _SENSE, _PIN = _P["sense_shock_log"], _P["sense_days"], _P["pin_shock"]
_MILD_SHOCK, _MILD = _P["mild_shock"], KINDS - 1
_COMPLETE_SHOCK, _COMPLETE = _P["complete_shock"], 0

# Rates of a person, in the order of the draws; the last are the zone of each muscle.
_TAU_BLOCK, _TAU_PLASTIC, _K, _TAU_SENSE, _OWN_ZONE, _TAU_ZONE = range(6)
RATES = _TAU_ZONE + MUSCLES
_PURPOSE = PURPOSES["course"]

# The one place where care and a graft reach the host: a row of factors at a day, neutral without them.
E_GAIN = 0  # factor on spared drive (1)
E_BLOCK = 1  # factor on the block that is left (1)
E_PRESSURE = 2  # block added by compression (0)
E_RELAY = 3  # drive added to each of the 21 muscles (0)
EFFECT = E_RELAY + MUSCLES


def repair_values(changed: Mapping[str, Sequence[float]] | None = None) -> NDArray[np.float64]:
    """The values of the natural course; `changed` replaces some by name."""
    return array_of("repair", REPAIR, changed or {})


@compiled
def draw_rates(
    r: NDArray[np.float64], seed: int, person: int, attempt: int, rates: NDArray[np.float64]
) -> None:
    """Fill the rates of one person, (RATES,): time constants, depth of the sensory shock."""
    fill_normals(rates, seed, person, 0, _PURPOSE, attempt)
    rates[_TAU_BLOCK] = r[_RELEASE] * math.exp(r[_RELEASE + 1] * rates[_TAU_BLOCK])
    rates[_TAU_PLASTIC] = r[_PLASTIC] * math.exp(r[_PLASTIC + 1] * rates[_TAU_PLASTIC])
    rates[_K] = math.exp(r[_SHOCK] + r[_SHOCK + 1] * rates[_K])
    rates[_TAU_SENSE] = r[_SENSE] * math.exp(r[_SENSE + 1] * rates[_TAU_SENSE])
    rates[_OWN_ZONE] = math.exp(r[_ZONE + 1] * rates[_OWN_ZONE])
    for j in range(MUSCLES):
        fresh = math.exp(r[_ZONE + 2] * rates[_TAU_ZONE + j])
        rates[_TAU_ZONE + j] = r[_ZONE] * rates[_OWN_ZONE] * fresh


@compiled
def block_at(start: float, decay: float) -> float:
    """Blocked share of conduction in the long tracts, by the decay factor of the day."""
    return start * decay


@compiled
def plasticity_at(start: float, decay: float) -> float:
    """What grows in, as a share of its plateau, from `start` at the injury: plasticity, and the zone."""
    return 1.0 - (1.0 - start) * decay


@compiled
def hill(drive: float, half: float, slope: float) -> float:
    """Force from drive, 1 at drive 1 and one half of the limit at `half`."""
    middle: float = half**slope
    return _hill(drive, middle, slope)


@compiled
def _hill(drive: float, middle: float, slope: float) -> float:
    """`hill` with its middle, half to the slope, at hand: powers are most of the work of a muscle."""
    if drive <= 0.0:
        return 0.0
    power: float = drive**slope
    return power * (1.0 + middle) / (power + middle)


def no_effect() -> NDArray[np.float64]:
    """The neutral row: multiplying by 1 and adding 0 changes no bit of the natural course."""
    effect = np.zeros(EFFECT)
    effect[E_GAIN] = effect[E_BLOCK] = 1.0
    return effect


@compiled
def forces_at(
    r: NDArray[np.float64],
    x: NDArray[np.float64],
    rates: NDArray[np.float64],
    day: float,
    effect: NDArray[np.float64],
    forces: NDArray[np.float64],
) -> None:
    """Fill the forces of the 21 muscles at a day after the injury, as shares of normal force.

    Args:
        r: the values of `repair_values()`.
        x, rates: the injury and the rates of the person.
        day: days since the injury, 0 or more.
        effect: what care or a graft does at that day, (EFFECT,); `no_effect()` for the natural course.
        forces: room, (21,); overwritten.
    """
    use = np.empty(MUSCLES)
    use_reached(r, x, use)
    forces_with(r, x, rates, day, effect, use, forces)


@compiled
def use_reached(r: NDArray[np.float64], x: NDArray[np.float64], use: NDArray[np.float64]) -> None:
    """Fill the use of the 21 muscles that is reached in the end: what `forces_with` needs once a person.

    Use settles with the drive that is reached in the end: that keeps the form closed.
    """
    middle: float = r[_HALF] ** r[_SLOPE]
    for j in range(MUSCLES):
        if x[X_SPARED + j] >= 1.0:
            use[j] = 1.0
            continue
        use[j] = _hill(min(1.0, x[X_SPARED + j] + x[X_ZONE + j]), middle, r[_SLOPE])


@compiled
def forces_with(
    r: NDArray[np.float64],
    x: NDArray[np.float64],
    rates: NDArray[np.float64],
    day: float,
    effect: NDArray[np.float64],
    use: NDArray[np.float64],
    forces: NDArray[np.float64],
) -> None:
    """`forces_at` for several days of one person, with what `use_reached` gave."""
    blocks = np.empty(MUSCLES)
    drives_at(r, x, rates, day, effect, forces, blocks)
    muscle, slope = math.exp(-day / r[_MUSCLE]), r[_SLOPE]
    middle: float = r[_HALF] ** slope
    for j in range(MUSCLES):
        if x[X_SPARED + j] >= 1.0 and x[X_BLOCK + j] == 0.0:  # above the injury
            forces[j] = 1.0
            continue
        mass = r[_UNUSED] + (1.0 - r[_UNUSED]) * (use[j] + (1.0 - use[j]) * muscle)
        units = min(1.0, r[_SPROUT] * x[X_MOTONEURONS + j])
        forces[j] = units * mass * _hill(forces[j], middle, slope)


@compiled
def senses_at(
    r: NDArray[np.float64],
    x: NDArray[np.float64],
    rates: NDArray[np.float64],
    day: float,
    senses: NDArray[np.float64],
) -> float:
    """Fill the sensory latents of the 112 scores at a day; gives that of deep anal pressure."""
    shock = rates[_K] * math.exp(-day / rates[_TAU_SENSE])
    if x[X_KIND] == _MILD:
        shock *= r[_MILD_SHOCK]
    elif x[X_KIND] == _COMPLETE:
        shock *= r[_COMPLETE_SHOCK]
    for k in range(SENSES):
        latent = x[X_SENSE + k]
        if latent < INTACT:
            pin = (k // SEGMENTS) % 2 == 1
            latent -= shock * r[_PIN] if pin else shock
        senses[k] = latent
    pressure: float = x[X_PRESSURE] - shock
    return pressure


@compiled
def drives_at(
    r: NDArray[np.float64],
    x: NDArray[np.float64],
    rates: NDArray[np.float64],
    day: float,
    effect: NDArray[np.float64],
    drives: NDArray[np.float64],
    blocks: NDArray[np.float64],
) -> None:
    """Fill the drive and the blocked share of the 21 muscles at a day: what `forces_at` turns into force.

    Args:
        r, x, rates, day, effect: as for `forces_at`.
        drives: room, (21,), shares of normal drive; overwritten.
        blocks: room, (21,), blocked shares of conduction; overwritten.
    """
    release = math.exp(-day / rates[_TAU_BLOCK])
    plastic = plasticity_at(r[_START], math.exp(-day / rates[_TAU_PLASTIC]))
    for j in range(MUSCLES):
        spared = x[X_SPARED + j]
        if spared >= 1.0 and x[X_BLOCK + j] == 0.0:  # above the injury
            drives[j], blocks[j] = 1.0, 0.0
            continue
        block = block_at(x[X_BLOCK + j], release) * effect[E_BLOCK] + effect[E_PRESSURE]
        blocks[j] = min(1.0, block)
        grown = plasticity_at(r[_ZONE_START], math.exp(-day / rates[_TAU_ZONE + j]))
        local = x[X_ZONE + j] * grown * (1.0 - min(1.0, effect[E_PRESSURE]))
        # The sphincter is not trained: what reaches it once the block is gone is what it has.
        use = 1.0 if j == SPHINCTER else plastic
        drive = spared * (1.0 - blocks[j]) * use + local
        drives[j] = min(1.0, drive * effect[E_GAIN] + effect[E_RELAY + j])
