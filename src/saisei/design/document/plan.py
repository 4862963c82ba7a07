"""What a trial plans: estimand, people, arms, staggering, visits, endpoint, natural history, missing data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from saisei.design.document.values import (
    Ais,
    Count,
    Day,
    Days,
    Digest,
    Key,
    Number,
    OddsRatio,
    Part,
    People,
    Positive,
    Rate,
    Segment,
    Share,
    Text,
    rule,
)

__all__ = [
    "Allocation",
    "Amends",
    "Arm",
    "DesignPrior",
    "Endpoint",
    "Estimand",
    "Gate",
    "IntercurrentEvent",
    "LandmarkNature",
    "MissingData",
    "NaturalHistory",
    "Population",
    "Role",
    "Staggering",
    "StatedNature",
    "Stratum",
    "Summary",
    "Visit",
]


class Summary(StrEnum):
    """Population-level summary of an estimand."""

    SHIFT = "shift odds ratio"
    PROBABILITY = "probability of the endpoint"
    DIFFERENCE = "difference of probabilities"


class Role(StrEnum):
    """What an arm is for."""

    TREATED = "treated"
    CONTROL = "control"


class Gate(StrEnum):
    """When the next person may be treated."""

    NONE = "none"
    FIRST = "after the first"
    COHORT = "after each cohort"
    EVERY = "after every person"


class Amends(Part):
    """The design that this one amends: named by digest, so that it cannot be put on another."""

    digest: Digest
    reason: Text


class IntercurrentEvent(Part):
    """An event after the start of treatment that changes what the outcome means (ICH E9(R1))."""

    event: Text
    strategy: Literal[
        "treatment policy", "hypothetical", "composite", "while on treatment", "principal stratum"
    ]
    how: Text


class Estimand(Part):
    """The five attributes of ICH E9(R1)."""

    population: Text
    treatment: Text
    variable: Text
    intercurrent_events: Annotated[tuple[IntercurrentEvent, ...], Field(min_length=1)]
    summary: Summary


class Stratum(Part):
    """People of one baseline grade and range of levels, and their share of the trial.

    In a condition other than cord injury `group` says in words who they are, in place of a grade.
    """

    grade: Ais | None = None
    levels: tuple[Segment, Segment] | None = None
    group: Text | None = None
    share: Share

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.grade is None) == (self.group is None):
            raise rule(
                "names neither or both of grade and group",
                "write grade for cord injury, group in words for other conditions",
            )
        return self


class Population(Part):
    """Who may enter; days count from the injury, or from the onset of another condition."""

    exam_day: Days
    treatment_day: Days
    age_years: Annotated[tuple[Positive, Positive], Field()] | None = None
    injury_year: Number | None = None
    eligible_per_month: Positive
    strata: Annotated[tuple[Stratum, ...], Field(min_length=1)]


class Arm(Part):
    """One arm; `dose_cells` belongs to treated arms."""

    key: Key
    name: Text
    role: Role
    n: People
    dose_cells: Count | None = None


class Allocation(Part):
    """How people come into arms; `ratio` is treated to control."""

    kind: Literal["none", "randomised", "concurrent, not randomised"]
    ratio: tuple[People, People] | None = None


class Staggering(Part):
    """When the next person may be treated; the interval counts from the last treatment of the gate."""

    gate: Gate
    interval_days: Day | None = None
    cohort: People | None = None
    review: Text | None = None


class Visit(Part):
    """One planned exam."""

    key: Key
    name: Text
    day: Day
    counted_from: Literal["injury", "onset", "treatment"]
    window_days: Day = 0.0


class Endpoint(Part):
    """The primary endpoint; `conversion` is the yes-or-no reading of the AIS shown with it.

    `responder` is for other conditions: `definition` says which person counts.
    """

    name: Text
    kind: Literal["ordinal shift", "conversion", "responder"]
    conversion: Literal["one grade", "two grades", "to D"] = "one grade"
    definition: Text | None = None
    visit: Key


class LandmarkNature(Part):
    """Natural recovery from the packaged landmark model, for exactly these strata and exam days."""

    origin: Annotated[Literal["landmark"], Field(alias="from")]


class StatedNature(Part):
    """Natural recovery as the sponsor states it: chances of the conversion endpoint without cells."""

    origin: Annotated[Literal["stated"], Field(alias="from")]
    low: Rate
    centre: Rate
    high: Rate
    grades: tuple[tuple[Share, Share, Share, Share, Share], ...] | None = None
    basis: Text


NaturalHistory = Annotated[LandmarkNature | StatedNature, Field(discriminator="origin")]


class MissingData(Part):
    """What stands for an outcome that was not seen; everybody treated stays in the analysis."""

    rule: Literal["no change", "worst grade"]
    expected_share: Share = 0.0
    words: Text


class DesignPrior(Part):
    """What the planners believe of the effect, for assurance only; the analysis never sees it.

    The log odds ratio is 0 with `chance_no_effect`, else normal.
    """

    log_odds_mean: Number
    log_odds_sd: Positive
    chance_no_effect: Share = 0.0
    worthwhile_odds_ratio: OddsRatio | None = None
    words: Text
