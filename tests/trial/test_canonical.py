"""The canonical form against the published examples of RFC 8785, and its properties."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saisei.errors import InputError
from saisei.trial.canonical import canonical
from saisei.trial.store import payload_text

# RFC 8785, appendix B: IEEE 754 bits in hex and the text that they must become.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}
# RFC 8785, 3.2.3: names sorted by UTF-16 code units.
SORTED = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\U0001f600": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_written_as_the_standard_prints_them(bits: str, text: str) -> None:
    """Every number of appendix B."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number).decode() == text


def test_names_are_sorted_by_utf16() -> None:
    """The example of section 3.2.3."""
    order = list(json.loads(canonical(SORTED)).values())
    assert order == [
        "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
        "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53 + 1, "\ud800", {1: 2}, {"a": b""}]
)
def test_what_json_cannot_keep_is_refused(value: object) -> None:
    """Neither silently changed nor written."""
    with pytest.raises(InputError):
        canonical(value)


def _number(text: str) -> int | float:
    """JSON has one kind of number; beyond 2^53 the digits stand for the nearest double."""
    return int(text) if abs(int(text)) <= 2**53 else float(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_read_back_is_the_same_and_has_the_same_text(value: object) -> None:
    """canonical(read(canonical(x))) = canonical(x), and the values are equal."""
    text = canonical(value)
    assert json.loads(text, parse_int=_number) == value
    assert canonical(json.loads(text)) == text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.dictionaries(st.sampled_from("abcdefgxyz"), st.none() | st.integers(0, 9) | TEXTS), VALUES
)
def test_the_quick_writer_of_payloads_writes_the_canonical_form(fields: dict, body: object) -> None:
    """The text of a row of the trail, put together from its parts, is what `canonical` makes of the whole."""
    made = payload_text(fields, canonical(body).decode())
    assert made.encode() == canonical({**fields, "body": body})
