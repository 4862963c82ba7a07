"""What a reason is: scores that decide a value, muscles counted, retests that would settle an ND."""

from __future__ import annotations

from dataclasses import dataclass

from saisei.exam.isncsci.levels import Level

__all__ = ["Item", "MuscleCount", "Reason", "Why"]

_SHOWN = 8  # items named in a sentence; the data holds all


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the exam and what was written there: `right.motor.C6`, `3*`."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where} is {self.text}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a quantity has, or can have, one value: the rule in words and the items that it looked at."""

    value: str
    rule: str
    items: tuple[Item, ...] = ()

    def __str__(self) -> str:
        items = "; ".join(map(str, self.items[:_SHOWN]))
        if len(self.items) > _SHOWN:
            items += f"; and {len(self.items) - _SHOWN} more"
        return f"{self.value}: {self.rule}" + (f" ({items})" if items else "")


@dataclass(frozen=True, slots=True)
class MuscleCount:
    """The count of C against D for an NLI, or for several with the same count: key muscles below it
    graded 3 or more, both sides together.

    `least` to `most` of `below` muscles count; `needed` make a D. `counted` are those that are or can
    be 3 or more.
    """

    levels: tuple[Level, ...]
    below: int
    needed: int
    least: int
    most: int
    counted: tuple[Item, ...]

    def __str__(self) -> str:
        nli = self.levels[0].label
        if len(self.levels) > 1:
            nli += f" (or {self.levels[1].label} to {self.levels[-1].label})"
        if not self.below:
            return f"below {nli} there is no key muscle to count"
        how_many = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        muscles = ", ".join(
            f"{item.where.replace('.motor.', ' ')} {item.text}" for item in self.counted
        )
        counted = f": {muscles}" if muscles else ""
        return (
            f"{how_many} of the {self.below} key muscles below {nli} are 3 or more, "
            f"{self.needed} make a D{counted}"
        )


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons of one quantity.

    Attributes:
        reasons: one or more for each possible value, in the order of the values.
        counts: for the AIS, the muscle count of each possible NLI.
        settled_by: for an ND, the items each of which alone would settle it, whatever a retest finds
            (or, for a flagged score, however its reading is settled); empty when no single item would.
        not_determinable: whether there is more than one value.
    """

    reasons: tuple[Reason, ...]
    counts: tuple[MuscleCount, ...] = ()
    settled_by: tuple[Item, ...] = ()
    not_determinable: bool = False

    def lines(self) -> list[str]:
        """The reasons as plain sentences, one a line."""
        lines = [str(reason) for reason in self.reasons] + [str(count) for count in self.counts]
        if not self.not_determinable:
            return lines
        if not self.settled_by:
            return [*lines, "no single retest would settle it"]
        items = ", ".join(f"{item.where} ({item.text})" for item in self.settled_by)
        return [
            *lines,
            f"settled by any one of: {items}" if "," in items else f"settled by {items}",
        ]
