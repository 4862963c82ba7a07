"""mRS: seven grades."""

import pytest

from saisei.errors import ExamError
from saisei.exam.mrs import MEANINGS, ModifiedRankin


def test_seven_grades_from_no_symptoms_to_dead() -> None:
    """0 and 6 are the ends."""
    assert (len(MEANINGS), ModifiedRankin(0).meaning, ModifiedRankin(6).meaning) == (
        7,
        "no symptoms",
        "dead",
    )


@pytest.mark.parametrize("grade", [-1, 7, 2.5, False, "3"])
def test_no_other_grade(grade: object) -> None:
    """Anything but a whole number from 0 to 6 or None is refused."""
    with pytest.raises(ExamError, match="0 to 6"):
        ModifiedRankin(grade)  # type: ignore[arg-type]


def test_at_most_is_a_trials_choice_and_needs_a_grade() -> None:
    """The limit is an argument; death is never a good outcome below 6; not assessed stays unknown."""
    assert [ModifiedRankin(grade).at_most(2) for grade in range(7)] == [True] * 3 + [False] * 4
    assert ModifiedRankin(None).at_most(2) is None
    with pytest.raises(ExamError):
        ModifiedRankin(1).at_most(9)
