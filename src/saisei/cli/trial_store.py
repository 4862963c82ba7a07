"""What the verbs of `saisei trial` share: the store, the clock, signing in, printing of records."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from saisei.trial import Session, Store

__all__ = [
    "AsOfOption",
    "StoreArgument",
    "UserOption",
    "as_of_day",
    "clock",
    "opened",
    "password_of",
    "record_row",
    "signed_in",
]

StoreArgument = Annotated[
    str, typer.Argument(help="The store: an SQLite file, or postgresql://user@host/database.")
]
UserOption = Annotated[
    str | None,
    typer.Option("--user", "-u", help="Your account; SAISEI_TRIAL_USER when left out."),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="What was known then: a day (to its end, UTC) or a moment with zone."
    ),
]


def clock() -> datetime:
    """The present moment; SAISEI_TRIAL_NOW (ISO, with zone) stands in for it in rehearsals."""
    fixed = os.environ.get("SAISEI_TRIAL_NOW")
    return datetime.fromisoformat(fixed) if fixed else datetime.now(UTC)


@contextmanager
def opened(place: str) -> Iterator[Store]:
    """The store, closed again at the end."""
    from saisei.trial import Store

    store = Store.open(place, clock)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def signed_in(place: str, user: str | None) -> Iterator[Session]:
    """A session of a user whose password was asked for."""
    from saisei.errors import InputError
    from saisei.trial import login

    name = user or os.environ.get("SAISEI_TRIAL_USER")
    if not name:
        raise InputError("who are you? give your account with --user (or set SAISEI_TRIAL_USER)")
    with opened(place) as store:
        yield login(store, name, password_of(name))


def password_of(user: str, *, again: bool = False) -> str:
    """A password: from SAISEI_TRIAL_PASSWORD, else asked for without being shown.

    Raises:
        InputError: it has to be asked for, and there is no terminal.
    """
    from saisei.errors import InputError

    found = os.environ.get("SAISEI_TRIAL_PASSWORD")
    if found is not None and not again:
        return found
    if not sys.stdin.isatty():
        raise InputError(
            f"no terminal to ask for the password of {user} on: set SAISEI_TRIAL_PASSWORD "
            "(for a new account or password, SAISEI_TRIAL_NEW_PASSWORD)"
        )
    return str(
        typer.prompt(f"Password of {user}", hide_input=True, confirmation_prompt=again, err=True)
    )


def as_of_day(text: str | None) -> date | datetime | None:
    """The moment of an as-of view.

    Raises:
        InputError: neither a day nor a moment with its zone.
    """
    from saisei.errors import InputError

    if text is None:
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no day: write 2026-05-03, or 2026-05-03T12:00Z") from None
    if when.tzinfo is None:
        raise InputError(f"{text!r} has no time zone: write 2026-05-03T12:00Z")
    return when


def record_row(record: Any) -> dict[str, Any]:
    """A record as a row of a table or as JSON."""
    return {
        "entity": record.entity,
        "version": record.version,
        "action": record.action,
        "participant": record.subject,
        "site": record.site,
        "on": record.happened,
        "entered_at": record.at,
        "entered_by": record.by,
        "reason": record.reason,
        "body": record.data,
    }
