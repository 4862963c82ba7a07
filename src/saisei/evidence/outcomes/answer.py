"""Everything that can be said of a study of another condition, and what cannot."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from saisei.evidence.exact_tests import fisher_exact
from saisei.evidence.outcomes.binary import BinaryFinding, binary_findings
from saisei.evidence.outcomes.change import ChangeFinding, change_findings
from saisei.evidence.outcomes.ordinal_arms import OrdinalFinding, ordinal_findings
from saisei.study import Study
from saisei.study.conditions import ConditionDocument, condition_named
from saisei.study.schema import OwnSide, TimeToEvent
from saisei.study.schema.results import Spread

__all__ = ["OutcomeAnswer", "OwnSideFinding", "TimeFinding", "outcome_answer"]


@dataclass(frozen=True, slots=True)
class OwnSideFinding:
    """Treated side minus the untreated side of the same people; None without a spread."""

    arm: str
    visit: str
    scale: str
    n: int | None
    mean: float
    interval: tuple[float, float] | None
    p_two_sided: float | None
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeFinding:
    """People with an event by a visit, against the own control where there is one."""

    arm: str
    visit: str
    event: str
    count: int | None
    n: int
    median_months: float | None
    control_arm: str | None
    control: tuple[int, int] | None
    p_two_sided: float | None
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """All findings of a study, by kind of outcome; `cannot_say` names what the record does not allow."""

    condition: str
    known_condition: bool
    controlled: bool
    binary: tuple[BinaryFinding, ...]
    ordinal: tuple[OrdinalFinding, ...]
    changes: tuple[ChangeFinding, ...]
    own_side: tuple[OwnSideFinding, ...]
    times: tuple[TimeFinding, ...]
    cannot_say: tuple[str, ...]


def outcome_answer(study: Study, condition: ConditionDocument | None = None) -> OutcomeAnswer:
    """The answer for a study of a condition other than cord injury.

    Args:
        study: the study.
        condition: its condition; the bundled one of that name when None, or none at all.
    """
    used = condition or condition_named(study.document.condition)
    binary = binary_findings(study, used)
    ordinal = ordinal_findings(study, used)
    changes = change_findings(study, used)
    own_side = tuple(_own_side(study, row) for row in study.document.own_side)
    treated = {arm.key for arm in study.arms if arm.role.value == "treated"}
    times = tuple(_time(study, row) for row in study.document.times_to_event if row.arm in treated)
    answer = OutcomeAnswer(
        study.document.condition, used is not None, bool(study.controls), binary, ordinal,
        changes, own_side, times, (),
    )  # fmt: skip
    return OutcomeAnswer(
        answer.condition, answer.known_condition, answer.controlled, binary, ordinal, changes,
        own_side, times, tuple(_cannot_say(study, answer)),
    )  # fmt: skip


def _cannot_say(study: Study, answer: OutcomeAnswer) -> list[str]:
    said = []
    found = (answer.binary, answer.ordinal, answer.changes, answer.own_side, answer.times)
    if not answer.known_condition:
        said.append(
            f"No condition document describes {answer.condition!r}, so no natural history stands "
            "beside the result; `saisei study conditions` lists those that there are."
        )
    if not any(found):
        said.append(
            "No outcome of a treated arm is on record as counts, a distribution, a change, a slope or "
            "a time, so nothing can be tested; the claims and the safety record still stand."
        )
    if answer.controlled and not any(
        [
            *(one.control for one in answer.binary),
            *(one.beside and one.beside[0].concurrent for one in answer.ordinal),
            *(one.control for one in answer.changes),
            *(one.control for one in answer.times),
        ]
    ):
        said.append(
            "The trial has a concurrent control, but its results by arm are not on record here: the "
            "comparison that comes first cannot be repeated."
        )
    for one in answer.changes:
        if one.error is None:
            said.append(f"The spread of the change in {one.scale} ({one.arm}) is not on record.")
    return list(dict.fromkeys(said))


def _own_side(study: Study, row: OwnSide) -> OwnSideFinding:
    n = row.n.value if row.n.value is not None else study.arm(row.arm).n.value
    interval = p = None
    if row.spread is not None and n is not None and n > 1:
        factor = {Spread.SD: n**-0.5, Spread.SEM: 1.0}.get(
            row.spread_type, 1.0 / float(stats.norm.ppf(0.975))
        )
        error = row.spread * factor
        reach = float(stats.t.ppf(0.975, n - 1)) * error
        interval = (row.mean - reach, row.mean + reach)
        p = 2.0 * float(stats.t.sf(abs(row.mean) / error, n - 1)) if error else None
    name = study.arm(row.arm).name
    return OwnSideFinding(name, row.visit, row.scale, n, row.mean, interval, p, row.source)


def _time(study: Study, row: TimeToEvent) -> TimeFinding:
    controls = {arm.key for arm in study.controls}
    own = next(
        (
            one
            for one in study.document.times_to_event
            if one.arm in controls
            and one.count is not None
            and (one.event, one.visit) == (row.event, row.visit)
        ),
        None,
    )
    p = None
    if own is not None and own.count is not None and row.count is not None:
        table = [[row.count, row.n - row.count], [own.count, own.n - own.count]]
        p = fisher_exact(table).p_value
    return TimeFinding(
        study.arm(row.arm).name, row.visit, row.event, row.count, row.n, row.median_months,
        study.arm(own.arm).name if own else None,
        (own.count, own.n) if own is not None and own.count is not None else None, p, row.source,
    )  # fmt: skip
