"""`saisei params`: every value with its meaning, unit, basis and source."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, noun, print_json, print_table

app = noun("Every value with its meaning, unit, basis and source.")


@app.command("list")
def list_values(
    stage: Annotated[
        str, typer.Argument(help="Only ids that begin so, for example `evidence`.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """List the values; assumed and recalled ones are marked."""
    from saisei.errors import InputError
    from saisei.params import load

    chosen = [one for one in load().values.values() if one.id.startswith(stage)]
    if not chosen:
        raise InputError(f"no parameter begins with {stage!r} (see `saisei params list`)")
    rows = [_row(one) for one in chosen]
    columns = {"id": "id", "shown": "value", "unit": "unit", "mark": "mark", "meaning": "meaning"}
    print_table(rows, columns, as_json=as_json)


def _row(one: Any) -> dict[str, Any]:
    shown = (
        ", ".join(f"{item:g}" for item in one.value) if isinstance(one.value, tuple) else one.value
    )
    return {
        "id": one.id, "shown": str(shown), "value": one.value, "unit": one.unit, "mark": one.mark,
        "basis": one.basis.value, "source": one.source.key, "meaning": one.meaning,
    }  # fmt: skip


@app.command()
def show(id: str, as_json: JsonFlag = False) -> None:
    """Show one value with all that is known of it."""
    from saisei.params import parameter

    one = asdict(parameter(id))
    one["mark"] = parameter(id).mark
    if as_json:
        print_json(one)
        return
    source = one.pop("source")
    for key, content in one.items():
        if content not in ("", None):
            typer.echo(f"{key:<11} {content}")
    typer.echo(f"{'source':<11} {source['cite']} ({source['year']}), for {source['used_for']}")
    if source["doi"]:
        typer.echo(f"{'doi':<11} {source['doi']}")


@app.command()
def sources(as_json: JsonFlag = False) -> None:
    """List the sources and what each is cited for."""
    from saisei.params import load

    rows = [asdict(one) for one in load().sources.values()]
    columns = {
        "key": "key",
        "cite": "source",
        "year": "year",
        "used_for": "cited for",
        "doi": "doi",
    }
    print_table(rows, columns, as_json=as_json)
