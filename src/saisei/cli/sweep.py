"""A sweep over a grid of designs: shards computed by whoever is there, stored one by one, taken up again.

A shard is written to a temporary name and renamed; one that exists is done. Nothing else is kept: a
sweep that was stopped, by whatever, goes on when the same command is given again.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from saisei.cli.files import finished_file, write_text
from saisei.cli.workers import Crew, Team, open_crew, was_lost
from saisei.design.grid import GridSpec
from saisei.design.search import columns, run_chunk
from saisei.errors import InputError

__all__ = ["SWEEP", "run_sweep", "write_rows"]

SWEEP = "saisei-sweep/0.1"
_FRUITLESS = 3  # crews in a row that may vanish without finishing one shard

Shard = tuple[int, int]
Rows = list[dict[str, Any]]
Compute = Callable[[GridSpec, int, int], Rows]


def run_sweep(
    spec: GridSpec,
    out: Path,
    crew: Crew,
    told: Callable[[int], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
    compute: Compute = run_chunk,
) -> Rows:
    """Compute what is missing of a sweep and return all rows, in the order of the grid.

    Args:
        spec: the grid.
        out: folder of the sweep; made if needed.
        crew: who computes; has no influence on a single bit.
        told: called with the number of cells finished, once for what was there and once for each shard.
        note: called with a sentence when something happened that the user should know.
        compute: rows of a run of cells; a function that a worker can import.

    Raises:
        InputError: the folder holds another sweep, workers vanish again and again, or a shard is damaged.
    """
    _claim(spec, out)
    todo = [shard for shard in spec.shards() if not _path(out, shard).exists()]
    told(spec.cells - sum(high - low for low, high in todo))
    fruitless = 0
    while todo:
        with open_crew(crew) as team:
            if team.threads == 0:
                note("the cluster has no worker yet: waiting for one")
            left = _round(spec, todo, team, out, told, compute)
        fruitless = fruitless + 1 if len(left) == len(todo) else 0
        todo = left
        if todo:
            note(f"workers went away: {len(todo)} shards are computed again")
        if fruitless == _FRUITLESS:
            raise InputError(
                f"the workers went away {_FRUITLESS} times without finishing a shard; {len(todo)} of"
                f" {len(spec.shards())} shards are missing. See to the workers, then give the same command"
            )
    return [row for shard in spec.shards() for row in _read(spec, _path(out, shard))]


def _path(out: Path, shard: Shard) -> Path:
    return out / "shards" / f"cells-{shard[0]:07d}-{shard[1]:07d}.parquet"


def _claim(spec: GridSpec, out: Path) -> None:
    """Make the folder this sweep's own, or refuse it."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")
    path = out / "sweep.json"
    content = {
        "schema": SWEEP, "digest": spec.digest, "cells": spec.cells, "version": spec.version,
        "params": spec.params, "shard_cells": spec.shard_cells,
        "axes": {axis.name: list(axis.values) for axis in spec.axes},
        "design": json.loads(spec.design),
    }  # fmt: skip
    if path.exists():
        _same(content, path)
    elif (out / "shards").exists():
        raise InputError(f"{out} holds shards but no sweep.json: name another folder with --out")
    else:
        write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    for stray in (out / "shards").glob(".*.partial"):
        stray.unlink(missing_ok=True)  # half a shard of a run that was stopped


def _same(content: dict[str, Any], path: Path) -> None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        stored = str(found["digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: name another folder with --out") from error
    if stored == content["digest"]:
        return
    names = {
        "design": "the design", "axes": "the grid", "version": "the version of Saisei",
        "params": "the parameter values", "shard_cells": "the size of a shard",
    }  # fmt: skip
    other = [word for key, word in names.items() if found.get(key) != content[key]]
    raise InputError(
        f"{path.parent} holds another sweep ({stored[:12]}..., now {content['digest'][:12]}...);"
        f" what differs: {', '.join(other) or 'unknown'}. Name another folder with --out"
    )


def _round(
    spec: GridSpec,
    todo: Sequence[Shard],
    team: Team,
    out: Path,
    told: Callable[[int], None],
    compute: Compute,
) -> list[Shard]:
    """Work through shards until done or the crew is gone; returns what is left."""
    waiting = list(reversed(todo))
    running: dict[Future[Rows], Shard] = {}
    lost: list[Shard] = []
    while waiting or running:
        while waiting and len(running) < team.window and not lost:
            try:
                running[team.executor.submit(compute, spec, *waiting[-1])] = waiting[-1]
            except RuntimeError as error:  # a broken pool takes no more work
                if not was_lost(error):
                    raise
                lost.append(waiting[-1])
            waiting.pop()
        if not running:
            break
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            shard = running.pop(done)
            broken = None if done.cancelled() else done.exception()
            if done.cancelled() or (broken is not None and was_lost(broken)):
                lost.append(shard)
                continue
            write_rows(spec, done.result(), _path(out, shard))
            told(shard[1] - shard[0])
    return sorted([*lost, *waiting])


def write_rows(spec: GridSpec, rows: Rows, path: Path) -> None:
    """Rows as Parquet: numbers split by byte, packed, never as a dictionary; the grid's digest inside."""
    pa: Any = importlib.import_module("pyarrow")
    pq: Any = importlib.import_module("pyarrow.parquet")
    kinds = {"number": pa.float64(), "count": pa.int64(), "text": pa.string()}
    shape = columns(spec)
    schema = pa.schema(
        [(name, kinds[kind]) for name, kind in shape.items()],
        metadata={"saisei.sweep": spec.digest, "saisei.version": spec.version},
    )
    table = pa.Table.from_pylist(rows, schema=schema)
    with finished_file(path) as partial:
        pq.write_table(
            table, partial, compression="zstd", use_dictionary=False,
            use_byte_stream_split=[name for name, kind in shape.items() if kind == "number"],
        )  # fmt: skip


def _read(spec: GridSpec, path: Path) -> Rows:
    pa: Any = importlib.import_module("pyarrow")
    pq: Any = importlib.import_module("pyarrow.parquet")
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} is damaged: delete it and give the same command") from error
    if (table.schema.metadata or {}).get(b"saisei.sweep", b"").decode() != spec.digest:
        raise InputError(f"{path} belongs to another sweep: delete it and give the same command")
    rows: Rows = table.to_pylist()
    return rows
