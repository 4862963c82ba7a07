"""A small canvas for the pictures of an exam: plain shapes and text in, one standalone SVG out.

Gives SVG text that needs nothing from outside: no script, no font file, no reference to another file. Every
id and every style rule starts with the picture's own identifier, so that several pictures can stand in one
page. Colours are CSS variables with a light and a dark set; for a PNG they are written out for one set.
Never computes anything but positions on paper.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape

__all__ = ["Canvas", "Point", "Theme", "columns", "identifier", "number"]

Point = tuple[float, float]


class Theme(StrEnum):
    """Which colours: those of the reader's screen, or one fixed set."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


# Colour names: r0 ... r5 go from normal (r0, close to the paper) to absent (r5, furthest from it), so that
# loss stands out on screen, in the dark and in grey print; x0 ... x5 is the text on them. g and l are gain
# and loss by 1, 2 and 3 or more: blue and orange, which differ for every common form of colour blindness.
_LIGHT: dict[str, str] = {
    "paper": "#ffffff", "ink": "#1b2531", "muted": "#55616c", "rule": "#c3cad1", "wash": "#f1f4f6",
    "hatch": "#8a959f",
    "r0": "#eef3f8", "r1": "#d3e1ef", "r2": "#a9c5e0", "r3": "#6f9cc9", "r4": "#3a6ea5", "r5": "#16406f",
    "x0": "#1b2531", "x1": "#1b2531", "x2": "#1b2531", "x3": "#0b1118", "x4": "#ffffff", "x5": "#ffffff",
    "g1": "#b7d3ee", "g2": "#5b95cf", "g3": "#14569c", "h1": "#0b1118", "h2": "#0b1118", "h3": "#ffffff",
    "l1": "#fbd3ad", "l2": "#ea9145", "l3": "#a3480a", "m1": "#0b1118", "m2": "#0b1118", "m3": "#ffffff",
}  # fmt: skip
_DARK: dict[str, str] = {
    "paper": "#12171c", "ink": "#e4e9ee", "muted": "#9aa7b2", "rule": "#4a5560", "wash": "#1d242b",
    "hatch": "#77838e",
    "r0": "#1e2832", "r1": "#27405a", "r2": "#325f8d", "r3": "#4f8cc4", "r4": "#8bbbe8", "r5": "#d5e8fa",
    "x0": "#e4e9ee", "x1": "#eef3f8", "x2": "#ffffff", "x3": "#0b1118", "x4": "#0b1118", "x5": "#0b1118",
    "g1": "#274a6e", "g2": "#4a8dcd", "g3": "#b3dafc", "h1": "#ffffff", "h2": "#0b1118", "h3": "#0b1118",
    "l1": "#5e3a18", "l2": "#d98133", "l3": "#ffd3a3", "m1": "#ffffff", "m2": "#0b1118", "m3": "#0b1118",
}  # fmt: skip

_FONT = '"Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif'


def identifier(kind: str, *parts: object) -> str:
    """An id for a picture that depends on what it shows: `exam-sheet-1f2e3d4c`.

    >>> identifier("sheet", [0, 1]) == identifier("sheet", [0, 1]), len(identifier("map", 3))
    (True, 17)
    """
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:8]
    return f"exam-{kind}-{digest}"


