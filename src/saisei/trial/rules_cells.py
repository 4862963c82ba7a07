"""The rules of cells: donor, line, lot, vial, person. A failed or unreleased lot can never be given."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from saisei.design.document.plan import Gate, Role
from saisei.design.schedule import shuts_after
from saisei.errors import RuleError
from saisei.trial.kinds_cells import (
    AdverseEvent,
    Custody,
    Dosing,
    Line,
    Lot,
    LotDecision,
    LotTest,
    Vial,
    VialRelease,
)
from saisei.trial.picture import Picture
from saisei.trial.record import Record
from saisei.trial.rules import Rules, Situation, halted, person, require_consent

__all__ = ["CELL_RULES", "gate_opens_on", "lot_state", "vial_state"]

_FINAL = ("failed", "recalled")


def lot_state(picture: Picture, lot: str, on: date | None = None) -> str:
    """What the decisions on a lot make of it: `made` before the first one, then the latest.

    Args:
        picture: the store.
        lot: its id.
        on: only decisions up to this day count; all when left out.
    """
    taken = [one for one in picture.of("lot_decision") if one.body.lot == lot]
    if on is not None:
        taken = [one for one in taken if one.on is not None and one.on <= on]
    # By entry, not by day: whoever enters a failure late must not be overruled by an earlier release.
    final = [one for one in taken if one.body.decision in _FINAL]
    counts = final or taken
    return str(counts[-1].body.decision) if counts else "made"


def vial_state(picture: Picture, vial: str) -> str:
    """Where a vial stands: `stored`, `released to P01`, `given to P01` or `discarded`."""
    for one in picture.of("dosing"):
        if vial in one.body.vials:
            return f"given to {one.subject}"
    events = [one.body.event for one in picture.of("custody") if one.body.vial == vial]
    if "discarded" in events:
        return "discarded"
    release, _ = picture.holder("vial_release", f"vial_release:{vial}")
    return "stored" if release is None else f"released to {release.subject}"


def _named(picture: Picture, kind: str, id: str) -> Record[Any]:
    found = picture.named(kind, id)
    if found is None:
        raise RuleError(
            f"there is no {kind} {id}: enter it first, so that the chain of identity holds"
        )
    return found


def _line(body: Line, situation: Situation) -> None:
    _named(situation.picture, "donor", body.donor)


def _lot(body: Lot, situation: Situation) -> None:
    _named(situation.picture, "line", body.line)
    if body.expires_on <= body.made_on:
        raise RuleError(
            f"lot {body.lot} would expire on {body.expires_on}, not after {body.made_on}"
        )


def _lot_test(body: LotTest, situation: Situation) -> None:
    _named(situation.picture, "lot", body.lot)


def _lot_decision(body: LotDecision, situation: Situation) -> None:
    picture = situation.picture
    lot = _named(picture, "lot", body.lot).body
    state = lot_state(picture, body.lot)
    if state in _FINAL:
        raise RuleError(f"lot {body.lot} is {state}, and that is final")
    if body.decision != "released":
        return
    latest = {one.body.test: one.body for one in picture.of("lot_test") if one.body.lot == body.lot}
    if not latest:
        raise RuleError(f"lot {body.lot} has no release test: enter the tests first")
    failed = [name for name, one in latest.items() if not one.passed]
    if failed:
        raise RuleError(f"lot {body.lot} failed {', '.join(failed)}: it cannot be released")
    if body.on > lot.expires_on:
        raise RuleError(f"lot {body.lot} expired on {lot.expires_on}")


def _vial(body: Vial, situation: Situation) -> None:
    _named(situation.picture, "lot", body.lot)
    if situation.before is not None and situation.before.body.lot != body.lot:
        raise RuleError("a vial cannot change its lot: enter the right vial under its own id")


def _custody(body: Custody, situation: Situation) -> None:
    _named(situation.picture, "vial", body.vial)
    state = vial_state(situation.picture, body.vial)
    if situation.before is None and state.startswith(("given", "discarded")):
        raise RuleError(f"vial {body.vial} is {state}: nothing can happen to it any more")
    if body.gave == body.took and body.event in ("shipped", "received"):
        raise RuleError("a hand-over needs two people: who gave and who took")


def _require_usable(picture: Picture, vial: Record[Any], on: date) -> None:
    lot = _named(picture, "lot", vial.body.lot).body
    for state in (lot_state(picture, lot.lot, on), lot_state(picture, lot.lot)):
        if state != "released":
            raise RuleError(
                f"vial {vial.body.vial} is of lot {lot.lot}, which is {state}, not released"
            )
    if on > lot.expires_on:
        raise RuleError(
            f"vial {vial.body.vial} is of lot {lot.lot}, which expired on {lot.expires_on}"
        )
    broken = [
        one
        for one in picture.of("custody")
        if one.body.vial == vial.body.vial and not one.body.in_range
    ]
    if broken:
        raise RuleError(f"the cold chain of vial {vial.body.vial} broke on {broken[0].happened}")


def _vial_release(body: VialRelease, situation: Situation) -> None:
    picture, who = situation.picture, body.participant
    vial = _named(picture, "vial", body.vial)
    state = vial_state(picture, body.vial)
    if state != "stored":
        raise RuleError(f"vial {body.vial} is {state}: it cannot be released again")
    _require_usable(picture, vial, body.on)
    _require_may_be_treated(picture, who, body.on)
    for one in picture.of("vial_release"):
        if one.body.coi_id == body.coi_id and one.subject != who:
            raise RuleError(f"the chain of identity {body.coi_id} belongs to somebody else")
        if one.subject == who and one.body.coi_id != body.coi_id:
            raise RuleError(f"{who} has the chain of identity {one.body.coi_id} already")
    opens = gate_opens_on(picture, who)
    if isinstance(opens, str):
        raise RuleError(opens)
    if body.on < opens:
        raise RuleError(f"the gate of the design is shut until {opens}: nobody is treated before")


def _require_may_be_treated(picture: Picture, who: str, on: date) -> None:
    person(picture, who)
    require_consent(picture, who, on)
    state = halted(picture)
    if state:
        raise RuleError(f"the trial is on {state}: no vial is released until it resumes")
    allocation = next(iter(picture.of("allocation", who)), None)
    if allocation is None:
        raise RuleError(f"{who} has no arm yet: enter the allocation first")
    roles = {arm.key: arm.role for arm in picture.design.arms}
    if roles.get(allocation.body.arm) is not Role.TREATED:
        raise RuleError(f"{who} is in arm {allocation.body.arm}, which gets no cells")
    if picture.of("withdrawal", who) or picture.of("death", who):
        raise RuleError(f"{who} has left the treatment")


def gate_opens_on(picture: Picture, who: str | None = None) -> date | str:
    """From which day the next person may be treated, or why it depends on the board.

    Counts everybody for whom a vial was released as treated; somebody already among them may go on.

    Args:
        picture: the store.
        who: the person to be treated next.
    """
    plan = picture.design.staggering
    days: dict[str, date] = {}
    for one in picture.of("vial_release"):
        days[one.subject] = max(one.body.on, days.get(one.subject, one.body.on))
    for one in picture.of("dosing"):
        days[one.subject] = one.body.on
    if not days or plan.gate is Gate.NONE or who in days:
        return date.min
    last = max(days.values())
    if not shuts_after(plan.gate, len(days), plan.cohort):
        return date.min
    opens = last + timedelta(days=plan.interval_days or 0.0)
    if plan.review is None:
        return opens
    opened: list[date] = [
        one.body.on
        for one in picture.of("decision")
        if one.body.what == "open the gate" and one.body.on >= last
    ]
    if not opened:
        return (
            f"the gate is shut after {len(days)} people, the last on {last}: {plan.review};"
            " enter the decision to open the gate first"
        )
    return max(opens, min(opened))


def _dosing(body: Dosing, situation: Situation) -> None:
    picture, who = situation.picture, body.participant
    require_consent(picture, who, body.on)
    if len(set(body.vials)) != len(body.vials):
        raise RuleError("a vial stands twice in one dosing")
    cells = 0
    own = None if situation.before is None else situation.before.entity
    for key in body.vials:
        vial = _named(picture, "vial", key)
        release, _ = picture.holder("vial_release", f"vial_release:{key}")
        if release is None or release.subject != who:
            raise RuleError(f"vial {key} was not released to {who}: it cannot be given")
        if release.body.on > body.on:
            raise RuleError(f"vial {key} was released on {release.happened}, after {body.on}")
        if any(key in one.body.vials and one.entity != own for one in picture.of("dosing")):
            raise RuleError(f"vial {key} was given already")
        if "discarded" in [one.body.event for one in picture.of("custody") if one.body.vial == key]:
            raise RuleError(f"vial {key} was discarded: it cannot be given")
        if own is None:
            _require_usable(picture, vial, body.on)
        cells += vial.body.cells
    if body.cells_given > cells:
        raise RuleError(f"{body.cells_given:,} cells were not in these vials ({cells:,})")


def _adverse_event(body: AdverseEvent, situation: Situation) -> None:
    design = situation.picture.design
    names = [rule.event for rule in design.safety]
    if design.dose_finding is not None:
        names.append(design.dose_finding.event)
    if body.counts_for is not None and body.counts_for not in names:
        known = "; ".join(names) or "none"
        raise RuleError(f"no safety rule is about {body.counts_for!r}; the design has: {known}")
    if body.serious != bool(body.why_serious):
        raise RuleError("a serious event says why (why_serious), another one does not")
    if (body.grade == 5) != (body.outcome == "fatal"):
        raise RuleError("grade 5 is a fatal event, and no other is")
    if body.ended_on is not None and body.ended_on < body.on:
        raise RuleError(f"the event ends on {body.ended_on}, before it begins on {body.on}")
    if body.ended_on is not None and body.outcome == "ongoing":
        raise RuleError("an event that ended has an outcome other than ongoing")


CELL_RULES: Rules = {
    "line": _line,
    "lot": _lot,
    "lot_test": _lot_test,
    "lot_decision": _lot_decision,
    "vial": _vial,
    "custody": _custody,
    "vial_release": _vial_release,
    "dosing": _dosing,
    "adverse_event": _adverse_event,
}
