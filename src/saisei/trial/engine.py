"""Opening the database of a trial: SQLite in one file, or PostgreSQL by its URL, set up to lose nothing.

SQLite before 3.51.3 (and 3.52.0) has a race in its write-ahead log that can corrupt a file, so there the
rollback journal is used with the strictest flushing (platform rule 5.4, decision D150).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from saisei.errors import ConflictError, InputError, StoreError
from saisei.params import value

__all__ = ["journal_of", "open_engine", "place_url", "reading", "translated", "writing"]

_FIXED = (3, 51, 3)
_WITHDRAWN = (3, 52, 0)
_WRITE = "saisei_write"


def journal_of(version: tuple[int, int, int]) -> tuple[str, str]:
    """Journal mode and flushing for a version of SQLite.

    >>> journal_of((3, 40, 1)), journal_of((3, 52, 0)), journal_of((3, 53, 0))
    (('DELETE', 'EXTRA'), ('DELETE', 'EXTRA'), ('WAL', 'FULL'))
    """
    return ("WAL", "FULL") if version >= _FIXED and version != _WITHDRAWN else ("DELETE", "EXTRA")


def place_url(place: str | Path) -> URL:
    """The URL of a place: a path is an SQLite file, anything with `://` a database by URL.

    Raises:
        InputError: neither SQLite nor PostgreSQL.
    """
    text = str(place)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text)))
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError("the URL of the store is not understood: write postgresql://...") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database:
        return url
    raise InputError(
        f"a store is an SQLite file or PostgreSQL, not {url.get_backend_name()}:"
        " give a path or postgresql://user@host/database"
    )


def open_engine(url: URL, *, must_exist: bool = True) -> Engine:
    """An engine with every setting of the house; a missing SQLite file is an error, never made by reading."""
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a store: name the file")
        if must_exist and not path.exists():
            raise InputError(f"{path}: there is no such store; `saisei trial init` makes one")
        engine = create_engine(url, connect_args={"timeout": value("trial.lock_wait_seconds")})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"-c lock_timeout={int(1000 * value('trial.lock_wait_seconds'))} -c timezone=UTC"
    return create_engine(url, connect_args={"options": options, "connect_timeout": 10})


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = (
        None  # transactions begin where we say, not where the driver guesses
    )
    journal, flush = journal_of(sqlite3.sqlite_version_info[:3])
    cursor = connection.cursor()
    for pragma in (
        f"journal_mode={journal}",
        f"synchronous={flush}",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the triggers
        "trusted_schema=OFF",
        f"busy_timeout={int(1000 * value('trial.lock_wait_seconds'))}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: committed when the block ends well, else nothing of it stays."""
    with (
        translated(engine),
        engine.connect().execution_options(**{_WRITE: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that reads a single state of the store, whatever others write meanwhile."""
    with translated(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """What goes wrong in the database, as one sentence of ours."""
    place = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite":
        place = str(engine.url.database)
    try:
        yield
    except IntegrityError as error:
        if "unique" in str(error.orig).lower():
            raise ConflictError(
                "somebody else has just entered the same thing: read it again before you go on"
            ) from error
        raise StoreError(f"{place} refuses the record: {_first_line(error.orig)}") from error
    except DBAPIError as error:
        raise StoreError(f"{place}: {_reason(str(error.orig))}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{place}: {_first_line(error)}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{place}: {_reason(str(error))}") from error


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0]


_REASONS = (
    (
        "disk is full",
        "the disk is full; nothing of this was written: free some space and do it again",
    ),
    (
        "No space left",
        "the disk is full; nothing of this was written: free some space and do it again",
    ),
    ("disk I/O error", "the disk refuses to write (full, or broken); nothing of this was written"),
    ("unable to open", "cannot be opened: check the folder and your rights to it"),
    ("readonly", "may only be read: check your rights to the file and its folder"),
    ("database is locked", "somebody else is writing for too long: try again"),
    ("lock timeout", "somebody else is writing for too long: try again"),
    ("not a database", "is no store of a trial (or is encrypted or damaged)"),
    ("malformed", "is damaged: stop, keep the file, and restore the last backup beside it"),
    ("no such table", "is no store of a trial; `saisei trial init` makes one"),
    ("does not exist", "is no store of a trial; `saisei trial init` makes one"),
    ("onnection", "the database cannot be reached"),
)


def _reason(text: str) -> str:
    for mark, sentence in _REASONS:
        if mark in text:
            return sentence
    return _first_line(text)


def sync_folder(path: Path) -> None:
    """Make a rename in this folder survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
