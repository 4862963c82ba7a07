"""Release testing: published arithmetic, exact chances against drawn readings, the reverse by brute force."""

import numpy as np
import pytest

from saisei.errors import InputError
from saisei.lot.lot import draw_lots
from saisei.lot.release import characteristic, keeps_limit, panel, readings
from saisei.lot.specifications import Kind, specification, specifications
from saisei.lot.truth import quantiles

MANY = np.arange(6000)


def test_limits_allow_10_to_200_residual_cells_in_a_dose() -> None:
    """Own arithmetic of the table: 0.01% and 0.0005% of 2e6 cells."""
    allowed = {
        one.limit_share * 2e6
        for one in specifications("nspc").values()
        if one.truth == "residual" and one.kind is Kind.SHARE
    }
    assert {round(x) for x in allowed} == {10, 200}


def test_exact_chances_agree_with_drawn_readings() -> None:
    """For each test and for all together, within 4.5 standard errors over 6,000 lots."""
    lots = draw_lots(8, MANY)
    found, read = panel(lots), readings(lots)
    every = np.ones(len(lots), dtype=bool)
    for k, test in enumerate(found.tests):
        passed, chance = read[test][1], found.passing[:, k]
        error = np.sqrt((chance * (1 - chance)).sum()) + 1e-9
        assert abs(passed.sum() - chance.sum()) < 4.5 * error + 1e-6, test
        every &= passed
    error = np.sqrt((found.all_pass * (1 - found.all_pass)).sum())
    assert abs(every.sum() - found.all_pass.sum()) < 4.5 * error


def test_readings_never_depend_on_the_batch() -> None:
    """Bit for bit the same alone and in odd runs."""
    whole = readings(draw_lots(8, np.arange(30)))
    part = readings(draw_lots(8, np.arange(11, 18)))
    for test, (read, passed) in part.items():
        assert (read == whole[test][0][11:18]).all()
        assert (passed == whole[test][1][11:18]).all()


def test_the_reverse_is_bayes_over_the_law_of_the_truth() -> None:
    """Against a plain loop over a finer grid of the law."""
    one = specification("nspc-oct4-stain")
    found = characteristic(one)
    truth = quantiles("residual", 40_000)
    assert truth is not None
    chance = one.law().passing(truth)
    good = keeps_limit(one, truth)
    assert found.true_given_pass == pytest.approx((chance * good).sum() / chance.sum(), abs=1e-4)
    fail = 1 - chance
    assert found.true_given_fail == pytest.approx((fail * good).sum() / fail.sum(), abs=1e-3)


def test_tests_lower_residual_cells_and_leave_potency_alone() -> None:
    """Passing lots hold fewer residual cells; their potency is that of all lots."""
    found = panel(draw_lots(8, MANY))
    lots = found.lots
    assert found.mean_if_passed(lots.residual) < 0.05 * lots.residual.mean()
    error = lots.potency.std() / np.sqrt(found.all_pass.sum())
    assert abs(found.mean_if_passed(lots.potency) - lots.potency.mean()) < 4 * error


def test_a_lot_whose_truth_keeps_all_passes_more_often_and_the_reverse_is_bayes() -> None:
    """P(good | pass) from the three other numbers, and against drawn readings."""
    found = panel(draw_lots(8, MANY))
    good = found.keeps.mean()
    assert found.passes_if_good > found.passes_if_bad > 0
    bayes = good * found.passes_if_good / found.all_pass.mean()
    assert found.good_if_passed == pytest.approx(bayes, rel=1e-12)
    read = readings(found.lots)
    every = np.all([read[test][1] for test in found.tests], axis=0)
    error = np.sqrt(bayes * (1 - bayes) / every.sum())
    assert abs(found.keeps[every].mean() - bayes) < 4.5 * error


def test_reading_more_cells_sharpens_the_test() -> None:
    """The share between 95% and 5% passing shrinks as more cells are read."""
    widths = []
    for read in (60_000, 600_000, 6_000_000):
        found = characteristic(specification("nspc-oct4-stain"), read)
        few, many = found.truth_at(0.95), found.truth_at(0.05)
        assert few is not None
        assert many is not None
        widths.append(many / few)
    assert widths[0] > widths[1] > widths[2] > 1


def test_cells_read_belong_to_tests_that_count_cells() -> None:
    """One clear sentence otherwise."""
    with pytest.raises(InputError, match="counts no cells"):
        characteristic(specification("nspc-endotoxin"), 5)
    with pytest.raises(InputError, match="at least 1"):
        characteristic(specification("nspc-oct4-flow"), 0)
