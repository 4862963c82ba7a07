"""The packaged values still give roughly the published figures: a guard against drift, not a validation.

Figures and their sources: `saisei.patient.fit_targets`. Fit and misfit of each target, with many more people:
docs/stages/patient-calibration.md. Tolerances here are the page's figures plus Monte Carlo error.
"""

import numpy as np
import pytest

from saisei.params import value
from saisei.patient.cohort import Model
from saisei.patient.fit import Problem, Settings, find_mode, fitted, jittered_draws, whitener
from saisei.patient.fit_space import knobs, model_at, point_of
from saisei.patient.fit_targets import Measured, Target
from saisei.patient.posterior import load_posterior
from saisei.patient.refit import widened

PEOPLE = 4000


@pytest.fixture(scope="module")
def found() -> dict[str, Measured]:
    """The fitted targets in 4,000 people of a seed that the fit did not use."""
    return {one.target.name: one for one in fitted(Model.packaged(), PEOPLE, 3)}


@pytest.mark.parametrize(
    ("plegia", "kind", "most"),
    [
        ("tetraplegia", "mean", 2.0),
        ("tetraplegia", "SD", 2.2),
        ("paraplegia", "mean", 2.0),
        ("paraplegia", "SD", 2.2),
    ],
)
def test_motor_scores_are_near_emsci(
    found: dict[str, Measured], plegia: str, kind: str, most: float
) -> None:
    """UEMS and LEMS of AIS A to D stay near the EMSCI tables, root mean square over grades and weeks."""
    gaps = [
        one.value - one.target.published
        for name, one in found.items()
        if one.target.kind == kind and name.startswith(plegia) and "ems week" in name
    ]
    assert len(gaps) in (16, 32)
    assert np.sqrt(np.mean(np.square(gaps))) < most


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("arm muscle of grade 1-2 at a month reaches 3 at a year (%)", 90, 100),
        ("grade 0 one level below the lowest function reaches 3 (%)", 16, 34),
        ("grade 0 two levels below reaches 3 (%)", 0, 4),
        ("motor level unchanged or higher up at a year (%)", 27, 43),
        ("motor level 1 lower at a year (%)", 34, 50),
        ("marino-2011-a-tetraplegia to A (%)", 60, 80),
        ("marino-2020-a-t1-t9 to A (%)", 84, 96),
    ],
)
def test_single_muscles_levels_and_grades_are_near_what_was_published(
    found: dict[str, Measured], name: str, low: float, high: float
) -> None:
    """Waters 1993 (97, 27, 1), Marino 2011 (35, 42; A stays A 70), Marino 2020 (T1-T9 stays A 91)."""
    assert low <= found[name].value <= high


def test_held_out_targets_are_not_among_the_fitted(found: dict[str, Measured]) -> None:
    """No target of week 26 and no row or study that D80 holds out reaches the fit."""
    out = ("week 26", "spiess-2009-c", "kirshblum-2016-c", "marino-1999", "harrop", "aimetti")
    assert not [name for name in found if any(part in name for part in out)]
    sources = {one.target.source for one in found.values()}
    assert not sources & {"Fisher 2005", "Wirz 2006", "Waters 1994", "Evaniew 2019"}


def test_a_point_of_the_fit_is_the_packaged_model() -> None:
    """The packaged values as a point give the packaged model back; a moved knob moves one number."""
    z, packaged = point_of(), Model.packaged()
    back = model_at(z)
    for stage in ("cord", "repair", "patient"):
        np.testing.assert_allclose(getattr(back, stage), getattr(packaged, stage), rtol=1e-9)
    moved = z.copy()
    moved[3] += 1.0
    other = model_at(moved)
    changed = sum(
        int((getattr(other, s) != getattr(back, s)).sum()) for s in ("cord", "repair", "patient")
    )
    assert changed == 1
    for knob, one in zip(knobs(), z, strict=True):
        assert knob.z_of(knob.at(float(one))) == pytest.approx(one, abs=1e-6)


def test_targets_of_one_group_share_half_of_their_discrepancy() -> None:
    """Whitened covariance is the identity; two of a group correlate, two of different groups do not."""

    def one(group: str) -> Target:
        return Target("a", "b", 10.0, 0.3, 1.0, group, True, "mean")

    white = whitener([one("x"), one("x"), one("y"), one("")])
    cover = np.linalg.inv(white) @ np.linalg.inv(white).T
    np.testing.assert_allclose(np.diag(cover), 1.09)
    assert cover[0, 1] == pytest.approx(0.5)
    assert np.abs(cover[0, 2:]).max() < 1e-12


def test_the_chance_of_simulated_figures_widens_their_error() -> None:
    """Its square joins those of sampling and discrepancy; more people, less chance."""
    one = Target("a", "b", 10.0, 0.3, 1.0, "", True, "mean")
    white = whitener([one, one], np.array([0.0, 2.0]))
    np.testing.assert_allclose(np.diag(white) ** -2.0, [1.09, 5.09])
    few, many = (np.diag(Problem(Settings(n, 0, 0), 3).white) ** -2.0 for n in (300, 1200))
    assert np.median(few / many) > 1.0


class Linear(Problem):
    """A problem whose posterior is known: misfits linear in the point, far within the soft limit."""

    def __init__(self, draws: int) -> None:
        """Twelve targets and three knobs."""
        rng = np.random.default_rng(4)
        self.settings = Settings(people=1, iterations=6, draws=draws)
        self.a, self.white = 0.5 * rng.standard_normal((12, 3)), np.eye(12)
        self.published = 0.1 * rng.standard_normal(12)

    def residual(self, z: np.ndarray, published: np.ndarray | None = None) -> np.ndarray:
        """The misfit at a point."""
        gap: np.ndarray = self.a @ z - (self.published if published is None else published)
        return gap


def test_the_mode_and_the_draws_are_exact_in_a_linear_model() -> None:
    """There the mode solves the normal equations and draws have mean and covariance of the posterior."""
    problem = Linear(draws=3000)
    mode = find_mode(problem, np.full(3, 0.8))
    cover = np.linalg.inv(problem.a.T @ problem.a + np.eye(3))
    exact = cover @ problem.a.T @ problem.published
    np.testing.assert_allclose(mode.z, exact, atol=2e-3)  # the soft cut bends the loss a little
    draws, losses = jittered_draws(problem, mode, np.random.default_rng(1))
    assert (losses > 0).all()
    error = np.sqrt(np.diag(cover) / 3000)
    assert (np.abs(draws.mean(axis=0) - exact) < 4 * error + 2e-3).all()
    np.testing.assert_allclose(np.cov(draws.T), cover, atol=0.05)


def test_draws_are_spread_about_their_mean() -> None:
    """D90: the mean stays, every distance from it grows by one factor, which the packaged file names."""
    draws = np.random.default_rng(2).standard_normal((50, 4))
    wide, factor = widened(draws), value("patient.posterior_widening")
    np.testing.assert_allclose(wide.mean(axis=0), draws.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(wide.std(axis=0), factor * draws.std(axis=0))
    assert load_posterior().about["widening"] == factor


def test_no_packaged_draw_stayed_where_it_began() -> None:
    """One draw in six had been the mode itself: a first step that did not help had ended the search."""
    kept = load_posterior()
    away = np.sqrt(np.mean((kept.draws - kept.mode) ** 2, axis=1))
    assert away.min() > 0.1
    assert np.median(away) > 0.5
