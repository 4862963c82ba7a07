"""What goes out and comes back is equal; what is hostile or mangled is refused with its place."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from saisei.cli.trial import app
from saisei.errors import AccessError, DocumentError, InputError, SaiseiError
from saisei.exam.formats.scores import KINDS
from saisei.trial import Role
from saisei.trial.exchange import READERS, WRITERS, ExamFact, Extract, read_exchange, write_exchange
from saisei.trial.exchange.extract import ITEMS, code_of, text_of
from saisei.trial.exchange.odc import dictionary_csv, odc_csv
from saisei.trial.exchange.odm_file import odm_faults
from saisei.trial.exchange.redcap_api import connect, fetch_exams
from saisei.trial.exchange.sdtm import TESTS
from saisei.trial.importing import facts_of_table

CODES = {
    "motor": [0, 1, 2, 3, 4, 5, 9, 10, 13, 19, 20, 24, 29],
    "sensory": [0, 1, 2, 9, 10, 11, 19, 20, 21, 29],
    "anal": [0, 1, 9],
    "non-key": [-1, 4, 8, 21, 25],
}
FILE_OF = {
    "redcap": "redcap.csv", "tidy": "exams.csv", "odm": "odm.xml", "dataset-json": "rs.json",
    "fhir": "fhir.json",
}  # fmt: skip


def _exam(codes: tuple[int, ...], number: int = 1, comments: str = "") -> ExamFact:
    return ExamFact(
        f"P{number:02d}", "month-3", date(2026, 5, 3), "examiner 1", codes, 1, comments,
        (("ais", "A"), ("nli", "C5"), ("uems", "12"), ("lems", "ND")),
    )  # fmt: skip


def _found(*exams: ExamFact) -> Extract:
    people = tuple(
        {"participant": one.participant, "site": "tokyo", "sex": "male", "birth_year": 1990,
         "injured_on": date(2026, 1, 1), "arm": "cells", "allocated_on": date(2026, 1, 20)}
        for one in exams
    )  # fmt: skip
    dose = {"participant": "P01", "on": "2026-01-21", "vials": ["V1"], "cells_given": 2_000_000}
    event = {
        "participant": "P01",
        "on": "2026-02-01",
        "term": "fever",
        "grade": 1,
        "serious": False,
    }
    return Extract("T-1", "A trial", "2026-05-04T09:00:00Z", date(2026, 5, 4), "f" * 64, people,
                   (dose,), (event,), exams)  # fmt: skip


PLAIN = tuple(CODES[kind][0] for kind in KINDS)
exam_codes = st.tuples(*(st.sampled_from(CODES[kind]) for kind in KINDS))


@pytest.mark.parametrize("form", READERS)
@settings(max_examples=12, deadline=None)
@given(
    codes=exam_codes,
    comments=st.sampled_from(["", "seen lying", 'with "quotes", and commas', "ÄÖ 再生"]),
)
def test_what_goes_out_comes_back_equal(form: str, codes: tuple[int, ...], comments: str) -> None:
    kept = "" if form == "dataset-json" else comments  # comments stand in CO, not in RS
    given_ = _exam(codes, 1, comments)
    content = write_exchange(_found(given_), form)[FILE_OF[form]]
    back = read_exchange(content, form, "file")
    assert [one.key for one in back] == [_exam(codes, 1, kept).key]


def test_short_codes_are_unique_and_fit_transport_files() -> None:
    assert len(set(TESTS)) == len(ITEMS) == 136
    assert max(map(len, TESTS)) <= 8


def test_the_odm_document_is_valid_by_its_schema_and_a_broken_one_is_not() -> None:
    content = write_exchange(_found(_exam(PLAIN)), "odm")["odm.xml"]
    assert odm_faults(content) == ""
    assert "FileType" in odm_faults(content.replace(b'"Snapshot"', b'"Snapshots"'))


def test_datasets_have_a_cell_for_every_column_and_count_their_rows() -> None:
    for content in write_exchange(_found(_exam(PLAIN)), "dataset-json").values():
        tree = json.loads(content)
        assert tree["datasetJSONVersion"] == "1.1.0"
        assert tree["records"] == len(tree["rows"])
        assert all(len(row) == len(tree["columns"]) for row in tree["rows"])


def test_not_testable_is_not_done_and_keeps_its_flag() -> None:
    codes = list(PLAIN)
    codes[0] = 19
    tree = json.loads(write_exchange(_found(_exam(tuple(codes))), "dataset-json")["rs.json"])
    names = [one["name"] for one in tree["columns"]]
    row = dict(zip(names, tree["rows"][0], strict=True))
    assert (row["RSTESTCD"], row["RSORRES"], row["RSSTAT"]) == ("ISNRLC2", "NT*", "NOT DONE")


def test_the_odc_dictionary_names_every_column_once() -> None:
    header = odc_csv(_found(_exam(PLAIN))).decode("utf-8-sig").splitlines()[0].split(",")
    named = [line.split(",")[0] for line in dictionary_csv().decode("utf-8-sig").splitlines()[1:]]
    assert named == header
    assert "122" in odc_csv(_found(_exam(PLAIN))).decode().splitlines()[1]  # days, and no date
    assert "2026" not in odc_csv(_found(_exam(PLAIN))).decode().splitlines()[1]


@pytest.mark.parametrize("form", READERS)
def test_an_impossible_score_is_refused_with_its_place(form: str) -> None:
    content = write_exchange(_found(_exam(PLAIN)), form)[FILE_OF[form]].decode()
    item = "right_motor_c5"
    name = {"odm": "RIGHT_MOTOR_C5", "dataset-json": "ISNRMC5"}.get(form, item)
    if form in ("redcap", "tidy"):
        lines = content.splitlines()
        column = next(k for k, h in enumerate(lines[0].split(",")) if "right_motor_c5" in h)
        cells = lines[1].split(",")
        cells[column] = "7"
        broken = "\n".join([lines[0], ",".join(cells)])
    elif form == "odm":
        broken = content.replace(
            'ItemOID="IT.RIGHT_MOTOR_C5" Value="0"', 'ItemOID="IT.RIGHT_MOTOR_C5" Value="7"'
        )
    else:
        tree = json.loads(content)
        _spoil(tree, name)
        broken = json.dumps(tree)
    assert broken != content
    with pytest.raises(DocumentError) as caught:
        read_exchange(broken.encode(), form, "file")
    assert "c5" in str(caught.value).lower()


def _spoil(tree: Any, name: str) -> None:
    if "rows" in tree:
        names = [one["name"] for one in tree["columns"]]
        for row in tree["rows"]:
            if row[names.index("RSTESTCD")] == name:
                row[names.index("RSORRES")] = "7"
        return
    for part in tree["entry"][0]["resource"]["component"]:
        if part["code"]["coding"][0]["code"] == name:
            part["valueString"] = "7"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3">&b;</ODM>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3">&e;</ODM>"""


