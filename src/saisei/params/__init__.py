"""Values with their sources: one record per value, one file per stage, one file of sources.

A record without meaning, unit, basis or source is refused when it is read, with the file and the key.
Reading the packaged TOML files is all that this module does to the outside world.

>>> value("evidence.alpha_two_sided")
0.05
"""

from saisei.params.loader import (
    Basis,
    Parameter,
    Parameters,
    Source,
    digest,
    load,
    parameter,
    parse,
    value,
)

__all__ = [
    "Basis",
    "Parameter",
    "Parameters",
    "Source",
    "digest",
    "load",
    "parameter",
    "parse",
    "value",
]
