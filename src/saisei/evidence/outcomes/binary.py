"""A share of people: against the own control first, a stated threshold, and published shares.

own control   Fisher's exact test, conditional odds ratio, two-sided
threshold     exact binomial tail at the rate that the authors name
one table     exact binomial tail at its share
all tables    the same tail averaged over the MAP prior of a new study (logit, quadrature)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from saisei.evidence.exact_tests import binomial_test, fisher_exact
from saisei.evidence.intervals import clopper_pearson
from saisei.evidence.map_prior import map_prior_binomial
from saisei.params import value
from saisei.study import Study
from saisei.study.conditions import ConditionDocument, History, Quantity
from saisei.study.schema import Conversion

__all__ = ["BinaryFinding", "ShareRow", "averaged_chance", "binary_findings"]

_NODES = 160  # relative error of the average 2e-6 against a grid of 40,001 points

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A published share without cells and the chance of a result at least as good there.

    Attributes:
        share: the published share; `low` and `high` are ends that the source gives.
        chance: P(a result at least as good) at that share.
        chance_range: the same at the ends, where there are ends.
    """

    population: str
    share: float
    low: float | None
    high: float | None
    people: str
    chance: float
    chance_range: Pair | None
    source: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class BinaryFinding:
    """People of an arm who met an endpoint at a visit, and what stands beside them."""

    arm: str
    visit: str
    endpoint: str
    chosen: str
    rank: str
    count: int
    n: int
    interval: Pair
    control_arm: str | None
    control: tuple[int, int] | None
    control_interval: Pair | None
    p_two_sided: float | None
    odds_ratio: float | None
    odds_interval: tuple[float | None, float | None] | None
    threshold: float | None
    threshold_text: str
    p_threshold: float | None
    history: tuple[ShareRow, ...]
    averaged: float | None
    averaged_studies: int


def binary_findings(study: Study, condition: ConditionDocument | None) -> tuple[BinaryFinding, ...]:
    """Every published count of a treated arm, in the order of the document."""
    treated = {arm.key for arm in study.arms if arm.role.value == "treated"}
    rows = [row for row in study.document.conversions if row.arm in treated]
    return tuple(_finding(study, condition, row) for row in rows)


def _finding(study: Study, condition: ConditionDocument | None, row: Conversion) -> BinaryFinding:
    endpoint = next(one for one in study.endpoints if one.key == row.endpoint)
    controls = {arm.key for arm in study.controls}
    own = next(
        (
            one
            for one in study.document.conversions
            if one.arm in controls and (one.endpoint, one.visit) == (row.endpoint, row.visit)
        ),
        None,
    )
    test = None
    if own is not None:
        test = fisher_exact([[row.count, row.n - row.count], [own.count, own.n - own.count]])
    rate, text = _threshold(study, endpoint.rank == "primary")
    tables = _tables(condition, row.endpoint, row.visit, study)
    shares = [one for one in tables if one.count is not None and one.n is not None]
    return BinaryFinding(
        arm=study.arm(row.arm).name,
        visit=row.visit,
        endpoint=endpoint.name,
        chosen=endpoint.chosen.value,
        rank=endpoint.rank,
        count=row.count,
        n=row.n,
        interval=_ends(row.count, row.n),
        control_arm=study.arm(own.arm).name if own else None,
        control=(own.count, own.n) if own else None,
        control_interval=_ends(own.count, own.n) if own else None,
        p_two_sided=test.p_value if test else None,
        odds_ratio=_finite(test.odds_ratio) if test else None,
        odds_interval=(_finite(test.interval.lower), _finite(test.interval.upper))
        if test
        else None,
        threshold=rate,
        threshold_text=text,
        p_threshold=binomial_test(row.count, row.n, rate, "greater") if rate else None,
        history=tuple(_share_row(one, row.count, row.n) for one in tables),
        averaged=averaged_chance(row.count, row.n, shares) if shares else None,
        averaged_studies=len(shares),
    )


def _ends(count: int, n: int) -> Pair:
    found = clopper_pearson(count, n)
    return found.lower, found.upper


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None


def _threshold(study: Study, primary: bool) -> tuple[float | None, str]:
    """The rate that the authors compare with; it belongs to the primary endpoint."""
    for one in study.document.comparators:
        if primary and one.rate_percent.value is not None:
            return one.rate_percent.value / 100.0, one.text
    return None, ""


def _tables(
    condition: ConditionDocument | None, endpoint: str, visit: str, study: Study
) -> list[History]:
    """Published shares of the endpoint; a study's own control is not its history."""
    if condition is None:
        return []
    own = {source.doi for source in study.sources.values() if source.doi}
    rows = [one for one in condition.rows(Quantity.SHARE) if one.endpoint == endpoint]
    return [one for one in rows if not any(condition.sources[key].doi in own for key in one.source)]


def _share_row(row: History, count: int, n: int) -> ShareRow:
    share = row.count / row.n if row.count is not None and row.n else float(row.value or 0.0)
    ends = None
    if row.low is not None and row.high is not None:
        ends = (_tail(count, n, row.low), _tail(count, n, row.high))
    people = f"{row.count} of {row.n}" if row.count is not None else "share only"
    return ShareRow(
        row.population, share, row.low, row.high, people, _tail(count, n, share), ends,
        row.source, row.note or "",
    )  # fmt: skip


def _tail(count: int, n: int, share: float) -> float:
    return binomial_test(count, n, share, "greater")


def averaged_chance(count: int, n: int, rows: Sequence[History]) -> float:
    """P(count or more of n) without cells, averaged over the share of a study not seen yet.

    The MAP prior of that share is a normal mixture on the logit; each component is integrated by
    Gauss-Hermite quadrature.

    Args:
        count, n: the result.
        rows: published counts without cells.
    """
    prior = map_prior_binomial(
        [row.count or 0 for row in rows],
        [row.n or 0 for row in rows],
        tau_scale=float(value("evidence.outcomes_share_tau")),
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    logits = prior.means[:, None] + prior.sds[:, None] * nodes[None, :]
    tails = stats.binom.sf(count - 1, n, special.expit(logits))
    return float(prior.weights @ (tails @ weights) / weights.sum())
