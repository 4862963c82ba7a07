"""The design's rules on accrued data: safety with partial follow-up, interim looks, doses, gate, lots.

The rules are functions of counts and times in `design`; here the counts are taken from the records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from saisei.design.document.analysis import BayesOneArm, SimonTwoStage
from saisei.design.document.plan import Gate, Role
from saisei.design.document.schema import DesignDocument
from saisei.design.dose_plan import dose_plan
from saisei.design.fixed import Design, fix
from saisei.design.one_arm import predictive_success_binary
from saisei.design.rules import parse_rule
from saisei.design.safety_plan import Reading, SafetyPlan, monitor, safety_plans
from saisei.design.schedule import shuts_after
from saisei.evidence.mixtures import BetaMixture
from saisei.trial.alarms import Alarm, Urgency
from saisei.trial.looks import look_alarms
from saisei.trial.outcomes import converted, outcome_of
from saisei.trial.people import Person
from saisei.trial.picture import Picture
from saisei.trial.rules import halted
from saisei.trial.rules_cells import gate_opens_on, lot_state

__all__ = [
    "SafetyReading",
    "conduct_alarms",
    "interim_alarms",
    "safety_alarms",
    "safety_readings",
]


@dataclass(frozen=True, slots=True)
class SafetyReading:
    """One safety rule of the design read on the records.

    Attributes:
        plan: the rule with its bounds.
        reading: what `design.safety_plan.monitor` says; None before anybody was treated.
        people: pseudonyms of those with the event inside its window.
        late: pseudonyms of those whose event came after the window: it does not count.
        follow_up_days: of the treated people without the event.
    """

    plan: SafetyPlan
    reading: Reading | None
    people: tuple[str, ...]
    late: tuple[str, ...]
    follow_up_days: tuple[float, ...]


@lru_cache(maxsize=8)
def _plans(document: DesignDocument) -> tuple[SafetyPlan, ...]:
    return safety_plans(document)


@lru_cache(maxsize=8)
def fixed_design(document: DesignDocument) -> Design:
    """The design with everything settled that the truth does not touch; kept, because it takes a second."""
    return fix(document)


def safety_readings(persons: list[Person], picture: Picture) -> list[SafetyReading]:
    """Every safety rule of the design on the treated people, nobody dropped."""
    treated = [one for one in persons if one.treated_on is not None]
    found = []
    for plan in _plans(picture.design):
        inside, late, followed = [], [], []
        for person in treated:
            assert person.treated_on is not None
            days = [
                (event.body.on - person.treated_on).days
                for event in person.events
                if event.body.counts_for == plan.event
            ]
            counted = [day for day in days if 0 <= day <= plan.window_days]
            if counted:
                inside.append(person.id)
                continue
            if days:
                late.append(person.id)
            followed.append(float(max(person.follow_up_days or 0, 0)))
        reading = monitor(plan, followed, len(inside)) if treated else None
        found.append(SafetyReading(plan, reading, tuple(inside), tuple(late), tuple(followed)))
    return found


def safety_alarms(persons: list[Person], picture: Picture) -> Iterator[Alarm]:
    """Rules that are met, one event away from it, or as they stand; events that nobody has placed."""
    stopped = halted(picture)
    for one in safety_readings(persons, picture):
        if one.reading is not None:
            yield _safety_alarm(one, one.reading, stopped)
        if one.late:
            yield Alarm(
                "event after its window", Urgency.NOTE,
                f"{one.plan.event}: in {', '.join(one.late)} after the window of"
                f" {one.plan.window_days:g} days; not counted",
                "tell the board all the same", numbers={"people": len(one.late)},
            )  # fmt: skip
    yield from _unplaced(persons)


def _safety_alarm(one: SafetyReading, reading: Reading, stopped: str) -> Alarm:
    plan = one.plan
    numbers = {
        "event": plan.event, "rule": plan.rule, "events": reading.events, "people": reading.people,
        "effective_people": round(reading.effective_people, 3), "bound": reading.bound,
        "window_days": plan.window_days, "upper_limit": reading.upper_limit,
        "who": list(one.people),
    }  # fmt: skip
    counts = (
        f"{plan.event}: {reading.events} of {reading.people} treated (worth"
        f" {reading.effective_people:.1f} complete windows of {plan.window_days:g} days); the rule"
        f" ({plan.rule}) stops at {reading.bound}"
    )
    if reading.stop:
        if stopped:
            words = f"the trial is on {stopped} already; the board decides"
            return Alarm("safety rule met", Urgency.NOTE, counts, words, numbers=numbers)
        return Alarm(
            "safety rule met", Urgency.ACT, counts,
            "stop treating now, enter the decision (pause or stop), call the board", numbers=numbers,
        )  # fmt: skip
    if reading.events and reading.events + 1 >= reading.bound:
        return Alarm(
            "safety rule near", Urgency.WATCH, counts, "one more such event stops the trial",
            numbers=numbers,
        )  # fmt: skip
    if reading.upper_limit is not None:
        counts += f"; no event still allows a risk of {100 * reading.upper_limit:.0f}%"
    return Alarm("safety rule", Urgency.NOTE, counts, "go on", numbers=numbers)


def _unplaced(persons: list[Person]) -> Iterator[Alarm]:
    """Serious related events of treated people that no rule counts, and unexpected ones not reported."""
    for person in persons:
        for event in person.events:
            body = event.body
            if not body.serious:
                continue
            close = [
                cause
                for cause, how in body.related.items()
                if how in ("possible", "probable", "definite")
            ]
            about: dict[str, Any] = {
                "participant": person.id, "site": person.record.site, "entities": (event.entity,),
            }  # fmt: skip
            if close and body.counts_for is None and person.treated_on is not None:
                yield Alarm(
                    "event not placed", Urgency.WATCH,
                    f"{person.id}: {body.term}, serious and related to {', '.join(close)}, counts for no"
                    " safety rule",
                    "say which event of the design it is (counts_for), or why none", **about,
                )  # fmt: skip
            if close and not body.expected and body.reported_on is None:
                yield Alarm(
                    "unexpected and not reported", Urgency.ACT,
                    f"{person.id}: {body.term} of {body.on}, serious, unexpected, related to"
                    f" {', '.join(close)}, has no day of report",
                    "report it to the authority in its time limit, then enter reported_on", **about,
                )  # fmt: skip


def interim_alarms(persons: list[Person], picture: Picture, today: date) -> Iterator[Alarm]:
    """The looks of the analysis and the step of the dose, on what is known now."""
    design = picture.design
    if design.endpoint.kind == "responder":
        yield from _unread(design)
    else:
        yield from _futility(persons, design)
        yield from look_alarms(persons, picture)
    yield from _dose(persons, picture, today)


def _unread(design: DesignDocument) -> Iterator[Alarm]:
    """A responder is not defined on the AIS, so no look can be read on the records here."""
    looks = getattr(design.analysis, "looks", ())
    if looks or isinstance(design.analysis, SimonTwoStage):
        yield Alarm(
            "interim not read", Urgency.NOTE,
            f"{design.endpoint.name}: this endpoint is not on the AIS, so the interim looks of the design"
            " are not read here",
            "the statistician reads them by the design's table; the board enters its decision",
        )  # fmt: skip


def _futility(persons: list[Person], design: DesignDocument) -> Iterator[Alarm]:
    analysis = design.analysis
    if not isinstance(analysis, SimonTwoStage | BayesOneArm):
        return
    seen = [outcome_of(one, design) for one in persons if one.treated_on is not None]
    known = [one for one in seen if one.final]
    n, y = len(known), sum(converted(one, design) is True for one in known)
    if isinstance(analysis, SimonTwoStage):
        stages = fixed_design(design).two_stage
        assert stages is not None
        if len(seen) >= stages.n1 and n >= stages.n1:
            first = known[: stages.n1]
            y1 = sum(converted(one, design) is True for one in first)
            if y1 <= stages.r1:
                yield Alarm(
                    "interim: futility", Urgency.ACT,
                    f"{y1} of the first {stages.n1} converted; the design ends the trial at {stages.r1}"
                    " or fewer", design.decision.failure,
                    numbers={"converted": y1, "people": stages.n1, "bound": stages.r1},
                )  # fmt: skip
        return
    looks = [look for look in analysis.looks if look <= n]
    if not looks or n == 0:
        return
    prior = BetaMixture.of(analysis.prior)
    left = design.n_treated - n
    chance = None
    if analysis.predictive_stop is not None and design.decision.go is not None:
        go = parse_rule(design.decision.go)
        chance = predictive_success_binary(prior, left, go, seen=(y, n))
        if chance < analysis.predictive_stop:
            yield Alarm(
                "interim: futility", Urgency.ACT,
                f"{y} of {n} converted; the chance of success after {design.n_treated} is"
                f" {100 * chance:.1f}%, below {100 * analysis.predictive_stop:g}%",
                design.decision.failure,
                numbers={"converted": y, "people": n, "chance": chance},
            )  # fmt: skip
            return
    elif design.decision.stop is not None and parse_rule(design.decision.stop).met(
        prior.posterior(y, n)
    ):
        yield Alarm(
            "interim: futility", Urgency.ACT,
            f"{y} of {n} converted: {design.decision.stop} is met", design.decision.failure,
            numbers={"converted": y, "people": n},
        )  # fmt: skip
        return
    yield Alarm(
        "interim look", Urgency.NOTE, f"{y} of {n} converted at the look of {looks[-1]}", "go on",
        numbers={"converted": y, "people": n, "chance": chance},
    )  # fmt: skip


def _dose(persons: list[Person], picture: Picture, today: date) -> Iterator[Alarm]:
    design = picture.design
    plan, finding = dose_plan(design), design.dose_finding
    if plan is None or finding is None:
        return
    keys = [arm.key for arm in design.arms if arm.role is Role.TREATED]
    treated = [one for one in persons if one.treated_on is not None and one.arm in keys]
    if not treated:
        return
    present = max(treated, key=lambda one: (one.treated_on, one.id)).arm
    at_dose = [one for one in treated if one.arm == present]
    with_event = [one for one in at_dose if _dose_event(one, finding.event, finding.window_days)]
    complete = [
        one
        for one in at_dose
        if one in with_event or (one.follow_up_days or 0) >= finding.window_days
    ]
    n, events = len(at_dose), len(with_event)
    pending = n - len(complete)
    action = plan.actions().get((n, events))
    numbers = {"dose": present, "people": n, "events": events, "pending": pending, "action": action}
    counts = (
        f"dose {present}: {events} of {n} with {finding.event}, {pending} still in their window"
    )
    eliminated = plan.actions().get((n, events)) == "eliminate"
    chosen = [one for one in picture.of("decision") if one.body.what == "choose the dose"]
    last = max((one.treated_on for one in at_dose if one.treated_on is not None), default=today)
    decided = any(one.body.on >= last for one in chosen)
    if eliminated and not decided:
        yield Alarm(
            "dose eliminated", Urgency.ACT, counts,
            "give this dose and those above to nobody any more; the board chooses the dose",
            numbers=numbers,
        )  # fmt: skip
    elif pending == 0 and action is not None and n % plan.cohort == 0:
        urgency = Urgency.NOTE if decided else Urgency.ACT
        yield Alarm(
            "dose step", urgency, counts, f"the design's table says: {action}; the board decides",
            numbers=numbers,
        )  # fmt: skip
    else:
        yield Alarm("dose", Urgency.NOTE, counts, "wait for the cohort", numbers=numbers)


def _dose_event(person: Person, event: str, window_days: float) -> bool:
    start = person.treated_on
    return start is not None and any(
        one.body.counts_for == event and 0 <= (one.body.on - start).days <= window_days
        for one in person.events
    )


def conduct_alarms(persons: list[Person], picture: Picture, today: date) -> Iterator[Alarm]:
    """Gate, lots, and whether the trial is halted."""
    state = halted(picture)
    if state:
        words = (
            "nobody is allocated or treated until it resumes" if state == "pause" else "it is over"
        )
        yield Alarm("trial halted", Urgency.NOTE, f"the trial is on {state}", words)
    yield from _gate(persons, picture)
    yield from _day_zero(persons, picture)
    yield from _lots(picture, today)


def _gate(persons: list[Person], picture: Picture) -> Iterator[Alarm]:
    plan = picture.design.staggering
    if plan.gate is Gate.NONE or plan.interval_days is None:
        return
    order = sorted((one.treated_on, one.id) for one in persons if one.treated_on is not None)
    for place in range(1, len(order)):
        gap = (order[place][0] - order[place - 1][0]).days
        if shuts_after(plan.gate, place, plan.cohort) and gap < plan.interval_days:
            yield Alarm(
                "gate breached", Urgency.ACT,
                f"{order[place][1]} was treated {gap} days after {order[place - 1][1]}; the gate"
                f" ({plan.gate}) shuts for {plan.interval_days:g}",
                "enter a deviation and tell the board", order[place][1],
                numbers={"gap_days": gap, "interval_days": plan.interval_days},
            )  # fmt: skip
    if order:
        opens = gate_opens_on(picture)
        if isinstance(opens, str):
            yield Alarm("gate", Urgency.NOTE, opens, "the board opens the gate by its decision")
        elif opens > date.min:
            yield Alarm(
                "gate", Urgency.NOTE, f"the gate opens on {opens}", "treat nobody before",
                numbers={"opens": opens.isoformat()},
            )  # fmt: skip


def _day_zero(persons: list[Person], picture: Picture) -> Iterator[Alarm]:
    """Controls whose visits count from no day yet: a plan without visits would tell the arm."""
    controls = {arm.key for arm in picture.design.arms if arm.role is Role.CONTROL}
    open_ended = [one.id for one in persons if one.arm in controls and one.day_zero is None]
    if open_ended:
        yield Alarm(
            "no day zero", Urgency.WATCH,
            f"{', '.join(open_ended)}: visits count from no day yet, which tells whoever examines the arm",
            "correct the allocation: day_zero, as it would be under treatment",
            numbers={"people": len(open_ended)},
        )  # fmt: skip


def _lots(picture: Picture, today: date) -> Iterator[Alarm]:
    vials = {one.body.vial: one.body.lot for one in picture.of("vial")}
    given: dict[str, list[str]] = {}
    aside: dict[str, list[str]] = {}
    for one in picture.of("dosing"):
        for vial in one.body.vials:
            given.setdefault(vials.get(vial, "?"), []).append(one.subject)
    spent = {vial for one in picture.of("dosing") for vial in one.body.vials}
    gone = {one.body.vial for one in picture.of("custody") if one.body.event == "discarded"}
    for one in picture.of("vial_release"):
        if one.body.vial not in spent | gone:
            aside.setdefault(vials.get(one.body.vial, "?"), []).append(one.subject)
    for lot in picture.of("lot"):
        yield from _lot(lot, picture, today, given, aside)


def _lot(
    lot: Any,
    picture: Picture,
    today: date,
    given: dict[str, list[str]],
    aside: dict[str, list[str]],
) -> Iterator[Alarm]:
    key = lot.body.lot
    state = lot_state(picture, key)
    about: dict[str, Any] = {"entities": (lot.entity,)}
    if state in ("failed", "recalled") and key in given:
        people = ", ".join(sorted(set(given[key])))
        yield Alarm(
            "lot given and lost", Urgency.ACT, f"lot {key} is {state}; it was given to {people}",
            "examine these people, tell the board and the authority", numbers={"people": given[key]},
            **about,
        )  # fmt: skip
    if key in aside and (state != "released" or lot.body.expires_on < today):
        why = state if state != "released" else f"expired on {lot.body.expires_on}"
        people = ", ".join(sorted(set(aside[key])))
        yield Alarm(
            "vial not to be given", Urgency.ACT, f"lot {key} is {why}; a vial is set aside for {people}",
            "discard the vial (custody) and release another", **about,
        )  # fmt: skip
