"""The question of a study, assessed: would this have happened without cells?

Takes a study document and a model of natural recovery; gives everything that a report prints about the
question: a concurrent control first where there is one, then the treated (and the control arm) against
natural history, the shift odds ratio under three priors, what drives the answer, and what cannot be
said. One call, `assess`. It never raises because a study lacks something: it says what is missing.

Research use only: nothing here is a prognosis for a person.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saisei.evidence.landmark_store import Posterior
from saisei.evidence.persons import Subject, subjects
from saisei.evidence.shift import MOST_PEOPLE, lattice_scores, mean_rates, representative
from saisei.evidence.shift_answer import ArmAnswer, answer_arm
from saisei.evidence.shift_control import ArmResult, PermutationTest, permutation_test
from saisei.evidence.shift_model import model_for, own_controls, own_registries
from saisei.evidence.shift_partial import mix
from saisei.evidence.shift_posterior import (
    ShiftPosterior,
    ShiftPrior,
    neutral_prior,
    sceptical_prior,
    shift_posterior,
)
from saisei.evidence.shift_scenarios import MAIN, NaturalHistory
from saisei.evidence.shift_sensitivity import (
    Corner,
    Driver,
    InRegistry,
    SensitivityMap,
    corners,
    drivers,
    in_registries,
    sensitivity_map,
)
from saisei.evidence.signals import Reading, informed_prior, load_signals
from saisei.exam.isncsci.grades import AIS
from saisei.exam.isncsci.levels import Level
from saisei.params import value
from saisei.study import Study

__all__ = ["Assessment", "ControlComparison", "PriorReading", "assess"]

_POSTERIOR_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class ControlComparison:
    """The concurrent comparison, which comes first.

    Attributes:
        gains: exact rank test of grades gained, worst and best case of what the record allows.
        one_grade: exact test of gaining a grade or more (Fisher), worst and best case.
        within_grades: exact rank test within baseline grades where all of them are known; else None.
        randomised: whether chance alone made the arms; without it the p values describe, no more.
    """

    gains: tuple[PermutationTest, PermutationTest]
    one_grade: tuple[PermutationTest, PermutationTest]
    within_grades: PermutationTest | None
    randomised: bool


@dataclass(frozen=True, slots=True)
class PriorReading:
    """Posterior of the shift odds ratio under one prior, with the prior in words."""

    name: str
    reason: str
    posterior: ShiftPosterior


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything about the question of one study.

    Attributes:
        study, title, digest: which document.
        model_digest: digest of the inputs of the natural-history fit.
        can_say, cannot_say: in sentences.
        control: concurrent comparison; None without a control.
        treated: treated people against natural history; None when no grades are known.
        control_arm: control people against natural history; None without.
        priors: posterior of the shift odds ratio, neutral, sceptical, informed.
        signals: share of earlier signals confirmed, by reading of the rule.
        registries: p with everybody in each fitted registry.
        corners: bounds over unknown level and exam day.
        drivers: one change at a time, largest first.
        map: rate x exam day; None when nobody began at AIS A or B.
        seed: as given; nothing here is random, the draws of the model are stored with it.
    """

    study: str
    title: str
    digest: str
    model_digest: str
    can_say: tuple[str, ...]
    cannot_say: tuple[str, ...]
    control: ControlComparison | None
    treated: ArmAnswer | None
    control_arm: ArmAnswer | None
    priors: tuple[PriorReading, ...]
    signals: tuple[Reading, ...]
    registries: tuple[InRegistry, ...]
    corners: tuple[Corner, ...]
    drivers: tuple[Driver, ...]
    map: SensitivityMap | None
    seed: int | None

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries and lists of plain values, ready for JSON."""
        return {name: _plain(item) for name, item in dataclasses.asdict(self).items()}


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(item) for key, item in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(item) for item in node]
    return str(node) if isinstance(node, str) else node


def _results(people: Sequence[Subject], best: bool, at_least: int | None) -> list[ArmResult]:
    pairs = [one.best if best else one.worst for one in people]
    gains = [after - before for before, after in pairs]
    return [ArmResult("all", g if at_least is None else int(g >= at_least)) for g in gains]


def _both_cases(
    treated: Sequence[Subject], control: Sequence[Subject], at_least: int | None
) -> tuple[PermutationTest, PermutationTest]:
    """Worst case for the treated (and best for the control), then the reverse."""
    return (
        permutation_test(_results(treated, False, at_least), _results(control, True, at_least)),
        permutation_test(_results(treated, True, at_least), _results(control, False, at_least)),
    )


def _compare(
    study: Study, treated: Sequence[Subject], control: Sequence[Subject]
) -> ControlComparison:
    within = None
    everybody = [*treated, *control]
    shared = {one.reading[0] for one in treated} & {one.reading[0] for one in control}
    if all(one.certain for one in everybody) and shared:
        arms = [[ArmResult(p.reading[0], p.reading[1]) for p in arm] for arm in (treated, control)]
        within = permutation_test(arms[0], arms[1])
    return ControlComparison(
        gains=_both_cases(treated, control, None),
        one_grade=_both_cases(treated, control, 1),
        within_grades=within,
        randomised=study.document.design.randomised.value is True,
    )


def _priors(model: NaturalHistory, people: Sequence[Subject]) -> tuple[PriorReading, ...]:
    """Unknown baselines are averaged; a known set of outcomes enters as the set."""
    draws = mix(model.rates(people, MAIN), [one.pairs for one in people])
    scores = lattice_scores(mean_rates(draws))
    draws = draws[representative(draws, scores, _POSTERIOR_DRAWS)]
    outcomes = [(one.reading[1],) if one.reported else one.outcomes for one in people]
    priors: list[ShiftPrior] = [neutral_prior(), sceptical_prior(), informed_prior()]
    found = shift_posterior(draws, outcomes, priors)
    return tuple(
        PriorReading(prior.name, prior.reason, one)
        for prior, one in zip(priors, found, strict=True)
    )


def _people(study: Study, arms: Sequence[str]) -> tuple[Subject, ...]:
    return tuple(one for arm in arms for one in subjects(study, arm))


def _too_many(study: Study, people: Sequence[Subject]) -> str:
    return (
        f"{study.id} reports {len(people)} people in one arm; the exact test takes up to {MOST_PEOPLE}. "
        "A group of that size needs a concurrent control, not natural history."
    )


def _limits(
    study: Study, treated: Sequence[Subject], controls: bool, fitted: frozenset[str]
) -> tuple[str, ...]:
    """What cannot be said, in sentences."""
    if not treated:
        return _without_grades(study)
    found = []
    if not controls:
        found.append(
            "Without a concurrent control, natural recovery, rehabilitation and selection cannot be "
            "told apart from the cells; the comparison is with other people, at other places and times."
        )
    elif study.document.design.randomised.value is not True:
        found.append(
            "The arms were not made by chance: their comparison describes, it does not prove."
        )
    if len(study.treated) > 1:
        arms = ", ".join(arm.key for arm in study.treated)
        found.append(f"The treated arms ({arms}) are taken together.")
    own = fitted.intersection(own_controls(study))
    if own:
        found.append(
            f"The natural-history fit contains this study's own untreated arm ({', '.join(sorted(own))}): "
            "the control comes first for this reason too. It is never taken as the highest registry."
        )
    if any(one.levels[0] is not None and one.levels[0] > Level.T12 for one in treated):
        found.append("No published table follows AIS A below T12; such people are taken as T12.")
    if all(one.injury_year is None for one in treated):
        year = value("evidence.landmark_unknown_year")
        found.append(
            f"Years of injury are not in the record; {year:.0f} is taken, where recovery is held at its "
            "last observed level. For an older trial that favours natural recovery."
        )
    if any(one.exam_days == (None, None) for one in treated):
        found.append(
            "The day of the baseline exam is not known; it decides how much recovery lay ahead."
        )
    if any(one.levels == (None, None) for one in treated):
        found.append("The levels of injury are not known.")
    unsure = sum(not one.certain for one in treated)
    if unsure:
        found.append(
            f"For {unsure} of {len(treated)} people the record leaves more than one grade."
        )
    if any(one.missing for one in treated):
        gone = sum(one.missing for one in treated)
        found.append(f"{gone} of {len(treated)} people were not seen at follow-up.")
    late = [e.name for e in study.endpoints if e.chosen.value == "after the result"]
    if late:
        found.append(
            f"{'; '.join(late)}: chosen once the results were known, so its p value is too small."
        )
    return tuple(found)


def _without_grades(study: Study) -> tuple[str, ...]:
    found = [
        "The record gives no AIS grades at follow-up, so nothing can be said about grades beyond "
        "natural recovery."
    ]
    for row in study.motor_levels:
        found.append(
            f"Motor levels: {row.count} of {row.n} gained {row.levels} or more ({row.arm}, "
            f"{row.sides}). What natural recovery gives stands with the motor outcomes."
        )
    if study.continuous:
        found.append(
            "Scores are given as means; what natural recovery gives stands with the motor outcomes."
        )
    return tuple(found)


def _can_say(
    treated: ArmAnswer | None, control: ControlComparison | None, control_arm: ArmAnswer | None
) -> tuple[str, ...]:
    found = []
    if control is not None:
        worst, best = control.gains
        word = "randomised" if control.randomised else "not randomised"
        ends = [f"{one.p_two_sided:.2g}" for one in (worst, best)]
        shown = ends[0] if ends[0] == ends[1] else " to ".join(ends)
        found.append(f"Against the concurrent control ({word}): two-sided p {shown}.")
    if treated is not None:
        claim = treated.claim
        least = claim.p_least_favourable
        found.append(
            f"Natural recovery alone gives a result at least as good with probability "
            f"{claim.p_averaged.p:.2g}, averaged over what is not known of its rates "
            f"({claim.p_best:.2g} at the best rates"
            + (f", {least:.2g} where it is highest)." if least is not None else ").")
        )
        found.append(f"At {claim.level:.0%} the result is {claim.verdict.value}.")
    if control_arm is not None:
        better, worse = control_arm.claim.p_averaged.p, control_arm.claim.p_below
        side = "better" if better <= worse else "worse"
        found.append(
            f"The untreated arm itself did {side} than natural recovery foretells for it with two-sided "
            f"p {min(1.0, 2.0 * min(better, worse)):.2g}."
        )
    return tuple(found)


def assess(
    study: Study, posterior: Posterior | NaturalHistory | None = None, seed: int | None = None
) -> Assessment:
    """Assess the question of a study.

    Args:
        study: as loaded.
        posterior: landmark posterior or another model of natural recovery; the packaged fit when None.
        seed: kept with the result; the calculation draws nothing itself.

    Raises:
        InputError: only for a fault of the model; a study that lacks something is answered.
    """
    model = model_for(study, posterior)
    treated = _people(study, [arm.key for arm in study.treated])
    control = _people(study, [arm.key for arm in study.controls])
    compared = _compare(study, treated, control) if treated and control else None
    cannot = _limits(study, treated, bool(control), model.fitted_rows)
    if len(treated) > MOST_PEOPLE:
        cannot, treated = (_too_many(study, treated), *cannot), ()
    if len(control) > MOST_PEOPLE:
        cannot, control = (_too_many(study, control), *cannot), ()
    answer = answer_arm(study, "treated", treated, model) if treated else None
    untreated = answer_arm(study, "control", control, model) if control else None
    complete = any(one.reading[0] <= AIS.B.rank for one in treated)
    return Assessment(
        study=study.id,
        title=study.title,
        digest=study.digest,
        model_digest=model.digest,
        can_say=_can_say(answer, compared, untreated),
        cannot_say=cannot,
        control=compared,
        treated=answer,
        control_arm=untreated,
        priors=_priors(model, treated) if treated else (),
        signals=load_signals().readings,
        registries=in_registries(model, treated, own_registries(study)) if treated else (),
        corners=corners(model, treated) if treated else (),
        drivers=drivers(model, treated) if treated else (),
        map=sensitivity_map(model, treated) if complete else None,
        seed=seed,
    )
