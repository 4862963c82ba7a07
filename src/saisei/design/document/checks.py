"""What one part of a design says about another: arms against method, endpoint against visits, days.

Checks look at the parts that are sound by themselves, so that one wrong number does not hide the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from saisei.design.document.analysis import ORDINAL, TWO_ARM
from saisei.design.document.checks_monitored import check_monitored
from saisei.design.document.checks_rules import check_rules
from saisei.design.document.confirmation import check_confirmation
from saisei.design.document.dosing import check_doses
from saisei.design.document.plan import Endpoint, Gate, Role, StatedNature, Summary
from saisei.design.document.values import Found, fault
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level

__all__ = ["Sound", "cross_check"]

_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound parts of a document; a part with a fault of shape is None."""

    parts: Mapping[str, Any]

    def get(self, *names: str) -> tuple[Any, ...] | None:
        """These parts when all of them are sound, else None."""
        found = tuple(self.parts.get(name) for name in names)
        return None if any(one is None for one in found) else found


def cross_check(sound: Sound) -> list[Found]:
    """All faults between parts."""
    found: list[Found] = []
    checks: tuple[Callable[[Sound], Iterator[Found]], ...] = (
        _keys_once, _strata, _days, _visit_exists, _arms_fit_method, _allocation, _staggering,
        _estimand, _endpoint_fits, _nature, _doses,
    )  # fmt: skip
    for check in checks:
        found += check(sound)
    return [
        *found,
        *check_rules(sound.parts),
        *check_monitored(sound.parts),
        *check_doses(sound.parts),
        *check_confirmation(sound.parts),
    ]


def _keys_once(sound: Sound) -> Iterator[Found]:
    for section in ("arms", "visits"):
        seen: dict[str, int] = {}
        for position, item in enumerate(sound.parts.get(section) or ()):
            if item.key in seen:
                text = f"is taken: {section}[{seen[item.key]}] has the same key"
                yield (section, position, "key"), fault(f'"{item.key}"', text, "give each its own")
            seen.setdefault(item.key, position)


def _strata(sound: Sound) -> Iterator[Found]:
    population = sound.parts.get("population")
    if population is None:
        return
    total = sum(one.share for one in population.strata)
    if abs(total - 1.0) > _SLACK:
        text = f"have shares that add up to {total:g}, not 1"
        yield ("population", "strata"), fault("", text, "make the shares add up to 1")
    for position, one in enumerate(population.strata):
        place = ("population", "strata", position)
        if one.grade is AIS.E:
            text = "leaves nothing to gain: AIS E is the best grade"
            yield (*place, "grade"), fault('"E"', text, "write A, B, C or D")
        if one.levels is None or one.grade is None:
            continue
        if one.levels[0] > one.levels[1]:
            yield (*place, "levels"), fault("", "runs backwards", "write the upper level first")
        elif one.grade is AIS.A and one.levels[1] > Level.T12:
            text = "reaches below T12, where no published row follows AIS A"
            yield (*place, "levels"), fault(one.levels[1].label, text, "end at T12 or above")


def _days(sound: Sound) -> Iterator[Found]:
    population = sound.parts.get("population")
    if population is None:
        return
    if population.age_years and population.age_years[0] > population.age_years[1]:
        yield ("population", "age_years"), fault("", "runs backwards", "write the younger first")
    if population.exam_day[0] > population.treatment_day[1]:
        shown = f"day {population.exam_day[0]:g}"
        text = f"comes after the last day of treatment, day {population.treatment_day[1]:g}"
        yield ("population", "exam_day"), fault(shown, text, "examine before treating")
    last = max(population.exam_day[1], population.treatment_day[1])
    for position, visit in enumerate(sound.parts.get("visits") or ()):
        if visit.counted_from == "injury" and visit.day <= last:
            text = f"is not after baseline and treatment, which may be as late as day {last:g}"
            mend = "count from the treatment, or plan the visit later"
            yield ("visits", position, "day"), fault(f"{visit.day:g}", text, mend)


