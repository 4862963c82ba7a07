"""The reasons of a whole classification, found by looking again at what each rule looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saisei.exam.isncsci.domains import (
    NA,
    SOME,
    THREE_OR_FOUR,
    ExamDomains,
    bits,
    motor_domain,
    sensory_domain,
    values_of,
)
from saisei.exam.isncsci.evaluate import QUANTITIES, Sets, evaluate
from saisei.exam.isncsci.explain_ais import explain_ais, explain_completeness
from saisei.exam.isncsci.items import ANAL_ITEMS, cell, dermatome_items, muscle_item
from saisei.exam.isncsci.levels import KEY_MUSCLES, Level
from saisei.exam.isncsci.motor import Branch, motor_branches
from saisei.exam.isncsci.policy import Policy
from saisei.exam.isncsci.reasons import Item, Reason, Why
from saisei.exam.isncsci.sensory import sensory_levels

__all__ = ["explain", "explain_totals"]

_SIDES = ("right", "left")
_CELLS = 132
_C3, _C4, _T1, _L1, _S1, _INT = 2, 3, 8, 20, 25, 29
Reasons = list[Reason]


def explain(codes: Sequence[int], sets: Sets, policy: Policy) -> dict[str, Why]:
    """The reasons of every quantity, by name.

    Args:
        codes: the 136 codes of the exam.
        sets: what `evaluate` found for them under `policy`.
        policy: the reading of the open points.
    """
    exam = ExamDomains.of(codes)
    sensory = [sensory_levels(side.dermatomes) for side in exam.sides]
    branches = [motor_branches(s.muscles, m) for s, m in zip(exam.sides, sensory, strict=True)]
    found: dict[str, Reasons] = {
        "nli": _nli(sets),
        "completeness": explain_completeness(codes, sets),
    }
    found["ais"], counts = explain_ais(codes, exam, branches, sets)
    for i, name in enumerate(_SIDES):
        found[f"{name}_sensory_level"] = _sensory_level(codes, i, sensory[i])
        found[f"{name}_motor_level"] = _motor_level(codes, exam, i, branches[i])
        found[f"{name}_sensory_zpp"] = _sensory_zone(codes, i, sets[7 + i], policy)
        found[f"{name}_motor_zpp"] = _motor_zone(codes, i, sets[9 + i], policy)
    settling = _settling(codes, sets, policy)
    return {
        name: Why(
            tuple(found[name]),
            counts if name == "ais" else (),
            settling.get(name, ()),
            name in settling,
        )
        for name in QUANTITIES
    }


def _sensory_level(codes: Sequence[int], side: int, levels: int) -> Reasons:
    reasons = []
    for level in bits(levels):
        if level == _INT:
            reasons.append(Reason("INT", "all 28 dermatomes are or can be normal"))
            continue
        below = Level(level + 1)
        items = dermatome_items(codes, side, below, lambda domain: bool(domain & 0b011))
        reasons.append(
            Reason(Level(level).label, f"{below.label} is the first that is not normal", items)
        )
    return reasons


def _motor_level(
    codes: Sequence[int], exam: ExamDomains, side: int, branches: Sequence[Branch]
) -> Reasons:
    found: dict[int, Reasons] = {}
    for branch in branches:
        if branch.level == _INT:
            for vac in exam.vac:
                level, word = (_INT, "present") if vac else (Level.S3, "absent")
                rule = f"all scores of the side are normal and VAC is {word}"
                found.setdefault(level, []).append(
                    Reason(Level(level).label, rule, (ANAL_ITEMS[0](codes),))
                )
            continue
        rule, items = _branch_rule(codes, side, branch)
        found.setdefault(branch.level, []).append(Reason(Level(branch.level).label, rule, items))
    return [reason for level in sorted(found) for reason in found[level]]


def _branch_rule(codes: Sequence[int], side: int, branch: Branch) -> tuple[str, tuple[Item, ...]]:
    """The rule and the items of a branch that is not all normal."""
    level = Level(branch.level)
    if level <= _C3:
        return f"the sensory level is {level.label}, and the motor level follows it", ()
    if level in (_C4, _L1):
        k = 0 if level == _C4 else 5
        above = "" if level == _C4 else "all above is normal and "
        return f"{above}{KEY_MUSCLES[k].label} is below 3", (muscle_item(codes, side, k),)
    if level not in KEY_MUSCLES:
        return f"all above is normal, so the level follows the sensory level {level.label}", ()
    k = KEY_MUSCLES.index(level)
    if branch.muscles[k] & THREE_OR_FOUR:
        return "the lowest key muscle of 3 or more, all above are 5", (muscle_item(codes, side, k),)
    if level in (_T1, _S1):
        first, last = (Level.C5, Level.T2) if level == _T1 else (Level.L2, Level.S2)
        items = [
            item
            for block in range(first, last + 1)
            for item in dermatome_items(codes, side, Level(block), lambda d: bool(d & 0b011))
        ]
        rule = f"the muscles are 5, and the dermatomes {first.label} to {last.label} are not all normal"
        return rule, tuple(items)
    following = KEY_MUSCLES[k + 1].label
    items_ = muscle_item(codes, side, k), muscle_item(codes, side, k + 1)
    return f"{level.label} is 5 and {following} is below 3", items_


def _nli(sets: Sets) -> Reasons:
    names = ("right sensory", "left sensory", "right motor", "left motor")
    reasons = []
    for level in bits(sets.nli):
        columns = [n for n, levels in zip(names, sets[:4], strict=True) if levels >> level & 1]
        if level == _INT:
            rule = "all four levels are or can be intact (VAC is left out by some policies)"
        else:
            rule = f"the most rostral of the four levels: {', '.join(columns)}"
        reasons.append(Reason(Level(level).label, rule))
    return reasons


def _sensory_zone(codes: Sequence[int], side: int, zones: int, policy: Policy) -> Reasons:
    reasons = []
    if zones >> NA & 1:
        if policy.revision != "2019":
            reasons.append(Reason("NA", f"revision {policy.revision} has zones in AIS A only"))
        else:
            sacral = dermatome_items(codes, side, Level.S4_5, lambda d: bool(d & 0b110))
            dap = (ANAL_ITEMS[1](codes),) if codes[133] else ()
            rule = "DAP is or can be present, or S4-5 of this side is or can be felt"
            reasons.append(Reason("NA", rule, (*dap, *sacral)))
    for level in bits(zones & ~(1 << NA)):
        if level == 0:
            reasons.append(Reason("C1", "nothing is felt from C2 downwards"))
            continue
        items = dermatome_items(codes, side, Level(level), lambda d: bool(d & 0b110))
        rule = "the most caudal dermatome where something is or can be felt"
        reasons.append(Reason(Level(level).label, rule, items))
    return reasons


def _motor_zone(codes: Sequence[int], side: int, zones: int, policy: Policy) -> Reasons:
    reasons = []
    if zones >> NA & 1:
        if policy.revision != "2019":
            reasons.append(Reason("NA", f"revision {policy.revision} has zones in AIS A only"))
        else:
            reasons.append(Reason("NA", "VAC is or can be present", (ANAL_ITEMS[0](codes),)))
    for level in bits(zones & ~(1 << NA)):
        rule = "no key muscle below the motor level moves"
        items: tuple[Item, ...] = ()
        if level in KEY_MUSCLES:
            k = KEY_MUSCLES.index(Level(level))
            if motor_domain(codes[side * 66 + 56 + k]) & SOME:
                rule = "the most caudal key muscle that moves, or the motor level itself"
                items = (muscle_item(codes, side, k),)
            elif level == codes[134 + side]:
                rule = f"the non-key muscle of this level, by policy {policy.non_key_in_motor_zpp}"
        reasons.append(Reason(Level(level).label, rule, items))
    return reasons


def _uncertain(codes: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(column, possible values) of the items that can stand for more than one value."""
    for i in range(_CELLS):
        if codes[i] >= 9:
            values = values_of(motor_domain(codes[i]) if i % 66 >= 56 else sensory_domain(codes[i]))
            if len(values) > 1:
                yield i, values
    for i in (132, 133):
        if codes[i] == 9:
            yield i, (0, 1)


