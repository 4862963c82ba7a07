"""What a graft does to the injured host, muscle by muscle: the factors of `saisei.repair.natural`.

u days after grafting (t_g days after the injury), at a distance x from the graft along the cord:

    axons      n(x, u) = 1/2 a_n (I + N) exp(-k_prune u) exp(-x/lambda) 1[x < v_g u]
    input      kappa(u) = q_region kappa_in (1 - exp(-u/tau_h))
    relay      D_rel = w_rel kappa n N/(I + N) / (descending fibres of that segment), arms times exp(-c)
    trophic    E = potency eps exp(-t_g/tau_w) G/(G + G50)            factor (1 + E) on spared drive
    myelin     factor exp(-k_my S) on the block, S = int O/(O + O50) du
    pressure   kappa_V (V/V_free - 1)+ added to the block, V = v_c (G + X)

eps in people is the animal's times the retention, and all three ways of help are nil together with the chance
of the spike; pressure is not: a programme may fail to help and still harm. Every line is a hypothesis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.priors import Law
from saisei.chance.streams import compiled
from saisei.cord.anatomy import ARM, MUSCLE_LEVEL, MUSCLES
from saisei.errors import InputError
from saisei.params import parameter, value
from saisei.repair.natural import E_BLOCK, E_GAIN, E_PRESSURE, E_RELAY

__all__ = [
    "REPAIR_PRIORS",
    "TARGET_FIBRES",
    "Wiring",
    "distances",
    "effects_of",
    "front_mm",
    "positions",
    "wiring_of",
]

Array = NDArray[np.float64]
_INF = float("inf")

REPAIR_PRIORS: tuple[tuple[str, Law, float], ...] = (
    ("repair_graft.retention", Law.LOGNORMAL, _INF),
    ("repair_graft.trophic_animal", Law.LOGNORMAL, _INF),
    ("repair_graft.window_days", Law.LOGNORMAL, _INF),
    ("repair_graft.half_cells_rodent", Law.LOGNORMAL, _INF),
    ("repair_graft.myelin_per_day", Law.LOGNORMAL, _INF),
    ("repair_graft.half_oligodendrocytes_rodent", Law.LOGNORMAL, _INF),
    ("repair_graft.front_mm_per_day", Law.LOGNORMAL, _INF),
    ("repair_graft.axons_per_neuron", Law.LOGNORMAL, _INF),
    ("repair_graft.axon_decay_mm", Law.LOGNORMAL, _INF),
    ("repair_graft.pruning_per_day", Law.LOGNORMAL, _INF),
    ("repair_graft.host_input", Law.BETA, 1.0),
    ("repair_graft.input_days", Law.LOGNORMAL, _INF),
    ("repair_graft.relay_weight", Law.LOGNORMAL, _INF),
    ("repair_graft.mass_effect", Law.LOGNORMAL, _INF),
    ("repair_graft.stimulation_gain", Law.LOGNORMAL, _INF),
    ("repair_graft.stimulation_per_session", Law.LOGNORMAL, 0.95),
    ("repair_graft.stimulation_fade_days", Law.LOGNORMAL, _INF),
    ("repair_graft.nil_chance", Law.BETA, 1.0),
    ("repair_graft.volume_scaling", Law.BETA, 1.0),
)
"""Id, law and upper bound of each prior, in the order of their uniforms."""

_REGIONS = (8, 12, 5, 4)  # segments: cervical, thoracic, lumbar, sacral (S4-5 as one)


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """What links a graft to a host, one value a graft, each (n,).

    Attributes:
        trophic: eps times potency times exp(-t_g/tau_w); 0 where the effect is nil.
        half_cells: G50.
        myelin: k_my; 0 where the effect is nil.
        front: v_g.
        axons: a_n / 2 times the weight w_rel; 0 where nil.
        decay: lambda.
        pruning: k_prune.
        input: q_region kappa_in.
        input_days: tau_h.
        mass_effect: kappa_V.
        free_volume: V_free, mm3.
        cell_volume: v_c, mm3.
    """

    trophic: Array
    half_cells: Array
    myelin: Array
    front: Array
    axons: Array
    decay: Array
    pruning: Array
    input: Array
    input_days: Array
    mass_effect: Array
    free_volume: Array
    cell_volume: Array

    def table(self) -> Array:
        """The columns side by side, (n, 12), as the kernel takes them."""
        names = self.__dataclass_fields__
        return np.ascontiguousarray(np.stack([getattr(self, name) for name in names], axis=1))


def wiring_of(
    draws: Mapping[str, Array],
    *,
    nil: NDArray[np.bool_],
    potency: Array,
    graft_day: Array,
    scale: Array,
    spinal: Array,
    animal: bool = False,
    routes: tuple[str, ...] = ("trophic", "myelin", "relay"),
) -> Wiring:
    """The wiring of grafts from draws of the priors.

    Args:
        draws: a value of each prior of graft and repair for each graft, by id, (n,).
        nil: where the programme has no motor effect (the spike).
        potency: hidden potency of the lot, median 1.
        graft_day: day of grafting after the injury.
        scale: volume of the lesion over that of a rodent one.
        spinal: 1 for cells of spinal identity, 0 for forebrain cells: host axons enter only the former.
        animal: take the animal's effect and front as they are; no bridge, no spike.
        routes: which ways of help act; the others are switched off (to see one alone).

    Raises:
        InputError: an unknown route.
    """
    unknown = set(routes) - {"trophic", "myelin", "relay"}
    if unknown:
        raise InputError(f"no route {min(unknown)!r}: there are trophic, myelin and relay")
    helps = np.where(nil, 0.0, 1.0)
    bridge = np.ones_like(helps) if animal else draws["repair_graft.retention"]

    def on(route: str) -> Array:
        return helps if route in routes else np.zeros_like(helps)

    window = np.exp(-graft_day / draws["repair_graft.window_days"])
    front = "repair_graft.front_mm_per_day"
    return Wiring(
        trophic=on("trophic") * potency * bridge * draws["repair_graft.trophic_animal"] * window,
        half_cells=draws["repair_graft.half_cells_rodent"]
        * scale ** draws["repair_graft.volume_scaling"],
        myelin=on("myelin") * draws["repair_graft.myelin_per_day"],
        front=draws[front] * (_rodent_front() if animal else 1.0),
        axons=on("relay")
        * 0.5
        * draws["repair_graft.axons_per_neuron"]
        * draws["repair_graft.relay_weight"],
        decay=draws["repair_graft.axon_decay_mm"],
        pruning=draws["repair_graft.pruning_per_day"],
        input=spinal * draws["repair_graft.host_input"],
        input_days=draws["repair_graft.input_days"],
        mass_effect=draws["repair_graft.mass_effect"],
        free_volume=draws["graft.free_volume_rodent_mm3"] * scale,
        cell_volume=draws["graft.cell_volume_mm3"],
    )


def _rodent_front() -> float:
    """How much faster graft axons lead in rodents, as a ratio of the two medians."""
    rat, primate = (
        parameter("repair_graft.front_rodent_mm_per_day").value,
        parameter("repair_graft.front_mm_per_day").value,
    )
    if not isinstance(rat, tuple) or not isinstance(primate, tuple):
        raise InputError("the speeds of graft axons need median, 5% and 95% points")
    return rat[0] / primate[0]


def positions(lengths: tuple[float, ...] | None = None) -> Array:
    """Millimetres from the top of C1 to the top of each segment and the end of S4-5, (30,).

    >>> float(positions()[8])   # eight cervical segments of 13 mm
    104.0
    """
    content = parameter("repair_graft.segment_mm").value if lengths is None else lengths
    if not isinstance(content, tuple) or len(content) != len(_REGIONS):
        raise InputError("lengths of segments: give cervical, thoracic, lumbar, sacral")
    each = np.repeat(np.array(content), _REGIONS)
    return np.concatenate([[0.0], np.cumsum(each)])


def distances(level: Array, lengths: tuple[float, ...] | None = None) -> Array:
    """Millimetres along the cord from a graft to the middle of each muscle's segment, (n, 21).

    The graft lies at the lower end of the last intact segment, the mean of both sides.

    Args:
        level: the continuous level of each side, (n, 2), C1 = 0.
        lengths: of a cervical, thoracic, lumbar and sacral segment; the packaged ones by default.
    """
    edges = positions(lengths)
    tops = np.arange(len(edges), dtype=np.float64)
    graft = np.interp(level.mean(axis=1) + 1.0, tops, edges)
    muscles = np.interp(MUSCLE_LEVEL + 0.5, tops, edges)
    found: Array = np.abs(muscles[None, :] - graft[:, None])
    return found


def _fibres() -> Array:
    """Descending fibres that end in the segment of each muscle, (21,)."""
    shares = parameter("repair_graft.descending_shares").value
    if not isinstance(shares, tuple) or len(shares) != 3:
        raise InputError("descending fibres: give cervical, thoracic and lumbosacral shares")
    total = value("repair_graft.descending_axons")
    counts = (_REGIONS[0], _REGIONS[1], _REGIONS[2] + _REGIONS[3])
    per_segment = np.repeat(
        [total * share / count for share, count in zip(shares, counts, strict=True)], counts
    )
    return np.asarray(per_segment[MUSCLE_LEVEL.astype(int)], dtype=np.float64)


TARGET_FIBRES = _fibres()
"""Descending fibres that end in the segment of each muscle, (21,)."""

_T, _G50, _MY, _V, _AX, _LAMBDA, _PRUNE, _IN, _TH, _KV, _FREE, _VC = range(12)


@compiled
def effects_of(
    wiring: Array,
    graft: Array,
    since: Array,
    mm: Array,
    gain: Array,
    arm_penalty: float,
    fibres: Array,
    effects: Array,
) -> None:
    """Fill the factors that reach the host at each visit.

    Args:
        wiring: `Wiring.table()`, (n, 12).
        graft: the course of the grafts, (n, visits, OUT) of `saisei.graft.course`.
        since: days from grafting of each visit, (n, visits).
        mm: `distances()`, (n, 21).
        gain: factor of care on spared drive at each visit, (n, visits).
        arm_penalty: c_UL, the log loss of descending drive to arm muscles.
        fibres: `TARGET_FIBRES`.
        effects: room, (n, visits, EFFECT); overwritten.
    """
    weak = np.exp(-arm_penalty)
    for i in range(len(wiring)):
        w = wiring[i]
        for v in range(since.shape[1]):
            effects[i, v, :] = 0.0
            effects[i, v, E_GAIN], effects[i, v, E_BLOCK] = gain[i, v], 1.0
            u, g = since[i, v], graft[i, v]
            size = g[0] + g[1] + g[2] + g[3] + g[4]
            # An exam on the day of the operation comes before it.
            if u <= 0.0 or (size + g[5] <= 0.0 and g[6] <= 0.0):
                continue
            if size > 0.0:
                effects[i, v, E_GAIN] = gain[i, v] * (1.0 + w[_T] * size / (size + w[_G50]))
            effects[i, v, E_BLOCK] = np.exp(-w[_MY] * g[6])
            excess = w[_VC] * (size + g[5]) / w[_FREE] - 1.0
            if excess > 0.0:
                effects[i, v, E_PRESSURE] = w[_KV] * excess
            kappa = w[_IN] * (1.0 - np.exp(-u / w[_TH]))
            axons = w[_AX] * kappa * g[2] * np.exp(-w[_PRUNE] * u)
            for j in range(MUSCLES):
                if mm[i, j] < w[_V] * u:
                    drive = axons * np.exp(-mm[i, j] / w[_LAMBDA]) / fibres[j]
                    effects[i, v, E_RELAY + j] = drive * weak if ARM[j] else drive


def front_mm(wiring: Wiring, since: Array) -> Array:
    """How far the leading graft axon has come at each visit, (n, visits), in mm from the graft."""
    found: Array = np.maximum(since, 0.0) * wiring.front[:, None]
    return found
