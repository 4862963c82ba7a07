"""Monitoring: each alarm fires where it should, with its numbers, and is silent where it should be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from saisei.design.safety_plan import monitor, safety_plans
from saisei.errors import AccessError
from saisei.trial import (
    AdverseEvent,
    Death,
    Decision,
    Deviation,
    DrugLevel,
    DrugRange,
    Imaging,
    LotDecision,
    Query,
    Required,
    Role,
    VialRelease,
    Visit,
    Withdrawal,
)
from saisei.trial.monitor import watch
from saisei.trial.people import VisitState, people

DAY = date(2026, 5, 22)
TUMOUR = "tumour, or compression of the cord by the graft"
SERIOUS = "serious event related to the operation or the cells"


def alarms(desk: Any, today: date, rule: str, urgency: str = "") -> list[Any]:
    """The alarms of one rule on a day."""
    found = watch(desk.store.picture(), today).alarms
    return [one for one in found if one.rule == rule and urgency in ("", one.urgency)]


@pytest.fixture
def ward(desk: Any) -> Any:
    """Three people treated on one day, everything as it should be."""
    desk.stock(vials=6)
    for number in (1, 2, 3):
        desk.enrol(f"P0{number}")
        desk.treat(f"P0{number}", f"L1-V{number}", DAY)
    return desk


def event(who: str, on: date, counts_for: str | None, **rest: Any) -> AdverseEvent:
    """A serious event."""
    fields = {
        "term": "event", "grade": 3, "serious": True, "why_serious": ("hospital",), "expected": True,
        "related": {"operation": "probable"}, **rest,
    }  # fmt: skip
    return AdverseEvent(participant=who, on=on, counts_for=counts_for, **fields)


def test_nothing_must_be_acted_on_when_all_is_well(ward: Any) -> None:
    """Three people a month after treatment: rules as they stand, the gate shut, no alarm to act on."""
    found = watch(ward.store.picture(), DAY + timedelta(days=30))
    assert not found.must_act
    assert (found.participants, found.treated) == (3, 3)
    assert {one.rule for one in found.alarms} == {"safety rule", "gate"}


def test_the_first_tumour_stops_the_trial(ward: Any) -> None:
    """The zero-event rule; after the pause the alarm asks for nothing more."""
    on = DAY + timedelta(days=200)
    ward.clock.at(on)
    ward.investigator.add(event("P02", on, TUMOUR))
    (one,) = alarms(ward, on, "safety rule met")
    assert one.urgency == "act"
    assert (one.numbers["events"], one.numbers["people"], one.numbers["bound"]) == (1, 3, 1)
    assert one.numbers["who"] == ["P02"]
    assert "call the board" in one.protocol
    ward.as_(Role.BOARD).add(Decision(on=on, by_whom="Board", what="pause"))
    (one,) = alarms(ward, on, "safety rule met")
    assert one.urgency == "note"


def test_partial_follow_up_is_that_of_the_design(ward: Any) -> None:
    """The counts go to `design.safety_plan.monitor`; people leave, nobody is dropped."""
    early, later = DAY + timedelta(days=20), DAY + timedelta(days=60)
    ward.clock.at(later)
    ward.investigator.add(event("P01", early, SERIOUS))
    ward.investigator.add(Death(participant="P02", on=early))
    ward.investigator.add(
        Withdrawal(
            participant="P03", on=DAY + timedelta(days=40), scope="study", by_whom="participant"
        )
    )
    plan = next(one for one in safety_plans(ward.store.picture().design) if one.event == SERIOUS)
    expected = monitor(plan, [20.0, 40.0], 1)
    (one,) = [
        a for a in watch(ward.store.picture(), later).alarms if a.numbers.get("event") == SERIOUS
    ]
    assert one.numbers["effective_people"] == round(expected.effective_people, 3)
    assert one.numbers["bound"] == expected.bound
    assert (one.rule == "safety rule met") is expected.stop


def test_an_event_outside_the_window_does_not_count(ward: Any) -> None:
    """Before treatment, and after 91 days; it is told all the same."""
    late = DAY + timedelta(days=92)
    ward.clock.at(late)
    ward.investigator.add(event("P01", late, SERIOUS))
    ward.investigator.add(event("P02", DAY - timedelta(days=1), SERIOUS))
    picture = watch(ward.store.picture(), late)
    (one,) = [a for a in picture.alarms if a.numbers.get("event") == SERIOUS]
    assert one.numbers["events"] == 0
    assert "P01" in next(a for a in picture.alarms if a.rule == "event after its window").what


def test_serious_events_that_nobody_placed_or_reported(ward: Any) -> None:
    """Related and counted for no rule; unexpected and without a day of report."""
    on = DAY + timedelta(days=9)
    ward.clock.at(on)
    made = ward.investigator.add(event("P01", on, None, expected=False))
    assert [one.participant for one in alarms(ward, on, "event not placed", "watch")] == ["P01"]
    assert [one.participant for one in alarms(ward, on, "unexpected and not reported", "act")] == [
        "P01"
    ]
    changes = {"reported_on": on.isoformat(), "counts_for": SERIOUS}
    ward.investigator.correct(made.entity, changes, "reported today")
    assert alarms(ward, on, "event not placed") == []
    assert alarms(ward, on, "unexpected and not reported") == []


def test_visits_by_the_day(ward: Any) -> None:
    """Month 3 is day 91 with 7 days: later, open, at risk, overdue; outside; excused; not expected."""
    due = DAY + timedelta(days=91)

    def state(today: date, who: str = "P01") -> VisitState:
        person = next(one for one in people(ward.store.picture(), today) if one.id == who)
        return next(one.state for one in person.visits if one.key == "month-3")

    assert state(due - timedelta(days=8)) is VisitState.LATER
    assert state(due - timedelta(days=7)) is VisitState.OPEN
    assert state(due) is VisitState.AT_RISK
    assert state(due + timedelta(days=7)) is VisitState.AT_RISK
    assert state(due + timedelta(days=8)) is VisitState.OVERDUE
    day = due + timedelta(days=8)
    assert len(alarms(ward, day, "visit overdue", "act")) == 3
    ward.clock.at(day)
    session = ward.investigator
    session.add(ward.exam("P01", "month-3", on=day))
    session.add(Visit(participant="P02", visit="month-3", on=day, state="missed"))
    session.add(Death(participant="P03", on=DAY + timedelta(days=50)))
    assert [state(day, who) for who in ("P01", "P02", "P03")] == [
        VisitState.OUTSIDE,
        VisitState.MISSED,
        VisitState.NOT_EXPECTED,
    ]
    (one,) = alarms(ward, day, "outside the window", "watch")
    assert one.numbers["days_off"] == 1
    session.add(Deviation(participant="P01", on=day, area="visit window", major=False, what="ill"))
    assert alarms(ward, day, "outside the window") == []
    assert alarms(ward, day, "visit overdue") == []


def test_a_visit_without_what_it_should_bring(ward: Any) -> None:
    """No exam at the primary visit must be acted on; an image that the settings ask for is watched."""
    ward.as_(Role.MANAGER).correct(
        "settings", {"required": [{"visit": "month-12", "kinds": ["imaging"]}]}, "protocol 2"
    )
    day = DAY + timedelta(days=365)
    ward.clock.at(day)
    for who in ("P01", "P02", "P03"):
        ward.investigator.add(Visit(participant=who, visit="month-12", on=day))
    ward.investigator.add(ward.exam("P02", "month-12", on=day))
    image = Imaging(participant="P02", visit="month-12", on=day, reader="Mori", graft_ul=3.0)
    ward.investigator.add(image)
    missing = alarms(ward, day, "exam missing", "act")
    assert [one.participant for one in missing] == ["P01", "P03"]
    assert "no change" in missing[0].protocol
    assert [one.participant for one in alarms(ward, day, "item missing", "watch")] == ["P01", "P03"]
    assert Required(visit="*", kinds=("imaging",)).visit == "*"


def test_a_stored_grade_that_is_not_the_computed_one(ward: Any) -> None:
    """Somebody changed the grading, or the store: the exam's codes and its grade disagree."""
    from saisei.trial.store import Draft

    for who, text in (("P01", "C"), ("P02", "A")):
        record = ward.investigator.records("exam", who)[0]
        kept = record.body.grades
        sets = (*kept.sets[:6], 4, *kept.sets[7:])
        wrong = kept.model_copy(update={"ais": text, "sets": sets})
        body = record.body.model_copy(update={"grades": wrong})
        with ward.store.write("somebody") as writer:
            writer.append(Draft(body, record.entity, 2, "correct", who, "tokyo", "a forgery"))
    found = alarms(ward, DAY, "grade differs", "act")
    assert [(one.participant, one.numbers["stored"]) for one in found] == [
        ("P01", "C"),
        ("P02", "A"),
    ]
    assert {one.numbers["computed"] for one in found} == {"A"}


