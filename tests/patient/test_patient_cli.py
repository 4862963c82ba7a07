"""`saisei patient simulate`: a file that other verbs read, or one sentence and no file."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from saisei.cli import main

SMALL = ["--n", "30", "--weeks", "4,52"]


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `saisei ...`."""
    monkeypatch.setattr("sys.argv", ["saisei", *words])
    code = 0
    try:
        main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def saisei(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The command line as a function."""
    return lambda *words: run(capsys, monkeypatch, *words)


def test_a_cohort_is_read_back_by_the_grader(saisei, tmp_path: Path) -> None:
    """`exam grade` reads every row and finds no grade that differs from the file's."""
    out = tmp_path / "cohort.parquet"
    code, said, _ = saisei("patient", "simulate", *SMALL, "--out", str(out), "--json")
    assert code == 0
    tally = json.loads(said)
    assert (tally["people"], tally["rows"], tally["visits"][0]["AIS A"]) == (30, 90, 30)
    assert 0 < tally["acceptance"] <= 1
    code, said, _ = saisei("exam", "grade", str(out), "--json")
    (head,) = json.loads(said)["files"]
    assert code == 0
    assert (head["graded"], head["mismatches"], head["faults"]) == (90, 0, [])


def test_the_file_says_how_it_was_made(saisei, tmp_path: Path) -> None:
    """Seed, eligibility, parameter digest and use stand in the file; two runs give the same bytes."""
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    saisei("patient", "simulate", *SMALL, "--out", str(one), "--workers", "1")
    saisei("patient", "simulate", *SMALL, "--out", str(two), "--workers", "2")
    assert one.read_bytes() == two.read_bytes()
    made = json.loads(pq.read_schema(one).metadata[b"saisei.cohort"])
    assert (made["seed"], made["ais"], made["level"]) == (1, "A", ["C4", "T10"])
    assert "Research use only" in made["use"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--level", "C99"], "not a spinal level"),
        (["--weeks", "-4"], "visits lie"),
        (["--ais", "A", "--level", "S4-5"], "the cohort is empty"),
        (["--n", "0"], "a cohort has 1 to"),
    ],
)
def test_a_wrong_use_is_one_sentence_and_no_file(
    saisei, tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Exit code 2, what is wrong in words, and nothing left behind."""
    code, _, said = saisei(
        "patient", "simulate", *SMALL, *words, "--out", str(tmp_path / "c.parquet")
    )
    assert code == 2
    assert sentence in said
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_said(saisei, tmp_path: Path) -> None:
    """A file in the way of a folder, a folder as the name, another ending: exit code 2, nothing written."""
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file" / "c.parquet", tmp_path / "c.csv"):
        code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(out))
        assert code == 2
        assert str(out.parent) in said
    folder = tmp_path / "d.parquet"
    folder.mkdir()
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(folder))
    assert code == 2
    assert "is a folder" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.parquet", "file"]


def test_a_run_that_breaks_leaves_nothing(
    saisei, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full half way, neither the file nor a part of it stays."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(tmp_path / "c.parquet"))
    assert code == 2
    assert "No space left on device" in said
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_run_goes_on_to_the_same_bytes(
    saisei, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after two chunks of ten, the same command goes on after person 20 to the same file."""
    monkeypatch.setattr("saisei.patient.cohort.CHUNK", 10)
    whole, out = tmp_path / "whole.parquet", tmp_path / "c.parquet"
    saisei("patient", "simulate", *SMALL, "--out", str(whole))
    write, calls = pq.ParquetWriter.write_table, []

    def stop(self: pq.ParquetWriter, table: object) -> None:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(table)
        write(self, table)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", stop)
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(out))
    assert code != 0
    assert "the same command goes on" in said
    assert not out.exists()
    monkeypatch.setattr(pq.ParquetWriter, "write_table", write)
    monkeypatch.setattr("saisei.patient.cohort.simulate_chunk", _only_from(20))
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(out))
    assert code == 0
    assert "going on after person 30 " in said or "going on after person 20 " in said
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.parquet", "whole.parquet"]


def _only_from(first: int):
    """`simulate_chunk`, which fails when people are made again who were kept."""
    from saisei.patient.cohort import simulate_chunk

    def checked(plan, model, start, stop, acceptance=1.0):
        assert start >= first
        return simulate_chunk(plan, model, start, stop, acceptance)

    return checked


