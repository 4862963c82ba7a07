"""Readers and writers of exam files, also those of other programs.

The only part of `exam` that may import a table library. What is read is refused or right: a cell that is not
exactly what its layout allows is a fault with its place, and an exam with a fault is never graded.
"""

from saisei.exam.formats.read import READERS, read_exams
from saisei.exam.formats.table import ExamRow, ExamTable, Repair, Skipped
from saisei.exam.formats.write import WRITERS, Written, write_exams

__all__ = [
    "READERS",
    "WRITERS",
    "ExamRow",
    "ExamTable",
    "Repair",
    "Skipped",
    "Written",
    "read_exams",
    "write_exams",
]
