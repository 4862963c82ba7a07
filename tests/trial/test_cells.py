"""The chain of identity: donor, line, lot, vial, person. A failed or unreleased lot can never be given."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from saisei.errors import ConflictError, InputError, RuleError
from saisei.trial import (
    Custody,
    Decision,
    Dosing,
    Line,
    Lot,
    LotDecision,
    LotTest,
    Role,
    Vial,
    VialRelease,
    verify,
)
from saisei.trial.rules_cells import gate_opens_on, lot_state, vial_state

DAY = date(2026, 5, 22)


def release(vial: str, participant: str, on: date = DAY, coi: str = "") -> VialRelease:
    """A vial for a person."""
    return VialRelease(
        vial=vial, participant=participant, coi_id=coi or f"COI-{participant}", on=on, by_whom="Ito"
    )


def dosing(participant: str, *vials: str, on: date = DAY, cells: int = 2_000_000) -> Dosing:
    """What was given."""
    return Dosing(
        participant=participant, on=on, vials=vials, cells_given=cells, cells_planned=2_000_000
    )


def test_the_chain_from_donor_to_person_holds(any_desk: Any) -> None:
    """Every step is there, and the vial's state says where it went."""
    any_desk.enrol("P01")
    any_desk.stock()
    any_desk.treat("P01", "L1-V1", DAY)
    picture = any_desk.store.picture()
    given = picture.of("dosing", "P01")[0].body
    vial = picture.named("vial", given.vials[0]).body
    lot = picture.named("lot", vial.lot).body
    line = picture.named("line", lot.line).body
    assert picture.named("donor", line.donor) is not None
    assert vial_state(picture, "L1-V1") == "given to P01"
    assert vial_state(picture, "L1-V2") == "stored"
    assert lot_state(picture, "L1") == "released"
    assert verify(any_desk.store).sound


@pytest.mark.parametrize("decision", [None, "quarantined", "failed", "recalled"])
def test_a_lot_that_is_not_released_is_never_given(any_desk: Any, decision: str | None) -> None:
    """Whatever it is else: made, in quarantine, failed or recalled after its release."""
    any_desk.enrol("P01")
    any_desk.stock(release=decision == "recalled")
    maker = any_desk.as_(Role.MANUFACTURER)
    any_desk.clock.at(DAY)
    if decision is not None:
        maker.add(LotDecision(lot="L1", on=date(2026, 5, 20), decision=decision, by_whom="QA"))
    state = decision or "made"
    with pytest.raises(RuleError, match=f"lot L1, which is {state}, not released"):
        any_desk.as_(Role.PHARMACIST).add(release("L1-V1", "P01"))
    with pytest.raises(RuleError, match="not released to P01"):
        any_desk.investigator.add(dosing("P01", "L1-V1"))


def test_a_lot_recalled_between_release_and_operation_is_not_given(desk: Any) -> None:
    """The vial was set aside already."""
    desk.enrol("P01")
    desk.stock()
    desk.clock.at(DAY)
    desk.as_(Role.PHARMACIST).add(release("L1-V1", "P01"))
    desk.as_(Role.MANUFACTURER).add(
        LotDecision(lot="L1", on=DAY, decision="recalled", by_whom="QA")
    )
    with pytest.raises(RuleError, match="recalled"):
        desk.investigator.add(dosing("P01", "L1-V1"))


def test_two_releases_of_one_vial_are_refused(any_desk: Any) -> None:
    """To another person, and to the same one."""
    any_desk.enrol("P01")
    any_desk.enrol("P02")
    any_desk.stock()
    any_desk.clock.at(DAY)
    pharmacist = any_desk.as_(Role.PHARMACIST)
    made = pharmacist.add(release("L1-V1", "P01"))
    for who in ("P02", "P01"):
        with pytest.raises(InputError, match="released to P01: it cannot be released again"):
            pharmacist.add(release("L1-V1", who))
    with pytest.raises(InputError, match="may not change: vial release"):
        pharmacist.void(made.entity, "a mistake")


