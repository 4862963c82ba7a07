"""The neurological level of injury (NLI): the most rostral of the four levels, INT last (ISNCSCI 2019)."""

from __future__ import annotations

from collections.abc import Sequence

from saisei.exam.isncsci.levels import Level
from saisei.exam.isncsci.motor import Branch

__all__ = ["neurological_levels", "reached"]

_S3, _INT = int(Level.S3), int(Level.INT)


def reached(branch: Branch, sensory: int, all_normal: int) -> int:
    """The more rostral of sensory and motor level, for each of the sensory levels in `sensory`, as a set.

    `all_normal` is the motor level when all is normal: INT, or S3 where VAC is absent.
    """
    level = branch.level if branch.level != _INT else all_normal
    rostral = sensory & ((1 << level) - 1)
    return rostral | 1 << level if sensory >> level else rostral


def neurological_levels(
    right: Sequence[Branch], left: Sequence[Branch], vac: Sequence[bool], absent_vac_is_s3: bool
) -> int:
    """All NLI that an exam can have, as a set of levels.

    Args:
        right, left: the branches of each side.
        vac: the possible values of VAC.
        absent_vac_is_s3: whether an exam normal but for an absent VAC has NLI S3 (else INT); see `policy`.
    """
    found = 0
    for present in vac:
        all_normal = _S3 if absent_vac_is_s3 and not present else _INT
        sides = [0, 0]
        for i, branches in enumerate((right, left)):
            for branch in branches:
                sides[i] |= reached(branch, branch.sensory, all_normal)
        found |= most_rostral(*sides)
    return found


def most_rostral(one: int, other: int) -> int:
    """The set of min(a, b) for a in one set of levels and b in another."""
    return (one | other) & ((1 << min(one.bit_length(), other.bit_length())) - 1)
