"""A grid of designs: one document, some axes, every combination.

An axis is written `name=values`: values by commas (`ratio=1,2`) or a range with both ends
(`n=10:60:2`). A name is one of the short names below or any path of the document
(`analysis.level=0.025,0.05`). Axes are kept sorted by name, so that the order in which they are typed
does not matter.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from saisei import __version__
from saisei.design.document.reading import check_tree
from saisei.design.document.schema import DesignDocument
from saisei.design.grid_edits import SHORT, apply_cell, check_path
from saisei.errors import InputError
from saisei.params import digest as params_digest
from saisei.params import value

__all__ = ["Axis", "GridSpec", "make_grid", "parse_axis"]

Scalar = Any  # a JSON value: number, text, truth or list

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"^({_NUMBER}):({_NUMBER})(?::({_NUMBER}))?$")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.\[\]-]*$")


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a grid: its name, and its values as JSON text (so that an axis can be hashed)."""

    name: str
    texts: tuple[str, ...]

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The values."""
        return tuple(json.loads(text) for text in self.texts)


def parse_axis(text: str) -> Axis:
    """The axis that a text says.

    Raises:
        InputError: no name, no values, a range that runs nowhere, or a value given twice.

    >>> parse_axis("n=10:16:3").values
    (10, 13, 16)
    >>> parse_axis("analysis.level=0.1:0.3:0.1").values
    (0.1, 0.2, 0.3)
    >>> parse_axis("endpoint=one grade, to D").values
    ('one grade', 'to D')
    """
    name, equals, rest = text.partition("=")
    name = name.strip()
    if not equals or not _NAME.match(name):
        raise InputError(f"grid {text!r}: write name=values, as in n=10:60:2 or ratio=1,2")
    pieces = [piece.strip() for piece in _split(rest)]
    if not any(pieces):
        raise InputError(f"grid {name}: has no values; write some, as in {name}=1,2")
    if "" in pieces:
        raise InputError(f"grid {name}: has an empty value between commas; drop a comma")
    short = SHORT.get(name)
    found: list[Scalar] = []
    for piece in pieces:
        found += [short.read(piece)] if short and short.whole else _expand(name, piece)
    if short is not None:
        for one in found:
            short.check(one)
    texts = tuple(json.dumps(one, ensure_ascii=False) for one in found)
    twice = [one for one in dict.fromkeys(texts) if texts.count(one) > 1]
    if twice:
        raise InputError(f"grid {name}: the value {twice[0]} is given twice; drop one")
    return Axis(name, texts)


def _split(text: str) -> list[str]:
    """Pieces between commas that stand outside brackets and quotation marks.

    >>> _split('[6, 12], [8], "a,b"')
    ['[6, 12]', ' [8]', ' "a,b"']
    """
    pieces, depth, quoted, current = [], 0, False, ""
    for letter in text:
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter == "[") - (letter == "]")
        if letter == "," and depth == 0 and not quoted:
            pieces.append(current)
            current = ""
        else:
            current += letter
    return [*pieces, current]


def _expand(name: str, piece: str) -> list[Scalar]:
    match = _RANGE.match(piece)
    if match is None:
        try:
            found: Scalar = json.loads(piece)
        except ValueError:
            return [piece]
        if isinstance(found, float) and not math.isfinite(found):
            raise InputError(f"grid {name}: {piece} is not an ordinary number")
        return [found]
    start, end, step = (Decimal(part) if part else Decimal(1) for part in match.groups())
    if step <= 0:
        raise InputError(f"grid {name}: the step of {piece} is not above 0; write start:end:step")
    if end < start:
        raise InputError(
            f"grid {name}: the range {piece} runs backwards; write the lower end first"
        )
    steps = int((end - start) / step)
    if steps > 10 * int(value("design.search_most_cells")):
        raise InputError(f"grid {name}: the range {piece} has {steps + 1:,} values; widen the step")
    whole = start == int(start) and step == int(step) and not re.search(r"[.eE]", piece)
    values = (start + step * place for place in range(steps + 1))
    return [int(one) if whole else float(one) for one in values]


@dataclass(frozen=True, slots=True)
class GridSpec:
    """A grid: all that a worker needs to compute any part of it, as plain text.

    Attributes:
        design: content of the base document as canonical JSON.
        axes: sorted by name.
        shard_cells: designs in one shard.
        version, params: of Saisei and its values; results of others are not mixed with these.
    """

    design: str
    axes: tuple[Axis, ...]
    shard_cells: int
    version: str
    params: str

    @property
    def cells(self) -> int:
        """Number of designs."""
        return math.prod(len(axis.texts) for axis in self.axes)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that the results depend on."""
        content = [self.design, [[a.name, a.texts] for a in self.axes], self.shard_cells]
        text = json.dumps([*content, self.version, self.params], ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def shards(self) -> list[tuple[int, int]]:
        """First and past-the-last cell of each shard."""
        step = self.shard_cells
        return [(low, min(low + step, self.cells)) for low in range(0, self.cells, step)]

    def cell(self, place: int) -> dict[str, Scalar]:
        """Values of one cell by axis; the last axis runs fastest."""
        found: dict[str, Scalar] = {}
        for axis in reversed(self.axes):
            place, index = divmod(place, len(axis.texts))
            found[axis.name] = json.loads(axis.texts[index])
        return {axis.name: found[axis.name] for axis in self.axes}

    def tree(self, place: int) -> dict[str, Any]:
        """The document of one cell, not yet checked."""
        return apply_cell(json.loads(self.design), self.cell(place))


def make_grid(
    document: DesignDocument,
    axes: Sequence[Axis],
    *,
    most: int | None = None,
    shard_cells: int | None = None,
) -> GridSpec:
    """A grid over a design, refused at once where an axis cannot be meant.

    Args:
        document: the base.
        axes: at least one.
        most: cells allowed; design.search_most_cells if left out.
        shard_cells: designs in a shard; design.search_shard_cells if left out.

    Raises:
        InputError: no axis, one twice, a path that the document does not have, a value that is wrong
            whatever the other axes say, or too many cells.
    """
    if not axes:
        raise InputError("the grid is empty: give at least one --grid, as in --grid n=10:60:2")
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"grid {name}: is given twice; write all its values in one --grid")
    content = document.content()
    content.pop("amends", None)  # a cell of a grid is a new design, it amends nothing
    spec = GridSpec(
        json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False),
        tuple(sorted(axes, key=lambda axis: axis.name)),
        int(value("design.search_shard_cells")) if shard_cells is None else shard_cells,
        __version__,
        params_digest(),
    )
    limit = int(value("design.search_most_cells")) if most is None else most
    if spec.cells > limit:
        raise InputError(
            f"the grid has {spec.cells:,} designs, more than the {limit:,} allowed: thin an axis, or allow"
            f" them with --most {spec.cells}"
        )
    for axis in spec.axes:
        _check_axis(content, axis)
    return spec


def _check_axis(content: dict[str, Any], axis: Axis) -> None:
    """Refuse an axis that is unknown, or a value that its own place in the document refuses."""
    place = None if axis.name in SHORT else check_path(content, axis.name)
    for shown, one in zip(axis.texts, axis.values, strict=True):
        tree = apply_cell(json.loads(json.dumps(content)), {axis.name: one})
        if place is None:
            continue
        _, found = check_tree(tree)
        for path, fault in found:
            if path[: len(place)] == place:
                mend = f" ({fault.mend})" if fault.mend else ""
                raise InputError(f"grid {axis.name}={shown}: {fault.rule}{mend}")


# what a checker of a short name's value is
Check = Callable[[Scalar], None]
