"""Predictive intervals of published rows, against small cases that can be worked out."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from saisei.patient.cohort import Model
from saisei.patient.fit_predict import (
    Predicted,
    mean_spread,
    registry_spread,
    row_intervals,
    shifted,
)
from saisei.patient.fit_rows import FITTED, RowShares, follow_window, rows, shares, start_window
from saisei.patient.fit_seen import days_in, see

ROW = next(row for row in rows() if row.id == "spiess-2009-a-all")  # 97, 24, 18 of 139


def predicted(published: list[list[float]], n: int, p: list[float]) -> Predicted:
    """Rows of AIS A of n people each, all predicted to be `p` in every draw."""
    made = [RowShares(ROW, n, np.array(one), np.array(p), 1.0) for one in published]
    return Predicted([], np.empty((4, 0)), made, [np.tile(p, (4, 1)) for _ in made])


def test_a_shift_multiplies_every_odds_of_a_better_grade() -> None:
    """Cumulative odds after the shift are those before times the odds ratio; shares still add up to 1."""
    p = np.array([0.6, 0.25, 0.15])
    q = shifted(p, np.array(np.log(2.0)))
    assert q.sum() == pytest.approx(1.0)
    for cut in (1, 2):
        before, after = p[cut:].sum(), q[cut:].sum()
        assert after / (1 - after) == pytest.approx(2.0 * before / (1 - before))


def test_rows_that_agree_tell_of_less_spread_than_rows_that_do_not() -> None:
    """Large rows at the prediction pull both spreads down; shifted rows raise the shift's."""
    p = [0.7, 0.2, 0.1]
    alike = registry_spread(predicted([p] * 4, 500, p), "AB")
    odds = [shifted(np.array(p), np.array(s)).tolist() for s in (-1.0, -0.5, 0.5, 1.0)]
    apart = registry_spread(predicted(odds, 500, p), "AB")
    assert alike.sum() == pytest.approx(1.0)
    assert max(mean_spread(alike)) < 0.25
    assert 0.4 < mean_spread(apart)[0] < 1.3
    assert mean_spread(apart)[1] < mean_spread(apart)[0]


def test_rows_that_differ_in_one_grade_tell_of_the_spread_of_grades() -> None:
    """B twice or half as common, A and C as predicted: no shift of odds explains that."""
    p = [0.7, 0.2, 0.1]
    odd = [[0.55, 0.36, 0.09], [0.8, 0.09, 0.11], [0.56, 0.35, 0.09], [0.79, 0.1, 0.11]]
    shift, grades = mean_spread(registry_spread(predicted(odd, 500, p), "AB"))
    assert grades > 0.3
    assert grades > mean_spread(registry_spread(predicted([p] * 4, 500, p), "AB"))[1] + 0.1
    assert shift < 1.0


def test_without_spread_an_interval_is_that_of_the_binomial() -> None:
    """Two cells, one sure prediction, no spread to speak of: the exact binomial quantiles, to one person."""
    p = [0.8, 0.2]
    two = replace(ROW, cells=("A", "BCDE"), counts={"A": 160, "BCDE": 40}, percents={}, n=200)
    row = RowShares(two, 200, np.array(p), np.array(p), 1.0)
    many = Predicted([], np.empty((400, 0)), [row] * 30, [np.tile(p, (400, 1))] * 30)
    found = row_intervals(many, np.random.default_rng(1))[0]
    low, high = 100 * binom.ppf([0.025, 0.975], 200, 0.2) / 200
    assert found.low[1] == pytest.approx(low, abs=1.5)
    assert found.high[1] == pytest.approx(high, abs=1.5)
    assert found.inside


def test_a_row_far_off_is_outside() -> None:
    """A held-out row at odds eight times those predicted, beside fitted rows that agree, is named."""
    p = [0.9, 0.07, 0.03]
    made = predicted([p] * 8, 400, p)
    off = RowShares(
        replace(ROW, id="other"), 400, shifted(np.array(p), np.array(np.log(8.0))), np.array(p), 1.0
    )
    both = Predicted([], made.values, [*made.rows, off], [*made.cells, made.cells[0]])
    found = row_intervals(both, np.random.default_rng(2))
    assert [one.inside for one in found] == [True] * 8 + [False]


def test_rows_are_seen_in_their_own_windows_and_era() -> None:
    """Windows follow the print; an earlier era leaves more A; cells add up to 1."""
    assert start_window(ROW) == (1, 15)
    assert follow_window(ROW) == (328, 402)
    seen = see(Model.packaged(), (start_window(ROW), follow_window(ROW)), 3000, 6)
    early, late = (shares(seen, replace(ROW, era=(y, y))).model for y in (1990, 2020))
    assert early.sum() == pytest.approx(1.0)
    assert early[0] > late[0]


def test_the_weights_of_an_era_are_those_of_a_model_of_that_year() -> None:
    """Reweighted people give the grades that people simulated for the year give, within 4 errors."""
    model, year, window = Model.packaged(), 1995.0, (2, 15)
    seen = see(model, (window,), 6000, 8)
    weights = seen.weights(year)
    other = see(model.in_year(year), (window,), 6000, 9)
    for grade in range(5):
        a = np.average(seen.at("ais", window) == grade, weights=weights)
        b = (other.at("ais", window) == grade).mean()
        assert abs(a - b) < 4 * (2 * b * (1 - b) / 6000) ** 0.5 + 1e-9


def test_people_do_not_depend_on_which_windows_are_asked() -> None:
    """A person's day in a window is theirs; whoever is examined alone shows the same exam."""
    window = (2, 15)
    days = days_in((window,), np.arange(50))
    assert days.min() >= 2
    assert days.max() <= 15
    one = see(Model.packaged(), (window,), 40, 3)
    two = see(Model.packaged(), (window,), 20, 3, first=20, workers=1)
    np.testing.assert_array_equal(one.exams(window)[20:], two.exams(window))


def test_fitted_rows_exist() -> None:
    """Every row that the fit names is a row of the base."""
    assert set(FITTED) <= {row.id for row in rows()}
