"""iPS cell lines as they come out of reprogramming, expansion and banking: a pure function of (seed, number).

Line k belongs to a donor of the bank. Colonies are negative binomial around the yield; the first colony
waits a lag and the smallest of as many gamma times; a dish without a colony is repeated. Variants gather
with divisions and passages. Equations and reasons: docs/stages/cell_line.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, gammaincinv, ndtri
from scipy.stats import binom, nbinom, poisson

from saisei.cell_line.hla import haplotypes
from saisei.chance.streams import PURPOSES, require_seed, uniform_rows
from saisei.errors import InputError
from saisei.params import parameter, value

__all__ = [
    "LINES_LIMIT", "Line", "Lines", "Method", "Sourcing", "abnormal_share", "draw_lines", "pair", "whole",
]  # fmt: skip

Array = NDArray[np.float64]

LINES_LIMIT = 1 << 32
_DRAWS = 12
_RETRIES = 50
_PURPOSE = PURPOSES["line"]


class Method(StrEnum):
    """How the factors were brought in."""

    EPISOMAL = "episomal"
    BLOOD = "blood"
    RETROVIRAL = "retroviral"

    @property
    def unsafe(self) -> bool:
        """Whether factors stay in the genome and can come back, as in 253G1."""
        return self is Method.RETROVIRAL


@dataclass(frozen=True, slots=True)
class Sourcing:
    """Where lines come from.

    Attributes:
        method: how the factors are brought in; retroviral stands for an unsafe line such as 253G1.
        donors: haplotypes (numbers of the table) of the homozygous donors of the bank.
    """

    method: Method = Method.EPISOMAL
    donors: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)

    def __post_init__(self) -> None:
        if not self.donors:
            raise InputError("a bank needs at least one donor")
        for one in self.donors:
            haplotypes().require(one)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; the fields are those of `Lines`."""

    line_id: str
    donor_id: str
    haplotype: int
    hla: tuple[str, ...]
    method: Method
    dishes: int
    colonies: int
    first_colony_day: float
    bank_day: float
    passages: int
    divisions: float
    substitutions: int
    cnvs: int
    high_copies: int
    abnormal_share: float
    vials: int
    vial_viability: float
    clone_rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Many lines, one value of each array a line.

    Attributes:
        seed, numbers: the keys.
        sourcing: where they come from.
        donor: place of the donor in the bank.
        haplotype: its HLA haplotype.
        dishes: reprogrammings until one gave a colony.
        colonies: colonies of that dish.
        first_colony_day, bank_day: days after the donation.
        passages, divisions: until the bank was frozen.
        substitutions: new ones of culture; most are silent.
        cnvs: new copy-number variants of 10 kb or more; high_copies of them give more than 3 copies.
        abnormal_share: share of cells of an abnormal clone in the bank.
        vial_viability: share of cells alive after thaw.
        clone_rate: chance that a transplanted cell founds an overgrowth clone. Hidden: no test shows it.
    """

    seed: int
    numbers: NDArray[np.int64]
    sourcing: Sourcing
    donor: NDArray[np.int64]
    haplotype: NDArray[np.int64]
    dishes: NDArray[np.int64]
    colonies: NDArray[np.int64]
    first_colony_day: Array
    bank_day: Array
    passages: NDArray[np.int64]
    divisions: Array
    substitutions: NDArray[np.int64]
    cnvs: NDArray[np.int64]
    high_copies: NDArray[np.int64]
    abnormal_share: Array
    vial_viability: Array
    clone_rate: Array

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, at: int) -> Line:
        return Line(
            line_id=f"{self.sourcing.method.value}-{self.seed}-{self.numbers[at]}",
            donor_id=f"donor-{self.donor[at] + 1}",
            haplotype=int(self.haplotype[at]),
            hla=haplotypes().alleles[int(self.haplotype[at])],
            method=self.sourcing.method,
            dishes=int(self.dishes[at]),
            colonies=int(self.colonies[at]),
            first_colony_day=float(self.first_colony_day[at]),
            bank_day=float(self.bank_day[at]),
            passages=int(self.passages[at]),
            divisions=float(self.divisions[at]),
            substitutions=int(self.substitutions[at]),
            cnvs=int(self.cnvs[at]),
            high_copies=int(self.high_copies[at]),
            abnormal_share=float(self.abnormal_share[at]),
            vials=int(value("cell_line.bank_vials")),
            vial_viability=float(self.vial_viability[at]),
            clone_rate=float(self.clone_rate[at]),
        )


def pair(id: str) -> tuple[float, float]:
    """A value that is two numbers."""
    content = parameter(id).value
    if not isinstance(content, tuple) or len(content) != 2:
        raise InputError(f"parameter {id!r} is not two numbers but {content!r}")
    return content


def draw_lines(seed: int, numbers: NDArray[np.int64], sourcing: Sourcing | None = None) -> Lines:
    """The lines of these numbers; line k depends on (seed, k) and the sourcing alone.

    Args:
        seed: 0 to 2**32 - 1.
        numbers: (n,) numbers of the lines, 0 to 2**32 - 1.
        sourcing: where they come from.

    >>> line = draw_lines(1, np.array([0]))[0]
    >>> line.line_id, line.hla
    ('episomal-1-0', ('A*33:03', 'B*44:03', 'DRB1*13:02'))
    """
    plan = sourcing or Sourcing()
    keys = np.asarray(numbers, dtype=np.int64)
    if keys.ndim != 1 or (len(keys) and (keys.min() < 0 or keys.max() >= LINES_LIMIT)):
        raise InputError(f"numbers of lines must be a row of whole numbers, 0 to {LINES_LIMIT - 1}")
    u, dishes, colonies = _reprogrammed(require_seed(seed), keys, plan.method)
    donor = np.minimum((u[:, 0] * len(plan.donors)).astype(np.int64), len(plan.donors) - 1)
    first = _first_colony(u[:, 4], dishes, colonies)
    doubling = _lognormal(u[:, 5], "cell_line.doubling_time")
    passages, days = _expansion(doubling)
    divisions: Array = days / doubling
    cnvs = _poisson(u[:, 7], value("cell_line.cnv_rate") * passages.astype(np.float64))
    high = whole(binom.ppf(u[:, 8], cnvs, value("cell_line.cnv_high_share")))
    snv_rate = value("cell_line.substitutions") * value("cell_line.genome_bases")
    alpha, beta = pair("cell_line.thaw_viability")
    return Lines(
        seed=seed,
        numbers=keys,
        sourcing=plan,
        donor=donor,
        haplotype=np.array(plan.donors, dtype=np.int64)[donor],
        dishes=dishes,
        colonies=colonies,
        first_colony_day=first,
        bank_day=first + days + value("cell_line.bank_tests"),
        passages=passages,
        divisions=divisions,
        substitutions=_poisson(u[:, 9], np.asarray(snv_rate * divisions, dtype=np.float64)),
        cnvs=cnvs,
        high_copies=high,
        abnormal_share=abnormal_share(u[:, 10], passages),
        vial_viability=betaincinv(alpha, beta, u[:, 6]),
        clone_rate=_clone_rate(u[:, 11], high, plan.method),
    )


def whole(x: Any) -> NDArray[np.int64]:
    """Counts that come as floats, as whole numbers."""
    return np.asarray(x).astype(np.int64)


def _lognormal(u: Array, id: str) -> Array:
    median, spread = pair(id)
    found: Array = median * np.exp(spread * ndtri(u))
    return found


def _poisson(u: Array, mean: Array) -> NDArray[np.int64]:
    return whole(poisson.ppf(u, mean))


def _reprogrammed(
    seed: int, keys: NDArray[np.int64], method: Method
) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Draws (n, 12), dishes needed and colonies of the dish that gave some."""
    attempts = np.zeros_like(keys)
    u = uniform_rows(seed, keys, attempts, _PURPOSE, _DRAWS)
    colonies = _colonies(u, method)
    for _ in range(_RETRIES):
        empty = np.flatnonzero(colonies == 0)
        if not empty.size:
            break
        attempts[empty] += 1
        u[empty] = uniform_rows(seed, keys[empty], attempts[empty], _PURPOSE, _DRAWS)
        colonies[empty] = _colonies(u[empty], method)
    return u, attempts + 1, np.maximum(colonies, 1)


