"""Design documents: sound examples, one clear error per fault, digests, differences, amendments."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saisei.design.document import (
    catalog,
    differences,
    example_text,
    json_schema,
    load_design,
    parse_design,
    require_amendment,
)
from saisei.design.document.reading import check_tree
from saisei.errors import DocumentError, InputError

DUAL = "dual-criterion"

FAULTS = tomllib.loads(Path(__file__).with_name("broken_designs.toml").read_text(encoding="utf-8"))


def broken(name: str) -> str:
    """The text of an example with one fault."""
    text = example_text(FAULTS[name]["example"])
    for old, new in FAULTS[name]["replace"]:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("name", catalog())
def test_examples_are_sound_and_survive_json(name: str) -> None:
    """A bundled design reads without a fault, and from its own JSON it has the same digest."""
    one = load_design(name)
    assert one.id == name
    again = parse_design(json.dumps(one.content()).encode(), "json")
    assert again == one
    assert again.digest == one.digest


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_one_error_with_its_path(name: str) -> None:
    """Each fault is told once with path, value, rule and mend."""
    case = FAULTS[name]
    with pytest.raises(DocumentError) as caught:
        parse_design(broken(name).encode(), "x")
    told = {one.where.split(" (line")[0]: one for one in caught.value.faults}
    assert case["path"] in told, caught.value
    fault = told[case["path"]]
    for part in ("value", "rule", "mend"):
        assert case[part] in getattr(fault, part)
    # Dropping a control arm also leaves allocation without sense, and so on: never more than one follow-up.
    assert len(told) <= 3


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    """Faults of shape and of meaning in several parts come in one error, sorted by line."""
    text = example_text(DUAL)
    for old, new in (
        ("share = 1.0", "share = 0.4"),
        ("n = 24\n", "n = 0\n"),
        ('visit = "month-12"', 'visit = "never"'),
        ("confidence = 0.95", "confidence = 1.95"),
        ("onset = {", "onst = {"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(DocumentError) as caught:
        parse_design(text.encode(), "x")
    lines = [int(one.where.split("(line ")[1].rstrip(")")) for one in caught.value.faults]
    assert [one.where.split(" ")[0] for one in caught.value.faults] == [
        "population.strata", "arms[0].n", "endpoint.visit", "safety[0].confidence", "safety[0].onst",
    ]  # fmt: skip
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is empty"),
        (b"schema = ", "is not TOML"),
        (b"{ broken", "is not JSON"),
        (b'schema = "\xff"', "not UTF-8"),
        (b"x" * 600_000, "too large"),
        (b"id = 'x'", "is missing"),
    ],
)
def test_what_is_no_document_is_said_so(content: bytes, rule: str) -> None:
    """A file that is not a design document gives one fault, never a traceback."""
    with pytest.raises(DocumentError) as caught:
        parse_design(content, "x")
    (fault,) = caught.value.faults
    assert rule in fault.rule


def test_the_digest_is_of_the_content() -> None:
    """Comments, order and spelt-out defaults keep the digest; one number changes it."""
    text = example_text(DUAL)
    same = "# a remark\n" + text.replace('conversion = "one grade"\n', "")
    other = text.replace("n = 24\n", "n = 25\n")
    digest = parse_design(text.encode(), "a").digest
    assert parse_design(same.encode(), "b").digest == digest
    assert parse_design(other.encode(), "c").digest != digest


def test_differences_name_the_place_and_both_values() -> None:
    """Items of lists are matched by their key, so one new visit is one change."""
    text = example_text(DUAL)
    changed = text.replace("n = 24\n", "n = 26\n").replace(
        "P(p > 0.25) > 0.95", "P(p > 0.25) > 0.9"
    )
    visit = '[[visits]]\nkey = "month-6"\nname = "m"\nday = 182\ncounted_from = "treatment"\n\n'
    changed = changed.replace("[[visits]]", visit + "[[visits]]", 1)
    changed = changed.replace("looks = [3, 6, 12, 18, 24]", "looks = [3, 6, 12, 18, 26]")
    found = differences(load_design(DUAL), parse_design(changed.encode(), "x"))
    assert [(one.where, one.before) for one in found] == [
        ("arms.cells.n", 24),
        ("visits.month-6", None),
        ("decision.go", "P(p > 0.25) > 0.95 and P(p > 0.4) > 0.5"),
        ("safety.serious event related to the operation or the cells.looks", [3, 6, 12, 18, 24]),
    ]
    assert differences(load_design(DUAL), load_design(DUAL)) == ()


def test_an_amendment_fits_one_design_only() -> None:
    """An amendment is accepted on the design whose digest it names and refused on every other."""
    original = load_design(DUAL)
    head = f'[amends]\ndigest = "{original.digest}"\nreason = "more people"\n\n[estimand]'
    text = example_text(DUAL).replace("[estimand]", head, 1)
    grown = text.replace("n = 24\n", "n = 30\n")
    amended = parse_design(grown.encode(), "x")
    assert [one.where for one in require_amendment(original, amended)] == ["arms.cells.n"]
    with pytest.raises(InputError, match="not single-stage"):
        require_amendment(load_design("single-stage"), amended)
    with pytest.raises(InputError, match="changes nothing"):
        require_amendment(original, parse_design(text.encode(), "x"))
    with pytest.raises(InputError, match="names no design"):
        require_amendment(original, original)


def test_unknown_names_get_a_hint() -> None:
    """A misspelt id names the one that was meant."""
    with pytest.raises(InputError, match="did you mean dual-criterion"):
        load_design("dual-criterio")


def test_the_json_schema_in_the_docs_is_current() -> None:
    """docs/reference holds the schema that the program prints."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "design-0.1.schema.json"
    assert json.loads(page.read_text(encoding="utf-8")) == json_schema()


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(), st.text(max_size=8),
    st.lists(st.integers(-2, 2), max_size=3), st.dictionaries(st.text(max_size=4), st.none(), max_size=2),
)  # fmt: skip


def places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a tree."""
    found = [path] if path else []
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, child in children:
        found += places(child, (*path, key))
    return found


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(catalog()), junk=JUNK)
def test_junk_anywhere_is_read_or_refused(data: st.DataObject, name: str, junk: object) -> None:
    """Whatever stands in one place, a document is read or refused with faults; nothing else is raised."""
    tree = tomllib.loads(example_text(name))
    path = data.draw(st.sampled_from(places(tree)))
    node = tree
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = junk
    document, found = check_tree(tree)
    assert (document is not None and not found) or found
    for where, fault in found:
        assert fault.rule
        assert all(isinstance(step, str | int) for step in where)
