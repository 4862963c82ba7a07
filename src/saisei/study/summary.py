"""A study in plain text, for reading at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from saisei.study.schema import AdverseEvents, Arm, Confidence, Participant, Sourced
from saisei.study.study import Study

__all__ = ["summary"]

_WIDTH = 100


def summary(study: Study) -> str:
    """The record of a study as text, each value with its sources and a mark where it is weak."""
    parts: Iterable[Iterable[str]] = (
        _head(study), _plan(study), _arms(study), _people(study), _changes(study), _scores(study),
        _harm(study), _claims(study), _disagreements(study), _arithmetic(study), _limits(study),
        _sources(study),
    )  # fmt: skip
    blocks = ["\n".join(part) for part in parts]
    return "\n\n".join(block for block in blocks if block)


def _line(text: str, indent: str = "  ", hang: str = "    ") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent + hang[len(indent) - 2 :],
        break_on_hyphens=False,
    )  # fmt: skip


def _cited(study: Study, part: Any) -> str:
    """`[S1, S2; low confidence]` behind a value; high confidence goes without saying."""
    keys = ", ".join(getattr(part, "source", ()))
    confidence = getattr(part, "confidence", None)
    middling = "medium confidence" if confidence is Confidence.MEDIUM else ""
    mark = study.mark(part) or middling
    inside = "; ".join(one for one in (keys, mark) if one)
    return f" [{inside}]" if inside else ""


def _value(study: Study, name: str, one: Sourced[Any]) -> str:
    note = f" ({one.note})" if one.note else ""
    return f"{name}: {one.text}{note}{_cited(study, one)}"


def _mentioned(part: Any, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, Sourced[Any]]]:
    for name in type(part).model_fields:
        one = getattr(part, name)
        if isinstance(one, Sourced) and one.source and name not in skip:
            yield name.replace("_", " "), one


def _head(study: Study) -> Iterator[str]:
    yield f"{study.id}: {study.title}"
    yield _line(study.document.summary, "  ", "  ")
    yield _line(_value(study, "status", study.document.status))
    for registry in study.document.registries:
        yield _line(_value(study, registry.name, registry.id))
    yield f"  schema {study.document.schema_version}, sha256 {study.digest[:16]}"


def _plan(study: Study) -> Iterator[str]:
    document = study.document
    for title, part in (
        ("Design", document.design), ("Product", document.product),
        ("Who could enter (days from the injury)", document.eligibility),
    ):  # fmt: skip
        yield title
        for name, one in _mentioned(part):
            yield _line(_value(study, name, one))
    for exclusion in document.eligibility.exclusions:
        yield _line(_value(study, f"excluded, {exclusion.group}", exclusion.what))
    if document.endpoints:
        yield "Outcome definitions"
    for endpoint in document.endpoints:
        text = f"{endpoint.name} ({endpoint.rank}; {endpoint.chosen.value}): {endpoint.definition}"
        yield _line(text + _cited(study, endpoint))


def _arms(study: Study) -> Iterator[str]:
    yield "Arms"
    for arm in study.arms:
        part = f", part of {arm.part_of}" if arm.part_of else ""
        text = f"{arm.key} ({arm.role.value}{part}): {arm.name}, n = {arm.n.text}"
        yield _line(text + _cited(study, arm.n))
        yield from (_line(_value(study, name, one), "    ") for name, one in _arm_values(arm))


def _arm_values(arm: Arm) -> Iterator[tuple[str, Sourced[Any]]]:
    return _mentioned(arm, skip=("n",))


def _people(study: Study) -> Iterator[str]:
    if not study.participants:
        return
    yield "Participants (days from the injury)"
    for person in study.participants:
        yield f"  {person.id} ({person.arm})"
        for name, one in _mentioned(person):
            yield _line(_value(study, name, one), "    ")
        yield from _outcomes(study, person)


def _outcomes(study: Study, person: Participant) -> Iterator[str]:
    for outcome in person.outcomes:
        when = outcome.visit or f"day {outcome.day.text}"
        for name, one in _mentioned(outcome, skip=("day",)):
            yield _line(_value(study, f"{when}, {name}", one), "    ")
        for measure, score in outcome.scores.items():
            yield _line(_value(study, f"{when}, {measure}", score), "    ")


def _changes(study: Study) -> Iterator[str]:
    rows = study.document.transitions
    counted = [arm for arm in study.arms if study.changes(arm.key)]
    if counted:
        yield "AIS grades gained"
    for arm in counted:
        one, two = (study.conversions(arm.key, at_least_grades=k) for k in (1, 2))
        yield f"  {arm.key}: one or more {one}; two or more {two}"
    for row in rows:
        before = " or ".join(row.before)
        after = " or ".join(row.after or ())
        after = after or ("unchanged" if row.unchanged else "not seen")
        note = f" ({row.note})" if row.note else ""
        yield _line(f"{row.arm}, {before} to {after}: {row.count}{note}{_cited(study, row)}")


def _scores(study: Study) -> Iterator[str]:
    if study.motor_levels:
        yield "Motor levels gained"
    for row in study.motor_levels:
        early = ", interim" if row.interim else ""
        text = f"{row.arm}, {row.visit}{early}: {row.levels} or more on {row.sides}: "
        yield _line(f"{text}{row.count} of {row.n}{_cited(study, row)}")
    if study.continuous:
        yield "Scores (mean and spread)"
    for one in study.continuous:
        spread = f" ± {one.spread:g} {one.spread_type.value}" if one.spread is not None else ""
        text = f"{one.arm}, {one.measure}, {one.visit} ({one.kind}): {one.mean:g}{spread}, n = "
        yield _line(f"{text}{one.n.text}{_cited(study, one)}")


def _harm(study: Study) -> Iterator[str]:
    if study.adverse_events:
        yield "Harm"
    for row in study.adverse_events:
        yield _line(f"{row.arm}, {row.kind.value}: {row.what}: {_harm_counts(study, row)}")


def _harm_counts(study: Study, row: AdverseEvents) -> str:
    counts = [
        (f"{name} {one.text}" if one.unknown else f"{one.text} {name}") + _cited(study, one)
        for name, one in (("people", row.people), ("events", row.events))
        if one.source
    ]
    note = f" ({row.note})" if row.note else ""
    return f"{', '.join(counts)} among {row.n.text}{note}"


def _claims(study: Study) -> Iterator[str]:
    if study.claims:
        yield "Claims against the record"
    for claim in study.claims:
        said = ", ".join(claim.said_by)
        yield _line(f"{claim.verdict.value.upper()}: {claim.text} (said by {said})")
        yield _line(claim.finding + _cited(study, claim), "    ")
        if claim.note:
            yield _line(claim.note, "    ")


def _disagreements(study: Study) -> Iterator[str]:
    if study.document.disagreements:
        yield "Where sources disagree"
    for one in study.document.disagreements:
        yield _line(one.topic)
        for version in one.versions:
            yield _line(f"- {version.text}{_cited(study, version)}", "    ")
        state = "reading taken" if one.resolved else "open; reading taken"
        yield _line(f"{state}: {one.reading} Why: {one.reason}", "    ")


def _arithmetic(study: Study) -> Iterator[str]:
    if study.document.arithmetic:
        yield "Arithmetic"
    for one in study.document.arithmetic:
        printed = f"printed {one.printed}; " if one.printed else ""
        text = f"{one.what}: {printed}recomputed {one.recomputed} ({one.method})"
        yield _line(text + _cited(study, one))


def _limits(study: Study) -> Iterator[str]:
    if study.document.limits:
        yield "Limits"
    yield from (_line(f"- {one.text}{_cited(study, one)}") for one in study.document.limits)
    if study.document.gaps:
        yield "Not known"
    for gap in study.document.gaps:
        looked = f" (looked in {', '.join(gap.looked_in)})" if gap.looked_in else ""
        yield _line(f"- {gap.what}: {gap.confidence.value}{looked}")


def _sources(study: Study) -> Iterator[str]:
    yield "Sources"
    for key, source in study.sources.items():
        doi = f" doi:{source.doi}" if source.doi else ""
        note = f" {source.note}." if source.note else ""
        yield _line(f"{key}: {source.cite}{doi} ({source.kind.value}; read: {source.read}).{note}")
