"""Why complete or incomplete, why A and not B, what made it motor incomplete, which muscles were counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saisei.exam.isncsci.ais import COMPLETE, INCOMPLETE, counts_at, side_groups
from saisei.exam.isncsci.domains import (
    AT_LEAST_3,
    FIRST_BELOW,
    SOME,
    ExamDomains,
    bits,
    motor_domain,
    sensory_domain,
)
from saisei.exam.isncsci.evaluate import Sets
from saisei.exam.isncsci.items import cell, muscle_item
from saisei.exam.isncsci.levels import KEY_MUSCLES, Level
from saisei.exam.isncsci.motor import Branch
from saisei.exam.isncsci.reasons import Item, MuscleCount, Reason

__all__ = ["explain_ais", "explain_completeness"]

_SACRAL = (27, 55, 93, 121)
_VAC, _DAP = 132, 133
_A, _B, _C, _D, _E = 1, 2, 4, 8, 16
_SIDES = ("right", "left")
_MANY = 4


def explain_completeness(codes: Sequence[int], sets: Sets) -> list[Reason]:
    """The sacral items that make the injury complete or incomplete."""
    reasons = []
    if sets.completeness & COMPLETE:
        items = tuple(cell(codes, i) for i in (_VAC, _DAP, *_SACRAL))
        reasons.append(Reason("C", "no sacral function is or need be present", items))
    if sets.completeness & INCOMPLETE:
        items = (*_yes(codes, _VAC), *_sparing(codes))
        reasons.append(Reason("I", "sacral function is or can be present", items))
    return reasons


def explain_ais(
    codes: Sequence[int], exam: ExamDomains, branches: Sequence[Sequence[Branch]], sets: Sets
) -> tuple[list[Reason], tuple[MuscleCount, ...]]:
    """The reasons of each possible grade, and the muscle counts when C or D is possible."""
    grades, reasons = sets.ais, []
    sparing = _sparing(codes)
    far = _far_items(codes, branches)
    if grades & _A:
        items = tuple(cell(codes, i) for i in (_VAC, _DAP, *_SACRAL))
        rule = (
            "complete: VAC and DAP are absent and nothing is felt at S4-5, so it is not B or better"
        )
        reasons.append(Reason("A", rule, items))
    if grades & _B:
        where = " and ".join(f"{s} {_levels(m)}" for s, m in zip(_SIDES, sets[2:4], strict=True))
        rule = (
            "incomplete by sacral sensation, so not A; VAC is absent and there need be no motor function "
            f"more than three segments below the motor levels ({where}), so not C or D"
        )
        reasons.append(Reason("B", rule, sparing))
    for grade, name in ((_C, "C"), (_D, "D")):
        if grades & grade:
            reasons += _motor_incomplete(codes, name, sparing, far)
    if grades & _E:
        rule = "all scores normal and VAC present; E needs an earlier documented deficit"
        reasons.append(Reason("E", rule, _yes(codes, _VAC)))
    counts = _counts(codes, exam, branches, sets) if grades & (_C | _D) else ()
    return reasons, counts


def _levels(levels: int) -> str:
    """`C5`, `C5 or C6`, or from the first to the last when there are many."""
    labels = [Level(level).label for level in bits(levels)]
    return " or ".join(labels) if len(labels) < _MANY else f"{labels[0]} to {labels[-1]}"


def _motor_incomplete(
    codes: Sequence[int], name: str, sparing: tuple[Item, ...], far: tuple[Item, ...]
) -> list[Reason]:
    counted = "at least half" if name == "D" else "fewer than half"
    end = f"and {counted} of the key muscles below the NLI are 3 or more"
    reasons = []
    if codes[_VAC]:
        reasons.append(Reason(name, f"motor incomplete by VAC, {end}", _yes(codes, _VAC)))
    if codes[_VAC] != 1 and sparing and far:
        rule = (
            "motor incomplete by sacral sensation together with motor function more than three segments "
            f"below the motor level of its side, {end}"
        )
        reasons.append(Reason(name, rule, (*sparing, *far)))
    return reasons


def _yes(codes: Sequence[int], column: int) -> tuple[Item, ...]:
    """VAC or DAP when it is or can be present."""
    return (cell(codes, column),) if codes[column] else ()


def _sparing(codes: Sequence[int]) -> tuple[Item, ...]:
    """The items that are or can be sacral sensory sparing."""
    felt = tuple(cell(codes, i) for i in _SACRAL if sensory_domain(codes[i]) & 0b110)
    return (*_yes(codes, _DAP), *felt)


def _far_items(codes: Sequence[int], branches: Sequence[Sequence[Branch]]) -> tuple[Item, ...]:
    """Muscles that are or can be motor function more than three segments below their motor level."""
    items: list[Item] = []
    for side, name in enumerate(_SIDES):
        if not branches[side]:
            continue
        highest = min(branch.level for branch in branches[side])
        first = FIRST_BELOW[highest + 3]
        items += [
            muscle_item(codes, side, k)
            for k in range(first, 10)
            if motor_domain(codes[side * 66 + 56 + k]) & SOME
        ]
        non_key = codes[134 + side]
        if non_key >= highest + 4:
            items.append(Item(f"{name}.lowest_non_key_muscle", Level(non_key).label))
    return tuple(items)


def _counts(
    codes: Sequence[int], exam: ExamDomains, branches: Sequence[Sequence[Branch]], sets: Sets
) -> tuple[MuscleCount, ...]:
    """The muscle count for each possible NLI, over all its completions."""
    found: list[MuscleCount] = []
    for level in bits(sets.nli):
        ranges = []
        for vac in exam.vac:
            right, left = (
                counts_at(side_groups(side, b, vac), level)
                for side, b in zip(exam.sides, branches, strict=True)
            )
            ranges += [
                (one[0] + other[0], one[1] + other[1])
                for key, one in right.items()
                for other_key, other in left.items()
                if key[0] or other_key[0]
            ]
        if ranges:
            least, most = min(r[0] for r in ranges), max(r[1] for r in ranges)
            one = _count(codes, Level(level), least, most)
            if found and replace(found[-1], levels=one.levels) == one:  # same muscles, same count
                one = replace(one, levels=(*found[-1].levels, *one.levels))
                found.pop()
            found.append(one)
    return tuple(found)


def _count(codes: Sequence[int], nli: Level, least: int, most: int) -> MuscleCount:
    below = [(side, k) for side in (0, 1) for k, muscle in enumerate(KEY_MUSCLES) if muscle > nli]
    counted = tuple(
        muscle_item(codes, side, k)
        for side, k in below
        if motor_domain(codes[side * 66 + 56 + k]) & AT_LEAST_3
    )
    return MuscleCount((nli,), len(below), (len(below) + 1) // 2, least, most, counted)
