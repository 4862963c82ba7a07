"""After a conditional approval: a registry of treated and untreated people that must confirm it in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from saisei.design.document.analysis import TWO_ARM
from saisei.design.document.values import (
    Found,
    Level01,
    Number,
    Part,
    People,
    Positive,
    Share,
    Text,
    fault,
)

__all__ = ["Confirmation", "Look", "check_confirmation"]

_DAYS_PER_MONTH = 365.25 / 12


class Look(Part):
    """One look before the end: the approval is withdrawn when the difference of shares is below the bound."""

    treated: People
    control: People
    withdraw_below: Number


class Confirmation(Part):
    """The registry stage: success of the trial is the approval, this test makes it full.

    Untreated people of the same registry are compared at the trial's endpoint and visit. They are not
    randomised, and people of the trial are not counted again.
    """

    name: Text
    treated: People
    control: People
    controls: Text
    method: Literal["Fisher", "z test"]
    level: Level01
    look: Look | None = None
    treated_per_month: Positive
    limit_months: Positive
    expected_missing: Annotated[Share, Field()] = 0.0
    confirmed: Text
    not_confirmed: Text


def check_confirmation(parts: Mapping[str, Any]) -> Iterator[Found]:
    """Faults of the registry stage: no approval to confirm, no time for it, a look beyond the end."""
    plan: Confirmation | None = parts.get("confirmation")
    if plan is None:
        return
    analysis, place = parts.get("analysis"), "confirmation"
    if analysis is not None and analysis.method in TWO_ARM:
        text = "follows a trial that has its own control"
        mend = "confirm a single-arm trial, or drop [confirmation]"
        yield (place,), fault("", text, mend)
    if plan.look is not None:
        for name in ("treated", "control"):
            here, end = getattr(plan.look, name), getattr(plan, name)
            if here >= end:
                text = f"does not come before the end at {end}"
                yield (place, "look", name), fault(here, text, f"write less than {end}")
        if not -1.0 < plan.look.withdraw_below < 1.0:
            text = "is not a difference of shares"
            mend = "write a number between -1 and 1, 0 for no difference"
            yield (place, "look", "withdraw_below"), fault(plan.look.withdraw_below, text, mend)
    endpoint = parts.get("endpoint")
    days = [one.day for one in parts.get("visits") or () if endpoint and one.key == endpoint.visit]
    needed = plan.treated / plan.treated_per_month + (days[0] if days else 0.0) / _DAYS_PER_MONTH
    if needed > plan.limit_months:
        text = f"is over before the registry can tell: it needs {needed:.0f} months"
        mend = "plan fewer people, or a longer time where the law gives it"
        yield (place, "limit_months"), fault(f"{plan.limit_months:g}", text, mend)
