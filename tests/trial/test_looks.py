"""Interim looks of monitored methods on the records, and what a reader without the board's rights learns."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from saisei.design.document import load_design
from saisei.design.engines_two_arms import pooled_z
from saisei.design.fixed_monitored import count_bounds, sequential_looks, sequential_plan
from saisei.trial import looks
from saisei.trial.looks import look_alarms, look_readings

ONE_ARM = ("thall-simon", "predictive-monitoring", "bop2", "probability-ratio", "own-table")
START, YEAR = date(2026, 1, 1), timedelta(days=365)


@pytest.fixture(autouse=True)
def outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    """People of these tests carry their outcome: True, False, or None while it is open."""
    monkeypatch.setattr(
        looks, "outcome_of", lambda one, _: SimpleNamespace(final=one.y is not None, y=one.y)
    )
    monkeypatch.setattr(looks, "converted", lambda outcome, _: outcome.y)
    monkeypatch.setattr(looks, "_final_on", lambda one, _: one.day_zero + YEAR)
    monkeypatch.setattr(looks, "halted", lambda picture: "stop" if picture.stopped else "")


def people(design: Any, treated: list[bool | None], controls: list[bool | None] = []) -> list[Any]:  # noqa: B006
    """One a day, in the order given."""
    role = {arm.role.value: arm.key for arm in design.arms}
    found = []
    for k, y in enumerate(treated):
        day = START + timedelta(days=k)
        found.append(
            SimpleNamespace(id=f"P{k:03d}", arm=role["treated"], treated_on=day, day_zero=day, y=y)
        )
    for k, y in enumerate(controls):
        day = START + timedelta(days=k)
        found.append(
            SimpleNamespace(id=f"K{k:03d}", arm=role["control"], treated_on=None, day_zero=day, y=y)
        )
    return found


def picture(design: Any, *answers: str, on: date = date(2030, 1, 1)) -> Any:
    """A store that knows a design and what the board has decided, on one day."""
    held = [SimpleNamespace(body=SimpleNamespace(what=one, on=on)) for one in answers]
    return SimpleNamespace(
        design=design, stopped="stop" in answers, of=lambda kind: held if kind == "decision" else []
    )


@pytest.mark.parametrize("name", ONE_ARM)
def test_one_arm_is_read_by_its_own_bounds(name: str) -> None:
    """Every count at the first look that decides: at the bound it ends, inside it goes on."""
    design = load_design(name)
    bounds = count_bounds(design.analysis, design.n_treated)
    k = next(i for i, most in enumerate(bounds.stop_at_most[:-1]) if most >= 0)
    n, most, least = bounds.looks[k], bounds.stop_at_most[k], bounds.succeed_at_least[k]
    for y in range(n + 1):
        # The converters stand first, so that no earlier look stops.
        last = look_readings(people(design, [True] * y + [False] * (n - y)), design)[-1]
        if last.look != k + 1:
            assert last.crossed == "success"  # an earlier look had enough
            continue
        assert (last.treated, last.treated_converted) == (n, y)
        assert last.crossed == ("futility" if y <= most else "success" if y >= least else "")


@pytest.mark.parametrize("name", ONE_ARM)
def test_alarms_of_one_arm(name: str) -> None:
    """Nobody converts: the trial has to end, with the numbers; before the look nothing is said."""
    design = load_design(name)
    bounds = count_bounds(design.analysis, design.n_treated)
    k = next(i for i, most in enumerate(bounds.stop_at_most[:-1]) if most >= 0)
    n = bounds.looks[k]
    (alarm,) = look_alarms(people(design, [False] * n), picture(design))
    assert (alarm.rule, alarm.urgency) == ("interim: futility", "act")
    assert alarm.numbers["converted"] == 0
    assert alarm.numbers["people"] == n
    assert alarm.protocol == design.decision.failure
    (after,) = look_alarms(people(design, [False] * n), picture(design, "stop"))
    assert (after.rule, after.urgency) == (
        alarm.rule,
        "note",
    )  # a trial that is over has been acted on
    waiting = people(design, [False] * (bounds.looks[0] - 1) + [None])
    assert list(look_alarms(waiting, picture(design))) == []


def test_a_look_waits_for_the_first_people_and_is_not_moved_by_later_ones() -> None:
    """Later people do not enter a look that was read on the first; open outcomes are passed over."""
    design = load_design("own-table")
    n = design.analysis.looks[0]
    first = [True] * 1 + [False] * (n - 1)
    one = look_readings(people(design, first), design)[0]
    assert look_readings(people(design, [*first, True, True]), design)[0] == one
    later = look_readings(people(design, [None, *first]), design)[0]
    assert replace(later, reached_on=one.reached_on) == one
    assert later.reached_on == one.reached_on + timedelta(days=1)


def test_two_arms_are_read_on_z_and_tell_nothing_of_the_arms() -> None:
    """Due until the board answers; counts of the arms stand in no alarm; each bound is the plan's own."""
    design = load_design("group-sequential")
    n, m = sequential_looks(design.analysis, design.n_treated, design.n_control)[0]
    plan = sequential_plan(design.analysis, design.n_treated, design.n_control)
    for x in range(n + 1):
        group = people(design, [True] * x + [False] * (n - x), [True] * 2 + [False] * (m - 2))
        reading = look_readings(group, design)[0]
        z = pooled_z(n, m)[x, 2]
        assert reading.z == pytest.approx(z)
        assert (reading.crossed == "success") == (z >= plan.upper[0])
        low = plan.futility[0] if plan.futility else -float("inf")
        assert (reading.crossed == "futility") == (z < low)
        (alarm,) = look_alarms(group, picture(design))
        assert (alarm.rule, alarm.urgency) == ("interim look due", "act")
        assert set(alarm.numbers) == {"look", "answered"}
    texts = {
        next(
            look_alarms(people(design, [k < x for k in range(n)], [False] * m), picture(design))
        ).what
        for x in range(n + 1)
    }
    assert len(texts) == 1
    (alarm,) = look_alarms(group, picture(design, "continue"))
    assert (alarm.rule, alarm.urgency) == ("interim look", "note")
    reached = look_readings(group, design)[0].reached_on
    assert reached == START + timedelta(days=max(n, m) - 1) + YEAR
    early = picture(design, "continue", on=reached - timedelta(days=1))
    (alarm,) = look_alarms(group, early)
    assert (
        alarm.rule == "interim look due"
    )  # a decision before the look was reached answers another question


def test_a_design_without_looks_is_silent() -> None:
    """Fisher's test at the end has nothing to read on the way."""
    design = load_design("randomised-fisher")
    assert (
        look_readings(people(design, [True] * design.n_treated, [False] * design.n_control), design)
        == []
    )


def test_a_responder_is_not_read_as_nobody_converted() -> None:
    """The endpoint of Parkinson's is not on the AIS: with looks it is said, without it is silent."""
    from saisei.trial.safety import _unread

    design = load_design("bop2")
    endpoint = SimpleNamespace(kind="responder", name="responder by MDS-UPDRS III")
    (alarm,) = _unread(SimpleNamespace(endpoint=endpoint, analysis=design.analysis))  # type: ignore[arg-type]
    assert (alarm.rule, alarm.urgency) == ("interim not read", "note")
    silent = SimpleNamespace(endpoint=endpoint, analysis=load_design("randomised-fisher").analysis)
    assert list(_unread(silent)) == []  # type: ignore[arg-type]