def test_a_lot_is_released_on_passed_tests_only(desk: Any) -> None:
    """No test, a failed test, a test repeated and passed, then the final states."""
    desk.stock(release=False)
    maker = desk.as_(Role.MANUFACTURER)
    decide = LotDecision(lot="L1", on=date(2026, 4, 20), decision="released", by_whom="QA")
    with pytest.raises(RuleError, match="no release test"):
        maker.add(decide)
    test = {
        "lot": "L1",
        "on": date(2026, 4, 2),
        "test": "viability",
        "result": "61%",
        "limit": "70%",
    }
    maker.add(LotTest(passed=False, **test))
    with pytest.raises(RuleError, match="failed viability"):
        maker.add(decide)
    maker.add(LotTest(passed=True, **{**test, "result": "88%"}))
    maker.add(decide)
    maker.add(decide.model_copy(update={"decision": "failed"}))
    with pytest.raises(RuleError, match="that is final"):
        maker.add(decide)


def test_the_chain_has_no_loose_ends(desk: Any) -> None:
    """A line without donor, a lot without line, a vial without lot, an expired lot, a broken cold chain."""
    maker = desk.as_(Role.MANUFACTURER)
    made, later = date(2026, 4, 1), date(2028, 4, 1)
    with pytest.raises(RuleError, match="no donor D9"):
        maker.add(Line(line="C9", donor="D9"))
    with pytest.raises(RuleError, match="no line C9"):
        maker.add(Lot(lot="L9", line="C9", made_on=made, expires_on=later))
    with pytest.raises(RuleError, match="no lot L9"):
        maker.add(Vial(vial="V9", lot="L9", cells=1))
    desk.stock()
    with pytest.raises(ConflictError, match="lot:L1 was entered already by manufacturer"):
        maker.add(Lot(lot="L1", line="C1", made_on=made, expires_on=later))
    desk.enrol("P01")
    desk.clock.at(DAY)
    hand_over = {"vial": "L1-V1", "on": DAY, "where": "Theatre 2", "gave": "Ito"}
    pharmacist = desk.as_(Role.PHARMACIST)
    with pytest.raises(RuleError, match="two people"):
        pharmacist.add(Custody(event="received", took="Ito", **hand_over))
    pharmacist.add(
        Custody(event="received", took="Abe", temperature_c=-60.0, in_range=False, **hand_over)
    )
    with pytest.raises(RuleError, match="cold chain of vial L1-V1 broke"):
        pharmacist.add(release("L1-V1", "P01"))


def test_the_gate_of_the_design_holds_people_back(desk: Any) -> None:
    """After each cohort of three treatment pauses for 91 days and until the board has opened the gate."""
    desk.stock(vials=5)
    for number in range(1, 6):
        desk.enrol(f"P0{number}")
    for number in range(1, 4):
        desk.treat(f"P0{number}", f"L1-V{number}", DAY)
    pharmacist = desk.as_(Role.PHARMACIST)
    with pytest.raises(RuleError, match="gate is shut after 3 people"):
        pharmacist.add(release("L1-V4", "P04"))
    desk.as_(Role.BOARD).add(Decision(on=DAY, by_whom="Board", what="open the gate"))
    with pytest.raises(RuleError, match="shut until 2026-08-21"):
        pharmacist.add(release("L1-V4", "P04"))
    later = date(2026, 8, 21)
    desk.clock.at(later)
    pharmacist.add(release("L1-V4", "P04", later))
    assert gate_opens_on(desk.store.picture()) == date.min


def test_more_cells_than_there_were_and_a_wrong_coi_are_refused(desk: Any) -> None:
    """The vial holds two million cells; the chain of identity belongs to one person."""
    desk.stock(vials=3)
    desk.enrol("P01")
    desk.enrol("P02")
    desk.clock.at(DAY)
    pharmacist = desk.as_(Role.PHARMACIST)
    pharmacist.add(release("L1-V1", "P01"))
    with pytest.raises(RuleError, match="belongs to somebody else"):
        pharmacist.add(release("L1-V2", "P02", coi="COI-P01"))
    with pytest.raises(RuleError, match="has the chain of identity COI-P01 already"):
        pharmacist.add(release("L1-V2", "P01", coi="COI-NEW"))
    with pytest.raises(RuleError, match=r"3,000,000 cells were not in these vials \(2,000,000\)"):
        desk.investigator.add(dosing("P01", "L1-V1", cells=3_000_000))


