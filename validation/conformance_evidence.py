"""Topics of counts, ranks, ordered grades and confounding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from conformance_inputs import cut_in_name, distribution, number
from conformance_topics import only, topic

from saisei.chance.roots import R_TOLERANCE
from saisei.design import ordinal_power as sizes
from saisei.design import power
from saisei.errors import UnsupportedError
from saisei.evidence import exact_tests, intervals, ordinal, rank_tests, safety
from saisei.evidence.borrowing import power_prior
from saisei.evidence.confounding import e_value

Inputs = Mapping[str, Any]


@topic("binomial_ci")
def binomial_ci(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    confidence = inputs.get("confidence", 1.0 - inputs.get("alpha", 0.05))
    # The reference figures under "wilson" are Hmisc's, whose interval is the modified one.
    methods = {
        "clopper_pearson": "clopper_pearson",
        "jeffreys": "jeffreys",
        "wilson": "modified_wilson",
    }
    return {
        name: list(intervals.interval_by_name(method, inputs["x"], inputs["n"], confidence))
        for name, method in methods.items()
        if name in asked
    }


@topic("zero_events")
def zero_events(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    n, x = inputs["n"], inputs.get("x", 0)
    return only(
        {
            "upper95_one_sided": lambda: safety.upper_limit(x, n, 0.95),
            "upper975": lambda: safety.upper_limit(x, n, 0.975),
            "rule_of_three": lambda: safety.rule_of_three(n),
            "prob_at_least_one": lambda: safety.prob_at_least_one(n, inputs["true_rate"]),
        },
        asked,
    )


@topic("binomial_test")
def binomial_test(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    words = {"p_two_sided": "two-sided", "p_greater": "greater", "p_less": "less"}
    x, n, p0 = inputs["x"], inputs["n"], inputs["p0"]
    return {k: exact_tests.binomial_test(x, n, p0, w) for k, w in words.items() if k in asked}


@topic("fisher_exact")
def fisher_exact(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    table = inputs.get("table_rows") or [
        list(r) for r in zip(*inputs["table_columns"], strict=True)
    ]
    if len(table) != 2 or len(table[0]) != 2:
        p = exact_tests.fisher_exact_rxc(table)
        return {"p": p, "p_two_sided": p}
    asked_for = inputs.get("alternative", "two-sided")
    words = {"two-sided": "p_two_sided", "greater": "p_greater", "less": "p_less"}
    # R's odds ratio and limits carry its coarse root search; the p values do not.
    test = exact_tests.fisher_exact(table, asked_for, root_tolerance=R_TOLERANCE)
    answers = {name: exact_tests.fisher_exact(table, word).p_value for word, name in words.items()}
    return answers | {
        "p": test.p_value, "odds_ratio_cmle": test.odds_ratio, "ci": list(test.interval)
    }  # fmt: skip


@topic("fisher_exact_power")
def fisher_exact_power(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    p1, p2, alpha = inputs["p1"], inputs["p2"], inputs["alpha"]
    if "n1" in inputs:
        n1, n2 = inputs["n1"], inputs["n2"]
        return {"power": power.fisher_exact_power(n1, n2, p1, p2, alpha, "equal tails")}
    goal = inputs["power"]
    cps = power.two_proportion_n(p1, p2, alpha, goal, "casagrande-pike-smith")
    size = power.fisher_n(p1, p2, alpha, goal, "equal tails", window=5)
    return {
        "casagrande_pike_smith_n": cps,
        "cps_exact_power": power.fisher_exact_power(cps, cps, p1, p2, alpha, "equal tails"),
        "fisher_n": size.n_stays,
        "fisher_exact_power": size.power_stays,
    }


@topic("wilcoxon")
def wilcoxon(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    words, side = inputs["test"], inputs.get("alternative", "two-sided")
    confidence = inputs.get("conf", 0.95)
    if words.startswith("rank sum"):
        x, y = inputs.get("x", inputs.get("treated")), inputs.get("y", inputs.get("control"))
        test = rank_tests.rank_sum(x, y, confidence)
    elif words.startswith("signed rank"):
        d = inputs.get("d")
        if d is None:
            d = np.round(np.subtract(inputs["x"], inputs["y"]), 12).tolist()
        test = rank_tests.signed_rank(d, confidence)
    else:
        raise UnsupportedError(f"test {words!r} is not known")
    return {
        "W": test.statistic, "V": test.statistic, "W_treated": test.statistic,
        "p": test.p_value(side), "p_two_sided": test.p_two_sided, "p_greater": test.p_greater,
        "p_less": test.p_less, "p_asymptotic": test.p_asymptotic(side),
        "hodges_lehmann": test.estimate, "ci": list(test.interval),
    }  # fmt: skip


@topic("ordinal_power")
def ordinal_power(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    profile = inputs.get("p_average")
    if profile is None:
        profile = sizes.average_profile(inputs["p_control"], inputs["p_treated"])
    odds = inputs.get("odds_ratio", None)
    odds = float(np.exp(inputs["log_odds_ratio"])) if odds is None else odds
    if "power" in inputs:
        size = sizes.ordinal_sample_size(profile, odds, inputs["power"], inputs["alpha"])
        return {
            "n_total": size.n_total, "n_total_rounded": size.n_rounded,
            "efficiency": size.efficiency,
        }  # fmt: skip
    n1, n2 = (inputs["n"] / 2,) * 2 if "n" in inputs else (inputs["n1"], inputs["n2"])
    found = sizes.ordinal_power(profile, odds, n1, n2, inputs["alpha"])
    return {
        "power": found.power, "approx_se": found.standard_error, "efficiency": found.efficiency
    }  # fmt: skip


@topic("ordinal_model")
def ordinal_model(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "control" in inputs:
        counts, x = ordinal.two_group_counts(inputs["control"], inputs["treated"], inputs["levels"])
        fit = ordinal.fit_proportional_odds(counts, x)
        return _fit_answers(fit, ["treated"]) | {"log_or": fit.coefficients[0]}
    if "counts_by_rating_1_to_5" in inputs:
        return _wine(inputs)
    return _named_data_model(inputs, asked)


def _fit_answers(fit: ordinal.OrdinalFit, names: list[str]) -> dict[str, Any]:
    answers: dict[str, Any] = dict(zip(names, fit.coefficients, strict=True))
    return answers | {
        "thresholds": list(fit.thresholds), "zeta": list(fit.thresholds),
        "coef": list(fit.coefficients), "se": list(fit.standard_errors),
        "loglik": fit.loglik, "deviance": fit.deviance,
    }  # fmt: skip


def _wine(inputs: Inputs) -> dict[str, Any]:
    """Groups are keyed `temperature/contact`; warm and yes count as 1."""
    table = inputs["counts_by_rating_1_to_5"]
    ones = {"warm": 1.0, "yes": 1.0}
    x = [[ones.get(word, 0.0) for word in key.split("/")] for key in table]
    counts = list(table.values())
    full = ordinal.fit_proportional_odds(counts, x)
    answers = _fit_answers(full, ["warm", "contact"])
    if "test" in inputs:
        term, given = inputs["test"].split(" given ")
        column = {"temp": 0, "warm": 0, "contact": 1}
        kept = [column[word.strip()] for word in given.split(" and ")]
        if term.strip() not in column:
            raise UnsupportedError(f"term {term!r} is not in the table")
        smaller = ordinal.fit_proportional_odds(counts, [[row[k] for k in kept] for row in x])
        statistic, p = ordinal.likelihood_ratio_test(full, smaller)
        answers |= {"LR": statistic, "p": p}
    return answers


def _named_data_model(inputs: Inputs, asked: Any) -> dict[str, Any]:
    """A formula `outcome ~ factor + factor` on a named table of counts kept beside this script."""
    tables = json.loads((Path(__file__).parent / "conformance_data.json").read_text("utf-8"))
    known = next((t for t in tables["ordinal"] if inputs["data"].startswith(t["name"])), None)
    if known is None:
        raise UnsupportedError(f"data {inputs['data']!r} are not at hand")
    outcome, terms = (part.strip() for part in inputs["formula"].split("~"))
    factors = [term.strip() for term in terms.split("+")]
    at = {name: i for i, name in enumerate(known["columns"])}
    levels = known["levels"]
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in known["rows"]:
        key = tuple(row[at[f]] for f in factors)
        counts = groups.setdefault(key, [0.0] * len(levels[outcome]))
        counts[levels[outcome].index(row[at[outcome]])] += row[at[known["count"]]]
    names = [f + level for f in factors for level in levels[f][1:]]
    x = [
        [float(k == level) for f, k in zip(factors, key, strict=True) for level in levels[f][1:]]
        for key in groups
    ]
    fit = ordinal.fit_proportional_odds(list(groups.values()), x)
    answers = _fit_answers(fit, names)
    cuts = [f"{a}|{b}" for a, b in zip(levels[outcome], levels[outcome][1:], strict=False)]
    if isinstance(asked.get("coef"), Mapping):
        answers["coef"] = dict(zip(names, fit.coefficients, strict=True))
    if isinstance(asked.get("zeta"), Mapping):
        answers["zeta"] = dict(zip(cuts, fit.thresholds, strict=True))
    # polr prints coefficients before thresholds.
    split = len(fit.thresholds)
    answers["se"] = [*fit.standard_errors[split:], *fit.standard_errors[:split]]
    return answers


@topic("power_prior")
def power_prior_case(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    name, (a, b) = distribution(inputs.get("initial", "Beta(1,1)"))
    if name != "beta":
        raise UnsupportedError(f"initial prior {inputs['initial']!r} is not a beta law")
    post = power_prior(inputs["y"], inputs["n"], inputs["y0"], inputs["n0"], inputs["a0"], (a, b))
    answers = {"a": post.a[0], "b": post.b[0], "mean": post.mean, "sd": post.sd}
    for key in asked:
        if found := re.fullmatch(r"p_(gt|lt)_(\w+)", key):
            cut = cut_in_name(found[2])
            answers[key] = float(post.sf(cut) if found[1] == "gt" else post.cdf(cut))
    return answers


@topic("unmeasured_confounding")
def unmeasured_confounding(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    return {"e_value": e_value(number(inputs["risk_ratio"]))}
