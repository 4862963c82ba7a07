"""`grade_parquet`: a file of exams graded piece by piece, with the grades of `classify_table`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "validation"))

from exam_generator import TEXT, generate

from saisei.errors import DocumentError, InputError, SaiseiError
from saisei.exam.formats import stream
from saisei.exam.formats.stream import grade_parquet
from saisei.exam.isncsci.batch import RESULTS, classify_table
from saisei.exam.isncsci.record import COLUMNS

CODES = generate(1100, seed=30)[0]


def write(path: Path, codes: np.ndarray = CODES, **more: object) -> Path:
    table = pa.table({**dict(zip(COLUMNS, codes.T.copy(), strict=True)), **more})
    pq.write_table(table, path)
    return path


def test_the_file_holds_the_grades_of_the_table_and_the_other_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH", 300)
    source = write(tmp_path / "in.parquet", id=np.arange(1100), ais=["x"] * 1100)
    calls: list[tuple[int, int]] = []
    summary = grade_parquet(source, tmp_path / "out.parquet", lambda a, b: calls.append((a, b)))
    assert calls == [(300, 1100), (600, 1100), (900, 1100), (1100, 1100)]
    graded, table = classify_table(CODES), pq.read_table(tmp_path / "out.parquet")
    assert table.column("id").to_pylist() == list(range(1100))
    assert summary.renamed == {"ais": "reported_ais"}
    assert set(table.column("reported_ais").to_pylist()) == {"x"}
    for name in RESULTS:
        texts = graded.texts(name).tolist()
        assert table.column(f"{name}_values").to_pylist() == texts
        assert table.column(name).to_pylist() == ["ND" if "," in t else t for t in texts]
    for name, values in graded.sum_columns().items():
        nd = None if name.endswith(("_low", "_high")) else -1
        assert table.column(name).to_pylist() == [None if v == nd else v for v in values.tolist()]
    assert summary.exams == 1100 == sum(summary.ais.values())
    assert summary.ais["ND"] == (graded.value_of("ais") == -1).sum()
    assert list(tmp_path.glob("*.partial")) == []


def test_texts_and_codes_of_any_width_are_graded_alike(tmp_path: Path) -> None:
    anal = {0: "no", 1: "yes", 9: "NT"}
    muscle = {-1: None, 4: "C5", 5: "C6", 6: "C7", 7: "C8", 8: "T1"}
    muscle |= {21: "L2", 22: "L3", 23: "L4", 24: "L5", 25: "S1"}
    columns = {}
    for k, name in enumerate(COLUMNS):
        words = TEXT if k < 132 else anal if k < 134 else muscle
        column = pa.array([words[c] for c in CODES[:, k].tolist()], pa.string())
        if k % 3 == 1:
            column = column.dictionary_encode()
        elif k % 3 == 2:
            column = pa.array(CODES[:, k], [pa.int8(), pa.int64(), pa.int16()][k % 2])
        columns[name] = column
    pq.write_table(pa.table(columns), tmp_path / "text.parquet")
    grade_parquet(tmp_path / "text.parquet", tmp_path / "a.parquet", policy="praxis")
    grade_parquet(write(tmp_path / "in.parquet"), tmp_path / "b.parquet", policy="praxis")
    assert pq.read_table(tmp_path / "a.parquet").equals(pq.read_table(tmp_path / "b.parquet"))


def test_scores_are_kept_when_asked_for(tmp_path: Path) -> None:
    grade_parquet(write(tmp_path / "in.parquet"), tmp_path / "out.parquet", keep_scores=True)
    table = pq.read_table(tmp_path / "out.parquet")
    assert (np.array([table.column(name).to_numpy() for name in COLUMNS]).T == CODES).all()


def test_non_key_columns_may_be_absent_but_not_misspelt(tmp_path: Path) -> None:
    table = pq.read_table(write(tmp_path / "in.parquet")).drop_columns(list(COLUMNS[134:]))
    pq.write_table(table, tmp_path / "less.parquet")
    grade_parquet(tmp_path / "less.parquet", tmp_path / "out.parquet")
    bare = CODES.copy()
    bare[:, 134:] = -1
    found = pq.read_table(tmp_path / "out.parquet").column("ais_values").to_pylist()
    assert found == classify_table(bare).texts("ais").tolist()
    named = table.append_column("right_non_key", pa.array([4] * 1100))
    pq.write_table(named, tmp_path / "wrong.parquet")
    with pytest.raises(InputError, match="right_non_key is none of right_non_key_muscle"):
        grade_parquet(tmp_path / "wrong.parquet", tmp_path / "out2.parquet")


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("vac", pa.array([1, None, 0]), "row 2, column vac: null: a blank is not NT"),
        ("vac", pa.array(["yes", "", "no"]), "row 2, column vac: '': a blank is not NT"),
        ("right_motor_c5", pa.array(["5", "5", "5*"]), "row 3, column right_motor_c5: '5\\*'"),
        ("right_motor_c5", pa.array([5, 6, 5]), "row 2, column right_motor_c5: 6"),
        ("right_motor_c5", pa.array([5, 261, 5]), "row 2, column right_motor_c5: 261"),
        ("right_motor_c5", pa.array([5.0, 5.0, 5.0]), "column right_motor_c5: double"),
        ("right_motor_c5", pa.array([True, True, True]), "column right_motor_c5: bool"),
    ],
)
def test_a_cell_that_is_no_score_stops_the_file_and_nothing_is_written(
    tmp_path: Path, column: str, values: pa.Array, expected: str
) -> None:
    rows = np.full((3, 136), 2, dtype=np.int8)
    rows[:, 56:66] = rows[:, 122:132] = 5
    rows[:, 132:] = (1, 1, -1, -1)
    named = {**dict(zip(COLUMNS, rows.T.copy(), strict=True)), column: values}
    pq.write_table(pa.table(named), tmp_path / "in.parquet")
    with pytest.raises(DocumentError, match=expected):
        grade_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.parquet"]


def test_files_that_can_not_be_graded_are_refused_in_words(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.parquet"), tmp_path / "out.parquet"
    with pytest.raises(InputError, match="no such file"):
        grade_parquet(tmp_path / "absent.parquet", out)
    with pytest.raises(InputError, match="into itself"):
        grade_parquet(source, source)
    (tmp_path / "text.parquet").write_bytes(b"id,vac\n1,yes\n")
    with pytest.raises(InputError, match="not a Parquet file"):
        grade_parquet(tmp_path / "text.parquet", out)
    with pytest.raises(InputError, match="has no rows"):
        grade_parquet(write(tmp_path / "empty.parquet", CODES[:0]), out)
    pq.write_table(pa.table({"vac": [1]}), tmp_path / "few.parquet")
    with pytest.raises(InputError, match="133 columns of an exam are missing"):
        grade_parquet(tmp_path / "few.parquet", out)
    both = write(tmp_path / "both.parquet", ais=["A"] * 1100, reported_ais=["B"] * 1100)
    with pytest.raises(InputError, match="can not both be kept"):
        grade_parquet(both, out)
    assert not out.exists()


def test_a_damaged_file_is_an_error_of_the_input_and_never_a_crash(tmp_path: Path) -> None:
    whole = write(tmp_path / "in.parquet").read_bytes()
    rng = np.random.default_rng(31)
    out = tmp_path / "out.parquet"
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 8):
            data[place] = rng.integers(0, 256)
        (tmp_path / "bad.parquet").write_bytes(bytes(data[: rng.integers(8, len(data) + 1)]))
        try:
            grade_parquet(tmp_path / "bad.parquet", out)
        except SaiseiError:
            continue


def test_a_column_name_that_is_no_text_is_an_error_of_the_input(tmp_path: Path) -> None:
    data = (
        write(tmp_path / "in.parquet").read_bytes().replace(b"right_motor_c5", b"right_\xf1otor_c5")
    )
    (tmp_path / "bad.parquet").write_bytes(data)
    with pytest.raises(InputError, match=r"not a Parquet file|missing"):
        grade_parquet(tmp_path / "bad.parquet", tmp_path / "out.parquet")
