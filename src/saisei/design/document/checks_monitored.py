"""What monitored methods and further two-arm tests may not say: looks, bounds and parameters that clash."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from saisei.design.document.analysis_monitored import (
    BinomialSprt,
    Bop2,
    GroupSequential,
    NonInferiority,
    OwnTable,
    PredictiveMonitoring,
    ThallSimon,
)
from saisei.design.document.plan import Role
from saisei.design.document.values import Found, fault

__all__ = ["check_looks", "check_monitored"]

Parts = Mapping[str, Any]
_NEEDS = {
    "Wang-Tsiatis": "the shape delta",
    "Haybittle-Peto": "the interim bound on z",
    "Hwang-Shih-DeCani": "gamma",
    "Kim-DeMets": "rho",
}


def check_looks(
    looks: tuple[int, ...], n: int | None, place: tuple[str, ...] = ("analysis", "looks")
) -> Iterator[Found]:
    """Faults of interim looks among n people: they rise, are fewer than the people, end before the end."""
    if any(b <= a for a, b in itertools.pairwise(looks)):
        yield place, fault("", "do not rise", "write rising numbers of people")
    elif n is not None and len(looks) >= n:
        text = f"are more looks than the {n} people allow before the end"
        yield place, fault(f"{len(looks)} looks", text, "look less often")
    elif n is not None and looks and looks[-1] >= n:
        text = f"does not come before the end at {n} people"
        yield place, fault(looks[-1], text, f"end the looks below {n}")


def check_monitored(parts: Parts) -> Iterator[Found]:
    """All faults of the methods of `document.analysis_monitored`."""
    analysis, arms = parts.get("analysis"), parts.get("arms")
    n = sum(arm.n for arm in arms if arm.role is Role.TREATED) if arms else None
    if isinstance(analysis, ThallSimon | PredictiveMonitoring | Bop2 | GroupSequential):
        yield from check_looks(analysis.looks, n)
    if isinstance(analysis, ThallSimon | PredictiveMonitoring):
        yield from _cutoffs(analysis)
    elif isinstance(analysis, BinomialSprt):
        yield from _ratio(analysis, n)
    elif isinstance(analysis, OwnTable):
        yield from _own(analysis, n)
    elif isinstance(analysis, GroupSequential):
        yield from _sequential(analysis)
    elif isinstance(analysis, NonInferiority):
        yield from _margin(analysis)


def _margin(analysis: NonInferiority) -> Iterator[Found]:
    if analysis.scale == "difference" and analysis.margin >= 0.5:
        text = "is no margin: half of all people could be worse off"
        yield ("analysis", "margin"), fault(analysis.margin, text, "write less than 0.5")


def _cutoffs(analysis: ThallSimon | PredictiveMonitoring) -> Iterator[Found]:
    if analysis.superiority is not None and analysis.superiority <= analysis.futility:
        text = f"is not above futility {analysis.futility:g}: one result would stop and succeed"
        place = ("analysis", "superiority")
        yield place, fault(analysis.superiority, text, "let the two cutoffs part")


def _ratio(analysis: BinomialSprt, n: int | None) -> Iterator[Found]:
    if analysis.target_rate <= analysis.null_rate:
        text = f"is not above the null rate {analysis.null_rate:g}"
        yield ("analysis", "target_rate"), fault(analysis.target_rate, text, "write a higher rate")
    if analysis.level + analysis.miss >= 1.0:
        text = "and miss add up to 1 or more: the two lines of the test would cross"
        yield ("analysis", "level"), fault(analysis.level, text, "lower one of them")
    if n is not None and analysis.first_look > n:
        text = f"comes after the last of {n} people"
        yield ("analysis", "first_look"), fault(analysis.first_look, text, f"write {n} or less")


def _own(analysis: OwnTable, n: int | None) -> Iterator[Found]:
    looks, low, high = analysis.looks, analysis.stop_at_most, analysis.succeed_at_least
    if not len(looks) == len(low) == len(high):
        shown = f"{len(looks)}, {len(low)} and {len(high)}"
        text = "is not one bound of each kind for each look"
        yield ("analysis", "looks"), fault(shown, text, "give the three lists the same length")
        return
    if any(b <= a for a, b in itertools.pairwise(looks)):
        yield ("analysis", "looks"), fault("", "do not rise", "write rising numbers of people")
        return
    if n is not None and looks[-1] != n:
        text = f"is not the end: {n} people are to be treated"
        yield ("analysis", "looks"), fault(looks[-1], text, f"end the looks at {n}")
    for k, (look, most, least) in enumerate(zip(looks, low, high, strict=True)):
        if most >= least:
            text = (
                f"contradicts succeed_at_least = {least}: {least} of {look} would stop and succeed"
            )
            yield ("analysis", "stop_at_most", k), fault(most, text, "let the two bounds part")
    if low[-1] != high[-1] - 1:
        text = f"leaves {low[-1] + 1} to {high[-1] - 1} of {looks[-1]} undecided at the end"
        place = ("analysis", "stop_at_most", len(looks) - 1)
        if low[-1] < high[-1]:
            yield place, fault(low[-1], text, f"write {high[-1] - 1}, or lower succeed_at_least")
    if all(least > look for look, least in zip(looks, high, strict=True)):
        text = "can never be met"
        yield ("analysis", "succeed_at_least"), fault("", text, "let some result succeed")


def _sequential(analysis: GroupSequential) -> Iterator[Found]:
    needs = _NEEDS.get(analysis.bounds)
    if (needs is None) != (analysis.parameter is None):
        text = f"is not used by {analysis.bounds}" if needs is None else "is missing"
        mend = "drop it" if needs is None else f"add parameter = ..., {needs}"
        yield ("analysis", "parameter"), fault(analysis.parameter, text, mend)
    elif analysis.bounds == "Kim-DeMets" and (analysis.parameter or 0.0) <= 0.0:
        yield ("analysis", "parameter"), fault(analysis.parameter, "must be above 0", "write rho")
    spends = analysis.futility is not None
    for name in ("miss", "futility_parameter"):
        given = getattr(analysis, name)
        if spends and given is None:
            yield ("analysis", name), fault("", "is missing for futility bounds", f"add {name}")
        elif not spends and given is not None:
            text = "is not used without futility bounds"
            yield ("analysis", name), fault(given, text, "drop it, or add futility")
    if analysis.binding and not spends:
        yield ("analysis", "binding"), fault("true", "binds no futility bound", "drop it")
    if spends and analysis.bounds in (
        "Pocock",
        "O'Brien-Fleming",
        "Wang-Tsiatis",
        "Haybittle-Peto",
    ):
        text = f"needs efficacy bounds that spend alpha, not {analysis.bounds}"
        mend = "use one of the Lan-DeMets, Hwang-Shih-DeCani or Kim-DeMets bounds"
        yield ("analysis", "futility"), fault(f'"{analysis.futility}"', text, mend)
    if analysis.miss is not None and analysis.level + analysis.miss >= 1.0:
        text = "leaves no power above the level"
        yield ("analysis", "miss"), fault(analysis.miss, text, "lower it")
