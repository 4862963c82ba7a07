"""`saisei exam check`: what is wrong with a file of exams, and what looks odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import FormatOption, LenientFlag, UnrecordedFlag, load, progress_bar
from saisei.cli.output import JsonFlag, print_json

if TYPE_CHECKING:
    from saisei.exam.formats.review import Review

__all__ = ["check"]


def check(
    files: Annotated[list[str], typer.Argument(help="Files of exams; - reads standard input.")],
    format: FormatOption = "auto",
    lenient: LenientFlag = False,
    unrecorded_as_nt: UnrecordedFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Faults, questions to the examiner and grades that differ from the exam.

    Leaves with 0 when there is nothing, 1 when there are questions or mismatches only, 2 when an exam
    has a fault and so cannot be graded.
    """
    from saisei.exam.formats.review import review

    rows: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    for name in files:
        table = load(name, format, lenient, unrecorded_as_nt)
        with progress_bar(name, len(table.rows), 2000) as step:
            found = review(table, progress=step)
        rows += _rows(found)
        heads.append(_head(found))
    if as_json:
        print_json({"files": heads, "findings": rows})
    else:
        for head in heads:
            typer.echo(f"{head['file']}: read as {head['format']}: {head['reason']}")
            for note in head["notes"]:
                typer.echo(f"  note: {note}")
            typer.echo(f"  {head['exams']} exams, {head['rows_without_exam']} rows without an exam")
        for row in rows:
            typer.echo(f"{row['what']:<9} {row['where']}: {row['finding']}")
        if not rows:
            typer.echo("nothing to report")
    kinds = {row["what"] for row in rows}
    raise typer.Exit(2 if "fault" in kinds else 1 if kinds & {"question", "mismatch"} else 0)


def _head(found: Review) -> dict[str, Any]:
    table = found.table
    return {
        "file": table.name,
        "format": table.format,
        "reason": table.reason,
        "notes": list(table.notes),
        "exams": len(table.rows),
        "exams_with_faults": sum(1 for row in table.rows if row.faults),
        "rows_without_exam": len(table.skipped),
        "repairs": len(table.repairs),
    }


def _rows(found: Review) -> list[dict[str, Any]]:
    table = found.table
    rows = []
    for fault in table.faults:
        text = f"{fault.value}: {fault.rule}" if fault.value else fault.rule
        text += f" ({fault.mend})" if fault.mend else ""
        rows.append({"what": "fault", "where": fault.where, "finding": text})
    for repair in table.repairs:
        text = f"{repair.found} read as {repair.read_as}: {repair.why}"
        rows.append({"what": "repair", "where": repair.where, "finding": text})
    for row, mismatch in found.mismatches:
        rows.append({"what": "mismatch", "where": row.where, "finding": str(mismatch)})
    for row, warning in found.warnings:
        rows.append({"what": "question", "where": row.where, "finding": str(warning)})
    return rows
