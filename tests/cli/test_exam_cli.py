"""`saisei exam` as a person uses it: messages, exit codes, files that appear whole or not at all."""

import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from saisei.cli import main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "exams"
PAGE = ROOT / "docs" / "howto" / "grade-exams.md"


Answer = tuple[int, str, str]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Run `saisei exam` in this process: exit code, standard output, standard error."""

    def call(*words: str, given: bytes = b"", cwd: Path | None = None) -> Answer:
        monkeypatch.setattr(sys, "argv", ["saisei", "exam", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        if cwd is not None:
            monkeypatch.chdir(cwd)
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), out, err

    return call


Run = Callable[..., Answer]


def test_grade_prints_the_reason_the_counts_and_the_mismatch(run: Run) -> None:
    """A REDCap file is recognised, counted and compared with its own grades."""
    code, out, err = run("grade", str(EXAMPLES / "redcap_raw.csv"))
    assert code == 0
    assert re.search(r"exams\s+│ 6", out)
    assert re.search(r"AIS ND: A, C, D\s+│ 1", out)
    assert "read as redcap: 136 of 136 items" in err
    assert "ais: the file says A, the exam leaves open A, C, D" in err


def test_grade_as_json_holds_every_row(run: Run) -> None:
    """`--json` gives counts and one object an exam."""
    code, out, _ = run("grade", str(EXAMPLES / "tidy.csv"), "--json")
    found = json.loads(out)
    assert code == 0
    assert [one["results"]["ais"] for one in found["exams"]][:2] == ["A", "B"]
    assert found["files"][0]["nd"] == 1
    assert found["exams"][3]["mismatches"] == ["ais: the file says A, the exam leaves open A, C, D"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".jsonl"])
def test_grade_writes_one_row_for_each_row_also_for_faulty_ones(
    run: Run, tmp_path: Path, suffix: str
) -> None:
    """An exam with a fault is in the results with its fault and without grades; the command leaves with 2."""
    source = tmp_path / "in.csv"
    source.write_bytes((EXAMPLES / "tidy.csv").read_bytes().replace(b",no,", b",perhaps,", 1))
    out = tmp_path / f"out{suffix}"
    code, _, err = run("grade", str(source), "--out", str(out))
    assert code == 2
    assert "NOT GRADED" in err
    text = out.read_bytes()
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        rows = pq.read_table(out).to_pylist()
        assert [row["ais"] for row in rows] == ["", "B", "A", "ND: A, C, D", "C", "D"]
        assert "perhaps" in rows[0]["faults"]
    else:
        assert text.count(b"not graded") == 1
        assert b"perhaps" in text
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_praxis_lines_go_through_standard_input_and_output(run: Run) -> None:
    """JSON lines in, JSON lines out, the summary beside it; a bad line is answered and counted."""
    data = (EXAMPLES / "praxis_lines.jsonl").read_bytes()
    code, out, err = run("grade", "-", "--format", "praxis-json", given=data + b"{}\n")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert ["result" in one for one in answers] == [True] * 6 + [False]
    assert answers[0]["result"]["classification"]["ASIAImpairmentScale"] == "A"
    assert "6 exams graded, policy praxis" in err
    assert "1 lines NOT GRADED" in err


def test_praxis_lines_are_told_by_themselves_and_lists_are_read_too(
    run: Run, tmp_path: Path
) -> None:
    """Without `--format` the file of JSON lines is answered in kind; so is a JSON list of the same."""
    lines = EXAMPLES / "praxis_lines.jsonl"
    code, out, _ = run("grade", str(lines))
    assert (code, out.count('"result"')) == (0, 6)
    as_list = tmp_path / "list.json"
    as_list.write_text("[" + ",".join(lines.read_text().splitlines()) + "]")
    code, again, _ = run("grade", str(as_list), "--format", "praxis-json")
    assert (code, again) == (0, out)
    pretty = tmp_path / "one.json"
    pretty.write_text(json.dumps(json.loads(lines.read_text().splitlines()[0]), indent=2))
    code, first, _ = run("grade", str(pretty), "--format", "praxis-json")
    assert (code, first) == (0, out.splitlines(keepends=True)[0])
    table = tmp_path / "table.csv"
    assert run("grade", str(lines), "--out", str(table))[0] == 0
    assert table.read_text().count("graded,default") == 6


def test_explain_prints_the_worksheet_and_the_reasons(run: Run) -> None:
    """The fourth exam: its scores as on the worksheet, why ND, and what the file says."""
    code, out, _ = run("explain", str(EXAMPLES / "tidy.csv"), "--row", "4")
    assert code == 0
    for part in (
        "RIGHT",
        "S4-5",
        "ais: ND: A, C, D",
        "The file says otherwise",
        "Research use only",
    ):
        assert part in out
    code, out, _ = run("explain", str(EXAMPLES / "tidy.csv"), "--row", "4", "--json")
    assert json.loads(out)["results"]["ais"] == "ND: A, C, D"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("redcap_repeating.csv", 1), ("emsci_summary.csv", 0), ("broken", 2)],
)
def test_check_leaves_with_0_1_or_2(run: Run, tmp_path: Path, name: str, expected: int) -> None:
    """0: nothing to report, 1: questions or mismatches only, 2: an exam has a fault."""
    path = EXAMPLES / name
    if name == "broken":
        path = tmp_path / "broken.csv"
        path.write_bytes((EXAMPLES / "tidy.csv").read_bytes().replace(b",no,", b",,", 1))
    code, out, _ = run("check", str(path))
    assert code == expected
    code, out, _ = run("check", str(path), "--json")
    kinds = {one["what"] for one in json.loads(out)["findings"]}
    assert kinds == {0: set(), 1: {"mismatch", "question"}, 2: {"fault"} | kinds}[expected]


def test_convert_replaces_a_file_whole_and_tells_what_it_did(run: Run, tmp_path: Path) -> None:
    """REDCap to Parquet to REDCap gives the exams back; an existing file is replaced."""
    first, second = tmp_path / "a.parquet", tmp_path / "b.csv"
    second.write_text("old")
    source = EXAMPLES / "redcap_raw.csv"
    assert run("convert", str(source), str(first), "--to", "parquet")[0] == 0
    code, _, err = run("convert", str(first), str(second), "--to", "redcap")
    assert (code, "6 exams written as redcap" in err) == (0, True)
    assert second.read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("grade", "nowhere.csv"), "there is no such file"),
        (("grade", "."), "is a folder"),
        (("grade", "nowhere.jsonl", "--format", "praxis-json"), "there is no such file"),
        (("grade", ".", "--format", "praxis-json"), "is a folder"),
        (("check", "nowhere.csv"), "there is no such file"),
        (("explain", "nowhere.csv"), "there is no such file"),
        (("convert", "nowhere.csv", "x.csv", "--to", "tidy"), "there is no such file"),
        (("grade", "tidy.csv", "--policy", "mine"), "no policy 'mine'"),
        (("grade", "tidy.csv", "--format", "spss"), "no format 'spss'"),
        (("grade", "tidy.csv", "--out", "x.xlsx"), "written as .csv"),
        (("grade", "tidy.csv", "--out", "tidy.csv"), "is the file that is read"),
        (("grade", "emsci_summary.csv"), "never graded"),
        (("grade", "sygen_long.csv"), "--unrecorded-as-nt"),
        (("explain", "tidy.csv", "--row", "7"), "row numbers 1 to 6"),
        (("explain", "redcap_repeating.csv", "--row", "1"), "all items are blank"),
        (("explain", "nscisc_public.csv"), "no exam to explain"),
        (("convert", "tidy.csv", "x.csv", "--to", "excel"), "no writer 'excel'"),
        (("convert", "tidy.csv", "x.csv", "--to", "sygen"), "flags"),
        (("convert", "tidy.csv", "tidy.csv/x.csv", "--to", "redcap"), "tidy.csv"),
        (("convert", "tidy.csv", ".", "--to", "redcap"), "is a folder"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    """No traceback, nothing written, a sentence that says what is wrong."""
    for name in ("tidy.csv", "sygen_long.csv", "redcap_repeating.csv", "emsci_summary.csv",
                 "nscisc_public.csv"):  # fmt: skip
        shutil.copy(EXAMPLES / name, tmp_path)
    before = sorted(one.name for one in tmp_path.iterdir())
    code, _, err = run(*words, cwd=tmp_path)
    assert code == 2
    assert sentence in err
    assert sorted(one.name for one in tmp_path.iterdir()) == before


def test_a_long_parquet_file_is_graded_piece_by_piece(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a number of rows, Parquet to Parquet goes through the stream; the counts are the same."""
    import pyarrow.parquet as pq

    from saisei.cli import exam_grade

    monkeypatch.setattr(exam_grade, "_LONG", 6)
    out = tmp_path / "out.parquet"
    code, text, err = run("grade", str(EXAMPLES / "tidy.parquet"), "--out", str(out))
    assert (code, "piece by piece" in err) == (0, True)
    assert re.search(r"AIS ND\s+│ 1", text)
    assert pq.read_table(out)["ais_values"].to_pylist() == ["A", "B", "A", "A,C,D", "C", "D"]


def test_empty_standard_input_is_an_error(run: Run) -> None:
    """Nothing on standard input is not an empty result."""
    code, _, err = run("grade", "-")
    assert (code, "standard input is empty" in err) == (2, True)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """When the results do not fit, the old file stays and no half file is left."""
    out = tmp_path / "out.csv"
    out.write_text("old")
    limited = f"ulimit -f 1; exec {shlex.quote(sys.executable)} -m saisei exam convert " + " ".join(
        shlex.quote(str(one)) for one in (EXAMPLES / "redcap_raw.csv", out, "--to", "praxis-ui")
    )
    done = subprocess.run(["bash", "-c", limited], capture_output=True, timeout=60, check=False)
    assert done.returncode != 0
    assert out.read_text() == "old"


def commands() -> list[str]:
    """Every command of the page on grading."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("saisei ")]


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_page_runs(run: Run, tmp_path: Path, command: str) -> None:
    """What the page on grading tells to type works on the example files."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    words = command.removeprefix("saisei exam ").partition(" > ")[0]
    code, out, _ = run(*shlex.split(words), cwd=tmp_path)
    assert code == (1 if "check" in words else 0)
    assert out or "convert" in words
