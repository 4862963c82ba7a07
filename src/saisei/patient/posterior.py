"""The posterior of the virtual patients as versioned data: draws in an npz file, the rest in JSON beside it.

The packaged values of `params/` are its mode: the one named point that is used by default. A draw is a whole
set of values; which numbers differ from the mode is told by `about["knobs"]`. The format is
`saisei-patient/0.1`.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.patient.cohort import Model
from saisei.patient.fit_space import knobs, model_at, values_at

__all__ = ["SCHEMA", "Posterior", "inputs_digest", "load_posterior", "posterior", "read_posterior"]

Array = NDArray[np.float64]
SCHEMA = "saisei-patient/0.1"
PACKAGED = "patient-0.1"
_ARRAYS = ("mode", "draws", "losses")
_DIGITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Draws of the values of injury, course and exam.

    Attributes:
        mode: (knobs,) the best point, in prior sds.
        draws: (draws, knobs) posterior draws, equally likely.
        losses: (draws,) misfit of each draw against its own jittered targets.
        about: schema, knobs, digest of the inputs, seed, settings, table of parameters.
    """

    mode: Array
    draws: Array
    losses: Array
    about: Mapping[str, Any]

    @property
    def count(self) -> int:
        """Number of draws."""
        return len(self.draws)

    def model(self, k: int) -> Model:
        """The model of draw `k`; draw k is the same for ever, so cohorts of two arms may share it.

        Raises:
            InputError: there is no such draw.
        """
        if not 0 <= k < self.count:
            raise InputError(f"draw {k}: the posterior holds draws 0 to {self.count - 1}")
        return model_at(self.draws[k])

    def to_bytes(self) -> tuple[bytes, bytes]:
        """The npz file (float32) and the JSON beside it."""
        stream = io.BytesIO()
        arrays = {name: np.asarray(getattr(self, name), dtype=np.float32) for name in _ARRAYS}
        np.savez_compressed(stream, allow_pickle=False, **arrays)
        text = json.dumps(self.about, ensure_ascii=False, indent=1, allow_nan=False)
        return stream.getvalue(), (text + "\n").encode()


def inputs_digest(targets: Sequence[str]) -> str:
    """What a posterior was made from: priors, fixed values and the fitted targets, 16 hex digits.

    The fitted values themselves do not enter: they come out.
    """
    told = json.dumps([values_at(np.zeros(len(knobs()))), list(targets)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def posterior(
    mode: Array, draws: Array, losses: Array, targets: Sequence[str], more: Mapping[str, Any]
) -> Posterior:
    """Join mode and draws with what must be known about them.

    Args:
        mode, draws, losses: as in `Posterior`.
        targets: a line for each fitted target, its name and figures.
        more: seed, settings, diagnostics.
    """
    table = {}
    for k, knob in enumerate(knobs()):
        numbers = [knob.at(float(z)) for z in draws[:, k]]
        low, middle, high = np.quantile(numbers, [0.025, 0.5, 0.975])
        table[knob.label] = {
            "mode": _short(knob.at(float(mode[k]))), "median": _short(middle),
            "low": _short(low), "high": _short(high),
            "contraction": round(float(1.0 - draws[:, k].std()), 3),
            "from_prior": round(float(mode[k]), 2),
        }  # fmt: skip
    about = {
        "schema": SCHEMA,
        "inputs_digest": inputs_digest(targets),
        "knobs": [knob.label for knob in knobs()],
        **more,
        "parameters": table,
        "targets": list(targets),
    }
    return Posterior(mode, draws, losses, about)


def _short(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def read_posterior(npz: bytes, about: bytes, name: str = "posterior") -> Posterior:
    """A posterior from its two files; InputError when they are not one of this version."""
    try:
        told = json.loads(about)
        with np.load(io.BytesIO(npz), allow_pickle=False) as stored:
            arrays = {one: np.asarray(stored[one], dtype=np.float64) for one in _ARRAYS}
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{name} is not a posterior of the patients ({error}): fit again"
        ) from None
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise InputError(f"{name} has not the schema {SCHEMA}: fit again with this version")
    if told.get("knobs") != [knob.label for knob in knobs()]:
        raise InputError(f"{name} moves other values than this version: fit again")
    return Posterior(**arrays, about=told)


@cache
def _packaged() -> Posterior:
    folder = files("saisei.patient").joinpath("posteriors")
    npz = folder.joinpath(f"{PACKAGED}.npz").read_bytes()
    return read_posterior(npz, folder.joinpath(f"{PACKAGED}.json").read_bytes(), PACKAGED)


def load_posterior(path: Path | str | None = None) -> Posterior:
    """The packaged posterior, or one that `saisei patient fit --out` wrote (its npz or its folder).

    Raises:
        InputError: there is none, or it is damaged or of another version.
    """
    if path is None:
        return _packaged()
    place = Path(path)
    if place.is_dir():
        place = place / f"{PACKAGED}.npz"
    try:
        parts = place.read_bytes(), place.with_suffix(".json").read_bytes()
    except OSError as error:
        raise InputError(f"{path}: no posterior can be read there ({error.strerror})") from None
    return read_posterior(*parts, str(path))
