"""The dose finding of a design document: its steps, and its characteristics.

With outcomes in time for the next cohort every course is followed: the state is the dose and the counts at
every dose, so the probabilities of selection are sums. With late events (TITE) trials are simulated, with
their Monte Carlo error. An eliminated dose is never given again and never selected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from saisei.chance.domain import require_probability
from saisei.chance.streams import PURPOSES, uniform_rows
from saisei.design.document.dosing import ACTIONS, DoseFinding, DoseRow, must_eliminate
from saisei.design.document.plan import Role
from saisei.design.document.schema import DesignDocument
from saisei.design.dose_boin import (
    boin_boundaries,
    boin_select_mtd,
    boin_table,
    tite_boin_action,
    tite_boin_thresholds,
)
from saisei.design.dose_kernels import tite_trials
from saisei.design.dose_steps import (
    Counts,
    Step,
    StepRule,
    crm_choice,
    crm_grid,
    crm_step,
    table_step,
    three_step,
)
from saisei.design.engines_two_arms import simulated_runs
from saisei.design.power import binomial_pmf_vector
from saisei.design.truth import treated_rates
from saisei.errors import InputError
from saisei.params import value

__all__ = [
    "DoseNode",
    "DoseOc",
    "DosePlan",
    "dose_operating",
    "dose_plan",
    "dose_scenarios",
    "dose_tree",
    "waiting_rows",
]

State = tuple[int, Counts, Counts, int]
_DAYS_PER_MONTH = 365.25 / 12.0
_TREE_PEOPLE = 12


@dataclass(frozen=True, slots=True)
class DosePlan:
    """Dose finding, fixed.

    Attributes:
        doses: names of the doses, from the lowest.
        start: index of the first dose.
        cohort, people: people in a cohort and in all.
        target: rate of the event aimed at.
        eliminate_above: cutoff of the elimination rule.
        rows: action for every result at one dose; empty where the rule looks at all doses (CRM).
        rule: BOIN, 3+3, CRM, TITE-BOIN, TITE-CRM or "own table".
        skeleton, prior_sd: of the CRM.
        window_days, per_month: length of the window, people expected each month; for late events.
    """

    doses: tuple[str, ...]
    start: int
    cohort: int
    people: int
    target: float
    eliminate_above: float
    rows: tuple[DoseRow, ...]
    rule: str = "BOIN"
    skeleton: tuple[float, ...] = ()
    prior_sd: float = 1.0
    window_days: float = 0.0
    per_month: float = 1.0

    @property
    def late(self) -> bool:
        """Whether cohorts follow before the windows of those treated have closed."""
        return self.rule.startswith("TITE")

    def stepping(self) -> StepRule:
        """The next dose after a cohort whose outcomes are all known."""
        if self.rule == "3+3":
            return three_step(len(self.doses))
        if self.rule.endswith("CRM"):
            return crm_step(self.skeleton, self.prior_sd, self.target, self.eliminate_above)
        return table_step(self.actions())

    def actions(self) -> dict[tuple[int, int], str]:
        """(people, events) at the present dose -> action."""
        return {(row.n, row.events): row.action for row in self.rows}


@dataclass(frozen=True, slots=True)
class DoseOc:
    """What dose finding does at true event rates; exact unless `error` is given.

    Attributes:
        rates: true probability of the event at each dose.
        selected: probability that each dose is selected.
        none: probability that no dose is selected.
        people: expected people at each dose.
        events: expected people with the event.
        error: largest Monte Carlo standard error of the probabilities; None where they are exact.
        months: mean time from the first person to the end of the last window; only with late events.
    """

    rates: tuple[float, ...]
    selected: tuple[float, ...]
    none: float
    people: tuple[float, ...]
    events: float
    error: float | None = None
    months: float | None = None


@dataclass(frozen=True, slots=True)
class DoseNode:
    """One cohort of a path tree.

    Attributes:
        dose: index of the dose given.
        chance: probability that this cohort is treated, at the rates of the tree.
        branches: for each number of events its probability given the cohort, the action in words, and the
            next cohort (None at the end, with the index of the dose selected or None for no dose).
    """

    dose: int
    chance: float
    branches: tuple[tuple[int, float, str, DoseNode | None, int | None], ...]


def dose_plan(document: DesignDocument) -> DosePlan | None:
    """The dose finding of a document; None where it has none."""
    plan = document.dose_finding
    if plan is None:
        return None
    treated = [arm for arm in document.arms if arm.role is Role.TREATED]
    keys = [arm.key for arm in treated]
    sizes = range(plan.cohort, document.n_treated + 1, plan.cohort)
    names = tuple(f"{arm.dose_cells:,} cells" for arm in treated)
    return DosePlan(
        names, keys.index(plan.start), plan.cohort, document.n_treated, plan.target,
        plan.eliminate_above, _rows(plan, sizes), "own table" if plan.table else plan.rule,
        plan.skeleton or (), plan.prior_sd or 1.0, plan.window_days,
        document.population.eligible_per_month,
    )  # fmt: skip


def _rows(plan: DoseFinding, sizes: Sequence[int]) -> tuple[DoseRow, ...]:
    """Actions by the counts at one dose; none for the CRM, which looks at all doses."""
    if plan.table is not None:
        return plan.table
    if plan.rule == "3+3":
        return tuple(_three_rows())
    return () if plan.rule.endswith("CRM") else _boin_rows(plan, sizes)


def _three_rows() -> Iterator[DoseRow]:
    for n in (3, 6):
        for events in range(n + 1):
            action = ACTIONS[0] if events == 0 or (n == 6 and events == 1) else ACTIONS[1]
            action = ACTIONS[3] if events >= 2 else action
            yield DoseRow.model_validate({"n": n, "events": events, "action": action})


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
    if len(rates) != len(plan.doses):
        raise InputError(f"{len(rates)} rates for {len(plan.doses)} doses: give one for each")
    for rate in rates:
        require_probability(rate, "a rate")
    return _simulated(plan, rates) if plan.late else _summed(plan, rates)


def _summed(plan: DosePlan, rates: Sequence[float]) -> DoseOc:
    """By recursion over (dose, counts at every dose, lowest eliminated dose)."""
    count, step = len(plan.doses), plan.stepping()
    laws = [binomial_pmf_vector(plan.cohort, rate).tolist() for rate in rates]
    state: dict[State, float] = {(plan.start, (0,) * count, (0,) * count, count): 1.0}
    selected, people, none = [0.0] * count, [0.0] * count, 0.0
    for left in range(plan.people // plan.cohort - 1, -1, -1):
        following: dict[State, float] = {}
        for (dose, seen, events, removed), weight in state.items():
            people[dose] += weight * plan.cohort
            for more, chance in enumerate(laws[dose]):
                now = _added(plan, seen, events, dose, more)
                after = step(dose, *now, removed)
                if after.dose is not None and left:
                    key = (after.dose, *now, after.removed)
                    following[key] = following.get(key, 0.0) + weight * chance
                    continue
                chosen = _chosen(plan, *now, after)
                if chosen is None:
                    none += weight * chance
                else:
                    selected[chosen] += weight * chance
        state = following
    total = sum(n * rate for n, rate in zip(people, rates, strict=True))
    return DoseOc(tuple(rates), tuple(selected), none, tuple(people), total)


def _added(
    plan: DosePlan, seen: Counts, events: Counts, dose: int, more: int
) -> tuple[Counts, Counts]:
    return (
        (*seen[:dose], seen[dose] + plan.cohort, *seen[dose + 1 :]),
        (*events[:dose], events[dose] + more, *events[dose + 1 :]),
    )


def _chosen(plan: DosePlan, seen: Counts, events: Counts, after: Step) -> int | None:
    """The dose selected at the end; None for no dose."""
    if after.removed == 0:
        return None
    if plan.rule == "3+3":
        return _three_chosen(seen, events)
    if plan.rule.endswith("CRM"):
        tried = max((k for k in range(after.removed) if seen[k] > 0), default=None)
        if tried is None:
            return None
        rates = crm_choice(plan.skeleton, plan.prior_sd, plan.target, seen, events)
        return min(range(tried + 1), key=lambda k: abs(rates[k] - plan.target))
    removed = after.removed
    return _selected(plan.target, plan.eliminate_above, seen[:removed], events[:removed])


def _three_chosen(seen: Counts, events: Counts) -> int | None:
    """The highest dose tried with at most one event of three or six, if all below hold too."""
    best = None
    for dose, (n, y) in enumerate(zip(seen, events, strict=True)):
        if n == 0 or y >= 2 or (n == 3 and y == 1):
            break
        best = dose
    return best


def _simulated(plan: DosePlan, rates: Sequence[float]) -> DoseOc:
    """With late events: as many runs as keep every standard error at the stated one."""
    runs, doses = simulated_runs(), len(plan.doses)
    keys = np.arange(runs)
    uniforms = uniform_rows(0, keys, np.zeros_like(keys), PURPOSES["dose_trial"], 3 * plan.people)
    crm = plan.rule.endswith("CRM")
    grid = crm_grid(plan.skeleton, plan.prior_sd) if crm else crm_grid((0.1, 0.2), 1.0)
    interval = boin_boundaries(plan.target)
    chosen, seen, hit, days = tite_trials(
        uniforms, np.array(rates, dtype=np.float64), plan.cohort, plan.start, plan.target,
        _DAYS_PER_MONTH / plan.per_month, plan.window_days, _bounds(plan),
        np.array([interval.escalate, interval.deescalate]), crm, grid,
    )  # fmt: skip
    shares = [float((chosen == dose).mean()) for dose in range(doses)]
    none = float((chosen < 0).mean())
    error = max(math.sqrt(p * (1.0 - p) / runs) for p in (*shares, none))
    people = tuple(float(n) for n in seen.mean(axis=0))
    months = float(days.mean()) / _DAYS_PER_MONTH
    return DoseOc(
        tuple(rates), tuple(shares), none, people, float(hit.sum(axis=1).mean()), error, months
    )


def _bounds(plan: DosePlan) -> np.ndarray:
    """BOIN's bounds by people at the dose, as the kernels read them; index 0 never acts."""
    rows = boin_table(plan.target, range(1, plan.people + 1), cutoff=plan.eliminate_above)
    never = plan.people + 1
    table = np.full((3, plan.people + 1), never, dtype=np.int64)
    table[0, 0] = -1
    for row in rows:
        table[0, row.n] = row.escalate_if_at_most
        table[1, row.n] = row.deescalate_if_at_least
        table[2, row.n] = never if row.eliminate_if_at_least is None else row.eliminate_if_at_least
    return table


