"""What a graft does to its host: front and distance, window, spike, pressure, directions."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from saisei.cord.injury import INJURY, draw_injury
from saisei.cord.values import cord_values
from saisei.errors import InputError
from saisei.repair.graft_effect import (
    TARGET_FIBRES,
    Wiring,
    distances,
    effects_of,
    front_mm,
    positions,
    wiring_of,
)
from saisei.repair.natural import (
    E_BLOCK,
    E_GAIN,
    E_PRESSURE,
    E_RELAY,
    EFFECT,
    RATES,
    draw_rates,
    forces_at,
    no_effect,
    repair_values,
)
from saisei.repair.plasticity import Stimulation, stimulation_gain

DRAWS: dict[str, float] = {
    "graft.free_volume_rodent_mm3": 5.0,
    "graft.cell_volume_mm3": 1e-6,
    "repair_graft.retention": 0.25,
    "repair_graft.trophic_animal": 0.8,
    "repair_graft.window_days": 21.0,
    "repair_graft.half_cells_rodent": 1e5,
    "repair_graft.myelin_per_day": 0.02,
    "repair_graft.half_oligodendrocytes_rodent": 5e4,
    "repair_graft.front_mm_per_day": 0.2,
    "repair_graft.axons_per_neuron": 0.3,
    "repair_graft.axon_decay_mm": 12.0,
    "repair_graft.pruning_per_day": 0.00128,
    "repair_graft.host_input": 0.1,
    "repair_graft.input_days": 90.0,
    "repair_graft.relay_weight": 0.1,
    "repair_graft.mass_effect": 0.3,
    "repair_graft.volume_scaling": 1.0,
    "repair_graft.stimulation_gain": 1.45,
    "repair_graft.stimulation_per_session": 0.1,
    "repair_graft.stimulation_fade_days": 364.0,
}
CELLS = np.array([[[0.0, 1e5, 5e4, 1e5, 2e4, 0.0, 40.0, 0.0, 0.0]]])


def wired(changed: dict[str, float] | None = None, **asked: Any) -> Wiring:
    """The wiring of one graft."""
    one = np.ones(1)
    draws = {key: number * one for key, number in {**DRAWS, **(changed or {})}.items()}
    usual = {
        "nil": np.zeros(1, dtype=bool), "potency": one, "graft_day": 21.0 * one,
        "scale": 300.0 * one, "spinal": one,
    }  # fmt: skip
    return wiring_of(draws, **{**usual, **asked})


def effect(
    wiring: Wiring, since: float = 200.0, level: float = 4.0, cells: NDArray[np.float64] = CELLS
) -> NDArray[np.float64]:
    """The factors of one graft at one day."""
    out = np.empty((1, 1, EFFECT))
    mm = distances(np.full((1, 2), level))
    days = np.array([[since]])
    effects_of(wiring.table(), cells, days, mm, np.ones((1, 1)), 1.13, TARGET_FIBRES, out)
    found: NDArray[np.float64] = out[0, 0]
    return found


def test_no_cells_have_no_effect_to_the_last_bit() -> None:
    """A graft of no cells, and the days before any graft, give the neutral row."""
    np.testing.assert_array_equal(effect(wired(), cells=np.zeros_like(CELLS)), no_effect())
    np.testing.assert_array_equal(effect(wired(), since=-1.0), no_effect())


def test_axons_reach_no_further_than_their_front() -> None:
    """At 0.2 mm a day the front stands at 40 mm on day 200: segments beyond get nothing."""
    wiring = wired()
    assert front_mm(wiring, np.array([[200.0, -5.0]])).tolist() == [[40.0, 0.0]]
    relay = effect(wiring)[E_RELAY:]
    mm = distances(np.full((1, 2), 4.0))[0]
    assert ((relay > 0) == (mm < 40.0)).all()
    assert (relay[10:] == 0).sum() > 0
    later = effect(wiring, since=3000.0)[E_RELAY:]
    assert (later > 0).all()
    two = (np.argmin(mm[:5]), np.argmin(mm[:5]) + 1)
    assert relay[two[1]] / relay[two[0]] == pytest.approx(
        math.exp(-(mm[two[1]] - mm[two[0]]) / 12.0)
    )


def test_distances_are_along_the_cord() -> None:
    """Segment edges are sums of their lengths; a graft below C5 lies half a segment above C6."""
    edges = positions((13.0, 20.0, 10.0, 6.0))
    assert edges[[1, 8, 20, 25]].tolist() == [13.0, 104.0, 344.0, 394.0]
    mm = distances(np.array([[4.0, 4.0]]), (13.0, 20.0, 10.0, 6.0))[0]
    assert mm[:3].tolist() == [6.5, 6.5, 19.5]
    with pytest.raises(InputError, match="lengths of segments"):
        positions((13.0, 20.0))


def test_the_trophic_effect_is_its_formula() -> None:
    """1 + potency retention eps exp(-t_g/tau) G/(G + G50), by hand."""
    size = 2.7e5
    by_hand = 1 + 0.25 * 0.8 * math.exp(-1.0) * size / (size + 3e7)
    assert effect(wired())[E_GAIN] == pytest.approx(by_hand, rel=1e-12)
    assert effect(wired())[E_BLOCK] == pytest.approx(math.exp(-0.02 * 40))


def test_the_spike_stops_help_but_not_harm() -> None:
    """In a nil programme drive, block and relay stay natural; an overgrown graft still presses."""
    nil = wired(nil=np.ones(1, dtype=bool))
    grown = CELLS.copy()
    grown[0, 0, 5] = 3e9
    found = effect(nil, cells=grown)
    assert found[E_GAIN] == 1.0
    assert found[E_BLOCK] == 1.0
    assert (found[E_RELAY:] == 0).all()
    assert found[E_PRESSURE] == pytest.approx(0.3 * (1e-6 * (3e9 + 2.7e5) / 1500 - 1))
    assert effect(nil)[E_PRESSURE] == 0.0


def test_forebrain_cells_relay_nothing() -> None:
    """Without spinal identity host axons do not enter."""
    assert (effect(wired(spinal=np.zeros(1)))[E_RELAY:] == 0).all()


@pytest.mark.parametrize(
    ("id", "factor", "what", "more"),
    [
        ("repair_graft.retention", 2, E_GAIN, True),
        ("repair_graft.trophic_animal", 2, E_GAIN, True),
        ("repair_graft.window_days", 2, E_GAIN, True),
        ("repair_graft.half_cells_rodent", 2, E_GAIN, False),
        ("repair_graft.volume_scaling", 0.5, E_GAIN, True),
        ("repair_graft.myelin_per_day", 2, E_BLOCK, False),
        ("repair_graft.axons_per_neuron", 2, E_RELAY + 1, True),
        ("repair_graft.axon_decay_mm", 2, E_RELAY + 1, True),
        ("repair_graft.pruning_per_day", 2, E_RELAY + 1, False),
        ("repair_graft.host_input", 2, E_RELAY + 1, True),
        ("repair_graft.input_days", 2, E_RELAY + 1, False),
        ("repair_graft.relay_weight", 2, E_RELAY + 1, True),
        ("repair_graft.front_mm_per_day", 0.01, E_RELAY + 1, False),
    ],
)
def test_each_prior_moves_its_factor_the_right_way(
    id: str, factor: float, what: int, more: bool
) -> None:
    """One prior changed, one factor read."""
    base, moved = effect(wired())[what], effect(wired({id: DRAWS[id] * factor}))[what]
    assert moved > base if more else moved < base


def test_pressure_rises_with_mass_and_falls_with_room() -> None:
    """A larger mass effect presses more, a larger free space and smaller cells less."""
    grown = CELLS.copy()
    grown[0, 0, 5] = 3e9
    base = effect(wired(), cells=grown)[E_PRESSURE]
    for key, factor, more in (
        ("repair_graft.mass_effect", 2.0, True),
        ("graft.free_volume_rodent_mm3", 1.5, False),
        ("graft.cell_volume_mm3", 0.9, False),
    ):
        moved = effect(wired({key: DRAWS[key] * factor}), cells=grown)[E_PRESSURE]
        assert moved > base if more else moved < base


def test_stimulation_solves_its_equation() -> None:
    """The gain equals a fine Euler course to 1e-3; it never exceeds the largest gain, and none is none."""
    draws = {key: np.array([number]) for key, number in DRAWS.items()}
    plan = Stimulation(3.0, 50.0, 120.0)
    days = np.array([[0.0, 50.0, 85.0, 120.0, 300.0]])
    found = stimulation_gain(plan, draws, days)[0]
    q, h, course = 0.0, 0.01, {}
    for step in range(30_001):
        day = step * h
        course[round(day, 2)] = q
        rate = 0.1 * 3 / 7 if 50.0 <= day < 120.0 else 0.0
        q += h * (rate * (0.45 - q) - q / 364.0)
    np.testing.assert_allclose(found, [1 + course[d] for d in days[0]], atol=1e-3)
    assert found.max() < 1.45
    assert (stimulation_gain(Stimulation(), draws, days) == 1.0).all()
    with pytest.raises(InputError, match="sessions a week"):
        Stimulation(3.0, 120.0, 50.0)


@pytest.mark.parametrize(
    ("what", "number", "stronger"),
    [(E_GAIN, 1.5, True), (E_BLOCK, 0.5, True), (E_RELAY, 0.05, True), (E_PRESSURE, 0.5, False)],
)
def test_each_factor_moves_the_force_of_the_host(what: int, number: float, stronger: bool) -> None:
    """Gain, less block and relay strengthen hurt muscles; pressure weakens them; none is ever below 0."""
    x, rates, values = np.empty(INJURY), np.empty(RATES), repair_values()
    better = worse = 0
    for person in range(40):
        draw_injury(cord_values(), 1, person, 0, np.empty(500), x)
        draw_rates(values, 1, person, 0, rates)
        base, moved, row = np.empty(21), np.empty(21), no_effect()
        forces_at(values, x, rates, 200.0, row, base)
        row[what : what + (21 if what == E_RELAY else 1)] = number
        forces_at(values, x, rates, 200.0, row, moved)
        assert (moved >= 0).all()
        better += int((moved > base).sum())
        worse += int((moved < base).sum())
    assert (better > 100 and worse == 0) if stronger else (worse > 100 and better == 0)
