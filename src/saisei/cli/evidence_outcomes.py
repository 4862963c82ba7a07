"""`saisei evidence outcomes` and `saisei evidence compare`: other conditions, and the funnel of hope."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, print_json, print_table

__all__ = ["compare_command", "outcomes_command"]


def outcomes_command(
    study: Annotated[str, typer.Argument(help="A bundled study, or a study file.")],
    condition: Annotated[
        str, typer.Option(help="A condition document of your own, or a bundled id.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """What a study of another condition shows, by kind of outcome, beside what no cells would do."""
    from dataclasses import asdict

    from saisei.evidence.outcomes import outcome_answer
    from saisei.report.outcome_words import finding_lines
    from saisei.study import load
    from saisei.study.conditions import load_condition

    answer = outcome_answer(load(study), load_condition(condition) if condition else None)
    if as_json:
        print_json(asdict(answer))
        return
    for line in finding_lines(asdict(answer)):
        typer.echo(line)


def compare_command(
    condition: Annotated[str, typer.Option(help="Only conditions with this word.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the figure (SVG, PNG, CSV).")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Open-label signals beside what harder tests of the same products found later."""
    from dataclasses import asdict

    from saisei.cli.files import write_bytes, write_text
    from saisei.errors import InputError
    from saisei.evidence.outcomes.funnel import funnel
    from saisei.evidence.signals import load_signals
    from saisei.report.outcome_figures import funnel_figure

    rows: list[dict[str, Any]] = [asdict(row) for row in funnel(condition=condition or None)]
    if not rows:
        raise InputError(f"no signal on record has {condition!r} in its condition")
    record = load_signals()
    if out is not None:
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file, not a folder: name another folder with --out")
        figure = funnel_figure(rows)
        write_bytes(out / "funnel.svg", figure.svg)
        write_bytes(out / "funnel.png", figure.png)
        write_text(out / "funnel.csv", figure.csv)
    if as_json:
        print_json({"rule": list(record.rule), "cautions": list(record.cautions), "rows": rows})
        return
    shown = [
        {
            "product": row["product"],
            "condition": row["condition"],
            "early people": row["early_n"] or "not read",
            "later people": row["later_n"] or "",
            "later test": row["test"],
            "result": row["result"],
            "in the rule": "yes" if row["in_rule"] else "no: " + row["reason"],
        }
        for row in rows
    ]
    print_table(shown, {name: name for name in shown[0]}, as_json=False)
    for text in (*record.rule, *record.cautions):
        typer.echo(text)
    if out is not None:
        typer.echo(f"The figure is at {out / 'funnel.svg'}")
