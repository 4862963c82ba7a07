"""The report of the main job: numbers, files, words, and what it does when something is missing."""

import csv
import io
import json
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from saisei.report.condition_document import is_cord_injury
from saisei.report.document import build
from saisei.report.figures import Figure
from saisei.report.page import render, render_text
from saisei.report.page_figures import all_figures, power
from saisei.report.sentences import percent
from saisei.study import catalog, load

WHEN = "2026-01-01 00:00 UTC"


@cache
def built(study: str) -> dict[str, Any]:
    """The report document of a bundled study, made once for all tests."""
    return build(load(study), WHEN)


@cache
def pictures(study: str) -> list[Figure]:
    """The figures of a bundled study, drawn once for all tests."""
    return all_figures(built(study))


@pytest.fixture(scope="module")
def keio() -> dict[str, Any]:
    """The report document of the Keio record."""
    return built("keio-2025")


@pytest.fixture(scope="module")
def page(keio: dict[str, Any]) -> str:
    """The page of the Keio record."""
    return render(keio, pictures("keio-2025"))


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "saisei", "report", *words]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )


def test_three_endpoints_stand_beside_each_other(keio: dict[str, Any]) -> None:
    """One grade 2 of 4 (up to 4 by the record), two grades 2 of 4, to D 1 of 4; chosen after the result."""
    rows = {row["key"]: row for row in keio["endpoints"]["rows"]}
    assert [(row["count"], row["n"], row["low"], row["high"]) for row in rows.values()] == [
        (2, 4, 2, 4), (2, 4, 2, 2), (1, 4, 1, 1),
    ]  # fmt: skip
    assert rows["two_grades"]["chosen"] == "after the result"
    # 6.8% to 93.2%: the issue of the main job and natural-history.md, Clopper-Pearson.
    assert [round(100 * end, 1) for end in rows["two_grades"]["clopper_pearson"]] == [6.8, 93.2]


def test_at_least_eight_comparators_ranked_by_match(keio: dict[str, Any]) -> None:
    """Eight or more comparable tables, best match first, unsuitable ones kept and named as such."""
    rows = keio["comparators"]["rows"]
    usable = [row for row in rows if row["enters_range"] and row["chance"] is not None]
    assert len(usable) >= 8
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    unsuitable = [row for row in rows if not row["suitable"]]
    assert unsuitable
    assert all(row["reasons"] and row["chance"] is None for row in unsuitable)


# Own arithmetic kept in keio_2025.json of the shelf, from the published rates: 8.1, 11.8, 17.1, 28.1%.
@pytest.mark.parametrize(
    ("row_id", "chance"),
    [
        ("marino-1999-a-all", 0.0352),
        ("van-middendorp-2009-a-above-t11", 0.071),
        ("kirshblum-2016-a-all", 0.138),
        ("marino-2020-a-tetraplegia-2013", 0.315),
    ],
)
def test_chances_by_comparator(keio: dict[str, Any], row_id: str, chance: float) -> None:
    """The chance of two or more of four at a published rate, to the digits of the shelf."""
    row = next(one for one in keio["comparators"]["rows"] if one["id"] == row_id)
    assert row["chance"] == pytest.approx(chance, rel=5e-3)


def test_safety_limits(keio: dict[str, Any]) -> None:
    """0 of 4 leaves 52.7% one-sided and 60.2% two-sided; by person-time 0.75 per year."""
    row = keio["safety"]["rows"][0]
    assert round(100 * row["risk_upper"], 1) == 52.7
    assert round(100 * row["risk_interval"][1], 1) == 60.2
    assert round(row["rate_upper"], 2) == 0.75  # -ln(0.05) / 4
    shown = {one["n"]: round(100 * one["upper"], 1) for one in keio["safety"]["zero_event_limits"]}
    assert shown == {4: 52.7, 6: 39.3, 10: 25.9, 20: 13.9, 60: 4.9}


