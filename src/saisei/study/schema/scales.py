"""Results on the scales of conditions other than cord injury: ordinal counts, slopes, times, own side."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from saisei.study.schema.results import Row, Spread
from saisei.study.schema.values import Amount, Count, Number, Sourced, Text, not_stated, rule

__all__ = ["Distribution", "OwnSide", "Slope", "TimeToEvent"]


class Distribution(Row):
    """People of an arm by category of an ordinal scale, from its lowest category to its highest.

    People who were not seen are counted in `missing`, never in a category.
    """

    scale: Text
    counts: Annotated[tuple[Count, ...], Field(min_length=2)]
    missing: Count = 0

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if sum(self.counts) == 0:
            raise rule("counts nobody", "write the people of each category")
        return self


def _spread_fits(spread: float | None, spread_type: Spread) -> None:
    if (spread is None) != (spread_type is Spread.NONE):
        raise rule(
            "spread and spread_type do not fit",
            'name the type of the spread, or write spread_type = "none" and no spread',
        )


class Slope(Row):
    """Mean change of a score per month or year in an arm, up to a visit."""

    scale: Text
    per: Literal["month", "year"]
    n: Sourced[Count] = Field(default_factory=not_stated)
    mean: Number
    spread: Amount | None = None
    spread_type: Spread

    @model_validator(mode="after")
    def _typed(self) -> Self:
        _spread_fits(self.spread, self.spread_type)
        return self


class TimeToEvent(Row):
    """People of an arm who had an event by a visit, `count` of `n`, or the median time to it."""

    event: Text
    count: Count | None = None
    n: Count
    median_months: Amount | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.count is None and self.median_months is None:
            raise rule(
                "gives neither a count nor a median", "add count = ... or median_months = ..."
            )
        if self.count is not None and self.count > self.n:
            raise rule(f"counts {self.count} of {self.n}", "count at most n")
        return self


class OwnSide(Row):
    """Treated side minus the untreated side of the same people, mean and spread of the difference."""

    scale: Text
    n: Sourced[Count] = Field(default_factory=not_stated)
    mean: Number
    spread: Amount | None = None
    spread_type: Spread

    @model_validator(mode="after")
    def _typed(self) -> Self:
        _spread_fits(self.spread, self.spread_type)
        return self
