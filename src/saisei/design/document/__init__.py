"""A design as a document: TOML in a closed schema with a digest, refused with every fault at once.

Takes bytes; gives a frozen `DesignDocument`. Says nothing of what a design can show: that is
`saisei.design.fixed`.
"""

from saisei.design.document.catalog import catalog, example_text, load_design, parse_design
from saisei.design.document.changes import Change, differences, require_amendment
from saisei.design.document.schema import SCHEMA, DesignDocument, json_schema
from saisei.design.document.upload import with_table

__all__ = [
    "SCHEMA",
    "Change",
    "DesignDocument",
    "catalog",
    "differences",
    "example_text",
    "json_schema",
    "load_design",
    "parse_design",
    "require_amendment",
    "with_table",
]
