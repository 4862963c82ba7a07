"""The loader refuses a value without meaning, unit, basis or source, and names file and key."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from saisei.errors import DocumentError, InputError
from saisei.params import Basis, load, parameter, parse, value

SOURCES = '[paper]\ncite = "A paper"\nyear = 2020\nfor = "a rate"\n'
GOOD = """["evidence.rate"]
meaning = "A rate"
value = 0.1
unit = "probability"
basis = "measured"
source = "paper"
"""


def refusal(text: str, sources: str = SOURCES) -> str:
    """The message with which a text is refused."""
    with pytest.raises(DocumentError) as caught:
        parse({"sources.toml": sources, "evidence.toml": text})
    return str(caught.value)


def test_a_full_record_is_read() -> None:
    """A record with all fields comes back as written."""
    found = parse({"sources.toml": SOURCES, "evidence.toml": GOOD}).values["evidence.rate"]
    assert found.value == 0.1
    assert found.basis is Basis.MEASURED
    assert found.source.cite == "A paper"
    assert found.mark == ""


@pytest.mark.parametrize("field", ["meaning", "value", "unit", "basis", "source"])
def test_a_value_without_a_needed_field_is_refused(field: str) -> None:
    """Each needed field, left out, is named together with file and key."""
    text = re.sub(rf"^{field} = .*\n", "", GOOD, flags=re.MULTILINE)
    message = refusal(text)
    assert "evidence.toml: evidence.rate" in message
    assert f"has no {field}" in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"probability"', '"fortnight"', "not a known unit"),
        ('"measured"', '"guessed"', "must be measured, fitted, derived or assumed"),
        ('"paper"', '"nobody"', "not in sources.toml"),
        ("0.1", "[]", "must be a number, text"),
        ('"measured"', '"assumed"', "says why"),
        ("evidence.rate", "graft.rate", "must begin with its stage"),
        ('"A rate"', '"A rate"\ncolour = "red"', "not a known field"),
        ('"A rate"', '"A rate"\nspread = ""', "is blank"),
        ("value = 0.1", "value = ", "is not TOML"),
    ],
)
def test_a_broken_record_is_refused(old: str, new: str, words: str) -> None:
    """Each broken record is refused by its own rule."""
    message = refusal(GOOD.replace(old, new))
    assert words in message
    assert "evidence.toml" in message


def test_every_fault_is_listed_at_once() -> None:
    """Two broken values give two faults in one error."""
    bad = GOOD.replace('"probability"', '"x"')
    with pytest.raises(DocumentError) as caught:
        parse({"sources.toml": SOURCES, "evidence.toml": bad + bad.replace(".rate", ".other")})
    assert len(caught.value.faults) == 2


def test_the_same_id_in_two_files_is_refused() -> None:
    """An id has one home."""
    with pytest.raises(DocumentError, match=r"stands already in evidence\.toml"):
        parse({"sources.toml": SOURCES, "evidence.toml": GOOD, "evidence_more.toml": GOOD})


def test_a_recalled_value_is_marked() -> None:
    """A value that nobody has read again carries the mark."""
    text = GOOD + 'status = "recalled"\n'
    found = parse({"sources.toml": SOURCES, "evidence.toml": text}).values["evidence.rate"]
    assert found.mark == "recalled"


def test_a_source_year_must_be_a_number() -> None:
    """The type of the year is checked."""
    assert "whole number" in refusal(GOOD, SOURCES.replace("2020", '"2020"'))


def test_packaged_values_load_and_name_decisions_that_exist() -> None:
    """Every packaged value loads; the paragraph an assumed value names stands in the decisions."""
    page = Path(__file__).parents[2] / "docs" / "decisions.md"
    numbers = set(re.findall(r"\*\*(D\d+)\.", page.read_text(encoding="utf-8")))
    for one in load().values.values():
        if one.basis is Basis.ASSUMED:
            assert one.decision in numbers, f"{one.id} names {one.decision}"


def test_every_packaged_file_has_a_known_stage() -> None:
    """A parameter file is named for a stage of the flow."""
    stages = {
        "study",
        "cell",
        "lot",
        "cord",
        "graft",
        "repair",
        "patient",
        "evidence",
        "design",
        "trial",
        "report",
    }
    for item in files("saisei.params").iterdir():
        if item.name.endswith(".toml") and item.name != "sources.toml":
            assert item.name.removesuffix(".toml").split("_")[0] in stages


def test_an_unknown_id_names_its_neighbours() -> None:
    """A misspelt id is answered with the near ones."""
    with pytest.raises(InputError, match=r"evidence\.power"):
        parameter("evidence.powr")


def test_a_number_is_asked_of_a_number_only() -> None:
    """`value` gives floats."""
    assert value("evidence.power") == 0.8
