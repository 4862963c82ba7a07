"""From priors, lot and host to the row of a graft: each number moves its part the right way."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.graft.build import Given, rows_of
from saisei.graft.course import OUT, follow, place

ONE = np.ones(1)
DRAWS: dict[str, float] = {
    "graft.survival": 0.2,
    "graft.division_per_day": 0.1,
    "graft.division_days": 21.0,
    "graft.commitment_per_day": 0.04,
    "graft.capacity_rodent": 6e5,
    "graft.lesion_scale_human": 300.0,
    "graft.maturation_days": 300.0,
    "graft.death_per_day": 0.002,
    "graft.rejection_per_day": 0.018,
    "graft.rejection_death_per_day": 0.1,
    "graft.protection_by_drug": 0.9,
    "graft.protection_by_match": 0.5,
    "graft.late_rejection": 0.3,
    "graft.clone_growth_per_day": 0.05,
    "graft.clone_turnover": 0.3,
    "graft.cell_volume_mm3": 1e-6,
    "graft.free_volume_rodent_mm3": 5.0,
}
GIVEN = Given(
    dose=2e6 * ONE,
    viability=0.8 * ONE,
    committed=0.4 * ONE,
    division_factor=0.5 * ONE,
    fate=np.array([[0.45, 0.45, 0.1]]),
    clone_rate=1e-5 * ONE,
    match=0.5 * ONE,
    drug_days=180.0 * ONE,
    scale=300.0 * ONE,
    kill_day=np.inf * ONE,
    kill_share=0.95 * ONE,
    half_oligodendrocytes=1.5e7 * ONE,
)
LUCK = np.array([[0.5, 0.8, 0.5]])


def row(
    given: Given = GIVEN, luck: NDArray[np.float64] = LUCK, **draws: float
) -> NDArray[np.float64]:
    """The row with some priors changed (dots as double underscores)."""
    changed = {name.replace("__", "."): number for name, number in draws.items()}
    found: NDArray[np.float64] = rows_of(
        {name: number * ONE for name, number in {**DRAWS, **changed}.items()}, given, luck
    )
    return found


def cells(found: NDArray[np.float64], pool: int) -> float:
    """A pool half a year after grafting."""
    out = np.empty((1, 1, OUT))
    follow(found, np.array([[180.0]]), 0.5, out, np.empty(1))
    return float(out[0, 0, pool])


@pytest.mark.parametrize(
    ("prior", "number", "name", "more"),
    [
        ("graft__survival", 0.4, "uncommitted", True),
        ("graft__survival", 0.4, "founders", True),
        ("graft__rejection_per_day", 0.036, "rejection_day", False),
        ("graft__protection_by_drug", 0.95, "rejection_day", True),
        ("graft__protection_by_match", 0.9, "rejection_day", True),
        ("graft__late_rejection", 0.1, "rejection_day", True),
        ("graft__rejection_death_per_day", 0.2, "rejection_death", True),
        ("graft__clone_growth_per_day", 0.1, "clone_birth", True),
        ("graft__clone_turnover", 0.6, "clone_death", True),
        ("graft__cell_volume_mm3", 2e-6, "visible_cells", False),
        ("graft__capacity_rodent", 1.2e6, "capacity", True),
        ("graft__maturation_days", 600.0, "maturation", False),
    ],
)
def test_each_prior_moves_its_number_the_right_way(
    prior: str, number: float, name: str, more: bool
) -> None:
    """One prior changed, one number of the row read."""
    base, moved = row()[0, place(name)], row(**{prior: number})[0, place(name)]
    assert moved > base if more else moved < base


@pytest.mark.parametrize(
    ("changed", "name", "more"),
    [
        ({"dose": 4e6 * ONE}, "uncommitted", True),
        ({"viability": 0.4 * ONE}, "committed", False),
        ({"committed": 0.8 * ONE}, "uncommitted", False),
        ({"division_factor": ONE}, "division", True),
        ({"clone_rate": 1e-4 * ONE}, "founders", True),
        ({"match": ONE}, "rejection_day", True),
        ({"drug_days": 0 * ONE}, "rejection_day", False),
        ({"scale": ONE}, "capacity", False),
    ],
)
def test_lot_and_host_move_their_number_the_right_way(
    changed: dict[str, NDArray[np.float64]], name: str, more: bool
) -> None:
    """One thing given changed, one number of the row read."""
    base = row()[0, place(name)]
    moved = row(replace(GIVEN, **changed))[0, place(name)]
    assert moved > base if more else moved < base


def test_the_inhibitor_leaves_fewer_dividing_cells() -> None:
    """More committed at grafting and slower division: fewer uncommitted cells after half a year."""
    without = replace(GIVEN, committed=0 * ONE, division_factor=ONE)
    assert cells(row(), 0) < cells(row(without), 0)


def test_founders_follow_their_chance() -> None:
    """Founders are Poisson around surviving cells times their chance, over even luck."""
    n = 4000
    luck = np.column_stack([np.full(n, 0.5), np.full(n, 0.5), (np.arange(n) + 0.5) / n])
    given = Given(
        **{k: np.repeat(getattr(GIVEN, k), n, axis=0) for k in GIVEN.__dataclass_fields__}
    )
    found = rows_of({name: np.full(n, number) for name, number in DRAWS.items()}, given, luck)
    alive = found[0, place("uncommitted")] + found[0, place("committed")]
    assert found[:, place("founders")].mean() == pytest.approx(alive * 1e-5, rel=2e-3)
    assert found[:, place("founders")].var() == pytest.approx(alive * 1e-5, rel=2e-2)


def test_impossible_gifts_are_refused() -> None:
    """Shares outside 0 to 1, fates that do not add up, a negative dose."""
    for name, wrong in (("viability", 1.5), ("match", -0.1), ("committed", 2.0), ("dose", -1.0)):
        with pytest.raises(InputError):
            replace(GIVEN, **{name: wrong * ONE})
    with pytest.raises(InputError, match="add up to 1"):
        replace(GIVEN, fate=np.array([[0.5, 0.5, 0.5]]))
