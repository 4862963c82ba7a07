"""Files that are damaged, foreign or strange: one clear error, never a traceback, never a silent grade."""

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from saisei.errors import InputError, SaiseiError
from saisei.exam.formats import ExamTable, read_exams
from saisei.exam.isncsci.record import Exam


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"hello", "neither a table"),
        (b"a,b\n1,2\n", "belong to no layout"),
        (b"[]", "is empty"),
        (b"{}", "belong to no layout"),
        (b"[1, 2]", "an exam is a JSON object"),
        (b"[{}", "broken JSON"),
        (b"[{}] x", "after the end"),
        (b'{"a": NaN}', "broken JSON"),
        (b'{"a": 1e999}', "too large"),
        (b'{"right": 1, "right": 2}', "more than once"),
        (b"[" * 100_000, "broken JSON"),
        (b'{"a":' * 50_000, "broken JSON"),
        (b"PAR1\0\0\0\0PAR1", "Parquet"),
        (b"PK\x03\x04xxxx", "zip archive or a workbook"),
        (b"\x1f\x8b\x08\0", "compressed"),
        (b"%PDF-1.7", "is a PDF"),
        ("right_motor_c5,vac".encode("utf-16"), "UTF-16"),
        (b"person,caf\xe9\n1,2\n", "is not UTF-8"),
        (b"a,b\n1,\x002\n", "NUL"),
        (b'a,"b\n1,2\n', "CSV"),
    ],
)
def test_what_is_no_file_of_exams_is_refused_in_one_sentence(data: bytes, words: str) -> None:
    """Each kind of wrong file has its own sentence."""
    with pytest.raises(InputError, match=words):
        read_exams(data)


def tidy(examples: Path) -> bytes:
    """The tidy example."""
    return (examples / "tidy.csv").read_bytes()


def backwards(data: bytes) -> bytes:
    """The columns in the other order."""
    lines = data.replace(b'"', b"").replace(b", no", b" no").split(b"\n")
    return b"\n".join(b",".join(reversed(line.split(b","))) for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\r"),
        lambda data: data.replace(b",", b";").replace(b"example; no", b"example, no"),
        lambda data: data.replace(b",", b"\t").replace(b"example\t no", b"example, no"),
        lambda data: data + b"\n\n",
        lambda data: data.rstrip(b"\n"),
        lambda data: b"\n" + data,
        backwards,
    ],
    ids=["BOM", "CRLF", "CR", "semicolon", "tab", "blank end", "no end", "blank start", "order"],
)
def test_strange_but_legal_tables_are_read(examples: Path, change: Any) -> None:
    """Marks, line ends, delimiters, blank lines and the order of columns change nothing."""
    table = read_exams(change(tidy(examples)))
    assert (table.codes() == read_exams(tidy(examples)).codes()).all()
    assert table.faults == ()


def test_a_column_that_stands_twice_is_refused(examples: Path) -> None:
    """Which of the two counts cannot be known."""
    data = tidy(examples).replace(b"person_id,", b"vac,", 1)
    with pytest.raises(InputError, match="'vac' stands more than once"):
        read_exams(data)


def test_a_row_that_breaks_is_a_fault_and_the_others_are_read(examples: Path) -> None:
    """Too many or too few cells refuse that row only, with its line."""
    lines = tidy(examples).split(b"\n")
    lines[2] += b",9"
    lines[4] = lines[4].partition(b",")[2]
    table = read_exams(b"\n".join(lines))
    assert [fault.where for fault in table.faults] == ["input, line 3", "input, line 5"]
    assert len(table.sound) == 4


def test_a_huge_cell_is_refused(examples: Path) -> None:
    """A cell of ten megabytes is not text of an exam."""
    big = b"x" * 10_000_000
    with pytest.raises(InputError, match="field larger than field limit"):
        read_exams(tidy(examples).replace(b"S-01", big, 1))
    exam = json.loads((examples / "praxis_nested.json").read_text())
    exam[0]["comments"] = big.decode()
    assert "characters" in read_exams(json.dumps(exam).encode()).faults[0].rule


def test_a_column_without_a_name_is_carried_along(examples: Path) -> None:
    """Tables written by pandas have a nameless first column."""
    lines = tidy(examples).splitlines()
    data = b"\n".join([b"," + lines[0], *(b"%d," % i + line for i, line in enumerate(lines[1:]))])
    table = read_exams(data)
    assert (table.rows[3].keys[""], len(table.sound)) == ("3", 6)


