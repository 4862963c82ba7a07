"""Lines: the same for any batch, laws of their counts, and the direction of every value that has one."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from saisei.cell_line import line as module
from saisei.cell_line.line import Lines, Method, Sourcing, draw_lines
from saisei.errors import InputError
from saisei.params import load

MANY = np.arange(4000)


def arrays(lines: Lines) -> dict[str, np.ndarray]:
    """The arrays of lines by name."""
    return {
        one.name: content
        for one in dataclasses.fields(lines)
        if isinstance(content := getattr(lines, one.name), np.ndarray)
    }


def test_a_line_never_depends_on_its_batch() -> None:
    """Bit for bit the same alone, in odd runs, and backwards."""
    whole = arrays(draw_lines(7, np.arange(41)))
    for keys in (np.array([5]), np.arange(3, 20), np.arange(41)[::-1]):
        part = arrays(draw_lines(7, keys))
        for name, content in part.items():
            assert (content == whole[name][keys]).all(), name


def test_another_seed_gives_other_lines() -> None:
    """Seeds matter."""
    assert (draw_lines(1, MANY).clone_rate != draw_lines(2, MANY).clone_rate).all()


def test_colonies_have_the_mean_that_the_yield_says() -> None:
    """Mean of lognormal times cells, within 5 standard errors (dishes without a colony are repeated)."""
    lines = draw_lines(5, np.arange(20_000))
    expected = 5e-4 * np.exp(1.034**2 / 2) * 100_000
    error = lines.colonies.std() / np.sqrt(len(lines))
    empty = (lines.dishes > 1).mean()
    assert abs(lines.colonies.mean() * (1 - empty) - expected) < 5 * error


def test_the_first_colony_is_the_smallest_of_its_gamma_times() -> None:
    """Probability integral transform of the minimum's closed form is even (Kolmogorov-Smirnov)."""
    lines = draw_lines(9, MANY)
    one = lines.dishes == 1
    f = stats.gamma.cdf(lines.first_colony_day[one] - 18, 3, scale=3)
    even = 1 - (1 - f) ** lines.colonies[one]
    assert stats.kstest(even, "uniform").pvalue > 1e-3


def test_an_unsafe_line_founds_more_overgrowth() -> None:
    """Every line of integrated factors is worse than the same line without."""
    safe = draw_lines(1, MANY, Sourcing(Method.EPISOMAL))
    unsafe = draw_lines(1, MANY, Sourcing(Method.RETROVIRAL))
    assert np.median(unsafe.clone_rate) > 1000 * np.median(safe.clone_rate)
    assert draw_lines(1, MANY[:1], Sourcing(Method.RETROVIRAL))[0].method.unsafe


# value -> (column, sign[, method]): raised by a fifth, no line goes the other way and some move
DIRECTIONS: dict[str, tuple[str, int, Method]] = {
    "colony_yield_episomal": ("colonies", 1, Method.EPISOMAL),
    "colony_yield_blood": ("colonies", 1, Method.BLOOD),
    "colony_yield_retroviral": ("colonies", 1, Method.RETROVIRAL),
    "clone_rate_unsafe": ("clone_rate", 1, Method.RETROVIRAL),
    "input_cells": ("colonies", 1, Method.EPISOMAL),
    "colony_lag": ("first_colony_day", 1, Method.EPISOMAL),
    "colony_wait": ("first_colony_day", 1, Method.EPISOMAL),
    "doubling_time": ("divisions", -1, Method.EPISOMAL),
    "clearing_passages": ("bank_day", 1, Method.EPISOMAL),
    "bank_tests": ("bank_day", 1, Method.EPISOMAL),
    "substitutions": ("substitutions", 1, Method.EPISOMAL),
    "cnv_rate": ("cnvs", 1, Method.EPISOMAL),
    "abnormal_rate": ("abnormal_share", 1, Method.EPISOMAL),
    "abnormal_advantage": ("abnormal_share", 1, Method.EPISOMAL),
    "clone_rate_clinical": ("clone_rate", 1, Method.EPISOMAL),
    "cnv_odds": ("clone_rate", 1, Method.EPISOMAL),
    "cnv_high_share": ("clone_rate", 1, Method.EPISOMAL),
}


# Values of one clone; their directions are tested on `Clone` itself.
CLONE = {"divisions_per_day", "transitions_per_division"}


def test_every_value_with_a_direction_is_tested() -> None:
    """A value that states a direction stands in the table above."""
    stated = {
        one.id.partition(".")[2]
        for one in load().values.values()
        if one.id.startswith("cell_line.") and one.direction
    }
    assert stated <= set(DIRECTIONS) | CLONE


@pytest.mark.parametrize(
    ("name", "column", "sign", "method"), [(k, *v) for k, v in DIRECTIONS.items()]
)
def test_each_value_moves_lines_in_its_direction(
    name: str, column: str, sign: int, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same streams, the value raised: no line moves the wrong way and some move the right way."""
    lines = draw_lines(3, MANY, Sourcing(method))
    before = getattr(lines, column)
    raised = 1.2 if name != "cnv_high_share" else 3.0

    def value(id: str) -> float:
        return VALUE(id) * (raised if id == f"cell_line.{name}" else 1.0)

    def pair(id: str) -> tuple[float, float]:
        first, second = PAIR(id)
        if id != f"cell_line.{name}":
            return first, second
        return first * raised, second * (raised if name == "colony_wait" else 1.0)

    monkeypatch.setattr(module, "value", value)
    monkeypatch.setattr(module, "pair", pair)
    moved = sign * (getattr(draw_lines(3, MANY, Sourcing(method)), column) - before)
    moved = moved[lines.dishes == 1]  # a repeated dish that now has a colony is another dish
    assert (moved >= -1e-12).all()
    assert (moved > 0).any()


VALUE, PAIR = module.value, module.pair


def test_a_bank_without_donors_is_refused() -> None:
    """One clear sentence."""
    with pytest.raises(InputError, match="at least one donor"):
        Sourcing(donors=())
