"""The natural-history base: every published table of untreated recovery, as a sourced record.

Takes nothing but packaged files (or a user's own). Gives rows, their weights against counting the same
people twice, and how well each row fits given people. Fits no model.

>>> rows = load()
>>> next(row for row in rows if row.id == "kawano-2020-a-cervical").conversion_any
CountRange(low=35, high=35, n_low=203, n_high=203)
"""

from saisei.study.registries.matching import Match, Target, match
from saisei.study.registries.overlap import Weight, weights
from saisei.study.registries.people import LEVEL_GROUPS, level_group
from saisei.study.registries.read import load, load_file, parse
from saisei.study.registries.rows import GRADES, CountRange, Kind, Row, Table, Timing, rounds_to

__all__ = [
    "GRADES",
    "LEVEL_GROUPS",
    "CountRange",
    "Kind",
    "Match",
    "Row",
    "Table",
    "Target",
    "Timing",
    "Weight",
    "level_group",
    "load",
    "load_file",
    "match",
    "parse",
    "rounds_to",
    "weights",
]
