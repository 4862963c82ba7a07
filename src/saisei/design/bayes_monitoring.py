"""Bayesian monitoring of one arm: Thall-Simon, Lee-Liu predictive probability, BOP2 with exact OC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.chance.domain import require_choice, require_count, require_probability
from saisei.design.power import binomial_pmf_vector
from saisei.errors import InputError
from saisei.evidence.mixtures import BetaMixture
from saisei.evidence.mixtures_difference import difference_cdf

__all__ = [
    "Bop2Oc",
    "bop2_boundaries",
    "bop2_oc",
    "changes_of_bound",
    "lee_liu_boundary",
    "predictive_probability",
    "prob_experimental_better",
    "thall_simon_boundary",
]

Pair = tuple[float, float]
Array = NDArray[np.float64]


def prob_experimental_better(
    y: int, n: int, experimental: Pair, standard: Pair, delta: float = 0.0
) -> float:
    """P(p_E > p_S + delta) after y responders of n, for beta priors of both (Thall and Simon 1994).

    >>> round(prob_experimental_better(8, 15, (0.6, 1.4), (15, 35)), 6)
    0.935789
    """
    arm = BetaMixture((1.0,), (experimental[0],), (experimental[1],)).posterior(y, n)
    fixed = BetaMixture((1.0,), (standard[0],), (standard[1],))
    return 1.0 - difference_cdf(arm, fixed, delta)


def thall_simon_boundary(
    kind: str,
    n_max: int,
    cutoff: float,
    experimental: Pair,
    standard: Pair,
    delta: float = 0.0,
) -> list[int | None]:
    """Bound after 1..n_max people: stop for futility at or below it, for superiority at or above it.

    Args:
        kind: "futility" (probability below the cutoff) or "superiority" (at or above it).
        n_max: largest number of people.
        cutoff: of P(p_E > p_S + delta).
        experimental, standard: beta parameters of the priors.
        delta: wanted gain.

    Raises:
        InputError: a value is out of range.
    """
    require_choice(kind, "type", ("futility", "superiority"))
    require_probability(cutoff, "cutoff", open_ends=True)
    bounds: list[int | None] = []
    y = 0
    for n in range(1, require_count(n_max, "n_max", at_least=1) + 1):
        # The probability falls as n grows and rises with y, so the bound never goes down.
        while y <= n and prob_experimental_better(y, n, experimental, standard, delta) < cutoff:
            y += 1
        if kind == "futility":
            bounds.append(y - 1 if y > 0 else None)
        else:
            bounds.append(y if y <= n else None)
    return bounds


def changes_of_bound(bounds: Sequence[int | None]) -> list[tuple[int, int]]:
    """Pairs (n, bound) where the bound first appears or changes, n counted from 1."""
    out: list[tuple[int, int]] = []
    for n, bound in enumerate(bounds, start=1):
        if bound is not None and (not out or out[-1][1] != bound):
            out.append((n, bound))
    return out


def predictive_probability(
    y: int, n: int, n_max: int, prior: Pair, p0: float, theta_t: float
) -> float:
    """The chance, now, that P(p > p0 | all n_max) will exceed theta_t (Lee and Liu 2008).

    >>> round(predictive_probability(16, 23, 40, (0.6, 0.4), 0.6, 0.9), 4)
    0.5656
    """
    require_count(n_max, "n_max", at_least=n)
    now = BetaMixture((1.0,), (prior[0],), (prior[1],)).posterior(y, n)
    left = n_max - n
    total = y + np.arange(left + 1)
    final = special.betaincc(prior[0] + total, prior[1] + n_max - total, p0)
    return float(now.predictive_pmf(left) @ (final > theta_t))


def lee_liu_boundary(
    kind: str, n_max: int, prior: Pair, p0: float, theta_t: float, limit: float
) -> list[int | None]:
    """Bound after 1..n_max people on the predictive probability.

    Args:
        kind: "futility" (stop at or below the count whose PP is under `limit`) or "superiority" (stop
            at or above the count whose PP exceeds `limit`).
        n_max: planned size.
        prior: beta parameters.
        p0: uninteresting rate.
        theta_t: final posterior probability that counts as success.
        limit: theta_L or theta_U.

    Raises:
        InputError: a value is out of range.
    """
    require_choice(kind, "type", ("futility", "superiority"))
    bounds: list[int | None] = []
    for n in range(1, require_count(n_max, "n_max", at_least=1) + 1):
        chance = np.array(
            [predictive_probability(y, n, n_max, prior, p0, theta_t) for y in range(n + 1)]
        )
        hit = (
            np.flatnonzero(chance < limit) if kind == "futility" else np.flatnonzero(chance > limit)
        )
        bounds.append(int(hit[-1 if kind == "futility" else 0]) if len(hit) else None)
    return bounds


@dataclass(frozen=True, slots=True)
class Bop2Oc:
    """Exact characteristics: probability of claiming efficacy, of each early stop, expected size."""

    reject: float
    early_futility: float
    early_efficacy: float
    expected_n: float


def bop2_boundaries(
    looks: Sequence[int], null_rate: float, lam: float, gamma: float, eta: float | None = None
) -> tuple[list[int], list[int | None]]:
    """BOP2 bounds: stop for futility at or below the first, for efficacy at or above the second.

    Futile when P(p > p0 | data) < lam (n/N)^gamma; efficacious when it exceeds
    1 - (1 - lam) (n/N)^eta (left out: no efficacy stop before the end). Prior Beta(p0, 1 - p0).

    Args:
        looks: increasing numbers of people.
        null_rate: p0.
        lam, gamma, eta: shape of the cutoffs.

    Raises:
        InputError: the looks do not increase, or a value is out of range.
    """
    if not looks or any(b <= a for a, b in zip([0, *looks], looks, strict=False)):
        raise InputError("looks must be increasing numbers of people, at least one")
    p0 = require_probability(null_rate, "p0", open_ends=True)
    require_probability(lam, "lam", open_ends=True)
    futile: list[int] = []
    effective: list[int | None] = []
    for n in looks:
        y = np.arange(n + 1)
        chance = special.betaincc(p0 + y, 1.0 - p0 + n - y, p0)
        share = n / looks[-1]
        low = np.flatnonzero(chance < lam * share**gamma)
        # Zero responders always stop: the published code floors the bound at 0.
        futile.append(int(low[-1]) if len(low) else 0)
        cut = lam if eta is None else 1.0 - (1.0 - lam) * share**eta
        high = np.flatnonzero(chance > cut)
        last = n == looks[-1]
        effective.append(int(high[0]) if len(high) and (eta is not None or last) else None)
    return futile, effective


def bop2_oc(
    looks: Sequence[int], futile: Sequence[int], effective: Sequence[int | None], rate: float
) -> Bop2Oc:
    """Exact characteristics at a true response rate, by recursion over counts.

    Raises:
        InputError: the rate is not a probability.
    """
    require_probability(rate, "rate")
    state = np.array([1.0])
    seen = 0
    reject = early_futile = early_effective = people = 0.0
    for k, n in enumerate(looks):
        state = np.convolve(state, binomial_pmf_vector(n - seen, rate))
        seen, last = n, k == len(looks) - 1
        low = futile[k] + 1
        bound = effective[k]
        high = len(state) if bound is None else bound
        out_low = float(state[: min(low, high)].sum())
        out_high = float(state[high:].sum())
        reject += out_high
        early_futile += 0.0 if last else out_low
        early_effective += 0.0 if last else out_high
        people += n * (float(state.sum()) if last else out_low + out_high)
        state = state.copy()
        state[:low] = 0.0
        state[high:] = 0.0
    return Bop2Oc(reject, early_futile, early_effective, people)
