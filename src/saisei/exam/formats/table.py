"""What the readers return: exams with their place, keys, reported grades, faults and repairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saisei.errors import Fault
from saisei.exam.formats.scores import is_blank
from saisei.exam.formats.source import ABSENT
from saisei.exam.isncsci.record import COLUMNS, Exam

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ExamRow", "ExamTable", "Repair", "Skipped"]


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that lenient reading mended: where, what stood there, what was read and why."""

    where: str
    found: str
    read_as: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found} read as {self.read_as} ({self.why})"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that holds no exam at all (a visit without one, a row of another instrument)."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class ExamRow:
    """One exam of a file, or what is wrong with it.

    Attributes:
        row: number of the exam's row in the file, from 1.
        where: its place as a person says it (`file.csv, row 3 (line 4)`).
        keys: every column that is not part of the exam, untouched (values as the container has them).
        codes: the 136 integer codes in the order of `COLUMNS`, or None when there are faults.
        comments: free text of the exam.
        reported: grades and totals that the file itself gives, by our names, as written.
        faults: what is wrong; an exam with a fault is never graded.
        repairs: what lenient reading mended.
    """

    row: int
    where: str
    keys: Mapping[str, Any]
    codes: tuple[int, ...] | None = None
    comments: str = ""
    reported: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def exam(self) -> Exam | None:
        """The exam as a record, or None when it has faults."""
        return None if self.codes is None else Exam.from_codes(self.codes, self.comments)


@dataclass(frozen=True, slots=True)
class ExamTable:
    """The exams of a file.

    Attributes:
        name: what messages call the file.
        format: the layout (`redcap`, `praxis-ui`, `sygen`, `tidy`, ...).
        reason: why it was read as this layout.
        rows: one `ExamRow` for each row with an exam, sound or not.
        skipped: rows without any exam.
        key_columns: columns that `ExamRow.keys` can have, in the order of the file.
        roles: which key column is `person_id`, `visit`, `date`, `week`, where that is known.
        notes: what a reader must know of this layout (what it lacks, what stands for what).
        header_repairs: column names that lenient reading mended.
    """

    name: str
    format: str
    reason: str
    rows: tuple[ExamRow, ...]
    skipped: tuple[Skipped, ...] = ()
    key_columns: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    header_repairs: tuple[Repair, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, in the order of the file."""
        return tuple(fault for row in self.rows for fault in row.faults)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """All repairs, in the order of the file."""
        return (*self.header_repairs, *(repair for row in self.rows for repair in row.repairs))

    @property
    def sound(self) -> tuple[ExamRow, ...]:
        """The rows that can be graded."""
        return tuple(row for row in self.rows if row.codes is not None)

    @property
    def summary_only(self) -> bool:
        """Whether the layout holds reported values and no scores (EMSCI, NSCISC)."""
        return self.format in ("emsci", "nscisc")

    def codes(self) -> NDArray[np.int8]:
        """The codes of the sound rows, shape (len(sound), 136), int8, columns as in `COLUMNS`."""
        import numpy as np

        sound = [row.codes for row in self.rows if row.codes is not None]
        return np.array(sound, dtype=np.int8).reshape(len(sound), len(COLUMNS))

    def key(self, row: ExamRow, role: str) -> str:
        """The key of a row by its role (`person_id`, `visit`, `date`, `week`), or `""`."""
        value = row.keys.get(self.roles.get(role, ""), ABSENT)
        return "" if is_blank(value) else str(value)
