"""Protocol text of a fixed design in plain words: every number that its statistics rest on.

Takes a fixed design with its safety plans; gives headed sentences. Leaves no essential parameter out.
"""

from __future__ import annotations

from collections.abc import Sequence

from saisei.design.document.analysis import (
    BayesOneArm,
    BayesTwoArms,
    FisherTest,
    OrdinalShift,
    SimonTwoStage,
    SingleStage,
    ZTest,
)
from saisei.design.document.analysis_monitored import NonInferiority
from saisei.design.document.plan import Gate
from saisei.design.document.schema import DesignDocument
from saisei.design.dose_plan import DosePlan, dose_plan
from saisei.design.fixed import Borrowed, Design, TypeOne
from saisei.design.protocol_monitored import monitored_method
from saisei.design.safety_plan import SafetyPlan

__all__ = ["null_words", "protocol_text"]

Sections = tuple[tuple[str, tuple[str, ...]], ...]


def protocol_text(design: Design, plans: Sequence[SafetyPlan], errors: TypeOne) -> Sections:
    """Headings with their sentences.

    Args:
        design: fixed.
        plans: its safety rules.
        errors: its type I error over the plausible natural rates.
    """
    document = design.document
    found: list[tuple[str, tuple[str, ...]]] = [
        ("Question", _question(document)),
        ("People and arms", _people(document)),
        ("Staggering", _staggering(document)),
        *([("Dose finding", _doses(document))] if document.dose_finding else []),
        ("Outcome", _outcome(document)),
        ("Analysis and decision", _analysis(design)),
        ("Error of a false success", _errors(errors, design)),
        (
            "Safety",
            tuple(_safety(plan) for plan in plans) or ("No stopping rule for harm is stated.",),
        ),
        *([("After conditional approval", _registry(document))] if document.confirmation else []),
    ]
    return tuple(found)


def _registry(document: DesignDocument) -> tuple[str, ...]:
    plan = document.confirmation
    assert plan is not None
    test = "Fisher's exact test" if plan.method == "Fisher" else "the pooled z test"
    look = () if plan.look is None else (
        f"At {plan.look.treated} treated and {plan.look.control} controls the approval ends when the share of"
        f" treated converters minus that of controls is below {plan.look.withdraw_below:g}.",
    )  # fmt: skip
    return (
        f"{plan.name}: {plan.treated} treated people ({plan.treated_per_month:g} a month) against"
        f" {plan.control} untreated ones, not randomised. {plan.controls}.",
        f"The same endpoint and visit as in the trial, compared by {test}, one-sided at {plan.level:g};"
        f" {100 * plan.expected_missing:g}% of outcomes are expected to be missing and count as no"
        " conversion. People of the trial are not counted again.",
        *look,
        f"The approval lasts {plan.limit_months:g} months. If it is confirmed: {plan.confirmed}"
        f" If not: {plan.not_confirmed}",
    )


def _question(document: DesignDocument) -> tuple[str, ...]:
    one = document.estimand
    events = tuple(
        f"If there is {each.event}: {each.how} ({each.strategy})."
        for each in one.intercurrent_events
    )
    return (
        f"Population: {one.population}.",
        f"Compared: {one.treatment}.",
        f"Outcome of a person: {one.variable}.",
        f"Summary of the population: {one.summary}.",
        *events,
    )


def _people(document: DesignDocument) -> tuple[str, ...]:
    population = document.population
    found = []
    for arm in document.arms:
        dose = f", {arm.dose_cells:,} cells" if arm.dose_cells else ""
        found.append(f"{arm.name}: {arm.n} people{dose}.")
    if document.allocation.kind != "none":
        found.append(f"Arms are {document.allocation.kind}.")
    for one in population.strata:
        if one.grade is None:
            found.append(f"{100 * one.share:.0f}% are {one.group}.")
            continue
        levels = (
            "" if one.levels is None else f", level {one.levels[0].label} to {one.levels[1].label}"
        )
        found.append(f"{100 * one.share:.0f}% are AIS {one.grade} at baseline{levels}.")
    exam, treat = population.exam_day, population.treatment_day
    found.append(
        f"The baseline exam is on day {exam[0]:g} to {exam[1]:g} after {_start(document)}, the treatment"
        f" on day {treat[0]:g} to {treat[1]:g}."
    )
    found.append(f"{population.eligible_per_month:g} eligible people are expected each month.")
    return tuple(found)


def _start(document: DesignDocument) -> str:
    cord = any(one.grade is not None for one in document.population.strata)
    return "injury" if cord else "onset"


