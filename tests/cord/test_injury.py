"""The sampled injury: what must hold for each person, and how often things happen among many."""

import numpy as np
import pytest
from numpy.typing import NDArray

from saisei.cord.anatomy import ARM, DERMATOME_LEVEL, MUSCLE_LEVEL, MUSCLES, SEGMENTS, SENSES
from saisei.cord.injury import (
    INJURY,
    INTACT,
    X_BLOCK,
    X_DRIVE,
    X_KIND,
    X_LEVEL,
    X_MOTONEURONS,
    X_SENSE,
    X_SPARED,
    X_TETRAPLEGIA,
    X_ZONE,
    draw_injury,
)
from saisei.cord.values import CORD, KINDS, cord_values, in_year, places
from saisei.errors import InputError

N = 3000


def injuries(
    n: int = N, seed: int = 1, attempt: int = 0, **changed: list[float]
) -> NDArray[np.float64]:
    """The injuries of people 0 to n - 1."""
    c, z, rows = cord_values(changed), np.empty(400), np.empty((n, INJURY))
    for person in range(n):
        draw_injury(c, seed, person, attempt, z, rows[person])
    return rows


@pytest.fixture(scope="module")
def many() -> NDArray[np.float64]:
    """3,000 injuries."""
    return injuries()


def test_every_state_lies_within_its_bounds(many: NDArray[np.float64]) -> None:
    """Shares lie in 0 to 1, logs of spared drive are not above 0, everything is finite."""
    assert np.isfinite(many).all()
    for start in (X_SPARED, X_BLOCK, X_ZONE, X_MOTONEURONS):
        part = many[:, start : start + MUSCLES]
        assert part.min() >= 0.0
        assert part.max() <= 1.0
    assert many[:, X_DRIVE : X_DRIVE + 2].max() <= 0.0


def test_what_lies_above_the_injury_is_intact(many: NDArray[np.float64]) -> None:
    """An unhurt muscle has full drive, no block, all its motoneurons; a dermatome above is normal."""
    senses = many[:, X_SENSE : X_SENSE + SENSES].reshape(N, 2, 2, SEGMENTS)
    for side in range(2):
        above = many[:, X_LEVEL + side, None] >= DERMATOME_LEVEL[None, :]
        np.testing.assert_array_equal(senses[:, side, 0] == INTACT, above)
    unhurt = many[:, X_BLOCK : X_BLOCK + MUSCLES] == 0.0
    assert (many[:, X_SPARED : X_SPARED + MUSCLES][unhurt] == 1.0).all()
    assert (many[:, X_MOTONEURONS : X_MOTONEURONS + MUSCLES][unhurt] == 1.0).all()


def test_sensation_fails_from_one_segment_downwards(many: NDArray[np.float64]) -> None:
    """No intact dermatome lies below one that is not."""
    intact = many[:, X_SENSE : X_SENSE + SENSES].reshape(-1, SEGMENTS) == INTACT
    assert (intact[:, :-1] >= intact[:, 1:]).all()


def test_a_cervical_injury_is_one_of_tetraplegia(many: NDArray[np.float64]) -> None:
    """Levels of the two regions lie on their sides of T1 but for the asymmetry of a person."""
    middle = many[:, X_LEVEL : X_LEVEL + 2].mean(axis=1)
    cervical = many[:, X_TETRAPLEGIA] == 1.0
    assert middle[cervical].max() <= 9.0
    assert middle[~cervical].min() >= 9.0


def test_shares_of_regions_and_kinds_are_those_asked_for(many: NDArray[np.float64]) -> None:
    """Regions and kinds occur with their weights, within 4 standard errors."""
    c, at = cord_values(), places(CORD)
    share = c[at["tetraplegia_share"]]
    cervical = many[:, X_TETRAPLEGIA] == 1.0
    assert abs(cervical.mean() - share) < 4 * (share * (1 - share) / N) ** 0.5
    weights = c[at["kind_share_tetraplegia"] :][:KINDS]
    for kind, weight in enumerate(weights / weights.sum()):
        found = (many[cervical, X_KIND] == kind).mean()
        assert abs(found - weight) < 4 * (weight * (1 - weight) / cervical.sum()) ** 0.5


def test_light_touch_and_pin_prick_go_together(many: NDArray[np.float64]) -> None:
    """Sensory sparing of the two modalities far below the injury is positively correlated."""
    senses = many[:, X_SENSE : X_SENSE + SENSES].reshape(N, 4, SEGMENTS)
    touch, pin = senses[:, 0, -4:].mean(axis=1), senses[:, 1, -4:].mean(axis=1)
    for kind in range(KINDS):
        same = (many[:, X_KIND] == kind) & (senses[:, :2, -4:].max(axis=(1, 2)) < INTACT)
        assert np.corrcoef(touch[same], pin[same])[0, 1] > 0.3


