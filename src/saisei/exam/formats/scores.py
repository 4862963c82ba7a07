"""The cells of the layouts: which text stands for which code, why another does not, and what may be mended.

Strict reading knows exactly the texts of the layout. Lenient reading mends only what can mean one thing:
blanks around a score, capitals, `2.0` for 2, a number where text belongs, the `5*` of the revisions before
2019. It never fills a blank, never turns a blank into NT, never drops a flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from saisei.errors import ExamError
from saisei.exam.formats.source import ABSENT
from saisei.exam.isncsci.levels import KEY_MUSCLES
from saisei.exam.isncsci.record import (
    COLUMNS,
    MOTOR_CODES,
    NON_KEY_CODES,
    SENSORY_CODES,
    Score,
)

__all__ = [
    "CODES",
    "KINDS",
    "PARQUET",
    "PRAXIS",
    "REDCAP_LABELS",
    "REDCAP_RAW",
    "SYGEN",
    "TIDY",
    "CellKind",
    "Notation",
    "is_blank",
]

CellKind = Literal["sensory", "motor", "anal", "non-key"]


def _kind(column: str) -> CellKind:
    if column.endswith("_non_key_muscle"):
        return "non-key"
    if column in ("vac", "dap"):
        return "anal"
    return "motor" if "_motor_" in column else "sensory"


KINDS: tuple[CellKind, ...] = tuple(_kind(column) for column in COLUMNS)
"""The kind of each of the 136 columns."""

_NON_KEY = {level.label: int(level) for level in KEY_MUSCLES}
_STARS = {
    "sensory": {Score.from_code(code).text: code for code in sorted(SENSORY_CODES)},
    "motor": {Score.from_code(code).text: code for code in sorted(MOTOR_CODES)},
}
_ALLOWED = {
    "anal": "VAC and DAP are yes, no or NT",
    "non-key": "a non-key muscle has a motor level, C5 to T1 or L2 to S1",
}


@dataclass(frozen=True, slots=True)
class Notation:
    """How a layout writes its cells.

    Attributes:
        tokens: for each kind of cell, the exact texts and their codes.
        canonical: turns a cell text into our own notation, so that one set of rules can say what is wrong.
        unknown_is_nt: the text that lenient reading takes as NT (`UNK` of the Praxis form), if any.
    """

    tokens: Mapping[CellKind, Mapping[Any, int]]
    canonical: Callable[[str], str] = str
    unknown_is_nt: str = ""
    _texts_of: Mapping[CellKind, Mapping[int, Any]] = field(init=False, repr=False, compare=False)
    _folded: Mapping[CellKind, Mapping[str, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = {kind: _inverse(tokens) for kind, tokens in self.tokens.items()}
        object.__setattr__(self, "_texts_of", texts)
        folds = {kind: _folded(tokens) for kind, tokens in self.tokens.items()}
        object.__setattr__(self, "_folded", folds)

    def text(self, kind: CellKind, code: int) -> Any:
        """The text of a code; KeyError when the layout has none."""
        return self._texts_of[kind][code]

    def why_not(self, value: Any, kind: CellKind) -> tuple[str, str]:
        """Which rule a cell breaks that is not among the tokens, and the mend."""
        if value is ABSENT:
            return "is missing", "give the score, or NT if it was not testable"
        if is_blank(value):
            return "a blank is not NT", "write NT if it was not testable, or ask for the score"
        if kind in _ALLOWED:
            return _ALLOWED[kind], f"write one of {self._texts(kind)}"
        if not isinstance(value, str):
            return f"a {kind} score is text here", _mend_of(self.repair(value, kind), self, kind)
        if self.unknown_is_nt and value == self.unknown_is_nt:
            return "unknown is not NT", "write NT if it was not testable, or ask for the score"
        try:
            Score.parse(self.canonical(value), "motor" if kind == "motor" else "sensory")
        except ExamError as error:
            return error.faults[0].rule, error.faults[0].mend
        rule = f"this layout writes a {kind} score as one of {self._texts(kind)}"
        return rule, "correct the score"

    def _texts(self, kind: CellKind) -> str:
        return ", ".join(token for token in self.tokens[kind] if isinstance(token, str) and token)

    def repair(self, value: Any, kind: CellKind) -> int | None:
        """The code that `value` can only mean, or None when it is not certain."""
        if isinstance(value, bool) or value is None or value is ABSENT:
            return None
        if isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            return None
        text = re.sub(r"\s+", "", value)
        if kind != "non-key" and re.fullmatch(r"[0-9]\.0+", text):
            text = text[0]
        if kind == "motor" and self.canonical(text) == "5*":
            text = "5"
        if self.unknown_is_nt and text.casefold() == self.unknown_is_nt.casefold():
            return 9 if kind != "non-key" else None
        return self._folded[kind].get(text.casefold())


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing: empty, spaces, null, or no such key."""
    return (
        value is None
        or value is ABSENT
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and value != value)  # NaN: the blank of tables of numbers
    )


