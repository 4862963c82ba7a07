"""Visits, exams and signatures in any order, against a plain model of versions and moments."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from saisei.errors import InputError
from saisei.trial import Role, Visit, verify

DAY = date(2026, 5, 22)
VISITS = st.sampled_from(["baseline", "unscheduled-1", "unscheduled-2"])
PEOPLE = st.sampled_from(["P01", "P02"])
BASES = st.integers(1, 3)


class RecordMachine(RuleBasedStateMachine):
    """Two people, three visits; enter, correct on a base, void, sign."""

    make: Any = None

    @initialize()
    def begin(self) -> None:
        """A store with two people; the model knows versions, days and signatures."""
        self.desk = type(self).make()
        self.standing: dict[tuple[str, str], str] = {}
        self.days: dict[str, list[date | None]] = {}
        self.signed: dict[str, list[int]] = {}
        self.moments: list[tuple[datetime, int]] = []
        self.number = 0
        self.enter_one("P01", "baseline")

    def _tried(self, allowed: bool, call: Any) -> Any:
        try:
            made = call()
        except InputError:
            assert not allowed
            return None
        assert allowed
        self.moments.append((self.desk.clock.now, self._standing_count()))
        return made

    def _standing_count(self) -> int:
        return len(self.desk.store.picture().of("visit"))

    def _day(self) -> date:
        self.number += 1
        return DAY - timedelta(days=self.number % 20)

    @rule(who=PEOPLE, visit=VISITS)
    def enter(self, who: str, visit: str) -> None:
        """Once, unless the one before was voided."""
        self.enter_one(who, visit)

    def enter_one(self, who: str, visit: str) -> None:
        """Enter a visit and tell the model."""
        day = self._day()
        body = Visit(participant=who, visit=visit, on=day)
        allowed = (who, visit) not in self.standing
        made = self._tried(allowed, lambda: self.desk.investigator.add(body))
        if made is not None:
            self.standing[who, visit] = made.entity
            self.days[made.entity] = [day]

    @rule(place=st.integers(0, 5), base=BASES)
    def correct(self, place: int, base: int) -> None:
        """Only on the last version, and only what stands."""
        if not self.standing:
            return
        entity = sorted(self.standing.values())[place % len(self.standing)]
        day = self._day()
        if day == self.days[entity][-1]:
            return
        allowed = base == len(self.days[entity])
        changes = {"on": day.isoformat()}
        session = self.desk.as_(Role.ASSESSOR)
        if self._tried(allowed, lambda: session.correct(entity, changes, "why", base)) is not None:
            self.days[entity].append(day)

    @rule(who=PEOPLE, visit=VISITS)
    def void(self, who: str, visit: str) -> None:
        """It leaves the view and frees its place."""
        entity = self.standing.pop((who, visit), None)
        if entity is not None:
            self._tried(True, lambda: self.desk.investigator.void(entity, "wrong person"))
            self.days[entity].append(None)

    @rule(who=PEOPLE)
    def sign(self, who: str) -> None:
        """Visits are not signed, exams are; here the baseline exam of the person."""
        (exam,) = self.desk.investigator.records("exam", who)
        self._tried(
            True,
            lambda: self.desk.investigator.sign(exam.entity, self.desk.password, "I approve this"),
        )
        self.signed.setdefault(who, []).append(exam.version)

    @rule(who=PEOPLE, examiner=st.sampled_from(["Abe", "Ito", "Kato", "Sato"]))
    def change_exam(self, who: str, examiner: str) -> None:
        """A new version of the exam under the signatures."""
        (exam,) = self.desk.investigator.records("exam", who)
        allowed = exam.body.examiner != examiner
        self._tried(
            allowed,
            lambda: self.desk.investigator.correct(exam.entity, {"examiner": examiner}, "name"),
        )

    @invariant()
    def the_store_is_the_model(self) -> None:
        """Standing visits, their days and versions."""
        if not hasattr(self, "desk"):
            return
        found = {
            (one.subject, one.body.visit): one for one in self.desk.store.picture().of("visit")
        }
        assert {key: one.entity for key, one in found.items()} == self.standing
        for one in found.values():
            assert one.version == len(self.days[one.entity])
            assert one.on == self.days[one.entity][-1]

    @invariant()
    def signatures_hold_while_nothing_changed(self) -> None:
        """A signature is worth something under the last version only."""
        for who, versions in getattr(self, "signed", {}).items():
            (exam,) = self.desk.investigator.records("exam", who)
            worth = [one.holds for one in self.desk.investigator.signatures(exam.entity)]
            assert worth == [version == exam.version for version in versions]

    def teardown(self) -> None:
        """The trail holds, and every moment still shows what it showed."""
        if hasattr(self, "desk"):
            assert verify(self.desk.store).sound
            for moment, count in self.moments:
                assert len(self.desk.store.picture(as_of=moment).of("visit")) == count
            self.desk.store.close()


def test_visits_exams_and_signatures_in_any_order(copied_desk: Any) -> None:
    """A stateful property test."""

    def pattern(desk: Any) -> None:
        for who in ("P01", "P02"):
            desk.enrol(who)
        desk.clock.at(DAY)

    class Machine(RecordMachine):
        """The machine on copies of this pattern."""

    Machine.make = staticmethod(copied_desk(pattern))
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=8, stateful_step_count=12, deadline=None)
    )
