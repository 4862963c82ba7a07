"""The trail: every single change is found and its row named; signatures, redaction, checkpoints."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from saisei.errors import AccessError, ConflictError, InputError, StoreError
from saisei.trial import Role, Store, verify
from saisei.trial.chain import Link, first_break, genesis, link_hash
from saisei.trial.checkpoint import (
    append_checkpoint,
    check_signature,
    make_checkpoint,
    new_key,
    read_checkpoints,
    read_key,
)
from saisei.trial.engine import journal_of, reading, writing
from saisei.trial.tables import records, trail
from saisei.trial.verify import rebuilt_rows

TRIGGERS = (
    "trail_update",
    "trail_delete",
    "records_update",
    "records_delete",
    "vault_update",
    "vault_delete",
)


@pytest.fixture
def small(desk: Any) -> Any:
    """A desk with a few people and exams."""
    desk.enrol("P01")
    exam = desk.investigator.records("exam")[0]
    desk.investigator.correct(exam.entity, {"comments": "Mr X was tired"}, "typing error")
    desk.investigator.sign(exam.entity, desk.password, "I have reviewed this")
    return desk


def tamper(desk: Any, folder: Path, *statements: str) -> Any:
    """The verdict on a copy of the store that somebody with the file changed by hand."""
    path = folder / "tampered.db"
    shutil.copy(desk.store.url.database, path)
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in TRIGGERS:
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()
    store = Store.open(path, desk.clock)
    verdict = verify(store)
    store.close()
    return verdict


def test_the_triggers_refuse_any_change(any_desk: Any) -> None:
    """UPDATE, DELETE and, on SQLite, INSERT OR REPLACE, which slips past triggers unless told not to."""
    statements = ["UPDATE trail SET payload = '{}'", "DELETE FROM trail", "UPDATE records SET body = '{}'",
                  "DELETE FROM records", "DELETE FROM vault", "UPDATE vault SET content = 'x'"]  # fmt: skip
    if any_desk.store.engine.dialect.name == "sqlite":
        statements.append("INSERT OR REPLACE INTO trail (seq, payload, hash) VALUES (1, '{}', 'x')")
    else:
        statements.append("TRUNCATE trail")
    for statement in statements:
        with pytest.raises(StoreError, match="never"), writing(any_desk.store.engine) as connection:
            connection.execute(text(statement))
    assert verify(any_desk.store).sound


def test_every_single_row_changed_removed_inserted_or_reordered_is_found(
    small: Any, folder: Path
) -> None:
    """One after the other, in the trail and in the data; the first broken row is named."""
    last = small.store.head()[0]
    assert verify(small.store).sound
    for row in range(1, last + 1):
        text_of = "replace(payload, '\"version\":1', '\"version\":7') || ' '"
        for statements in (
            [f"UPDATE trail SET payload = {text_of} WHERE seq = {row}"],
            [f"UPDATE trail SET hash = 'f' || substr(hash, 2, 62) || 'f{row}' WHERE seq = {row}"],
            [f"DELETE FROM trail WHERE seq = {row}"],
            [f"UPDATE records SET body = replace(body, '}}', ' }}') WHERE seq = {row}"],
            [f"UPDATE records SET by = 'somebody' WHERE seq = {row}"],
            [f"DELETE FROM records WHERE seq = {row}"],
            [f"DELETE FROM records WHERE seq = {row}", f"DELETE FROM trail WHERE seq = {row}"],
        ):
            verdict = tamper(small, folder, *statements)
            assert not verdict.sound, statements
            assert verdict.first is not None
            assert verdict.first.seq == row, (statements, verdict.faults[:3])


def test_reordered_and_inserted_rows_are_found(small: Any, folder: Path) -> None:
    """Neighbours swapped, in trail alone and in trail and data; a row squeezed in; one put at the end."""
    last = small.store.head()[0]
    for row in range(1, last):
        swap = [
            f"UPDATE {{}} SET seq = -1 WHERE seq = {row}",
            f"UPDATE {{}} SET seq = {row} WHERE seq = {row + 1}",
            f"UPDATE {{}} SET seq = {row + 1} WHERE seq = -1",
        ]
        for tables in (("trail",), ("records",), ("trail", "records")):
            verdict = tamper(small, folder, *[one.format(t) for t in tables for one in swap])
            assert verdict.first is not None
            assert verdict.first.seq == row
    forged = (
        "INSERT INTO trail SELECT {0}, payload, 'forged' || hash FROM trail WHERE seq = 1",
        "INSERT INTO records SELECT {0}, kind, entity || 'x', version, action, subject, site, happened, at,"
        " by, reason, NULL, body FROM records WHERE seq = 1",
    )
    for row in (-5, 0, last + 1, last + 7):
        for which in (forged[:1], forged[1:], forged):
            verdict = tamper(small, folder, *[one.format(row) for one in which])
            assert verdict.first is not None
            assert verdict.first.seq in (row, 1 if row < 1 else row, last + 1)


def test_a_whole_trail_written_anew_is_found_by_a_checkpoint(small: Any, folder: Path) -> None:
    """The chain of the forged trail holds; the checkpoint kept outside does not fit it."""
    key = folder / "key.pem"
    public = new_key(key, "passphrase of the key")
    secret = read_key(key, "passphrase of the key")
    points = folder / "points.jsonl"
    append_checkpoint(points, make_checkpoint(small.store, secret))
    kept = read_checkpoints(points)
    assert verify(small.store, kept, public).sound
    assert key.stat().st_mode & 0o077 == 0
    path = folder / "forged.db"
    shutil.copy(small.store.url.database, path)
    _forge(path, small.store.id)
    forged = Store.open(path, small.clock)
    assert verify(forged).sound
    verdict = verify(forged, kept, public)
    assert "the trail was written anew" in verdict.faults[0]
    shorter = tamper(small, folder)
    assert shorter.sound
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE study SET head_seq = 1")
    assert any("rows were removed" in fault for fault in verify(forged, kept, public).faults)
    other = new_key(folder / "other.pem")
    assert "not signed by the key" in verify(small.store, kept, other).faults[0]
    with pytest.raises(InputError, match="never written over"):
        new_key(key)
    with pytest.raises(InputError, match="cannot be read as a key"):
        read_key(key, "another passphrase")


def _forge(path: Path, study: str) -> None:
    """Change one record and write the whole chain anew, as somebody with the file and our code can."""
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in TRIGGERS:
        connection.execute(f"DROP TRIGGER {trigger}")
    held = genesis(study)
    old = {}
    for seq, payload, hash_ in connection.execute(
        "SELECT seq, payload, hash FROM trail ORDER BY seq"
    ).fetchall():
        forged = payload.replace('"birth_year":1990', '"birth_year":1991')
        for before, after in old.items():
            forged = forged.replace(before, after)
        held = link_hash(held, forged)
        old[hash_] = held
        connection.execute(
            "UPDATE trail SET payload = ?, hash = ? WHERE seq = ?", (forged, held, seq)
        )
        body = json.dumps(
            json.loads(forged)["body"], separators=(",", ":"), sort_keys=True, ensure_ascii=False
        )
        connection.execute("UPDATE records SET body = ? WHERE seq = ?", (body, seq))
    connection.execute("UPDATE study SET head_hash = ?", (held,))
    connection.close()


def test_changed_texts_and_passwords_are_found(small: Any, folder: Path) -> None:
    """What lies behind the commitments is checked too."""
    verdict = tamper(
        small, folder, "UPDATE vault SET content = 'Mr Y' WHERE content = 'Mr X was tired'"
    )
    assert "a text behind the trail was changed" in verdict.faults[0]
    swap = "UPDATE vault SET content = 'x' WHERE purpose = 'credential'"
    assert "a credential behind the trail was changed" in tamper(small, folder, swap).faults[0]
    gone = "UPDATE vault SET content = NULL, salt = NULL WHERE content = 'Mr X was tired'"
    assert "without a redaction" in tamper(small, folder, gone).faults[0]
    assert "are gone" in tamper(small, folder, "DELETE FROM vault").faults[0]


def test_state_rebuilt_from_the_trail_equals_the_stored_state(any_desk: Any) -> None:
    """Row by row, column by column, on both engines."""
    any_desk.enrol("P01")
    with reading(any_desk.store.engine) as connection:
        payloads = connection.execute(select(trail.c.payload).order_by(trail.c.seq)).scalars().all()
        stored = [
            dict(row._mapping)
            for row in connection.execute(select(records).order_by(records.c.seq))
        ]
    assert rebuilt_rows(payloads) == stored


def test_a_change_after_signing_shows(any_desk: Any) -> None:
    """A signature has name, time and meaning; a later version says that it is not the signed one."""
    any_desk.enrol("P01")
    session = any_desk.investigator
    exam = session.records("exam")[0]
    with pytest.raises(AccessError, match="the name or the password is wrong"):
        session.sign(exam.entity, "not the password", "I have reviewed this")
    session.sign(exam.entity, any_desk.password, "I have reviewed this")
    (signed,) = session.signatures(exam.entity)
    assert signed.holds
    assert (signed.record.body.name, signed.record.body.meaning) == (
        "The investigator",
        "I have reviewed this",
    )
    any_desk.as_(Role.ASSESSOR).correct(exam.entity, {"examiner": "Abe"}, "wrong name")
    (signed,) = session.signatures(exam.entity)
    assert not signed.holds
    assert signed.words.startswith("changed after signing, by assessor")


def test_a_redaction_deletes_the_text_and_leaves_the_chain_whole(any_desk: Any) -> None:
    """Of every version; the file itself does not hold it any more."""
    any_desk.enter("P01")
    exam = any_desk.investigator.add(any_desk.exam("P01", comments="Mr Suzuki was tired"))
    any_desk.investigator.correct(exam.entity, {"comments": "Mr Suzuki rested"}, "second look")
    made = any_desk.as_(Role.MANAGER).redact(exam.entity, "a name slipped in")
    assert len(made.body.commitments) == 2
    texts = [one.data["comments"] for one in any_desk.investigator.history(exam.entity)]
    assert texts == ["(redacted)", "(redacted)"]
    verdict = verify(any_desk.store)
    assert verdict.sound
    assert verdict.redacted == 2
    with reading(any_desk.store.engine) as connection:
        dump = [str(row) for name in ("trail", "records", "vault") for row in
                connection.execute(text(f"SELECT * FROM {name}"))]  # fmt: skip
    assert not any("Suzuki" in row for row in dump)


def test_the_chain_is_plain_sha_256() -> None:
    """A slow plain version beside ours, with nothing of ours in it."""
    import hashlib

    held = hashlib.sha256(b"saisei-trail-1 T").digest()
    links = []
    for number in range(1, 5):
        payload = f'{{"seq":{number}}}'
        held = hashlib.sha256(held + payload.encode()).digest()
        links.append(Link(number, payload, held.hex()))
    assert first_break(links, genesis("T"), (4, held.hex())) is None
    assert first_break(links[:3], genesis("T"), (4, held.hex())).seq == 4
    assert first_break(links, genesis("U"), None).seq == 1


def test_a_damaged_file_is_an_error_in_words(desk: Any, folder: Path) -> None:
    """Bytes overwritten, not a database at all, a folder, nothing there, an empty file."""
    path = folder / "damaged.db"
    content = bytearray(Path(desk.store.url.database).read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\x55" * (4096 * 3)
    path.write_bytes(bytes(content))
    words = ""
    try:
        words = str(verify(Store.open(path, desk.clock)).faults)
    except StoreError as error:
        words = str(error)
    assert "damaged" in words
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="no store of a trial"):
        Store.open(path, desk.clock)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="no store of a trial"):
        Store.open(path, desk.clock)
    with pytest.raises(InputError, match="is a folder"):
        Store.open(folder, desk.clock)
    with pytest.raises(InputError, match="no such store"):
        Store.open(folder / "none.db", desk.clock)
    with pytest.raises(InputError, match="SQLite file or PostgreSQL, not mysql"):
        Store.open("mysql://localhost/x", desk.clock)


def test_sqlite_is_set_up_to_lose_nothing(desk: Any) -> None:
    """The pragmas of the house, read back from a connection."""
    journal, flush = journal_of(sqlite3.sqlite_version_info[:3])
    with reading(desk.store.engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "recursive_triggers",
                "trusted_schema",
            )
        }
    assert found["journal_mode"].upper() == journal
    assert found["synchronous"] == {"FULL": 2, "EXTRA": 3}[flush]
    assert (found["foreign_keys"], found["recursive_triggers"], found["trusted_schema"]) == (
        1,
        1,
        0,
    )


def test_the_layout_made_by_migration_is_the_one_that_the_code_reads(any_desk: Any) -> None:
    """Alembic finds nothing to add between the migrated store and `tables`."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from saisei.trial.tables import metadata

    with reading(any_desk.store.engine) as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert [one for one in found if "alembic_version" not in str(one)] == []


