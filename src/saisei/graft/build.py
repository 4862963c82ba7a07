"""From priors, a lot and a host to the rows that the course of a graft is followed by.

Cell numbers scale with the volume of the lesion, biological clocks do not: human cells keep human tempo in
a rat (Lu 2017). Rejection is an event of a whole graft with a hazard, because the source counted animals
that had kept their graft: hazard = lambda (1 - e_match h) (1 - e_drug while the drug is given), and a share
of it once the time that was watched is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import compiled, normal_of
from saisei.errors import InputError
from saisei.graft.course import ROW, place
from saisei.graft.leaps import poisson_of
from saisei.params import value

__all__ = ["LUCK", "Given", "rejection_day", "rows_of"]

Array = NDArray[np.float64]

LUCK = 3
"""Uniforms of a person that the graft needs: survival, rejection, founders of clones."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What was put in, one value a graft, each (n,).

    Attributes:
        dose: cells given; 0 is no graft.
        viability: living share of them.
        committed: share committed to a fate at grafting.
        division_factor: factor on the rate of division.
        fate: (n, 3) shares of neurons, astrocytes and oligodendrocytes among committed cells.
        clone_rate: chance that a surviving cell founds an overgrowth clone.
        match: share of the donor's HLA alleles that the host carries.
        drug_days: days from grafting on which the immunosuppressant is given.
        scale: volume of the lesion over that of a rodent one.
        kill_day: days from grafting to a kill by toxin or suicide gene; infinite without.
        kill_share: share of cells that it kills.
        half_oligodendrocytes: oligodendrocytes that give half of the release of block.
    """

    dose: Array
    viability: Array
    committed: Array
    division_factor: Array
    fate: Array
    clone_rate: Array
    match: Array
    drug_days: Array
    scale: Array
    kill_day: Array
    kill_share: Array
    half_oligodendrocytes: Array

    def __post_init__(self) -> None:
        n = len(self.dose)
        for name in ("viability", "committed", "match", "kill_share"):
            column = getattr(self, name)
            if len(column) != n or not ((column >= 0) & (column <= 1)).all():
                raise InputError(
                    f"{name} of a graft must lie from 0 to 1, one for each of {n} people"
                )
        if (self.dose < 0).any() or not np.isfinite(self.dose).all():
            raise InputError("a dose must be a number of cells, 0 or more")
        if (
            self.fate.shape != (n, 3)
            or (self.fate < 0).any()
            or not np.allclose(self.fate.sum(1), 1)
        ):
            raise InputError("the fates of a graft are three shares that add up to 1")


def rejection_day(u: Array, hazard: Array, late: Array, by_drug: Array, drug_days: Array) -> Array:
    """The day from grafting on which rejection begins, (n,), in closed form from a uniform.

    The hazard is constant between the days on which the drug ends and on which the late share begins.

    Args:
        u: uniforms; a smaller one is an earlier rejection.
        hazard: per day without the drug, for this match.
        late: share of it that is left after `graft.rejection_measured_days`.
        by_drug: share taken away while the drug is given.
        drug_days: days on the drug.

    >>> one = np.ones(1)
    >>> float(rejection_day(0.5 * one, 0.01 * one, one, 0 * one, 90 * one).round(2)[0])
    69.31
    """
    wanted, base = -np.log1p(-u), np.maximum(hazard, 1e-300)
    turn = value("graft.rejection_measured_days")
    ends = [np.minimum(drug_days, turn), np.maximum(drug_days, turn)]
    starts = [np.zeros_like(u), *ends]
    found, reached = np.full(len(u), np.inf), np.zeros(len(u))
    with np.errstate(over="ignore"):
        for k, start in enumerate(starts):
            rate = base * np.where(start < drug_days, 1.0 - by_drug, 1.0)
            rate = np.maximum(rate * np.where(start >= turn, late, 1.0), 1e-300)
            day = start + (wanted - reached) / rate
            end = ends[k] if k < len(ends) else np.full(len(u), np.inf)
            inside = np.isinf(found) & (day <= end)
            found = np.where(inside, day, found)
            reached = reached + rate * np.where(np.isfinite(end), end - start, 0.0)
    return found


@compiled
def _founders(u: Array, mean: Array) -> Array:
    out = np.empty(len(u))
    for i in range(len(u)):
        out[i] = poisson_of(u[i], mean[i])
    return out


@compiled
def _luck(u: Array, sd: float) -> Array:
    out = np.empty(len(u))
    for i in range(len(u)):
        out[i] = np.exp(sd * normal_of(u[i]) - 0.5 * sd * sd)
    return out


def rows_of(draws: Mapping[str, Array], given: Given, luck: Array) -> Array:
    """The rows of grafts, (n, ROW), as `course.follow` and `leaps.leap` take them.

    Args:
        draws: a value of each prior of `GRAFT_PRIORS` for each graft, by id, (n,).
        given: what was put in.
        luck: uniforms of the person, (n, LUCK).
    """
    n = len(given.dose)
    rows = np.empty((n, ROW))

    def put(name: str, numbers: Array | float) -> None:
        rows[:, place(name)] = numbers

    survival = np.minimum(
        1.0, draws["graft.survival"] * _luck(luck[:, 0].copy(), value("graft.survival_sd"))
    )
    alive = given.dose * given.viability * survival
    put("uncommitted", alive * (1.0 - given.committed))
    put("committed", alive * given.committed)
    put("division", draws["graft.division_per_day"] * given.division_factor)
    put("division_days", draws["graft.division_days"])
    put("commitment", draws["graft.commitment_per_day"])
    put("capacity", draws["graft.capacity_rodent"] * given.scale)
    for k, name in enumerate(("neurons", "astrocytes", "oligodendrocytes")):
        put(name, given.fate[:, k])
    put("maturation", np.log(2.0) / draws["graft.maturation_days"])
    put("death", draws["graft.death_per_day"])
    put(
        "rejection_day",
        rejection_day(
            luck[:, 1],
            draws["graft.rejection_per_day"]
            * (1.0 - draws["graft.protection_by_match"] * given.match),
            draws["graft.late_rejection"],
            draws["graft.protection_by_drug"],
            given.drug_days,
        ),
    )
    put("rejection_death", draws["graft.rejection_death_per_day"])
    put("kill_day", given.kill_day)
    put("kill_share", given.kill_share)
    put("half_oligodendrocytes", given.half_oligodendrocytes)
    put("founders", _founders(luck[:, 2].copy(), alive * given.clone_rate))
    turnover = draws["graft.clone_turnover"]
    birth = draws["graft.clone_growth_per_day"] / (1.0 - turnover)
    put("clone_birth", birth)
    put("clone_death", birth * turnover)
    put("cell_volume", draws["graft.cell_volume_mm3"])
    put("clone_limit", value("graft.clone_limit_mm3") / draws["graft.cell_volume_mm3"])
    put("visible_cells", value("graft.visible_mm3") / draws["graft.cell_volume_mm3"])
    return rows
