"""Result files are written to a temporary name and renamed, so that nobody reads half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saisei.errors import InputError

__all__ = ["finished_file", "write_bytes", "write_text"]


@contextmanager
def finished_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; renamed to it when the block ends well, else removed.

    Raises:
        InputError: the place cannot be written to.
    """
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder, name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror} (name another place)") from error
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)  # mkstemp makes 0600; a result is an ordinary file
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with finished_file(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))
