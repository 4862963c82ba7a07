"""The packaged values still give roughly the published figures: a guard against drift, not a validation.

Figures: EMSCI aggregate tables (emsci_timecourse.csv in `validation/`), Waters 1993. Tolerances are wide:
the misfits of the provisional calibration are listed in docs/stages/patient-calibration.md.
"""

from typing import Any

import numpy as np
import pytest

from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient.cohort import Model

DAYS = [8, 28, 364]


@pytest.fixture(scope="module")
def people() -> dict[str, Any]:
    """6,000 people on days 8, 28 and 364: AIS, level, totals (n, 3), codes (n, 3, 136)."""
    persons = np.arange(6000)
    days = np.tile(DAYS, (len(persons), 1))
    codes, _ = Model.packaged().examine(3, persons, np.zeros_like(persons), days)
    graded = classify_table(codes.reshape(-1, 136))
    found: dict[str, Any] = {"codes": codes}
    for name in ("ais", "nli"):
        found[name] = graded.value_of(name).reshape(-1, 3)
    for part in ("uems", "lems"):
        found[part] = graded.total(part).astype(int).reshape(-1, 3)
    return found


@pytest.mark.parametrize(
    ("grade", "part", "day", "mean", "sd"),
    [
        ("A", "uems", 1, 18.1, 15.8),
        ("A", "uems", 2, 24.4, 14.9),
        ("A", "lems", 1, 2.0, 7.1),
        ("A", "lems", 2, 4.2, 11.7),
        ("C", "uems", 2, 35.0, 10.8),
        ("C", "lems", 2, 34.0, 14.4),
        ("D", "uems", 1, 35.5, 9.7),
        ("D", "lems", 2, 46.5, 5.5),
    ],
)
def test_tetraplegia_scores_are_near_emsci(
    people: dict[str, Any], grade: str, part: str, day: int, mean: float, sd: float
) -> None:
    """Means lie within 3.5 points and spreads within 5 of EMSCI, by the grade of the first exam."""
    chosen = (people["nli"][:, 0] <= Level.T1) & (people["ais"][:, 0] == "ABCD".index(grade))
    scores = people[part][chosen, day]
    assert scores.mean() == pytest.approx(mean, abs=3.5)
    assert scores.std() == pytest.approx(sd, abs=5)


def test_a_muscle_two_levels_below_hardly_ever_recovers(people: dict[str, Any]) -> None:
    """Odds of useful strength fall from grade 1-2 (97%) over one level below (27%) to two (1%)."""
    chosen = (people["nli"][:, 1] <= Level.T1) & (people["ais"][:, 1] == 0)
    arm = people["codes"][chosen][:, :, 56:61]
    before, after = arm[:, 1], arm[:, 2] >= 3
    weak = (before == 1) | (before == 2)
    lowest = np.where((before > 0).any(axis=1), 4 - np.argmax(before[:, ::-1] > 0, axis=1), -9)
    shares = [after[weak].mean()]
    for below in (1, 2):
        rows = np.flatnonzero((lowest >= 0) & (lowest + below < 5))
        shares.append(after[rows, lowest[rows] + below].mean())
    assert shares[0] > 0.75
    assert 0.10 < shares[1] < 0.40
    assert shares[2] < 0.06


def test_most_people_with_a_complete_injury_stay_complete(people: dict[str, Any]) -> None:
    """From day 8 to a year 55 to 85% of AIS A tetraplegia stay A (Marino 2011: 70%)."""
    chosen = (people["nli"][:, 0] <= Level.T1) & (people["ais"][:, 0] == 0)
    assert 0.55 < (people["ais"][chosen, 2] == 0).mean() < 0.85
