"""Topics of mixtures, effective sizes, MAP priors, posteriors, decisions and operating characteristics."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from conformance_inputs import (
    beta_rows,
    cut_in_name,
    half_normal_scale,
    normal_pair,
    normal_prior,
    number,
)
from conformance_sequential_words import described_design
from conformance_topics import only, topic

from saisei.design import assurance as assured
from saisei.design import one_arm, two_arm
from saisei.design.rules import Rule, parse_rule
from saisei.design.sequential import crossing
from saisei.errors import UnsupportedError
from saisei.evidence import ess as sizes
from saisei.evidence.map_prior import (
    MapPosterior,
    MapSummary,
    half_normal_interval_probs,
    map_prior_binomial,
    map_prior_normal,
)
from saisei.evidence.mixtures import BetaMixture, GammaMixture, Mixture, NormalMixture
from saisei.evidence.mixtures_difference import difference_cdf, prob_difference
from saisei.evidence.mixtures_summary import difference_quantile_coarse, summarise

Inputs = Mapping[str, Any]


def robust(prior: Any, how: Mapping[str, Any] | None, sigma: float | None = None) -> Any:
    """The prior with the vague component that `robustify` describes."""
    if not how:
        return prior
    weight, n = number(how["weight"]), number(how.get("n", 1))
    mean = number(how["mean"]) if "mean" in how else None
    if isinstance(prior, BetaMixture):
        return prior.robustified(weight, 0.5 if mean is None else mean, n)
    mean = prior.mean if mean is None else mean
    if isinstance(prior, NormalMixture):
        return prior.robustified(weight, mean, n, sigma)
    return prior.robustified(weight, mean, n)


def mixture_of(inputs: Inputs) -> Mixture:
    """The mixture that a case gives, robustified if it says so."""
    sigma = number(inputs["sigma"]) if "sigma" in inputs else None
    if "beta_mixture" in inputs:
        return robust(beta_rows(inputs["beta_mixture"]), inputs.get("robustify"))  # type: ignore[no-any-return]
    if "gamma_mixture" in inputs:
        rows = [[number(v) for v in row] for row in inputs["gamma_mixture"]]
        return robust(GammaMixture.of(rows), inputs.get("robustify"))  # type: ignore[no-any-return]
    if "normal_mixture" in inputs:
        prior = normal_prior(inputs["normal_mixture"], sigma)
        return robust(prior, inputs.get("robustify"), sigma)  # type: ignore[no-any-return]
    raise UnsupportedError("no mixture is given")


@topic("mixture")
def mixture(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    law = mixture_of(inputs)
    summary = summarise(law, coarse=True)
    answers: dict[str, Any] = {
        "mean": summary.mean, "sd": summary.sd, "q": list(summary.quantiles),
        "weights": list(law.weights),
    }  # fmt: skip
    if isinstance(law, BetaMixture):
        answers["robust_component"] = [law.weights[-1], law.a[-1], law.b[-1]]
    return answers


@topic("mixture_difference")
def mixture_difference(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    first, second = beta_rows(inputs["mix1"]), beta_rows(inputs["mix2"])
    answers: dict[str, Any] = {}
    for key in asked:
        if found := re.fullmatch(r"p_(gt|lt)_(\w+)", key):
            below = difference_cdf(first, second, cut_in_name(found[2]))
            answers[key] = below if found[1] == "lt" else 1.0 - below
        elif found := re.fullmatch(r"p_between_(\w+)_and_(\w+)", key):
            low, high = cut_in_name(found[1]), cut_in_name(found[2])
            answers[key] = prob_difference(first, second, low, high)
        elif key == "median":
            answers[key] = difference_quantile_coarse(first, second, [0.5])[0]
    limits = {key: float("0." + key[1:]) for key in asked if re.fullmatch(r"q\d+", key)}
    if limits:
        found_at = difference_quantile_coarse(first, second, list(limits.values()))
        answers |= dict(zip(limits, found_at, strict=True))
    return answers


@topic("ess")
def ess(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    law = mixture_of(inputs)
    family = inputs.get("family")

    def rounded(kind: str) -> int:
        return round(_ess_by_name(law, family)[kind]())

    answers: dict[str, Any] = {}
    by_name = _ess_by_name(law, family)
    for key in asked:
        if key in by_name:
            answers[key] = by_name[key]()
        elif found := re.fullmatch(r"elir_sigma_(\w+)", key):
            assert isinstance(law, NormalMixture)
            wider = NormalMixture(law.weights, law.means, law.sds, cut_in_name(found[1]))
            answers[key] = sizes.elir(wider)
        elif key == "published_elir_rounded":
            answers[key] = rounded("elir")
        elif key == "published_rounded":
            named = asked[key]
            kinds = ("elir", "moment", "morita")
            answers[key] = (
                {kind: rounded(kind) for kind in named}
                if isinstance(named, Mapping)
                else [rounded(kind) for kind in kinds]
            )
    return answers


def _ess_by_name(law: Mixture, family: str | None) -> dict[str, Callable[[], float]]:
    return {
        "elir": lambda: sizes.elir(law, family),
        "moment": lambda: sizes.moment_ess(law, family),
        "morita": lambda: sizes.morita_ess(law, family),
        "elir_poisson": lambda: sizes.elir(law, "poisson"),
        "elir_exponential": lambda: sizes.elir(law, "exponential"),
    }


@topic("map_prior")
def map_prior(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    scale, mean_prior = half_normal_scale(inputs["tau"]), normal_pair(inputs["beta"])
    if "r" in inputs:
        post = map_prior_binomial(inputs["r"], inputs["n"], tau_scale=scale, mean_prior=mean_prior)
        return _map_answers(post)
    if "log_hr" in inputs:
        estimates, errors = inputs["log_hr"], inputs["se"]
    else:
        estimates, errors = inputs["y"], inputs.get("se", "sigma/sqrt(n)")
    if isinstance(errors, str):
        sigma = number(inputs.get("sigma", 1.0))
        errors = [number(errors, {"n": float(n), "sigma": sigma}) for n in inputs["n"]]
    post = map_prior_normal(estimates, errors, tau_scale=scale, mean_prior=mean_prior)
    return _map_answers(post)


def _map_answers(post: MapPosterior) -> dict[str, Any]:
    def said(summary: MapSummary) -> dict[str, Any]:
        return {"mean": summary.mean, "sd": summary.sd, "q": list(summary.quantiles)}

    return {
        "tau": said(post.tau), "beta": said(post.mu), "theta_resp": said(post.mu_response),
        "map": said(post.new_study),
    }  # fmt: skip


@topic("tau_prior")
def tau_prior(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    sigma = number(inputs.get("sigma", 1.0))
    scale = half_normal_scale(inputs["tau"], {"sigma": sigma})
    unit = sigma if "sigma" in inputs.get("note", "") else 1.0
    cuts = [number(cut) * unit for cut in inputs["cuts"]]
    return {"interval_probs": half_normal_interval_probs(cuts, scale)}


@topic("posterior")
def posterior(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "y" in inputs:
        prior = beta_rows(inputs["prior"])
        return _beta_posterior_answers(prior.posterior(inputs["y"], inputs["n"]), asked)
    if "active" in inputs:
        treated, control = _summary_posteriors(inputs)
    elif "sigma" in inputs:
        sigma = number(inputs["sigma"])
        how = inputs.get("robustify")
        control = robust(normal_prior(inputs["prior_c"], sigma), how, sigma)
        control = _updated(control, inputs["ctrl"], sigma)
        treated = _updated(normal_prior(inputs["prior_t"], sigma), inputs["treat"], sigma)
    else:
        control = beta_rows(inputs["prior_c"]).posterior(*inputs["ctrl"])
        if "treat" not in inputs:
            return _beta_posterior_answers(control, asked)
        treated = beta_rows(inputs["prior_t"]).posterior(*inputs["treat"])
    answers = _beta_posterior_answers(control, asked)
    for key in asked:
        if key == "prob_t_gt_c":
            answers[key] = 1.0 - difference_cdf(treated, control, 0.0)
        elif found := re.fullmatch(r"p_(gt|lt)_(\w+)", key):
            below = difference_cdf(treated, control, cut_in_name(found[2]))
            answers[key] = below if found[1] == "lt" else 1.0 - below
    return answers


def _beta_posterior_answers(post: Mixture, asked: Any) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "weights": list(post.weights), "mean": post.mean, "sd": post.sd,
        "weight_informative": 1.0 - post.weights[-1] if len(post.weights) > 1 else 1.0,
    }  # fmt: skip
    if isinstance(post, BetaMixture):
        answers |= {"a": list(post.a), "b": list(post.b)}
    for key in asked:
        if found := re.fullmatch(r"p_(gt|lt)_(\w+)", key):
            cut = cut_in_name(found[2])
            answers[key] = float(post.sf(cut) if found[1] == "gt" else post.cdf(cut))
    return answers


def _updated(prior: NormalMixture, arm: Any, sigma: float) -> NormalMixture:
    """A normal prior with an arm's mean and standard error, or mean and size."""
    if isinstance(arm, Mapping):
        se = number(arm["se"]) if "se" in arm else sigma / math.sqrt(number(arm["n"]))
        return prior.posterior(number(arm["m"]), se)
    return prior.posterior(number(arm[0]), number(arm[1]))


