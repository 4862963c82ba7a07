"""Prior or data, as one document: shares by source, shares by what stands behind, what would narrow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.stats import qmc

from saisei.errors import InputError
from saisei.patient.explain import (
    Programme,
    basis_of,
    joint_question,
    measurements,
    people_question,
    rodent_question,
    words_of,
)
from saisei.patient.sensitivity import (
    Information,
    Question,
    Shares,
    information,
    rows_of_design,
    shares,
    stable_shares,
)

__all__ = ["explained", "rows_at_most"]

Step = Callable[[int], object]

_PERSON_WORLDS = 2048


def _question(programme: Programme, species: str) -> Question:
    if species not in ("people", "rodents"):
        raise InputError(f"species {species!r}: give people or rodents")
    return people_question(programme) if species == "people" else rodent_question(programme)


def rows_at_most(programme: Programme, species: str, points: int, most: int, draws: int) -> int:
    """Worlds that `explained` evaluates if its design doubles all the way."""
    question, rows, size = _question(programme, species), 0, points
    while size <= max(most, points):
        rows, last, size = rows + rows_of_design(question, size), size, 2 * size
    return rows + rows_of_design(programme.by_basis(species), last) + draws


def explained(
    programme: Programme,
    species: str,
    points: int,
    most: int,
    draws: int,
    seed: int,
    step: Step = lambda _: None,
) -> dict[str, Any]:
    """What makes the spread of each output of a species, and what would narrow it, as plain data.

    Args:
        programme: the chain.
        species: people or rodents.
        points: base points to begin with; they double until ranks hold, up to `most`.
        most: the largest number of base points.
        draws: draws for what measurements tell.
        seed: of designs, bootstrap and errors.
        step: told how many worlds are done.
    """
    question = _question(programme, species)
    *_, found = stable_shares(question, points, most, seed, step)
    basis = shares(programme.by_basis(species), found[0].points, seed, step)
    told = information(joint_question(programme, species), measurements(), draws, seed, step)
    document: dict[str, Any] = {
        "outputs": {
            one.output: _output(one, other, question.outputs[one.output], told)
            for one, other in zip(found, basis, strict=True)
        },
        "rows": rows_of_design(question, found[0].points),
    }
    if species == "people":
        document["one_person"] = _one_person(programme, seed)
    return document


def _one_person(programme: Programme, seed: int) -> dict[str, float]:
    """How much of the variance of one person's gain lies between people and their luck."""
    u = qmc.Sobol(len(programme.factors), rng=seed).random(_PERSON_WORLDS)
    found = programme.people(u.clip(2.0**-33, 1.0 - 2.0**-33))
    within = float(found["motor_gain_within"].mean())
    # The mean of a few people still varies by who they are; that part is taken off.
    between = max(float(found["motor_gain"].var()) - within / len(programme.panel.persons), 0.0)
    total = within + between
    return {
        "variance_between_worlds": between,
        "variance_within_a_world": within,
        "share_within": within / total if total > 0 else 0.0,
    }


def _output(found: Shares, basis: Shares, words: str, told: list[Information]) -> dict[str, Any]:
    names = {one.name: one.words for one in measurements()}
    return {
        "words": words,
        "mean": found.mean,
        "sd": found.sd,
        "points": found.points,
        "agreement": found.agreement,
        "stable": found.stable,
        "groups": [
            {
                "group": one.group,
                "short": one.group.partition(".")[2].replace("_", " ") or one.group,
                "words": words_of(one.group),
                "basis": basis_of(one.group),
                "first": one.first,
                "first_half": one.first_half,
                "total": one.total,
                "total_half": one.total_half,
            }
            for one in found.by_group
        ],
        "by_basis": [
            {
                "basis": one.group,
                "first": one.first,
                "first_half": one.first_half,
                "total": one.total,
                "total_half": one.total_half,
            }
            for one in basis.by_group
        ],
        "information": [
            {
                "measurement": one.measurement,
                "words": names[one.measurement],
                "reduction": one.reduction,
                "half": one.half,
            }
            for one in told
            if one.output == found.output
        ],
    }
