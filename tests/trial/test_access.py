"""The table of permissions, walked exhaustively; and nothing that a blinded assessor reaches unblinds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from saisei.errors import AccessError, InputError, SaiseiError
from saisei.trial import (
    BLINDED,
    KINDS,
    Account,
    AdverseEvent,
    Allocation,
    Correction,
    DrugLevel,
    Participant,
    Role,
    Unblinding,
    Visit,
    login,
    may,
)
from saisei.trial.access import TABLE, VIEWS, roles_that_may

DAY = date(2026, 5, 22)
CELLS = {
    (line.split()[0], role): letters
    for line in TABLE.strip().splitlines()[1:]
    for role, letters in zip(TABLE.split("\n")[1].split()[1:], line.split()[1:], strict=True)
}
MADE_OTHERWISE = {"signature", "redaction", "export", "account"}


@pytest.fixture
def rich(desk: Any) -> tuple[Any, dict[str, str]]:
    """One record of every kind; kind -> id."""
    desk.stock()
    desk.enrol("P01")
    desk.treat("P01", "L1-V1", DAY)
    manager, investigator = desk.as_(Role.MANAGER), desk.investigator
    person = {"participant": "P01", "on": DAY.isoformat()}
    at_visit = {**person, "visit": "unscheduled-1"}
    investigator.add_json("visit", at_visit)
    investigator.add_json("scale", {**at_visit, "instrument": "SCIM III", "total": 20})
    investigator.add_json("imaging", {**at_visit, "reader": "Mori", "graft_ul": 10.0})
    investigator.add_json(
        "drug_level", {**person, "drug": "tacrolimus", "level": 8.0, "unit": "ng/mL"}
    )
    investigator.add_json("rehabilitation", {**person, "until": DAY.isoformat(), "hours": 3})
    event = {**person, "term": "fever", "grade": 1, "serious": False, "expected": True}
    investigator.add_json("adverse_event", event)
    investigator.add_json("deviation", {**person, "area": "exam", "major": False, "what": "late"})
    investigator.add_json("withdrawal", {**person, "scope": "treatment", "by_whom": "participant"})
    investigator.add_json("death", person)
    held = {"vial": "L1-V2", "event": "stored", "where": "Tank 1", "gave": "Ito", "took": "Abe"}
    desk.as_(Role.PHARMACIST).add_json("custody", {**held, "on": DAY.isoformat()})
    manager.add_json("decision", {"on": DAY.isoformat(), "by_whom": "Board", "what": "continue"})
    exam = investigator.records("exam")[0]
    question = {
        "about": exam.entity,
        "on": DAY.isoformat(),
        "question": "C6?",
        "participant": "P01",
    }
    manager.add_json("query", question)
    told = {**person, "told": "the surgeon", "grounds": "emergency"}
    manager.add_json("unblinding", told)
    desk.as_(Role.ASSESSOR).sign(exam.entity, desk.password, "I have reviewed this")
    manager.redact(manager.records("deviation")[0].entity, "a name slipped in")
    picture = desk.store.picture()
    found = {kind: picture.of(kind)[0].entity for kind in KINDS if picture.of(kind)}
    return desk, found


def test_the_table_has_every_kind_and_every_role() -> None:
    """No kind of record and no role can be forgotten."""
    assert {what for what, _ in CELLS} == set(KINDS) | set(VIEWS)
    assert {role for _, role in CELLS} == set(Role)


def test_reading_is_as_the_table_says(rich: Any) -> None:
    """Every role on every kind: the list, one record by its id, and its history."""
    desk, entities = rich
    missing = set(KINDS) - set(entities) - {"export"}
    assert missing == set()
    for role in Role:
        session = desk.as_(role)
        for kind, entity in entities.items():
            allowed = "r" in CELLS[kind, role]
            assert may([role], "read", kind) is allowed
            assert _worked(lambda k=kind, s=session: s.records(k)) is allowed, (role, kind)
            assert _worked(lambda e=entity, s=session: s.get(e)) is allowed, (role, kind)
            assert _worked(lambda e=entity, s=session: s.history(e)) is allowed, (role, kind)
            seen = {row["kind"] for row in session.trail()}
            assert (kind in seen) is allowed, (role, kind)


def test_writing_is_as_the_table_says(rich: Any) -> None:
    """Every role on every kind: whoever may not add or change is refused first of all."""
    desk, entities = rich
    rows = desk.store.head()[0]
    for role in Role:
        session = desk.as_(role)
        for kind, entity in entities.items():
            if kind not in MADE_OTHERWISE and "a" not in CELLS[kind, role]:
                body = desk.store.picture().find(entity)[0].body
                with pytest.raises(AccessError):
                    session.add(body)
            if "c" not in CELLS[kind, role]:
                with pytest.raises(AccessError):
                    session.correct(entity, {}, "why")
                with pytest.raises(AccessError):
                    session.void(entity, "why")
            if "s" not in CELLS[kind, role]:
                with pytest.raises(AccessError):
                    session.sign(entity, desk.password, "I approve this")
            if "a" not in CELLS["redaction", role]:
                with pytest.raises(AccessError):
                    session.redact(entity, "why")
    assert desk.store.head()[0] == rows


def test_whoever_may_write_gets_past_the_table(rich: Any) -> None:
    """The other half of the walk: no AccessError where the table has the letter."""
    desk, entities = rich
    for role in Role:
        session = desk.as_(role)
        for kind, entity in entities.items():
            body = desk.store.picture().find(entity)[0].body
            if kind not in MADE_OTHERWISE and "a" in CELLS[kind, role]:
                _not_barred(lambda s=session, b=body: s.add(b))
            if "c" in CELLS[kind, role] and KINDS[kind].correction is not Correction.NEVER:
                _not_barred(lambda s=session, e=entity: s.correct(e, {}, "why"))
            if "s" in CELLS[kind, role]:
                _not_barred(lambda s=session, e=entity: s.sign(e, desk.password, "I approve this"))


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_as_the_table_says(desk: Any, view: str) -> None:
    """Monitoring, reports, exports, backup: each behind its row."""
    for role in Role:
        worked = _worked(lambda r=role: desk.as_(r).view(view))
        assert worked is ("u" in CELLS[view, role])


def _worked(call: Callable[[], Any]) -> bool:
    try:
        call()
    except AccessError:
        return False
    return True


def _not_barred(call: Callable[[], Any]) -> None:
    try:
        call()
    except AccessError as error:
        pytest.fail(f"barred although the table allows it: {error}")
    except SaiseiError:
        pass


UNBLINDING_KINDS = {
    "allocation", "lot", "lot_test", "lot_decision", "vial", "vial_release", "custody", "dosing",
    "drug_level", "adverse_event", "imaging", "unblinding", "deviation", "decision", "donor", "line",
}  # fmt: skip


def test_no_cell_of_the_table_unblinds_an_assessor() -> None:
    """By the table itself, whatever the code does."""
    for role in BLINDED:
        for kind in UNBLINDING_KINDS:
            assert CELLS[kind, role] == "."
        assert [view for view in VIEWS if CELLS[view, role] != "."] == [
            "view:schedule",
            "view:trail",
        ]


def test_an_assessor_can_have_no_other_role(desk: Any) -> None:
    """Two roles would let one person see both sides."""
    both = Account(user="both", name="Both", roles=(Role.ASSESSOR, Role.MONITOR))
    with pytest.raises(InputError, match="an assessor is blinded"):
        desk.as_(Role.ADMIN).add_account(both, desk.password)


def _everything(desk: Any) -> str:
    """All that an assessor can reach, as text, with drawn ids and moments put in the order of appearance."""
    session = desk.as_(Role.ASSESSOR)
    found: list[Any] = []
    for kind in KINDS:
        try:
            for record in session.records(kind):
                found.append([record.data, record.seq, record.version, record.happened, record.by])
                found.append([one.data for one in session.history(record.entity)])
                found.append([one.words for one in session.signatures(record.entity)])
        except AccessError as error:
            found.append(str(error))
    for row in session.trail():
        found.append({name: row[name] for name in row if name not in ("at", "entity")})
    picture = session.picture()
    found += [[kind, len(picture.of(kind)), len(picture.versions(kind))] for kind in KINDS]
    for entity in ("dosing:none", "lot:L1", "vial:L1-V1", "allocation:x"):
        try:
            session.get(entity)
        except AccessError as error:
            found.append(str(error))
    for view in VIEWS:
        try:
            seen = session.view(view)
            found += [[kind, [one.data for one in seen.versions(kind)]] for kind in KINDS]
        except AccessError as error:
            found.append(str(error))
    found.append(session.schedule(DAY + timedelta(days=60)))
    return json.dumps(found, default=str)


@pytest.mark.parametrize("design", ["randomised-fisher"])
def test_what_an_assessor_reaches_does_not_depend_on_the_arm(
    make_store: Any, folder: Any, hand: Any, design: str, desk: Any
) -> None:
    """Two trials that differ only in who got cells: everything an assessor can reach is the same text."""
    texts = []
    for arm in ("cells", "control"):
        clock = type(hand)()
        store = make_store(folder / f"{arm}.db", clock, design)
        other = type(desk)(store, clock)
        keys = {one.role.value: one.key for one in store.picture().design.arms}
        treated, control = keys["treated"], keys["control"]
        other.stock()
        other.enter("P01")
        other.investigator.add(other.exam("P01"))
        fields = other.screening("P01", exam_on="2026-05-18")
        other.investigator.add_json("screening", fields)
        chosen = treated if arm == "cells" else control
        place = Allocation(participant="P01", on=date(2026, 5, 18), arm=chosen, day_zero=DAY)
        other.as_(Role.MANAGER).add(place)
        if arm == "cells":
            other.treat("P01", "L1-V1", DAY)
            level = DrugLevel(participant="P01", on=DAY, drug="tacrolimus", level=8.0, unit="ng/mL")
            other.investigator.add(level)
        harm = AdverseEvent(
            participant="P01", on=DAY, term="headache", grade=1, serious=False, expected=True
        )
        other.clock.at(date(2026, 8, 21))
        other.investigator.add(harm)
        visit = Visit(participant="P01", visit="unscheduled-1", on=DAY)
        assert other.as_(Role.ASSESSOR).add(visit).seq == 0
        exam = other.as_(Role.ASSESSOR).add(other.exam("P01", "unscheduled-1", on=DAY))
        signed = other.as_(Role.ASSESSOR).sign(exam.entity, other.password, "I have reviewed this")
        changed = other.as_(Role.ASSESSOR).correct(exam.entity, {"examiner": "Abe"}, "wrong name")
        assert (exam.seq, signed.seq, changed.seq) == (0, 0, 0)
        texts.append(_everything(other))
        store.close()
    assert texts[0] == texts[1]


def test_people_of_another_site_are_not_seen(desk: Any) -> None:
    """Neither read nor written, and the words are those for what does not exist."""
    desk.enter("P01", site="tokyo")
    desk.enter("P02", site="osaka")
    record = desk.investigator.add(desk.exam("P02"))
    tokyo = desk.as_(Role.INVESTIGATOR, sites=("tokyo",))
    assert [one.subject for one in tokyo.records("participant")] == ["P01"]
    assert tokyo.records("exam") == []
    with pytest.raises(AccessError, match="that you may see"):
        tokyo.get(record.entity)
    for repeat in (1, 2):  # the first stands already; nobody from elsewhere may learn that
        with pytest.raises(AccessError, match="do not work at the site"):
            tokyo.add(desk.exam("P02", repeat=repeat))
    with pytest.raises(AccessError, match="do not work at the site"):
        tokyo.add(Participant(participant="P03", site="osaka", injured_on=date(2026, 5, 1)))


def test_signing_in(desk: Any) -> None:
    """The right password; a wrong one and an unknown name in the same words; then too many tries."""
    assert login(desk.store, "monitor", desk.password).account.roles == (Role.MONITOR,)
    words = "the name or the password is wrong"
    for user in ("monitor", "nobody"):
        with pytest.raises(AccessError, match=words):
            login(desk.store, user, "not the password")
    for _ in range(4):
        with pytest.raises(AccessError):
            login(desk.store, "monitor", "not the password")
    with pytest.raises(AccessError, match="too many wrong passwords"):
        login(desk.store, "monitor", desk.password)
    desk.clock.at(date(2026, 5, 20))
    assert login(desk.store, "monitor", desk.password)


def test_an_account_closed_or_given_a_new_password(desk: Any) -> None:
    """A closed account cannot sign in; the old password does not work any more; the trail has both."""
    admin = desk.as_(Role.ADMIN)
    admin.set_password("monitor", "another long password")
    with pytest.raises(AccessError):
        login(desk.store, "monitor", desk.password)
    login(desk.store, "monitor", "another long password")
    admin.correct("account:monitor", {"active": False}, "left the trial")
    with pytest.raises(AccessError):
        login(desk.store, "monitor", "another long password")
    with pytest.raises(InputError, match="12 or more"):
        admin.set_password("monitor", "short")
    with pytest.raises(AccessError):
        desk.as_(Role.MONITOR).set_password("manager", "another long password")
    reasons = [row["reason"] for row in admin.trail() if row["entity"] == "account:monitor"]
    assert reasons == ["", "password set", "left the trial"]


def test_nobody_enters_what_the_program_makes(desk: Any) -> None:
    """An unblinding is entered by the manager; a signature by signing only."""
    desk.enter("P01")
    told = Unblinding(
        participant="P01", on=DAY.replace(day=17), told="surgeon", grounds="emergency"
    )
    desk.as_(Role.MANAGER).add(told)
    with pytest.raises(InputError, match="made by its own command"):
        desk.investigator.add_json(
            "signature",
            {"target": "x", "version": 1, "record_hash": "0", "signer": "a", "name": "b",
             "meaning": "I approve this"},
        )  # fmt: skip
    assert Role.MANAGER in roles_that_may("add", "unblinding")