def _visit_exists(sound: Sound) -> Iterator[Found]:
    found = sound.get("endpoint", "visits")
    if found is None:
        return
    endpoint, visits = found
    keys = [visit.key for visit in visits]
    if endpoint.visit not in keys:
        text = "is not among the visits"
        mend = f"add it or write one of {', '.join(keys)}"
        yield ("endpoint", "visit"), fault(f'"{endpoint.visit}"', text, mend)


def _arms_fit_method(sound: Sound) -> Iterator[Found]:
    found = sound.get("arms", "analysis")
    if found is None:
        return
    arms, analysis = found
    treated = [arm for arm in arms if arm.role is Role.TREATED]
    control = [arm for arm in arms if arm.role is Role.CONTROL]
    if not treated:
        yield ("arms",), fault("", "has no treated arm", 'add an arm with role = "treated"')
    if analysis.method in TWO_ARM and len(control) != 1:
        text = f"has {len(control)} control arms; {analysis.method} compares with one"
        yield ("arms",), fault("", text, 'give exactly one arm role = "control"')
    if analysis.method not in TWO_ARM and control:
        text = f"has a control arm that the analysis ({analysis.method}) never looks at"
        mend = f"drop it, or analyse with one of {', '.join(sorted(TWO_ARM))}"
        yield ("arms", arms.index(control[0]), "role"), fault('"control"', text, mend)


def _doses(sound: Sound) -> Iterator[Found]:
    for position, arm in enumerate(sound.parts.get("arms") or ()):
        if arm.role is Role.CONTROL and arm.dose_cells:
            text = "is a dose of cells in a control arm"
            yield ("arms", position, "dose_cells"), fault(arm.dose_cells, text, "leave it out")


def _allocation(sound: Sound) -> Iterator[Found]:
    found = sound.get("arms", "allocation")
    if found is None:
        return
    arms, allocation = found
    treated = sum(arm.n for arm in arms if arm.role is Role.TREATED)
    control = sum(arm.n for arm in arms if arm.role is Role.CONTROL)
    if (allocation.kind == "none") != (control == 0):
        text = "has controls but no way to choose them" if control else "has nobody to compare with"
        mend = 'write "randomised" or "concurrent, not randomised"' if control else 'write "none"'
        yield ("allocation", "kind"), fault(f'"{allocation.kind}"', text, mend)
    elif allocation.ratio is not None:
        left, right = allocation.ratio
        if left * control != right * treated:
            text = f"does not fit {treated} treated and {control} controls"
            yield ("allocation", "ratio"), fault(f"{left}:{right}", text, "mend the ratio or an n")


def _staggering(sound: Sound) -> Iterator[Found]:
    staggering = sound.parts.get("staggering")
    if staggering is None:
        return
    gated = staggering.gate is not Gate.NONE
    if gated and staggering.interval_days is None:
        yield (
            ("staggering", "interval_days"),
            fault("", "is missing", "say how long the gate shuts"),
        )
    if not gated and staggering.interval_days:
        text = "contradicts a trial without a gate"
        yield ("staggering", "interval_days"), fault(staggering.interval_days, text, "name a gate")
    if (staggering.gate is Gate.COHORT) != (staggering.cohort is not None):
        text = "is missing" if staggering.cohort is None else "belongs to a gate after each cohort"
        mend = "say how many people a cohort has" if staggering.cohort is None else "drop it"
        yield ("staggering", "cohort"), fault(staggering.cohort, text, mend)
    arms = sound.parts.get("arms")
    treated = sum(arm.n for arm in arms if arm.role is Role.TREATED) if arms else None
    if treated and staggering.cohort is not None and staggering.cohort > treated:
        text = f"is more than the {treated} people to be treated"
        yield ("staggering", "cohort"), fault(staggering.cohort, text, "write a smaller cohort")


