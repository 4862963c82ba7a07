"""From the bytes of a design document to its record, with every fault found on the way."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from saisei.design.document.checks import Sound, cross_check
from saisei.design.document.schema import SCHEMA, DesignDocument
from saisei.design.document.values import Found
from saisei.errors import DocumentError, Fault
from saisei.params import value
from saisei.study.lines import Path, find_lines, line_of, show_path

__all__ = ["check_tree", "read_document"]

_SHOWN = 60
# the key whose value says which of several shapes a table has
_TAGS = ("method", "rule", "from")
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
    "union_tag_invalid": ("is not in the closed list", "write one of {expected_tags}"),
    "union_tag_not_found": ("does not say which kind it is", "add {discriminator} = ..."),
    "tuple_type": ("must be a list", "put it in square brackets"),
    "too_short": ("must name at least {min_length}", "add one"),
    "too_long": ("must name at most {max_length}", "drop the rest"),
    "model_type": ("must be a table", "write it in braces or under its own header"),
    "model_attributes_type": ("must be a table", "write it in braces or under its own header"),
    "string_pattern_mismatch": ("has a form that is not allowed", "it must match {pattern}"),
}


def read_document(content: bytes, name: str) -> DesignDocument:
    """Read and check a design document in TOML, or in the JSON that Saisei writes.

    Args:
        content: the bytes of the file.
        name: how messages call it.

    Raises:
        DocumentError: with every fault, each with its path, value, rule, mend and line.
    """
    text = _decode(content, name)
    is_json = text.lstrip().startswith("{")
    raw = _parse_json(text, name) if is_json else _parse_toml(text, name)
    document, found = check_tree(raw)
    if found or document is None:
        raise DocumentError(name, _placed(found, {} if is_json else find_lines(text)))
    return document


def _decode(content: bytes, name: str) -> str:
    limit = int(value("design.document_max_bytes"))
    if len(content) > limit:
        rule = f"is larger than {limit:,} bytes, too large for a design document"
        raise DocumentError(name, [Fault("the file", "", rule, "check that it is the right file")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = f"line {line}, byte {error.start}"
        raise DocumentError(
            name, [Fault(where, "", "is not UTF-8 text", "save the file as UTF-8")]
        ) from None
    if not text.strip():
        mend = f'begin with schema = "{SCHEMA}"; `saisei design new` writes a sound one'
        raise DocumentError(name, [Fault("the file", "", "is empty", mend)])
    return text


def _parse_json(text: str, name: str) -> dict[str, Any]:
    try:
        raw: dict[str, Any] = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        rule = f"is not JSON: {error}"
        raise DocumentError(name, [Fault("the file", "", rule, "mend that place")]) from None
    # What `evaluate` writes holds the document under its own key.
    inner = raw.get("design")
    return inner if isinstance(inner, dict) else raw


def _parse_toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r" \(at (line \d+, column \d+)\)$", str(error))
        where = match.group(1) if match else "the end of the file"
        rule = f"is not TOML: {str(error).rpartition(' (at ')[0] or error}"
        found = Fault(where, "", rule, "mend that line; https://toml.io describes the form")
    except (ValueError, RecursionError) as error:
        found = Fault("the file", "", f"is not TOML: {error}", "mend that value")
    raise DocumentError(name, [found])


def check_tree(raw: dict[str, Any]) -> tuple[DesignDocument | None, list[Found]]:
    """The document of a parsed tree, and every fault with its path."""
    version = raw.get("schema")
    if version != SCHEMA:
        mend = f'begin with schema = "{SCHEMA}"'
        rule = f"is not the schema that this version reads ({SCHEMA})" if version else "is missing"
        return None, [(("schema",), Fault("", _short(version), rule, mend))]
    document: DesignDocument | None = None
    found: list[Found] = []
    try:
        document = DesignDocument.model_validate(raw)
    except ValidationError as error:
        found = [
            _translate(one, raw) for one in error.errors(include_url=False) if not _echo(one, raw)
        ]
    sound = Sound(_sound_parts(raw))
    first: dict[Path, Fault] = {}
    for path, fault in [*found, *cross_check(sound)]:
        first.setdefault(path, fault)  # one fault for one place: the shape before its meaning
    return document, list(first.items())


def _sound_parts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Every top-level part that is well formed by itself, and the sound items of lists."""
    parts: dict[str, Any] = {}
    for name, field in DesignDocument.model_fields.items():
        adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
        content = raw.get(field.alias or name)
        if content is None:
            continue
        try:
            parts[name] = adapter.validate_python(content)
        except ValidationError:
            continue
    return parts


