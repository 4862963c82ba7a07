"""The loader of sourced values; it refuses a value without meaning, unit, basis or source.

Takes TOML texts: `sources.toml` (one table per paper, standard or data set) and one or more files per
stage (`evidence.toml`, `evidence_landmark.toml`), one table per value, named `stage.name`. Gives frozen
records. Fields of a value: meaning, value, unit, spread, basis, species, source, where, as_printed,
conversion, direction, read_on; an assumed value also says why and the number of the decision; `status`
is "recalled" where nobody has read the source again.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from saisei.errors import DocumentError, Fault, InputError
from saisei.units import UNITS, is_unit

__all__ = [
    "Basis",
    "Parameter",
    "Parameters",
    "Source",
    "digest",
    "load",
    "parameter",
    "parse",
    "value",
]

Value = float | int | str | bool | tuple[float, ...]
_REQUIRED = ("meaning", "value", "unit", "basis", "source")
_OPTIONAL = (
    "spread", "species", "where", "as_printed", "conversion", "direction", "read_on",
    "why", "decision", "status",
)  # fmt: skip
_SOURCE_REQUIRED = ("cite", "year", "for")
_SOURCE_OPTIONAL = ("doi", "url", "read", "licence", "author")
_STATUS = ("read", "recalled")


class Basis(StrEnum):
    """How a value came to be."""

    MEASURED = "measured"
    FITTED = "fitted"
    DERIVED = "derived"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Source:
    """A paper, standard or data set, and what it is cited for."""

    key: str
    cite: str
    year: int
    used_for: str
    doi: str = ""
    url: str = ""
    read: str = ""
    licence: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value with its meaning, unit, basis and source."""

    id: str
    meaning: str
    value: Value
    unit: str
    basis: Basis
    source: Source
    file: str
    spread: str = ""
    species: str = ""
    where: str = ""
    as_printed: str = ""
    conversion: str = ""
    direction: str = ""
    read_on: str = ""
    why: str = ""
    decision: str = ""
    status: str = "read"

    @property
    def mark(self) -> str:
        """`assumed`, `recalled` or empty: shown wherever the value is shown."""
        if self.basis is Basis.ASSUMED:
            return "assumed"
        return "recalled" if self.status == "recalled" else ""


@dataclass(frozen=True, slots=True)
class Parameters:
    """All values and sources, by id."""

    values: Mapping[str, Parameter]
    sources: Mapping[str, Source]


def parse(texts: Mapping[str, str]) -> Parameters:
    """Read sourced values from TOML texts, by file name; `sources.toml` must be among them.

    Raises DocumentError that lists every fault with file and key.
    """
    faults: list[Fault] = []
    tables = {name: _toml(name, text, faults) for name, text in sorted(texts.items())}
    sources = _sources(tables.pop("sources.toml", {}), faults)
    found: dict[str, Parameter] = {}
    for name, table in tables.items():
        for key, record in table.items():
            where = f"{name}: {key}"
            if key in found:
                faults.append(Fault(where, "", f"stands already in {found[key].file}", "keep one"))
                continue
            one = _parameter(name, key, record, sources, faults)
            if one is not None:
                found[key] = one
    if faults:
        raise DocumentError("the parameters", faults)
    return Parameters(dict(sorted(found.items())), dict(sorted(sources.items())))


def _toml(name: str, text: str, faults: list[Fault]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault(name, "", f"is not TOML: {error}", "mend the line named"))
        return {}


def _sources(table: Mapping[str, Any], faults: list[Fault]) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for key, record in table.items():
        where = f"sources.toml: {key}"
        if not _fields_fit(where, record, _SOURCE_REQUIRED, _SOURCE_OPTIONAL, faults):
            continue
        if not isinstance(record["year"], int):
            rule = "the year must be a whole number"
            faults.append(Fault(f"{where}.year", repr(record["year"]), rule, "write 2021"))
            continue
        rest = {name: str(record[name]) for name in _SOURCE_OPTIONAL if name in record}
        found[key] = Source(key, record["cite"], record["year"], record["for"], **rest)
    return found


