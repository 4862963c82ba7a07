"""The continual reassessment method (CRM) and TITE-CRM, with skeletons and checks.

Two readings of the estimated DLT rates are offered and named: the plug-in at the posterior mean of beta
(what dfcrm prints) and the full posterior mean of each rate. They differ at small n.
"""

from __future__ import annotations

import itertools
import math
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, special

from saisei.chance.domain import require_choice, require_positive, require_probability
from saisei.chance.quadrature import legendre_rule
from saisei.errors import InputError, UnsupportedError

__all__ = [
    "CrmFit",
    "CrmModel",
    "crm_fit",
    "crm_indifference",
    "crm_is_coherent",
    "crm_sample_size",
    "crm_skeleton",
    "tite_weights",
]

Array = NDArray[np.float64]

DEFAULT_SCALE = math.sqrt(1.34)
_FLAT_SCALE = 500.0
_LARGEST_BETA = 8.0


@dataclass(frozen=True, slots=True)
class CrmModel:
    """A one-parameter dose-toxicity curve.

    Attributes:
        skeleton: prior guesses of the DLT rates, increasing.
        kind: "empiric" (skeleton to the power exp(beta)) or "logistic" with a fixed intercept.
        intercept: of the logistic curve.
    """

    skeleton: tuple[float, ...]
    kind: str = "empiric"
    intercept: float = 3.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "skeleton", tuple(float(p) for p in self.skeleton))
        require_choice(self.kind, "model", ("empiric", "logistic"))
        for p in self.skeleton:
            require_probability(p, "a skeleton rate", open_ends=True)
        if any(b <= a for a, b in itertools.pairwise(self.skeleton)):
            raise InputError("the skeleton must increase from dose to dose")
        if self.kind == "logistic" and max(special.logit(self.skeleton)) >= self.intercept:
            raise InputError("the intercept is too small: raise it above every skeleton logit")

    def log_rates(self, beta: Array) -> Array:
        """Log DLT rates at each beta, shape (len(beta), doses)."""
        grow = np.exp(np.asarray(beta, dtype=np.float64))[..., None]
        if self.kind == "empiric":
            return np.asarray(grow * np.log(self.skeleton))
        scaled = special.logit(np.array(self.skeleton)) - self.intercept
        return np.asarray(special.log_expit(self.intercept + grow * scaled))

    def rates(self, beta: float) -> Array:
        """DLT rates at one beta, shape (doses,)."""
        return np.asarray(np.exp(self.log_rates(np.array([beta]))[0]))


@dataclass(frozen=True, slots=True)
class CrmFit:
    """A fitted CRM.

    Attributes:
        beta, variance: posterior mean (or maximum likelihood estimate) and variance.
        mtd: dose, counted from 1, whose plug-in rate is nearest the target.
        plug_in: rates at `beta`.
        lower, upper: plug-in 90% limits by a normal approximation for beta.
        posterior_mean: full posterior means of the rates (None after maximum likelihood).
    """

    beta: float
    variance: float
    mtd: int
    plug_in: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    posterior_mean: tuple[float, ...] | None


def _log_likelihood(
    model: CrmModel, levels: Sequence[int], dlts: Sequence[int], weights: Sequence[float]
) -> Callable[[Array], Array]:
    if not len(levels) == len(dlts) == len(weights) or not levels:
        raise InputError("give one level, outcome and weight per person, at least one person")
    doses = np.asarray(levels, dtype=np.int64) - 1
    if doses.min() < 0 or doses.max() >= len(model.skeleton):
        raise InputError(f"levels must lie between 1 and {len(model.skeleton)}")
    y, w = np.asarray(dlts, dtype=np.float64), np.asarray(weights, dtype=np.float64)

    def value(beta: Array) -> Array:
        log_p = model.log_rates(beta)[..., doses]
        rest = np.log1p(-np.minimum(w * np.exp(log_p), 1.0 - 1e-16))
        return np.asarray((y * log_p + (1.0 - y) * rest).sum(axis=-1))

    return value