def test_what_is_kept_of_another_cohort_is_not_taken(
    saisei, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of kept chunks with another seed is thrown away, not mixed in."""
    monkeypatch.setattr("saisei.patient.cohort.CHUNK", 10)
    out, whole = tmp_path / "c.parquet", tmp_path / "whole.parquet"
    saisei("patient", "simulate", *SMALL, "--out", str(whole))
    folder = tmp_path / ".c.parquet.parts"
    folder.mkdir()
    (folder / "cohort.json").write_text('{"seed": 2}')
    (folder / "000000.arrow").write_text("not ours")
    code, _, said = saisei("patient", "simulate", *SMALL, "--out", str(out))
    assert code == 0
    assert "going on" not in said
    assert out.read_bytes() == whole.read_bytes()


def test_eligibility_comes_from_a_study_and_can_be_overridden(saisei, tmp_path: Path) -> None:
    """Keio's document: AIS A, C3 to T10, exam by day 24, from 18 years; an option has the last word."""
    out = tmp_path / "c.parquet"
    words = ["patient", "simulate", *SMALL, "--study", "keio-2025", "--exam-day", "14-24"]
    code, _, said = saisei(*words, "--out", str(out))
    assert code == 0
    assert "vertebral level of the injury" in said
    made = json.loads(pq.read_schema(out).metadata[b"saisei.cohort"])
    assert (made["ais"], made["level"], made["exam_day"]) == ("A", ["C3", "T10"], [14, 24])
    assert (made["age"], made["study"]) == ([18, 100], "keio-2025")


def test_a_study_that_leaves_the_day_open_asks_for_it(saisei, tmp_path: Path) -> None:
    """Shin's document states no exam day: one sentence that names the option."""
    words = ["patient", "simulate", *SMALL, "--study", "shin-2015", "--out"]
    code, _, said = saisei(*words, str(tmp_path / "c.parquet"))
    assert code == 2
    assert "does not state eligibility.exam_day: give it with --exam-day" in said
    assert list(tmp_path.iterdir()) == []


def test_all_options_together_give_a_file_that_is_graded(saisei, tmp_path: Path) -> None:
    """Gaps, missed visits, care, MEP and walking: read back without a fault, with the effect in the file."""
    out = tmp_path / "c.parquet"
    words = ["--n", "200", "--weeks", "2,12,52", "--gaps", "assumed", "--visit-jitter", "7"]
    words += ["--missed", "0.1", "--drop-out", "0.1", "--care", "motor-training", "--mep"]
    words += ["--extra-hours", "12", "--care-start", "3", "--care-weeks", "10"]
    words += ["--care-effect", "prior", "--walking", "hicks_2017_simplified_s1", "--json"]
    code, said, _ = saisei("patient", "simulate", *words, "--out", str(out))
    assert code == 0
    tally = json.loads(said)
    assert tally["people"] == 200
    assert tally["rows"] < 800
    table = pq.read_table(out)
    made = json.loads(table.schema.metadata[b"saisei.cohort"])
    assert made["care"]["points_per_hour"] != 0
    assert set(table.column("walks_at_a_year").to_pylist()) == {None, 0, 1}
    assert table.column("reported_uems").null_count > 0  # not determinable with NT
    assert table.column("mep_cmct_ms_right_c5").null_count == 0
    code, said, _ = saisei("exam", "grade", str(out), "--json")
    (head,) = json.loads(said)["files"]
    assert (code, head["graded"], head["mismatches"]) == (0, tally["rows"], 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--tier", "7"], "tier 7"),
        (["--tier", "0", "--mep"], "only the mechanistic model"),
        (["--walking", "mine"], "no walking rule"),
        (["--care", "wishing"], "care 'wishing'"),
        (["--care-effect", "large"], "care effect 'large'"),
        (["--extra-hours", "5"], "usual care has none"),
        (["--missed", "1.5"], "missed visits 1.5"),
        (["--study", "nowhere-1999"], "nowhere-1999"),
        (["--workers", "0"], "at least 1"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_no_file(
    saisei, tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Exit code 2 and nothing left behind."""
    out = str(tmp_path / "c.parquet")
    code, _, said = saisei("patient", "simulate", *SMALL, *words, "--out", out)
    assert code == 2
    assert sentence in said
    assert list(tmp_path.iterdir()) == []


def test_the_statistical_benchmark_writes_a_cohort_too(saisei, tmp_path: Path) -> None:
    """`--tier 0`: graded back without a mismatch, marked in the file."""
    out = tmp_path / "c.parquet"
    code, _, _ = saisei("patient", "simulate", *SMALL, "--tier", "0", "--out", str(out))
    assert code == 0
    assert json.loads(pq.read_schema(out).metadata[b"saisei.cohort"])["tier"] == 0
    code, said, _ = saisei("exam", "grade", str(out), "--json")
    (head,) = json.loads(said)["files"]
    assert (code, head["graded"], head["mismatches"]) == (0, 90, 0)


def test_a_course_is_drawn_and_its_numbers_are_those_of_the_cohort(saisei, tmp_path: Path) -> None:
    """Person 7 of the picture has the grades of person 7 of the file at week 52."""
    out, cohort = tmp_path / "course.csv", tmp_path / "c.parquet"
    saisei("patient", "simulate", *SMALL, "--out", str(cohort))
    code, _, note = saisei(
        "patient", "course", "--person", "7", "--weeks", "4,52", "--out", str(out)
    )
    assert code == 0
    assert "Research use only" in note
    lines = out.read_text().splitlines()
    last = dict(zip(lines[0].split(","), lines[-1].split(","), strict=True))
    row = pq.read_table(cohort).slice(7 * 3 + 2, 1).to_pylist()[0]
    assert (int(last["day"]), row["person_id"]) == (364, 7)
    assert int(last["grade_right_c5"]) == row["right_motor_c5"]
    assert int(last["grade_left_s1"]) == row["left_motor_s1"]
    svg = tmp_path / "course.svg"
    code, _, _ = saisei("patient", "course", "--person", "7", "--out", str(svg))
    assert code == 0
    assert "Levels and AIS at the visits" in svg.read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--person", "-1"], "there is no person -1"),
        (["--level", "C99"], "not a spinal level"),
        (["--out", "x.pdf"], ".svg or .png"),
    ],
)
def test_a_course_that_cannot_be_drawn_is_refused(
    saisei, tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Exit code 2, what is wrong in words, and no file."""
    code, _, said = saisei("patient", "course", "--out", str(tmp_path / "c.svg"), *words)
    assert code == 2
    assert sentence in said
    assert list(tmp_path.iterdir()) == []
