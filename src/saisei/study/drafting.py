"""A study document drafted from an export of exams; it asks in comments for what only a person knows.

Takes a table of exams; gives TOML text that is a valid document with unknowns. The first exam of a
person is taken as the baseline. Nothing is guessed: neither who was treated nor a day nor an age.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saisei import __version__
from saisei.errors import DocumentError, Fault, InputError, UnsupportedError
from saisei.exam.isncsci.classify import classify
from saisei.exam.isncsci.result import Classification
from saisei.params import value
from saisei.study.schema import SCHEMA
from saisei.study.tomltext import ask, sourced, text, unknown

if TYPE_CHECKING:
    from saisei.exam.formats.table import ExamRow, ExamTable

__all__ = ["draft"]

_SOURCE = "EXAMS"
_DAYS_A_WEEK = 7  # by definition
_DAY_COLUMNS = (
    "exam_day", "day", "days", "days_after_injury", "day_after_injury", "days_since_injury",
    "days_post_injury",
)  # fmt: skip
_INJURY_COLUMNS = ("injury_date", "date_of_injury", "doi", "date_injury")
_ARM_COLUMNS = ("arm", "group", "treatment_arm", "study_arm")
_AGE_COLUMNS = ("age", "age_years", "age_at_injury")
_SEX_COLUMNS = ("sex", "gender")
_SEXES = {"male": "male", "m": "male", "female": "female", "f": "female"}
_MEASURES = {"UEMS": "uems", "LEMS": "lems", "LT": "light_touch", "PP": "pin_prick"}


class _Keys(dict[str, str]):
    """Names of the export -> keys of the document; two names never become one key."""

    def of(self, name: str) -> str:
        """The key of a name, made on first sight."""
        if name not in self:
            plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-_.") or "x"
            key, number = plain, 2
            while key in self.values():
                key, number = f"{plain}-{number}", number + 1
            self[name] = key
        return self[name]


@dataclass(slots=True)
class _Seen:
    """One graded exam of a person."""

    row: ExamRow
    result: Classification
    visit: str
    day: float | None
    date: datetime.date | None


@dataclass(slots=True)
class _Person:
    """A person of the export with their exams in order of time."""

    key: str
    arm: str
    seen: list[_Seen] = field(default_factory=list)


def draft(table: ExamTable, digest: str, policy: str = "default", role: str = "context") -> str:
    """The text of a study document with the participants, days, visits and grades of an export.

    Args:
        table: the exams, as read by `saisei.exam.formats.read_exams`.
        digest: SHA-256 of the file, for the source entry.
        policy: grading policy of `saisei.exam.isncsci`.
        role: role of the arms: treated, control or context.

    Raises:
        DocumentError: exams with faults; none is graded by guess.
        UnsupportedError: the file holds totals only, or too many people for one document.
        InputError: no column says which person a row belongs to, or a day lies before the injury.
    """
    if table.summary_only:
        raise UnsupportedError(
            f"{table.name} holds grades and totals but no scores, so its exams cannot be graded again; "
            "write the study document by hand, or export the scores"
        )
    if table.faults:
        raise DocumentError(table.name, table.faults)
    people = _people(table, policy)
    made = "\n".join(
        [
            *_head(table, people),
            *_arms(people, role),
            *_visits(people),
            *(line for person in people for line in _participant(person)),
            *_tail(table, digest, policy),
        ]
    )
    limit = int(value("study.max_document_bytes"))
    if len(made.encode()) > limit:
        raise UnsupportedError(
            f"{table.name} holds {len(people):,} people, more than one study document takes; "
            "draft it in parts, or add it as a registry"
        )
    return made


# ---- Reading the export ------------------------------------------------------------------------------


def _people(table: ExamTable, policy: str) -> list[_Person]:
    if not table.rows:
        raise InputError(f"{table.name} holds no exams")
    if "person_id" not in table.roles:
        columns = ", ".join(table.key_columns) or "none besides the scores"
        raise InputError(
            f"no column of {table.name} says which person an exam belongs to (its columns: {columns}); "
            "name one person_id"
        )
    found: dict[str, _Person] = {}
    keys, arms, visits = _Keys(), _Keys(), _Keys()
    for row in table.rows:
        name = table.key(row, "person_id")
        if not name:
            raise InputError(f"{row.where}: no person; fill the column of persons")
        if name not in found:
            found[name] = _Person(keys.of(name), arms.of(_column(row, _ARM_COLUMNS) or "all"))
        found[name].seen.append(_seen(table, row, policy, visits))
    for person in found.values():
        person.seen.sort(key=_time)
    return list(found.values())


def _seen(table: ExamTable, row: ExamRow, policy: str, visits: _Keys) -> _Seen:
    exam = row.exam
    if exam is None:
        raise InputError(f"{row.where}: no exam")
    date = _date(table.key(row, "date"))
    day = _day(table, row, date)
    if day is not None and day < 0:
        fault = Fault(row.where, f"{day:g}", "lies before the injury", "mend the day or the dates")
        raise DocumentError(table.name, [fault])
    visit = table.key(row, "visit")
    label = visits.of(visit) if visit else ""
    return _Seen(row, classify(exam, policy, reasons=False), label, day, date)


def _day(table: ExamTable, row: ExamRow, date: datetime.date | None) -> float | None:
    """Days from the injury: a column of days, of weeks, or two dates; None when the file has none."""
    day = _number(_column(row, _DAY_COLUMNS))
    if day is not None:
        return day
    week = _number(table.key(row, "week"))
    if week is not None:
        return week * _DAYS_A_WEEK
    injury = _date(_column(row, _INJURY_COLUMNS))
    return float((date - injury).days) if date is not None and injury is not None else None


def _time(one: _Seen) -> tuple[bool, float, int]:
    """Exams with a day by day, those with a date by date, others as they stand in the file."""
    if one.day is not None:
        return False, one.day, one.row.row
    return True, float(one.date.toordinal()) if one.date else 0.0, one.row.row


def _column(row: ExamRow, names: Sequence[str]) -> str:
    folded = {str(key).strip().casefold(): content for key, content in row.keys.items()}
    for name in names:
        content = folded.get(name)
        if isinstance(content, str | int | float | datetime.date) and str(content).strip():
            return str(content).strip()
    return ""


def _number(written: str) -> float | None:
    return float(written) if re.fullmatch(r"-?\d{1,6}(\.\d{1,6})?", written) else None


def _date(written: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(written[:10])
    except ValueError:
        return None


# ---- Writing the document ----------------------------------------------------------------------------


def _head(table: ExamTable, people: Sequence[_Person]) -> list[str]:
    def open_value(note: str) -> str:
        return unknown(_SOURCE, f"asked for: {note}")

    exams = sum(len(person.seen) for person in people)
    return [
        f"# Drafted by `saisei study new` from {table.name}: {len(people)} people, {exams} exams.",
        "# Lines that begin with `# ASK` want what only a person knows. Until then the values stay unknown,",
        "# and the document is valid as it is: `saisei study validate FILE`.",
        "# A known value is written { value = ..., source = [...], confidence = \"high\" }; a range takes",
        "# min and max, a set any_of. Every source key needs an entry under [sources].",
        "# Research use only: no prognosis of a person, no choice of a dose.",
        "",
        f'schema = "{SCHEMA}"',
        *ask("a short name of letters, digits and hyphens"),
        'id = "draft"',
        *ask("the title of the study"),
        f"title = {text(f'Untitled study of {len(people)} people')}",
        'condition = "spinal cord injury"',
        *ask("what was done, to whom, and what was found, in three sentences"),
        f"summary = {text(f'Draft from an export of {exams} exams; not described yet.')}",
        *ask("published, announced, or running; with the source"),
        f"status = {open_value('the state of publication')}",
        "",
        "[design]",
        *ask("one line: open label or blinded, single arm or controlled, randomised or not"),
        f"summary = {open_value('the design')}",
        f"controlled = {open_value('true or false')}",
        f"randomised = {open_value('true or false')}",
        *ask("how many people the plan named"),
        f"target_n = {open_value('the planned number of people')}",
        "",
        "[product]",
        *ask("the cell product, its dose and route; also immunosuppression"),
        f"name = {open_value('the product, or none')}",
        f"dose_cells = {open_value('number of cells')}",
        f"route = {open_value('the route')}",
        "",
        "[eligibility]",
        *ask("who could enter, and in which days from the injury"),
        f"grades = {open_value('the AIS grades admitted')}",
        f"treatment_day = {open_value('the window of treatment')}",
        "",
    ]  # fmt: skip


def _arms(people: Sequence[_Person], role: str) -> list[str]:
    lines: list[str] = []
    for arm in dict.fromkeys(person.arm for person in people):
        n = sum(person.arm == arm for person in people)
        lines += [
            "[[arms]]",
            f"key = {text(arm)}",
            f"name = {text('everyone in the export' if arm == 'all' else arm)}",
            *ask("treated, control, or context (shown, never compared)"),
            f"role = {text(role)}",
            f"n = {sourced(n, _SOURCE)}",
            "",
        ]
    return lines


def _visits(people: Sequence[_Person]) -> list[str]:
    days: dict[str, list[float | None]] = {}
    for person in people:
        for one in person.seen:
            if one.visit:
                days.setdefault(one.visit, []).append(one.day)
    lines: list[str] = []
    for name, all_days in sorted(days.items(), key=lambda pair: _earliest(pair[1])):
        known = [day for day in all_days if day is not None]
        if len(known) == len(all_days):
            low, high = min(known), max(known)
            day = (
                sourced(low, _SOURCE) if low == high else sourced(None, _SOURCE, low=low, high=high)
            )
        else:
            lines += ask("the day of this visit")
            day = unknown(_SOURCE, "asked for: days after the injury")
        lines += [
            "[[visits]]", f"key = {text(name)}", f"name = {text(name)}", f"day = {day}",
            'counted_from = "injury"', "",
        ]  # fmt: skip
    return lines


def _earliest(days: Sequence[float | None]) -> float:
    return min((day for day in days if day is not None), default=float("inf"))


def _participant(person: _Person) -> list[str]:
    first = person.seen[0]
    lines = ["[[participants]]", f"id = {text(person.key)}", f"arm = {text(person.arm)}"]
    lines += [f"baseline_grade = {_grade(first)}", f"level = {_level(first)}"]
    if first.day is None:
        lines += ask("days from the injury to this exam")
        lines.append(f"exam_day = {unknown(_SOURCE, 'asked for: day of the baseline exam')}")
    else:
        lines.append(f"exam_day = {sourced(first.day, _SOURCE)}")
    lines += ask("day of treatment, age and sex; adverse events")
    lines.append(f"treatment_day = {unknown(_SOURCE, 'asked for: day of treatment')}")
    age = _number(_column(first.row, _AGE_COLUMNS))
    sex = _SEXES.get(_column(first.row, _SEX_COLUMNS).casefold())
    if age is not None and age >= 0:
        lines.append(f"age_years = {sourced(age, _SOURCE)}")
    else:
        lines.append(f"age_years = {unknown(_SOURCE, 'asked for: age at injury')}")
    lines.append(f"sex = {sourced(sex, _SOURCE) if sex else unknown(_SOURCE, 'asked for')}")
    lines += ["", "[participants.scores]", *_scores(first), ""]
    for number, one in enumerate(person.seen[1:], start=2):
        lines += _outcome(first, one, number)
    return lines


def _outcome(first: _Seen, one: _Seen, number: int) -> list[str]:
    lines = [f"# exam {number}: {one.row.where}".replace("\n", " "), "[[participants.outcomes]]"]
    if one.visit:
        lines.append(f"visit = {text(one.visit)}")
    if one.day is not None:
        lines.append(f"day = {sourced(one.day, _SOURCE)}")
    else:
        lines += ask("days from the injury to this exam")
        note = "asked for: day of the exam"
        if first.date is not None and one.date is not None:
            note += f"; it was {(one.date - first.date).days} days after the baseline exam"
        lines.append(f"day = {unknown(_SOURCE, note)}")
    lines += [f"grade = {_grade(one)}", f"level = {_level(one)}"]
    return [*lines, "", "[participants.outcomes.scores]", *_scores(one), ""]


def _grade(one: _Seen) -> str:
    values = [grade.value for grade in one.result.ais.values]
    return _finding(one, "ais", values, one.result.ais.text)


def _level(one: _Seen) -> str:
    values = [level.label for level in one.result.nli.values]
    return _finding(one, "nli", values, one.result.nli.text)


def _finding(one: _Seen, name: str, values: Sequence[str], shown: str) -> str:
    from saisei.exam.formats.results import compare

    notes = ["not determinable: every value that the exam allows"] if len(values) > 1 else []
    reported = {name: one.row.reported[name]} if name in one.row.reported else {}
    differing = compare(reported, {name: shown})
    notes += [f"the export itself reports {mismatch.reported}" for mismatch in differing]
    note = "; ".join(notes)
    if len(values) == 1:
        return sourced(values[0], _SOURCE, note=note)
    return sourced(None, _SOURCE, any_of=values, note=note)


def _scores(one: _Seen) -> list[str]:
    lines = []
    for measure, name in _MEASURES.items():
        total = getattr(one.result.totals, name).both
        if total.low == total.high:
            lines.append(f"{measure} = {sourced(total.low, _SOURCE)}")
        else:
            content = sourced(
                None, _SOURCE, low=total.low, high=total.high, note="not determinable"
            )
            lines.append(f"{measure} = {content}")
    return lines


def _tail(table: ExamTable, digest: str, policy: str) -> list[str]:
    notes: Mapping[str, Any] = {
        "cite": f"{table.name} (layout {table.format}), sha256 {digest}",
        "kind": "data file",
        "read": "all exams",
        "note": f"graded by Saisei {__version__}, ISNCSCI 2019, policy {policy}; "
        "the first exam of each person is taken as baseline",
    }
    return [
        *ask("outcome definitions under [[endpoints]], with when each was chosen;"),
        "# harm under [[adverse_events]]; what is claimed under [[claims]]; weaknesses under [[limits]].",
        "# `saisei study show keio-2025 --json` shows each part filled in.",
        "",
        *ask("a table for each further source that you name"),
        f"[sources.{_SOURCE}]",
        *(f"{key} = {text(content)}" for key, content in notes.items()),
        "",
    ]  # fmt: skip
