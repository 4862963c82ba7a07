"""The chain as a question: worlds, the spike, species, directions, and the command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from saisei.cli.therapy import app
from saisei.errors import InputError
from saisei.patient import explain as module
from saisei.patient.explain import (
    OUTPUTS,
    RODENT_OUTPUTS,
    Programme,
    basis_of,
    joint_question,
    measurements,
    people_question,
    rodent_question,
    words_of,
)
from saisei.patient.plan import Eligibility, Plan, levels
from saisei.patient.sensitivity import shares
from saisei.patient.therapy import Operation, Therapy, therapy_priors

WHO = Eligibility("AB", levels("C4-C8"), (14, 28), (18, 75))
THERAPY = Therapy(Plan(WHO, (52.0,), 6, 3), Operation(2e6, (14, 28), 180.0))
PROGRAMME = Programme(THERAPY)
U = np.random.default_rng(2).random((40, len(PROGRAMME.factors)))
FOUND = PROGRAMME.both(U)


def place_of(name: str) -> int:
    """The column of a factor."""
    return [one.name for one in PROGRAMME.factors].index(name)


def moved(name: str, to: float) -> dict[str, np.ndarray]:
    """The outputs with one factor at another place of its law."""
    u = U.copy()
    u[:, place_of(name)] = to
    return PROGRAMME.both(u)


def test_a_world_never_depends_on_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bits for runs of 7 worlds and for one world alone."""
    monkeypatch.setattr(module, "_WORLDS", 7)
    again, alone = PROGRAMME.both(U), PROGRAMME.both(U[11:12])
    for name, column in FOUND.items():
        np.testing.assert_array_equal(again[name], column, err_msg=name)
        np.testing.assert_array_equal(alone[name], column[11:12], err_msg=name)


def test_under_the_spike_nothing_helps_in_people_and_animals_are_as_before() -> None:
    """The bridge is cut, not the animal."""
    nil = moved("nil", 1e-9)
    assert np.allclose(nil["log_drive_gain"], -4)
    assert (nil["released"] == 0).all()
    assert (nil["relay"] == 0).all()
    assert (nil["motor_gain"] <= 0).all()  # it may still press on the cord
    for name in RODENT_OUTPUTS:
        np.testing.assert_array_equal(nil[name], FOUND[name])


def test_no_cells_change_nothing() -> None:
    """A dose of 0 in every world."""
    sham = Programme(replace(THERAPY, operation=replace(THERAPY.operation, dose_cells=0.0)))
    found = sham.people(U[:10])
    assert (found["motor_gain"] == 0).all()
    assert (found["log_cells"] == 0).all()


DIRECTIONS = [
    ("lot.potency", "log_drive_gain", 1), ("lot.potency", "rodent_gain", 1),
    ("lot.viability", "log_cells", 1), ("lot.viability", "rodent_log_cells", 1),
    ("lot.clone_rate", "log_overgrowth", 1), ("lot.residual", "log_overgrowth", 1),
    ("lot.division_factor", "rodent_log_cells", 1), ("lot.neuron", "rodent_neurons", 1),
    ("lot.astrocyte", "rodent_neurons", -1), ("lot.oligodendrocyte", "rodent_released", 1),
    ("graft.survival", "log_cells", 1), ("graft.rejection_per_day", "rejected", 1),
    ("graft.protection_by_drug", "rejected", -1), ("graft.protection_by_match", "rejected", -1),
    ("repair_graft.retention", "log_drive_gain", 1), ("repair_graft.trophic_animal", "rodent_gain", 1),
    ("repair_graft.nil_chance", "log_drive_gain", -1), ("repair_graft.relay_weight", "relay", 1),
    ("rodent_block", "rodent_gain", 1),
]  # fmt: skip


@pytest.mark.parametrize(("factor", "output", "sign"), DIRECTIONS)
def test_each_factor_moves_its_output_in_its_direction(factor: str, output: str, sign: int) -> None:
    """From the 10% to the 90% point of its law no world goes the other way, and some move."""
    low, high = moved(factor, 0.1)[output], moved(factor, 0.9)[output]
    change = sign * (high - low)
    assert (change >= -1e-9).all()
    assert (change > 0).any()


def test_shares_know_what_cannot_matter() -> None:
    """Retention and the spike make nothing of animals; viability and survival make cells in both."""
    (gain, cells, _, _) = shares(rodent_question(PROGRAMME), 16, 1)
    totals = {one.group: one.total for one in gain.by_group}
    assert totals["spike"] == 0
    assert totals["repair_graft.retention"] == 0
    assert {one.group: one.total for one in cells.by_group}["graft.survival"] > 0.1


def test_fixed_priors_and_a_missing_step_are_no_factors() -> None:
    """A prior set to a number leaves the list, as do the fates that a user gives."""
    fixed = replace(
        THERAPY,
        priors=therapy_priors({"graft.survival": 0.2}),
        operation=replace(THERAPY.operation, fate=(0.5, 0.4, 0.1)),
        recipe=replace(THERAPY.recipe, inhibitor=False),
    )
    names = {one.name for one in Programme(fixed).factors}
    assert not names & {"graft.survival", "lot.neuron", "lot.committed", "lot.division_factor"}
    assert "lot.potency" in names
    assert not any("stimulation" in one for one in names)


def test_every_group_has_words_and_a_basis() -> None:
    """Also the groups that are no single value."""
    for group in people_question(PROGRAMME).groups:
        assert words_of(group)
        assert basis_of(group) in {"spike", "assumed", "recalled", "measured", "derived", "fitted"}
    assert basis_of("lot.potency") == "assumed"


def test_measurements_read_what_the_chain_gives() -> None:
    """Every reading exists, and each has one error a reading."""
    for one in measurements():
        assert set(one.reads) <= set(FOUND)
        assert len(one.reads) == len(one.errors)
    assert set(OUTPUTS) | set(RODENT_OUTPUTS) <= set(FOUND)
    with pytest.raises(InputError, match="people or rodents"):
        joint_question(PROGRAMME, "dogs")


def test_the_command_writes_and_says_hypothesis(tmp_path: Path) -> None:
    """A small run: document, pictures, the mark; another species and a file for a folder are refused."""
    run = CliRunner()
    out = tmp_path / "out"
    small = ["explain", "--species", "rodents", "--points", "16", "--most", "16", "--draws", "128",
             "--people", "2", "--level", "C4-C8"]  # fmt: skip
    answer = run.invoke(app, [*small, "--out", str(out)])
    assert answer.exit_code == 0, answer.stderr
    assert "hypothesis" in answer.stderr
    document = json.loads((out / "explain.json").read_text(encoding="utf-8"))
    gain = document["species"]["rodents"]["outputs"]["rodent_gain"]
    assert gain["points"] == 16
    assert len(gain["information"]) == len(measurements())
    assert {row["basis"] for row in gain["by_basis"]} >= {"assumed", "spike"}
    assert (out / "shares-rodents-rodent-gain.png").read_bytes()[:4] == b"\x89PNG"
    assert isinstance(run.invoke(app, ["explain", "--species", "dogs"]).exception, InputError)
    clash = tmp_path / "file"
    clash.write_text("x", encoding="utf-8")
    assert isinstance(run.invoke(app, [*small, "--out", str(clash)]).exception, InputError)
