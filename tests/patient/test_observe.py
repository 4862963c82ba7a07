"""The simulated exam: valid codes, noise of the published size, the same numbers without compilation."""

import json
import os
import subprocess
import sys

import numpy as np

from saisei.exam.isncsci.batch import classify_table
from saisei.patient.cohort import Model

# Runs the kernels as plain Python: numba compiles nothing when told so before it is imported.
PLAIN = """
import json
import numpy as np
from saisei.patient.cohort import Model
persons = np.array([0, 5, 11])
days = np.array([[3, 90], [14, 200], [28, 364]])
codes, truth = Model.packaged().examine(7, persons, np.array([0, 1, 2]), days, with_truth=True)
print(json.dumps([codes.tolist(), truth.tolist()]))
"""


def exams(n: int, days: list[int], **noise: list[float]) -> np.ndarray:
    """Codes (n, visits, 136) of people 0 to n - 1, first attempt."""
    persons = np.arange(n)
    model = Model.packaged({"patient": noise} if noise else None)
    return model.examine(1, persons, np.zeros_like(persons), np.tile(days, (n, 1)))[0]


def test_the_compiled_model_is_the_plain_one() -> None:
    """Exams equal those of the same functions run as plain Python; true states to 1e-6."""
    run = subprocess.run(
        [sys.executable, "-c", PLAIN],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    codes, truth = (np.array(part) for part in json.loads(run.stdout))
    persons, days = np.array([0, 5, 11]), np.array([[3, 90], [14, 200], [28, 364]])
    attempts = np.array([0, 1, 2])
    ours, states = Model.packaged().examine(7, persons, attempts, days, with_truth=True)
    np.testing.assert_array_equal(ours, codes)
    np.testing.assert_allclose(states, truth, rtol=1e-6)


def test_every_exam_can_be_graded() -> None:
    """2,000 people at three visits give codes that the grader accepts, none left open."""
    codes = exams(2000, [3, 28, 364])
    graded = classify_table(codes.reshape(-1, 136))
    assert (graded.value_of("ais") >= 0).all()
    assert set(graded.value_of("ais").tolist()) >= {0, 1, 2, 3}
    assert (codes[:, :, 134:] == -1).all()


def test_repeats_in_complete_injury_stay_within_the_published_spread() -> None:
    """Two exams a day apart differ by less than 2 motor and 7 light touch points in 95% (Marino 2008)."""
    codes = exams(2000, [364, 365])
    graded = classify_table(codes.reshape(-1, 136))
    complete = (graded.value_of("ais").reshape(-1, 2) == 0).all(axis=1)
    motor = graded.total("uems").astype(int) + graded.total("lems")
    touch = graded.total("light_touch", "right").astype(int) + graded.total("light_touch", "left")
    assert complete.sum() > 200
    for score, limit in ((motor, 2), (touch, 7)):
        change = np.abs(np.diff(score.reshape(-1, 2)[complete], axis=1))
        assert np.quantile(change, 0.95) <= limit


def test_without_noise_an_exam_repeats_itself() -> None:
    """With all examiner noise at 0 two exams on one course differ only by the course of a day."""
    quiet = {"grade_noise": [0.0], "sense_noise": [0.0], "pressure_noise": [0.0],
             "contraction_noise": [0.0]}  # fmt: skip
    codes = exams(300, [600, 601], **quiet)
    assert (codes[:, 0] != codes[:, 1]).mean() < 2e-4


def test_deep_pressure_is_felt_where_s4_5_is_normal() -> None:
    """No exam of 3,000 has a normal dermatome S4-5 without DAP (it was 18 to 30% of B to D before); the
    grade is unchanged by it, since either alone is sacral sparing.
    """
    codes = exams(3000, [28])[:, 0]
    sacral = codes[:, [27, 55, 93, 121]].max(axis=1)
    assert (codes[sacral == 2, 133] == 1).all()
    assert ((sacral == 1) & (codes[:, 133] == 0)).any()  # with altered sensation it may be missed
    without = codes.copy()
    without[sacral == 2, 133] = 0
    ais = [classify_table(np.ascontiguousarray(c)).value_of("ais") for c in (codes, without)]
    np.testing.assert_array_equal(*ais)
