"""ODC-SCI: one CSV with a subject column, and its data dictionary."""

from __future__ import annotations

from saisei.exam.formats.scores import KINDS, TIDY
from saisei.exam.formats.write import csv_bytes
from saisei.trial.exchange.extract import ITEMS, Extract, text_of

__all__ = ["dictionary_csv", "odc_csv"]

_HEAD = (
    ("Subject_ID", "Subject", "Pseudonym of the person", "Free Text"),
    ("Visit", "Visit", "Key of the visit in the design", "Free Text"),
    ("Days_From_Injury", "Days from the injury", "Day of the exam, from the injury", "Numeric"),
    ("Exam_Number", "Number of the exam at the visit", "1, or 2 for a second one", "Numeric"),
)
_RESULTS = (
    ("ais", "AIS, computed by Saisei", "Categorical"),
    ("nli", "Neurological level of injury, computed", "Categorical"),
    ("uems", "Upper extremity motor score, computed", "Free Text"),
    ("lems", "Lower extremity motor score, computed", "Free Text"),
)
_COLUMNS = (
    "VariableName", "Title", "Unit_of_Measure", "Description", "DataType", "PermittedValues",
    "MinimumValue", "MaximumValue", "Comments",
)  # fmt: skip


def odc_csv(found: Extract) -> bytes:
    """The exams, one row each: no date, days count from the injury."""
    injured = {one["participant"]: one["injured_on"] for one in found.people}
    header = [*(name for name, *_ in _HEAD), *ITEMS, *(name for name, *_ in _RESULTS)]
    rows = []
    for one in found.exams:
        results = dict(one.results)
        start = injured.get(one.participant)
        days = "" if start is None else str((one.on - start).days)
        rows.append(
            [one.participant, one.visit, days, str(one.repeat)]
            + [text_of(i, code) for i, code in enumerate(one.codes)]
            + [results.get(name, "") for name, *_ in _RESULTS]
        )
    return csv_bytes(header, rows)


def dictionary_csv() -> bytes:
    """The dictionary of that file, every column of it once."""
    rows = [[name, title, "days" if "Days" in name else "", words, kind, "", "", "", ""]
            for name, title, words, kind in _HEAD]  # fmt: skip
    for item, kind in zip(ITEMS, KINDS, strict=True):
        allowed = [str(token) for token in TIDY.tokens[kind] if isinstance(token, str) and token]
        title = item.replace("_", " ")
        rows.append(
            [item, title, "", f"ISNCSCI 2019: {title} ({kind})", "Categorical", ", ".join(allowed), "", "",
             "NT: not testable; *: impaired by another cause; **: to be read as normal"]
        )  # fmt: skip
    rows += [[name, title, "", title, kind, "", "", "", ""] for name, title, kind in _RESULTS]
    return csv_bytes(_COLUMNS, rows)
