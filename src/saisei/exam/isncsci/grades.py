"""The ASIA Impairment Scale (AIS) as a type."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["AIS"]


class AIS(StrEnum):
    """ASIA Impairment Scale: A is complete, E is normal. Ordered by severity, A lowest.

    >>> AIS("C") > AIS.A, AIS.D.rank - AIS.A.rank
    (True, 3)
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"

    @property
    def rank(self) -> int:
        """0 for A to 4 for E."""
        return ord(self.value) - ord("A")