def crm_fit(
    model: CrmModel,
    target: float,
    levels: Sequence[int],
    dlts: Sequence[int],
    *,
    weights: Sequence[float] | None = None,
    scale: float = DEFAULT_SCALE,
    method: str = "bayes",
    confidence: float = 0.9,
    coarse: bool = False,
) -> CrmFit:
    """Fit the CRM to what was seen.

    Args:
        model: the curve.
        target: DLT rate aimed at.
        levels: dose of each person, counted from 1.
        dlts: 1 for a DLT, else 0.
        weights: share of the window seen by each person without a DLT (TITE-CRM); 1 if left out.
        scale: prior standard deviation of beta.
        method: "bayes" or "mle".
        confidence: of the plug-in limits.
        coarse: integrate and search at the tolerances of R (1.2e-4, 1e-4), to compare with printed
            figures of dfcrm; its variance after maximum likelihood depends on them.

    Raises:
        InputError: lists differ in length or name a dose that does not exist.
        UnsupportedError: maximum likelihood with no or only DLTs.
    """
    require_choice(method, "method", ("bayes", "mle"))
    require_probability(target, "target", open_ends=True)
    shares = [1.0] * len(levels) if weights is None else list(weights)
    shares = [1.0 if y else w for w, y in zip(shares, dlts, strict=True)]
    likelihood = _log_likelihood(model, levels, dlts, shares)
    averages: tuple[float, ...] | None = None
    if method == "mle":
        if sum(dlts) in (0, len(dlts)):
            raise UnsupportedError("no maximum likelihood estimate exists with no or only DLTs")
        found = optimize.minimize_scalar(
            lambda b: -float(likelihood(np.array([b]))[0]), bounds=(-10.0, 10.0), method="bounded",
            options={"xatol": 1e-4 if coarse else 1e-10},
        )  # fmt: skip
        beta = float(found.x)
        if coarse:
            # dfcrm's ranges; the second moment less the square of the estimate.
            whole = _coarse_integral(likelihood, _FLAT_SCALE, 0, 10.0)
            variance = _coarse_integral(likelihood, _FLAT_SCALE, 2, 100.0) / whole - beta**2
        else:
            _, variance, _ = _moments(model, likelihood, _FLAT_SCALE)
    else:
        beta, variance, averages = _moments(model, likelihood, require_positive(scale, "scale"))
        if coarse:
            whole = _coarse_integral(likelihood, scale, 0, math.inf)
            beta = _coarse_integral(likelihood, scale, 1, 10.0) / whole
            variance = _coarse_integral(likelihood, scale, 2, 10.0) / whole - beta**2
    # At R's coarse tolerances the variance after maximum likelihood may come out below 0.
    spread = math.sqrt(variance) if variance >= 0.0 else math.nan
    half = float(special.ndtri(0.5 + confidence / 2.0)) * spread
    plug_in = model.rates(beta)
    return CrmFit(
        beta,
        variance,
        _nearest(plug_in, target),
        tuple(plug_in.tolist()),
        tuple(model.rates(beta + half).tolist()),
        tuple(model.rates(beta - half).tolist()),
        averages,
    )


def _moments(
    model: CrmModel, likelihood: Callable[[Array], Array], scale: float
) -> tuple[float, float, tuple[float, ...]]:
    """Posterior mean and variance of beta and means of the rates, on panels around the bulk."""
    coarse = np.linspace(-12.0, 8.0, 801)

    def log_density(b: Array) -> Array:
        return np.asarray(likelihood(b) - 0.5 * (b / scale) ** 2)

    values = log_density(coarse)
    bulk = coarse[values > values.max() - 40.0]
    low, high = float(bulk.min()) - 0.1, float(bulk.max()) + 0.1
    edges = np.linspace(low, high, 9)
    parts = [legendre_rule(40, a, b) for a, b in itertools.pairwise(edges)]
    beta = np.concatenate([p[0] for p in parts])
    mass = np.concatenate([p[1] for p in parts]) * np.exp(log_density(beta) - values.max())
    mass /= mass.sum()
    mean = float(mass @ beta)
    averages = mass @ np.exp(model.log_rates(beta))
    return mean, float(mass @ (beta - mean) ** 2), tuple(averages.tolist())


def _coarse_integral(
    likelihood: Callable[[Array], Array], scale: float, power: int, reach: float
) -> float:
    """Integral of beta^power times likelihood times prior over -reach..reach at R's tolerance."""
    tolerance = sys.float_info.epsilon**0.25

    def integrand(b: float) -> float:
        # Beyond this the rates are 0 or 1 in double precision and so is the likelihood.
        if b > _LARGEST_BETA:
            return 0.0
        log_density = float(likelihood(np.array([b]))[0]) - 0.5 * (b / scale) ** 2
        return float(b**power * math.exp(log_density))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", integrate.IntegrationWarning)
        found = integrate.quad(integrand, -reach, reach, epsabs=0.0, epsrel=tolerance)
    return float(found[0])


