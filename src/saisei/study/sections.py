"""The parts of a document that can be read although others cannot.

Cross checks look at what is sound, so that one wrong grade does not hide a wrong source key elsewhere.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from saisei.study.lines import Path
from saisei.study.schema import StudyDocument

__all__ = ["Sections", "fields_at"]


@dataclass(frozen=True, slots=True)
class Sections:
    """The sound items of each list of the document with their positions, and which lists are whole."""

    items: Mapping[str, tuple[tuple[int, Any], ...]]
    faulty: frozenset[str]

    @classmethod
    def of_document(cls, document: StudyDocument) -> Sections:
        """All lists of a document without faults of shape."""
        lists = {name: getattr(document, name) for name in StudyDocument.model_fields}
        items = {k: tuple(enumerate(v)) for k, v in lists.items() if isinstance(v, tuple)}
        return cls(items, frozenset())

    @classmethod
    def read(cls, raw: Mapping[str, Any], faults: Iterable[Path]) -> Sections:
        """Read every item on its own; `faults` are the paths found wrong so far."""
        items: dict[str, tuple[tuple[int, Any], ...]] = {}
        for name in StudyDocument.model_fields:
            model = _item_model(StudyDocument, name)
            content = raw.get(name)
            if model is None or not isinstance(content, list):
                continue
            items[name] = tuple(_sound(model, content))
        return cls(items, frozenset(str(path[0]) for path in faults if path))

    def of(self, section: str) -> tuple[tuple[int, Any], ...]:
        """(position, record) of each sound item of a list."""
        return self.items.get(section, ())

    def whole(self, *sections: str) -> bool:
        """Whether none of these parts has a fault."""
        return not self.faulty.intersection(sections)


def _sound(model: type[BaseModel], content: list[Any]) -> Iterable[tuple[int, Any]]:
    for position, item in enumerate(content):
        try:
            yield position, model.model_validate(item)
        except ValidationError:
            continue


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """Names of the keys that the schema knows at `path`; empty where it has no table.

    >>> "title" in fields_at(StudyDocument, ())
    True
    """
    current: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, str) and current is not None:
            current = _item_model(current, step) if step in current.model_fields else current
    if current is None:
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _item_model(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    return _inner(model.model_fields[name].annotation)


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = typing.get_origin(annotation)
    if origin in (tuple, dict, typing.Union, types.UnionType, typing.Annotated):
        for argument in typing.get_args(annotation):
            found = _inner(argument)
            if found is not None:
                return found
    return None
