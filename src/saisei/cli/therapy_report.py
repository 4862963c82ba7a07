"""Writing the report of the therapy in silico: page, data, pictures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saisei.cli.exam_files import progress_bar
from saisei.cli.files import write_bytes, write_text
from saisei.cli.therapy_options import described

if TYPE_CHECKING:
    from saisei.patient.therapy import Therapy

__all__ = ["write_report"]


def write_report(
    therapy: Therapy, study: str | None, person: int | None, out: Path, least: int
) -> None:
    """Make a run and its report.

    Args:
        therapy: what was asked for.
        study: the study it was taken from.
        person: who is drawn; the first whose graft can help and is kept by default.
        out: the folder.
        least: people from which on a progress bar is shown.
    """
    from saisei.cli.clock import now
    from saisei.errors import InputError
    from saisei.patient.cohort import CHUNK, Model, acceptance_of
    from saisei.patient.treated import check_therapy, treat
    from saisei.patient.treated_course import person_year, typical_person
    from saisei.report.page import render
    from saisei.report.therapy_document import build
    from saisei.report.therapy_figures import all_pictures, moving_course

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    model = Model.packaged()
    acceptance = acceptance_of(therapy.people, model)
    check = check_therapy(therapy, model, acceptance)
    with progress_bar("people", therapy.people.n, least) as step:
        blocks = []
        for block in treat(therapy, model, workers=2, chunk=CHUNK):
            blocks.append(block)
            step(len(block.natural.persons))
    who = person
    if who is None:
        typical = [typical_person(block) for block in blocks]
        who = next((one for one in typical if one is not None), None)
    year = None if who is None else person_year(therapy, who, model, acceptance)
    made = described(therapy, study) | {"step_check": asdict(check)}
    document = build(therapy, blocks, year, made, now())
    pictures = all_pictures(document)
    moving: bytes | None = None
    shown: dict[str, Any] = document
    if document["person"] is not None:
        moving, address = moving_course(document)
        shown = {**document, "person": {**document["person"], "moving": address}}
    page = render(shown, pictures, "therapy.html.jinja")
    for picture in pictures:
        write_bytes(out / "figures" / f"{picture.name}.svg", picture.svg)
        write_bytes(out / "figures" / f"{picture.name}.png", picture.png)
        write_text(out / "figures" / f"{picture.name}.csv", picture.csv)
    if moving is not None:
        write_bytes(out / "figures" / "moving.gif", moving)
    write_text(out / "report.json", json.dumps(document, allow_nan=False) + "\n")
    write_text(out / "report.html", page)
    typer.echo(f"The report is at {out / 'report.html'} (data: {out / 'report.json'})")
    for number, sentence in enumerate(document["sentences"], 1):
        typer.echo(f"{number}. {sentence}")
    typer.echo(document["use"])
