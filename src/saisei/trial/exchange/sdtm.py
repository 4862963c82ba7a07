"""SDTM-like tables: DM, EX, AE and RS, one row a score; written as Dataset-JSON 1.1, read back from RS.

ISNCSCI has no CDISC terminology; the exam stands in RS with the sponsor-extended category `ISNCSCI`. Short
codes: `ISN`, side R or L, modality L (light touch), P (pin prick) or M (motor), level (`ISNRLC2`).
What was not testable is `NOT DONE`; the original text keeps flags.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any

from saisei.exam.formats.scores import KINDS
from saisei.trial.exchange.extract import ITEMS, ExamFact, Extract, code_of, text_of
from saisei.trial.exchange.guard import faulty, parse_json

__all__ = ["TESTS", "dataset_json", "rs_exams", "tables", "test_code"]

Row = dict[str, Any]
_SIDES = {"right": "R", "left": "L"}
_WORDS = {"light_touch": "L", "pin_prick": "P", "motor": "M"}
_EXTRA = {
    "vac": "ISNVAC", "dap": "ISNDAP", "right_non_key_muscle": "ISNRNKM",
    "left_non_key_muscle": "ISNLNKM",
}  # fmt: skip
_RESULTS = {"ais": "ISNAIS", "nli": "ISNNLI", "uems": "ISNUEMS", "lems": "ISNLEMS"}


def test_code(item: str) -> str:
    """The short code of an item, at most eight characters.

    >>> test_code("right_light_touch_c2"), test_code("left_pin_prick_s45"), test_code("vac")
    ('ISNRLC2', 'ISNLPS45', 'ISNVAC')
    """
    if item in _EXTRA:
        return _EXTRA[item]
    side, rest = item.split("_", 1)
    word = next(word for word in _WORDS if rest.startswith(word))
    return (
        f"ISN{_SIDES[side]}{_WORDS[word]}{rest.removeprefix(word + '_').upper().replace('_', '')}"
    )


TESTS: tuple[str, ...] = tuple(test_code(item) for item in ITEMS)

_LENGTHS = {"RSORRES": 200, "AETERM": 200, "COVAL": 20_000}
_TABLES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "DM": (
        ("STUDYID", "Study", "string"), ("DOMAIN", "Domain", "string"),
        ("USUBJID", "Subject", "string"), ("SITEID", "Site", "string"), ("SEX", "Sex", "string"),
        ("BRTHYR", "Year of birth", "integer"), ("ARM", "Arm", "string"),
        ("INJDTC", "Day of injury", "date"),
    ),
    "EX": (
        ("STUDYID", "Study", "string"), ("DOMAIN", "Domain", "string"),
        ("USUBJID", "Subject", "string"), ("EXSEQ", "Number", "integer"),
        ("EXDOSE", "Cells given", "integer"), ("EXDOSU", "Unit", "string"),
        ("EXLOT", "Vials", "string"), ("EXSTDTC", "Day", "date"),
    ),
    "AE": (
        ("STUDYID", "Study", "string"), ("DOMAIN", "Domain", "string"),
        ("USUBJID", "Subject", "string"), ("AESEQ", "Number", "integer"), ("AETERM", "Term", "string"),
        ("AEBODSYS", "Organ class", "string"), ("AETOXGR", "Grade", "string"),
        ("AESER", "Serious", "string"), ("AEREL", "Related", "string"), ("AESTDTC", "Day", "date"),
        ("AEOUT", "Outcome", "string"),
    ),
    "RS": (
        ("STUDYID", "Study", "string"), ("DOMAIN", "Domain", "string"),
        ("USUBJID", "Subject", "string"), ("RSSEQ", "Number", "integer"),
        ("RSGRPID", "Exam", "string"), ("RSTESTCD", "Short code", "string"),
        ("RSTEST", "Item", "string"), ("RSCAT", "Category", "string"),
        ("RSORRES", "Result as found", "string"), ("RSSTRESN", "Number", "integer"),
        ("RSSTAT", "Done", "string"), ("RSEVAL", "Examiner", "string"), ("VISIT", "Visit", "string"),
        ("RSDTC", "Day", "date"),
    ),
    "CO": (
        ("STUDYID", "Study", "string"), ("DOMAIN", "Domain", "string"),
        ("USUBJID", "Subject", "string"), ("COSEQ", "Number", "integer"),
        ("IDVARVAL", "Exam", "string"), ("COVAL", "Comment", "string"),
    ),
}  # fmt: skip


def tables(found: Extract) -> dict[str, list[Row]]:
    """The rows of each table, by domain."""
    made: dict[str, list[Row]] = {name: [] for name in _TABLES}
    for one in found.people:
        made["DM"].append(
            _row(found, "DM", one["participant"], SITEID=one["site"], SEX=one["sex"][:1].upper(),
                 BRTHYR=one["birth_year"], ARM=one["arm"], INJDTC=one["injured_on"].isoformat())
        )  # fmt: skip
    for number, one in enumerate(found.doses, 1):
        made["EX"].append(
            _row(found, "EX", one["participant"], EXSEQ=number, EXDOSE=one["cells_given"],
                 EXDOSU="CELLS", EXLOT=" ".join(one["vials"]), EXSTDTC=one["on"])
        )  # fmt: skip
    for number, one in enumerate(found.events, 1):
        related = "; ".join(f"{k}: {v}" for k, v in one.get("related", {}).items())
        made["AE"].append(
            _row(found, "AE", one["participant"], AESEQ=number, AETERM=one["term"],
                 AEBODSYS=one.get("organ_class", ""), AETOXGR=str(one["grade"]),
                 AESER="Y" if one["serious"] else "N", AEREL=related, AESTDTC=one["on"],
                 AEOUT=one.get("outcome", "ongoing"))
        )  # fmt: skip
    for exam in found.exams:
        made["RS"] += _scores(found, exam, len(made["RS"]))
        if exam.comments:
            made["CO"].append(
                _row(found, "CO", exam.participant, COSEQ=len(made["CO"]) + 1,
                     IDVARVAL=f"{exam.visit}#{exam.repeat}", COVAL=exam.comments)
            )  # fmt: skip
    return made


def _row(found: Extract, domain: str, person: str, **rest: Any) -> Row:
    return {"STUDYID": found.trial, "DOMAIN": domain, "USUBJID": person, **rest}


def _scores(found: Extract, one: ExamFact, before: int) -> list[Row]:
    rows: list[Row] = []
    entries = [(TESTS[i], ITEMS[i], text_of(i, code)) for i, code in enumerate(one.codes)]
    results = dict(one.results)
    entries += [(short, name, results[name]) for name, short in _RESULTS.items() if name in results]
    for short, name, text in entries:
        if not text:
            continue
        bare = text.rstrip("*")
        rows.append(
            _row(found, "RS", one.participant, RSSEQ=before + len(rows) + 1,
                 RSGRPID=f"{one.visit}#{one.repeat}", RSTESTCD=short, RSTEST=name, RSCAT="ISNCSCI",
                 RSORRES=text, RSSTRESN=int(bare) if bare.isdigit() else None,
                 RSSTAT="NOT DONE" if bare == "NT" else "", RSEVAL=one.examiner, VISIT=one.visit,
                 RSDTC=one.on.isoformat())
        )  # fmt: skip
    return rows


def dataset_json(found: Extract, domain: str) -> bytes:
    """One table as Dataset-JSON 1.1, built by odmlib's model.

    Args:
        found: the facts.
        domain: `DM`, `EX`, `AE`, `RS` or `CO`.
    """
    from odmlib.dataset_json_1_1 import model

    rows, columns = tables(found)[domain], _TABLES[domain]
    model_of: Any = model.DatasetJSON
    made = model_of(
        datasetJSONCreationDateTime=found.made_at, datasetJSONVersion="1.1.0",
        fileOID=f"{found.trial}.{domain}.{found.cutoff.isoformat()}", originator="Saisei",
        studyOID=f"ST.{found.trial}", metaDataVersionOID="MDV.1", itemGroupOID=f"IG.{domain}",
        records=len(rows), name=domain, label=f"{domain} of {found.trial}",
    )  # fmt: skip
    made.columns = [
        model.Column(
            itemOID=f"IT.{domain}.{name}", name=name, label=label, dataType=kind,
            length=_LENGTHS.get(name, 64),
        )
        for name, label, kind in columns
    ]  # fmt: skip
    made.rows = [[row.get(name) for name, _, _ in columns] for row in rows]
    tree = {
        **made.to_dict(),
        "rows": [list(row) for row in made.rows],
    }  # the model drops an empty list
    text = json.dumps(tree, ensure_ascii=False, indent=1)
    return f"{text}\n".encode()


def rs_exams(content: bytes, name: str) -> list[ExamFact]:
    """The exams of an RS table in Dataset-JSON; comments are in CO and do not come back from RS alone.

    Raises:
        DocumentError: no such table, or an item that is missing or has no such value.
    """
    tree = parse_json(content, name)
    if not isinstance(tree, dict) or not isinstance(tree.get("columns"), list):
        raise faulty(name, "the file", "", "is no Dataset-JSON: it has no columns")
    heads = [one.get("name") if isinstance(one, dict) else None for one in tree["columns"]]
    wanted = ("USUBJID", "RSGRPID", "RSTESTCD", "RSORRES", "RSEVAL", "VISIT", "RSDTC")
    missing = [one for one in wanted if one not in heads]
    if missing:
        raise faulty(name, "columns", ", ".join(missing), "are missing", "export the RS table")
    place = {one: heads.index(one) for one in wanted}
    grouped: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for number, row in enumerate(tree.get("rows", []), 1):
        if not isinstance(row, list) or len(row) != len(heads):
            raise faulty(name, f"row {number}", "", f"does not have {len(heads)} cells")
        cell = {one: str(row[k]) for one, k in place.items()}
        key = tuple(cell[one] for one in ("USUBJID", "RSGRPID", "VISIT", "RSDTC", "RSEVAL"))
        if cell["RSTESTCD"] in grouped[key]:
            raise faulty(name, f"row {number}", cell["RSTESTCD"], "stands twice in one exam")
        grouped[key][cell["RSTESTCD"]] = cell["RSORRES"]
    return [_exam(key, values, name) for key, values in grouped.items()]


def _exam(key: tuple[str, ...], values: dict[str, str], name: str) -> ExamFact:
    person, group, visit, day, examiner = key
    codes = []
    for item, short in enumerate(TESTS):
        text = values.get(short, "")
        try:
            codes.append(code_of(item, text))
        except KeyError:
            rule = "is missing" if not text else f"is not a value of a {KINDS[item]} item"
            raise faulty(name, f"{person}, {visit}, {short}", text, rule) from None
    try:
        on, repeat = date.fromisoformat(day), int(group.rpartition("#")[2] or 1)
    except ValueError:
        raise faulty(
            name, f"{person}, {visit}", day, "has no day or no number of the exam"
        ) from None
    return ExamFact(person, visit, on, examiner, tuple(codes), repeat)
