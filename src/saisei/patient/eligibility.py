"""Who could enter a published trial, as its study document states it, for a virtual cohort.

What the document leaves open is bounded by the model (age) or asked of the user (grade, level, day). The
level of a document may be that of the vertebrae; it is taken as the neurological level, and said so.
"""

from __future__ import annotations

from typing import Any

from saisei.errors import InputError
from saisei.exam.isncsci.grades import AIS
from saisei.params import value
from saisei.patient.plan import Eligibility
from saisei.study import Study

__all__ = ["eligibility_of"]


def _ends(study: Study, field: str, option: str) -> tuple[Any, Any]:
    """Both ends of a stated range; an InputError where neither is stated."""
    given = getattr(study.document.eligibility, field)
    if given.low is None and given.high is None:
        raise InputError(
            f"study {study.id} does not state eligibility.{field}: give it with {option}"
        )
    return given.low, given.high


def eligibility_of(
    study: Study, have: dict[str, Any] | None = None
) -> tuple[Eligibility, list[str]]:
    """The eligibility of a study, and remarks on how it was read.

    Args:
        study: the study.
        have: what the user gives instead: `ais`, `level`, `exam_day`, `age` as in `Eligibility`.

    Raises:
        InputError: the document does not state a part and the user gives none.
    """
    given, found, notes = dict(have or {}), study.document.eligibility, []
    if "ais" not in given:
        low, high = _ends(study, "grades", "--ais")
        listed = found.grades.options or tuple(
            g for g in AIS if (low or AIS.A).rank <= g.rank <= (high or AIS.D).rank
        )
        given["ais"] = "".join(sorted(g.value for g in listed))
    if "level" not in given:
        low, high = _ends(study, "levels", "--level")
        given["level"] = (low if low is not None else high, high if high is not None else low)
        if found.levels.note:
            notes.append(f"levels: {found.levels.note}")
    if "exam_day" not in given:
        low, high = _ends(study, "exam_day", "--exam-day")
        last = int(value("patient.last_day"))
        given["exam_day"] = (int(low or 0), int(high if high is not None else last))
        if found.exam_day.note:
            notes.append(f"exam day: {found.exam_day.note}")
    if "age" not in given:
        youngest, oldest = value("patient.youngest_age"), value("patient.oldest_age")
        low, high = found.age_years.low, found.age_years.high
        given["age"] = (int(low or youngest), int(high or oldest))
        if low is None:
            notes.append(f"age: no lower limit is stated; the model begins at {youngest:g} years")
        if high is None:
            notes.append(f"age: no upper limit is stated; the model ends at {oldest:g} years")
    return Eligibility(given["ais"], given["level"], given["exam_day"], given["age"]), notes
