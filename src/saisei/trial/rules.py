"""What a record must respect before it is written: the person, the day, the order of things.

Each rule is a function of the new body and of the state as it is under the lock. The rules of cells stand
in `rules_cells`. A rule that fails says what would be needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from saisei.errors import RuleError
from saisei.exam.isncsci.levels import Level
from saisei.trial.canonical import canonical
from saisei.trial.kinds_base import Body
from saisei.trial.kinds_conduct import Account, Decision, DesignRecord, Query
from saisei.trial.kinds_people import (
    Allocation,
    Consent,
    Death,
    Exam,
    Participant,
    Rehabilitation,
    Screening,
)
from saisei.trial.picture import Picture
from saisei.trial.record import Record

__all__ = ["Rules", "Situation", "check", "halted", "person", "require_known_visit"]


@dataclass(frozen=True, slots=True)
class Situation:
    """The state in which a record arrives.

    Attributes:
        picture: the store as it is.
        today: day of the clock (UTC).
        before: the version that is corrected; None for a new record.
    """

    picture: Picture
    today: date
    before: Record[Any] | None = None


Rule = Callable[[Any, Situation], None]
Rules = dict[str, Rule]


def person(picture: Picture, participant: str) -> Record[Participant]:
    """The record of a person.

    Raises:
        RuleError: there is none.
    """
    found = picture.named("participant", participant)
    if found is None:
        raise RuleError(f"there is no participant {participant}: enter the participant first")
    return found


def halted(picture: Picture) -> str:
    """`pause` or `stop` when the latest such decision says so, else empty."""
    last = ""
    steps = [one for one in picture.of("decision") if one.body.what in ("pause", "resume", "stop")]
    for one in sorted(steps, key=lambda one: (one.happened, one.at)):
        if last != "stop":  # a stop is final
            last = "" if one.body.what == "resume" else one.body.what
    return last


def check(body: Body, situation: Situation) -> None:
    """Every rule that this record must respect.

    Raises:
        RuleError: one is broken; what would be needed is said.
    """
    from saisei.trial.rules_cells import CELL_RULES

    _days(body, situation)
    rule = PEOPLE_RULES.get(body.kind) or CELL_RULES.get(body.kind)
    if rule is not None:
        rule(body, situation)


def _days(body: Body, situation: Situation) -> None:
    """No day in the future, none before the injury, none after a death."""
    latest = situation.today + timedelta(days=1)  # it may be tomorrow already, east of here
    for name in (
        "on",
        "exam_on",
        "injured_on",
        "born_on",
        "ended_on",
        "until",
        "made_on",
        "reported_on",
    ):
        day = getattr(body, name, None)
        if isinstance(day, date) and day > latest:
            raise RuleError(
                f"{name} is {day}, which lies in the future (today is {situation.today})"
            )
    who = body.belongs_to
    if not who or body.kind == "participant":
        return
    one = person(situation.picture, who)
    happened = body.happened
    if happened is None:
        return
    injured = one.body.injured_on
    if happened < injured and body.kind not in ("consent", "query"):
        raise RuleError(f"{happened} lies before the injury of {who} ({injured}): mend one of them")
    death = next(iter(situation.picture.of("death", who)), None)
    seen_alive = body.kind in (
        "visit",
        "exam",
        "scale",
        "imaging",
        "drug_level",
        "dosing",
        "vial_release",
    )
    if death is not None and seen_alive and death.on is not None and happened > death.on:
        raise RuleError(f"{who} died on {death.happened}; nothing can be found on {happened}")


def _participant(body: Participant, situation: Situation) -> None:
    picture = situation.picture
    if picture.named("site", body.site) is None:
        known = ", ".join(one.body.site for one in picture.of("site")) or "none yet"
        raise RuleError(f"there is no site {body.site} (sites: {known}): enter the site first")
    if body.born_on is not None and picture.settings.birth != "date":
        raise RuleError(
            "this trial keeps the year of birth only: write birth_year (settings, birth)"
        )
    if body.birth_year is not None and not 0 <= body.injured_on.year - body.birth_year <= 120:
        raise RuleError(
            f"born in {body.birth_year}, injured on {body.injured_on}: mend one of them"
        )


def require_consent(picture: Picture, participant: str, on: date) -> None:
    """Refuse what happened to a person without consent on that day."""
    given = [
        one for one in picture.of("consent", participant) if one.on is not None and one.on <= on
    ]
    last = max(given, key=lambda one: (one.happened, one.at), default=None)
    if last is None:
        raise RuleError(f"{participant} had given no consent by {on}: enter the consent first")
    if last.body.state == "withdrawn" and last.happened < on.isoformat():
        raise RuleError(f"{participant} withdrew consent on {last.happened}")


def _consent(body: Consent, situation: Situation) -> None:
    if body.state == "withdrawn" and not situation.picture.of("consent", body.participant):
        raise RuleError(f"{body.participant} has given no consent that could be withdrawn")


def _screening(body: Screening, situation: Situation) -> None:
    require_consent(situation.picture, body.participant, body.on)
    try:
        Level.parse(body.nli)
    except ValueError:
        raise RuleError(f"{body.nli!r} is no neurological level (C1 to S4-5, INT)") from None
    failed = [one for one in body.checks if not one.met]
    failed_answers = [one.criterion for one in body.answers if not one.met]
    if body.eligible and (failed or failed_answers):
        words = "; ".join([f"{one.rule}: {one.value}" for one in failed] + failed_answers)
        raise RuleError(f"{body.participant} cannot be eligible: {words}")
    asked = set(situation.picture.settings.criteria)
    given = {one.criterion for one in body.answers}
    if body.eligible and asked - given:
        raise RuleError(f"{body.participant}: no answer to {'; '.join(sorted(asked - given))}")


def _allocation(body: Allocation, situation: Situation) -> None:
    picture, who = situation.picture, body.participant
    require_consent(picture, who, body.on)
    screening = next(iter(picture.of("screening", who)), None)
    if screening is None or not screening.body.eligible:
        raise RuleError(f"{who} has not been found eligible: enter the screening first")
    state = halted(picture)
    if state and situation.before is None:
        raise RuleError(f"the trial is on {state}: nobody is allocated until it resumes")
    arms = {arm.key: arm for arm in picture.design.arms}
    if body.arm not in arms:
        raise RuleError(f"the design has no arm {body.arm}; its arms are {', '.join(arms)}")
    others = [
        one for one in picture.of("allocation") if one.body.arm == body.arm and one.subject != who
    ]
    if picture.design.dose_finding is None and len(others) >= arms[body.arm].n:
        raise RuleError(f"arm {body.arm} is full: the design has {arms[body.arm].n} people in it")


def require_known_visit(picture: Picture, visit: str) -> None:
    """Refuse a visit that the design does not have."""
    known = ["baseline", *(one.key for one in picture.design.visits)]
    if visit not in known and not visit.startswith("unscheduled-"):
        raise RuleError(
            f"the design has no visit {visit}; it has {', '.join(known)}, and unscheduled-1 and so on"
        )


def _at_visit(body: Any, situation: Situation) -> None:
    require_consent(situation.picture, body.participant, body.on)
    require_known_visit(situation.picture, body.visit)


def _exam(body: Exam, situation: Situation) -> None:
    _at_visit(body, situation)
    if body.grades is None:
        raise RuleError("an exam is graded when it is entered: use Session.add")


def _rehabilitation(body: Rehabilitation, situation: Situation) -> None:
    require_consent(situation.picture, body.participant, body.on)
    days = (body.until - body.on).days + 1
    if days < 1:
        raise RuleError(f"the stretch ends on {body.until}, before it begins on {body.on}")
    if body.hours > 24 * days:
        raise RuleError(f"{body.hours:g} hours do not fit into {days} days")


def _with_consent(body: Any, situation: Situation) -> None:
    require_consent(situation.picture, body.participant, body.on)


def _death(body: Death, situation: Situation) -> None:
    kinds = ("visit", "exam", "imaging", "dosing")
    for kind in kinds:
        for one in situation.picture.of(kind, body.participant):
            if (
                one.on is not None
                and one.on > body.on
                and getattr(one.body, "state", "") != "missed"
            ):
                raise RuleError(
                    f"{body.participant} has a {kind} on {one.happened}, after {body.on}"
                )


def _decision(body: Decision, situation: Situation) -> None:
    arms = [arm.key for arm in situation.picture.design.arms]
    if body.arm is not None and body.arm not in arms:
        raise RuleError(f"the design has no arm {body.arm}; its arms are {', '.join(arms)}")
    if body.what == "choose the dose" and body.arm is None:
        raise RuleError("a choice of the dose names the arm")


def _query(body: Query, situation: Situation) -> None:
    if body.state != "open" and situation.before is None:
        raise RuleError("a query begins open")
    if not situation.picture.find(body.about):
        raise RuleError(f"there is no record {body.about} to ask about")


def _design(body: DesignRecord, situation: Situation) -> None:
    """A document that is sound, is the one that its digest names, and amends the one in force."""
    from saisei.design.document import parse_design, require_amendment

    document = parse_design(canonical(body.document), "the design")
    if document.digest != body.digest:
        raise RuleError(f"the digest of the design is {document.digest}, not {body.digest}")
    if situation.before is not None:
        require_amendment(situation.picture.design, document)


def _account(body: Account, situation: Situation) -> None:
    from saisei.trial.access import require_roles

    require_roles(body.roles)
    known = {one.body.site for one in situation.picture.of("site")} | {"*"}
    strangers = [site for site in body.sites if site not in known]
    if strangers:
        raise RuleError(f"there is no site {', '.join(strangers)}: enter the site first")


PEOPLE_RULES: Rules = {
    "participant": _participant,
    "consent": _consent,
    "screening": _screening,
    "allocation": _allocation,
    "visit": _at_visit,
    "exam": _exam,
    "scale": _at_visit,
    "imaging": _at_visit,
    "drug_level": _with_consent,
    "rehabilitation": _rehabilitation,
    "death": _death,
    "decision": _decision,
    "query": _query,
    "account": _account,
    "design": _design,
}
