"""`saisei report ID_OR_FILE --out DIR`: the main job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Form(StrEnum):
    """What goes to the standard output when no folder is asked for."""

    TEXT = "text"
    JSON = "json"


def command(
    study: Annotated[
        str | None,
        typer.Argument(help="A bundled study (see `saisei study list`) or a study file."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the report; made if needed.")
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="Print this to the standard output instead.")
    ] = None,
    condition: Annotated[
        str,
        typer.Option(help="A condition document of your own, for studies beyond cord injury."),
    ] = "",
    trial: Annotated[
        str | None,
        typer.Option("--trial", help="The store of a running trial, instead of a study."),
    ] = None,
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="Day of the cut (its end, UTC); now if left out.")
    ] = None,
    closed: Annotated[
        bool,
        typer.Option("--closed/--open", help="With outcomes, or without any (the default)."),
    ] = False,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Your account in the store of the trial.")
    ] = None,
) -> None:
    """Answer the main question for one study: page, data and figures.

    Writes report.html, report.json and figures/ (SVG, PNG, CSV) to the folder. Research use only.
    With --trial it reports on the records of a running trial at a cut-off, in open or closed form.
    """
    from saisei.cli.clock import now
    from saisei.errors import InputError
    from saisei.report.condition_document import build_condition, is_cord_injury
    from saisei.report.document import build
    from saisei.report.later import at_once
    from saisei.study import load

    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    if (study is None) == (trial is None):
        raise InputError("name one thing: a study, or a running trial with --trial STORE")
    if trial is not None:
        from saisei.cli.report_trial import report_trial

        report_trial(trial, cutoff, closed, user, out, form)
        return
    assert study is not None
    loaded = load(study)
    if condition or not is_cord_injury(loaded):
        from saisei.study.conditions import load_condition

        used = load_condition(condition) if condition else None
        _finish(build_condition(loaded, now(), used), out, form, at_once)
        return
    with _cores() as later:
        if out is not None:
            for _ in range(2):  # both workers load the drawing library while the numbers are made
                later(_warm_up)
        document = build(loaded, now(), later)
        _finish(document, out, form, later)


def _finish(document: dict[str, Any], out: Path | None, form: Form | None, later: Any) -> None:
    from saisei.report.page import render_text

    if form is Form.JSON:
        typer.echo(_json(document))
    elif form is Form.TEXT or out is None:
        typer.echo(render_text(document), nl=False)
    if out is not None:
        _write(document, out, later, quiet=form is not None)


@contextmanager
def _cores() -> Iterator[Any]:
    """`later` on two forked workers where the machine has two cores, else at once."""
    import multiprocessing
    import os
    from concurrent.futures import ProcessPoolExecutor

    from saisei.report.later import at_once

    if (os.cpu_count() or 1) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield at_once
        return
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        yield lambda call, *arguments: pool.submit(call, *arguments).result


def _warm_up() -> None:
    from saisei.report.page_figures import warm_up

    warm_up()


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)


def _write(document: dict[str, Any], out: Path, later: Any, *, quiet: bool) -> None:
    from rich.console import Console

    from saisei.cli.files import write_bytes, write_text
    from saisei.report.outcome_figures import condition_figures
    from saisei.report.page import render
    from saisei.report.page_figures import all_figures

    other = "outcomes" in document
    console = Console(stderr=True)
    with console.status("drawing the figures"):
        figures = condition_figures(document) if other else all_figures(document, later)
        page = render(
            document, figures, "condition.html.jinja" if other else "report.html.jinja"
        )  # everything is made before anything is written
    for figure in figures:
        write_bytes(out / "figures" / f"{figure.name}.svg", figure.svg)
        write_bytes(out / "figures" / f"{figure.name}.png", figure.png)
        write_text(out / "figures" / f"{figure.name}.csv", figure.csv)
    write_text(out / "report.json", _json(document) + "\n")
    write_text(out / "report.html", page)
    if quiet:
        return
    typer.echo(
        f"The report is at {out / 'report.html'} (data: {out / 'report.json'}, figures: {out / 'figures'}/)"
    )
    typer.echo("")
    for number, sentence in enumerate(document["answer"]["sentences"], 1):
        typer.echo(f"{number}. {sentence}")
    typer.echo("")
    typer.echo(document["answer"]["caution"])
