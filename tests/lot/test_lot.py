"""Lots: the same for any batch, direction of each value, safe against unsafe lines."""

import dataclasses

import numpy as np
import pytest

from saisei.cell_line.line import Method, Sourcing
from saisei.errors import InputError
from saisei.lot import lot as module
from saisei.lot.lot import Lots, Recipe, draw_lots
from saisei.params import load

MANY = np.arange(3000)


def arrays(lots: Lots) -> dict[str, np.ndarray]:
    """The arrays of lots by name."""
    return {
        one.name: content
        for one in dataclasses.fields(lots)
        if isinstance(content := getattr(lots, one.name), np.ndarray)
    }


def test_a_lot_never_depends_on_its_batch() -> None:
    """Bit for bit the same alone, in odd runs, and backwards."""
    whole = arrays(draw_lots(7, np.arange(37)))
    for keys in (np.array([5]), np.arange(3, 20), np.arange(37)[::-1]):
        for name, content in arrays(draw_lots(7, keys)).items():
            assert (content == whole[name][keys]).all(), name


def test_lots_of_one_line_share_donor_and_clone_rate_but_not_potency() -> None:
    """Lots 0 to 4 of five a line come from line 0."""
    lots = draw_lots(2, np.arange(10), Recipe(lots_per_line=5))
    assert [lots[i].line_id for i in range(10)] == ["episomal-2-0"] * 5 + ["episomal-2-1"] * 5
    assert len(set(lots.line_clone_rate[:5])) == 1
    assert len(set(lots.potency)) == 10


def test_a_lot_of_an_unsafe_line_founds_more_overgrowth() -> None:
    """Same streams, another method."""
    safe = draw_lots(1, MANY, Recipe(Sourcing(Method.EPISOMAL)))
    unsafe = draw_lots(1, MANY, Recipe(Sourcing(Method.RETROVIRAL)))
    assert np.median(unsafe.clone_rate) > 1000 * np.median(safe.clone_rate)
    assert unsafe[0].unsafe
    assert not safe[0].unsafe


def test_more_residual_cells_found_more_overgrowth() -> None:
    """Clones from undifferentiated cells are their share times their chance."""
    lots = draw_lots(1, MANY)
    order = np.argsort(lots.residual)
    assert (np.diff(lots.residual_clone_rate[order]) >= 0).all()
    assert (lots.clone_rate > lots.line_clone_rate).all()


def test_the_inhibitor_commits_cells_and_slows_division() -> None:
    """Without the step nothing is committed and nothing slowed; the rest of the lot is the same."""
    done, left = draw_lots(1, MANY), draw_lots(1, MANY, Recipe(inhibitor=False))
    assert (done.committed > 0).all()
    assert (done.division_factor <= 1).all()
    assert (left.committed == 0).all()
    assert (left.division_factor == 1).all()
    assert (left.potency == done.potency).all()


def test_fates_are_shares_with_the_mean_of_their_law() -> None:
    """They add to one; means 4/9, 4/9, 1/9 within 5 standard errors."""
    fate = draw_lots(1, MANY).fate
    assert np.allclose(fate.sum(axis=1), 1, atol=1e-12)
    error = fate.std(axis=0) / np.sqrt(len(fate))
    assert (np.abs(fate.mean(axis=0) - np.array([4, 4, 1]) / 9) < 5 * error).all()


def test_donor_to_doses_takes_about_half_a_year() -> None:
    """About 6 months to an autologous product (Itakura 2017, introduction); release tests added."""
    lots = draw_lots(1, MANY)
    made = np.median(lots.ready_day) - 42
    assert 150 < made < 210


DIRECTIONS = {
    "differentiation_days": ("ready_day", 1),
    "release_days": ("ready_day", 1),
    "neural_yield": ("cells", 1),
    "passages": ("cells", 1),
    "viability": ("viability", 1),
    "inhibitor_committed": ("committed", 1),
    "passage_fold": ("cells", 1),
    "test_cells": ("cells", -1),
    "residual": ("residual", 1),
    "residual_founding": ("residual_clone_rate", 1),
    "inhibitor_division": ("division_factor", 1),
    "purity": ("markers", 1),
    "neuronal": ("neuronal", 1),
}


@pytest.mark.parametrize(("name", "column", "sign"), [(k, *v) for k, v in DIRECTIONS.items()])
def test_each_value_moves_lots_in_its_direction(
    name: str, column: str, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same streams, the value raised by a fifth: no lot moves the wrong way and some move."""
    before = getattr(draw_lots(3, MANY), column)

    def value(id: str) -> float:
        return VALUE(id) * (1.2 if id == f"lot.{name}" else 1.0)

    def pair(id: str) -> tuple[float, float]:
        first, second = PAIR(id)
        return (first * 1.2, second) if id == f"lot.{name}" else (first, second)

    monkeypatch.setattr(module, "value", value)
    monkeypatch.setattr(module, "pair", pair)
    moved = sign * (getattr(draw_lots(3, MANY), column) - before)
    assert (moved >= 0).all()
    assert (moved > 0).any()


VALUE, PAIR = module.value, module.pair


def test_every_value_with_a_direction_is_tested() -> None:
    """A value that states a direction stands in the table above."""
    stated = {
        one.id.partition(".")[2]
        for one in load().values.values()
        if one.id.startswith("lot.") and one.direction
    }
    assert stated <= set(DIRECTIONS)


@pytest.mark.parametrize("dose", [0.0, -1.0, float("inf"), float("nan")])
def test_an_impossible_dose_is_refused(dose: float) -> None:
    """A dose is a number above zero."""
    with pytest.raises(InputError, match="dose"):
        Recipe(dose_cells=dose)
