"""A sheet of a known layout, row by row, into exams."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Any

from saisei.errors import DocumentError, Fault, InputError
from saisei.exam.formats.layouts import Layout, Summary, folded
from saisei.exam.formats.names import CELLS
from saisei.exam.formats.scores import KINDS, is_blank
from saisei.exam.formats.source import ABSENT, Sheet, shown
from saisei.exam.formats.table import ExamRow, ExamTable, Repair, Skipped
from saisei.exam.isncsci.record import COLUMNS

__all__ = ["Options", "parse_sheet", "parse_summary"]

_ITEMS = len(COLUMNS)
_SCORES = len(CELLS)
_REQUIRED = _ITEMS - 2  # all but the two non-key muscles
_NT = 9
_CUT = 32  # statistics packages cut longer names here


@dataclass(frozen=True, slots=True)
class Options:
    """How strictly to read.

    Attributes:
        lenient: mend what can mean one thing only, and list each repair.
        unrecorded_as_nt: where the layout has no VAC (or DAP) at all, read it as NT.
        old_5_star: read the motor `5*` of the revisions before 2019 as 5, and list it.
    """

    lenient: bool = False
    unrecorded_as_nt: bool = False
    old_5_star: bool = False


def parse_sheet(sheet: Sheet, layout: Layout, reason: str, options: Options) -> ExamTable:
    """The exams of a sheet.

    Raises:
        DocumentError: columns that are missing, misspelt or belong to no segment.
        InputError: no rows; VAC or DAP not recorded and not told to read them as NT.
    """
    if not sheet.rows:
        raise InputError(f"{sheet.name} has a header and no rows: there is no exam in it")
    plan = _Plan(sheet, layout, options)
    rows: list[ExamRow] = []
    skipped: list[Skipped] = []
    for index, cells in enumerate(sheet.rows):
        found = plan.row(index, cells)
        if isinstance(found, ExamRow):
            rows.append(found)
        else:
            skipped.append(found)
    return ExamTable(
        sheet.name,
        layout.name,
        reason,
        tuple(rows),
        tuple(skipped),
        tuple(sheet.header[at] for at in plan.key_at),
        plan.roles(),
        plan.notes(),
        tuple(plan.header_repairs),
    )


class _Plan:
    """Which cell of a row is what; made once for a sheet."""

    def __init__(self, sheet: Sheet, layout: Layout, options: Options) -> None:
        self.sheet, self.layout, self.options = sheet, layout, options
        self.by_key = sheet.container in ("json", "json lines")
        self.header_repairs: list[Repair] = []
        self.at = {name: i for i, name in enumerate(sheet.header)}
        self.none = len(sheet.header)  # where a row gets an ABSENT appended
        self.items = [self.at.get(name, -1) if name else -1 for name in layout.items]
        self.aliases: dict[int, int] = {}
        self.strays: list[int] = []
        self._columns()
        self.unrecorded = self._unrecorded()
        self.reading = [self.at.get(name, self.none) for name in layout.reading]
        self.comments = self.at.get(layout.comments or "", self.none)
        self.reported = [(self.at[n], ours) for n, ours in layout.reported.items() if n in self.at]
        used = {*self.items, *self.aliases, *self.reading, self.comments, *self.strays}
        used.update(at for at, _ in self.reported)
        self.key_at = [i for i in range(len(sheet.header)) if i not in used]
        self.given = [at for at in self.items if at >= 0]
        self.get: Callable[[list[Any]], tuple[Any, ...]] = itemgetter(
            *(at if at >= 0 else self.none for at in self.items)
        )
        self.get_reading = itemgetter(*self.reading) if self.reading else None
        self.tokens = [layout.notation.tokens[kind] for kind in KINDS]

    # ---- columns ------------------------------------------------------------------------------------

    def _columns(self) -> None:
        """Find misspelt, stray and missing item columns."""
        known = {*self.layout.items, *self.layout.reading, *self.layout.reported}
        fold = {folded(name): i for i, name in enumerate(self.layout.items) if name}
        readings = {folded(name): name for name in self.layout.reading}
        # A non-key muscle is optional: a misspelt column for it would be lost without a word.
        stray = re.compile(rf"(?:{self.layout.stray})|.*non_?key", re.IGNORECASE)
        faults: list[Fault] = []
        for at, name in enumerate(self.sheet.header):
            if name in known:
                continue
            item = fold.get(folded(name))
            reading = readings.get(folded(name)) or _uncut(name, self.layout.reading)
            if item is not None:
                self._alias(at, name, item, faults)
            elif reading is not None:
                self._reading_alias(at, name, reading, faults)
            elif stray.match(name):
                self.strays.append(at)
                if not self.by_key:
                    rule = f"is no item of {self.layout.title}: there is no such segment or part"
                    faults.append(Fault(f"column {shown(name)}", "", rule, "rename or remove it"))
        if not self.by_key:
            faults += self._missing()
            self._no_truth_values(faults)
        if faults:
            raise DocumentError(self.sheet.name, faults)

    def _alias(self, at: int, name: str, item: int, faults: list[Fault]) -> None:
        right = self.layout.items[item] or ""
        if self.by_key:
            self.aliases[at] = item
            return
        if self.items[item] >= 0:
            rule = f"is a second column for {right}: which one counts cannot be known"
            faults.append(Fault(f"column {shown(name)}", "", rule, "remove one"))
        elif self.options.lenient:
            self.items[item] = at
            where = f"{self.sheet.name}, header"
            self.header_repairs.append(Repair(where, shown(name), right, "spelling of the column"))
        else:
            self.items[item] = at  # so that it is not reported as missing as well
            faults.append(
                Fault(
                    f"column {shown(name)}", "", "is misspelt", f"write {right}, or read leniently"
                )
            )

    def _reading_alias(self, at: int, name: str, right: str, faults: list[Fault]) -> None:
        if self.options.lenient and right not in self.at:
            self.at[right] = at
            where = f"{self.sheet.name}, header"
            self.header_repairs.append(Repair(where, shown(name), right, "spelling of the column"))
        else:
            rule = f"is misspelt or cut off (meant is {right}): flags would lose their reading"
            faults.append(Fault(f"column {shown(name)}", "", rule, "rename it, or read leniently"))

    def _missing(self) -> list[Fault]:
        missing = [
            name
            for name, at in zip(self.layout.items[:_SCORES], self.items, strict=False)
            if name and at < 0
        ]
        if not missing:
            return []
        text = ", ".join(missing[:5]) + (
            f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        )
        return [Fault(f"header: {text}", "", "is missing; a blank is not NT", "add the columns")]

    def _no_truth_values(self, faults: list[Fault]) -> None:
        """In Python `True == 1`: a column of truth values must not pass as grades."""
        if self.sheet.container != "parquet":
            return
        for name, at in zip(self.layout.items, self.items, strict=True):
            if at >= 0 and any(
                isinstance(r, list) and type(r[at]) is bool for r in self.sheet.rows
            ):
                faults.append(Fault(f"column {name}", "", "holds truth values, not scores"))

    def _unrecorded(self) -> tuple[int, ...]:
        """VAC or DAP where the file has no column for it at all."""
        anal = (_SCORES, _SCORES + 1)
        gone = tuple(
            i for i in anal if self.items[i] < 0 and not (self.by_key and self.layout.items[i])
        )
        if gone and not self.options.unrecorded_as_nt:
            what = " and ".join(COLUMNS[i].upper() for i in gone)
            raise InputError(
                f"{self.sheet.name}: {self.layout.title} has no column for {what}, and what was not "
                "recorded is not NT. To grade all the same, with sets that cover every answer, say so: "
                "--unrecorded-as-nt (unrecorded_as_nt=True)"
            )
        return gone

    def roles(self) -> dict[str, str]:
        """Which key column is the person, visit, date, week."""
        keys = {self.sheet.header[at] for at in self.key_at}
        found = {
            role: next(name for name in candidates if name in keys)
            for role, candidates in self.layout.roles.items()
            if keys.intersection(candidates)
        }
        if self.layout.first_is_person and self.sheet.header[0] in keys:
            found["person_id"] = self.sheet.header[0]
        return found

    def notes(self) -> tuple[str, ...]:
        """What a reader of the results must know."""
        what = " and ".join(COLUMNS[i].upper() for i in self.unrecorded)
        extra = f"{what} not recorded: read as NT, so results are sets" if what else ""
        notes = [note for note in self.layout.notes if "anyana" not in note or "DAP" not in what]
        return (*notes, extra) if extra else tuple(notes)

    # ---- rows ---------------------------------------------------------------------------------------

    def row(self, index: int, cells: list[Any] | Fault) -> ExamRow | Skipped:
        """One row of the sheet as an exam, its faults, or a row without an exam."""
        where = self.sheet.place(index)
        if isinstance(cells, Fault):
            return ExamRow(index + 1, where, {}, faults=(cells,))
        cells = [*cells, ABSENT]
        values = self.get(cells)
        faults: list[Fault] = []
        repairs: list[Repair] = []
        if self.aliases or self.strays:
            values = self._aliased(cells, values, where, faults, repairs)
        if not faults and is_blank(values[0]) and all(map(is_blank, values)):
            if not self.by_key or any(cells[at] is not ABSENT for at in self.given):
                return Skipped(where, "no exam in this row: all items are blank")
            faults.append(
                Fault(where, "", "no exam in this object", "give right, left, VAC and DAP")
            )
        codes = self._codes(values, where, faults, repairs) if not faults else []
        if not faults and self.get_reading is not None:
            codes = self._readings(codes, self.get_reading(cells), where, faults)
        comments = cells[self.comments]
        return ExamRow(
            index + 1,
            where,
            {self.sheet.header[at]: cells[at] for at in self.key_at if cells[at] is not ABSENT},
            None if faults else tuple(codes),
            "" if is_blank(comments) else str(comments),
            {ours: str(cells[at]) for at, ours in self.reported if not is_blank(cells[at])},
            tuple(faults),
            tuple(repairs),
        )

    def _aliased(
        self,
        cells: list[Any],
        values: tuple[Any, ...],
        where: str,
        faults: list[Fault],
        repairs: list[Repair],
    ) -> tuple[Any, ...]:
        """JSON only: keys of this one object that are misspelt or belong to no segment."""
        mended = list(values)
        for at in self.strays:
            if cells[at] is not ABSENT:
                rule = "is no item of an exam: there is no such segment or part"
                faults.append(
                    Fault(f"{where}, field {self.sheet.header[at]}", "", rule, "remove it")
                )
        for at, item in self.aliases.items():
            if cells[at] is ABSENT:
                continue
            name, right = self.sheet.header[at], self.layout.items[item] or ""
            if self.options.lenient and mended[item] is ABSENT:
                mended[item] = cells[at]
                repairs.append(Repair(where, name, right, "spelling of the field"))
            else:
                rule = "is misspelt" if mended[item] is ABSENT else f"is given beside {right}"
                faults.append(Fault(f"{where}, field {name}", "", rule, f"write {right}"))
        return tuple(mended)

    def _codes(
        self, values: Sequence[Any], where: str, faults: list[Fault], repairs: list[Repair]
    ) -> list[int]:
        try:
            codes = [tokens.get(value) for tokens, value in zip(self.tokens, values, strict=True)]
        except TypeError:  # a list among the values
            codes = [
                tokens.get(value) if value.__hash__ else None
                for tokens, value in zip(self.tokens, values, strict=True)
            ]
        for i in self.unrecorded:
            codes[i] = _NT
        if None in codes:
            for i in compress(range(_ITEMS), [code is None for code in codes]):
                codes[i] = self._other(i, values[i], where, faults, repairs)
        return [code if code is not None else _NT for code in codes]

    def _other(
        self, i: int, value: Any, where: str, faults: list[Fault], repairs: list[Repair]
    ) -> int | None:
        """A cell that is not written as the layout writes it: mend it, or say why not."""
        kind, notation = KINDS[i], self.layout.notation
        name = self.layout.items[i]
        word = "field" if self.by_key else "column"
        place = f"{where}, {word} {name}"
        code = notation.repair(value, kind) if self.options.lenient else None
        if self.options.old_5_star and kind == "motor" and isinstance(value, str):
            code = 5 if notation.canonical(value) == "5*" else code
        if code is None and self.layout.name == "redcap-labels" and kind == "non-key":
            code = _labelled_muscle(value, notation.tokens[kind])
            if code is not None:
                return code
        if code is None:
            rule, mend = notation.why_not(value, kind)
            given = "" if value is ABSENT else shown(value)
            faults.append(Fault(place, given, rule, mend))
            return None
        read_as = str(notation.text(kind, code))
        why = "a flag of the revisions before 2019" if "5*" in str(value) else "one meaning only"
        repairs.append(Repair(place, shown(value), read_as, why))
        return code

    def _readings(
        self, codes: list[int], readings: tuple[Any, ...], where: str, faults: list[Fault]
    ) -> list[int]:
        """Join the flags with the column that says how each is to be read."""
        blank = [is_blank(reading) for reading in readings]
        if all(blank) and not (self.layout.reading_adds and max(codes[:_SCORES]) >= 10):
            return codes
        codes = list(codes)
        for i, reading in enumerate(readings):
            stars = codes[i] // 10
            if blank[i] and not (stars and self.layout.reading_adds):
                continue
            name = self.layout.reading[i]
            normal = None if blank[i] else _reading(reading)
            given = "" if reading is ABSENT else shown(reading)
            place = f"{where}, {'field' if self.by_key else 'column'} {name}"
            if not blank[i] and normal is None:
                rule = "says neither to consider the score normal nor not normal"
                faults.append(Fault(place, given, rule, "write 1 (normal) or 2 (not normal)"))
            elif not stars:
                rule = f"gives a reading to the score {self.layout.items[i]}, which has no star"
                faults.append(Fault(place, given, rule, "clear it, or flag the score"))
            elif blank[i]:
                rule = "a star needs its reading: normal (**) or not normal (*)"
                faults.append(Fault(place, "", rule, "write 1 (normal) or 2 (not normal)"))
            elif self.layout.reading_adds:
                codes[i] += 10 if normal else 0
            elif normal != (stars == 2):
                rule = f"contradicts the stars of {self.layout.items[i]}"
                faults.append(Fault(place, given, rule, "** is read as normal, * is not"))
        return codes


def _reading(value: Any) -> bool | None:
    """True for "consider normal", False for "consider not normal", None for anything else."""
    if isinstance(value, bool):
        return value
    text = str(value).casefold()
    if text in ("1", "true", "consider normal", "normal"):
        return True
    if text in ("2", "false", "consider not normal", "not normal"):
        return False
    return None


def _labelled_muscle(value: Any, tokens: Any) -> int | None:
    """The level in a label such as `C5 - Shoulder: flexion ...`."""
    match = re.match(r"([CTLS]\d)\s+-\s+\S", value) if isinstance(value, str) else None
    return tokens.get(match[1]) if match else None


def _uncut(name: str, full: tuple[str, ...]) -> str | None:
    """The one name that was cut to `name` by a program with short names."""
    if len(name) != _CUT:
        return None
    meant = [one for one in full if one.startswith(name) and one != name]
    return meant[0] if len(meant) == 1 else None


def parse_summary(sheet: Sheet, layout: Summary, reason: str) -> ExamTable:
    """Rows of reported values; nothing in them can be graded."""
    if not sheet.rows:
        raise InputError(f"{sheet.name} has a header and no rows")
    at = {name: i for i, name in enumerate(sheet.header)}
    rows = []
    for index, cells in enumerate(sheet.rows):
        where = sheet.place(index)
        if isinstance(cells, Fault):
            rows.append(ExamRow(index + 1, where, {}, faults=(cells,)))
            continue
        reported = {
            ours: str(cells[at[name]])
            for name, ours in layout.reported.items()
            if name in at
            and not is_blank(cells[at[name]])
            and str(cells[at[name]]).strip() not in layout.missing
        }
        keys: dict[str, Any] = dict(zip(sheet.header, cells, strict=True))
        rows.append(ExamRow(index + 1, where, keys, reported=reported))
    roles = {
        role: next(name for name in candidates if name in at)
        for role, candidates in layout.roles.items()
        if at.keys() & set(candidates)
    }
    return ExamTable(
        sheet.name, layout.name, reason, tuple(rows), (), sheet.header, roles, layout.notes
    )
