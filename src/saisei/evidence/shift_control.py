"""Exact comparison with a concurrent control: it comes before any comparison with natural history.

Takes the participants of two arms, each with the stratum it is compared in (grade at baseline) and an
ordered result (rank of the grade, or grades gained). Gives the exact conditional permutation
distribution of the treated arm's rank sum, with ties and strata, in whole numbers: given how many of
each stratum were treated and which results occurred, every assignment of results to people is equally
likely if treatment does nothing. A yes-or-no result makes it Fisher's exact test.

The permutation argument needs exchangeable arms. Only randomisation gives that; for arms chosen
otherwise the p value is a description, and the caller says so.

Source: van Elteren 1960 (stratified rank sum); conditional law by enumeration of tie groups.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from saisei.errors import InputError

__all__ = ["ArmResult", "PermutationTest", "permutation_test"]

Law = dict[int, int]  # doubled rank sum of the treated -> number of assignments


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One participant: the stratum compared within, and an ordered result (higher is better)."""

    stratum: Hashable
    result: int


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """Exact conditional test of two arms.

    Attributes:
        p_better: probability of a result at least as good for the treated, if treatment does nothing.
        p_worse: of one at least as bad.
        p_two_sided: of an assignment no more likely than the one seen (the rule of R for Fisher).
        strata: strata that hold both arms; the others carry no comparison.
        people: (treated, control) in those strata.
    """

    p_better: float
    p_worse: float
    p_two_sided: float
    strata: int
    people: tuple[int, int]


def _splits(sizes: Sequence[int], drawn: int) -> Iterator[tuple[int, ...]]:
    """All ways to take `drawn` people from groups of the given sizes."""
    if not sizes:
        if drawn == 0:
            yield ()
        return
    rest = sum(sizes[1:])
    for first in range(max(0, drawn - rest), min(sizes[0], drawn) + 1):
        for others in _splits(sizes[1:], drawn - first):
            yield (first, *others)


def _stratum_law(treated: Counter[int], control: Counter[int]) -> tuple[Law, int]:
    """Law of the doubled midrank sum of the treated, and the sum seen, in one stratum."""
    results = sorted(treated | control)
    sizes = [treated[r] + control[r] for r in results]
    doubled, below = [], 0
    for size in sizes:
        doubled.append(2 * below + size + 1)  # twice the mean rank of the tie group
        below += size
    law: Law = {}
    for split in _splits(sizes, treated.total()):
        ways = math.prod(math.comb(size, k) for size, k in zip(sizes, split, strict=True))
        key = sum(k * rank for k, rank in zip(split, doubled, strict=True))
        law[key] = law.get(key, 0) + ways
    seen = sum(treated[r] * rank for r, rank in zip(results, doubled, strict=True))
    return law, seen


def _sum_law(one: Law, other: Law) -> Law:
    total: Law = {}
    for a, ways_a in one.items():
        for b, ways_b in other.items():
            total[a + b] = total.get(a + b, 0) + ways_a * ways_b
    return total


def permutation_test(treated: Sequence[ArmResult], control: Sequence[ArmResult]) -> PermutationTest:
    """Exact stratified rank-sum test of a treated against a control arm, ties included.

    Args:
        treated, control: participants of the two arms.

    Raises:
        InputError: an arm is empty, or no stratum holds both arms.

    >>> arm = lambda gains: [ArmResult("A", g) for g in gains]
    >>> test = permutation_test(arm([1] * 7 + [0] * 19), arm([1] * 10 + [0] * 7))
    >>> round(test.p_two_sided, 3), round(test.p_worse, 3)
    (0.057, 0.038)
    """
    if not treated or not control:
        raise InputError("an arm has no participants: both arms are needed for a comparison")
    law, seen, strata, people = {0: 1}, 0, 0, [0, 0]
    for stratum in sorted({one.stratum for one in treated}, key=repr):
        ours = Counter(one.result for one in treated if one.stratum == stratum)
        theirs = Counter(one.result for one in control if one.stratum == stratum)
        if not theirs:
            continue
        part, part_seen = _stratum_law(ours, theirs)
        law, seen, strata = _sum_law(law, part), seen + part_seen, strata + 1
        people[0] += ours.total()
        people[1] += theirs.total()
    if strata == 0:
        raise InputError("the arms share no stratum: compare them without strata")
    ways = sum(law.values())
    # Whole numbers throughout: "no more likely" is decided without rounding.
    likely = law[seen]
    better = sum(count for total, count in law.items() if total >= seen)
    worse = sum(count for total, count in law.items() if total <= seen)
    rare = sum(count for count in law.values() if count <= likely)
    share = [float(Fraction(part, ways)) for part in (better, worse, rare)]
    return PermutationTest(share[0], share[1], share[2], strata, (people[0], people[1]))
