"""The bundled studies, and reading a study by id or from a file."""

from __future__ import annotations

import difflib
import hashlib
from importlib.resources import files
from pathlib import Path

from saisei.errors import InputError
from saisei.params import value
from saisei.study.reading import read_document
from saisei.study.study import Study

__all__ = ["catalog", "load", "parse"]

_ENDING = ".toml"


def catalog() -> list[str]:
    """Ids of the bundled studies, sorted.

    >>> "keio-2025" in catalog()
    True
    """
    folder = files("saisei.study") / "records"
    names = [entry.name for entry in folder.iterdir()]
    return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def load(id_or_path: str | Path) -> Study:
    """Read a study by its catalog id or from a TOML file.

    Args:
        id_or_path: an id of `catalog()`, or a path; text with a slash or `.toml` is a path.

    Raises:
        DocumentError: the document has faults; all of them are listed.
        InputError: there is no such id or file, or it is a folder.
    """
    name = str(id_or_path)
    if isinstance(id_or_path, str) and name in catalog():
        content = (files("saisei.study") / "records" / f"{name}{_ENDING}").read_bytes()
        return parse(content, name)
    return parse(_read(Path(id_or_path), name), name)


def parse(content: bytes, name: str) -> Study:
    """Read a study from the bytes of a document; `name` is how messages call it."""
    digest = hashlib.sha256(content).hexdigest()
    return Study(read_document(content, name), digest, name)


def _read(path: Path, name: str) -> bytes:
    if path.is_dir():
        raise InputError(f"{name} is a folder, not a study document; name a {_ENDING} file in it")
    if not path.exists():
        close = difflib.get_close_matches(name, catalog(), 1)
        hint = f"did you mean {close[0]}? " if close else ""
        known = ", ".join(catalog())
        raise InputError(
            f"{name} is neither a file nor a bundled study; {hint}the bundled studies are {known}"
        )
    with path.open("rb") as stream:
        return stream.read(int(value("study.max_document_bytes")) + 1)
