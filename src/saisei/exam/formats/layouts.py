"""The layouts: which column holds which item, how its cells are written, what else it carries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from saisei.exam.formats import names, scores
from saisei.exam.formats.scores import Notation

__all__ = ["LAYOUTS", "ROLE_COLUMNS", "SUMMARIES", "Layout", "folded"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay out exams in columns (or in the dotted fields of nested JSON).

    Attributes:
        name: its name in messages and in `ExamTable.format`.
        title: what a person calls it.
        items: the column of each of the 136 codes, None where the layout has none.
        notation: how cells are written.
        stray: pattern of names that look like items of this layout.
        comments: the column of the free text.
        reported: columns of grades and totals -> our names.
        reading: for the 132 scores, the column that says how a flag is to be read.
        reading_adds: the reading turns `*` into `**` (REDCap); else it repeats what the stars say.
        roles: which columns may hold `person_id`, `visit`, `date`, `week`, best first.
        first_is_person: the first column is the person, whatever its name (REDCap).
        notes: what a reader of the results must know.
    """

    name: str
    title: str
    items: tuple[str | None, ...]
    notation: Notation
    stray: str
    comments: str | None = "comments"
    reported: Mapping[str, str] = field(default_factory=dict)
    reading: tuple[str, ...] = ()
    reading_adds: bool = False
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    first_is_person: bool = False
    notes: tuple[str, ...] = ()


def folded(name: str) -> str:
    """A column name without what people and programs vary: capitals, blanks, the spelling of S4-5."""
    return _short_folded(name) if len(name) < _SHORT else _folded(name)


_SHORT = 100  # longer names are no columns of ours, and are not worth the memory of the cache


@lru_cache(maxsize=8192)
def _short_folded(name: str) -> str:
    return _folded(name)


def _folded(name: str) -> str:
    return re.sub(r"s4[-_]?s?5", "s4_5", re.sub(r"\s", "", name).casefold().replace("-", "_"))


TIDY = Layout(
    "tidy",
    "Saisei's tidy table",
    names.TIDY,
    scores.TIDY,
    r"(right|left)_(light_touch|pin_?prick|motor)_",
    reported={f"reported_{name}": name for name in names.REPORTED},
    roles={role: (role,) for role in ("person_id", "visit", "date", "week")},
)
TIDY_PARQUET = replace(TIDY, notation=scores.PARQUET)

REDCAP = Layout(
    "redcap",
    "REDCap instrument",
    names.REDCAP,
    scores.REDCAP_RAW,
    r"(right|left)_(light_touch|pinprick|motor)_(?!.*(_impair|title$))",
    reported=names.REDCAP_REPORTED,
    reading=names.REDCAP_READING,
    reading_adds=True,
    # `visit` of the instrument (Enrolment, Day 4 ...) is not the visit of the trial.
    roles={"visit": ("redcap_event_name",), "date": ("exam_date",)},
    first_is_person=True,
)
REDCAP_LABELS = replace(
    REDCAP,
    name="redcap-labels",
    title="REDCap instrument (labels)",
    notation=scores.REDCAP_LABELS,
)

_PERSON = {"person_id": ("person_id", "id"), "visit": ("visit",), "date": ("date",)}
SPECS = Layout(
    "praxis-specs",
    "Praxis flat layout (c2RightTouch)",
    names.SPECS,
    scores.PRAXIS,
    r"[ctls]\d[\d_-]*(Right|Left)(Touch|Prick|Motor)",
    reported=names.SPECS_REPORTED,
    roles=_PERSON,
)
UI = Layout(
    "praxis-ui",
    "Praxis form (rightLightTouchC2)",
    names.UI,
    scores.PRAXIS,
    r"(right|left)(LightTouch|PinPrick|Motor)[CTLS]\d(?!.*ReasonImpairment)",
    reported=names.UI_REPORTED,
    reading=names.UI_READING,
    roles=_PERSON,
)
_NESTED_STRAY = r"(right|left)(\.(lightTouch|pinPrick|motor)(\.|$)|$)"
NESTED = Layout(
    "praxis",
    "Praxis nested JSON (right.lightTouch.C2)",
    names.NPM,
    scores.PRAXIS,
    _NESTED_STRAY,
    reported=names.NPM_REPORTED | {f"result.{k}": v for k, v in names.NPM_REPORTED.items()},
    roles=_PERSON,
)
WRAPPED = replace(
    NESTED,
    name="praxis-json",
    title='Praxis JSON {"id": ..., "exam": {...}}',
    items=tuple(f"exam.{item}" for item in names.NPM),
    stray=rf"exam(\.{_NESTED_STRAY}|$)",
    comments="exam.comments",
    reported={f"result.{k}": v for k, v in names.NPM_REPORTED.items()} | names.NPM_REPORTED,
)

_ROLE_COLUMN = {"person_id": "id", "visit": "visit", "date": "date", "week": "week"}
ROLE_COLUMNS: dict[str, dict[str, str]] = {
    "tidy": {**_ROLE_COLUMN, "person_id": "person_id"},
    "redcap": {**_ROLE_COLUMN, "person_id": "record_id", "visit": "redcap_event_name",
               "date": "exam_date"},
    "sygen": {**_ROLE_COLUMN, "person_id": "ID", "week": "time"},
    "praxis": _ROLE_COLUMN,
}  # fmt: skip
"""What each family of layouts calls the person, the visit, the date and the week."""

_NO_VAC = (
    "the layout has no voluntary anal contraction (VAC): it is read as NT, so results are sets"
)
SYGEN = Layout(
    "sygen",
    "Sygen or ASIA challenge, one row an exam",
    names.SYGEN,
    scores.SYGEN,
    r"[ctls]\d+(lt|pp)[lr]$",
    comments=None,
    roles={
        "person_id": ("ID", "PID", "ptid", "PTID"),
        "week": ("time", "week"),
    },
    notes=(
        "`anyana` (any anal sensation) is read as deep anal pressure: the closest item, not the same",
        "9 is read as not testable",
    ),
)

LAYOUTS: tuple[Layout, ...] = (TIDY, REDCAP, SPECS, UI, NESTED, WRAPPED, SYGEN)
"""Layouts that are told apart by their column names; REDCap's labels and Sygen's weeks come after."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A layout of reported values without scores: read, never graded.

    Attributes:
        name, title: as in `Layout`.
        marks: columns it is recognised by.
        reported: columns of grades and totals -> our names.
        missing: texts that stand for no value.
        roles, notes: as in `Layout`.
    """

    name: str
    title: str
    marks: tuple[str, ...]
    reported: Mapping[str, str]
    missing: frozenset[str]
    roles: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


_NEVER = "summary values only: kept as reported, never graded"
SUMMARIES: tuple[Summary, ...] = (
    Summary(
        "emsci",
        "EMSCI summary",
        names.EMSCI,
        names.EMSCI_REPORTED,
        frozenset({"NT", "NA"}),
        {"person_id": ("Patientennummer",), "visit": ("ExamStage",)},
        (_NEVER, "NT and NA among the numbers mean that there is no value"),
    ),
    Summary(
        "nscisc",
        "NSCISC public file",
        names.NSCISC,
        names.NSCISC_REPORTED,
        frozenset({"888", "999", "8888", "X99", "C99", "T99", "L99", "S99"}),
        {"person_id": ("UniID",), "visit": ("BYear",)},
        (
            _NEVER,
            "888, 999 and 8888 and levels such as X99 mean that there is no value",
            "AIS stays in the codes of the file: their meaning differs between public versions, "
            "take the NSCISC syllabus; sex is 1 for men here and 2 for men in Sygen",
        ),
    ),
)
