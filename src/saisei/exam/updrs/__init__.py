"""MDS-UPDRS Part III: motor examination of the revised Parkinson scale. 33 scores, 0 to 132, lower is better.

Items 3.1 to 3.18 with their sides and limbs, each 0 (normal) to 4 (severe). The medication state (ON or OFF)
changes the score more than most treatments: it is part of the record.

Sources: Goetz et al., Mov Disord 2008;23:2129-2170 (scale; the numbers of 18 items and 132 points were read
in secondary pages, item names partly in PMC9922918, the rest is recalled). Missing scores: the same group
replaces each missing score by the mean of the observed ones (method as described in PMC6207127 for their
analysis of this scale: Goetz et al., Mov Disord 2015;30:1632-1638). How many may be missing was not verified
(recalled: seven at random, three if always the same), so `prorated` takes the limit of your analysis plan
as an argument and `total` stays ND.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from saisei.errors import Fault, InputError
from saisei.exam.scale import Grade, Sum, check, is_a, items, sum_of, up_to

__all__ = ["MdsUpdrs3", "Medication"]

_GRADE = up_to(4)


class Medication(StrEnum):
    """The state in which the person was examined."""

    ON = "on"
    OFF = "off"
    UNTREATED = "untreated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class MdsUpdrs3:
    """One MDS-UPDRS Part III. None says that the score is missing.

    Raises:
        ExamError: values that the scale does not have.

    >>> from saisei.exam.scale import items
    >>> worst = MdsUpdrs3(medication=Medication.OFF, **{item.name: 4 for item in items(MdsUpdrs3)})
    >>> worst.total.value
    132
    """

    speech: Grade = field(metadata=_GRADE)
    facial_expression: Grade = field(metadata=_GRADE)
    rigidity_neck: Grade = field(metadata=_GRADE)
    rigidity_right_arm: Grade = field(metadata=_GRADE)
    rigidity_left_arm: Grade = field(metadata=_GRADE)
    rigidity_right_leg: Grade = field(metadata=_GRADE)
    rigidity_left_leg: Grade = field(metadata=_GRADE)
    finger_tapping_right: Grade = field(metadata=_GRADE)
    finger_tapping_left: Grade = field(metadata=_GRADE)
    hand_movements_right: Grade = field(metadata=_GRADE)
    hand_movements_left: Grade = field(metadata=_GRADE)
    pronation_supination_right: Grade = field(metadata=_GRADE)
    pronation_supination_left: Grade = field(metadata=_GRADE)
    toe_tapping_right: Grade = field(metadata=_GRADE)
    toe_tapping_left: Grade = field(metadata=_GRADE)
    leg_agility_right: Grade = field(metadata=_GRADE)
    leg_agility_left: Grade = field(metadata=_GRADE)
    arising_from_chair: Grade = field(metadata=_GRADE)
    gait: Grade = field(metadata=_GRADE)
    freezing_of_gait: Grade = field(metadata=_GRADE)
    postural_stability: Grade = field(metadata=_GRADE)
    posture: Grade = field(metadata=_GRADE)
    global_spontaneity_of_movement: Grade = field(metadata=_GRADE)
    postural_tremor_right: Grade = field(metadata=_GRADE)
    postural_tremor_left: Grade = field(metadata=_GRADE)
    kinetic_tremor_right: Grade = field(metadata=_GRADE)
    kinetic_tremor_left: Grade = field(metadata=_GRADE)
    rest_tremor_right_arm: Grade = field(metadata=_GRADE)
    rest_tremor_left_arm: Grade = field(metadata=_GRADE)
    rest_tremor_right_leg: Grade = field(metadata=_GRADE)
    rest_tremor_left_leg: Grade = field(metadata=_GRADE)
    rest_tremor_lip_jaw: Grade = field(metadata=_GRADE)
    constancy_of_rest_tremor: Grade = field(metadata=_GRADE)
    medication: Medication

    def __post_init__(self) -> None:
        extra: tuple[Fault, ...] = ()
        if not is_a(self.medication, Medication):
            rule = "must be a Medication (on, off, untreated, unknown)"
            extra = (Fault("MDS-UPDRS III.medication", repr(self.medication), rule),)
        check(self, "MDS-UPDRS III", extra)

    @property
    def total(self) -> Sum:
        """All 33 scores, 0-132; ND with its range when one is missing."""
        return sum_of(self)

    def prorated(self, most_missing: int) -> Fraction | None:
        """The total with each missing score replaced by the mean of the observed ones.

        Args:
            most_missing: how many missing scores your analysis plan allows (0 to 32).

        Returns:
            An exact fraction, or None when more are missing. An estimate, to be reported as prorated.

        Raises:
            InputError: a limit outside 0 to 32.
        """
        count = len(items(self))
        if type(most_missing) is not int or not 0 <= most_missing < count:
            raise InputError(
                f"most_missing {most_missing!r}: must be a whole number from 0 to {count - 1}"
            )
        total = self.total
        missing = len(total.missing)
        return None if missing > most_missing else Fraction(total.low * count, count - missing)
