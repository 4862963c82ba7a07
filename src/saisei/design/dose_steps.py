"""The steps of dose finding by rule: which dose the next cohort gets after the counts so far.

Each rule is a function of the present dose and the counts at every dose, so that every course of a trial
can be followed. An eliminated dose is never given again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.quadrature import legendre_rule

__all__ = ["Counts", "Step", "crm_choice", "crm_grid", "crm_step", "table_step", "three_step"]

F64 = NDArray[np.float64]
Counts = tuple[int, ...]
_REACH = 6.0  # prior sds of beta beyond which the prior is nothing
_NODES = 80
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What follows a cohort.

    Attributes:
        dose: index of the next dose; None when the trial ends.
        removed: index of the lowest eliminated dose, or the number of doses.
        word: the action in words.
    """

    dose: int | None
    removed: int
    word: str


StepRule = Callable[[int, Counts, Counts, int], Step]


def table_step(actions: Mapping[tuple[int, int], str]) -> StepRule:
    """The rule of a table of actions by (people, events) at the present dose."""

    def step(dose: int, seen: Counts, events: Counts, removed: int) -> Step:
        action = actions[seen[dose], events[dose]]
        if action == "eliminate":
            removed = dose
            if removed == 0:
                return Step(None, 0, "stop: no dose is left")
        move = {"escalate": 1, "stay": 0}.get(action, -1)
        following = min(max(dose + move, 0), removed - 1)
        same = following == dose and action != "eliminate"  # no dose above or below to go to
        return Step(following, removed, "stay" if same else action)

    return step


def three_step(doses: int) -> StepRule:
    """The 3+3 rule without de-escalation: it ends at the first dose with two or more events of six."""

    def step(dose: int, seen: Counts, events: Counts, removed: int) -> Step:
        n, y = seen[dose], events[dose]
        if y >= 2:
            return Step(None, dose, "end: two or more events")
        if n == _FEWEST and y == 1:
            return Step(dose, removed, "stay: three more")
        if dose + 1 < doses:
            return Step(dose + 1, removed, "escalate")
        return Step(None, removed, "end: the highest dose holds")

    return step


@lru_cache(maxsize=16)
def crm_grid(skeleton: tuple[float, ...], prior_sd: float) -> tuple[F64, F64, F64, F64, F64]:
    """Prior weights, log p, log(1 - p), log skeleton and nodes of beta of the power model p^exp(beta)."""
    beta, mass = legendre_rule(_NODES, -_REACH * prior_sd, _REACH * prior_sd)
    prior = mass * np.exp(-0.5 * (beta / prior_sd) ** 2)
    keep = prior > prior.max() * 1e-14
    beta, prior = beta[keep], prior[keep]
    logs = np.log(np.array(skeleton))
    log_p = np.ascontiguousarray(np.exp(beta)[:, None] * logs)
    return prior, log_p, np.log(-np.expm1(np.minimum(log_p, -1e-12))), logs, beta


def crm_choice(
    skeleton: tuple[float, ...], prior_sd: float, target: float, seen: Counts, events: Counts
) -> tuple[float, ...]:
    """Plug-in rates at the posterior mean of beta after counts by dose."""
    prior, log_p, rest, logs, beta = crm_grid(skeleton, prior_sd)
    y, n = np.array(events, dtype=np.float64), np.array(seen, dtype=np.float64)
    log_post = np.log(prior) + log_p @ y + rest @ (n - y)
    weight = np.exp(log_post - log_post.max())
    mean = float(weight @ beta / weight.sum())
    return tuple(np.exp(np.exp(mean) * logs).tolist())


def crm_step(
    skeleton: tuple[float, ...], prior_sd: float, target: float, eliminate_above: float
) -> StepRule:
    """The CRM: the dose nearest the target, at most one step up, never an eliminated one."""

    @lru_cache(maxsize=200_000)
    def step(dose: int, seen: Counts, events: Counts, removed: int) -> Step:
        n, y = seen[dose], events[dose]
        if n >= _FEWEST and float(special.betaincc(y + 1, n - y + 1, target)) > eliminate_above:
            removed = min(removed, dose)
        if removed == 0:
            return Step(None, 0, "stop: no dose is left")
        rates = crm_choice(skeleton, prior_sd, target, seen, events)
        best = min(range(removed), key=lambda k: abs(rates[k] - target))
        following = min(dose + 1, best, removed - 1)
        word = "escalate" if following > dose else "stay" if following == dose else "de-escalate"
        return Step(following, removed, word if removed > dose else "eliminate")

    return step
