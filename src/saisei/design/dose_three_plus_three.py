"""The 3+3 rule: next dose, exact operating characteristics, and the evidence in small counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saisei.chance.domain import require_count, require_probability
from saisei.design.dose_boin import NextDose
from saisei.design.dose_history import Cohort
from saisei.errors import InputError, UnsupportedError

__all__ = [
    "ThreePlusThree",
    "binomial_likelihood_ratio",
    "three_plus_three_next_dose",
    "three_plus_three_oc",
    "three_plus_three_one_dose",
]


@dataclass(frozen=True, slots=True)
class ThreePlusThree:
    """Exact operating characteristics of the rule without de-escalation.

    Attributes:
        select: probability of selecting no dose, then each dose.
        expected_people, expected_dlts: means.
        reach: probability that each dose is tried.
    """

    select: tuple[float, ...]
    expected_people: float
    expected_dlts: float
    reach: tuple[float, ...]


def three_plus_three_one_dose(dlt_rate: float) -> tuple[float, float]:
    """Probability of escalating from a dose, and people expected at it.

    >>> [round(v, 4) for v in three_plus_three_one_dose(0.25)]
    [0.5999, 4.2656]
    """
    p = require_probability(dlt_rate, "dlt_rate")
    none, one = (1.0 - p) ** 3, 3.0 * p * (1.0 - p) ** 2
    return none + one * none, 3.0 + 3.0 * one


def three_plus_three_oc(dlt_rates: Sequence[float]) -> ThreePlusThree:
    """Exact characteristics: the MTD is the dose below the first with two or more DLTs.

    If no dose fails, the top one is selected. Nobody is added to a lower dose afterwards.

    Args:
        dlt_rates: true DLT rate of each dose.

    Raises:
        InputError: no doses, or a rate is not a probability.
    """
    if not dlt_rates:
        raise InputError("give the DLT rate of at least one dose")
    reach, select = [1.0], []
    people = dlts = 0.0
    for p in dlt_rates:
        up, expected = three_plus_three_one_dose(p)
        people += reach[-1] * expected
        # Each person treated has a DLT with probability p whatever the cohort.
        dlts += reach[-1] * expected * p
        select.append(reach[-1] * (1.0 - up))
        reach.append(reach[-1] * up)
    return ThreePlusThree((*select, reach[-1]), people, dlts, tuple(reach[:-1]))


def three_plus_three_next_dose(
    doses: int, cohorts: Sequence[Cohort], *, allow_deescalate: bool = False
) -> NextDose:
    """The next dose by the 3+3 rule; when the trial ends, `dose` is the MTD (None: no dose).

    Args:
        doses: number of doses.
        cohorts: outcomes so far, in order.
        allow_deescalate: fill a lower dose to six people before declaring it the MTD.

    Raises:
        InputError: a dose does not exist.
        UnsupportedError: a dose holds a number of people that the rule never leaves (not 3 or 6).
    """
    people, dlts = [0] * doses, [0] * doses
    for cohort in cohorts:
        if not 1 <= cohort.dose <= doses:
            raise InputError(f"dose {cohort.dose} does not exist: there are {doses}")
        people[cohort.dose - 1] += len(cohort.dlts)
        dlts[cohort.dose - 1] += sum(cohort.dlts)
    admissible = _admissible(people, dlts)
    if not cohorts:
        return NextDose(1, True, admissible)
    at = cohorts[-1].dose - 1
    if people[at] not in (3, 6):
        raise UnsupportedError(
            f"dose {at + 1} holds {people[at]} people: the 3+3 rule needs 3 or 6"
        )
    if people[at] == 3 and dlts[at] == 1:
        return NextDose(at + 1, True, admissible)
    if dlts[at] <= 1:
        if at + 1 < doses and people[at + 1] == 0:
            return NextDose(at + 2, True, admissible)
        return NextDose(at + 1, False, admissible)
    if at == 0:
        return NextDose(None, False, admissible)
    return NextDose(at, allow_deescalate and people[at - 1] == 3, admissible)


def _admissible(people: Sequence[int], dlts: Sequence[int]) -> tuple[bool, ...]:
    failed = next((i for i, y in enumerate(dlts) if y >= 2), len(people))
    return tuple(i < failed for i in range(len(people)))


def binomial_likelihood_ratio(x: int, n: int, p1: float, p2: float) -> float:
    """How many times better p2 explains x events of n than p1 does.

    >>> round(binomial_likelihood_ratio(0, 3, 0.3, 0.05), 2)
    2.5
    """
    require_count(n, "n")
    require_count(x, "x", at_most=n)
    require_probability(p1, "p1", open_ends=True)
    require_probability(p2, "p2", open_ends=True)
    return float((p2 / p1) ** x * ((1.0 - p2) / (1.0 - p1)) ** (n - x))
