"""All kinds of record by name, and reading a body from JSON with every fault in words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from saisei.errors import DocumentError, Fault, InputError
from saisei.trial import kinds_cells, kinds_conduct, kinds_people
from saisei.trial.kinds_base import Body, Correction

__all__ = ["CELL_KINDS", "KINDS", "PEOPLE_KINDS", "body_of", "kind_named", "parse_body"]


def _kinds(*modules: Any) -> dict[str, type[Body]]:
    found: dict[str, type[Body]] = {}
    for module in modules:
        for name in module.__all__:
            one = getattr(module, name)
            if isinstance(one, type) and issubclass(one, Body) and one.kind:
                found[one.kind] = one
    return found


PEOPLE_KINDS = _kinds(kinds_people)
CELL_KINDS = _kinds(kinds_cells)
KINDS: dict[str, type[Body]] = {**_kinds(kinds_conduct), **PEOPLE_KINDS, **CELL_KINDS}
"""Kind -> model of its body."""


def kind_named(kind: str) -> type[Body]:
    """The model of a kind.

    Raises:
        InputError: there is none; near names are given.
    """
    try:
        return KINDS[kind]
    except KeyError:
        near = difflib.get_close_matches(kind, KINDS, 3)
        hint = f"near it: {', '.join(near)}" if near else f"there are {', '.join(KINDS)}"
        raise InputError(f"{kind!r} is no kind of record ({hint})") from None


def parse_body(kind: str, content: Mapping[str, Any] | str) -> Body:
    """A body from JSON, or from plain values; every fault is told with its place.

    Args:
        kind: one of `KINDS`.
        content: the fields, as JSON text or as JSON values.

    Raises:
        InputError: no such kind.
        DocumentError: faults in the fields.

    >>> parse_body("site", {"site": "tokyo", "name": "Tokyo"}).own_entity
    'site:tokyo'
    """
    model = kind_named(kind)
    text = content if isinstance(content, str) else json.dumps(content, default=str)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        faults = [_fault(one) for one in error.errors(include_url=False)]
        raise DocumentError(f"the {kind.replace('_', ' ')}", faults) from None


def body_of(kind: str, text: str) -> Body:
    """A body from the store's own text."""
    return KINDS[kind].model_validate_json(text)


def _fault(error: Any) -> Fault:
    where = ".".join(str(step) for step in error["loc"]) or "the record"
    if error["type"] == "missing":
        return Fault(where, "", "is missing", f"add {where} = ...")
    if error["type"] == "extra_forbidden":
        return Fault(where, _short(error["input"]), "is not a known field", "drop it")
    rule = str(error["msg"])
    return Fault(where, _short(error["input"]), rule[:1].lower() + rule[1:])


def _short(given: Any) -> str:
    text = json.dumps(given, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def may_change(kind: str) -> Correction:
    """What may become of a record of this kind."""
    return KINDS[kind].correction