LOTS = st.sampled_from(["L1", "L2"])
VIALS = st.sampled_from(["L1-V1", "L1-V2", "L2-V1", "L2-V2"])
PEOPLE = st.sampled_from(["P01", "P02", "P03"])
STATES = st.sampled_from(["released", "failed", "quarantined", "recalled"])


class LotMachine(RuleBasedStateMachine):
    """Anything in any order: what the store accepts must agree with a plain model of lots and vials."""

    desk: Any = None
    pattern: Any = None
    done = Bundle("done")

    @initialize()
    def begin(self) -> None:
        """Two lots of two vials and three people in the trial."""
        type(self).desk = type(self).pattern()
        self.lots: dict[str, list[str]] = {"L1": [], "L2": []}
        self.released: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.discarded: set[str] = set()

    def _state(self, lot: str) -> str:
        final = [one for one in self.lots[lot] if one in ("failed", "recalled")]
        return (final or self.lots[lot] or ["made"])[-1]

    def _tried(self, role: Role, body: Any, allowed: bool) -> bool:
        try:
            self.desk.as_(role).add(body)
        except InputError:
            assert not allowed, f"refused although the model allows it: {body}"
            return False
        assert allowed, f"accepted although the model forbids it: {body}"
        return True

    @rule(lot=LOTS, decision=STATES)
    def decide(self, lot: str, decision: str) -> None:
        """Failed and recalled are final."""
        body = LotDecision(lot=lot, on=DAY, decision=decision, by_whom="QA")
        if self._tried(Role.MANUFACTURER, body, self._state(lot) not in ("failed", "recalled")):
            self.lots[lot].append(decision)

    @rule(vial=VIALS, who=PEOPLE)
    def set_aside(self, vial: str, who: str) -> None:
        """Released lot, vial still there, and nobody else's."""
        free = vial not in self.released and vial not in self.discarded
        allowed = free and self._state(vial[:2]) == "released"
        if self._tried(Role.PHARMACIST, release(vial, who), allowed):
            self.released[vial] = who

    @rule(vial=VIALS, who=PEOPLE)
    def give(self, vial: str, who: str) -> None:
        """Only what was released to this person, once, while the lot is released."""
        allowed = (
            self.released.get(vial) == who
            and vial not in self.given
            and vial not in self.discarded
            and self._state(vial[:2]) == "released"
        )
        if self._tried(Role.INVESTIGATOR, dosing(who, vial), allowed):
            self.given[vial] = who

    @rule(vial=VIALS)
    def discard(self, vial: str) -> None:
        """What was given or discarded already cannot be discarded."""
        event = {"vial": vial, "on": DAY, "where": "Lab", "gave": "Ito", "took": "Abe"}
        allowed = vial not in self.given and vial not in self.discarded
        if self._tried(Role.PHARMACIST, Custody(event="discarded", **event), allowed):
            self.discarded.add(vial)

    @invariant()
    def nothing_impossible_was_given(self) -> None:
        """Every vial given was released to that person, and no vial twice."""
        if self.desk is None or not hasattr(self, "lots"):
            return
        picture = self.desk.store.picture()
        given = [(vial, one.subject) for one in picture.of("dosing") for vial in one.body.vials]
        assert dict(given) == self.given
        assert len(given) == len(self.given)
        owners = {one.body.vial: one.subject for one in picture.of("vial_release")}
        assert owners == self.released

    def teardown(self) -> None:
        """The trail holds at the end, whatever was tried."""
        if self.desk is not None:
            assert verify(self.desk.store).sound
            self.desk.store.close()


def test_lots_and_vials_in_any_order(copied_desk: Any) -> None:
    """A stateful property test against a plain model."""

    def pattern(desk: Any) -> None:
        desk.stock("L1")
        desk.stock("L2")
        for lot in ("L1", "L2"):
            assert lot_state(desk.store.picture(), lot) == "released"
        for who in ("P01", "P02", "P03"):
            desk.enrol(who)
        desk.clock.at(DAY)

    make = copied_desk(pattern)

    class Machine(LotMachine):
        """The machine on copies of this pattern."""

    Machine.pattern = staticmethod(make)
    original = Machine.begin

    def begin(self: Any) -> None:
        original(self)
        self.lots = {"L1": ["released"], "L2": ["released"]}

    Machine.begin = initialize()(begin)
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Machine, settings=settings(max_examples=15, stateful_step_count=12, deadline=None)
    )
