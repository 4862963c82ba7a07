"""`read_exams`: a file of exams in any of the layouts, strictly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from saisei.exam.formats.detect import FORMATS, detect
from saisei.exam.formats.layouts import Layout
from saisei.exam.formats.parse import Options, parse_sheet, parse_summary
from saisei.exam.formats.source import load_bytes, read_sheet
from saisei.exam.formats.table import ExamTable

__all__ = ["READERS", "read_exams"]


def read_exams(
    source: Path | str | bytes,
    format: str = "auto",
    lenient: bool = False,
    *,
    name: str | None = None,
    unrecorded_as_nt: bool = False,
    old_5_star: bool = False,
) -> ExamTable:
    """Read a file of exams; every cell that is not exactly what its layout allows is a fault.

    Args:
        source: a path, or the bytes of a file.
        format: `auto`, or one of `redcap`, `praxis`, `praxis-json`, `sygen`, `tidy`, `emsci`, `nscisc`.
        lenient: mend what can mean one thing only; each repair is listed in `ExamTable.repairs`.
        name: what messages call the file (the path, or `input`).
        unrecorded_as_nt: where the layout has no VAC or DAP at all, read it as NT (else refused).
        old_5_star: read `5*` of the revisions before 2019 as 5, and list it.

    Returns:
        The exams with places, keys, reported grades and faults. A row with a fault has no codes.

    Raises:
        InputError: no file, no text, no known layout, no rows.
        DocumentError: columns missing, misspelt, doubled or of no segment.

    >>> table = read_exams(b"UniID,BASAImp,BASATot,BLTTotal,ASex\\n7,2,999,40,1\\n")
    >>> table.format, dict(table.rows[0].reported)
    ('nscisc', {'light_touch_total at follow-up': '40', 'ais at follow-up': '2'})
    """
    if isinstance(source, bytes):
        data, called = source, name or "input"
    else:
        data, called = load_bytes(Path(source)), name or str(source)
    sheet, layout, reason = detect(read_sheet(data, called), format, lenient)
    if not isinstance(layout, Layout):
        return parse_summary(sheet, layout, reason)
    return parse_sheet(sheet, layout, reason, Options(lenient, unrecorded_as_nt, old_5_star))


READERS: dict[str, Callable[..., ExamTable]] = {
    name: partial(read_exams, format=name) for name in FORMATS
}
"""Readers by the name of their format; `auto` tells the layout itself."""