def dose_tree(plan: DosePlan, rates: Sequence[float]) -> DoseNode:
    """Every path of the first people, up to twelve, with its probability at true rates.

    With late events the tree is that of outcomes known in time.

    Raises:
        InputError: not one probability for each dose.
    """
    if len(rates) != len(plan.doses):
        raise InputError(f"{len(rates)} rates for {len(plan.doses)} doses: give one for each")
    count, step = len(plan.doses), plan.stepping()
    laws = [
        binomial_pmf_vector(plan.cohort, require_probability(rate, "a rate")).tolist()
        for rate in rates
    ]
    cohorts = min(plan.people, _TREE_PEOPLE) // plan.cohort
    last = plan.people // plan.cohort

    def grown(state: State, chance: float, depth: int) -> DoseNode:
        dose, seen, events, removed = state
        branches = []
        for more, share in enumerate(laws[dose]):
            now = _added(plan, seen, events, dose, more)
            after = step(dose, *now, removed)
            following, chosen = None, None
            if after.dose is None or depth == last:
                chosen = _chosen(plan, *now, after)
            elif depth < cohorts:
                following = grown((after.dose, *now, after.removed), chance * share, depth + 1)
            branches.append((more, share, after.word, following, chosen))
        return DoseNode(dose, chance, tuple(branches))

    return grown((plan.start, (0,) * count, (0,) * count, count), 1.0, 1)


