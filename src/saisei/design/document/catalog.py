"""The bundled designs, and reading a design by id or from a file."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path

from saisei.design.document.reading import read_document
from saisei.design.document.schema import DesignDocument
from saisei.errors import InputError
from saisei.params import value

__all__ = ["catalog", "example_text", "load_design", "parse_design"]

_ENDING = ".toml"


def catalog() -> list[str]:
    """Ids of the bundled example designs, sorted.

    >>> "single-arm-shift" in catalog()
    True
    """
    names = [entry.name for entry in (files("saisei.design") / "examples").iterdir()]
    return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def example_text(name: str) -> str:
    """The text of a bundled design, to begin one's own from.

    Raises:
        InputError: there is no such example.
    """
    if name not in catalog():
        close = difflib.get_close_matches(name, catalog(), 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise InputError(f"{name} is not an example design; {hint}there are {', '.join(catalog())}")
    return (files("saisei.design") / "examples" / f"{name}{_ENDING}").read_text(encoding="utf-8")


def load_design(id_or_path: str | Path) -> DesignDocument:
    """Read a design by its catalog id or from a TOML or JSON file.

    Args:
        id_or_path: an id of `catalog()`, or a path.

    Raises:
        DocumentError: the document has faults; all of them are listed.
        InputError: there is no such id or file, or it is a folder.
    """
    name = str(id_or_path)
    if isinstance(id_or_path, str) and name in catalog():
        return parse_design(example_text(name).encode("utf-8"), name)
    path = Path(id_or_path)
    if path.is_dir():
        raise InputError(f"{name} is a folder, not a design document; name a file in it")
    if not path.exists():
        close = difflib.get_close_matches(name, catalog(), 1)
        hint = f"did you mean {close[0]}? " if close else ""
        known = ", ".join(catalog())
        raise InputError(
            f"{name} is neither a file nor a bundled design; {hint}the bundled designs are {known}"
        )
    with path.open("rb") as stream:
        return parse_design(stream.read(int(value("design.document_max_bytes")) + 1), name)


def parse_design(content: bytes, name: str) -> DesignDocument:
    """Read a design from the bytes of a document; `name` is how messages call it."""
    return read_document(content, name)
