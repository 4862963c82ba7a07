"""Interim looks of monitored analyses on the records: which are reached, and what their bounds say.

A look is read on the first people, in the order in which they were treated (controls: allocated), whose
primary outcome will not change any more. In one arm the counts are part of the alarm. In two arms they would
tell everybody who reads the monitoring how the arms compare: there the alarm only says that the look is due,
and the reading belongs to the closed part of the board's pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
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

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def look_readings(persons: Sequence[Person], design: DesignDocument) -> list[LookReading]:
    """The looks before the last that are reached, in their order; they end where a bound is crossed."""
    found = []
    for one in _readings(persons, design):
        found.append(one)
        if one.crossed:
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
            y = sum(treated[:n])
            crossed = _FUTILITY if y <= most else _SUCCESS if y >= least else ""
            yield LookReading(
                k,
                n,
                0,
                y,
                0,
                None,
                most if most >= 0 else None,
                least if least <= n else None,
                crossed,
            )
    elif isinstance(analysis, GroupSequential):
        keys = {arm.key for arm in design.arms if arm.role is Role.CONTROL}
        controls = _known([one for one in persons if one.arm in keys], design)
        looks = sequential_looks(analysis, design.n_treated, design.n_control)
        plan = sequential_plan(analysis, design.n_treated, design.n_control)
        for k, (n, m) in enumerate(looks[:-1]):
            if len(treated) < n or len(controls) < m:
                return
            x, y = sum(treated[:n]), sum(controls[:m])
            z = float(pooled_z(n, m)[x, y])
            low = None if plan.futility is None else plan.futility[k]
            stop = low is not None and z < low
            crossed = _SUCCESS if z >= plan.upper[k] else _FUTILITY if stop else ""
            yield LookReading(k + 1, n, m, x, y, z, low, plan.upper[k], crossed)


def _known(group: Sequence[Person], design: DesignDocument) -> list[bool]:
    """Whether each converted, of those whose outcome is final, the first ones first."""
    order = sorted(
        group, key=lambda one: (one.treated_on or one.day_zero or one.followed_to, one.id)
    )
    final = [one for one in order if outcome_of(one, design).final]
    return [converted(outcome_of(one, design), design) is True for one in final]


def look_alarms(persons: Sequence[Person], picture: Picture) -> Iterator[Alarm]:
    """What the looks ask for."""
    design = picture.design
    readings = list(_readings(persons, design))
    if not readings:
        return
    if isinstance(design.analysis, GroupSequential):
        yield from _due(
            readings[-1], picture
        )  # the board may go on past a bound: every look is due
        return
    last = look_readings(persons, design)[-1]
    counts = f"{last.treated_converted} of the first {last.treated} converted (look {last.look})"
    numbers = {"converted": last.treated_converted, "people": last.treated, "look": last.look}
    # a trial that is over has been acted on
    act = Urgency.NOTE if halted(picture) == "stop" else Urgency.ACT
    if last.crossed == _FUTILITY:
        yield Alarm(
            "interim: futility", act,
            f"{counts}; the design ends the trial at {last.stop_at:g} or fewer",
            design.decision.failure, numbers={**numbers, "bound": last.stop_at},
        )  # fmt: skip
    elif last.crossed == _SUCCESS:
        yield Alarm(
            "interim: success", act,
            f"{counts}; the design ends the trial at {last.succeed_at:g} or more",
            design.decision.success, numbers={**numbers, "bound": last.succeed_at},
        )  # fmt: skip
    else:
        yield Alarm("interim look", Urgency.NOTE, counts, "go on", numbers=numbers)


def _due(last: LookReading, picture: Picture) -> Iterator[Alarm]:
    """A look of two arms: due until the board has answered it. Nothing of the arms is told here."""
    answers = [one for one in picture.of("decision") if one.body.what in _ANSWERS]
    where = (
        f"look {last.look}: the outcomes of {last.treated} treated people and {last.controls} controls are"
        " known"
    )
    numbers = {"look": last.look, "answered": len(answers)}
    if len(answers) >= last.look:
        yield Alarm("interim look", Urgency.NOTE, f"{where}; the board has answered", "go on",
                    numbers=numbers)  # fmt: skip
        return
    yield Alarm(
        "interim look due", Urgency.ACT, where,
        "the board meets over the closed part of its pack and enters its decision: continue, or stop",
        numbers=numbers,
    )  # fmt: skip