def _path(location: tuple[int | str, ...], raw: Any) -> Path:
    """The place of an error without the tags that the validator adds for tables of several shapes."""
    path: list[int | str] = []
    node: Any = raw
    for step in location:
        is_table = isinstance(node, Mapping)
        if is_table and step not in node and step in [node.get(tag) for tag in _TAGS]:
            continue
        path.append(step)
        node = _child(node, step)
    return tuple(path)


def _child(node: Any, step: int | str) -> Any:
    if isinstance(node, Mapping):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return None


def _echo(error: Any, raw: Mapping[str, Any]) -> bool:
    """Whether a list only looks too short because its items have faults, which are told anyway."""
    if error["type"] != "too_short":
        return False
    node: Any = raw
    for step in _path(error["loc"], raw):
        node = _child(node, step)
    return isinstance(node, list) and len(node) >= error["ctx"]["min_length"]


def _translate(error: Any, raw: Mapping[str, Any]) -> Found:
    path = _path(error["loc"], raw)
    kind, context = error["type"], error.get("ctx", {})
    shown = "" if kind == "missing" else _short(error["input"])
    if kind == "saisei_rule":
        return path, Fault("", shown, context["rule"], context["mend"])
    if kind == "missing":
        return path, Fault("", "", "is missing", f"add {path[-1]} = ...")
    if kind == "extra_forbidden":
        known = _known_keys()
        if path[-1] in known:
            return path, Fault("", shown, "does not belong here", "drop it, or move it")
        close = difflib.get_close_matches(str(path[-1]), known, 1)
        return path, Fault(
            "", shown, "is not a known key", f"did you mean {close[0]}?" if close else "drop it"
        )
    if kind == "union_tag_invalid":
        path, shown = (*path, _tag_key(context)), f'"{context["tag"]}"'
    if kind == "union_tag_not_found":
        context = {**context, "discriminator": _tag_key(context)}
    rule, mend = _RULES.get(kind, (error["msg"][:1].lower() + error["msg"][1:], "mend the value"))
    return path, Fault("", shown, rule.format(**context), mend.format(**context))


def _tag_key(context: Mapping[str, Any]) -> str:
    """The key that tells the shape, as the document writes it: its alias where it has one."""
    return str(context["discriminator"]).rpartition("|")[2].strip(" '")


def _known_keys() -> list[str]:
    """All keys of the schema, for hints at a misspelt one."""
    found: dict[str, None] = {}
    schema = DesignDocument.model_json_schema(by_alias=True)
    for part in (schema, *schema["$defs"].values()):
        found.update(dict.fromkeys(part.get("properties", {})))
    return list(found)


def _placed(found: list[Found], lines: dict[Path, int]) -> list[Fault]:
    """The faults with path and line, in the order of the file."""
    placed = [(line_of(path, lines), path, fault) for path, fault in found]
    placed.sort(key=lambda one: one[0] or 0)
    return [
        Fault(
            (show_path(path) or "the file") + (f" (line {line})" if line else ""),
            one.value,
            one.rule,
            one.mend,
        )
        for line, path, one in placed
    ]


def _short(given: Any) -> str:
    """The value as it would be typed, cut to one short line."""
    if isinstance(given, BaseModel | Mapping):
        return ""
    if isinstance(given, list | tuple):
        items = ", ".join(_short(one) for one in given[:8])
        text = f"[{items}{', ...' if len(given) > 8 else ''}]"
    elif isinstance(given, bool):
        text = str(given).lower()
    elif given is None:
        return ""
    else:
        text = f'"{given}"' if isinstance(given, str) else str(given)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
