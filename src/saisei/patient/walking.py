"""Walking a year after the injury, by published rules, for whole tables of exams.

A rule gives the share of a published cohort that walks: van Middendorp 2011 (exam within 15 days) or Hicks
2017, from age and the better side's L3 and S1 items. The rules are data of `saisei.exam.walking`, with
their sources and with both readings of the three-variable form of Hicks (light touch S1 as its abstract
says, L3 as its public calculator has it), each a rule of its own name. Who walks is one draw per person
with that share. Beyond age and exam nothing enters; no person's course after the exam does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, compiled, fill_uniforms
from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level
from saisei.exam.walking import rule_named

__all__ = ["draw_walking", "rule_exam", "walking_share"]

_SIDE, _SEGMENTS = 66, len(DERMATOMES)
_PURPOSE = PURPOSES["walking"]


def _better(codes: NDArray[np.int8], column: int) -> NDArray[np.float64]:
    """The better examined grade of both sides; NaN where a side is not testable."""
    sides = codes[:, [column, column + _SIDE]] % 10
    grade: NDArray[np.float64] = sides.max(axis=1).astype(np.float64)
    grade[(sides == 9).any(axis=1)] = np.nan
    return grade


def walking_share(
    codes: NDArray[np.int8], ages: NDArray[np.int64], rule: str
) -> NDArray[np.float64]:
    """The share of people with such an exam and age who walk a year later, (n,); NaN where an item is NT.

    Args:
        codes: exams, (n, 136).
        ages: years, (n,).
        rule: a name of `saisei.exam.walking.RULES`.

    Raises:
        InputError: an unknown rule.
    """
    chosen = rule_named(rule)
    points = np.where(ages >= chosen.age_limit_years, float(chosen.points_age), 0.0)
    for level in (Level.L3, Level.S1):
        name = level.name.lower()
        motor = _better(codes, 2 * _SEGMENTS + KEY_MUSCLES.index(level))
        touch = _better(codes, DERMATOMES.index(level))
        for weight, grade in (
            (getattr(chosen, f"points_motor_{name}"), motor),
            (getattr(chosen, f"points_light_touch_{name}"), touch),
        ):
            points = points + weight * grade if weight else points
    return np.asarray(1.0 / (1.0 + np.exp(-(chosen.intercept + chosen.slope * points))))


def rule_exam(days: NDArray[np.int64], held: NDArray[np.bool_], last_day: int) -> NDArray[np.int64]:
    """Which visit a rule reads: the last one held up to `last_day`, (n,); -1 where there is none.

    Args:
        days: days after the injury, (n, visits).
        held: whether each visit took place, (n, visits).
        last_day: last day of the rule's window.
    """
    order = np.where(held & (days <= last_day), days, -1)
    best: NDArray[np.int64] = order.argmax(axis=1)
    return np.where(order.max(axis=1) >= 0, best, -1)


@compiled
def _draw(
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    shares: NDArray[np.float64],
    walks: NDArray[np.int8],
) -> None:
    room = np.empty(1)
    for i in range(len(persons)):
        fill_uniforms(room, seed, persons[i], 0, _PURPOSE, attempts[i])
        if shares[i] >= 0.0:
            walks[i] = 1 if room[0] < shares[i] else 0


def draw_walking(
    seed: int,
    persons: NDArray[np.int64],
    attempts: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Whether each person walks at a year, 1 or 0; -1 where the share is not known. One draw a person."""
    walks = np.full(len(persons), -1, dtype=np.int8)
    _draw(seed, persons, attempts, shares, walks)
    return walks
