"""10MWT and 6MWT: speed, and what is refused."""

import pytest

from saisei.errors import ExamError
from saisei.exam.walking import Pace, Walk6, Walk10


def test_speed_is_distance_over_time() -> None:
    """10 m in 8 s is 1.25 m/s; 6 m in 8 s is 0.75; 360 m in six minutes is 1."""
    ten = Walk10(time_s=8.0, timed_m=10.0, flying_start=True, pace=Pace.MAXIMAL)
    six = Walk10(time_s=8.0, timed_m=6.0, flying_start=True, pace=Pace.MAXIMAL)
    assert (ten.speed_m_s, six.speed_m_s, Walk6(distance_m=360).speed_m_s) == (1.25, 0.75, 1.0)


def test_who_could_not_walk_has_no_speed() -> None:
    """No time gives no speed, not 0: that choice belongs to the analysis plan."""
    cannot = Walk10(time_s=None, timed_m=10.0, flying_start=False, pace=Pace.PREFERRED)
    assert cannot.speed_m_s is None
    assert Walk6(distance_m=None).speed_m_s is None
    assert Walk6(distance_m=0).speed_m_s == 0


@pytest.mark.parametrize("wrong", [0, -3.0, float("nan"), float("inf"), True, "9"])
def test_times_and_distances_are_above_zero(wrong: object) -> None:
    """Zero, negative, not finite, boolean and text are refused with their place."""
    with pytest.raises(ExamError, match=r"10MWT\.time_s"):
        Walk10(time_s=wrong, timed_m=10.0, flying_start=True, pace=Pace.UNKNOWN)  # type: ignore[arg-type]
    if wrong != 0 or wrong is True:
        with pytest.raises(ExamError, match=r"6MWT\.distance_m"):
            Walk6(distance_m=wrong)  # type: ignore[arg-type]
