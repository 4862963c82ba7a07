"""`saisei study conditions`: the conditions that Saisei knows beyond cord injury."""

from __future__ import annotations

from typing import Annotated

import typer

from saisei.cli.output import JsonFlag, print_json, print_table

__all__ = ["conditions_command"]


def conditions_command(
    condition: Annotated[
        str, typer.Argument(help="An id, or a condition document of your own; all when left out.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """List the conditions beyond cord injury, or show one: scales, natural history, courses."""
    from saisei.study.conditions import conditions, load_condition

    if not condition:
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "scales": ", ".join(scale.key for scale in one.scales),
                "published rows": len(one.history),
                "courses": ", ".join(course.key for course in one.courses),
            }
            for one in map(load_condition, conditions())
        ]
        columns = {name: name for name in ("id", "name", "scales", "published rows", "courses")}
        print_table(rows, columns, as_json=as_json)
        return
    one = load_condition(condition)
    if as_json:
        print_json(one.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        return
    typer.echo(f"{one.id}: {one.name}\n{one.summary}\n")
    history = [
        {
            "row": row.key,
            "what": row.quantity.value,
            "of": row.scale or row.endpoint or "",
            "value": _shown(row.value, row.low, row.high, row.count, row.n, row.counts),
            "population": row.population,
            "trust": row.confidence.value,
        }
        for row in one.history
    ]
    print_table(
        history,
        {k: k for k in ("row", "what", "of", "value", "population", "trust")},
        as_json=False,
    )
    values = [
        {
            "course": course.key,
            "value": name,
            "is": f"{value.value:g} {value.unit}",
            "basis": value.basis,
            "meaning": value.meaning,
            "why": value.why or "",
        }
        for course in one.courses
        for name, value in course.values.items()
    ]
    print_table(
        values, {k: k for k in ("course", "value", "is", "basis", "meaning", "why")}, as_json=False
    )
    for text in one.missing:
        typer.echo(f"missing: {text}")


def _shown(
    value: float | None, low: float | None, high: float | None, count: int | None, n: int | None,
    counts: tuple[int, ...],
) -> str:  # fmt: skip
    if counts:
        return "/".join(map(str, counts))
    if count is not None:
        return f"{count} of {n}"
    ends = f" ({low:g} to {high:g})" if low is not None and high is not None else ""
    people = f", n = {n}" if n else ""
    return f"{value:g}{ends}{people}" if value is not None else ""
