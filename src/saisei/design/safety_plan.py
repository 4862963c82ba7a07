"""The safety rules of a design document, fixed: bounds, exact crossing probabilities, what none excludes.

Convention on every table: stop when events are at least the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from saisei.chance.domain import require_count
from saisei.design.document.plan import Gate
from saisei.design.document.safety import (
    CALIBRATED,
    CalibratedRule,
    SafetyRuleDocument,
    TableRule,
    ZeroEvents,
)
from saisei.design.document.schema import DesignDocument
from saisei.design.onset import OnsetLaw, zero_event_limit
from saisei.design.safety_rules import CrossingOc, crossing_oc, design_safety_rule
from saisei.design.schedule import Schedule, expected_exposed, schedule_of
from saisei.errors import InputError
from saisei.evidence.safety import prob_at_least_one, upper_limit, upper_rate
from saisei.params import parameter, value

__all__ = [
    "GateRow",
    "Reading",
    "SafetyPlan",
    "ZeroRow",
    "gate_rows",
    "monitor",
    "onset_of",
    "safety_plans",
    "zero_rows",
]


@dataclass(frozen=True, slots=True)
class SafetyPlan:
    """One safety rule with its bounds and what they do.

    Attributes:
        event, rule: in words.
        window_days: days after treatment in which the event counts.
        onset: when it shows, if it comes.
        looks, stop_at: people with complete windows at each look, and the bound there.
        acceptable_rate, unacceptable_rate: of the document; the first is None for a zero-event rule.
        false_stop: exact chance of stopping at the acceptable rate.
        true_stop: exact chance of stopping at the unacceptable rate.
        rows: exact characteristics at each shown event probability.
    """

    event: str
    rule: str
    window_days: float
    onset: OnsetLaw
    looks: tuple[int, ...]
    stop_at: tuple[int, ...]
    acceptable_rate: float | None
    unacceptable_rate: float
    false_stop: float | None
    true_stop: float
    rows: tuple[CrossingOc, ...]


@dataclass(frozen=True, slots=True)
class ZeroRow:
    """What no event excludes after `people` complete windows.

    Attributes:
        people: with complete windows.
        upper_limit: one-sided upper limit of the event probability.
        missed: chance of seeing none although the true rate is the unacceptable one.
        person_years, upper_rate: the same people by person-time, events per person-year.
    """

    people: int
    upper_limit: float
    missed: float
    person_years: float
    upper_rate: float


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate: its schedule, and expected people exposed by event probability."""

    schedule: Schedule
    planned: bool
    exposed: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A safety rule read in the middle of a trial.

    Attributes:
        people: treated so far.
        effective_people: what they are worth in complete windows; somebody with an event counts whole.
        events: so far.
        bound: events that stop the trial at the next look.
        stop: whether it is reached already.
        upper_limit: of the event probability when there is no event; None otherwise.
    """

    people: int
    effective_people: float
    events: int
    bound: int
    stop: bool
    upper_limit: float | None


def onset_of(rule: SafetyRuleDocument) -> OnsetLaw:
    """When the event of a rule shows: as stated, else evenly over its window."""
    if rule.onset is None:
        return OnsetLaw.linear(rule.window_days)
    return OnsetLaw(rule.onset.days, rule.onset.shares)


def _bounds(rule: SafetyRuleDocument, n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(rule, ZeroEvents):
        return tuple(range(1, n + 1)), (1,) * n
    if isinstance(rule, TableRule):
        return rule.looks, rule.stop_at
    assert isinstance(rule, CalibratedRule)
    made = design_safety_rule(
        CALIBRATED[rule.rule],
        rule.acceptable_rate,
        rule.false_stop,
        rule.looks,
        prior=rule.prior or (1.0, 1.0),
        delta=rule.delta or 0.0,
        p1=rule.unacceptable_rate,
    )
    return made.looks, made.stop_if_at_least


def safety_plans(document: DesignDocument) -> tuple[SafetyPlan, ...]:
    """Every safety rule of a document with exact crossing probabilities."""
    shown = parameter("design.document_event_rates").value
    assert isinstance(shown, tuple)
    found = []
    for rule in document.safety:
        looks, stop_at = _bounds(rule, document.n_treated)
        acceptable = None if isinstance(rule, ZeroEvents) else rule.acceptable_rate
        rates = sorted({*shown, rule.unacceptable_rate, *([acceptable] if acceptable else [])})
        found.append(
            SafetyPlan(
                event=rule.event,
                rule=rule.rule,
                window_days=rule.window_days,
                onset=onset_of(rule),
                looks=looks,
                stop_at=stop_at,
                acceptable_rate=acceptable,
                unacceptable_rate=rule.unacceptable_rate,
                false_stop=None
                if acceptable is None
                else crossing_oc(looks, stop_at, acceptable).p_cross,
                true_stop=crossing_oc(looks, stop_at, rule.unacceptable_rate).p_cross,
                rows=tuple(crossing_oc(looks, stop_at, rate) for rate in rates),
            )
        )
    return tuple(found)


def zero_rows(plan: SafetyPlan, n: int) -> tuple[ZeroRow, ...]:
    """What no event excludes, after each stated number of people up to n.

    Args:
        plan: of the event.
        n: people to be treated.
    """
    sizes = parameter("evidence.zero_event_sizes").value
    assert isinstance(sizes, tuple)
    confidence = value("evidence.confidence")
    found = []
    for people in sorted({int(size) for size in sizes if size < n} | {n}):
        years = people * plan.window_days / 365.25
        found.append(
            ZeroRow(
                people,
                upper_limit(0, people, confidence),
                1.0 - prob_at_least_one(people, plan.unacceptable_rate),
                years,
                upper_rate(0, years, confidence),
            )
        )
    return tuple(found)


def gate_rows(document: DesignDocument, plan: SafetyPlan) -> tuple[GateRow, ...]:
    """Every gate compared on duration, loss and people exposed before the event is first seen."""
    gates = list(Gate) if document.staggering.interval_days else [document.staggering.gate]
    rates = [row.p for row in plan.rows]
    found = []
    for gate in gates:
        schedule = schedule_of(document, gate)
        exposed = tuple((rate, expected_exposed(schedule.days, rate, plan.onset)) for rate in rates)
        found.append(GateRow(schedule, gate is document.staggering.gate, exposed))
    return tuple(found)


def monitor(
    plan: SafetyPlan, follow_up_days: Sequence[float], events: int, confidence: float = 0.95
) -> Reading:
    """Read a safety rule while people are still under observation; nobody is dropped.

    People without the event count by the share of the window seen through; those with it count whole.
    The bound is that of the first look with at least the effective number of people: the reading stops
    sooner than the complete windows would, never later.

    Args:
        plan: of the event.
        follow_up_days: of each person treated without the event so far.
        events: people with the event.
        confidence: one-sided, of the limit shown when there is none.

    Raises:
        InputError: nobody is treated, or counts are impossible.
    """
    require_count(events, "events")
    people = len(follow_up_days) + events
    if people == 0:
        raise InputError("nobody has been treated: there is nothing to read")
    effective = float(plan.onset.share(follow_up_days).sum()) + events
    place = next(
        (i for i, look in enumerate(plan.looks) if look >= ceil(effective - 1e-9)),
        len(plan.looks) - 1,
    )
    bound = plan.stop_at[place]
    limit = zero_event_limit(follow_up_days, plan.onset, confidence) if events == 0 else None
    return Reading(people, effective, events, bound, events >= bound, limit)
