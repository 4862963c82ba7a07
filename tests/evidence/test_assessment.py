"""The assessment of a study: what it says, what it refuses to say, and that it never raises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from saisei.evidence.assessment import assess
from saisei.evidence.persons import Subject, subjects
from saisei.evidence.shift_answer import Verdict, case_tails
from saisei.evidence.shift_model import LandmarkModel, model_for
from saisei.evidence.shift_partial import Rates
from saisei.evidence.shift_scenarios import Mode, Scenario
from saisei.exam.isncsci.levels import Level
from saisei.study import load, parse

EARLY = np.array(
    [
        [0.72, 0.13, 0.08, 0.06, 0.01],
        [0.12, 0.24, 0.28, 0.33, 0.03],
        [0.01, 0.03, 0.18, 0.74, 0.04],
        [0.00, 0.00, 0.01, 0.92, 0.07],
        [0.00, 0.00, 0.00, 0.05, 0.95],
    ]
)
MODE_SHIFT = {Mode.HIGHEST: 0.9, Mode.SECULAR: 0.7, Mode.LOWEST: -0.9, Mode.EARLY_ERA: -0.4}
GROUP_SHIFT = {"tetraplegia": 0.3, "T1-T9": -0.9, "T10-T12": -0.3, None: 0.0}


class ToyModel:
    """Natural recovery with one shared registry effect and an eight-week decay, for tests only."""

    digest = "toy"
    registries: tuple[str, ...] = ()
    fitted_rows: frozenset[str] = frozenset({"lammertse-2012-control-a"})

    def __init__(self, draws: int = 400, spread: float = 0.5) -> None:
        self.effects = spread * np.sort(np.random.default_rng(4).standard_normal(draws))

    def offers(self, mode: Mode) -> bool:
        return mode is Mode.MAIN or mode in MODE_SHIFT

    def rates(self, people: Sequence[Subject], scenario: Scenario) -> Rates:
        moved = GROUP_SHIFT[scenario.level_group] + MODE_SHIFT.get(scenario.mode, 0.0)
        days = []
        for one in people:
            low, high = (x if x is not None else 14.0 for x in one.exam_days)
            days.append(scenario.exam_day if scenario.exam_day is not None else (low + high) / 2)
        decay = 1.6 * (1 - np.exp(-np.array(days) / 20.0))
        odds = np.exp(self.effects[:, None] + moved - decay[None, :])[:, :, None]
        found = {}
        for rank in sorted({b for one in people for b in one.baselines}):
            below = np.minimum(np.cumsum(EARLY[rank]), 1.0)
            below[-1] = 1.0
            found[rank] = np.diff(below / (below + (1 - below) * odds), axis=-1, prepend=0.0)
        return Rates(found)


@pytest.fixture(scope="module")
def model() -> ToyModel:
    return ToyModel()


def test_keio_is_answered_with_all_its_parts(model: ToyModel) -> None:
    found = assess(load("keio-2025"), model, seed=1)
    assert found.treated is not None
    claim = found.treated.claim
    assert claim.people == 4
    assert claim.p_best <= claim.p_averaged.p <= (claim.p_least_favourable or 0)
    assert claim.expected == pytest.approx(0.5, abs=0.005)
    assert [c.seen for c in found.treated.conversions] == [2, 2, 1]
    assert [(c.low, c.high) for c in found.treated.conversions] == [(2, 4), (2, 2), (1, 1)]
    assert found.treated.conversions[1].chosen == "after the result"
    assert [p.posterior.prior for p in found.priors] == ["neutral", "sceptical", "informed"]
    assert found.map is not None
    assert found.control is None
    assert any("chosen once the results were known" in line for line in found.cannot_say)
    assert any("concurrent control" in line for line in found.cannot_say)


def test_keio_cases_are_ordered_from_worst_to_best(model: ToyModel) -> None:
    cases = {c.key: c.p.p for c in assess(load("keio-2025"), model).treated.cases}  # type: ignore[union-attr]
    assert cases["worst"] == pytest.approx(cases["read"])
    assert cases["best"] < cases["integrated"] < cases["worst"]


def test_people_stand_beside_their_own_bands(model: ToyModel) -> None:
    answer = assess(load("keio-2025"), model).treated
    assert answer is not None
    for one in answer.people:
        assert sum(one.probabilities) == pytest.approx(1.0)
        assert one.at_least[0] == pytest.approx((1.0, 1.0, 1.0))
        means = [level[0] for level in one.at_least]
        assert means == sorted(means, reverse=True)
        assert one.p_as_good[1] <= one.p_as_good[0] <= one.p_as_good[2]
    assert [one.outcome for one in answer.people] == ["D", "C", "AB", "AB"]


def test_sensitivity_map_rises_with_the_rate_and_falls_with_the_exam_day(model: ToyModel) -> None:
    found = assess(load("keio-2025"), model).map
    assert found is not None
    table = np.array(found.shift)
    assert table.shape == (len(found.rates), len(found.exam_days))
    assert np.all(np.diff(np.array(found.conversion), axis=0) > 0)
    assert np.all(np.diff(np.array(found.conversion), axis=1) < 0)
    assert table[0, -1] < table[-1, 0]


def test_corners_bound_the_answer_over_level_and_exam_day(model: ToyModel) -> None:
    found = assess(load("keio-2025"), model)
    assert found.treated is not None
    chances = [corner.p for corner in found.corners]
    assert len(chances) == 6
    assert min(chances) < found.treated.claim.p_averaged.p < max(chances)


def test_drivers_come_largest_first_and_name_what_was_changed(model: ToyModel) -> None:
    found = assess(load("keio-2025"), model).drivers
    spans = [one.span for one in found]
    assert spans == sorted(spans, reverse=True)
    assert {"registry", "era", "level mix", "exam day", "grades known in part"} == {
        one.name for one in found
    }


def test_a_control_comes_first_and_is_itself_set_against_natural_history(model: ToyModel) -> None:
    found = assess(load("shin-2015"), model)
    assert found.control is not None
    assert found.control_arm is not None
    assert not found.control.randomised
    # Fisher on 5 of 19 against 1 of 15: about 0.20 (clinical note, 3.1).
    assert round(found.control.one_grade[0].p_two_sided, 2) == 0.20
    assert found.can_say[0].startswith("Against the concurrent control (not randomised)")
    assert any("not made by chance" in line for line in found.cannot_say)


def test_procord_speaks_against_the_treated_arm(model: ToyModel) -> None:
    found = assess(load("procord-rct-2012"), model)
    assert found.control is not None
    assert found.control.randomised
    assert found.control.one_grade[0].p_two_sided == pytest.approx(0.0565, abs=5e-4)
    assert found.control.gains[0].p_better > 0.9
    assert found.control_arm is not None
    assert found.control_arm.claim.p_averaged.p < 0.05


def test_a_study_without_grades_says_what_it_cannot_say(model: ToyModel) -> None:
    found = assess(load("scistar-2022"), model)
    assert found.treated is None
    assert found.priors == ()
    assert found.cannot_say[0].startswith("The record gives no AIS grades")
    assert any("7 of 22 gained 2 or more" in line for line in found.cannot_say)


def test_a_planned_study_without_anybody_is_answered_too(model: ToyModel) -> None:
    text = """
