"""A backup is restored and verified, from either engine into either; a damaged or foreign one is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from saisei.errors import InputError, StoreError
from saisei.trial import KINDS, Role, verify
from saisei.trial.backup import backup, read_backup, restore


@pytest.fixture
def worked(any_desk: Any) -> Any:
    """A desk with a person, a correction and a redaction."""
    any_desk.enrol("P01")
    exam = any_desk.investigator.records("exam")[0]
    any_desk.investigator.correct(exam.entity, {"comments": "line\u2028two"}, "why\u0085not")
    any_desk.investigator.add_json(
        "deviation",
        {
            "participant": "P01",
            "on": "2026-05-18",
            "area": "exam",
            "major": False,
            "what": "Mr X late",
        },
    )
    manager = any_desk.as_(Role.MANAGER)
    manager.redact(manager.records("deviation")[0].entity, "a name slipped in")
    return any_desk


def contents(store: Any) -> list[Any]:
    """Every version of every record as it is read."""
    picture = store.picture()
    return [
        [one.entity, one.version, one.reason, one.data]
        for kind in KINDS
        for one in picture.versions(kind)
    ]


@pytest.mark.parametrize("passphrase", [None, "a passphrase"])
def test_restored_equals_original(worked: Any, folder: Path, passphrase: str | None) -> None:
    """Every version of every record, texts and redactions among them; the hash of the last row."""
    manifest = backup(worked.store, folder / "b", passphrase)
    assert (folder / "b.manifest.json").exists()
    store, verdict = restore(
        (folder / "b").read_bytes(), folder / "again.db", worked.clock, passphrase
    )
    assert verdict.sound
    assert verdict.head == manifest.head == worked.store.head()[1]
    assert contents(store) == contents(worked.store)
    store.hasher = worked.store.hasher
    other = type(worked)(store, worked.clock)
    other.clock.at(date(2026, 6, 1))
    other.investigator.add(other.exam("P01", "unscheduled-1"))
    assert verify(store).sound
    store.close()


def test_from_sqlite_to_postgresql_and_back(
    desk: Any, folder: Path, new_database: Callable[[], str]
) -> None:
    """The same trail in both engines, byte for byte."""
    desk.enrol("P01")
    backup(desk.store, folder / "one")
    there, _ = restore((folder / "one").read_bytes(), new_database(), desk.clock)
    backup(there, folder / "two")
    back, _ = restore((folder / "two").read_bytes(), folder / "back.db", desk.clock)
    assert desk.store.head() == there.head() == back.head()
    assert contents(desk.store) == contents(there) == contents(back)
    there.close()
    back.close()


def test_what_is_no_sound_backup_is_refused(desk: Any, folder: Path) -> None:
    """Every cut, a changed byte, a wrong passphrase, a target that exists; nothing is left behind."""
    desk.enrol("P01")
    backup(desk.store, folder / "plain")
    backup(desk.store, folder / "locked", "a passphrase")
    plain, locked = (folder / "plain").read_bytes(), (folder / "locked").read_bytes()
    for content in (b"", b"x" * 50, *[plain[:n] for n in range(0, len(plain), 499)]):
        with pytest.raises(InputError):
            read_backup(content)
    for place in range(20, len(plain), 997):
        changed = bytearray(plain)
        changed[place] ^= 1
        with pytest.raises(InputError):
            restore(bytes(changed), folder / "new.db", desk.clock)
    # every bit of the last byte changed: a fixed letter would be the right one once in 256 runs
    torn = locked[:-1] + bytes([locked[-1] ^ 0xFF])
    for content, key in ((locked, None), (locked, "wrong"), (torn, "a passphrase")):
        with pytest.raises(InputError):
            restore(content, folder / "new.db", desk.clock, key)
    assert not (folder / "new.db").exists()
    with pytest.raises(InputError, match="exists already"):
        restore(plain, Path(desk.store.url.database), desk.clock)
    with pytest.raises(InputError, match="never written over"):
        backup(desk.store, folder / "plain")
    assert sorted(one.name for one in folder.iterdir() if one.name.startswith(".")) == []


def test_a_broken_store_is_not_backed_up(desk: Any, folder: Path) -> None:
    """A good backup must not be followed by a broken one without a word."""
    import sqlite3

    with sqlite3.connect(desk.store.url.database) as connection:
        connection.execute("DROP TRIGGER records_update")
        connection.execute("UPDATE records SET by = 'somebody' WHERE seq = 4")
    with pytest.raises(StoreError, match="does not verify"):
        backup(desk.store, folder / "b")
    assert not (folder / "b").exists()
