"""What differs between two designs, and whether one amends the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saisei.design.document.schema import DesignDocument
from saisei.errors import InputError
from saisei.study.lines import Path, show_path

__all__ = ["Change", "differences", "require_amendment"]

# items of these lists are matched by a name, so that a new first item does not change all others
_NAMED = {"arms": "key", "visits": "key", "safety": "event", "studies": "name"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the place, what stood there and what stands there now; None is nothing."""

    where: str
    before: Any
    after: Any


def differences(before: DesignDocument, after: DesignDocument) -> tuple[Change, ...]:
    """Every value that differs, in the order of the schema; the reference to the amended design apart."""
    old, new = before.content(), after.content()
    old.pop("amends", None)
    new.pop("amends", None)
    return tuple(_compare((), old, new))


def _compare(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compare((*path, key), old.get(key), new.get(key))
    elif _by_name(path, old, new):
        field = _NAMED[str(path[-1])]
        left = {item[field]: item for item in old}
        right = {item[field]: item for item in new}
        for name in [*left, *(name for name in right if name not in left)]:
            yield from _compare((*path, name), left.get(name), right.get(name))
    elif old != new:
        yield Change(show_path(path), old, new)


def _by_name(path: Path, old: Any, new: Any) -> bool:
    return bool(path) and path[-1] in _NAMED and isinstance(old, list) and isinstance(new, list)


def require_amendment(original: DesignDocument, amended: DesignDocument) -> tuple[Change, ...]:
    """The changes that an amendment makes to the design it names.

    Raises:
        InputError: it names no design, or another one, or changes nothing.
    """
    if amended.amends is None:
        raise InputError(
            f"{amended.id} names no design that it amends; add [amends] with the digest"
            f" {original.digest} and a reason"
        )
    if amended.amends.digest != original.digest:
        raise InputError(
            f"{amended.id} amends the design {amended.amends.digest[:12]}..., not {original.id}"
            f" ({original.digest[:12]}...): find the design it names, or amend this one anew"
        )
    found = differences(original, amended)
    if not found:
        raise InputError(f"{amended.id} changes nothing in {original.id}; drop [amends] or amend")
    return found
