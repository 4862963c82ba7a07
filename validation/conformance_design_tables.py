"""Topics of textbook sizes, two proportions, and the longitudinal mixed model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from conformance_topics import topic

from saisei.design import mixed_model, normal_tests, two_binomial
from saisei.errors import UnsupportedError

Inputs = Mapping[str, Any]


@topic("t_test_power")
def t_test_power(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    alpha = inputs["alpha"]
    if "p1" in inputs:
        found = normal_tests.two_proportion_power(
            inputs["n_per_group"], inputs["p1"], inputs["p2"], alpha
        )
        return {"power": found}
    if "power" in inputs:
        n = normal_tests.t_test_n(
            inputs["delta"], inputs["sd"], alpha, inputs["power"], coarse=True
        )
        return {"n_per_group": n}
    return {
        "power": normal_tests.t_test_power(
            inputs["n_per_group"], inputs["delta"], inputs["sd"], alpha
        )
    }


@topic("sample_size_normal")
def sample_size_normal(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    alpha, beta, sides = inputs["alpha"], inputs["beta"], inputs.get("sided", 1)
    if "p0" in inputs:
        n = normal_tests.one_proportion_n(inputs["p0"], inputs["p1"], alpha, beta, sides=sides)
        return {"n": n, "n_total": n}
    r = inputs.get("allocation", 1.0)
    total = normal_tests.two_proportion_n_total(
        inputs["p1"], inputs["p2"], alpha, beta, sides=sides, allocation=r
    )
    return {"n_total": total, "n": [total * r / (1.0 + r), total / (1.0 + r)]}


@topic("sample_size_t")
def sample_size_t(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    sides, power = inputs.get("sided", 1), 1.0 - inputs["beta"]
    delta, sd, alpha = inputs["delta"], inputs["sd"], inputs["alpha"]
    if "allocation" not in inputs:
        n = normal_tests.t_test_n(delta, sd, alpha, power, sides=sides, groups=1)
        return {"n": n, "n_total": n}
    r = inputs["allocation"]
    n1 = normal_tests.t_test_n(delta, sd, alpha, power, sides=sides, allocation=r)
    return {"n": [n1, n1 / r], "n_total": n1 * (1.0 + 1.0 / r)}


@topic("noninferiority_sample_size")
def noninferiority_sample_size(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    n1, n2 = two_binomial.farrington_manning_n(
        inputs["p1"], inputs["p2"], inputs["alpha"], inputs["beta"], inputs.get("delta0", 0.0),
        inputs.get("scale", "difference"), inputs.get("ratio", 1.0),
    )  # fmt: skip
    return {"n": [n1, n2], "n_total": n1 + n2}


@topic("two_binomial_ci")
def two_binomial_ci(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    counts = two_binomial.TwoBinomial(inputs["x1"], inputs["n1"], inputs["x2"], inputs["n2"])
    scale, corrected = inputs.get("scale", "difference"), bool(inputs.get("adj", 0))
    if "delta_at" in inputs:
        z = [
            two_binomial.score_statistic(counts, d, scale, corrected=corrected)
            for d in inputs["delta_at"]
        ]
        return {"z": z}
    low, high = two_binomial.score_interval(
        counts, scale, 1.0 - inputs.get("alpha", 0.05), corrected=corrected, coarse=True
    )
    return {"lower": low, "upper": high if math.isfinite(high) else None}


@topic("longitudinal_mixed_model")
def longitudinal_mixed_model(inputs: Inputs, asked: Any, data: Inputs) -> dict[str, Any]:
    tables = json.loads((Path(__file__).parent / "conformance_data.json").read_text("utf-8"))
    named = {t["name"]: t for t in tables["longitudinal"]}
    method = inputs.get("method", "REML")
    if inputs["data"].startswith("lme4 sleepstudy"):
        return _sleep(named["lme4 sleepstudy"], method)
    if "distance" in inputs.get("formula", ""):
        return _growth(named["nlme Orthodont"], method)
    raise UnsupportedError(f"data {inputs['data']!r} are not at hand")


def _sleep(table: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Reaction time on days, with a random line per person."""
    y = [row[0] for row in table["rows"]]
    x = np.array([[1.0, row[1]] for row in table["rows"]])
    fit = mixed_model.fit_mixed_model(y, x, x, [row[2] for row in table["rows"]], method=method)
    (v0, c), (_, v1) = fit.covariance
    return {
        "intercept": fit.effects[0], "slope": fit.effects[1], "se": list(fit.standard_errors),
        "criterion": fit.criterion, "var_intercept": v0, "var_slope": v1,
        "correlation": c / math.sqrt(v0 * v1), "residual_sd": fit.residual_sd,
        "var_residual": fit.residual_sd**2,
    }  # fmt: skip


def _growth(table: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Distance on age, sex and their product, with a random intercept per person; male is 0."""
    rows = table["rows"]
    x = np.array([[1.0, r[1], float(r[3] == "Female"), r[1] * (r[3] == "Female")] for r in rows])
    fit = mixed_model.fit_mixed_model(
        [r[0] for r in rows], x, np.ones((len(rows), 1)), [r[2] for r in rows], method=method
    )
    return {
        "intercept": fit.effects[0], "age": fit.effects[1], "female": fit.effects[2],
        "age_female": fit.effects[3], "se": list(fit.standard_errors),
        "criterion": fit.criterion, "var_subject": fit.covariance[0][0],
        "var_intercept": fit.covariance[0][0], "var_residual": fit.residual_sd**2,
        "residual_sd": fit.residual_sd,
    }  # fmt: skip
