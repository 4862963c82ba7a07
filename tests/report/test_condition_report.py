"""Reports of studies of other conditions: whole for every study, honest in their three sentences."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from saisei.report.condition_document import build_condition, is_cord_injury
from saisei.report.outcome_figures import condition_figures
from saisei.report.page import render, render_text
from saisei.study import catalog, load

WHEN = "2026-01-01 00:00 UTC"
OTHERS = [one for one in catalog() if not is_cord_injury(load(one))]


def _built(study: str) -> dict[str, Any]:
    return build_condition(load(study), WHEN)


@pytest.mark.parametrize("study", OTHERS)
def test_every_study_of_another_condition_has_a_whole_page(study: str) -> None:
    document = _built(study)
    text = render(document, [], "condition.html.jinja")
    bare = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert len(document["answer"]["sentences"]) == 3
    assert "None" not in bare.replace("None of", "")
    assert "AIS" not in bare
    assert "Research use only" in bare
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["lines"][0] in render_text(document)


def test_figures_hold_the_numbers_that_they_show() -> None:
    names = {one.name: one for one in condition_figures(_built("treasure-2024"))}
    assert {"distribution-1", "distribution-2", "shares", "funnel"} <= set(names)
    assert "MultiStem,0,5,104" in names["distribution-1"].csv
    kyoto = {one.name: one for one in condition_figures(_built("kyoto-pd-2025"))}
    assert "-9.5" in kyoto["expected-change"].csv


def test_muse_names_the_comparator_as_what_decides() -> None:
    sentence = _built("muse-stroke-2023")["answer"]["sentences"][0]
    assert "10 of 25 treated and 1 of 10" in sentence
    assert "the choice of the comparator decides" in sentence


def test_a_missed_trial_without_counts_claims_nothing() -> None:
    document = _built("nurown-2022")
    assert "cannot say" in document["answer"]["sentences"][0]
    assert document["settle"] is None
    assert document["settle_change"] is None
