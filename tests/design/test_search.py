"""Grids, goals and the Pareto front: what may be asked, what is refused, and that a cell is a design."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from saisei.design.comparison import compare
from saisei.design.document import load_design
from saisei.design.document.reading import check_tree
from saisei.design.evaluation import evaluate
from saisei.design.goals import cheapest, front, parse_goal
from saisei.design.grid import GridSpec, make_grid, parse_axis
from saisei.design.measures import MEASURES, measure
from saisei.design.search import columns, run_chunk
from saisei.errors import InputError


def grid(name: str, *axes: str, **options: Any) -> GridSpec:
    """A grid over a bundled design."""
    return make_grid(load_design(name), [parse_axis(text) for text in axes], **options)


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ("n=10:60:2", tuple(range(10, 61, 2))),
        ("n=10:15:3", (10, 13)),
        ("analysis.level=0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("ratio=1,2,3:2", ("1:1", "2:1", "3:2")),
        ("exam_window=3-7,14-28", ("3-7", "14-28")),
        ("analysis.looks=[6, 12],[8]", ([6, 12], [8])),
        ("analysis.also_highest=true,false", (True, False)),
        ("population.eligible_per_month=1:2:0.5", (1.0, 1.5, 2.0)),
    ],
)
def test_axes_read(axis: str, values: tuple[Any, ...]) -> None:
    """Lists, ranges with both ends, ratios, windows, JSON lists; decimals are exact."""
    assert parse_axis(axis).values == values


@pytest.mark.parametrize(
    ("name", "axis", "says"),
    [
        ("dual-criterion", "n", "write name=values"),
        ("dual-criterion", "n=", "has no values"),
        ("dual-criterion", "n=1,,2", "empty value"),
        ("dual-criterion", "n=20:10", "runs backwards"),
        ("dual-criterion", "n=10:20:0", "step of 10:20:0 is not above 0"),
        ("dual-criterion", "n=-4", "not a number of people"),
        ("dual-criterion", "n=0", "not a number of people"),
        ("dual-criterion", "n=ten", "not a number of people"),
        ("dual-criterion", "n=10,10", "given twice"),
        ("dual-criterion", "n=1:999999999", "999,999,999 values; widen the step"),
        ("dual-criterion", "analisis.level=0.1", "has no analisis; it has schema, id"),
        ("dual-criterion", "arms[4].n=3", "has no [4] there; it has cells"),
        ("single-stage", "analysis.levle=0.1", "did you mean level?"),
        ("single-stage", "analysis.level=0.1,1.2", "level=1.2: must lie strictly between 0 and 1"),
        ("single-stage", "analysis.level=high", 'level="high": must be a number'),
        ("dual-criterion", "ratio=2", "has no control arm"),
        ("randomised-fisher", "ratio=0", "is not a ratio"),
        ("randomised-fisher", "ratio=1:0", "is not a ratio"),
        ("three-doses", "n=12", "has 3 treated arms; name one"),
        ("dual-criterion", "endpoint=to D", "states its natural history for its own endpoint"),
        ("controlled-borrowing", "endpoint=to D", "borrows counts for its own endpoint"),
        ("own-table", "n=20", "made for its size"),
        ("thall-simon", "endpoint=to D", "for its own endpoint"),
        ("single-arm-shift", "endpoint=walking", "is none of one grade, two grades, to D"),
        ("dual-criterion", "exam_window=3-7", "states its natural history"),
        ("single-arm-shift", "exam_window=7-3", "runs backwards"),
        ("dual-criterion", "borrowing_weight=0.5", "borrows nothing"),
        ("controlled-borrowing", "borrowing_weight=1.5", "must lie between 0"),
        ("dual-criterion", "gate=sometimes", "is none of none, after the first"),
    ],
)  # fmt: skip
def test_bad_axes_are_refused_before_any_work(name: str, axis: str, says: str) -> None:
    """One sentence that names the axis, the value and the way out."""
    with pytest.raises(InputError) as found:
        grid(name, axis)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_an_empty_or_huge_grid_is_refused_with_its_size() -> None:
    """Nothing to compute, an axis twice, and more designs than allowed; the message says the way."""
    with pytest.raises(InputError, match="the grid is empty"):
        grid("dual-criterion")
    with pytest.raises(InputError, match="n: is given twice"):
        grid("dual-criterion", "n=1", "n=2")
    axes = ("n=1:200", "population.eligible_per_month=0.5:100:0.5")
    with pytest.raises(
        InputError, match=r"has 40,000 designs, more than the 20,000 .*--most 40000"
    ):
        grid("dual-criterion", *axes)
    assert grid("dual-criterion", *axes, most=40000).cells == 40000


def test_the_order_of_typing_does_not_matter_but_values_do() -> None:
    """Axes are sorted; another value, or another design, is another digest."""
    one = grid("dual-criterion", "n=10,20", "gate=none,after the first")
    assert grid("dual-criterion", "gate=none,after the first", "n=10,20").digest == one.digest
    assert grid("dual-criterion", "n=10,21", "gate=none,after the first").digest != one.digest
    assert grid("three-doses", "gate=none,after the first").digest != one.digest
    assert [one.cell(i)["n"] for i in range(4)] == [10, 20, 10, 20]


def test_n_and_ratio_move_controls_looks_and_ratio_together() -> None:
    """24 treated at 2:1 has 12 controls; 25 at 2:1 rounds up and states no ratio; looks end at n."""
    spec = grid("controlled-borrowing", "n=20,25,40", "ratio=1,2")
    trees = [spec.tree(place) for place in range(spec.cells)]
    sizes = [tuple(arm["n"] for arm in tree["arms"]) for tree in trees]
    assert sizes == [(20, 20), (20, 10), (25, 25), (25, 13), (40, 40), (40, 20)]
    assert trees[1]["allocation"]["ratio"] == [2, 1]
    assert "ratio" not in trees[3]["allocation"]
    assert trees[0]["safety"][1]["looks"] == [3, 6, 12, 18, 20]
    assert trees[4]["safety"][1]["looks"] == [3, 6, 12, 18, 24, 30, 36, 40]
    assert [check_tree(tree)[1] for tree in trees] == [[]] * 6


def test_no_weight_on_history_is_the_design_without_borrowing() -> None:
    """borrowing_weight 0 equals the same document with a uniform control prior written in it."""
    row = run_chunk(grid("controlled-borrowing", "borrowing_weight=0"), 0, 1)[0]
    content = load_design("controlled-borrowing").content()
    del content["borrowing"]
    content["analysis"]["prior_control"] = [[1.0, 1.0, 1.0]]
    from saisei.design.document import parse_design

    plain = parse_design(json.dumps(content).encode(), "plain")
    assert row["digest"] == plain.digest
    assert row["type1"] == measure(plain).type1


def test_a_cell_has_the_numbers_of_its_own_evaluation() -> None:
    """The base value of an axis gives the base design: its digest and the numbers of `evaluate`."""
    document = load_design("randomised-fisher")
    row = run_chunk(grid("randomised-fisher", f"n={document.n_treated}"), 0, 1)[0]
    full = evaluate(document)
    assert row["digest"] == document.digest
    assert row["type1"] == full["type_one"]["highest"]
    assert row["type1_average"] == full["type_one"]["average"]
    assert row["assurance"] == full["assurance"]["success"]
    assert row["months"] == full["schedule"]["months_to_result"]
    assert row["eligible"] == row["people"] + full["schedule"]["lost_at_most"]
    assert list(row) == list(columns(grid("randomised-fisher", "n=10")))


def test_power_of_a_single_stage_grid_is_a_binomial_tail() -> None:
    """Power at the worthwhile odds ratio, by scipy: the critical count is the least with tail <= level."""
    document = load_design("single-stage")
    level = document.analysis.level  # type: ignore[union-attr]
    null = document.analysis.null_rate  # type: ignore[union-attr]
    prior, centre = document.design_prior, measure(document)
    assert prior is not None
    assert prior.worthwhile_odds_ratio == 3.0
    from saisei.design.fixed import fix

    natural = fix(document).nature.centre
    treated = natural * 3 / (1 - natural + natural * 3)
    seen = treated * (1 - document.missing_data.expected_share)
    for row in run_chunk(grid("single-stage", "n=10:30:10"), 0, 3):
        n = int(row["n"])
        critical = next(y for y in range(n + 2) if stats.binom.sf(y - 1, n, null) <= level)
        assert row["power"] == pytest.approx(stats.binom.sf(critical - 1, n, seen), abs=1e-12)
    assert centre.treated == document.n_treated


def test_a_cell_that_is_no_design_says_why_and_has_no_numbers() -> None:
    """A go criterion that one person can never meet, and a Simon design that does not fit its people."""
    rows = run_chunk(grid("dual-criterion", "n=1,24"), 0, 2)
    assert "decision.go: cannot be met by any result of 1 people" in rows[0]["fault"]
    assert {rows[0][name] for name in MEASURES} == {None}
    assert rows[1]["fault"] is None
    with pytest.raises(InputError, match="no cell of the grid is a sound design"):
        cheapest(rows[:1], [parse_goal("power>=0.1")])


def test_rows_do_not_depend_on_who_computes_what_first() -> None:
    """Cells one by one, backwards, and all at once: equal to the last bit."""
    spec = grid("single-arm-shift", "n=4,6")
    once = run_chunk(spec, 0, 2)
    assert [run_chunk(spec, i, i + 1)[0] for i in (1, 0)][::-1] == once


def row_of(cell: int, eligible: float, months: float, type1: float, power: float) -> dict[str, Any]:
    """A row with the compared measures."""
    return {
        "cell": cell, "fault": None, "people": int(eligible), "eligible": eligible, "months": months,
        "type1": type1, "power": power,
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=25))
def test_front_and_cheapest_are_those_of_brute_force(points: list[tuple[int, ...]]) -> None:
    """Every pair compared; every row asked for every goal. Equal points stand or fall together."""
    rows = [row_of(i, a, b, c / 4, d / 4) for i, (a, b, c, d) in enumerate(points)]
    plain = []
    for a, b, c, d in points:
        beaten = any(
            (e, f, g, -h) != (a, b, c, -d) and e <= a and f <= b and g <= c and h >= d
            for e, f, g, h in points
        )
        plain.append(not beaten)
    assert front(rows) == plain
    goals = [parse_goal("power>=0.5"), parse_goal("type1<=0.25")]
    good = [row for row in rows if row["power"] >= 0.5 and row["type1"] <= 0.25]
    answer = cheapest(rows, goals)
    assert answer.met == len(good)
    if good:
        assert answer.row is not None
        assert answer.row["eligible"] == min(row["eligible"] for row in good)
    else:
        for one in answer.shortfalls:
            name = one.goal.measure
            values = [row[name] for row in rows]
            assert one.best == (max(values) if one.goal.at_least else min(values))


def test_shortfalls_tell_which_goal_fails_and_by_how_much() -> None:
    """Both goals can be met, but not together: the best among those that meet the other one is told."""
    rows = [row_of(0, 10, 5, 0.05, 0.4), row_of(1, 20, 9, 0.30, 0.9)]
    answer = cheapest(rows, [parse_goal("power>=0.8"), parse_goal("type1<=10%")])
    assert answer.row is None
    power, error = answer.shortfalls
    assert (power.best, power.best_with_others) == (0.9, 0.4)
    assert (error.best, error.best_with_others) == (0.05, 0.30)
    assert error.goal.short_by(0.30) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("power=0.8", "write measure>=number"),
        ("powr>=0.8", "did you mean power?"),
        ("power>=80", "is not a probability; write 0.8 or 80%"),
        ("power>=1e-", "is not a number"),
    ],
)
def test_bad_goals_are_refused(text: str, says: str) -> None:
    """A goal is a measure, a direction and a number in the unit of the measure."""
    with pytest.raises(InputError, match=says):
        parse_goal(text)


def test_comparison_holds_each_design_and_refuses_the_same_twice() -> None:
    """Same numbers as `measure`; notes name what differs; a design given twice is refused."""
    documents = [load_design(name) for name in ("dual-criterion", "randomised-fisher")]
    found = compare(documents)
    for document, one in zip(documents, found["designs"], strict=True):
        assert one["digest"] == document.digest
        assert one["measures"] == measure(document).as_dict()
        assert max(one["curves"]["error"]) <= one["measures"]["type1"] + 1e-12
    assert any("single arm's power" in note for note in found["notes"])
    with pytest.raises(InputError, match="given twice"):
        compare([documents[0], documents[0]])
