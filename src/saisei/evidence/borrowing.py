"""Borrowing with a fixed discount: the power prior for a proportion."""

from __future__ import annotations

from saisei.chance.domain import require_count, require_probability
from saisei.evidence.mixtures import BetaMixture

__all__ = ["power_prior"]


def power_prior(
    y: int, n: int, y0: int, n0: int, a0: float, initial: tuple[float, float] = (1.0, 1.0)
) -> BetaMixture:
    """The posterior when earlier data count with weight a0 (Ibrahim and Chen 2000).

    Beta(a + a0 y0 + y, b + a0 (n0 - y0) + n - y).

    Args:
        y, n: events and people now.
        y0, n0: events and people earlier.
        a0: worth of one earlier person, 0 to 1.
        initial: parameters (a, b) of the prior before any data.

    Raises:
        InputError: a count or the discount is out of range.

    >>> power_prior(3, 6, 23, 107, 0.2).a
    (8.600000000000001,)
    """
    require_count(n, "n")
    require_count(y, "y", at_most=n)
    require_count(n0, "n0")
    require_count(y0, "y0", at_most=n0)
    require_probability(a0, "a0")
    a, b = initial
    return BetaMixture((1.0,), (a + a0 * y0 + y,), (b + a0 * (n0 - y0) + n - y,))
