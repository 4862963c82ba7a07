"""From the bytes of a study document to its records, with every fault found on the way."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from saisei.errors import DocumentError, Fault
from saisei.params import value
from saisei.study.checks import cross_check
from saisei.study.lines import Path, find_lines, line_of, show_path
from saisei.study.schema import READS, SCHEMA, StudyDocument
from saisei.study.sections import Sections, fields_at

__all__ = ["check_tree", "fault_of", "read_document"]

Found = tuple[Path, Fault]
_SHOWN = 60
# faults that are worded one by one; a file with more is not a study document
_WORDED = 200
_WHOLE: Path = ("the file",)
# keys of thirty and more parts: the parser's time grows with the square of their number
_DEEP_KEY = re.compile(r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){30}""")

# error type of the validator -> (rule, mend); {…} are filled from the error's own context
_RULES: dict[str, tuple[str, str]] = {
    "string_type": ("must be text", "put it in quotation marks"),
    "string_too_short": ("is empty text", "write it, or leave the key out where it may be missing"),
    "int_type": ("must be a whole number", "write it without quotation marks or decimals"),
    "float_type": ("must be a number", "write it without quotation marks"),
    "bool_type": ("must be true or false", "write true or false without quotation marks"),
    "finite_number": ("must be a finite number", "write an ordinary number"),
    "greater_than_equal": ("must be at least {ge}", "write {ge} or more"),
    "less_than_equal": ("must be at most {le}", "write {le} or less"),
    "enum": ("is not in the closed list", "write {expected}"),
    "literal_error": ("is not in the closed list", "write {expected}"),
    "tuple_type": ("must be a list", "put it in square brackets"),
    "too_short": ("must name at least {min_length}", "add one"),
    "too_long": ("must name at most {max_length}", "drop the rest"),
    "model_type": ("must be a table", "write {{ value = ..., source = [...], confidence = ... }}"),
    "model_attributes_type": ("must be a table", "write it in braces or under its own header"),
    "dict_type": ("must be a table", "write it in braces or under its own header"),
    "string_pattern_mismatch": ("has a form that is not allowed", "it must match {pattern}"),
}


def read_document(content: bytes, name: str) -> StudyDocument:
    """Read and check a study document.

    Args:
        content: the bytes of the file.
        name: how messages call it.

    Raises:
        DocumentError: with every fault, each with its path, value, rule, mend and line.
    """
    text = _decode(content, name)
    raw = _parse(text, name)
    document, found = check_tree(raw)
    if found or document is None:
        raise DocumentError(name, _placed(found, find_lines(text)))
    return document


def _decode(content: bytes, name: str) -> str:
    limit = int(value("study.max_document_bytes"))
    if len(content) > limit:
        fault = Fault(
            "the file",
            f"more than {limit:,} bytes",
            "is too large for a study document",
            "check that this is the right file; keep exam data in a table of its own",
        )
        raise DocumentError(name, [fault])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = f"line {line}, byte {error.start}"
        shown = repr(content[error.start : error.start + 1])[1:]
        fault = Fault(where, shown, "is not UTF-8 text", "save the file as UTF-8")
        raise DocumentError(name, [fault]) from None
    if not text.strip():
        mend = f'begin with schema = "{SCHEMA}"; `saisei study show keio-2025` is an example'
        raise DocumentError(name, [Fault("the file", "", "is empty", mend)])
    return text


def _parse(text: str, name: str) -> dict[str, Any]:
    deep = Fault("the file", "", "is nested too deeply", "write lists and tables flat")
    if _DEEP_KEY.search(text):
        raise DocumentError(name, [deep])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = _not_toml(error, text)
    except RecursionError:
        fault = deep
    except ValueError as error:  # a date that no calendar has, a number of too many digits
        fault = Fault("the file", "", f"is not TOML: {error}", "mend that value")
    raise DocumentError(name, [fault])


