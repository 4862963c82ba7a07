"""How well a published row fits given people, in a score and in words.

Takes a row and a target (grade, levels, exam-day window, follow-up, era). Gives a score between 0 and 1: a
product of one factor per reason, so that no virtue hides a fault. It ranks rows for a reader; the
landmark model does not use it.
"""

from __future__ import annotations

from dataclasses import dataclass

from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.study.registries.rows import Kind, Row

__all__ = ["Match", "Target", "match"]

_UNSUITABLE = 0.0
_SLIGHT = 0.8  # a fault that a reader should know
_CLEAR = 0.5  # a fault that moves the answer
_STRONG = 0.25  # a fault that may turn the answer
_FOLLOW_SLACK_DAYS = 60.0  # within two months a visit counts as the same visit
_ERA_SLACK_YEARS = 5
_FEW_PEOPLE = 20
_MOSTLY = 0.75  # share of the target levels that a row must cover


@dataclass(frozen=True, slots=True)
class Target:
    """The people to match: days are since injury, years are years of injury; None is unknown."""

    grade: AIS
    levels: tuple[Level, Level] | None = None
    exam_days: tuple[float, float] | None = None
    follow_up_days: float | None = None
    era: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """How well `row` fits: score 0 (unsuitable) to 1, with the reasons, faults first."""

    row: Row
    score: float
    reasons: tuple[str, ...]

    @property
    def suitable(self) -> bool:
        """Whether the row may stand beside these people at all."""
        return self.score > _UNSUITABLE


def match(row: Row, target: Target) -> Match:
    """Score `row` for `target` and say why.

    >>> from saisei.study.registries import load
    >>> rows = {row.id: row for row in load()}
    >>> match(rows["marino-2011-c-tetraplegia"], Target(AIS.A)).reasons
    ('its people were AIS C, these are AIS A',)
    """
    if row.kind is Kind.TREATED:
        return Match(row, _UNSUITABLE, ("its people were treated",))
    if row.initial != target.grade:
        reason = f"its people were AIS {row.initial}, these are AIS {target.grade}"
        return Match(row, _UNSUITABLE, (reason,))
    parts = [
        _levels(row, target),
        _window(row, target),
        _follow(row, target),
        _era(row, target),
        _size(row),
    ]
    if row.kind is Kind.META or not row.fitted:
        parts.append((_CLEAR, f"context only: {row.why_not}"))
    score = 1.0
    for factor, _ in parts:
        score *= factor
    ordered = sorted(parts, key=lambda part: part[0])
    return Match(row, score, tuple(reason for _, reason in ordered if reason))


def _levels(row: Row, target: Target) -> tuple[float, str]:
    if target.levels is None:
        return _SLIGHT, "the levels of these people are not known"
    low, high = max(row.levels[0], target.levels[0]), min(row.levels[1], target.levels[1])
    common = max(0, high - low + 1)
    if not common:
        return _STRONG, f"levels do not meet ({row.level_label})"
    covered = common / (target.levels[1] - target.levels[0] + 1)
    own = common / (min(row.levels[1], Level.T12) - row.levels[0] + 1)
    if covered < _MOSTLY:
        return _CLEAR, f"levels fit in part ({row.level_label})"
    if own >= 0.5:
        return 1.0, f"levels fit ({row.level_label})"
    return (_SLIGHT if own >= 0.3 else _CLEAR), f"levels are wider ({row.level_label})"


def _window(row: Row, target: Target) -> tuple[float, str]:
    if target.exam_days is None:
        return _SLIGHT, "the exam day of these people is not known"
    first, last = row.baseline_days
    mean = row.baseline_mean if row.baseline_mean is not None else (first + last) / 2
    low, high = target.exam_days
    if low <= mean <= high:
        return 1.0, f"baseline window fits ({row.baseline_label})"
    if mean < low:
        if last >= low:
            return _SLIGHT, f"baseline partly earlier ({row.baseline_label}): more recovery ahead"
        return _CLEAR, f"baseline earlier ({row.baseline_label}): more recovery still ahead"
    if first > high:
        return _STRONG, f"baseline later ({row.baseline_label}): less recovery still ahead"
    return _SLIGHT, f"baseline partly later ({row.baseline_label})"


def _follow(row: Row, target: Target) -> tuple[float, str]:
    if target.follow_up_days is None:
        return _SLIGHT, "the follow-up of these people is not known"
    first, last = row.follow_days
    if row.follow_mean is not None:
        first = last = row.follow_mean
    if first - _FOLLOW_SLACK_DAYS <= target.follow_up_days <= last + _FOLLOW_SLACK_DAYS:
        if last - first > 4 * _FOLLOW_SLACK_DAYS:
            return _SLIGHT, f"follow-up is spread ({row.follow_label})"
        return 1.0, f"follow-up fits ({row.follow_label})"
    if target.follow_up_days > last:
        return _SLIGHT, f"follow-up shorter ({row.follow_label})"
    return _CLEAR, f"follow-up longer ({row.follow_label})"


def _era(row: Row, target: Target) -> tuple[float, str]:
    years = f"{row.era[0]} to {row.era[1]}"
    if not row.era_known:
        return _SLIGHT, "its years of injury are not printed"
    if target.era is None:
        return _SLIGHT, "the years of injury of these people are not known"
    gap = max(target.era[0] - row.era[1], row.era[0] - target.era[1], 0)
    if gap == 0:
        return 1.0, f"years fit ({years})"
    if gap <= _ERA_SLACK_YEARS:
        return _SLIGHT, f"years are near ({years})"
    return _CLEAR, f"years are far ({years}): recovery has risen over time"


def _size(row: Row) -> tuple[float, str]:
    if row.smallest_n < _FEW_PEOPLE:
        return _SLIGHT, f"few people ({row.n_label or row.smallest_n})"
    return 1.0, ""
