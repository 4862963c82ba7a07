"""What every record has in common: values with their rules, and the parts a body must name.

A body is a frozen pydantic model. It names its kind, the thing it is about (`entity`), the person it
belongs to (`subject`, a pseudonym, or empty), the day on which it happened, and what may stand once only.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

__all__ = [
    "Body",
    "Code",
    "Correction",
    "Day",
    "Free",
    "Hours",
    "Key",
    "NotNegative",
    "Positive",
    "Pseudonym",
    "Share",
    "Words",
]


class Correction(StrEnum):
    """What may become of a record later; always by a new one."""

    FREE = "correct or void"
    CORRECT = "correct"
    NEVER = "never"


def _one_line(text: str) -> str:
    if not text.isprintable() and any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise PydanticCustomError("saisei_rule", "must be one line without control characters")
    return text


def _no_name(text: str) -> str:
    if not any(sign.isdigit() for sign in text):
        raise PydanticCustomError(
            "saisei_rule", "looks like a name: a pseudonym has a number in it (P01, KEIO-003)"
        )
    return text


_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID)]
"""An opaque identifier; nothing is read from its parts."""
Pseudonym = Annotated[Code, AfterValidator(_no_name)]
Key = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")
]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_one_line)]
"""Words that are no personal text: they stand in the hashed trail for good."""
Free = Annotated[str, StringConstraints(max_length=20_000)]
"""Text in which somebody could be named: kept outside the hashed trail, so that it can be redacted."""
Day = date
_Real = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[_Real, Field(ge=0)]
Positive = Annotated[_Real, Field(gt=0)]
Hours = Annotated[_Real, Field(ge=0, le=100_000)]
Share = Annotated[_Real, Field(ge=0, le=1)]


class Body(BaseModel):
    """The content of a record.

    Class attributes: `kind`; `free`, the names of fields with personal free text; `correction`, what may
    become of it; `site_wide`, whether it belongs to a person's site (else to the whole trial).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: ClassVar[str] = ""
    free: ClassVar[tuple[str, ...]] = ()
    correction: ClassVar[Correction] = Correction.FREE

    @property
    def own_entity(self) -> str:
        """The id of the thing where it has a name of its own (`lot:L7`), else empty: one is drawn."""
        return ""

    @property
    def belongs_to(self) -> str:
        """Pseudonym of the person; empty for what belongs to the trial."""
        return str(getattr(self, "participant", ""))

    @property
    def happened(self) -> date | None:
        """The day on which it happened; None where there is no such day."""
        found = getattr(self, "on", None)
        return found if isinstance(found, date) else None

    @property
    def once(self) -> str:
        """A key that no two standing records may share; empty where nothing forbids a second one."""
        return ""

    def content(self) -> dict[str, Any]:
        """The body as plain JSON values, without what is left at its default."""
        return self.model_dump(mode="json", exclude_defaults=True)
