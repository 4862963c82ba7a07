"""`classify`: one exam in, its whole classification out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from saisei.exam.isncsci.evaluate import Sets, evaluate
from saisei.exam.isncsci.explain import explain, explain_totals
from saisei.exam.isncsci.policy import DEFAULT, Policy, policy_named
from saisei.exam.isncsci.record import Exam
from saisei.exam.isncsci.result import Classification, finding
from saisei.exam.isncsci.stars import NO_STARS, difference_stars, has_flag
from saisei.exam.isncsci.stars_praxis import praxis_stars
from saisei.exam.isncsci.totals import totals

__all__ = ["classify"]


def classify(exam: Exam, policy: Policy | str = DEFAULT, reasons: bool = True) -> Classification:
    """Classify an exam by ISNCSCI 2019.

    With NT and flags every quantity is the exact set of its values over all completions, taken jointly.

    Args:
        exam: the examination.
        policy: the reading of the points that the standard leaves open; a `Policy` or the name of one.
        reasons: whether to attach the reasons (slower by far when much is NT).

    Raises:
        UnsupportedError: an unknown policy name.

    >>> from saisei.exam.isncsci import Anal, Exam, Score, Side
    >>> normal = Side((Score(2),) * 28, (Score(2),) * 28, (Score(5),) * 10)
    >>> classify(Exam(normal, normal, Anal.YES, Anal.YES)).ais.text
    'E'
    """
    policy = policy_named(policy)
    codes = exam.codes()
    sets = evaluate(codes, policy)
    stars = _stars(codes, sets, policy)
    found: dict[str, Any] = {
        name: finding(name, mask, star)
        for name, mask, star in zip(Sets._fields, sets, stars, strict=True)
    }
    if not reasons:
        return Classification(**found, totals=totals(codes), policy=policy.name)
    why = explain(codes, sets, policy)
    found = {name: replace(one, why=why[name]) for name, one in found.items()}
    return Classification(
        **found, totals=totals(codes), policy=policy.name, total_why=explain_totals(codes)
    )


def _stars(codes: list[int], sets: Sets, policy: Policy) -> Sets:
    if policy.stars == "off" or not has_flag(codes):
        return NO_STARS
    if policy.stars == "praxis":
        return praxis_stars(codes, sets, policy)
    return difference_stars(codes, sets, policy)
