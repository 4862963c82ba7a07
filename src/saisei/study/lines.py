"""Where each key of a TOML text stands, so that a fault can name its line.

The parser of the standard library keeps no positions. This reads the text a second time, only for
headers and the keys of statements; a fault inside an inline table gets the line of its statement.
"""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["Path", "find_lines", "line_of", "show_path"]

Path = tuple[str | int, ...]

_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.)?""")
_QUOTES = ('"""', "'''", '"', "'")


def find_lines(text: str) -> dict[Path, int]:
    """Path of each table and statement -> line number, from 1.

    >>> find_lines('a = 1\\n[[b]]\\nc = [\\n 2]\\n[[b]]\\nc = 3\\n')[("b", 1, "c")]
    6
    """
    found: dict[Path, int] = {}
    counts: Counter[Path] = Counter()
    table: Path = ()
    number = 0
    lines = text.split("\n")
    while number < len(lines):
        line = lines[number]
        bare = line.strip()
        if bare.startswith("["):
            table = _header(bare, counts)
            found.setdefault(table, number + 1)
            number += 1
            continue
        keys, end = _dotted(line, 0)
        if not keys or bare.startswith("#"):
            number += 1
            continue
        found.setdefault((*table, *keys), number + 1)
        number = _end_of_statement(lines, number, end)
    return found


def _header(bare: str, counts: Counter[Path]) -> Path:
    double = bare.startswith("[[")
    keys, _ = _dotted(bare, 2 if double else 1)
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in counts:
            path = (*path, counts[path] - 1)
    path = (*path, *keys[-1:])
    if double:
        counts[path] += 1
        path = (*path, counts[path] - 1)
    return path


def _dotted(line: str, start: int) -> tuple[tuple[str, ...], int]:
    keys: list[str] = []
    position = start
    while True:
        match = _KEY.match(line, position)
        if match is None:
            return tuple(keys), position
        keys.append(next(group for group in match.groups()[:3] if group is not None))
        position = match.end()
        if not match.group(4):
            return tuple(keys), position


def _end_of_statement(lines: list[str], number: int, start: int) -> int:
    """The line after the statement that begins on line `number`, past brackets and long strings."""
    depth = 0
    quote = ""
    position = start
    while number < len(lines):
        line = lines[number]
        while position < len(line):
            if quote:
                end = _close(line, position, quote)
                position, quote = (end, "") if end >= 0 else (len(line), quote)
                continue
            opened = next((mark for mark in _QUOTES if line.startswith(mark, position)), "")
            if opened:
                quote, position = opened, position + len(opened)
                continue
            if line[position] == "#":
                break
            depth += (line[position] in "[{") - (line[position] in "]}")
            position += 1
        number, position = number + 1, 0
        if depth <= 0 and len(quote) != len(_QUOTES[0]):
            break
    return number


def _close(line: str, position: int, quote: str) -> int:
    while position < len(line):
        if line[position] == "\\" and quote[0] == '"':
            position += 2
        elif line.startswith(quote, position):
            return position + len(quote)
        else:
            position += 1
    return -1


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """The line of the deepest known part of `path`; None when not even its head is known."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def show_path(path: Path) -> str:
    """The path as people write it.

    >>> show_path(("participants", 2, "baseline_grade", "value"))
    'participants[2].baseline_grade.value'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")
