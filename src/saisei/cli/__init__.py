"""The command line: `saisei <noun> <verb>`. Thin wrappers; each noun's module loads only when it is used.

Exit codes: 0 fine, 1 the answer is no, 2 the input or its use is wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from saisei import __version__
from saisei.errors import SaiseiError

__all__ = ["NOUNS", "load_noun", "main"]

# noun -> (module that holds it, one line of help). A module offers `app` (a Typer app with verbs) or
# `command` (one function). Listed here so that `saisei --help` imports none of them.
NOUNS: dict[str, tuple[str, str]] = {
    "report": (
        "saisei.cli.report",
        "The main job: what would have happened without cells, as a report.",
    ),
    "study": ("saisei.cli.study", "Published trials as sourced documents: list, show, validate."),
    "exam": ("saisei.cli.exam", "ISNCSCI exams: grade, explain, check, convert, draw."),
    "cell-line": (
        "saisei.cli.cell_line",
        "Donors and iPS cell lines: simulate, coverage of a bank.",
    ),
    "lot": (
        "saisei.cli.lot",
        "Product lots: simulate, release tests, check a certificate. Never releases a lot.",
    ),
    "patient": (
        "saisei.cli.patient",
        "Virtual patients without cells: simulate a cohort, draw one person.",
    ),
    "therapy": (
        "saisei.cli.therapy",
        "Cells, lot, graft and repair in silico beside the twin without: a hypothesis.",
    ),
    "design": (
        "saisei.cli.design",
        "Planned trials as documents: what a design can and cannot show.",
    ),
    "trial": ("saisei.cli.trial", "A running trial: store, records, trail, verification."),
    "evidence": ("saisei.cli.evidence", "Natural recovery: studies, natural, fit."),
    "params": ("saisei.cli.params", "Every value with its source: list, show, sources."),
}


def load_noun(noun: str) -> Any:
    """The command of a noun, imported now."""
    module = importlib.import_module(NOUNS[noun][0])
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(name=noun)(module.command)
    command = typer.main.get_command(app)
    command.name = noun
    return command


class LazyGroup(TyperGroup):
    """Lists nouns from the table above and imports a noun's module only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All nouns, in the order of the table."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stub that carries name and help only: enough for listings."""
        if cmd_name not in NOUNS:
            return None
        return TyperCommand(name=cmd_name, help=NOUNS[cmd_name][1], callback=lambda: None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command, imported now."""
        name, stub, rest = super().resolve_command(ctx, args)
        return (name, load_noun(name), rest) if name in NOUNS else (name, stub, rest)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"saisei {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback when something fails.")
    ] = False,
) -> None:
    """Saisei: evidence for iPSC cell-therapy trials in spinal cord injury.

    Research use only: never individual prognosis, choice of a dose, or release of a lot.
    """


def main() -> None:
    """Run the command line; a known error is one sentence on stderr and exit code 2."""
    debug = "--debug" in sys.argv or os.environ.get("SAISEI_DEBUG") == "1"
    argv = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        app(args=argv, prog_name="saisei")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (SaiseiError, OSError) as error:
        if debug:
            raise
        _leave(_sentence(error))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, SaiseiError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return str(error)


def _leave(sentence: str) -> None:
    sys.stderr.write(f"saisei: {sentence}\n")
    sys.exit(2)
