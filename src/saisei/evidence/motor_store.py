"""Answers of the generator for the bundled studies, stored as versioned data so that a report is quick.

Takes a study; gives its motor outcomes and the two models side by side, from the store when its digests
(study, generator, natural-history rows) are those of now, else worked out. A stale answer is never served.
`scripts/make_motor.py` makes the store anew. The format is `saisei-motor/0.1`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from saisei.errors import InputError
from saisei.evidence.generator_digest import generator_digest
from saisei.evidence.shift_model import model_for_groups
from saisei.exam.isncsci.levels import Level
from saisei.study import Study

__all__ = ["PLACE", "SCHEMA", "GeneratorAnswers", "answers", "fingerprint", "make_store"]

SCHEMA = "saisei-motor/0.1"
PLACE = "motor-0.1.json"
_QUICK, _FULL = (4, 500), (16, 1500)  # draws of the generator's posterior, virtual people for each


@dataclass(frozen=True, slots=True)
class GeneratorAnswers:
    """What the generator says of a study, as plain values.

    Attributes:
        motor: as `MotorAssessment.to_dict()`.
        models: as `TwoModels.to_dict()`; None when the generator cannot have such people.
        why_not: why not, then; else empty.
        stored: whether the answers come from the store, made with more draws and all bounds.
    """

    motor: dict[str, Any]
    models: dict[str, Any] | None
    why_not: str
    stored: bool


@cache
def _stored() -> dict[str, Any]:
    place = files("saisei.evidence").joinpath("posteriors", PLACE)
    if not place.is_file():
        return {}
    told = json.loads(place.read_text(encoding="utf-8"))
    return told if isinstance(told, dict) and told.get("schema") == SCHEMA else {}


def answers(study: Study) -> GeneratorAnswers:
    """The motor outcomes of a study and both models on it.

    Args:
        study: as loaded; a bundled one is answered from the store while its digests hold.

    >>> from saisei.study import load
    >>> answers(load("keio-2025")).motor["outcomes"]
    []
    """
    kept = _stored()
    now = (generator_digest(), model_for_groups().digest)
    one = kept.get("studies", {}).get(study.id)
    fresh = one is not None and (kept["generator"], kept["nature"]) == now
    if one is not None and fresh and one["motor"]["digest"] == study.digest:
        return GeneratorAnswers(one["motor"], one["models"], one["why_not"], stored=True)
    return _worked_out(study, _QUICK, corners=False)


def _worked_out(study: Study, size: tuple[int, int], *, corners: bool) -> GeneratorAnswers:
    # Only here is the generator itself needed, with its kernels.
    from saisei.evidence.generator_model import GeneratorModel
    from saisei.evidence.motor_study import assess_motor
    from saisei.evidence.two_models import compare_models

    generator = GeneratorModel(*size)
    try:
        motor = assess_motor(study, corners=corners).to_dict()
        models = compare_models(study, generator=generator).to_dict()
    except InputError as error:
        # A report must not fail because the generator holds no such people: it says so.
        reason = f"The generator of virtual patients cannot be asked about this study: {error}"
        empty = {
            "study": study.id, "digest": study.digest, "generator": generator_digest(),
            "nature": model_for_groups().digest, "generator_draws": 0, "outcomes": [],
            "why_not": reason, "cannot_say": [],
        }  # fmt: skip
        return GeneratorAnswers(empty, None, reason, stored=False)
    plain = json.loads(json.dumps({"motor": motor, "models": models}))
    return GeneratorAnswers(plain["motor"], plain["models"], "", stored=False)


def fingerprint() -> str:
    """Digest of what the generator's code makes of fixed people: a change of its equations shows here."""
    from saisei.evidence.motor_people import Source, Wanted, virtual_people

    wanted = Wanted("ABCD", (Level.C1, Level.S4_5), (14, 28), 365)
    people = virtual_people(wanted, Source(), 2000, 1)
    parts = [people.persons, people.grade, people.uems, people.lems, people.right, people.left]
    joined = b"".join(np.ascontiguousarray(part, dtype=np.int64).tobytes() for part in parts)
    return hashlib.sha256(joined).hexdigest()[:16]


def make_store(
    studies: Sequence[Study], report: Callable[[str], None] = lambda _name: None
) -> dict[str, Any]:
    """The store of these studies, with all bounds, ready for JSON.

    Args:
        studies: to answer.
        report: told the id of each study before it is answered.

    Raises:
        InputError: a study cannot be answered.
    """
    found = {}
    for study in studies:
        report(study.id)
        one = _worked_out(study, _FULL, corners=True)
        if one.why_not:  # a bundled study that cannot be answered is a defect, not an answer
            raise InputError(one.why_not)
        found[study.id] = {"motor": one.motor, "models": one.models, "why_not": one.why_not}
    return {
        "schema": SCHEMA,
        "generator": generator_digest(),
        "nature": model_for_groups().digest,
        "fingerprint": fingerprint(),
        "studies": found,
    }
