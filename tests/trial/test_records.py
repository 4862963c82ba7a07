"""Records are added and never overwritten: corrections, voiding, as-of views, rules of people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from saisei.errors import ConflictError, DocumentError, ExamError, InputError, RuleError, StoreError
from saisei.exam.isncsci import Exam as IsncsciExam
from saisei.exam.isncsci import classify
from saisei.trial import (
    Allocation,
    Consent,
    Death,
    Decision,
    Participant,
    Role,
    Visit,
    parse_body,
    verify,
)
from saisei.trial.grading import misgraded, texts


def test_an_exam_is_graded_when_it_is_entered(any_desk: Any) -> None:
    """Stored sets, AIS and level are those of the exam stage; the words are made when it is read."""
    any_desk.enter("P01")
    record = any_desk.investigator.add(any_desk.exam("P01", comments="Mr X was tired"))
    expected = classify(IsncsciExam.from_codes(any_desk.codes()))
    read = any_desk.investigator.get(record.entity).body
    assert read.grades.ais == expected.ais.text == "A"
    assert read.grades.nli == expected.nli.text == "T1"
    assert texts(read)["uems"] == "50"
    assert misgraded(any_desk.investigator.records("exam")) == []


def test_a_correction_is_a_new_record_with_who_when_and_why(any_desk: Any) -> None:
    """The first value stays, both have author and moment, and a view of then shows what was known then."""
    any_desk.enter("P01")
    first = any_desk.investigator.add(any_desk.exam("P01", comments="Mr X was tired"))
    any_desk.clock.at(date(2026, 6, 2))
    any_desk.as_(Role.ASSESSOR).correct(
        first.entity, {"codes": list(any_desk.codes(vac=1)), "comments": "rested"}, "VAC was missed"
    )
    old, new = any_desk.investigator.history(first.entity)
    assert (old.version, old.by, old.body.grades.ais, old.reason) == (1, "investigator", "A", "")
    assert (new.version, new.by, new.body.grades.ais) == (2, "assessor", "C")
    assert new.reason == "VAC was missed"
    assert (old.data["comments"], new.data["comments"]) == ("Mr X was tired", "rested")
    session = any_desk.investigator
    assert [one.version for one in session.records("exam")] == [2]
    assert [one.version for one in session.records("exam", as_of=date(2026, 6, 1))] == [1]
    assert session.records("exam", as_of=date(2026, 5, 3)) == []
    assert verify(any_desk.store).sound


def test_a_stale_correction_is_refused(any_desk: Any) -> None:
    """Two examiners on one exam: the second is told who was first."""
    any_desk.enter("P01")
    record = any_desk.investigator.add(any_desk.exam("P01"))
    seen = any_desk.investigator.get(record.entity).version
    any_desk.investigator.correct(record.entity, {"examiner": "Sato"}, "wrong name", seen)
    with pytest.raises(
        ConflictError, match=r"changed by investigator at .* \(version 2, yours was made on 1\)"
    ):
        any_desk.as_(Role.ASSESSOR).correct(
            record.entity, {"examiner": "Abe"}, "typing error", seen
        )
    assert any_desk.investigator.get(record.entity).body.examiner == "Sato"


def test_a_second_exam_at_one_visit_must_say_that_it_is_one(any_desk: Any) -> None:
    """Otherwise the second examiner learns who has entered one already."""
    any_desk.enter("P01")
    any_desk.investigator.add(any_desk.exam("P01"))
    with pytest.raises(ConflictError, match=r"entered by investigator .* repeat = 2"):
        any_desk.as_(Role.ASSESSOR).add(any_desk.exam("P01", examiner="Abe"))
    any_desk.as_(Role.ASSESSOR).add(any_desk.exam("P01", examiner="Abe", repeat=2))
    assert len(any_desk.investigator.records("exam")) == 2


def test_a_voided_record_leaves_every_view_and_may_be_entered_anew(any_desk: Any) -> None:
    """Its history and the trail keep it."""
    any_desk.enter("P01")
    session = any_desk.investigator
    wrong = session.add(any_desk.exam("P01"))
    session.void(wrong.entity, "entered for the wrong person")
    assert session.records("exam") == []
    assert [one.action for one in session.history(wrong.entity)] == ["add", "void"]
    again = session.add(any_desk.exam("P01"))
    assert [one.entity for one in session.records("exam")] == [again.entity]
    with pytest.raises(RuleError, match="is void"):
        session.correct(wrong.entity, {"examiner": "Abe"}, "why")
    assert verify(any_desk.store).sound


def test_several_records_are_written_all_or_none(any_desk: Any) -> None:
    """The third one is impossible, so the first two are not there."""
    any_desk.enter("P01")
    rows = any_desk.store.head()[0]
    bodies = [
        Visit(participant="P01", visit="baseline", on=date(2026, 5, 18)),
        any_desk.exam("P01"),
        any_desk.exam("P09"),
    ]
    with pytest.raises(RuleError, match="no participant P09"):
        any_desk.investigator.add_many(bodies)
    assert any_desk.store.head()[0] == rows
    assert any_desk.investigator.records("exam") == []


PERSON = {"participant": "P02", "site": "tokyo", "injured_on": "2026-05-01"}
VISIT = {"participant": "P01", "visit": "baseline", "on": "2026-05-18"}
EVENT = {
    "participant": "P01", "on": "2026-05-10", "term": "fall", "grade": 3, "serious": False,
    "expected": True,
}  # fmt: skip
HOURS = {"participant": "P01", "on": "2026-05-10", "until": "2026-05-10", "hours": 25}
NEVER: dict[str, tuple[str, dict[str, Any], str]] = {
    "a name": ("participant", {**PERSON, "participant": "Tanaka"}, "looks like a name"),
    "a birth date": ("participant", {**PERSON, "born_on": "1990-02-01"}, "year of birth only"),
    "a site that is not there": ("participant", {**PERSON, "site": "kyoto"}, "no site kyoto"),
    "the future": ("visit", {**VISIT, "on": "2026-07-01"}, "in the future"),
    "before the injury": ("visit", {**VISIT, "on": "2026-04-01"}, "before the injury"),
    "a visit the design lacks": ("visit", {**VISIT, "visit": "month-6"}, "no visit month-6"),
    "an unknown field": ("visit", {**VISIT, "mood": 3}, "not a known field"),
    "a field left out": ("visit", {"participant": "P01", "visit": "baseline"}, "on: is missing"),
    "too many hours": ("rehabilitation", HOURS, "do not fit into 1 days"),
    "fatal and not grade 5": ("adverse_event", {**EVENT, "outcome": "fatal"}, "grade 5"),
    "serious, no why": ("adverse_event", {**EVENT, "serious": True}, "says why"),
    "no rule about it": ("adverse_event", {**EVENT, "counts_for": "falls"}, "no safety rule is"),
    "no such kind": ("examn", {}, "near it: exam"),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_cannot_be_is_refused_in_words(desk: Any, name: str) -> None:
    """One sentence, and nothing is written."""
    kind, fields, words = NEVER[name]
    desk.enter("P01")
    rows = desk.store.head()[0]
    with pytest.raises(InputError, match=words):
        desk.investigator.add_json(kind, fields)
    assert desk.store.head()[0] == rows


def test_an_exam_with_an_impossible_score_is_refused_with_its_place(desk: Any) -> None:
    """A motor score of 7 at C5 right."""
    desk.enter("P01")
    broken = list(desk.codes())
    broken[56] = 7
    with pytest.raises(ExamError, match=r"right.motor.C5: 7"):
        desk.investigator.add(desk.exam("P01", codes=tuple(broken)))


def test_nothing_happens_to_somebody_without_consent(desk: Any) -> None:
    """No consent, a later consent, a withdrawn consent."""
    desk.clock.at(date(2026, 5, 18))
    session = desk.investigator
    session.add(Participant(participant="P01", site="tokyo", injured_on=date(2026, 5, 1)))
    with pytest.raises(RuleError, match="no consent by 2026-05-18"):
        session.add(desk.exam("P01"))
    session.add(Consent(participant="P01", on=date(2026, 5, 10), form="2.1"))
    with pytest.raises(RuleError, match="no consent by 2026-05-08"):
        session.add(desk.exam("P01", on=date(2026, 5, 8)))
    session.add(desk.exam("P01"))
    desk.clock.at(date(2026, 6, 20))
    session.add(Consent(participant="P01", on=date(2026, 6, 1), form="2.1", state="withdrawn"))
    with pytest.raises(RuleError, match="withdrew consent on 2026-06-01"):
        session.add(desk.exam("P01", visit="unscheduled-1", on=date(2026, 6, 10)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ais": "C"}, "grade and level"),
        ({"nli": "C2"}, "grade and level"),
        ({"exam_on": "2026-05-10"}, "day 9"),
        (
            {"answers": [{"criterion": "No other cord disease", "met": False}]},
            "No other cord disease",
        ),
        ({"answers": []}, "no answer to"),
        ({"nli": "Z9"}, "no neurological level"),
    ],
)
def test_nobody_is_eligible_against_the_design(
    desk: Any, change: dict[str, Any], words: str
) -> None:
    """The program checks grade, level, day of the exam and age itself."""
    desk.enter("P01")
    with pytest.raises(RuleError, match=words):
        desk.investigator.add_json("screening", desk.screening("P01", **change))
    desk.investigator.add_json("screening", desk.screening("P01"))
    checks = desk.investigator.records("screening")[0].body.checks
    assert [one.met for one in checks] == [True, True, True]


def test_a_full_arm_takes_nobody_and_neither_does_a_paused_trial(desk: Any) -> None:
    """20 places in the design; a pause ends with resume, a stop never."""
    desk.enter("P01")
    desk.investigator.add_json("screening", desk.screening("P01"))
    manager = desk.as_(Role.MANAGER)
    place = Allocation(participant="P01", on=date(2026, 5, 18), arm="cells")
    with pytest.raises(RuleError, match="no arm sham"):
        manager.add(place.model_copy(update={"arm": "sham"}))
    day = date(2026, 5, 18)
    for what, words in (("pause", "on pause"), ("stop", "on stop")):
        manager.add(Decision(on=day, by_whom="Board", what=what))
        with pytest.raises(RuleError, match=words):
            manager.add(place)
        manager.add(Decision(on=day, by_whom="Board", what="resume"))
    with pytest.raises(RuleError, match="on stop"):
        manager.add(place)


def test_the_dead_are_not_examined(desk: Any) -> None:
    """Nor does a death come before an exam that took place."""
    desk.enter("P01")
    desk.investigator.add(desk.exam("P01"))
    with pytest.raises(RuleError, match="has a exam on 2026-05-18"):
        desk.investigator.add(Death(participant="P01", on=date(2026, 5, 10)))
    desk.clock.at(date(2026, 7, 1))
    desk.investigator.add(Death(participant="P01", on=date(2026, 6, 1)))
    with pytest.raises(RuleError, match="died on 2026-06-01"):
        desk.investigator.add(desk.exam("P01", visit="unscheduled-1", on=date(2026, 6, 2)))


def test_a_correction_keeps_person_visit_and_id_and_says_why(desk: Any) -> None:
    """It cannot move a record to somebody else, change nothing, or be without a reason."""
    desk.enter("P01")
    desk.enter("P02")
    record = desk.investigator.add(desk.exam("P01"))
    for changes in ({"participant": "P02"}, {"visit": "month-3"}, {"repeat": 2}):
        with pytest.raises(RuleError, match="keeps person, visit and id"):
            desk.investigator.correct(record.entity, changes, "why")
    with pytest.raises(InputError, match="nothing changes"):
        desk.investigator.correct(record.entity, {"examiner": "Kato"}, "why")
    with pytest.raises(InputError, match="says why"):
        desk.investigator.correct(record.entity, {"examiner": "Abe"}, "  ")


def test_a_clock_that_went_back_is_not_believed(desk: Any) -> None:
    """A small step back is written as the moment before; a large one is refused."""
    desk.enter("P01")
    last = desk.clock.now
    desk.clock.now = last - timedelta(seconds=60)
    record = desk.investigator.add(desk.exam("P01"))
    assert record.at == desk.store.head()[2]
    assert record.on == date(2026, 5, 18)
    desk.clock.now = last - timedelta(days=2)
    with pytest.raises(StoreError, match="set the clock of this machine right"):
        desk.investigator.add(desk.exam("P01", repeat=2))


def test_faults_of_a_body_come_all_at_once_with_their_places() -> None:
    """As in every document of the house."""
    with pytest.raises(DocumentError) as caught:
        parse_body("adverse_event", {"participant": "P01", "on": "yesterday", "grade": 6})
    wrong = {fault.where for fault in caught.value.faults}
    assert wrong == {"on", "term", "grade", "serious", "expected"}


def test_a_design_is_amended_by_one_that_names_it(desk: Any) -> None:
    """The amendment carries the digest of the design in force; any other is refused; both stay known."""
    from saisei.design.document import load_design, parse_design
    from saisei.trial.canonical import canonical

    manager = desk.as_(Role.MANAGER)
    old = desk.store.picture().design
    before = desk.clock.now
    desk.clock.at(date(2026, 5, 18))
    content = old.content()
    content["arms"][0]["n"] = 24
    content["amends"] = {"digest": old.digest, "reason": "four more people"}
    amended = parse_design(canonical(content), "the amendment")
    manager.amend(amended, "protocol 2")
    assert desk.store.picture().design.n_treated == 24
    assert desk.store.picture(as_of=before).design.digest == old.digest
    with pytest.raises(InputError, match="nothing changes"):
        manager.amend(amended, "again, on top of itself")
    with pytest.raises(InputError):
        manager.amend(load_design("single-stage"), "another trial")
    wrong = {"digest": "0" * 64, "document": content}
    with pytest.raises(RuleError, match="digest of the design is"):
        manager.correct("design", wrong, "why")
