"""The sets behind NT and flags against brute force: every completion graded by a plain second program.

`plain` grades an exam without NT or flags, straight from the rules of ISNCSCI 2019 and without the branches
and bit masks of the package. The union of its answers over all completions must be the set, in every
quantity.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from saisei.exam.isncsci import DEFAULT, POLICIES, PRAXIS, Exam, Level, Policy, classify
from saisei.exam.isncsci.evaluate import QUANTITIES

MUSCLES = (4, 5, 6, 7, 8, 21, 22, 23, 24, 25)
S3, INT = 27, 29
DECIDING = replace(DEFAULT, name="deciding", non_key_in_motor_zpp="deciding")
OTHER = replace(
    DEFAULT, name="other", dap_for_e="required", no_muscles_below="C", all_normal_without_vac="INT"
)
ALL_POLICIES = (DEFAULT, PRAXIS, DECIDING, OTHER, POLICIES["2015"])

Levels = tuple[int, int]


def plain_sensory_level(cells: list[int]) -> int:
    """The level above the first dermatome that is not 2 and 2."""
    for i in range(28):
        if cells[i] != 2 or cells[28 + i] != 2:
            return i
    return INT


def plain_motor_level(cells: list[int], vac: bool) -> int:
    """Rules 1 to 6 of the motor level, in their order."""
    sensory, motor = plain_sensory_level(cells), dict(zip(MUSCLES, cells[56:], strict=True))
    if sensory < 3:
        return sensory
    for first, last, above in ((4, 8, 3), (21, 25, 20)):
        if first == 21:
            if sensory < 9:
                return 8  # a dermatome from C5 to T2 is not normal
            if sensory < 20:
                return sensory
        if motor[first] < 3:
            return above
        for muscle in range(first, last + 1):
            if motor[muscle] < 5:
                return muscle
            if muscle < last and motor[muscle + 1] < 3:
                return muscle
    if sensory < 26:
        return 25  # a dermatome from L2 to S2 is not normal
    if sensory < INT:
        return sensory
    return INT if vac else S3


def plain(right: list[int], left: list[int], tail: list[int], policy: Policy) -> dict[str, str]:
    """The classification of one exam without NT or flags, quantity by quantity."""
    vac, dap = bool(tail[0]), bool(tail[1])
    sides = (right, left)
    sl = [plain_sensory_level(s) for s in sides]
    ml = [plain_motor_level(s, vac) for s in sides]
    for_nli = ml
    if policy.all_normal_without_vac == "INT":
        for_nli = [plain_motor_level(s, True) for s in sides]
    nli = min(*sl, *for_nli)
    s45 = [max(s[27], s[55]) for s in sides]
    complete = not vac and not dap and max(s45) == 0
    spared = dap or max(s45) > 0
    key_far = [
        any(g > 0 and m > ml[i] + 3 for m, g in zip(MUSCLES, sides[i][56:], strict=True))
        for i in (0, 1)
    ]
    far = [key_far[i] or tail[2 + i] > ml[i] + 3 for i in (0, 1)]
    below = [g for s in sides for m, g in zip(MUSCLES, s[56:], strict=True) if m > nli]
    if complete:
        ais = "A"
    elif nli == INT and vac and (dap or policy.dap_for_e == "ignored"):
        ais = "E"
    elif not (vac or (spared and max(far))):
        ais = "B"
    elif not below:
        ais = policy.no_muscles_below
    else:
        ais = "D" if sum(g >= 3 for g in below) * 2 >= len(below) else "C"
    out = {"completeness": "C" if complete else "I", "ais": ais, "nli": Level(nli).label}
    for i, name in enumerate(("right", "left")):
        out[f"{name}_sensory_level"] = Level(sl[i]).label
        out[f"{name}_motor_level"] = Level(ml[i]).label
        felt = [d + 1 for d in range(27) if sides[i][d] or sides[i][28 + d]]
        zone = Level(max(felt, default=0)).label
        out[f"{name}_sensory_zpp"] = "NA" if dap or s45[i] else zone
        moving = [m for m, g in zip(MUSCLES, sides[i][56:], strict=True) if g and m > ml[i]]
        motor = max(moving, default=ml[i])
        if policy.non_key_in_motor_zpp == "deciding" and spared and far[i] and not key_far[i]:
            motor = tail[2 + i]
        if policy.non_key_in_motor_zpp == "praxis" and ais == "C" and tail[2 + i] > motor + 3:
            motor = tail[2 + i]
        out[f"{name}_motor_zpp"] = "NA" if vac else Level(motor).label
        if policy.revision != "2019" and ais != "A":
            out[f"{name}_sensory_zpp"] = out[f"{name}_motor_zpp"] = "NA"
    return out


def domain(code: int, normal: int) -> list[int]:
    """The scores behind a code (table of section 5 of the rules, written out again)."""
    flag, grade = divmod(code, 10)
    if flag == 2:
        return [normal]
    if grade == 9:
        return list(range(normal + 1 - flag))
    return list(range(grade, normal)) if flag else [grade]


def domains(codes: list[int]) -> list[list[int]]:
    """The possible values of all 136 items."""
    cells = [domain(c, 5 if i % 66 >= 56 else 2) for i, c in enumerate(codes[:132])]
    return cells + [[0, 1] if c == 9 else [c] for c in codes[132:134]] + [[c] for c in codes[134:]]


def number_of_completions(codes: list[int]) -> int:
    """How many exams an exam stands for."""
    product = 1
    for values in domains(codes):
        product *= len(values)
    return product


def union(codes: list[int], policy: Policy) -> dict[str, set[str]]:
    """The answers of `plain` over all completions."""
    found: dict[str, set[str]] = {name: set() for name in QUANTITIES}
    for values in itertools.product(*domains(codes)):
        cells = list(values)
        for name, value in plain(cells[:66], cells[66:132], cells[132:], policy).items():
            found[name].add(value)
    return found


def sets(exam: Exam, policy: Policy) -> dict[str, set[str]]:
    """The sets of the package, without stars."""
    result = classify(exam, replace(policy, stars="off"), reasons=False)
    return {name: set(found.labels) for name, found in result.findings().items()}


def exams(
    make_exam: Callable[..., Exam], seed: int, n: int, uncertain: int, limit: int
) -> Iterator[Exam]:
    """`n` exams that stand for at most `limit` completions each."""
    rng = random.Random(seed)
    while n:
        exam = make_exam(rng, uncertain=rng.randint(1, uncertain) if uncertain else 0)
        if number_of_completions(exam.codes()) <= limit:
            n -= 1
            yield exam


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=lambda p: p.name)
def test_plain_exams_are_graded_as_the_second_program_grades_them(
    policy: Policy, make_exam: Callable[..., Exam]
) -> None:
    """Without NT and flags every quantity has the one value that the plain program gives."""
    for exam in exams(make_exam, 11, 400, 0, 1):
        assert sets(exam, policy) == union(exam.codes(), policy), exam.codes()


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=lambda p: p.name)
def test_sets_are_the_union_over_all_completions(
    policy: Policy, make_exam: Callable[..., Exam]
) -> None:
    """With NT and flags every set holds exactly the values that some completion has."""
    for exam in exams(make_exam, 12 + ALL_POLICIES.index(policy), 200, 6, 300):
        assert sets(exam, policy) == union(exam.codes(), policy), exam.codes()


def near_threshold(rng: random.Random, exam: Exam) -> Exam:
    """The exam with one arm muscle NT, normal arms otherwise and one to three strong leg muscles."""
    codes = exam.codes()
    for side in (0, 66):
        codes[side + 56 : side + 66] = [5] * 5 + [0] * 5
        codes[side : side + 9] = codes[side + 28 : side + 37] = [2] * 9
    codes[56 + rng.randrange(1, 5)] = 9
    for _ in range(rng.randint(1, 3)):
        codes[rng.choice((0, 66)) + 61 + rng.randrange(5)] = rng.choice((3, 4, 13))
    codes[132:134] = [rng.choice((0, 1, 9)), 1]
    return Exam.from_codes(codes)


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=lambda p: p.name)
def test_counts_and_levels_of_different_completions_are_not_mixed(
    policy: Policy, make_exam: Callable[..., Exam]
) -> None:
    """Near the threshold of D the count goes with the NLI of the same completion."""
    rng = random.Random(21 + ALL_POLICIES.index(policy))
    for exam in [near_threshold(rng, make_exam(rng)) for _ in range(60)]:
        assert sets(exam, policy) == union(exam.codes(), policy), exam.codes()


@pytest.mark.parametrize("policy", ALL_POLICIES, ids=lambda p: p.name)
def test_zones_of_a_non_key_muscle_go_with_the_grade_of_the_same_completion(
    policy: Policy, make_exam: Callable[..., Exam]
) -> None:
    """With a non-key muscle and open leg muscles, zone and AIS belong to one completion."""
    rng = random.Random(41 + ALL_POLICIES.index(policy))
    for _ in range(60):
        codes = make_exam(rng).codes()
        codes[134] = rng.choice((21, 22, 23, 24, 25))
        for column in [*rng.sample((61, 62, 63, 64, 65), 2), rng.choice((27, 93))]:
            codes[column] = 9
        codes[132], codes[133] = rng.choice(((0, 0), (0, 9), (9, 0), (0, 1)))
        assert sets(Exam.from_codes(codes), policy) == union(codes, policy), codes


def test_generated_exams_reach_every_grade_and_many_levels(make_exam: Callable[..., Exam]) -> None:
    """The generator reaches all five grades, all regions, ND results and non-key muscles."""
    rng = random.Random(13)
    results = [classify(make_exam(rng, uncertain=2), reasons=False) for _ in range(600)]
    assert {r.ais.value for r in results} >= {*"ABCDE", None}
    assert len({r.nli.value for r in results}) > 25
    assert len({r.right_motor_zpp.labels for r in results}) > 25
