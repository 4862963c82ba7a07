"""Predictions of natural recovery: directions, decomposition, what is refused, what is stored."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from saisei.errors import InputError, UnsupportedError
from saisei.evidence.landmark import (
    MODES,
    Person,
    Posterior,
    Settings,
    fit,
    highest_registry,
    load_posterior,
    predict,
)
from saisei.evidence.landmark_data import digest
from saisei.evidence.landmark_store import read_posterior
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.study.registries import LEVEL_GROUPS, load, load_file

TETRA = LEVEL_GROUPS["tetraplegia"]
FEW = [row for row in load() if row.registry in ("EMSCI", "SIC Japan", "ProCord controls")]
SHORT = Settings(draws=100, chains=2, steps=1000, warm_rounds=2, warm_steps=600, threads=1)


def _on(day: float, levels: tuple[Level, Level] = TETRA, year: float = 2015) -> Person:
    return Person(AIS.A, levels, (day, day), year)


@pytest.mark.parametrize("mode", [*MODES, "registry: SCIMS"])
@pytest.mark.parametrize("levels", [None, *(LEVEL_GROUPS[g] for g in ("tetraplegia", "T1-T9"))])
def test_a_later_exam_day_never_raises_any_conversion(
    mode: str, levels: tuple[Level, Level] | None
) -> None:
    """Pointwise in every draw of every decay shape, for somebody still A at the exam."""
    people = [
        Person(AIS.A, levels, (d, d), 2015) for d in (0, 1, 3, 7, 14, 21, 28, 42, 56, 90, 180)
    ]
    for follow in (183, 365, 730):
        found = predict(people, follow, mode=mode).any_conversion
        assert np.diff(found, axis=1).max() <= 1e-9


def test_a_later_exam_day_never_raises_it_when_days_count_from_the_exam() -> None:
    people = [_on(d) for d in (1, 7, 14, 21, 28, 56)]
    found = predict(people, 365, since="exam").any_conversion
    assert np.diff(found, axis=1).max() <= 1e-3  # B moves on during the later days that are added


def test_level_groups_are_ordered_as_published() -> None:
    """Tetraplegia above T10-T12 above T1-T9 (Marino 2020) on average and in at least 19 of 20 draws."""
    groups = [LEVEL_GROUPS[name] for name in ("tetraplegia", "T10-T12", "T1-T9")]
    found = predict([_on(14, group) for group in groups], 365).any_conversion
    assert list(np.argsort(-found.mean(axis=0))) == [0, 1, 2]
    assert np.mean(np.diff(found, axis=1) < 0) > 0.95


def test_recovery_rises_over_the_years_and_is_flat_after_the_last() -> None:
    """As published 1995 to 2015; then flat, and rising only on the sensitivity line."""
    years = (1995, 2005, 2015, 2025)
    people = [_on(14, year=year) for year in years]
    found = predict(people, 365).any_conversion.mean(axis=0)
    assert found[0] < found[1] < found[2] == found[3]
    trend = predict(people, 365, mode="secular trend").any_conversion.mean(axis=0)
    assert trend[3] > trend[2] == pytest.approx(found[2])


def test_more_time_never_lowers_conversion() -> None:
    found = [predict([_on(21)], day).any_conversion[:, 0] for day in (60, 183, 365, 730)]
    assert all(np.all(b - a > -1e-4) for a, b in pairwise(found))


@pytest.mark.parametrize("grade", list(AIS))
@pytest.mark.parametrize("mode", MODES)
def test_chances_add_to_one(grade: AIS, mode: str) -> None:
    found = predict([Person(grade, TETRA, (14, 28), 2010)], 365, mode=mode).probabilities
    assert found.shape == (load_posterior().draws, 1, 5)
    assert found.min() >= 0.0
    assert found.sum(axis=2) == pytest.approx(1.0)


def test_one_draw_index_is_shared_by_all_persons() -> None:
    """A registry effect is common: in draws where one person's chance is high the other's is, too."""
    people = [_on(21), _on(21), _on(14, LEVEL_GROUPS["T1-T9"])]
    found = predict(people, 365).any_conversion
    assert np.array_equal(found[:, 0], found[:, 1])
    assert np.corrcoef(found[:, 0], found[:, 2])[0, 1] > 0.8


def test_a_range_of_exam_days_lies_between_its_ends() -> None:
    early, both, late = (
        predict([Person(AIS.A, TETRA, days, 2015)], 365).any_conversion[:, 0]
        for days in ((14, 14), (14, 28), (28, 28))
    )
    assert np.all(late <= both + 1e-12)
    assert np.all(both <= early + 1e-12)


def test_modes_are_ordered() -> None:
    """The highest registry lies above the average one; a new registry is the widest."""
    by_mode = {mode: predict([_on(21)], 365, mode=mode).any_conversion[:, 0] for mode in MODES}
    assert by_mode["highest registry"].mean() > by_mode["average registry"].mean()
    assert by_mode["new registry"].std() > by_mode["average registry"].std()
    assert highest_registry(load_posterior()) in load_posterior().registries


def test_uncertainty_is_split_into_three_shares() -> None:
    found = predict([_on(21)], 365)
    split = found.uncertainty()
    assert split.sampling + split.registry + split.shape == pytest.approx(1.0)
    assert split.registry > 0.5  # registries differ far more than the fit is unsure
    assert split.sd == pytest.approx(found.any_conversion.std(), rel=0.1)
    alone = predict([_on(21)], 365, shape="cure").uncertainty()
    assert alone.shape == 0.0


def test_unknowns_are_said() -> None:
    notes = " ".join(predict([Person(AIS.A)], 365).notes)
    for words in ("45% tetraplegia", "day 0 to 30", "2022 taken", "held flat after 2015"):
        assert words in notes
    assert "level not known" not in " ".join(predict([_on(21)], 365).notes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"follow_up_days": 20}, "not before the follow-up"),
        ({"follow_up_days": -1}, "must lie after the injury"),
        ({"mode": "best"}, "mode is 'best'"),
        ({"mode": "registry: Nowhere"}, "no fitted registry"),
        ({"since": "birth"}, "since is 'birth'"),
        ({"shape": "gamma"}, "no decay shape 'gamma'"),
        ({"persons": []}, "no person"),
    ],
)
def test_wrong_questions_are_refused(arguments: dict[str, object], words: str) -> None:
    asked = {"persons": [_on(21)], "follow_up_days": 365.0} | arguments
    with pytest.raises(InputError, match=words):
        predict(**asked)  # type: ignore[arg-type]


def test_impossible_persons_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="no published row follows AIS A below T12"):
        Person(AIS.A, (Level.L2, Level.L2))
    with pytest.raises(InputError, match="before the injury"):
        Person(AIS.A, None, (-1, 3))
    with pytest.raises(InputError, match="backwards"):
        Person(AIS.A, None, (28, 14))
    with pytest.raises(InputError, match="backwards"):
        Person(AIS.A, (Level.T1, Level.C5))


def test_the_packaged_posterior_is_of_the_present_rows() -> None:
    """A changed table needs a new fit: `saisei evidence fit --out src/saisei/evidence/posteriors`."""
    stored = load_posterior()
    assert stored.about["rows_digest"] == digest(load())
    assert stored.about["schema"] == "saisei-landmark/0.1"
    for shape in ("exponential", "weibull", "cure"):
        told = stored.about["shapes"][shape]
        assert told["largest_rhat"] < 1.05
        assert told["smallest_ess"] > 100


@pytest.fixture(scope="module")
def short() -> Posterior:
    return fit(FEW, seed=1, shapes=("exponential",), settings=SHORT)


def test_the_same_seed_gives_the_same_posterior(short: Posterior) -> None:
    again = fit(FEW, seed=1, shapes=("exponential",), settings=SHORT)
    assert np.array_equal(short.values, again.values)
    other = fit(FEW, seed=2, shapes=("exponential",), settings=SHORT)
    assert not np.array_equal(short.values, other.values)


def test_a_posterior_survives_its_files(short: Posterior, tmp_path: Path) -> None:
    npz, about = short.to_bytes()
    (tmp_path / "landmark-0.1.npz").write_bytes(npz)
    (tmp_path / "landmark-0.1.json").write_bytes(about)
    back = load_posterior(tmp_path)
    assert back.values == pytest.approx(short.values, rel=1e-6)
    assert back.about == short.about
    with pytest.raises(InputError, match="not a landmark posterior"):
        read_posterior(b"nonsense", about)
    with pytest.raises(InputError, match="has not the schema"):
        read_posterior(npz, b"{}")


def test_a_registry_can_be_left_out_or_added(short: Posterior, tmp_path: Path) -> None:
    """A user's 60 people of whom half convert have an effect of their own; EMSCI left out is gone."""
    less = fit(FEW, seed=1, shapes=("cure",), settings=SHORT, leave_out=("EMSCI",))
    assert less.registries == ("SIC Japan", "ProCord controls")
    assert less.about["left_out"] == ["EMSCI"]
    people = "".join(f"p{i},Mine,C5,14,A,365,{'B' if i % 2 else 'A'},2014\n" for i in range(60))
    head = "person,registry,level,baseline_day,baseline_grade,follow_day,follow_grade,injury_year\n"
    path = tmp_path / "mine.csv"
    path.write_text(head + people, encoding="utf-8")
    rows = (*FEW, *load_file(path))
    more = fit(rows, seed=1, shapes=("exponential",), settings=SHORT)
    assert more.about["rows_digest"] != short.about["rows_digest"]
    mine = predict([_on(14)], 365, more, mode="registry: Mine").any_conversion.mean()
    assert 0.35 < mine < 0.65
    with pytest.raises(InputError, match="no fitted row is of registry 'Nowhere'"):
        fit(FEW, seed=1, settings=SHORT, leave_out=("Nowhere",))


def test_years_of_a_person_change_nothing_but_the_trend() -> None:
    """Age is not a field of a person: present evidence shows no effect on conversion."""
    one = _on(21)
    assert not hasattr(one, "age")
    assert replace(one, year=2016).year == 2016
