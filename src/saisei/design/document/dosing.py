"""Dose finding as part of a design: which dose the next cohort gets, and when a dose is gone for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from scipy import special

from saisei.design.document.plan import Role
from saisei.design.document.values import (
    Count,
    Found,
    Key,
    Level01,
    Part,
    People,
    Positive,
    Rate,
    Text,
    fault,
)

__all__ = ["ACTIONS", "DoseFinding", "DoseRow", "check_doses", "must_eliminate"]

# from the boldest to the most careful
ACTIONS = ("escalate", "stay", "de-escalate", "eliminate")
_FEWEST = 3  # the elimination rule of BOIN looks at three people or more


class DoseRow(Part):
    """What follows when `events` of `n` people at the present dose had the event."""

    n: People
    events: Count
    action: Literal["escalate", "stay", "de-escalate", "eliminate"]


class DoseFinding(Part):
    """Cohorts move between the treated arms, from the lowest dose up; arms' n add up to all people.

    The table of decisions is that of BOIN for the target, unless the designers give their own. A dose is
    eliminated, with all above it, when the posterior probability that its rate exceeds the target is
    above `eliminate_above` (prior uniform, three people or more).
    """

    event: Text
    window_days: Positive
    target: Rate
    cohort: People
    start: Key
    eliminate_above: Level01 = 0.95
    table: Annotated[tuple[DoseRow, ...], Field(min_length=1)] | None = None


def must_eliminate(plan: DoseFinding, n: int, events: int) -> bool:
    """Whether the elimination rule removes a dose after these counts."""
    above = float(special.betaincc(events + 1, n - events + 1, plan.target))
    return n >= _FEWEST and above > plan.eliminate_above


def check_doses(parts: Mapping[str, Any]) -> Iterator[Found]:
    """Faults of dose finding: doses that do not rise, gaps in a table, an eliminated dose forced."""
    plan, arms = parts.get("dose_finding"), parts.get("arms")
    if plan is None or arms is None:
        return
    treated = [arm for arm in arms if arm.role is Role.TREATED]
    doses = [arm.dose_cells or 0 for arm in treated]
    if len(treated) < 2 or doses != sorted(set(doses)) or doses[0] == 0:
        text = "needs two or more treated arms with rising dose_cells"
        yield ("dose_finding",), fault(f"doses {doses}", text, "write arms from the lowest dose up")
        return
    keys = [arm.key for arm in treated]
    if plan.start not in keys:
        mend = f"write one of {', '.join(keys)}"
        yield ("dose_finding", "start"), fault(f'"{plan.start}"', "is no treated arm", mend)
    total = sum(arm.n for arm in treated)
    if total % plan.cohort:
        text = f"does not divide the {total} people to be treated"
        yield ("dose_finding", "cohort"), fault(plan.cohort, text, "change the cohort or an n")
    elif plan.table is not None:
        yield from _table(plan, total)


def _table(plan: DoseFinding, total: int) -> Iterator[Found]:
    assert plan.table is not None
    found: dict[tuple[int, int], str] = {}
    for position, row in enumerate(plan.table):
        place = ("dose_finding", "table", position)
        shown = f"{row.events} of {row.n}: {row.action}"
        if row.events > row.n:
            yield place, fault(shown, "has more events than people", "mend n or events")
            continue
        if (row.n, row.events) in found:
            yield place, fault(shown, "stands in the table already", "keep one row for each result")
        if must_eliminate(plan, row.n, row.events) and row.action != "eliminate":
            text = (
                f"gives a dose that must be eliminated: the chance that its rate exceeds {plan.target:g}"
                f" is above {plan.eliminate_above:g}"
            )
            yield place, fault(shown, text, 'write action = "eliminate"')
        found[row.n, row.events] = row.action
    yield from _gaps(plan, total, found)


def _gaps(plan: DoseFinding, total: int, found: Mapping[tuple[int, int], str]) -> Iterator[Found]:
    for n in range(plan.cohort, total + 1, plan.cohort):
        actions = [found.get((n, events)) for events in range(n + 1)]
        if None in actions:
            text = f"has no row for {actions.index(None)} of {n}"
            yield ("dose_finding", "table"), fault("", text, "give every result that can occur")
            return
        ranks = [ACTIONS.index(str(action)) for action in actions]
        if ranks != sorted(ranks):
            text = f"contradicts itself at {n} people: more events lead to a bolder step"
            yield ("dose_finding", "table"), fault("", text, "let steps become more careful")
            return
