"""HLA haplotypes of a population: who is matched by a bank of homozygous donors, exactly.

A donor homozygous for a haplotype matches a person who carries its A, B and DRB1 alleles. Shares follow
from haplotype frequencies under Hardy-Weinberg proportions, by enumeration of the pairs of haplotypes.
Haplotypes beyond the table stand together as `OTHER`; their alleles are not known, so a person is never
matched through them: coverage is a lower bound.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, require_seed, uniform_rows
from saisei.errors import InputError
from saisei.params import value

__all__ = [
    "OTHER",
    "Haplotypes",
    "coverage",
    "coverage_by_donors",
    "donors_to_screen",
    "draw_hosts",
    "haplotypes",
    "matched_share",
]

OTHER = -1
"""The number of a haplotype that is not in the table."""

_HOST = PURPOSES["host_hla"]


@dataclass(frozen=True, slots=True)
class Haplotypes:
    """The haplotypes of a population, the most frequent first.

    Attributes:
        population: which one.
        alleles: the A, B and DRB1 allele of each.
        frequencies: the share of chromosomes of each.
        mark: `recalled` where nobody has read the source again.
    """

    population: str
    alleles: tuple[tuple[str, ...], ...]
    frequencies: tuple[float, ...]
    mark: str

    def require(self, number: int) -> int:
        """Return the number of a haplotype of the table, or raise an InputError."""
        if not 0 <= number < len(self.alleles):
            raise InputError(
                f"there is no haplotype {number}; the table of {self.population} has 0 to "
                f"{len(self.alleles) - 1}"
            )
        return number


@cache
def haplotypes() -> Haplotypes:
    """The packaged table (Japan).

    >>> haplotypes().alleles[0]
    ('A*24:02', 'B*52:01', 'DRB1*15:02')
    """
    text = (files("saisei.cell_line") / "haplotypes.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    rows = table["haplotype"]
    return Haplotypes(
        table["population"],
        tuple(tuple(row["alleles"]) for row in rows),
        tuple(float(row["frequency"]) for row in rows),
        table["status"],
    )


def coverage(donors: Sequence[int], table: Haplotypes | None = None) -> float:
    """The share of people matched at A, B and DRB1 by at least one homozygous donor.

    Args:
        donors: numbers of the haplotypes of the donors.
        table: the frequencies; the packaged ones by default.

    >>> round(coverage([0, 5]), 3)   # the two donors of Okita 2011 (published: about 20%)
    0.186
    """
    known = table or haplotypes()
    bank = [frozenset(known.alleles[known.require(one)]) for one in dict.fromkeys(donors)]
    shares = (*known.frequencies, 1.0 - sum(known.frequencies))
    sets = (*(frozenset(one) for one in known.alleles), frozenset[str]())
    return sum(
        p * q
        for p, first in zip(shares, sets, strict=True)
        for q, second in zip(shares, sets, strict=True)
        if any(donor <= first | second for donor in bank)
    )


def coverage_by_donors(most: int, table: Haplotypes | None = None) -> NDArray[np.float64]:
    """Coverage by the 1, 2, ... `most` most frequent haplotypes, (most,).

    Within the table exact; beyond it the frequencies go on by a Zipf law (an assumption), and only a
    whole shared haplotype counts.
    """
    known = table or haplotypes()
    inside = [coverage(range(n), known) for n in range(1, min(most, len(known.alleles)) + 1)]
    held = len(known.alleles)
    exponent = value("cell_line.haplotype_tail")
    tail = [known.frequencies[-1] * (held / rank) ** exponent for rank in range(held + 1, most + 1)]
    sums = np.cumsum(np.array([sum(known.frequencies), *tail]))[1:]
    return np.array([*inside, *(1.0 - (1.0 - np.minimum(sums, 1.0)) ** 2)])


def donors_to_screen(number: int, table: Haplotypes | None = None) -> float:
    """How many people must be typed, on average, to meet one homozygous for a haplotype.

    >>> round(donors_to_screen(0))
    142
    """
    known = table or haplotypes()
    return 1.0 / known.frequencies[known.require(number)] ** 2


def draw_hosts(seed: int, persons: NDArray[np.int64]) -> NDArray[np.int64]:
    """The two haplotypes of each person, (n, 2); `OTHER` beyond the table.

    Args:
        seed, persons: the keys of the streams.
    """
    u = uniform_rows(require_seed(seed), persons, np.zeros_like(persons), _HOST, 2)
    edges = np.cumsum(np.array(haplotypes().frequencies))
    found = np.searchsorted(edges, u, side="right").astype(np.int64)
    return np.where(found < len(edges), found, OTHER)


def matched_share(hosts: NDArray[np.int64], donors: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of the donor's A, B and DRB1 alleles that each host carries, (n,): 1 is a full match.

    Args:
        hosts: (n, 2) haplotypes of the hosts, as of `draw_hosts`.
        donors: (n,) haplotypes of the homozygous donors.
    """
    alleles = haplotypes().alleles
    held = len(alleles)
    known = np.array(
        [
            [[here == there for here, there in zip(one, two, strict=True)] for two in alleles]
            for one in alleles
        ]
    )
    shared = np.concatenate([known, np.zeros((held, 1, known.shape[2]), dtype=bool)], axis=1)
    either = shared[donors, hosts[:, 0]] | shared[donors, hosts[:, 1]]
    share: NDArray[np.float64] = either.mean(axis=1)
    return share
