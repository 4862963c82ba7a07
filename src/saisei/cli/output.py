"""Tables for people, JSON for pipes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

__all__ = ["JsonFlag", "noun", "print_json", "print_table"]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def noun(help_text: str) -> typer.Typer:
    """The Typer app of one noun, with the house's settings."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def print_json(value: Any) -> None:
    """Print `value` as JSON; numbers that are not finite are an error, never `NaN`."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=str))


def print_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    as_json: bool,
    title: str = "",
    whole: str = "",
) -> None:
    """Print `rows` as JSON, or as a table with `columns` (key -> heading); `whole` is never wrapped."""
    if as_json:
        print_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for key, heading in columns.items():
        table.add_column(heading, overflow="fold", no_wrap=key == whole)
    for row in rows:
        table.add_row(*("" if row.get(key) is None else str(row[key]) for key in columns))
    Console().print(table)
