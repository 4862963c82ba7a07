"""How arms are called in a part of the board pack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saisei.trial.people import Person

__all__ = ["Arms"]


@dataclass(frozen=True, slots=True)
class Arms:
    """How arms are called in a part: together, by letter, or by name.

    Attributes:
        labels: key of the arm -> label; empty when arms are not told apart.
    """

    labels: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """Labels, `all` last."""
        return [*dict.fromkeys(self.labels.values()), "all"]

    def split(self, persons: Iterable[Person]) -> dict[str, list[Person]]:
        """People by label, and all of them."""
        found: dict[str, list[Person]] = {column: [] for column in self.columns}
        for one in persons:
            label = self.labels.get(one.arm or "")
            if label is not None:
                found[label].append(one)
            found["all"].append(one)
        return found
