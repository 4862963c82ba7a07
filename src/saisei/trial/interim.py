"""A running trial analysed in place: its study document at a cut-off, and the chance of final success.

Everything that decides is a function of the design; here the people are counted and placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saisei.design.document.analysis import BayesOneArm, BayesTwoArms, OrdinalShift
from saisei.design.document.plan import Role
from saisei.design.document.schema import DesignDocument
from saisei.design.engines import OneArmEngine, TwoArmEngine
from saisei.design.fixed import Design
from saisei.design.forecast import (
    Forecast,
    forecast_one_arm,
    forecast_shift,
    forecast_two_arms,
)
from saisei.design.nature import composition, nature_of
from saisei.errors import UnsupportedError
from saisei.evidence.landmark import Person as NaturalPerson
from saisei.evidence.landmark import predict
from saisei.evidence.mixtures import BetaMixture
from saisei.evidence.safety import upper_limit
from saisei.evidence.shift_posterior import neutral_prior
from saisei.exam.isncsci.domains import values_of
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.study import Study
from saisei.trial.outcomes import converted, grades_of, outcome_of
from saisei.trial.people import BASELINE, Person, people
from saisei.trial.picture import Picture
from saisei.trial.safety import fixed_design
from saisei.trial.study_document import trial_study

__all__ = ["Expected", "Harm", "Interim", "forecast", "interim"]

_JEFFREYS = BetaMixture((1.0,), (0.5,), (0.5,))


@dataclass(frozen=True, slots=True)
class Expected:
    """What nature alone gives a person like this at the primary visit; of groups, never of one person.

    Attributes:
        participant: pseudonym.
        grade, level: at baseline, as text.
        chances: of AIS A to E, posterior mean; empty where the baseline is not known.
        better: chance of a better grade: mean, 5% and 95% points.
    """

    participant: str
    grade: str
    level: str
    chances: tuple[float, ...]
    better: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Harm:
    """People with an event, all arms together.

    Attributes:
        what: the event.
        people, n: with it, and at risk.
        upper: exact one-sided limit of the risk.
    """

    what: str
    people: int
    n: int
    upper: float


@dataclass(frozen=True)
class Interim:
    """A trial at a cut-off.

    Attributes:
        study: as the evidence stage reads it.
        cutoff: day of the cut.
        row, head: last row of the trail that counts and its hash.
        persons: everybody.
        screened, eligible, allocated, treated, settled: how many people.
        planned: people in the design.
        forecast: chance of success in the end; None in the open form, or where the design has none.
        why_not: why there is no forecast.
        expected: of everybody with an arm, without any outcome.
        harm: serious events of everybody with an arm, all arms together.
    """

    study: Study
    cutoff: date
    row: int
    head: str
    persons: tuple[Person, ...]
    screened: int
    eligible: int
    allocated: int
    treated: int
    settled: int
    planned: int
    forecast: Forecast | None
    why_not: str
    expected: tuple[Expected, ...] = ()
    harm: tuple[Harm, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The counts and the forecast as JSON values."""
        names = (
            "screened",
            "eligible",
            "allocated",
            "treated",
            "settled",
            "planned",
            "row",
            "head",
        )
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        found["cutoff"] = self.cutoff.isoformat()
        found["why_not"] = self.why_not
        found["forecast"] = None
        if self.forecast is not None:
            found["forecast"] = {
                name: getattr(self.forecast, name)
                for name in ("known", "to_come", "by_nature", "as_seen", "basis")
            }
        found["expected"] = [asdict(one) for one in self.expected]
        found["harm"] = [asdict(one) for one in self.harm]
        return found


def interim(
    picture: Picture, cutoff: date, id: str, head: str, *, outcomes: bool = True
) -> Interim:
    """The trial at a cut-off.

    Args:
        picture: of the store as of the cut-off.
        cutoff: day of the cut.
        id: of the trial.
        head: hash of the last row that counts.
        outcomes: False for the open form.

    Raises:
        InputError: nobody has an arm yet.
    """
    persons = people(picture, cutoff)
    study = trial_study(picture, persons, cutoff, id, outcomes=outcomes)
    design = picture.design
    placed = [one for one in persons if one.arm is not None]
    made: Forecast | None = None
    why = "the open form shows no outcome"
    if outcomes:
        try:
            made, why = forecast(placed, design), ""
        except UnsupportedError as error:
            why = str(error)
    return Interim(
        study=study,
        cutoff=cutoff,
        row=picture.upto,
        head=head,
        persons=tuple(persons),
        screened=sum(one.eligible is not None for one in persons),
        eligible=sum(one.eligible is True for one in persons),
        allocated=len(placed),
        treated=sum(one.treated_on is not None for one in persons),
        settled=sum(outcome_of(one, design).final for one in placed),
        planned=design.n_treated + design.n_control,
        forecast=made,
        why_not=why,
        expected=tuple(_expected(one, design) for one in placed),
        harm=_harm(placed),
    )


def _expected(person: Person, design: DesignDocument) -> Expected:
    grades = grades_of(person, BASELINE)
    record = person.exams.get(BASELINE)
    kept = None if record is None else record.body.grades
    words = (kept.ais, kept.nli) if kept is not None else ("", "")
    if len(grades) != 1 or design.endpoint.kind == "responder":
        return Expected(person.id, *words, (), None)
    draws = _natural(person, design)
    above = draws[:, grades[0].rank + 1 :].sum(axis=1)
    low, high = (float(x) for x in np.quantile(above, (0.05, 0.95)))
    chances = tuple(float(x) for x in draws.mean(axis=0))
    return Expected(person.id, *words, chances, (float(above.mean()), low, high))


