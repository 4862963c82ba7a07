"""Tables that are drawn in chunks: .parquet or .csv, whole or not at all, the same bits for any workers."""

from __future__ import annotations

import importlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from saisei.cli.files import finished_file
from saisei.errors import InputError

__all__ = ["in_order", "require_table_name", "spans", "write_table"]

T = TypeVar("T")


def require_table_name(out: Path | None) -> None:
    """Refuse a name that is no table, before any work is done."""
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise InputError(f"{out}: a table is .parquet or .csv; give such a name")
    if out is not None and out.is_dir():
        raise InputError(f"{out} is a folder: give the name of a file to write")


def spans(n: int, chunk: int, most: int) -> list[tuple[int, int]]:
    """Runs of numbers, `chunk` at a time; refuses n outside 1 to `most`."""
    if not 1 <= n <= most:
        raise InputError(f"--n is {n}: give 1 to {most:,}")
    return [(at, min(at + chunk, n)) for at in range(0, n, chunk)]


def in_order(
    make: Callable[[int, int], T], runs: list[tuple[int, int]], workers: int
) -> Iterator[T]:
    """make(first, last) for each run, several at a time, given in order."""
    if workers < 1:
        raise InputError(f"--workers is {workers}: give at least 1")
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for first, last in runs:
                waiting.append(pool.submit(make, first, last))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def write_table(
    out: Path, parts: Iterator[Mapping[str, Any]], made: Mapping[str, Any], key: str
) -> None:
    """Stream columns into a file that says how it was made (Parquet: in its metadata)."""
    pa: Any = importlib.import_module("pyarrow")
    writer: Any = None
    with finished_file(out) as partial:
        try:
            for columns in parts:
                table = pa.table({name: pa.array(column) for name, column in columns.items()})
                table = table.replace_schema_metadata({f"saisei.{key}": json.dumps(dict(made))})
                writer = writer or _writer(out.suffix, partial, table)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()


def _writer(suffix: str, path: Path, table: Any) -> Any:
    if suffix == ".csv":
        return importlib.import_module("pyarrow.csv").CSVWriter(path, table.schema)
    pq = importlib.import_module("pyarrow.parquet")
    return pq.ParquetWriter(path, table.schema, compression="zstd")
