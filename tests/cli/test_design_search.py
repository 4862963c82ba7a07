"""`saisei design compare` and `explore` as a person uses them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from saisei.cli.design import app
from saisei.design.document import load_design
from saisei.design.measures import measure


def run(*words: str, code: int = 0) -> str:
    """The standard output of the command; its exit code must be `code`."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_compare_sets_designs_side_by_side(tmp_path: Path) -> None:
    """Table, JSON and figures hold the measures of each design."""
    names = ("dual-criterion", "single-stage")
    shown = run("compare", *names, "--out", str(tmp_path))
    assert "people in all arms" in shown
    assert "Research use only" in shown
    found = json.loads((tmp_path / "comparison.json").read_text())
    assert found == json.loads(run("compare", *names, "--json"))
    for name, one in zip(names, found["designs"], strict=True):
        assert one["measures"] == measure(load_design(name)).as_dict()
    made = {one.name for one in (tmp_path / "figures").iterdir()}
    assert made == {f"{n}.{end}" for n in ("errors", "power") for end in ("svg", "png", "csv")}


def explored(tmp_path: Path, *more: str, code: int = 0) -> str:
    """A small exploration of the dual criterion."""
    words = ("explore", "dual-criterion", "--grid", "n=1:41:10", "--out", str(tmp_path / "out"))
    return run(*words, *more, code=code)


def test_explore_finds_the_cheapest_and_stores_everything(tmp_path: Path) -> None:
    """Goals that can be met: exit 0, the design with fewest eligible people among those that meet them."""
    shown = explored(tmp_path, "--goal", "power>=0.5", "--goal", "type1<=70%")
    rows = pl.read_parquet(tmp_path / "out" / "results.parquet").to_dicts()
    assert [row["n"] for row in rows] == [1.0, 11.0, 21.0, 31.0, 41.0]
    assert "cannot be met by any result" in rows[0]["fault"]
    good = [row for row in rows[1:] if row["power"] >= 0.5 and row["type1"] <= 0.7]
    best = min(good, key=lambda row: row["eligible"])
    assert f"{len(good)} designs meet power >= 0.5 and type1 <= 0.7" in shown
    assert f"n {best['n']:g} ({best['people']} in all arms" in shown
    found = json.loads((tmp_path / "out" / "explore.json").read_text())
    assert found["choice"]["row"] == best
    assert found["rows"] == rows
    text = (tmp_path / "out" / "figures" / "front.csv").read_text()
    drawn = list(csv.DictReader(text.splitlines()))
    assert [int(row["cell"]) for row in drawn if row["front"] == "True"] == found["front"]


def test_explore_says_which_goal_fails_and_by_how_much(tmp_path: Path) -> None:
    """Goals that cannot be met: exit 1 with the distance; going on needs no new computation."""
    explored(tmp_path)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out" / "shards").iterdir()}
    shown = explored(tmp_path, "--goal", "power>=99%", "--goal", "type1<=5%", code=1)
    assert "No design of the grid meets power >= 0.99 and type1 <= 0.05" in shown
    assert "is met by none: the best is" in shown
    assert "short by" in shown
    assert before == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out" / "shards").iterdir()}


def refused(*words: str) -> Any:
    """What the program itself says on stderr with exit code 2 and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "saisei", "design", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_wrong_use_is_one_sentence_with_code_2(tmp_path: Path) -> None:
    """A huge grid with its number and the way to allow it; another grid in the folder."""
    out = str(tmp_path / "out")
    huge = refused(
        "explore", "dual-criterion", "--grid", "n=1:200", "--grid", "analysis.looks=[6]", "--out", out,
        "--grid", "population.eligible_per_month=0.1:30:0.1",
    )  # fmt: skip
    assert "60,000 designs" in huge
    assert "--most 60000" in huge
    assert not (tmp_path / "out").exists()
    explored(tmp_path)
    other = ["explore", "dual-criterion", "--grid", "n=2,3", "--out", out]
    assert "holds another sweep" in str(CliRunner().invoke(app, other).exception)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--grid", "n=3", "--goal", "powr>=1"), "did you mean power?"),
        (("--grid", "n=3"), "--out is missing"),
        ((), "the grid is empty"),
        (("--grid", "n=3", "--workers", "0"), "--workers 0"),
    ],
)
def test_more_wrong_use(words: tuple[str, ...], says: str) -> None:
    """Said before anything is computed or written."""
    result = CliRunner().invoke(app, ["explore", "dual-criterion", *words])
    assert says in str(result.exception)