def _not_toml(error: tomllib.TOMLDecodeError, text: str) -> Fault:
    match = re.search(r" \(at (line (\d+), column \d+)\)$", str(error))
    where = match.group(1) if match else "the end of the file"
    line = text.split("\n")[int(match.group(2)) - 1].strip() if match else ""
    rule = f"is not TOML: {str(error).rpartition(' (at ')[0]}"
    return Fault(where, _cut(line), rule, "mend that line; https://toml.io describes the form")


def _version_faults(raw: Mapping[str, Any]) -> list[Found]:
    version = raw.get("schema")
    if version in READS:
        return []
    if version is None:
        return [(("schema",), Fault("", "", "is missing", f'begin with schema = "{SCHEMA}"'))]
    rule = f"is not a schema that this version of Saisei reads ({', '.join(READS)})"
    mend = "write the document in that schema, or use the Saisei that wrote it"
    return [(("schema",), Fault("", _short(version), rule, mend))]


def check_tree(raw: dict[str, Any]) -> tuple[StudyDocument | None, list[Found]]:
    """The document of a parsed TOML tree, and every fault with its path."""
    wrong_version = _version_faults(raw)
    if wrong_version:
        return None, wrong_version
    document: StudyDocument | None = None
    found: list[Found] = []
    try:
        document = StudyDocument.model_validate(raw)
    except ValidationError as error:
        every = error.errors(include_url=False)
        found = [fault_of(one) for one in every[:_WORDED]]
        if len(every) > _WORDED:
            return None, [*found, _more(len(every) - _WORDED)]
    if document is not None:
        sections = Sections.of_document(document)
    else:
        sections = Sections.read(raw, [path for path, _ in found])
    first: dict[Path, Fault] = {}
    for path, fault in [*found, *cross_check(raw, sections)]:
        first.setdefault(path, fault)  # one fault for one place: the shape before its meaning
    every_one = list(first.items())
    if len(every_one) > _WORDED:
        return document, [*every_one[:_WORDED], _more(len(every_one) - _WORDED)]
    return document, every_one


def _more(count: int) -> Found:
    return _WHOLE, Fault("", "", f"has {count:,} more faults", "mend these first")


def fault_of(error: Any, document: type[BaseModel] = StudyDocument) -> Found:
    """A validator's error as path and fault, worded for people; `document` names the known keys."""
    path: Path = tuple(step for step in error["loc"] if step != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    shown = "" if kind == "missing" else _short(error["input"])
    if kind == "saisei_rule":
        return path, Fault("", shown, context["rule"], context["mend"])
    if kind == "missing":
        return path, Fault("", "", "is missing", f"add {path[-1]} = ...")
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(str(path[-1]), fields_at(document, path[:-1]), 1)
        mend = f"did you mean {close[0]}?" if close else "drop it"
        return path, Fault("", shown, "is not a known key", mend)
    rule, mend = _RULES.get(kind, (error["msg"][:1].lower() + error["msg"][1:], "mend the value"))
    return path, Fault("", shown, rule.format(**context), mend.format(**context))


def _placed(found: list[Found], lines: dict[Path, int]) -> list[Fault]:
    """The faults with path and line, in the order of the file."""
    placed = [(line_of(path, lines), path, fault) for path, fault in found]
    placed.sort(key=lambda one: (one[1] == _WHOLE, one[0] or 0))
    return [
        Fault(show_path(path) + (f" (line {line})" if line else ""), one.value, one.rule, one.mend)
        for line, path, one in placed
    ]


def _short(value: Any) -> str:
    """The value as it would be typed, cut to one short line; what it holds in turn is left out."""
    if isinstance(value, BaseModel):
        return ""
    if isinstance(value, Mapping):
        pairs = (
            f"{key} = {'...' if isinstance(child, Mapping | list) else _short(child)}"
            for key, child in islice(value.items(), _SHOWN)
        )
        return _cut(f"{{ {', '.join(pairs)} }}" if value else "{}")
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > _SHOWN * 3:
        return "a very long number"
    return _cut(f'"{value}"' if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    text = " ".join(text[: _SHOWN * 4].split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