def _colonies(u: Array, method: Method) -> NDArray[np.int64]:
    """Negative binomial around yield times cells."""
    mean = _lognormal(u[:, 1], f"cell_line.colony_yield_{method.value}")
    mean = mean * value("cell_line.input_cells")
    size = value("cell_line.colony_size")
    return whole(nbinom.ppf(u[:, 2], size, size / (size + mean)))


def _first_colony(u: Array, dishes: NDArray[np.int64], colonies: NDArray[np.int64]) -> Array:
    """Day of the first colony: the smallest of `colonies` gamma times; a lost dish costs its own time."""
    shape, scale = pair("cell_line.colony_wait")
    lag = value("cell_line.colony_lag")
    # P(min <= t) = 1 - (1 - F(t))**n, so the quantile of the minimum is that of F at 1 - (1-u)**(1/n)
    smallest = scale * gammaincinv(shape, -np.expm1(np.log1p(-u) / colonies))
    lost = (dishes - 1) * (lag + 2.0 * shape * scale)
    found: Array = lost + lag + smallest
    return found


def _expansion(doubling: Array) -> tuple[NDArray[np.int64], Array]:
    """Passages and days from a colony to a bank of the planned size."""
    needed = value("cell_line.bank_vials") * value("cell_line.vial_cells")
    days = np.log2(needed / value("cell_line.colony_cells")) * doubling
    step = value("cell_line.passage_days")
    passages = np.maximum(np.ceil(days / step), value("cell_line.clearing_passages"))
    return whole(passages), np.asarray(passages * step, dtype=np.float64)


def abnormal_share(u: Array, passages: NDArray[np.int64] | Array) -> Array:
    """Share of an abnormal clone after so many passages, (n,).

    The passage at which it arises is exponential; from then its odds grow by a factor each passage.
    """
    arises = -np.log1p(-u) / value("cell_line.abnormal_rate")
    since = passages - arises
    start = value("cell_line.abnormal_start")
    grown = expit(np.log(start / (1.0 - start)) + value("cell_line.abnormal_advantage") * since)
    found: Array = np.where(since >= 0.0, grown, 0.0)
    return found


def _clone_rate(u: Array, high: NDArray[np.int64], method: Method) -> Array:
    """Chance a cell of founding an overgrowth clone; more than 3 copies multiply its odds."""
    kind = "unsafe" if method.unsafe else "clinical"
    rate = _lognormal(u, f"cell_line.clone_rate_{kind}")
    odds = rate / (1.0 - rate) * np.where(high > 0, value("cell_line.cnv_odds"), 1.0)
    found: Array = odds / (1.0 + odds)
    return found
