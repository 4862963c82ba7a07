"""Cohorts under posterior draws, and the fit as a command."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import saisei.patient.refit as refit_module
from saisei.cli import main
from saisei.patient.cohort import Model
from saisei.patient.fit_space import knobs
from saisei.patient.posterior import load_posterior
from saisei.patient.uncertain import Mixed

SMALL = ["--n", "30", "--weeks", "4,52"]


def saisei(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of `saisei ...`."""
    monkeypatch.setattr("sys.argv", ["saisei", *words])
    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_each_person_lives_under_a_draw_of_their_own() -> None:
    """Person i has the exams of draw i mod the number of draws, whoever else is in the batch."""
    mixed, count = Mixed.of(), load_posterior().count
    persons = np.array([2, 0, count + 2, 7])
    days = np.tile([20, 300], (4, 1))
    codes, truth = mixed.examine(5, persons, np.zeros_like(persons), days, with_truth=True)
    for k, person in enumerate(persons):
        alone, true = Model.draw(int(person) % count).examine(
            5, persons[k : k + 1], np.zeros(1, dtype=np.int64), days[:1], with_truth=True
        )
        np.testing.assert_array_equal(codes[k], alone[0])
        np.testing.assert_array_equal(truth[k], true[0])


def test_the_year_reaches_every_draw() -> None:
    """A mixture for another year is that of the draws for that year."""
    one = Mixed.of(year=1995).models[3]
    np.testing.assert_array_equal(one.cord, Model.draw(3).in_year(1995).cord)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--uncertain"], "one for each person"),
        (["--draw", "4"], 4),
        (["--year", "2015"], None),
    ],
)
def test_a_cohort_says_which_values_it_was_made_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], told: object
) -> None:
    """The choice of values is written in the file, and the exams differ from the default's."""
    out, plain = tmp_path / "a.parquet", tmp_path / "b.parquet"
    assert saisei(monkeypatch, "patient", "simulate", *SMALL, *words, "--out", str(out)) == 0
    assert saisei(monkeypatch, "patient", "simulate", *SMALL, "--out", str(plain)) == 0
    made = json.loads(pq.read_schema(out).metadata[b"saisei.cohort"])
    assert made["draw"] == told
    assert pq.read_table(out) != pq.read_table(plain)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--uncertain", "--draw", "1"], "give one"),
        (["--draw", "100000"], "holds draws 0 to"),
        (["--year", "1700"], "must lie from 1985 to 2030"),
    ],
)
def test_impossible_choices_are_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    sentence: str,
) -> None:
    """Exit 2, one sentence, no file."""
    out = tmp_path / "a.parquet"
    assert saisei(monkeypatch, "patient", "simulate", *SMALL, *words, "--out", str(out)) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_fit_writes_a_posterior_that_is_read_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`patient fit` on a small linear problem: mode, draws, settings and digest stand in the two files."""

    class Small(refit_module.Problem):
        def __init__(self, settings: refit_module.Settings, seed: int) -> None:
            rng = np.random.default_rng(seed)
            self.settings, self.targets, self.white = settings, [], np.eye(12)
            self.a = 0.1 * rng.standard_normal((12, len(knobs())))
            self.published = 0.1 * rng.standard_normal(12)

        def residual(self, z: np.ndarray, published: np.ndarray | None = None) -> np.ndarray:
            gap: np.ndarray = self.a @ z - (self.published if published is None else published)
            return gap

    monkeypatch.setattr(refit_module, "Problem", Small)
    words = ["--people", "200", "--iterations", "3", "--draws", "5", "--seed", "3", "--json"]
    assert saisei(monkeypatch, "patient", "fit", "--out", str(tmp_path), *words) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(knobs())
    found = load_posterior(tmp_path)
    assert (found.count, found.about["seed"]) == (5, 3)
    assert found.about["settings"] == {
        "people": 200, "iterations": 3, "draws": 5, "fine": 8000,
    }  # fmt: skip


def test_a_file_in_place_of_the_folder_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is fitted first."""
    place = tmp_path / "a.txt"
    place.write_text("x")
    assert saisei(monkeypatch, "patient", "fit", "--out", str(place)) == 2
    assert "--out names a folder" in capsys.readouterr().err
