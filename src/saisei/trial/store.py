"""The store of one trial: opening it, and the one way in which anything is written.

A write takes the lock of the study, reads the clock, checks the rules on the state as it is then, and puts
the record and its row of the trail down in one transaction. Nothing else in Saisei writes to a store.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import URL, Connection, Engine, insert, select, update

from saisei.errors import StoreError
from saisei.params import value
from saisei.trial import layout
from saisei.trial.canonical import canonical
from saisei.trial.chain import commitment, genesis, link_hash
from saisei.trial.engine import open_engine, place_url, reading, writing
from saisei.trial.kinds import KINDS
from saisei.trial.kinds_base import Body
from saisei.trial.picture import Picture, last_row
from saisei.trial.record import Record, moment, read_moment, until
from saisei.trial.tables import records, study, trail, vault

__all__ = ["Clock", "Draft", "Store", "Writer", "payload_text"]

Clock = Callable[[], datetime]
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that is to be written: everything but its row, time and author."""

    body: Body
    entity: str
    version: int = 1
    action: str = "add"
    subject: str = ""
    site: str = ""
    reason: str = ""
    unique_key: str | None = None
    replaced: dict[str, Any] = field(default_factory=dict)


def payload_text(fields: dict[str, Any], body: str) -> str:
    """The canonical JSON of a row of the trail; `body` is canonical already.

    >>> payload_text({"seq": 1, "kind": "site"}, '{"a":1}')
    '{"body":{"a":1},"kind":"site","seq":1}'
    """
    parts = []
    for name in _order(tuple(fields)):
        given = body if name == "body" else fields[name]
        if name != "body":
            # Texts, whole numbers and null only: their one JSON form is the canonical one.
            given = "null" if given is None else _quoted(given) if given.__class__ is str else given
        parts.append(f'"{name}":{given}')
    return "{" + ",".join(parts) + "}"


@lru_cache(maxsize=8)
def _order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted((*names, "body")))


class Store:
    """One trial in its database.

    >>> store = Store.open("trial.db", clock)  # doctest: +SKIP
    >>> session = store.login("kato", "a long password")  # doctest: +SKIP
    """

    def __init__(self, engine: Engine, clock: Clock, id: str) -> None:
        self.engine, self.clock, self.id = engine, clock, id
        self.hasher = PasswordHasher()

    @classmethod
    def make(cls, place: str | Path, id: str, clock: Clock) -> Store:
        """An empty store with its tables; `saisei.trial.setup.create` fills in the first records.

        Raises:
            StoreError: there is a store already, or the place cannot be written.
        """
        url = place_url(place)
        if url.get_backend_name() == "sqlite" and Path(str(url.database)).exists():
            raise StoreError(f"{url.database} exists already: name another file, or move it away")
        engine = open_engine(url, must_exist=False)
        now = moment(clock())
        with writing(engine) as connection:
            if layout.current_layout(connection) is not None:
                raise StoreError("there is a store already in this database: name another one")
            layout.upgrade(connection)
            connection.execute(
                insert(study).values(
                    id=id, layout=1, made_at=now, head_seq=0, head_hash=genesis(id), head_at=now
                )
            )
        return cls(engine, clock, id)

    @classmethod
    def open(cls, place: str | Path, clock: Clock) -> Store:
        """Open a store; its layout must be the one that this version writes.

        Args:
            place: path of an SQLite file, or URL of a PostgreSQL database.
            clock: gives the present moment, with its time zone.

        Raises:
            InputError: there is no such file. StoreError: no store, another layout, damage.
        """
        engine = open_engine(place_url(place))
        with reading(engine) as connection:
            layout.require_layout(connection)
            found = connection.execute(select(study.c.id)).scalar_one()
        return cls(engine, clock, str(found))

    @property
    def url(self) -> URL:
        """Where it is."""
        return self.engine.url

    @property
    def name(self) -> str:
        """Where it is, for messages: no password in it."""
        if self.engine.dialect.name == "sqlite":
            return str(self.url.database)
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def picture(self, as_of: date | datetime | None = None) -> Picture:
        """Everything the store says, at a moment or now; for the program itself, not for a person.

        Args:
            as_of: the moment; a day counts to its end (UTC).
        """
        with reading(self.engine) as connection:
            upto = last_row(connection, until(as_of))
        return Picture(lambda: reading(self.engine), upto)

    def head(self) -> tuple[int, str, str]:
        """Number, hash and time of the last row of the trail."""
        with reading(self.engine) as connection:
            row = connection.execute(select(study)).one()
        return row.head_seq, row.head_hash, row.head_at

    def hash_at(self, row: int) -> str:
        """The hash of the trail at a row: the digest of everything entered up to it."""
        if row == 0:
            return genesis(self.id)
        with reading(self.engine) as connection:
            query = select(trail.c.hash).where(trail.c.seq == row)
            return str(connection.execute(query).scalar_one())

    @contextmanager
    def write(self, by: str) -> Iterator[Writer]:
        """One transaction that writes under the lock of the study, in the name of an account."""
        with writing(self.engine) as connection:
            writer = Writer(connection, self.clock, by)
            yield writer
            writer.finish()


