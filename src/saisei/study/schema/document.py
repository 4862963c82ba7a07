"""The whole study document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from saisei.study.schema.people import Arm, Participant, Visit
from saisei.study.schema.plan import Design, Detail, Eligibility, Endpoint, Product, Registry
from saisei.study.schema.record import (
    Arithmetic,
    Claim,
    Comparator,
    Disagreement,
    Event,
    Gap,
    Limit,
    Source,
)
from saisei.study.schema.results import (
    AdverseEvents,
    Continuous,
    Conversion,
    MotorLevels,
    Transition,
)
from saisei.study.schema.scales import Distribution, OwnSide, Slope, TimeToEvent
from saisei.study.schema.values import Key, Part, Sourced, Text

__all__ = ["READS", "SCHEMA", "StudyDocument", "json_schema"]

SCHEMA = "saisei-study/0.2"
READS = ("saisei-study/0.1", SCHEMA)
"""Versions that are read: 0.2 added outcomes of other conditions and took nothing away."""


class StudyDocument(Part):
    """A trial as it was published: one TOML file, every value with its source."""

    schema_version: Annotated[
        Literal["saisei-study/0.1", "saisei-study/0.2"], Field(alias="schema")
    ]
    id: Key
    title: Text
    condition: Text
    summary: Text
    status: Sourced[Text]
    registries: tuple[Registry, ...] = ()
    design: Design
    product: Product
    eligibility: Eligibility = Field(default_factory=Eligibility)
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    visits: tuple[Visit, ...] = ()
    participants: tuple[Participant, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    transitions: tuple[Transition, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    continuous: tuple[Continuous, ...] = ()
    motor_levels: tuple[MotorLevels, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    slopes: tuple[Slope, ...] = ()
    times_to_event: tuple[TimeToEvent, ...] = ()
    own_side: tuple[OwnSide, ...] = ()
    adverse_events: tuple[AdverseEvents, ...] = ()
    comparators: tuple[Comparator, ...] = ()
    claims: tuple[Claim, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    arithmetic: tuple[Arithmetic, ...] = ()
    timeline: tuple[Event, ...] = ()
    details: tuple[Detail, ...] = ()
    limits: tuple[Limit, ...] = ()
    gaps: tuple[Gap, ...] = ()
    sources: Annotated[dict[Key, Source], Field(min_length=1)]


def json_schema() -> dict[str, Any]:
    """The shape of a study document as JSON Schema; cross checks between parts are not in it.

    >>> json_schema()["properties"]["schema"]["enum"]
    ['saisei-study/0.1', 'saisei-study/0.2']
    """
    found = StudyDocument.model_json_schema(by_alias=True)
    names = {key: part["title"] for key, part in found["$defs"].items()}
    found["$defs"] = dict(sorted((names[key], part) for key, part in found["$defs"].items()))
    content: dict[str, Any] = _renamed(
        found, {f"#/$defs/{k}": f"#/$defs/{n}" for k, n in names.items()}
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}


def _renamed(node: Any, references: dict[str, str]) -> Any:
    """The generator names parts after their whole annotation; readers want `SourcedDay`."""
    if isinstance(node, dict):
        return {
            key: references.get(child, child) if key == "$ref" else _renamed(child, references)
            for key, child in node.items()
        }
    return [_renamed(child, references) for child in node] if isinstance(node, list) else node
