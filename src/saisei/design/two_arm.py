"""Two arms with a Bayesian rule: exact decision matrix, operating characteristics, chance of success.

For binary outcomes every pair of counts is decided once; error rates and power are then sums of that
matrix weighted by binomial probabilities. Nothing is simulated.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from saisei.chance.domain import require_count, require_positive, require_probability
from saisei.chance.quadrature import legendre_rule
from saisei.design.power import binomial_pmf_vector
from saisei.design.rules import Criterion, Rule
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture, NormalMixture
from saisei.evidence.mixtures_difference import difference_cdf

__all__ = [
    "BinaryTwoArm",
    "NormalTwoArm",
    "detectable_difference",
    "predictive_success_normal_two",
]

Array = NDArray[np.float64]

_NODES = 400
_NORMAL_NODES = 160


def _require_two_arms(rule: Rule) -> None:
    if rule.arms != 2:
        raise InputError("this is a two-arm design: the rule must compare treatment and control")


@dataclass(frozen=True, slots=True)
class BinaryTwoArm:
    """A two-arm design with a binary outcome.

    Attributes:
        prior_treated, prior_control: analysis priors.
        n_treated, n_control: people per arm.
        rule: on treatment minus control.
    """

    prior_treated: BetaMixture
    prior_control: BetaMixture
    n_treated: int
    n_control: int
    rule: Rule

    def __post_init__(self) -> None:
        _require_two_arms(self.rule)
        require_count(self.n_treated, "n_treated", at_least=1)
        require_count(self.n_control, "n_control", at_least=1)

    def decisions(self) -> NDArray[np.bool_]:
        """Entry [y_t, y_c]: whether these counts meet the rule."""
        met = np.ones((self.n_treated + 1, self.n_control + 1), dtype=np.bool_)
        for c in self.rule.criteria:
            p = _prob_above(self, c.cut)
            p = p if c.above else 1.0 - p
            met &= p > c.level if c.exceed else p < c.level
        return met

    def success_probability(self, treated_rate: float, control_rate: float) -> float:
        """The exact probability of meeting the rule at true rates."""
        return float(self.success_table([treated_rate], [control_rate])[0])

    def success_table(self, treated: Sequence[float], control: Sequence[float]) -> Array:
        """The exact probability of meeting the rule at pairs of true rates."""
        met = self.decisions()
        out = []
        for p, q in zip(treated, control, strict=True):
            require_probability(p, "a treated rate")
            require_probability(q, "a control rate")
            left = binomial_pmf_vector(self.n_treated, p)
            out.append(float(left @ met @ binomial_pmf_vector(self.n_control, q)))
        return np.array(out)

    def control_boundary(self) -> list[int]:
        """For 0..n_treated responders: the most control responders that still meet the rule, -1 none."""
        met = self.decisions()
        return [int(np.flatnonzero(row).max()) if row.any() else -1 for row in met]


def _prob_above(design: BinaryTwoArm, cut: float) -> Array:
    """P(theta_t - theta_c > cut) for every pair of counts, shape (n_treated + 1, n_control + 1)."""
    if min(*design.prior_control.a, *design.prior_control.b) < 0.5:
        return _prob_above_one_by_one(design, cut)
    # theta = sin^2(phi) removes the end-point singularities down to parameters of one half.
    edges = sorted({0.0, 1.0, float(np.clip(-cut, 0.0, 1.0)), float(np.clip(1.0 - cut, 0.0, 1.0))})
    angles = [float(np.arcsin(np.sqrt(e))) for e in edges]
    phi, mass = (
        np.concatenate(parts)
        for parts in zip(
            *(legendre_rule(_NODES, a, b) for a, b in itertools.pairwise(angles)),
            strict=True,
        )
    )
    theta = np.sin(phi) ** 2
    jacobian = mass * 2.0 * np.sin(phi) * np.cos(phi)
    control = [
        design.prior_control.posterior(y, design.n_control).pdf(theta) * jacobian
        for y in range(design.n_control + 1)
    ]
    treated = [
        design.prior_treated.posterior(y, design.n_treated).sf(theta + cut)
        for y in range(design.n_treated + 1)
    ]
    return np.asarray(np.array(treated) @ np.array(control).T)


def _prob_above_one_by_one(design: BinaryTwoArm, cut: float) -> Array:
    """The slow plain version, for priors with parameters below one half (and for tests)."""
    treated = [
        design.prior_treated.posterior(y, design.n_treated) for y in range(design.n_treated + 1)
    ]
    control = [
        design.prior_control.posterior(y, design.n_control) for y in range(design.n_control + 1)
    ]
    return np.array([[1.0 - difference_cdf(t, c, cut) for c in control] for t in treated])


def detectable_difference(design: BinaryTwoArm, control_rate: float, power: float) -> float:
    """The rise over a control rate that is found with the given power.

    Raises:
        InputError: no rise up to a rate of 1 reaches the power.
    """
    met = design.decisions()
    control = met @ binomial_pmf_vector(design.n_control, control_rate)

    def gap(delta: float) -> float:
        return float(binomial_pmf_vector(design.n_treated, control_rate + delta) @ control) - power

    top = 1.0 - control_rate
    if gap(top) < 0.0:
        raise InputError(f"no difference reaches power {power} with these sizes")
    if gap(0.0) >= 0.0:
        return 0.0
    return float(optimize.brentq(gap, 0.0, top, xtol=1e-12))


@dataclass(frozen=True, slots=True)
class NormalTwoArm:
    """A two-arm design with a normal outcome of known standard errors.

    Attributes:
        prior_treated, prior_control: analysis priors of the two means.
        se_treated, se_control: standard errors of the two observed means.
        rule: on treatment minus control.
    """

    prior_treated: NormalMixture
    prior_control: NormalMixture
    se_treated: float
    se_control: float
    rule: Rule

    def __post_init__(self) -> None:
        _require_two_arms(self.rule)
        require_positive(self.se_treated, "se_treated")
        require_positive(self.se_control, "se_control")

    def critical_treated(self, control_means: Array) -> tuple[Array, Array]:
        """The treated means that meet the rule lie between `low` and `high`, for each control mean."""
        low = np.full(control_means.shape, -np.inf)
        high = np.full(control_means.shape, np.inf)
        for c in self.rule.criteria:
            edge = _edges(self, c, control_means)
            if c.above == c.exceed:
                low = np.maximum(low, edge)
            else:
                high = np.minimum(high, edge)
        return low, high

    def success_probability(self, treated_mean: float, control_mean: float) -> float:
        """The probability of meeting the rule at true means."""
        truth = NormalMixture((1.0,), (control_mean,), (self.se_control,))
        return _average_success(
            self, truth, NormalMixture((1.0,), (treated_mean,), (self.se_treated,))
        )


def _average_success(design: NormalTwoArm, control: NormalMixture, treated: NormalMixture) -> float:
    """The probability of meeting the rule when the two observed means follow these laws."""
    total = 0.0
    z, mass = legendre_rule(_NORMAL_NODES, -8.5, 8.5)
    density = mass * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    for w, m, s in zip(control.weights, control.means, control.sds, strict=True):
        low, high = design.critical_treated(m + s * z)
        inside = np.where(high > low, treated.cdf(high) - treated.cdf(low), 0.0)
        total += w * float(density @ inside)
    return total


def _edges(design: NormalTwoArm, c: Criterion, control_means: Array) -> Array:
    """The treated mean at which a criterion's probability equals its level, by bisection in parallel."""
    posteriors = [
        design.prior_control.posterior(float(y), design.se_control) for y in control_means
    ]
    cw, cm, cs = (
        np.array([getattr(p, f) for p in posteriors]) for f in ("weights", "means", "sds")
    )
    centre = (cw * cm).sum(axis=1) + c.cut
    width = np.full(centre.shape, 8.0 * (design.se_treated + float(cs.max())))
    want_sign = 1.0 if c.above else -1.0

    def gap(treated_means: Array) -> Array:
        above = _normal_above(design, treated_means, cw, cm, cs, c.cut)
        return want_sign * ((above if c.above else 1.0 - above) - c.level)

    for _ in range(80):
        short = (gap(centre - width) > 0.0) | (gap(centre + width) < 0.0)
        if not short.any():
            break
        width = np.where(short, 2.0 * width, width)
    low, high = centre - width, centre + width
    for _ in range(70):
        middle = 0.5 * (low + high)
        positive = gap(middle) > 0.0
        high = np.where(positive, middle, high)
        low = np.where(positive, low, middle)
    return np.asarray(0.5 * (low + high))


