"""`saisei trial monitor`: what must be acted on, nightly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, print_json
from saisei.cli.trial_store import (
    AsOfOption,
    StoreArgument,
    UserOption,
    as_of_day,
    clock,
    signed_in,
)

__all__ = ["VERBS"]

_HEADS = {"act": "ACT NOW", "watch": "WATCH", "note": "as it stands"}


def monitor(
    store: StoreArgument,
    as_of: AsOfOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what must be acted on.")] = False,
    user: UserOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Evaluate every rule on the data: safety, interim looks, visits, exams, MRI, drug levels, lots.

    Leaves with 1 when something must be acted on, else with 0: it can run each night.
    """
    from datetime import datetime

    from saisei.trial.monitor import watch

    moment = as_of_day(as_of)
    day = clock().date() if moment is None else moment
    with signed_in(store, user) as session:
        picture = session.view("view:monitor", moment)
        found = watch(picture, day.date() if isinstance(day, datetime) else day)
    if as_json:
        print_json(found.as_json())
    else:
        typer.echo(f"{found.day}: {found.participants} participants, {found.treated} treated")
        shown = [one for one in found.alarms if not quiet or one.urgency == "act"]
        last = ""
        for one in shown:
            if one.urgency != last:
                typer.echo(f"\n{_HEADS[one.urgency]}")
                last = one.urgency
            typer.echo(f"  {one.rule}: {one.what}\n      -> {one.protocol}")
        if not shown:
            typer.echo("nothing to act on")
    raise typer.Exit(1 if found.must_act else 0)


VERBS: dict[str, Callable[..., Any]] = {"monitor": monitor}
