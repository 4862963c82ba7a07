"""The eleven set-valued results of an exam, as bit masks: the exact union over all completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from saisei.exam.isncsci.ais import ais_grades, completeness
from saisei.exam.isncsci.domains import ExamDomains
from saisei.exam.isncsci.motor import motor_branches, motor_levels
from saisei.exam.isncsci.nli import neurological_levels
from saisei.exam.isncsci.policy import Policy
from saisei.exam.isncsci.sensory import sensory_levels
from saisei.exam.isncsci.zpp import motor_zones, sensory_zones

__all__ = ["QUANTITIES", "Sets", "evaluate"]


class Sets(NamedTuple):
    """One bit mask per quantity.

    Levels and zones: bit i for `Level(i)`, bit 30 for NA. Completeness: bit 0 complete, bit 1
    incomplete. AIS: bit 0 for A to bit 4 for E.
    """

    right_sensory_level: int
    left_sensory_level: int
    right_motor_level: int
    left_motor_level: int
    nli: int
    completeness: int
    ais: int
    right_sensory_zpp: int
    left_sensory_zpp: int
    right_motor_zpp: int
    left_motor_zpp: int


QUANTITIES: tuple[str, ...] = Sets._fields


def evaluate(codes: Sequence[int], policy: Policy) -> Sets:
    """All values that each quantity can have.

    Args:
        codes: 136 integer codes in the order of `record.COLUMNS`, taken as valid.
        policy: the reading of the open points.
    """
    exam = ExamDomains.of(codes)
    right, left = exam.sides
    sensory = sensory_levels(right.dermatomes), sensory_levels(left.dermatomes)
    branches = motor_branches(right.muscles, sensory[0]), motor_branches(left.muscles, sensory[1])
    absent_vac_is_s3 = policy.all_normal_without_vac == "S3"
    return Sets(
        *sensory,
        motor_levels(branches[0], exam.vac),
        motor_levels(branches[1], exam.vac),
        neurological_levels(*branches, exam.vac, absent_vac_is_s3),
        completeness(exam),
        ais_grades(exam, *branches, policy),
        sensory_zones(right, exam, policy),
        sensory_zones(left, exam, policy),
        motor_zones(exam, branches, 0, policy),
        motor_zones(exam, branches, 1, policy),
    )
