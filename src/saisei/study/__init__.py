"""What others have published: trials and natural-history tables, as sourced documents.

Takes TOML files of the schema `saisei-study/0.2`; gives frozen, typed records in which every value has
its source and confidence. Nothing here changes a document, and nothing here judges a trial.

>>> from saisei.study import load
>>> print(load("keio-2025").conversions("treated", at_least_grades=2))
2 of 4
"""

from saisei.study.catalog import catalog, load, parse
from saisei.study.changes import Conversions, GradeChange
from saisei.study.schema import SCHEMA, Confidence, Sourced, StudyDocument
from saisei.study.study import Study

__all__ = [
    "SCHEMA",
    "Confidence",
    "Conversions",
    "GradeChange",
    "Sourced",
    "Study",
    "StudyDocument",
    "catalog",
    "load",
    "parse",
]
