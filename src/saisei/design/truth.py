"""A possible truth: how often nature alone meets the endpoint, and what the treatment does to the odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saisei.chance.domain import require_positive, require_probability

__all__ = ["Truth", "treated_rates"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """One state of the world in which a design may be run.

    Attributes:
        natural_rate: chance that such people meet the conversion endpoint without cells.
        odds_ratio: effect of the treatment on the odds, 1 for none; one ratio at every cut of the AIS.

    >>> Truth(0.2, 3.0).treated_rate
    0.4285714285714286
    """

    natural_rate: float
    odds_ratio: float = 1.0

    def __post_init__(self) -> None:
        require_probability(self.natural_rate, "natural_rate", open_ends=True)
        require_positive(self.odds_ratio, "odds_ratio")

    @property
    def treated_rate(self) -> float:
        """Chance that a treated person meets the endpoint."""
        return float(treated_rates(self.natural_rate, self.odds_ratio))


def treated_rates(natural: ArrayLike, odds_ratio: ArrayLike) -> F64:
    """Rates after the odds are multiplied: p OR / (1 - p + p OR)."""
    rate = np.asarray(natural, dtype=np.float64)
    moved = rate * np.asarray(odds_ratio, dtype=np.float64)
    return np.asarray(moved / (1.0 - rate + moved))
