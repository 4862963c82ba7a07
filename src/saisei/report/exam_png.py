"""A picture of an exam as PNG, drawn from its SVG without any system library or system font.

Uses resvg (the wheel `resvg-py`) and the DejaVu fonts that matplotlib carries. resvg knows neither CSS
variables nor media queries: give it a picture drawn in the theme `light` or `dark`.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from saisei.errors import InputError, UnsupportedError

__all__ = ["png"]


def png(svg: str, *, width_px: int = 1600) -> bytes:
    """The SVG as PNG bytes, `width_px` pixels wide.

    Raises:
        InputError: a width outside 100 to 10,000, or a picture in the theme `auto`.
        UnsupportedError: the package `resvg-py` is not installed.
    """
    if not 100 <= width_px <= 10_000:
        raise InputError(f"width {width_px}: a PNG is 100 to 10000 pixels wide")
    if "var(--" in svg:
        raise InputError("a PNG has fixed colours: draw it in the theme light or dark, not auto")
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise UnsupportedError(
            "a PNG needs the package resvg-py (pip install resvg-py); an SVG needs nothing more"
        ) from None
    from matplotlib import get_data_path

    fonts = Path(get_data_path()) / "fonts" / "ttf"
    return svg_to_bytes(
        svg_string=svg,
        width=width_px,
        # DejaVu has no Japanese: only a text that needs more looks for fonts on this machine.
        skip_system_fonts=not any(unicodedata.east_asian_width(one) in "WF" for one in svg),
        font_files=[str(fonts / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")],
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
    )
