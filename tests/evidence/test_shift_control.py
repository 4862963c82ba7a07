"""Exact comparison with a concurrent control: against enumeration, Fisher, and published tests."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saisei.errors import InputError
from saisei.evidence.exact_tests import fisher_exact
from saisei.evidence.shift_control import ArmResult, permutation_test


def arm(results: list[int], stratum: str = "A") -> list[ArmResult]:
    return [ArmResult(stratum, result) for result in results]


def midranks(values: list[int]) -> list[float]:
    return [
        sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
        for value in values
    ]


def by_enumeration(treated: list[int], control: list[int]) -> tuple[float, float]:
    """Every way to call `len(treated)` of the people treated."""
    everyone = treated + control
    ranks = midranks(everyone)
    seen = sum(ranks[: len(treated)])
    totals = [sum(pick) for pick in itertools.combinations(ranks, len(treated))]
    count = len(totals)
    return sum(t >= seen for t in totals) / count, sum(t <= seen for t in totals) / count


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
)
def test_permutation_law_equals_enumeration_of_every_assignment(
    treated: list[int], control: list[int]
) -> None:
    found = permutation_test(arm(treated), arm(control))
    better, worse = by_enumeration(treated, control)
    assert (found.p_better, found.p_worse) == pytest.approx((better, worse))


def test_yes_or_no_results_give_fishers_exact_test() -> None:
    # ProCord (Lammertse 2012): 7 of 26 treated, 10 of 17 controls converted; the paper prints 0.053.
    found = permutation_test(arm([1] * 7 + [0] * 19), arm([1] * 10 + [0] * 7))
    table = [[7, 19], [10, 7]]
    assert found.p_two_sided == pytest.approx(fisher_exact(table).p_value)
    assert found.p_better == pytest.approx(fisher_exact(table, "greater").p_value)
    assert found.p_worse == pytest.approx(fisher_exact(table, "less").p_value)


def test_shin_conversions_give_the_two_sided_figure_of_the_shelf() -> None:
    # clinical note, table 3.1: 5/19 against 1/15, Fisher p about 0.20.
    found = permutation_test(arm([1] * 5 + [0] * 14), arm([1] + [0] * 14))
    assert round(found.p_two_sided, 2) == 0.20


def test_strata_are_compared_within_and_lone_strata_add_nothing() -> None:
    pooled = permutation_test(arm([2, 0], "A") + arm([1], "B"), arm([0, 0], "A"))
    alone = permutation_test(arm([2, 0], "A"), arm([0, 0], "A"))
    assert (pooled.p_better, pooled.strata, pooled.people) == (alone.p_better, 1, (2, 2))


def test_two_strata_multiply_their_independent_laws() -> None:
    # 1 of 2 assignments is as good in each stratum: 1/2 * 1/2.
    found = permutation_test(arm([1], "A") + arm([1], "B"), arm([0], "A") + arm([0], "B"))
    assert found.p_better == pytest.approx(0.25)


def test_an_empty_arm_or_no_common_stratum_is_refused() -> None:
    with pytest.raises(InputError, match="no participants"):
        permutation_test([], arm([1]))
    with pytest.raises(InputError, match="share no stratum"):
        permutation_test(arm([1], "A"), arm([1], "B"))
