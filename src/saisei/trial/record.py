"""One record as the store holds it, and the moments in its text form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from saisei.errors import InputError
from saisei.trial.kinds import KINDS
from saisei.trial.kinds_base import Body

__all__ = ["Record", "moment", "read_moment", "until"]

B = TypeVar("B", bound=Body)
_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def moment(when: datetime) -> str:
    """A moment as the store writes it: UTC, to the microsecond, sorting as text.

    Raises:
        InputError: the moment has no time zone.

    >>> moment(datetime(2026, 5, 3, 12, tzinfo=UTC))
    '2026-05-03T12:00:00.000000Z'
    """
    if when.tzinfo is None:
        raise InputError("a moment needs its time zone: the store keeps UTC")
    return when.astimezone(UTC).strftime(_FORM)


def read_moment(text: str) -> datetime:
    """The moment that the store wrote."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def until(when: date | datetime | None) -> str | None:
    """The last moment of an as-of view: a day counts to its end (UTC); None is no limit."""
    if when is None:
        return None
    if isinstance(when, datetime):
        return moment(when)
    return f"{when.isoformat()}T23:59:59.999999Z"


@dataclass(frozen=True)
class Record(Generic[B]):
    """One version of one thing; nothing changes it.

    Attributes:
        seq: its row in the trail; 0 where the reader is blinded.
        kind: of its body.
        entity: id of the thing; all versions share it.
        version: from 1; a correction or a voiding is the next one.
        action: `add`, `correct` or `void`.
        subject: pseudonym of the person, or empty.
        site: site of the person, or empty.
        happened: day of the event as text, or empty.
        at, by: when it was entered (UTC) and by which account.
        reason: why it was corrected or voided.
        text: the body as canonical JSON, with commitments in place of personal free text.
        texts: commitment -> the text behind it; None where it was redacted.
    """

    seq: int
    kind: str
    entity: str
    version: int
    action: str
    subject: str
    site: str
    happened: str
    at: str
    by: str
    reason: str
    text: str
    texts: dict[str, str | None] = field(default_factory=dict)

    @property
    def void(self) -> bool:
        """Whether it says that the thing was entered in error."""
        return self.action == "void"

    @cached_property
    def data(self) -> dict[str, Any]:
        """The body as JSON values, free text in its place."""
        found: dict[str, Any] = json.loads(self.text)
        for name in KINDS[self.kind].free:
            if name in found:
                found[name] = shown_text(found[name], self.texts)
        return found

    @cached_property
    def body(self) -> B:
        """The body with its types."""
        model = KINDS[self.kind]
        if any(name in self.text for name in model.free):
            return cast(B, model.model_validate_json(json.dumps(self.data)))
        return cast(B, model.model_validate_json(self.text))

    @property
    def on(self) -> date | None:
        """Day of the event; None where it has none."""
        return date.fromisoformat(self.happened) if self.happened else None


def shown_text(given: Any, texts: dict[str, str | None]) -> Any:
    """The text behind a commitment, or words that it was redacted."""
    if isinstance(given, dict) and set(given) == {"commitment"}:
        text = texts.get(given["commitment"], "")
        return "(redacted)" if text is None else text
    return given
