"""Whatever stands in a document, reading it ends in a study or in named faults."""

from __future__ import annotations

import copy
import datetime
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from saisei.errors import DocumentError, Fault
from saisei.study import parse
from saisei.study.lines import find_lines, show_path
from saisei.study.reading import check_tree

SOUND = (Path(__file__).parent / "broken" / "sound.toml").read_bytes()
TREE: dict[str, Any] = tomllib.loads(SOUND.decode())

scalars = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(max_size=5),
    st.sampled_from(["A", "F", "C5", "S1", "treated", "P1", "year-1", "high"]),
    st.just(datetime.date(2024, 2, 29)),
)
trees = st.recursive(
    scalars,
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "source", "min", "x", "id"]), child, max_size=3)
    ),
    max_leaves=6,
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    pairs = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node if isinstance(node, list) else [])
    )
    for key, child in pairs:
        found += _places(child, (*path, key))
    return found


PLACES = _places(TREE)


@settings(max_examples=400)
@given(st.sampled_from(PLACES), trees)
def test_any_value_at_any_place_is_read_or_named(place: tuple[Any, ...], value: Any) -> None:
    tree = copy.deepcopy(TREE)
    parent: Any = tree
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    document, found = check_tree(tree)
    assert (document is None) <= bool(found)
    assert all(fault.rule for _, fault in found)
    paths = [path for path, _ in found]
    assert len(paths) == len(set(paths))


@settings(max_examples=200)
@given(st.integers(0, len(SOUND)), st.integers(0, 40), st.binary(max_size=6))
def test_any_change_of_bytes_is_read_or_named(start: int, length: int, patch: bytes) -> None:
    content = SOUND[:start] + patch + SOUND[start + length :]
    faults: tuple[Fault, ...] = ()
    try:
        parse(content, "patched")
    except DocumentError as error:
        faults = error.faults
    assert all(fault.where and fault.rule for fault in faults)
    assert faults or parse(content, "patched").document.schema_version == "saisei-study/0.1"


def test_the_line_finder_knows_every_statement_of_the_document() -> None:
    lines = find_lines(SOUND.decode())
    text = SOUND.decode().split("\n")
    for place in PLACES:
        if place in lines and isinstance(place[-1], str):
            assert place[-1] in text[lines[place] - 1], show_path(place)
    assert {place for place in PLACES if len(place) == 1 and place[0] != "arms"} & set(lines)
    assert lines["participants", 1, "outcomes", 0, "grade"] == 61


def test_the_line_finder_passes_long_strings_lists_and_comments() -> None:
    text = (
        'a = """\nb = 1\n[c]\n"""\nd = [ # [\n  "]", \'#\',\n]\n# e = 1\n'
        '"f g".h = 2\n[[i.j]]\nk = 1\n[i.l]\nm = 1\n'
    )
    lines = find_lines(text)
    assert lines == {
        ("a",): 1, ("d",): 5, ("f g", "h"): 9, ("i", "j", 0): 10, ("i", "j", 0, "k"): 11,
        ("i", "l"): 12, ("i", "l", "m"): 13,
    }  # fmt: skip
