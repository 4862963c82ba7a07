"""The stored posterior: whole, of these inputs, read back as written, refused when damaged."""

from pathlib import Path

import numpy as np
import pytest

from saisei.errors import InputError
from saisei.patient.cohort import Model
from saisei.patient.fit import fitted, target_lines
from saisei.patient.fit_space import knobs, model_at, point_of
from saisei.patient.posterior import inputs_digest, load_posterior, read_posterior


def test_the_packaged_values_are_the_mode_of_the_packaged_posterior() -> None:
    """Six digits of the value files agree with the stored mode."""
    np.testing.assert_allclose(point_of(), load_posterior().mode, atol=2e-4)


def test_the_posterior_was_made_from_these_targets_priors_and_fixed_values() -> None:
    """A changed prior, target or fixed value makes the stored posterior stale; fit again then."""
    lines = target_lines([one.target for one in fitted(Model.packaged(), 300, 1)])
    assert load_posterior().about["inputs_digest"] == inputs_digest(lines)


def test_a_draw_is_a_whole_model_and_always_the_same() -> None:
    """Draw 3 equals draw 3, differs from draw 4 and from the mode, and has finite values."""
    one, again, other = Model.draw(3), Model.draw(3), Model.draw(4)
    np.testing.assert_array_equal(one.cord, again.cord)
    assert (one.cord != other.cord).any()
    assert (one.cord != Model.packaged().cord).any()
    for k in range(0, load_posterior().count, 40):
        drawn = load_posterior().model(k)
        assert all(np.isfinite(part).all() for part in (drawn.cord, drawn.repair, drawn.patient))


def test_a_draw_that_does_not_exist_is_refused() -> None:
    """The message tells how many there are."""
    with pytest.raises(InputError, match="draws 0 to"):
        Model.draw(100_000)


def test_a_posterior_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """From bytes and from a folder."""
    kept = load_posterior()
    npz, about = kept.to_bytes()
    again = read_posterior(npz, about)
    np.testing.assert_array_equal(again.draws, kept.draws)
    (tmp_path / "patient-0.1.npz").write_bytes(npz)
    (tmp_path / "patient-0.1.json").write_bytes(about)
    np.testing.assert_array_equal(load_posterior(tmp_path).mode, kept.mode)


@pytest.mark.parametrize("spoil", ["npz", "about", "schema", "knobs"])
def test_a_damaged_posterior_is_refused(spoil: str) -> None:
    """Half a file, no JSON, another schema, other knobs: one sentence, never a traceback."""
    npz, about = load_posterior().to_bytes()
    if spoil == "npz":
        npz = npz[: len(npz) // 2]
    elif spoil == "about":
        about = b"{"
    else:
        about = about.replace(
            b'"saisei-patient/0.1"' if spoil == "schema" else b'"cord.level_side_sd[0]"', b'"other"'
        )
    with pytest.raises(InputError, match="fit again"):
        read_posterior(npz, about)


def test_no_posterior_at_a_place_is_said(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(InputError, match="no posterior can be read there"):
        load_posterior(tmp_path / "nowhere.npz")


def test_a_point_of_another_length_is_refused() -> None:
    """A draw of an older version is not taken for one of this."""
    with pytest.raises(InputError, match="fit again"):
        model_at(np.zeros(len(knobs()) + 1))
