"""Group-sequential normal tests: crossing probabilities by recursive integration.

The statistic at information I has Z sqrt(I) distributed as Brownian motion with drift. The density that
is still running is carried from look to look on Gauss-Legendre nodes inside the continuation region.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.domain import require_finite
from saisei.chance.quadrature import legendre_rule
from saisei.errors import InputError

__all__ = ["Crossing", "Running", "crossing", "require_information"]

Array = NDArray[np.float64]
Region = Sequence[tuple[float, float]]

_NODES = 121
# The density beyond this many standard deviations of its mean is dropped.
_REACH = 8.5


def require_information(information: Sequence[float]) -> tuple[float, ...]:
    """Increasing information fractions or amounts, all above 0.

    Raises:
        InputError: they are not.
    """
    values = tuple(float(v) for v in information)
    if not values or any(b <= a for a, b in itertools.pairwise((0.0, *values))):
        raise InputError("information must increase from above 0, one value per look")
    return values


@dataclass(frozen=True, slots=True)
class Running:
    """The law of the statistic among trials still running after a look.

    Attributes:
        information: at that look.
        nodes: of Z sqrt(I).
        mass: quadrature weight times density at each node.
    """

    information: float
    nodes: Array
    mass: Array

    @classmethod
    def start(cls) -> Running:
        """Before the first look: everybody at zero."""
        return cls(0.0, np.zeros(1), np.ones(1))

    def below(self, z: float, information: float, drift: float) -> float:
        """P(still running here, and Z < z at the next look)."""
        step = information - self.information
        reach = z * math.sqrt(information) - self.nodes - drift * step
        return float(self.mass @ special.ndtr(reach / math.sqrt(step)))

    def above(self, z: float, information: float, drift: float) -> float:
        """P(still running here, and Z > z at the next look)."""
        step = information - self.information
        reach = z * math.sqrt(information) - self.nodes - drift * step
        return float(self.mass @ special.ndtr(-reach / math.sqrt(step)))

    def onward(self, region: Region, information: float, drift: float) -> Running:
        """The law after a look that continues while Z lies in the region."""
        step, root = information - self.information, math.sqrt(information)
        centre = drift * root
        parts = []
        for low, high in region:
            a, b = max(low, centre - _REACH), min(high, centre + _REACH)
            if b > a:
                parts.append(legendre_rule(_NODES, a * root, b * root))
        if not parts:
            return Running(information, np.zeros(1), np.zeros(1))
        nodes = np.concatenate([p[0] for p in parts])
        weights = np.concatenate([p[1] for p in parts])
        z = (nodes[:, None] - self.nodes - drift * step) / math.sqrt(step)
        density = np.exp(-0.5 * z * z) @ self.mass / math.sqrt(2.0 * math.pi * step)
        return Running(information, nodes, weights * density)

    @property
    def total(self) -> float:
        """P(still running)."""
        return float(self.mass.sum())


@dataclass(frozen=True, slots=True)
class Crossing:
    """Probabilities of first crossing at each look.

    Attributes:
        lower, upper: at or below the lower bound, at or above the upper bound.
        reached: probability of reaching each look.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    reached: tuple[float, ...]


def crossing(
    lower: Sequence[float], upper: Sequence[float], information: Sequence[float], drift: float = 0.0
) -> Crossing:
    """First-crossing probabilities of two boundaries.

    Args:
        lower, upper: bounds on the Z scale; may be infinite.
        information: at each look, increasing.
        drift: mean of Z at information 1.

    Raises:
        InputError: lengths differ, or a lower bound is above its upper bound.

    >>> found = crossing([-1.96, -1.96], [1.96, 1.96], [0.5, 1.0])
    >>> round(sum(found.upper), 4)
    0.0416
    """
    amounts = require_information(information)
    require_finite(drift, "drift")
    if not len(lower) == len(upper) == len(amounts):
        raise InputError("give one lower and one upper bound per look")
    state = Running.start()
    below, above, reached = [], [], []
    for a, b, amount in zip(lower, upper, amounts, strict=True):
        if a > b:
            raise InputError(f"the lower bound {a} is above the upper bound {b}")
        reached.append(state.total)
        below.append(state.below(a, amount, drift))
        above.append(state.above(b, amount, drift))
        state = state.onward([(a, b)], amount, drift)
    return Crossing(tuple(below), tuple(above), tuple(reached))
