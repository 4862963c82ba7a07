"""Which layout a file has, and why: told by its column names, never by its name."""

from __future__ import annotations

from functools import lru_cache

from saisei.errors import Fault, InputError, UnsupportedError
from saisei.exam.formats import layouts, sygen
from saisei.exam.formats.layouts import LAYOUTS, REDCAP, REDCAP_LABELS, SUMMARIES, Layout, Summary
from saisei.exam.formats.scores import REDCAP_LABELS as LABELS
from saisei.exam.formats.scores import REDCAP_RAW as RAW
from saisei.exam.formats.source import Sheet, shown

__all__ = ["FORMATS", "detect"]

FORMATS: dict[str, tuple[str, ...]] = {
    "auto": (),
    "tidy": ("tidy",),
    "redcap": ("redcap", "redcap-labels"),
    "praxis": ("praxis", "praxis-ui", "praxis-specs", "praxis-json"),
    "praxis-json": ("praxis-json",),
    "sygen": ("sygen", "sygen-wide"),
    "emsci": ("emsci",),
    "nscisc": ("nscisc",),
}
"""What may be asked for, and the layouts that it stands for."""

_ENOUGH = 20
"""Item columns that a file must have in common with a layout to be taken for it."""
_ENOUGH_SUMMARY = 4


def detect(
    sheet: Sheet, wanted: str = "auto", lenient: bool = False
) -> tuple[Sheet, Layout | Summary, str]:
    """The layout of a sheet, the sheet as that layout reads it, and the reason in words.

    Args:
        sheet: the rows.
        wanted: a name of `FORMATS`; another layout than the wanted one is refused, not forced.
        lenient: whether an export that mixes `NT` with raw codes may be taken as raw.

    Raises:
        UnsupportedError: an unknown format name.
        InputError: no layout fits, or not the wanted one.
    """
    if wanted not in FORMATS:
        raise UnsupportedError(f"there is no format {wanted!r}; known are {', '.join(FORMATS)}")
    sheet, layout, reason = _best(sheet)
    if isinstance(layout, Layout) and layout.name == "redcap":
        layout, reason = _raw_or_labels(sheet, reason, lenient)
    if wanted != "auto" and layout.name not in FORMATS[wanted]:
        raise InputError(
            f"{sheet.name} is not {wanted}: it has {reason}. Leave the format out, or say "
            f"--format {next(k for k, v in FORMATS.items() if layout.name in v)}"
        )
    return sheet, layout, reason


@lru_cache(maxsize=1)
def _folded_items() -> tuple[tuple[str, ...], ...]:
    """The item columns of each layout, folded."""
    return tuple(tuple(layouts.folded(name) for name in one.items if name) for one in LAYOUTS)


def _best(sheet: Sheet) -> tuple[Sheet, Layout | Summary, str]:
    header = set(map(layouts.folded, sheet.header))
    hits = {
        one.name: sum(1 for name in folded if name in header)
        for one, folded in zip(LAYOUTS, _folded_items(), strict=True)
    }
    best = max(LAYOUTS, key=lambda one: hits[one.name])
    wide = sygen.is_wide(sheet.header)
    summary = max(SUMMARIES, key=lambda one: len(set(one.marks) & set(sheet.header)))
    marks = len(set(summary.marks) & set(sheet.header))
    if max(hits[best.name], wide) < _ENOUGH and marks >= _ENOUGH_SUMMARY:
        return sheet, summary, f"{marks} columns of the {summary.title}"
    if wide > hits[best.name] and wide >= _ENOUGH:
        return (
            sygen.long_sheet(sheet),
            sygen.SYGEN_WIDE,
            f"{wide} columns of {sygen.SYGEN_WIDE.title}",
        )
    if hits[best.name] < _ENOUGH:
        raise _unknown(sheet, hits)
    if best.name == "sygen":
        best = sygen.with_case_of(best, sheet.header)
    if best.name == "tidy" and sheet.container == "parquet":
        best = layouts.TIDY_PARQUET
    known = sum(1 for name in best.items if name)
    first = next(name for name in best.items if name)
    return sheet, best, f"{hits[best.name]} of {known} items of {best.title} ({first}, ...)"


def _unknown(sheet: Sheet, hits: dict[str, int]) -> InputError:
    broken = [row for row in sheet.rows if isinstance(row, Fault)]
    if broken and len(broken) == len(sheet.rows):
        return InputError(str(broken[0]))
    shape = ", ".join(shown(name) for name in sheet.header[:4])
    what = "fields" if sheet.container.startswith("json") else "columns"
    return InputError(
        f"{sheet.name}: its {what} ({shape}{', ...' if len(sheet.header) > 4 else ''}) belong to no "
        f"layout of exams that is known ({', '.join(hits)}, sygen-wide, emsci, nscisc). "
        "If REDCap wrote labels as column names, export variable names instead"
    )


def _raw_or_labels(sheet: Sheet, reason: str, lenient: bool) -> tuple[Layout, str]:
    """REDCap writes codes (`ab-nt`) or labels (`NT*`): told by the cells."""
    scores = set(REDCAP.items[:132])
    at = [i for i, name in enumerate(sheet.header) if name in scores]
    cells = {
        row[i] for row in sheet.rows if isinstance(row, list) for i in at if isinstance(row[i], str)
    }
    raw = cells & {t for k in ("sensory", "motor") for t in RAW.tokens[k] if not str(t).isdigit()}
    labels = cells & {
        t for k in ("sensory", "motor") for t in LABELS.tokens[k] if not str(t).isdigit()
    }
    labels |= {
        cell
        for cell in cells
        if cell.strip().rstrip("*") in ("0", "1", "2", "3", "4", "5", "NT") and "*" in cell
    }
    if raw and labels and not (lenient and labels <= {"NT"}):
        raise InputError(
            f"{sheet.name} mixes raw codes ({shown(min(raw))}) and labels ({shown(min(labels))}) of "
            "REDCap: export it as one or the other"
        )
    if labels and not raw:
        return REDCAP_LABELS, f"{reason}, labels such as {shown(min(labels))}"
    if raw:
        return REDCAP, f"{reason}, raw codes such as {shown(min(raw))}"
    return REDCAP, f"{reason}, plain grades only"
