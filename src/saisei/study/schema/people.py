"""Arms, participants and their visits. Days count from the injury unless a visit says otherwise."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from saisei.study.schema.values import (
    Ais,
    Count,
    Day,
    Key,
    Number,
    Part,
    Segment,
    Sex,
    Sourced,
    Text,
    Years,
    not_stated,
)

__all__ = ["Arm", "Measure", "Origin", "Outcome", "Participant", "Role", "Visit"]

# Scores by their field names: AMS is the ASIA motor score (UEMS + LEMS), LT light touch, PP pin prick.
Measure = Literal["AMS", "UEMS", "LEMS", "LT", "PP", "SCIM III", "WISCI II"]


class Role(StrEnum):
    """What an arm is in the comparison; `context` is shown but never compared."""

    TREATED = "treated"
    CONTROL = "control"
    CONTEXT = "context"


class Origin(StrEnum):
    """The day that counts as day 0."""

    INJURY = "injury"
    ONSET = "onset"
    TREATMENT = "treatment"
    ENTRY = "entry"


class Arm(Part):
    """A group of people as the report of the trial counts them; `part_of` names the group around it."""

    key: Key
    name: Text
    role: Role
    n: Sourced[Count]
    part_of: Key | None = None
    baseline_grades: Sourced[Ais] = Field(default_factory=not_stated)
    levels: Sourced[Segment] = Field(default_factory=not_stated)
    exam_day: Sourced[Day] = Field(default_factory=not_stated)
    treatment_day: Sourced[Day] = Field(default_factory=not_stated)
    injury_year: Sourced[Count] = Field(default_factory=not_stated)
    dose_cells: Sourced[Count] = Field(default_factory=not_stated)
    note: Text | None = None


class Visit(Part):
    """A planned or reported time of observation, `day` days after `counted_from`."""

    key: Key
    name: Text
    day: Sourced[Day]
    counted_from: Origin


class Outcome(Part):
    """What was found in one person at one visit; `day` counts from the injury."""

    visit: Key | None = None
    day: Sourced[Day] = Field(default_factory=not_stated)
    grade: Sourced[Ais] = Field(default_factory=not_stated)
    level: Sourced[Segment] = Field(default_factory=not_stated)
    function: Sourced[Text] = Field(default_factory=not_stated)
    scores: dict[Measure, Sourced[Number]] = Field(default_factory=dict)


class Participant(Part):
    """One person. What is not stated is unknown; days count from the injury."""

    id: Key
    arm: Key
    baseline_grade: Sourced[Ais]
    level: Sourced[Segment] = Field(default_factory=not_stated)
    exam_day: Sourced[Day] = Field(default_factory=not_stated)
    treatment_day: Sourced[Day] = Field(default_factory=not_stated)
    injury_year: Sourced[Count] = Field(default_factory=not_stated)
    age_years: Sourced[Years] = Field(default_factory=not_stated)
    sex: Sourced[Sex] = Field(default_factory=not_stated)
    cause: Sourced[Text] = Field(default_factory=not_stated)
    serious_adverse_events: Sourced[Text] = Field(default_factory=not_stated)
    scores: dict[Measure, Sourced[Number]] = Field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    note: Text | None = None
