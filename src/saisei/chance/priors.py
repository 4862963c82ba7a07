"""Priors as sourced values: a law, its numbers, and its quantile at a uniform.

A prior is a value of `params/` whose numbers are the parameters of a named law. One uniform gives one
draw, by the inverse distribution function, so a prior can be moved, fixed or swept while all others keep
their draws. Laws and their numbers:

    lognormal   median, 5% point, 95% point (the log spread is that of the two points)
    beta        both shape numbers
    normal      mean, standard deviation
    half-normal scale
    point       the value itself
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import compiled, normal_of
from saisei.errors import InputError
from saisei.params import parameter

__all__ = ["Law", "Prior", "Priors", "quantile"]

_Z95 = 1.6448536269514722
"""The 95% point of the standard normal distribution."""


class Law(StrEnum):
    """The family of a prior."""

    LOGNORMAL = "lognormal"
    BETA = "beta"
    NORMAL = "normal"
    HALF_NORMAL = "half-normal"
    POINT = "point"


_LENGTH = {Law.LOGNORMAL: 3, Law.BETA: 2, Law.NORMAL: 2, Law.HALF_NORMAL: 1, Law.POINT: 1}


@dataclass(frozen=True, slots=True)
class Prior:
    """One prior.

    Attributes:
        id: the id of its value, such as `graft.survival`.
        law: its family.
        numbers: those of the law.
        top: draws above are cut to it (a share stays at 1).
    """

    id: str
    law: Law
    numbers: tuple[float, ...]
    top: float = np.inf

    def __post_init__(self) -> None:
        _check(self)


def _check(one: Prior) -> None:
    numbers = one.numbers
    if len(numbers) != _LENGTH[one.law]:
        raise InputError(
            f"{one.id} is {one.law} and takes {_LENGTH[one.law]} numbers, not {len(numbers)}: "
            f"{_SAYS[one.law]}"
        )
    if not np.isfinite(numbers).all():
        raise InputError(f"{one.id}: {list(numbers)} holds a number that is not finite")
    if one.law is Law.LOGNORMAL and not 0 < numbers[1] < numbers[0] < numbers[2]:
        raise InputError(
            f"{one.id}: a lognormal prior needs 0 < 5% point < median < 95% point, not {list(numbers)}"
        )
    if one.law is Law.BETA and min(numbers) <= 0:
        raise InputError(f"{one.id}: both numbers of a beta prior lie above 0, not {list(numbers)}")
    if one.law is Law.NORMAL and numbers[1] <= 0:
        raise InputError(f"{one.id}: a standard deviation lies above 0, not {numbers[1]}")
    if one.law is Law.HALF_NORMAL and numbers[0] <= 0:
        raise InputError(f"{one.id}: a scale lies above 0, not {numbers[0]}")


_SAYS = {
    Law.LOGNORMAL: "median, 5% point, 95% point",
    Law.BETA: "both shape numbers",
    Law.NORMAL: "mean, standard deviation",
    Law.HALF_NORMAL: "scale",
    Law.POINT: "one number",
}


@compiled
def _exp_normal(u: NDArray[np.float64], middle: float, spread: float) -> NDArray[np.float64]:
    out = np.empty(len(u))
    for i in range(len(u)):
        out[i] = np.exp(middle + spread * normal_of(u[i]))
    return out


@compiled
def _normal(u: NDArray[np.float64], mean: float, sd: float) -> NDArray[np.float64]:
    out = np.empty(len(u))
    for i in range(len(u)):
        out[i] = mean + sd * normal_of(u[i])
    return out


def quantile(prior: Prior, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of a prior at uniforms (n,) in (0, 1).

    >>> rate = Prior("graft.rate", Law.LOGNORMAL, (0.1, 0.05, 0.2))
    >>> [round(float(x), 3) for x in quantile(rate, np.array([0.05, 0.5, 0.95]))]
    [0.05, 0.1, 0.2]
    """
    numbers = prior.numbers
    if prior.law is Law.POINT:
        found = np.full(len(u), numbers[0])
    elif prior.law is Law.LOGNORMAL:
        spread = float(np.log(numbers[2] / numbers[1])) / (2 * _Z95)
        found = _exp_normal(u, float(np.log(numbers[0])), spread)
    elif prior.law is Law.BETA:
        from scipy.special import betaincinv

        found = np.asarray(betaincinv(numbers[0], numbers[1], u), dtype=np.float64)
    elif prior.law is Law.NORMAL:
        found = _normal(u, numbers[0], numbers[1])
    else:
        found = _normal(0.5 + 0.5 * u, 0.0, numbers[0])
    cut: NDArray[np.float64] = np.minimum(found, prior.top)
    return cut


@dataclass(frozen=True, slots=True)
class Priors:
    """A list of priors, drawn together; the place of a prior is the place of its uniform.

    Attributes:
        all: the priors in order.
        changed: ids that the user set, with the numbers that stood there before.
    """

    all: tuple[Prior, ...]
    changed: tuple[str, ...] = ()

    @classmethod
    def packaged(
        cls,
        laws: Sequence[tuple[str, Law, float]],
        changed: Mapping[str, float | Sequence[float]] | None = None,
    ) -> Priors:
        """Priors with the packaged numbers; `changed` fixes one (a number) or moves it (a list).

        Args:
            laws: id, law and top of each, in order; new ones only ever come at the end.
            changed: by id.

        Raises:
            InputError: an unknown id or numbers that do not fit the law.
        """
        new = dict(changed or {})
        ids = [one for one, _, _ in laws]
        for name in new:
            if name not in ids:
                from difflib import get_close_matches

                near = get_close_matches(name, ids, n=3, cutoff=0.4)
                raise InputError(
                    f"there is no prior {name!r} (near it: {', '.join(near) or 'none'}; "
                    "see `saisei therapy priors`)"
                )
        made = []
        for name, law, top in laws:
            given = new.get(name)
            if given is None:
                made.append(Prior(name, law, _numbers(name), top))
            elif isinstance(given, int | float):
                made.append(Prior(name, Law.POINT, (float(given),), top))
            else:
                made.append(Prior(name, law, tuple(float(x) for x in given), top))
        return cls(tuple(made), tuple(sorted(new)))

    def place(self, id: str) -> int:
        """Where a prior stands."""
        return [one.id for one in self.all].index(id)

    def draw(self, u: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The values of all priors at uniforms (n, number of priors), by id."""
        return {
            one.id: quantile(one, np.ascontiguousarray(u[:, k])) for k, one in enumerate(self.all)
        }


def _numbers(id: str) -> tuple[float, ...]:
    content = parameter(id).value
    if isinstance(content, tuple):
        return content
    if isinstance(content, bool | str):
        raise InputError(f"the prior {id!r} has no numbers but {content!r}")
    return (float(content),)
