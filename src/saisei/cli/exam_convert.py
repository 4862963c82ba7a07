"""`saisei exam convert`: the same exams in the layout of another program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from saisei.cli.exam_files import (
    FileArgument,
    FormatOption,
    LenientFlag,
    UnrecordedFlag,
    load,
    put,
    say,
    say_reading,
    some,
)

__all__ = ["convert"]


def convert(
    source: FileArgument,
    out: Annotated[Path, typer.Argument(help="File to write; - writes standard output.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="tidy, parquet, redcap, redcap-labels, praxis, praxis-json, praxis-ui, "
            "praxis-specs or sygen.",
        ),
    ],
    format: FormatOption = "auto",
    lenient: LenientFlag = False,
    unrecorded_as_nt: UnrecordedFlag = False,
    lossy: Annotated[
        bool,
        typer.Option("--lossy", help="Leave out what the layout cannot hold, and list it."),
    ] = False,
) -> None:
    """Write the exams of a file in another layout. Nothing is written when an exam has a fault."""
    from saisei.exam.formats import write_exams

    table = load(source, format, lenient, unrecorded_as_nt)
    written = write_exams(table, to, lossy=lossy)
    put(out, written.content, [source])
    say_reading(table)
    some("repairs", table.repairs)
    some("rows without an exam, left out", [one.where for one in table.skipped])
    for lost in written.left_out:
        say(f"left out: {lost}")
    say(f"{len(table.rows)} exams written as {to}")
