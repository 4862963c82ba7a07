"""The units that a sourced value may carry. A unit is a word of a closed list, never free text.

Saisei does not convert units silently: a value is stored in the unit that the model uses, and
`as_printed` with `conversion` in its record say how it came from the source.
"""

from __future__ import annotations

__all__ = ["UNITS", "is_unit"]

# unit -> what it means
UNITS: dict[str, str] = {
    "1": "dimensionless number",
    "fraction": "share of a whole, 0 to 1",
    "percent": "share of a whole, 0 to 100",
    "probability": "chance, 0 to 1",
    "odds ratio": "ratio of two odds",
    "log odds": "natural logarithm of odds or of an odds ratio",
    "log rate ratio": "natural logarithm of a ratio of rates",
    "count": "number of people, events or items",
    "people": "number of people",
    "cells": "number of cells",
    "day": "24 hours",
    "ms": "millisecond",
    "week": "7 days",
    "month": "1/12 of a year",
    "year": "365.25 days",
    "1/day": "per day",
    "1/week": "per week",
    "1/year": "per year",
    "1/person-year": "events per person and year",
    "log(1/day)": "natural logarithm of a rate per day",
    "log(1/week)": "natural logarithm of a rate per week",
    "points": "points of a clinical score",
    "points/hour": "points of a clinical score for each hour",
    "segments": "number of spinal segments",
    "axons": "number of axons",
    "1/cell": "per cell",
    "mm": "millimetre",
    "mm/day": "millimetre per day",
    "mm3": "cubic millimetre",
    "uL": "microlitre",
    "pixel": "CSS pixel",
    "hour": "1/24 of a day",
    "bases": "base pairs of DNA",
    "1/base/division": "per base pair and cell division",
    "passages": "passages of a culture",
    "1/passage": "per passage of a culture",
    "cycles": "cycles of quantitative PCR (Ct)",
    "EU/mL": "endotoxin units per millilitre",
    "CFU": "colony-forming units of a microorganism",
    "mL": "millilitre",
    "copies/mL": "copies of a nucleic acid per millilitre",
    "vials": "frozen vials",
    "bytes": "byte",
}


def is_unit(text: str) -> bool:
    """Whether `text` is one of the allowed units.

    >>> is_unit("day"), is_unit("fortnight")
    (True, False)
    """
    return text in UNITS
