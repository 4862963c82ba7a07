"""The report on planned trials in words: answers, what stops each, what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["answers", "assumptions", "share", "stops", "unknowns"]

Design = Mapping[str, Any]


def _rate_words(design: Design) -> str:
    nature = design["nature"]
    return f"{share(nature['low'])} to {share(nature['high'])}"


def share(one: float | None) -> str:
    """A probability as a page needs it: coarse at both ends, never rounded to 0% or 100%.

    >>> share(0.00002), share(0.046), share(0.574), share(0.9976), share(0.99996), share(1.0), share(None)
    ('<0.1%', '4.6%', '57%', '99.8%', '>99.9%', '100%', '–')
    """
    if one is None:
        return "–"
    if one <= 0.0 or one >= 1.0:
        return f"{100 * one:.0f}%"
    if one < 0.001:
        return "<0.1%"
    if one > 0.9995:
        return ">99.9%"
    return f"{100 * one:.0f}%" if 0.0995 <= one < 0.995 else f"{100 * one:.1f}%"


def answers(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """One answer for each design, and one on safety: a lead and the words."""
    found = [
        {"lead": f"{design['title']}.", "text": _answer(design, report["power_goal"])}
        for design in report["designs"]
    ]
    limits = [
        f"{share(one['measures']['harm_limit'])} ({one['measures']['treated']} treated)"
        for one in report["designs"]
        if one["measures"]["harm_limit"] is not None
    ]
    if limits:
        text = (
            f"If no tumour or other late harm is seen in anybody treated, rates up to {_and(limits)} remain"
            f" possible (one-sided {100 * report['confidence']:.0f}% limits)."
        )
        found.append(
            {"lead": "No design here can show that a rare late harm is absent.", "text": text}
        )
    return found


def _answer(design: Design, power_goal: float) -> str:
    m, confirmation = design["measures"], design["evaluation"]["confirmation"]
    if m["control"]:
        return _controlled(design, power_goal)
    verb = "succeeds" if confirmation is None else "leads to approval"
    start = (
        f"If the cells do nothing it {verb} with a probability of up to {share(m['type1'])} where"
        " nature does well,"
        f" {share(m['type1_average'])} averaged over what is known of nature. If they multiply the odds by"
        f" {design['odds_ratio']:g} it does so with {share(m['power'])} at the middle natural rate."
    )
    if confirmation is None:
        return f"{start} {_growth(design)}".strip()
    return f"{start} {_registry(confirmation, design)}"


def _growth(design: Design) -> str:
    rows = [row for row in design["sizes"] if row["fault"] is None]
    if len(rows) < 2:
        return ""
    first, last = rows[0], rows[-1]
    between = (
        f"from {first['n']:.0f} to {last['n']:.0f} people the highest error goes from"
        f" {share(first['type1'])} to"
        f" {share(last['type1'])}, the power from {share(first['power'])} to {share(last['power'])}"
    )
    if last["type1"] >= first["type1"]:
        return (
            f"More people do not mend that: {between}. Treated people teach nothing about nature."
        )
    return f"By size: {between}."


def _controlled(design: Design, power_goal: float) -> str:
    m, goal = design["measures"], design["found"]["by_goal"]
    text = (
        f"Without an effect it succeeds with at most {share(m['type1'])}, over the whole plausible"
        " range of natural"
        f" rates. If the cells multiply the odds by {design['odds_ratio']:g} it succeeds with"
        f" {share(m['power'])} at"
        f" the middle natural rate, {share(m['power_least'])} at the least favourable one."
    )
    if goal is not None:
        text += (
            f" To succeed with {share(power_goal)} at this size the odds ratio must be"
            f" {goal['odds_ratio']:.1f} ({share(design['nature']['centre'])} to"
            f" {share(goal['treated_rate'])} converting)."
        )
    needed = design["needed"]
    if needed is not None:
        text += (
            f" For the same at an odds ratio of {design['odds_ratio']:g} it takes {needed['treated']}"
            f" against {needed['control']}, {needed['eligible']:.0f} eligible people and"
            f" {needed['months']:.0f} months."
        )
    return f"{text} As planned it takes up {m['eligible']:.0f} eligible people and {m['months']:.0f} months."


def _registry(confirmation: Mapping[str, Any], design: Design) -> str:
    m = design["measures"]
    text = (
        f"The registry answers {confirmation['months']:.0f} months later. Approval and confirmation of"
        " cells that do"
        f" nothing stay at {share(m['confirmed_type1'])} or less if untreated registry people recover as the"
        " treated would have; that cannot be checked."
    )
    believed = confirmation["believed"]
    if not believed:
        return text
    plain, worst = believed[0], believed[-1]
    return (
        f"{text} As the planners believe, {share(1 - plain['real_if_approved'])} of approvals are of"
        " cells without"
        f" benefit, and {share(plain['confirm_if_approved'])} of approvals are confirmed; of confirmations,"
        f" {share(1 - plain['real_if_confirmed'])} are of cells without benefit, or"
        f" {share(1 - worst['real_if_confirmed'])} if the treated have {worst['bias']:g} times the"
        " natural odds of"
        " their controls."
    )


def stops(design: Design) -> list[str]:
    """When the trial ends before its plan, and what does not end it."""
    evaluation = design["evaluation"]
    found = []
    early = [row for row in evaluation["operating"]["rows"] if row["odds_ratio"] == 1.0]
    n = design["measures"]["people"]
    least = min(row["expected_n"] for row in early)
    if least < n - 1e-9:
        found.append(
            f"For futility: without an effect {least:.1f} to {max(r['expected_n'] for r in early):.1f}"
            " people are"
            f" expected of {n}, by natural rate."
        )
    else:
        found.append(
            "For efficacy or futility: never before its end; nobody looks at efficacy earlier."
        )
    for rule in evaluation["safety"]:
        found.append(_safety(rule))
    if evaluation["confirmation"] is not None and design["design"]["confirmation"].get("look"):
        found.append(_look(design))
    for gate in evaluation["safety"][:1]:
        planned = next(one for one in gate["gates"] if one["planned"])
        schedule = planned["schedule"]
        if schedule["gate"] != "none":
            found.append(
                f"Treatment pauses {schedule['gate']}, {schedule['shut_days']:.0f} days in all;"
                " meanwhile up to"
                f" {schedule['lost_at_most']:.0f} eligible people are turned away."
            )
    return found


def _look(design: Design) -> str:
    plan, rows = design["design"]["confirmation"], design["evaluation"]["confirmation"]["rows"]
    plain = [row for row in rows if row["bias"] == 1.0]
    middle = min(
        {row["natural_rate"] for row in plain},
        key=lambda rate: abs(rate - design["nature"]["centre"]),
    )
    ends = {
        row["odds_ratio"]: row["ends_at_look"] for row in plain if row["natural_rate"] == middle
    }
    ratio = min(ends, key=lambda one: abs(one - design["odds_ratio"]))
    return (
        f"After approval, at {plan['look']['treated']} treated and {plan['look']['control']} controls:"
        " the approval"
        f" ends there with probability {share(ends[1.0])} without an effect, {share(ends[ratio])} if"
        " the odds are"
        f" multiplied by {ratio:g} (natural rate {share(middle)})."
    )


def _safety(rule: Mapping[str, Any]) -> str:
    event = f"{rule['event'][:1].upper()}{rule['event'][1:]}"
    if rule["rule"] == "zero events":
        return (
            f"{event}: the first one within {rule['window_days']:.0f} days ends it. If"
            f" {share(rule['unacceptable_rate'])} of people have it, it ends with probability"
            f" {share(rule['true_stop'])}."
        )
    bounds = ", ".join(
        f"{bound} of {look}" for look, bound in zip(rule["looks"], rule["stop_at"], strict=True)
    )
    return (
        f"{event}: at {bounds} or more within {rule['window_days']:.0f} days. It ends with probability"
        f" {share(rule['false_stop'])} if {share(rule['acceptable_rate'])} have it,"
        f" {share(rule['true_stop'])} if {share(rule['unacceptable_rate'])} do."
    )


def unknowns(designs: Sequence[Design]) -> tuple[list[str], list[list[str]]]:
    """What the designs leave unknown, whatever the result: what all of them do, and each by itself."""
    each = [_unknown(design) for design in designs]
    if len(each) < 2:
        return [], each
    shared = [words for words in each[0] if all(words in other for other in each[1:])]
    return shared, [[words for words in one if words not in shared] for one in each]


def _unknown(design: Design) -> list[str]:
    m, content = design["measures"], design["design"]
    confirmation = content.get("confirmation")
    found = []
    if m["control"] == 0:
        found.append(
            "What these people would have done without cells: they are compared with other people,"
            " examined by"
            f" others in other years, whose rate of {design['endpoint']} may be anything from"
            f" {_rate_words(design)}."
        )
        found.append(
            "Whether cells, operation, rehabilitation or expectation made a difference: everybody gets all of"
            " them, and everybody knows."
        )
    else:
        half = design["found"]["by_half"]
        if half is not None:
            found.append(
                f"Effects below an odds ratio of {half['odds_ratio']:.1f}: they are missed more often"
                " than found, so"
                " a negative result does not say that the cells do nothing."
            )
        found.append(
            "What expectation does: without a sham operation patients know their arm; only an examiner"
            " who does"
            " not know it protects the result."
        )
        found.append(
            "How well the control arm stands for other hospitals and years: it protects the comparison,"
            " not its"
            " reach."
        )
    if confirmation:
        found.append(
            "Whether untreated people of a registry are like the treated: hospitals, insurance and the"
            " will to be"
            " operated on differ. No size of the registry mends a bias."
        )
        found.append(
            f"For up to {confirmation['limit_months']:g} months after approval, whether the product"
            " works, while"
            f" about {confirmation['treated']} people are treated with it."
        )
    found.append(_late(design))
    last = max(one["day"] for one in content["visits"])
    found.append(
        f"Whether a gain lasts: the last planned exam is {last / 30.4375:.0f} months after treatment. A"
        " grade also"
        " says little of hand, bladder or daily life."
    )
    doses = {arm.get("dose_cells") for arm in content["arms"] if arm["role"] == "treated"}
    if len(doses) == 1:
        found.append(
            "Whether another dose is better or safer: one dose is given, and none is compared."
        )
    return found


def _late(design: Design) -> str:
    rules = design["evaluation"]["safety"]
    if not rules:
        return "Any harm: the design states no rule for it."
    window = max(rule["window_days"] for rule in rules)
    return (
        f"Harm that comes later than {window / 365.25:.0f} years, and harm rarer than"
        f" {share(design['measures']['harm_limit'])} of people: no event among all treated still allows that."
    )


def assumptions(designs: Sequence[Design]) -> list[dict[str, str]]:
    """What the designs assume; what several of them share stands once."""
    held: dict[tuple[str, str], list[str]] = {}
    for design in designs:
        for pair in _assumed(design):
            held.setdefault(pair, []).append(design["label"])
    return [
        {
            "about": about,
            "words": words,
            "designs": "all" if len(labels) == len(designs) > 1 else ", ".join(labels),
        }
        for (about, words), labels in held.items()
    ]


def _assumed(design: Design) -> list[tuple[str, str]]:
    content = design["design"]
    found = [
        ("Natural recovery", f"{design['basis']}; {design['endpoint']}: {_rate_words(design)}"),
        ("Eligible people", f"{12 * content['population']['eligible_per_month']:g} a year"),
        (
            "Missing outcomes",
            f"{share(content['missing_data'].get('expected_share', 0.0))}, counted as"
            f" {content['missing_data']['rule']}",
        ),
    ]
    if "design_prior" in content:
        found.append(("Effect, as the planners believe", content["design_prior"]["words"]))
    confirmation = content.get("confirmation")
    if confirmation is not None:
        found.append(("Controls of the registry", f"{confirmation['controls']}; not randomised"))
        pace = 12 * confirmation["treated_per_month"]
        found.append(("Treated after approval", f"{pace:g} a year"))
    for rule in content.get("safety", ()):
        acceptable = rule.get("acceptable_rate")
        more = "" if acceptable is None else f", acceptable {share(acceptable)}"
        found.append(
            (f"Rate of: {rule['event']}", f"unacceptable {share(rule['unacceptable_rate'])}{more}")
        )
    return found


def _and(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
