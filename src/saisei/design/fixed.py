"""A design, fixed once: functions of the unknown truth.

`fix` takes a checked document and settles everything that the truth does not touch: natural history,
priors, decisions. What it returns answers for any truth, exactly.

Research use only: a design is judged here, never a dose or a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.design.counting import OneArmCounts, TwoArmCounts, one_arm_outcomes
from saisei.design.document.analysis import (
    BayesOneArm,
    BayesTwoArms,
    Borrowing,
    FisherTest,
    OrdinalShift,
    SimonTwoStage,
    SingleStage,
    ZTest,
)
from saisei.design.document.schema import DesignDocument
from saisei.design.engines import Engine, OneArmEngine, OperatingRow, ShiftEngine, TwoArmEngine
from saisei.design.engines_two_arms import pooled_z
from saisei.design.fixed_monitored import monitored_engine
from saisei.design.map_mixture import beta_mixture_of, largest_gap
from saisei.design.nature import Nature, composition, nature_of
from saisei.design.one_arm import binary_decisions, predictive_success_binary
from saisei.design.power import fisher_rejections, single_arm_power
from saisei.design.rules import parse_rule
from saisei.design.truth import Truth
from saisei.design.two_arm import BinaryTwoArm
from saisei.design.two_stage import TwoStage, simon_designs
from saisei.errors import InputError
from saisei.evidence.ess import EffectiveSize, effective_size
from saisei.evidence.landmark import Posterior
from saisei.evidence.map_prior import map_prior_binomial
from saisei.evidence.mixtures import BetaMixture
from saisei.params import parameter, value

__all__ = ["Assurance", "Borrowed", "Design", "TypeOne", "fix"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TypeOne:
    """Probability of success when the treatment does nothing, over the plausible natural rates.

    Attributes:
        rates, errors: the curve.
        highest, at: its largest value, refined between the points, and where it lies.
        average: averaged over what is known of the natural rate; no promise for any one registry.
        in_highest: in the fitted registry with the highest recovery, with its own grades; None when natural
            history is only stated.
    """

    rates: tuple[float, ...]
    errors: tuple[float, ...]
    highest: float
    at: float
    average: float
    in_highest: float | None


@dataclass(frozen=True, slots=True)
class Assurance:
    """Power averaged over what is believed of nature and of the effect.

    Attributes:
        success: chance that the trial succeeds.
        success_if_effect: the same, given that there is an effect.
        true_among_successes: chance that the odds ratio exceeds 1, given success.
        worthwhile_among_successes: chance that it reaches the worthwhile one, given success; None where
            the document names none.
    """

    success: float
    success_if_effect: float
    true_among_successes: float
    worthwhile_among_successes: float | None


@dataclass(frozen=True, slots=True)
class Borrowed:
    """The prior of the control rate that borrowing makes.

    Attributes:
        prior: beta mixture; its last component is the vague one.
        people: what the prior is worth, by three counts of effective people.
        before_vague: the same without the vague component.
        gap: largest difference of the mixture from the MAP law it stands for.
    """

    prior: BetaMixture
    people: EffectiveSize
    before_vague: EffectiveSize
    gap: float


@dataclass(frozen=True, eq=False)
class Design:
    """A fixed design.

    Attributes:
        document: what was planned.
        nature: natural recovery of the people planned.
        engine: the analysis with its decisions fixed.
        borrowed: the control prior made by borrowing; None without.
        two_stage: bounds of a Simon design; None for others.
    """

    document: DesignDocument
    nature: Nature
    engine: Engine
    borrowed: Borrowed | None = None
    two_stage: TwoStage | None = None

    def operating(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Exact operating characteristics at each truth, in their order."""
        return self.engine.rows(truths) if truths else []

    def truths(self) -> list[Truth]:
        """The truths of the standard table: shown natural rates by stated odds ratios."""
        ratios = parameter("design.document_odds_ratios").value
        assert isinstance(ratios, tuple)
        rates = np.linspace(self.nature.low, self.nature.high, _shown_rates())
        return [Truth(float(rate), ratio) for rate in rates for ratio in ratios]

    def success(self, natural_rates: Sequence[float], odds_ratio: float = 1.0) -> F64:
        """Probability of success at natural rates under one odds ratio, shape (rates,)."""
        rates = np.array([Truth(rate, odds_ratio).natural_rate for rate in natural_rates])
        return self.engine.success(rates, np.full(len(rates), odds_ratio))

    def type_one(self) -> TypeOne:
        """Type I error over the whole plausible range of natural rates, and its maximum."""
        points = int(value("design.document_rate_points"))
        rates = np.linspace(self.nature.low, self.nature.high, points)
        errors = self._null_success(rates)
        top = int(errors.argmax())
        highest, at = float(errors[top]), float(rates[top])
        low, high = rates[max(top - 1, 0)], rates[min(top + 1, points - 1)]
        if high > low:
            found = optimize.minimize_scalar(
                lambda rate: -float(self._null_success(np.array([rate]))[0]),
                bounds=(float(low), float(high)),
                method="bounded",
                options={"xatol": 1e-5},
            )
            if -float(found.fun) > highest:
                highest, at = -float(found.fun), float(found.x)
        known = _quantiles(self.nature.rates, int(value("design.document_rate_nodes")))
        average = float(self._null_success(known).mean())
        return TypeOne(
            tuple(rates.tolist()), tuple(errors.tolist()), highest, at, average, self._in_highest()
        )

    def _in_highest(self) -> float | None:
        if self.nature.highest is None:
            return None
        grades = self.nature.highest.mean(axis=0)
        if isinstance(self.engine, ShiftEngine):
            return float(self.engine.reached(grades[None])[0])
        return float(self._null_success(np.array([self.nature.conversion(grades)]))[0])

    def _null_success(self, rates: F64) -> F64:
        """Success where there must be none: no effect, or worse by the margin of non-inferiority."""
        odds = self.engine.null_odds(rates)
        possible = np.isfinite(odds)
        found = np.zeros(len(rates))
        found[possible] = self.engine.success(rates[possible], odds[possible])
        return found

    def assurance(self) -> Assurance:
        """Power averaged over draws of the natural rate and the design prior of the effect.

        Raises:
            InputError: the document states no design prior.
        """
        prior = self.document.design_prior
        if prior is None:
            raise InputError(
                f"{self.document.id} states no design_prior: add one to ask for assurance"
            )
        rates = _quantiles(self.nature.rates, int(value("design.document_rate_nodes")))
        nodes = int(value("design.document_effect_nodes"))
        normal = special.ndtri((np.arange(nodes) + 0.5) / nodes)
        shifts = prior.log_odds_mean + prior.log_odds_sd * normal
        grid = np.exp(np.append(shifts, 0.0))
        weight = np.append(
            np.full(nodes, (1.0 - prior.chance_no_effect) / nodes), prior.chance_no_effect
        )
        power = self.engine.success(np.repeat(rates, len(grid)), np.tile(grid, len(rates)))
        mean = power.reshape(len(rates), len(grid)).mean(axis=0)
        total = float(mean @ weight)
        worthwhile = prior.worthwhile_odds_ratio

        def among(chosen: NDArray[np.bool_]) -> float:
            return float((mean * weight)[chosen].sum() / total) if total > 0.0 else 0.0

        return Assurance(
            success=total,
            success_if_effect=float(mean[:-1].mean()),
            true_among_successes=among(grid > 1.0),
            worthwhile_among_successes=None if worthwhile is None else among(grid >= worthwhile),
        )


