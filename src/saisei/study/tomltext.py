"""TOML text of the few forms that a drafted document needs."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["ask", "sourced", "text", "unknown"]


def text(content: str) -> str:
    r"""A TOML string; the escapes of JSON are TOML's, but for the character DEL.

    >>> print(text('say "C5"\n'))
    "say \"C5\"\n"
    """
    clean = content.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007F")


def ask(what: str) -> list[str]:
    """A comment that asks a person for something."""
    return [f"# ASK: {what}"]


def unknown(source: str, note: str) -> str:
    """An unknown value that says what is asked for."""
    return f'{{ unknown = true, source = ["{source}"], confidence = "not found", note = {text(note)} }}'


def sourced(
    content: str | float | None,
    source: str,
    *,
    low: float | None = None,
    high: float | None = None,
    any_of: Sequence[str] = (),
    note: str = "",
) -> str:
    """A known value, a range or a set, from one source with high confidence.

    >>> sourced("A", "S1")
    '{ value = "A", source = ["S1"], confidence = "high" }'
    """
    parts = [] if content is None else [f"value = {_plain(content)}"]
    parts += [
        f"{name} = {_plain(end)}" for name, end in (("min", low), ("max", high)) if end is not None
    ]
    parts += [f"any_of = [{', '.join(text(one) for one in any_of)}]"] if any_of else []
    parts += [f'source = ["{source}"]', 'confidence = "high"']
    parts += [f"note = {text(note)}"] if note else []
    return f"{{ {', '.join(parts)} }}"


def _plain(content: str | float) -> str:
    if isinstance(content, str):
        return text(content)
    return str(int(content)) if content == int(content) else repr(float(content))
