"""Safety rules of a design. Every rule reads the same way: stop when events are at least the bound."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from saisei.design.document.values import Count, Day, Level01, Part, People, Positive, Rate, Text

__all__ = ["CALIBRATED", "CalibratedRule", "Onset", "SafetyRuleDocument", "TableRule", "ZeroEvents"]


class Onset(Part):
    """When an event shows if it comes: share of all events by day after treatment, joined by lines."""

    days: Annotated[tuple[Day, ...], Field(min_length=2)]
    shares: Annotated[
        tuple[Annotated[float, Field(strict=True, ge=0, le=1)], ...], Field(min_length=2)
    ]


class _Rule(Part):
    event: Text
    window_days: Positive
    onset: Onset | None = None


class ZeroEvents(_Rule):
    """A catastrophic, rare, late event (tumour, cord compression): the first one stops the trial."""

    rule: Literal["zero events"]
    unacceptable_rate: Rate
    confidence: Level01


class CalibratedRule(_Rule):
    """A repeated event: bounds whose exact chance of a false stop is at most `false_stop`."""

    rule: Literal["beta-binomial", "Pocock", "O'Brien-Fleming", "Wang-Tsiatis", "SPRT"]
    acceptable_rate: Rate
    unacceptable_rate: Rate
    false_stop: Level01
    looks: Annotated[tuple[People, ...], Field(min_length=1)]
    prior: tuple[Positive, Positive] | None = None
    delta: Annotated[float, Field(strict=True)] | None = None


class TableRule(_Rule):
    """The user's own table: stop at look i when events are at least `stop_at[i]`."""

    rule: Literal["table"]
    acceptable_rate: Rate
    unacceptable_rate: Rate
    looks: Annotated[tuple[People, ...], Field(min_length=1)]
    stop_at: Annotated[tuple[Count, ...], Field(min_length=1)]


# word of the document -> method of `saisei.design.safety_rules`
CALIBRATED = {
    "beta-binomial": "BB",
    "Pocock": "Pocock",
    "O'Brien-Fleming": "OBF",
    "Wang-Tsiatis": "WangTsiatis",
    "SPRT": "SPRT",
}

SafetyRuleDocument = Annotated[ZeroEvents | CalibratedRule | TableRule, Field(discriminator="rule")]
