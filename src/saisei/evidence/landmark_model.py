"""The parameters of the landmark model, their priors, and the posterior density that the sampler walks.

Takes a `Design`. Gives names, priors and the compiled log posterior of an unconstrained vector: 18 values
with standard normal priors (each is mean + sd times its coordinate, then a log or logit is undone), three log
standard deviations with half-normal priors, and standard normal effects of registries and studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.evidence import landmark_kernel as kernel
from saisei.evidence.landmark_data import Design
from saisei.params import parameter, value

__all__ = [
    "NAMES",
    "SPREADS",
    "Model",
    "Packed",
    "Prior",
    "effects_of",
    "log_posterior",
    "log_prior",
    "model",
    "prior_of",
    "values_of",
]

Array = NDArray[np.float64]
IDENTITY, LOG, LOGIT = 0, 1, 2
# (name, parameter id, transform) in the order of the kernel's positions
_SCALARS = (
    ("log_hazard", "log_hazard", IDENTITY),
    ("effect_t1_t9", "effect_t1_t9", IDENTITY),
    ("effect_t10_t12", "effect_t10_t12", IDENTITY),
    ("era_per_decade", "era", IDENTITY),
    ("share_to_cd", "share_cd", LOGIT),
    ("share_d_of_cd", "share_d", LOGIT),
    ("rate_from_b", "rate_b", LOG),
    ("share_d_from_b", "share_b_d", LOGIT),
    ("rate_from_c", "rate_c", LOG),
    ("rate_from_d", "rate_d", LOG),
    ("wrong_a_at_baseline", "wrong_baseline", LOGIT),
    ("true_a_graded_b", "wrong_a", LOGIT),
    ("true_b_graded_a", "wrong_b", LOGIT),
    ("true_c_graded_lower", "wrong_c", LOGIT),
    ("true_d_graded_lower", "wrong_d", LOGIT),
    ("decay", "log_tau", LOG),
    ("tau_onward", "log_tau_on", LOG),
    ("row_concentration", "log_kappa", LOG),
)
SPREADS = ("sd_registry", "sd_study", "sd_share")
NAMES = (*(name for name, _, _ in _SCALARS), *SPREADS)
_N = len(_SCALARS)
_LOW, _HIGH = -9.0, 3.0  # bounds of log spreads, far outside their priors


@dataclass(frozen=True, slots=True)
class Prior:
    """Means, sds and transforms of the scalar values, and scales of the spreads."""

    mean: Array
    sd: Array
    transform: NDArray[np.int64]
    scale: Array


class Packed(NamedTuple):
    """A model as the compiled functions take it."""

    shape: int
    mean: Array
    sd: Array
    transform: NDArray[np.int64]
    spread: Array  # scales of the half-normal priors
    registry_at: NDArray[np.int64]  # place of each registry's effect in the vector, or -1
    study_at: NDArray[np.int64]
    share_at: NDArray[np.int64]
    lone: NDArray[np.int64]  # registries with one paper
    of_registry: NDArray[np.int64]  # registry of each study
    data: kernel.Arrays


@dataclass(frozen=True)
class Model:
    """A posterior to sample: shape of decay, data, priors, and where each effect sits in the vector."""

    shape: str
    design: Design
    prior: Prior
    registry_at: NDArray[np.int64]
    study_at: NDArray[np.int64]
    share_at: NDArray[np.int64]
    lone: NDArray[np.int64]
    size: int

    @property
    def packed(self) -> Packed:
        """The model as the compiled functions take it."""
        prior, studies = self.prior, self.design.studies
        of = [self.design.registries.index(one.split(": ")[0]) for one in studies]
        return Packed(
            self.shape_code, prior.mean, prior.sd, prior.transform, prior.scale, self.registry_at,
            self.study_at, self.share_at, self.lone, np.array(of, dtype=np.int64), self.design.kernel,
        )  # fmt: skip

    @property
    def shape_code(self) -> int:
        """The kernel's number of the shape."""
        return kernel.SHAPES.index(self.shape)


