"""mRS: the modified Rankin Scale. One grade, 0 (no symptoms) to 6 (dead), lower is better.

Sources: van Swieten et al., Stroke 1988;19:604-607 (grades 0 to 5, the interview); grade 6 for death is later
usage, established in stroke trials. Grade 6 is an outcome and never missing; a grade that was not assessed
is None, and nothing is filled in. A good outcome is often said to be 0-2: that is a trial's choice, not the
scale's, so the limit is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass

from saisei.errors import ExamError, Fault

__all__ = ["MEANINGS", "ModifiedRankin"]

# In our own words; the place in this tuple is the grade.
MEANINGS: tuple[str, ...] = (
    "no symptoms",
    "symptoms, but all usual activities are carried out",
    "some activities given up, own affairs managed without help",
    "some help needed, walks without help",
    "cannot walk or care for the body without help",
    "in bed, constant care",
    "dead",
)


@dataclass(frozen=True, slots=True)
class ModifiedRankin:
    """One mRS grade, or None when it was not assessed.

    Raises:
        ExamError: anything but a whole number from 0 to 6 or None.

    >>> ModifiedRankin(6).meaning, ModifiedRankin(2).at_most(2), ModifiedRankin(None).at_most(2)
    ('dead', True, None)
    """

    grade: int | None

    def __post_init__(self) -> None:
        grade = self.grade
        if grade is not None and (type(grade) is not int or not 0 <= grade < len(MEANINGS)):
            rule = f"a grade is a whole number from 0 to {len(MEANINGS) - 1}"
            mend = "give the grade, or None when it was not assessed"
            raise ExamError([Fault("mRS.grade", repr(grade), rule, mend)])

    @property
    def meaning(self) -> str:
        """What the grade says, in our words; `not assessed` for None."""
        return "not assessed" if self.grade is None else MEANINGS[self.grade]

    def at_most(self, limit: int) -> bool | None:
        """Whether the grade is `limit` or better; None when it was not assessed."""
        ModifiedRankin(limit)
        return None if self.grade is None else self.grade <= limit
