"""The topics that the conformance run answers: each is a function of inputs, names asked and data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[[Mapping[str, Any], Any, Mapping[str, Any]], Mapping[str, Any]]

TOPICS: dict[str, Handler] = {}


def topic(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler under its topics."""

    def register(handler: Handler) -> Handler:
        for name in names:
            TOPICS[name] = handler
        return handler

    return register


def only(answers: Mapping[str, Callable[[], Any]], asked: Any) -> dict[str, Any]:
    """The answers asked for, computed only then."""
    return {name: compute() for name, compute in answers.items() if name in asked}
