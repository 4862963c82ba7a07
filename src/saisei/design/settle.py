"""What would settle it: sizes and exact power of the two simplest designs, over the natural rates.

Takes the lowest, middle and highest natural rate that suit the people studied. Gives, for each stated
gain, the size of a two-arm trial (normal formula and Fisher's exact test) and of a single-arm trial
against a fixed rate; and what becomes of the single arm's error when the true natural rate is the
highest one. That last number is why a control is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from saisei.chance import binomial
from saisei.design.power import (
    fisher_exact_power,
    fisher_n,
    single_arm_n,
    single_arm_power,
    two_proportion_n,
    z_test_exact_power,
)
from saisei.errors import InputError
from saisei.params import parameter, value

__all__ = ["PowerCurve", "Settle", "SizeRow", "what_would_settle"]

_STEP = 10


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Sizes of both designs for one natural rate and one gain.

    Attributes:
        label: which natural rate: lowest, middle or highest.
        natural_rate, treated_rate: probabilities of the endpoint.
        odds_ratio: the gain as an odds ratio.
        per_arm_normal: people per arm by the pooled normal formula; its exact power beside it.
        per_arm_fisher: people per arm for Fisher's exact test; its exact power beside it.
        single_arm: people for the exact one-sample test against `natural_rate`.
        single_arm_critical: responders that such a trial must show.
        single_arm_size: its attained one-sided error when the natural rate is as assumed.
        single_arm_size_at_highest: its error when the natural rate is the highest one.
    """

    label: str
    natural_rate: float
    gain: float
    treated_rate: float
    odds_ratio: float
    per_arm_normal: int
    per_arm_normal_power: float
    per_arm_fisher: int
    per_arm_fisher_power: float
    single_arm: int
    single_arm_critical: int
    single_arm_power: float
    single_arm_size: float
    single_arm_size_at_highest: float


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """Exact power by people per arm, for one natural rate and one gain."""

    label: str
    design: str
    natural_rate: float
    gain: float
    n: tuple[int, ...]
    power: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """What would settle it."""

    alpha_two_sided: float
    goal: float
    rows: tuple[SizeRow, ...]
    curves: tuple[PowerCurve, ...]


def _row(label: str, rate: float, gain: float, highest: float) -> SizeRow:
    alpha, goal = value("evidence.alpha_two_sided"), value("evidence.power")
    treated = rate + gain
    normal = two_proportion_n(rate, treated, alpha, goal)
    fisher = fisher_n(rate, treated, alpha, goal)
    single = single_arm_n(rate, treated, alpha / 2, goal)
    test = single_arm_power(single.n_stays, rate, treated, alpha / 2)
    return SizeRow(
        label=label,
        natural_rate=rate,
        gain=gain,
        treated_rate=treated,
        odds_ratio=float(np.exp(logit(treated) - logit(rate))),
        per_arm_normal=normal,
        per_arm_normal_power=z_test_exact_power(normal, normal, rate, treated, alpha),
        per_arm_fisher=fisher.n_stays,
        per_arm_fisher_power=fisher.power_stays,
        single_arm=single.n_stays,
        single_arm_critical=test.critical_count,
        single_arm_power=test.power,
        single_arm_size=test.size,
        single_arm_size_at_highest=binomial(single.n_stays, highest).at_least(test.critical_count),
    )


def _curves(label: str, rate: float, gain: float) -> tuple[PowerCurve, PowerCurve]:
    alpha = value("evidence.alpha_two_sided")
    sizes = tuple(range(_STEP, int(value("design.largest_arm")) + 1, _STEP))
    two = tuple(fisher_exact_power(n, n, rate, rate + gain, alpha) for n in sizes)
    one = tuple(single_arm_power(n, rate, rate + gain, alpha / 2).power for n in sizes)
    return (
        PowerCurve(label, "two arms, Fisher's exact test", rate, gain, sizes, two),
        PowerCurve(label, "single arm against a fixed rate", rate, gain, sizes, one),
    )


def what_would_settle(natural_rates: Mapping[str, float]) -> Settle:
    """Sizes and exact power for stated gains over the natural rates.

    Args:
        natural_rates: label (lowest, middle, highest) -> probability of the endpoint without cells,
            strictly between 0 and 1.

    Raises:
        InputError: no rates, or a rate out of range.

    >>> settle = what_would_settle({"middle": 0.10})
    >>> [(row.gain, row.per_arm_normal, row.per_arm_fisher) for row in settle.rows]
    [(0.2, 62, 69), (0.4, 20, 23)]
    """
    if not natural_rates or not all(0.0 < rate < 1.0 for rate in natural_rates.values()):
        raise InputError(f"natural rates {dict(natural_rates)}: each must lie between 0 and 1")
    points = parameter("design.gain_points").value
    assert isinstance(points, tuple)
    highest = max(natural_rates.values())
    cases = [
        (label, rate, gain / 100)
        for gain in points
        for label, rate in natural_rates.items()
        if rate + gain / 100 < 1.0
    ]
    rows = tuple(_row(label, rate, gain, highest) for label, rate, gain in cases)
    smallest = min(points) / 100  # the curves of larger gains would crowd the picture
    curves = tuple(curve for case in cases if case[2] == smallest for curve in _curves(*case))
    return Settle(value("evidence.alpha_two_sided"), value("evidence.power"), rows, curves)
