"""One row of numbers for a design, so that designs can be set side by side and searched.

Every number comes from the same functions as the full evaluation; what does not differ between designs
of the same document is left out. No number here is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from saisei.design.confirmation import courses, registry_stage
from saisei.design.document.safety import ZeroEvents
from saisei.design.document.schema import DesignDocument
from saisei.design.fixed import Design, fix
from saisei.design.safety_plan import onset_of
from saisei.design.schedule import expected_exposed, schedule_of
from saisei.design.truth import Truth
from saisei.evidence.safety import upper_limit
from saisei.params import value

__all__ = ["MEASURES", "Measure", "Measures", "measure", "measure_fixed", "worthwhile"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What one measure is: its label, its unit, and whether less of it is better."""

    label: str
    unit: str
    less_is_better: bool


MEASURES: dict[str, Measure] = {
    "people": Measure("people in all arms", "people", True),
    "treated": Measure("people treated", "people", True),
    "control": Measure("people in the control arm", "people", True),
    "eligible": Measure("eligible people taken up: enrolled, or turned away", "people", True),
    "turned_away": Measure("of them turned away at a shut gate, at most", "people", True),
    "months": Measure("months to the primary result", "months", True),
    "months_end": Measure("months to the end of safety follow-up", "months", True),
    "person_years": Measure("person-years of safety follow-up", "years", False),
    "exposed": Measure("treated before the first late harm is seen, if at the rate", "people", True),
    "harm_limit": Measure("rate of that harm that no event still allows", "probability", True),
    "type1": Measure("type I error, highest over the plausible range", "probability", True),
    "type1_at": Measure("natural rate where it is highest", "probability", True),
    "type1_average": Measure("type I error, averaged over nature", "probability", True),
    "power": Measure("power at the worthwhile effect, middle natural rate", "probability", False),
    "power_least": Measure("power at that effect, least over the range", "probability", False),
    "assurance": Measure("assurance: success as the planners believe", "probability", False),
    "true_share": Measure("share of successes that stand for a benefit", "probability", False),
    "confirmed": Measure("approved and confirmed at that effect", "probability", False),
    "confirmed_type1": Measure("approved and confirmed without an effect, highest", "probability", True),
    "months_confirmed": Measure("months to the result of the registry", "months", True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measures:
    """The numbers of one design; a measure that its document gives no ground for is None.

    Attributes follow `MEASURES`, in its order.
    """

    people: int
    treated: int
    control: int
    eligible: float
    turned_away: float
    months: float
    months_end: float
    person_years: float
    exposed: float | None
    harm_limit: float | None
    type1: float
    type1_at: float
    type1_average: float
    power: float
    power_least: float
    assurance: float | None
    true_share: float | None
    confirmed: float | None
    confirmed_type1: float | None
    months_confirmed: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        """Plain values by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def worthwhile(document: DesignDocument) -> float:
    """The true odds ratio at which a design's power is compared: its worthwhile one, or the house's."""
    prior = document.design_prior
    if prior is None or prior.worthwhile_odds_ratio is None:
        return float(value("design.search_odds_ratio"))
    return float(prior.worthwhile_odds_ratio)


def measure(document: DesignDocument) -> Measures:
    """The measures of a design document, read and checked.

    >>> from saisei.design.document import load_design
    >>> found = measure(load_design("dual-criterion"))
    >>> found.treated, round(found.power, 3)
    (24, 0.54)
    """
    return measure_fixed(fix(document))


def measure_fixed(design: Design) -> Measures:
    """The measures of a fixed design."""
    document, nature = design.document, design.nature
    errors = design.type_one()
    ratio = worthwhile(document)
    schedule = schedule_of(document)
    people = document.n_treated + document.n_control
    exposed, limit = _late_harm(document, schedule.days)
    chance = None if document.design_prior is None else design.assurance()
    return Measures(
        people=people,
        treated=document.n_treated,
        control=document.n_control,
        eligible=people + schedule.lost_at_most,
        turned_away=schedule.lost_at_most,
        months=schedule.months_to_result,
        months_end=schedule.months_to_end,
        person_years=schedule.person_years,
        exposed=exposed,
        harm_limit=limit,
        type1=errors.highest,
        type1_at=errors.at,
        type1_average=errors.average,
        power=float(design.success([nature.centre], ratio)[0]),
        power_least=float(design.success(errors.rates, ratio).min()),
        assurance=None if chance is None else chance.success,
        true_share=None if chance is None else chance.true_among_successes,
        **_registry(design, errors.rates, schedule.months_to_result),
    )


def _registry(design: Design, rates: Sequence[float], months: float) -> dict[str, float | None]:
    """What the registry stage adds: controls without bias."""
    if design.document.confirmation is None:
        return dict.fromkeys(("confirmed", "confirmed_type1", "months_confirmed"))
    real = courses(design, [Truth(design.nature.centre, worthwhile(design.document))])[0]
    none = courses(design, [Truth(rate) for rate in rates])
    return {
        "confirmed": real.approved_and_confirmed,
        "confirmed_type1": max(one.approved_and_confirmed for one in none),
        "months_confirmed": months + registry_stage(design).months,
    }


def _late_harm(
    document: DesignDocument, days: tuple[float, ...]
) -> tuple[float | None, float | None]:
    """Exposure before the first event, and what none excludes, for the harm with the longest window.

    A rule for a catastrophic event (zero events) comes before others.
    """
    if not document.safety:
        return None, None
    rule = min(document.safety, key=lambda one: (not isinstance(one, ZeroEvents), -one.window_days))
    limit = upper_limit(0, document.n_treated, value("evidence.confidence"))
    return expected_exposed(days, rule.unacceptable_rate, onset_of(rule)), limit