def _fields_fit(
    where: str,
    record: Any,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    faults: list[Fault],
) -> bool:
    if not isinstance(record, dict):
        faults.append(Fault(where, repr(record)[:60], "must be a table", f'write ["{where}"]'))
        return False
    missing = [name for name in required if record.get(name) in (None, "")]
    unknown = [name for name in record if name not in required + optional]
    blank = [name for name in optional if record.get(name) == ""]
    faults += [Fault(where, "", f"has no {name}", f"add {name} = ...") for name in missing]
    faults += [Fault(f"{where}.{name}", "", "is not a known field", "drop it") for name in unknown]
    faults += [Fault(f"{where}.{name}", "", "is blank", "leave it out") for name in blank]
    return not (missing or unknown or blank)


def _parameter(
    name: str, key: str, record: Any, sources: Mapping[str, Source], faults: list[Fault]
) -> Parameter | None:
    where = f"{name}: {key}"
    if not _fields_fit(where, record, _REQUIRED, _OPTIONAL, faults):
        return None
    before = len(faults)
    stage = name.removesuffix(".toml").split("_")[0]
    if key.split(".")[0] not in (stage, name.removesuffix(".toml")) or "." not in key:
        faults.append(Fault(where, key, "must begin with its stage", f"write {stage}.{key}"))
    if not is_unit(str(record["unit"])):
        known = ", ".join(UNITS)
        faults.append(Fault(f"{where}.unit", str(record["unit"]), "is not a known unit", known))
    if record["basis"] not in set(Basis):
        rule = "must be measured, fitted, derived or assumed"
        faults.append(Fault(f"{where}.basis", str(record["basis"]), rule))
    if record["source"] not in sources:
        rule = "is not in sources.toml"
        faults.append(Fault(f"{where}.source", str(record["source"]), rule, "add the source first"))
    if record["basis"] == "assumed" and not (record.get("why") and record.get("decision")):
        rule = "an assumed value says why and names the paragraph of docs/decisions.md"
        faults.append(Fault(where, "", rule, 'add why = "..." and decision = "D7"'))
    if record.get("status", "read") not in _STATUS:
        faults.append(Fault(f"{where}.status", str(record["status"]), f"must be one of {_STATUS}"))
    content = _value(record["value"])
    if content is None:
        rule = "must be a number, text, true or false, or a list of numbers"
        faults.append(Fault(f"{where}.value", repr(record["value"])[:60], rule))
    if len(faults) > before or content is None:
        return None
    rest = {field: str(record[field]) for field in _OPTIONAL if field in record}
    source, basis = sources[record["source"]], Basis(record["basis"])
    return Parameter(key, record["meaning"], content, record["unit"], basis, source, name, **rest)


def _value(raw: Any) -> Value | None:
    if isinstance(raw, str | bool | int | float):
        return raw
    if isinstance(raw, list) and raw and all(type(item) in (int, float) for item in raw):
        return tuple(float(item) for item in raw)
    return None


@cache
def _texts() -> dict[str, str]:
    folder = files("saisei.params")
    return {
        item.name: item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith(".toml")
    }


@cache
def load() -> Parameters:
    """All packaged values and sources."""
    return parse(_texts())


def digest() -> str:
    """SHA-256 over the packaged parameter files, names and contents, first 16 hex digits."""
    sha = hashlib.sha256()
    for name, text in sorted(_texts().items()):
        sha.update(name.encode() + b"\0" + text.encode() + b"\0")
    return sha.hexdigest()[:16]


def parameter(id: str) -> Parameter:
    """The record of one value; InputError names near ids when there is none."""
    try:
        return load().values[id]
    except KeyError:
        from difflib import get_close_matches

        near = get_close_matches(id, load().values, n=3)
        hint = f"near it: {', '.join(near)}" if near else "see `saisei params list`"
        raise InputError(f"there is no parameter {id!r} ({hint})") from None


def value(id: str) -> float:
    """The number of one value; InputError when it is not a number."""
    content = parameter(id).value
    if isinstance(content, bool) or not isinstance(content, int | float):
        raise InputError(f"parameter {id!r} is not a number but {content!r}")
    return float(content)
