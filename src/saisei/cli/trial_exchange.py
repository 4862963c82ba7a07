"""`saisei trial export`, `import-form`, `import-redcap`: out to other programs, and exams back in."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar
from saisei.cli.trial_store import StoreArgument, UserOption, clock, signed_in

if TYPE_CHECKING:
    from saisei.trial.exchange import ExamFact

__all__ = ["VERBS"]


def export(
    store: StoreArgument,
    form: Annotated[
        str, typer.Option(help="redcap, tidy, odm, dataset-json, fhir, odc-sci, or all.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files; made if needed.")],
    cutoff: Annotated[
        str | None, typer.Option(help="Last day of the data (to its end, UTC); today.")
    ] = None,
    user: UserOption = None,
) -> None:
    """Write exams, doses and events for other programs; the export is entered in the trail."""
    from saisei.cli.files import write_bytes
    from saisei.errors import InputError
    from saisei.trial.exchange import WRITERS, extract, write_exchange
    from saisei.trial.exchange.log import log_export
    from saisei.trial.verify import verify

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    now = clock()
    try:
        day = date.fromisoformat(cutoff) if cutoff else now.date()
    except ValueError:
        raise InputError(f"{cutoff!r} is no day: write 2026-05-03") from None
    forms = list(WRITERS) if form == "all" else [form]
    with signed_in(store, user) as session:
        picture = session.view("view:export", as_of=day)
        verdict = verify(session.store)
        if not verdict.sound:
            raise InputError(
                f"{session.store.name} does not verify, so nothing leaves it: {verdict}"
            )
        made_at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        found = extract(picture, session.store.id, day, made_at)
        files: dict[str, bytes] = {}
        for one in forms:
            files |= write_exchange(found, one)
        for name, content in files.items():
            write_bytes(out / name, content)
        log_export(session, f"{form}: {', '.join(files)}", day.isoformat(), files)
    typer.echo(f"{len(found.exams)} exams, {len(files)} files in {out}; the export is in the trail")


def import_form(
    store: StoreArgument,
    file: Annotated[Path, typer.Argument(help="A file that this program, or one like it, wrote.")],
    form: Annotated[str, typer.Option(help="odm, fhir, dataset-json (RS), redcap or tidy.")],
    user: UserOption = None,
) -> None:
    """Enter the exams of a file in an exchange form: all or none, graded anew."""
    from saisei.errors import InputError
    from saisei.trial.exchange import read_exchange

    if not file.is_file():
        raise InputError(f"{file}: there is no such file")
    facts = read_exchange(file.read_bytes(), form, file.name)
    _enter(store, user, facts, file.name)


def import_redcap(
    store: StoreArgument,
    url: Annotated[str, typer.Option(help="Address of the API, https://.../api/.")],
    labels: Annotated[bool, typer.Option("--labels", help="The project exports labels.")] = False,
    user: UserOption = None,
) -> None:
    """Enter the exams of a REDCap project through its API; the token is in SAISEI_REDCAP_TOKEN."""
    from saisei.errors import InputError
    from saisei.trial.exchange.redcap_api import connect, fetch_exams
    from saisei.trial.importing import facts_of_table

    token = os.environ.get("SAISEI_REDCAP_TOKEN")
    if not token:
        raise InputError(
            "set SAISEI_REDCAP_TOKEN to the token of the project (never on the command line)"
        )
    project = connect(url, token)
    with progress_bar("batches", 100, 0) as step:
        shown = 0

        def report(done: int, of: int) -> None:
            nonlocal shown
            now = 100 * done // of
            step(now - shown)
            shown = now

        tables = fetch_exams(project, labels, report)
    facts = [one for table in tables for one in facts_of_table(table)]
    _enter(store, user, facts, "REDCap")


def _enter(store: str, user: str | None, facts: Sequence[ExamFact], name: str) -> None:
    with signed_in(store, user) as session:
        records = session.add_many([one.body() for one in facts])
    typer.echo(f"{len(records)} exams entered from {name}")


VERBS: dict[str, Callable[..., Any]] = {
    "export": export,
    "import-form": import_form,
    "import-redcap": import_redcap,
}
