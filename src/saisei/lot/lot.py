"""A product lot with its hidden truth: a pure function of (seed, lot number).

Every lot has a line and a donor; residual cells, HLA and potency go on to the graft. What a release
test can read of it stands in `Lots` beside what none can: potency and the chance of overgrowth.
Equations and reasons: docs/stages/lot.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, gammaincinv, ndtri
from scipy.stats import poisson

from saisei.cell_line.hla import haplotypes
from saisei.cell_line.line import Lines, Sourcing, abnormal_share, draw_lines, pair, whole
from saisei.chance.streams import PURPOSES, require_seed, uniform_rows
from saisei.errors import InputError
from saisei.params import parameter, value

__all__ = ["FATES", "LOT_FACTORS", "MARKERS", "Lot", "Lots", "Recipe", "draw_lots", "truths_at"]

Array = NDArray[np.float64]

FATES = ("neuron", "astrocyte", "oligodendrocyte")
MARKERS = ("sox1", "pax6", "psa_ncam", "gd2")
LOT_FACTORS = (
    "residual", "viability", "potency", *FATES, "committed", "division_factor", "clone_rate",
)  # fmt: skip
"""What of a lot reaches a graft; each has its own uniform in `truths_at`."""

_DRAWS = 24
_PURPOSE = PURPOSES["lot"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How lots are made.

    Attributes:
        sourcing: method and donors of the lines.
        inhibitor: whether the gamma-secretase inhibitor step is done.
        dose_cells: cells of one dose; the packaged dose if none is given.
        lots_per_line: lot i comes from line i // lots_per_line.
        line: the number of the one line of all lots, in place of that.
    """

    sourcing: Sourcing = field(default_factory=Sourcing)
    inhibitor: bool = True
    dose_cells: float | None = None
    lots_per_line: int = 1
    line: int | None = None

    def __post_init__(self) -> None:
        if self.lots_per_line < 1:
            raise InputError(f"{self.lots_per_line} lots a line: give at least 1")
        if not 0 < self.dose < float("inf"):
            raise InputError(f"a dose of {self.dose_cells} cells: give a number above 0")

    @property
    def dose(self) -> float:
        """Cells of one dose."""
        return value("lot.dose_cells") if self.dose_cells is None else self.dose_cells


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot as it is given; the fields are those of `Lots`."""

    lot_id: str
    line_id: str
    donor_id: str
    haplotype: int
    hla: tuple[str, ...]
    unsafe: bool
    residual: float
    clone_rate: float
    viability: float
    potency: float
    fate: tuple[float, ...]
    committed: float
    division_factor: float
    dose_cells: float
    doses: int
    ready_day: float


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """Many lots, one value of each array a lot.

    Attributes:
        seed, numbers, recipe: what made them.
        lines: the line of each lot, in the same order.
        residual: share of undifferentiated cells.
        line_clone_rate: chance that a transplanted cell founds an overgrowth clone, from the line.
        residual_clone_rate: the same from undifferentiated cells: their share times their founding chance.
        viability: share of cells alive when given.
        potency: factor on the trophic effect, median 1. Hidden: no release test sees it.
        fate: (n, 3) shares of neurons, astrocytes and oligodendrocytes among committed cells.
        committed: extra share of cells committed by the inhibitor when given; 0 without it.
        division_factor: factor of the inhibitor on the later division rate; 1 without it.
        markers: (n, 4) shares of cells with SOX1, PAX6, PSA-NCAM, GD2.
        neuronal: share with HuC/D after four weeks of differentiation.
        abnormal_share: share of an abnormal clone in the lot.
        cnvs: new copy-number variants since passage 3.
        cells: living cells after the thaw that are left for doses.
        differentiation_days: days from iPS cells to neural progenitors.
        ready_day: days from the donation to doses whose tests are read.
    """

    seed: int
    numbers: NDArray[np.int64]
    recipe: Recipe
    lines: Lines
    residual: Array
    line_clone_rate: Array
    residual_clone_rate: Array
    viability: Array
    potency: Array
    fate: Array
    committed: Array
    division_factor: Array
    markers: Array
    neuronal: Array
    abnormal_share: Array
    cnvs: NDArray[np.int64]
    cells: Array
    differentiation_days: Array
    ready_day: Array

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def clone_rate(self) -> Array:
        """Chance that a transplanted cell founds an overgrowth clone, from line and residual cells, (n,)."""
        return self.line_clone_rate + self.residual_clone_rate

    @property
    def doses(self) -> NDArray[np.int64]:
        """Whole doses of a lot, (n,)."""
        return np.floor(self.cells / self.recipe.dose).astype(np.int64)

    def __getitem__(self, at: int) -> Lot:
        line = self.lines[at]
        return Lot(
            lot_id=f"lot-{self.seed}-{self.numbers[at]}",
            line_id=line.line_id,
            donor_id=line.donor_id,
            haplotype=line.haplotype,
            hla=haplotypes().alleles[line.haplotype],
            unsafe=line.method.unsafe,
            residual=float(self.residual[at]),
            clone_rate=float(self.clone_rate[at]),
            viability=float(self.viability[at]),
            potency=float(self.potency[at]),
            fate=tuple(float(x) for x in self.fate[at]),
            committed=float(self.committed[at]),
            division_factor=float(self.division_factor[at]),
            dose_cells=self.recipe.dose,
            doses=int(self.doses[at]),
            ready_day=float(self.ready_day[at]),
        )


def draw_lots(
    seed: int,
    numbers: NDArray[np.int64],
    recipe: Recipe | None = None,
    attempts: NDArray[np.int64] | None = None,
) -> Lots:
    """The lots of these numbers; lot i depends on (seed, i, attempt) and the recipe alone.

    Args:
        seed: 0 to 2**32 - 1.
        numbers: (n,) numbers of the lots, 0 to 2**32 - 1.
        recipe: how they are made.
        attempts: (n,) which try at this lot it is, where lots are made until one passes; 0 by default.

    >>> draw_lots(1, np.arange(3))[2].lot_id
    'lot-1-2'
    """
    plan = recipe or Recipe()
    keys = np.asarray(numbers, dtype=np.int64)
    tries = np.zeros_like(keys) if attempts is None else np.asarray(attempts, dtype=np.int64)
    source = keys // plan.lots_per_line if plan.line is None else np.full_like(keys, plan.line)
    lines = draw_lines(seed, source, plan.sourcing)
    u = uniform_rows(require_seed(seed), keys, tries, _PURPOSE, _DRAWS)
    markers, neuronal = _markers(u)
    days = _lognormal(u[:, 14], "lot.differentiation_days")
    added = value("lot.passages")
    given = {name: np.ascontiguousarray(u[:, k]) for k, name in enumerate(LOT_FACTORS[:-1])}
    truth = _truths(given, plan)
    return Lots(
        seed=seed,
        numbers=keys,
        recipe=plan,
        lines=lines,
        residual=truth["residual"],
        line_clone_rate=lines.clone_rate,
        residual_clone_rate=truth["residual"] * value("lot.residual_founding"),
        viability=truth["viability"],
        potency=truth["potency"],
        fate=truth["fate"],
        committed=truth["committed"],
        division_factor=truth["division_factor"],
        markers=markers,
        neuronal=neuronal,
        abnormal_share=_abnormal(u[:, 15], lines, added),
        cnvs=_cnvs(u[:, 16], added),
        cells=_cells(u[:, 17], lines, truth["viability"], added),
        differentiation_days=days,
        ready_day=lines.bank_day + days + value("lot.release_days"),
    )


def truths_at(u: Mapping[str, Array], recipe: Recipe | None = None) -> dict[str, Array]:
    """What of lots reaches a graft, at uniforms (n,) for each of `LOT_FACTORS`; any may be moved alone.

    Gives residual, viability, potency, fate (n, 3), committed, division_factor and clone_rate, the laws of
    `draw_lots` for lines without a copy number above 3.
    """
    plan = recipe or Recipe()
    found = _truths(u, plan)
    kind = "unsafe" if plan.sourcing.method.unsafe else "clinical"
    line = _lognormal(u["clone_rate"], f"cell_line.clone_rate_{kind}")
    found["clone_rate"] = np.minimum(line + found["residual"] * value("lot.residual_founding"), 1.0)
    return found


def _truths(u: Mapping[str, Array], plan: Recipe) -> dict[str, Array]:
    n = len(u["potency"])
    committed, factor = np.zeros(n), np.ones(n)
    if plan.inhibitor:
        committed = betaincinv(*pair("lot.inhibitor_committed"), u["committed"])
        factor = np.minimum(_lognormal(u["division_factor"], "lot.inhibitor_division"), 1.0)
    return {
        "residual": np.minimum(_lognormal(u["residual"], "lot.residual"), 1.0),
        "viability": betaincinv(*pair("lot.viability"), u["viability"]),
        "potency": np.exp(value("lot.potency_sd") * ndtri(u["potency"])),
        "fate": _fates(np.stack([u[name] for name in FATES], axis=1)),
        "committed": committed,
        "division_factor": factor,
    }


def _lognormal(u: Array, id: str) -> Array:
    median, spread = pair(id)
    found: Array = median * np.exp(spread * ndtri(u))
    return found


def _fates(u: Array) -> Array:
    """A Dirichlet law as gamma numbers over their sum."""
    shapes = parameter("lot.fate").value
    if not isinstance(shapes, tuple) or len(shapes) != len(FATES):
        raise InputError(f"parameter 'lot.fate' needs {len(FATES)} numbers")
    parts = np.stack([gammaincinv(a, u[:, k]) for k, a in enumerate(shapes)], axis=1)
    found: Array = parts / parts.sum(axis=1, keepdims=True)
    return found


def _markers(u: Array) -> tuple[Array, Array]:
    """Shares by marker: one purity of the lot, and what a marker adds."""
    mean, spread = pair("lot.purity")
    own = value("lot.marker_sd") * ndtri(u[:, 9 : 9 + len(MARKERS)])
    centre, wide = pair("lot.neuronal")
    markers = expit(mean + spread * ndtri(u[:, 8:9]) + own)
    return markers, expit(centre + wide * ndtri(u[:, 13]))


def _abnormal(u: Array, lines: Lines, added: float) -> Array:
    """The clone of the line, grown on, or a new one that arises in the lot; the larger of the two."""
    old = lines.abnormal_share
    odds = (
        old / np.maximum(1.0 - old, 1e-12) * np.exp(value("cell_line.abnormal_advantage") * added)
    )
    found: Array = np.maximum(odds / (1.0 + odds), abnormal_share(u, np.full(len(u), added)))
    return found


def _cnvs(u: Array, added: float) -> NDArray[np.int64]:
    return whole(poisson.ppf(u, value("cell_line.cnv_rate") * added))


def _cells(u: Array, lines: Lines, viability: Array, added: float) -> Array:
    """Living cells of one vial of the line, carried through to doses."""
    start = value("cell_line.vial_cells") * lines.vial_viability * value("lot.neural_yield")
    fold = _lognormal(u, "lot.passage_fold")
    grown = start * fold**added - value("lot.test_cells")
    found: Array = np.maximum(grown, 0.0) * viability
    return found