def _shown_rates() -> int:
    return int(value("design.document_shown_rates"))


def _quantiles(draws: F64, nodes: int) -> F64:
    """Middle quantiles that stand for the draws; a single stated rate stands for itself."""
    if len(draws) <= nodes:
        return draws
    kept = np.quantile(draws, (np.arange(nodes) + 0.5) / nodes)
    return np.asarray(np.clip(kept, 1e-6, 1.0 - 1e-6))


def fix(document: DesignDocument, posterior: Posterior | None = None) -> Design:
    """Settle everything that the unknown truth does not touch.

    Args:
        document: read and checked.
        posterior: of the landmark model; the packaged one if left out.

    Raises:
        InputError: the parts do not make a design (a document that was checked always does).
    """
    nature = nature_of(document, posterior)
    analysis, missing = document.analysis, document.missing_data.expected_share
    n, m = document.n_treated, document.n_control
    if isinstance(analysis, OrdinalShift):
        people = composition(nature.shares, n)
        worst = document.missing_data.rule == "worst grade"
        return Design(
            document,
            nature,
            ShiftEngine(nature, people, analysis.level, analysis.also_highest, missing, worst),
        )
    if isinstance(analysis, SimonTwoStage):
        stages = _stages(analysis, n)
        return Design(
            document, nature, OneArmEngine(_simon_counts(stages), missing), two_stage=stages
        )
    if isinstance(analysis, SingleStage):
        test = single_arm_power(n, analysis.null_rate, 0.5 + analysis.null_rate / 2, analysis.level)
        go = np.arange(n + 1) >= test.critical_count
        return Design(document, nature, OneArmEngine(_at_the_end(n, go, ~go), missing))
    if isinstance(analysis, BayesOneArm):
        return Design(document, nature, _bayes_one(document, analysis, n, missing))
    if isinstance(analysis, BayesTwoArms):
        return _bayes_two(document, nature, analysis, missing)
    if isinstance(analysis, FisherTest | ZTest):
        return Design(document, nature, _two_tests(analysis, n, m, missing))
    return Design(document, nature, monitored_engine(document, nature))