def test_a_screening_that_its_exam_does_not_bear_out(ward: Any) -> None:
    """Eligibility rests on grade and level as typed; the exam of that day has the last word."""
    assert alarms(ward, DAY, "screening differs") == []
    (record,) = ward.investigator.records("screening", "P02")
    ward.investigator.correct(record.entity, {"nli": "C8"}, "typed from the referral")
    (one,) = alarms(ward, DAY, "screening differs", "watch")
    assert one.participant == "P02"
    assert one.numbers["screened"] == "A C8"
    assert one.numbers["graded"] != "A C8"
    assert one.numbers["graded"] in one.what
    assert len(one.entities) == 2


def test_jumps_ask_for_a_second_look(ward: Any) -> None:
    """Muscles from 0 to 5 and the level from T1 to the end; no change asks nothing."""
    day = DAY + timedelta(days=91)
    ward.clock.at(day)
    ward.investigator.add(ward.exam("P01", "month-3", on=day, codes=ward.codes(5, 2, 1)))
    ward.investigator.add(ward.exam("P02", "month-3", on=day))
    (one,) = alarms(ward, day, "implausible jump", "watch")
    assert one.participant == "P01"
    assert one.numbers["segments"] > 3
    assert one.numbers["questions"] == 12  # ten leg muscles, the AIS, the level


