"""NIHSS: the National Institutes of Health Stroke Scale. 15 items, 0 to 42, lower is better.

Only six items can be untestable (UN): the four limbs and ataxia (amputation or joint fusion), and dysarthria
(intubation or another barrier). UN is written None here and refused on the other nine: they always have a
grade, also in coma.

Sources: Brott et al., Stroke 1989;20:864-870; the NINDS form (item maxima read in the table of PMC8157911,
total of 42 in several calculators). That an untestable item adds nothing to the sum is read from the openEHR
template of the instrument; that UN is allowed on these six items is recalled from the NINDS form (ataxia
read). `total` is strict: with UN it is ND with its range. `sum_of_tested` is the sum as it is usually
reported; compare it only between exams with the same items tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from saisei.errors import Fault
from saisei.exam.scale import Grade, Sum, check, items, sum_of, up_to

__all__ = ["CAN_BE_UNTESTABLE", "Nihss"]

CAN_BE_UNTESTABLE: frozenset[str] = frozenset(
    ("left_arm", "right_arm", "left_leg", "right_leg", "limb_ataxia", "dysarthria")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nihss:
    """One NIHSS. None is UN (untestable) and allowed on six items only.

    Raises:
        ExamError: values that the form does not have, or UN where the form has none.

    >>> from saisei.exam.scale import items
    >>> worst = Nihss(**{item.name: item.highest for item in items(Nihss)})
    >>> worst.total.value
    42
    """

    consciousness: Grade = field(metadata=up_to(3))
    orientation_questions: Grade = field(metadata=up_to(2))
    commands: Grade = field(metadata=up_to(2))
    gaze: Grade = field(metadata=up_to(2))
    visual_fields: Grade = field(metadata=up_to(3))
    facial_palsy: Grade = field(metadata=up_to(3))
    left_arm: Grade = field(metadata=up_to(4))
    right_arm: Grade = field(metadata=up_to(4))
    left_leg: Grade = field(metadata=up_to(4))
    right_leg: Grade = field(metadata=up_to(4))
    limb_ataxia: Grade = field(metadata=up_to(2))
    sensory: Grade = field(metadata=up_to(2))
    language: Grade = field(metadata=up_to(3))
    dysarthria: Grade = field(metadata=up_to(2))
    extinction_and_inattention: Grade = field(metadata=up_to(2))

    def __post_init__(self) -> None:
        rule = "this item is never untestable on the NIHSS form"
        check(
            self,
            "NIHSS",
            tuple(
                Fault(f"NIHSS.{item.name}", "None", rule, "give the grade")
                for item in items(self)
                if item.name not in CAN_BE_UNTESTABLE and getattr(self, item.name) is None
            ),
        )

    @property
    def total(self) -> Sum:
        """All items, 0-42; ND with its range when an item is untestable."""
        return sum_of(self)

    @property
    def sum_of_tested(self) -> int:
        """The sum of the tested items: an untestable item adds nothing, as usually reported."""
        return sum_of(self).low
