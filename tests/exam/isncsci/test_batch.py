"""The batch grader: equal to the scalar reference in every quantity, strict about what it is given."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "validation"))

from exam_differential import choices, completions
from exam_generator import KINDS, generate

from saisei.errors import ExamError, InputError, UnsupportedError
from saisei.exam.isncsci import classify
from saisei.exam.isncsci.batch import CHUNK, ND, RESULTS, classify_table
from saisei.exam.isncsci.evaluate import evaluate
from saisei.exam.isncsci.policy import DEFAULT, POLICIES, PRAXIS, Policy
from saisei.exam.isncsci.record import (
    ANAL_CODES,
    COLUMNS,
    MOTOR_CODES,
    NON_KEY_CODES,
    SENSORY_CODES,
    Exam,
)

POLICY_LIST = [
    *POLICIES.values(),
    Policy(
        "other",
        dap_for_e="required",
        non_key_in_motor_zpp="deciding",
        no_muscles_below="C",
        all_normal_without_vac="INT",
    ),
    Policy("deciding", non_key_in_motor_zpp="deciding"),
]
ALLOWED = [
    *([*[SENSORY_CODES] * 56, *[MOTOR_CODES] * 10] * 2),
    *[ANAL_CODES] * 2,
    *[NON_KEY_CODES] * 2,
]


def normal_exams(n: int) -> np.ndarray:
    rows = np.full((n, 136), 2, dtype=np.int8)
    rows[:, [*range(56, 66), *range(122, 132)]] = 5
    rows[:, 132:134] = 1
    rows[:, 134:] = -1
    return rows


@pytest.mark.parametrize("policy", POLICY_LIST, ids=lambda p: p.name)
def test_batch_and_scalar_give_the_same_sets_on_every_kind_of_exam(policy: Policy) -> None:
    codes, kinds = generate(400, seed=20)
    assert set(kinds) == set(KINDS)
    graded = classify_table(codes, policy)
    for i, row in enumerate(codes.tolist()):
        assert tuple(graded.sets[:, i].tolist()) == tuple(evaluate(row, policy)), (i, kinds[i])


def test_batch_and_classify_agree_on_values_texts_stars_and_totals() -> None:
    codes, _ = generate(400, seed=21)
    graded = classify_table(codes, DEFAULT, stars=True)
    texts = {name: graded.texts(name) for name in RESULTS}
    for i, row in enumerate(codes.tolist()):
        scalar = classify(Exam.from_codes(row), DEFAULT, reasons=False)
        for name, finding in scalar.findings().items():
            assert texts[name][i] == ",".join(finding.labels)
            assert (graded.value_of(name)[i] == ND) == (not finding.determinable)
        for part in ("uems", "lems", "light_touch", "pin_prick"):
            for side in ("right", "left", "both"):
                total = getattr(getattr(scalar.totals, part), side)
                found = [int(graded.total(part, side, w)[i]) for w in ("value", "low", "high")]
                assert found == [ND if total.value is None else total.value, total.low, total.high]


def test_a_single_value_is_the_number_of_the_only_bit() -> None:
    codes, _ = generate(2000, seed=22)
    graded = classify_table(codes)
    single, sets = graded.single.astype(np.int64), graded.sets.astype(np.int64)
    known = single != ND
    assert (sets[known] == 1 << single[known]).all()
    assert (sets[~known] & (sets[~known] - 1) != 0).all()


@st.composite
def exam_rows(draw: st.DrawFn) -> list[int]:
    """An exam of few patterns with arbitrary cells changed: every code of a column can occur."""
    seed, index = draw(st.integers(0, 5)), draw(st.integers(0, 199))
    row = generate(200, seed=100 + seed)[0][index].tolist()
    for column in draw(st.lists(st.integers(0, 135), max_size=12)):
        row[column] = draw(st.sampled_from(sorted(ALLOWED[column])))
    return row


policies = st.builds(
    Policy,
    name=st.just("drawn"),
    revision=st.sampled_from(["2011", "2015", "2019"]),
    all_normal_without_vac=st.sampled_from(["S3", "INT"]),
    dap_for_e=st.sampled_from(["ignored", "required"]),
    non_key_in_motor_zpp=st.sampled_from(["never", "deciding", "praxis"]),
    no_muscles_below=st.sampled_from(["D", "C"]),
)


@settings(max_examples=150, deadline=None)
@given(row=exam_rows(), policy=policies)
def test_batch_equals_scalar_for_any_valid_codes_and_any_policy(
    row: list[int], policy: Policy
) -> None:
    graded = classify_table(np.array([row], dtype=np.int8), policy)
    assert tuple(graded.sets[:, 0].tolist()) == tuple(evaluate(row, policy))


@settings(max_examples=60, deadline=None)
@given(row=exam_rows(), policy=policies)
def test_left_and_right_are_treated_alike(row: list[int], policy: Policy) -> None:
    mirrored = [*row[66:132], *row[:66], *row[132:134], row[135], row[134]]
    graded = classify_table(np.array([row, mirrored], dtype=np.int8), policy)
    swap = [1, 0, 3, 2, 4, 5, 6, 8, 7, 10, 9]
    assert (graded.sets[swap, 0] == graded.sets[:, 1]).all()


@pytest.mark.parametrize("policy", [DEFAULT, PRAXIS, POLICY_LIST[-2]], ids=lambda p: p.name)
def test_every_set_is_the_union_over_all_completions(policy: Policy) -> None:
    codes, _ = generate(1500, seed=23)
    graded = classify_table(codes, policy)
    seen = 0
    for i, row in enumerate(codes):
        filled = completions(row, choices(row), 4000)
        if filled is None or filled.shape[1] == 1:
            continue
        every = classify_table(dict(zip(COLUMNS, filled, strict=True)), policy)
        union = np.bitwise_or.reduce(every.sets, axis=1)
        assert (union == graded.sets[:, i]).all(), i
        seen += 1
    assert seen > 300


def test_every_code_that_a_column_can_not_hold_is_refused_and_every_other_is_graded() -> None:
    for column, allowed in enumerate(ALLOWED):
        codes = [*sorted(allowed)]
        rows = normal_exams(len(codes))
        rows[:, column] = codes
        assert len(classify_table(rows)) == len(codes)
        for code in set(range(-128, 128)) - allowed:
            row = normal_exams(2)
            row[1, column] = code
            with pytest.raises(ExamError) as error:
                classify_table(row)
            assert [f.where for f in error.value.faults] == [f"row 1, column {COLUMNS[column]}"]


def test_a_bad_code_is_found_beside_flags_and_far_into_the_table() -> None:
    rows = normal_exams(CHUNK + 5)
    rows[-1, 0], rows[-1, 1], rows[-1, 60] = 9, 3, 25
    with pytest.raises(ExamError) as error:
        classify_table(rows)
    last = CHUNK + 4
    assert [f.where for f in error.value.faults] == [
        f"row {last}, column right_light_touch_c3",
        f"row {last}, column right_motor_t1",
    ]


def test_many_bad_codes_are_counted_and_only_the_first_twenty_are_listed() -> None:
    with pytest.raises(ExamError) as error:
        classify_table(np.full((10, 136), 77, dtype=np.int8))
    assert len(error.value.faults) == 21
    assert error.value.faults[-1].value == "and 1340 more"


def test_wide_integers_are_refused_before_they_wrap_around_to_a_code() -> None:
    rows = normal_exams(3).astype(np.int64)
    rows[2, 7] += 256
    with pytest.raises(ExamError, match="row 2, column right_light_touch_t1: 258"):
        classify_table(rows)
    with pytest.raises(ExamError, match="row 2, column right_light_touch_t1: 258"):
        classify_table(dict(zip(COLUMNS, rows.T, strict=True)))
    with pytest.raises(ExamError, match="row 0"):
        classify_table(np.full((1, 136), 2**63, dtype=np.uint64))


@pytest.mark.parametrize(
    "wrong",
    [
        normal_exams(1).astype(float),
        normal_exams(1).astype(bool),
        normal_exams(1)[:, :135],
        normal_exams(1)[0],
        normal_exams(1).astype(str),
        normal_exams(1).astype(object),
    ],
)
def test_tables_of_another_shape_or_type_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InputError):
        classify_table(wrong)


def test_columns_must_be_complete_whole_numbers_and_of_one_length() -> None:
    named = dict(zip(COLUMNS, normal_exams(2).T, strict=True))
    with pytest.raises(InputError, match="1 of the 136 columns of an exam are missing: vac"):
        classify_table({k: v for k, v in named.items() if k != "vac"})
    with pytest.raises(InputError, match="dap has shape"):
        classify_table({**named, "dap": np.zeros(3, dtype=np.int8)})
    with pytest.raises(InputError, match="dap holds float64"):
        classify_table({**named, "dap": np.array([1.0, np.nan])})
    assert len(classify_table({**named, "id": np.array(["a", "b"])})) == 2


def test_every_accepted_form_of_the_same_codes_gives_the_same_results() -> None:
    codes, _ = generate(1003, seed=24)
    expected = classify_table(codes)
    shifted = np.empty(codes.size + 3, dtype=np.int8)[3:].reshape(codes.shape)
    shifted[:] = codes
    locked = codes.copy()
    locked.flags.writeable = False
    forms = [
        np.asfortranarray(codes),
        codes.astype(np.int64),
        codes.astype(np.int16)[::-1][::-1],
        shifted,
        locked,
        dict(zip(COLUMNS, codes.T, strict=True)),
        {name: codes[:, k].astype(np.int32) for k, name in enumerate(COLUMNS)},
    ]
    for form in forms:
        graded = classify_table(form)
        assert (graded.sets == expected.sets).all()
        assert (graded.single == expected.single).all()
        assert (graded.sums == expected.sums).all()


def test_chunks_and_threads_do_not_change_a_result_and_progress_counts_to_the_end() -> None:
    codes = np.tile(generate(1000, seed=25)[0], (40, 1))[: 2 * CHUNK + 17]
    calls: list[tuple[int, int]] = []
    expected = classify_table(codes, PRAXIS, progress=lambda done, of: calls.append((done, of)))
    n = len(codes)
    assert calls == [(CHUNK, n), (2 * CHUNK, n), (n, n)]
    threaded = classify_table(codes, PRAXIS, threads=3)
    assert (threaded.sets == expected.sets).all()
    assert (threaded.sums == expected.sums).all()
    part = classify_table(codes[CHUNK - 3 : CHUNK + 3], PRAXIS)
    assert (part.sets == expected.sets[:, CHUNK - 3 : CHUNK + 3]).all()


def test_an_empty_table_gives_empty_columns() -> None:
    graded = classify_table(np.empty((0, 136), dtype=np.int8))
    assert len(graded) == 0
    assert all(len(column) == 0 for column in graded.columns().values())


def test_result_columns_have_one_name_each() -> None:
    columns = classify_table(normal_exams(2)).columns()
    assert len(columns) == 11 * 2 + 36
    assert columns["right_uems_high"].tolist() == [25, 25]
    assert columns["ais"].tolist() == [4, 4]
    assert columns["ais_set"].tolist() == [16, 16]


def test_the_input_is_not_changed() -> None:
    codes, _ = generate(500, seed=26)
    before = codes.copy()
    classify_table(codes, stars=True)
    assert (codes == before).all()


def test_stars_of_the_reference_program_and_unknown_names_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="leave stars out"):
        classify_table(normal_exams(1), "praxis", stars=True)
    with pytest.raises(UnsupportedError, match="no policy 'praxi'"):
        classify_table(normal_exams(1), "praxi")
    with pytest.raises(InputError, match="no quantity 'asia'"):
        classify_table(normal_exams(1)).value_of("asia")
    with pytest.raises(InputError, match="no sum 'motor'"):
        classify_table(normal_exams(1)).total("motor")
    off = replace(DEFAULT, stars="off")
    assert classify_table(normal_exams(1), off, stars=True).stars is None
