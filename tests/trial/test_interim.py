"""A running trial analysed in place: the study document at a cut-off, the forecast, open and closed form."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from saisei.errors import AccessError, InputError
from saisei.evidence.assessment import assess
from saisei.report.trial_part import build_closed, build_open
from saisei.trial import AdverseEvent, Death, Role, Visit
from saisei.trial.interim import interim

DAY = date(2026, 5, 22)
YEAR = DAY + timedelta(days=365)


@pytest.fixture
def year(desk: Any) -> Any:
    """Three treated people: one gained two grades, one was missed, one is still to come (treated later)."""
    desk.stock(vials=4)
    for number in (1, 2, 3):
        desk.enrol(f"P0{number}")
        desk.treat(f"P0{number}", f"L1-V{number}", DAY)
    desk.clock.at(YEAR)
    desk.investigator.add(desk.exam("P01", "month-12", on=YEAR, codes=desk.codes(2, 1, 1)))
    desk.investigator.add(Visit(participant="P02", visit="month-12", on=YEAR, state="missed"))
    return desk


def made(desk: Any, cutoff: date, **rest: Any) -> Any:
    """The trial at a cut-off."""
    picture = desk.store.picture(as_of=cutoff)
    return interim(picture, cutoff, desk.store.id, desk.store.hash_at(picture.upto), **rest)


def test_the_study_document_holds_what_is_settled(year: Any) -> None:
    """Seen and missed are compared, the third stands apart; grade, level, days and ages are those entered."""
    found = made(year, YEAR)
    study = found.study
    assert [(arm.key, arm.role.value, arm.n.value) for arm in study.arms] == [
        ("cells", "treated", 2),
        ("still-to-come", "context", 1),
    ]
    first, second = study.people("cells")
    assert (first.baseline_grade.value, first.level.text) == ("A", "T1")
    assert (first.exam_day.value, first.treatment_day.value) == (17.0, 21.0)
    assert (first.age_years.low, first.age_years.high) == (35.0, 36.0)
    assert first.outcomes[0].grade.value == "C"
    assert first.scores["UEMS"].value == 50.0
    assert second.outcomes == ()
    assert study.conversions("cells", 1).count == 1
    assert assess(study).treated is not None
    assert (found.allocated, found.treated, found.settled, found.planned) == (3, 3, 2, 20)


def test_a_later_visit_is_no_primary_outcome(year: Any) -> None:
    """Whoever missed the primary visit has none, whatever was found before or afterwards."""
    late = YEAR + timedelta(days=60)
    year.clock.at(late)
    year.investigator.add(year.exam("P02", "unscheduled-9", on=late, codes=year.codes(5, 2, 1)))
    assert made(year, late).study.people("cells")[1].outcomes == ()


def test_everybody_is_beside_his_own_natural_band(year: Any) -> None:
    """The closed report has a band for each settled person; the open one a band for everybody."""
    bands = assess(made(year, YEAR).study).treated.people  # type: ignore[union-attr]
    assert [one.label for one in bands] == ["P01", "P02"]
    expected = made(year, YEAR, outcomes=False).expected
    assert [one.participant for one in expected] == ["P01", "P02", "P03"]
    assert sum(expected[0].chances) == pytest.approx(1.0)
    assert expected[0].better is not None
    assert 0.0 < expected[0].better[1] < expected[0].better[0] < expected[0].better[2] < 0.5
    assert bands[0].probabilities == pytest.approx(expected[0].chances, abs=0.02)


def test_the_forecast_moves_with_what_is_seen(year: Any) -> None:
    """Two known of twenty; one more of two grades raises it; nature alone wins rarely."""
    before = made(year, YEAR).forecast
    assert (before.known, before.to_come) == (2, 18)
    year.investigator.add(year.exam("P03", "month-12", on=YEAR, codes=year.codes(3, 1, 1)))
    after = made(year, YEAR).forecast
    assert (after.known, after.to_come) == (3, 17)
    assert after.as_seen > before.as_seen > before.by_nature
    assert before.by_nature < 0.2


def test_what_was_known_then(year: Any) -> None:
    """At a cut-off before the visits nobody is settled."""
    early = DAY + timedelta(days=100)
    found = made(year, early)
    assert (found.allocated, found.settled) == (3, 0)
    assert [arm.key for arm in found.study.arms] == ["still-to-come"]
    with pytest.raises(InputError, match="nobody has an arm"):
        made(year, date(2026, 5, 10))


def test_the_open_form_does_not_depend_on_any_outcome(year: Any) -> None:
    """Two stores that differ in what was found at the primary visit give the same open page data."""
    one = json.dumps(build_open(made(year, YEAR, outcomes=False), "now"))
    exam = next(e for e in year.investigator.records("exam", "P01") if e.body.visit == "month-12")
    year.investigator.correct(exam.entity, {"codes": list(year.codes())}, "another finding")
    other = json.dumps(build_open(made(year, YEAR, outcomes=False), "now"))
    first, second = json.loads(one), json.loads(other)
    for document in (first, second):
        document["trial"].pop("row")
        document["trial"].pop("head")
        document.pop("digests")
        document["study"].pop("summary")
    assert first == second
    assert "forecast" not in str(first["answer"])


def test_harm_is_counted_for_all_arms_together(year: Any) -> None:
    """A related serious event and a death among three people, with exact limits."""
    event = AdverseEvent(
        participant="P01", on=DAY + timedelta(days=3), term="haematoma", grade=3, serious=True,
        why_serious=("hospital",), expected=True, related={"operation": "definite"},
    )  # fmt: skip
    year.investigator.add(event)
    year.investigator.add(Death(participant="P03", on=DAY + timedelta(days=300)))
    rows = {one.what: (one.people, one.n) for one in made(year, YEAR, outcomes=False).harm}
    assert rows == {
        "a serious adverse event": (1, 3),
        "a serious event related to the treatment": (1, 3),
        "death": (1, 3),
    }
    dead = made(year, YEAR)
    assert dead.settled == 3


def test_the_closed_report_says_what_the_numbers_say(year: Any) -> None:
    """The evidence report of the document, with the part of the trial; a page can be made of both forms."""
    from saisei.report.page import render, render_text

    found = made(year, YEAR)
    document = build_closed(found, "2027-05-22 12:00 UTC")
    assert document["trial"]["forecast"]["as_seen"] == found.forecast.as_seen
    assert document["endpoints"]["rows"][0]["n"] == 2
    assert document["digests"]["study"] == found.study.digest
    page = render(document, ())
    assert "Chance that the trial succeeds in the end" in page
    assert "1 of 2" in render_text(document)
    opened = render(
        build_open(made(year, YEAR, outcomes=False), "now"), (), "trial_open.html.jinja"
    )
    assert "OPEN form" in opened
    assert "succeeds in the end" not in opened


def test_views_of_reports_are_behind_the_table(year: Any) -> None:
    """A monitor sees the open form, the statistician the closed one, the assessor neither."""
    year.as_(Role.MONITOR).view("view:open", YEAR)
    year.as_(Role.STATISTICIAN).view("view:closed", YEAR)
    for role, view in ((Role.MONITOR, "view:closed"), (Role.ASSESSOR, "view:open")):
        with pytest.raises(AccessError):
            year.as_(role).view(view)


def test_the_status_says_whether_outcomes_are_still_to_come() -> None:
    """A report on complete outcomes is not called interim, nor final."""
    from datetime import date

    from saisei.trial.study_document import _status

    day = date(2031, 6, 30)
    assert _status(2, {"P1": True, "P2": False}, day).startswith("running;")
    assert _status(2, {"P1": True, "P2": True}, day).startswith("all 2 primary outcomes settled")
