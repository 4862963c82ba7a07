"""One arm against natural history: every number that the answer rests on.

Takes subjects and a model of natural recovery; gives people beside their own bands, the shift claim
with p (i), (ii), (iii), the counts at the three conversion endpoints, and the bounds that the record
leaves. The claim rests on (ii). Grades are used as reported, else at the worst that the record allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from saisei.evidence.persons import Pair, Subject
from saisei.evidence.shift import (
    ENDPOINTS,
    GRADES,
    Endpoint,
    TailProbability,
    conversion_tail,
    exact_null,
    lattice_per_unit,
    lattice_scores,
    mean_rates,
    representative,
    tail_by_draw,
    tail_probability,
)
from saisei.evidence.shift_partial import Rates, assign, integrated_tails, mix
from saisei.evidence.shift_scenarios import MAIN, NaturalHistory, claim_scenarios
from saisei.exam.isncsci.grades import AIS
from saisei.params import value
from saisei.study import Study

__all__ = [
    "ArmAnswer",
    "Case",
    "Claim",
    "Conversion",
    "LeastFavourable",
    "PersonBand",
    "Verdict",
    "answer_arm",
    "case_tails",
    "extreme_pairs",
    "verdict_of",
]

F64 = NDArray[np.float64]
_LETTERS = "".join(AIS)


class Verdict(StrEnum):
    """What the shift test says at the stated level."""

    BEYOND = "beyond natural recovery, also where recovery is highest"
    DEPENDS = "beyond natural recovery on average, but not where recovery is highest"
    NOT_BEYOND = "not beyond what natural recovery gives"


@dataclass(frozen=True, slots=True)
class PersonBand:
    """One person beside their own natural-recovery band.

    Attributes:
        label: of the person.
        baseline, outcome: grades that the record allows, as letters ("A", "AB"); outcome empty = missing.
        reading: the pair of letters that the headline uses.
        probabilities: of A..E at follow-up without cells, at the posterior mean.
        at_least: for each grade, P(this grade or better): mean, 5% and 95% points.
        p_as_good: probability of the outcome read or better without cells: mean, 5%, 95%.
        basis: where level, exam day and age come from.
    """

    label: str
    baseline: str
    outcome: str
    reading: tuple[str, str]
    probabilities: tuple[float, ...]
    at_least: tuple[tuple[float, float, float], ...]
    p_as_good: tuple[float, float, float]
    basis: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeastFavourable:
    """One reading that favours natural recovery, and what p becomes there; None = not offered."""

    name: str
    p: TailProbability | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The shift test of one arm.

    Attributes:
        people: how many.
        score, expected: mean ridit seen, and under natural recovery (near one half).
        p_best: (i) at the posterior mean rates.
        p_averaged: (ii) averaged over the uncertainty of the rates; the claim rests on it.
        least_favourable: (iii) highest registry and secular trend.
        p_least_favourable: the largest of (iii); None when the model offers neither.
        p_below: probability under (ii) of a result at most as good.
        level: at which a result is called beyond natural recovery.
        verdict: in words.
    """

    people: int
    score: float
    expected: float
    p_best: float
    p_averaged: TailProbability
    least_favourable: tuple[LeastFavourable, ...]
    p_least_favourable: float | None
    p_below: float
    level: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Conversion:
    """The conversion-only version at one endpoint (Poisson-binomial).

    Attributes:
        endpoint: which.
        seen, low, high: people who met it as read, and the least and most that the record allows.
        n: people.
        expected: mean number without cells.
        p_best, p_averaged, p_least_favourable: as in `Claim`, for at least `seen`.
        p_bounds: (ii) at `high` and at `low`.
        chosen: when the trial fixed this endpoint, in the words of the record; empty = not named.
    """

    endpoint: Endpoint
    seen: int
    low: int
    high: int
    n: int
    expected: float
    p_best: float
    p_averaged: TailProbability
    p_least_favourable: float | None
    p_bounds: tuple[float, float]
    chosen: str


@dataclass(frozen=True, slots=True)
class Case:
    """p (ii) when the unknown grades are filled in one way."""

    key: str
    name: str
    p: TailProbability


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """One arm against natural history."""

    arm: str
    people: tuple[PersonBand, ...]
    claim: Claim
    conversions: tuple[Conversion, ...]
    cases: tuple[Case, ...]


