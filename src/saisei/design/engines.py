"""The analyses of a design document as functions of the unknown truth; all sums are finite.

Each engine fixes its decisions before any truth is named. `success` takes arrays of natural rates and
odds ratios; `rows` adds expected size, bias and coverage. An outcome that will not be seen counts as no
conversion, for treated and controls alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance import Discrete
from saisei.chance.quadrature import legendre_rule
from saisei.design.counting import OneArmCounts, TwoArmCounts, binomial_rows
from saisei.design.nature import Nature
from saisei.design.shift_law import mean_law, total_laws, upper_tail_at
from saisei.design.truth import Truth, treated_rates
from saisei.design.two_arm import BinaryTwoArm
from saisei.design.two_binomial import TwoBinomial, score_statistic
from saisei.evidence.intervals import clopper_pearson
from saisei.evidence.mixtures import BetaMixture
from saisei.evidence.shift import GRADES, lattice_scores, representative
from saisei.evidence.shift_posterior import shifted
from saisei.evidence.shift_power import critical_total
from saisei.params import value

__all__ = ["Engine", "OneArmEngine", "OperatingRow", "ShiftEngine", "TwoArmEngine"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_NODES = 400
_NEGLIGIBLE = 1e-10  # outcomes rarer than this do not enter a coverage


@dataclass(frozen=True, slots=True)
class OperatingRow:
    """What a design does at one truth; every number is exact unless `error` is given.

    Attributes:
        natural_rate, odds_ratio, treated_rate: the truth, on the conversion endpoint.
        success: probability of success; type I error where the odds ratio is 1, power elsewhere.
        stop: probability that the stop criterion is met, or the trial ends early without success.
        expected_n: people expected in all arms.
        bias: mean of the estimate minus the truth, on `estimates`; None where there is none.
        coverage: probability that the interval holds the truth; None where there is none.
        error: Monte Carlo standard error of `success` where it is simulated; None where it is exact.
    """

    natural_rate: float
    odds_ratio: float
    treated_rate: float
    success: float
    stop: float | None
    expected_n: float
    bias: float | None
    coverage: float | None
    error: float | None = None


class Engine(Protocol):
    """An analysis with its decisions fixed."""

    @property
    def estimates(self) -> str:
        """What is estimated, in words."""
        ...

    @property
    def interval(self) -> str:
        """Which interval the coverage is of, in words."""
        ...

    def null_odds(self, natural: F64) -> F64:
        """Odds ratio of the worst truth that must not succeed, at each natural rate; mostly 1."""
        ...

    def success(self, natural: F64, odds: F64) -> F64:
        """Probability of success at each truth."""
        ...

    def rows(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Everything at each truth."""
        ...


