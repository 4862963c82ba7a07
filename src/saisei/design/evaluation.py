"""Everything that can be said of a design before it starts, as one JSON document that re-creates it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from saisei.design.confirmation import believe, biases, courses, readings, registry_stage
from saisei.design.decision_table import decision_table, registry_table
from saisei.design.document.schema import DesignDocument
from saisei.design.dose_plan import (
    dose_operating,
    dose_plan,
    dose_scenarios,
    dose_tree,
    waiting_rows,
)
from saisei.design.engines import ShiftEngine
from saisei.design.engines_two_arms import RankEngine
from saisei.design.fixed import Design, TypeOne, fix
from saisei.design.interim import inference_rows, interim_rows
from saisei.design.onset import zero_event_limit
from saisei.design.protocol import null_words, protocol_text
from saisei.design.safety_plan import gate_rows, monitor, safety_plans, zero_rows
from saisei.design.schedule import schedule_of
from saisei.evidence.landmark import Posterior
from saisei.params import parameter

__all__ = ["EVALUATION", "evaluate"]

EVALUATION = "saisei-design-evaluation/0.1"
_CAUTION = (
    "Research use only. It says what this design can and cannot show; it chooses no dose, no person"
    " and no lot, and it is no prognosis for anyone."
)


def evaluate(document: DesignDocument, posterior: Posterior | None = None) -> dict[str, Any]:
    """Evaluate a design: operating characteristics, error, assurance, safety, schedule, protocol text.

    Args:
        document: read and checked.
        posterior: of the landmark model; the packaged one if left out.

    Returns:
        Plain values ready for JSON; `design` holds the document itself, so that reading the JSON as a
        design gives the same digest and the same numbers.
    """
    design = fix(document, posterior)
    plans = safety_plans(document)
    errors = design.type_one()
    nature, engine = design.nature, design.engine
    return {
        "schema": EVALUATION,
        "digest": document.digest,
        "design": _plain(document.content()),
        "caution": _CAUTION,
        "natural_history": {
            "low": nature.low, "centre": nature.centre, "high": nature.high,
            "endpoint": nature.endpoint.name, "basis": nature.basis,
        },
        "decision_table": _plain(decision_table(design)),
        "operating": {
            "exact": not isinstance(engine, RankEngine),
            "estimates": engine.estimates,
            "interval": engine.interval,
            "rows": _plain(design.operating(design.truths())),
        },
        "curves": _curves(design, errors),
        "null": null_words(document),
        "type_one": _plain(errors),
        "assurance": None if document.design_prior is None else _plain(design.assurance()),
        "borrowed": None if design.borrowed is None else _plain(design.borrowed),
        "critical_score": engine.critical if isinstance(engine, ShiftEngine) else None,
        "inference": inference_rows(design),
        "conditional_power": interim_rows(design),
        "two_stage": None if design.two_stage is None else _plain(design.two_stage),
        "schedule": _plain(schedule_of(document)),
        "safety": [_safety(document, plan) for plan in plans],
        "dose_finding": _doses(document),
        "confirmation": _confirmation(design),
        "protocol": [
            {"heading": heading, "sentences": list(sentences)}
            for heading, sentences in protocol_text(design, plans, errors)
        ],
    }  # fmt: skip


def _curves(design: Design, errors: TypeOne) -> list[dict[str, Any]]:
    """Probability of success over the plausible natural rates, for each shown odds ratio."""
    ratios = parameter("design.document_odds_ratios").value
    assert isinstance(ratios, tuple)
    found: list[dict[str, Any]] = []
    ones = (design.engine.null_odds(np.array(errors.rates)) == 1.0).all()
    if not ones:  # the curve of the margin has no one odds ratio
        found.append(
            {
                "odds_ratio": None,
                "natural_rate": list(errors.rates),
                "success": list(errors.errors),
            }
        )
    for ratio in ratios:
        known = (
            errors.errors if ratio == 1.0 and ones else design.success(errors.rates, ratio).tolist()
        )
        found.append(
            {"odds_ratio": ratio, "natural_rate": list(errors.rates), "success": list(known)}
        )
    return found


def _safety(document: DesignDocument, plan: Any) -> dict[str, Any]:
    """One rule: bounds, crossing, gates, what no event excludes, and the reading at the last treatment."""
    found: dict[str, Any] = _plain(plan)
    days = schedule_of(document).days
    follow_up = [days[-1] - day for day in days]
    found["gates"] = _plain(gate_rows(document, plan))
    found["no_event"] = _plain(zero_rows(plan, document.n_treated))
    found["at_last_treatment"] = {
        **_plain(monitor(plan, follow_up, 0)),
        "limit_if_none": zero_event_limit(follow_up, plan.onset),
    }
    return found


def _confirmation(design: Design) -> dict[str, Any] | None:
    """The registry stage: its decision table, the courses at stated truths, and what is believed."""
    if design.document.confirmation is None:
        return None
    stage = registry_stage(design)
    truths = design.truths()
    found = {
        "months": stage.months,
        "decision_table": _plain(registry_table(design)),
        "rows": [_plain(row) for bias in biases() for row in courses(design, truths, bias)],
        "believed": None,
        "readings": [],
    }
    if design.document.design_prior is not None:
        found["believed"] = [_plain(believe(design, bias)) for bias in biases()]
        found["readings"] = _plain(readings(design))
    return found


def _doses(document: DesignDocument) -> dict[str, Any] | None:
    plan = dose_plan(document)
    if plan is None:
        return None
    rows = [
        {"truth": name, **_plain(dose_operating(plan, rates))}
        for name, rates in dose_scenarios(plan)
    ]
    table = [{"n": row.n, "events": row.events, "action": row.action} for row in plan.rows]
    middle = dose_scenarios(plan)[1 + len(plan.doses) // 2]
    return {
        "doses": list(plan.doses), "target": plan.target, "rule": plan.rule, "cohort": plan.cohort,
        "table": table, "rows": rows,
        "waiting": waiting_rows(plan),
        "tree": {"truth": middle[0], "rates": list(middle[1]), **_plain(dose_tree(plan, middle[1]))},
    }  # fmt: skip


def _plain(item: Any) -> Any:
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        names = [one.name for one in dataclasses.fields(item)]
        return {name: _plain(getattr(item, name)) for name in names}
    if isinstance(item, Mapping):
        return {str(key): _plain(child) for key, child in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(child) for child in item]
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, np.ndarray):
        return _plain(item.tolist())
    return item.item() if isinstance(item, np.generic) else item
