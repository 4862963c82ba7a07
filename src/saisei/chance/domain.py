"""What values an argument of a calculation may take, and the error that says so."""

from __future__ import annotations

import math
from collections.abc import Sequence

from saisei.errors import InputError

__all__ = [
    "require_choice",
    "require_count",
    "require_finite",
    "require_positive",
    "require_probability",
]


def require_count(value: float, name: str, *, at_least: int = 0, at_most: int | None = None) -> int:
    """Return `value` as a whole number within bounds, or raise an `InputError` naming it.

    >>> require_count(4.0, "n")
    4
    """
    if not math.isfinite(value) or value != int(value):
        raise InputError(f"{name} is {value}: it must be a whole number; give a count")
    if value < at_least:
        raise InputError(f"{name} is {value}: it must be at least {at_least}")
    if at_most is not None and value > at_most:
        raise InputError(f"{name} is {value}: it must be at most {at_most}")
    return int(value)


def require_probability(value: float, name: str, *, open_ends: bool = False) -> float:
    """Return `value` if it lies in [0, 1], or in (0, 1) with `open_ends`, or raise an `InputError`.

    >>> require_probability(0.25, "p0")
    0.25
    """
    inside = 0.0 < value < 1.0 if open_ends else 0.0 <= value <= 1.0
    if not inside:
        where = "strictly between 0 and 1" if open_ends else "between 0 and 1"
        raise InputError(f"{name} is {value}: it must lie {where}")
    return float(value)


def require_positive(value: float, name: str) -> float:
    """Return `value` if it is finite and above zero, or raise an `InputError`.

    >>> require_positive(2.0, "sigma")
    2.0
    """
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(f"{name} is {value}: it must be a finite number above 0")
    return float(value)


def require_finite(value: float, name: str) -> float:
    """Return `value` if it is finite, or raise an `InputError`.

    >>> require_finite(-2.0, "drift")
    -2.0
    """
    if not math.isfinite(value):
        raise InputError(f"{name} is {value}: it must be a finite number")
    return float(value)


def require_choice(value: str, name: str, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, or raise an `InputError` listing them.

    >>> require_choice("less", "alternative", ("less", "greater"))
    'less'
    """
    if value not in choices:
        raise InputError(f"{name} is {value!r}: it must be one of {', '.join(choices)}")
    return value
