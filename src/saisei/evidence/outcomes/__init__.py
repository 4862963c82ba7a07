"""The answer for conditions other than cord injury, by the kind of outcome that a study reports.

Takes a study and a condition document; gives findings as frozen records. Nothing here knows a condition
by name: scales, natural history and courses come from the document.
"""

from saisei.evidence.outcomes.answer import OutcomeAnswer, outcome_answer

__all__ = ["OutcomeAnswer", "outcome_answer"]
