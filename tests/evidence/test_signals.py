"""The record of earlier uncontrolled signals and the prior that it becomes."""

from __future__ import annotations

from importlib.resources import files

import pytest

from saisei.errors import DocumentError
from saisei.evidence.signals import informed_prior, load_signals, parse_signals

ROW = """
[[signal]]
key = "x"
product = "X"
condition = "SCI"
early = "e"
early_source = "s"
later = "l"
later_source = "s"
class = 1
same_condition = true
"""


def test_successes_and_failures_count_alike_and_failed_rows_stay_visible() -> None:
    record = load_signals()
    counted = [row for row in record.signals if row.counted]
    assert {row.key for row in counted if row.confirmed} == {"sb623_tbi"}
    assert {row.key for row in counted if not row.confirmed} == {
        "procord", "scistar", "sb623_stroke", "lenzumestrocel", "nurown",
    }  # fmt: skip
    assert all(row.reason for row in record.signals if not row.counted)
    assert all(row.early_source and row.later_source for row in record.signals)


def test_a_row_that_rests_on_memory_is_left_out_of_the_strict_reading() -> None:
    for row in load_signals().signals:
        if row.counted and "recalled; not read again" in row.early_source:
            assert not row.strict


def test_weight_is_the_jeffreys_mean_of_the_share_confirmed() -> None:
    main, strict, wide = load_signals().readings
    assert main.weight == pytest.approx(1.5 / 7)
    assert (strict.confirmed, strict.counted) == (1, 3)
    assert wide.counted > main.counted
    assert informed_prior().components[0].weight == pytest.approx(1.5 / 7)
    assert informed_prior(strict).components[0].weight == pytest.approx(1.5 / 4)


def test_one_more_success_would_raise_the_prior_chance_of_benefit() -> None:
    text = (files("saisei.study") / "signals" / "signals.toml").read_text()
    more = parse_signals(text + ROW + "counted = true\nstrict = true\nconfirmed = true\n")
    assert more.main.weight > load_signals().main.weight


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("counted = true\nstrict = true\n", "whether it was confirmed"),
        ("counted = false\n", "says why"),
        ("counted = true\nconfirmed = true\n", "strict reading says why"),
        ('counted = false\nreason = "r"\ncolour = "red"\n', "not a known field"),
    ],
)
def test_a_row_that_does_not_explain_itself_is_refused(extra: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        parse_signals(ROW + extra)
