"""Motor evoked potentials (MEP) as a further channel: amplitude, central conduction time, presence.

    amplitude(j) = min(1, r m) D(t) exp(noise)         share of normal; surviving motoneurons times drive
    CMCT(j)      = mean + sd z_person + delay b(t)     milliseconds; delay by the share still blocked

The mean and spread of the central motor conduction time (CMCT) to cervical and lumbar segments were read
(8.3, sd 1.2, and 16.1, sd 3.0 ms, relaxed muscle). How much a blocked cord delays, the noise and the
smallest amplitude that is seen are assumed. Block and drive part ways here, which no motor grade shows; no
figure on this channel was fitted or checked. The path from root to muscle is left out: hence CMCT and no
latency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_normals
from saisei.cord.anatomy import ARM, MUSCLES, SPHINCTER
from saisei.cord.injury import INJURY, X_MOTONEURONS, draw_injury
from saisei.exam.isncsci.levels import KEY_MUSCLES
from saisei.params import parameter
from saisei.patient.cohort import Model
from saisei.repair.natural import RATES, REPAIR, draw_rates, drives_at, no_effect

__all__ = ["POTENTIALS", "evoked_potentials"]

POTENTIALS: tuple[str, ...] = tuple(
    f"mep_{what}_{side}_{level.name.lower()}"
    for what in ("amplitude", "cmct_ms")
    for side in ("right", "left")
    for level in KEY_MUSCLES
)
"""Names of the columns: amplitude as a share of normal, then CMCT in ms, of the 20 key muscles."""

_PURPOSE = PURPOSES["potentials"]
_ROOM = 500
_SPROUT = sum(length for _, length in REPAIR[: [name for name, _ in REPAIR].index("sprouting")])
_MEAN, _SD, _DELAY, _NOISE, _LEAST = 0, 2, 4, 5, 6


def _numbers() -> NDArray[np.float64]:
    """CMCT mean (cervical, lumbar), sd (both), delay, amplitude noise, smallest amplitude."""
    found: list[float] = []
    for name in ("cmct_ms", "cmct_sd_ms", "mep_delay_ms", "mep_noise", "mep_least"):
        content = parameter(f"patient.{name}").value
        found += [float(x) for x in content] if isinstance(content, Sequence) else [float(content)]
    return np.array(found)


@compiled
def _evoke(
    c: NDArray[np.float64],
    r: NDArray[np.float64],
    m: NDArray[np.float64],
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
    effects: NDArray[np.float64],
    neutral: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:
    x, rates, room = np.empty(INJURY), np.empty(RATES), np.empty(_ROOM)
    drives, blocks, z, own = np.empty(MUSCLES), np.empty(MUSCLES), np.empty(SPHINCTER), np.empty(2)
    effect = neutral.copy()
    for i in range(len(persons)):
        draw_injury(c, seed, persons[i], attempts[i], room, x)
        draw_rates(r, seed, persons[i], attempts[i], rates)
        fill_normals(own, seed, persons[i], 0, _PURPOSE, attempts[i])
        for v in range(days.shape[1]):
            fill_normals(z, seed, persons[i], days[i, v] + 1, _PURPOSE, attempts[i])
            if len(effects) > 0:
                effect[:] = effects[i, v]
            drives_at(r, x, rates, float(days[i, v]), effect, drives, blocks)
            for j in range(SPHINCTER):
                units = min(1.0, r[_SPROUT] * x[X_MOTONEURONS + j])
                size = units * drives[j] * math.exp(m[_NOISE] * z[j])
                seen = size >= m[_LEAST]
                place = 0 if ARM[j] else 1
                time = m[_MEAN + place] + m[_SD + place] * own[place] + m[_DELAY] * blocks[j]
                out[i, v, j] = size if seen else 0.0
                out[i, v, SPHINCTER + j] = time if seen else np.nan


def evoked_potentials(
    model: Model,
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    days: NDArray[np.int64],
    effects: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Potentials of the 20 key muscles, (n, visits, 40) in the order of `POTENTIALS`.

    An amplitude is a share of normal, 0 where none is seen; its CMCT is then NaN.

    Args:
        model: the values of injury and course.
        seed, persons, attempts: who, (n,).
        days: days after the injury, (n, visits).
        effects: what care does at each exam, (n, visits, EFFECT), or of length 0.
    """
    out = np.empty((*days.shape, len(POTENTIALS)), dtype=np.float32)
    values = model.cord, model.repair, _numbers()
    _evoke(*values, seed, persons, attempts, days, effects, no_effect(), out)
    return out