def test_growth_on_mri(ward: Any) -> None:
    """The default limit is a quarter; the protocol's own limit and words go first."""
    first, second = DAY + timedelta(days=30), DAY + timedelta(days=60)
    ward.clock.at(second)
    for who, volumes in (("P01", (10.0, 12.0)), ("P02", (10.0, 13.0)), ("P03", (10.0, 9.0))):
        for on, volume in zip((first, second), volumes, strict=True):
            image = {"visit": f"unscheduled-{on.day}", "on": on, "reader": "Mori"}
            ward.investigator.add(Imaging(participant=who, graft_ul=volume, **image))
    (one,) = alarms(ward, second, "growth on MRI", "act")
    assert one.participant == "P02"
    assert one.numbers["percent"] == pytest.approx(30.0)
    changes = {"growth_percent": 15.0, "growth_action": "MRI again after two weeks"}
    ward.as_(Role.MANAGER).correct("settings", changes, "protocol 2")
    found = alarms(ward, second, "growth on MRI", "act")
    assert [one.participant for one in found] == ["P01", "P02"]
    assert found[0].protocol == "MRI again after two weeks"


def test_drug_levels_out_of_range(ward: Any) -> None:
    """The newest level counts; another unit is told; after the last day of the drug nothing is asked."""
    drugs = [
        DrugRange(drug="tacrolimus", low=5.0, high=10.0, unit="ng/mL", until_day=180).content()
    ]
    ward.as_(Role.MANAGER).correct("settings", {"drugs": drugs}, "protocol 2")
    day = DAY + timedelta(days=200)
    ward.clock.at(day)

    def level(who: str, on: date, value: float, unit: str = "ng/mL") -> None:
        ward.investigator.add(
            DrugLevel(participant=who, on=on, drug="tacrolimus", level=value, unit=unit)
        )

    level("P01", DAY + timedelta(days=10), 3.0)
    level("P01", DAY + timedelta(days=20), 7.0)
    level("P02", DAY + timedelta(days=20), 12.5)
    level("P03", DAY + timedelta(days=190), 0.0)
    (one,) = alarms(ward, day, "drug level", "act")
    assert (one.participant, one.numbers["level"]) == ("P02", 12.5)
    level("P02", DAY + timedelta(days=30), 8.0)
    level("P03", DAY + timedelta(days=30), 8.0, "nmol/L")
    assert alarms(ward, day, "drug level") == []  # the newest of P03 lies after its last day


