"""Every published row with a criterion is a specification with that limit; the others stay empty."""

import csv
import re
from pathlib import Path

import pytest

from saisei.errors import InputError
from saisei.lot.specifications import Kind, product_of, rows, specification, specifications
from saisei.lot.truth import of_lots, quantiles
from saisei.lot.verdict import without_criterion
from saisei.params import parameter

SHELF = Path(__file__).parents[2].parent / "shared" / "data" / "release_tests.csv"

# Rows that state no criterion, read one by one from the table.
EMPTY = {
    "nspc-cancer-genes", "nspc-tumour", "nspc-viability", "nspc-methylation", "stock-markers", "stock-snv",
    "stock-cnv", "stock-karyotype", "stock-vector", "stock-thaw", "stock-doubling", "stock-growth",
    "assay-detection",
}  # fmt: skip


def test_the_table_is_the_shelfs_word_for_word() -> None:
    """The copied rows equal the table they came from, but for the added id."""
    if not SHELF.exists():
        pytest.skip("NOT CHECKED: the table of release tests is not beside the checkout")
    with SHELF.open(encoding="utf-8", newline="") as stream:
        shelf = list(csv.DictReader(stream))
    ours = [{name: getattr(row, name) for name in shelf[0]} for row in rows().values()]
    assert ours == shelf


def test_every_row_is_a_specification_or_visibly_empty() -> None:
    """61 rows: 48 with a criterion (one of them gives two rules), 13 without."""
    held = {one.row.id for one in specifications().values()}
    assert len(rows()) == 61
    assert held | EMPTY == set(rows())
    assert not held & EMPTY
    assert len(specifications()) == 49


def test_products_list_what_has_no_criterion() -> None:
    """The cancer-gene row of the product is not filled in."""
    assert [row.id for row in without_criterion("nspc")] == [
        "nspc-cancer-genes", "nspc-tumour", "nspc-viability", "nspc-methylation",
    ]  # fmt: skip


@pytest.mark.parametrize("one", specifications().values(), ids=lambda one: one.id)
def test_limits_are_those_of_the_published_row(one: object) -> None:
    """The numbers and comparisons in the row's words are those of the rule."""
    words = one.row.criterion  # type: ignore[attr-defined]
    found = re.search(r"(<=|>=|<|>)\s*([\d.]+)", words)
    if one.id == "nspc-karyotype-clone":  # type: ignore[attr-defined]
        assert ">=2 cells same structural" in words
        assert (one.rule, one.limit) == ("<=", 1)  # type: ignore[attr-defined]
    elif one.id == "nspc-karyotype-loss":  # type: ignore[attr-defined]
        assert ">=3 cells same loss" in words
        assert (one.rule, one.limit) == ("<=", 2)  # type: ignore[attr-defined]
    elif found is None:
        assert one.kind.verdict_only or one.limit == 0  # type: ignore[attr-defined]
    else:
        assert (one.rule, one.limit) == (found[1], float(found[2]))  # type: ignore[attr-defined]
        if "%" in words:
            assert one.unit == "percent"  # type: ignore[attr-defined]


def test_every_assay_says_that_it_is_assumed() -> None:
    """No number of the clinical laboratories was located, so each is marked."""
    for one in specifications().values():
        if one.kind in (Kind.CYCLES, Kind.EXPRESSION, Kind.LEVEL):
            continue
        assert parameter(f"lot_assay.{one.assay}").mark == "assumed"


def test_every_truth_of_a_lot_test_is_carried_by_lots() -> None:
    """No test of the product reads something that a lot does not have."""
    import numpy as np

    from saisei.lot.lot import draw_lots

    truths = of_lots(draw_lots(1, np.arange(5)))
    for one in specifications("nspc").values():
        assert truths[one.truth].shape == (5,)


def test_drawn_truths_follow_their_laws() -> None:
    """Quantiles of 20,000 drawn lots against the law used for the reverse."""
    import numpy as np

    from saisei.lot.lot import draw_lots

    truths = of_lots(draw_lots(4, np.arange(20_000)))
    for name in (
        "sox1",
        "neuronal",
        "glial",
        "residual",
        "cycles_sox1",
        "tetraploid",
        "endotoxin",
    ):
        law = quantiles(name, 1000)
        assert law is not None
        below = np.searchsorted(np.sort(law), truths[name]) / 1000
        assert abs(below.mean() - 0.5) < 0.02, name
        assert abs((below < 0.1).mean() - 0.1) < 0.02, name


def test_a_wrong_name_is_refused_with_a_near_one() -> None:
    """And a row without a criterion says so."""
    with pytest.raises(InputError, match="nspc-oct4-flow"):
        specification("nspc-oct4-flo")
    with pytest.raises(InputError, match="states no criterion"):
        specification("nspc-cancer-genes")
    with pytest.raises(InputError, match="no product"):
        specifications("skin")
    assert product_of("stock-hla") == "stock"
