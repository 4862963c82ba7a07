"""What can be said on the way and after it ended: conditional power at a look, inference after two stages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saisei.design.document.analysis_monitored import GroupSequential
from saisei.design.engines_two_arms import pooled_z
from saisei.design.fixed import Design
from saisei.design.fixed_monitored import sequential_looks, sequential_plan
from saisei.design.power import binomial_pmf_vector
from saisei.design.truth import treated_rates
from saisei.design.two_stage import two_stage_inference
from saisei.errors import InputError
from saisei.params import value

__all__ = ["conditional_success", "inference_rows", "interim_rows"]

_WORTHWHILE = 3.0  # the odds ratio at which the rest of the trial is shown, beside none


def inference_rows(design: Design) -> list[dict[str, float | int | str]]:
    """After a Simon design: estimate, p value and limits for every total that can occur."""
    stages, analysis = design.two_stage, design.document.analysis
    if stages is None or analysis.method != "Simon two-stage":
        return []
    level = (1.0 - value("evidence.confidence")) / 2.0
    rows: list[dict[str, float | int | str]] = []
    for count in range(stages.n + 1):
        found = two_stage_inference(stages, count, analysis.null_rate, level)
        ended = count <= stages.r1
        rows.append(
            {
                "converters": count, "people": stages.n1 if ended else stages.n,
                "decision": "success" if count > stages.r else "stop",
                "estimate": found.umvue, "p_value": found.p_value, "lower": found.lower,
                "upper": found.upper,
            }
        )  # fmt: skip
    return rows


def conditional_success(
    design: Design, look: int, x: int, y: int, treated_rate: float, control_rate: float
) -> float:
    """Chance of success in the end, exactly, after counts at an interim look that did not end the trial.

    Args:
        design: a fixed group-sequential design.
        look: counted from 1.
        x, y: converters so far among treated and controls.
        treated_rate, control_rate: true rates of those to come.

    Raises:
        InputError: not a group-sequential design, or the look is not before the last.
    """
    document = design.document
    if not isinstance(document.analysis, GroupSequential):
        raise InputError(f"{document.analysis.method} has no interim looks on z")
    n, m = document.n_treated, document.n_control
    looks = sequential_looks(document.analysis, n, m)
    plan = sequential_plan(document.analysis, n, m)
    if not 1 <= look < len(looks):
        raise InputError(f"look {look} is not before the last of {len(looks)}")
    inner = (*(plan.futility or (-np.inf,) * (len(looks) - 1)), plan.upper[-1])
    a, b = looks[look - 1]
    state: NDArray[np.float64] = np.zeros((a + 1, b + 1))
    state[x, y] = 1.0
    total = 0.0
    for k in range(look, len(looks)):
        (n, m), before = looks[k], looks[k - 1]
        left = binomial_pmf_vector(n - before[0], treated_rate)
        right = binomial_pmf_vector(m - before[1], control_rate)
        state = np.apply_along_axis(np.convolve, 0, state, left)
        state = np.apply_along_axis(np.convolve, 1, state, right)
        z = pooled_z(n, m)
        total += float(state[z >= plan.upper[k]].sum())
        state = np.where((z >= plan.upper[k]) | (z < inner[k]), 0.0, state)
    return total


def interim_rows(design: Design) -> list[dict[str, float | int]]:
    """At each interim look, for the likeliest control count: chances of success in the end.

    With no effect from there on, with an odds ratio of 3, and with the rates as seen (half a person added
    to each cell).
    """
    document = design.document
    if not isinstance(document.analysis, GroupSequential):
        return []
    n, m = document.n_treated, document.n_control
    looks, plan = (
        sequential_looks(document.analysis, n, m),
        sequential_plan(document.analysis, n, m),
    )
    kept = 1.0 - document.missing_data.expected_share
    control = design.nature.centre * kept
    hoped = float(treated_rates(design.nature.centre, _WORTHWHILE)) * kept
    rows: list[dict[str, float | int]] = []
    for k, (a, b) in enumerate(looks[:-1]):
        y = int(np.argmax(binomial_pmf_vector(b, control)))
        z = pooled_z(a, b)[:, y]
        low = -np.inf if plan.futility is None else plan.futility[k]
        for x in np.flatnonzero((z < plan.upper[k]) & (z >= low)).tolist():
            seen = (x + 0.5) / (a + 1.0), (y + 0.5) / (b + 1.0)
            rows.append(
                {
                    "look": k + 1, "treated": a, "controls": b, "x": x, "y": y, "z": float(z[x]),
                    "no_effect": conditional_success(design, k + 1, x, y, control, control),
                    "odds_ratio_3": conditional_success(design, k + 1, x, y, hoped, control),
                    "as_seen": conditional_success(design, k + 1, x, y, *seen),
                }
            )  # fmt: skip
    return rows
