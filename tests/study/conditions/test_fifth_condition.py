"""docs/howto/add-a-condition.md, followed on an invented condition: no Python is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
from typer.testing import CliRunner

from saisei.cli.patient import app as patient
from saisei.cli.report import command
from saisei.cli.study import app as study_app

HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "add-a-condition.md"
REST = """
[[history]]
key = "usual"
quantity = "change per year"
scale = "INV"
value = -1.0
sd = 2.0
n = 50
population = "usual care"
source = ["S1"]
confidence = "low"

[[courses]]
key = "inv"
scale = "INV"
kind = "drift"
[courses.values]
start_mean = { value = 20, unit = "point", meaning = "start", basis = "measured", source = ["S1"] }
start_sd = { value = 4, unit = "point", meaning = "its spread", basis = "measured", source = ["S1"] }
slope_mean = { value = -1, unit = "point/year", meaning = "slope", basis = "measured", source = ["S1"] }
slope_sd = { value = 0.5, unit = "point/year", meaning = "its spread", basis = "measured", source = ["S1"] }
response_mean = { value = 0, unit = "point", meaning = "response", basis = "measured", source = ["S1"] }
response_sd = { value = 0, unit = "point", meaning = "its spread", basis = "measured", source = ["S1"] }
response_days = { value = 9, unit = "day", meaning = "time", basis = "assumed", source = ["S1"], why = "x" }
noise_sd = { value = 1, unit = "point", meaning = "noise", basis = "measured", source = ["S1"] }

[sources.S1]
cite = "invented"
kind = "data file"
read = "yes"
"""
STUDY = """
schema = "saisei-study/0.2"
id = "invented-trial"
title = "An invented trial"
condition = "invented disease"
summary = "Invented."
status = { value = "invented", source = ["S"], confidence = "low" }
[design]
summary = { value = "single arm", source = ["S"], confidence = "low" }
controlled = { value = false, source = ["S"], confidence = "low" }
randomised = { value = false, source = ["S"], confidence = "low" }
[product]
name = { value = "cells", source = ["S"], confidence = "low" }
[[arms]]
key = "t"
name = "treated"
role = "treated"
n = { value = 9, source = ["S"], confidence = "low" }
[[visits]]
key = "y"
name = "a year"
day = { value = 365, source = ["S"], confidence = "low" }
counted_from = "treatment"
[[continuous]]
arm = "t"
visit = "y"
measure = "INV"
kind = "change"
mean = 3.0
spread = 2.0
spread_type = "SD"
source = ["S"]
confidence = "low"
[sources.S]
cite = "invented"
kind = "data file"
read = "yes"
"""


def test_the_page_is_enough_for_a_fifth_condition(tmp_path: Path) -> None:
    written = re.search(r"```toml\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.S)
    assert written is not None
    text = "\n".join(line.removeprefix("   ") for line in written.group(1).splitlines())
    condition, study = tmp_path / "invented.toml", tmp_path / "my-study.toml"
    condition.write_text(text + REST)
    study.write_text(STUDY)
    run = CliRunner()
    shown = run.invoke(study_app, ["conditions", str(condition)])
    assert shown.exit_code == 0, shown.output
    scores = tmp_path / "scores.parquet"
    words = ["scale", str(condition), "--course", "inv", "--weeks", "0,52", "--n", "200"]
    made = run.invoke(patient, [*words, "--out", str(scores)])
    assert made.exit_code == 0, made.output
    assert pl.read_parquet(scores).height == 400
    command(str(study), tmp_path / "out", None, str(condition))
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    change = document["outcomes"]["changes"][0]
    assert change["chance"] < 0.001
    assert "moved by +3.0" in document["answer"]["sentences"][0]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Research use only" in page
    assert "AIS" not in page  # nothing of the cord leaks into it
