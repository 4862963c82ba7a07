"""The landmark posterior as versioned data: draws in an npz file, everything about them in JSON beside it.

Takes fitted shapes; gives bytes and back. The packaged posterior is read from the package; nothing is written
here. The format is `saisei-landmark/0.1`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.evidence.landmark_data import design, digest
from saisei.evidence.landmark_diagnostics import contraction
from saisei.evidence.landmark_fit import STANDARD, Settings, ShapeFit, fit_shape
from saisei.evidence.landmark_kernel import SHAPES
from saisei.evidence.landmark_model import NAMES, SPREADS, effects_of, model, values_of
from saisei.study.registries import Row

__all__ = ["SCHEMA", "Posterior", "fit", "load_posterior", "posterior", "read_posterior"]

Array = NDArray[np.float64]
SCHEMA = "saisei-landmark/0.1"
_PACKAGED = "landmark-0.1"
_ARRAYS = ("shape", "values", "spreads", "registry", "share", "new", "noise")


@dataclass(frozen=True)
class Posterior:
    """Draws of the landmark model, over all decay shapes.

    Arrays have one line per draw: `shape` (code of the decay), `values` [draws, 18] on their natural scale,
    `spreads` [draws, 3], `registry` and `share` [draws, registries] effects of the fitted registries, `new`
    [draws, 3] standard normals of a new registry, its paper and its share, `noise` [draws, 5] uniforms of its
    B, C and D rows. `about` holds schema, digest of the rows, seed, settings, diagnostics and contraction.
    """

    shape: NDArray[np.int8]
    values: Array
    spreads: Array
    registry: Array
    share: Array
    new: Array
    noise: Array
    about: Mapping[str, Any]

    @property
    def registries(self) -> tuple[str, ...]:
        """Names of the fitted registries with AIS A rows, in the order of the effects."""
        return tuple(self.about["registries"])

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.shape)

    def only(self, shape: str) -> Posterior:
        """The draws of one decay shape; InputError when it was not fitted."""
        if shape not in SHAPES or not np.any(self.shape == SHAPES.index(shape)):
            have = ", ".join(SHAPES[code] for code in np.unique(self.shape))
            raise InputError(f"the posterior holds no decay shape {shape!r}: it holds {have}")
        keep = self.shape == SHAPES.index(shape)
        arrays = {name: getattr(self, name)[keep] for name in _ARRAYS}
        return Posterior(**arrays, about=self.about)

    def to_bytes(self) -> tuple[bytes, bytes]:
        """The npz file (float32) and the JSON beside it."""
        arrays = {
            name: getattr(self, name)
            if name == "shape"
            else np.asarray(getattr(self, name), dtype=np.float32)
            for name in _ARRAYS
        }
        stream = io.BytesIO()
        np.savez_compressed(stream, allow_pickle=False, **arrays)
        text = json.dumps(self.about, ensure_ascii=False, indent=1, allow_nan=False)
        return stream.getvalue(), (text + "\n").encode()


def posterior(
    fits: Sequence[ShapeFit],
    rng: np.random.Generator,
    settings: Settings,
    about: Mapping[str, Any] | None = None,
) -> Posterior:
    """Join the fitted shapes, each with its own draws, into one posterior.

    Args: fits: of the same rows; rng: for the effects of a new registry; settings: for the record; about:
        further entries of the record (seed, rows added or left out).
    """
    parts: dict[str, list[Any]] = {name: [] for name in _ARRAYS}
    keep = fits[0].model.registry_at >= 0
    for found in fits:
        one = found.model
        place = (one.registry_at, one.study_at, one.share_at, one.lone)
        scalars = len(one.prior.mean)
        prior = (one.prior.mean, one.prior.sd, one.prior.transform)
        effects = [effects_of(x, scalars, *place) for x in found.x]
        n = len(found.x)
        parts["shape"].append(np.full(n, one.shape_code, dtype=np.int8))
        parts["values"].append([values_of(x, *prior) for x in found.x])
        parts["spreads"].append(np.exp(found.x[:, scalars : scalars + 3]))
        parts["registry"].append([u[keep] for u, _, _ in effects])
        parts["share"].append([v[keep] for _, _, v in effects])
        parts["new"].append(rng.standard_normal((n, 3)))
        parts["noise"].append(rng.random((n, 5)))
    arrays = {name: np.concatenate(list(part)) for name, part in parts.items()}
    told = _told(fits, settings) | dict(about or {})
    names = [name for name, k in zip(fits[0].model.design.registries, keep, strict=True) if k]
    return Posterior(**arrays, about=told | {"registries": names})


def fit(
    rows: Sequence[Row],
    *,
    seed: int,
    shapes: Sequence[str] = SHAPES,
    leave_out: Sequence[str] = (),
    settings: Settings = STANDARD,
    spread_factor: float = 1.0,
    report: Callable[[str, float], None] = lambda _shape, _share: None,
) -> Posterior:
    """Fit the landmark model to rows of the natural-history base and of users.

    Args:
        rows: all rows; those not marked as fitted are passed over.
        seed: of all randomness; the same seed, rows and settings give the same posterior.
        shapes: decay shapes to fit; each gets the same number of draws.
        leave_out: registries whose rows are not used.
        settings: lengths of the chains; `QUICK` for refits in a loop.
        spread_factor: multiplies the prior scales of the spreads between registries and papers.
        report: told the shape and the share of it done.

    Raises: InputError for a registry that has no fitted row, or an unknown shape.
    """
    registries = dict.fromkeys(row.registry for row in rows if row.fitted)
    for name in leave_out:
        if name not in registries:
            known = ", ".join(registries)
            raise InputError(f"no fitted row is of registry {name!r}: they are {known}")
    if not shapes:
        raise InputError(f"no decay shape was given: choose from {', '.join(SHAPES)}")
    kept = design([row for row in rows if row.registry not in leave_out])
    rng = np.random.default_rng(seed)
    fits = []
    for shape in shapes:
        told = partial(report, shape)
        one = model(kept, shape, spread_factor)
        fits.append(fit_shape(one, rng.spawn(1)[0], settings, told))
    about = {"seed": seed, "left_out": list(leave_out), "spread_factor": spread_factor}
    return posterior(fits, rng, settings, about)


def _told(fits: Sequence[ShapeFit], settings: Settings) -> dict[str, Any]:
    design = fits[0].model.design
    return {
        "schema": SCHEMA,
        "rows_digest": digest(design.rows),
        "rows": [
            {"id": row.id, "registry": row.registry, "weight": round(one.weight, 4)}
            for row, one in zip(design.rows, design.weights, strict=True)
        ],
        "settings": {
            "draws_per_shape": settings.draws, "chains": settings.chains,
            "steps_per_chain": settings.steps, "warm_rounds": settings.warm_rounds,
            "warm_steps": settings.warm_steps,
        },
        "shapes": {one.model.shape: _about_shape(one) for one in fits},
    }  # fmt: skip


def _about_shape(fit: ShapeFit) -> dict[str, Any]:
    prior, scalars = fit.model.prior, len(fit.model.prior.mean)
    half_normal = float(np.sqrt(1.0 - 2.0 / np.pi))  # sd of a half-normal of scale 1
    table = {}
    for i, name in enumerate(NAMES):
        spread = name in SPREADS
        x = np.exp(fit.x[:, i]) / prior.scale[i - scalars] if spread else fit.x[:, i]
        natural = (
            np.exp(fit.x[:, i])
            if spread
            else np.array(
                [values_of(one, prior.mean, prior.sd, prior.transform)[i] for one in fit.x]
            )
        )
        low, middle, high = np.quantile(natural, [0.025, 0.5, 0.975])
        table[name] = {
            "median": _round(middle), "low": _round(low), "high": _round(high),
            "contraction": round(contraction(half_normal if spread else 1.0, x), 3),
            "rhat": round(float(fit.rhat[i]), 4), "ess": round(float(fit.ess[i])),
        }  # fmt: skip
    return {
        "largest_rhat": round(float(fit.rhat.max()), 4),
        "smallest_ess": round(float(fit.ess.min())),
        "acceptance": round(fit.acceptance, 3),
        "log_evidence_laplace": round(fit.log_evidence, 2),
        "parameters": table,
    }


def _round(number: float) -> float:
    return float(f"{number:.4g}")


def read_posterior(npz: bytes, about: bytes, name: str = "posterior") -> Posterior:
    """A posterior from its two files; InputError when they are not one."""
    try:
        told = json.loads(about)
        with np.load(io.BytesIO(npz), allow_pickle=False) as stored:
            arrays = {one: np.asarray(stored[one]) for one in _ARRAYS}
    except (ValueError, KeyError, OSError) as error:
        raise InputError(f"{name} is not a landmark posterior ({error}): fit it again") from None
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise InputError(f"{name} has not the schema {SCHEMA}: fit it again with this version")
    as_float = {one: arrays[one].astype(np.float64) for one in _ARRAYS if one != "shape"}
    return Posterior(shape=arrays["shape"].astype(np.int8), **as_float, about=told)


@cache
def _packaged() -> Posterior:
    folder = files("saisei.evidence").joinpath("posteriors")
    npz = folder.joinpath(f"{_PACKAGED}.npz").read_bytes()
    return read_posterior(npz, folder.joinpath(f"{_PACKAGED}.json").read_bytes(), _PACKAGED)


def load_posterior(path: Path | str | None = None) -> Posterior:
    """The packaged posterior, or one that `saisei evidence fit --out` wrote (its npz or its folder)."""
    if path is None:
        return _packaged()
    place = Path(path)
    if place.is_dir():
        place = place / f"{_PACKAGED}.npz"
    return read_posterior(place.read_bytes(), place.with_suffix(".json").read_bytes(), str(path))
