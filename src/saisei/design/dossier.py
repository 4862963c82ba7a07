"""Everything that one report on several planned trials needs, as one JSON document.

Each design is evaluated in full, set beside the others, grown and shrunk, run at other paces of arrival,
and judged under a sceptical belief taken from how earlier signals fared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from saisei.design.comparison import SIMULATED, compare
from saisei.design.confirmation import believe
from saisei.design.document.schema import DesignDocument
from saisei.design.evaluation import evaluate
from saisei.design.fixed import Design, fix
from saisei.design.grid import Axis, make_grid
from saisei.design.measures import worthwhile
from saisei.design.schedule import schedule_of
from saisei.design.search import run_chunk
from saisei.errors import InputError
from saisei.evidence.signals import informed_prior
from saisei.params import parameter, value

__all__ = ["DOSSIER", "dossier", "part_of"]

DOSSIER = "saisei-design-report/0.1"
_MOST_ODDS = 1e4
_LESS = 0.5  # the effect that is missed as often as found

Parts = Callable[..., Callable[[], Any]]


def dossier(
    documents: Sequence[DesignDocument], sizes: Sequence[int], parts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Join the parts of all designs.

    Args:
        documents: read and checked, in the order wanted.
        sizes: people treated at which each design is shown too.
        parts: `part_of` of each document.
    """
    compared = compare(documents)
    designs = [{**one, **part} for one, part in zip(compared["designs"], parts, strict=True)]
    return {
        "schema": DOSSIER,
        "caution": compared["caution"],
        "measures": compared["measures"],
        "notes": compared["notes"],
        "simulated": [one["label"] for one in designs if one["method"] in SIMULATED],
        "sizes": list(sizes),
        "power_goal": value("evidence.power"),
        "confidence": value("evidence.confidence"),
        "designs": designs,
    }


def part_of(document: DesignDocument, sizes: Sequence[int]) -> dict[str, Any]:
    """What the report says of one design beyond the comparison.

    Args:
        document: read and checked.
        sizes: people treated at which it is shown too.
    """
    design = fix(document)
    return {
        "evaluation": evaluate(document),
        "effects": _effects(design),
        "found": {
            "by_goal": _odds_found(design, value("evidence.power")),
            "by_half": _odds_found(design, _LESS),
        },
        "sizes": _sizes(document, sizes),
        "needed": _needed(document),
        "pace": _pace(document),
        "windows": _windows(document),
        "beliefs": _beliefs(document, design),
    }


def _effects(design: Design) -> list[dict[str, float]]:
    """Probability of success by true odds ratio at the ends and the middle of the natural rates."""
    ratios = parameter("design.document_odds_ratios").value
    assert isinstance(ratios, tuple)
    nature = design.nature
    rates = [nature.low, nature.centre, nature.high]
    found = []
    for ratio in sorted({*ratios, worthwhile(design.document)}):
        low, centre, high = design.success(rates, float(ratio)).tolist()
        found.append({"odds_ratio": float(ratio), "low": low, "centre": centre, "high": high})
    return found


def _odds_found(design: Design, goal: float) -> dict[str, float] | None:
    """The odds ratio found with that probability at the middle natural rate; None when none is."""
    centre = design.nature.centre

    def gap(log_odds: float) -> float:
        return float(design.success([centre], float(np.exp(log_odds)))[0]) - goal

    top = float(np.log(_MOST_ODDS))
    if gap(0.0) > 0.0 or gap(top) < 0.0:
        return None
    ratio = float(np.exp(optimize.brentq(gap, 0.0, top, xtol=1e-6)))
    return {"odds_ratio": ratio, "treated_rate": centre * ratio / (1.0 - centre + centre * ratio)}


def _sizes(document: DesignDocument, sizes: Sequence[int]) -> list[dict[str, Any]]:
    if not sizes:
        return []
    if len([arm for arm in document.arms if arm.role == "treated"]) != 1:
        raise InputError(
            f"{document.id} has several treated arms: leave --sizes out, its size cannot be moved as one"
        )
    axis = Axis("n", tuple(json.dumps(int(one)) for one in sizes))
    spec = make_grid(document, [axis])
    return run_chunk(spec, 0, spec.cells)


