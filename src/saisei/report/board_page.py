"""The board pack as one HTML page and as PDF, both from the pack's data; the snapshot on every page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from saisei import __version__
from saisei.report.board_svg import flow_svg, sankey_svg
from saisei.report.figures import Figure
from saisei.report.sentences import percent

__all__ = ["board_html", "board_pdf"]

Pack = Mapping[str, Any]


def _own_figures(pack: Pack) -> dict[str, str]:
    """SVG drawn without the plotting library: flow and change of grades."""
    found = {"flow": flow_svg(pack["flow"])}
    for k, one in enumerate(pack.get("transitions", ())):
        if one["people"]:
            title = f"{one['label']}: baseline to the last exam"
            found[f"grades-{k + 1}"] = sankey_svg(one["last"], one["people"], title)
    return found


def board_html(pack: Pack, figures: Sequence[Figure]) -> str:
    """One self-contained page of one part."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("saisei.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["percent"] = percent
    css = files("saisei.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    drawn = {
        one.name: {"title": one.title, "caption": one.caption, "svg": Markup(one.inline)}
        for one in figures
    }
    own = {name: Markup(svg) for name, svg in _own_figures(pack).items()}
    return environment.get_template("board.html.jinja").render(
        d=pack, figures=drawn, own=own, css=Markup(css), version=__version__
    )


def board_pdf(pack: Pack, figures: Sequence[Figure]) -> bytes:
    """The same part as PDF, A4, with part, cut-off and snapshot on every page.

    Typst sets it from the pack's JSON and the figures; nothing outside a temporary folder is read.
    """
    import typst

    source = files("saisei.report").joinpath("templates", "board.typ").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="saisei-board-") as name:
        folder = Path(name)
        own = _own_figures(pack)
        for stem, svg in own.items():
            text = svg.replace("currentColor", "#1b2531")
            (folder / f"{stem}.svg").write_text(text, encoding="utf-8")
        for one in figures:
            (folder / f"{one.name}.svg").write_bytes(one.svg)
        about = [
            {"name": f"{one.name}.svg", "title": one.title, "caption": one.caption}
            for one in figures
        ]
        content = {**pack, "figures": about, "own": sorted(own), "version": __version__}
        (folder / "pack.json").write_text(json.dumps(content), encoding="utf-8")
        (folder / "board.typ").write_text(source, encoding="utf-8")
        made = typst.compile(str(folder / "board.typ"), root=str(folder))
    assert isinstance(made, bytes)
    return made
