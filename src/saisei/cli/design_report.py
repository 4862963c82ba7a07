"""`saisei design report`: one report on several planned trials, for sponsor and regulator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.workers import single_threaded

__all__ = ["report"]

_MOST_SIZES = 40


def report(
    designs: Annotated[list[str], typer.Argument(help="Design documents, or ids of bundled ones.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the report; made if needed.")],
    sizes: Annotated[
        str, typer.Option("--sizes", help="People treated, to show each design at; empty for none.")
    ] = "10:40:5",
    study: Annotated[
        str | None,
        typer.Option("--study", help="The study whose announced successor the designs stand for."),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Heading of the report.")] = None,
) -> None:
    """Write one report on planned trials: what each can show, when it stops, what remains unknown.

    Writes report.html (prints well, decision tables on a page each), report.json and figures/. The worked
    example: saisei design report keio-successor-single-arm keio-successor-controlled
    keio-successor-conditional --study keio-2025 --out out/keio-successor. Research use only.
    """
    from saisei.errors import InputError

    single_threaded()
    from saisei.design.document import load_design
    from saisei.design.dossier import dossier
    from saisei.study import load

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    documents = [load_design(name) for name in designs]
    asked = _sizes(sizes)
    record = None if study is None else load(study)
    parts = _parts(documents, asked)
    _write(dossier(documents, asked, parts), record, title or _title(documents, record), out)


def _title(documents: list[Any], record: Any) -> str:
    if record is not None:
        ways = {1: "a way", 2: "two ways", 3: "three ways", 4: "four ways"}
        count = ways.get(len(documents), f"{len(documents)} ways")
        return f"After {record.document.title}: {count} to plan the next trial"
    return " / ".join(one.title for one in documents)


def _sizes(text: str) -> list[int]:
    from saisei.design.grid import parse_axis
    from saisei.errors import InputError

    if not text.strip():
        return []
    found = [int(one) for one in parse_axis(f"n={text}").values]
    if len(found) > _MOST_SIZES:
        raise InputError(
            f"--sizes {text}: {len(found)} sizes, more than {_MOST_SIZES}; widen the step"
        )
    return found


def _parts(documents: list[Any], sizes: list[int]) -> list[dict[str, Any]]:
    """The part of each design, on two cores where there are, with a bar."""
    import os

    from rich.console import Console
    from rich.progress import track

    from saisei.cli.workers import Crew, open_crew
    from saisei.design.dossier import part_of

    with open_crew(Crew(min(2, os.cpu_count() or 1, len(documents)))) as team:
        waiting = [team.executor.submit(part_of, one, sizes) for one in documents]
        told = track(
            waiting, "summing over all outcomes", console=Console(stderr=True), transient=True
        )
        return [one.result() for one in told]


def _write(numbers: dict[str, Any], record: Any, title: str, out: Path) -> None:
    import json

    from saisei.cli.clock import now
    from saisei.cli.files import write_bytes, write_text
    from saisei.report.dossier_figures import dossier_figures
    from saisei.report.dossier_page import build_dossier, render_dossier

    document = {"title": title} | build_dossier(numbers, record, now())
    figures = dossier_figures(document)
    page = render_dossier(document, figures)  # everything is made before anything is written
    for figure in figures:
        write_bytes(out / "figures" / f"{figure.name}.svg", figure.svg)
        write_bytes(out / "figures" / f"{figure.name}.png", figure.png)
        write_text(out / "figures" / f"{figure.name}.csv", figure.csv)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    write_text(out / "report.json", text + "\n")
    write_text(out / "report.html", page)
    typer.echo(f"The report is at {out / 'report.html'} (data: {out / 'report.json'})\n")
    for number, sentence in enumerate(document["answers"], 1):
        typer.echo(f"{number}. {sentence['lead']} {sentence['text']}")
    typer.echo(f"\n{document['caution']}")
