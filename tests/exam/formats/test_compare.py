"""Reported grades against recomputed ones, and the review of a table."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from saisei.exam.formats import read_exams
from saisei.exam.formats.results import _one_by_one, compare, grade_sets
from saisei.exam.formats.review import review
from saisei.exam.isncsci import Exam, policy_named

OURS = {
    "ais": "ND: C, D",
    "nli": "C5*",
    "right_sensory_zpp": "ND: NA, T4",
    "left_motor_level": "ND: C5, C6, C7",
    "completeness": "I",
    "uems": "25",
    "lems": "ND (20 to 22)",
}


@pytest.mark.parametrize(
    ("quantity", "text", "kind"),
    [
        ("ais", "C,D", None),
        ("ais", "ND: C*, D", None),
        ("ais", "ND", None),
        ("ais", "UTD", None),
        ("ais", "AIS C", "narrower"),
        ("ais", "b", "differs"),
        ("ais", "B,C,D", "wider"),
        ("nli", "c05", None),
        ("nli", "C5", None),
        ("nli", "C6", "differs"),
        ("nli", "ND", "wider"),
        ("right_sensory_zpp", "N/A, T4", None),
        ("right_sensory_zpp", "T4", "narrower"),
        ("left_motor_level", "C5-C7", None),
        ("left_motor_level", "C5-C8", "wider"),
        ("left_motor_level", "rubbish", "differs"),
        ("completeness", "Incomplete", None),
        ("completeness", "C", "differs"),
        ("uems", "025", None),
        ("uems", "24", "differs"),
        ("uems", "ND", "wider"),
        ("lems", "21", "narrower"),
        ("lems", "NT", None),
        ("lems", "", None),
        ("scim", "50", None),
    ],
)
def test_a_reported_value_is_compared_by_meaning(
    quantity: str, text: str, kind: str | None
) -> None:
    """Spelling, stars and zeros do not matter; a pick from what is open does."""
    found = [one.kind for one in compare({quantity: text}, OURS)]
    assert found == ([kind] if kind else [])


def test_a_review_grades_every_sound_row_and_asks_about_jumps(examples: Path) -> None:
    """Six exams: grades by hand from the plan of the examples, jumps between the visits of S-03."""
    found = review(read_exams(examples / "tidy.csv"))
    grades = [one.results["ais"] for one in found.rows]
    assert grades == ["A", "B", "A", "ND: A, C, D", "C", "D"]
    assert found.ais_counts() == {"A": 2, "B": 1, "C": 1, "D": 1, "ND: A, C, D": 1}
    jumps = [row.row for row, warning in found.warnings if warning.rule == "jump_of_motor_grade"]
    assert set(jumps) == {6}


def test_visits_are_ordered_by_date_not_by_their_place_in_the_file(examples: Path) -> None:
    """The exam before is the earlier one by date."""
    lines = (examples / "tidy.csv").read_bytes().splitlines()
    turned = b"\n".join([lines[0], *reversed(lines[1:])])
    found = review(read_exams(turned))
    jumps = {row.keys["date"] for row, w in found.warnings if w.rule == "jump_of_motor_grade"}
    assert jumps == {"2024-11-18"}


@pytest.mark.parametrize("policy", ["praxis", "default", "2015"])
def test_compiled_sets_and_stars_are_those_of_the_plain_way(
    policy: str, make_exam: Callable[..., Exam]
) -> None:
    """Exam by exam, the compiled sets and stars equal `classify`, also where flags are."""
    rng = random.Random(11)
    exams = [make_exam(rng, uncertain=rng.choice([0, 1, 3, 8, 40])) for _ in range(600)]
    codes = np.array([one.codes() for one in exams], dtype=np.int8)
    sets, stars = grade_sets(codes, policy)
    plain_sets, plain_stars = _one_by_one(codes, policy_named(policy))
    assert (sets == plain_sets).all()
    assert (stars == plain_stars).all()
    assert np.count_nonzero(stars) > 500
