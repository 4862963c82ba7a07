"""The landmark model and the generator side by side, and the store behind the report."""

from __future__ import annotations

import json

import numpy as np
import pytest

from saisei.errors import InputError
from saisei.evidence import motor_store
from saisei.evidence.generator_model import GeneratorModel
from saisei.evidence.persons import subjects
from saisei.evidence.shift import conversion_tail
from saisei.evidence.shift_answer import answer_arm
from saisei.evidence.shift_scenarios import MAIN, Mode
from saisei.evidence.two_models import TwoModels, compare_models
from saisei.study import load

GENERATOR = GeneratorModel(draws=2, people=500)


@pytest.fixture(scope="module")
def keio() -> TwoModels:
    return compare_models(load("keio-2025"), generator=GENERATOR)


def test_both_models_are_asked_for_the_same_people(keio: TwoModels) -> None:
    assert {(one.months, one.model) for one in keio.forecasts} == {
        (6, "landmark"), (6, "generator"), (12, "landmark"), (12, "generator"),
    }  # fmt: skip
    assert {one.kind for one in keio.forecasts} == {"AIS A, C3 to T10, exam on day 14 to 28"}
    for one in keio.forecasts:
        assert sum(one.mean) == pytest.approx(1.0)
        assert all(low <= high for low, high in zip(one.low, one.high, strict=True))


def test_the_landmark_column_is_that_of_the_shift_test(keio: TwoModels) -> None:
    """9.4% is the p (ii) of the Keio report (closing note of the evidence stage)."""
    assert keio.chances[0].p[0] == pytest.approx(0.094, abs=0.001)


def test_the_generator_column_is_its_own_binomial(keio: TwoModels) -> None:
    people = subjects(load("keio-2025"), "treated")
    rates = GENERATOR.rates(people, MAIN).by_baseline[0]
    one = next(c for c in keio.chances if c.outcome == "two grades or more")
    chance = rates[:, 0, 2:].sum(axis=1)
    # P(2 or more of 4) at each draw, by the binomial formula.
    tail = 1 - (1 - chance) ** 4 - 4 * chance * (1 - chance) ** 3
    assert one.p[1] == pytest.approx(tail.mean(), abs=1e-12)
    assert one.expected is not None
    assert one.expected[1] == pytest.approx(4 * chance.mean())


def test_the_spread_between_registries_is_what_separates_them(keio: TwoModels) -> None:
    first, second = (next(f for f in keio.forecasts if f.months == 12 and f.model == m)
                     for m in ("landmark", "generator"))  # fmt: skip
    assert first.high[0] - first.low[0] > second.high[0] - second.low[0]


def test_a_study_without_grades_is_compared_all_the_same() -> None:
    found = compare_models(load("scistar-2022"), generator=GENERATOR)
    assert found.chances == ()
    assert {one.kind[:5] for one in found.forecasts} == {"AIS A", "AIS B"}
    assert any("no grades at follow-up" in note for note in found.notes)


def test_the_generator_serves_the_shift_test_whole() -> None:
    study = load("keio-2025")
    answer = answer_arm(study, "treated", subjects(study, "treated"), GENERATOR)
    assert answer.claim.p_least_favourable is None  # it knows no registries
    assert not GENERATOR.offers(Mode.HIGHEST)
    rates = GENERATOR.rates(subjects(study, "treated"), MAIN).by_baseline[0]
    seen = next(c for c in answer.conversions if c.endpoint.key == "to_d")
    tail = conversion_tail(np.zeros(4, dtype=np.int64), rates, seen.endpoint, 1)
    assert seen.p_averaged.p == pytest.approx(tail.mean())


def test_other_conditions_are_refused() -> None:
    with pytest.raises(InputError, match="about spinal cord injury"):
        compare_models(load("treasure-2024"), generator=GENERATOR)


def test_a_stale_or_foreign_store_is_never_served(monkeypatch: pytest.MonkeyPatch) -> None:
    study = load("keio-2025")
    one = {"motor": {"digest": study.digest}, "models": None, "why_not": ""}
    kept = {
        "schema": motor_store.SCHEMA,
        "generator": "old",
        "nature": "old",
        "studies": {study.id: one},
    }
    monkeypatch.setattr(motor_store, "_stored", lambda: kept)
    monkeypatch.setattr(motor_store, "_QUICK", (2, 500))
    found = motor_store.answers(study)
    assert not found.stored
    assert found.models is not None
    json.dumps(found.models, allow_nan=False)


def test_the_store_was_made_by_this_code() -> None:
    """A change of the equations that leaves the values alone would slip past the digests."""
    kept = motor_store._stored()
    if not kept or kept["generator"] != motor_store.generator_digest():
        pytest.skip("THE STORE OF MOTOR ANSWERS IS STALE: run scripts/make_motor.py")
    assert kept["fingerprint"] == motor_store.fingerprint()
    assert motor_store.answers(load("keio-2025")).stored
