"""The International Standards for Neurological Classification of Spinal Cord Injury (ISNCSCI, 2019).

`Exam` holds one examination, `classify` grades it, `plausibility` asks about what looks odd. `classify_table`
grades many exams at once; its compiled code is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

from saisei.exam.isncsci.classify import classify
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level
from saisei.exam.isncsci.plausibility import (
    PlausibilityWarning,
    plausibility,
    plausibility_change,
)
from saisei.exam.isncsci.policy import DEFAULT, POLICIES, PRAXIS, Policy, policy_named
from saisei.exam.isncsci.reasons import Item, MuscleCount, Reason, Why
from saisei.exam.isncsci.record import COLUMNS, Anal, Exam, Flag, Score, Side
from saisei.exam.isncsci.result import Classification, Completeness, Finding, Zone
from saisei.exam.isncsci.totals import SidedTotal, Total, Totals

if TYPE_CHECKING:
    from saisei.exam.isncsci.batch import GradedTable, classify_table

__all__ = [
    "AIS",
    "COLUMNS",
    "DEFAULT",
    "DERMATOMES",
    "KEY_MUSCLES",
    "POLICIES",
    "PRAXIS",
    "Anal",
    "Classification",
    "Completeness",
    "Exam",
    "Finding",
    "Flag",
    "GradedTable",
    "Item",
    "Level",
    "MuscleCount",
    "PlausibilityWarning",
    "Policy",
    "Reason",
    "Score",
    "Side",
    "SidedTotal",
    "Total",
    "Totals",
    "Why",
    "Zone",
    "classify",
    "classify_table",
    "plausibility",
    "plausibility_change",
    "policy_named",
]


def __getattr__(name: str) -> Any:
    """Load the batch grader, with its compiler, only when it is asked for."""
    if name in ("GradedTable", "classify_table"):
        from saisei.exam.isncsci import batch

        return getattr(batch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