schema = "saisei-study/0.1"
id = "planned"
title = "A trial that has not begun"
condition = "spinal cord injury"
summary = "Nothing yet."
status = { value = "planned", source = ["S"], confidence = "high" }
[design]
summary = { value = "single arm", source = ["S"], confidence = "high" }
controlled = { value = false, source = ["S"], confidence = "high" }
randomised = { value = false, source = ["S"], confidence = "high" }
[product]
name = { value = "cells", source = ["S"], confidence = "high" }
[[arms]]
key = "treated"
name = "cells"
role = "treated"
n = { value = 0, source = ["S"], confidence = "high" }
[sources.S]
cite = "a protocol"
kind = "peer-reviewed protocol"
read = "yes"
"""
    found = assess(parse(text.encode(), "planned.toml"), model)
    assert found.treated is None
    assert found.cannot_say


def test_the_whole_assessment_becomes_json(model: ToyModel) -> None:
    for key in ("keio-2025", "shin-2015", "scistar-2022"):
        text = json.dumps(assess(load(key), model).to_dict(), allow_nan=False)
        assert json.loads(text)["study"] == key


def test_the_verdict_rests_on_the_averaged_p_and_the_least_favourable_one() -> None:
    study = load("keio-2025")
    sure = assess(study, ToyModel(spread=0.05)).treated
    vague = assess(study, ToyModel(spread=2.5)).treated
    assert sure is not None
    assert vague is not None
    assert sure.claim.p_averaged.p < vague.claim.p_averaged.p
    assert vague.claim.verdict is Verdict.NOT_BEYOND
    assert sure.claim.verdict in (Verdict.BEYOND, Verdict.DEPENDS)


def test_the_packaged_fit_answers_keio_and_leaves_a_studys_own_controls_out_of_the_highest() -> (
    None
):
    study = load("procord-rct-2012")
    model = model_for(study)
    assert isinstance(model, LandmarkModel)
    assert model.own == frozenset({"ProCord controls"})
    assert model.registry(highest=True) != "ProCord controls"
    found = assess(load("keio-2025"))
    assert found.treated is not None
    claim = found.treated.claim
    assert 0.0 < claim.p_best < claim.p_averaged.p < (claim.p_least_favourable or 0.0)
    assert len(found.registries) > 5
    chances = [one.to_c for one in found.registries]
    assert chances == sorted(chances)


def test_a_later_exam_day_never_makes_the_same_result_easier_by_nature() -> None:
    people = subjects(load("keio-2025"), "treated")
    model = model_for(load("keio-2025"))
    chances = []
    for day in (3.0, 10.0, 21.0, 35.0, 56.0):
        rates = model.rates(people, Scenario(f"day {day}", exam_day=day))
        chances.append(case_tails(rates, [one.reading for one in people]).p)
    assert chances == sorted(chances, reverse=True)


def test_levels_below_t12_and_open_windows_are_answered_not_refused() -> None:
    one = subjects(load("keio-2025"), "treated")[0]
    odd = replace(
        one,
        levels=(Level.L2, Level.L4),
        exam_days=(300.0, None),
        follow_up_days=(None, None),
        injury_year=None,
    )
    rates = model_for(load("keio-2025")).rates([odd], Scenario("odd"))
    assert np.all(np.isfinite(rates.by_baseline[0]))