def _two_tests(analysis: FisherTest | ZTest, n: int, m: int, missing: float) -> TwoArmEngine:
    reject = (
        fisher_rejections(n, m, analysis.level, "greater")
        if isinstance(analysis, FisherTest)
        else pooled_z(n, m) > -special.ndtri(analysis.level)
    )
    return TwoArmEngine(TwoArmCounts(n, m, reject, ~reject), missing)


def _at_the_end(n: int, go: NDArray[np.bool_], stop: NDArray[np.bool_]) -> OneArmCounts:
    return one_arm_outcomes([n], [], go, stop)


def _stages(analysis: SimonTwoStage, n: int) -> TwoStage:
    if analysis.r1 is not None and analysis.n1 is not None and analysis.r is not None:
        return TwoStage(analysis.r1, analysis.n1, analysis.r, n)
    pair = simon_designs(analysis.null_rate, analysis.target_rate, analysis.level, analysis.miss)
    return pair[0] if analysis.choice == "optimal" else pair[1]


def _simon_counts(stages: TwoStage) -> OneArmCounts:
    go = np.arange(stages.n + 1) > stages.r
    return one_arm_outcomes([stages.n1, stages.n], [stages.r1], go, ~go)


def _bayes_one(
    document: DesignDocument, analysis: BayesOneArm, n: int, missing: float
) -> OneArmEngine:
    prior = BetaMixture.of(analysis.prior)
    decision = document.decision
    assert decision.go is not None
    go = binary_decisions(prior, n, parse_rule(decision.go))
    stop = np.zeros(n + 1, dtype=np.bool_)
    if decision.stop is not None:
        stop = binary_decisions(prior, n, parse_rule(decision.stop))
    most = [_futile(prior, analysis, document, look, n) for look in analysis.looks]
    counts = one_arm_outcomes([*analysis.looks, n], most, go, stop)
    return OneArmEngine(counts, missing, prior, interval="posterior interval, equal tails")


def _futile(
    prior: BetaMixture, analysis: BayesOneArm, document: DesignDocument, look: int, n: int
) -> int:
    """Converters at or below which a look ends the trial; -1 for none. Worse results end it too."""
    decision = document.decision
    ends = np.zeros(look + 1, dtype=np.bool_)
    if decision.stop is not None:
        ends |= binary_decisions(prior, look, parse_rule(decision.stop))
    if analysis.predictive_stop is not None:
        assert decision.go is not None
        go = parse_rule(decision.go)
        chance = [
            predictive_success_binary(prior, n - look, go, seen=(y, look)) for y in range(look + 1)
        ]
        ends |= np.array(chance) < analysis.predictive_stop
    return int(np.flatnonzero(ends).max()) if ends.any() else -1


def borrowed_prior(borrowing: Borrowing) -> Borrowed:
    """The robust MAP prior that a document's borrowing makes."""
    counts = tuple((one.events, one.n) for one in borrowing.studies)
    plain, gap = _map_mixture(counts, borrowing.tau_scale)
    weight = borrowing.vague_weight
    if weight >= 1.0:
        raise InputError("borrowing.vague_weight is 1: that borrows nothing; leave borrowing out")
    prior = plain.robustified(weight) if weight > 0.0 else plain
    return Borrowed(prior, effective_size(prior), effective_size(plain), gap)


@lru_cache(maxsize=16)
def _map_mixture(
    counts: tuple[tuple[int, int], ...], tau_scale: float | None
) -> tuple[BetaMixture, float]:
    """The MAP prior as a beta mixture; designs of one grid borrow from the same history."""
    law = map_prior_binomial(
        [events for events, _ in counts], [n for _, n in counts], tau_scale=tau_scale
    )
    plain = beta_mixture_of(law)
    return plain, largest_gap(law, plain)


def _bayes_two(
    document: DesignDocument, nature: Nature, analysis: BayesTwoArms, missing: float
) -> Design:
    borrowed = None if document.borrowing is None else borrowed_prior(document.borrowing)
    if borrowed is not None:
        control = borrowed.prior
    else:
        assert analysis.prior_control is not None
        control = BetaMixture.of(analysis.prior_control)
    n, m = document.n_treated, document.n_control
    assert document.decision.go is not None
    treated = BetaMixture.of(analysis.prior_treated)
    main = BinaryTwoArm(treated, control, n, m, parse_rule(document.decision.go))
    go, stop = main.decisions(), np.zeros((n + 1, m + 1), dtype=np.bool_)
    if document.decision.stop is not None:
        rule = parse_rule(document.decision.stop)
        stop = BinaryTwoArm(treated, control, n, m, rule).decisions()
    engine = TwoArmEngine(
        TwoArmCounts(n, m, go, stop), missing, main, interval="posterior interval, equal tails"
    )
    return Design(document, nature, engine, borrowed)
