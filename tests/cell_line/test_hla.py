"""Coverage of a bank by enumeration, against closed forms, published shares and drawn people."""

import itertools

import numpy as np
import pytest

from saisei.cell_line.hla import (
    OTHER,
    Haplotypes,
    coverage,
    coverage_by_donors,
    donors_to_screen,
    draw_hosts,
    haplotypes,
    matched_share,
)
from saisei.errors import InputError

UNLINKED = Haplotypes(
    "nobody", (("A1", "B1", "D1"), ("A2", "B2", "D2"), ("A3", "B3", "D3")), (0.2, 0.1, 0.05), ""
)


def test_without_shared_alleles_coverage_has_its_closed_form() -> None:
    """Where haplotypes share nothing, coverage is 1 - (1 - sum of frequencies)**2."""
    assert coverage([0, 1], UNLINKED) == pytest.approx(1 - (1 - 0.3) ** 2, abs=1e-12)
    assert coverage([0, 0], UNLINKED) == pytest.approx(1 - 0.8**2, abs=1e-12)


def test_a_match_may_come_from_two_haplotypes() -> None:
    """A person with A1 B2 D1 and A2 B1 D2 carries all alleles of the donor A1 B1 D1."""
    crossed = Haplotypes(
        "nobody", (("A1", "B1", "D1"), ("A1", "B2", "D1"), ("A2", "B1", "D2")), (0.1, 0.2, 0.3), ""
    )
    assert coverage([0], crossed) == pytest.approx(1 - 0.9**2 + 2 * 0.2 * 0.3, abs=1e-12)


def test_two_donors_match_about_a_fifth_of_japan() -> None:
    """Okita 2011 (abstract): about 20% by two donors; CiRA Foundation 2022: about 40% by seven."""
    assert 0.17 < coverage([0, 5]) < 0.23
    assert 0.37 < coverage(range(7)) < 0.43


def test_coverage_grows_with_donors_and_never_beyond_everybody() -> None:
    """One more donor never covers fewer people; the tail joins the table without a jump down."""
    grown = coverage_by_donors(60)
    assert len(grown) == 60
    assert (np.diff(grown) > 0).all()
    assert grown[-1] < 1


def test_drawn_hosts_are_matched_as_often_as_enumeration_says() -> None:
    """Full matches among 40,000 drawn people against the exact share (4 standard errors)."""
    hosts = draw_hosts(3, np.arange(40_000))
    for donor in (0, 3):
        share = (matched_share(hosts, np.full(len(hosts), donor)) == 1.0).mean()
        exact = coverage([donor])
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / len(hosts))


def test_matched_share_counts_alleles_one_by_one() -> None:
    """Against the plain count over the alleles of both haplotypes."""
    alleles = haplotypes().alleles
    for first, second, donor in itertools.product((0, 1, 3, OTHER), (2, 6, OTHER), (0, 3, 7)):
        held = {x for one in (first, second) if one != OTHER for x in alleles[one]}
        plain = sum(x in held for x in alleles[donor]) / 3
        assert matched_share(np.array([[first, second]]), np.array([donor]))[0] == plain


def test_rarer_haplotypes_need_more_people_typed() -> None:
    """The chance of a homozygote is the square of the frequency."""
    assert donors_to_screen(0) == pytest.approx(1 / 0.084**2)
    assert donors_to_screen(5) > donors_to_screen(0)


def test_a_haplotype_that_is_not_in_the_table_is_refused() -> None:
    """The message says how many there are."""
    with pytest.raises(InputError, match="has 0 to 9"):
        coverage([10])
