"""Topics of dose finding: BOIN, TITE-BOIN, CRM, TITE-CRM, 3+3, evidential likelihood ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from conformance_topics import topic

from saisei.design import dose_boin as boin
from saisei.design import dose_crm as crm
from saisei.design import dose_three_plus_three as three
from saisei.design.dose_history import parse_history
from saisei.errors import UnsupportedError

Inputs = Mapping[str, Any]


@topic("boin_boundary")
def boin_boundary(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    t = inputs["target"]
    found = boin.boin_boundaries(
        t, inputs.get("p_saf_factor", 0.6) * t, inputs.get("p_tox_factor", 1.4) * t
    )
    return {"lambda_e": found.escalate, "lambda_d": found.deescalate}


@topic("boin_table")
def boin_table(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    rows = boin.boin_table(
        inputs["target"], inputs["n"], cutoff=inputs.get("cutoff_elimination", 0.95),
        fewest=inputs.get("min_n_elimination", 3), extra_safe=inputs.get("extrasafe", False),
        offset=inputs.get("offset", 0.05),
    )  # fmt: skip
    return {
        "escalate_if_le": [r.escalate_if_at_most for r in rows],
        "deescalate_if_ge": [r.deescalate_if_at_least for r in rows],
        "eliminate_if_ge": [r.eliminate_if_at_least for r in rows],
        "stop_if_ge": [r.stop_if_at_least for r in rows],
    }


@topic("boin_select_mtd")
def boin_select_mtd(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    found = boin.boin_select_mtd(
        inputs["target"], inputs["npts"], inputs["ntox"],
        cutoff=inputs.get("cutoff_elimination", 0.95),
    )  # fmt: skip

    def text(value: float | None) -> str:
        return "----" if value is None else f"{value:.2f}"

    return {
        "MTD": 99 if found.dose is None else found.dose,
        "p_est": [text(p) for p in found.estimates],
        "ci95": [
            "(----,----)" if ci is None else f"({ci[0]:.2f},{ci[1]:.2f})" for ci in found.intervals
        ],
        "p_overdose": [text(p) for p in found.overdose],
    }


@topic("boin_path")
def boin_path(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    target, doses = inputs["target"], inputs["num_doses"]
    if "cohorts" in inputs:
        seen = [c for text in inputs["cohorts"] for c in parse_history(text)]
        steps = [boin.boin_next_dose(target, doses, seen[: i + 1]) for i in range(len(seen))]
        return {"next_dose_after_each_cohort": [s.dose for s in steps]}
    use = inputs.get("use_stopping_rule", True)
    found = [
        boin.boin_next_dose(target, doses, parse_history(text), eliminate=use)
        for text in inputs["histories"]
    ]
    return {
        "next_dose": [f.dose for f in found],
        "continue_": [f.go_on for f in found],
        "dose_admissible_each": [list(f.admissible) for f in found],
    }


@topic("tite_boin")
def tite_boin(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    target = inputs["target"]
    if "rows" in inputs:
        return {"action": [boin.tite_boin_action(target, n, y, c) for n, y, c in inputs["rows"]]}
    at = boin.tite_boin_thresholds(
        target, inputs["n_treated"], inputs["n_dlt"], inputs["n_pending"]
    )
    up = "escalate_if_stft_ge" in asked
    return {
        "escalate_if_stft_ge": at.escalate, "stay_if_stft_gt": at.deescalate,
        "unrounded": at.escalate if up else at.deescalate,
        "action": boin.tite_boin_action(
            target, inputs["n_treated"], inputs["n_dlt"], inputs["n_pending"]
        ),
    }  # fmt: skip


def _model(inputs: Inputs) -> crm.CrmModel:
    return crm.CrmModel(
        tuple(inputs["skeleton"]), inputs.get("model", "empiric"), inputs.get("intercept", 3.0)
    )


def _scale(inputs: Inputs) -> float:
    """The prior sd of beta. dfcrm's default prior has variance 1.34; a scale of 1.34 names that one."""
    scale = float(inputs.get("scale", crm.DEFAULT_SCALE))
    return crm.DEFAULT_SCALE if scale == crm.DEFAULT_SCALE**2 or scale == 1.34 else scale