def _three(points: F64) -> tuple[float, float, float]:
    low, high = np.quantile(points, (0.05, 0.95))
    return float(points.mean()), float(low), float(high)


def _band(one: Subject, draws: F64) -> PersonBand:
    """`draws` has shape (draws, 5): the rates of this person at the grade read at baseline."""
    upper = np.cumsum(draws[:, ::-1], axis=1)[:, ::-1]
    return PersonBand(
        label=one.label,
        baseline="".join(_LETTERS[g] for g in one.baselines),
        outcome="" if one.missing else "".join(_LETTERS[g] for g in one.outcomes),
        reading=(_LETTERS[one.reading[0]], _LETTERS[one.reading[1]]),
        probabilities=tuple(float(x) for x in draws.mean(axis=0)),
        at_least=tuple(_three(np.minimum(upper[:, g], 1.0)) for g in range(GRADES)),
        p_as_good=_three(np.minimum(upper[:, one.reading[1]], 1.0)),
        basis=one.basis,
    )


def case_tails(rates: Rates, pairs: Sequence[Pair], most: int | None = None) -> TailProbability:
    """p (ii) when everybody has the given (baseline, follow-up) pair.

    Args:
        rates: of the people.
        pairs: one for each person.
        most: draws to use at most; None for as many as the stated work allows.
    """
    draws = assign(rates, [before for before, _ in pairs])
    scores = lattice_scores(mean_rates(draws))
    used = draws[representative(draws, scores, most)]
    total = sum(int(scores[i, after]) for i, (_, after) in enumerate(pairs))
    return tail_probability(tail_by_draw(scores, used, total), len(draws))


def extreme_pairs(rates: Rates, people: Sequence[Subject], *, best: bool) -> tuple[Pair, ...]:
    """For each person the pair that natural recovery gives, or betters, least often (best) or most often.

    A bound person by person: with one possible grade at baseline it is the best or worst grade after.
    """
    found = []
    for i, one in enumerate(people):
        upper = {
            b: rates.by_baseline[b][:, i].mean(axis=0)[::-1].cumsum()[::-1] for b in one.baselines
        }
        sign = 1.0 if best else -1.0
        found.append(
            min(one.pairs, key=lambda pair: (sign * upper[pair[0]][pair[1]], -sign * pair[1]))
        )
    return tuple(found)


def _least_favourable(
    model: NaturalHistory,
    people: Sequence[Subject],
    pairs: Sequence[Pair],
    scores: NDArray[np.int64],
) -> tuple[LeastFavourable, ...]:
    total = sum(int(scores[i, after]) for i, (_, after) in enumerate(pairs))
    found = []
    for scenario in claim_scenarios():
        p = None
        if model.offers(scenario.mode):
            draws = assign(model.rates(people, scenario), [before for before, _ in pairs])
            # The statistic stays the same: scores come from the main rates, only the law changes.
            used = draws[representative(draws, scores)]
            p = tail_probability(tail_by_draw(scores, used, total), len(draws))
        found.append(LeastFavourable(scenario.name, p))
    return tuple(found)


def verdict_of(p_averaged: float, p_least: float | None, level: float) -> Verdict:
    """What the test says: beyond natural recovery also where it is highest, on average only, or not."""
    if p_averaged > level:
        return Verdict.NOT_BEYOND
    return Verdict.BEYOND if p_least is not None and p_least <= level else Verdict.DEPENDS


def _claim(model: NaturalHistory, people: Sequence[Subject], rates: Rates) -> Claim:
    pairs = [one.reading for one in people]
    draws = assign(rates, [before for before, _ in pairs])
    mean = mean_rates(draws)
    scores = lattice_scores(mean)
    total = sum(int(scores[i, after]) for i, (_, after) in enumerate(pairs))
    used = draws[representative(draws, scores)]
    null = exact_null(scores, mean)
    averaged = tail_probability(tail_by_draw(scores, used, total), len(draws))
    above = tail_by_draw(scores, used, total + 1)
    least = _least_favourable(model, people, pairs, scores)
    offered = [one.p.p for one in least if one.p is not None]
    worst = max(offered) if offered else None
    level = value("evidence.shift_level")
    unit = lattice_per_unit() * len(people)
    return Claim(
        people=len(people),
        score=total / unit,
        expected=null.mean / unit,
        p_best=null.at_least(total),
        p_averaged=averaged,
        least_favourable=least,
        p_least_favourable=worst,
        p_below=max(0.0, 1.0 - float(above.mean())),
        level=level,
        verdict=verdict_of(averaged.p, worst, level),
    )