def _normal_above(
    design: NormalTwoArm, treated_means: Array, cw: Array, cm: Array, cs: Array, cut: float
) -> Array:
    """P(theta_t - theta_c > cut) for observed treated means, against given control posteriors."""
    w, m, s = (np.array(v) for v in (
        design.prior_treated.weights, design.prior_treated.means, design.prior_treated.sds
    ))  # fmt: skip
    y, se2 = treated_means[:, None], design.se_treated**2
    marginal = np.sqrt(s * s + se2)
    log_w = np.log(w) - 0.5 * ((y - m) / marginal) ** 2 - np.log(marginal)
    weights = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    precision = 1.0 / s**2 + 1.0 / se2
    means, sds = (m / s**2 + y / se2) / precision, 1.0 / np.sqrt(precision)
    shift = (means[:, :, None] - cm[:, None, :] - cut) / np.hypot(
        sds[None, :, None], cs[:, None, :]
    )
    return np.asarray((weights[:, :, None] * cw[:, None, :] * special.ndtr(shift)).sum(axis=(1, 2)))


def predictive_success_normal_two(
    treated: NormalMixture,
    control: NormalMixture,
    se_treated: float,
    se_control: float,
    rule: Rule,
) -> float:
    """The chance, now, that a two-arm rule is met after further data with the given standard errors.

    Args:
        treated, control: laws of the two means now (they predict and they decide).
        se_treated, se_control: standard errors of the means still to come.
        rule: two-arm rule on the final posteriors.
    """
    design = NormalTwoArm(treated, control, se_treated, se_control, rule)

    def ahead(law: NormalMixture, se: float) -> NormalMixture:
        return NormalMixture(law.weights, law.means, tuple(float(np.hypot(s, se)) for s in law.sds))

    return _average_success(design, ahead(control, se_control), ahead(treated, se_treated))
