"""An ordinal scale such as the mRS: treated against the own control, all categories.

The exact permutation law of the rank sum (ties and all) tests; one odds ratio for a better category
(proportional odds) estimates. A treated arm without its own control is set against the published
distributions in the same way, and the page says that those people were not its controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from saisei.errors import SaiseiError
from saisei.evidence.ordinal import fit_proportional_odds
from saisei.evidence.rank_tests import rank_sum
from saisei.study import Study
from saisei.study.conditions import ConditionDocument, Quantity, Scale
from saisei.study.schema import Distribution

__all__ = ["OrdinalComparison", "OrdinalFinding", "compare_counts", "ordinal_findings"]

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class OrdinalComparison:
    """Counts beside the treated ones, the exact rank test and the odds ratio for better categories.

    Attributes:
        odds_ratio, interval: above 1 favours the treated; None where the groups do not overlap.
        concurrent: whether these are the study's own controls.
    """

    name: str
    counts: tuple[int, ...]
    concurrent: bool
    p_two_sided: float
    odds_ratio: float | None
    interval: tuple[float, float] | None
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrdinalFinding:
    """The distribution of a treated arm at a visit with everything beside it."""

    arm: str
    visit: str
    scale: str
    better: str
    low: float
    counts: tuple[int, ...]
    missing: int
    beside: tuple[OrdinalComparison, ...]


def ordinal_findings(
    study: Study, condition: ConditionDocument | None
) -> tuple[OrdinalFinding, ...]:
    """Every published distribution of a treated arm; none without a condition that knows the scale."""
    if condition is None:
        return ()
    treated = {arm.key for arm in study.arms if arm.role.value == "treated"}
    rows = [row for row in study.document.distributions if row.arm in treated]
    return tuple(_finding(study, condition, row) for row in rows)


def _finding(study: Study, condition: ConditionDocument, row: Distribution) -> OrdinalFinding:
    scale = condition.scale(row.scale)
    controls = {arm.key for arm in study.controls}
    own = [
        one
        for one in study.document.distributions
        if one.arm in controls and (one.scale, one.visit) == (row.scale, row.visit)
    ]
    beside = [
        compare_counts(row.counts, one.counts, scale, study.arm(one.arm).name, True, one.source)
        for one in own
    ]
    if not own:
        beside = [
            compare_counts(row.counts, one.counts, scale, one.population, False, one.source)
            for one in condition.rows(Quantity.COUNTS, row.scale)
        ]
    name = study.arm(row.arm).name
    return OrdinalFinding(
        name, row.visit, row.scale, scale.better, scale.low, row.counts, row.missing, tuple(beside)
    )


def compare_counts(
    treated: tuple[int, ...],
    other: tuple[int, ...],
    scale: Scale,
    name: str,
    concurrent: bool,
    source: tuple[str, ...],
) -> OrdinalComparison:
    """Treated against other counts on one scale; the odds ratio is for better categories.

    Args:
        treated, other: people by category, from the lowest category up.
        scale: says which end is better.
        name, concurrent, source: of the other group.
    """
    test = rank_sum(_listed(treated), _listed(other))
    odds, interval = None, None
    try:
        fit = fit_proportional_odds([list(other), list(treated)], [[0.0], [1.0]])
    except SaiseiError:  # the groups do not overlap: the exact test still stands
        fit = None
    if fit is not None:
        sign = 1.0 if scale.better == "higher" else -1.0
        middle, error = sign * fit.coefficients[0], fit.standard_errors[-1]
        reach = float(stats.norm.ppf(0.5 + _CONFIDENCE / 2)) * error
        odds = float(np.exp(middle))
        interval = (float(np.exp(middle - reach)), float(np.exp(middle + reach)))
    return OrdinalComparison(name, other, concurrent, test.p_two_sided, odds, interval, source)


def _listed(counts: tuple[int, ...]) -> list[float]:
    return [float(k) for k, count in enumerate(counts) for _ in range(count)]
