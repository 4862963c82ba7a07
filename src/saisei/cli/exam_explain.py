"""`saisei exam explain`: one exam as the worksheet shows it, with the reasons of its grades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import (
    FileArgument,
    FormatOption,
    LenientFlag,
    PolicyOption,
    UnrecordedFlag,
    load,
)
from saisei.cli.output import JsonFlag, print_json

if TYPE_CHECKING:
    from saisei.exam.formats import ExamRow, ExamTable
    from saisei.exam.isncsci import Exam

__all__ = ["explain"]


def explain(
    source: FileArgument,
    row: Annotated[int, typer.Option("--row", help="Which exam of the file, from 1.")] = 1,
    format: FormatOption = "auto",
    policy: PolicyOption = None,
    lenient: LenientFlag = False,
    unrecorded_as_nt: UnrecordedFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """One exam as the worksheet shows it, its classification and why. Research use only."""
    from saisei.errors import ExamError
    from saisei.exam.formats.results import compare, grade_sets, result_texts
    from saisei.exam.isncsci import classify, plausibility, policy_named

    chosen = policy_named(policy or "default")
    table = load(source, format, lenient, unrecorded_as_nt, chosen.revision != "2019")
    one = _row(table, row)
    exam = one.exam
    if exam is None:
        raise ExamError(one.faults)
    result = classify(exam, chosen, reasons=True)
    sets, stars = grade_sets(table.codes()[[table.sound.index(one)]], chosen)
    texts = result_texts(exam.codes(), sets[0].tolist(), stars[0].tolist())
    mismatches = [str(mismatch) for mismatch in compare(one.reported, texts)]
    questions = [str(warning) for warning in plausibility(exam)]
    keys = {name: str(value) for name, value in one.keys.items() if value not in ("", None)}
    repairs = [str(repair) for repair in one.repairs]
    if as_json:
        print_json(
            {
                "where": one.where, "format": table.format, "policy": chosen.name, "keys": keys,
                "results": texts, "explanation": result.text.splitlines(), "comments": exam.comments,
                "mismatches": mismatches, "questions": questions, "repairs": repairs,
                "notes": list(table.notes),
            }
        )  # fmt: skip
        return
    typer.echo(f"{one.where}, read as {table.format}, policy {chosen.name}")
    typer.echo("  ".join(f"{name} {value}" for name, value in list(keys.items())[:8]))
    typer.echo(worksheet(exam))
    typer.echo(result.text)
    _list("The file says otherwise", mismatches)
    _list("Questions to the examiner", questions)
    _list("Repairs", repairs)
    _list("Notes", table.notes)
    typer.echo("Research use only; AIS E needs a deficit that was documented before.")


def _row(table: ExamTable, number: int) -> ExamRow:
    from saisei.errors import InputError, UnsupportedError

    if table.summary_only:
        raise UnsupportedError(
            f"{table.name} holds summary values without scores: there is no exam to explain"
        )
    for row in table.rows:
        if row.row == number:
            return row
    last = max((row.row for row in table.rows), default=0)
    skipped = [one for one in table.skipped if f"row {number} " in one.where + " "]
    why = f": {skipped[0].why}" if skipped else f"; its exams have the row numbers 1 to {last}"
    raise InputError(f"{table.name} has no exam in row {number}{why}")


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        typer.echo(f"{title}:")
        for line in lines:
            typer.echo(f"  {line}")


def worksheet(exam: Exam) -> str:
    """The scores laid out as on the worksheet: right side, level, left side."""
    from saisei.exam.isncsci import DERMATOMES, KEY_MUSCLES

    lines = [
        "              RIGHT                    LEFT",
        "      motor    LT    PP           LT    PP    motor",
    ]
    for i, level in enumerate(DERMATOMES):
        motor: tuple[Any, Any] = ("", "")
        if level in KEY_MUSCLES:
            at = KEY_MUSCLES.index(level)
            motor = exam.right.motor[at].text, exam.left.motor[at].text
        right = exam.right.light_touch[i].text, exam.right.pin_prick[i].text
        left = exam.left.light_touch[i].text, exam.left.pin_prick[i].text
        lines.append(
            f"      {motor[0]:>5} {right[0]:>5} {right[1]:>5}  {level.label:>4}"
            f"  {left[0]:>5} {left[1]:>5} {motor[1]:>5}".rstrip()
        )
    non_key = [side.lowest_non_key_muscle for side in (exam.right, exam.left)]
    named = [level.label if level is not None else "none recorded" for level in non_key]
    lines += [
        f"voluntary anal contraction (VAC): {exam.vac}    deep anal pressure (DAP): {exam.dap}",
        f"lowest non-key muscle with motor function: right {named[0]}, left {named[1]}",
    ]
    if exam.comments:
        lines.append(f"comments: {exam.comments}")
    return "\n".join(lines)
