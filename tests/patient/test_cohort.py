"""Cohorts: exact conditioning, the same people whatever the batch, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest

from saisei.errors import InputError
from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient import plan as asked
from saisei.patient.cohort import Chunk, Model, simulate
from saisei.patient.plan import Eligibility, Plan
from saisei.patient.table import TRUE_COLUMNS, columns

KEIO = Eligibility("A", (Level.C4, Level.T10), (14, 28), (18, 75))


def plan(n: int, rule: Eligibility = KEIO, seed: int = 1) -> Plan:
    """A plan with visits at weeks 4 and 52."""
    return Plan(rule, (4.0, 52.0), n, seed)


def all_of(chunks: list[Chunk]) -> tuple[np.ndarray, ...]:
    """Codes, true states, attempts, ages and days of all people."""
    names = ("codes", "truth", "attempts", "ages", "days")
    return tuple(np.concatenate([getattr(one, name) for one in chunks]) for name in names)


def test_the_same_people_for_any_batch_and_workers() -> None:
    """Chunks of 7, 50 or 300 and one or two workers give the same bits."""
    expected = all_of(list(simulate(plan(300), chunk=300)))
    for chunk, workers in ((7, 2), (50, 1), (150, 2)):
        found = all_of(list(simulate(plan(300), chunk=chunk, workers=workers)))
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_fewer_people_are_the_beginning_of_more() -> None:
    """100 people are the first 100 of 300."""
    few, more = all_of(list(simulate(plan(100)))), all_of(list(simulate(plan(300))))
    for ours, theirs in zip(few, more, strict=True):
        np.testing.assert_array_equal(ours, theirs[:100])


def test_another_seed_gives_other_people() -> None:
    """Seeds 1 and 2 share no cohort."""
    one, two = all_of(list(simulate(plan(50)))), all_of(list(simulate(plan(50, seed=2))))
    assert (one[0] != two[0]).any()


def test_people_are_the_first_attempt_that_fits() -> None:
    """Each person equals a slow search, attempt by attempt, through all virtual people with its number."""
    rule = Eligibility("B", (Level.C4, Level.C7), (20, 20), (30, 30))
    (chunk,) = simulate(plan(5, rule))
    model, days = Model.packaged(), np.array([[20, 28, 364]])
    for i in range(5):
        for attempt in range(1000):
            key = np.array([i]), np.array([attempt])
            codes, _ = model.examine(1, *key, days)
            graded = classify_table(codes[0, :1])
            if graded.texts("ais")[0] == "B" and Level.C4 <= graded.value_of("nli")[0] <= Level.C7:
                break
        assert chunk.attempts[i] == attempt
        np.testing.assert_array_equal(chunk.codes[i], codes[0])


def test_everybody_is_eligible_at_enrolment() -> None:
    """Grade, level, day and age at enrolment lie within what was asked."""
    chunks = list(simulate(plan(400)))
    codes, _, _, ages, days = all_of(chunks)
    graded = classify_table(codes[:, 0])
    assert (graded.value_of("ais") == 0).all()
    assert graded.value_of("nli").min() >= Level.C4
    assert graded.value_of("nli").max() <= Level.T10
    assert (days[:, 0].min(), days[:, 0].max()) == (14, 28)
    assert days[:, 1:].tolist() == [[28, 364]] * 400
    assert ages.min() >= 18
    assert ages.max() <= 75


def test_columns_carry_exam_grading_and_truth() -> None:
    """A row a person and visit; totals are those of the grader; true forces are shares."""
    (chunk,) = simulate(plan(20))
    found = columns(plan(20), chunk)
    assert {len(column) for column in found.values()} == {60}
    assert found["visit"][:3].tolist() == ["enrolment", "week 4", "week 52"]
    assert found["week"][1:3].tolist() == [4.0, 52.0]
    arm = [
        f"{side}_motor_{m}" for side in ("right", "left") for m in ("c5", "c6", "c7", "c8", "t1")
    ]
    np.testing.assert_array_equal(
        sum(found[name].astype(int) for name in arm), found["reported_uems"]
    )
    assert found["true_force_right_c5"].max() <= 1.0
    assert len(TRUE_COLUMNS) == chunk.truth.shape[2]


def test_an_eligibility_that_nobody_meets_is_refused() -> None:
    """A cohort that would be empty is refused at once, with what was asked for."""
    rule = Eligibility("A", (Level.S4_5, Level.S4_5), (14, 28), (18, 75))
    with pytest.raises(InputError, match="none shows AIS A at S4-5 to S4-5 on day 14 to 28"):
        next(simulate(plan(10, rule)))


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (asked.levels, "C9", "not a spinal level"),
        (asked.levels, "T10-C4", "write C4-T10"),
        (asked.levels, "INT", "one level or two ends"),
        (asked.grades, "E", "one or more of A, B, C, D"),
        (asked.grades, "", "one or more of A, B, C, D"),
        (asked.days, "28-14", "first end is larger"),
        (asked.days, "0-900", "must lie from 0 to 730"),
        (asked.days, "-3", "write a whole number"),
        (asked.ages, "5-10", "must lie from 16 to 100"),
        (asked.ages, "old", "write a whole number"),
        (asked.visits, "-2,4", "visits lie 0 to 104.286 weeks"),
        (asked.visits, "4,nan", "visits lie"),
        (asked.visits, "4,2", "early ones first"),
        (asked.visits, "4,4", "each week once"),
        (asked.visits, "soon", "write numbers with commas"),
    ],
)
def test_what_cannot_be_is_refused(read: Callable[[str], object], text: str, words: str) -> None:
    """Each wrong option is named together with the rule."""
    with pytest.raises(InputError, match=words):
        read(text)


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (-5, 1), (10, -1), (10, 2**32)])
def test_numbers_that_the_streams_cannot_hold_are_refused(n: int, seed: int) -> None:
    """No people, or a seed outside its word, is refused before anything is drawn."""
    with pytest.raises(InputError):
        plan(n, seed=seed)
