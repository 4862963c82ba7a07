"""Rows are ranked by how well they fit given people, with reasons in words."""

from __future__ import annotations

from dataclasses import replace

from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.study.registries import Target, load, match

KEIO = Target(AIS.A, (Level.C4, Level.T10), (14, 28), 365, (2021, 2023))
CERVICAL = replace(KEIO, levels=(Level.C4, Level.C8))


def _ranked(target: Target) -> list[str]:
    found = sorted((match(row, target) for row in load()), key=lambda one: -one.score)
    return [one.row.id for one in found]


def test_the_late_cervical_row_fits_cervical_people_of_day_14_to_28_best() -> None:
    """natural-history.md calls Kirshblum 2022 the nearest published match to a 14-28 d cervical baseline."""
    assert _ranked(CERVICAL)[0] == "kirshblum-2022-a-cervical"


def test_rows_of_other_grades_and_treated_people_are_unsuitable() -> None:
    for row in load():
        found = match(row, KEIO)
        if row.initial != AIS.A or row.id == "keio-2025-treated-a":
            assert not found.suitable
            assert len(found.reasons) == 1
        else:
            assert found.suitable


def test_every_fault_lowers_the_score_and_is_said() -> None:
    row = next(row for row in load() if row.id == "kirshblum-2022-a-cervical")
    best = match(row, CERVICAL)
    for worse in (
        replace(CERVICAL, exam_days=None),
        replace(CERVICAL, levels=(Level.T1, Level.T9)),
        replace(CERVICAL, follow_up_days=1826),
        replace(CERVICAL, era=(1990, 1992)),
    ):
        found = match(row, worse)
        assert found.score < best.score
        assert set(found.reasons) != set(best.reasons)
