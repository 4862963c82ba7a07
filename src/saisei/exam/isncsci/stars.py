"""Stars on results: a level, grade or zone that rests on a score read otherwise than examined.

Policy `difference`: classify once with the flags read and once with the flags deleted (`v*`, `v**` as
v; `NT*`, `NT**` as NT). A value gets a star if it is not in the second set; all get one if the second
set has values that the first has not. This definition is ours; the papers ask for stars and do not
define them segment by segment.
"""

from __future__ import annotations

from collections.abc import Sequence

from saisei.exam.isncsci.evaluate import Sets, evaluate
from saisei.exam.isncsci.policy import Policy

__all__ = ["difference_stars", "has_flag", "without_flags"]

_CELLS = 132
NO_STARS = Sets(*[0] * len(Sets._fields))


def has_flag(codes: Sequence[int]) -> bool:
    """Whether any score of the exam carries a flag."""
    return max(codes[:_CELLS]) >= 10


def without_flags(codes: Sequence[int]) -> list[int]:
    """The exam as examined: the same codes with the flags deleted."""
    return [code % 10 for code in codes[:_CELLS]] + list(codes[_CELLS:])


def difference_stars(codes: Sequence[int], sets: Sets, policy: Policy) -> Sets:
    """Which values of each set carry a star, under policy `difference`."""
    examined = evaluate(without_flags(codes), policy)
    return Sets(
        *(
            read & ~plain if plain & ~read == 0 else read
            for read, plain in zip(sets, examined, strict=True)
        )
    )