def _estimand(sound: Sound) -> Iterator[Found]:
    found = sound.get("estimand", "analysis")
    if found is None:
        return
    estimand, analysis = found
    fitting = (
        Summary.SHIFT
        if analysis.method in ORDINAL
        else Summary.DIFFERENCE
        if analysis.method in TWO_ARM
        else Summary.PROBABILITY
    )
    if estimand.summary is not fitting:
        text = f"is not what the analysis ({analysis.method}) estimates"
        shown = f'"{estimand.summary}"'
        yield ("estimand", "summary"), fault(shown, text, f'write "{fitting}"')


def _endpoint_fits(sound: Sound) -> Iterator[Found]:
    found = sound.get("endpoint", "analysis")
    if found is None:
        return
    endpoint, analysis = found
    if (analysis.method in ORDINAL) != (endpoint.kind == "ordinal shift"):
        fitting = "ordinal shift" if analysis.method in ORDINAL else "conversion"
        fitting = "conversion" if endpoint.kind == "responder" else fitting
        text = f"is not what the analysis ({analysis.method}) looks at"
        yield ("endpoint", "kind"), fault(f'"{endpoint.kind}"', text, f'write "{fitting}"')
    population = sound.parts.get("population")
    if population is None:
        return
    yield from _groups_fit(endpoint, sound)
    for position, one in enumerate(population.strata):
        if one.grade is None:
            continue
        room = AIS.E.rank - one.grade.rank
        needed = 2 if endpoint.conversion == "two grades" else 1
        past = endpoint.conversion == "to D" and one.grade.rank >= AIS.D.rank
        if past or room < needed:
            text = f"cannot meet the endpoint {endpoint.conversion!r}"
            place = ("population", "strata", position, "grade")
            yield place, fault(f'"{one.grade}"', text, "leave these people out or change it")


def _groups_fit(endpoint: Endpoint, sound: Sound) -> Iterator[Found]:
    """Groups in words, a responder endpoint and a stated nature belong together."""
    groups = [one.group is not None for one in sound.parts["population"].strata]
    responder = endpoint.kind == "responder"
    for position, group in enumerate(groups):
        if group != responder:
            text = "does not fit the endpoint: a responder belongs to groups in words, an AIS to grades"
            mend = 'write group and kind = "responder", or grade and kind = "conversion"'
            yield ("population", "strata", position), fault("", text, mend)
    if responder and endpoint.definition is None:
        yield ("endpoint", "definition"), fault("", "is missing", "say which person counts")
    nature = sound.parts.get("natural_history")
    if responder and nature is not None and nature.origin == "landmark":
        text = "the landmark model knows AIS grades only"
        mend = 'write from = "stated" with low, centre, high and basis'
        yield ("natural_history", "from"), fault('"landmark"', text, mend)


def _nature(sound: Sound) -> Iterator[Found]:
    nature = sound.parts.get("natural_history")
    if not isinstance(nature, StatedNature):
        return
    if not nature.low <= nature.centre <= nature.high:
        text = "lies outside its own range low to high"
        yield ("natural_history", "centre"), fault(nature.centre, text, "mend low, centre or high")
    analysis, population = sound.parts.get("analysis"), sound.parts.get("population")
    if analysis is not None and analysis.method in ORDINAL and nature.grades is None:
        mend = 'add grades = [[A, B, C, D, E]] for each stratum, or write from = "landmark"'
        yield ("natural_history", "grades"), fault("", "is missing for an ordinal analysis", mend)
    for position, row in enumerate(nature.grades or ()):
        if abs(sum(row) - 1.0) > _SLACK:
            text = f"adds up to {sum(row):g}, not 1"
            place = ("natural_history", "grades", position)
            yield place, fault("", text, "give the chances of A, B, C, D and E")
    rows = 0 if nature.grades is None else len(nature.grades)
    if rows and population is not None and rows != len(population.strata):
        text = f"has {rows} rows for {len(population.strata)} strata"
        yield ("natural_history", "grades"), fault("", text, "give one row for each stratum")
