"""Conditional approval as two stages: the trial decides whether to approve, a registry whether it was right.

Given the truth the two stages are independent, since nobody counts in both: the chance of each course is
a product of finite sums. Averaged over what is believed of the truth they are not, and an approval
tells something about the registry to come.

Registry controls are not randomised. How much better the treated recover by nature than their controls
is stated as an odds ratio, the bias: 1 is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.design.counting import TwoArmCounts, binomial_rows
from saisei.design.document.confirmation import Confirmation
from saisei.design.engines import OneArmEngine
from saisei.design.fixed import Design
from saisei.design.power import fisher_rejections
from saisei.design.truth import Truth, treated_rates
from saisei.design.weights import believed
from saisei.errors import InputError
from saisei.params import parameter

__all__ = [
    "Believed",
    "Course",
    "Reading",
    "RegistryStage",
    "believe",
    "biases",
    "courses",
    "readings",
    "registry_stage",
]

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, eq=False)
class RegistryStage:
    """The registry stage, its decisions fixed.

    Attributes:
        plan: of the document.
        confirms: by converters of treated and controls, shape (treated + 1, control + 1).
        goes_on: the same at the look; None without one.
        months: from the approval to the last primary exam of a treated person.
    """

    plan: Confirmation
    confirms: Flags
    goes_on: Flags | None
    months: float

    @property
    def counts(self) -> TwoArmCounts:
        """Decisions at the end, for a decision table."""
        return TwoArmCounts(self.plan.treated, self.plan.control, self.confirms, ~self.confirms)

    def chances(self, treated: F64, control: F64) -> tuple[F64, F64]:
        """Chance of confirmation, and of going on past the look, at pairs of true rates.

        Args:
            treated, control: rates of the endpoint, shape (pairs,).
        """
        seen = 1.0 - self.plan.expected_missing
        p, q = np.asarray(treated) * seen, np.asarray(control) * seen
        n, m = self.plan.treated, self.plan.control
        if self.goes_on is None or self.plan.look is None:
            left, right = binomial_rows(n, p), binomial_rows(m, q)
            confirmed = np.einsum("ti,ij,tj->t", left, self.confirms.astype(float), right)
            return np.asarray(confirmed), np.ones(len(p))
        look = self.plan.look
        open_ = self.goes_on.astype(float)
        left, right = binomial_rows(look.treated, p), binomial_rows(look.control, q)
        going = np.asarray(np.einsum("ti,ij,tj->t", left, open_, right))
        found = np.empty(len(p))
        for i in range(len(p)):
            ahead = _ahead(n - look.treated, look.treated, float(p[i]))
            beside = _ahead(m - look.control, look.control, float(q[i]))
            # chance to confirm from each result of the look
            later = ahead @ self.confirms @ beside.T
            found[i] = float(left[i] @ (open_ * later) @ right[i])
        return found, going


def _ahead(more: int, seen: int, rate: float) -> F64:
    """Chance of each final count from each count at the look, shape (seen + 1, seen + more + 1)."""
    step = binomial_rows(more, np.array([rate]))[0]
    table = np.zeros((seen + 1, seen + more + 1))
    for count in range(seen + 1):
        table[count, count : count + more + 1] = step
    return table


def registry_stage(design: Design) -> RegistryStage:
    """Fix the registry stage of a design.

    Raises:
        InputError: the design has none.
    """
    plan = design.document.confirmation
    if plan is None:
        raise InputError(f"{design.document.id} has no [confirmation]")
    n, m = plan.treated, plan.control
    goes_on = None
    if plan.look is not None:
        shares = np.arange(plan.look.treated + 1)[:, None] / plan.look.treated
        control = np.arange(plan.look.control + 1) / plan.look.control
        goes_on = np.asarray(shares - control >= plan.look.withdraw_below)
    months = n / plan.treated_per_month + design.document.visit.day / _DAYS_PER_MONTH
    return RegistryStage(plan, _rejections(plan.method, n, m, plan.level), goes_on, months)


@lru_cache(maxsize=32)
def _rejections(method: str, n: int, m: int, level: float) -> Flags:
    if method == "Fisher":
        return fisher_rejections(n, m, level, "greater")
    treated, control = np.arange(n + 1)[:, None], np.arange(m + 1)[None, :]
    mean = (treated + control) / (n + m)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (treated / n - control / m) / np.sqrt(mean * (1.0 - mean) * (1.0 / n + 1.0 / m))
    return np.asarray(np.nan_to_num(z, nan=0.0) > -special.ndtri(level))


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a product at one truth; all exact.

    Attributes:
        natural_rate, odds_ratio: the truth.
        bias: odds of natural recovery of the treated over that of their registry controls.
        approve: chance of approval.
        confirm: chance that the registry confirms an approved product.
        approved_and_confirmed, approved_not_confirmed: of all trials.
        ends_at_look: chance that an approval ends at the look already; 0 without one.
        treated: people expected to be treated in all, trial and registry.
    """

    natural_rate: float
    odds_ratio: float
    bias: float
    approve: float
    confirm: float
    approved_and_confirmed: float
    approved_not_confirmed: float
    ends_at_look: float
    treated: float