def test_arms_get_less_of_the_spared_drive_than_legs() -> None:
    """The ratio of arm to leg in long drive is the arm penalty, person by person, where neither is capped."""
    rows = injuries(200, arm_penalty=[1.0], arm_penalty_sd=[0.0], drive_segment_sd=[0.0])
    hurt = rows[:, X_BLOCK : X_BLOCK + 10] > 0.0
    spared = rows[:, X_SPARED : X_SPARED + 10]
    both = hurt[:, 4] & hurt[:, 9] & (spared[:, 9] < 1.0)  # right T1 and S1
    assert both.sum() > 50
    assert ARM[4]
    assert not ARM[9]
    np.testing.assert_allclose(spared[both, 4] / spared[both, 9], np.exp(-1.0), rtol=1e-12)


def test_the_zone_fades_with_distance_below_the_injury() -> None:
    """Without spread between muscles, local drive falls by the same factor from one segment to the next."""
    even = {"local_sd": [0.0, 0.0], "local_decay": [0.8, 0.0], "drive_segment_sd": [0.0]}
    rows = injuries(300, local_log=[-3.0, -3.0], **even)
    zone, hurt = rows[:, X_ZONE : X_ZONE + 5], rows[:, X_BLOCK : X_BLOCK + 5] > 0.0
    both = hurt[:, :-1] & hurt[:, 1:] & (zone[:, :-1] < 1.0)
    assert both.sum() > 100
    np.testing.assert_allclose(
        zone[:, 1:][both] / zone[:, :-1][both], np.exp(-1.0 / 0.8), rtol=1e-12
    )


def test_motoneurons_are_lost_over_millimetres_not_segments() -> None:
    """A lesion of 30 mm takes key muscles of the short lumbar segments, in the neck only the next ones."""
    lost = {"lesion_log_mm": [np.log(30.0), 0.0], "motor_offset": [0.0, 0.0]}
    rows = injuries(4000, **lost)
    gone = rows[:, X_MOTONEURONS : X_MOTONEURONS + 20] < 1.0
    neck, trunk = rows[:, X_TETRAPLEGIA] == 1.0, rows[:, X_LEVEL] > 19.0
    most_neck = gone[neck, :5].sum(axis=1).max()
    most_trunk = gone[trunk & (rows[:, X_TETRAPLEGIA] == 0.0), 5:10].sum(axis=1).max()
    assert most_neck == 3  # 13 mm each: less than three whole segments
    assert most_trunk >= 3


def test_complete_injuries_are_rarer_the_later_the_year() -> None:
    """The log weight of the complete kind falls by the era's log odds a decade; nothing else changes."""
    c, at = cord_values(), places(CORD)
    later = in_year(c, float(c[at["era_year"]]) + 20.0)
    changed = np.flatnonzero(later != c)
    assert changed.tolist() == [at["kind_share_tetraplegia"], at["kind_share_paraplegia"]]
    np.testing.assert_allclose(np.log(later[changed] / c[changed]), -2.0 * c[at["era_log_odds"]])


def test_an_injury_depends_on_its_key_alone() -> None:
    """The same seed, person and attempt give the same bits; another of any gives another injury."""
    one = injuries(5)
    np.testing.assert_array_equal(one, injuries(5))
    np.testing.assert_array_equal(one, injuries(9)[:5])
    assert (one[:, X_SENSE:] != injuries(5, seed=2)[:, X_SENSE:]).any()
    assert (one[:, X_SENSE:] != injuries(5, attempt=1)[:, X_SENSE:]).any()


def test_the_columns_of_the_exam_are_the_segments_of_the_model() -> None:
    """Muscle 0 is C5, muscle 5 is L2, muscle 20 the sphincter; dermatomes run from C2 to S4-5."""
    assert MUSCLE_LEVEL[[0, 5, 10, 20]].tolist() == [4, 21, 4, 28]
    assert DERMATOME_LEVEL[[0, -1]].tolist() == [1, 28]


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"speed": [1.0]}, "no value 'speed'"), ({"arm_penalty": [1.0, 2.0]}, "the model needs 1")],
)
def test_a_value_the_model_does_not_have_is_refused(
    changed: dict[str, list[float]], words: str
) -> None:
    """An unknown name or a wrong length is named, never ignored."""
    with pytest.raises(InputError, match=words):
        cord_values(changed)


def test_each_kind_has_its_own_block() -> None:
    """The four logits of block belong to sensory sparing (and complete), some, much, mild."""
    rows = injuries(600, block_logit=[-3.0, -1.0, 1.0, 3.0], block_sd=[0.0, 0.0])
    kinds, block = rows[:, X_KIND], rows[:, X_BLOCK : X_BLOCK + MUSCLES]
    for kind, logit in enumerate((-3.0, -3.0, -1.0, 1.0, 3.0)):
        found = block[kinds == kind]
        found = found[found > 0.0]
        assert len(found) > 20
        np.testing.assert_allclose(found, 1.0 / (1.0 + np.exp(-logit)), rtol=1e-12)
