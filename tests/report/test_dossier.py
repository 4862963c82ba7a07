"""The report on planned trials: numbers of the stage, words that fit them, a page that stands alone."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from saisei.cli.design import app
from saisei.design.document import load_design
from saisei.design.dossier import dossier, part_of
from saisei.design.evaluation import evaluate
from saisei.report.dossier_figures import dossier_figures
from saisei.report.dossier_page import build_dossier, render_dossier
from saisei.report.dossier_words import share
from saisei.study import load

NAMES = ("randomised-fisher", "keio-successor-conditional")
SIZES = [12, 14]
WHEN = "2026-01-01 00:00 UTC"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The document for a controlled design and one with a registry."""
    documents = [load_design(name) for name in NAMES]
    parts = [part_of(one, SIZES) for one in documents]
    numbers = dossier(documents, SIZES, parts)
    return {"title": "Two ways"} | build_dossier(numbers, load("keio-2025"), WHEN)


@pytest.fixture(scope="module")
def page(report: dict[str, Any]) -> str:
    """Its page."""
    return render_dossier(report, dossier_figures(report))


def test_numbers_are_those_of_the_stage(report: dict[str, Any]) -> None:
    """The evaluation of each design is in the document as `evaluate` gives it, and makes the design again."""
    for name, one in zip(NAMES, report["designs"], strict=True):
        assert one["evaluation"] == json.loads(json.dumps(evaluate(load_design(name))))
        assert one["digest"] == load_design(name).digest
        assert [row["n"] for row in one["sizes"]] == SIZES
        rates = [row["eligible_per_year"] for row in one["pace"]]
        assert {6.0, 12.0, 24.0} <= set(rates)
        months = [row["months_to_result"] for row in one["pace"]]
        assert months == sorted(months, reverse=True)
        centres = [row["centre"] for row in one["windows"]]
        assert centres == sorted(centres, reverse=True)  # who is graded later recovers less
    fisher, registry = report["designs"]
    assert fisher["needed"]["power"] >= 0.8
    assert registry["needed"] is None
    found = fisher["found"]
    assert 1.0 < found["by_half"]["odds_ratio"] < found["by_goal"]["odds_ratio"]


def test_the_sceptic_believes_less(report: dict[str, Any]) -> None:
    """With the chance of no effect that earlier signals give, success and its meaning shrink."""
    for one in report["designs"]:
        planners, signals = one["beliefs"]
        assert signals["chance_no_effect"] > planners["chance_no_effect"]
        assert signals["success"] < planners["success"]
        assert signals["real"] < planners["real"]


def test_answers_tell_error_before_power_and_the_price(report: dict[str, Any]) -> None:
    """One answer for each design and one on harm; the numbers in them are those of the document."""
    fisher, registry, harm = report["answers"]
    m = report["designs"][0]["measures"]
    assert f"at most {share(m['type1'])}" in fisher["text"]
    assert f"{m['eligible']:.0f} eligible people" in fisher["text"]
    m = report["designs"][1]["measures"]
    assert f"up to {share(m['type1'])}" in registry["text"]
    assert "that cannot be checked" in registry["text"]
    assert registry["text"].index("do nothing") < registry["text"].index("multiply the odds")
    assert share(m["harm_limit"]) in harm["text"]


def test_each_design_says_what_stays_unknown(report: dict[str, Any]) -> None:
    """No control, no blinding, a registry, late harm: said where they hold and only there."""
    fisher, registry = (" ".join(one["unknown"]) for one in report["designs"])
    assert "without cells" in registry
    assert "without cells" not in fisher
    assert "sham" in fisher
    assert "No size of the registry mends a bias" in registry
    assert all("no event among all treated" in words for words in (fisher, registry))
    assert any("Whether another dose" in words for words in report["unknown"])
    assert "Whether another dose" not in fisher
    stops = " ".join(report["designs"][1]["stops"])
    assert "For futility" in stops
    assert "After approval, at 18 treated" in stops


def test_the_record_of_the_announcement_keeps_its_sources(report: dict[str, Any]) -> None:
    """Every fact of the announcement names sources that are listed, and how far to trust it."""
    announced = report["announced"]
    listed = {one["key"] for one in announced["sources"]}
    assert any("several patients" in one["value"] for one in announced["facts"])
    for one in announced["facts"]:
        assert one["source"]
        assert set(one["source"]) <= listed
        assert one["confidence"] in {"high", "medium", "low"}


class Reader(HTMLParser):
    """Tags that reach outside, ids, sheets and decision tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.ids: list[str] = []
        self.sheets = self.tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        given = dict(attrs)
        self.sheets += tag == "section" and given.get("class") == "sheet"
        self.tables += tag == "table" and given.get("class") == "decision"
        if tag in {"script", "link", "iframe", "img"}:
            self.outside.append(tag)
        for name in ("href", "src"):
            link = given.get(name) or ""
            if link and not link.startswith("#"):
                self.outside.append(link)
        self.ids += [given["id"] or ""] if "id" in given else []


def test_the_page_stands_alone_with_a_sheet_for_each_table(page: str) -> None:
    """No script, no outside resource, no id twice; three decision tables on sheets of their own."""
    reader = Reader()
    reader.feed(page)
    assert reader.outside == []
    assert len(reader.ids) == len(set(reader.ids))
    assert (reader.sheets, reader.tables) == (3, 3)
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(reader.ids)
    assert "Research use only" in page
    assert "None" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "break-before: page" in page


def test_shares_are_never_rounded_to_certainty() -> None:
    """0.9976 is not 100%, 0.00002 is not 0%."""
    assert [share(one) for one in (0.9976, 0.00002, 0.0994, 0.0996)] == [
        "99.8%", "<0.1%", "9.9%", "10%",
    ]  # fmt: skip


def test_the_command_writes_the_same_bytes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page, data and figures; dose finding and designs without sizes too; two runs are equal."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    for folder in ("a", "b"):
        words = [
            "report",
            "three-doses",
            "single-stage",
            "--sizes",
            "",
            "--out",
            str(tmp_path / folder),
        ]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.exception
        assert "Research use only" in result.stdout
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert Path("report.html") in names
    assert {p.stem for p in names if p.suffix == ".svg"} == {"errors", "power", "staggering"}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("three-doses", "--sizes", "10"), "has several treated arms: leave --sizes out"),
        (("dual-criterion", "dual-criterion"), "given twice"),
        (("dual-criterion", "--sizes", "1:200"), "more than 40"),
        (("dual-criterion", "--study", "nowhere"), "nowhere"),
    ],
)
def test_wrong_use_is_told_before_anything_is_written(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    """One sentence, no folder."""
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["report", *words, "--out", str(out)])
    assert result.exit_code != 0
    assert says in str(result.exception)
    assert not out.exists()