def test_controls_come_first_where_there_are_any() -> None:
    """Fisher two-sided 0.196 for Shin and 0.0565 for ProCord; the printed 0.053 stands beside it."""
    shin, procord = built("shin-2015"), built("procord-rct-2012")
    assert round(shin["control"]["rows"][0]["p_two_sided"], 3) == 0.196
    assert round(procord["control"]["rows"][0]["p_two_sided"], 4) == 0.0565
    assert "Fisher" in shin["answer"]["sentences"][0]
    printed = json.dumps(procord["arithmetic"])
    assert "0.053" in printed
    assert "0.0565" in printed


@pytest.mark.parametrize("study", [one for one in catalog() if is_cord_injury(load(one))])
def test_every_bundled_study_has_a_report(study: str) -> None:
    """Each bundled study is reported without an exception, whatever it lacks."""
    document = built(study)
    text = render(document, pictures(study))
    assert len(document["answer"]["sentences"]) == 3
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert "None" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).replace(
        "None of", ""
    )


def test_a_study_without_grades_says_what_it_can_and_cannot_say() -> None:
    """SCiStar has motor levels only: the report says so and shows them."""
    document = built("scistar-2022")
    assert document["comparators"]["observed"] is None
    assert "cannot say" in document["answer"]["sentences"][0]
    assert "motor levels" in render(document, pictures("scistar-2022"))


def test_the_claim_rests_on_the_averaged_chance() -> None:
    """For Keio (i) fixed, (ii) averaged and (iii) least favourable stand in this order of caution."""
    claim = built("keio-2025")["assessment"]["treated"]["claim"]
    assert claim["p_best"] < claim["p_averaged"]["p"] < claim["p_least_favourable"]
    sentence = built("keio-2025")["answer"]["sentences"][0]
    assert percent(claim["p_averaged"]["p"]) in sentence
    assert claim["verdict"] in sentence


def test_harm_of_an_earlier_series_is_not_the_trials() -> None:
    """The answer on safety speaks of treated people only, never of a context arm."""
    procord = built("procord-rct-2012")
    assert "context" in {row["role"] for row in procord["safety"]["rows"]}
    assert "gives no count of people harmed" in procord["answer"]["sentences"][1]


