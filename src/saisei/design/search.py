"""The work of a sweep: one function that computes any run of cells of a grid, the same bits anywhere.

Nothing here knows of processes, machines or files. A worker gets the grid and two numbers.
"""

from __future__ import annotations

import json
from typing import Any

from saisei import __version__
from saisei.design.document.reading import check_tree
from saisei.design.grid import GridSpec
from saisei.design.measures import MEASURES, measure
from saisei.errors import InputError
from saisei.params import digest as params_digest
from saisei.study.lines import show_path

__all__ = ["columns", "run_chunk"]

Row = dict[str, Any]


def columns(spec: GridSpec) -> dict[str, str]:
    """Columns of the results and their kinds: `number`, `count` or `text`."""
    found = {"cell": "count"}
    for axis in spec.axes:
        numeric = all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in axis.values
        )
        found[axis.name] = "number" if numeric else "text"
    found |= {"digest": "text", "fault": "text"}
    counts = ("people", "treated", "control")
    return found | {name: "count" if name in counts else "number" for name in MEASURES}


def run_chunk(spec: GridSpec, low: int, high: int) -> list[Row]:
    """Rows of the cells from `low` to before `high`, each computed by itself.

    A cell that is no sound design has its first fault in `fault` and no numbers.

    Raises:
        InputError: this machine runs another version of Saisei or of its values.
    """
    if (spec.version, spec.params) != (__version__, params_digest()):
        raise InputError(
            f"this worker runs Saisei {__version__} with other values than the sweep ({spec.version}):"
            " install the same version on every machine"
        )
    return [_row(spec, place) for place in range(low, high)]


def _row(spec: GridSpec, place: int) -> Row:
    kinds = columns(spec)
    row: Row = dict.fromkeys(kinds)
    row["cell"] = place
    for name, one in spec.cell(place).items():
        plain = one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        row[name] = float(one) if kinds[name] == "number" else plain
    document, found = check_tree(spec.tree(place))
    if found or document is None:
        path, fault = found[0]
        row["fault"] = f"{show_path(path)}: {fault.rule}"
        return row
    row["digest"] = document.digest
    row |= measure(document).as_dict()
    return row
