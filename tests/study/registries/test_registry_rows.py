"""The natural-history base: every published table, its possible counts, its errors, its overlaps."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saisei.exam.isncsci.grades import AIS
from saisei.study.registries import GRADES, Kind, Row, load, rounds_to, weights

ROWS = {row.id: row for row in load()}


def test_the_base_holds_every_published_row() -> None:
    # 64 lines of ais_transitions.csv, the three registries of Aimetti 2019, Lammertse 2012
    assert len(ROWS) == 68


def test_treated_people_are_never_fitted() -> None:
    treated = [row for row in ROWS.values() if row.kind is Kind.TREATED]
    assert [row.id for row in treated] == ["keio-2025-treated-a"]
    assert not any(row.fitted for row in treated)


def test_pools_and_meta_analyses_are_context_only() -> None:
    pools = [r for r in ROWS.values() if r.kind is Kind.META or r.registry.endswith("pool")]
    assert len(pools) == 8
    assert all(not row.fitted and row.why_not for row in pools)


# From natural-history.md, table 1.1 and its notes: counts printed by the sources.
@pytest.mark.parametrize(
    ("id", "counts"),
    [
        ("marino-1999-a-all", (408, 35, 39)),
        ("burns-2003-a-all", (47, 3, 3)),
        ("spiess-2009-a-all", (97, 24, 18)),
        ("van-middendorp-2009-a-above-t11", (119, 23, 19)),
        ("kirshblum-2016-a-all", (135, 20, 32)),
        ("kawano-2020-a-cervical", (168, 35)),
        ("waters-1992-late-a-paraplegia", (142, 6)),
        ("lammertse-2012-control-a", (7, 8, 2)),
    ],
)
def test_printed_counts_are_the_only_table(id: str, counts: tuple[int, ...]) -> None:
    assert [table.counts for table in ROWS[id].tables] == [counts]


def test_every_table_agrees_with_the_print_unless_the_source_errs() -> None:
    for row in ROWS.values():
        for table in row.tables if not row.source_errors else ():
            assert sum(table.counts) == table.n
            for cell, count in zip(row.cells, table.counts, strict=True):
                if cell in row.percents:
                    assert rounds_to(count, table.n, row.percents[cell]), (row.id, cell)


def test_smallest_n_of_an_era_row_is_the_smallest_that_fits() -> None:
    """85 people are the fewest of whom 17.6% and 9.4% can be printed (a plain search says so)."""

    def fits(n: int, printed: str) -> bool:
        return any(round(100 * k / n, 1) == float(printed) for k in range(n + 1))

    by_search = next(n for n in range(1, 999) if fits(n, "17.6") and fits(n, "9.4"))
    assert by_search == 85
    assert ROWS["marino-2020-a-tetraplegia-1995"].smallest_n == by_search


def test_an_unknown_n_reaches_to_three_times_the_smallest() -> None:
    row = ROWS["marino-2020-a-t10-t12-2013"]
    assert {table.n for table in row.tables} == {13, 26, 39}
    any_change = row.conversion_any
    assert any_change is not None
    assert (any_change.low, any_change.n_low, any_change.high, any_change.n_high) == (3, 13, 9, 39)


def test_a_partial_row_tells_only_what_its_cells_tell() -> None:
    late = ROWS["kirshblum-2022-a-cervical"]
    assert late.conversion_any is None
    to_cd = late.conversion_to_CD
    assert to_cd is not None
    assert (to_cd.low, to_cd.n_low) == (9, 67)
    assert ROWS["kawano-2020-a-cervical"].conversion_to_CD is None


# natural-history.md 1.4, and two that the counts revealed (13.0 for 18/139; 16.8% of 377)
@pytest.mark.parametrize(
    ("id", "word"),
    [
        ("spiess-2009-d-all", "N = 49"),
        ("wilson-2018-d-t1-l1", "67.7"),
        ("spiess-2009-a-above-t10", "11.2"),
        ("spiess-2009-a-all", "12.95"),
        ("marino-2020-a-t10-t12", "374 to 376"),
        ("aimetti-2019-a-t2-t12", "21.2"),
    ],
)
def test_errors_of_the_sources_stay_visible(id: str, word: str) -> None:
    assert word in " ".join(ROWS[id].source_errors)


def test_cells_of_every_row_hold_each_grade_once() -> None:
    assert all(sorted("".join(row.cells)) == list(GRADES) for row in ROWS.values())


@given(n=st.integers(1, 400), share=st.floats(0, 1), decimals=st.integers(0, 2))
def test_a_count_rounds_to_its_own_print(n: int, share: float, decimals: int) -> None:
    count = round(share * n)
    printed = f"{float(Fraction(100 * count, n)):.{decimals}f}"
    assert rounds_to(count, n, printed)


def test_weights_count_no_more_people_than_the_largest_row_of_a_cell() -> None:
    """Within a registry the weighted people of rows over the same cells stay below the plain sum."""
    found = weights(load())
    fitted = [row for row in ROWS.values() if row.fitted]
    assert set(found) == {row.id for row in fitted}
    assert all(0.0 < one.weight <= 1.0 for one in found.values())
    level, era = "marino-2020-a-tetraplegia", "marino-2020-a-tetraplegia-2013"
    assert era in found[level].shares_with
    weighted = sum(found[i].weight * ROWS[i].smallest_n for i in (level, era))
    assert weighted <= ROWS[level].smallest_n


def test_rows_alone_in_their_registry_keep_full_weight() -> None:
    found = weights(load())
    for name in ("kawano-2020-a-cervical", "burns-2003-a-all", "kirshblum-2004-late-a-all"):
        assert found[name].weight == 1.0


def test_two_tables_of_the_same_people_weigh_as_one() -> None:
    """A row and its own copy get a half each."""
    from dataclasses import replace

    row = ROWS["burns-2003-a-all"]
    copy: Row = replace(row, id="copy")
    found = weights([row, copy])
    assert found[row.id].weight == found["copy"].weight == 0.5
    assert row.initial is AIS.A
