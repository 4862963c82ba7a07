"""What a classification holds: findings with their possible values, stars, reasons and totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

from saisei.exam.isncsci.domains import NA, values_of
from saisei.exam.isncsci.evaluate import QUANTITIES
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.reasons import Why
from saisei.exam.isncsci.totals import Totals

__all__ = ["Classification", "Completeness", "Finding", "Zone"]

Zone = Level | Literal["NA"]
V = TypeVar("V")


class Completeness(StrEnum):
    """Complete (C) or incomplete (I) injury."""

    COMPLETE = "C"
    INCOMPLETE = "I"


@dataclass(frozen=True, slots=True)
class Finding(Generic[V]):
    """One quantity: every value it can have, which of them carry a star, and why.

    One value is the result; more mean not determinable (ND). Sorted from rostral to caudal, NA first;
    grades A to E.
    """

    values: tuple[V, ...]
    stars: tuple[bool, ...]
    why: Why | None = field(default=None, compare=False, repr=False)

    @property
    def value(self) -> V | None:
        """The result, or None when it is not determinable."""
        return self.values[0] if len(self.values) == 1 else None

    @property
    def determinable(self) -> bool:
        """Whether there is exactly one value."""
        return len(self.values) == 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as the standard writes them, with their stars: `('C5', 'C6*')`."""
        return tuple(
            label(value) + "*" * star for value, star in zip(self.values, self.stars, strict=True)
        )

    @property
    def text(self) -> str:
        """`C5`, or `ND: C5, C6*`."""
        return self.labels[0] if self.determinable else "ND: " + ", ".join(self.labels)


def label(value: object) -> str:
    """A level, zone or grade as the standard writes it."""
    return value.label if isinstance(value, Level) else str(value)


def members(quantity: str, mask: int) -> tuple[Any, ...]:
    """The values behind a bit mask of `evaluate.Sets`, in the order of a report."""
    if quantity == "ais":
        return tuple(list(AIS)[i] for i in values_of(mask))
    if quantity == "completeness":
        return tuple(list(Completeness)[i] for i in values_of(mask))
    levels: tuple[Any, ...] = tuple(Level(i) for i in values_of(mask & ~(1 << NA)))
    return ("NA", *levels) if mask >> NA & 1 else levels


@lru_cache(maxsize=65536)
def finding(quantity: str, mask: int, stars: int) -> Finding[Any]:
    """The finding of two bit masks of one quantity: its values and those with a star."""
    values = members(quantity, mask)
    starred = members(quantity, stars)
    return Finding(values, tuple(value in starred for value in values))


@dataclass(frozen=True, slots=True)
class Classification:
    """The classification of one exam. Research use; the grade E needs an earlier documented deficit."""

    right_sensory_level: Finding[Level]
    left_sensory_level: Finding[Level]
    right_motor_level: Finding[Level]
    left_motor_level: Finding[Level]
    nli: Finding[Level]
    completeness: Finding[Completeness]
    ais: Finding[AIS]
    right_sensory_zpp: Finding[Zone]
    left_sensory_zpp: Finding[Zone]
    right_motor_zpp: Finding[Zone]
    left_motor_zpp: Finding[Zone]
    totals: Totals
    policy: str
    total_why: Mapping[str, Why] = field(default_factory=dict, compare=False, repr=False)

    def findings(self) -> dict[str, Finding[Any]]:
        """The eleven findings by name, in the order of the worksheet."""
        return {name: getattr(self, name) for name in QUANTITIES}

    @property
    def text(self) -> str:
        """A plain listing, one line for each quantity, with the reasons where they were asked for."""
        lines = []
        for name, one in self.findings().items():
            lines.append(f"{name.replace('_', ' ')}: {one.text}")
            if one.why is not None:
                lines += [f"    {line}" for line in one.why.lines()]
        for name in ("uems", "lems", "light_touch", "pin_prick"):
            total = getattr(self.totals, name)
            sums = f"right {total.right.text}, left {total.left.text}, both {total.both.text}"
            lines.append(f"{name.replace('_', ' ')}: {sums}")
            if f"{name}.both" in self.total_why:
                lines += [f"    {line}" for line in self.total_why[f"{name}.both"].lines()]
        return "\n".join(lines)