def _inverse(tokens: Mapping[Any, int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for token, code in tokens.items():
        found.setdefault(code, token)
    return found


def _folded(tokens: Mapping[Any, int]) -> dict[str, int]:
    return {token.casefold(): code for token, code in tokens.items() if isinstance(token, str)}


def _mend_of(code: int | None, notation: Notation, kind: CellKind) -> str:
    return "correct the score" if code is None else f'write "{notation.text(kind, code)}"'


_NONE: tuple[Any, ...] = ("", ABSENT, None)  # no non-key muscle was recorded: that item is optional


def _notation(
    anal: Mapping[str, int],
    none: tuple[Any, ...] = _NONE,
    unknown: str = "",
    stars: Mapping[str, Mapping[str, int]] = _STARS,
    canonical: Callable[[str], str] = str,
) -> Notation:
    non_key: dict[Any, int] = {**dict.fromkeys(none, -1), **_NON_KEY}
    tokens: dict[CellKind, Mapping[Any, int]] = {
        "sensory": stars["sensory"],
        "motor": stars["motor"],
        "anal": anal,
        "non-key": non_key,
    }
    return Notation(tokens, canonical, unknown)


def _from_redcap(text: str) -> str:
    return text[3:].upper() + "*" if text.startswith("ab-") else text.replace("nt", "NT")


def _redcap_stars(
    write: Callable[[int], str],
) -> dict[str, dict[str, int]]:
    """One star only: REDCap keeps its reading (`*` or `**`) in a column of its own."""
    return {
        kind: {write(code): code for code in codes.values() if code < 20}
        for kind, codes in _STARS.items()
    }


def _raw(code: int) -> str:
    bare = Score.from_code(code % 10).text.lower()
    return f"ab-{bare}" if code >= 10 else bare


_YES_NO_NT = {"No": 0, "Yes": 1, "NT": 9}
TIDY = _notation({"no": 0, "yes": 1, "NT": 9})
PRAXIS = _notation(_YES_NO_NT, (*_NONE, "None"), "UNK")
REDCAP_RAW = _notation(_YES_NO_NT, stars=_redcap_stars(_raw), canonical=_from_redcap)
REDCAP_LABELS = _notation(_YES_NO_NT, stars=_redcap_stars(lambda code: Score.from_code(code).text))
SYGEN = Notation(
    {
        "sensory": {"0": 0, "1": 1, "2": 2, "9": 9},
        "motor": {**{str(grade): grade for grade in range(6)}, "9": 9},
        "anal": {"0": 0, "1": 1, "9": 9},
        "non-key": dict.fromkeys(_NONE, -1),
    },
    lambda text: {"9": "NT"}.get(text, text),
)

CODES: dict[CellKind, frozenset[int]] = {
    "sensory": SENSORY_CODES,
    "motor": MOTOR_CODES,
    "anal": frozenset({0, 1, 9}),
    "non-key": NON_KEY_CODES,
}
PARQUET = Notation(
    {kind: {**TIDY.tokens[kind], **{code: code for code in sorted(CODES[kind])}} for kind in CODES}
)
"""Our Parquet: integer codes as in `record`, or the texts of the tidy CSV."""
