"""Walking by rule and the age shift of SCIM, against the one-exam reference and by counting."""

import numpy as np
import pytest

from saisei.errors import InputError
from saisei.exam.isncsci import Exam
from saisei.exam.walking import RULES, predict
from saisei.patient.cohort import Model
from saisei.patient.walking import draw_walking, rule_exam, walking_share

WHO = np.arange(300)
CODES = Model.packaged().examine(3, WHO, np.zeros_like(WHO), np.full((300, 1), 10))[0][:, 0]
AGES = np.where(WHO % 3 == 0, 70, 30)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_table_gives_what_the_rule_gives_for_each_exam(rule: str) -> None:
    """The share of every exam equals `exam.walking.predict`, with both readings of Hicks among the rules."""
    found = walking_share(CODES, AGES, rule)
    for i in range(0, 300, 7):
        expected = predict(Exam.from_codes([int(c) for c in CODES[i]]), float(AGES[i]), rule).value
        assert found[i] == pytest.approx(expected, abs=1e-12)
    assert len(np.unique(found)) > 5  # the people differ


def test_an_item_not_tested_leaves_the_share_open() -> None:
    """NT at L3 motor on one side: no share, and nobody is said to walk."""
    codes = CODES.copy()
    codes[:5, 62] = 9  # right knee extensors
    found = walking_share(codes, AGES, "van_middendorp_2011")
    assert np.isnan(found[:5]).all()
    assert not np.isnan(found[5:]).any()
    walks = draw_walking(1, WHO, np.zeros_like(WHO), found)
    assert (walks[:5] == -1).all()


def test_as_many_walk_as_the_shares_say() -> None:
    """30,000 draws at three shares (4 standard errors); the same person always walks or never."""
    who = np.arange(30_000)
    shares = np.tile([0.05, 0.5, 0.93], 10_000)
    walks = draw_walking(4, who, np.zeros_like(who), shares)
    for k, p in enumerate((0.05, 0.5, 0.93)):
        assert abs(walks[k::3].mean() - p) < 4 * np.sqrt(p * (1 - p) / 10_000)
    np.testing.assert_array_equal(
        walks[50:60], draw_walking(4, who[50:60], np.zeros(10, int), shares[50:60])
    )


def test_the_exam_of_the_rule_is_the_last_in_its_window() -> None:
    """Of visits on days 21, 5, 14, 28 that of day 14; when missed, day 5; none in the window: -1."""
    days = np.array([[21, 5, 14, 28]] * 3)
    held = np.array([[True] * 4, [True, True, False, True], [True, False, False, True]])
    assert rule_exam(days, held, 15).tolist() == [2, 1, -1]


def test_an_unknown_rule_is_refused() -> None:
    """The names that exist are listed."""
    with pytest.raises(InputError, match="choose one of"):
        walking_share(CODES, AGES, "hicks")