def test_lots_gate_and_queries(ward: Any) -> None:
    """A lot recalled after it was given; a vial set aside of it; somebody treated through the gate."""
    ward.enrol("P04")
    day = DAY + timedelta(days=100)
    ward.clock.at(day)
    ward.as_(Role.BOARD).add(Decision(on=DAY, by_whom="Board", what="open the gate"))
    vial = VialRelease(vial="L1-V4", participant="P04", coi_id="COI-P04", on=day, by_whom="Ito")
    ward.as_(Role.PHARMACIST).add(vial)
    assert alarms(ward, day, "gate breached") == []
    ward.as_(Role.MANUFACTURER).add(
        LotDecision(lot="L1", on=day, decision="recalled", by_whom="QA")
    )
    (one,) = alarms(ward, day, "lot given and lost", "act")
    assert "P01, P02, P03" in one.what
    (one,) = alarms(ward, day, "vial not to be given", "act")
    assert "P04" in one.what
    exam = ward.investigator.records("exam", "P01")[0]
    ward.as_(Role.MONITOR).add(Query(about=exam.entity, on=day, question="C6 right?"))
    assert alarms(ward, day, "open queries", "note")[0].numbers == {"open": 1}


def test_somebody_treated_through_the_gate_is_told(ward: Any) -> None:
    """The release is refused, so only a corrected day of dosing can show it."""
    ward.enrol("P04")
    day = DAY + timedelta(days=100)
    ward.clock.at(day)
    ward.as_(Role.BOARD).add(Decision(on=DAY, by_whom="Board", what="open the gate"))
    ward.treat("P04", "L1-V4", day)
    first = ward.investigator.records("dosing", "P01")[0]
    ward.investigator.correct(
        first.entity, {"on": (day - timedelta(days=20)).isoformat()}, "typing error"
    )
    (one,) = alarms(ward, day, "gate breached", "act")
    assert (one.participant, one.numbers["gap_days"]) == ("P04", 20)


def test_interim_looks_of_a_two_stage_design(
    make_store: Any, folder: Any, hand: Any, desk: Any
) -> None:
    """Simon's first stage: too few converters of the first n1 ends it, one more goes on."""
    from saisei.trial.safety import fixed_design

    store = make_store(folder / "simon.db", hand, "simon-two-stage")
    other = type(desk)(store, hand)
    stages = fixed_design(store.picture().design).two_stage
    other.stock(vials=stages.n1)
    design = store.picture().design
    grade = design.population.strata[0].grade
    day = DAY
    for number in range(1, stages.n1 + 1):
        who = f"P{number:02d}"
        if number > 1:
            day = other.clock.now.date()
        _treated(other, who, f"L1-V{number}", grade, day)
    visit = design.visit
    end = other.clock.now.date() + timedelta(days=int(visit.day))
    other.clock.at(end)
    assert alarms(other, end, "interim: futility") == []
    for number in range(1, stages.n1 + 1):
        better = number <= stages.r1
        fields = {"codes": other.codes(vac=1)} if better else {}
        person = next(one for one in people(store.picture(), end) if one.id == f"P{number:02d}")
        due = next(one.due for one in person.visits if one.key == visit.key)
        other.investigator.add(other.exam(f"P{number:02d}", visit.key, on=due, **fields))
    (one,) = alarms(other, end, "interim: futility", "act")
    assert (one.numbers["converted"], one.numbers["people"]) == (stages.r1, stages.n1)
    worst = other.investigator.records("exam", f"P{stages.n1:02d}")[-1]
    other.investigator.correct(worst.entity, {"codes": list(other.codes(vac=1))}, "VAC was missed")
    assert alarms(other, end, "interim: futility") == []
    store.close()


