"""ALSFRS-R: the revised ALS Functional Rating Scale. 12 items of 0 to 4, 0 to 48, higher is better.

Parts: bulbar (items 1-3), limb (4-9), respiratory (10-12), 12, 24 and 12 points. Item 5, cutting food, has
two forms, without (5a) and with gastrostomy (5b): which one was used is part of the record.

Sources: Cedarbaum et al., J Neurol Sci 1999;169:13-21. Items, grades and the three parts were read in public
copies of the form and in a review; the paper itself was not read. Missing items: no rule with a source was
found, so a sum with a missing item is ND.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from saisei.errors import Fault
from saisei.exam.scale import Grade, Sum, check, is_a, sum_of, up_to

__all__ = ["AlsfrsR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsfrsR:
    """One ALSFRS-R. None says that the item was not scored.

    Raises:
        ExamError: values that the form does not have.

    >>> from saisei.exam.scale import items
    >>> best = AlsfrsR(gastrostomy=False, **{item.name: 4 for item in items(AlsfrsR)})
    >>> best.total.value, best.bulbar.value, best.limb.value, best.respiratory.value
    (48, 12, 24, 12)
    """

    speech: Grade = field(metadata=up_to(4, "bulbar"))
    salivation: Grade = field(metadata=up_to(4, "bulbar"))
    swallowing: Grade = field(metadata=up_to(4, "bulbar"))
    handwriting: Grade = field(metadata=up_to(4, "limb"))
    cutting_food: Grade = field(metadata=up_to(4, "limb"))
    dressing_and_hygiene: Grade = field(metadata=up_to(4, "limb"))
    turning_in_bed: Grade = field(metadata=up_to(4, "limb"))
    walking: Grade = field(metadata=up_to(4, "limb"))
    climbing_stairs: Grade = field(metadata=up_to(4, "limb"))
    dyspnea: Grade = field(metadata=up_to(4, "respiratory"))
    orthopnea: Grade = field(metadata=up_to(4, "respiratory"))
    respiratory_insufficiency: Grade = field(metadata=up_to(4, "respiratory"))
    gastrostomy: bool

    def __post_init__(self) -> None:
        extra: tuple[Fault, ...] = ()
        if not is_a(self.gastrostomy, bool):
            rule = "must be True (item 5b was used) or False (5a)"
            extra = (Fault("ALSFRS-R.gastrostomy", repr(self.gastrostomy), rule),)
        check(self, "ALSFRS-R", extra)

    @property
    def bulbar(self) -> Sum:
        """Items 1 to 3, 0-12."""
        return sum_of(self, "bulbar")

    @property
    def limb(self) -> Sum:
        """Items 4 to 9, 0-24."""
        return sum_of(self, "limb")

    @property
    def respiratory(self) -> Sum:
        """Items 10 to 12, 0-12."""
        return sum_of(self, "respiratory")

    @property
    def total(self) -> Sum:
        """All items, 0-48."""
        return sum_of(self)
