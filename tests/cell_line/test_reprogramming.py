"""The laws of a clone against a differential equation, against drawn events, and at their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from saisei.cell_line.reprogramming import Clone, draw_clones, packaged_clone
from saisei.errors import InputError

RATE = st.floats(0.01, 2.0)


@settings(max_examples=25, deadline=None)
@given(RATE, RATE, st.floats(1e-4, 1.0), st.floats(0.1, 8.0))
def test_no_ips_cell_yet_solves_its_riccati_equation(
    birth: float, death: float, transition: float, days: float
) -> None:
    """u' = d + b u^2 - (b + d + v) u from 1, solved by a stiff integrator beside the closed form."""
    clone = Clone(birth, death, transition)

    def slope(_: float, u: np.ndarray) -> np.ndarray:
        return death + birth * u * u - (birth + death + transition) * u

    solved = solve_ivp(slope, (0, days), [1.0], method="LSODA", rtol=1e-10, atol=1e-12)
    assert float(clone.none_yet(days)) == pytest.approx(solved.y[0, -1], abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(RATE, RATE, st.floats(0.0, 1.0), st.floats(0.0, 3.0))
def test_the_law_of_the_size_has_its_mean_and_variance(
    birth: float, death: float, transition: float, days: float
) -> None:
    """Sums over the geometric law against the closed moments."""
    clone = Clone(birth, death, transition)
    law = clone.cells_pmf(60_000, days)
    n = np.arange(len(law))
    mean = float(law @ n)
    assert law.sum() == pytest.approx(1.0, abs=1e-9)
    assert mean == pytest.approx(float(clone.mean_cells(days)), rel=1e-6)
    assert float(law @ (n - mean) ** 2) == pytest.approx(
        float(clone.variance_cells(days)), rel=1e-5, abs=1e-9
    )
    assert float(clone.extinct(days)) == pytest.approx(law[0], abs=1e-12)


def test_drawn_clones_follow_the_laws() -> None:
    """20,000 clones event by event: means within 4 standard errors, counts by chi-square."""
    clone, days, n = Clone(0.9, 0.2, 0.05), 3.0, 20_000
    drawn = draw_clones(11, np.arange(n), clone, days)
    for column, mean in ((0, clone.mean_cells(days)), (1, clone.mean_transitions(days))):
        error = drawn[:, column].std() / np.sqrt(n)
        assert abs(drawn[:, column].mean() - mean) < 4 * error
    share = (drawn[:, 1] == 0).mean()
    exact = float(clone.none_yet(days))
    assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / n)
    early = (drawn[:, 2] <= 1.5).mean()
    exact = 1 - float(clone.none_yet(1.5))
    assert abs(early - exact) < 4 * np.sqrt(exact * (1 - exact) / n)
    law = clone.cells_pmf(15, days)
    seen = np.bincount(np.minimum(drawn[:, 0].astype(int), 16), minlength=17)
    expected = n * np.append(law, 1 - law.sum())
    assert ((seen - expected) ** 2 / expected).sum() < 39.25  # chi-square, 16 df, 0.1%


def test_a_clone_never_depends_on_its_batch() -> None:
    """The same alone and among others."""
    clone = Clone(1.0, 0.3, 0.1)
    whole = draw_clones(5, np.arange(50), clone, 4.0)
    assert (draw_clones(5, np.array([49, 7]), clone, 4.0) == whole[[49, 7]]).all()


def test_a_rare_transition_keeps_its_digits() -> None:
    """With v = 1e-12 the chance by a day is the expected number, to six digits."""
    clone = Clone(0.7, 0.1, 1e-12)
    for days in (1.0, 10.0, 20.0):
        assert 1 - float(clone.none_yet(days)) == pytest.approx(
            float(clone.mean_transitions(days)), rel=1e-3
        )


@pytest.mark.parametrize(("field", "sign"), [("birth", 1), ("death", -1), ("transition", 1)])
def test_each_rate_moves_the_first_ips_cell_in_its_direction(field: str, sign: int) -> None:
    """More births and transitions: earlier; more deaths: later or never."""
    base = {"birth": 0.7, "death": 0.1, "transition": 1e-4}
    before = Clone(**base)
    base[field] *= 1.2
    after = Clone(**base)
    days = np.array([2.0, 8.0, 15.0])
    assert (sign * (before.none_yet(days) - after.none_yet(days)) > 0).all()


def test_the_packaged_clone_gives_an_ips_cell_unless_it_dies_out() -> None:
    """A growing clone ends as an iPS cell or extinct: chance near 1 - d/b."""
    clone = packaged_clone()
    assert clone.ever() == pytest.approx(1 - clone.death / clone.birth, abs=1e-4)
    assert Clone(0.7, 0.1, 0.0).ever() == 0.0


def test_impossible_rates_are_refused() -> None:
    """No negative rate, no clone without births."""
    for rates in ((0.0, 0.1, 0.1), (1.0, -0.1, 0.1), (1.0, 0.1, float("nan"))):
        with pytest.raises(InputError, match="rates"):
            Clone(*rates)
