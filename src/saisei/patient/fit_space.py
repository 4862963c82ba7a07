"""The values that the fit moves, their priors, and the way from a point of the fit to a model.

A point is a vector of standard normals a priori: number k lies `z[k]` prior sds from its centre on its own
scale. `data/fit_prior.toml` holds the priors; everything it does not name stays as packaged.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from saisei.cord.values import CORD
from saisei.errors import InputError
from saisei.params import parameter
from saisei.patient.cohort import Model
from saisei.patient.observe import PATIENT
from saisei.repair.natural import REPAIR

__all__ = ["STAGES", "Knob", "knobs", "model_at", "point_of", "values_at"]

Values = dict[str, dict[str, list[float]]]
STAGES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "cord": CORD,
    "repair": REPAIR,
    "patient": PATIENT,
}
_EDGE = 1e-9  # a share at its very end has no logit


@dataclass(frozen=True, slots=True)
class Knob:
    """One number that the fit moves.

    Attributes:
        stage, name, place: which number of which value.
        moves: `add`, `log` or `logit`, the scale on which the prior is normal.
        centre: prior median.
        sd: prior sd on that scale.
    """

    stage: str
    name: str
    place: int
    moves: str
    centre: float
    sd: float

    @property
    def label(self) -> str:
        """`cord.level_sd[1]` and the like."""
        return f"{self.stage}.{self.name}[{self.place}]"

    def at(self, z: float) -> float:
        """The number `z` prior sds from the centre."""
        if self.moves == "add":
            return self.centre + z * self.sd
        if self.moves == "log":
            return self.centre * math.exp(z * self.sd)
        logit = math.log(self.centre / (1.0 - self.centre)) + z * self.sd
        return 1.0 / (1.0 + math.exp(-logit))

    def z_of(self, number: float) -> float:
        """How many prior sds a number lies from the centre."""
        if self.moves == "add":
            return (number - self.centre) / self.sd
        if self.moves == "log":
            return math.log(number / self.centre) / self.sd
        number = min(max(number, _EDGE), 1.0 - _EDGE)
        odds = number / (1.0 - number) * (1.0 - self.centre) / self.centre
        return math.log(odds) / self.sd


def _prior_text() -> str:
    return files("saisei.patient").joinpath("data/fit_prior.toml").read_text("utf-8")


@cache
def knobs() -> tuple[Knob, ...]:
    """All numbers that the fit moves, in the order of the prior file.

    >>> knobs()[0].label
    'cord.kind_share_tetraplegia[0]'
    """
    found = []
    for key, one in tomllib.loads(_prior_text()).items():
        stage, name = key.split(".")
        for place in one.get("free", range(len(one["centre"]))):
            centre = float(one["centre"][place])
            found.append(Knob(stage, name, place, one["moves"], centre, float(one["sd"])))
    return tuple(found)


def _packaged() -> Values:
    found: Values = {}
    for stage, fields in STAGES.items():
        found[stage] = {}
        for name, _ in fields:
            content = parameter(f"{stage}.{name}").value
            numbers = content if isinstance(content, tuple) else (content,)
            found[stage][name] = [float(x) for x in numbers]
    return found


def point_of() -> NDArray[np.float64]:
    """The packaged values as a point of the fit, (knobs,)."""
    values = _packaged()
    return np.array([knob.z_of(values[knob.stage][knob.name][knob.place]) for knob in knobs()])


def values_at(z: NDArray[np.float64] | Sequence[float]) -> Values:
    """Every value of the three stages at a point.

    Raises:
        InputError: a point of another length than there are knobs.
    """
    free = knobs()
    if len(z) != len(free):
        raise InputError(f"a point of the fit has {len(free)} numbers, not {len(z)}: fit again")
    values = _packaged()
    for knob, one in zip(free, z, strict=True):
        values[knob.stage][knob.name][knob.place] = knob.at(float(one))
    return values


def model_at(z: NDArray[np.float64] | Sequence[float]) -> Model:
    """The model at a point of the fit."""
    return Model.packaged(values_at(z))