def biases() -> tuple[float, ...]:
    """The biases at which a registry is shown."""
    shown = parameter("design.registry_bias_odds").value
    assert isinstance(shown, tuple)
    return tuple(float(one) for one in shown)


def _control_rates(natural: F64, bias: float) -> F64:
    return np.asarray(natural / (natural + (1.0 - natural) * bias))


def courses(design: Design, truths: Sequence[Truth], bias: float = 1.0) -> list[Course]:
    """The courses at each truth under one bias of the registry controls.

    Args:
        design: fixed, with a registry stage.
        truths: natural rate of the treated, and effect.
        bias: 1 where controls recover by nature as the treated would.
    """
    stage = registry_stage(design)
    natural = np.array([one.natural_rate for one in truths])
    odds = np.array([one.odds_ratio for one in truths])
    approve = design.engine.success(natural, odds)
    confirm, going = stage.chances(treated_rates(natural, odds), _control_rates(natural, bias))
    trial = np.array([row.expected_n for row in design.operating(truths)])
    look = stage.plan.treated if stage.plan.look is None else stage.plan.look.treated
    registry = look + going * (stage.plan.treated - look)
    return [
        Course(
            one.natural_rate, one.odds_ratio, bias, float(a), float(c), float(a * c),
            float(a * (1.0 - c)), float(1.0 - g), float(n + a * more),
        )
        for one, a, c, g, n, more in zip(
            truths, approve, confirm, going, trial, registry, strict=True
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Believed:
    """The two stages averaged over what is believed of nature and effect.

    Attributes:
        bias: of the registry controls.
        approve: chance of approval.
        confirm_if_approved: chance that an approval is confirmed.
        real_if_approved, real_if_confirmed, real_if_not: chance of an odds ratio above 1, given the course.
        worthwhile_if_approved, worthwhile_if_confirmed: the same for the worthwhile one; None where the
            document names none.
        treated_in_vain: people expected to be treated after approval with a product without benefit, in
            one trial of this kind.
    """

    bias: float
    approve: float
    confirm_if_approved: float
    real_if_approved: float
    real_if_confirmed: float
    real_if_not: float
    worthwhile_if_approved: float | None
    worthwhile_if_confirmed: float | None
    treated_in_vain: float


def believe(design: Design, bias: float = 1.0) -> Believed:
    """Average the courses over the natural rates and the design prior of the effect.

    Raises:
        InputError: the document states no design prior.
    """
    weights = believed(design)
    stage = registry_stage(design)
    approve = design.engine.success(weights.natural, weights.odds)
    confirm, going = stage.chances(
        treated_rates(weights.natural, weights.odds), _control_rates(weights.natural, bias)
    )
    look = stage.plan.treated if stage.plan.look is None else stage.plan.look.treated
    registry = look + going * (stage.plan.treated - look)
    approved = weights.mass * approve
    both, lapsed = approved * confirm, approved * (1.0 - confirm)
    real = weights.odds > 1.0
    prior = design.document.design_prior
    assert prior is not None
    worth = None
    if prior.worthwhile_odds_ratio is not None:
        worth = weights.odds >= prior.worthwhile_odds_ratio
    return Believed(
        bias=bias,
        approve=float(approved.sum()),
        confirm_if_approved=_share(both, approved),
        real_if_approved=_share(approved[real], approved),
        real_if_confirmed=_share(both[real], both),
        real_if_not=_share(lapsed[real], lapsed),
        worthwhile_if_approved=None if worth is None else _share(approved[worth], approved),
        worthwhile_if_confirmed=None if worth is None else _share(both[worth], both),
        treated_in_vain=float((approved * registry)[~real].sum()),
    )


def _share(part: F64, whole: F64) -> float:
    total = float(whole.sum())
    return float(part.sum()) / total if total > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one result of the trial says about the registry to come.

    Attributes:
        people, converters: the result.
        approved: whether it leads to approval.
        chance: of this result, as the planners believe.
        real: chance of an odds ratio above 1 after it.
        confirm: chance that the registry would confirm, if approved; controls without bias.
    """

    people: int
    converters: int
    approved: bool
    chance: float
    real: float
    confirm: float


def readings(design: Design) -> tuple[Reading, ...]:
    """Every result of a trial that counts converters, with what it foretells; empty for other trials.

    Raises:
        InputError: the document states no design prior.
    """
    engine = design.engine
    if not isinstance(engine, OneArmEngine):
        return ()
    weights = believed(design)
    treated = treated_rates(weights.natural, weights.odds)
    confirm, _ = registry_stage(design).chances(treated, weights.natural)
    laws = engine.counts.laws(treated * (1.0 - engine.missing))  # (truths, outcomes)
    joint = weights.mass[:, None] * laws
    chance = joint.sum(axis=0)
    real = joint[weights.odds > 1.0].sum(axis=0) / chance
    later = confirm @ joint / chance
    counts = engine.counts
    columns = (counts.people, counts.converters, counts.go, chance, real, later)
    return tuple(
        Reading(int(n), int(x), bool(go), float(a), float(b), float(c))
        for n, x, go, a, b, c in zip(*columns, strict=True)
    )
