"""ALSFRS-R: parts, and the form used for item 5."""

import pytest

from saisei.errors import ExamError
from saisei.exam.alsfrs import AlsfrsR
from saisei.exam.scale import items


def test_parts_add_up_to_the_total() -> None:
    """Bulbar 12, limb 24, respiratory 12; each grade of item 5 counts the same in both forms."""
    values = {item.name: 3 for item in items(AlsfrsR)}
    for gastrostomy in (False, True):
        record = AlsfrsR(gastrostomy=gastrostomy, **values)
        assert (record.bulbar.value, record.limb.value, record.respiratory.value) == (9, 18, 9)
        assert record.total.value == 36


def test_the_form_of_item_5_must_be_said() -> None:
    """Gastrostomy is True or False, never left open."""
    with pytest.raises(ExamError, match="item 5b"):
        AlsfrsR(gastrostomy=None, **{item.name: 4 for item in items(AlsfrsR)})  # type: ignore[arg-type]
