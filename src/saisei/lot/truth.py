"""What of a lot each test reads: the truth of drawn lots, and its law over lots as quantiles.

A truth is a share (0 to 1), a count, cycles, a concentration, or 1 for a fault. What a lot does not carry
itself (contamination, endotoxin, tetraploid cells ...) is drawn from the stream `release` of (seed, lot).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from saisei.cell_line.line import pair
from saisei.chance.streams import PURPOSES, uniform_rows
from saisei.lot.lot import MARKERS, Lots
from saisei.params import value

__all__ = ["TRUTHS", "of_lots", "quantiles"]

Array = NDArray[np.float64]

_PURPOSE = PURPOSES["release"]
_TRUTH_ATTEMPT = 0  # draws of truths; readings use the attempts after it


def _normal(id: str) -> Callable[[Array], Array]:
    def law(u: Array) -> Array:
        mean, sd = pair(id)
        return np.asarray(mean + sd * ndtri(u))

    return law


def _logistic(id: str, extra: str = "") -> Callable[[Array], Array]:
    def law(u: Array) -> Array:
        mean, sd = pair(id)
        wide = np.hypot(sd, value(extra)) if extra else sd
        return np.asarray(expit(mean + wide * ndtri(u)))

    return law


def _lognormal(id: str) -> Callable[[Array], Array]:
    def law(u: Array) -> Array:
        median, sd = pair(id)
        return np.asarray(median * np.exp(sd * ndtri(u)))

    return law


def _residual(u: Array) -> Array:
    return np.minimum(_lognormal("lot.residual")(u), 1.0)


def _cycles_of(residual: Array) -> Array:
    """Difference of cycles to pure iPS cells: each halving of the share costs one cycle."""
    return np.minimum(-np.log2(residual), value("lot_assay.cycle_ceiling"))


def _contaminated(u: Array) -> Array:
    """A concentration in the few lots that are contaminated, else 0."""
    share = value("lot_assay.contaminated")
    inner = np.clip((u - (1.0 - share)) / share, 2.0**-33, 1.0 - 2.0**-33)
    return np.where(u > 1.0 - share, _lognormal("lot_assay.contamination")(inner), 0.0)


def _fault(u: Array) -> Array:
    return (u > 1.0 - value("lot_assay.bad_culture")).astype(np.float64)


_PURITY = _logistic("lot.purity", "lot.marker_sd")

# truth -> its law over lots, as a function of uniforms. Karyotype and copy numbers have no plain law.
TRUTHS: dict[str, Callable[[Array], Array]] = {
    **dict.fromkeys(MARKERS, _PURITY),
    "neuronal": _logistic("lot.neuronal"),
    "glial": _logistic("lot_assay.truth_glial"),
    "residual": _residual,
    "cycles_residual": lambda u: _cycles_of(_residual(1.0 - u)),
    "cycles_sox1": _normal("lot_assay.truth_cycles_sox1"),
    "cycles_pax6": _normal("lot_assay.truth_cycles_pax6"),
    "tetraploid": _logistic("lot_assay.truth_tetraploid"),
    "endotoxin": _lognormal("lot_assay.truth_endotoxin"),
    "bacteria": _contaminated,
    "mycoplasma": _contaminated,
    "virus": _contaminated,
    "morphology": _fault,
}

# Places of the draws of what a lot does not carry; new ones only ever come at the end.
_DRAWN = (
    "glial", "cycles_sox1", "cycles_pax6", "tetraploid", "endotoxin", "bacteria", "mycoplasma",
    "virus", "morphology",
)  # fmt: skip


def quantiles(truth: str, cells: int) -> Array | None:
    """The truth at the middles of `cells` equal parts of its law over lots; None without a plain law."""
    law = TRUTHS.get(truth)
    return None if law is None else law((np.arange(cells) + 0.5) / cells)


def of_lots(lots: Lots) -> dict[str, Array]:
    """Every truth of drawn lots, (n,) each."""
    first = np.full(len(lots), _TRUTH_ATTEMPT, dtype=np.int64)
    u = uniform_rows(lots.seed, lots.numbers, first, _PURPOSE, len(_DRAWN))
    found = {name: TRUTHS[name](u[:, k]) for k, name in enumerate(_DRAWN)}
    found |= {name: lots.markers[:, k] for k, name in enumerate(MARKERS)}
    found["neuronal"] = lots.neuronal
    found["residual"] = lots.residual
    found["cycles_residual"] = _cycles_of(lots.residual)
    found["abnormal_share"] = lots.abnormal_share
    found["normal_karyotype"] = 1.0 - lots.abnormal_share
    found["cnvs"] = lots.cnvs.astype(np.float64)
    return found
