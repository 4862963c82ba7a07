"""Stopping rules for adverse events, with exact crossing probabilities.

Convention on every table: stop when the number of events is at least the bound ("reject if >="). A bound
above n means that the look cannot stop the trial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.domain import (
    require_choice,
    require_count,
    require_positive,
    require_probability,
)
from saisei.design.power import binomial_pmf_vector
from saisei.errors import InputError

__all__ = [
    "METHODS",
    "CrossingOc",
    "SafetyRule",
    "crossing_oc",
    "design_safety_rule",
    "repeated_testing_boundaries",
]

Array = NDArray[np.float64]

METHODS = ("Pocock", "OBF", "WangTsiatis", "BB", "SPRT", "MaxSPRT")
_HALVINGS = 60
# clinfun narrows at least this often; fewer leaves the two boundaries further apart.
_FEWEST_STEPS = 11


@dataclass(frozen=True, slots=True)
class CrossingOc:
    """What a rule does at one true event probability.

    Attributes:
        p: true event probability.
        p_cross: probability of reaching a bound at any look, the last included.
        p_stop_early: probability of reaching one before the last look.
        expected_n: people expected when the trial stops at the first bound reached.
        expected_events: events expected by then.
    """

    p: float
    p_cross: float
    p_stop_early: float
    expected_n: float
    expected_events: float


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """A calibrated stopping rule.

    Attributes:
        looks: numbers of people at which events are counted.
        stop_if_at_least: event counts that stop the trial.
        constant: calibration constant of the method (any value giving these bounds is as good).
        p_cross: exact crossing probability at the acceptable rate.
    """

    looks: tuple[int, ...]
    stop_if_at_least: tuple[int, ...]
    constant: float
    p_cross: float


def _require_looks(looks: Sequence[int]) -> None:
    if not looks or any(b <= a for a, b in zip([0, *looks], looks, strict=False)):
        raise InputError("looks must be increasing numbers of people, at least one")


def crossing_oc(looks: Sequence[int], stop_if_at_least: Sequence[int], p: float) -> CrossingOc:
    """Exact characteristics by forward recursion over event counts.

    Args:
        looks: numbers of people at the looks.
        stop_if_at_least: bound at each look.
        p: true event probability.

    Raises:
        InputError: lengths differ or a value is out of range.

    >>> round(crossing_oc([2, 4], [2, 3], 0.5).p_cross, 4)
    0.375
    """
    _require_looks(looks)
    require_probability(p, "p")
    if len(stop_if_at_least) != len(looks):
        raise InputError("give one bound per look")
    state = np.array([1.0])
    crossed = early = people = events = 0.0
    seen = 0
    for k, (n, bound) in enumerate(zip(looks, stop_if_at_least, strict=True)):
        state = np.convolve(state, binomial_pmf_vector(n - seen, p))
        seen = n
        edge = min(max(bound, 0), len(state))
        out = float(state[edge:].sum())
        crossed += out
        early += out if k < len(looks) - 1 else 0.0
        people += n * out
        events += float(np.arange(edge, len(state)) @ state[edge:])
        state = state[:edge]
        if not len(state):
            break
    left = float(state.sum())
    people += seen * left
    events += float(np.arange(len(state)) @ state)
    return CrossingOc(p, crossed, early, people, events)


@dataclass(frozen=True, slots=True)
class _Method:
    """A method's fixed parameters; `bounds` gives its bounds for a calibration constant."""

    name: str
    looks: tuple[int, ...]
    p0: float
    a: float
    b: float
    delta: float
    p1: float

    def bounds(self, c: float) -> list[int]:
        """Bounds for a constant; every method stops less as it grows."""
        return [self._bound(n, c) for n in self.looks]

    def _bound(self, n: int, c: float) -> int:
        p0 = self.p0
        if self.name in ("OBF", "WangTsiatis"):
            shape = 0.0 if self.name == "OBF" else self.delta
            scale = float((n / self.looks[-1]) ** (shape - 0.5))
            edge = c * scale * math.sqrt(n * p0 * (1 - p0)) + n * p0
            return math.ceil(edge - 1e-12)
        if self.name == "SPRT":
            slope = math.log(self.p1 * (1 - p0) / ((1 - self.p1) * p0))
            edge = (c - n * math.log((1 - self.p1) / (1 - p0))) / slope
            return math.ceil(edge - 1e-12)
        y = np.arange(n + 1, dtype=np.float64)
        hit = np.flatnonzero(self._reaches(y, n, c))
        return int(hit[0]) if len(hit) else n + 1

    def _reaches(self, y: Array, n: int, c: float) -> NDArray[np.bool_]:
        p0 = self.p0
        if self.name == "Pocock":
            tail = np.where(y > 0, special.betainc(np.maximum(y, 1e-300), n - y + 1, p0), 1.0)
            return np.asarray(tail <= 1.0 - c)
        if self.name == "BB":
            return np.asarray(special.betaincc(self.a + y, self.b + n - y, p0) >= c)
        gain = special.xlogy(y, y / (n * p0)) + special.xlogy(n - y, (n - y) / (n * (1 - p0)))
        return np.asarray((y > n * p0) & (gain >= c))


_BRACKETS = {
    "Pocock": (0.0, 1.0), "BB": (0.0, 1.0), "OBF": (0.0, 20.0),
    "WangTsiatis": (0.0, 20.0), "SPRT": (0.0, 50.0), "MaxSPRT": (0.0, 50.0),
}  # fmt: skip