def _chosen(study: Study, endpoint: Endpoint) -> str:
    """When the trial fixed an endpoint; grade endpoints are matched by their definition."""
    for one in study.endpoints:
        gain = one.at_least_grades or 0
        least = one.to.rank if one.to is not None else 0
        same_gain = endpoint.least_grade == 0 and (gain, least) == (endpoint.gain, 0)
        if same_gain or (endpoint.least_grade > 0 and least == endpoint.least_grade and gain <= 1):
            return one.chosen.value
    return ""


def _conversions(
    model: NaturalHistory, study: Study, people: Sequence[Subject], rates: Rates
) -> tuple[Conversion, ...]:
    baselines = np.array([one.reading[0] for one in people])
    draws = assign(rates, baselines.tolist())
    least = [
        assign(model.rates(people, scenario), baselines.tolist())
        for scenario in claim_scenarios()
        if model.offers(scenario.mode)
    ]
    mean = mean_rates(draws)
    found = []
    for endpoint in ENDPOINTS:
        met = [{endpoint.met(*pair) for pair in one.pairs} for one in people]
        seen = sum(endpoint.met(*one.reading) for one in people)
        low, high = sum(m == {True} for m in met), sum(True in m for m in met)
        worst = [float(conversion_tail(baselines, one, endpoint, seen).mean()) for one in least]
        chances = [mean[i, g] for i, b in enumerate(baselines) for g in range(GRADES)
                   if endpoint.met(int(b), g)]  # fmt: skip
        found.append(
            Conversion(
                endpoint=endpoint,
                seen=seen,
                low=low,
                high=high,
                n=len(people),
                expected=float(np.sum(chances)),
                p_best=float(conversion_tail(baselines, mean[None], endpoint, seen)[0]),
                p_averaged=tail_probability(conversion_tail(baselines, draws, endpoint, seen)),
                p_least_favourable=max(worst) if worst else None,
                p_bounds=(
                    float(conversion_tail(baselines, draws, endpoint, high).mean()),
                    float(conversion_tail(baselines, draws, endpoint, low).mean()),
                ),
                chosen=_chosen(study, endpoint),
            )
        )
    return tuple(found)


def _cases(people: Sequence[Subject], rates: Rates, claim: Claim) -> tuple[Case, ...]:
    """Worst, as read, integrated and best; one row when the record leaves no room."""
    read = Case("read", "as the record reads", claim.p_averaged)
    if all(one.certain for one in people):
        return (read,)
    allowed = [one.pairs for one in people]
    mixed = mix(rates, allowed)
    scores = lattice_scores(mean_rates(mixed))
    # Differences have five times as many steps as grades.
    used = rates.take(representative(mixed, scores, max(100, rates.draws // 5)))
    integrated = tail_probability(integrated_tails(used, allowed, scores), rates.draws)
    return (
        Case(
            "worst",
            "worst the record allows",
            case_tails(rates, extreme_pairs(rates, people, best=False)),
        ),
        read,
        Case("integrated", "unknown grades follow natural recovery", integrated),
        Case(
            "best",
            "best the record allows",
            case_tails(rates, extreme_pairs(rates, people, best=True)),
        ),
    )


def answer_arm(
    study: Study, arm: str, people: Sequence[Subject], model: NaturalHistory
) -> ArmAnswer:
    """Everything the shift test says of one arm.

    Args:
        study: for the endpoints that it names.
        arm: name to show.
        people: at least one.
        model: of natural recovery.
    """
    rates = model.rates(people, MAIN)
    claim = _claim(model, people, rates)
    bands = [_band(one, rates.by_baseline[one.reading[0]][:, i]) for i, one in enumerate(people)]
    return ArmAnswer(
        arm=arm,
        people=tuple(bands),
        claim=claim,
        conversions=_conversions(model, study, people, rates),
        cases=_cases(people, rates, claim),
    )
