"""`saisei trial board`: the pack for the safety board, open or closed part, as page, PDF and data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.trial_store import StoreArgument, UserOption, signed_in

__all__ = ["VERBS"]


def board(
    store: StoreArgument,
    cutoff: Annotated[str, typer.Option(help="Last day of the data (to its end, UTC).")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the pack; made if needed.")],
    closed: Annotated[
        bool,
        typer.Option("--closed/--open", help="The closed part (for the board), or the open one."),
    ] = False,
    named: Annotated[
        bool, typer.Option("--named-arms", help="Name the arms in the closed part (unmasks it).")
    ] = False,
    user: UserOption = None,
) -> None:
    """Make the board pack at a cut-off: PDF, HTML, JSON and figures, with the snapshot on every page."""
    import json

    from saisei.cli.files import write_bytes, write_text
    from saisei.errors import InputError
    from saisei.report.board_figures import board_figures
    from saisei.report.board_page import board_html, board_pdf
    from saisei.trial.board import board_pack

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    if named and not closed:
        raise InputError("the open part never names arms: add --closed, or leave --named-arms out")
    try:
        day = date.fromisoformat(cutoff)
    except ValueError:
        raise InputError(f"{cutoff!r} is no day: write 2026-05-03") from None
    part = "closed" if closed else "open"
    with signed_in(store, user) as session:
        picture = session.view(f"view:{part}", as_of=day)
        snapshot = session.store.hash_at(picture.upto)
        pack = board_pack(picture, day, part, snapshot, session.store.id, named)
    figures = board_figures(pack)
    page, pdf = board_html(pack, figures), board_pdf(pack, figures)
    stem = f"board-{part}-{cutoff}"
    for figure in figures:
        write_bytes(out / "figures" / f"{figure.name}.svg", figure.svg)
        write_text(out / "figures" / f"{figure.name}.csv", figure.csv)
    write_text(out / f"{stem}.json", json.dumps(pack, ensure_ascii=False, indent=1) + "\n")
    write_text(out / f"{stem}.html", page)
    write_bytes(out / f"{stem}.pdf", pdf)
    typer.echo(
        f"{out / stem}.pdf, .html and .json: {part} part at {cutoff}, snapshot {snapshot[:16]}"
    )


VERBS: dict[str, Callable[..., Any]] = {"board": board}
