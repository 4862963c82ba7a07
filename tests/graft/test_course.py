"""The course of means: conservation, order of the step, closed forms, an adaptive solver, events."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from saisei.errors import UnsupportedError
from saisei.graft.birth_death import establishment, law, mean_variance, moments_with_rates
from saisei.graft.build import rejection_day
from saisei.graft.check import check_step, solve
from saisei.graft.course import OUT, OUT_NAMES, ROW_NAMES, follow, place

DAYS = np.array([-7.0, 0.0, 14.0, 28.0, 60.0, 180.0, 364.0])
USUAL = {
    "uncommitted": 240_000.0, "committed": 160_000.0, "division": 0.1, "division_days": 21.0,
    "commitment": 0.04, "capacity": 1.8e8, "neurons": 0.45, "astrocytes": 0.45,
    "oligodendrocytes": 0.1, "maturation": math.log(2) / 300, "death": 0.002,
    "rejection_day": math.inf, "rejection_death": 0.1, "kill_day": math.inf, "kill_share": 0.95,
    "half_oligodendrocytes": 1.5e7, "founders": 0.0, "clone_birth": 0.0714, "clone_death": 0.0214,
    "clone_limit": 2e9, "cell_volume": 1e-6, "visible_cells": 5e7,
}  # fmt: skip


def a_row(**changed: float) -> NDArray[np.float64]:
    """One row of a graft with the usual numbers, some changed."""
    return np.array([[{**USUAL, **changed}[name] for name in ROW_NAMES]])


def followed(
    rows: NDArray[np.float64], h: float = 1.0, days: NDArray[np.float64] = DAYS
) -> NDArray[np.float64]:
    """Pools at the days, (n, visits, OUT)."""
    out = np.empty((len(rows), len(days), OUT))
    follow(rows, np.tile(days, (len(rows), 1)), h, out, np.empty(len(rows)))
    return out


def test_the_course_equals_an_adaptive_solver_event_by_event() -> None:
    """Pools of usual, rejected, killed and overgrown grafts equal LSODA at 1e-10 to 1e-5 of a pool."""
    rows = np.concatenate(
        [
            a_row(),
            a_row(rejection_day=33.3, capacity=5e5),
            a_row(kill_day=100.7, founders=3.0),
            a_row(founders=50.0, clone_birth=0.15, rejection_day=300.2),
        ]
    )
    ours = followed(rows)
    for row, found in zip(rows, ours, strict=True):
        right = solve(row, DAYS)
        assert np.abs(found - right).max() / right.max() < 1e-5
    assert ours[0, 0].sum() == 0.0  # before the graft there is nothing


def test_no_cell_is_lost_or_made() -> None:
    """Cells alive are those seeded plus born minus dead, to the rounding of a double."""
    rows = np.concatenate([a_row(), a_row(rejection_day=50.0, founders=20.0, kill_day=200.0)])
    out = followed(rows)
    alive = out[:, :, :6].sum(axis=2)
    seeded = 400_000.0 + rows[:, [place("founders")]]
    balance = seeded + out[:, :, 7] - out[:, :, 8]
    np.testing.assert_allclose(alive[:, 1:], balance[:, 1:], rtol=1e-12, atol=1e-6)
    assert (out >= 0.0).all()


def test_halving_the_step_divides_the_error_by_sixteen() -> None:
    """Order 4 on a graft near its capacity: errors of 4, 2 and 1 days fall by 2**4, within a fifth."""
    row, days = a_row(capacity=5e5, division=0.25), np.array([56.0])
    exact = followed(row, 0.01, days)[0, 0, 0]
    errors = [abs(followed(row, h, days)[0, 0, 0] - exact) for h in (4.0, 2.0, 1.0)]
    for coarse, fine in itertools.pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(4.0, abs=0.4)


def test_means_are_those_of_the_exact_birth_death_process() -> None:
    """Far from capacity the uncommitted pool has the exact mean; maturation alone is a half-life."""
    row = a_row(capacity=1e18, committed=0.0)
    mean, _ = moments_with_rates(240_000.0, lambda u: 0.1 * math.exp(-u / 21.0), 0.042, 60.0)
    assert followed(row)[0, 4, 0] == pytest.approx(mean, rel=1e-6)
    still = a_row(uncommitted=0.0, death=0.0)
    late = followed(still, days=np.array([300.0]))[0, 0]
    assert late[1] == pytest.approx(0.5 * 160_000 * 0.45, rel=1e-9)
    assert late[OUT_NAMES.index("mature_neurons")] == pytest.approx(0.5 * 160_000 * 0.45, rel=1e-9)


def test_the_law_of_one_clone_has_its_moments_and_its_extinction() -> None:
    """Probabilities sum to one, give the mean and variance of the closed form, and die out as b and d say."""
    chances = law(0.07, 0.02, 40.0, 4000)
    sizes = np.arange(len(chances))
    mean, variance = mean_variance(1.0, 0.07, 0.02, 40.0)
    assert chances.sum() == pytest.approx(1.0, abs=1e-12)
    assert (sizes * chances).sum() == pytest.approx(mean, rel=1e-10)
    assert (sizes**2 * chances).sum() - mean**2 == pytest.approx(variance, rel=1e-9)
    assert law(0.07, 0.02, 3000.0, 1)[0] == pytest.approx(1.0 - establishment(0.07, 0.02))


def test_rejection_days_follow_their_hazard() -> None:
    """Shares kept at the ends of drug and watch equal exp(-cumulated hazard), in a million draws."""
    n = 1_000_000
    u, one = (np.arange(n) + 0.5) / n, np.ones(n)
    day = rejection_day(u, 0.018 * one, 0.25 * one, 0.9 * one, 180.0 * one)
    cumulated = {90.0: 0.0018 * 90, 180.0: 0.0018 * 90 + 0.00045 * 90}
    cumulated[400.0] = cumulated[180.0] + 0.0045 * 220
    for end, total in cumulated.items():
        assert (day > end).mean() == pytest.approx(math.exp(-total), abs=2e-6)


def test_a_coarse_step_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a run stores its figures, and a tolerance below them refuses the run."""
    rows, since = a_row(division=0.25, capacity=6e5), np.tile(DAYS, (1, 1))
    made = check_step(rows, since, leaping=True)
    assert 0.0 < made.against_half <= made.tolerance
    assert 0.0 < made.leap_against_course <= made.leap_tolerance
    monkeypatch.setattr(
        "saisei.graft.check.value", lambda name: 1e-9 if "tolerance" in name else 1.0
    )
    with pytest.raises(UnsupportedError, match="ask for slower"):
        check_step(rows, since, leaping=False)


@pytest.mark.parametrize(
    ("changed", "pool", "more"),
    [
        ({"division": 0.12}, 0, True),
        ({"death": 0.006}, 3, False),
        ({"maturation": math.log(2) / 150}, 2, True),
        ({"commitment": 0.08}, 0, False),
        ({"capacity": 4e5}, 3, False),
        ({"rejection_day": 10.0}, 3, False),
        ({"kill_day": 20.0}, 3, False),
        ({"clone_birth": 0.1}, 5, True),
        ({"clone_death": 0.04}, 5, False),
        ({"half_oligodendrocytes": 1e6}, 6, True),
        ({"oligodendrocytes": 0.2, "astrocytes": 0.35}, 6, True),
    ],
)
def test_each_rate_moves_its_pool_the_right_way(
    changed: dict[str, float], pool: int, more: bool
) -> None:
    """One number changed, one pool followed: the direction that the biology asks for."""
    base = followed(a_row(founders=5.0))[0, 4, pool]
    moved = followed(a_row(founders=5.0, **changed))[0, 4, pool]
    assert moved > base if more else moved < base