def _staggering(document: DesignDocument) -> tuple[str, ...]:
    one = document.staggering
    if one.gate is Gate.NONE:
        return ("People are treated as they come; nothing waits for the result of another.",)
    size = f" of {one.cohort}" if one.cohort else " person" if one.gate is Gate.FIRST else ""
    found = [f"Treatment pauses for {one.interval_days:g} days {one.gate}{size}."]
    return (*found, f"{one.review}.") if one.review else tuple(found)


def _doses(document: DesignDocument) -> tuple[str, ...]:
    one, plan = document.dose_finding, dose_plan(document)
    assert one is not None
    assert plan is not None
    own = "the designers' own table" if one.table else one.rule
    return (
        f"Event: {one.event}, within {one.window_days:g} days; target rate {one.target:g}.",
        f"Doses from the lowest: {', '.join(plan.doses)}; cohorts of {plan.cohort}, {plan.people} people in"
        f" all, first dose {plan.doses[plan.start]}; steps by {own}, never skipping a dose.",
        *_dose_rule(plan),
        "All treated people enter the primary analysis together.",
    )


def _dose_rule(plan: DosePlan) -> tuple[str, ...]:
    """How the rule steps, when a dose is gone, and which dose is selected."""
    if plan.rule == "3+3":
        return (
            "No event among three: the next dose. One: three more at this dose, and the next dose if there is"
            " no further one. Two or more: the trial of doses ends and the dose below is selected.",
        )
    gone = (
        "A dose and all above it are eliminated for good when, with three people or more, the chance that its"
        f" rate exceeds the target is above {plan.eliminate_above:g} (uniform prior)."
    )
    late = (
        f"Events may come late: a person watched for part of the {plan.window_days:g} days counts for that"
        " part. The next cohort's dose is decided when its first person arrives"
    )
    if plan.rule.endswith("CRM"):
        rates = ", ".join(f"{rate:g}" for rate in plan.skeleton)
        model = (
            f"The rate at a dose is its skeleton rate ({rates}) to the power exp(b), b normal around 0 with"
            f" standard deviation {plan.prior_sd:g}; each cohort gets the dose whose rate at the posterior"
            " mean of b is nearest the target, at most one step up."
        )
        chosen = "At the end that dose is selected, among doses tried and not eliminated."
        return (model, *((late + ".",) if plan.late else ()), gone, chosen)
    chosen = (
        "At the end the dose with the isotonic rate nearest the target is selected, never an eliminated"
        " one."
    )
    pause = (
        late
        + ", and nobody is treated while more than half of those at the dose are still watched, unless"
        " what was seen decides already."
    )
    return (*((pause,) if plan.late else ()), gone, chosen)


def _outcome(document: DesignDocument) -> tuple[str, ...]:
    visit, missing = document.visit, document.missing_data
    return (
        f"The primary outcome is {document.endpoint.name}, on day {visit.day:g} counted from the"
        f" {visit.counted_from}, within {visit.window_days:g} days.",
        f"{missing.words} It is counted as {missing.rule};"
        f" {100 * missing.expected_share:g}% of outcomes are expected to be missing.",
    )


def _analysis(design: Design) -> tuple[str, ...]:
    document = design.document
    return (
        *_method(design),
        f"After success: {document.decision.success}",
        f"Otherwise: {document.decision.failure}",
    )


def _method(design: Design) -> tuple[str, ...]:
    one, decision = design.document.analysis, design.document.decision
    if isinstance(one, OrdinalShift):
        also = (
            " It must hold in the registry with the highest recovery too."
            if one.also_highest
            else ""
        )
        return (
            "Each person's grade is scored against what nature gives such people; the exact law of the"
            " sum is averaged over the uncertainty of natural recovery.",
            f"Success: the chance of a result this good is at most {one.level:g}, one-sided.{also}",
        )
    if isinstance(one, SingleStage):
        return (
            f"The count of converters is tested against a natural rate of {one.null_rate:g}, taken as"
            f" known, by the exact binomial test at one-sided {one.level:g}.",
        )
    if isinstance(one, SimonTwoStage):
        stages = design.two_stage
        assert stages is not None
        return (
            f"Simon's two-stage design for {one.null_rate:g} against {one.target_rate:g} (errors"
            f" {one.level:g} and {one.miss:g}): the trial ends when at most {stages.r1} of the first"
            f" {stages.n1} convert; success when more than {stages.r} of {stages.n} convert.",
        )
    if isinstance(one, FisherTest | ZTest):
        name = "Fisher's exact test" if isinstance(one, FisherTest) else "the pooled z test"
        return (f"Converters are compared by {name}, one-sided for benefit at {one.level:g}.",)
    if not isinstance(one, BayesOneArm | BayesTwoArms):
        return monitored_method(design.document)
    priors = _prior_words(one, design.borrowed, design.document)
    stop = () if decision.stop is None else (f"Stop: {decision.stop}.",)
    return (*priors, f"Success: {decision.go}.", *stop, *_looks(one))


