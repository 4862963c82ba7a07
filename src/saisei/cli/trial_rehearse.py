"""`saisei trial simulate`: a virtual trial written into a store, to rehearse the real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say

__all__ = ["VERBS"]


def simulate(
    design: Annotated[str, typer.Argument(help="A bundled example, or a design document.")],
    into: Annotated[
        str, typer.Option("--into", help="The new store: a file, or the URL of an empty database.")
    ],
    start: Annotated[str, typer.Option(help="First day of recruiting.")] = "2026-01-05",
    until: Annotated[
        str | None, typer.Option(help="Last day that is written; three years after the start.")
    ] = None,
    seed: Annotated[int, typer.Option(help="0 to 4294967295.")] = 1,
    event_rate: Annotated[
        float | None,
        typer.Option(help="Chance of each event of a safety rule, to rehearse an alarm."),
    ] = None,
) -> None:
    """Fill a store with a virtual trial: arrivals, consent, lots, operations, exams, events, day by day.

    Every person and event is invented. Accounts: root1, manager, investigator, assessor, maker, pharmacist,
    monitor, statistician, board, auditor, all with the password "a rehearsal, not a secret".
    """
    from saisei.design.document import load_design
    from saisei.trial.rehearsal import Rehearsal, rehearse

    first = _day(start)
    last = _day(until) if until else first.replace(year=first.year + 3)
    plan = Rehearsal(load_design(design), first, last, seed, event_rate)
    span = (last - first).days
    with progress_bar("days of the trial", span, 0) as step:
        store = rehearse(into, plan, _Days(step, span))
    rows, tip, _ = store.head()
    say(f"{store.name}: a rehearsal of {plan.design.id}, {rows} records, trail {tip[:12]}")
    say(
        "next (export SAISEI_TRIAL_PASSWORD='a rehearsal, not a secret' first): "
        f"saisei trial monitor {into} --as-of {last} --user monitor; "
        f"saisei trial board {into} --cutoff {last} --out board --closed --user board; "
        f"saisei report --trial {into} --cutoff {last} --closed --out report --user board"
    )
    store.close()


class _Days:
    """Moves a bar of `span` days by the share of the diary that is written."""

    def __init__(self, step: Callable[[int], None], span: int) -> None:
        self.step, self.span, self.shown = step, span, 0

    def __call__(self, done: int, of: int) -> None:
        now = self.span * done // of
        self.step(now - self.shown)
        self.shown = now


def _day(text: str) -> date:
    from saisei.errors import InputError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no day: write 2026-01-05") from None


VERBS: dict[str, Callable[..., Any]] = {"simulate": simulate}