@pytest.mark.parametrize("content", [BOMB, OUTSIDE])
def test_entities_are_never_read(content: bytes) -> None:
    with pytest.raises(DocumentError, match="never read"):
        read_exchange(content, "odm", "evil.xml")


def test_depth_and_size_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"<a>" * 60 + b"</a>" * 60
    with pytest.raises(DocumentError, match="deeper"):
        read_exchange(deep, "odm", "deep.xml")
    with pytest.raises(DocumentError, match="deeper"):
        read_exchange(b"[" * 60 + b"]" * 60, "fhir", "deep.json")
    with pytest.raises(DocumentError):
        read_exchange(b"[" * 200_000, "dataset-json", "deep.json")
    monkeypatch.setattr("saisei.trial.exchange.guard.value", lambda name: 100)
    with pytest.raises(InputError, match="larger than 100"):
        read_exchange(b"x" * 101, "odm", "big.xml")


@pytest.mark.parametrize("form", READERS)
@settings(max_examples=40, deadline=None)
@given(junk=st.binary(max_size=300), cut=st.integers(0, 4000))
def test_mangled_bytes_are_refused_and_never_crash(form: str, junk: bytes, cut: int) -> None:
    content = _KEPT.setdefault(form, write_exchange(_found(_exam(PLAIN)), form)[FILE_OF[form]])
    for bad in (junk, content[:cut] + junk, junk + content):
        try:
            found = read_exchange(bad, form, "file")
        except SaiseiError:
            continue
        assert all(one.codes == PLAIN for one in found)


