"""What is said about the trial: sources, claims, disagreements, arithmetic, limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from saisei.study.schema.values import (
    Confidence,
    Count,
    Flag,
    Key,
    Part,
    Percent,
    Sourced,
    Sources,
    Text,
    not_stated,
    rule,
)

__all__ = [
    "Arithmetic",
    "Claim",
    "Comparator",
    "Disagreement",
    "Event",
    "Gap",
    "Limit",
    "Source",
    "SourceKind",
    "Verdict",
    "Version",
]


class SourceKind(StrEnum):
    """What sort of text a source is; popular press is kept only as an example of claims."""

    PEER_REVIEWED = "peer-reviewed"
    PROTOCOL = "peer-reviewed protocol"
    REVIEW = "peer-reviewed review"
    REGISTRY = "registry"
    REGULATOR = "regulator"
    INSTITUTION = "institution"
    COMPANY = "company"
    CONFERENCE = "conference"
    ANALYST = "analyst note"
    TRADE_PRESS = "trade press"
    PRESS = "press"
    SECOND_HAND = "press, second hand"
    POPULAR = "popular press"
    DATA = "data file"
    OWN = "own arithmetic"
    RECALLED = "recalled"


class Source(Part):
    """A text that values rest on, and how much of it was read."""

    cite: Text
    kind: SourceKind
    read: Text
    doi: Annotated[str, StringConstraints(strict=True, pattern=r"^10\.\S+/\S+$")] | None = None
    url: Annotated[str, StringConstraints(strict=True, pattern=r"^https?://\S+$")] | None = None
    note: Text | None = None


class Verdict(StrEnum):
    """What the sources make of a claim."""

    SUPPORTED = "supported"
    IN_PART = "supported in part"
    NOT_SUPPORTED = "not supported"
    CONTRADICTED = "contradicted"
    UNCLEAR = "unclear"


class Claim(Part):
    """What is said in public, who says it, and what the sources bear out."""

    key: Key
    text: Text
    said_by: Sources
    finding: Text
    verdict: Verdict
    source: Sources
    confidence: Confidence
    note: Text | None = None


class Version(Part):
    """One side of a disagreement."""

    text: Text
    source: Sources


class Disagreement(Part):
    """Sources that differ: every version, the reading taken, and why."""

    topic: Text
    versions: Annotated[tuple[Version, ...], Field(min_length=1)]
    reading: Text
    reason: Text
    resolved: Flag = True


class Comparator(Part):
    """The natural rate that the authors compare with, as they state it."""

    text: Text
    rate_percent: Sourced[Percent] = Field(default_factory=not_stated)
    source: Sources
    confidence: Confidence
    note: Text | None = None


def _partial_date(value: Any) -> str:
    import datetime

    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str):
        parts = value.split("-")
        widths = [len(part) for part in parts]
        if widths == [4, 2, 2][: len(parts)] and all(p.isascii() and p.isdigit() for p in parts):
            try:
                datetime.date.fromisoformat("-".join([*parts, "01", "01"][:3]))
            except ValueError:
                pass
            else:
                return value
    raise rule("is not a date", 'write "2024", "2024-11" or "2024-11-30"')


class Event(Part):
    """An entry of the timeline; the date is as exact as the source."""

    date: Annotated[str, BeforeValidator(_partial_date)]
    event: Text
    source: Sources
    confidence: Confidence


class Arithmetic(Part):
    """A number as printed beside the same number recomputed; both are shown, neither is bent."""

    what: Text
    printed: Text | None = None
    recomputed: Text
    method: Text
    table: tuple[tuple[Count, Count], tuple[Count, Count]] | None = None
    source: Sources
    note: Text | None = None


class Limit(Part):
    """A weakness of the evidence in plain words."""

    text: Text
    source: Sources


class Gap(Part):
    """Something sought and not found, or never published."""

    what: Text
    looked_in: tuple[Key, ...] = ()
    confidence: Confidence

    @model_validator(mode="after")
    def _is_a_gap(self) -> Self:
        if self.confidence not in (Confidence.NOT_FOUND, Confidence.NOT_PUBLISHED):
            raise rule("a gap is not a value", 'write "not found" or "not published"')
        return self
