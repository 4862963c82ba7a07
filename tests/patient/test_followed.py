"""How people are followed: visits kept, gaps in exams, and care."""

from dataclasses import replace

import numpy as np
import pytest

from saisei.errors import InputError
from saisei.exam.isncsci.batch import classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient.care import Care, Effect, Kind, hours_at
from saisei.patient.cohort import Model, drive_per_point, simulate
from saisei.patient.gaps import Gaps, open_gaps
from saisei.patient.plan import Eligibility, Plan
from saisei.patient.table import columns
from saisei.patient.visits import Attendance, attend
from saisei.repair.natural import E_GAIN, no_effect

ANY = Eligibility("ABCD", (Level.C2, Level.S3), (14, 28), (18, 75))
PLAIN = Plan(ANY, (8.0, 12.0, 26.0, 52.0), 400, 5)
WHO = np.arange(2000)
FIRST = np.zeros_like(WHO)
DAYS = np.tile(np.array([21, 56, 84, 182, 364]), (2000, 1))
TRAINED = Care(Kind.MOTOR_TRAINING, 12.0, 4.0, 10.0, 0.05)


def full() -> np.ndarray:
    """2,000 exams without gaps at five visits."""
    return Model.packaged().examine(5, WHO, FIRST, DAYS)[0]


def test_perfect_attendance_changes_nothing() -> None:
    """By default everybody comes on the day."""
    days, held = attend(Attendance(), 5, WHO, FIRST, DAYS)
    assert days is DAYS
    assert held.all()


def test_visits_shift_evenly_and_keep_their_order() -> None:
    """A shift of up to 7 days either way, each as likely; enrolment stays; order stays."""
    days, held = attend(Attendance(jitter_days=7), 5, WHO, FIRST, DAYS)
    shift = days - DAYS
    assert held.all()
    assert (shift[:, 0] == 0).all()
    assert (shift[:, 1:].min(), shift[:, 1:].max()) == (-7, 7)
    assert (np.diff(days[:, 1:], axis=1) > 0).all()
    counts = np.bincount(shift[:, 1:].ravel() + 7, minlength=15)
    assert abs(counts / counts.sum() - 1 / 15).max() < 4 * np.sqrt(1 / 15 / counts.sum())
    close = np.tile(np.array([1, 2, 3, 4]), (2000, 1))
    moved, _ = attend(Attendance(jitter_days=20), 5, WHO, FIRST, close)
    assert (np.diff(moved[:, 1:], axis=1) > 0).all()
    assert moved.min() >= 0


def test_missed_and_lost_people_are_as_many_as_asked() -> None:
    """A tenth of the visits are missed; a fifth of the people are gone a year after enrolment."""
    _, held = attend(Attendance(missed=0.1), 5, WHO, FIRST, DAYS)
    assert held[:, 0].all()
    assert abs(held[:, 1:].mean() - 0.9) < 4 * np.sqrt(0.09 / 8000)
    _, held = attend(Attendance(drop_out=0.2), 5, WHO, FIRST, DAYS)
    left = 0.8 ** ((364 - 21) / 365.25)
    assert abs(held[:, -1].mean() - left) < 4 * np.sqrt(left * (1 - left) / 2000)
    assert (np.diff(held.astype(int), axis=1) <= 0).all()  # who is lost does not come back


def test_a_missed_visit_has_no_row_and_the_others_are_unchanged() -> None:
    """Rows of kept visits equal those of the cohort in which nothing is missed."""
    (whole,) = simulate(PLAIN)
    (some,) = simulate(replace(PLAIN, attendance=Attendance(missed=0.3)))
    np.testing.assert_array_equal(some.codes, whole.codes)
    table = columns(PLAIN, some)
    assert len(table["person_id"]) == int(some.held.sum()) < whole.held.size
    assert (table["visit"] == "enrolment").sum() == PLAIN.n


def test_no_gaps_change_nothing_and_all_gaps_leave_nothing() -> None:
    """Shares of 0 leave the codes; shares of 1 leave no item tested."""
    codes = full()
    same = codes.copy()
    open_gaps(Gaps(), 5, WHO, FIRST, DAYS, same)
    np.testing.assert_array_equal(same, codes)
    open_gaps(Gaps(1.0, 1e9, 1.0, 1.0), 5, WHO, FIRST, DAYS, same)
    assert (same[:, :, :134] == 9).all()


def test_gaps_have_their_rates_and_limbs_come_free() -> None:
    """NT of an arm is rarer at each visit; the anal exam is refused as often as asked."""
    codes = full()
    open_gaps(Gaps(limb=0.4, limb_days=50.0, anal=0.2), 5, WHO, FIRST, DAYS, codes)
    arm = (codes[:, :, 56:61] == 9).all(axis=2).mean(axis=0)
    expected = 0.4 * np.exp(-DAYS[0] / 50.0)
    assert abs(arm - expected).max() < 4 * np.sqrt(0.25 / 2000)
    refused = codes[:, :, 132] == 9
    np.testing.assert_array_equal(refused, codes[:, :, 133] == 9)
    assert abs(refused.mean() - 0.2) < 4 * np.sqrt(0.16 / refused.size)


