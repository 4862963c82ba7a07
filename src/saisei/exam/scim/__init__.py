"""SCIM III: the Spinal Cord Independence Measure, version III. 19 items, 0 to 100, higher is better.

Three subscales: self-care 0-20, respiration and sphincter management 0-40, mobility 0-40. Item values are
weighted by the authors and have gaps (bladder: 0, 3, 6, 9, 11, 13, 15): a value between them is a fault.

Sources: Itzkovich et al., Disabil Rehabil 2007;29:1926-1933; Catz et al., Spinal Cord 2007;45:275-291. Item
values were read from the public clinical form of 2016 (Rick Hansen Institute toolkit, secondary copy); the
three subscale ranges and the total of 100 agree with the papers. Missing items: no published rule was found,
so a sum with a missing item is ND. The form allows no blank.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from saisei.exam.scale import Grade, Sum, allowed, check, sum_of, up_to

__all__ = ["Scim3"]

_SELF = "self_care"
_SPHINCTER = "respiration_and_sphincter"
_MOBILITY = "mobility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scim3:
    """One SCIM III. None says that the item was not scored.

    Raises:
        ExamError: values that the form does not have.

    >>> from saisei.exam.scale import items
    >>> best = Scim3(**{item.name: item.highest for item in items(Scim3)})
    >>> best.total.value, best.self_care.value, best.respiration_and_sphincter.value, best.mobility.value
    (100, 20, 40, 40)
    """

    feeding: Grade = field(metadata=up_to(3, _SELF))
    bathing_upper: Grade = field(metadata=up_to(3, _SELF))
    bathing_lower: Grade = field(metadata=up_to(3, _SELF))
    dressing_upper: Grade = field(metadata=up_to(4, _SELF))
    dressing_lower: Grade = field(metadata=up_to(4, _SELF))
    grooming: Grade = field(metadata=up_to(3, _SELF))
    respiration: Grade = field(metadata=allowed(0, 2, 4, 6, 8, 10, part=_SPHINCTER))
    bladder: Grade = field(metadata=allowed(0, 3, 6, 9, 11, 13, 15, part=_SPHINCTER))
    bowel: Grade = field(metadata=allowed(0, 5, 8, 10, part=_SPHINCTER))
    toilet: Grade = field(metadata=allowed(0, 1, 2, 4, 5, part=_SPHINCTER))
    bed_mobility: Grade = field(metadata=allowed(0, 2, 4, 6, part=_MOBILITY))
    transfer_bed_wheelchair: Grade = field(metadata=up_to(2, _MOBILITY))
    transfer_wheelchair_toilet_tub: Grade = field(metadata=up_to(2, _MOBILITY))
    mobility_indoors: Grade = field(metadata=up_to(8, _MOBILITY))
    mobility_moderate_distances: Grade = field(metadata=up_to(8, _MOBILITY))
    mobility_outdoors: Grade = field(metadata=up_to(8, _MOBILITY))
    stairs: Grade = field(metadata=up_to(3, _MOBILITY))
    transfer_wheelchair_car: Grade = field(metadata=up_to(2, _MOBILITY))
    transfer_ground_wheelchair: Grade = field(metadata=up_to(1, _MOBILITY))

    def __post_init__(self) -> None:
        check(self, "SCIM III")

    @property
    def self_care(self) -> Sum:
        """Items 1 to 4, 0-20."""
        return sum_of(self, _SELF)

    @property
    def respiration_and_sphincter(self) -> Sum:
        """Items 5 to 8, 0-40."""
        return sum_of(self, _SPHINCTER)

    @property
    def mobility(self) -> Sum:
        """Items 9 to 17, 0-40."""
        return sum_of(self, _MOBILITY)

    @property
    def total(self) -> Sum:
        """All items, 0-100."""
        return sum_of(self)
