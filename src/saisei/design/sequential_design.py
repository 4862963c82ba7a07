"""Group-sequential designs: Pocock, O'Brien-Fleming, Wang-Tsiatis, Haybittle-Peto, error spending.

Alpha is one-sided unless `sides` is 2, when bounds are symmetric and alpha is that of both sides.
Classical O'Brien-Fleming is not the Lan-DeMets function named after it: for three looks at one-sided
0.025 the bounds are 3.471, 2.454, 2.004 against 3.710, 2.511, 1.993.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from saisei.chance.domain import require_choice, require_probability
from saisei.design.sequential import Running, crossing, require_information
from saisei.design.sequential_spending import spent
from saisei.errors import InputError

__all__ = [
    "Characteristics",
    "SequentialDesign",
    "characteristics",
    "classical_design",
    "conditional_power",
    "conditional_power_two_stage",
    "spending_design",
]

CLASSICAL = ("Pocock", "OF", "Wang-Tsiatis", "Haybittle-Peto")
_INFINITE = math.inf
# Bounds are searched no further out than this.
_FARTHEST = 12.0


@dataclass(frozen=True, slots=True)
class SequentialDesign:
    """A group-sequential design on the Z scale.

    Attributes:
        information: fractions of the looks, ending at 1.
        upper: efficacy bounds; with two sides the lower ones mirror them.
        futility: bounds before the last look, or None; -inf where a look has none.
        sides: 1 or 2.
        alpha, beta: errors.
        drift: mean of Z at the end under which the power is 1 - beta (None if no beta was needed).
        binding: whether the upper bounds count on stopping for futility.
        beta_spent: cumulative error of the second kind by look that the futility bounds spend; None
            without them.
    """

    information: tuple[float, ...]
    upper: tuple[float, ...]
    futility: tuple[float, ...] | None
    sides: int
    alpha: float
    beta: float
    drift: float | None = None
    binding: bool = False
    beta_spent: tuple[float, ...] | None = None

    def lower(self) -> tuple[float, ...]:
        """Lower bounds: the mirror of the upper ones, futility bounds, or minus infinity."""
        if self.sides == 2:
            return tuple(-b for b in self.upper)
        if self.futility is None:
            return (-_INFINITE,) * len(self.upper)
        return (*self.futility, self.upper[-1])

    def alpha_spent(self) -> tuple[float, ...]:
        """Cumulative type I error by look, futility ignored."""
        lower = self.lower() if self.sides == 2 else (-_INFINITE,) * len(self.upper)
        found = crossing(lower, self.upper, self.information)
        total, out = 0.0, []
        for a, b in zip(found.lower, found.upper, strict=True):
            total += b + (a if self.sides == 2 else 0.0)
            out.append(total)
        return tuple(out)


@dataclass(frozen=True, slots=True)
class Characteristics:
    """Size of a sequential design relative to the fixed one of the same errors.

    Attributes:
        n_fixed: squared drift of the fixed design, (z_alpha + z_beta)^2.
        shift: squared drift of this design.
        inflation: shift / n_fixed, the largest size.
        power: cumulative, by look.
        expected: expected size over the fixed one at multiples of the drift.
    """

    n_fixed: float
    shift: float
    inflation: float
    power: tuple[float, ...]
    expected: dict[float, float]


def _require_errors(alpha: float, beta: float, sides: int) -> None:
    require_probability(alpha, "alpha", open_ends=True)
    require_probability(beta, "beta", open_ends=True)
    if sides not in (1, 2):
        raise InputError(f"sides is {sides}: it must be 1 or 2")


def _two_sided_error(upper: Sequence[float], information: Sequence[float], sides: int) -> float:
    lower = [-b for b in upper] if sides == 2 else [-_INFINITE] * len(upper)
    found = crossing(lower, upper, information)
    return sum(found.upper) + (sum(found.lower) if sides == 2 else 0.0)


def classical_design(
    kind: str,
    looks: int | Sequence[float],
    alpha: float,
    *,
    sides: int = 1,
    beta: float = 0.1,
    delta: float = 0.0,
    interim: float = 3.0,
) -> SequentialDesign:
    """A design of one of the classical shapes.

    Args:
        kind: "Pocock" (constant), "OF" (falls as 1/sqrt(t)), "Wang-Tsiatis" (falls as
            t^(delta - 1/2)) or "Haybittle-Peto" (constant `interim`, then what is left).
        looks: number of equally spaced looks, or their information fractions.
        alpha: one-sided error, or of both sides when `sides` is 2.
        sides: 1 or 2.
        beta: one minus the power.
        delta: shape of Wang-Tsiatis.
        interim: bound of Haybittle-Peto before the last look.

    Raises:
        InputError: a value is out of range.

    >>> [round(b, 3) for b in classical_design("OF", 3, 0.025).upper]
    [3.471, 2.454, 2.004]
    """
    require_choice(kind, "type", CLASSICAL)
    _require_errors(alpha, beta, sides)
    times = _fractions(looks)
    shape = {"Pocock": 0.5, "OF": 0.0}.get(kind, delta)

    def bounds(c: float) -> list[float]:
        if kind == "Haybittle-Peto":
            return [interim] * (len(times) - 1) + [c]
        return [c * t ** (shape - 0.5) for t in times]

    low = -_FARTHEST if kind == "Haybittle-Peto" else 0.0
    if _two_sided_error(bounds(_FARTHEST), times, sides) >= alpha:
        raise InputError(f"the interim bound {interim} alone spends more than alpha {alpha}")
    c = float(
        optimize.brentq(
            lambda c: _two_sided_error(bounds(c), times, sides) - alpha, low, _FARTHEST, xtol=1e-12
        )
    )
    return SequentialDesign(times, tuple(bounds(c)), None, sides, alpha, beta)


def _fractions(looks: int | Sequence[float]) -> tuple[float, ...]:
    if isinstance(looks, int):
        if looks < 1:
            raise InputError(f"looks is {looks}: a design needs at least one")
        return tuple((k + 1) / looks for k in range(looks))
    times = require_information(looks)
    return tuple(t / times[-1] for t in times)


def spending_design(
    kind: str,
    looks: int | Sequence[float],
    alpha: float,
    *,
    parameter: float = 1.0,
    sides: int = 1,
    beta: float = 0.1,
    beta_kind: str | None = None,
    beta_parameter: float = 1.0,
    binding: bool = False,
) -> SequentialDesign:
    """A design by error spending, with futility bounds by beta spending if asked.

    Args:
        kind, parameter: alpha-spending function (see `sequential_spending.spent`).
        looks: number of equally spaced looks, or their information fractions.
        alpha: one-sided error, or of both sides when `sides` is 2.
        sides: 1 or 2.
        beta: one minus the power.
        beta_kind, beta_parameter: beta-spending function, or None for no futility bounds.
        binding: let the efficacy bounds count on stopping for futility.

    Raises:
        InputError: a value is out of range.

    >>> [round(b, 3) for b in spending_design("LD-OF", 3, 0.025).upper]
    [3.71, 2.511, 1.993]
    """
    _require_errors(alpha, beta, sides)
    times = _fractions(looks)
    goals = [spent(kind, t, alpha, parameter, sides) for t in times]
    if beta_kind is None:
        upper, _ = _bounds(times, goals, None, 0.0, sides, binding=False)
        return SequentialDesign(times, tuple(upper), None, sides, alpha, beta)
    beta_goals = [spent(beta_kind, t, beta, beta_parameter) for t in times]
    if sides == 2:
        beta_goals = _without_overlap(times, goals, beta_goals, beta, binding=binding)

    drift, upper, futility = _closed(times, goals, beta_goals, sides, binding=binding)
    return SequentialDesign(
        times, tuple(upper), tuple(futility[:-1]), sides, alpha, beta, drift, binding,
        tuple(beta_goals),
    )  # fmt: skip


def _closed(
    times: Sequence[float],
    goals: Sequence[float],
    beta_goals: Sequence[float],
    sides: int,
    *,
    binding: bool,
) -> tuple[float, list[float], list[float]]:
    """The drift under which both bounds meet at the last look, and the bounds."""

    def closing(drift: float) -> float:
        upper, futility = _bounds(times, goals, beta_goals, drift, sides, binding=binding)
        return futility[-1] - upper[-1]

    fixed = -float(special.ndtri(goals[-1] / sides) + special.ndtri(beta_goals[-1]))
    drift = float(optimize.brentq(closing, 0.8 * fixed, 2.0 * fixed, xtol=1e-11))
    return drift, *_bounds(times, goals, beta_goals, drift, sides, binding=binding)


def _without_overlap(
    times: Sequence[float],
    goals: Sequence[float],
    beta_goals: list[float],
    beta: float,
    *,
    binding: bool,
) -> list[float]:
    """Beta to be spent when the futility regions of both sides would overlap at early looks.

    They overlap where the bound of the one-sided design of half the error lies below 0. Nothing is spent
    there, and what is left is stretched over the later looks, as rpact does.
    """
    half = [goal / 2.0 for goal in goals]
    _, _, futility = _closed(times, half, beta_goals, 1, binding=binding)
    early = 0
    while early < len(times) - 1 and futility[early] < 0.0:
        early += 1
    if early == 0:
        return beta_goals
    before = beta_goals[early - 1]
    return [
        0.0 if k < early else (goal - before) / (beta - before) * beta
        for k, goal in enumerate(beta_goals)
    ]


def _bounds(
    times: Sequence[float],
    goals: Sequence[float],
    beta_goals: Sequence[float] | None,
    drift: float,
    sides: int,
    *,
    binding: bool,
) -> tuple[list[float], list[float]]:
    """Efficacy bounds that spend alpha under no effect, futility bounds that spend beta under drift."""
    null, alternative = Running.start(), Running.start()
    upper: list[float] = []
    futility: list[float] = []
    used = missed = 0.0
    for k, t in enumerate(times):
        b = _efficacy_bound(null, t, (goals[k] - used) / sides)
        upper.append(b)
        used = goals[k]
        a = -_INFINITE
        if beta_goals is not None:
            a = _futility_bound(alternative, t, drift, beta_goals[k] - missed, sides)
            missed = beta_goals[k] if a > -_INFINITE else missed
            futility.append(a)
            region = _region(min(a, b), b, sides)
            alternative = alternative.onward(region, t, drift)
        null = null.onward(_region(min(a, b) if binding else -_INFINITE, b, sides), t, 0.0)
    return upper, futility


def _region(a: float, b: float, sides: int) -> list[tuple[float, float]]:
    """Where the trial goes on: below b and above a; with two sides, also mirrored."""
    if sides == 1:
        return [(a, b)]
    return [(-b, b)] if a <= 0.0 else [(-b, -a), (a, b)]


def _efficacy_bound(state: Running, t: float, error: float) -> float:
    if error <= state.above(_FARTHEST, t, 0.0):
        return _FARTHEST
    if error >= state.above(-_FARTHEST, t, 0.0):
        return -_FARTHEST
    return _root(lambda z: state.above(z, t, 0.0) - error)


def _futility_bound(state: Running, t: float, drift: float, error: float, sides: int) -> float:
    """The bound whose inside has the given probability under the drift; none when that is zero."""
    if sides == 1:
        if error <= state.below(-_FARTHEST, t, drift):
            return -_INFINITE
        if error >= state.below(_FARTHEST, t, drift):
            return _FARTHEST
        return _root(lambda z: state.below(z, t, drift) - error)

    def inside(z: float) -> float:
        return state.below(z, t, drift) - state.below(-z, t, drift)

    if error <= 0.0:
        return -_INFINITE
    if error >= inside(_FARTHEST):
        return _FARTHEST
    return float(optimize.brentq(lambda z: inside(z) - error, 0.0, _FARTHEST, xtol=1e-13))


def _root(gap: Callable[[float], float]) -> float:
    return float(optimize.brentq(gap, -_FARTHEST, _FARTHEST, xtol=1e-13))


def characteristics(
    design: SequentialDesign, multiples: Sequence[float] = (0.0, 0.5, 1.0)
) -> Characteristics:
    """Size, power and expected size of a design against the fixed one of the same errors.

    Args:
        design: the design.
        multiples: of the drift, at which the expected size is given.
    """
    fixed = -float(special.ndtri(design.alpha / design.sides) + special.ndtri(design.beta))
    # With two sides beta counts the wrong side as well, so that the stated drift is a shade too small.
    drift = design.drift if design.sides == 1 else None
    if drift is None:
        drift = float(
            optimize.brentq(
                lambda d: sum(_power(design, d)) - (1.0 - design.beta), 0.5 * fixed, 3.0 * fixed,
                xtol=1e-12,
            )
        )  # fmt: skip
    shift, n_fixed = drift * drift, fixed * fixed
    cumulative, total = [], 0.0
    for p in _power(design, drift):
        total += p
        cumulative.append(total)
    expected = {m: _expected(design, m * drift) * shift / n_fixed for m in multiples}
    return Characteristics(n_fixed, shift, shift / n_fixed, tuple(cumulative), expected)


def _walk(design: SequentialDesign, drift: float) -> tuple[list[float], list[float], list[float]]:
    """Per look: probability of reaching it, of crossing above, of crossing below (two sides)."""
    state = Running.start()
    reached, above, below = [], [], []
    inner = design.futility or ()
    for k, (t, b) in enumerate(zip(design.information, design.upper, strict=True)):
        reached.append(state.total)
        above.append(state.above(b, t, drift))
        below.append(state.below(-b, t, drift) if design.sides == 2 else 0.0)
        a = inner[k] if k < len(inner) else -_INFINITE
        state = state.onward(_region(min(a, b), b, design.sides), t, drift)
    return reached, above, below


def _power(design: SequentialDesign, drift: float) -> list[float]:
    """Probability of rejecting for a positive effect, by look."""
    return _walk(design, drift)[1]


def _expected(design: SequentialDesign, drift: float) -> float:
    """Expected information as a share of the largest."""
    reached = _walk(design, drift)[0]
    steps = [b - a for a, b in zip((0.0, *design.information), design.information, strict=False)]
    return sum(r * s for r, s in zip(reached, steps, strict=True))


def conditional_power_two_stage(
    n1: float, n2: float, z1: float, z_final: float, effect: float
) -> float:
    """Chance that (sqrt(n1) z1 + sqrt(n2) Z2) / sqrt(n1 + n2) exceeds z_final.

    Args:
        n1, n2: people before and after the interim.
        z1: interim statistic.
        z_final: final critical value.
        effect: standardised effect per person, so that Z2 has mean effect sqrt(n2).
    """
    need = (z_final * math.sqrt(n1 + n2) - math.sqrt(n1) * z1) / math.sqrt(n2)
    return float(special.ndtr(effect * math.sqrt(n2) - need))


def conditional_power(
    design: SequentialDesign, look: int, z: float, effect: float, information: float
) -> float:
    """Chance of crossing the efficacy bound at a later look, given Z at this one.

    Args:
        design: the design.
        look: the interim look, counted from 1.
        z: statistic seen there.
        effect: mean of Z per square root of information unit.
        information: largest information, in the units of `effect`.

    Raises:
        InputError: the look is not an interim one.
    """
    if not 1 <= look < len(design.information):
        raise InputError(f"look {look} is not before the last of {len(design.information)}")
    now = design.information[look - 1]
    drift = effect * math.sqrt(information)

    state = Running(now, np.array([z * math.sqrt(now)]), np.ones(1))
    total = 0.0
    inner = design.futility or ()
    for k in range(look, len(design.information)):
        t, b = design.information[k], design.upper[k]
        total += state.above(b, t, drift)
        a = inner[k] if k < len(inner) else -_INFINITE
        state = state.onward(_region(min(a, b), b, design.sides), t, drift)
    return total
