"""Conditions beyond cord injury: their scales, what is published without cells, and how scores move.

A condition is one document of the schema `saisei-condition/0.1`; nothing about a condition stands in
code. Takes TOML; gives frozen records in which every value has its source. docs/howto/add-a-condition.md
says how to add one.

>>> from saisei.study.conditions import conditions, load_condition
>>> conditions()
['als', 'parkinson', 'stroke']
>>> load_condition("stroke").scale("mRS").better
'lower'
"""

from saisei.study.conditions.catalog import (
    condition_named,
    conditions,
    load_condition,
    parse_condition,
)
from saisei.study.conditions.document import (
    CONDITION_SCHEMA,
    ConditionDocument,
    Course,
    CourseKind,
    CourseValue,
    History,
    Quantity,
    Scale,
)

__all__ = [
    "CONDITION_SCHEMA",
    "ConditionDocument",
    "Course",
    "CourseKind",
    "CourseValue",
    "History",
    "Quantity",
    "Scale",
    "condition_named",
    "conditions",
    "load_condition",
    "parse_condition",
]