def _treated(desk: Any, who: str, vial: str, grade: str, day: date) -> None:
    """Enrolled and treated as soon as the gate lets us."""
    from saisei.trial import Consent, Participant
    from saisei.trial.rules_cells import gate_opens_on

    picture = desk.store.picture()
    opens = gate_opens_on(picture)
    if isinstance(opens, str):
        last = max(one.on for one in picture.of("dosing"))
        desk.as_(Role.BOARD).add(Decision(on=last, by_whom="Board", what="open the gate"))
        opens = gate_opens_on(desk.store.picture())
    day = max(day, opens)
    injured = day - timedelta(days=21)
    if desk.clock.now.date() < day:
        desk.clock.at(day)
    session = desk.investigator
    person = Participant(participant=who, site="tokyo", birth_year=1990, injured_on=injured)
    session.add_many(
        [person, Consent(participant=who, on=injured, form="1"), desk.exam(who, on=day)]
    )
    fields = {"on": day.isoformat(), "exam_on": day.isoformat(), "ais": grade}
    session.add_json("screening", desk.screening(who, **fields))
    arm = next(one.key for one in picture.design.arms if one.role == "treated")
    desk.as_(Role.MANAGER).add_json(
        "allocation", {"participant": who, "on": day.isoformat(), "arm": arm}
    )
    desk.treat(who, vial, day)


def test_monitoring_is_not_for_the_blinded(ward: Any) -> None:
    """It shows who was treated with what."""
    with pytest.raises(AccessError):
        ward.as_(Role.ASSESSOR).view("view:monitor")


def test_what_was_known_at_a_moment_can_be_monitored(ward: Any) -> None:
    """The alarm of today is not in the view of yesterday."""
    on = DAY + timedelta(days=200)
    ward.clock.at(on)
    ward.investigator.add(event("P02", on, TUMOUR))
    before = watch(ward.store.picture(as_of=on - timedelta(days=1)), on - timedelta(days=1))
    assert not [one for one in before.alarms if one.rule == "safety rule met"]


def test_controls_without_a_day_zero_are_told(
    make_store: Any, folder: Any, hand: Any, desk: Any
) -> None:
    """A person whose plan of visits is empty could be told to be a control by whoever examines."""
    from saisei.trial import Allocation

    store = make_store(folder / "two.db", hand, "randomised-fisher")
    other = type(desk)(store, hand)
    arm = next(one.key for one in store.picture().design.arms if one.role == "control")
    other.enrol("P01", arm=arm)
    (one,) = alarms(other, DAY, "no day zero", "watch")
    assert "P01" in one.what
    plan = other.as_(Role.ASSESSOR).schedule(DAY)["P01"]
    assert [visit.key for visit in plan] == ["baseline"]
    manager = other.as_(Role.MANAGER)
    place = manager.records("allocation")[0]
    assert isinstance(place.body, Allocation)
    manager.correct(place.entity, {"day_zero": DAY.isoformat()}, "sham operation")
    assert alarms(other, DAY, "no day zero") == []
    plan = other.as_(Role.ASSESSOR).schedule(DAY)["P01"]
    assert len(plan) == 1 + len(store.picture().design.visits)
    store.close()
