"""What the report takes from the study document itself, value by value with its marks and sources."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from saisei.study import Study

__all__ = ["participants", "record_part", "study_part"]

JSON = dict[str, Any]


def _said(study: Study, one: Any) -> JSON:
    """A sourced value as text with its mark, confidence and sources."""
    return {
        "text": one.text,
        "mark": study.mark(one),
        "confidence": one.confidence.value,
        "source": list(one.source),
        "note": one.note or "",
    }


def study_part(study: Study) -> JSON:
    """Identity, design, product and planned windows."""
    document = study.document
    facts: list[tuple[str, Any]] = [
        ("Status of the results", document.status),
        ("Design", document.design.summary),
        ("Blinding", document.design.blinding),
        ("Follow-up", document.design.follow_up),
        ("Rehabilitation", document.design.rehabilitation),
        ("Product", document.product.name),
        ("Cells given", document.product.dose_cells),
        ("Route", document.product.route),
        ("Immunosuppression", document.product.immunosuppression),
        ("Eligible grade", document.eligibility.grades),
        ("Eligible levels", document.eligibility.levels),
        ("Eligible age (years)", document.eligibility.age_years),
        ("Treatment, days after injury", document.eligibility.treatment_day),
    ]
    shown = [(label, one) for label, one in facts if one.source]
    arms = [
        {
            "key": arm.key,
            "name": arm.name,
            "role": arm.role.value,
            "n": arm.n.text,
            "note": arm.note or "",
        }
        for arm in study.arms
    ]
    return {
        "id": document.id,
        "title": document.title,
        "condition": document.condition,
        "summary": document.summary,
        "registries": [{"name": one.name, **_said(study, one.id)} for one in document.registries],
        "facts": [{"label": label, **_said(study, one)} for label, one in shown],
        "arms": arms,
        "comparators_stated": [
            {"text": one.text, "rate_percent": one.rate_percent.text, "source": list(one.source)}
            for one in document.comparators
        ],
    }


def participants(study: Study) -> JSON:
    """The people listed one by one; empty rows where only totals are published."""
    rows = []
    for person in study.participants:
        last = study.last_outcome(person)
        rows.append(
            {
                "id": person.id,
                "arm": study.arm(person.arm).name,
                "baseline": _said(study, person.baseline_grade),
                "level": _said(study, person.level),
                "exam_day": _said(study, person.exam_day),
                "age": _said(study, person.age_years),
                "sex": _said(study, person.sex),
                "outcome": _said(study, last.grade) if last else None,
                "function": _said(study, last.function) if last else None,
            }
        )
    return {"rows": rows}


def record_part(study: Study) -> JSON:
    """Claims, disagreements, arithmetic, limits, gaps, continuous results, timeline and sources."""
    document = study.document
    return {
        "claims": [_plain(one) for one in document.claims],
        "disagreements": [_plain(one) for one in document.disagreements],
        "arithmetic": [_plain(one) for one in document.arithmetic],
        "limits": [_plain(one) for one in document.limits],
        "gaps": [_plain(one) for one in document.gaps],
        "timeline": [_plain(one) for one in document.timeline],
        "continuous": [_plain(one) for one in document.continuous],
        "motor_levels": [_plain(one) for one in document.motor_levels],
        "sources": [
            {"key": key, **_plain(one), "cited": len(study.cited(key))}
            for key, one in study.sources.items()
        ],
    }


def _plain(one: BaseModel) -> JSON:
    return one.model_dump(mode="json")
