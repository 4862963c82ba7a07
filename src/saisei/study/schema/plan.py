"""What the trial planned: registration, design, product, eligibility, endpoints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from saisei.exam.isncsci.grades import AIS
from saisei.study.schema.values import (
    Ais,
    Confidence,
    Count,
    Day,
    Flag,
    Key,
    Number,
    Part,
    Segment,
    Sourced,
    Sources,
    Text,
    Years,
    not_stated,
)

__all__ = [
    "Chosen",
    "Design",
    "Detail",
    "Eligibility",
    "Endpoint",
    "Exclusion",
    "Product",
    "Registry",
]


class Chosen(StrEnum):
    """When an outcome definition was fixed, which decides what its p value is worth."""

    PRESPECIFIED = "prespecified"
    AFTER = "after the result"
    UNCLEAR = "unclear"
    ADDED = "added here"


class Registry(Part):
    """A public record of the trial."""

    name: Text
    id: Sourced[Text]


class Design(Part):
    """How the trial was built."""

    summary: Sourced[Text]
    phase: Sourced[Text] = Field(default_factory=not_stated)
    controlled: Sourced[Flag]
    randomised: Sourced[Flag]
    blinding: Sourced[Text] = Field(default_factory=not_stated)
    target_n: Sourced[Count] = Field(default_factory=not_stated)
    sample_size_rationale: Sourced[Text] = Field(default_factory=not_stated)
    schedule_of_visits: Sourced[Text] = Field(default_factory=not_stated)
    stopping_rules: Sourced[Text] = Field(default_factory=not_stated)
    follow_up: Sourced[Text] = Field(default_factory=not_stated)
    rehabilitation: Sourced[Text] = Field(default_factory=not_stated)
    imaging: Sourced[Text] = Field(default_factory=not_stated)
    sites: Sourced[Text] = Field(default_factory=not_stated)
    investigators: Sourced[Text] = Field(default_factory=not_stated)


class Product(Part):
    """What was given, how and under what cover."""

    name: Sourced[Text]
    cell_source: Sourced[Text] = Field(default_factory=not_stated)
    starting_line: Sourced[Text] = Field(default_factory=not_stated)
    manufacturing_site: Sourced[Text] = Field(default_factory=not_stated)
    dose_cells: Sourced[Count] = Field(default_factory=not_stated)
    volume_ul: Sourced[Number] = Field(default_factory=not_stated)
    route: Sourced[Text] = Field(default_factory=not_stated)
    immunosuppression: Sourced[Text] = Field(default_factory=not_stated)
    immunosuppression_drug: Sourced[Text] = Field(default_factory=not_stated)
    immunosuppression_duration: Sourced[Text] = Field(default_factory=not_stated)


class Exclusion(Part):
    """One reason for exclusion."""

    group: Text
    what: Sourced[Text]


class Eligibility(Part):
    """Who could enter, and in which windows; days count from the injury."""

    grades: Sourced[Ais] = Field(default_factory=not_stated)
    levels: Sourced[Segment] = Field(default_factory=not_stated)
    age_years: Sourced[Years] = Field(default_factory=not_stated)
    exam_day: Sourced[Day] = Field(default_factory=not_stated)
    consent_day: Sourced[Day] = Field(default_factory=not_stated)
    treatment_day: Sourced[Day] = Field(default_factory=not_stated)
    exclusions: tuple[Exclusion, ...] = ()


class Endpoint(Part):
    """An outcome definition and when it was chosen.

    A grade endpoint counts people who gain `at_least_grades` AIS grades, or reach `to` or better.
    """

    key: Key
    name: Text
    definition: Text
    rank: Literal["primary", "secondary", "other"]
    chosen: Chosen
    at_least_grades: Annotated[int, Field(strict=True, ge=1, le=AIS.E.rank)] | None = None
    to: Ais | None = None
    source: Sources
    confidence: Confidence
    note: Text | None = None


class Detail(Part):
    """A further fact of the record that has no field of its own."""

    group: Literal["design", "product", "eligibility", "outcome", "follow-on", "regulation"]
    name: Text
    what: Sourced[Text]
