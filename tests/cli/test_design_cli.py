"""`saisei design`: readable by people, exact for pipes, one clear error for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scipy import stats
from typer.testing import CliRunner

from saisei.cli.design import app
from saisei.design.document import catalog, example_text, load_design

DUAL = "dual-criterion"


def run(*words: str, code: int = 0) -> str:
    """The standard output of the command; its exit code must be `code`."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.stdout


def test_list_names_every_example() -> None:
    """The table and the JSON name the same designs, with digests in the JSON."""
    rows = json.loads(run("list", "--json"))
    assert [row["id"] for row in rows] == catalog()
    assert all(row["digest"] == load_design(row["id"]).digest for row in rows)
    assert "Simon" in run("list")


def test_new_writes_a_sound_document_once(tmp_path: Path) -> None:
    """What `new` writes validates, and an existing file is not overwritten."""
    path = tmp_path / "mine.toml"
    assert "validate" in run("new", "--like", DUAL, "--out", str(path))
    assert load_design(str(path)) == load_design(DUAL)
    assert json.loads(run("validate", str(path), "--json"))[0]["fine"] is True
    result = CliRunner().invoke(app, ["new", "--out", str(path)])
    assert "exists already" in str(result.exception)
    assert run("new", "--like", DUAL) == example_text(DUAL)


def test_faults_leave_as_one_sentence_with_code_2(tmp_path: Path) -> None:
    """The program itself: a broken design gives every fault with its path on stderr, no traceback, code 2."""
    path = tmp_path / "broken.toml"
    text = example_text(DUAL).replace("n = 24\n", "n = 0\n")
    path.write_text(text.replace("confidence = 0.95", "confidence = 1.2"))
    for verb in ("validate", "show", "evaluate"):
        done = subprocess.run(
            [sys.executable, "-m", "saisei", "design", verb, str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stdout == ""
        assert "arms[0].n (line 44): 0: is not a number of people" in done.stderr
        assert "safety[0].confidence" in done.stderr
        assert "Traceback" not in done.stderr


def test_validate_tells_faults_as_json(tmp_path: Path) -> None:
    """Faults in JSON carry where, value, rule and mend; a missing file is one of them."""
    path = tmp_path / "broken.toml"
    path.write_text(example_text(DUAL).replace("n = 24\n", "n = 0\n"))
    rows = json.loads(run("validate", DUAL, str(path), "nowhere.toml", "--json", code=2))
    assert [row["fine"] for row in rows] == [True, False, False]
    assert rows[1]["faults"][0]["where"].startswith("arms[0].n")
    assert "neither a file" in rows[2]["faults"][0]["rule"]


def amended(path: Path, text: str, digest: str) -> str:
    """A file with an amendment of the design of that digest."""
    head = f'[amends]\ndigest = "{digest}"\nreason = "more people"\n\n[estimand]'
    path.write_text(text.replace("[estimand]", head, 1))
    return str(path)


def test_diff_lists_changes_and_refuses_a_foreign_amendment(tmp_path: Path) -> None:
    """An amendment is compared with the design it names; on another it is refused."""
    grown = example_text(DUAL).replace("n = 24\n", "n = 30\n")
    mine = amended(tmp_path / "a.toml", grown, load_design(DUAL).digest)
    shown = json.loads(run("diff", DUAL, mine, "--json"))
    assert shown["amendment"] is True
    assert shown["changes"] == [{"where": "arms.cells.n", "before": 24, "after": 30}]
    assert "more people" in run("diff", DUAL, mine)
    assert "say the same" in run("diff", DUAL, DUAL)
    run("validate", mine, "--amends", DUAL)
    run("validate", mine, "--amends", "single-stage", code=2)
    result = CliRunner().invoke(app, ["diff", "single-stage", mine])
    assert "not single-stage" in str(result.exception)


def test_show_leaves_out_no_parameter() -> None:
    """The protocol text names sizes, prior, rules, bounds, visits, missing data and error."""
    shown = run("show", DUAL)
    for words in (
        load_design(DUAL).digest, "24 people, 2,000,000 cells", "Beta(0.5, 0.5)", "AIS A", "C4 to T10",
        "P(p > 0.25) > 0.95 and P(p > 0.4) > 0.5", "P(p > 0.4) < 0.1", "91 days after the first person",
        "2 of 3, 3 of 6", "day 365 counted from the treatment", "no change; 5%", "if the treatment does",
    ):  # fmt: skip
        assert words.lower() in shown.lower()


def test_evaluate_writes_json_that_makes_the_same_design(tmp_path: Path) -> None:
    """evaluation.json is read as the design again: same digest, same numbers; figures lie beside it."""
    shown = run("evaluate", DUAL, "--out", str(tmp_path / "out"))
    assert "10 to 24" in shown
    assert "Research use only" in shown
    # 10 of 24 or more when 45% convert and a twentieth is missing: scipy's binomial tail.
    assert f"at most {100 * stats.binom.sf(9, 24, 0.45 * 0.95):.1f}%" in shown
    path = tmp_path / "out" / "evaluation.json"
    first = json.loads(path.read_text())
    assert load_design(str(path)).digest == first["digest"] == load_design(DUAL).digest
    assert json.loads(run("evaluate", str(path), "--json")) == first
    made = {one.name for one in (tmp_path / "out" / "figures").iterdir()}
    assert made == {f"{n}.{end}" for n in ("success", "gates") for end in ("svg", "png", "csv")}
    assert "Success:" in (tmp_path / "out" / "protocol.txt").read_text()


def test_evaluate_refuses_a_file_as_folder(tmp_path: Path) -> None:
    """--out must not be a file."""
    path = tmp_path / "x"
    path.write_text("")
    result = CliRunner().invoke(app, ["evaluate", DUAL, "--out", str(path)])
    assert "not a folder" in str(result.exception)


@pytest.mark.parametrize("name", catalog())
def test_every_example_evaluates_to_finite_json(name: str) -> None:
    """Every bundled design is evaluated to JSON with finite numbers only."""
    found = json.loads(run("evaluate", name, "--json"))
    assert len(found["operating"]["rows"]) == 25
    assert found["type_one"]["highest"] >= max(found["type_one"]["errors"]) - 1e-12
    assert found["decision_table"]["rows"]


def test_evaluate_tells_what_follows_an_approval() -> None:
    """A design with a registry stage shows, by bias of its controls, what an approval means."""
    shown = run("evaluate", "keio-successor-conditional")
    assert "After conditional approval, as the planners believe" in shown
    assert (
        "The registry answers 59 months after approval" in shown
    )  # 35 at 0.75 a month, and a year
