"""FMA-UE: parts and the rule for normal reflexes."""

import pytest

from saisei.errors import ExamError
from saisei.exam.fugl_meyer import FuglMeyerUpper
from saisei.exam.scale import items


def best(**changes: int | None) -> FuglMeyerUpper:
    """A record with every item at 2, but for the changes."""
    return FuglMeyerUpper(**({item.name: 2 for item in items(FuglMeyerUpper)} | changes))


def test_parts_have_their_published_ranges() -> None:
    """A 36 (4 + 18 + 6 + 6 + 2), B 10, C 14, D 6."""
    names = ("A.I", "A.II", "A.III", "A.IV", "A.V", "A", "B", "C", "D")
    assert [best().part(name).value for name in names] == [4, 18, 6, 6, 2, 36, 10, 14, 6]
    with pytest.raises(ValueError, match="no part"):
        best().part("E")


def test_a_reflex_is_elicited_or_not() -> None:
    """There is no 1 for a reflex of part A I."""
    with pytest.raises(ExamError, match="must be one of 0, 2"):
        best(flexor_reflex=1)


def test_normal_reflexes_need_a_full_part_iv() -> None:
    """With part A IV below 6 a score above 0 is a fault, and 0 is not."""
    with pytest.raises(ExamError, match="only when part A IV is full"):
        best(shoulder_abduction_to_90=1)
    assert best(shoulder_abduction_to_90=1, normal_reflexes=0).part("A").value == 33


def test_the_range_of_a_sum_follows_the_rule_for_normal_reflexes() -> None:
    """Missing reflexes are 0 below a full part IV; scored reflexes prove a full part IV."""
    assert best(shoulder_abduction_to_90=1, normal_reflexes=None).total.text == "ND (63 to 63)"
    assert best(normal_reflexes=None).total.text == "ND (64 to 66)"
    assert best(shoulder_abduction_to_90=None).total.text == "ND (66 to 66)"
    assert best(shoulder_abduction_to_90=None, normal_reflexes=0).total.text == "ND (62 to 64)"
