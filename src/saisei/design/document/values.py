"""The values that a design document may hold, each with its rule and mend.

Builds on the values of the study document, so that grades, levels and days read the same in both.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from saisei.errors import Fault
from saisei.params import value
from saisei.study.lines import Path
from saisei.study.schema.values import Ais, Count, Day, Flag, Key, Number, Part, Segment, Text, rule

__all__ = [
    "Ais",
    "Count",
    "Day",
    "Days",
    "Digest",
    "Flag",
    "Found",
    "Key",
    "Level01",
    "Number",
    "OddsRatio",
    "Part",
    "People",
    "Positive",
    "Prior",
    "Rate",
    "Segment",
    "Share",
    "Text",
    "fault",
    "rule",
]

Found = tuple[Path, Fault]


def fault(shown: object, text: str, mend: str) -> Fault:
    """A fault whose place is added later."""
    return Fault("", "" if shown is None else str(shown), text, mend)


def _open_probability(one: float) -> float:
    if not 0.0 < one < 1.0:
        raise rule(
            "must lie strictly between 0 and 1", "write a probability, 0.05 for five percent"
        )
    return one


def _share(one: float) -> float:
    if not 0.0 <= one <= 1.0:
        raise rule("must lie between 0 and 1", "write a share, 0.1 for ten percent")
    return one


def _positive(one: float) -> float:
    if one <= 0.0:
        raise rule("must be above 0", "write a number above 0")
    return one


def _people(one: int) -> int:
    most = int(value("design.document_most_people"))
    if one < 1:
        raise rule("is not a number of people", "an arm needs at least 1 person")
    if one > most:
        raise rule(f"is more than {most:,} people", "this schema is for small early trials")
    return one


def _days(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] < 0.0:
        raise rule("lies before the injury", "count days from the injury; its own day is 0")
    if pair[0] > pair[1]:
        raise rule("runs backwards", "write the earlier day first")
    return pair


def _prior(rows: Any) -> Any:
    if any(weight < 0.0 or a <= 0.0 or b <= 0.0 for weight, a, b in rows):
        raise rule(
            "holds a weight below 0 or a beta parameter that is not above 0",
            "write rows [weight, a, b] of a beta mixture",
        )
    if abs(sum(weight for weight, _, _ in rows) - 1.0) > 1e-6:
        raise rule("has weights that do not add up to 1", "scale the weights to add up to 1")
    return rows


_Float = Annotated[float, Field(strict=True)]
Level01 = Annotated[_Float, AfterValidator(_open_probability)]
Rate = Annotated[_Float, AfterValidator(_open_probability)]
Share = Annotated[_Float, AfterValidator(_share)]
Positive = Annotated[_Float, AfterValidator(_positive)]
OddsRatio = Annotated[_Float, AfterValidator(_positive)]
People = Annotated[int, Field(strict=True), AfterValidator(_people)]
Days = Annotated[tuple[_Float, _Float], AfterValidator(_days)]
Prior = Annotated[
    tuple[tuple[_Float, _Float, _Float], ...], Field(min_length=1), AfterValidator(_prior)
]
Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