def number(value: float) -> str:
    """A coordinate with at most two decimals: `12`, `12.5`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def columns(words: str) -> int:
    """How many columns a text takes: two for a wide character, as in Japanese.

    >>> columns("C5"), columns("右")
    (2, 2)
    """
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in words)


# What XML 1.0 cannot hold, lone surrogates among it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(words: str) -> str:
    """Text for XML: escaped, and what XML cannot hold replaced by the replacement character."""
    return escape(_NOT_XML.sub("\ufffd", words), quote=False)


def _fitted(words: str, size: float, bold: bool, room: float) -> tuple[str, float]:
    """Words and size that fit into `room`: smaller print first, down to two thirds, then cut."""
    # 0.62 (bold 0.7) of the size is the mean width of a character in the widest of the fonts, DejaVu Sans.
    each = 0.7 if bold else 0.62
    need = columns(words) * each
    fitting = max(min(size, room / need), size * 2 / 3) if need else size
    if need * fitting <= room + 0.01:
        return words, fitting
    kept = ""
    for one in words:
        if (columns(kept + one) + 1) * each * fitting > room:
            break
        kept += one
    return kept + "…", fitting


@dataclass(slots=True)
class Canvas:
    """A drawing under construction; `svg()` gives the finished file.

    Attributes:
        ident: the prefix of every id and style rule; letters, digits and hyphens.
        width, height: size in user units, one unit a pixel at full size.
        title: what the picture is, in one line.
        description: the same content in words, for those who cannot see it.
        theme: the colours.
    """

    ident: str
    width: float
    height: float
    title: str
    description: str
    theme: Theme = Theme.AUTO
    _parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", self.ident):
            raise ValueError(f"{self.ident!r} cannot be an id: letters, digits and hyphens only")

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str = "",
        *,
        stroke: str = "",
        line: float = 1.0,
        radius: float = 0.0,
    ) -> None:
        """A rectangle; `fill` and `stroke` are colour names, `hatch` fills with the NT pattern."""
        box = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        corner = f' rx="{number(radius)}"' if radius else ""
        self._parts.append(f"<rect {box}{corner}{self._paint(fill, stroke, line)}/>")

    def shape(
        self, points: Sequence[Point], fill: str = "", *, stroke: str = "", line: float = 1.0
    ) -> None:
        """A closed polygon."""
        text = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._parts.append(f'<polygon points="{text}"{self._paint(fill, stroke, line)}/>')

    def line(
        self, start: Point, end: Point, stroke: str = "rule", width: float = 1.0, *, dash: str = ""
    ) -> None:
        """A straight line."""
        ends = f'x1="{number(start[0])}" y1="{number(start[1])}" x2="{number(end[0])}" y2="{number(end[1])}"'
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f"<line {ends}{dashes}{self._paint('', stroke, width)}/>")

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12.0,
        colour: str = "ink",
        anchor: str = "middle",
        bold: bool = False,
        halo: str = "",
        room: float = 0.0,
    ) -> None:
        """A line of text whose middle height is at `y`.

        `halo` names a colour drawn around it; in `room` (units, 0: no limit) it is made to fit.
        """
        if room:
            words, size = _fitted(words, size, bold, room)
        weight = ' font-weight="700"' if bold else ""
        around = (
            f' class="{self._word("f", colour)} {self._word("s", halo)}" stroke-width="3"'
            ' stroke-linejoin="round" paint-order="stroke"'
            if halo
            else f' class="{self._word("f", colour)}"'
        )
        # The baseline is set by hand: renderers disagree on dominant-baseline.
        place = f'x="{number(x)}" y="{number(y + 0.36 * size)}" font-size="{number(size)}"'
        self._parts.append(
            f'<text {place} text-anchor="{anchor}"{weight}{around}>{_clean(words)}</text>'
        )

    def star(self, x: float, y: float, radius: float, colour: str = "ink") -> None:
        """A five-pointed star, drawn and not typed: no font is needed."""
        self.shape(_star(x, y, radius), colour)

    def _paint(self, fill: str, stroke: str, width: float) -> str:
        words = []
        attributes = ""
        if fill == "hatch":
            attributes += f' fill="url(#{self.ident}-hatch)"'
        elif fill:
            words.append(self._word("f", fill))
        else:
            attributes += ' fill="none"'
        if stroke:
            words.append(self._word("s", stroke))
            attributes += f' stroke-width="{number(width)}"'
        named = f' class="{" ".join(words)}"' if words else ""
        return named + attributes

    def _word(self, kind: str, colour: str) -> str:
        if colour not in _LIGHT:
            raise KeyError(f"no colour named {colour}")
        return f"{self.ident}-{kind}-{colour}"

    def _used(self) -> list[tuple[str, str]]:
        found = re.findall(rf"{re.escape(self.ident)}-([fs])-(\w+)", "".join(self._parts))
        always = [("f", "wash"), ("s", "hatch"), ("f", "paper")]
        return sorted({*found, *always})

    def _style(self) -> str:
        prop = {"f": "fill", "s": "stroke"}
        if self.theme is not Theme.AUTO:
            colours = _LIGHT if self.theme is Theme.LIGHT else _DARK
            rules = [
                f".{self.ident}-{kind}-{name}{{{prop[kind]}:{colours[name]}}}"
                for kind, name in self._used()
            ]
            return "".join(rules)
        names = sorted({name for _, name in self._used()})
        variables = [
            "".join(f"--{self.ident}-{name}:{colours[name]};" for name in names)
            for colours in (_LIGHT, _DARK)
        ]
        rules = [
            f".{self.ident}-{kind}-{name}{{{prop[kind]}:var(--{self.ident}-{name},{_LIGHT[name]})}}"
            for kind, name in self._used()
        ]
        # `screen`: on paper the light set is used whatever the screen shows.
        dark = f"@media screen and (prefers-color-scheme:dark){{#{self.ident}{{{variables[1]}}}}}"
        exact = f"#{self.ident}{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}"
        return f"#{self.ident}{{{variables[0]}}}{dark}{exact}" + "".join(rules)

    def _hatch(self) -> str:
        return (
            f'<defs><pattern id="{self.ident}-hatch" width="6" height="6" '
            'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<rect width="6" height="6" class="{self._word("f", "wash")}"/>'
            f'<line x1="0" y1="0" x2="0" y2="6" stroke-width="2.4" class="{self._word("s", "hatch")}"/>'
            "</pattern></defs>"
        )

    def svg(self) -> str:
        """The finished SVG as text, without an XML prolog, so that it can stand inside a page."""
        size = f'width="{number(self.width)}" height="{number(self.height)}"'
        box = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        named = f'aria-labelledby="{self.ident}-title" aria-describedby="{self.ident}-desc"'
        sheet = f'<rect width="100%" height="100%" class="{self._word("f", "paper")}"/>'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" id="{self.ident}" role="img" {named} {size} {box} '
            f"font-family='{_FONT}'>",
            f'<title id="{self.ident}-title">{_clean(self.title)}</title>',
            f'<desc id="{self.ident}-desc">{_clean(self.description)}</desc>',
            f"<style>{self._style()}</style>",
            self._hatch(),
            sheet,
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def _star(x: float, y: float, radius: float) -> list[Point]:
    # cos and sin of the ten corners, starting at the top, so that this module needs no arithmetic library.
    outer = ((0.0, -1.0), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309))
    inner = ((0.588, -0.809), (0.951, 0.309), (0.0, 1.0), (-0.951, 0.309), (-0.588, -0.809))
    points: list[Point] = []
    for (ox, oy), (ix, iy) in zip(outer, inner, strict=True):
        points.append((x + radius * ox, y + radius * oy))
        points.append((x + 0.42 * radius * ix, y + 0.42 * radius * iy))
    return points
