"""Walking: timed tests as records, and published rules that predict walking one year after injury.

`Walk10` and `Walk6` (the 10-metre and the 6-minute walk test); `predict` (van Middendorp 2011, Hicks 2017).
Research use only: a rule gives the share of a published cohort, never the prognosis of one person.
"""

from saisei.exam.walking.prediction import RULES, Items, Rule, Share, items_of, predict, rule_named
from saisei.exam.walking.timed import Pace, Walk6, Walk10

__all__ = [
    "RULES",
    "Items",
    "Pace",
    "Rule",
    "Share",
    "Walk6",
    "Walk10",
    "items_of",
    "predict",
    "rule_named",
]