def _needed(document: DesignDocument) -> dict[str, Any] | None:
    """The size at which a controlled design finds the worthwhile effect with the power asked for.

    Sizes go up by the step of the house; None without a control, and when the largest arm is not enough.
    """
    if document.n_control == 0 or document.dose_finding is not None:
        return None
    step, most = int(value("design.report_size_step")), int(value("design.document_most_people"))
    for n in range(step, most + 1, step):
        (row,) = _sizes(document, [n])
        if row["fault"] is None and row["power"] >= value("evidence.power"):
            kept = ("treated", "control", "people", "eligible", "months", "power", "type1")
            return {name: row[name] for name in kept}
    return None


def _pace(document: DesignDocument) -> list[dict[str, Any]]:
    """Schedule at other numbers of eligible people a year."""
    shown = parameter("design.report_eligible_per_year").value
    assert isinstance(shown, tuple)
    own = 12.0 * document.population.eligible_per_month
    found = []
    for yearly in sorted({*(float(one) for one in shown), own}):
        population = document.population.model_copy(update={"eligible_per_month": yearly / 12.0})
        schedule = schedule_of(document.model_copy(update={"population": population}))
        found.append(
            {
                "eligible_per_year": yearly,
                "planned": yearly == own,
                "months_to_result": schedule.months_to_result,
                "months_to_end": schedule.months_to_end,
                "turned_away": schedule.lost_at_most,
            }
        )
    return found


def _windows(document: DesignDocument) -> list[dict[str, Any]]:
    """Natural rates, error and power by day of the baseline exam; nothing where nature is stated."""
    if document.natural_history.origin != "landmark":
        return []
    shown = parameter("design.report_exam_windows").value
    assert isinstance(shown, tuple)
    own = document.population.exam_day
    pairs = sorted({own, *zip(shown[::2], shown[1::2], strict=True)})
    found = []
    for first, last in pairs:
        if first > document.population.treatment_day[1]:
            continue
        population = document.population.model_copy(update={"exam_day": (first, last)})
        design = fix(document.model_copy(update={"population": population}))
        errors = design.type_one()
        power = float(design.success([design.nature.centre], worthwhile(document))[0])
        found.append(
            {
                "exam_day": [float(first), float(last)],
                "planned": (first, last) == own,
                "low": design.nature.low,
                "centre": design.nature.centre,
                "high": design.nature.high,
                "type1": errors.highest,
                "type1_average": errors.average,
                "power": power,
            }
        )
    return found


def _beliefs(document: DesignDocument, design: Design) -> list[dict[str, Any]]:
    """Success and what it means, as the planners believe and as earlier signals fared."""
    prior = document.design_prior
    if prior is None:
        return []
    signals = informed_prior()
    confirmed = sum(one.weight for one in signals.components if one.benefit_only)
    sceptical = prior.model_copy(update={"chance_no_effect": 1.0 - confirmed})
    cases = [("as the planners believe", prior.words, document)]
    if abs(prior.chance_no_effect - sceptical.chance_no_effect) > 1e-9:
        moved = document.model_copy(update={"design_prior": sceptical})
        said = f"{signals.reason.partition(':')[0]}; an effect, if any, as the planners believe."
        cases.append(("as earlier signals fared", said, moved))
    found = []
    for name, words, case in cases:
        held = Design(case, design.nature, design.engine, design.borrowed, design.two_stage)
        chance = held.assurance()
        assert case.design_prior is not None
        row: dict[str, Any] = {
            "name": name,
            "words": words,
            "chance_no_effect": case.design_prior.chance_no_effect,
            "success": chance.success,
            "real": chance.true_among_successes,
            "worthwhile": chance.worthwhile_among_successes,
            "confirm_if_approved": None,
            "real_if_confirmed": None,
        }
        if document.confirmation is not None:
            later = believe(held)
            row["confirm_if_approved"] = later.confirm_if_approved
            row["real_if_confirmed"] = later.real_if_confirmed
        found.append(row)
    return found
