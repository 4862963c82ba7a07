"""Protocol sentences of monitored methods and further two-arm tests, with every number they rest on."""

from __future__ import annotations

from saisei.design.document.analysis_monitored import (
    MONITORED,
    BinomialSprt,
    Bop2,
    GroupSequential,
    NonInferiority,
    OwnTable,
    PredictiveMonitoring,
    ProportionalOdds,
    ThallSimon,
)
from saisei.design.document.schema import DesignDocument
from saisei.design.fixed_monitored import count_bounds, sequential_looks, sequential_plan

__all__ = ["monitored_method"]


def monitored_method(document: DesignDocument) -> tuple[str, ...]:
    """What the method does, and its bounds."""
    one = document.analysis
    if isinstance(one, MONITORED):
        return (_words(one), _bounds(document))
    if isinstance(one, GroupSequential):
        return _sequential(document, one)
    if isinstance(one, NonInferiority):
        return _non_inferiority(one)
    assert isinstance(one, ProportionalOdds)
    return (
        "All grades are compared by the score test of proportional odds (rank sum, ties averaged),"
        f" one-sided for benefit at {one.level:g}; the normal law is used for its z.",
        "Success probabilities are simulated; their Monte Carlo standard error is given with them.",
    )


def _words(one: ThallSimon | PredictiveMonitoring | Bop2 | BinomialSprt | OwnTable) -> str:
    if isinstance(one, ThallSimon):
        return (
            f"Thall and Simon: the rate under treatment has the prior Beta({one.prior[0]:g},"
            f" {one.prior[1]:g}), the standard Beta({one.standard[0]:g}, {one.standard[1]:g}). The trial"
            f" stops when the chance that the first exceeds the second by {one.delta:g} is below"
            f" {one.futility:g}, and succeeds when it is at least {one.superiority:g}."
        )
    if isinstance(one, PredictiveMonitoring):
        early = (
            "there is no early success"
            if one.superiority is None
            else f"it succeeds early above {one.superiority:g}"
        )
        return (
            f"Success: the posterior chance that the rate exceeds {one.null_rate:g} is above {one.final:g},"
            f" from a prior Beta({one.prior[0]:g}, {one.prior[1]:g}). At each look the chance of that,"
            f" given what is seen, is computed: below {one.futility:g} the trial stops; {early}."
        )
    if isinstance(one, Bop2):
        early = (
            "There is no early success."
            if one.eta is None
            else f"It succeeds early when that chance exceeds 1 - (1 - {one.lam:g}) (n/N)^{one.eta:g}."
        )
        return (
            f"BOP2: prior Beta({one.null_rate:g}, {1.0 - one.null_rate:g}). The trial stops when the chance"
            f" that the rate exceeds {one.null_rate:g} is below {one.lam:g} (n/N)^{one.gamma:g}. {early}"
        )
    if isinstance(one, BinomialSprt):
        return (
            f"Wald's sequential probability ratio test of {one.null_rate:g} against {one.target_rate:g}"
            f" (errors {one.level:g} and {one.miss:g}), read after every person from number {one.first_look}."
        )
    return "The table of decisions was written by the designers."


def _bounds(document: DesignDocument) -> str:
    analysis = document.analysis
    assert isinstance(analysis, MONITORED)
    bounds = count_bounds(analysis, document.n_treated)
    stops, wins = [], []
    for look, most, least in zip(
        bounds.looks, bounds.stop_at_most, bounds.succeed_at_least, strict=True
    ):
        if most >= 0:
            stops.append(f"{most} of {look}")
        if least <= look:
            wins.append(f"{least} of {look}")
    return (
        f"It ends without success at {', '.join(stops) or 'no look'} or fewer converters, with success at"
        f" {', '.join(wins) or 'no look'} or more."
    )


def _sequential(document: DesignDocument, one: GroupSequential) -> tuple[str, ...]:
    plan = sequential_plan(one, document.n_treated, document.n_control)
    looks = sequential_looks(one, document.n_treated, document.n_control)
    shown = [
        f"{n} and {m} people: z {upper:.3f} or more"
        for (n, m), upper in zip(looks, plan.upper, strict=True)
    ]
    spent = ", ".join(f"{100 * share:.2f}%" for share in plan.alpha_spent())
    parameter = "" if one.parameter is None else f", parameter {one.parameter:g}"
    found = [
        f"The pooled z of the difference is read at interim looks ({one.bounds} bounds{parameter}, one-sided"
        f" {one.level:g}); success at {'; '.join(shown)}. Error spent by then: {spent}.",
    ]
    if plan.futility is not None:
        below = ", ".join(f"{bound:.3f}" for bound in plan.futility)
        binds = "binding" if one.binding else "not binding"
        found.append(
            f"The trial ends without success when z is below {below} at the interim looks ({one.futility}"
            f" spending, parameter {one.futility_parameter:g}, miss {one.miss:g}; {binds})."
        )
    return tuple(found)


def _non_inferiority(one: NonInferiority) -> tuple[str, ...]:
    worse = {
        "difference": f"by {100 * one.margin:g} points or more",
        "RR": f"with {one.margin:g} of the chance of the controls or less",
        "OR": f"with {one.margin:g} of the odds of the controls or less",
    }[one.scale]
    corrected = "with" if one.corrected else "without"
    return (
        f"Success: the score test rejects, at one-sided {one.level:g}, that the treated do worse {worse};"
        f" the same as a {100 * (1 - 2 * one.level):g}% score interval above the margin ({corrected} the"
        " correction of Miettinen and Nurminen).",
    )
