"""Topics of sequential designs: shapes, spending, crossing probabilities, conditional power."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from conformance_inputs import normal_prior, number
from conformance_sequential_words import described_design
from conformance_topics import topic
from scipy import special

from saisei.design import one_arm
from saisei.design import sequential as engine
from saisei.design import sequential_binomial as exact
from saisei.design import sequential_design as plans
from saisei.design.rules import parse_rule
from saisei.design.sequential_spending import spent
from saisei.errors import UnsupportedError

Inputs = Mapping[str, Any]


def _plan(
    kind: str, looks: Any, alpha: float, sides: int, inputs: Inputs
) -> plans.SequentialDesign:
    beta = inputs.get("beta", 0.1)
    if found := re.fullmatch(r"Kim-DeMets rho=([\d.]+)", kind):
        return plans.spending_design(
            "Kim-DeMets power", looks, alpha, parameter=float(found[1]), sides=sides, beta=beta
        )
    return plans.classical_design(
        kind, looks, alpha, sides=sides, beta=beta, delta=inputs.get("delta", 0.0),
        interim=inputs.get("interim", 3.0),
    )  # fmt: skip


@topic("group_sequential")
def group_sequential(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    kind, looks = inputs["type"], inputs["looks"]
    if "alpha_two_sided" in inputs:
        both = _plan(kind, looks, inputs["alpha_two_sided"], 2, inputs)
        one = _plan(kind, looks, inputs["alpha_two_sided"] / 2.0, 1, inputs)
    else:
        one = both = _plan(kind, looks, inputs["alpha_one_sided"], 1, inputs)
    answers: dict[str, Any] = {
        "bounds": list(one.upper), "two_sided": list(both.upper),
        "one_sided_0025": list(one.upper), "alpha_spent": list(one.alpha_spent()),
        "stage_levels": [float(special.ndtr(-b)) for b in one.upper],
    }  # fmt: skip
    # Tables of two-sided tests count their own bounds; sizes of one-sided ones count theirs.
    answers["final_bound"] = both.upper[-1]
    multiples = (0.0, 0.5, 1.0, 1.5)
    mine = plans.characteristics(one, multiples)
    table = plans.characteristics(both, multiples)
    answers |= {
        "inflation_one_sided": mine.inflation,
        "asn_H0": mine.expected[0.0], "asn_H1": mine.expected[1.0],
        "max_ratio": table.inflation, "max_pct": 100.0 * table.inflation,
        "en_pct_theta_0": 100.0 * table.expected[0.0],
        "en_pct_theta_0_half_1_1p5": [100.0 * table.expected[m] for m in multiples],
    }  # fmt: skip
    return answers


@topic("alpha_spending")
def alpha_spending(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    kind, parameter = inputs["spending"], inputs.get("parameter", 1.0)
    if "t" in inputs:
        times = inputs["t"] if isinstance(inputs["t"], list) else [inputs["t"]]
        values = [spent(kind, t, inputs["alpha"], parameter) for t in times]
        return {"spent": values if isinstance(inputs["t"], list) else values[0]}
    sides = inputs.get("sided", 1)
    alpha = inputs.get("alpha_one_sided", inputs.get("alpha"))
    looks = inputs.get("information", inputs.get("looks"))
    design = plans.spending_design(
        kind, looks, alpha, parameter=parameter, sides=sides, beta=inputs.get("beta", 0.2),
        beta_kind=inputs.get("beta_spending"), beta_parameter=inputs.get("beta_parameter", 1.0),
        binding=inputs.get("binding_futility", False),
    )  # fmt: skip
    found = plans.characteristics(design)
    answers: dict[str, Any] = {
        "bounds": list(design.upper),
        "alpha_spent": [spent(kind, t, alpha, parameter, sides) for t in design.information],
        "n_fixed": found.n_fixed, "shift": found.shift, "inflation": found.inflation,
        "power": list(found.power), "asn_H0": found.expected[0.0],
        "asn_H01": found.expected[0.5], "asn_H1": found.expected[1.0],
    }  # fmt: skip
    if design.futility is not None:
        answers["futility"] = [a if math.isfinite(a) else None for a in design.futility]
        answers["beta_spent"] = list(design.beta_spent or ())
    return answers


@topic("group_sequential_probabilities")
def group_sequential_probabilities(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "repeated_two_sided_level" in inputs:
        z = -float(special.ndtri(inputs["repeated_two_sided_level"] / 2.0))
        errors = []
        for k in inputs["looks"]:
            times = [(i + 1) / k for i in range(k)]
            errors.append(sum(engine.crossing([-z] * k, [z] * k, times).upper))
        return {"upper_type1": errors}
    drift, times = inputs["drift"], inputs["information"]
    if "lower" in inputs:
        found = engine.crossing(inputs["lower"], inputs["upper"], times, drift)
        inside = [r - u for r, u in zip(found.reached, found.upper, strict=True)]
        return {
            "below": list(found.lower), "below_or_inside": inside, "total": list(found.reached),
        }  # fmt: skip
    return {"rows": _rows(inputs)}


def _rows(inputs: Inputs) -> list[list[float]]:
    """P(reach the look, Z below each bound), then P(reach it), for a region of several intervals."""
    q, drift = inputs["q"], inputs["drift"]
    pairs = re.findall(r"between (\S+) and (\S+)", inputs["continuation"])
    region = [(number(a, {"q": q}), number(b, {"q": q})) for a, b in pairs]
    if not region:
        raise UnsupportedError(f"continuation {inputs['continuation']!r} is not read")
    bounds = [number(text, {"q": q}) for text in inputs["decision_bounds_rows"]]
    state = engine.Running.start()
    rows: list[list[float]] = [[] for _ in range(len(bounds) + 1)]
    for t in inputs["information"]:
        for row, z in zip(rows, bounds, strict=False):
            row.append(state.below(z, t, drift))
        rows[-1].append(state.total)
        state = state.onward(region, t, drift)
    return rows


@topic("exact_binomial_gsd")
def exact_binomial_gsd(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "n" in inputs:
        looks = exact.BinomialLooks(
            tuple(inputs["n"]), tuple(inputs["lower"]), tuple(inputs["upper"])
        )
        rates = inputs["theta"]
    else:
        looks = exact.binomial_sprt(
            inputs["p0"], inputs["p1"], inputs["alpha"], inputs["beta"], inputs["min_n"],
            inputs["max_n"],
        )  # fmt: skip
        rates = [inputs["p0"], inputs["p1"]]
    found = [exact.binomial_crossing(looks, rate) for rate in rates]
    return {
        "n": list(looks.n), "lower": list(looks.lower), "upper": list(looks.upper),
        "lower_prob": [[f.lower[k] for f in found] for k in range(len(looks.n))],
        "upper_prob": [[f.upper[k] for f in found] for k in range(len(looks.n))],
        "en": [f.expected_n for f in found],
    }  # fmt: skip


@topic("conditional_power")
def conditional_power(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    if "prior" in inputs:
        return {"conditional_power": _bayesian(inputs)}
    if "n1" in inputs:
        found = plans.conditional_power_two_stage(
            inputs["n1"], inputs["n2"], inputs["z1"], inputs["z_final"], inputs["theta"]
        )
        return {"conditional_power": found}
    design, largest = described_design(inputs["type"], inputs["looks"])
    found = plans.conditional_power(
        design, int(inputs["interim"]), inputs["z1"], inputs["theta"], largest
    )
    return {"conditional_power": found}


def _bayesian(inputs: Inputs) -> float:
    """Chance of meeting a posterior rule at the end, given the interim and a fixed true effect."""
    sigma = number(inputs["sigma"])
    prior = normal_prior(inputs["prior"], sigma)
    seen = inputs["interim"]
    m, n = math.log(number(seen["hr"])), number(seen["events"])
    now = prior.posterior(m, sigma / math.sqrt(n))
    left = number(inputs["n_events"]) - n
    found = one_arm.normal_success_probability(
        now, sigma / math.sqrt(left), parse_rule(inputs["rule"]), [number(inputs["theta"])],
        coarse=True,
    )  # fmt: skip
    return float(found[0])
