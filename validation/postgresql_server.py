"""A PostgreSQL server for checks: the one that SAISEI_TEST_POSTGRESQL names, or one of our own in a folder.

`server()` yields the URL of a server on which databases may be made; None when there is none, with the reason
in `WHY_NONE`. Our own server runs without being root, listens on this machine only, and is gone afterwards.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

WHY_NONE = (
    "no PostgreSQL here: set SAISEI_TEST_POSTGRESQL to a URL, or install the package postgresql"
)

_ROOM_BYTES = 2 << 30


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((str(one / name) for one in folders if (one / name).exists()), None)


def roomy_memory() -> str | None:
    """A folder in memory where there is room for many small databases; containers often have little."""
    place = Path("/dev/shm")
    if not place.is_dir() or shutil.disk_usage(place).free < _ROOM_BYTES:
        return None
    return str(place)


def _as_postgres() -> list[str]:
    """What must stand before a command so that the server does not run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextmanager
def server(durable: bool = False) -> Iterator[str | None]:
    """The URL of a server, or None.

    Args:
        durable: whether our own server waits for the disk; only where speed is measured.
    """
    given = os.environ.get("SAISEI_TEST_POSTGRESQL")
    if given:
        yield given
        return
    initdb, postgres = _program("initdb"), _program("postgres")
    try:
        if os.geteuid() == 0:
            pwd.getpwnam("postgres")
    except KeyError:
        initdb = None
    if initdb is None or postgres is None:
        yield None
        return
    memory = None if durable else roomy_memory()
    with tempfile.TemporaryDirectory(prefix="saisei-pg-", dir=memory) as folder:
        place = Path(folder)
        if os.geteuid() == 0:
            shutil.chown(place, "postgres", "postgres")
        data = place / "data"
        subprocess.run(
            [*_as_postgres(), initdb, "-D", str(data), "-U", "saisei", "-A", "trust", "-E", "UTF8",
             "--no-locale", "--data-checksums", "--no-sync"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [*_as_postgres(), postgres, "-D", str(data), "-p", str(port), "-k", folder,
             "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=60",
             "-c", f"fsync={'on' if durable else 'off'}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        url = f"postgresql://saisei@127.0.0.1:{port}/postgres"
        try:
            _wait(url)
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: the folder goes anyway
            process.wait(30)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the PostgreSQL server does not answer")


def new_database(url: str, template: str | None = None) -> str:
    """The URL of a new database on a server; with `template`, a copy of that one."""
    name = f"saisei_{uuid.uuid4().hex[:12]}"
    copied = f' TEMPLATE "{template}"' if template else ""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{copied}')
    return url.rsplit("/", 1)[0] + f"/{name}"
