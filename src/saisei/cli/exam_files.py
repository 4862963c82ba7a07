"""What the verbs of `saisei exam` share: options, reading, messages, writing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.files import finished_file

if TYPE_CHECKING:
    from saisei.exam.formats import ExamTable

__all__ = [
    "FileArgument",
    "FormatOption",
    "LenientFlag",
    "PolicyOption",
    "UnrecordedFlag",
    "load",
    "progress_bar",
    "put",
    "say",
    "say_reading",
    "some",
]

FileArgument = Annotated[str, typer.Argument(help="File of exams; - reads standard input.")]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        help="auto, redcap, praxis, praxis-json, sygen, tidy (also Parquet), emsci or nscisc.",
    ),
]
LenientFlag = Annotated[
    bool,
    typer.Option("--lenient", help="Mend what can mean one thing only, and list each repair."),
]
UnrecordedFlag = Annotated[
    bool,
    typer.Option(
        "--unrecorded-as-nt",
        help="Where the layout has no column for VAC or DAP, read it as NT: results are then sets.",
    ),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="default, praxis, 2015 or 2011: the points that the standard leaves open.",
    ),
]

_SHOWN = 10


def load(
    name: str,
    format: str = "auto",
    lenient: bool = False,
    unrecorded_as_nt: bool = False,
    old_5_star: bool = False,
) -> ExamTable:
    """Read a file, or standard input for `-`."""
    from saisei.errors import InputError
    from saisei.exam.formats import read_exams
    from saisei.exam.formats.source import MAX_BYTES

    source: Path | bytes = Path(name)
    if name == "-":
        source = sys.stdin.buffer.read(MAX_BYTES + 1)
        name = "standard input"
        if not source:
            raise InputError("standard input is empty: give exams, or the name of a file")
    return read_exams(
        source,
        format,
        lenient,
        name=name,
        unrecorded_as_nt=unrecorded_as_nt,
        old_5_star=old_5_star,
    )


def say(text: str = "") -> None:
    """A line on standard error."""
    typer.echo(text, err=True)


def say_reading(table: ExamTable) -> None:
    """As what the file was read, why, and what to know of that layout."""
    say(f"{table.name}: read as {table.format}: {table.reason}")
    for note in table.notes:
        say(f"  note: {note}")


def some(title: str, lines: Sequence[Any]) -> None:
    """The first of many lines on standard error, and how many more there are."""
    if not lines:
        return
    say(f"{title} ({len(lines)}):")
    for line in lines[:_SHOWN]:
        say(f"  {line}")
    if len(lines) > _SHOWN:
        say(f"  ... and {len(lines) - _SHOWN} more")


@contextmanager
def progress_bar(text: str, total: int | None, least: int) -> Iterator[Any]:
    """A function that moves a progress bar on standard error; silent below `least`."""
    if total is None or total < least or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=total)
        yield lambda step: bar.advance(task, step)


@contextmanager
def sink(out: Path | None, inputs: Sequence[str]) -> Iterator[Any]:
    """A binary stream: standard output, or a file that appears whole or not at all."""
    from saisei.errors import InputError

    if out is None or str(out) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if out.is_dir():
        raise InputError(f"{out} is a folder: give the name of a file to write")
    for name in inputs:
        if name != "-" and out.exists() and Path(name).exists() and out.samefile(name):
            raise InputError(f"{out} is the file that is read: write to another name")
    if out.exists() and not out.is_file():  # a device or a pipe: there is nothing to replace
        with out.open("wb") as stream:
            yield stream
        return
    with finished_file(out) as partial, partial.open("wb") as stream:
        yield stream


def put(out: Path | None, content: bytes, inputs: Sequence[str]) -> None:
    """Write all of `content` to a file or standard output."""
    with sink(out, inputs) as stream:
        stream.write(content)
