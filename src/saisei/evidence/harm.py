"""What the safety record of a study excludes, by person and by person-time.

Takes a study document; gives, for every kind of harm that it counts, the exact one-sided upper limit of
the risk and of the rate. People that the record does not count stay unknown: silence is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from saisei.evidence.intervals import clopper_pearson
from saisei.evidence.safety import upper_limit, upper_rate
from saisei.params import parameter
from saisei.study import Study

__all__ = ["HarmLimit", "ZeroEventLimit", "harm_limits", "zero_event_limits"]


@dataclass(frozen=True, slots=True)
class HarmLimit:
    """One kind of harm in one arm.

    Attributes:
        arm, role, kind, what: as the document names them; the role is treated, control or context.
        people, n: people harmed of people seen; `people` is None when the record does not say.
        events: number of events, where given.
        risk_upper: exact one-sided 95% upper limit of the risk; None when `people` is unknown.
        risk_interval: two-sided 95% Clopper-Pearson interval; None likewise.
        person_years: time under observation, where given or derived.
        rate_upper: exact one-sided 95% upper limit of the rate per person-year.
        mark: recalled, low confidence, or empty.
    """

    arm: str
    role: str
    kind: str
    what: str
    people: int | None
    n: int | None
    events: int | None
    risk_upper: float | None
    risk_interval: tuple[float, float] | None
    person_years: float | None
    rate_upper: float | None
    mark: str
    note: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZeroEventLimit:
    """What no event among n people excludes."""

    n: int
    upper: float


def harm_limits(study: Study) -> tuple[HarmLimit, ...]:
    """Exact limits for every kind of harm that the study counts, in the order of the document.

    >>> from saisei.study import load
    >>> first = harm_limits(load("keio-2025"))[0]
    >>> (first.people, first.n, round(first.risk_upper, 3), round(first.rate_upper, 3))
    (0, 4, 0.527, 0.749)
    """
    found = []
    for one in study.adverse_events:
        people, n, events = one.people.value, one.n.value, one.events.value
        years = one.person_years.value
        seen = people is not None and n is not None and n > 0
        count = events if events is not None else people
        interval = clopper_pearson(people, n) if seen and people is not None and n else None
        found.append(
            HarmLimit(
                arm=study.arm(one.arm).name,
                role=study.arm(one.arm).role.value,
                kind=one.kind.value,
                what=one.what,
                people=people,
                n=n,
                events=events,
                risk_upper=upper_limit(people, n) if seen and people is not None and n else None,
                risk_interval=(interval.lower, interval.upper) if interval else None,
                person_years=years,
                rate_upper=upper_rate(count, years) if count is not None and years else None,
                mark=study.mark(one.people) or study.mark(one.n),
                note=one.note or "",
                source=tuple(one.people.source or one.n.source),
            )
        )
    return tuple(found)


def zero_event_limits(n_here: int | None = None) -> tuple[ZeroEventLimit, ...]:
    """What no event excludes at the house's sizes, and at this study's size.

    >>> [round(100 * one.upper, 1) for one in zero_event_limits()]
    [52.7, 39.3, 25.9, 13.9, 4.9]
    """
    sizes = parameter("evidence.zero_event_sizes").value
    assert isinstance(sizes, tuple)
    wanted = sorted({int(n) for n in sizes} | ({n_here} if n_here else set()))
    return tuple(ZeroEventLimit(n, upper_limit(0, n)) for n in wanted)
