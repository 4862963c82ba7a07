"""Interim looks of monitored analyses on the records: which are reached, and what their bounds say.

A look is read on the first people, in the order in which they were treated (controls: allocated), whose
primary outcome will not change any more. In one arm the counts are part of the alarm. In two arms they would
tell everybody who reads the monitoring how the arms compare: there the alarm only says that the look is due,
and the reading belongs to the closed part of the board's pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from saisei.design.document.analysis_monitored import MONITORED, GroupSequential
from saisei.design.document.plan import Role
from saisei.design.document.schema import DesignDocument
from saisei.design.engines_two_arms import pooled_z
from saisei.design.fixed_monitored import count_bounds, sequential_looks, sequential_plan
from saisei.trial.alarms import Alarm, Urgency
from saisei.trial.outcomes import converted, outcome_of
from saisei.trial.people import Person
from saisei.trial.picture import Picture
from saisei.trial.rules import halted

__all__ = ["LookReading", "look_alarms", "look_readings"]

_FUTILITY, _SUCCESS = "futility", "success"
_ANSWERS = ("continue", "stop")


@dataclass(frozen=True, slots=True)
class LookReading:
    """One interim look that is reached.

    Attributes:
        look: counted from 1.
        treated, controls: people it is read on; no controls in one arm.
        treated_converted, controls_converted: of them.
        z: the pooled z of two arms; None in one.
        stop_at, succeed_at: the bounds, on converters in one arm and on z in two; None where there is none.
        crossed: `futility`, `success`, or empty.
        reached_on: day from which the outcomes of all of them were final.
    """

    look: int
    treated: int
    controls: int
    treated_converted: int
    controls_converted: int
    z: float | None
    stop_at: float | None
    succeed_at: float | None
    crossed: str
    reached_on: date

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "reached_on": self.reached_on.isoformat()}


def look_readings(persons: Sequence[Person], design: DesignDocument) -> list[LookReading]:
    """The looks before the last that are reached, in their order.

    One arm ends where a bound is crossed; of two arms all are told, since the board may go on past a bound.
    """
    found = []
    for one in _readings(persons, design):
        found.append(one)
        if one.crossed and one.z is None:
            break
    return found


def _readings(persons: Sequence[Person], design: DesignDocument) -> Iterator[LookReading]:
    analysis = design.analysis
    treated = _known([one for one in persons if one.treated_on is not None], design)
    if isinstance(analysis, MONITORED):
        bounds = count_bounds(analysis, design.n_treated)
        rows = zip(bounds.looks, bounds.stop_at_most, bounds.succeed_at_least, strict=True)
        for k, (n, most, least) in enumerate(list(rows)[:-1], 1):
            if len(treated) < n:
                return
            y, on = _count(treated[:n])
            crossed = _FUTILITY if y <= most else _SUCCESS if y >= least else ""
            stop_at, succeed_at = most if most >= 0 else None, least if least <= n else None
            yield LookReading(k, n, 0, y, 0, None, stop_at, succeed_at, crossed, on)
    elif isinstance(analysis, GroupSequential):
        keys = {arm.key for arm in design.arms if arm.role is Role.CONTROL}
        controls = _known([one for one in persons if one.arm in keys], design)
        looks = sequential_looks(analysis, design.n_treated, design.n_control)
        plan = sequential_plan(analysis, design.n_treated, design.n_control)
        for k, (n, m) in enumerate(looks[:-1]):
            if len(treated) < n or len(controls) < m:
                return
            (x, one_on), (y, other_on) = _count(treated[:n]), _count(controls[:m])
            z = float(pooled_z(n, m)[x, y])
            low = None if plan.futility is None else plan.futility[k]
            stop = low is not None and z < low
            crossed = _SUCCESS if z >= plan.upper[k] else _FUTILITY if stop else ""
            on = max(one_on, other_on)
            yield LookReading(k + 1, n, m, x, y, z, low, plan.upper[k], crossed, on)


def _count(read: Sequence[tuple[bool, date]]) -> tuple[int, date]:
    """How many converted, and the day on which the last outcome became final."""
    return sum(y for y, _ in read), max(on for _, on in read)


def _known(group: Sequence[Person], design: DesignDocument) -> list[tuple[bool, date]]:
    """Whether each converted and since when that is final, of those where it is; the first people first."""
    order = sorted(
        group, key=lambda one: (one.treated_on or one.day_zero or one.followed_to, one.id)
    )
    outcomes = [(one, outcome_of(one, design)) for one in order]
    return [
        (converted(outcome, design) is True, _final_on(one, design))
        for one, outcome in outcomes
        if outcome.final
    ]


def _final_on(person: Person, design: DesignDocument) -> date:
    """The day of the primary exam, or of what made it certain that none will come."""
    exam = person.exams.get(design.endpoint.visit)
    if exam is not None:
        day: date = exam.body.on
        return day
    due = next((one.due for one in person.visits if one.key == design.endpoint.visit), None)
    return person.died_on or person.left_on or due or person.followed_to


def look_alarms(persons: Sequence[Person], picture: Picture) -> Iterator[Alarm]:
    """What the looks ask for."""
    design = picture.design
    readings = look_readings(persons, design)
    if not readings:
        return
    stopped = halted(picture) == "stop"  # a trial that is over has been acted on
    if isinstance(design.analysis, GroupSequential):
        yield _due(readings[-1], picture, stopped)
        return
    last = readings[-1]
    counts = f"{last.treated_converted} of the first {last.treated} converted (look {last.look})"
    numbers = {"converted": last.treated_converted, "people": last.treated, "look": last.look}
    if not last.crossed:
        yield Alarm("interim look", Urgency.NOTE, counts, "go on", numbers=numbers)
        return
    bound, beyond, then = last.stop_at, "fewer", design.decision.failure
    if last.crossed == _SUCCESS:
        bound, beyond, then = last.succeed_at, "more", design.decision.success
    yield Alarm(
        f"interim: {last.crossed}", Urgency.NOTE if stopped else Urgency.ACT,
        f"{counts}; the design ends the trial at {bound:g} or {beyond}", then,
        numbers={**numbers, "bound": bound},
    )  # fmt: skip


def _due(last: LookReading, picture: Picture, stopped: bool) -> Alarm:
    """A look of two arms: due until the board has answered it. Nothing of the arms is told here."""
    answered = stopped or any(
        one.body.what in _ANSWERS and one.body.on >= last.reached_on
        for one in picture.of("decision")
    )
    where = (
        f"look {last.look}: the outcomes of {last.treated} treated people and {last.controls} controls are"
        f" known since {last.reached_on}"
    )
    numbers = {"look": last.look, "answered": answered}
    if answered:
        return Alarm("interim look", Urgency.NOTE, f"{where}; the board has answered", "go on",
                     numbers=numbers)  # fmt: skip
    return Alarm(
        "interim look due", Urgency.ACT, where,
        "the board meets over the closed part of its pack and enters its decision: continue, or stop",
        numbers=numbers,
    )  # fmt: skip
