"""The segments of the cord, rostral to caudal, as a closed ordered type.

ISNCSCI 2019: 28 dermatomes a side (C2 to S4-5) and 10 key muscles a side (C5-T1, L2-S1). C1 has neither;
it exists only as a result.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["DERMATOMES", "KEY_MUSCLES", "Level"]


class Level(IntEnum):
    """A segment, C1 = 0 to S4-5 = 28; `INT` (intact) follows the last segment.

    >>> Level.parse("S4-5").label, Level.T1 - Level.C5, Level.parse("t10").label
    ('S4-5', 4, 'T10')
    """

    C1 = 0
    C2 = 1
    C3 = 2
    C4 = 3
    C5 = 4
    C6 = 5
    C7 = 6
    C8 = 7
    T1 = 8
    T2 = 9
    T3 = 10
    T4 = 11
    T5 = 12
    T6 = 13
    T7 = 14
    T8 = 15
    T9 = 16
    T10 = 17
    T11 = 18
    T12 = 19
    L1 = 20
    L2 = 21
    L3 = 22
    L4 = 23
    L5 = 24
    S1 = 25
    S2 = 26
    S3 = 27
    S4_5 = 28
    INT = 29

    @property
    def label(self) -> str:
        """The name as the standard writes it: `C5`, `S4-5`, `INT`."""
        return self.name.replace("_", "-")

    @classmethod
    def parse(cls, text: str) -> Level:
        """The level written as `C5`, `c5`, `S4-5`, `S4_5`, `S45` or `INT`; ValueError otherwise."""
        name = text.strip().upper().replace("-", "_")
        name = {"S45": "S4_5", "S4_S5": "S4_5"}.get(name, name)
        try:
            return cls[name]
        except KeyError:
            raise ValueError(f"{text!r} is not a spinal level (C1 to S4-5, or INT)") from None


DERMATOMES: tuple[Level, ...] = tuple(Level(i) for i in range(Level.C2, Level.S4_5 + 1))
KEY_MUSCLES: tuple[Level, ...] = (
    Level.C5, Level.C6, Level.C7, Level.C8, Level.T1,
    Level.L2, Level.L3, Level.L4, Level.L5, Level.S1,
)  # fmt: skip
