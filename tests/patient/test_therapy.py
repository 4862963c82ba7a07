"""The chain from donor to exam: twins, seeds, worlds, refusals, directions, tumour risk by line."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from saisei.cell_line.line import Method as Factors
from saisei.cell_line.line import Sourcing
from saisei.chance.streams import uniform_rows
from saisei.errors import InputError, UnsupportedError
from saisei.graft.course import place
from saisei.lot.lot import Recipe
from saisei.lot.release import readings
from saisei.patient.care import Care, Kind
from saisei.patient.cohort import Model, simulate_chunk
from saisei.patient.plan import Eligibility, Plan, levels
from saisei.patient.therapy import Method, Operation, Therapy, therapy_priors
from saisei.patient.therapy_table import people_columns
from saisei.patient.treated import Treated, check_therapy, respond, treat, treat_chunk
from saisei.repair.plasticity import Stimulation

WHO = Eligibility("A", levels("C4-T10"), (14, 28), (18, 75))
USUAL = Operation(2e6, (14, 28), 180.0)
MODEL = Model.packaged()


def asked(n: int = 60, seed: int = 3, operation: Operation = USUAL, **more: Any) -> Therapy:
    """A therapy of n people with six visits."""
    return Therapy(Plan(WHO, (4.0, 8.0, 12.0, 26.0, 39.0, 52.0), n, seed), operation, **more)


def run(therapy: Therapy, first: int = 0, last: int = 60) -> Treated:
    """A chunk of it."""
    return treat_chunk(therapy, MODEL, first, last, 0.28)


USUALLY = run(asked())


def test_no_cells_are_no_graft_bit_by_bit() -> None:
    """A dose of 0: exams and factors equal those of the natural arm, which is the cohort itself."""
    sham = run(asked(operation=replace(USUAL, dose_cells=0.0)))
    assert sham.arms == ("natural", "graft")
    np.testing.assert_array_equal(sham.codes[0], sham.codes[1])
    np.testing.assert_array_equal(sham.effects[0], sham.effects[1])
    assert sham.course.cells.sum() == 0.0
    alone = simulate_chunk(asked().people, MODEL, 0, 60, 0.28)
    np.testing.assert_array_equal(alone.codes, USUALLY.codes[0])


def test_nothing_happens_before_the_operation() -> None:
    """Exams up to the day of the graft are the same in both arms; the enrolment exam is among them."""
    before = USUALLY.course.since <= 0.0
    assert before[:, 0].all()
    np.testing.assert_array_equal(USUALLY.codes[0][before], USUALLY.codes[1][before])


def test_people_do_not_depend_on_batch_or_workers() -> None:
    """The same bits in one chunk, in chunks of 7 on two workers, and as a prefix of more people."""
    whole = USUALLY
    parts = list(treat(asked(), MODEL, workers=2, chunk=7))
    for arm in range(2):
        np.testing.assert_array_equal(
            np.concatenate([p.codes[arm] for p in parts]), whole.codes[arm]
        )
    np.testing.assert_array_equal(
        np.concatenate([p.course.cells for p in parts]), whole.course.cells
    )
    np.testing.assert_array_equal(np.concatenate([p.mri_mm3 for p in parts]), whole.mri_mm3)
    few = run(asked(n=20), 0, 20)
    np.testing.assert_array_equal(few.codes[1], whole.codes[1][:20])
    other = run(asked(seed=4))
    assert not np.array_equal(other.codes[0], whole.codes[0])


def test_people_of_a_world_share_its_priors_and_its_lot() -> None:
    """Trials of four: one draw and one lot each, the same as when the trial is made alone."""
    trials = run(asked(people_per_world=4), 0, 8)
    for draws in trials.world.draws.values():
        assert len(set(draws[:4])) == 1
    potency = trials.world.lot["potency"]
    assert potency[0] == potency[3] != potency[4]
    assert (trials.lots.numbers % (1 << 22) == [0, 1]).all()
    second = run(asked(people_per_world=4), 4, 8)
    np.testing.assert_array_equal(second.codes[1], trials.codes[1][4:])


def test_settings_outside_the_data_are_refused_unless_asked_for() -> None:
    """Dose and delay outside: refused with the range, let through by name and listed."""
    much = replace(USUAL, dose_cells=1e9, graft_day=(300, 400))
    with pytest.raises(
        UnsupportedError, match=r"dose of 1e\+09 cells .* a graft on day 300 to 400"
    ):
        asked(operation=much)
    allowed = asked(operation=much, extrapolate=True)
    assert len(allowed.extrapolated) == 2
    assert asked().extrapolated == ()


@pytest.mark.parametrize(
    ("faulty", "says"),
    [
        ({"dose_cells": -1.0}, "dose"),
        ({"graft_day": (28, 14)}, "earlier first"),
        ({"drug_days": -5.0}, "immunosuppression"),
        ({"match": 1.2}, "HLA match"),
        ({"fate": (0.5, 0.2, 0.2)}, "add up to 1"),
        ({"kill_day": -2.0}, "kill day"),
    ],
)
def test_impossible_operations_are_refused(faulty: dict[str, Any], says: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(InputError, match=says):
        replace(USUAL, **faulty)


def test_priors_can_be_set_and_say_so() -> None:
    """A number fixes a prior, a list moves it, a wrong name or length is an error."""
    fixed = therapy_priors({"graft.survival": 0.5, "repair_graft.retention": [0.5, 0.2, 1.2]})
    found = run(asked(priors=fixed))
    assert set(found.world.draws["graft.survival"]) == {0.5}
    assert fixed.changed == ("graft.survival", "repair_graft.retention")
    with pytest.raises(InputError, match=r"near it: graft\.survival"):
        therapy_priors({"graft.survivl": 0.5})
    with pytest.raises(InputError, match="median, 5% point, 95% point"):
        therapy_priors({"repair_graft.retention": [0.5, 0.2]})


def test_care_has_an_arm_of_its_own() -> None:
    """Stimulation and hours above usual: three arms, drive in between, nothing before they begin."""
    plan = Stimulation(5.0, 60.0, 200.0)
    care = Care(Kind.MOTOR_TRAINING, 12.0, 10.0, 10.0, 0.01)
    found = run(asked(stimulation=plan, care=care))
    assert found.arms == ("natural", "care", "graft")
    gain = found.effects[1][:, :, 0]
    early = found.natural.days <= 60
    assert (gain[early] == 1.0).all()
    assert (gain[:, -1] > 1.0).all()
    assert (found.effects[2][:, :, 0] >= gain).all()


def test_an_unsafe_line_overgrows_more_than_a_safe_one() -> None:
    """S12. Same people, same streams: founders, clone cells and MRI findings rise."""
    bad = run(asked(recipe=Recipe(Sourcing(Factors.RETROVIRAL))))
    clones = place("founders")
    assert bad.course.rows[:, clones].mean() > 20 * USUALLY.course.rows[:, clones].mean()
    assert bad.course.cells[:, -1, 5].mean() > USUALLY.course.cells[:, -1, 5].mean()
    assert (bad.mri_mm3 > 0).sum() > (USUALLY.mri_mm3 > 0).sum()
    seen = bad.mri_mm3[:, -1] > 0
    assert (bad.course.seen_day[seen] < 365 * 1.2).all()


@pytest.mark.parametrize(
    ("changed", "less"),
    [
        ({"drug_days": 0.0}, True),
        ({"drug_days": 700.0}, False),
        ({"match": 1.0}, False),
        ({"dose_cells": 1.3e6}, True),
        ({"kill_day": 30.0}, True),
    ],
)
def test_the_operation_moves_the_graft_the_right_way(changed: dict[str, Any], less: bool) -> None:
    """Cells at the last visit against the usual operation (or no match), person by person and in all."""
    plain = replace(USUAL, match=0.0)
    base = run(asked(operation=plain, method=Method.DETERMINISTIC)).course.cells[:, -1, :5].sum(1)
    moved = run(asked(operation=replace(plain, **changed), method=Method.DETERMINISTIC))
    found = moved.course.cells[:, -1, :5].sum(1)
    assert ((found <= base) if less else (found >= base)).all()
    assert found.sum() < base.sum() if less else found.sum() > base.sum()


def test_fates_can_be_given() -> None:
    """A mix of fates replaces that of the lot."""
    found = run(asked(operation=replace(USUAL, fate=(1.0, 0.0, 0.0)), method=Method.DETERMINISTIC))
    assert found.course.cells[:, -1, 3:5].sum() == 0.0


def test_the_relay_alone_gives_almost_nothing_within_a_year() -> None:
    """S11: with trophic action and myelin off, the median gain in UEMS of people is below 0.2 points."""
    found = treat_chunk(
        asked(n=400, routes=("relay",), method=Method.DETERMINISTIC), MODEL, 0, 400, 0.28
    )
    uems = [one.total("uems").reshape(400, -1)[:, -1].astype(int) for one in found.graded]
    assert np.median(uems[1] - uems[0]) < 0.2
    assert (uems[1] - uems[0]).mean() < 0.2


def test_a_run_measures_its_own_step() -> None:
    """The check covers the first people and stays below its tolerance."""
    made = check_therapy(asked(), MODEL, 0.28)
    assert made.grafts == 60
    assert 0.0 < made.against_solver <= made.tolerance
    assert made.leap_days == 0.25


def test_outcomes_are_a_pure_function_of_their_inputs() -> None:
    """`respond` on the drawn inputs gives the gains of the run; a moved input moves an outcome."""
    therapy, found = asked(), USUALLY
    luck = uniform_rows(3, found.natural.persons, np.zeros(60, dtype=np.int64), 22, 3)
    given = (found.match, luck, found.course.graft_day)
    once = respond(therapy, MODEL, found.natural, found.world, *given)
    uems = [one.total("uems").reshape(60, -1)[:, -1].astype(int) for one in found.graded]
    np.testing.assert_array_equal(once["uems_gain"], uems[1] - uems[0])
    np.testing.assert_array_equal(once["cells"], found.course.cells[:, -1, :6].sum(axis=1))
    draws = {**found.world.draws, "repair_graft.trophic_animal": np.full(60, 50.0)}
    moved = respond(therapy, MODEL, found.natural, replace(found.world, draws=draws), *given)
    helped = ~found.world.nil & (once["cells"] > 0)
    assert (moved["drive_factor"][helped] > once["drive_factor"][helped]).all()


def test_only_released_lots_are_given() -> None:
    """Every lot of a run passed its tests; without release the first lot of each world is given."""
    for passes in [one for _, one in readings(USUALLY.lots).values()]:
        assert passes.all()
    assert (USUALLY.lots.numbers >= 1 << 22).any()
    first = run(asked(release=False))
    assert (first.lots.numbers == np.arange(60)).all()
    passed = np.logical_and.reduce([one for _, one in readings(first.lots).values()])
    np.testing.assert_array_equal(first.lots.numbers[passed], USUALLY.lots.numbers[passed])


def test_overgrowth_is_seen_after_it_could_be() -> None:
    """Day of first sight on MRI against that of the visible size: within reading noise."""
    bad = run(asked(recipe=Recipe(Sourcing(Factors.RETROVIRAL))))
    columns = people_columns(asked(), bad)
    seen = columns["overgrowth_detected_day"]
    found = ~np.isnan(seen)
    assert found.sum() >= 3
    visible = columns["true_overgrowth_visible_day"][found]
    growth = bad.world.draws["graft.clone_growth_per_day"][found]
    # A reading 4 sd too high shows a clone this much before its visible size.
    early = 4 * 0.15 / growth
    assert (seen[found] >= np.nan_to_num(visible, nan=0.0) - early).all()
    assert np.isin(seen[found], [90.0, 180.0, 365.0]).all()
    delay = columns["detection_delay_days"][found]
    np.testing.assert_array_equal(delay, seen[found] - visible)
