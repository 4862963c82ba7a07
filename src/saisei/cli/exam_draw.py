"""`saisei exam draw`: one exam, or two with the change, as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from saisei.exam.formats import ExamRow, ExamTable
    from saisei.exam.isncsci import Exam

__all__ = ["draw"]


class Kind(StrEnum):
    """Which picture."""

    SHEET = "sheet"
    MAP = "map"
    CHANGE = "change"


class Colours(StrEnum):
    """Which colours; `auto` follows the reader's screen (SVG only; a PNG is then light)."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


def draw(
    file: Annotated[Path, typer.Argument(help="A file of exams in any known layout.")],
    out: Annotated[
        Path, typer.Option("--out", help="The picture: .svg or .png (or .txt: in words).")
    ],
    row: Annotated[int, typer.Option("--row", help="Number of the exam's row, from 1.")] = 1,
    compare: Annotated[
        int | None,
        typer.Option("--compare", help="Row of the later exam; --row is then the earlier one."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="sheet, map, or change (needs --compare).")
    ] = None,
    title: Annotated[
        str, typer.Option("--title", help="Title of the picture. Never the name of a person.")
    ] = "",
    theme: Annotated[Colours, typer.Option("--theme", help="Colours.")] = Colours.AUTO,
    width_px: Annotated[int, typer.Option("--width", help="Width of a PNG in pixels.")] = 1600,
    format: Annotated[str, typer.Option("--format", help="Layout of the file.")] = "auto",
    policy: Annotated[str, typer.Option("--policy", help="Policy for the classification.")] = "",
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Mend what can mean one thing only.")
    ] = False,
) -> None:
    """Draw an exam as a sheet or a body map, or two exams with the change.

    Research use only: a picture of recorded scores, never a prognosis for one person.
    """
    from saisei.cli.files import write_bytes, write_text
    from saisei.errors import InputError
    from saisei.exam.formats import read_exams

    suffix = out.suffix.lower()
    if suffix not in (".svg", ".png", ".txt"):
        raise InputError(f"{out}: the picture is a .svg or .png file (or .txt: the same in words)")
    chosen = kind or (Kind.SHEET if compare is None else Kind.CHANGE)
    if (chosen is Kind.CHANGE) != (compare is not None):
        rule = "change needs the later exam" if compare is None else f"{chosen} shows one exam"
        raise InputError(f"--kind {chosen}: {rule}: use --compare ROW with --kind change only")
    table = read_exams(file, format, lenient)
    rows = [_row(table, number) for number in (row, compare) if number is not None]
    if suffix == ".png" and theme is Colours.AUTO:
        theme = Colours.LIGHT
    picture, words = _picture(table, rows, chosen, title, theme, policy)
    if suffix == ".png":
        from saisei.report.exam_png import png

        write_bytes(out, png(picture, width_px=width_px))
    else:
        write_text(out, picture if suffix == ".svg" else words)
    typer.echo(f"{out}: {chosen} of {' and '.join(one.where for one in rows)}")


def _row(table: ExamTable, number: int) -> ExamRow:
    from saisei.errors import DocumentError, InputError

    found = next((one for one in table.rows if one.row == number), None)
    if found is None:
        last = table.rows[-1].row if table.rows else 0
        raise InputError(f"{table.name} has no exam in row {number}: the rows go up to {last}")
    if found.faults:
        raise DocumentError(f"{table.name}, row {number}", found.faults)
    if found.codes is None:
        raise InputError(f"{found.where} has no scores: a summary of grades cannot be drawn")
    return found


def _called(table: ExamTable, row: ExamRow) -> str:
    """`row 3 (visit week 26)`: no name and no person's number, unless the user gives a title."""
    keys = [f"{role} {table.key(row, role)}" for role in ("visit", "week") if table.key(row, role)]
    return f"row {row.row}" + (f" ({', '.join(keys)})" if keys else "")


def _picture(
    table: ExamTable, rows: list[ExamRow], kind: Kind, title: str, theme: Colours, policy: str
) -> tuple[str, str]:
    """The SVG and the same in words."""
    from saisei.exam.isncsci import DEFAULT, classify, policy_named
    from saisei.report.exam_canvas import Theme
    from saisei.report.exam_change import draw_change
    from saisei.report.exam_map import draw_map
    from saisei.report.exam_sheet import draw_sheet
    from saisei.report.exam_words import change_text, exam_text

    rules = policy_named(policy) if policy else DEFAULT
    exams: list[Exam] = [one.exam for one in rows if one.exam is not None]
    results = [classify(one, rules, reasons=False) for one in exams]
    colours = Theme(theme.value)
    names = [_called(table, one) for one in rows]
    if kind is Kind.CHANGE:
        both = (results[0], results[1])
        heading = title or "Change between two ISNCSCI exams"
        svg = draw_change(
            exams[0], exams[1], both, heading=heading, labels=(names[0], names[1]), theme=colours
        )
        return svg, change_text(exams[0], exams[1], both)
    paint = draw_sheet if kind is Kind.SHEET else draw_map
    svg = paint(exams[0], results[0], heading=title or "ISNCSCI exam", note=names[0], theme=colours)
    return svg, exam_text(exams[0], results[0])
