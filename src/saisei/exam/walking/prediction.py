"""Rules that predict walking one year after injury from age and four items of an early exam.

For each item the better side counts; the points are summed and put through a logistic curve:

    share walking = 1 / (1 + exp(-(intercept + slope * points)))

Coefficients and sources stand in `rules.toml`, each marked as read in a secondary implementation and not in
the paper. The outcomes differ between the rules. With NT the exact range of the points is carried through. A
flagged score counts with its examined grade. Research use only: the share of people like these in a cohort of
its time, never the prognosis of one person.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from math import exp, isfinite

from saisei.errors import ExamError, Fault, InputError
from saisei.exam.isncsci import DERMATOMES, KEY_MUSCLES, Exam, Level, Score

__all__ = ["RULES", "Items", "Range", "Rule", "Share", "items_of", "predict", "rule_named"]


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest value an item can have; equal when it was tested."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Items:
    """The four items of the rules, each the better side: motor 0-5, light touch 0-2.

    Raises:
        ExamError: ranges that are empty or outside the scale.
    """

    motor_l3: Range
    motor_s1: Range
    light_touch_l3: Range
    light_touch_s1: Range

    def __post_init__(self) -> None:
        faults = [
            Fault(name, f"{one.low} to {one.high}", f"must lie within 0 to {highest}")
            for name, highest in _HIGHEST.items()
            if not 0 <= (one := getattr(self, name)).low <= one.high <= highest
        ]
        if faults:
            raise ExamError(faults)


_HIGHEST = {"motor_l3": 5, "motor_s1": 5, "light_touch_l3": 2, "light_touch_s1": 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """One published rule: its name, its source, its points and its curve."""

    title: str
    source: str
    read_in: str
    status: str
    outcome: str
    population: str
    intercept: float
    slope: float
    age_limit_years: float
    points_age: int
    points_motor_l3: int
    points_motor_s1: int
    points_light_touch_l3: int
    points_light_touch_s1: int

    def points(self, age_years: float, items: Items) -> Range:
        """The sum of points, with its range where an item was not tested.

        Raises:
            InputError: an age that is no number of years, 0 or more.
        """
        if isinstance(age_years, bool) or not isfinite(age_years) or age_years < 0:
            raise InputError(f"age {age_years!r}: must be a number of years, 0 or more")
        age = self.points_age if age_years >= self.age_limit_years else 0
        low = high = age
        for name in _HIGHEST:
            weight, one = getattr(self, f"points_{name}"), getattr(items, name)
            low, high = low + weight * one.low, high + weight * one.high
        return Range(low, high)

    def share(self, points: float) -> float:
        """The share of people with so many points who walk."""
        return 1.0 / (1.0 + exp(-(self.intercept + self.slope * points)))


@dataclass(frozen=True, slots=True)
class Share:
    """What a rule says: points and share of the cohort walking, each with its range (equal without NT)."""

    rule: str
    points: Range
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share, or None when the points are not determinable."""
        return self.low if self.points.low == self.points.high else None


def _read() -> dict[str, Rule]:
    text = files(__package__).joinpath("rules.toml").read_text(encoding="utf-8")
    names = {one.name for one in fields(Rule)}
    rules: dict[str, Rule] = {}
    for key, values in tomllib.loads(text).items():
        if set(values) != names:
            raise InputError(f"rules.toml, {key}: has {sorted(values)}, must have {sorted(names)}")
        rules[key] = Rule(**values)
    return rules


RULES: Mapping[str, Rule] = _read()


def rule_named(name: str) -> Rule:
    """The rule of a name; InputError lists the names when there is none."""
    if name not in RULES:
        raise InputError(f"{name!r} is no walking rule: choose one of {', '.join(RULES)}")
    return RULES[name]


def _better(right: Score, left: Score, highest: int) -> Range:
    """The better of two sides: NT may be anything."""
    low = max(0 if one.grade is None else one.grade for one in (right, left))
    high = max(highest if one.grade is None else one.grade for one in (right, left))
    return Range(low, high)


def items_of(exam: Exam) -> Items:
    """The four items of an exam, each the better side; with NT a range."""
    ranges = {}
    for level in (Level.L3, Level.S1):
        name = level.name.lower()
        muscle, dermatome = KEY_MUSCLES.index(level), DERMATOMES.index(level)
        ranges[f"motor_{name}"] = _better(exam.right.motor[muscle], exam.left.motor[muscle], 5)
        ranges[f"light_touch_{name}"] = _better(
            exam.right.light_touch[dermatome], exam.left.light_touch[dermatome], 2
        )
    return Items(**ranges)


def predict(exam: Exam, age_years: float, rule: str = "van_middendorp_2011") -> Share:
    """What a rule says of people with this exam and age.

    Args:
        exam: an exam within the rule's window (`Rule.population`; days are not checked here).
        age_years: age at injury.
        rule: a name in `RULES`.

    Raises:
        InputError: an unknown rule or an age that is none.
    """
    chosen = rule_named(rule)
    points = chosen.points(age_years, items_of(exam))
    return Share(rule, points, chosen.share(points.low), chosen.share(points.high))