def _harm(placed: Sequence[Person]) -> tuple[Harm, ...]:
    """Serious events after the day that visits count from, whoever had what."""
    at_risk = [one for one in placed if one.day_zero is not None]
    n = len(at_risk)
    if n == 0:
        return ()
    rows = {"a serious adverse event": 0, "a serious event related to the treatment": 0, "death": 0}
    first, second, third = rows
    for person in at_risk:
        assert person.day_zero is not None
        after = [
            one.body for one in person.events if one.body.serious and one.body.on >= person.day_zero
        ]
        rows[first] += bool(after)
        rows[second] += any(_close(body) for body in after)
        rows[third] += person.died_on is not None
    confidence = value("evidence.confidence")
    return tuple(
        Harm(what, people, n, upper_limit(people, n, confidence)) for what, people in rows.items()
    )


def _close(body: Any) -> bool:
    return any(how in ("possible", "probable", "definite") for how in body.related.values())


def forecast(placed: Sequence[Person], design: DesignDocument) -> Forecast:
    """The predictive probability of the design's final success.

    Args:
        placed: people with an arm.
        design: in force.

    Raises:
        UnsupportedError: the design has no analysis on the AIS, or more people than planned.
    """
    if design.endpoint.kind == "responder":
        raise UnsupportedError("the endpoint is not on the AIS: no predictive probability is given")
    fixed = fixed_design(design)
    roles = {arm.key: arm.role for arm in design.arms}
    treated = [one for one in placed if roles[str(one.arm)] is Role.TREATED]
    control = [one for one in placed if roles[str(one.arm)] is Role.CONTROL]
    if len(treated) > design.n_treated or len(control) > design.n_control:
        raise UnsupportedError("there are more people than the design has: amend the design first")
    if isinstance(design.analysis, OrdinalShift):
        return _shift(treated, design, design.analysis)
    counts = [_count(group, design) for group in (treated, control)]
    if isinstance(fixed.engine, OneArmEngine):
        prior = _JEFFREYS
        if isinstance(design.analysis, BayesOneArm):
            prior = BetaMixture.of(design.analysis.prior)
        centre = fixed.nature.centre
        return forecast_one_arm(fixed.engine.counts, counts[0], design.n_treated, centre, prior)
    if not isinstance(fixed.engine, TwoArmEngine):
        method = design.analysis.method
        raise UnsupportedError(f"no predictive probability is worked out for {method!r}")
    return forecast_two_arms(fixed.engine.counts, counts[0], counts[1], *_priors(fixed))


def _priors(fixed: Design) -> tuple[BetaMixture, BetaMixture]:
    analysis = fixed.document.analysis
    if isinstance(analysis, BayesTwoArms) and isinstance(fixed.engine, TwoArmEngine):
        bayes = fixed.engine.bayes
        if bayes is not None:
            return bayes.prior_treated, bayes.prior_control
    return _JEFFREYS, _JEFFREYS


def _count(group: Sequence[Person], design: DesignDocument) -> tuple[int, int]:
    settled = [outcome_of(one, design) for one in group]
    known = [one for one in settled if one.final]
    return sum(converted(one, design) is True for one in known), len(known)


def _shift(treated: Sequence[Person], design: DesignDocument, analysis: OrdinalShift) -> Forecast:
    settled = [one for one in treated if outcome_of(one, design).final]
    waiting = [one for one in treated if one not in settled]
    outcomes = [_ranks(one, design) for one in settled]
    columns = [_natural(one, design) for one in (*settled, *waiting)]
    missing = design.n_treated - len(columns)
    if missing > 0:
        nature = nature_of(design)
        if nature.draws is None:
            raise UnsupportedError("natural grades are only stated as rates: no forecast on grades")
        counts = composition(nature.shares, missing)
        for stratum, n in enumerate(counts.tolist()):
            columns += [nature.draws[:, stratum]] * n
    draws = np.stack(columns, axis=1)
    made = forecast_shift(draws, outcomes, analysis.level, neutral_prior())
    if analysis.also_highest:
        words = f"{made.basis}; the condition in the highest registry is left out"
        return replace(made, basis=words)
    return made


def _ranks(person: Person, design: DesignDocument) -> tuple[int, ...]:
    """Ranks that the outcome may have; a missing one is what the design's rule makes of it."""
    found = outcome_of(person, design)
    if found.after:
        return tuple(one.rank for one in found.after)
    if design.missing_data.rule == "worst grade" or not found.before:
        return (0,)
    return (min(one.rank for one in found.before),)


def _natural(person: Person, design: DesignDocument) -> NDArray[np.float64]:
    """Draws of the natural grades of one person at the primary visit, shape (draws, 5)."""
    grades = grades_of(person, BASELINE)
    record = person.exams.get(BASELINE)
    if not grades or record is None or record.on is None:
        raise UnsupportedError(f"{person.id} has no baseline grade: no forecast on grades")
    injured = person.body.injured_on
    day = float((record.on - injured).days)
    visit = design.visit
    follow = visit.day
    if visit.counted_from == "treatment":
        start = person.day_zero or record.on
        follow += (start - injured).days
    return np.asarray(
        predict([_known(person, grades[0], day)], max(follow, day + 1.0)).probabilities[:, 0]
    )


def _known(person: Person, grade: Any, day: float) -> NaturalPerson:
    sets = person.exams[BASELINE].body.grades
    assert sets is not None
    levels = [Level(bit) for bit in values_of(sets.sets[4])]
    span = (min(levels), max(levels)) if levels else None
    # The published tables end at T12 for AIS A; S4-5 and INT are no levels of theirs.
    if span is not None and (span[1] > Level.S3 or (grade == "A" and span[1] > Level.T12)):
        span = (min(span[0], Level.T12), Level.T12) if grade == "A" else None
    return NaturalPerson(grade, span, (day, day), float(person.body.injured_on.year))
