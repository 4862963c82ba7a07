"""The report of a study of another condition as one JSON document, in the shape of the main report.

Takes a study and its condition document; gives plain dictionaries. Words are chosen here and numbers
placed; every number comes from one call into `evidence` or `design`.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from typing import Any

from saisei import __version__
from saisei.design.settle_change import sizes_for_change
from saisei.evidence.outcomes import OutcomeAnswer, outcome_answer
from saisei.evidence.outcomes.funnel import funnel
from saisei.params import digest as params_digest
from saisei.report.condition_sentences import condition_sentences
from saisei.report.document import parameters_part, safety_part, settle_part
from saisei.report.outcome_words import finding_lines
from saisei.report.study_part import participants, record_part, study_part
from saisei.study import Study
from saisei.study.conditions import ConditionDocument, condition_named

__all__ = ["CONDITION_REPORT", "build_condition", "is_cord_injury"]

CONDITION_REPORT = "saisei-condition-report/0.1"
_CORD = "spinal cord injury"

JSON = dict[str, Any]


def is_cord_injury(study: Study) -> bool:
    """Whether the main report, with AIS grades and the landmark model, is the right one."""
    return _CORD in study.document.condition.lower()


def build_condition(
    study: Study, generated_at: str, condition: ConditionDocument | None = None
) -> JSON:
    """The report document of a study of another condition.

    Args:
        study: a loaded study.
        generated_at: date and time in UTC, as text; the clock is the caller's.
        condition: its condition document; the bundled one of that name when None.
    """
    used = condition or condition_named(study.document.condition)
    answer = outcome_answer(study, used)
    document: JSON = {
        "schema": CONDITION_REPORT,
        "software": {"name": "saisei", "version": __version__, "python": platform.python_version()},
        "generated_at": generated_at,
        "digests": {"study": study.digest, "params": params_digest()},
        "study": study_part(study),
        "participants": participants(study),
        "condition": _condition(used),
        "outcomes": asdict(answer),
        "lines": list(finding_lines(asdict(answer))),
        "funnel": [asdict(row) for row in funnel()],
        "safety": safety_part(study),
        "settle": _settle_shares(answer),
        "settle_change": _settle_change(answer, used),
        **record_part(study),
    }
    document["answer"] = condition_sentences(document)
    document["parameters"] = [
        one for one in parameters_part() if one["id"].startswith("evidence.outcomes_")
    ]
    plain: JSON = json.loads(json.dumps(document, allow_nan=False))
    return plain


def _condition(used: ConditionDocument | None) -> JSON | None:
    if used is None:
        return None
    return {
        "id": used.id,
        "name": used.name,
        "summary": used.summary,
        "missing": list(used.missing),
        "scales": [one.model_dump(mode="json") for one in used.scales],
        "history": [one.model_dump(mode="json") for one in used.history],
        "sources": {key: one.model_dump(mode="json") for key, one in used.sources.items()},
    }


def _settle_shares(answer: OutcomeAnswer) -> JSON | None:
    """Sizes over the shares without cells of the first counted endpoint: own control, then tables."""
    first = next((one for one in answer.binary if one.control or one.history), None)
    if first is None:
        return None
    rates = []
    if first.control is not None and 0 < first.control[0] < first.control[1]:
        rates.append(first.control[0] / first.control[1])
    rates += [row.share for row in first.history]
    rates = sorted({round(rate, 6) for rate in rates if 0.0 < rate < 0.75})
    if not rates:
        return None
    names = ("lowest", "middle", "highest")
    chosen = (rates[0], rates[len(rates) // 2], rates[-1])
    labelled = dict(zip(names, chosen, strict=True)) if len(rates) > 2 else {}
    if not labelled:
        labelled = dict(zip(("lowest", "highest"), (rates[0], rates[-1]), strict=True))
        labelled = labelled if len(rates) > 1 else {"middle": rates[0]}
    found = settle_part(labelled)
    if found is not None:
        found["endpoint"] = first.endpoint
    return found


def _settle_change(answer: OutcomeAnswer, used: ConditionDocument | None) -> JSON | None:
    """Sizes for a change of score, for the differences that a reader asks about."""
    first = next((one for one in answer.changes if one.expected and one.expected.person_sd), None)
    if first is None or used is None or first.expected is None or not first.expected.person_sd:
        return None
    scale = used.scale(first.scale)
    wanted: list[tuple[str, float]] = []
    if scale.smallest_change is not None:
        wanted.append(("smallest change that clinicians call one", scale.smallest_change))
        wanted.append(("twice that", 2 * scale.smallest_change))
    if first.excess is not None:
        wanted.append(("the whole difference from the expected change", abs(first.excess)))
    rows = sizes_for_change(wanted, first.expected.person_sd)
    return {
        "scale": first.scale,
        "person_sd": first.expected.person_sd,
        "assumed": first.expected.assumed,
        "rows": [asdict(row) for row in rows],
    }
