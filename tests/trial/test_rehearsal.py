"""A rehearsed trial keeps the rules, is the same for a seed, and its board pack adds up."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from saisei.design.document import load_design, parse_design
from saisei.design.document.schema import DesignDocument
from saisei.errors import AccessError, InputError, UnsupportedError
from saisei.report.board_figures import board_figures
from saisei.report.board_page import board_html, board_pdf
from saisei.trial import Store, login, verify
from saisei.trial.board import board_pack
from saisei.trial.monitor import watch
from saisei.trial.rehearsal import GATE, Rehearsal, rehearse
from saisei.trial.rules_cells import lot_state

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
START, UNTIL = date(2025, 1, 6), date(2026, 10, 31)


def _small() -> DesignDocument:
    """The controlled Keio successor, 4 against 2, so that a test takes seconds."""
    tree = json.loads(json.dumps(load_design("keio-successor-controlled").content()))
    for arm in tree["arms"]:
        arm["n"] = 4 if arm["role"] == "treated" else 2
    for rule in tree["safety"]:
        if "looks" in rule:
            rule["looks"] = [4]
    return parse_design(json.dumps(tree).encode(), "small")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    place = tmp_path_factory.mktemp("rehearsal") / "trial.db"
    return rehearse(place, Rehearsal(_small(), START, UNTIL, 7), hasher=CHEAP)


def _pack(store: Store, part: str) -> dict[str, Any]:
    picture = store.picture(UNTIL)
    return board_pack(picture, UNTIL, part, store.hash_at(picture.upto), store.id)


def test_the_store_of_a_rehearsal_is_sound_and_full(store: Store) -> None:
    assert verify(store).sound
    picture = store.picture()
    assert len(picture.of("allocation")) == 6
    treated = {one.subject for one in picture.of("dosing")}
    assert treated == {one.subject for one in picture.of("allocation") if one.body.arm != "control"}
    for one in picture.of("dosing"):
        for vial in one.body.vials:
            found = picture.named("vial", vial)
            assert found is not None
            assert lot_state(picture, found.body.lot) == "released"


def test_the_gate_was_kept_and_people_past_it_were_turned_away(store: Store) -> None:
    picture = store.picture()
    rules = {one.rule for one in watch(picture, UNTIL).alarms}
    assert "gate breached" not in rules
    turned = [one for one in picture.of("screening") if not one.body.eligible]
    for one in turned:
        assert any(a.criterion == GATE and not a.met for a in one.body.answers)


def test_the_same_seed_gives_the_same_trial(store: Store, tmp_path: Path) -> None:
    again = rehearse(tmp_path / "again.db", Rehearsal(_small(), START, UNTIL, 7), hasher=CHEAP)
    for kind in ("exam", "dosing", "adverse_event", "imaging"):
        first, second = ([one.data for one in s.picture().of(kind)] for s in (store, again))
        assert first == second, kind


def test_an_event_rate_of_one_rings_and_the_acceptable_one_does_not_stop(
    store: Store, tmp_path: Path
) -> None:
    plan = Rehearsal(_small(), START, UNTIL, 7, event_rate=1.0)
    loud = rehearse(tmp_path / "loud.db", plan, hasher=CHEAP)
    rules = {one.rule for one in watch(loud.picture(UNTIL), UNTIL).alarms if one.urgency == "act"}
    assert "safety rule met" in rules
    quiet = watch(store.picture(UNTIL), UNTIL)
    assert "safety rule met" not in {one.rule for one in quiet.alarms}


def test_denominators_of_the_pack_agree(store: Store) -> None:
    pack = _pack(store, "closed")
    flow, events = pack["flow"], pack["events"]
    assert flow["screened"] == flow["eligible"] + flow["not_eligible"]
    assert flow["eligible"] == flow["allocated"] + flow["not_allocated"]
    assert sum(arm["steps"][0]["n"] for arm in flow["arms"]) == flow["allocated"]
    arms = [c for c in pack["columns"] if c != "all"]
    for block in (events["denominators"], pack["baseline"][0]["n"]):
        assert sum(block[arm] for arm in arms) == block["all"] == flow["allocated"]
    for row in pack["baseline"][1:]:
        assert sum(row["n"][arm] for arm in arms) == row["n"]["all"]
    assert (
        sum(row["n"]["all"]["events"] for row in events["rows"])
        == events["totals"]["all"]["events"]
    )
    for one in pack["transitions"]:
        assert sum(row["n"] for row in one["last"]) == one["people"]
    listed = [row for row in pack["listing"] if row["term"] != "death"]
    assert len(listed) == events["totals"]["all"]["serious"]


def test_the_open_part_tells_no_arm_and_no_outcome(store: Store) -> None:
    pack = _pack(store, "open")
    text = json.dumps(pack)
    assert pack["columns"] == ["all"]
    for word in ("rules", "transitions", "scores", "swimmer"):
        assert word not in pack
    assert "arm A" not in text
    assert all(not row["people"] for row in pack["lots"])
    assert all(not row["lot"] and row["day"] is None for row in pack["listing"])
    page = board_html(pack, board_figures(pack))
    assert "OPEN PART" in page
    assert pack["snapshot"] in page


def test_the_closed_part_as_page_and_pdf_carries_the_snapshot(store: Store) -> None:
    pack = _pack(store, "closed")
    figures = board_figures(pack)
    assert {"enrolment", "swimmer", "scores-uems", "scores-lems"} <= {one.name for one in figures}
    page, pdf = board_html(pack, figures), board_pdf(pack, figures)
    assert "CLOSED PART" in page
    assert page.count(pack["snapshot"]) >= 2
    assert pdf.startswith(b"%PDF")
    assert "None" not in page.replace("None on record", "")


def test_a_blinded_assessor_cannot_make_a_pack(store: Store) -> None:
    store.hasher = CHEAP
    session = login(store, "assessor", "a rehearsal, not a secret")
    for part in ("open", "closed"):
        with pytest.raises(AccessError):
            session.view(f"view:{part}")


def test_what_cannot_be_rehearsed_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends on"):
        Rehearsal(_small(), UNTIL, START, 1)
    with pytest.raises(InputError, match="chance from 0 to 1"):
        Rehearsal(_small(), START, UNTIL, 1, event_rate=2.0)
    with pytest.raises(UnsupportedError, match="groups in words"):
        rehearse(tmp_path / "x.db", Rehearsal(load_design("parkinson-sham"), START, UNTIL, 1))
    assert not (tmp_path / "x.db").exists()
