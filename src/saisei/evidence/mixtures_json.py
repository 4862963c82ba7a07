"""Mixtures to JSON and back: a closed form that holds all parameters at full precision."""

from __future__ import annotations

import json
from typing import Any

from saisei.errors import DocumentError, Fault, InputError
from saisei.evidence.mixtures import BetaMixture, GammaMixture, Mixture, NormalMixture

__all__ = ["SCHEMA", "mixture_from_json", "mixture_to_json"]

SCHEMA = "saisei-mixture/1"

_PARAMETERS = {"beta": ("a", "b"), "normal": ("mean", "sd"), "gamma": ("shape", "rate")}


def mixture_to_json(mixture: Mixture) -> str:
    """The mixture as JSON text: schema, family, components, and sigma for normal ones.

    >>> text = mixture_to_json(BetaMixture((1.0,), (2.0,), (3.0,)))
    >>> mixture_from_json(text)
    BetaMixture(weights=(1.0,), a=(2.0,), b=(3.0,))
    """
    family, first, second = _parts(mixture)
    names = _PARAMETERS[family]
    components = [
        {"weight": w, names[0]: p, names[1]: q}
        for w, p, q in zip(mixture.weights, first, second, strict=True)
    ]
    record: dict[str, Any] = {"schema": SCHEMA, "family": family, "components": components}
    if isinstance(mixture, NormalMixture) and mixture.sigma is not None:
        record["sigma"] = mixture.sigma
    return json.dumps(record, indent=2)


def _parts(mixture: Mixture) -> tuple[str, tuple[float, ...], tuple[float, ...]]:
    if isinstance(mixture, BetaMixture):
        return "beta", mixture.a, mixture.b
    if isinstance(mixture, NormalMixture):
        return "normal", mixture.means, mixture.sds
    return "gamma", mixture.shapes, mixture.rates


def mixture_from_json(text: str) -> Mixture:
    """The mixture that `mixture_to_json` wrote.

    Raises:
        DocumentError: not JSON, another schema, or unknown, missing or impossible entries.
    """
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise _fault("", str(error), "must be JSON") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise _fault("schema", "", f"must be an object with schema {SCHEMA!r}")
    family = record.get("family")
    if family not in _PARAMETERS:
        raise _fault("family", str(family), f"must be one of {', '.join(_PARAMETERS)}")
    allowed = {"schema", "family", "components"} | ({"sigma"} if family == "normal" else set())
    if extra := set(record) - allowed:
        raise _fault(sorted(extra)[0], "", f"is not an entry of a {family} mixture")
    rows = _rows(record.get("components"), ("weight", *_PARAMETERS[family]))
    try:
        if family == "beta":
            return BetaMixture.of(rows)
        if family == "gamma":
            return GammaMixture.of(rows)
        return NormalMixture.of(rows, record.get("sigma"))
    except InputError as error:
        raise _fault("components", "", str(error)) from error


def _rows(components: object, names: tuple[str, ...]) -> list[list[float]]:
    if not isinstance(components, list) or not components:
        raise _fault("components", "", "must be a list of one or more components")
    rows = []
    for i, component in enumerate(components):
        if not isinstance(component, dict) or set(component) != set(names):
            raise _fault(f"components[{i}]", "", f"must have exactly {', '.join(names)}")
        values = [component[name] for name in names]
        if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
            raise _fault(f"components[{i}]", str(values), "must hold numbers")
        rows.append([float(v) for v in values])
    return rows


def _fault(where: str, value: str, rule: str) -> DocumentError:
    return DocumentError("mixture", [Fault(where, value, rule)])
