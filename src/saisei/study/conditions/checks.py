"""What one part of a condition document says about another."""

from __future__ import annotations

from collections.abc import Iterator

from saisei.errors import Fault
from saisei.study.conditions.document import ConditionDocument, CourseKind, Quantity

__all__ = ["condition_faults"]

# The values that each shape of course needs; a course states these and no others.
NEEDS: dict[CourseKind, frozenset[str]] = {
    CourseKind.DRIFT: frozenset(
        ("start_mean", "start_sd", "slope_mean", "slope_sd", "response_mean", "response_sd",
         "response_days", "noise_sd")
    ),
    CourseKind.DECLINE: frozenset(
        ("start_mean", "start_sd", "slope_mean", "slope_sd", "noise_sd", "median_survival_months")
    ),
    CourseKind.PROPORTIONAL: frozenset(
        ("start_mean", "start_sd", "severe_below", "recovered_share", "share_without_recovery",
         "recovery_days", "person_sd", "noise_sd")
    ),
    CourseKind.CATEGORIES: frozenset(),
}  # fmt: skip


def condition_faults(document: ConditionDocument) -> Iterator[Fault]:
    """Faults between the parts of a condition document."""
    scales = {one.key for one in document.scales}
    for i, row in enumerate(document.history):
        where = f"history[{i}]"
        yield from _scale(where, row.scale, scales)
        if row.quantity is Quantity.COUNTS and row.scale in scales:
            yield from _categories(document, f"{where}.counts", row.scale, len(row.counts))
        yield from _cited(document, where, row.source)
    for i, course in enumerate(document.courses):
        where = f"courses[{i}]"
        yield from _scale(where, course.scale, scales)
        yield from _values(where, course.kind, set(course.values))
        if course.kind is CourseKind.CATEGORIES and course.scale in scales:
            yield from _categories(document, f"{where}.counts", course.scale, len(course.counts))
        for name, one in course.values.items():
            yield from _cited(document, f"{where}.values.{name}", one.source)
    for i, scale in enumerate(document.scales):
        yield from _cited(document, f"scales[{i}]", scale.source)
    yield from _twice("scales", [one.key for one in document.scales])
    yield from _twice("history", [one.key for one in document.history])
    yield from _twice("courses", [one.key for one in document.courses])


def _scale(where: str, scale: str | None, scales: set[str]) -> Iterator[Fault]:
    if scale is not None and scale not in scales:
        mend = f"write one of {', '.join(sorted(scales))}, or add the scale"
        yield Fault(f"{where}.scale", f'"{scale}"', "is not among the scales", mend)


def _categories(document: ConditionDocument, where: str, scale: str, found: int) -> Iterator[Fault]:
    one = document.scale(scale)
    wanted = int(one.high - one.low) + 1
    if found != wanted:
        rule = f"has {found} categories, {scale} runs from {one.low:g} to {one.high:g}"
        yield Fault(where, "", rule, f"write {wanted} counts, from {one.low:g} up")


def _values(where: str, kind: CourseKind, given: set[str]) -> Iterator[Fault]:
    for name in sorted(NEEDS[kind] - given):
        yield Fault(f"{where}.values.{name}", "", "is missing", f"a {kind.value} course needs it")
    for name in sorted(given - NEEDS[kind]):
        mend = f"a {kind.value} course takes {', '.join(sorted(NEEDS[kind])) or 'no values'}"
        yield Fault(f"{where}.values.{name}", "", "is not a known value", mend)


def _cited(document: ConditionDocument, where: str, keys: tuple[str, ...]) -> Iterator[Fault]:
    for key in keys:
        if key not in document.sources:
            mend = f"add [sources.{key}]"
            yield Fault(f"{where}.source", f'"{key}"', "is not among the sources", mend)


def _twice(section: str, keys: list[str]) -> Iterator[Fault]:
    for key in sorted({one for one in keys if keys.count(one) > 1}):
        yield Fault(section, f'"{key}"', "is the key of two entries", "give each its own key")
