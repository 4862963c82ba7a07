"""Which design of a grid meets stated goals at the least cost, and which designs nothing beats.

Cost is counted in eligible people taken up: they are what this field has fewest of.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saisei.design.measures import MEASURES
from saisei.errors import InputError

__all__ = ["FRONT", "Choice", "Goal", "Shortfall", "cheapest", "front", "parse_goal"]

Row = Mapping[str, Any]

_GOAL = re.compile(r"^\s*([A-Za-z0-9_]+)\s*(>=|<=|>|<)\s*([0-9.eE+-]+)\s*(%?)\s*$")
# what designs are compared on where nothing else is said; power is the only one of which more is better
FRONT = ("eligible", "months", "type1", "power")
# the order in which ties are settled
_COST = ("eligible", "months", "people", "cell")


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a measure."""

    measure: str
    at_least: bool
    bound: float

    def __str__(self) -> str:
        return f"{self.measure} {'>=' if self.at_least else '<='} {self.bound:g}"

    def short_by(self, found: float) -> float:
        """How far a value falls short of the goal; 0 or less when it is met."""
        return self.bound - found if self.at_least else found - self.bound


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What stands between the grid and one goal.

    Attributes:
        goal: which.
        best: best value of the measure in the whole grid, and the row that has it.
        best_with_others: the same among the designs that meet every other goal; None when none does.
    """

    goal: Goal
    best: float
    best_row: Row
    best_with_others: float | None
    best_with_others_row: Row | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to stated goals.

    Attributes:
        met: how many designs meet all goals.
        row: the cheapest of them; None when there is none.
        shortfalls: when there is none: each goal that some design of the grid, or all that meet the
            others, cannot meet.
    """

    met: int
    row: Row | None
    shortfalls: tuple[Shortfall, ...]


def parse_goal(text: str) -> Goal:
    """The goal that a text says.

    Raises:
        InputError: it is not `measure>=number` or `measure<=number`, or the measure is unknown.

    >>> parse_goal("power>=80%")
    Goal(measure='power', at_least=True, bound=0.8)
    """
    match = _GOAL.match(text)
    if match is None:
        raise InputError(f"goal {text!r}: write measure>=number, as in power>=0.8 or type1<=0.1")
    name, relation, number, percent = match.groups()
    if name not in MEASURES:
        close = difflib.get_close_matches(name, MEASURES, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise InputError(f"goal {name}: is no measure; {hint}there are {', '.join(MEASURES)}")
    try:
        bound = float(number) / (100.0 if percent else 1.0)
    except ValueError:
        raise InputError(f"goal {text!r}: {number} is not a number") from None
    if MEASURES[name].unit == "probability" and not 0.0 <= bound <= 1.0:
        raise InputError(
            f"goal {text!r}: {bound:g} is not a probability; write 0.8 or 80% for eighty percent"
        )
    return Goal(name, relation.startswith(">"), bound)


def _value(row: Row, name: str) -> float | None:
    found = row.get(name)
    return None if found is None else float(found)


def _meets(row: Row, goal: Goal) -> bool:
    found = _value(row, goal.measure)
    return found is not None and goal.short_by(found) <= 0.0


def cheapest(rows: Sequence[Row], goals: Sequence[Goal]) -> Choice:
    """The design that meets every goal with the fewest eligible people, or what is missing.

    Ties go to the sooner result, then to fewer people, then to the order of the grid.

    Args:
        rows: of a sweep; cells that are no designs are left out of the search.
        goals: at least one.

    Raises:
        InputError: no row is a design, or a measure is known for none of them.
    """
    sound = [row for row in rows if not row.get("fault")]
    if not sound:
        raise InputError(
            "no cell of the grid is a sound design; see the column fault of the results"
        )
    for goal in goals:
        if all(_value(row, goal.measure) is None for row in sound):
            raise InputError(
                f"goal {goal}: no design of the grid has this measure; the document must state what it needs"
            )
    good = [row for row in sound if all(_meets(row, goal) for goal in goals)]
    if good:
        return Choice(len(good), min(good, key=_cost), ())
    return Choice(0, None, tuple(_shortfalls(sound, goals)))


def _cost(row: Row) -> tuple[float, ...]:
    return tuple(float(row[name]) for name in _COST)


def _shortfalls(sound: Sequence[Row], goals: Sequence[Goal]) -> list[Shortfall]:
    found = []
    for goal in goals:
        others = [one for one in goals if one is not goal]
        best = _best(sound, goal)
        assert best is not None
        near = _best([row for row in sound if all(_meets(row, one) for one in others)], goal)
        found.append(Shortfall(goal, best[0], best[1], *(near or (None, None))))
    return found


def _best(rows: Sequence[Row], goal: Goal) -> tuple[float, Row] | None:
    known = [(found, row) for row in rows if (found := _value(row, goal.measure)) is not None]
    if not known:
        return None
    return min(known, key=lambda pair: (goal.short_by(pair[0]), _cost(pair[1])))


def front(rows: Sequence[Row], measures: Sequence[str] = FRONT) -> list[bool]:
    """Whether each row is on the Pareto front: no other is at least as good on all and better on one.

    Args:
        rows: of a sweep; a cell that is no design, or lacks a measure, is never on the front.
        measures: to compare on.
    """
    signs = [1.0 if MEASURES[name].less_is_better else -1.0 for name in measures]
    points: list[tuple[tuple[float, ...], int]] = []
    for place, row in enumerate(rows):
        values = [_value(row, name) for name in measures]
        if not row.get("fault") and None not in values:
            costs = tuple(s * v for s, v in zip(signs, values, strict=True) if v is not None)
            points.append((costs, place))
    kept: list[tuple[float, ...]] = []
    found = [False] * len(rows)
    for costs, place in sorted(points):  # whoever beats a point comes before it in this order
        if not any(_beats(one, costs) for one in kept):
            kept.append(costs)
            found[place] = True
    return found


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
