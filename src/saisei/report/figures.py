"""Drawing: one style for all figures, each as SVG and PNG with its data as CSV.

Takes plain numbers from the report document and gives `Figure` records. Holds no science: nothing is
computed here but positions on paper. Colours are chosen to differ in grey and for colour-blind readers;
on the page each is a CSS variable, so that the figures follow light and dark.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "COLOURS",
    "Figure",
    "finish",
    "inline_svg",
    "panel",
    "percent_axis",
    "sheet",
    "table_csv",
]

# name -> colour on paper. The page maps each to the CSS variable --fig-<name>.
COLOURS: dict[str, str] = {
    "ink": "#1b2531",
    "muted": "#5c6873",
    "grid": "#d8dde2",
    "band": "#e6ebef",
    "blue": "#0a63ad",
    "orange": "#bf540b",
    "green": "#157a5b",
    "plum": "#8a3b7d",
}
INCH_WIDE = 7.2


@dataclass(frozen=True, slots=True)
class Figure:
    """One finished figure.

    `name` is the stem of its files, `title` says what to see in it, `alt` describes it for those who
    cannot see it, `csv` holds the numbers, also of rows that the drawing leaves out.
    """

    name: str
    title: str
    caption: str
    alt: str
    svg: bytes
    png: bytes
    csv: str

    @property
    def inline(self) -> str:
        """The SVG for a page: follows the page's colours, has a unique id space and a text alternative."""
        return inline_svg(self.svg.decode("utf-8"), self.name, self.alt)


@contextmanager
def panel(height_inch: float, width_inch: float = INCH_WIDE) -> Iterator[tuple[Canvas, Axes]]:
    """A canvas with one panel in the house style; closed when the block ends."""
    with sheet(height_inch, width_inch) as canvas:
        yield canvas, canvas.add_subplot()


@contextmanager
def sheet(height_inch: float, width_inch: float = INCH_WIDE) -> Iterator[Canvas]:
    """An empty canvas in the house style, for figures of several panels; closed when the block ends."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    style: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.edgecolor": COLOURS["muted"],
        "axes.labelcolor": COLOURS["ink"],
        "axes.titlecolor": COLOURS["ink"],
        "text.color": COLOURS["ink"],
        "xtick.color": COLOURS["muted"],
        "ytick.color": COLOURS["muted"],
        "xtick.labelcolor": COLOURS["ink"],
        "ytick.labelcolor": COLOURS["ink"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "grid.color": COLOURS["grid"],
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "saisei",
    }
    with mpl.rc_context(style):
        canvas = Canvas(figsize=(width_inch, height_inch))
        FigureCanvasAgg(canvas)
        yield canvas


def percent_axis(axes: Axes, which: str, high: float = 1.0) -> None:
    """Label an axis in percent."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f}%"))
    axis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    (axes.set_xlim if which == "x" else axes.set_ylim)(0.0, high)


def finish(
    canvas: Canvas, name: str, title: str, caption: str, alt: str, rows: Sequence[Mapping[str, Any]]
) -> Figure:
    """Write the canvas to SVG and PNG and join both with the data."""
    if len(canvas.axes) == 1:  # several panels come with places of their own
        _lay_out(canvas)
    return Figure(name, title, caption, alt, _svg(canvas), _png(canvas), table_csv(rows))


def _lay_out(canvas: Canvas, margin_inch: float = 0.06) -> None:
    """Fit the panel and all its labels into the sheet by one measurement.

    The layout engines of the library measure every text up to eight times, which is most of the work.
    """
    (axes,) = canvas.axes
    wide, high = canvas.get_size_inches()
    measured = axes.get_tightbbox()
    assert measured is not None  # a panel with axes always has an extent
    outer = measured.transformed(canvas.dpi_scale_trans.inverted())
    inner = axes.get_position()
    x0, y0 = inner.x0 + (margin_inch - outer.x0) / wide, inner.y0 + (margin_inch - outer.y0) / high
    x1 = inner.x1 - (outer.x1 - wide + margin_inch) / wide
    y1 = inner.y1 - (outer.y1 - high + margin_inch) / high
    axes.set_position((x0, y0, x1 - x0, y1 - y0))


def _png(canvas: Canvas) -> bytes:
    stream = io.BytesIO()
    canvas.savefig(stream, format="png", dpi=140, facecolor="white", metadata={"Software": None})
    return stream.getvalue()


def _svg(canvas: Canvas) -> bytes:
    stream = io.BytesIO()
    # No date in the file: the same numbers give the same bytes.
    canvas.savefig(stream, format="svg", facecolor="white", metadata={"Date": None})
    # Text stays text: it can be read aloud and searched. Verdana is as wide as DejaVu where that is missing.
    text = stream.getvalue().decode("utf-8")
    return text.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif").encode("utf-8")


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV text; the columns are those of the first row."""
    stream = io.StringIO()
    if rows:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return stream.getvalue()


def inline_svg(svg: str, name: str, alt: str) -> str:
    """An SVG made fit for a page: no prolog, ids of its own, CSS colours, a text alternative."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(href="#|url\(#)([^")]+)', rf"\1{name}-\2", body)
    body = re.sub(r'\s(width|height)="[^"]*pt"', "", body, count=2)
    for word, colour in COLOURS.items():
        body = body.replace(colour, f"var(--fig-{word}, {colour})")
    # The white sheet behind the drawing is the page itself.
    body = body.replace("fill: #ffffff", "fill: var(--fig-paper, #ffffff)")
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


Drawing = Callable[[Mapping[str, Any]], Figure | None]