class Writer:
    """Writes records and their rows of the trail; lives inside one transaction.

    Attributes:
        now: the moment of this transaction, read from the clock under the lock.
        picture: the state before it, with what it has written so far.
    """

    def __init__(self, connection: Connection, clock: Clock, by: str) -> None:
        self.connection, self.by = connection, by
        head = connection.execute(select(study).with_for_update()).one()
        self._study, self._seq, self._hash = head.id, head.head_seq, head.head_hash
        self.now = _believed(clock(), read_moment(head.head_at))
        self.at = moment(self.now)
        self.picture = Picture(self._reader, self._seq)
        self._rows: dict[str, list[dict[str, Any]]] = {"trail": [], "records": [], "vault": []}

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        self._flush()
        yield self.connection

    def seal(self, text: str, purpose: str = "text") -> str:
        """Keep a text outside the trail; returns what stands in the trail for it."""
        salt = secrets.token_bytes(32)
        made = commitment(salt, text)
        row = {"commitment": made, "purpose": purpose, "salt": salt, "content": text}
        self._rows["vault"].append(row)
        return made

    def append(self, draft: Draft) -> Record[Any]:
        """Put one record down. The rules have been checked by the caller."""
        kind = draft.body.kind
        content = draft.body.content()
        texts: dict[str, str | None] = {}
        for name in KINDS[kind].free:
            if isinstance(content.get(name), str):
                sealed = self.seal(content[name])
                texts[sealed] = content[name]
                content[name] = {"commitment": sealed}
        content.update(draft.replaced)
        body = canonical(content).decode("utf-8")
        happened = draft.body.happened
        fields = {
            "kind": kind,
            "entity": draft.entity,
            "version": draft.version,
            "action": draft.action,
            "subject": draft.subject,
            "site": draft.site,
            "happened": happened.isoformat() if happened else "",
            "at": self.at,
            "by": self.by,
            "reason": self.seal(draft.reason) if draft.reason else "",
            "unique_key": draft.unique_key,
        }
        self._seq += 1
        payload = payload_text({**fields, "seq": self._seq, "study": self._study}, body)
        self._hash = link_hash(self._hash, payload)
        self._rows["trail"].append({"seq": self._seq, "payload": payload, "hash": self._hash})
        self._rows["records"].append({**fields, "seq": self._seq, "body": body})
        if len(self._rows["trail"]) >= _BATCH:
            self._flush()
        record: Record[Any] = Record(
            self._seq, kind, draft.entity, draft.version, draft.action, draft.subject, draft.site,
            str(fields["happened"]), self.at, self.by, draft.reason, body, texts,
        )  # fmt: skip
        self.picture.absorb(record, draft.unique_key)
        return record

    def _flush(self) -> None:
        for table in (vault, trail, records):
            rows = self._rows[table.name]
            if rows:
                self.connection.execute(insert(table), rows)
                rows.clear()

    def finish(self) -> None:
        """Write what is left and move the head of the trail."""
        self._flush()
        self.connection.execute(
            update(study).values(head_seq=self._seq, head_hash=self._hash, head_at=self.at)
        )


def _believed(now: datetime, last: datetime) -> datetime:
    """The moment to write: never before the last row, so that an as-of view is a part of the trail."""
    if now >= last:
        return now
    if last - now > timedelta(seconds=value("trial.clock_tolerance_seconds")):
        raise StoreError(
            f"the clock says {moment(now)}, but the last record was entered at {moment(last)}:"
            " set the clock of this machine right"
        )
    return last


def record_digest(record: Record[Any]) -> str:
    """SHA-256 of what a record says, without its row: equal content, equal digest."""
    parts = (record.kind, record.entity, str(record.version), record.action, record.text)
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()
