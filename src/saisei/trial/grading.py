"""Exams graded when they are entered, one or ten thousand, and again whenever they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.exam.formats.results import grade_sets, result_texts
from saisei.exam.isncsci.record import Exam as IsncsciExam
from saisei.exam.isncsci.result import finding
from saisei.trial.kinds_people import Exam, Grades
from saisei.trial.record import Record

__all__ = ["code_table", "grade", "grade_many", "isncsci", "misgraded", "texts"]


def code_table(exams: Sequence[Exam]) -> NDArray[np.int8]:
    """The codes of many exams, int8 (n, 136), in the order of `exam.isncsci.COLUMNS`."""
    return np.array([one.codes for one in exams], dtype=np.int8).reshape(len(exams), 136)


def isncsci(exam: Exam) -> IsncsciExam:
    """The exam as the exam stage knows it.

    Raises:
        ExamError: codes that their column cannot hold.
    """
    return IsncsciExam.from_codes(exam.codes, exam.comments)


def grade(exam: Exam, policy: str) -> Exam:
    """The exam with its grades under a policy.

    Raises:
        ExamError: codes that their column cannot hold, each with its place.
    """
    isncsci(exam)
    return grade_many([exam], policy)[0]


def grade_many(exams: Sequence[Exam], policy: str) -> list[Exam]:
    """Many exams with their grades; their codes must be valid."""
    if not exams:
        return []
    sets, stars = grade_sets(code_table(exams), policy)
    graded = []
    for exam, one, star in zip(exams, sets.tolist(), stars.tolist(), strict=True):
        made = Grades(
            policy=policy,
            sets=tuple(one),
            stars=tuple(star),
            ais=finding("ais", one[6], star[6]).text,
            nli=finding("nli", one[4], star[4]).text,
        )
        graded.append(exam.model_copy(update={"grades": made}))
    return graded


def texts(exam: Exam, policy: str | None = None) -> dict[str, str]:
    """Every quantity of an exam in words, computed now from its codes.

    Args:
        exam: of the store.
        policy: the reading of the open points; the one it was entered under when left out.
    """
    used = policy or (exam.grades.policy if exam.grades else "default")
    sets, stars = grade_sets(code_table([exam]), used)
    return result_texts(exam.codes, sets[0].tolist(), stars[0].tolist())


def misgraded(records: Sequence[Record[Any]]) -> list[tuple[Record[Exam], str, str]]:
    """Exams whose stored grades are not those that their codes give now: record, stored AIS, AIS now."""
    policies: dict[str, list[Record[Exam]]] = {}
    for record in records:
        grades = record.body.grades
        policies.setdefault(grades.policy if grades else "default", []).append(record)
    found = []
    for policy, group in policies.items():
        sets, stars = grade_sets(code_table([one.body for one in group]), policy)
        for record, one, star in zip(group, sets.tolist(), stars.tolist(), strict=True):
            kept = record.body.grades
            now = finding("ais", one[6], star[6]).text
            if kept is None or kept.sets != tuple(one) or kept.stars != tuple(star):
                found.append((record, kept.ais if kept else "none", now))
            elif (kept.ais, kept.nli) != (now, finding("nli", one[4], star[4]).text):
                found.append((record, kept.ais, now))
    return found