def test_a_store_of_another_layout_is_refused(desk: Any) -> None:
    """A newer one cannot be read, an older one is brought up to date first."""
    for layout, words in (("9999", "newer than this Saisei"), ("0000", "saisei trial upgrade")):
        with writing(desk.store.engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": layout})
        with pytest.raises(StoreError, match=words):
            Store.open(desk.store.url.database, desk.clock)


def test_a_forged_checkpoint_is_no_checkpoint(small: Any, folder: Path) -> None:
    """Any field changed breaks the signature."""
    new_key(folder / "key.pem")
    point = make_checkpoint(small.store, read_key(folder / "key.pem"))
    assert check_signature(point)
    from dataclasses import replace

    for change in (
        {"seq": 1},
        {"hash": "0" * 64},
        {"at": "2020"},
        {"study": "X"},
        {"signature": "00"},
    ):
        assert not check_signature(replace(point, **change))


def test_two_corrections_at_once_cannot_both_be_version_2(any_desk: Any) -> None:
    """The backstop behind the lock: the database itself refuses a second row of one version."""
    from saisei.trial.store import Draft

    any_desk.enter("P01")
    record = any_desk.investigator.add(any_desk.exam("P01"))
    rows = any_desk.store.head()[0]
    write: Callable[..., Any] = any_desk.store.write
    with pytest.raises(ConflictError), write("somebody") as writer:
        writer.append(Draft(record.body, record.entity, 1, "correct", "P01", "tokyo", "why"))
    assert any_desk.store.head()[0] == rows
    assert date(2026, 5, 18) == record.on


def test_the_role_of_the_application_adds_and_never_changes(
    postgresql: str, postgresql_pattern: str, desk: Any
) -> None:
    """Without any trigger the database itself refuses; records, signatures and redactions still work."""
    import psycopg

    from saisei.trial.grants import grant

    with pytest.raises(InputError, match="has no roles"):
        grant(desk.store, "anybody")
    url = _copied(postgresql, postgresql_pattern)
    owner = Store.open(url, desk.clock)
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE ROLE app_of_test LOGIN")
    with pytest.raises(StoreError):
        grant(owner, "nobody at all")
    grant(owner, "app_of_test")
    with writing(owner.engine) as connection:
        for trigger in ("trail_kept", "trail_truncate"):
            connection.execute(text(f"DROP TRIGGER {trigger} ON trail"))
    owner.close()
    store = Store.open(url.replace("saisei@", "app_of_test@"), desk.clock)
    store.hasher = desk.store.hasher
    other = type(desk)(store, desk.clock)
    other.enter("P01")
    exam = other.investigator.add(other.exam("P01", comments="Mr X"))
    other.investigator.sign(exam.entity, other.password, "I have reviewed this")
    other.as_(Role.MANAGER).redact(exam.entity, "a name")
    for statement in ("UPDATE trail SET payload = '{}'", "DELETE FROM trail", "TRUNCATE records"):
        with pytest.raises(StoreError, match="permission denied"), writing(store.engine) as one:
            one.execute(text(statement))
    assert verify(store).sound
    store.close()


def _copied(server: str, pattern: str) -> str:
    import sys

    made: str = sys.modules["postgresql_server"].new_database(server, pattern.rsplit("/", 1)[1])
    return made
