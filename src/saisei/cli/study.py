"""`saisei study`: published trials as sourced documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, noun, print_json, print_table
from saisei.cli.study_conditions import conditions_command

app = noun("Published trials as sourced documents: list, show, validate.")
app.command("conditions")(conditions_command)


@app.command("list")
def list_studies(as_json: JsonFlag = False) -> None:
    """List the bundled studies."""
    from saisei.study import catalog, load

    rows = []
    for name in catalog():
        one = load(name)
        people = [f"{arm.n.text} treated" for arm in one.treated]
        people += [f"{arm.n.text} controls" for arm in one.controls]
        rows.append(
            {
                "id": one.id,
                "title": one.title,
                "people": ", ".join(people),
                "status": one.document.status.text,
                "outcome": _outcome_kinds(one),
                "schema": one.document.schema_version,
                "digest": one.digest,
            }
        )
    columns = {
        "id": "id", "people": "people", "outcome": "outcome known as", "status": "status",
    }  # fmt: skip
    print_table(rows, columns, as_json=as_json, whole="id")


def _outcome_kinds(study: Any) -> str:
    kinds = []
    if study.has_grades:
        kinds.append("AIS grades by person" if study.participants else "counts of AIS grades")
    if study.continuous:
        kinds.append("scores")
    if study.motor_levels:
        kinds.append("motor levels")
    if study.document.conversions and not study.has_grades:
        kinds.append("counts of people")
    if study.document.distributions:
        kinds.append("distributions")
    return ", ".join(kinds) or "none"


@app.command()
def show(
    study: Annotated[str, typer.Argument(help="A bundled id, or a study document.")],
    as_json: JsonFlag = False,
) -> None:
    """Show a study: what is known, from whom, and how far to trust it."""
    from saisei.study import load
    from saisei.study.summary import summary

    one = load(study)
    if as_json:
        content = one.document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        print_json({"digest": one.digest, "origin": one.origin, **content})
        return
    typer.echo(summary(one))


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Study documents, or ids of bundled ones.")],
    as_json: JsonFlag = False,
) -> None:
    """Check study documents; every fault with its path, value, rule and mend."""
    from saisei.errors import DocumentError, InputError
    from saisei.study import load

    rows: list[dict[str, Any]] = []
    for name in files:
        try:
            load(name)
        except DocumentError as error:
            if error.document != name:  # a fault of ours, not of the user's file
                raise
            faults = [
                {"where": one.where, "value": one.value, "rule": one.rule, "mend": one.mend}
                for one in error.faults
            ]
            rows.append({"file": name, "fine": False, "faults": faults, "text": str(error)})
        except (InputError, OSError) as error:
            text = str(error) if isinstance(error, InputError) else f"{name}: {error.strerror}"
            fault = {"where": "the file", "value": "", "rule": text, "mend": ""}
            rows.append({"file": name, "fine": False, "faults": [fault], "text": text})
        else:
            rows.append({"file": name, "fine": True, "faults": [], "text": f"{name}: fine"})
    if as_json:
        print_json([{key: row[key] for key in ("file", "fine", "faults")} for row in rows])
    else:
        for row in rows:
            typer.echo(row["text"], err=not row["fine"])
    if not all(row["fine"] for row in rows):
        raise typer.Exit(2)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the study document, for editors and other programs."""
    from saisei.study.schema import json_schema

    print_json(json_schema())


@app.command()
def new(
    exams: Annotated[
        Path, typer.Option(help="An export of exams, in any layout that Saisei reads.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The document to write; printed when left out.")
    ] = None,
    format: Annotated[str, typer.Option(help="auto, or the name of the layout.")] = "auto",
    policy: Annotated[str, typer.Option(help="Grading policy.")] = "default",
    role: Annotated[
        str, typer.Option(help="Role of the people: treated, control or context.")
    ] = "context",
    lenient: Annotated[bool, typer.Option(help="Mend what can mean one thing only.")] = False,
) -> None:
    """Turn an export of exams into a study document that asks for what only a person knows."""
    import hashlib

    from saisei.cli.files import write_text
    from saisei.errors import InputError
    from saisei.exam.formats import read_exams
    from saisei.study import parse
    from saisei.study.drafting import draft

    if role not in ("treated", "control", "context"):
        raise InputError(f"--role {role} is none of treated, control, context")
    if exams.is_dir():
        raise InputError(f"{exams} is a folder; name the file with the exams")
    content = exams.read_bytes()
    table = read_exams(content, format, lenient, name=exams.name)
    made = draft(table, hashlib.sha256(content).hexdigest(), policy, role)
    people = len(parse(made.encode(), "the draft").participants)
    if out is None:
        typer.echo(made, nl=False)
    else:
        write_text(out, made)
    typer.echo(
        f"{people} people, {len(table.rows)} exams; {made.count('# ASK')} questions marked ASK"
        + (f"; written to {out}" if out else ""),
        err=True,
    )
