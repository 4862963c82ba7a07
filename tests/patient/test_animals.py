"""Rodents of one page: twins, nulls by construction, directions, refusals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from saisei.cli import app
from saisei.errors import InputError, UnsupportedError
from saisei.patient.animals import Experiment, run_group
from saisei.repair.plasticity import Stimulation

BASE = Experiment(5e5, 9.0, (5.0, 60.0, 120.0), animals=4)


def score(**changed: Any) -> float:
    """The mean score at the last day over 30 worlds."""
    return float(run_group(replace(BASE, **changed), 2, 30).true[:, :, -1].mean())


def test_a_control_is_the_treated_animal_without_cells() -> None:
    """Before the graft both are the same to the last bit; a dose of 0 has no cell and no effect."""
    treated, control = run_group(BASE, 2, 30), run_group(replace(BASE, dose=0.0), 2, 30)
    np.testing.assert_array_equal(treated.true[:, :, 0], control.true[:, :, 0])
    assert control.cells.sum() == 0.0
    assert (control.effects[..., 0] == 1.0).all()
    assert (treated.true >= control.true).all()
    again = run_group(BASE, 2, 10)
    np.testing.assert_array_equal(again.read, treated.read[:10])


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({"dose": 1e4}, False),
        ({"graft_day": 60.0}, False),
        ({"routes": ()}, False),
        ({"kill_day": 10.0}, False),
        ({"immunodeficient": False}, False),
        ({"training": Stimulation(5.0, 9.0, 120.0)}, True),
        ({"species": "rhesus"}, False),
    ],
)
def test_an_experiment_moves_the_right_way(changed: dict[str, Any], more: bool) -> None:
    """Less dose, later, no route, killed, rejected, thinner in a larger cord: less; training: more."""
    base, moved = score(), score(**changed)
    assert moved > base if more else moved < base


def test_what_is_refused() -> None:
    """Unknown animals always; monkeys, doses and delays outside the data unless extrapolated."""
    with pytest.raises(InputError, match="there are mouse, rat"):
        replace(BASE, species="pig")
    with pytest.raises(UnsupportedError, match="a rhesus as a larger rodent"):
        replace(BASE, species="rhesus", extrapolate=False)
    with pytest.raises(UnsupportedError, match="a dose of"):
        replace(BASE, dose=1e8, extrapolate=False)
    with pytest.raises(InputError, match="early ones first"):
        replace(BASE, days=(60.0, 5.0))
    assert replace(BASE, graft_day=200.0).extrapolated[0].startswith("a graft on day 200")


def test_the_verb_prints_effects_and_marks(capsys: pytest.CaptureFixture[str]) -> None:
    """A table by day; an extrapolated animal says so."""
    words = [
        "therapy",
        "animals",
        "--species",
        "marmoset",
        "--extrapolate",
        "--worlds",
        "5",
        "--json",
    ]
    app(args=words, prog_name="saisei", standalone_mode=False)
    out = capsys.readouterr().out
    assert "a marmoset as a larger rodent" in out
    assert "effect on the score" in out
    with pytest.raises(InputError, match="write numbers with commas"):
        app(args=["therapy", "animals", "--days", "x"], prog_name="saisei", standalone_mode=False)
