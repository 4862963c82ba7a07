"""The dose finding of a design document: its decision table, and exact characteristics by recursion.

Every course of the trial is followed: the state is the dose and the counts at every dose, so the
probabilities of selection are sums, not simulations. An eliminated dose is never given again and never
selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from saisei.chance.domain import require_probability
from saisei.design.document.dosing import ACTIONS, DoseFinding, DoseRow, must_eliminate
from saisei.design.document.plan import Role
from saisei.design.document.schema import DesignDocument
from saisei.design.dose_boin import boin_select_mtd, boin_table
from saisei.design.power import binomial_pmf_vector
from saisei.design.truth import treated_rates
from saisei.errors import InputError
from saisei.params import value

__all__ = ["DoseOc", "DosePlan", "dose_operating", "dose_plan", "dose_scenarios"]

State = tuple[int, tuple[int, ...], tuple[int, ...], int]


@dataclass(frozen=True, slots=True)
class DosePlan:
    """Dose finding, fixed.

    Attributes:
        doses: names of the doses, from the lowest.
        start: index of the first dose.
        cohort, people: people in a cohort and in all.
        target: rate of the event aimed at.
        eliminate_above: cutoff of the elimination rule.
        rows: action for every result at one dose.
    """

    doses: tuple[str, ...]
    start: int
    cohort: int
    people: int
    target: float
    eliminate_above: float
    rows: tuple[DoseRow, ...]

    def actions(self) -> dict[tuple[int, int], str]:
        """(people, events) at the present dose -> action."""
        return {(row.n, row.events): row.action for row in self.rows}


@dataclass(frozen=True, slots=True)
class DoseOc:
    """What dose finding does at true event rates; every number is exact.

    Attributes:
        rates: true probability of the event at each dose.
        selected: probability that each dose is selected.
        none: probability that no dose is selected.
        people: expected people at each dose.
        events: expected people with the event.
    """

    rates: tuple[float, ...]
    selected: tuple[float, ...]
    none: float
    people: tuple[float, ...]
    events: float


def dose_plan(document: DesignDocument) -> DosePlan | None:
    """The dose finding of a document; None where it has none."""
    plan = document.dose_finding
    if plan is None:
        return None
    treated = [arm for arm in document.arms if arm.role is Role.TREATED]
    keys = [arm.key for arm in treated]
    sizes = range(plan.cohort, document.n_treated + 1, plan.cohort)
    rows = plan.table if plan.table is not None else _boin_rows(plan, sizes)
    names = tuple(f"{arm.dose_cells:,} cells" for arm in treated)
    return DosePlan(
        names, keys.index(plan.start), plan.cohort, document.n_treated, plan.target,
        plan.eliminate_above, rows,
    )  # fmt: skip


def _boin_rows(plan: DoseFinding, sizes: Sequence[int]) -> tuple[DoseRow, ...]:
    found = []
    for row in boin_table(plan.target, sizes, cutoff=plan.eliminate_above):
        for events in range(row.n + 1):
            action = ACTIONS[1]
            if must_eliminate(plan, row.n, events):
                action = ACTIONS[3]
            elif events <= row.escalate_if_at_most:
                action = ACTIONS[0]
            elif events >= row.deescalate_if_at_least:
                action = ACTIONS[2]
            found.append(DoseRow.model_validate({"n": row.n, "events": events, "action": action}))
    return tuple(found)


def dose_scenarios(plan: DosePlan) -> list[tuple[str, tuple[float, ...]]]:
    """Stated truths: each dose in turn at the target, and all doses above or below it.

    The odds of the event rise by one factor from dose to dose (design.document_dose_step).
    """
    step, count = value("design.document_dose_step"), len(plan.doses)
    found = []
    for place in range(-1, count + 1):
        name = f"{plan.doses[place]} at the target" if 0 <= place < count else ""
        if place < 0:
            name = "every dose above the target"
        elif place == count:
            name = "every dose below the target"
        rates = [float(treated_rates(plan.target, step ** (k - place))) for k in range(count)]
        found.append((name, tuple(rates)))
    return found


def dose_operating(plan: DosePlan, rates: Sequence[float]) -> DoseOc:
    """Exact characteristics at true event rates, one for each dose.

    Args:
        plan: fixed.
        rates: true probability of the event at each dose, from the lowest.

    Raises:
        InputError: not one probability for each dose.
    """
    count = len(plan.doses)
    if len(rates) != count:
        raise InputError(f"{len(rates)} rates for {count} doses: give one for each")
    laws = [
        binomial_pmf_vector(plan.cohort, require_probability(rate, "a rate")).tolist()
        for rate in rates
    ]
    actions = plan.actions()
    state: dict[State, float] = {(plan.start, (0,) * count, (0,) * count, count): 1.0}
    selected, people, none = [0.0] * count, [0.0] * count, 0.0
    for _ in range(plan.people // plan.cohort):
        following: dict[State, float] = {}
        for (dose, seen, events, removed), weight in state.items():
            people[dose] += weight * plan.cohort
            for more, chance in enumerate(laws[dose]):
                after = _step(plan, actions, dose, seen, events, removed, more)
                if after is None:
                    none += weight * chance
                else:
                    following[after] = following.get(after, 0.0) + weight * chance
        state = following
    for (_, seen, events, removed), weight in state.items():
        chosen = _selected(plan.target, plan.eliminate_above, seen[:removed], events[:removed])
        if chosen is None:
            none += weight
        else:
            selected[chosen] += weight
    total = sum(n * rate for n, rate in zip(people, rates, strict=True))
    return DoseOc(tuple(rates), tuple(selected), none, tuple(people), total)


def _step(
    plan: DosePlan,
    actions: dict[tuple[int, int], str],
    dose: int,
    seen: tuple[int, ...],
    events: tuple[int, ...],
    removed: int,
    more: int,
) -> State | None:
    """The state after a cohort with `more` events; None when no dose is left."""
    seen = (*seen[:dose], seen[dose] + plan.cohort, *seen[dose + 1 :])
    events = (*events[:dose], events[dose] + more, *events[dose + 1 :])
    action = actions[seen[dose], events[dose]]
    if action == "eliminate":
        removed = dose
        if removed == 0:
            return None
    move = {"escalate": 1, "stay": 0}.get(action, -1)
    return min(max(dose + move, 0), removed - 1), seen, events, removed


@lru_cache(maxsize=100_000)
def _selected(
    target: float, cutoff: float, people: tuple[int, ...], events: tuple[int, ...]
) -> int | None:
    dose = boin_select_mtd(target, people, events, cutoff=cutoff).dose
    return None if dose is None else dose - 1
