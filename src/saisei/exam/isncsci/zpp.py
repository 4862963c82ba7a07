"""Zones of partial preservation (ZPP), ISNCSCI 2019: each decided on its own, whatever the AIS.

Sensory, per side: not applicable (NA) when DAP is present or anything is felt at S4-5 of that side,
else the most caudal of S3 ... C2 where anything is felt, C1 when there is none. Motor: NA when VAC is
present, else the most caudal key muscle below the motor level graded 1 or more, or the motor level
itself. Revisions 2011 and 2015: in AIS A only.

Sources: ISNCSCI worksheet 2019; Schuld et al. 2024, Spinal Cord 62:79-87.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saisei.exam.isncsci.ais import COMPLETE, INCOMPLETE, C, ais_grades, completeness
from saisei.exam.isncsci.domains import (
    ABSENT,
    CAN_BE_ABSENT,
    CAN_BE_FELT,
    FIRST_BELOW,
    MUSCLE_LEVELS,
    NA,
    SOME,
    ExamDomains,
    SideDomains,
)
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.motor import Branch
from saisei.exam.isncsci.policy import Policy

__all__ = ["motor_zones", "sensory_zones"]

_S3, _INT = int(Level.S3), int(Level.INT)


def sensory_zones(side: SideDomains, exam: ExamDomains, policy: Policy) -> int:
    """All sensory zones that a side can have, as a set of levels with bit `NA`."""
    if policy.revision != "2019":
        complete = completeness(exam)
        found = 1 << NA if complete & INCOMPLETE else 0
        return found | _felt_zones(side.dermatomes) if complete & COMPLETE else found
    found = 0
    if True in exam.dap or side.dermatomes[-1] & CAN_BE_FELT:
        found |= 1 << NA
    if False in exam.dap and side.dermatomes[-1] & CAN_BE_ABSENT:
        found |= _felt_zones(side.dermatomes)
    return found


def _felt_zones(dermatomes: Sequence[int]) -> int:
    """The most caudal dermatomes above S4-5 where something can be felt and nothing below needs to be."""
    found = 0
    for level in range(_S3, 0, -1):
        dermatome = dermatomes[level - 1]  # dermatome 0 is C2, level 1
        if dermatome & CAN_BE_FELT:
            found |= 1 << level
        if not dermatome & CAN_BE_ABSENT:
            return found
    return found | 1 << Level.C1


def motor_zones(
    exam: ExamDomains,
    branches: tuple[Sequence[Branch], Sequence[Branch]],
    side: int,
    policy: Policy,
) -> int:
    """All motor zones that a side can have, as a set of levels with bit `NA`.

    Args:
        exam: the domains.
        branches: the branches of the right and of the left side.
        side: 0 for the right side, 1 for the left.
        policy: the revision and the place of the non-key muscle.
    """
    if policy.revision != "2019":
        return _zones_before_2019(exam, branches[side])
    found = 1 << NA if True in exam.vac else 0
    if False not in exam.vac:
        return found
    non_key = exam.sides[side].non_key
    if non_key < 0 or policy.non_key_in_motor_zpp == "never":
        return found | _key_zones(branches[side])
    if policy.non_key_in_motor_zpp == "deciding":
        return found | _deciding_zones(exam, branches[side], non_key)
    return found | _praxis_zones(exam, branches, side, policy)


def _zones_before_2019(exam: ExamDomains, branches: Sequence[Branch]) -> int:
    """The zones of the older revisions, for completions with AIS A and NA for the others.

    An S4-5 without sensation leaves every branch possible: a side that is normal but for S4-5 has motor
    level S3, as has one that is all normal without VAC.
    """
    complete = completeness(exam)
    found = 1 << NA if complete & INCOMPLETE else 0
    return found | _key_zones(branches) if complete & COMPLETE else found


def _candidates(branch: Branch) -> Iterator[tuple[int, int]]:
    """(zone, number of its muscle or -1) for the completions of a branch, caudal first, key muscles only."""
    level = branch.level if branch.level != _INT else _S3
    for k in range(len(MUSCLE_LEVELS) - 1, FIRST_BELOW[level] - 1, -1):
        if branch.muscles[k] & SOME:
            yield MUSCLE_LEVELS[k], k
        if not branch.muscles[k] & ABSENT:
            return
    yield level, -1


def _key_zones(branches: Sequence[Branch]) -> int:
    found = 0
    for branch in branches:
        for zone, _ in _candidates(branch):
            found |= 1 << zone
    return found


def _deciding_zones(exam: ExamDomains, branches: Sequence[Branch], non_key: int) -> int:
    """Policy `deciding`: the non-key muscle is the zone when it alone makes the side motor incomplete.

    A motor level far enough above a muscle leaves S4-5 of the side free, so sacral sparing is decided apart.
    """
    sacral = exam.right.dermatomes[-1], exam.left.dermatomes[-1]
    can_be_spared = True in exam.dap or any(s & CAN_BE_FELT for s in sacral)
    can_be_unspared = False in exam.dap and all(s & CAN_BE_ABSENT for s in sacral)
    found = 0
    for branch in branches:
        for zone, _ in _candidates(branch):
            alone = zone < branch.level + 4 <= non_key
            if alone and can_be_spared:
                found |= 1 << non_key
            if not alone or can_be_unspared:
                found |= 1 << zone
    return found


def _praxis_zones(
    exam: ExamDomains,
    branches: tuple[Sequence[Branch], Sequence[Branch]],
    side: int,
    policy: Policy,
) -> int:
    """Policy `praxis`: in AIS C a non-key muscle more than three segments below the zone takes its place."""
    non_key = exam.sides[side].non_key
    without_vac = exam._replace(vac=(False,))
    by_zone: dict[int, list[Branch]] = {}
    for branch in branches[side]:
        for zone, k in _candidates(branch):
            by_zone.setdefault(zone, []).append(_with_zone(branch, k))
    found = 0
    for zone, narrowed in by_zone.items():
        if non_key - zone <= 3:
            found |= 1 << zone
            continue
        both = (narrowed, branches[1]) if side == 0 else (branches[0], narrowed)
        grades = ais_grades(without_vac, both[0], both[1], policy)
        found |= (1 << non_key if grades & C else 0) | (1 << zone if grades & ~C else 0)
    return found


def _with_zone(branch: Branch, k: int) -> Branch:
    """The completions of a branch whose zone is muscle `k`, or the motor level when k is -1."""
    level = branch.level if branch.level != _INT else _S3
    first = FIRST_BELOW[level] if k < 0 else k + 1
    muscles = list(branch.muscles)
    muscles[first:] = [ABSENT] * (len(muscles) - first)
    if k >= 0:
        muscles[k] &= SOME
    return branch._replace(muscles=tuple(muscles))