def _looks(one: BayesOneArm | BayesTwoArms) -> tuple[str, ...]:
    if not isinstance(one, BayesOneArm) or not one.looks:
        return ()
    seen = ", ".join(str(look) for look in one.looks)
    if one.predictive_stop is None:
        return (f"The stop rule is read after {seen} people too; there is no early success.",)
    return (
        f"After {seen} people the trial also ends when the chance of success in the end is below"
        f" {one.predictive_stop:g}; there is no early success.",
    )


def _prior_words(
    one: BayesOneArm | BayesTwoArms, borrowed: Borrowed | None, document: DesignDocument
) -> tuple[str, ...]:
    if isinstance(one, BayesOneArm):
        return (f"Prior of the rate p: {_betas(one.prior)}.",)
    treated = f"Prior of the treated rate p_t: {_betas(one.prior_treated)}."
    if borrowed is None or document.borrowing is None:
        assert one.prior_control is not None
        return (treated, f"Prior of the control rate p_c: {_betas(one.prior_control)}.")
    prior = borrowed.prior
    rows = tuple(zip(prior.weights, prior.a, prior.b, strict=True))
    studies = ", ".join(
        f"{each.name} {each.events}/{each.n}" for each in document.borrowing.studies
    )
    worth = (
        "" if borrowed.people.elir is None else f", {borrowed.people.elir:.0f} by local information"
    )
    return (
        treated,
        f"Prior of the control rate p_c: {_betas(rows)}, made from {studies};"
        f" vague part {document.borrowing.vague_weight:g}.",
        f"It is worth {borrowed.people.moment:.0f} people by its moments{worth}."
        f" {document.borrowing.reason}",
    )


def _betas(rows: Sequence[Sequence[float]]) -> str:
    return " + ".join(f"{weight:.3g} Beta({a:.4g}, {b:.4g})" for weight, a, b in rows)


def _errors(errors: TypeOne, design: Design) -> tuple[str, ...]:
    highest = ""
    if errors.in_highest is not None:
        highest = f" In the registry with the highest recovery: {_percent(errors.in_highest)}."
    return (
        f"Natural recovery: {design.nature.basis}.",
        f"If {null_words(design.document)}, success comes with probability {_percent(errors.errors[0])}"
        f" where {_percent(errors.rates[0])} recover by nature, and {_percent(errors.errors[-1])} where"
        f" {_percent(errors.rates[-1])} do; at most {_percent(errors.highest)}, at a natural rate of"
        f" {_percent(errors.at)}.",
        f"Averaged over what is known of nature: {_percent(errors.average)}.{highest}",
    )


def null_words(document: DesignDocument) -> str:
    """The truth that type I error is about, in words."""
    margin = isinstance(document.analysis, NonInferiority)
    return "the treatment is worse by just the margin" if margin else "the treatment does nothing"


def _percent(share: float) -> str:
    """A probability as people read it; small ones keep a digit.

    >>> [_percent(share) for share in (0.0004, 0.0312, 0.5)]
    ['under 0.1%', '3.1%', '50.0%']
    """
    if 0.0 < share < 0.001:
        return "under 0.1%"
    return f"{100 * share:.1f}%"


def _safety(plan: SafetyPlan) -> str:
    if plan.rule == "zero events":
        return (
            f"{plan.event}, within {plan.window_days:g} days of treatment: the first one stops the trial."
            f" If {_percent(plan.unacceptable_rate)} of people have it, the trial stops with probability"
            f" {_percent(plan.true_stop)}."
        )
    bounds = ", ".join(
        f"{bound} of {look}" if bound <= look else f"never at {look}"
        for look, bound in zip(plan.looks, plan.stop_at, strict=True)
    )
    assert plan.acceptable_rate is not None
    assert plan.false_stop is not None
    return (
        f"{plan.event}, within {plan.window_days:g} days of treatment ({plan.rule}): stop at {bounds} or"
        f" more. Stops with probability {_percent(plan.false_stop)} if {_percent(plan.acceptable_rate)} of"
        f" people have it, {_percent(plan.true_stop)} if {_percent(plan.unacceptable_rate)} do."
    )
