"""The five tables of a store. `trail` is the source; `records` can be rebuilt from it.

`study`    one row: the trial, and number and hash of the last row of the trail (the writer lock)
`trail`    what was done, in order: canonical JSON and its hash; inserted, never changed
`records`  the same, as typed rows to be searched; inserted, never changed
`vault`    salts and texts behind the commitments of the trail: personal free text, password hashes
`tries`    failed sign-ins, so that guessing is slowed (outside the trail: it says nothing of the trial)
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

__all__ = ["metadata", "records", "study", "trail", "tries", "vault"]

metadata = MetaData()

study = Table(
    "study",
    metadata,
    Column("id", Text, primary_key=True),
    Column("layout", Integer, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("head_seq", Integer, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("head_at", Text, nullable=False),
    sqlite_strict=True,
)

trail = Table(
    "trail",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("payload", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    sqlite_strict=True,
)

records = Table(
    "records",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("happened", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("unique_key", Text, unique=True),
    Column("body", Text, nullable=False),
    # Backstop behind the writer lock: no two records can be the same version of one thing.
    UniqueConstraint("entity", "version", name="one_version"),
    Index("by_kind", "kind", "subject"),
    Index("by_subject", "subject", "kind"),
    Index("by_time", "at"),
    sqlite_strict=True,
)

vault = Table(
    "vault",
    metadata,
    Column("commitment", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("salt", LargeBinary),
    Column("content", Text),
    sqlite_strict=True,
)

tries = Table(
    "tries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Text, nullable=False),
    sqlite_strict=True,
)
