"""The report of the therapy in silico as one JSON document: everything on its page, as data.

Numbers come from `saisei.patient`; here they are gathered, counted and worded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei import __version__
from saisei.exam.isncsci.levels import KEY_MUSCLES
from saisei.params import digest as params_digest
from saisei.params import parameter, value
from saisei.patient.therapy import HYPOTHESIS, Therapy
from saisei.patient.treated import OUT_NAMES, Treated, distances, place
from saisei.patient.treated_course import PersonYear

__all__ = ["SCHEMA", "build"]

SCHEMA = "saisei-therapy-report/0.1"
JSON = dict[str, Any]
_EDGES = (-100.0, -0.5, 0.5, 1.5, 2.5, 5.5, 10.5, 100.0)
_LABELS = ("fewer", "0", "1", "2", "3 to 5", "6 to 10", "more")
_SHOWN = ("C5", "C6", "C7", "C8", "T1", "L3", "S1")
_TARGETS = ("C7", "T1", "L3")
_REGIONS = {0: "cervical", 8: "thoracic", 20: "lumbar", 25: "sacral"}


def build(
    therapy: Therapy,
    blocks: Sequence[Treated],
    year: PersonYear | None,
    made: Mapping[str, Any],
    generated_at: str,
) -> JSON:
    """The document of one run.

    Args:
        therapy: what was asked for.
        blocks: the people in order.
        year: one person day by day, or None where nobody can be shown.
        made: how the run was made, as data.
        generated_at: date and time in UTC, as text.
    """
    document: JSON = {
        "schema": SCHEMA,
        "software": {"name": "saisei", "version": __version__},
        "generated_at": generated_at,
        "use": HYPOTHESIS,
        "made": dict(made),
        "digests": {"params": params_digest()},
        "extrapolated": list(therapy.extrapolated),
        "drug_days": therapy.operation.drug_days,
        "arms": _arms(blocks),
        "population": _population(blocks),
        "course": _course(blocks),
        "safety": _safety(therapy, blocks),
        "lot": _lot(blocks),
        "person": None if year is None else _person(therapy, year),
        "priors": _priors(therapy),
    }
    document["sentences"] = _sentences(document)
    plain: JSON = json.loads(json.dumps(document, allow_nan=False))
    return plain


def _last(blocks: Sequence[Treated], arm: int, name: str) -> NDArray[np.int64]:
    """A score of everybody at the last visit."""
    return np.concatenate(
        [
            b.graded[arm].total(name).reshape(b.natural.days.shape)[:, -1].astype(np.int64)
            for b in blocks
        ]
    )


def _arms(blocks: Sequence[Treated]) -> list[JSON]:
    rows, natural = [], _last(blocks, 0, "uems")
    for k, arm in enumerate(blocks[0].arms):
        ais = np.concatenate(
            [b.graded[k].value_of("ais").reshape(b.natural.days.shape)[:, -1] for b in blocks]
        )
        uems, lems = _last(blocks, k, "uems"), _last(blocks, k, "lems")
        gain = uems - natural
        rows.append(
            {
                "arm": arm,
                "people": len(ais),
                "ais": {g: int((ais == i).sum()) for i, g in enumerate("ABCDE")},
                "uems": round(float(uems.mean()), 2),
                "lems": round(float(lems.mean()), 2),
                "gain_mean": round(float(gain.mean()), 3),
                "gain_low": float(np.percentile(gain, 5)),
                "gain_median": float(np.median(gain)),
                "gain_high": float(np.percentile(gain, 95)),
            }
        )
    return rows


def _added(blocks: Sequence[Treated]) -> NDArray[np.int64]:
    """UEMS of everybody over the twin with the same care and without cells: what the graft alone adds."""
    graft = len(blocks[0].arms) - 1
    return _last(blocks, graft, "uems") - _last(blocks, graft - 1, "uems")


def _population(blocks: Sequence[Treated]) -> JSON:
    gain = _added(blocks)
    nil = np.concatenate([b.world.nil for b in blocks])
    shares = [np.histogram(gain[nil == which], _EDGES)[0] / len(gain) for which in (True, False)]
    return {
        "people": len(gain),
        "labels": list(_LABELS),
        "nil": shares[0].tolist(),
        "not_nil": shares[1].tolist(),
        "nil_share": float(nil.mean()),
        "mean": round(float(gain.mean()), 3),
        "low": float(np.percentile(gain, 5)),
        "median": float(np.median(gain)),
        "high": float(np.percentile(gain, 95)),
    }


def _course(blocks: Sequence[Treated]) -> list[JSON]:
    """Cells and rejection over days from the graft, at the visits from the second on."""
    since = np.concatenate([b.course.since for b in blocks])
    cells = np.concatenate([b.course.cells[:, :, :6].sum(axis=2) for b in blocks])
    reject = np.concatenate([b.course.rows[:, place("rejection_day")] for b in blocks])
    rows = []
    for v in range(1, since.shape[1]):
        treated = since[:, v] >= 0
        if not treated.any():
            continue
        low, middle, high = np.percentile(cells[treated, v], [5, 50, 95])
        rows.append(
            {
                "days_after_graft": float(np.median(since[treated, v])),
                "cells_low": float(low),
                "cells_median": float(middle),
                "cells_high": float(high),
                "rejected": float((reject[treated] <= since[treated, v]).mean()),
            }
        )
    return rows


def _safety(therapy: Therapy, blocks: Sequence[Treated]) -> JSON:
    founders = np.concatenate([b.course.rows[:, place("founders")] for b in blocks])
    seen = np.concatenate([b.course.seen_day for b in blocks])
    mri = np.concatenate([b.mri_mm3 for b in blocks]) > 0
    first = np.where(mri.any(axis=1), np.array(therapy.mri_days)[mri.argmax(axis=1)], np.nan)
    delay = first - np.where(np.isfinite(seen), seen, np.nan)
    delay = delay[~np.isnan(delay)]
    press = np.concatenate([b.effects[-1][:, -1, 2] for b in blocks])
    return {
        "people": len(founders),
        "founded": int((founders > 0).sum()),
        "visible": int((seen <= therapy.mri_days[-1]).sum()),
        "seen": int(mri.any(axis=1).sum()),
        "mri_days": list(therapy.mri_days),
        "delay_median_days": float(np.median(delay)) if len(delay) else None,
        "visible_mm3": value("graft.visible_mm3"),
        "pressed": int((press > 0).sum()),
    }


def _lot(blocks: Sequence[Treated]) -> JSON:
    """One lot in words, the first, and how lots differ."""
    lots = blocks[0].lots
    one = lots[0]
    potency = np.concatenate([b.lots.potency for b in blocks])
    residual = np.concatenate([b.lots.residual for b in blocks])
    return {
        "first": {
            "lot": one.lot_id, "line": one.line_id, "donor": one.donor_id, "hla": " ".join(one.hla),
            "residual_share": one.residual, "unsafe": one.unsafe,
        },
        "lots": len(potency),
        "potency": [float(x) for x in np.percentile(potency, [5, 50, 95])],
        "residual_share": [float(x) for x in np.percentile(residual, [5, 50, 95])],
    }  # fmt: skip


def _person(therapy: Therapy, year: PersonYear) -> JSON:
    found, cells = year.treated, year.grafts.cells[0]
    level = found.natural.truth[:, 0, 2:4].astype(np.float64)
    mm = distances(level)[0]
    muscles = {m.name.replace("_", "-"): j for j, m in enumerate(KEY_MUSCLES)}
    sides = 0.5 * (year.drives[:, :, :10] + year.drives[:, :, 10:20])
    below = [name for name in _SHOWN if sides[0, 0, muscles[name]] < 1]
    arms = found.arms
    nli = found.natural.graded.texts("nli")[0]
    chosen = (
        f"level {nli}; chosen as the first high in the neck whose graft can help and is kept: few are so"
        if not found.world.nil[0]
        else f"level {nli}; in this world the graft has no motor effect"
    )
    return {
        "number": int(found.natural.persons[0]),
        "chosen": chosen,
        "lot": found.lots[0].lot_id,
        "graft_day": int(found.course.graft_day[0]),
        "days": year.days.tolist(),
        "cells": {name: cells[:, k].tolist() for k, name in enumerate(OUT_NAMES[:6])},
        "front_mm": [None if np.isnan(x) else round(float(x), 3) for x in year.front_mm],
        "targets_mm": {
            name: round(float(mm[muscles[name]]), 1) for name in below if name in ("C7", "T1", "L3")
        },
        "drive": {
            arm: {name: sides[k, :, muscles[name]].tolist() for name in below}
            for k, arm in enumerate(arms)
            if arm in ("natural", "graft")
        },
        "uems": {arm: year.uems[k].tolist() for k, arm in enumerate(arms)},
        "lems": {arm: year.lems[k].tolist() for k, arm in enumerate(arms)},
        "volume_mm3": year.volume_mm3.tolist(),
        "clone_mm3": year.clone_mm3.tolist(),
        "visible_mm3": value("graft.visible_mm3"),
        "images": [
            {"day": float(found.course.graft_day[0] + day), "read_mm3": float(read)}
            for day, read in zip(therapy.mri_days, found.mri_mm3[0], strict=True)
        ],
        "density": np.round(year.density, 1).tolist(),
        "place_mm": np.round(year.place_mm, 1).tolist(),
        "graft_mm": round(year.graft_mm, 1),
        "region_mm": [
            {"name": name, "mm": float(year.edges_mm[segment])}
            for segment, name in _REGIONS.items()
        ],
    }


def _priors(therapy: Therapy) -> list[JSON]:
    rows = []
    for one in therapy.priors.all:
        known = parameter(one.id)
        rows.append(
            {
                "id": one.id,
                "meaning": known.meaning,
                "law": one.law.value,
                "numbers": [float(x) for x in one.numbers],
                "unit": known.unit,
                "mark": known.mark,
                "source": known.source.cite,
                "changed": one.id in therapy.priors.changed,
            }
        )
    return rows


def _sentences(document: Mapping[str, Any]) -> list[str]:
    """What the run says, in three sentences that promise nothing."""
    graft = document["population"]
    people = graft["people"]
    labels, nil, rest = (document["population"][k] for k in ("labels", "nil", "not_nil"))
    zero = labels.index("0")
    none = nil[zero] + rest[zero]
    safety = document["safety"]
    return [
        f"Under these priors the graft adds {graft['median']:g} points of UEMS in the median (90% of "
        f"people {graft['low']:g} to {graft['high']:g}, mean {graft['mean']:.2f}): "
        f"{100 * none:.0f}% of {people} people have the score that they would have had without "
        "cells and with the same care.",
        f"In {100 * document['population']['nil_share']:.0f}% of the worlds the motor effect is nil by "
        "assumption; in the others it is small because few cells live, their axons are slow and far from the "
        "legs, and nothing that is not spared can be strengthened. A graft cannot restore feeling in "
        "this model, so it hardly moves the AIS.",
        f"Overgrowth was founded in {safety['founded']} of {safety['people']} and seen on MRI in "
        f"{safety['seen']}; the level of that risk is a prior that no trial of this size can check.",
    ]
