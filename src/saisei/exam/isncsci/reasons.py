"""Why each quantity has the value it has."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Why"]


@dataclass(frozen=True, slots=True)
class Why:
    """placeholder"""

    def lines(self) -> list[str]:
        """placeholder"""
        return []
