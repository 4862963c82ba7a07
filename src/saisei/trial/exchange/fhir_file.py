"""HL7 FHIR R5: each exam as one Observation with its items as components, in a collection; read back.

No guide, LOINC panel or value set for ISNCSCI is known; items have codes of our own system, `SYSTEM`. The
classification stands in a second Observation derived from the first. Built and checked by fhir.resources.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from saisei.exam.formats.scores import KINDS
from saisei.trial.exchange.extract import ITEMS, ExamFact, Extract, code_of, text_of
from saisei.trial.exchange.guard import faulty, parse_json

__all__ = ["SYSTEM", "fhir_bytes", "fhir_exams"]

SYSTEM = "urn:saisei:isncsci-2019"
_VISIT = "urn:saisei:visit"
_RESULTS = ("ais", "nli", "uems", "lems")


def _concept(code: str, words: str = "") -> dict[str, Any]:
    coding = {"system": SYSTEM, "code": code}
    return {"coding": [coding | ({"display": words} if words else {})]}


def fhir_bytes(found: Extract) -> bytes:
    """The exams as a FHIR R5 Bundle; fhir.resources refuses what is not R5."""
    from fhir.resources.bundle import Bundle

    entries = []
    for number, one in enumerate(found.exams, 1):
        key = f"exam-{number}"
        entries.append({"fullUrl": f"urn:saisei:{key}", "resource": _exam_resource(one, key)})
        entries.append(
            {"fullUrl": f"urn:saisei:{key}-class", "resource": _class_resource(one, key)}
        )
    tree = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": found.made_at,
        "identifier": {"system": "urn:saisei:trial", "value": found.trial},
        "entry": entries,
    }
    return f"{Bundle.model_validate(tree).model_dump_json(indent=1)}\n".encode()


def _subject(one: ExamFact) -> dict[str, Any]:
    return {"identifier": {"system": "urn:saisei:participant", "value": one.participant}}


def _exam_resource(one: ExamFact, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": _concept("isncsci", "ISNCSCI exam"),
        "subject": _subject(one),
        "effectiveDateTime": one.on.isoformat(),
        "performer": [{"display": one.examiner}],
        "identifier": [{"system": _VISIT, "value": f"{one.visit}#{one.repeat}"}],
        "component": [
            {"code": _concept(ITEMS[i]), "valueString": text}
            for i, code in enumerate(one.codes)
            if (text := text_of(i, code))
        ],
    }
    if one.comments:
        found["note"] = [{"text": one.comments}]
    return found


def _class_resource(one: ExamFact, key: str) -> dict[str, Any]:
    results = dict(one.results)
    return {
        "resourceType": "Observation",
        "id": f"{key}-class",
        "status": "final",
        "code": _concept("isncsci-classification", "ISNCSCI classification, computed"),
        "subject": _subject(one),
        "effectiveDateTime": one.on.isoformat(),
        "derivedFrom": [{"reference": f"urn:saisei:{key}"}],
        "component": [
            {"code": _concept(name), "valueString": results.get(name, "not computed")}
            for name in _RESULTS
        ],
    }


def fhir_exams(content: bytes, name: str) -> list[ExamFact]:
    """The exams of a Bundle of this form.

    Raises:
        DocumentError: not JSON, not R5 by fhir.resources, no exam, or an item with no such value.
    """
    from fhir.resources.bundle import Bundle
    from pydantic import ValidationError

    tree = parse_json(content, name)
    try:
        bundle = Bundle.model_validate(tree)
    except (ValidationError, TypeError) as error:
        words = str(error).splitlines()[0]
        raise faulty(name, "the file", "", f"is no FHIR R5 Bundle: {words}") from None
    resources: list[Any] = [entry.resource for entry in bundle.entry or []]
    found = [
        _read(one, name)
        for one in resources
        if getattr(one, "code", None) is not None and _code(one.code) == "isncsci"
    ]
    if not found:
        raise faulty(name, "the file", "", f"holds no Observation with code isncsci of {SYSTEM}")
    return found


def _code(concept: Any) -> str:
    coded = [one.code for one in concept.coding or [] if one.system == SYSTEM]
    return str(coded[0]) if coded else ""


def _read(one: Any, name: str) -> ExamFact:
    where = f"Observation {one.id}"
    values = {_code(part.code): part.valueString for part in one.component or []}
    codes = []
    for item, kind in enumerate(KINDS):
        text = values.get(ITEMS[item]) or ""
        try:
            codes.append(code_of(item, text))
        except KeyError:
            rule = "is missing" if not text else f"is not a value of a {kind} item"
            raise faulty(name, f"{where}, {ITEMS[item]}", text, rule) from None
    visits = [each.value for each in one.identifier or [] if each.system == _VISIT]
    person = getattr(getattr(one.subject, "identifier", None), "value", None)
    when = one.effectiveDateTime
    if not visits or person is None or when is None:
        raise faulty(name, where, "", "lacks its visit, subject or day")
    visit, _, repeat = str(visits[0]).rpartition("#")
    on = when if type(when) is date else date.fromisoformat(str(when)[:10])
    performer = (one.performer or [None])[0]
    note = (one.note or [None])[0]
    return ExamFact(
        str(person), visit or str(visits[0]), on, getattr(performer, "display", None) or "unknown",
        tuple(codes), int(repeat) if repeat.isdigit() else 1, getattr(note, "text", None) or "",
    )  # fmt: skip