def test_exams_with_gaps_are_still_exams() -> None:
    """Flags and NT are codes that the grader takes; a flag stays at each visit on the same muscle."""
    codes = full()
    before = codes.copy()
    open_gaps(Gaps(flagged=1.0, item=0.01), 5, WHO, FIRST, DAYS, codes)
    classify_table(codes.reshape(-1, 136))  # raises on a code that is none
    motor = codes[:, :, [*range(56, 61), *range(122, 127)]]
    flagged = motor >= 10
    assert (flagged.sum(axis=2) <= 1).all()
    assert (flagged.any(axis=1).sum(axis=1) == 1).mean() > 0.98  # NT hides a few
    whole = before[:, :, [*range(56, 61), *range(122, 127)]]
    assert (motor[flagged & (whole == 5)] >= 20).all()  # would be normal: to be read as normal
    assert (motor[flagged & (whole < 5)] < 20).all()


def test_usual_care_and_a_null_effect_change_nothing() -> None:
    """With the centre of the prior, 12 hours a week for 10 weeks leave every exam as it is."""
    (usual,) = simulate(PLAIN)
    (null,) = simulate(replace(PLAIN, care=replace(TRAINED, effect=Effect.NULL)))
    np.testing.assert_array_equal(usual.codes, null.codes)


def test_a_supposed_effect_gives_the_planned_points() -> None:
    """120 hours of 0.05 points give 6 points of mean motor score in people like the trial's (to 15%).

    15%: grades are a step function of drive, and the slope is measured for small changes.
    """
    model, n = Model.packaged(), 4000
    persons = np.arange(n) + 50_000
    days = np.tile(np.array([56, 182]), (n, 1))
    gain = hours_at(TRAINED, days) * 0.05 * drive_per_point(model)
    gain[:, 0] = 0.0
    effects = np.tile(no_effect(), (n, 2, 1))
    totals = []
    for log_gain in (np.zeros_like(gain), gain):
        effects[:, :, E_GAIN] = np.exp(log_gain)
        codes, _ = model.examine(9, persons, np.zeros_like(persons), days, effects=effects)
        first, second = classify_table(codes[:, 0]), classify_table(codes[:, 1])
        total = second.total("uems").astype(int) + second.total("lems")
        totals.append(total[first.value_of("ais") < 4])
    assert (totals[1] >= totals[0]).all()  # paired: more drive never lowers a score
    assert totals[1].mean() - totals[0].mean() == pytest.approx(6.0, rel=0.15)


def test_the_prior_is_centred_on_the_null_and_drawn_by_seed() -> None:
    """Mean 0 and spread 0.005 over seeds (4 standard errors); the same seed gives the same number."""
    care = replace(TRAINED, effect=Effect.PRIOR)
    found = np.array([care.points_per_hour(seed) for seed in range(2000)])
    assert abs(found.mean()) < 4 * 0.005 / np.sqrt(2000)
    assert abs(found.std() / 0.005 - 1) < 4 / np.sqrt(2 * 2000)
    assert care.points_per_hour(7) == found[7]


def test_hours_begin_and_end() -> None:
    """None before the start, all after the end, in between in proportion."""
    found = hours_at(TRAINED, np.array([0, 28, 63, 98, 700]))
    np.testing.assert_allclose(found, [0, 0, 60, 120, 120])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Attendance(jitter_days=-1), "shifted by -1"),
        (lambda: Attendance(missed=1.0), "missed visits 1"),
        (lambda: Attendance(drop_out=float("nan")), "drop-out nan"),
        (lambda: Gaps(item=1.5), "a chance from 0 to 1"),
        (lambda: Gaps(limb_days=0.0), "more than 0 days"),
        (lambda: Care(Kind.USUAL, 12.0, 4.0, 10.0), "usual care has none"),
        (lambda: Care(Kind.MOTOR_TRAINING), "needs hours"),
        (lambda: Care(Kind.MOTOR_TRAINING, 200.0, 4.0, 10.0), "give 0 to 168"),
        (lambda: Care(Kind.MOTOR_TRAINING, 2.0, -4.0, 10.0), "both lie within"),
        (lambda: Care(Kind.MOTOR_TRAINING, 2.0, 4.0, 10.0, 3.0), "care effect 3"),
    ],
)
def test_what_cannot_be_is_refused(make, words: str) -> None:
    """Each impossible number is named with the rule."""
    with pytest.raises(InputError, match=words):
        make()
