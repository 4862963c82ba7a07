"""What must hold for every exam: symmetry, order, and the meaning of NT."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saisei.exam.isncsci import DEFAULT, POLICIES, PRAXIS, Exam, Policy, Totals, classify
from saisei.exam.isncsci.evaluate import QUANTITIES, evaluate
from saisei.exam.isncsci.record import MOTOR_CODES, SENSORY_CODES

MakeExam = Callable[..., Exam]
SEEDS = st.integers(0, 2**32)
POLICY = st.sampled_from([*POLICIES.values(), replace(DEFAULT, non_key_in_motor_zpp="deciding")])


def domain(code: int, motor: bool) -> set[int]:
    """The scores behind a code."""
    normal = 5 if motor else 2
    flag, grade = divmod(code, 10)
    if flag == 2:
        return {normal}
    return (
        set(range(0 if grade == 9 else grade, normal + 1 - flag)) if flag or grade == 9 else {grade}
    )


def mirrored(exam: Exam) -> Exam:
    """The exam with its sides exchanged."""
    return Exam(exam.left, exam.right, exam.vac, exam.dap)


def parts(totals: Totals) -> list[int]:
    """The twelve lower and upper ends of the sums."""
    sides = (totals.uems, totals.lems, totals.light_touch, totals.pin_prick)
    return [end for s in sides for t in (s.right, s.left, s.both) for end in (t.low, t.high)]


@given(seed=SEEDS, policy=POLICY)
@settings(max_examples=150, deadline=None)
def test_exchanging_the_sides_exchanges_the_results(
    seed: int, policy: Policy, make_exam: MakeExam
) -> None:
    """Mirrored exams have mirrored levels and zones, the same NLI and AIS, and the same stars."""
    exam = make_exam(random.Random(seed), uncertain=seed % 6)
    one, other = (classify(e, policy, reasons=False) for e in (exam, mirrored(exam)))
    for name in QUANTITIES:
        swapped = name.replace("right", "RIGHT").replace("left", "right").replace("RIGHT", "left")
        assert getattr(one, name) == getattr(other, swapped), name


@given(seed=SEEDS)
@settings(max_examples=150, deadline=None)
def test_a_better_score_never_lowers_a_total(seed: int, make_exam: MakeExam) -> None:
    """Raising one plain score raises its sums by as much and leaves the others."""
    rng = random.Random(seed)
    exam = make_exam(rng, uncertain=3)
    codes = exam.codes()
    column = rng.randrange(132)
    if codes[column] >= (5 if column % 66 >= 56 else 2):
        return
    codes[column] += 1
    before = parts(classify(exam, reasons=False).totals)
    after = parts(classify(Exam.from_codes(codes), reasons=False).totals)
    differences = [b - a for a, b in zip(before, after, strict=True)]
    assert sorted(differences) == [0] * 20 + [1] * 4


@given(seed=SEEDS, policy=POLICY)
@settings(max_examples=300, deadline=None)
def test_a_wider_score_never_shrinks_a_set(seed: int, policy: Policy, make_exam: MakeExam) -> None:
    """Replacing a score by one that stands for more (NT for any, `v*` for v) keeps every possible value."""
    rng = random.Random(seed)
    codes = make_exam(rng, uncertain=seed % 8).codes()
    column = rng.randrange(134)
    wider = list(codes)
    if column >= 132:
        wider[column] = 9
    else:
        motor = column % 66 >= 56
        choices = [
            code
            for code in (MOTOR_CODES if motor else SENSORY_CODES)
            if domain(code, motor) >= domain(codes[column], motor)
        ]
        wider[column] = rng.choice(sorted(choices))
    for name, small, large in zip(
        QUANTITIES, evaluate(codes, policy), evaluate(wider, policy), strict=True
    ):
        assert small & ~large == 0, (name, column, codes)


@given(seed=SEEDS, policy=POLICY)
@settings(max_examples=150, deadline=None)
def test_sets_contain_every_completion(seed: int, policy: Policy, make_exam: MakeExam) -> None:
    """However many items are uncertain, the grades of a random completion are in the sets."""
    rng = random.Random(seed)
    codes = make_exam(rng, uncertain=30).codes()
    completion = [rng.choice(sorted(domain(c, i % 66 >= 56))) for i, c in enumerate(codes[:132])]
    completion += [rng.randrange(2) if c == 9 else c for c in codes[132:134]] + codes[134:]
    for name, one, all_ in zip(
        QUANTITIES, evaluate(completion, policy), evaluate(codes, policy), strict=True
    ):
        assert one & ~all_ == 0, (name, codes, completion)


def test_an_exam_that_is_all_nt_can_be_anything(make_exam: MakeExam) -> None:
    """With nothing tested every grade, level and zone is possible, and every sum has its whole range."""
    exam = Exam.from_codes([9] * 134 + [-1, -1])
    result = classify(exam, reasons=False)
    assert "".join(result.ais.labels) == "ABCDE"
    assert len(result.nli.values) == len(result.right_sensory_level.values) == 29
    assert result.right_motor_zpp.labels[0] == "NA"
    assert result.totals.uems.both.text == "ND (0 to 50)"
    assert result.totals.pin_prick.both.high == 112


def test_stars_mark_results_that_the_reading_of_flags_changed(make_exam: MakeExam) -> None:
    """No flag, no star; and under the default a star means a value that the examined scores do not give."""
    rng = random.Random(5)
    for _ in range(150):
        exam = make_exam(rng, uncertain=4)
        codes = exam.codes()
        examined = Exam.from_codes([c % 10 for c in codes[:132]] + codes[132:])
        result, plain = (classify(e, reasons=False) for e in (exam, examined))
        for name, found in result.findings().items():
            assert not any(getattr(plain, name).stars)
            values, others = set(found.values), set(getattr(plain, name).values)
            expected = values if others - values else values - others
            assert {
                v for v, star in zip(found.values, found.stars, strict=True) if star
            } == expected


@pytest.mark.parametrize("policy", [DEFAULT, PRAXIS], ids=lambda p: p.name)
def test_reasons_do_not_change_the_classification(policy: Policy, make_exam: MakeExam) -> None:
    """With and without reasons the classification is the same."""
    rng = random.Random(6)
    for _ in range(40):
        exam = make_exam(rng, uncertain=3)
        assert classify(exam, policy) == classify(exam, policy, reasons=False)
