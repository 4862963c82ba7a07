"""One person day by day, and evoked potentials: the same person as in the cohort, the same laws."""

import numpy as np
import pytest

from saisei.cord.anatomy import SPHINCTER
from saisei.errors import InputError
from saisei.exam.isncsci.levels import Level
from saisei.patient.cohort import Model, simulate
from saisei.patient.course import course_of
from saisei.patient.observe import STATES
from saisei.patient.plan import Eligibility, Plan
from saisei.patient.potentials import POTENTIALS, evoked_potentials

PLAN = Plan(Eligibility("AB", (Level.C4, Level.T10), (14, 28), (18, 75)), (4.0, 52.0), 40, 3)
NONE = np.empty((0, 0, 0))


def test_a_person_is_the_one_of_the_cohort() -> None:
    """Exams, level and forces at the visits are those of the file's person."""
    (cohort,) = simulate(PLAN)
    found = course_of(PLAN, 17)
    np.testing.assert_array_equal(found.chunk.codes[0], cohort.codes[17])
    assert found.level == pytest.approx(cohort.truth[17, 0, 2:4], rel=1e-6)
    last = found.forces[found.days == cohort.days[17, -1]]
    np.testing.assert_allclose(last[0], cohort.truth[17, -1, len(STATES) :], rtol=1e-6)


def test_the_smooth_course_passes_through_the_visits() -> None:
    """On a day of a visit the exam of the course is the exam of the visit: noise is keyed by the day."""
    found = course_of(PLAN, 5)
    at = np.flatnonzero(found.days == found.chunk.days[0, -1])
    np.testing.assert_array_equal(found.exams[at[0]], found.chunk.codes[0, -1])
    assert (np.diff(found.days) > 0).all()
    assert len(found.graded) == len(found.days) == len(found.drives)


def test_without_treatment_drive_never_falls_and_block_never_rises() -> None:
    """The natural course only releases block and gains plasticity."""
    for person in range(5):
        found = course_of(PLAN, person)
        assert (np.diff(found.drives, axis=0) >= -1e-12).all()
        assert (np.diff(found.blocks, axis=0) <= 1e-12).all()


def test_a_person_outside_the_cohort_is_refused() -> None:
    """Numbers go from 0 to n - 1."""
    with pytest.raises(InputError, match="from 0 to 39"):
        course_of(PLAN, 40)


def test_potentials_follow_drive_and_block() -> None:
    """Above the injury amplitudes scatter around 1 with the CMCT of unhurt people (4 standard errors);
    where no drive is, none is seen."""
    n, model = 4000, Model.packaged()
    who = np.arange(n)
    days = np.full((n, 1), 28)
    found = evoked_potentials(model, 2, who, np.zeros_like(who), days, NONE)[:, 0]
    _, truth = model.examine(2, who, np.zeros_like(who), days, with_truth=True)
    force = truth[:, 0, len(STATES) : len(STATES) + SPHINCTER]
    size, time = found[:, :SPHINCTER], found[:, SPHINCTER:]
    whole = force[:, 0] == 1.0  # right C5 unhurt
    assert abs(np.log(size[whole, 0]).mean()) < 4 * 0.5 / np.sqrt(whole.sum())
    assert abs(time[whole, 0].mean() - 8.3) < 4 * 1.2 / np.sqrt(whole.sum())
    gone = force[:, 5] < 1e-8  # right L2 without force: drive far below what is seen
    assert gone.sum() > 100
    assert (size[gone, 5] == 0).all()
    assert np.isnan(time[gone, 5]).all()
    assert len(POTENTIALS) == found.shape[1]