def test_missing_columns_are_named_together(examples: Path) -> None:
    """A table without some scores says which."""
    head, _, rest = tidy(examples).partition(b"\n")
    cells = head.split(b",")
    keep = [i for i, name in enumerate(cells) if not name.startswith(b"left_motor")]
    rows = [
        line.split(b",") for line in rest.replace(b", no", b" no").replace(b'"', b"").splitlines()
    ]
    data = b"\n".join(b",".join(row[i] for i in keep) for row in [cells, *rows])
    with pytest.raises(InputError, match=r"left_motor_c5, left_motor_c6.*and 5 more"):
        read_exams(data)


def test_a_wanted_format_is_not_forced(examples: Path) -> None:
    """Asking for REDCap on a tidy file says what it is."""
    with pytest.raises(InputError, match="is not redcap: it has 136 of 136 items of Saisei"):
        read_exams(tidy(examples), "redcap")
    with pytest.raises(SaiseiError, match="no format 'spss'"):
        read_exams(tidy(examples), "spss")


@pytest.mark.parametrize("kind", ["bool", "float", "text", "int64", "wide"])
def test_parquet_of_other_programs(examples: Path, kind: str) -> None:
    """Integers and texts are read; truth values and numbers outside are not grades."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(examples / "tidy.parquet")
    name = "right_motor_c5"
    at = table.column_names.index(name)
    columns = {
        "bool": pa.array([True] * 6),
        "float": pa.array([5.0, 5.0, 5.0, 5.0, 4.0, float("nan")]),
        "text": pa.array(["5", "5", "5", "5", "4", "0**"]),
        "int64": pa.array([5, 5, 5, 5, 4, 20]),
        "wide": pa.array([5, 5, 5, 5, 4, 300]),
    }
    out = io.BytesIO()
    pq.write_table(table.set_column(at, name, columns[kind]), out)
    if kind == "bool":
        with pytest.raises(InputError, match="truth values"):
            read_exams(out.getvalue())
        return
    found = read_exams(out.getvalue())
    assert len(found.sound) == (6 if kind in ("text", "int64") else 5)


FILES = [
    "tidy.csv", "redcap_raw.csv", "redcap_labels.csv", "praxis_nested.json", "praxis_lines.jsonl",
    "praxis_ui.json", "praxis_specs.json", "sygen_long.csv", "sygen_wide.csv", "emsci_summary.csv",
    "tidy.parquet",
]  # fmt: skip
JUNK = [b"\0", b"\xff", b"\r", b"\n", b'"', b",", b"{", b"}", b"[", b"]", b":", b"NT", b"*", b" ",
        b"6", b"-1", b"null", b"\\", b"\xef\xbb\xbf", b"\\ud800", b"1e9", b"ab-", b"true"]  # fmt: skip


def mangled(rng: random.Random, data: bytes) -> bytes:
    """A file with a few cuts, insertions, overwritten bytes or doubled stretches."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            out[at : at + rng.randint(1, 40)] = b""
        elif kind == 1:
            out[at:at] = rng.choice(JUNK)
        elif kind == 2 and at < len(out):
            out[at] = rng.randrange(256)
        elif kind == 3:
            out[at:at] = out[at : at + rng.randint(1, 200)]
        else:
            out[at : at + 2] = rng.choice(JUNK)
    return bytes(out)


def is_sound(table: ExamTable) -> bool:
    """Every row either has faults or is an exam whose codes are valid; a summary has neither."""
    for row in table.rows:
        if row.codes is None:
            assert row.faults or table.summary_only
        else:
            assert not row.faults
            Exam.from_codes(row.codes)
    return True


@pytest.mark.parametrize("name", FILES)
def test_mangled_files_are_refused_or_read_never_crash(examples: Path, name: str) -> None:
    """Whatever happens to the bytes of a file: a known error, or rows that are valid or faulty."""
    data = (examples / name).read_bytes()
    for seed in range(25):
        broken = mangled(random.Random(f"{name}{seed}"), data)
        for lenient in (False, True):
            try:
                table = read_exams(broken, lenient=lenient, unrecorded_as_nt=True)
            except SaiseiError:
                continue
            assert is_sound(table)
