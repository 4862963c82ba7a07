"""The report of the therapy in silico and what the main report takes from it."""

import io
import json
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from saisei.cli.therapy_options import described
from saisei.errors import InputError
from saisei.patient import expectation
from saisei.patient.cohort import Model
from saisei.patient.plan import Eligibility, Plan, levels
from saisei.patient.therapy import Method, Operation, Therapy
from saisei.patient.treated import check_therapy, treat_chunk
from saisei.patient.treated_course import PersonYear, person_year, typical_person
from saisei.repair.plasticity import Stimulation
from saisei.report.page import render
from saisei.report.therapy_document import build
from saisei.report.therapy_figures import all_pictures, moving_course

WHO = Eligibility("A", levels("C4-T10"), (14, 28), (18, 75))
THERAPY = Therapy(
    Plan(WHO, (8.0, 26.0, 52.0), 120, 3),
    Operation(1e8, (14, 28), 400.0),
    method=Method.DETERMINISTIC,
    extrapolate=True,
)
MODEL = Model.packaged()


@cache
def parts() -> tuple[dict[str, Any], PersonYear]:
    """A small run, its document and one person of it."""
    block = treat_chunk(THERAPY, MODEL, 0, 120, 0.28)
    who = typical_person(block)
    assert who is not None
    year = person_year(THERAPY, who, MODEL, 0.28)
    made = described(THERAPY, None) | {"step_check": asdict(check_therapy(THERAPY, MODEL, 0.28))}
    return build(THERAPY, [block], year, made, "2026-01-01 00:00 UTC"), year


def test_the_course_of_a_person_passes_through_its_visits() -> None:
    """Day by day and visit by visit are one person: cells and drive factors agree on the days of visits."""
    _, year = parts()
    visits = year.treated.natural.days[0]
    for v, day in enumerate(visits):
        at = np.flatnonzero(year.days == day)
        if at.size:
            ours, visit = year.grafts.cells[0, at[0]], year.treated.course.cells[0, v]
            np.testing.assert_allclose(ours, visit, rtol=1e-6, atol=1e-6)
    before = year.days <= year.treated.course.graft_day[0]
    np.testing.assert_array_equal(year.drives[0][before], year.drives[1][before])
    assert (year.uems[0][before] == year.uems[1][before]).all()


def test_axons_on_the_map_stay_behind_their_front() -> None:
    """No axon is drawn beyond the leading one, none before the operation."""
    _, year = parts()
    away = np.abs(year.place_mm - year.graft_mm)
    for k, front in enumerate(year.front_mm):
        reach = 0.0 if np.isnan(front) else front
        assert (year.density[k][away > reach] == 0).all()
    assert year.density[0].sum() == 0.0
    assert year.density[-1].sum() > 0.0


def test_the_page_is_a_marked_hypothesis_and_holds_its_numbers() -> None:
    """Title, banner, footer and every picture say hypothesis; extrapolation stands on top."""
    document, _ = parts()
    pictures = all_pictures(document)
    assert [one.name for one in pictures] == ["population", "grafts", "person-year", "cord-map"]
    _, address = moving_course(document, frames=3)
    shown = {**document, "person": {**document["person"], "moving": address}}
    page = render(shown, pictures, "therapy.html.jinja")
    assert page.lower().count("hypothesis") >= 6
    for one in pictures:
        assert b"hypothesis" in one.svg
    assert "a dose of 1e+08 cells" in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "nan" not in json.dumps(document).lower().replace("finance", "")
    for sentence in document["sentences"]:
        assert sentence[:40] in page


def test_shares_of_the_population_add_up() -> None:
    """The null spike and the rest are all people, and the spike stands at no gain alone."""
    found = parts()[0]["population"]
    assert sum(found["nil"]) + sum(found["not_nil"]) == pytest.approx(1.0)
    assert sum(found["nil"]) == pytest.approx(found["nil_share"])
    rest = [
        share for label, share in zip(found["labels"], found["nil"], strict=True) if label != "0"
    ]
    assert sum(rest) == 0.0


def test_care_is_not_counted_as_the_graft() -> None:
    """With paired stimulation in two arms, people of a nil world still stand at no gain by the graft."""
    therapy = replace(THERAPY, stimulation=Stimulation(5.0, 60.0, 200.0))
    block = treat_chunk(therapy, MODEL, 0, 120, 0.28)
    made = described(therapy, None) | {"step_check": {}}
    found = build(therapy, [block], None, made, "2026-01-01 00:00 UTC")["population"]
    rest = [
        share for label, share in zip(found["labels"], found["nil"], strict=True) if label != "0"
    ]
    assert sum(rest) == 0.0
    care = block.graded[1].total("uems").astype(int) - block.graded[0].total("uems")
    assert care.mean() > 0.0


def test_the_moving_picture_moves() -> None:
    """An animated GIF of the frames asked for, the first unlike the last."""
    gif, address = moving_course(parts()[0], frames=3)
    picture = Image.open(io.BytesIO(gif))
    assert getattr(picture, "n_frames", 1) == 3
    first = np.asarray(picture.convert("RGB")).copy()
    picture.seek(2)
    assert (first != np.asarray(picture.convert("RGB"))).mean() > 0.01
    assert address.startswith("data:image/gif;base64,")


def test_a_person_outside_the_run_is_refused() -> None:
    """Numbers go from 0 to n - 1."""
    with pytest.raises(InputError, match="no person 120"):
        person_year(THERAPY, 120, MODEL, 0.28)


def test_a_stored_expectation_carries_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled one is whole and adds up; a changed number is found; another study has none."""
    found = expectation.expectation_of("keio-2025")
    assert found is not None
    for counts in found["counts"].values():
        assert sum(counts) == pytest.approx(1.0, abs=1e-4)
    assert found["observed"] == 2
    assert sum(found["gain_uems"]["shares"]) == pytest.approx(1.0, abs=1e-4)
    assert expectation.expectation_of("shin-2015") is None
    monkeypatch.setattr(expectation, "SCHEMA", "another")
    with pytest.raises(InputError, match="changed by hand"):
        expectation.expectation_of("keio-2025")
    assert expectation.content_digest(found | {"trials": 1}) != found["digest"]
