"""Records of people: who they are by pseudonym, consent, screening, allocation, visits, exams, the end."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from saisei.trial.kinds_base import (
    Body,
    Code,
    Correction,
    Day,
    Free,
    Hours,
    Key,
    NotNegative,
    Pseudonym,
    Words,
)

__all__ = [
    "Allocation",
    "Answer",
    "Check",
    "Consent",
    "Death",
    "Deviation",
    "DrugLevel",
    "Exam",
    "Grades",
    "Imaging",
    "Participant",
    "Rehabilitation",
    "Scale",
    "Screening",
    "Visit",
    "Withdrawal",
]

_Year = Annotated[int, Field(ge=1900, le=2200)]


class Participant(Body):
    """A person, by pseudonym: no name, and no birth date beyond the year unless the settings say so."""

    kind: ClassVar[str] = "participant"
    correction: ClassVar[Correction] = Correction.CORRECT

    participant: Pseudonym
    site: Key
    sex: Literal["female", "male", "other", "unknown"] = "unknown"
    birth_year: _Year | None = None
    born_on: Day | None = None
    injured_on: Day
    cause: Words | None = None

    @property
    def own_entity(self) -> str:
        """The pseudonym."""
        return f"participant:{self.participant}"

    @property
    def happened(self) -> date | None:
        """The injury is what days count from; the record itself has no day."""
        return None


class Consent(Body):
    """Consent to one version of the form, or its withdrawal."""

    kind: ClassVar[str] = "consent"

    participant: Code
    on: Day
    form: Words
    state: Literal["given", "withdrawn"] = "given"
    covers: tuple[Words, ...] = ()


class Answer(Body):
    """A criterion of the protocol and whether the person meets it."""

    criterion: Words
    met: bool


class Check(Body):
    """A criterion of the design that the program checked, with the value it saw."""

    rule: Words
    value: Words
    met: bool


class Screening(Body):
    """Screening and eligibility; `checks` are filled in by the program, against the design in force."""

    kind: ClassVar[str] = "screening"
    free: ClassVar[tuple[str, ...]] = ("note",)

    participant: Code
    on: Day
    ais: Literal["A", "B", "C", "D", "E"]
    nli: Words
    exam_on: Day
    answers: tuple[Answer, ...] = ()
    eligible: bool
    checks: tuple[Check, ...] = ()
    design: str = ""
    note: Free = ""

    @property
    def once(self) -> str:
        """One standing decision of eligibility a person."""
        return f"screening:{self.participant}"


class Allocation(Body):
    """The arm of a person, the cohort, and the day from which visits count where nothing is given."""

    kind: ClassVar[str] = "allocation"

    participant: Code
    on: Day
    arm: Key
    cohort: Annotated[int, Field(ge=1)] | None = None
    day_zero: Day | None = None
    method: Words | None = None

    @property
    def once(self) -> str:
        """One arm a person."""
        return f"allocation:{self.participant}"


class Visit(Body):
    """A visit: a key of the design, `baseline`, or `unscheduled-1` and so on."""

    kind: ClassVar[str] = "visit"
    free: ClassVar[tuple[str, ...]] = ("note",)

    participant: Code
    visit: Key
    on: Day
    state: Literal["held", "missed"] = "held"
    note: Free = ""

    @property
    def once(self) -> str:
        """A visit happens once."""
        return f"visit:{self.participant}:{self.visit}"


class Grades(Body):
    """What the exam says: sets and stars as bit masks (`exam.isncsci.evaluate.Sets`), two as text."""

    policy: Words
    sets: Annotated[tuple[int, ...], Field(min_length=11, max_length=11)]
    stars: Annotated[tuple[int, ...], Field(min_length=11, max_length=11)]
    ais: str
    nli: str


class Exam(Body):
    """An ISNCSCI exam: 136 codes in the order of `exam.isncsci.COLUMNS`, graded when it is entered."""

    kind: ClassVar[str] = "exam"
    free: ClassVar[tuple[str, ...]] = ("comments",)

    participant: Code
    visit: Key
    on: Day
    examiner: Words
    codes: Annotated[tuple[int, ...], Field(min_length=136, max_length=136)]
    entry: Literal["typed", "imported"] = "typed"
    origin: Words | None = None
    reported: dict[str, str] = Field(default_factory=dict)
    grades: Grades | None = None
    repeat: Annotated[int, Field(ge=1, le=99)] = 1
    comments: Free = ""

    @property
    def once(self) -> str:
        """A second exam at one visit says that it is one (`repeat = 2`)."""
        return f"exam:{self.participant}:{self.visit}:{self.repeat}"


class Scale(Body):
    """The total of another instrument (SCIM III, 10MWT ...) and its items where they are kept."""

    kind: ClassVar[str] = "scale"
    free: ClassVar[tuple[str, ...]] = ("note",)

    participant: Code
    visit: Key
    on: Day
    instrument: Words
    total: Annotated[float, Field(allow_inf_nan=False)] | None = None
    items: dict[str, Any] = Field(default_factory=dict)
    note: Free = ""

    @property
    def once(self) -> str:
        """Once a visit."""
        return f"scale:{self.participant}:{self.visit}:{self.instrument}"


class Imaging(Body):
    """Volumes read off one MRI, in microlitres (cubic millimetres)."""

    kind: ClassVar[str] = "imaging"
    free: ClassVar[tuple[str, ...]] = ("note",)

    participant: Code
    visit: Key
    on: Day
    reader: Words
    graft_ul: NotNegative | None = None
    lesion_ul: NotNegative | None = None
    cyst_ul: NotNegative | None = None
    findings: tuple[Words, ...] = ()
    note: Free = ""


class DrugLevel(Body):
    """A trough level of an immunosuppressant."""

    kind: ClassVar[str] = "drug_level"

    participant: Code
    on: Day
    drug: Key
    level: NotNegative
    unit: Words


class Rehabilitation(Body):
    """Hours of rehabilitation over a stretch of days."""

    kind: ClassVar[str] = "rehabilitation"

    participant: Code
    on: Day
    until: Day
    hours: Hours
    what: Words = "all therapies"


class Deviation(Body):
    """A departure from the protocol."""

    kind: ClassVar[str] = "deviation"
    free: ClassVar[tuple[str, ...]] = ("what",)

    participant: str = ""
    on: Day
    area: Literal[
        "consent", "eligibility", "visit window", "cold chain", "dose", "immunosuppression",
        "rehabilitation", "blinding", "exam", "other",
    ]  # fmt: skip
    major: bool
    what: Free


class Death(Body):
    """A death."""

    kind: ClassVar[str] = "death"
    free: ClassVar[tuple[str, ...]] = ("cause",)

    participant: Code
    on: Day
    cause: Free = ""
    related: Literal["unrelated", "unlikely", "possible", "probable", "definite", "unknown"] = (
        "unknown"
    )

    @property
    def once(self) -> str:
        """Once."""
        return f"death:{self.participant}"


class Withdrawal(Body):
    """A person leaves the treatment or the whole study."""

    kind: ClassVar[str] = "withdrawal"
    free: ClassVar[tuple[str, ...]] = ("grounds",)

    participant: Code
    on: Day
    scope: Literal["treatment", "study"]
    by_whom: Literal["participant", "investigator", "sponsor"]
    grounds: Free = ""

    @property
    def once(self) -> str:
        """Once for each scope."""
        return f"withdrawal:{self.participant}:{self.scope}"
