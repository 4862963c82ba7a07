"""What the trial reported by arm: grade changes, conversions, scores, motor levels, harm."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from saisei.study.schema.values import (
    Ais,
    Amount,
    Confidence,
    Count,
    Flag,
    Key,
    Number,
    Part,
    Sourced,
    Sources,
    Text,
    not_stated,
    rule,
)

__all__ = [
    "AdverseEvents",
    "Continuous",
    "Conversion",
    "Harm",
    "MotorLevels",
    "Row",
    "Spread",
    "Transition",
]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


# One grade, or the grades that it may have been.
Grades = Annotated[tuple[Ais, ...], BeforeValidator(_listed), Field(min_length=1)]


class Row(Part):
    """Base of a row of published results: one source line for all of its numbers."""

    arm: Key
    visit: Key
    source: Sources
    confidence: Confidence
    note: Text | None = None


class Transition(Row):
    """`count` people of an arm who went from grade `before` to grade `after`.

    A list of grades means one of them. `unchanged` says that each kept the grade they had;
    `missing` that they were not seen at the visit.
    """

    before: Grades
    after: Grades | None = None
    unchanged: Flag = False
    missing: Flag = False
    count: Count

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.after is not None) + self.unchanged + self.missing != 1:
            raise rule(
                "must say where the people went, once",
                'give one of after = "C", unchanged = true, missing = true',
            )
        return self


class Conversion(Row):
    """A published count of people who met an endpoint, `count` of `n`."""

    endpoint: Key
    count: Count
    n: Count

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.count > self.n:
            raise rule(f"counts {self.count} of {self.n}", "count at most n")
        return self


class Spread(StrEnum):
    """What the number after the plus-minus sign is."""

    SD = "SD"
    SEM = "SEM"
    CI95 = "95% CI half width"
    NONE = "none"


class Continuous(Row):
    """Mean and spread of a score in an arm, at a visit or as change from baseline to it.

    `measure` is a scale of the document's condition (`saisei study conditions`).
    """

    measure: Text
    kind: Literal["value", "change"]
    n: Sourced[Count] = Field(default_factory=not_stated)
    mean: Number
    spread: Amount | None = None
    spread_type: Spread

    @model_validator(mode="after")
    def _spread_typed(self) -> Self:
        if (self.spread is None) != (self.spread_type is Spread.NONE):
            raise rule(
                "spread and spread_type do not fit",
                'name the type of the spread, or write spread_type = "none" and no spread',
            )
        return self


class MotorLevels(Row):
    """People of an arm who gained at least `levels` motor levels, `count` of `n`."""

    levels: Annotated[int, Field(strict=True, ge=1)]
    sides: Literal["at least one side", "both sides", "not stated"]
    count: Count
    n: Count
    interim: Flag = False

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.count > self.n:
            raise rule(f"counts {self.count} of {self.n}", "count at most n")
        return self


class Harm(StrEnum):
    """Kinds of harm that safety limits are computed for."""

    ANY = "any adverse event"
    ANY_RELATED = "any related adverse event"
    SERIOUS = "serious adverse event"
    SERIOUS_RELATED = "serious related adverse event"
    TUMOUR = "tumour"
    DEATH = "death"
    OTHER = "other"


class AdverseEvents(Part):
    """Harm in an arm: people with at least one event, events, or both, among `n` people."""

    arm: Key
    kind: Harm
    what: Text
    people: Sourced[Count] = Field(default_factory=not_stated)
    events: Sourced[Count] = Field(default_factory=not_stated)
    n: Sourced[Count]
    person_years: Sourced[Amount] = Field(default_factory=not_stated)
    note: Text | None = None
