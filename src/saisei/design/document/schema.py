"""The whole design document, version `saisei-design/0.1`, its digest and its JSON Schema."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field

from saisei.design.document.analysis import Analysis, Borrowing, Decision
from saisei.design.document.confirmation import Confirmation
from saisei.design.document.dosing import DoseFinding
from saisei.design.document.plan import (
    Allocation,
    Amends,
    Arm,
    DesignPrior,
    Endpoint,
    Estimand,
    MissingData,
    NaturalHistory,
    Population,
    Role,
    Staggering,
    Visit,
)
from saisei.design.document.safety import SafetyRuleDocument
from saisei.design.document.values import Key, Part, Text

__all__ = ["SCHEMA", "DesignDocument", "json_schema"]

SCHEMA = "saisei-design/0.1"


class DesignDocument(Part):
    """A trial as it is planned: one TOML file; a key that the schema does not know is a fault."""

    schema_version: Annotated[Literal["saisei-design/0.1"], Field(alias="schema")]
    id: Key
    title: Text
    summary: Text
    amends: Amends | None = None
    estimand: Estimand
    population: Population
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    allocation: Allocation
    staggering: Staggering
    visits: Annotated[tuple[Visit, ...], Field(min_length=1)]
    endpoint: Endpoint
    natural_history: NaturalHistory
    analysis: Analysis
    borrowing: Borrowing | None = None
    decision: Decision
    safety: tuple[SafetyRuleDocument, ...] = ()
    dose_finding: DoseFinding | None = None
    confirmation: Confirmation | None = None
    missing_data: MissingData
    design_prior: DesignPrior | None = None

    def content(self) -> dict[str, Any]:
        """What the document says, without what it leaves at its default; ready for JSON or TOML."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)

    @property
    def digest(self) -> str:
        """SHA-256 of the content (D60): comments, order of keys and layout do not count."""
        text = json.dumps(self.content(), sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def people(self, role: Role) -> int:
        """People planned in arms of that role."""
        return sum(arm.n for arm in self.arms if arm.role is role)

    @property
    def n_treated(self) -> int:
        """People to be treated, all doses together."""
        return self.people(Role.TREATED)

    @property
    def n_control(self) -> int:
        """People in control arms."""
        return self.people(Role.CONTROL)

    @property
    def visit(self) -> Visit:
        """The visit of the primary endpoint."""
        return next(visit for visit in self.visits if visit.key == self.endpoint.visit)


def json_schema() -> dict[str, Any]:
    """The shape of a design document as JSON Schema; cross checks between parts are not in it.

    >>> json_schema()["properties"]["schema"]["const"]
    'saisei-design/0.1'
    """
    found = DesignDocument.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
