"""SCIM III: subscales and weighted values."""

import pytest

from saisei.errors import ExamError
from saisei.exam.scale import items
from saisei.exam.scim import Scim3


def highest(**changes: int | None) -> Scim3:
    """A record with every item at its highest value, but for the changes."""
    return Scim3(**({item.name: item.highest for item in items(Scim3)} | changes))


def test_subscales_have_their_published_ranges() -> None:
    """20, 40 and 40 points (Itzkovich 2007), and every item belongs to one subscale."""
    best = highest()
    parts = (best.self_care, best.respiration_and_sphincter, best.mobility)
    assert [part.value for part in parts] == [20, 40, 40]
    assert [
        len(items(Scim3, part)) for part in ("self_care", "respiration_and_sphincter", "mobility")
    ] == [6, 4, 9]


@pytest.mark.parametrize(
    ("item", "value"),
    [("bladder", 1), ("bowel", 6), ("toilet", 3), ("respiration", 5), ("bed_mobility", 1)],
)
def test_values_between_the_weights_are_refused(item: str, value: int) -> None:
    """The weighted items have gaps: a value inside a gap is a fault."""
    with pytest.raises(ExamError, match="must be one of 0,"):
        highest(**{item: value})


def test_a_missing_item_makes_only_its_subscale_nd() -> None:
    """Bladder missing: respiration and sphincter 25 to 40, total 85 to 100, self-care still 20."""
    record = highest(bladder=None)
    assert record.respiration_and_sphincter.text == "ND (25 to 40)"
    assert record.total.text == "ND (85 to 100)"
    assert record.self_care.value == 20
