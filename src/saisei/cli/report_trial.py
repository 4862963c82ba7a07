"""`saisei report --trial STORE`: the evidence report on the records of a running trial."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from saisei.trial.interim import Interim

__all__ = ["report_trial"]


def report_trial(
    store: str, cutoff: str | None, closed: bool, user: str | None, out: Path | None, form: Any
) -> None:
    """Report on a running trial.

    Args:
        store: path or URL.
        cutoff: day or moment as text; now when None.
        closed: whether outcomes are shown.
        user: account; SAISEI_TRIAL_USER when None.
        out: folder of the report.
        form: what is printed, as for a study.
    """
    from saisei.cli.clock import now
    from saisei.cli.report import _cores, _finish
    from saisei.report.trial_part import build_closed

    found = _read(store, cutoff, closed, user)
    if not closed:
        _finish_open(found, now(), out, form)
        return
    with _cores() as later:
        _finish(build_closed(found, now(), later), out, form, later)


def _read(store: str, cutoff: str | None, closed: bool, user: str | None) -> Interim:
    from saisei.cli.trial_store import as_of_day, clock, signed_in
    from saisei.trial.interim import interim

    moment = as_of_day(cutoff)
    day = clock().date() if moment is None else moment
    with signed_in(store, user) as session:
        picture = session.view("view:closed" if closed else "view:open", moment)
        return interim(
            picture,
            day.date() if isinstance(day, datetime) else day,
            session.store.id,
            session.store.hash_at(picture.upto),
            outcomes=closed,
        )


def _finish_open(found: Interim, made_at: str, out: Path | None, form: Any) -> None:
    from saisei.cli.files import write_text
    from saisei.cli.report import Form, _json
    from saisei.report.page import render
    from saisei.report.trial_part import build_open, open_text

    document = build_open(found, made_at)
    if form is Form.JSON:
        typer.echo(_json(document))
    elif form is Form.TEXT or out is None:
        typer.echo(open_text(document), nl=False)
    if out is not None:
        write_text(out / "report.json", _json(document) + "\n")
        write_text(out / "report.html", render(document, (), "trial_open.html.jinja"))
        if form is None:
            typer.echo(f"The open form is at {out / 'report.html'}")
