"""The report as one JSON document: everything that stands on the page, as data.

Takes a study and the answers of the stages; gives plain dictionaries. No number is computed here; words
are chosen and numbers placed. The page and the figures are drawn from this document alone.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from typing import Any

from saisei import __version__
from saisei.evidence.answer import ComparatorRow, FirstAnswer, first_answer, natural_rates
from saisei.evidence.assessment import assess
from saisei.evidence.harm import harm_limits, zero_event_limits
from saisei.evidence.signals import load_signals
from saisei.params import digest as params_digest
from saisei.patient.expectation import expectation_of
from saisei.report.later import Later, at_once
from saisei.report.motor_part import motor_part
from saisei.report.sentences import answer_sentences
from saisei.report.study_part import participants, record_part, study_part
from saisei.study import Study

__all__ = ["SCHEMA", "build", "parameters_part", "safety_part", "settle_part", "signals_part"]

SCHEMA = "saisei-report/0.1"

JSON = dict[str, Any]


def build(study: Study, generated_at: str, later: Later = at_once) -> JSON:
    """The report document of a study.

    Args:
        study: a loaded study.
        generated_at: date and time in UTC, as text; the clock is the caller's.
        later: starts a call, perhaps on another core, and gives a function that fetches its result.
    """
    first = first_answer(study)
    rates = natural_rates(first)
    settled = later(settle_part, rates)
    document: JSON = {
        "schema": SCHEMA,
        "software": {"name": "saisei", "version": __version__, "python": platform.python_version()},
        "generated_at": generated_at,
        "digests": {"study": study.digest, "params": params_digest()},
        "study": study_part(study),
        "participants": participants(study),
        "endpoints": _endpoints(first),
        "control": _control(study, first),
        "comparators": _comparators(first),
        "assessment": _assessment(study),
        "motor": motor_part(study),
        "signals": signals_part(),
        "safety": safety_part(study),
        "settle": settled(),
        "expectation": expectation_of(study.document.id),
        **record_part(study),
    }
    document["digests"]["natural history model"] = document["assessment"]["model_digest"]
    document["digests"]["virtual patients"] = document["motor"]["digest"]
    document["answer"] = answer_sentences(document)
    document["parameters"] = parameters_part()
    plain: JSON = json.loads(json.dumps(document, allow_nan=False))  # lists and text, nothing else
    return plain


def _pair(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else [pair[0], pair[1]]


def _endpoints(first: FirstAnswer) -> JSON:
    rows = [
        {
            "key": one.endpoint.key,
            "label": one.endpoint.name,
            "count": one.count,
            "n": one.n,
            "low": one.low,
            "high": one.high,
            "clopper_pearson": _pair(one.clopper_pearson),
            "jeffreys": _pair(one.jeffreys),
            "chosen": one.chosen,
        }
        for one in first.observed
    ]
    return {"baseline_grade": first.grade, "rows": rows, "why_not": first.why_not}


def _control(study: Study, first: FirstAnswer) -> JSON:
    rows = [
        {
            "key": one.endpoint.key,
            "label": one.endpoint.name,
            "treated": one.treated,
            "treated_n": one.treated_n,
            "control": one.control,
            "control_n": one.control_n,
            "p_two_sided": one.p_two_sided,
            "odds_ratio": _finite(one.odds_ratio),
            "interval": [_finite(one.interval[0]), _finite(one.interval[1])],
        }
        for one in first.control
    ]
    randomised = study.document.design.randomised.value
    return {"concurrent": bool(study.controls), "randomised": randomised, "rows": rows}


def _finite(number: float) -> float | None:
    """JSON has no infinity: an open end is null."""
    return number if abs(number) < float("inf") else None


def _comparators(first: FirstAnswer) -> JSON:
    shown = next((one for one in first.observed if one.endpoint.key == "two_grades"), None)
    observed = None
    if shown is not None:
        observed = {
            "endpoint": shown.endpoint.name,
            "count": shown.count,
            "n": shown.n,
            "clopper_pearson": _pair(shown.clopper_pearson),
        }
    curves = _curves(first)
    rows = [_comparator(one) for one in first.comparators]
    return {
        "effect_rows": _effect_rows(rows, natural_rates(first)),
        "observed": observed,
        "rows": rows,
        "curves": curves,
        "range": natural_rates(first),
        "target": _target(first),
    }


def _curves(first: FirstAnswer) -> list[JSON]:
    """One curve per count; endpoints that share a count share the curve."""
    joined: dict[tuple[int, int], JSON] = {}
    for one in first.curves:
        key = (one.count, one.n)
        if key in joined:
            joined[key]["label"] += f", or {one.endpoint.name}"
            joined[key]["endpoints"].append(one.endpoint.key)
            continue
        joined[key] = {
            "endpoints": [one.endpoint.key],
            "label": f"{one.count} or more of {one.n}: {one.endpoint.name}",
            "rates": [rate for rate, _ in one.points],
            "chances": [chance for _, chance in one.points],
        }
    return list(joined.values())


def _effect_rows(rows: list[JSON], wanted: Mapping[str, float]) -> list[JSON]:
    """The best match and the ends and middle of the range, each once, by rising rate."""
    usable = [row for row in rows if row["enters_range"] and len(row["effects"]) > 1]
    chosen: dict[str, JSON] = {}
    for which, rate in wanted.items():
        row = next((one for one in usable if one["rate"] == rate), None)
        if row is not None:
            chosen[row["id"]] = {"which": which, **row}
    if usable:
        best = usable[0]
        which = (
            chosen[best["id"]]["which"] + ", best match" if best["id"] in chosen else "best match"
        )
        chosen[best["id"]] = {"which": which, **best}
    kept = ("which", "id", "label", "rate", "effects")
    return [
        {key: row[key] for key in kept}
        for row in sorted(chosen.values(), key=lambda one: one["rate"])
    ]


def _target(first: FirstAnswer) -> JSON | None:
    if first.target is None:
        return None
    levels = first.target.levels
    return {
        "grade": first.target.grade,
        "levels": [one.label for one in levels] if levels else None,
        "exam_days": _pair(first.target.exam_days),
        "follow_up_days": first.target.follow_up_days,
        "era": list(first.target.era) if first.target.era else None,
    }


def _label(one: ComparatorRow) -> str:
    row = one.row
    years = f", {row.era[0]} to {row.era[1]}" if row.era_known else ""
    return f"{row.study}, {row.level_label}{years}"


def _comparator(one: ComparatorRow) -> JSON:
    row, shown = one.row, "two_grades"
    rates = {key: None if rate is None else rate.rate for key, rate in one.rates.items()}
    against = one.against.get(shown)
    chances = {
        key: None if found is None else found.chance_at_least_as_good
        for key, found in one.against.items()
    }
    effects = [
        {
            "effect": effect.effect,
            "bayes_factor": _finite(effect.bayes_factor),
            "posterior_sceptical": effect.posterior_sceptical,
            "posterior_open": effect.posterior_open,
        }
        for effect in (against.effects if against else ())
    ]
    return {
        "id": row.id,
        "label": _label(one),
        "study": row.study,
        "source": row.source,
        "registry": row.registry,
        "kind": row.kind.value,
        "level_group": row.level_label,
        "window": row.baseline_label,
        "follow_up": row.follow_label,
        "years": f"{row.era[0]} to {row.era[1]}" if row.era_known else None,
        "n": row.n_label or (str(row.n) if row.n else None),
        "score": one.match.score,
        "suitable": one.match.suitable,
        "comparable": one.comparable,
        "enters_range": one.enters_range,
        "reasons": list(one.match.reasons),
        "notes": [*row.source_errors, *row.notes],
        "rates": rates,
        "rate": rates.get(shown),
        "interval": _pair(one.intervals.get(shown)),
        "chances": chances,
        "chance": chances.get(shown),
        "effects": effects,
    }


def _assessment(study: Study) -> JSON:
    """The question assessed against the landmark model, as the evidence stage gives it."""
    assessed: JSON = assess(study).to_dict()
    return assessed


def signals_part() -> list[JSON]:
    """Earlier uncontrolled signals and what became of them: the table behind the informed prior."""
    kept = ("product", "condition", "early", "later", "test", "confirmed", "counted", "reason")
    return [{name: getattr(one, name) for name in kept} for one in load_signals().signals]


def safety_part(study: Study) -> JSON:
    """Exact limits of every counted harm, and what no event excludes."""
    n = sum(arm.n.value or 0 for arm in study.treated) or None
    rows = [
        {
            "arm": one.arm,
            "role": one.role,
            "kind": one.kind,
            "what": one.what,
            "people": one.people,
            "events": one.events,
            "n": one.n,
            "risk_upper": one.risk_upper,
            "risk_interval": _pair(one.risk_interval),
            "person_years": one.person_years,
            "rate_upper": one.rate_upper,
            "mark": one.mark,
            "note": one.note,
            "source": list(one.source),
        }
        for one in harm_limits(study)
    ]
    limits = [{"n": one.n, "upper": one.upper} for one in zero_event_limits(n)]
    return {"n": n, "rows": rows, "zero_event_limits": limits}


def settle_part(rates: Mapping[str, float]) -> JSON | None:
    """Sizes and power over the natural rates, as data; None without a rate."""
    from dataclasses import asdict

    from saisei.design.settle import what_would_settle

    if not rates:
        return None
    settle = asdict(what_would_settle(rates))
    settle["natural_rates"] = dict(rates)
    return settle


def parameters_part() -> list[JSON]:
    """The values of ours that a report of evidence and design rests on."""
    from saisei.params import load

    return [
        {
            "id": one.id,
            "meaning": one.meaning,
            "value": list(one.value) if isinstance(one.value, tuple) else one.value,
            "unit": one.unit,
            "mark": one.mark,
            "source": one.source.cite,
            "why": one.why,
        }
        for one in load().values.values()
        if one.id.startswith(("evidence.", "design."))
    ]