def waiting_rows(plan: DosePlan) -> list[dict[str, object]]:
    """With TITE-BOIN: what leads to what while people are still watched.

    One row for each number treated, with events and pending at the dose: the action that is certain, or the
    total follow-up of the pending (in windows) from which it escalates and down to which it de-escalates.
    """
    if plan.rule != "TITE-BOIN":
        return []
    found: list[dict[str, object]] = []
    for n in range(plan.cohort, min(plan.people, _TREE_PEOPLE) + 1, plan.cohort):
        for events in range(n + 1):
            for pending in range(1, n - events + 1):
                word = tite_boin_action(plan.target, n, events, pending)
                if word == "eliminate" and pending > 1:
                    continue
                at = tite_boin_thresholds(plan.target, n, events, pending)
                depends = word == "depends"
                found.append(
                    {
                        "n": n, "events": events, "pending": pending, "action": word,
                        "escalate_from": at.escalate if depends and at.escalate <= pending else None,
                        "deescalate_to": at.deescalate if depends and at.deescalate >= 0.0 else None,
                    }
                )  # fmt: skip
    return found


@lru_cache(maxsize=100_000)
def _selected(
    target: float, cutoff: float, people: tuple[int, ...], events: tuple[int, ...]
) -> int | None:
    dose = boin_select_mtd(target, people, events, cutoff=cutoff).dose
    return None if dose is None else dose - 1