_KEPT: dict[str, bytes] = {}


def test_codes_and_texts_are_inverse() -> None:
    for item, kind in enumerate(KINDS):
        for code in CODES[kind]:
            assert code_of(item, text_of(item, code)) == code


def test_unknown_forms_are_told() -> None:
    with pytest.raises(InputError, match="known are redcap"):
        write_exchange(_found(), "xlsx")
    with pytest.raises(InputError, match="cannot be read"):
        read_exchange(b"", "odc-sci", "x")
    assert set(READERS) < set(WRITERS)


# ---- REDCap's API, by a server of our own on this machine ------------------------------------------


FIELD = {"field_name": "record_id", "field_label": "", "form_name": "isncsci"}


class _Redcap(BaseHTTPRequestHandler):
    content = b""
    asked: list[dict[str, list[str]]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        """Answer as REDCap's API does."""
        length = int(self.headers["Content-Length"])
        asked = parse_qs(self.rfile.read(length).decode())
        type(self).asked.append(asked)
        self.send_response(200)
        if asked["content"] == ["metadata"]:
            body, kind = (
                json.dumps([FIELD]).encode(),
                "json",
            )
        elif asked["content"] == ["record"] and asked.get("format") == ["json"]:
            body, kind = json.dumps([{"record_id": f"P{k:02d}"} for k in (1, 2)]).encode(), "json"
        elif asked["content"] == ["record"]:
            body, kind = type(self).content, "csv"
        else:
            body, kind = b"[]", "json"
        self.send_header("Content-Type", f"text/{kind}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def redcap_url() -> Iterator[str]:
    exams = _found(_exam(PLAIN, 1), _exam(PLAIN, 2))
    _Redcap.content = write_exchange(exams, "redcap")["redcap.csv"]
    _Redcap.asked = []
    server = HTTPServer(("127.0.0.1", 0), _Redcap)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    server.shutdown()
    server.server_close()


def test_exams_come_through_the_api_in_batches(redcap_url: str) -> None:
    project = connect(redcap_url, "A" * 32)
    tables = fetch_exams(project)
    facts = [one for table in tables for one in facts_of_table(table)]
    assert [one.key for one in facts] == [_exam(PLAIN, k).key for k in (1, 2)]
    asked = [
        one for one in _Redcap.asked if one["content"] == ["record"] and one["format"] == ["csv"]
    ]
    assert asked[0]["rawOrLabel"] == ["raw"]


def test_a_token_is_sent_nowhere_but_to_https() -> None:
    for url in ("http://example.org/api/", "ftp://127.0.0.1/", "file:///etc/passwd"):
        with pytest.raises(InputError, match="https"):
            connect(url, "A" * 32)


# ---- Through the command line ---------------------------------------------------------------------


def test_export_is_in_the_trail_and_refused_to_the_blinded(desk: Any, tmp_path: Path) -> None:
    from saisei.trial.exchange import extract
    from saisei.trial.exchange.log import log_export

    session = desk.as_(Role.STATISTICIAN)
    picture = session.view("view:export")
    found = extract(
        picture, "T", date(2027, 1, 1), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    files = write_exchange(found, "dataset-json")
    record = log_export(session, "tidy", "2027-01-01", files)
    assert record.kind == "export"
    assert len(record.body.digest) == 64
    with pytest.raises(AccessError):
        log_export(desk.as_(Role.ASSESSOR), "tidy", "2027-01-01", files)


def test_the_command_tells_a_missing_file(tmp_path: Path) -> None:
    words = ["import-form", str(tmp_path / "t.db"), str(tmp_path / "none.xml"), "--form", "odm"]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert "no such file" in str(result.exception)