def prior_of(shape: str, spread_factor: float = 1.0) -> Prior:
    """The priors of a decay shape; `spread_factor` multiplies the scales of the three spreads."""
    if shape not in kernel.SHAPES:
        known = ", ".join(kernel.SHAPES)
        raise InputError(f"there is no decay shape {shape!r}: choose one of {known}")
    mean, sd, transform = [], [], []
    for name, key, change in _SCALARS:
        weibull = name == "decay" and shape == "weibull"
        pair = parameter(f"evidence.landmark_prior_{'logit_k' if weibull else key}").value
        assert isinstance(pair, tuple)
        mean.append(pair[0])
        sd.append(pair[1])
        transform.append(LOGIT if weibull else change)
    scale = [spread_factor * value(f"evidence.landmark_prior_{name}") for name in SPREADS]
    return Prior(np.array(mean), np.array(sd), np.array(transform), np.array(scale))


def model(design: Design, shape: str = "exponential", spread_factor: float = 1.0) -> Model:
    """The posterior of `design` under one decay shape.

    A registry without a row of AIS A has no effect; a study alone in its registry shares the registry's
    effect; a registry that never tells C or D from B has no effect on that share.
    """
    with_a = {row.registry for row in design.rows if row.initial.rank == 0}
    place = _N + len(SPREADS)
    at: list[NDArray[np.int64]] = []
    for wanted in (
        [name in with_a for name in design.registries],
        [not single for single in design.single],
        list(design.split),
    ):
        index = np.full(len(wanted), -1, dtype=np.int64)
        index[wanted] = place + np.arange(sum(wanted))
        place += sum(wanted)
        at.append(index)
    multi = {
        one.split(": ")[0]
        for one, alone in zip(design.studies, design.single, strict=True)
        if not alone
    }
    lone = np.array([name not in multi for name in design.registries], dtype=np.int64)
    prior = prior_of(shape, spread_factor)
    return Model(shape, design, prior, at[0], at[1], at[2], lone, place)


@njit(nogil=True, error_model="numpy")
def values_of(x: Array, mean: Array, sd: Array, transform: NDArray[np.int64]) -> Array:
    """Values on their natural scale from the first coordinates of the vector."""
    out = mean + sd * x[: mean.size]
    for i in range(mean.size):
        if transform[i] == LOG:
            out[i] = math.exp(out[i])
        elif transform[i] == LOGIT:
            out[i] = 1.0 / (1.0 + math.exp(-out[i]))
    return out


@njit(nogil=True, error_model="numpy")
def effects_of(
    x: Array,
    scalars: int,
    registry_at: NDArray[np.int64],
    study_at: NDArray[np.int64],
    share_at: NDArray[np.int64],
    lone: NDArray[np.int64],
) -> tuple[Array, Array, Array]:
    """Effects of registries, of studies, and of registries on the share of C or D.

    A registry with one paper (`lone`) has one effect with the spread of both, as nothing tells them apart.
    """
    sd_u, sd_w, sd_v = math.exp(x[scalars]), math.exp(x[scalars + 1]), math.exp(x[scalars + 2])
    both = math.sqrt(sd_u * sd_u + sd_w * sd_w)
    u, w, v = np.zeros(registry_at.size), np.zeros(study_at.size), np.zeros(share_at.size)
    for i in range(registry_at.size):
        if registry_at[i] >= 0:
            u[i] = (both if lone[i] else sd_u) * x[registry_at[i]]
        if share_at[i] >= 0:
            v[i] = sd_v * x[share_at[i]]
    for i in range(study_at.size):
        if study_at[i] >= 0:
            w[i] = sd_w * x[study_at[i]]
    return u, w, v


@njit(nogil=True, error_model="numpy")
def log_prior(x: Array, p: Packed) -> float:
    """Log prior density of the vector up to a constant."""
    n = p.mean.size
    total = 0.0
    for i in range(x.size):
        if n <= i < n + 3:
            ratio = math.exp(x[i]) / p.spread[i - n]
            total += x[i] - 0.5 * ratio * ratio
        else:
            total -= 0.5 * x[i] * x[i]
    return total


@njit(nogil=True, error_model="numpy")
def log_posterior(x: Array, p: Packed, rows: Array) -> float:
    """Log posterior density of the vector up to a constant; `rows` receives each row's log likelihood."""
    n = p.mean.size
    for i in range(n, n + 3):
        if not _LOW < x[i] < _HIGH:
            return -1e300
    values = values_of(x, p.mean, p.sd, p.transform)
    u, w, v = effects_of(x, n, p.registry_at, p.study_at, p.share_at, p.lone)
    return log_prior(x, p) + kernel.log_likelihood(p.shape, values, u, w, v, p.data, rows)
