"""Completeness of the injury and the ASIA Impairment Scale (AIS), ISNCSCI 2019.

    A  complete: VAC and DAP absent, nothing felt at S4-5
    E  NLI is INT and VAC is present
    B  neither, and not motor incomplete
    D  motor incomplete, at least half of the key muscles below the NLI graded 3 or more
    C  motor incomplete, fewer

Motor incomplete: VAC present; or sacral sensory sparing, and on a side motor function (key or non-key
muscle) more than three segments below the motor level of that side.

With NT and flags the grades are the exact set. For each VAC and each NLI, every side is reduced to what
matters: does it reach the NLI, is S4-5 felt, is there motor function far below, and the least and most
muscles graded 3 or more. Least and most suffice, because the two sides are free of each other once the
NLI is fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from saisei.exam.isncsci.domains import (
    ABSENT,
    AT_LEAST_3,
    BELOW_3,
    CAN_BE_ABSENT,
    CAN_BE_FELT,
    FIRST_BELOW,
    SOME,
    ExamDomains,
    SideDomains,
    bits,
)
from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.motor import Branch
from saisei.exam.isncsci.nli import most_rostral, reached
from saisei.exam.isncsci.policy import Policy

__all__ = ["COMPLETE", "INCOMPLETE", "ais_grades", "completeness"]

COMPLETE, INCOMPLETE = 1, 2
A, B, C, D, E = 1, 2, 4, 8, 16
_S3, _INT = int(Level.S3), int(Level.INT)
_TO_S3 = (1 << _S3 + 1) - 1
_EITHER, _YES, _NO = (True, False), (True,), (False,)


def completeness(exam: ExamDomains) -> int:
    """Whether the injury can be complete and can be incomplete, as a set of `COMPLETE` and `INCOMPLETE`."""
    right, left = exam.right.dermatomes[-1], exam.left.dermatomes[-1]
    found = 0
    if False in exam.vac and False in exam.dap and right & left & CAN_BE_ABSENT:
        found |= COMPLETE
    if True in exam.vac or True in exam.dap or (right | left) & CAN_BE_FELT:
        found |= INCOMPLETE
    return found


class Group(NamedTuple):
    """Completions of a side that share a branch and what S4-5 can be.

    `levels` are the levels reached (more rostral of sensory and motor level); `felt` the possible answers to
    "is anything felt at S4-5"; `far` the index of the first key muscle more than three segments below the
    motor level; `non_key_far` says whether the non-key muscle lies there.
    """

    levels: int
    felt: tuple[bool, ...]
    far: int
    non_key_far: bool
    muscles: tuple[int, ...]


def side_groups(side: SideDomains, branches: Iterable[Branch], vac: bool) -> list[Group]:
    """The groups of a side under one value of VAC."""
    all_normal = _INT if vac else _S3
    sacral = side.dermatomes[-1]
    groups = []
    for branch in branches:
        level = branch.level if branch.level != _INT else all_normal
        far, non_key_far = FIRST_BELOW[level + 3], side.non_key >= level + 4
        for sensory, felt in (
            (branch.sensory & _TO_S3, _felt(sacral)),
            (branch.sensory & 1 << _INT, _YES),
        ):
            if sensory:
                levels = reached(branch, sensory, all_normal)
                groups.append(Group(levels, felt, far, non_key_far, branch.muscles))
    return groups


def _felt(sacral: int) -> tuple[bool, ...]:
    """Whether S4-5 can be felt below a sensory level of S3 or higher.

    At level S3 it must not be normal; as domains are unbroken runs, one that can be felt can then also be 1.
    """
    if sacral & CAN_BE_FELT:
        return _EITHER if sacral & CAN_BE_ABSENT else _YES
    return _NO


Key = tuple[bool, bool, bool]
Counts = dict[Key, tuple[int, int]]


def counts_at(groups: Iterable[Group], level: int) -> Counts:
    """Least and most muscles below `level` graded 3 or more, over the completions with this NLI.

    The keys are (reaches the level itself, S4-5 felt, motor function far below).
    """
    first = FIRST_BELOW[level]
    counts: Counts = {}
    for group in groups:
        if not group.levels >> level:
            continue
        places = [
            at for at in _EITHER if (group.levels >> level & 1 if at else group.levels >> level + 1)
        ]
        for far, least, most in _tallies(group, first):
            for at in places:
                for felt in group.felt:
                    key = (at, felt, far)
                    low, high = counts.get(key, (least, most))
                    counts[key] = (min(low, least), max(high, most))
    return counts


def _tallies(group: Group, first: int) -> Iterable[tuple[bool, int, int]]:
    """(function far below, least, most) for the muscles from number `first` on."""
    below, far = group.muscles[first:], group.muscles[group.far :]
    if group.non_key_far or any(muscle & SOME for muscle in far):
        # A far muscle that can move and can be below 3 can be 1 or 2: the least count needs no extra muscle.
        yield True, *_count(below)
    if not group.non_key_far and all(muscle & ABSENT for muscle in far):
        yield False, *_count(group.muscles[first : group.far])


def _count(muscles: Sequence[int]) -> tuple[int, int]:
    least = sum(1 for muscle in muscles if not muscle & BELOW_3)
    most = sum(1 for muscle in muscles if muscle & AT_LEAST_3)
    return least, most


def ais_grades(
    exam: ExamDomains, right: Sequence[Branch], left: Sequence[Branch], policy: Policy
) -> int:
    """All AIS grades that the exam can have, as a set (bit 0 for A to bit 4 for E).

    Args:
        exam: the domains.
        right, left: the branches of each side (all of them, or those of interest).
        policy: decides `dap_for_e` and `no_muscles_below`.
    """
    found = 0
    for vac in exam.vac:
        groups = side_groups(exam.right, right, vac), side_groups(exam.left, left, vac)
        sides = [_union(group.levels for group in side) for side in groups]
        for level in bits(most_rostral(*sides)):
            found |= _grades_at(
                level,
                counts_at(groups[0], level),
                counts_at(groups[1], level),
                vac,
                exam.dap,
                policy,
            )
    return found


def _union(sets: Iterable[int]) -> int:
    found = 0
    for one in sets:
        found |= one
    return found


def _grades_at(
    level: int, right: Counts, left: Counts, vac: bool, dap: tuple[bool, ...], policy: Policy
) -> int:
    """The grades of all completions with this NLI and this VAC."""
    below = 2 * (10 - FIRST_BELOW[level])
    found = 0
    for (at, felt, far), (least, most) in right.items():
        for (other_at, other_felt, other_far), (other_least, other_most) in left.items():
            if not (at or other_at):
                continue
            motor = c_or_d(least + other_least, most + other_most, below, policy)
            for pressure in dap:
                spared = pressure or felt or other_felt
                found |= _grade(level, vac, pressure, spared, far or other_far, motor, policy)
    return found


def _grade(
    level: int, vac: bool, dap: bool, spared: bool, far: bool, motor: int, policy: Policy
) -> int:
    if not vac and not spared:
        return A
    if level == _INT and vac and (dap or policy.dap_for_e == "ignored"):
        return E
    return motor if vac or far else B


def c_or_d(least: int, most: int, below: int, policy: Policy) -> int:
    """C, D or both: motor incomplete, `least` to `most` of `below` muscles graded 3 or more."""
    if below == 0:
        return D if policy.no_muscles_below == "D" else C
    return (D if 2 * most >= below else 0) | (C if 2 * least < below else 0)