class _Resources(HTMLParser):
    """Collects everything a page would fetch and every id."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in {"script", "link", "iframe", "img", "object", "embed"}:
            self.fetched.append(tag)
        self.fetched += [found[name] or "" for name in ("src", "data") if name in found]
        if found.get("id"):
            self.ids.append(found["id"] or "")
        if tag == "a" and (found.get("href") or "").startswith("#"):
            self.links.append((found["href"] or "")[1:])


def test_the_page_is_self_contained(page: str) -> None:
    """No script, no resource from outside, unique ids, no dead link inside the page."""
    seen = _Resources()
    seen.feed(page)
    assert seen.fetched == []
    assert "@import" not in page
    assert len(seen.ids) == len(set(seen.ids))
    assert set(seen.links) <= set(seen.ids)


def test_the_page_says_what_it_is_for(page: str) -> None:
    """The research-use mark, the choice of endpoint after the result, and assumed values are marked."""
    assert "Research use only" in page
    assert "chosen by the announcement, after the result was known" in page
    assert '<span class="mark">assumed</span>' in page


def test_every_claim_of_the_issue_is_answered(keio: dict[str, Any]) -> None:
    """Each claim of the press has a verdict of the closed list, a finding, a source and a confidence."""
    text = json.dumps(keio["claims"]).lower()
    for word in ("walks", "waist", "tissue", "smaller gains", "parkinson", "serious"):
        assert word in text
    for claim in keio["claims"]:
        assert claim["finding"]
        assert claim["source"]
        assert claim["confidence"]


def test_figures_carry_their_data(keio: dict[str, Any]) -> None:
    """Each figure has SVG, PNG, an alternative text and a CSV that holds the numbers drawn."""
    figures = pictures("keio-2025")
    assert {one.name for one in figures} >= {"comparators", "curve", "safety", "power"}
    for one in figures:
        assert one.svg.lstrip().startswith(b"<?xml")
        assert one.png.startswith(b"\x89PNG")
        assert one.alt
        rows = list(csv.DictReader(io.StringIO(one.csv)))
        assert rows
    curve = next(one for one in figures if one.name == "curve")
    rows = list(csv.DictReader(io.StringIO(curve.csv)))
    drawn = {
        float(row["natural_rate"]): float(row["chance"])
        for row in rows
        if "one_grade" in row["endpoint"]
    }
    assert drawn[0.1] == pytest.approx(0.0523, abs=5e-5)


def test_figures_are_the_same_bytes_each_time(keio: dict[str, Any]) -> None:
    """The same document gives the same drawing."""
    again = power(keio)
    assert again is not None
    assert again.svg == next(one for one in pictures("keio-2025") if one.name == "power").svg


def test_text_form_holds_the_answer(keio: dict[str, Any]) -> None:
    """The text form repeats the three sentences and the comparators."""
    text = render_text(keio)
    for sentence in keio["answer"]["sentences"]:
        assert sentence in text
    assert "Kirshblum 2016" in text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.99996, "more than 99.9%"), (3e-6, "less than 0.001%"), (0.0995, "10%"),
     (0.00995, "1.0%"), (0.527, "53%"), (None, "not known")],
)  # fmt: skip
def test_percent_never_rounds_to_certainty(share: float | None, text: str) -> None:
    """A chance is never printed as 0% or 100% unless it is."""
    assert percent(share) == text


def test_command_writes_the_files(tmp_path: Path) -> None:
    """`saisei report keio-2025 --out DIR` writes page, data and figures and prints the three sentences."""
    done = run("keio-2025", "--out", "made/here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = tmp_path / "made" / "here"
    document = json.loads((made / "report.json").read_text(encoding="utf-8"))
    assert document["schema"].startswith("saisei-report/")
    assert len(document["digests"]["study"]) == 64
    assert (made / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert {path.suffix for path in (made / "figures").iterdir()} == {".svg", ".png", ".csv"}
    for number, sentence in enumerate(document["answer"]["sentences"], 1):
        assert f"{number}. {sentence}" in done.stdout
    assert not list(made.rglob("*.partial"))


def test_command_prints_json_for_pipes(tmp_path: Path) -> None:
    """`--format json` prints the document and nothing else, and writes nothing."""
    done = run("keio-2025", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["study"]["id"] == "keio-2025"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["no-such-study", "missing.toml"])
def test_an_unknown_study_is_one_clear_error(name: str, tmp_path: Path) -> None:
    """An unknown study: exit 2, one sentence, no traceback."""
    done = run(name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert name in done.stderr


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is an error before any work, and the file stays as it was."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    done = run("keio-2025", "--out", "taken", cwd=tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_the_expectation_says_how_little_it_says(keio: dict[str, Any], page: str) -> None:
    """The Keio report holds the stored expectation with its digest, marked; other studies hold none."""
    part = keio["expectation"]
    section = page[page.index('id="expected"') : page.index('id="settle"')]
    assert "hypothesis" in section
    assert "How little this says" in section
    assert part["digest"] in section
    assert f"{part['gain_uems']['mean']:.2f} points" in section
    assert built("shin-2015")["expectation"] is None
    assert 'id="expected"' not in render(built("shin-2015"), pictures("shin-2015"))


def test_a_figure_of_many_people_says_how_many_it_leaves_out() -> None:
    """The bars stop at MOST_PEOPLE; the figure's data do not."""
    from saisei.report.nature_figures import MOST_PEOPLE, bands

    count = MOST_PEOPLE + 6
    people = [
        {"label": f"AIS A at entry {k}", "baseline": f"A {k}", "outcome": "A",
         "probabilities": [0.8, 0.1, 0.05, 0.04, 0.01], "p_as_good": [1.0, 1.0, 1.0]}
        for k in range(count)
    ]  # fmt: skip
    figure = bands({"assessment": {"treated": {"people": people}}})
    assert figure is not None
    assert f"The first {MOST_PEOPLE} of {count} rows" in figure.caption
    assert len(list(csv.DictReader(io.StringIO(figure.csv)))) == count
