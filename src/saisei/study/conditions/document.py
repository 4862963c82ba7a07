"""The closed schema of a condition document, version `saisei-condition/0.1`.

Every published quantity belongs to a closed list, because each kind is used by a rule of its own in
`evidence`; a course of a scale is one of a few shapes, each with values that carry meaning and basis.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from saisei.errors import InputError
from saisei.study.schema import Source
from saisei.study.schema.values import (
    Amount,
    Confidence,
    Count,
    Flag,
    Key,
    Number,
    Part,
    Sources,
    Text,
    rule,
)

__all__ = [
    "CONDITION_SCHEMA",
    "ConditionDocument",
    "Course",
    "CourseKind",
    "CourseValue",
    "History",
    "Quantity",
    "Scale",
]

CONDITION_SCHEMA = "saisei-condition/0.1"


class Scale(Part):
    """An instrument of the condition: its range and which end is better."""

    key: Text
    name: Text
    low: Number
    high: Number
    whole: Flag = True
    categories: Flag = False
    better: Literal["lower", "higher"]
    smallest_change: Amount | None = None
    source: Sources
    confidence: Confidence
    note: Text | None = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.low >= self.high:
            raise rule("the range is empty: low is not below high", "write low < high")
        return self


class Quantity(StrEnum):
    """What a published row without cells states."""

    CHANGE_PER_YEAR = "change per year"  # of the score, untreated or under usual care
    CONTROL_RESPONSE = "response to control"  # change under sham or placebo, beside the course
    SHARE = "share"  # people who meet an endpoint, count of n or a value
    COUNTS = "counts"  # people by category of an ordinal scale
    RECOVERED_SHARE = "recovered share"  # of the room to the best score
    NON_RECOVERERS = "share without recovery"
    DEAD_BY = "dead by"  # share dead by a time
    MEDIAN_SURVIVAL = "median survival"  # months


class History(Part):
    """One published quantity without cells. `low` and `high` are a 95% interval of `value`."""

    key: Key
    quantity: Quantity
    scale: Text | None = None
    endpoint: Text | None = None
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    sd: Amount | None = None
    count: Count | None = None
    n: Count | None = None
    counts: tuple[Count, ...] = ()
    after_days: Amount | None = None
    population: Text
    control: Flag = False
    source: Sources
    confidence: Confidence
    note: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.quantity is Quantity.COUNTS and len(self.counts) < 2:
            raise rule("has no counts", "write counts = [...], one number a category")
        if self.quantity is Quantity.SHARE and (self.count is None or self.n is None):
            if self.value is None:
                raise rule("states no share", "write count and n, or value")
        elif self.quantity is not Quantity.COUNTS and self.value is None and self.count is None:
            raise rule("states no value", "write value = ...")
        if self.count is not None and (self.n is None or self.count > self.n):
            raise rule("counts more people than there are", "write n, and count at most n")
        if (self.low is None) != (self.high is None):
            raise rule("gives one end of an interval", "write low and high, or neither")
        return self


class CourseKind(StrEnum):
    """The shapes of a course that can be simulated."""

    DRIFT = "drift"  # a line a person, a response to being in a trial that fades, noise a visit
    DECLINE = "decline"  # a line a person down to the floor, with death
    PROPORTIONAL = "proportional recovery"  # a share of the room, with people who do not recover
    CATEGORIES = "categories"  # an ordinal scale at one time


class CourseValue(Part):
    """One value of a course with what it means and what it rests on."""

    value: Number
    unit: Text
    meaning: Text
    basis: Literal["measured", "fitted", "derived", "assumed"]
    source: Sources
    why: Text | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.basis == "assumed" and self.why is None:
            raise rule("is assumed without a reason", "add why = ...")
        return self


class Course(Part):
    """How the scores of a scale move without cells, as `saisei.patient.disease` simulates it."""

    key: Key
    scale: Text
    kind: CourseKind
    values: dict[Key, CourseValue]
    counts: tuple[Count, ...] = ()
    note: Text | None = None


class ConditionDocument(Part):
    """A condition: scales, published quantities without cells, courses, sources."""

    schema_version: Annotated[Literal["saisei-condition/0.1"], Field(alias="schema")]
    id: Key
    name: Text
    summary: Text
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    history: tuple[History, ...] = ()
    courses: tuple[Course, ...] = ()
    missing: tuple[Text, ...] = ()
    sources: Annotated[dict[Key, Source], Field(min_length=1)]

    def scale(self, key: str) -> Scale:
        """The scale of that key; InputError names the scales there are."""
        for one in self.scales:
            if one.key == key:
                return one
        known = ", ".join(one.key for one in self.scales)
        raise InputError(f"{self.name} has no scale {key!r}; its scales are {known}")

    def course(self, key: str) -> Course:
        """The course of that key; InputError names the courses there are."""
        for one in self.courses:
            if one.key == key:
                return one
        known = ", ".join(one.key for one in self.courses) or "none yet"
        raise InputError(f"{self.name} has no course {key!r}; its courses are {known}")

    def rows(self, quantity: Quantity, scale: str | None = None) -> tuple[History, ...]:
        """Published rows of a kind, of one scale when it is named."""
        return tuple(
            one
            for one in self.history
            if one.quantity is quantity and (scale is None or one.scale == scale)
        )