def _nearest(rates: Array, target: float) -> int:
    if (rates <= target).all():
        return len(rates)
    if (rates >= target).all():
        return 1
    return int(np.argmin(np.abs(rates - target))) + 1


def tite_weights(
    followup: Sequence[float], window: float, dlts: Sequence[int], scheme: str = "linear"
) -> list[float]:
    """The weight of each person: share of the window seen, 1 after a DLT, never above 1.

    The adaptive scheme (Cheung and Chappell 2000) spreads weight by the times of the DLTs seen.

    Args:
        followup: time watched so far (to the DLT, for those who had one).
        window: length of the observation window, same unit.
        dlts: 1 for a DLT, else 0.
        scheme: "linear" or "adaptive".

    Raises:
        InputError: lengths differ, or the window is not above 0.
    """
    require_choice(scheme, "weights", ("linear", "adaptive"))
    require_positive(window, "window")
    if len(followup) != len(dlts):
        raise InputError("give one follow-up time and one outcome per person")
    times = sorted(t for t, y in zip(followup, dlts, strict=True) if y)
    out = []
    for time, y in zip(followup, dlts, strict=True):
        if scheme == "linear" or not times:
            weight = time / window
        else:
            # A piecewise line through the DLT times, each holding an equal share.
            knots = [0.0, *times, window]
            seen = sum(t <= time for t in times)
            step = knots[seen + 1] - knots[seen]
            weight = (seen + ((time - knots[seen]) / step if step > 0 else 1.0)) / (len(times) + 1)
        out.append(1.0 if y else min(weight, 1.0))
    return out


def crm_skeleton(
    halfwidth: float,
    target: float,
    mtd: int,
    doses: int,
    kind: str = "empiric",
    intercept: float = 3.0,
) -> list[float]:
    """The skeleton whose indifference interval is target +/- halfwidth (Lee and Cheung 2009).

    Args:
        halfwidth: half width of the indifference interval.
        target: DLT rate aimed at.
        mtd: prior guess of the MTD, counted from 1.
        doses: number of doses.
        kind, intercept: as for `CrmModel`.

    Raises:
        InputError: the interval leaves (0, 1) or the guess is not a dose.
    """
    require_choice(kind, "model", ("empiric", "logistic"))
    if not 0.0 < target - halfwidth < target + halfwidth < 1.0 or not 1 <= mtd <= doses:
        raise InputError("target +/- halfwidth must lie in (0, 1) and the prior MTD must be a dose")

    def scaled(p: float) -> float:
        return math.log(p) if kind == "empiric" else float(special.logit(p)) - intercept

    # exp(beta) times the scaled dose gives the scaled rate, so neighbours keep one fixed ratio.
    ratio = scaled(target - halfwidth) / scaled(target + halfwidth)
    position = [scaled(target) * ratio ** (mtd - 1 - k) for k in range(doses)]
    if kind == "empiric":
        return [math.exp(x) for x in position]
    return [float(special.expit(intercept + x)) for x in position]


def crm_indifference(
    model: CrmModel, target: float
) -> tuple[list[tuple[float, float]], list[tuple[float | None, float | None]]]:
    """For each dose: the betas under which it is the MTD, and its indifference interval.

    The interval of a dose holds the rates of its neighbours that leave it the choice in the long run;
    an end is None where there is no neighbour.

    Raises:
        InputError: fewer than two doses.
    """
    k = len(model.skeleton)
    if k < 2:
        raise InputError("an indifference interval needs two or more doses")
    low, high = _beta_range(model, target)
    cuts = [low]
    for j in range(1, k):

        def excess(beta: float, j: int = j) -> float:
            rates = model.rates(beta)
            return float(rates[j - 1] + rates[j]) - 2.0 * target

        cuts.append(float(optimize.brentq(excess, low, high, xtol=1e-13)))
    cuts.append(high)
    sets = list(itertools.pairwise(cuts))
    intervals: list[tuple[float | None, float | None]] = []
    for j in range(k):
        below = float(model.rates(cuts[j])[j - 1]) if j > 0 else None
        above = float(model.rates(cuts[j + 1])[j + 1]) if j < k - 1 else None
        intervals.append((below, above))
    return sets, intervals