@topic("crm")
def crm_case(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    fit = crm.crm_fit(
        _model(inputs), inputs["target"], inputs["level"], inputs["tox"],
        scale=_scale(inputs), method=inputs.get("method", "bayes"), coarse=True,
    )  # fmt: skip
    return _fit_answers(fit)


def _fit_answers(fit: crm.CrmFit) -> dict[str, Any]:
    return {
        "mtd": fit.mtd, "ptox": list(fit.plug_in), "ptox_lower90": list(fit.lower),
        "ptox_upper90": list(fit.upper), "beta_hat": fit.beta, "post_var": fit.variance,
    }  # fmt: skip


@topic("tite_crm")
def tite_crm(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    followup = inputs.get("followup")
    if followup is None:
        followup = [b - a for a, b in zip(inputs["entry"], inputs["exit"], strict=True)]
    scheme = inputs.get("weights", "linear")
    if isinstance(scheme, list):
        weights = scheme
    else:
        weights = crm.tite_weights(followup, inputs["obswin"], inputs["tox"], scheme)
    fit = crm.crm_fit(
        _model(inputs), inputs["target"], inputs["level"], inputs["tox"], weights=weights,
        scale=_scale(inputs), coarse=True,
    )  # fmt: skip
    return _fit_answers(fit) | {"weights": weights}


@topic("crm_skeleton")
def crm_skeleton(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    found = crm.crm_skeleton(
        inputs["halfwidth"], inputs["target"], inputs["mtd0"], inputs["nlevel"],
        inputs.get("model", "empiric"), inputs.get("intercept", 3.0),
    )  # fmt: skip
    return {"skeleton": found}


@topic("crm_coherence")
def crm_coherence(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    return {
        "coherent": crm.crm_is_coherent(_model(inputs), inputs["target"], inputs["initial_design"])
    }


@topic("crm_indifference")
def crm_indifference(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    sets, intervals = crm.crm_indifference(_model(inputs), inputs["target"])
    return {
        "H_sets": [list(s) for s in sets],
        "indifference_intervals": [list(i) for i in intervals],
    }


@topic("crm_sample_size")
def crm_sample_size(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    found = crm.crm_sample_size(
        inputs["average_pcs"], inputs["target"], inputs["nlevel"], inputs["odds_ratio_psi"],
        corrected=inputs.get("continuity_correction", True),
    )  # fmt: skip
    return {"n": found}


@topic("three_plus_three")
def three_plus_three(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "true_dlt_rate" in inputs:
        up, people = three.three_plus_three_one_dose(inputs["true_dlt_rate"])
        return {"prob_escalate": up, "expected_n": people}
    if "true_dlt_rates" in inputs:
        variant = inputs.get("variant", "no de-escalation")
        if not variant.startswith("no de-escalation"):
            raise UnsupportedError(f"variant {variant!r} is not offered")
        oc = three.three_plus_three_oc(inputs["true_dlt_rates"])
        return {
            "select_none_then_dose1_up": list(oc.select), "expected_n": oc.expected_people,
            "expected_dlt": oc.expected_dlts, "prob_reach": list(oc.reach),
        }  # fmt: skip
    found = [
        three.three_plus_three_next_dose(
            inputs["num_doses"], parse_history(text),
            allow_deescalate=inputs.get("allow_deescalate", False),
        )
        for text in inputs["histories"]
    ]  # fmt: skip
    return {"next_dose": [f.dose for f in found], "continue_": [f.go_on for f in found]}


@topic("likelihood_ratio")
def likelihood_ratio(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    ratios = []
    for text in inputs["outcomes"]:
        x, n = (int(v) for v in text.split("/"))
        ratios.append(three.binomial_likelihood_ratio(x, n, inputs["p_H1"], inputs["p_H2"]))
    if any(not math.isfinite(r) for r in ratios):
        raise UnsupportedError("a likelihood ratio is infinite")
    return {"LR_p2_over_p1": ratios}
