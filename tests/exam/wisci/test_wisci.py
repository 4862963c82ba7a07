"""WISCI II: 21 levels, each one way of walking."""

import pytest

from saisei.errors import ExamError
from saisei.exam.wisci import LEVELS, Device, Walking, Wisci2, level_of


def test_there_are_21_different_levels_and_each_is_found_again() -> None:
    """Level 0 to 20, no two alike; the level of a level's walking is the level."""
    assert len(LEVELS) == len(set(LEVELS)) == 21
    assert [level_of(walking).level for walking in LEVELS] == list(range(21))


def test_independence_never_lowers_the_level() -> None:
    """Fewer helpers rank higher, all else alike; so does walking without braces."""
    walks = [(rank, walk) for rank, walk in enumerate(LEVELS) if walk is not None]
    for low, one in walks:
        for high, other in walks:
            same = one.device is other.device and one.ten_metres and other.ten_metres
            if same and one.braces == other.braces and one.helpers > other.helpers:
                assert low < high
            if same and one.helpers == other.helpers and one.braces and not other.braces:
                assert low < high


def test_published_landmarks() -> None:
    """Levels 13 and 20 as printed: walker, nothing else; no device, no braces, no help."""
    assert Wisci2(13).walking == Walking(Device.WALKER, False, 0)
    assert Wisci2(20).walking == Walking(Device.NONE, False, 0)
    assert Wisci2(0).walking is None


@pytest.mark.parametrize("level", [-1, 21, 3.0, True, "5"])
def test_no_other_level(level: object) -> None:
    """Anything but a whole number from 0 to 20 or None is refused."""
    with pytest.raises(ExamError, match="0 to 20"):
        Wisci2(level)  # type: ignore[arg-type]


def test_a_combination_without_a_level_is_refused() -> None:
    """A walker with two helpers has no level."""
    with pytest.raises(ExamError, match="no level"):
        level_of(Walking(Device.WALKER, True, 2))