def _settling(codes: Sequence[int], sets: Sets, policy: Policy) -> dict[str, tuple[Item, ...]]:
    """For each ND quantity, the items each of which alone would make it determinable."""
    unclear = [i for i, mask in enumerate(sets) if mask & (mask - 1)]
    found: dict[str, tuple[Item, ...]] = {QUANTITIES[i]: () for i in unclear}
    if not unclear:
        return found
    for column, values in _uncertain(codes):
        settled = unclear
        for value in values:
            retested = list(codes)
            retested[column] = value
            after = evaluate(retested, policy)
            settled = [i for i in settled if not after[i] & (after[i] - 1)]
            if not settled:
                break
        for i in settled:
            found[QUANTITIES[i]] += (cell(codes, column),)
    return found


_TOTALS = {"uems": (56, 61), "lems": (61, 66), "light_touch": (0, 28), "pin_prick": (28, 56)}


def explain_totals(codes: Sequence[int]) -> dict[str, Why]:
    """The items not tested behind each total that is ND: `uems.right`, `uems.both` and so on."""
    found = {}
    for name, (start, stop) in _TOTALS.items():
        sides = {
            side: [i for i in range(start + 66 * s, stop + 66 * s) if codes[i] % 10 == 9]
            for s, side in enumerate(_SIDES)
        }
        sides["both"] = sides["right"] + sides["left"]
        for side, columns in sides.items():
            if columns:
                items = tuple(cell(codes, i) for i in columns)
                reason = Reason("ND", "a score of this sum was not tested", items)
                found[f"{name}.{side}"] = Why((reason,), (), items if len(items) == 1 else (), True)
    return found
