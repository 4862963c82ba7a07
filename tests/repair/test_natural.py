"""The closed forms of the course against their differential equations, and what must always hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from saisei.cord.anatomy import MUSCLES, SENSES
from saisei.cord.injury import (
    INJURY,
    INTACT,
    X_BLOCK,
    X_KIND,
    X_MOTONEURONS,
    X_PRESSURE,
    X_SENSE,
    X_SPARED,
    X_ZONE,
)
from saisei.cord.values import KINDS
from saisei.repair.natural import (
    RATES,
    REPAIR,
    block_at,
    draw_rates,
    forces_at,
    hill,
    no_effect,
    plasticity_at,
    repair_values,
    senses_at,
)

SHARE = st.floats(0.0, 1.0)
DAYS = [0.0, 14.0, 91.0, 364.0, 728.0]
RATES_OF_ONE = np.array([30.0, 150.0, 1.5, 25.0, 0.0, *[200.0] * MUSCLES])


def value(name: str) -> float:
    """The first number of a value of the course."""
    at = 0
    for known, length in REPAIR:
        if known == name:
            return float(repair_values()[at])
        at += length
    raise KeyError(name)


def injury(spared: float, block: float, zone: float, alive: float) -> NDArray[np.float64]:
    """An injury that is the same in all muscles and all dermatomes, of a kind without a shock of its own."""
    x = np.zeros(INJURY)
    x[X_KIND] = 1
    x[X_SPARED : X_SPARED + MUSCLES] = spared
    x[X_BLOCK : X_BLOCK + MUSCLES] = block
    x[X_ZONE : X_ZONE + MUSCLES] = zone
    x[X_MOTONEURONS : X_MOTONEURONS + MUSCLES] = alive
    x[X_SENSE : X_SENSE + SENSES] = 0.5
    x[X_PRESSURE] = 0.5
    return x


def forces(x: NDArray[np.float64], day: float) -> NDArray[np.float64]:
    """The forces of all muscles at a day."""
    room = np.empty(MUSCLES)
    forces_at(repair_values(), x, RATES_OF_ONE, day, no_effect(), room)
    return room


def test_the_closed_forms_solve_their_equations() -> None:
    """Block, plasticity and muscle mass equal an adaptive solver at 1e-10, to 1e-8."""
    start, zone, spared = 0.8, 0.03, 0.06
    p0, z0, mass_end = value("plasticity_start"), value("zone_start"), value("muscle_unused")
    mass_end += (1 - mass_end) * hill(spared + zone, value("half_drive"), value("drive_slope"))
    tau = (30.0, 150.0, 200.0, value("muscle_days"))

    def slope(_t: float, y: NDArray[np.float64]) -> list[float]:
        return [
            -y[0] / tau[0],
            (1 - y[1]) / tau[1],
            (zone - y[2]) / tau[2],
            (mass_end - y[3]) / tau[3],
        ]

    begin = [start, p0, zone * z0, 1.0]
    run = solve_ivp(slope, (0, 728), begin, t_eval=DAYS, rtol=1e-11, atol=1e-12)
    for k, day in enumerate(DAYS):
        block, plastic, local, mass = run.y[:, k]
        assert block_at(start, np.exp(-day / tau[0])) == pytest.approx(block, abs=1e-8)
        assert plasticity_at(p0, np.exp(-day / tau[1])) == pytest.approx(plastic, abs=1e-8)
        assert zone * plasticity_at(z0, np.exp(-day / tau[2])) == pytest.approx(local, abs=1e-8)
        drive = spared * (1 - block) * plastic + local
        force = mass * hill(drive, value("half_drive"), value("drive_slope"))
        assert forces(injury(spared, start, zone, 1.0), day)[0] == pytest.approx(force, abs=1e-8)


@given(SHARE, SHARE, SHARE, SHARE, st.floats(0.0, 730.0))
def test_forces_stay_within_normal_strength(
    spared: float, block: float, zone: float, alive: float, day: float
) -> None:
    """Whatever the injury, force lies in 0 to 1 at any day."""
    found = forces(injury(spared, block, zone, alive), day)
    assert found.min() >= 0.0
    assert found.max() <= 1.0


@given(st.floats(1e-6, 0.9), st.floats(0.01, 0.99), SHARE)
def test_drive_never_falls_on_the_natural_course(spared: float, block: float, zone: float) -> None:
    """Block only releases, plasticity and the zone only grow, so drive never falls."""
    drives = []
    for day in DAYS:
        left = block_at(block, np.exp(-day / 30.0))
        long = spared * (1 - left) * plasticity_at(0.14, np.exp(-day / 150.0))
        drives.append(long + zone * plasticity_at(0.05, np.exp(-day / 200.0)))
    assert drives == sorted(drives)


def test_more_spared_drive_never_gives_less_force() -> None:
    """Force rises with spared drive at each day."""
    for day in DAYS:
        found = [forces(injury(s, 0.5, 0.2, 0.5), day)[0] for s in np.geomspace(1e-4, 0.99, 40)]
        assert found == sorted(found)


def test_what_is_unhurt_stays_at_full_strength() -> None:
    """A muscle above the injury keeps force 1 and a dermatome above it stays normal."""
    x = injury(1.0, 0.0, 0.0, 1.0)
    x[X_SENSE] = INTACT
    for day in DAYS:
        assert (forces(x, day) == 1.0).all()
        senses = np.empty(SENSES)
        senses_at(repair_values(), x, RATES_OF_ONE, day, senses)
        assert senses[0] == INTACT
        assert senses[1] < INTACT


def test_early_sensory_loss_fades_to_the_lasting_state() -> None:
    """The latent starts lower by the depth of the shock, a pin prick by its multiple, and comes back."""
    x, senses = injury(0.1, 0.5, 0.2, 1.0), np.empty(SENSES)
    pressure = senses_at(repair_values(), x, RATES_OF_ONE, 0.0, senses)
    assert senses[0] == pytest.approx(0.5 - 1.5)
    assert senses[28] == pytest.approx(0.5 - 1.5 * value("pin_shock"))
    assert pressure == pytest.approx(0.5 - 1.5)
    senses_at(repair_values(), x, RATES_OF_ONE, 730.0, senses)
    np.testing.assert_allclose(senses, 0.5, atol=1e-9)


def test_half_drive_gives_half_of_the_limit() -> None:
    """The Hill form is one half of (1 + D50^h) at D50, 1 at full drive, 0 at none."""
    assert hill(0.083, 0.083, 2.59) == pytest.approx(0.5 * (1 + 0.083**2.59))
    assert hill(1.0, 0.083, 2.59) == pytest.approx(1.0)
    assert hill(0.0, 0.083, 2.59) == 0.0


def test_rates_have_their_medians_and_spread() -> None:
    """Medians and log spreads of 4,000 people are those of the values (4 standard errors)."""
    r, room, rows = repair_values(), np.empty(RATES), []
    for person in range(4000):
        draw_rates(r, 1, person, 0, room)
        rows.append(np.log(room))
    logs = np.array(rows)
    for k, name in ((0, "block_days"), (1, "plasticity_days"), (3, "sense_days")):
        at = sum(length for known, length in REPAIR[: [n for n, _ in REPAIR].index(name)])
        assert abs(logs[:, k].mean() - np.log(r[at])) < 4 * r[at + 1] / 4000**0.5
        assert logs[:, k].std() == pytest.approx(r[at + 1], rel=0.06)


def test_the_zone_keeps_a_pace_of_each_person_and_of_each_muscle() -> None:
    """Log time constants of the zone spread between people and between muscles by their two values."""
    r, room, rows = repair_values(), np.empty(RATES), []
    for person in range(4000):
        draw_rates(r, 1, person, 0, room)
        rows.append(np.log(room[-MUSCLES:]))
    logs = np.array(rows)
    at = sum(length for _, length in REPAIR[: [n for n, _ in REPAIR].index("zone_days")])
    within = logs.std(axis=1, ddof=1)
    assert np.sqrt((within**2).mean()) == pytest.approx(r[at + 2], rel=0.03)
    between = logs.mean(axis=1).var() - (within**2).mean() / MUSCLES
    assert np.sqrt(between) == pytest.approx(r[at + 1], rel=0.06)


@pytest.mark.parametrize(("kind", "name"), [(KINDS - 1, "mild_shock"), (0, "complete_shock")])
def test_the_first_and_the_last_kind_have_a_shock_of_their_own(kind: int, name: str) -> None:
    """They start with their multiple of the early sensory loss and end where the others end."""
    x, y, senses, mild = (
        injury(0.1, 0.5, 0.0, 1.0),
        injury(0.1, 0.5, 0.0, 1.0),
        np.empty(SENSES),
        np.empty(SENSES),
    )
    y[X_KIND] = kind
    senses_at(repair_values(), x, RATES_OF_ONE, 0.0, senses)
    senses_at(repair_values(), y, RATES_OF_ONE, 0.0, mild)
    np.testing.assert_allclose((0.5 - mild) / (0.5 - senses), value(name))
    senses_at(repair_values(), y, RATES_OF_ONE, 730.0, mild)
    np.testing.assert_allclose(mild, 0.5, atol=1e-9)
