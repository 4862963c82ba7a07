"""The forms of exchange by name: which files each writes, and how exams come back from one."""

from __future__ import annotations

from collections.abc import Callable

from saisei.errors import InputError
from saisei.exam.formats import read_exams, write_exams
from saisei.params import value
from saisei.trial.exchange.extract import ExamFact, Extract, exam_table
from saisei.trial.exchange.fhir_file import fhir_bytes, fhir_exams
from saisei.trial.exchange.odc import dictionary_csv, odc_csv
from saisei.trial.exchange.odm_file import odm_bytes, odm_exams
from saisei.trial.exchange.sdtm import dataset_json, rs_exams
from saisei.trial.importing import facts_of_table

__all__ = ["READERS", "WRITERS", "read_exchange", "write_exchange"]

Files = dict[str, bytes]


def _redcap(found: Extract) -> Files:
    return {"redcap.csv": write_exams(exam_table(found, "record_id"), "redcap").content}


def _tidy(found: Extract) -> Files:
    table = exam_table(found)
    return {
        "exams.csv": write_exams(table, "tidy").content,
        "exams.parquet": write_exams(table, "parquet").content,
    }


def _datasets(found: Extract) -> Files:
    return {
        f"{name.lower()}.json": dataset_json(found, name) for name in ("DM", "EX", "AE", "RS", "CO")
    }


WRITERS: dict[str, Callable[[Extract], Files]] = {
    "redcap": _redcap,
    "tidy": _tidy,
    "odm": lambda found: {"odm.xml": odm_bytes(found)},
    "dataset-json": _datasets,
    "fhir": lambda found: {"fhir.json": fhir_bytes(found)},
    "odc-sci": lambda found: {"odc.csv": odc_csv(found), "odc-dictionary.csv": dictionary_csv()},
}
"""Form -> what it writes: names of files and their bytes."""


def _table(layout: str) -> Callable[[bytes, str], list[ExamFact]]:
    def read(content: bytes, name: str) -> list[ExamFact]:
        most = int(value("trial.exchange_most_bytes"))
        if len(content) > most:
            raise InputError(
                f"{name} is larger than {most:,} bytes: check that this is the right file"
            )
        return facts_of_table(read_exams(content, layout, name=name))

    return read


READERS: dict[str, Callable[[bytes, str], list[ExamFact]]] = {
    "redcap": _table("redcap"),
    "tidy": _table("tidy"),
    "odm": odm_exams,
    "dataset-json": rs_exams,
    "fhir": fhir_exams,
}
"""Form -> exams from the bytes of one file (dataset-json: the RS table)."""


def write_exchange(found: Extract, form: str) -> Files:
    """The files of one form.

    Raises:
        InputError: no such form.
    """
    if form not in WRITERS:
        raise InputError(f"there is no form {form!r}; known are {', '.join(WRITERS)}")
    return WRITERS[form](found)


def read_exchange(content: bytes, form: str, name: str) -> list[ExamFact]:
    """The exams of one file of a form.

    Raises:
        InputError: no such form, or a file that is too large. DocumentError: what is wrong in it.
    """
    if form not in READERS:
        raise InputError(f"exams cannot be read from {form!r}; known are {', '.join(READERS)}")
    return READERS[form](content, name)
