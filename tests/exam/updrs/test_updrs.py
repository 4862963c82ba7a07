"""MDS-UPDRS III: prorating by the mean of the observed scores."""

from fractions import Fraction

import pytest

from saisei.errors import ExamError, InputError
from saisei.exam.scale import items
from saisei.exam.updrs import MdsUpdrs3, Medication

NAMES = [item.name for item in items(MdsUpdrs3)]


def record(missing: int, grade: int = 2) -> MdsUpdrs3:
    """All scores alike, the last `missing` of them missing."""
    values = dict.fromkeys(NAMES, grade) | dict.fromkeys(NAMES[len(NAMES) - missing :])
    return MdsUpdrs3(medication=Medication.OFF, **values)


def test_prorating_replaces_missing_scores_by_the_mean() -> None:
    """All observed scores are 2: whatever is missing, the prorated total is 66; the strict total stays ND."""
    assert [record(missing).prorated(7) for missing in range(8)] == [Fraction(66)] * 8
    assert record(7).total.text == "ND (52 to 80)"


def test_prorating_is_exact() -> None:
    """One score of 1 among 32 observed zeros, one missing: 33/32."""
    values: dict[str, int | None] = dict.fromkeys(NAMES, 0) | {"speech": 1, "gait": None}
    one = MdsUpdrs3(medication=Medication.ON, **values)
    assert one.prorated(1) == Fraction(33, 32)


def test_prorating_stops_at_the_limit_of_the_plan() -> None:
    """More missing than the plan allows gives None; a limit of 33 or below 0 is refused."""
    assert record(3).prorated(2) is None
    for limit in (-1, 33, True):
        with pytest.raises(InputError, match="most_missing"):
            record(0).prorated(limit)


def test_the_medication_state_must_be_said() -> None:
    """A text is no medication state."""
    with pytest.raises(ExamError, match="must be a Medication"):
        MdsUpdrs3(medication="off?", **dict.fromkeys(NAMES, 0))  # type: ignore[arg-type]
