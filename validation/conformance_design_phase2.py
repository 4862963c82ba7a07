"""Topics of one-arm designs: Simon, single stage, inference, safety stopping, Bayesian monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from conformance_topics import topic

from saisei.design import bayes_monitoring as bayes
from saisei.design import power, safety_rules
from saisei.design import two_stage as stages
from saisei.errors import UnsupportedError

Inputs = Mapping[str, Any]


@topic("simon_two_stage")
def simon_two_stage(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    p0, p1 = inputs["p0"], inputs["p1"]
    best, least = stages.simon_designs(
        p0, p1, inputs["alpha"], inputs["beta"], inputs.get("n_max", 100)
    )
    return {"optimal": _described(best, p0, p1), "minimax": _described(least, p0, p1)}


def _described(design: stages.TwoStage, p0: float, p1: float) -> dict[str, Any]:
    oc = stages.two_stage_oc(design, p0, p1)
    return asdict(design) | {
        "EN_p0": oc.expected_n, "PET_p0": oc.early_stop, "alpha": oc.alpha, "power": oc.power
    }  # fmt: skip


@topic("two_stage_oc")
def two_stage_oc(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    design = stages.TwoStage(inputs["r1"], inputs["n1"], inputs["r"], inputs["n"])
    return _described(design, inputs["p0"], inputs["p1"])


@topic("two_stage_inference")
def two_stage_inference(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    design = stages.TwoStage(inputs["r1"], inputs["n1"], inputs["n"], inputs["n"])
    found = stages.two_stage_inference(
        design, inputs["x"], inputs["pu"], inputs.get("alpha", 0.05), grid=1e-4
    )
    return {
        "umvue": found.umvue, "p_value": found.p_value, "lcl_05": found.lower,
        "ucl_95": found.upper,
    }  # fmt: skip


@topic("single_stage_exact")
def single_stage_exact(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    p0, p1, alpha = inputs["p0"], inputs["p1"], inputs["alpha"]
    sided = inputs.get("sided", 1)
    if "n" in inputs:
        found = power.single_arm_power(inputs["n"], p0, p1, alpha, sided)
        return {
            "power": found.power, "critical_count": found.critical_count, "alpha": found.size,
            "beta": 1.0 - found.power, "n": found.n, "r": found.critical_count - 1,
        }  # fmt: skip
    beta = inputs["beta"]
    if "n_range" in inputs:
        low, high = inputs["n_range"]
        sizes = range(low, high + 1)
        enough = [power.single_arm_power(n, p0, p1, alpha).power >= 1.0 - beta for n in sizes]
        if not any(enough):
            raise UnsupportedError("no size in the range reaches the power")
        if inputs.get("conservative", False):
            short = [n for n, ok in zip(sizes, enough, strict=True) if not ok]
            n = (short[-1] if short else low - 1) + 1
        else:
            n = sizes[enough.index(True)]
        found = power.single_arm_power(n, p0, p1, alpha)
        return {
            "n": n, "power": found.power, "critical_count": found.critical_count,
            "r": found.critical_count - 1, "alpha": found.size, "beta": 1.0 - found.power,
        }  # fmt: skip
    if "number_of_solutions" in inputs:
        many = stages.single_stage_designs(
            p0, p1, alpha, beta, solutions=inputs["number_of_solutions"]
        )
        return {name: [getattr(d, name) for d in many] for name in ("n", "r", "alpha", "beta")}
    size = power.single_arm_n(p0, p1, alpha, 1.0 - beta, sided)
    return {"n": size.n, "power": size.power}


@topic("safety_stopping")
def safety_stopping(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    looks = inputs["looks"]
    if "max_acceptable" in inputs:
        oc = safety_rules.crossing_oc(looks, [m + 1 for m in inputs["max_acceptable"]], inputs["p"])
        return {
            "p_cross": oc.p_cross, "p_stop_early": oc.p_stop_early, "expected_n": oc.expected_n
        }  # fmt: skip
    if "p_lo" in inputs:
        return _repeated_testing(inputs)
    rule = safety_rules.design_safety_rule(
        inputs["method"], inputs["p0"], inputs["alpha"], looks,
        prior=(inputs.get("a", 1.0), inputs.get("b", 1.0)), delta=inputs.get("delta", 0.0),
        p1=inputs.get("p1"),
    )  # fmt: skip
    return {
        "reject_if_ge": list(rule.stop_if_at_least),
        "calibration_constant": rule.constant,
        "p_cross": rule.p_cross,
        "oc": _rows_at(rule, asked.get("oc")),
    }


def _rows_at(rule: safety_rules.SafetyRule, rows: Any) -> list[dict[str, float]]:
    """Characteristics at the true rates of the rows asked for."""
    out = []
    for row in rows or []:
        oc = safety_rules.crossing_oc(rule.looks, rule.stop_if_at_least, row["p"])
        out.append(
            {"p": oc.p, "reject_prob": oc.p_cross, "expected_events": oc.expected_events,
             "expected_n": oc.expected_n, "p_stop_early": oc.p_stop_early}
        )  # fmt: skip
    return out


def _repeated_testing(inputs: Inputs) -> dict[str, Any]:
    looks, low_rate, high_rate = inputs["looks"], inputs["p_lo"], inputs["p_hi"]
    low, high = safety_rules.repeated_testing_boundaries(
        low_rate, high_rate, looks, cross_acceptable=inputs["cP0"],
        cross_unacceptable=inputs["cP1"], priority=inputs["priority"],
        delta=inputs.get("delta", 0.0),
    )  # fmt: skip
    rows = []
    for p in np.linspace(low_rate, high_rate, 6).tolist():
        row = [p]
        for most in (low, high):
            oc = safety_rules.crossing_oc(looks, [m + 1 for m in most], p)
            row += [oc.p_cross, oc.p_stop_early, oc.expected_n]
        rows.append(row)
    return {
        "low_boundary_max_acceptable": list(low),
        "high_boundary_max_acceptable": list(high),
        "oc_rows_p_crossLo_stopLo_enLo_crossHi_stopHi_enHi": rows,
    }


@topic("thall_simon")
def thall_simon(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    experimental, standard = tuple(inputs["prior_E"]), tuple(inputs["prior_S"])
    delta = inputs.get("delta", 0.0)
    if "y" in inputs:
        found = bayes.prob_experimental_better(
            inputs["y"], inputs["n"], experimental, standard, delta
        )
        return {"prob_E_gt_S": found}
    bounds = bayes.thall_simon_boundary(
        inputs["type"], inputs["n_max"], inputs["cutoff"], experimental, standard, delta
    )
    return {"first_n_and_bound": [list(pair) for pair in bayes.changes_of_bound(bounds)]}


@topic("predictive_probability")
def predictive_probability(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    prior, p0, n_max = tuple(inputs["prior"]), inputs["p0"], inputs["n_max"]
    theta_t = inputs["theta_T"]
    if "y" in inputs:
        found = bayes.predictive_probability(inputs["y"], inputs["n"], n_max, prior, p0, theta_t)
        return {"PP": found}
    kind, limit = (
        ("futility", inputs["theta_L"])
        if "theta_L" in inputs
        else ("superiority", inputs["theta_U"])
    )
    bounds = bayes.lee_liu_boundary(kind, n_max, prior, p0, theta_t, limit)
    pairs = bayes.changes_of_bound(bounds)
    for other in inputs.get("also_same_for_theta_T", []):
        again = bayes.changes_of_bound(bayes.lee_liu_boundary(kind, n_max, prior, p0, other, limit))
        if again != pairs:
            raise ValueError(f"theta_T {other} gives other bounds: {again}")
    return {"first_n_and_bound": [list(pair) for pair in pairs]}


@topic("bop2")
def bop2(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    looks, lam, gamma = inputs["looks"], inputs["lam"], inputs["gamma"]
    if "margins" in inputs:
        return _bop2_margins(inputs, asked)
    futile, effective = bayes.bop2_boundaries(looks, inputs["p0"], lam, gamma, inputs.get("eta"))
    oc = {}
    for name, rate in (("H0", inputs["p0"]), ("H1", inputs["p1"])):
        found = bayes.bop2_oc(looks, futile, effective, rate)
        oc[name] = {
            "reject": found.reject, "early_fut": found.early_futility,
            "early_eff": found.early_efficacy, "EN": found.expected_n,
        }  # fmt: skip
    return {
        "futility_if_le": futile, "efficacy_if_ge": effective, "exact_oc": oc,
        "published_mc_oc_nsim1000": oc,
    }  # fmt: skip


def _bop2_margins(inputs: Inputs, asked: Any) -> dict[str, Any]:
    """Each margin of a multinomial outcome is monitored at its own null rate.

    A margin is a null rate, the positions of its categories in H0, or a mapping that holds either.
    """
    answers: dict[str, Any] = {}
    for name, how in inputs["margins"].items():
        if isinstance(how, Mapping):
            how = next(iter(how.values()))
        null = sum(inputs["H0"][i] for i in how) if isinstance(how, list) else float(how)
        futile, effective = bayes.bop2_boundaries(
            inputs["looks"], null, inputs["lam"], inputs["gamma"], inputs.get("eta")
        )
        both = {"futility_if_le": futile, "efficacy_if_ge": effective}
        answers[name] = both if isinstance(asked.get(name), Mapping) else futile
    for kind in ("futility_if_le", "efficacy_if_ge"):
        if isinstance(asked.get(kind), Mapping):
            answers[kind] = {
                name: value[kind] for name, value in answers.items() if isinstance(value, Mapping)
            }
    return answers