def _summary_posteriors(inputs: Inputs) -> tuple[NormalMixture, NormalMixture]:
    """Active and placebo after their interim means, from one prior on the scale of sigma_prior."""
    scale = number(inputs["sigma_prior"])
    prior = normal_prior(inputs["prior"], scale)
    return _updated(prior, inputs["active"], scale), _updated(prior, inputs["placebo"], scale)


@topic("predictive")
def predictive(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    law, n = mixture_of(inputs), inputs["n"]
    if isinstance(law, BetaMixture):
        pmf = law.predictive_pmf(n)
        counts = np.arange(n + 1)
        mean = float(pmf @ counts)
        reach = np.cumsum(pmf)
        return {
            "pmf": pmf.tolist(), "mean": mean,
            "sd": float(np.sqrt(pmf @ (counts - mean) ** 2)),
            "q": [int(np.searchsorted(reach, p, side="right")) for p in (0.025, 0.5, 0.975)],
        }  # fmt: skip
    if not isinstance(law, NormalMixture):
        raise UnsupportedError("predictive laws are offered for beta and normal mixtures")
    ahead = law.predictive_mean(n)
    summary = summarise(ahead, coarse=True)
    return {
        "component_sd": list(ahead.sds), "mean": summary.mean, "sd": summary.sd,
        "q": list(summary.quantiles),
    }  # fmt: skip


@topic("decision")
def decision(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "cases" in inputs:
        rule = parse_rule(inputs["rule"])
        design = two_arm.BinaryTwoArm(
            beta_rows(inputs["prior_t"]), beta_rows(inputs["prior_c"]),
            inputs["n_treat"], inputs["n_ctrl"], rule,
        )  # fmt: skip
        met = design.decisions()
        first = inputs.get("cases_are", "treat").startswith("treat")
        pairs = [(a, b) if first else (b, a) for a, b in inputs["cases"]]
        return {"success": [int(met[t, c]) for t, c in pairs]}
    scale = {"log odds": "logit", "log": "log"}.get(inputs.get("scale", ""), "identity")
    prior = beta_rows(inputs["prior"])
    # Rows of y are (responders, people); the effect counts the second row against the first.
    arms = [prior.posterior(int(y), int(n)) for y, n in inputs["y"]]
    answers: dict[str, Any] = {"rules": []}
    for key in asked:
        if found := re.fullmatch(r"success_or(\w+)", key):
            text = f"P(>0)>0.95 and P(>log{found[1]})>0.5"
            rule = _difference_rule(text)
            answers[key] = int(rule.met_two(arms[1], arms[0], scale))
            answers["rules"].append(text)
    return answers


def _difference_rule(text: str) -> Rule:
    """A rule whose unnamed parameter is the difference of two arms."""
    return parse_rule(re.sub(r"P\((?=[<>])", "P(t-c", text))


def _rule(inputs: Inputs) -> Rule:
    """The rule of a case; `double criterion` and `statistical only` are the two of Neuenschwander."""
    words = inputs["rule"]
    names = {k: number(inputs[k]) for k in ("theta_c", "theta_ni") if k in inputs}
    if words == "statistical only":
        words = "P(theta<=theta_ni)>0.95"
    elif words == "double criterion":
        words = "P(theta<=theta_ni)>0.95 and P(theta<=theta_c)>0.5"
    return parse_rule(words, names)


@topic("decision_boundary")
def decision_boundary(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "n_treat" in inputs:
        design = two_arm.BinaryTwoArm(
            beta_rows(inputs["prior_t"]), beta_rows(inputs["prior_c"]),
            inputs["n_treat"], inputs["n_ctrl"], parse_rule(inputs["rule"]),
        )  # fmt: skip
        at = design.control_boundary()
        rows = inputs.get("y_treat", range(len(at)))
        return {"max_control_responders_for_success": [at[y] for y in rows]}
    rule = _rule(inputs)
    if "sigma" not in inputs:
        prior = beta_rows(inputs["prior"])
        sample = inputs["n"] if isinstance(inputs["n"], list) else [inputs["n"]]
        edges = []
        for n in sample:
            met = one_arm.binary_decisions(prior, int(n), rule)
            edges.append(int(np.flatnonzero(~met).max()) if not met.all() else -1)
        return {
            "max_responders_not_success": edges if isinstance(inputs["n"], list) else edges[0]
        }  # fmt: skip
    sigma = number(inputs["sigma"])
    prior_n = normal_prior(inputs["prior"], sigma)
    sample = inputs.get("n", inputs.get("n_events"))
    many = sample if isinstance(sample, list) else [sample]
    found = [
        one_arm.normal_boundary(prior_n, sigma / math.sqrt(n), rule, coarse=True) for n in many
    ]
    values = [b.high if math.isfinite(b.high) else b.low for b in found]
    answer: Any = values if isinstance(sample, list) else values[0]
    ratio: Any = [math.exp(v) for v in values] if isinstance(sample, list) else math.exp(values[0])
    return {"critical_mean": answer, "critical_log_hr": answer, "critical_hr": ratio}


@topic("oc_one_sample")
def oc_one_sample(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    rule = _rule(inputs)
    if "sigma" not in inputs:
        prior = beta_rows(inputs["prior"])
        found = one_arm.binary_success_probability(prior, inputs["n"], rule, inputs["p"]).tolist()
        return {"success_prob": found, "prob": found, "power": found}
    sigma = number(inputs["sigma"])
    n = inputs.get("n", inputs.get("n_events"))
    theta = inputs["theta"]
    several = isinstance(theta, list)
    means = [number(t) for t in theta] if several else [number(theta)]
    prior_n = normal_prior(inputs["prior"], sigma)
    se = sigma / math.sqrt(n)
    values = one_arm.normal_success_probability(prior_n, se, rule, means, coarse=True).tolist()
    answer = values if several else values[0]
    return {"prob": answer, "power": answer, "success_prob": answer}


@topic("oc_two_sample")
def oc_two_sample(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "sigma" in inputs:
        return _oc_two_normal(inputs)
    design = _binary_design(inputs)
    if "target_power" in inputs:
        delta = two_arm.detectable_difference(design, inputs["theta_c"], inputs["target_power"])
        return {"delta": delta, "delta_more_digits": delta}
    answers: dict[str, Any] = {}
    if "theta" in inputs:
        answers["type1"] = design.success_table(inputs["theta"], inputs["theta"])
    if "delta" in inputs:
        control = inputs.get("theta_c", inputs.get("theta_c_for_power"))
        treated = [control + delta for delta in inputs["delta"]]
        answers["power"] = design.success_table(treated, [control] * len(treated))
    return answers


def _binary_design(inputs: Inputs) -> two_arm.BinaryTwoArm:
    rule = parse_rule(inputs["rule"])
    if "design" in inputs:
        named = json.loads((Path(__file__).parent / "conformance_data.json").read_text("utf-8"))
        priors = named["designs"].get(inputs["design"])
        if priors is None:
            raise UnsupportedError(f"design {inputs['design']!r} is not known by name")
        treated, control = beta_rows(priors["prior_t"]), beta_rows(priors["prior_c"])
    else:
        treated, control = beta_rows(inputs["prior_t"]), beta_rows(inputs["prior_c"])
    control = robust(control, inputs.get("robustify"))
    return two_arm.BinaryTwoArm(treated, control, inputs["n_treat"], inputs["n_ctrl"], rule)


def _oc_two_normal(inputs: Inputs) -> dict[str, Any]:
    sigma, rule = number(inputs["sigma"]), parse_rule(inputs["rule"])
    control = robust(normal_prior(inputs["prior_c"], sigma), inputs.get("robustify"), sigma)
    design = two_arm.NormalTwoArm(
        normal_prior(inputs["prior_t"], sigma), control,
        sigma / math.sqrt(inputs["n_treat"]), sigma / math.sqrt(inputs["n_ctrl"]), rule,
    )  # fmt: skip
    answers: dict[str, Any] = {}
    if "theta" in inputs:
        answers["type1"] = [design.success_probability(t, t) for t in inputs["theta"]]
    if "delta" in inputs:
        truth = number(inputs.get("true_ctrl", inputs.get("theta_c")))
        # A rule about c - t counts the effect as control minus treatment.
        sign = -1.0 if "c-t" in inputs["rule"].replace(" ", "") else 1.0
        found = [design.success_probability(truth + sign * d, truth) for d in inputs["delta"]]
        answers |= {"power": found, "exact": found, "percent": [100.0 * p for p in found]}
    return answers


@topic("probability_of_success")
def probability_of_success(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "active" in inputs:
        return _success_after_summaries(inputs)
    if "interim_c" in inputs:
        return _success_two_arms(inputs)
    if "design" in inputs:
        return {"pos": _success_over_effects(inputs)}
    rule = _rule(inputs)
    if "sigma" in inputs:
        return _success_normal(inputs, rule)
    prior = beta_rows(inputs["prior"])
    if inputs.get("truth") == "prior predictive" or "interim" not in inputs:
        found = one_arm.predictive_success_binary(prior, inputs["n"], rule)
        return {"assurance": found, "pos": found}
    y, n = inputs["interim"]
    now = prior.posterior(y, n)
    more = inputs["n_more"] if isinstance(inputs["n_more"], list) else [inputs["n_more"]]
    found_all = [
        one_arm.predictive_success_binary(prior, int(m), rule, seen=(int(y), int(n))) for m in more
    ]
    return {
        "weights": list(now.weights), "a": list(now.a), "b": list(now.b),
        "pos": found_all if isinstance(inputs["n_more"], list) else found_all[0],
    }  # fmt: skip


def _success_over_effects(inputs: Inputs) -> float:
    """Chance of crossing an upper bound, summed over effects with their weights."""
    design, largest = described_design(inputs["design"])
    total = 0.0
    for theta, weight in zip(inputs["theta"], inputs["weights"], strict=True):
        drift = number(theta) * math.sqrt(largest)
        found = crossing(design.lower(), design.upper, design.information, drift)
        total += number(weight) * sum(found.upper)
    return total


def _success_normal(inputs: Inputs, rule: Rule) -> dict[str, Any]:
    sigma = number(inputs["sigma"])
    prior = normal_prior(inputs["prior"], sigma)
    seen = inputs["interim"]
    if isinstance(seen, list):
        seen = {"m": seen[0], "n": seen[1]}
    mean = math.log(number(seen["hr"])) if "hr" in seen else number(seen["m"])
    n = number(seen.get("events", seen.get("n")))
    now = prior.posterior(mean, sigma / math.sqrt(n))
    more = inputs.get("n_more", number(inputs.get("n_events", 0)) - n)
    several = more if isinstance(more, list) else [more]
    found = [one_arm.predictive_success_normal(now, sigma, m, rule, coarse=True) for m in several]
    return {
        "post_mean": now.mean, "post_sd": now.sd, "weights": list(now.weights),
        "pos": found if isinstance(more, list) else found[0],
    }  # fmt: skip


def _success_two_arms(inputs: Inputs) -> dict[str, Any]:
    sigma, rule = number(inputs["sigma"]), parse_rule(inputs["rule"])
    control = _updated(normal_prior(inputs["prior_c"], sigma), inputs["interim_c"], sigma)
    treated = _updated(normal_prior(inputs["prior_t"], sigma), inputs["interim_t"], sigma)
    more = inputs["n_more"]
    # Two sizes come in the order of the names: control, then treatment.
    more_c, more_t = more if isinstance(more, list) else (more, more)
    found = two_arm.predictive_success_normal_two(
        treated, control, sigma / math.sqrt(more_t), sigma / math.sqrt(more_c), rule
    )
    return {
        "pos": found, "post_c": [control.mean, control.sd], "post_t": [treated.mean, treated.sd]
    }  # fmt: skip


def _success_after_summaries(inputs: Inputs) -> dict[str, Any]:
    treated, control = _summary_posteriors(inputs)
    ahead = number(inputs["sigma_future"])
    total = number(inputs["n_final_per_arm"])
    left_t, left_c = total - inputs["active"]["n"], total - inputs["placebo"]["n"]
    found = two_arm.predictive_success_normal_two(
        treated, control, ahead / math.sqrt(left_t), ahead / math.sqrt(left_c),
        parse_rule(inputs["rule"]),
    )  # fmt: skip
    return {"pos": found}


@topic("assurance")
def assurance(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    found = assured.normal_assurance(
        number(inputs["prior_mean"]), number(inputs["prior_sd"]), number(inputs["sd"]),
        number(inputs["n_per_arm"]), number(inputs["z_critical"]),
    )  # fmt: skip
    return only(
        {
            "assurance": lambda: found.assurance,
            "power_at_prior_mean": lambda: found.power_at_prior_mean,
        },
        asked,
    )
