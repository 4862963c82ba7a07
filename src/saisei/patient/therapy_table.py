"""A chunk of the therapy in silico as named columns: visits, people and images.

Every row of every table carries the person, the world, the lot and its line and donor, and what was
extrapolated. What no one could know stands in `true_...` columns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.graft.course import OUT_NAMES, place
from saisei.params import value
from saisei.patient.table import columns
from saisei.patient.therapy import Therapy
from saisei.patient.treated import Treated
from saisei.repair.natural import E_BLOCK, E_GAIN, E_PRESSURE, E_RELAY

__all__ = ["image_columns", "people_columns", "visit_columns"]

Columns = dict[str, NDArray[Any]]


def _who(therapy: Therapy, found: Treated) -> Columns:
    """The facts that stand on every row, one value a person."""
    lots, at, n = found.lots, found.lot_at, len(found.lot_at)
    named = [lots[k] for k in range(len(lots))]

    def text(words: list[str]) -> NDArray[Any]:
        return np.array(words, dtype=object)[at]

    marks = "; ".join(therapy.extrapolated)
    return {
        "world": found.world.numbers,
        "lot_id": text([one.lot_id for one in named]),
        "line_id": text([one.line_id for one in named]),
        "donor_id": text([one.donor_id for one in named]),
        "donor_hla": text([" ".join(one.hla) for one in named]),
        "line_unsafe": np.array([one.unsafe for one in named])[at],
        "lot_residual_share": lots.residual[at],
        "true_lot_clone_chance": lots.clone_rate[at],
        "true_lot_potency": lots.potency[at],
        "dose_cells": np.full(n, therapy.operation.dose_cells),
        "graft_day": found.course.graft_day.astype(np.int32),
        "hla_match_share": found.match,
        "extrapolated": np.full(n, marks, dtype=object),
    }


def visit_columns(therapy: Therapy, found: Treated) -> Columns:
    """One row a person, arm and visit: the exam, its grading, the graft at that day.

    Rows of one person stand together: by person, then arm, then visit.
    """
    n, visits = found.natural.days.shape
    arms = len(found.arms)
    parts = []
    for k, arm in enumerate(found.arms):
        chunk = replace(found.natural, codes=found.codes[k], graded=found.graded[k])
        part = columns(therapy.people, chunk)
        # True forces belong to the natural course; they stand in its rows only.
        part = {name: c for name, c in part.items() if not name.startswith("true_force")}
        part = {"arm": np.full(n * visits, arm, dtype=object), **part}
        part |= _graft_columns(found, k)
        parts.append(part)
    order = (
        np.arange(arms)[None, :, None] * n * visits
        + np.arange(n)[:, None, None] * visits
        + np.arange(visits)[None, None, :]
    ).ravel()
    joined = {name: _joined([part[name] for part in parts])[order] for name in parts[0]}
    joined |= {name: np.repeat(c, arms * visits) for name, c in _who(therapy, found).items()}
    return joined


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if not isinstance(parts[0], np.ma.MaskedArray):
        return np.concatenate(parts)
    whole: NDArray[Any] = np.ma.array(
        np.concatenate([np.asarray(part) for part in parts]),
        mask=np.concatenate([np.ma.getmaskarray(part) for part in parts]),
    )
    return whole


def _graft_columns(found: Treated, arm: int) -> Columns:
    """Pools, volume and factors of one arm, one value a person and visit."""
    treated = found.arms[arm] == "graft"
    cells = found.course.cells if treated else np.zeros_like(found.course.cells)
    made: Columns = {
        f"true_{name}": cells[:, :, k].ravel().astype(np.float64)
        for k, name in enumerate(OUT_NAMES[:6])
    }
    volume = found.course.volume if treated else np.zeros(cells.shape[:2])
    made["true_graft_mm3"] = volume.ravel()
    effect = found.effects[arm]
    for place_, name in (
        (E_GAIN, "drive_factor"),
        (E_BLOCK, "block_factor"),
        (E_PRESSURE, "pressure"),
    ):
        made[f"true_{name}"] = effect[:, :, place_].ravel()
    made["true_largest_relay"] = effect[:, :, E_RELAY:].max(axis=2).ravel()
    return made


def people_columns(therapy: Therapy, found: Treated) -> Columns:
    """One row a person: what happened, what was gained, and the draw of every prior."""
    chunk, course = found.natural, found.course
    n, visits = chunk.days.shape
    last = float(chunk.days[:, -1].max())
    rejection = course.rows[:, place("rejection_day")]
    rejected = rejection + course.graft_day <= chunk.days[:, -1]
    seen = found.mri_mm3 > 0
    mri = np.array(therapy.mri_days)
    first = np.where(seen.any(axis=1), mri[seen.argmax(axis=1)], np.nan)
    visible = np.where(np.isfinite(course.seen_day), course.seen_day, np.nan)
    made: Columns = {
        "person_id": chunk.persons,
        "age": chunk.ages.astype(np.int16),
        **_who(therapy, found),
        "true_nil": found.world.nil,
        "true_founders": course.rows[:, place("founders")],
        "rejected": rejected,
        "true_rejection_day_after_graft": np.where(rejected, rejection, np.nan),
        "true_overgrowth_visible_day": visible,
        "overgrowth_detected_day": first,
        "detection_delay_days": np.where(np.isnan(visible), np.nan, first - visible),
        "cells_at_last_visit": course.cells[:, -1, :6].sum(axis=1),
        "last_day": np.full(n, last),
    }
    for name in ("uems", "lems"):
        base = found.graded[0].total(name).reshape(n, visits)[:, -1].astype(np.int16)
        for k, arm in enumerate(found.arms):
            total = found.graded[k].total(name).reshape(n, visits)[:, -1].astype(np.int16)
            made[f"{name}_{arm}"] = total
            if k:
                made[f"{name}_gain_{arm}"] = total - base
        # What cells alone add: the twin with the same care is the arm before.
        made[f"{name}_added_by_graft"] = made[f"{name}_graft"] - made[f"{name}_{found.arms[-2]}"]
    for k, arm in enumerate(found.arms):
        made[f"ais_{arm}"] = found.graded[k].texts("ais").reshape(n, visits)[:, -1]
    for name, draws in found.world.draws.items():
        made[f"prior:{name}"] = draws
    return made


def image_columns(therapy: Therapy, found: Treated) -> Columns:
    """One row a person and MRI: the volume of overgrowth as it is read, and the true volumes."""
    n, images = found.mri_mm3.shape
    who = {name: np.repeat(c, images) for name, c in _who(therapy, found).items()}
    volume = found.images.wiring.cell_volume[:, None]
    clone = found.images.cells[:, :, 5] * volume
    return {
        "person_id": np.repeat(found.natural.persons, images),
        "days_after_graft": np.tile(np.array(therapy.mri_days), n),
        "overgrowth_seen": (found.mri_mm3 > 0).ravel(),
        "overgrowth_mm3": found.mri_mm3.ravel(),
        "true_overgrowth_mm3": clone.ravel(),
        "true_graft_mm3": found.images.volume.ravel(),
        "visible_from_mm3": np.full(n * images, value("graft.visible_mm3")),
        **who,
    }
