"""What the published scales beside ISNCSCI share: items with allowed values, sums, and missing items.

Each instrument is a frozen dataclass with one field for each item. Every item must be given: a value that
the scale allows, or None, which says that the item was not scored. Nothing is filled in: with an item
missing, a sum is not determinable (ND), and `low` and `high` bound it exactly. A scale's own rule for missing
items is offered beside the sum where a source for it was found, never in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, TypeVar

from saisei.errors import ExamError, Fault

__all__ = [
    "Grade",
    "Item",
    "Sum",
    "allowed",
    "check",
    "from_mapping",
    "is_a",
    "items",
    "sum_of",
    "up_to",
]

Grade = int | None
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a scale: its field name, the values it may have (ascending) and the part it belongs to."""

    name: str
    values: tuple[int, ...]
    part: str

    @property
    def highest(self) -> int:
        """The highest value."""
        return self.values[-1]


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of items: its exact range, and the items that were not scored.

    >>> Sum(10, 14, ("bowel",)).text, Sum(10, 10, ()).value
    ('ND (10 to 14)', 10)
    """

    low: int
    high: int
    missing: tuple[str, ...]

    @property
    def value(self) -> int | None:
        """The sum, or None when an item is missing."""
        return None if self.missing else self.low

    @property
    def text(self) -> str:
        """`25`, or `ND (20 to 25)`."""
        return f"ND ({self.low} to {self.high})" if self.missing else str(self.low)


def allowed(*values: int, part: str = "") -> dict[str, Any]:
    """Field metadata of an item that may have exactly these values."""
    return {"values": tuple(sorted(values)), "part": part}


def up_to(highest: int, part: str = "") -> dict[str, Any]:
    """Field metadata of an item that may have every whole number from 0 to `highest`."""
    return allowed(*range(highest + 1), part=part)


def _item(one: Field[Any]) -> Item:
    return Item(one.name, one.metadata["values"], one.metadata["part"])


def items(scale: Any, part: str = "") -> tuple[Item, ...]:
    """The items of a scale (its class or a record) in the order of its form; of one part if asked."""
    found = tuple(_item(one) for one in fields(scale) if "values" in one.metadata)
    return tuple(one for one in found if not part or one.part == part)


def check(record: Any, scale: str, extra: tuple[Fault, ...] = ()) -> None:
    """Refuse a record with a value that its item cannot have.

    Args:
        record: the record.
        scale: the name of the scale for messages.
        extra: faults that the scale's own rules found.

    Raises:
        ExamError: all faults at once, each with its place (`SCIM III.bladder`).
    """
    faults = []
    for item in items(record):
        value = getattr(record, item.name)
        # type() and not isinstance(): True is no grade.
        if value is not None and (type(value) is not int or value not in item.values):
            words = ", ".join(map(str, item.values))
            mend = "give one of them, or None when the item was not scored"
            faults.append(
                Fault(f"{scale}.{item.name}", repr(value), f"must be one of {words}", mend)
            )
    if faults or extra:
        raise ExamError([*faults, *extra])


def is_a(value: object, kind: type) -> bool:
    """Whether a value has the type that its field promises: types are not checked at run time otherwise."""
    return isinstance(value, kind)


def sum_of(record: Any, part: str = "", bounds: Mapping[str, tuple[int, int]] | None = None) -> Sum:
    """The sum of a record's items, or of one part of them.

    Args:
        record: the record.
        part: a part of the scale; all items when left out.
        bounds: lowest and highest value of missing items where other items narrow them.
    """
    low = high = 0
    missing = []
    for item in items(record, part):
        value = getattr(record, item.name)
        ends = (item.values[0], item.highest) if value is None else (value, value)
        if value is None:
            missing.append(item.name)
            ends = (bounds or {}).get(item.name, ends)
        low, high = low + ends[0], high + ends[1]
    return Sum(low, high, tuple(missing))


def from_mapping(scale: type[T], values: Mapping[str, Any], name: str) -> T:
    """A record from a mapping of item name to value, strictly.

    Raises:
        ExamError: names that the scale does not have, items that are not given, values that are not allowed.
    """
    known = [one.name for one in fields(scale) if one.init]  # type: ignore[arg-type]
    faults = [
        Fault(f"{name}.{key}", repr(value), f"{name} has no item of this name", "correct the name")
        for key, value in values.items()
        if key not in known
    ]
    faults += [
        Fault(f"{name}.{key}", "", "is not given", "give None when the item was not scored")
        for key in known
        if key not in values
    ]
    if faults:
        raise ExamError(faults)
    return scale(**values)
