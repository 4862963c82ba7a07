"""What every item-based scale must hold: published maxima, strict values, exact ranges, monotone sums."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saisei.errors import ExamError
from saisei.exam.alsfrs import AlsfrsR
from saisei.exam.fugl_meyer import FuglMeyerUpper
from saisei.exam.nihss import CAN_BE_UNTESTABLE, Nihss
from saisei.exam.scale import Item, Sum, from_mapping, items, sum_of
from saisei.exam.scim import Scim3
from saisei.exam.updrs import MdsUpdrs3, Medication

# Scale, its other fields, number of items and highest sum, as published (sources in each module).
SCALES: list[tuple[type[Any], dict[str, Any], int, int]] = [
    (Scim3, {}, 19, 100),
    (Nihss, {}, 15, 42),
    (FuglMeyerUpper, {}, 33, 66),
    (AlsfrsR, {"gastrostomy": False}, 12, 48),
    (MdsUpdrs3, {"medication": Medication.OFF}, 33, 132),
]
NAMES = [scale.__name__ for scale, *_ in SCALES]


def full(scale: type[Any], extra: dict[str, Any], highest: bool = True) -> dict[str, Any]:
    """All items at their highest or lowest value."""
    values = {one.name: one.highest if highest else one.values[0] for one in items(scale)}
    return values | extra


@pytest.mark.parametrize(("scale", "extra", "count", "top"), SCALES, ids=NAMES)
def test_items_and_total_are_as_published(
    scale: type[Any], extra: dict[str, Any], count: int, top: int
) -> None:
    """The number of items, the lowest and the highest total are the published ones."""
    assert len(items(scale)) == count
    assert scale(**full(scale, extra)).total == Sum(top, top, ())
    assert scale(**full(scale, extra, highest=False)).total == Sum(0, 0, ())


@pytest.mark.parametrize(("scale", "extra", "count", "top"), SCALES, ids=NAMES)
def test_a_value_that_the_form_does_not_have_is_refused_with_its_place(
    scale: type[Any], extra: dict[str, Any], count: int, top: int
) -> None:
    """One above the highest, -1, True, text and a fraction are refused; the fault names the item."""
    for item in items(scale):
        for wrong in (item.highest + 1, -1, True, "1", 0.5):
            with pytest.raises(ExamError) as caught:
                scale(**(full(scale, extra) | {item.name: wrong}))
            assert [fault.where.endswith(f".{item.name}") for fault in caught.value.faults] == [
                True
            ]


@pytest.mark.parametrize(("scale", "extra", "count", "top"), SCALES, ids=NAMES)
def test_no_item_may_be_left_out(
    scale: type[Any], extra: dict[str, Any], count: int, top: int
) -> None:
    """A blank is not a missing item: None must be written; an unknown name is a fault too."""
    values = full(scale, extra)
    assert from_mapping(scale, values, "scale") == scale(**values)
    first = items(scale)[0].name
    less = {name: value for name, value in values.items() if name != first}
    with pytest.raises(TypeError):
        scale(**less)
    with pytest.raises(ExamError, match="is not given"):
        from_mapping(scale, less, "scale")
    with pytest.raises(ExamError, match="no item of this name"):
        from_mapping(scale, values | {"unknown": 1}, "scale")


def _draw_record(draw: st.DrawFn, missing: bool) -> tuple[Any, tuple[Item, ...]]:
    scale, extra, _, _ = draw(st.sampled_from(SCALES))
    values: dict[str, Any] = dict(extra)
    for item in items(scale):
        may_miss = missing and (scale is not Nihss or item.name in CAN_BE_UNTESTABLE)
        choice = st.sampled_from(item.values)
        values[item.name] = draw(choice | st.none() if may_miss else choice)
    if scale is FuglMeyerUpper:
        values["normal_reflexes"] = 0
    return scale(**values), items(scale)


@st.composite
def records(draw: st.DrawFn, missing: bool = True) -> tuple[Any, tuple[Item, ...]]:
    """A legal record of any scale."""
    return _draw_record(draw, missing)


@given(records(missing=False), st.data())
def test_a_better_item_never_lowers_the_sum(
    drawn: tuple[Any, tuple[Item, ...]], data: st.DataObject
) -> None:
    """Raising one item raises the total by exactly as much."""
    record, its_items = drawn
    free = [one for one in its_items if one.name != "normal_reflexes"]
    item = data.draw(st.sampled_from(free))
    value = data.draw(st.sampled_from(item.values))
    changed = dataclasses.replace(record, **{item.name: value})
    assert changed.total.low - record.total.low == value - getattr(record, item.name)


@given(records(), st.data())
def test_the_range_is_exact(drawn: tuple[Any, tuple[Item, ...]], data: st.DataObject) -> None:
    """Every completion lies in the range of a sum with missing items, and both ends are reached."""
    record, its_items = drawn
    total = record.total
    assert total.missing == tuple(
        one.name for one in its_items if getattr(record, one.name) is None
    )
    assert (total.value is None) == bool(total.missing)
    gaps = [one for one in its_items if one.name in total.missing]
    for at, end in ((0, total.low), (-1, total.high)):
        ends = {one.name: one.values[at] for one in gaps if one.name != "normal_reflexes"}
        assert sum_of(dataclasses.replace(record, **ends)).value == end
    some = {one.name: data.draw(st.sampled_from(one.values)) for one in gaps}
    filled = sum_of(dataclasses.replace(record, **some))
    assert filled.value is not None
    assert total.low <= filled.value <= total.high