def _beta_range(model: CrmModel, target: float) -> tuple[float, float]:
    """The betas looked at: -5 to 5, wider if the outer doses ask for it."""
    first, last = model.skeleton[0], model.skeleton[-1]
    if model.kind == "empiric":
        ends = math.log((target + 1) / 2) / math.log(first), math.log(target / 2) / math.log(last)
    else:
        a = model.intercept
        ends = (
            (math.log((1 + target) / (1 - target)) - a) / (float(special.logit(first)) - a),
            (float(special.logit(target / 2)) - a) / (float(special.logit(last)) - a),
        )
    low, high = (math.log(e) if e > 0 else None for e in ends)
    return min(-5.0, -5.0 if low is None else low), max(5.0, 5.0 if high is None else high)


def crm_is_coherent(
    model: CrmModel, target: float, initial: Sequence[int], scale: float = DEFAULT_SCALE
) -> bool:
    """Whether the first DLT of an initial design can never be followed by a higher dose.

    Args:
        model: the curve.
        target: DLT rate aimed at.
        initial: dose of each person until the first DLT, non-decreasing.
        scale: prior standard deviation of beta.

    Raises:
        InputError: the design decreases or names a dose that does not exist.
    """
    if any(b < a for a, b in itertools.pairwise(initial)):
        raise InputError("an initial design never goes down before the first DLT")
    for i in range(1, len(initial) + 1):
        seen = [0] * (i - 1) + [1]
        if crm_fit(model, target, initial[:i], seen, scale=scale).mtd > initial[i - 1]:
            return False
    return True


def _benchmark_size(
    correct: float, target: float, doses: int, odds_ratio: float, corrected: bool
) -> float:
    """People that the optimal non-parametric benchmark needs for an average chance of being right."""
    low = target / (target + odds_ratio * (1.0 - target))
    high = target * odds_ratio / (1.0 - target + target * odds_ratio)
    spread_low = math.sqrt(target * (1 - target) + low * (1 - low) + 2 * low * (1 - target))
    spread_high = math.sqrt(target * (1 - target) + high * (1 - high) + 2 * target * (1 - high))

    def gap(shift: float) -> float:
        return ((target - low + shift) / spread_low + (high - target - shift) / spread_high) / 2.0

    shift = 0.0
    if corrected:
        n = 1
        while (
            1 / doses + (1 - 1 / doses) * (2 * float(special.ndtr(math.sqrt(n) * gap(0.5 / n))) - 1)
            < correct
        ):
            n += 1
        shift = 0.5 / n
    z = float(special.ndtri(1.0 - doses * (1.0 - correct) / (2.0 * (doses - 1.0))))
    return (z / gap(shift)) ** 2


# Cheung 2013, empirical regression of the CRM's accuracy on that of the benchmark.
_ACCURACY = {"constant": 2.26, "doses": 0.00235, "odds": 0.7, "inverse": 1.903, "slope": 0.854}


def crm_sample_size(
    average_correct: float,
    target: float,
    doses: int,
    odds_ratio: float,
    *,
    corrected: bool = True,
) -> int:
    """People for a Bayesian CRM to select the right dose with a given average probability.

    Cheung (2013, Clinical Trials 10:852): a starting point, to be checked by simulation; fitted for
    targets 0.1 to 0.3, 4 to 8 doses and odds ratios 1.25 to 2.5.

    Args:
        average_correct: wanted probability of correct selection, averaged over the dose that is right.
        target: DLT rate aimed at.
        doses: number of doses.
        odds_ratio: between neighbouring doses.
        corrected: apply the continuity correction.

    Raises:
        InputError: a value is out of range.

    >>> crm_sample_size(0.6, 0.25, 5, 1.8)
    32
    """
    require_probability(average_correct, "average_correct", open_ends=True)
    require_probability(target, "target", open_ends=True)
    if doses < 2 or odds_ratio <= 1.0:
        raise InputError("a CRM needs two or more doses and an odds ratio above 1")
    c = _ACCURACY
    logit = float(special.logit(average_correct)) - c["constant"] + c["doses"] * doses**2
    logit = (logit + c["odds"] * odds_ratio + c["inverse"] / odds_ratio) / c["slope"]
    needed = float(special.expit(logit))
    return math.ceil(_benchmark_size(needed, target, doses, odds_ratio, corrected) - 1e-9)
