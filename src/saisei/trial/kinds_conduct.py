"""Records of how the trial is run: settings, design, sites, accounts, decisions, queries, signatures."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from saisei.trial.kinds_base import (
    Body,
    Code,
    Correction,
    Day,
    Free,
    Key,
    NotNegative,
    Positive,
    Words,
)

__all__ = [
    "Account",
    "Decision",
    "DesignRecord",
    "DrugRange",
    "Export",
    "Meaning",
    "Part",
    "Query",
    "Redaction",
    "Required",
    "Role",
    "Settings",
    "Signature",
    "Site",
    "Unblinding",
]


class Role(StrEnum):
    """What an account may do; the table is in `saisei.trial.access`."""

    ADMIN = "admin"
    MANAGER = "manager"
    INVESTIGATOR = "investigator"
    ASSESSOR = "assessor"
    MANUFACTURER = "manufacturer"
    PHARMACIST = "pharmacist"
    MONITOR = "monitor"
    STATISTICIAN = "statistician"
    BOARD = "board"
    AUDITOR = "auditor"


class Part(Body):
    """A part of a body: no record by itself."""


class DrugRange(Part):
    """The range in which a drug's level is wanted, as the protocol states it."""

    drug: Key
    low: NotNegative
    high: Positive
    unit: Words
    until_day: Annotated[int, Field(ge=1)] | None = None


class Required(Part):
    """What a visit must bring besides the ISNCSCI exam; `visit` is a key of the design, or `*` for all."""

    visit: str
    kinds: tuple[Literal["imaging", "drug_level", "rehabilitation", "scale"], ...]


class Settings(Body):
    """What the protocol says and the design document does not: one record, corrected as the protocol is."""

    kind: ClassVar[str] = "settings"
    correction: ClassVar[Correction] = Correction.CORRECT

    title: Words
    birth: Literal["year", "date"] = "year"
    policy: Words = "default"
    criteria: tuple[Words, ...] = ()
    drugs: tuple[DrugRange, ...] = ()
    required: tuple[Required, ...] = ()
    growth_percent: Positive | None = None
    growth_action: Words | None = None
    regime: Words | None = None

    @property
    def own_entity(self) -> str:
        """One for the trial."""
        return "settings"


class DesignRecord(Body):
    """The design document in force, whole, with its digest; an amendment is a correction."""

    kind: ClassVar[str] = "design"
    correction: ClassVar[Correction] = Correction.CORRECT

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    document: dict[str, Any]

    @property
    def own_entity(self) -> str:
        """One for the trial."""
        return "design"


class Site(Body):
    """A place where people are treated or examined."""

    kind: ClassVar[str] = "site"

    site: Key
    name: Words
    country: Words | None = None
    planned: Annotated[int, Field(ge=0)] | None = None

    @property
    def own_entity(self) -> str:
        """Its key."""
        return f"site:{self.site}"


class Account(Body):
    """A person who works with the store: roles, sites, and a commitment to the password's hash."""

    kind: ClassVar[str] = "account"
    correction: ClassVar[Correction] = Correction.CORRECT

    user: Key
    name: Words
    roles: Annotated[tuple[Role, ...], Field(min_length=1, strict=False)]
    sites: tuple[str, ...] = ("*",)
    active: bool = True
    credential: str = ""

    @property
    def own_entity(self) -> str:
        """Its user name."""
        return f"account:{self.user}"


class Decision(Body):
    """What the board or the sponsor decided: gates, doses, pause, resume, stop."""

    kind: ClassVar[str] = "decision"
    free: ClassVar[tuple[str, ...]] = ("grounds",)
    correction: ClassVar[Correction] = Correction.CORRECT

    on: Day
    by_whom: Words
    what: Literal[
        "open the gate",
        "pause",
        "resume",
        "stop",
        "choose the dose",
        "continue",
        "change the protocol",
    ]
    arm: Key | None = None
    grounds: Free = ""


class Query(Body):
    """A question about a record; open until a correction closes it."""

    kind: ClassVar[str] = "query"
    free: ClassVar[tuple[str, ...]] = ("question", "answer")

    participant: str = ""
    about: str
    on: Day
    state: Literal["open", "answered", "closed"] = "open"
    question: Free
    answer: Free = ""


class Meaning(StrEnum):
    """What a signature says."""

    EXAMINED = "I examined this person and found this"
    REVIEWED = "I have reviewed this"
    APPROVED = "I approve this"
    RELEASED = "I release this"
    RESPONSIBLE = "I am responsible for this"


class Signature(Body):
    """A signature under one version of a record: name, time and meaning, bound by the record's hash."""

    kind: ClassVar[str] = "signature"
    correction: ClassVar[Correction] = Correction.NEVER

    target: str
    version: int
    record_hash: str
    signer: Key
    name: Words
    meaning: Annotated[Meaning, Field(strict=False)]
    participant: str = ""


class Unblinding(Body):
    """Somebody was told what a person got: who, when and why."""

    kind: ClassVar[str] = "unblinding"
    free: ClassVar[tuple[str, ...]] = ("grounds",)
    correction: ClassVar[Correction] = Correction.NEVER

    participant: Code
    on: date
    told: Words
    grounds: Free


class Export(Body):
    """Something left the store: what, up to which moment, and the digest of it."""

    kind: ClassVar[str] = "export"
    correction: ClassVar[Correction] = Correction.NEVER

    what: Words
    cutoff: str
    digest: str


class Redaction(Body):
    """Texts were lawfully deleted behind their commitments; the chain stays whole."""

    kind: ClassVar[str] = "redaction"
    correction: ClassVar[Correction] = Correction.NEVER

    target: str
    commitments: tuple[str, ...]
    grounds: Words
