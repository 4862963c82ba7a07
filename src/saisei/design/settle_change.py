"""What would settle a change of score: people per arm of a randomised comparison, by true difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from saisei.design.normal_tests import t_test_n, t_test_power
from saisei.params import value

__all__ = ["ChangeSize", "sizes_for_change"]


@dataclass(frozen=True, slots=True)
class ChangeSize:
    """People per arm for one true difference, with the power that the rounded size has."""

    label: str
    difference: float
    per_arm: int
    power: float


def sizes_for_change(
    differences: Sequence[tuple[str, float]], person_sd: float
) -> tuple[ChangeSize, ...]:
    """Sizes for the house's power and two-sided level, by the noncentral t test.

    Args:
        differences: (label, points); the sign does not matter, 0 is left out.
        person_sd: spread of one person's change.

    >>> [row.per_arm for row in sizes_for_change([("half an SD", 5.0)], 10.0)]
    [64]
    """
    alpha = float(value("evidence.alpha_two_sided"))
    goal = float(value("evidence.power"))
    rows = []
    for label, points in differences:
        if points == 0.0:
            continue
        n = math.ceil(t_test_n(abs(points), person_sd, alpha, goal))
        rows.append(ChangeSize(label, points, n, t_test_power(n, abs(points), person_sd, alpha)))
    return tuple(rows)