@dataclass(frozen=True, eq=False)
class OneArmEngine:
    """One arm that counts converters.

    Attributes:
        counts: outcomes with their decisions.
        missing: expected share of outcomes that will not be seen.
        prior: of the rate, for posterior intervals; exact intervals (Clopper-Pearson) when None.
    """

    counts: OneArmCounts
    missing: float
    prior: BetaMixture | None = None
    estimates: str = "probability of the endpoint under treatment"
    interval: str = "Clopper-Pearson, people seen"

    def null_odds(self, natural: F64) -> F64:
        """The treatment does nothing."""
        return np.ones(len(natural))

    def success(self, natural: F64, odds: F64) -> F64:
        """Probability of success at each truth."""
        treated = treated_rates(natural, odds) * (1.0 - self.missing)
        return np.asarray(self.counts.laws(treated) @ self.counts.go)

    def rows(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Everything at each truth."""
        rates = np.array([one.treated_rate for one in truths])
        laws = self.counts.laws(rates * (1.0 - self.missing))
        estimate = self._estimates()
        found = []
        for truth, rate, law in zip(truths, rates.tolist(), laws, strict=True):
            covered = law @ self._covers(rate, law)
            found.append(
                OperatingRow(
                    truth.natural_rate, truth.odds_ratio, rate,
                    float(law @ self.counts.go), float(law @ self.counts.stop),
                    float(law @ self.counts.people), float(law @ estimate) - rate, float(covered),
                )
            )  # fmt: skip
        return found

    def _estimates(self) -> F64:
        seen = zip(self.counts.converters.tolist(), self.counts.people.tolist(), strict=True)
        if self.prior is None:
            return np.array([x / n for x, n in seen], dtype=np.float64)
        return np.array([self.prior.posterior(x, n).mean for x, n in seen])

    def _covers(self, rate: float, law: F64) -> NDArray[np.bool_]:
        covers = np.zeros(len(law), dtype=np.bool_)
        tail = (1.0 - value("evidence.confidence")) / 2.0
        for i in np.flatnonzero(law > _NEGLIGIBLE):
            x, n = int(self.counts.converters[i]), int(self.counts.people[i])
            if self.prior is not None:
                below = float(self.prior.posterior(x, n).cdf(rate))
                covers[i] = tail <= below <= 1.0 - tail
            else:
                low, high = clopper_pearson(x, n, value("evidence.confidence"))
                covers[i] = low <= rate <= high
        return covers


@dataclass(frozen=True, eq=False)
class TwoArmEngine:
    """Two arms that count converters.

    Attributes:
        counts: outcomes with their decisions.
        missing: expected share of outcomes that will not be seen, in both arms.
        bayes: the Bayesian design, whose posterior gives estimate and interval; None for tests.
    """

    counts: TwoArmCounts
    missing: float
    bayes: BinaryTwoArm | None = None
    estimates: str = "difference of probabilities"
    interval: str = "score interval of Miettinen and Nurminen"

    def null_odds(self, natural: F64) -> F64:
        """The treatment does nothing."""
        return np.ones(len(natural))

    def _seen(self, natural: F64, odds: F64) -> tuple[F64, F64]:
        kept = 1.0 - self.missing
        return treated_rates(natural, odds) * kept, np.asarray(natural) * kept

    def success(self, natural: F64, odds: F64) -> F64:
        """Probability of success at each truth."""
        return self.counts.expected(self.counts.go, *self._seen(natural, odds))

    def rows(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Everything at each truth."""
        natural = np.array([one.natural_rate for one in truths])
        odds = np.array([one.odds_ratio for one in truths])
        seen = self._seen(natural, odds)
        go = self.counts.expected(self.counts.go, *seen)
        stop = self.counts.expected(self.counts.stop, *seen)
        estimate = self.counts.expected(self._estimates(), *seen)
        left = binomial_rows(self.counts.n_treated, seen[0])
        right = binomial_rows(self.counts.n_control, seen[1])
        total = float(self.counts.n_treated + self.counts.n_control)
        found = []
        for i, truth in enumerate(truths):
            gain = truth.treated_rate - truth.natural_rate
            mass = np.outer(left[i], right[i])
            found.append(
                OperatingRow(
                    truth.natural_rate, truth.odds_ratio, truth.treated_rate, float(go[i]),
                    float(stop[i]), total, float(estimate[i]) - gain, self._coverage(gain, mass),
                )
            )  # fmt: skip
        return found

    def _estimates(self) -> F64:
        if self.bayes is None:
            return self.counts.difference
        n_t, n_c = self.counts.n_treated, self.counts.n_control
        treated = [self.bayes.prior_treated.posterior(y, n_t).mean for y in range(n_t + 1)]
        control = [self.bayes.prior_control.posterior(y, n_c).mean for y in range(n_c + 1)]
        return np.asarray(np.subtract.outer(np.array(treated), np.array(control)))

    def _coverage(self, gain: float, mass: F64) -> float:
        tail = (1.0 - value("evidence.confidence")) / 2.0
        if self.bayes is not None:
            above = self._posterior_above(gain)
            return float((mass * ((above >= tail) & (above <= 1.0 - tail))).sum())
        limit = -float(special.ndtri(tail))
        total = 0.0
        for x, y in zip(*np.nonzero(mass > _NEGLIGIBLE), strict=True):
            data = TwoBinomial(int(x), self.counts.n_treated, int(y), self.counts.n_control)
            if abs(score_statistic(data, gain, corrected=True)) <= limit:
                total += float(mass[x, y])
        return total

    @cached_property
    def _control_law(self) -> tuple[F64, F64]:
        """Nodes of the control rate, and the posterior mass on them for each control count."""
        assert self.bayes is not None
        # theta = sin^2(phi) takes away what a beta density does at 0 and 1.
        angle, mass = legendre_rule(_NODES, 0.0, np.pi / 2.0)
        theta = np.sin(angle) ** 2
        width = mass * 2.0 * np.sin(angle) * np.cos(angle)
        n = self.counts.n_control
        posteriors = [self.bayes.prior_control.posterior(y, n) for y in range(n + 1)]
        return theta, np.array([one.pdf(theta) * width for one in posteriors])

    def _posterior_above(self, gain: float) -> F64:
        """P(difference > gain) for each outcome, shape of the decisions."""
        assert self.bayes is not None
        theta, control = self._control_law
        n = self.counts.n_treated
        treated = [self.bayes.prior_treated.posterior(y, n).sf(theta + gain) for y in range(n + 1)]
        return np.asarray(np.array(treated) @ control.T)


@dataclass(frozen=True, eq=False)
class ShiftEngine:
    """The exact shift test of one arm against natural history.

    Attributes:
        nature: natural recovery of the strata.
        people: number of people in each stratum.
        level: one-sided level of the test.
        also_highest: whether it must hold in the registry with the highest recovery too.
        missing, worst: expected share of unseen grades, and whether they count as AIS A or as unchanged.
        scores: lattice scores of each stratum, shape (strata, 5).
        critical: least total that succeeds; None when no total does.
    """

    nature: Nature
    people: I64
    level: float
    also_highest: bool
    missing: float
    worst: bool
    scores: I64 = field(init=False)
    critical: int | None = field(init=False)
    estimates: str = "gain of the conversion rate over the mean natural rate"
    interval: str = "none"

    def __post_init__(self) -> None:
        assert self.nature.grades is not None
        assert self.nature.draws is not None
        scores = lattice_scores(self.nature.grades)
        object.__setattr__(self, "scores", scores)
        totals = [self._critical(self.nature.draws)]
        if self.also_highest and self.nature.highest is not None:
            totals.append(self._critical(self.nature.highest))
        reachable = [one for one in totals if one is not None]
        critical = max(reachable) if len(reachable) == len(totals) else None
        object.__setattr__(self, "critical", critical)

    def null_odds(self, natural: F64) -> F64:
        """The treatment does nothing."""
        return np.ones(len(natural))

    @property
    def least(self) -> int:
        """The total when everybody ends at AIS A."""
        return int((self.scores[:, 0] * self.people).sum())

    def _critical(self, draws: F64) -> int | None:
        most = int(value("design.document_shift_draws"))
        if len(draws) > most:
            # Whoever they are in detail, people of a stratum share its rates.
            index = np.repeat(np.arange(len(self.people)), self.people)
            draws = draws[representative(draws[:, index], self.scores[index], most)]
        law = mean_law(self.scores, self.people, draws)
        return critical_total(Discrete(self.least, law), self.level)

    def reached(self, grades: F64) -> F64:
        """Probability of success under grade probabilities of shape (truths, strata, 5)."""
        if self.critical is None:
            return np.zeros(len(grades))
        laws = total_laws(self.scores, self.people, self._seen(grades))
        return upper_tail_at(laws, self.critical - self.least)

    def _seen(self, grades: F64) -> F64:
        if self.missing == 0.0:
            return grades
        stay = np.zeros(len(self.people), dtype=np.int64) if self.worst else self.nature.baselines
        unseen = np.eye(GRADES)[stay]
        return np.asarray((1.0 - self.missing) * grades + self.missing * unseen)

    def _truth(self, natural: F64, odds: F64) -> F64:
        base = {rate: self.nature.at_rate(rate) for rate in set(natural.tolist())}
        pairs = zip(natural.tolist(), np.log(odds).tolist(), strict=True)
        return np.stack([shifted(base[rate], shift) for rate, shift in pairs])

    def success(self, natural: F64, odds: F64) -> F64:
        """Probability of success at each truth."""
        return self.reached(self._truth(natural, odds))

    def rows(self, truths: Sequence[Truth]) -> list[OperatingRow]:
        """Everything at each truth."""
        natural = np.array([one.natural_rate for one in truths])
        grades = self._truth(natural, np.array([one.odds_ratio for one in truths]))
        success = self.reached(grades)
        treated = self.nature.conversion(grades)
        seen = self.nature.conversion(self._seen(grades))
        # People without the treatment would have converted at the true rate, not at the assumed mean.
        bias = (seen - self.nature.centre) - (treated - natural)
        n = float(self.people.sum())
        return [
            OperatingRow(
                truth.natural_rate, truth.odds_ratio, float(treated[i]), float(success[i]), None, n,
                float(bias[i]), None,
            )
            for i, truth in enumerate(truths)
        ]  # fmt: skip
