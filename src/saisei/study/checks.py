"""What one part of a document says about another: keys that exist, counts that add up, days in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from saisei.errors import Fault
from saisei.params import value
from saisei.study.lines import Path
from saisei.study.schema import Arm, Participant, Sourced, Visit
from saisei.study.schema.people import Origin
from saisei.study.sections import Sections

__all__ = ["cross_check"]

Found = tuple[Path, Fault]

# keys that hold source keys, wherever they stand
_CITING = ("source", "said_by", "looked_in")
# lists whose items carry a name that must be the only one: section -> field
_NAMED = {
    "arms": "key", "participants": "id", "visits": "key", "endpoints": "key", "claims": "key",
}  # fmt: skip
# where items point to another list: field -> section that holds the names
_POINTS = {"arm": "arms", "part_of": "arms", "visit": "visits", "endpoint": "endpoints"}
# nothing of the schema lies deeper; what does is an unknown key, reported once at its head
_DEPTH = 12


def cross_check(raw: Mapping[str, Any], sections: Sections) -> list[Found]:
    """All faults between parts; `raw` is the parsed tree, `sections` its sound items."""
    found = [*_unknown_sources(raw), *_twice(raw), *_dangling(raw)]
    checks: tuple[Callable[[Sections], Iterator[Found]], ...] = (
        _participants_fit_arms, _transitions_fit_arms, _counts_fit_arms, _days_in_order,
        _ages_believable, _visits_in_order, _parts_fit, _adverse_events_fit,
    )  # fmt: skip
    for check in checks:
        found += check(sections)
    return found


def _unknown_sources(raw: Mapping[str, Any]) -> Iterator[Found]:
    table = raw.get("sources")
    if not isinstance(table, Mapping):
        return
    known = set(table)
    stack: list[tuple[Path, Any]] = [((), raw)]
    while stack:
        path, node = stack.pop()
        if len(path) > _DEPTH:
            continue
        if isinstance(node, Mapping):
            stack += [((*path, key), child) for key, child in reversed(list(node.items()))]
        elif isinstance(node, list):
            if path[-1] not in _CITING:
                stack += [((*path, i), child) for i, child in reversed(list(enumerate(node)))]
                continue
            for position, key in enumerate(node):
                if isinstance(key, str) and key not in known:
                    mend = f"add [sources.{key}] or name one of {_some(sorted(known))}"
                    yield (*path, position), Fault("", f'"{key}"', "is not among the sources", mend)


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") if names else "none yet"


def _names(raw: Mapping[str, Any], section: str, field: str) -> list[tuple[int, str]]:
    content = raw.get(section)
    if not isinstance(content, list):
        return []
    return [
        (i, item[field])
        for i, item in enumerate(content)
        if isinstance(item, Mapping) and isinstance(item.get(field), str)
    ]


def _twice(raw: Mapping[str, Any]) -> Iterator[Found]:
    for section, field in _NAMED.items():
        first: dict[str, int] = {}
        for position, name in _names(raw, section, field):
            if name in first:
                rule = f"is taken: {section}[{first[name]}] has the same {field}"
                fault = Fault("", f'"{name}"', rule, f"give each its own {field}")
                yield (section, position, field), fault
            first.setdefault(name, position)


def _dangling(raw: Mapping[str, Any]) -> Iterator[Found]:
    names = {
        section: dict.fromkeys(name for _, name in _names(raw, section, _NAMED[section]))
        for section in _POINTS.values()
    }
    for section, content in raw.items():
        if not isinstance(content, list):
            continue
        for position, item in enumerate(content):
            yield from _points(names, (section, position), item)
            outcomes = item.get("outcomes") if isinstance(item, Mapping) else None
            for place, outcome in enumerate(outcomes if isinstance(outcomes, list) else []):
                yield from _points(names, (section, position, "outcomes", place), outcome)


def _points(names: Mapping[str, dict[str, None]], path: Path, item: Any) -> Iterator[Found]:
    for field, section in _POINTS.items():
        name = item.get(field) if isinstance(item, Mapping) else None
        if isinstance(name, str) and name not in names[section]:
            mend = f"add it to {section} or write one of {_some(list(names[section]))}"
            yield (*path, field), Fault("", f'"{name}"', f"is not among the {section}", mend)


def _arm_sizes(sections: Sections) -> dict[str, int]:
    arms: list[Arm] = [arm for _, arm in sections.of("arms")]
    return {arm.key: arm.n.value for arm in arms if arm.n.value is not None}


def _participants_fit_arms(sections: Sections) -> Iterator[Found]:
    if not sections.whole("arms", "participants"):
        return
    sizes = _arm_sizes(sections)
    listed = Counter(person.arm for _, person in sections.of("participants"))
    if not listed.keys() <= {arm.key for _, arm in sections.of("arms")}:
        return  # a person who points nowhere is reported already
    for position, arm in sections.of("arms"):
        n = sizes.get(arm.key)
        if n is not None and arm.key in listed and listed[arm.key] != n:
            rule = f"does not fit the {listed[arm.key]} participants listed for this arm"
            mend = "list every person of the arm (with unknowns) or none, or mend n"
            yield ("arms", position, "n"), Fault("", str(n), rule, mend)


def _transitions_fit_arms(sections: Sections) -> Iterator[Found]:
    if not sections.whole("arms", "transitions"):
        return
    sizes = _arm_sizes(sections)
    totals: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], int] = {}
    for position, row in sections.of("transitions"):
        totals[row.arm, row.visit] += row.count
        last[row.arm, row.visit] = position
    for (arm, visit), total in totals.items():
        if arm in sizes and total != sizes[arm]:
            rule = f"the counts of arm {arm} at {visit} add up to {total}, the arm has {sizes[arm]}"
            mend = "count everybody; people not seen get a row with missing = true"
            yield ("transitions", last[arm, visit], "count"), Fault("", "", rule, mend)


def _counts_fit_arms(sections: Sections) -> Iterator[Found]:
    sizes = _arm_sizes(sections)
    for section in ("conversions", "motor_levels"):
        for position, row in sections.of(section):
            if row.arm in sizes and row.n > sizes[row.arm]:
                rule = f"is more than the {sizes[row.arm]} people of arm {row.arm}"
                yield (section, position, "n"), Fault("", str(row.n), rule, "mend n or the arm")


def _adverse_events_fit(sections: Sections) -> Iterator[Found]:
    for position, row in sections.of("adverse_events"):
        path: Path = ("adverse_events", position)
        if row.people.unknown and row.events.unknown and not row.people.source + row.events.source:
            mend = "give people, events, or one of them as unknown with its source"
            yield path, Fault("", "", "counts neither people nor events", mend)
        people, n = row.people.value, row.n.value
        if people is not None and n is not None and people > n:
            rule = f"is more than the {n} people at risk"
            yield (*path, "people"), Fault("", str(people), rule, "mend people or n")
        if people == 0 and row.events.value:
            rule = f"nobody is counted but {row.events.value} events are"
            yield (*path, "people"), Fault("", "0", rule, "mend people or events")


def _parts_fit(sections: Sections) -> Iterator[Found]:
    sizes = _arm_sizes(sections)
    parents = {arm.key: arm.part_of for _, arm in sections.of("arms")}
    for position, arm in sections.of("arms"):
        whole = arm.part_of
        if whole in sizes and arm.key in sizes and sizes[arm.key] > sizes[whole]:
            rule = f"is more than the {sizes[whole]} people of arm {whole}, of which it is a part"
            yield ("arms", position, "n"), Fault("", str(sizes[arm.key]), rule, "mend n or part_of")
        seen = {arm.key}
        while whole is not None and whole not in seen:
            seen.add(whole)
            whole = parents.get(whole)
        if whole is not None and whole == arm.key:
            fault = Fault("", f'"{arm.part_of}"', "makes an arm a part of itself", "mend part_of")
            yield ("arms", position, "part_of"), fault


def _days_in_order(sections: Sections) -> Iterator[Found]:
    visits = {visit.key: visit for _, visit in sections.of("visits")}
    for position, person in sections.of("participants"):
        path: Path = ("participants", position)
        if _before(person.treatment_day, person.exam_day):
            rule = f"lies before the baseline exam (day {person.exam_day.text})"
            fault = Fault("", person.treatment_day.text, rule, "the exam comes before treatment")
            yield (*path, "treatment_day"), fault
        for place, outcome in enumerate(person.outcomes):
            here = (*path, "outcomes", place)
            if outcome.visit is None and outcome.day.unknown and not outcome.day.source:
                mend = "name its visit or give day"
                yield here, Fault("", "", "an outcome needs a time", mend)
            if _before(outcome.day, person.exam_day):
                rule = f"lies before the baseline exam (day {person.exam_day.text})"
                fault = Fault("", outcome.day.text, rule, "follow-up comes after the baseline exam")
                yield (*here, "day"), fault
            elif _visit_before(visits.get(outcome.visit or ""), person):
                rule = f"lies before the baseline exam (day {person.exam_day.text})"
                fault = Fault("", str(outcome.visit), rule, "mend the visit or the exam day")
                yield (*here, "visit"), fault


def _before(later: Sourced[float], earlier: Sourced[float]) -> bool:
    return later.high is not None and earlier.low is not None and later.high < earlier.low


def _visit_before(visit: Visit | None, person: Participant) -> bool:
    counted = visit is not None and visit.counted_from is Origin.INJURY
    return visit is not None and counted and _before(visit.day, person.exam_day)


def _ages_believable(sections: Sections) -> Iterator[Found]:
    highest = float(value("study.max_age_years"))
    for position, person in sections.of("participants"):
        age = person.age_years.low
        if age is not None and age > highest:
            rule = f"is above {highest:g} years"
            yield (
                ("participants", position, "age_years"),
                Fault("", f"{age:g}", rule, "check the source"),
            )


def _visits_in_order(sections: Sections) -> Iterator[Found]:
    latest: dict[Origin, Visit] = {}
    for position, visit in sections.of("visits"):
        before = latest.get(visit.counted_from)
        if before is not None and _before(visit.day, before.day):
            rule = f"lies before {before.key} (day {before.day.text}), which is listed first"
            fault = Fault("", visit.day.text, rule, "list the visits in order of time")
            yield ("visits", position, "day"), fault
        latest[visit.counted_from] = visit
