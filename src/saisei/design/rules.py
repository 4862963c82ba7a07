"""Decision rules as text: `P(p > 0.2) > 0.9 and P(p > 0.35) > 0.5`, parsed into criteria.

A rule is one or more criteria joined by "and". A criterion says that an event about the parameters has
a posterior probability above (or, for futility, below) a level. Events compare the single parameter
(`p` or `theta`) or the difference of two arms (`theta_t - theta_c`, `t - c`, `c - t`) with a number,
a named constant or the logarithm of a number (`log2`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from saisei.errors import InputError
from saisei.evidence.mixtures import Mixture
from saisei.evidence.mixtures_difference import difference_cdf

__all__ = ["Criterion", "Rule", "parse_rule"]

_TREATED = ("theta_t", "p_t", "t")
_CONTROL = ("theta_c", "p_c", "c")
_SINGLE = ("theta", "p")
_CRITERION = re.compile(r"^P\((?P<event>.*)\)(?P<side>>=|<=|>|<)(?P<level>[0-9.eE+-]+)$")
_EVENT = re.compile(r"^(?P<left>[^<>=]*)(?P<relation><=|>=|<|>)(?P<right>[^<>=]+)$")
_TERM = re.compile(r"([+-]?)(log\(?[0-9.]+\)?|[0-9.]+(?:[eE][+-]?[0-9]+)?|[A-Za-z_][A-Za-z_0-9]*)")


@dataclass(frozen=True, slots=True)
class Criterion:
    """P(parameter above or below a cut) above or below a level.

    Attributes:
        above: the event is "parameter > cut"; else "parameter <= cut".
        cut: where the parameter is cut; for two arms the parameter is treatment minus control.
        level: posterior probability to compare with.
        exceed: met when the probability is above the level; else when it is below.
    """

    above: bool
    cut: float
    level: float
    exceed: bool = True

    def met(self, probability: float) -> bool:
        """Whether the event's probability meets the criterion."""
        return probability > self.level if self.exceed else probability < self.level


@dataclass(frozen=True, slots=True)
class Rule:
    """All criteria must be met.

    Attributes:
        arms: 1 or 2.
        criteria: at least one.
    """

    arms: int
    criteria: tuple[Criterion, ...]

    def met(self, mixture: Mixture) -> bool:
        """Whether the posterior of the single parameter meets every criterion."""
        return all(
            c.met(float(mixture.sf(c.cut)) if c.above else float(mixture.cdf(c.cut)))
            for c in self.criteria
        )

    def met_two(self, treated: Mixture, control: Mixture, scale: str = "identity") -> bool:
        """Whether the posteriors of two arms meet every criterion on treatment minus control."""
        for c in self.criteria:
            below = difference_cdf(treated, control, c.cut, scale)
            if not c.met(1.0 - below if c.above else below):
                return False
        return True


def parse_rule(text: str, constants: Mapping[str, float] | None = None) -> Rule:
    """The rule that a text says.

    Args:
        text: criteria joined by "and".
        constants: values of names used as cuts (`theta_c` in a one-arm rule, say).

    Raises:
        InputError: the text is not a rule, a name is unknown, or criteria are of different arms.

    >>> rule = parse_rule("P(theta_t - theta_c > 0) > 0.95")
    >>> rule.arms, rule.criteria[0].above, rule.criteria[0].cut, rule.criteria[0].level
    (2, True, 0.0, 0.95)
    >>> parse_rule("P(c-t<=40)>0.9").criteria[0]
    Criterion(above=True, cut=-40.0, level=0.9, exceed=True)
    """
    parts = re.split(r"\band\b|&&?", text)
    criteria = []
    arms = set()
    for part in parts:
        number, criterion = _criterion(re.sub(r"\s+", "", part), text, dict(constants or {}))
        arms.add(number)
        criteria.append(criterion)
    if len(arms) != 1:
        raise InputError(f"rule {text!r}: every criterion must be about the same arms")
    return Rule(arms.pop(), tuple(criteria))


def _criterion(part: str, text: str, constants: dict[str, float]) -> tuple[int, Criterion]:
    outer = _CRITERION.match(part)
    if outer is None:
        raise InputError(f"rule {text!r}: {part!r} is not of the form P(event) > level")
    level = float(outer["level"])
    if not 0.0 <= level <= 1.0:
        raise InputError(f"rule {text!r}: the level {level} is not a probability")
    event = _EVENT.match(outer["event"])
    if event is None:
        raise InputError(f"rule {text!r}: {outer['event']!r} does not compare two sides")
    weights, constant = _linear(event["left"] or "theta", text, constants, two_arms=None)
    other, shift = _linear(event["right"], text, constants, two_arms="t" in weights)
    for name, weight in other.items():
        weights[name] = weights.get(name, 0.0) - weight
    above = event["relation"].startswith(">")
    arms, sign = _direction(weights, text)
    cut = (shift - constant) * sign
    exceed = outer["side"].startswith(">")
    # Reversing the parameter's sign turns "above" into "below".
    return arms, Criterion(above if sign > 0 else not above, cut + 0.0, level, exceed)


def _linear(
    side: str, text: str, constants: dict[str, float], two_arms: bool | None
) -> tuple[dict[str, float], float]:
    """Weights of t, c and x (the single parameter), and the constant, of a sum of terms."""
    weights: dict[str, float] = {}
    total = 0.0
    position = 0
    for term in _TERM.finditer(side):
        if term.start() != position:
            break
        position = term.end()
        sign = -1.0 if term[1] == "-" else 1.0
        word = term[2]
        if word[0].isdigit() or word[0] == ".":
            total += sign * float(word)
        elif word.startswith("log"):
            total += sign * math.log(float(word[3:].strip("()")))
        elif word in constants and not (two_arms and word in _CONTROL):
            total += sign * constants[word]
        elif word in _TREATED + _CONTROL + _SINGLE:
            key = "t" if word in _TREATED else "c" if word in _CONTROL else "x"
            weights[key] = weights.get(key, 0.0) + sign
        else:
            raise InputError(f"rule {text!r}: {word!r} is neither a parameter nor a known constant")
    if position != len(side):
        raise InputError(f"rule {text!r}: {side[position:]!r} is not understood")
    return weights, total


def _direction(weights: dict[str, float], text: str) -> tuple[int, float]:
    """How many arms the event is about, and the sign of (treatment minus control) in it."""
    kept = {name: weight for name, weight in weights.items() if weight != 0.0}
    if set(kept) == {"x"} and abs(kept["x"]) == 1.0:
        return 1, kept["x"]
    if set(kept) == {"t", "c"} and kept["t"] == -kept["c"] and abs(kept["t"]) == 1.0:
        return 2, kept["t"]
    raise InputError(
        f"rule {text!r}: give one parameter, or the difference of treatment and control"
    )