def design_safety_rule(
    method: str,
    p0: float,
    alpha: float,
    looks: Sequence[int],
    *,
    prior: tuple[float, float] = (1.0, 1.0),
    delta: float = 0.0,
    p1: float | None = None,
) -> SafetyRule:
    """The rule of a method that stops most, with crossing probability at p0 of alpha or less.

    Args:
        method: "Pocock" (constant p value), "OBF", "WangTsiatis" (shape `delta`), "BB" (posterior
            P(p > p0) under a beta prior, Geller 2003), "SPRT" (against `p1`) or "MaxSPRT".
        p0: acceptable event probability.
        alpha: probability of a false stop.
        looks: numbers of people at the looks.
        prior: beta parameters, for BB.
        delta: shape, for WangTsiatis.
        p1: alternative, for SPRT.

    Raises:
        InputError: a value is out of range, or SPRT without p1.

    >>> design_safety_rule("BB", 0.1, 0.1, range(1, 13), prior=(1, 9)).stop_if_at_least
    (2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 4, 4)
    """
    require_choice(method, "method", METHODS)
    require_probability(p0, "p0", open_ends=True)
    require_probability(alpha, "alpha", open_ends=True)
    looks = list(looks)
    _require_looks(looks)
    if method == "SPRT" and (p1 is None or not p0 < p1 < 1.0):
        raise InputError("SPRT needs p1 above p0")
    a, b = (require_positive(v, "a prior parameter") for v in prior)
    low, high = _BRACKETS[method]

    family = _Method(method, tuple(looks), p0, a, b, delta, p1 or 0.5)

    def rule(constant: float) -> SafetyRule:
        bounds = family.bounds(constant)
        return SafetyRule(
            tuple(looks), tuple(bounds), constant, crossing_oc(looks, bounds, p0).p_cross
        )

    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if rule(middle).p_cross <= alpha:
            high = middle
        else:
            low = middle
    return rule(high)


def repeated_testing_boundaries(
    acceptable: float,
    unacceptable: float,
    looks: Sequence[int],
    *,
    cross_acceptable: float = 0.1,
    cross_unacceptable: float = 0.9,
    priority: str = "null",
    delta: float = 0.0,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two neighbouring rules by repeated testing (Ivanova 2005), as maximum acceptable counts.

    Each look tests the acceptable rate at one level; the level is searched until the crossing
    probability brackets the wanted one: the low boundary is at or just above it, the high one just
    below. Here the trial stops when events EXCEED the count (add 1 for "stop if at least").

    Args:
        acceptable, unacceptable: event probabilities.
        looks: numbers of people at the looks.
        cross_acceptable, cross_unacceptable: wanted crossing probabilities at the two rates.
        priority: "null" meets the first, "alt" the second.
        delta: 0 for equal levels (Pocock), 0.5 for O'Brien-Fleming.

    Raises:
        InputError: a value is out of range.
    """
    require_choice(priority, "priority", ("null", "alt"))
    looks = list(looks)
    _require_looks(looks)
    p, goal = (
        (acceptable, cross_acceptable) if priority == "null" else (unacceptable, cross_unacceptable)
    )
    stretch = [(looks[-1] / n) ** delta for n in looks]

    def boundary(level: float) -> tuple[tuple[int, ...], float]:
        z = -float(special.ndtri(level))
        most = []
        for n, s in zip(looks, stretch, strict=True):
            reach = np.cumsum(binomial_pmf_vector(n, acceptable))
            want = float(special.ndtr(z * s)) * (1.0 - 64.0 * np.finfo(float).eps)
            most.append(int(np.argmax(reach >= want)))
        return tuple(most), crossing_oc(looks, [m + 1 for m in most], p).p_cross

    low_level, high_level = cross_acceptable / len(looks), cross_acceptable
    strict, loose = boundary(low_level), boundary(high_level)
    while loose[1] < goal:
        low_level, strict = high_level, loose
        high_level = min(1.4 * high_level, 1.0 - 1e-9)
        loose = boundary(high_level)
    return _bracketed(boundary, low_level, high_level, strict, loose, goal)


def _bracketed(
    boundary: Callable[[float], tuple[tuple[int, ...], float]],
    low_level: float,
    high_level: float,
    strict: tuple[tuple[int, ...], float],
    loose: tuple[tuple[int, ...], float],
    goal: float,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Narrow the levels, by halves then by interpolation, to boundaries at most 1 apart everywhere."""
    steps = 0
    while steps < _FEWEST_STEPS or max(a - b for a, b in zip(strict[0], loose[0], strict=True)) > 1:
        steps += 1
        share = 0.5
        if high_level - low_level <= 0.01:
            share = (goal - strict[1]) / (loose[1] - strict[1])
        level = low_level + (high_level - low_level) * share
        attempt = boundary(level)
        if attempt[1] < goal:
            low_level, strict = level, attempt
        else:
            high_level, loose = level, attempt
        if steps > 200:
            break
    return loose[0], strict[0]


def max_acceptable_oc(looks: Sequence[int], most: Sequence[int], p: float) -> CrossingOc:
    """`crossing_oc` for bounds given as maximum acceptable counts."""
    for m in most:
        require_count(m, "a maximum acceptable count", at_least=-1)
    return crossing_oc(looks, [m + 1 for m in most], p)
