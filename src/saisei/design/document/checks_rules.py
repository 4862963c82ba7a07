"""Rules that a design may not hold together: overlapping decisions, contradicting stops, too many looks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from saisei.design.document.analysis import (
    BAYESIAN,
    BayesOneArm,
    BayesTwoArms,
    SimonTwoStage,
)
from saisei.design.document.checks_monitored import check_looks
from saisei.design.document.plan import Role
from saisei.design.document.safety import CALIBRATED, CalibratedRule, TableRule, ZeroEvents
from saisei.design.document.values import Found, fault
from saisei.design.one_arm import binary_decisions
from saisei.design.rules import Rule, parse_rule
from saisei.design.two_stage import simon_designs
from saisei.errors import InputError, SaiseiError
from saisei.evidence.mixtures import BetaMixture

__all__ = ["check_rules"]

Parts = Mapping[str, Any]


def check_rules(parts: Parts) -> list[Found]:
    """All faults of analysis, borrowing, decision and safety rules."""
    found: list[Found] = []
    for check in (_simon, _decision, _borrowing, _safety, _same_event):
        found += check(parts)
    return found


def _treated(parts: Parts) -> int | None:
    arms = parts.get("arms")
    return sum(arm.n for arm in arms if arm.role is Role.TREATED) if arms else None


def _simon(parts: Parts) -> Iterator[Found]:
    analysis, n = parts.get("analysis"), _treated(parts)
    if not isinstance(analysis, SimonTwoStage):
        return
    if analysis.target_rate <= analysis.null_rate:
        text = f"is not above the null rate {analysis.null_rate:g}"
        yield ("analysis", "target_rate"), fault(analysis.target_rate, text, "write a higher rate")
        return
    stated = (analysis.r1, analysis.n1, analysis.r)
    if any(one is None for one in stated) and any(one is not None for one in stated):
        yield ("analysis",), fault("", "states only some of r1, n1 and r", "state all or none")
        return
    if n is None:
        return
    if analysis.n1 is None or analysis.r1 is None or analysis.r is None:
        yield from _computed_simon(analysis, n)
        return
    if analysis.n1 >= n:
        text = f"leaves no second stage among {n} people"
        yield ("analysis", "n1"), fault(analysis.n1, text, "look earlier, or plan more people")
    if analysis.r1 >= analysis.n1:
        text = f"stops whatever the first {analysis.n1} people show"
        yield ("analysis", "r1"), fault(analysis.r1, text, "write less than n1")
    if analysis.r >= n:
        text = f"can never be exceeded by {n} people"
        yield ("analysis", "r"), fault(analysis.r, text, "write less than the total")
    if analysis.r < analysis.r1:
        text = f"contradicts r1 = {analysis.r1}: success would need fewer than going on"
        yield ("analysis", "r"), fault(analysis.r, text, "write at least r1")


def _computed_simon(analysis: SimonTwoStage, n: int) -> Iterator[Found]:
    try:
        pair = simon_designs(
            analysis.null_rate, analysis.target_rate, analysis.level, analysis.miss
        )
    except SaiseiError as error:
        yield ("analysis",), fault("", str(error), "state r1, n1 and r, or change the errors")
        return
    chosen = pair[0] if analysis.choice == "optimal" else pair[1]
    if chosen.n != n:
        text = f"is not the size of the {analysis.choice} design, which has {chosen.n}"
        mend = f"write {chosen.n} in all, or state r1, n1 and r"
        yield ("arms",), fault(f"{n} treated", text, mend)


def _parsed(parts: Parts, which: str, arms: int) -> tuple[Rule | None, list[Found]]:
    decision = parts["decision"]
    text = getattr(decision, which)
    if text is None:
        return None, []
    place = ("decision", which)
    try:
        rule = parse_rule(text)
    except (InputError, ValueError) as error:
        return None, [(place, fault(f'"{text}"', str(error), "write P(p > 0.2) > 0.9"))]
    if rule.arms != arms:
        about = "p_t - p_c" if arms == 2 else "p"
        return None, [
            (place, fault(f'"{text}"', "is not about the arms analysed", f"write it about {about}"))
        ]
    return rule, []


def _decision(parts: Parts) -> Iterator[Found]:
    analysis, decision = parts.get("analysis"), parts.get("decision")
    if analysis is None or decision is None:
        return
    if analysis.method not in BAYESIAN:
        for which in ("go", "stop"):
            if getattr(decision, which) is not None:
                text = f"is not used: {analysis.method} decides by its own test"
                yield ("decision", which), fault("", text, "drop it")
        return
    arms = 1 if isinstance(analysis, BayesOneArm) else 2
    if decision.go is None:
        yield ("decision", "go"), fault("", "is missing", 'add go = "P(...) > level"')
    go, wrong = _parsed(parts, "go", arms)
    stop, wrong_too = _parsed(parts, "stop", arms)
    yield from [*wrong, *wrong_too]
    n = _treated(parts)
    if n is None or not isinstance(analysis, BayesOneArm):
        return
    if go is not None:
        yield from _overlap(analysis, go, stop, n)
    yield from _looks(analysis, n, decision.stop is not None)


def _looks(analysis: BayesOneArm, n: int, stops: bool) -> Iterator[Found]:
    place = ("analysis", "looks")
    yield from check_looks(analysis.looks, n)
    if analysis.looks and not stops and analysis.predictive_stop is None:
        text = "have no rule to stop by"
        yield place, fault("", text, "add decision.stop or analysis.predictive_stop")
    if analysis.predictive_stop is not None and not analysis.looks:
        yield ("analysis", "predictive_stop"), fault("", "has no look", "add looks = [...]")


def _overlap(analysis: BayesOneArm, go: Rule, stop: Rule | None, n: int) -> Iterator[Found]:
    prior = BetaMixture.of(analysis.prior)
    met = binary_decisions(prior, n, go)
    if not met.any():
        text = f"cannot be met by any result of {n} people"
        yield ("decision", "go"), fault("", text, "lower the level or plan more people")
    if stop is None:
        return
    both = met & binary_decisions(prior, n, stop)
    if both.any():
        shown = f"{int(both.argmax())} of {n}"
        text = "meets both go and stop: the rules contradict each other"
        yield ("decision", "stop"), fault(shown, text, "raise go or lower stop until they part")


def _borrowing(parts: Parts) -> Iterator[Found]:
    analysis, borrowing = parts.get("analysis"), parts.get("borrowing")
    if analysis is None:
        return
    if isinstance(analysis, BayesTwoArms) and (analysis.prior_control is None) == (
        borrowing is None
    ):
        text = "is missing" if borrowing is None else "contradicts analysis.prior_control"
        mend = "give borrowing or analysis.prior_control, one of them"
        yield ("borrowing",), fault("", text, mend)
    if borrowing is None:
        return
    if not isinstance(analysis, BayesTwoArms):
        text = f"is not used: {analysis.method} borrows nothing"
        yield ("borrowing",), fault("", text, 'drop it, or analyse with "Bayesian two arms"')
    seen: dict[str, int] = {}
    for position, one in enumerate(borrowing.studies):
        place = ("borrowing", "studies", position)
        if one.events > one.n:
            text = f"is more than the {one.n} people of {one.name}"
            yield (*place, "events"), fault(one.events, text, "mend events or n")
        if one.registry in seen:
            text = f"shares its people with studies[{seen[one.registry]}] and would count twice"
            yield (*place, "registry"), fault(f'"{one.registry}"', text, "keep one per registry")
        seen.setdefault(one.registry, position)


def _safety(parts: Parts) -> Iterator[Found]:
    n = _treated(parts)
    for position, one in enumerate(parts.get("safety") or ()):
        place = ("safety", position)
        if one.onset is not None:
            yield from _onset(one, place)
        if isinstance(one, ZeroEvents):
            continue
        if one.unacceptable_rate <= one.acceptable_rate:
            text = f"is not above the acceptable rate {one.acceptable_rate:g}"
            yield (*place, "unacceptable_rate"), fault(one.unacceptable_rate, text, "write more")
        if any(b <= a for a, b in itertools.pairwise(one.looks)):
            yield (*place, "looks"), fault("", "do not rise", "write rising numbers of people")
        if n is not None and one.looks[-1] > n:
            text = f"looks at more people than the {n} to be treated"
            yield (*place, "looks"), fault(one.looks[-1], text, f"end the looks at {n}")
        elif n is not None and len(one.looks) > n:
            text = f"are more looks than the {n} people to be treated"
            yield (*place, "looks"), fault(f"{len(one.looks)} looks", text, "look less often")
        yield from (
            _calibrated(one, place) if isinstance(one, CalibratedRule) else _table(one, place)
        )


def _onset(one: Any, place: tuple[str, int]) -> Iterator[Found]:
    days, shares = one.onset.days, one.onset.shares
    rising = all(b > a for a, b in itertools.pairwise(days)) and all(
        b >= a for a, b in itertools.pairwise(shares)
    )
    if len(days) != len(shares) or not rising or shares[0] != 0.0 or shares[-1] != 1.0:
        text = "is not a share of events that rises from 0 to 1 with the days"
        mend = "give as many shares as days, the first 0, the last 1"
        yield (*place, "onset"), fault("", text, mend)
    elif days[-1] > one.window_days:
        text = f"goes on after the window of {one.window_days:g} days"
        yield (*place, "onset"), fault(f"day {days[-1]:g}", text, "widen the window")


def _calibrated(one: CalibratedRule, place: tuple[str, int]) -> Iterator[Found]:
    method = CALIBRATED[one.rule]
    if (method == "BB") != (one.prior is not None):
        text = "is missing" if one.prior is None else f"is not used by {one.rule}"
        yield (
            (*place, "prior"),
            fault("", text, "add prior = [a, b]" if one.prior is None else "drop"),
        )
    if (method == "WangTsiatis") != (one.delta is not None):
        text = "is missing" if one.delta is None else f"is not used by {one.rule}"
        yield (*place, "delta"), fault("", text, "add delta" if one.delta is None else "drop it")


def _table(one: TableRule, place: tuple[str, int]) -> Iterator[Found]:
    if len(one.looks) != len(one.stop_at):
        text = f"has {len(one.stop_at)} bounds for {len(one.looks)} looks"
        yield (*place, "stop_at"), fault("", text, "give one bound for each look")
        return
    for look, (earlier, later) in enumerate(itertools.pairwise(one.stop_at), 1):
        if later < earlier and earlier <= one.looks[look - 1]:
            text = (
                f"contradicts the look before: {later} events stop at {one.looks[look]} people,"
                f" but {earlier} are needed at {one.looks[look - 1]}"
            )
            yield (*place, "stop_at", look), fault(later, text, "let the bounds rise")
    if one.stop_at[0] < 1:
        text = "stops the trial without any event"
        yield (*place, "stop_at", 0), fault(one.stop_at[0], text, "write 1 or more")


def _same_event(parts: Parts) -> Iterator[Found]:
    seen: dict[str, int] = {}
    for position, one in enumerate(parts.get("safety") or ()):
        if one.event in seen:
            text = f"contradicts safety[{seen[one.event]}]: two rules stop for the same event"
            mend = "keep one rule for each event, or name the events apart"
            yield ("safety", position, "event"), fault(f'"{one.event}"', text, mend)
        seen.setdefault(one.event, position)
