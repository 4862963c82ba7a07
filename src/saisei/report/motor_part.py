"""The motor outcomes and the two models of a study, as the report prints them. No number is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saisei.evidence.motor_store import answers
from saisei.report.sentences import percent
from saisei.study import Study

__all__ = ["models_sentence", "motor_part", "motor_sentence"]

JSON = dict[str, Any]


def motor_part(study: Study) -> JSON:
    """What the generator of virtual patients says: motor outcomes, and its grades beside the landmark's."""
    found = answers(study)
    return {
        "outcomes": found.motor["outcomes"],
        "why_not": found.motor["why_not"],
        "cannot_say": found.motor["cannot_say"],
        "generator_draws": found.motor["generator_draws"],
        "digest": found.motor["generator"],
        "stored": found.stored,
        "models": found.models,
        "models_sentence": models_sentence(found.models),
        "sentence": motor_sentence(found.motor),
    }


def models_sentence(models: Mapping[str, Any] | None) -> str:
    """Why the two models agree or not on this result; empty without a result in grades."""
    if models is None or not models["chances"]:
        return ""
    one = models["chances"][0]
    (first, second), (held, other) = one["p"], one["p_at_mean"]
    return (
        f"A result at least as good comes about without cells with probability {percent(first)} by the "
        f"landmark model and {percent(second)} by the generator, with the same score for each grade. At each "
        f"model’s mean rates the two are {percent(held)} and {percent(other)}. The rest of the gap is what "
        "each model admits not to know: the landmark model spreads over registries, the generator over its "
        "own values only."
    )


def motor_sentence(motor: Mapping[str, Any]) -> str:
    """The first motor outcome of the treated in one sentence; empty when there is none."""
    rows = [one for one in motor["outcomes"] if one["role"] == "treated"]
    final = [one for one in rows if not any("interim" in note for note in one["notes"])]
    if not rows:
        return ""
    one = min(final or rows, key=lambda row: row["test"]["p_averaged"]["p"])
    test = one["test"]
    return (
        f"Among the motor outcomes the rarest by nature is this: {one['printed']}; groups of such people do "
        f"at least as well without cells with probability {percent(test['p_averaged']['p'])} by the "
        f"generator of virtual patients, and {percent(test['p_least_favourable'])} where natural recovery is "
        "highest: "
        f"{test['verdict']}"
    )
