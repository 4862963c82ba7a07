"""Dose-finding histories written as text: `1NNN 2NTT` is three people at dose 1, three at dose 2."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saisei.errors import InputError

__all__ = ["Cohort", "parse_history"]


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort: the dose, counted from 1, and whether each person had a DLT."""

    dose: int
    dlts: tuple[bool, ...]


def parse_history(text: str) -> tuple[Cohort, ...]:
    """The cohorts of a history; N is no DLT, T (toxicity) a DLT.

    Raises:
        InputError: a part is not a dose followed by N and T.

    >>> parse_history("1NNT")
    (Cohort(dose=1, dlts=(False, False, True)),)
    """
    cohorts = []
    for part in text.split():
        for piece in re.findall(r"\d+\D*", part) or [part]:
            found = re.fullmatch(r"(\d+)([NT]+)", piece)
            if found is None:
                raise InputError(f"{piece!r} is not a dose followed by outcomes N or T, as in 1NNT")
            cohorts.append(Cohort(int(found[1]), tuple(letter == "T" for letter in found[2])))
    return tuple(cohorts)
