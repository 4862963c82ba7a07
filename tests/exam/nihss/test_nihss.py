"""NIHSS: what may be untestable, and what the sum then is."""

import pytest

from saisei.errors import ExamError
from saisei.exam.nihss import CAN_BE_UNTESTABLE, Nihss
from saisei.exam.scale import items


def worst(**changes: int | None) -> Nihss:
    """A record with every item at its highest value, but for the changes."""
    return Nihss(**({item.name: item.highest for item in items(Nihss)} | changes))


@pytest.mark.parametrize("item", [one.name for one in items(Nihss)])
def test_only_six_items_can_be_untestable(item: str) -> None:
    """Limbs, ataxia and dysarthria may be UN; the other nine always have a grade."""
    if item in CAN_BE_UNTESTABLE:
        assert worst(**{item: None}).total.missing == (item,)
    else:
        with pytest.raises(ExamError, match="never untestable"):
            worst(**{item: None})


def test_an_untestable_item_adds_nothing_but_leaves_the_total_open() -> None:
    """Left leg amputated, all else worst: 38 as usually reported, strictly 38 to 42."""
    record = worst(left_leg=None)
    assert record.sum_of_tested == 38
    assert record.total.text == "ND (38 to 42)"
