"""The bundled conditions, and reading a condition by id or from a file."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from saisei.errors import DocumentError, Fault, InputError
from saisei.params import value
from saisei.study.conditions.checks import condition_faults
from saisei.study.conditions.document import ConditionDocument
from saisei.study.lines import show_path
from saisei.study.reading import fault_of

__all__ = ["condition_named", "conditions", "load_condition", "parse_condition"]

_ENDING = ".toml"


def conditions() -> list[str]:
    """Ids of the bundled conditions, sorted."""
    folder = files("saisei.study.conditions") / "documents"
    names = [entry.name for entry in folder.iterdir()]
    return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def load_condition(id_or_path: str | Path) -> ConditionDocument:
    """Read a condition by its id or from a TOML file.

    Raises:
        DocumentError: the document has faults; all of them are listed.
        InputError: there is no such id or file.
    """
    name = str(id_or_path)
    if name in conditions():
        return _bundled(name)
    path = Path(id_or_path)
    if not path.is_file():
        known = ", ".join(conditions())
        raise InputError(
            f"{name} is neither a file nor a bundled condition; the bundled ones are {known}"
        )
    with path.open("rb") as stream:
        return parse_condition(stream.read(int(value("study.max_document_bytes")) + 1), name)


@cache
def _bundled(name: str) -> ConditionDocument:
    folder = files("saisei.study.conditions") / "documents"
    return parse_condition((folder / f"{name}{_ENDING}").read_bytes(), name)


def condition_named(name: str) -> ConditionDocument | None:
    """The bundled condition of that name, as a study document writes it; None when there is none.

    >>> condition_named("Parkinson's disease").id
    'parkinson'
    """
    found = (_bundled(key) for key in conditions())
    return next((one for one in found if name in (one.name, one.id)), None)


def parse_condition(content: bytes, name: str) -> ConditionDocument:
    """Read a condition from the bytes of a document; `name` is how messages call it."""
    limit = int(value("study.max_document_bytes"))
    if len(content) > limit:
        raise DocumentError(name, [Fault("the file", "", f"is larger than {limit:,} bytes")])
    try:
        raw = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        fault = Fault("the file", "", "is not UTF-8 text", "save the file as UTF-8")
        raise DocumentError(name, [fault]) from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise DocumentError(name, [Fault("the file", "", f"is not TOML: {error}")]) from None
    try:
        document = ConditionDocument.model_validate(raw)
    except ValidationError as error:
        found = [fault_of(one, ConditionDocument) for one in error.errors(include_url=False)]
        faults = [Fault(show_path(path), f.value, f.rule, f.mend) for path, f in found]
        raise DocumentError(name, faults) from None
    faults = list(condition_faults(document))
    if faults:
        raise DocumentError(name, faults)
    return document
