"""Dose finding as part of a design: which dose the next cohort gets, and when a dose is gone for good."""

from __future__ import annotations

import itertools
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

    The rule is BOIN for the target, unless another is named or the designers give their own table. Rules:
    BOIN; 3+3 (cohorts of three, the highest dose below the first with two or more events); CRM (one-parameter
    power model on the `skeleton`, no dose skipped); TITE-BOIN and TITE-CRM for events that come late, read
    when each cohort's first person arrives. Under every rule but 3+3 a dose is eliminated, with all above it,
    when the posterior probability that its rate exceeds the target is above `eliminate_above` (prior
    uniform, three people or more); it is never given or selected again.
    """

    event: Text
    window_days: Positive
    target: Rate
    cohort: People
    start: Key
    eliminate_above: Level01 = 0.95
    rule: Literal["BOIN", "3+3", "CRM", "TITE-BOIN", "TITE-CRM"] = "BOIN"
    skeleton: Annotated[tuple[Rate, ...], Field(min_length=2)] | None = None
    prior_sd: Positive | None = None
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
    yield from _rule(plan, len(treated))
    total = sum(arm.n for arm in treated)
    if total % plan.cohort:
        text = f"does not divide the {total} people to be treated"
        yield ("dose_finding", "cohort"), fault(plan.cohort, text, "change the cohort or an n")
    elif plan.table is not None:
        yield from _table(plan, total)


def _rule(plan: DoseFinding, doses: int) -> Iterator[Found]:
    """What belongs to the named rule and what does not."""
    model = plan.rule in ("CRM", "TITE-CRM")
    for name in ("skeleton", "prior_sd"):
        given = getattr(plan, name)
        if model and given is None:
            yield ("dose_finding", name), fault("", f"is missing for {plan.rule}", f"add {name}")
        elif not model and given is not None:
            text = f"is not used by {plan.rule}"
            yield ("dose_finding", name), fault("", text, "drop it, or name CRM or TITE-CRM")
    if model and plan.skeleton is not None:
        rising = all(b > a for a, b in itertools.pairwise(plan.skeleton))
        if len(plan.skeleton) != doses or not rising:
            text = f"is not one rising rate for each of {doses} doses"
            yield (
                ("dose_finding", "skeleton"),
                fault(list(plan.skeleton), text, "mend the skeleton"),
            )
    if plan.rule != "BOIN" and plan.table is not None:
        text = f"contradicts the rule {plan.rule}"
        yield ("dose_finding", "table"), fault("", text, "keep the table or the rule, one of them")
    if plan.rule == "3+3" and plan.cohort != 3:
        text = "is not the cohort of the 3+3 rule"
        yield ("dose_finding", "cohort"), fault(plan.cohort, text, "write 3")


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
