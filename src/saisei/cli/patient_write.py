"""Writing a cohort: streamed, whole or not at all, and taken up again after it was killed.

Every chunk is kept in a folder `.NAME.parts` beside the file until the file is whole. The same command
then goes on after the last chunk that was kept; since a person depends on seed and number alone, the
bytes of the file are those of a run that was never stopped. An error removes the folder.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saisei.cli.exam_files import say
from saisei.errors import InputError

if TYPE_CHECKING:
    from saisei.patient.cohort import Chunk

__all__ = ["Tally", "write_cohort"]

_MANIFEST = "cohort.json"


class _Parts:
    """The finished chunks of an unfinished file."""

    def __init__(self, out: Path, made: dict[str, Any]) -> None:
        self.folder = out.parent / f".{out.name}.parts"
        self.whole = self.folder / "whole.parquet"
        self.made = json.dumps(made, sort_keys=True)

    def open(self) -> int:
        """Make the folder, or take up what is in it; gives the number of chunks that are there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            manifest = self.folder / _MANIFEST
            if manifest.exists() and manifest.read_text(encoding="utf-8") == self.made:
                done = 0
                while self.path(done).exists():
                    done += 1
                return done
            for old in self.folder.iterdir():
                old.unlink()
            self._put(manifest, lambda path: path.write_text(self.made, encoding="utf-8"))
        except OSError as error:
            place = self.folder.parent
            raise InputError(
                f"cannot write in {place}: {error.strerror} (name another place)"
            ) from error
        return 0

    def path(self, number: int) -> Path:
        """Where a chunk is kept."""
        return self.folder / f"{number:06d}.arrow"

    def keep(self, number: int, table: Any) -> None:
        """Keep a chunk, whole or not at all."""
        self._put(self.path(number), lambda path: _write_arrow(table, path))

    def read(self, number: int) -> Any:
        """A chunk that was kept."""
        ipc: Any = importlib.import_module("pyarrow.ipc")
        with ipc.open_file(self.path(number)) as stream:
            return stream.read_all()

    def finish(self, out: Path) -> None:
        """Put the whole file in its place and remove the folder."""
        mask = os.umask(0)
        os.umask(mask)
        self.whole.chmod(0o666 & ~mask)
        with self.whole.open("rb") as stream:
            os.fsync(stream.fileno())
        self.whole.replace(out)
        self.remove()

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _put(self, path: Path, write: Callable[[Path], Any]) -> None:
        partial = path.with_suffix(".partial")
        write(partial)
        partial.replace(path)


class Tally:
    """Counts over a cohort as it is written."""

    def __init__(self) -> None:
        self.people = self.rows = self.draws = 0
        self._visits: dict[str, list[int]] = {}

    def add(self, table: Any) -> None:
        """Take in the rows of one chunk."""
        visits, visit = _words(table, "visit")
        letters, letter = _words(table, "reported_ais")
        uems, lems = _numbers(table, "reported_uems"), _numbers(table, "reported_lems")
        first = visit == visits.index("enrolment")
        self.rows += len(visit)
        self.people += int(first.sum())
        self.draws += int(_numbers(table, "draws")[first].sum())
        for at, name in enumerate(visits):
            here = visit == at
            counts = self._visits.setdefault(name, [0] * 10)
            for grade, text in enumerate("ABCDE"):
                if text in letters:
                    counts[grade] += int((letter[here] == letters.index(text)).sum())
            for place, total in ((6, uems[here]), (8, lems[here])):
                counts[place] += int(total[total >= 0].sum(dtype=int))
                counts[place + 1] += int((total >= 0).sum())
            counts[5] += int(here.sum())

    def result(self, order: list[str]) -> dict[str, Any]:
        """The tally in words and numbers, visits in their order."""
        rows = []
        for name in order:
            *grades, seen, uems, uems_n, lems, lems_n = self._visits.get(name, [0] * 10)
            row: dict[str, Any] = {"visit": name, "people": seen}
            row |= {f"AIS {g}": n for g, n in zip("ABCDE", grades, strict=True)}
            if sum(grades) < seen:
                row["AIS not determinable"] = seen - sum(grades)
            row["mean UEMS"] = round(uems / uems_n, 2) if uems_n else None
            row["mean LEMS"] = round(lems / lems_n, 2) if lems_n else None
            rows.append(row)
        return {
            "people": self.people,
            "rows": self.rows,
            "drawn": self.draws,
            "acceptance": round(self.people / max(self.draws, 1), 5),
            "visits": rows,
        }


def write_cohort(
    out: Path,
    made: dict[str, Any],
    chunks: Callable[[int], Iterator[Chunk]],
    columns: Callable[[Chunk], dict[str, Any]],
    chunk_people: int,
    step: Callable[[int], Any],
) -> Tally:
    """Stream a cohort into a Parquet file that appears whole or not at all.

    Args:
        out: the file.
        made: how the cohort was made; stands in the file, and tells whether kept chunks belong to it.
        chunks: gives the chunks from a person on.
        columns: turns a chunk into named columns.
        chunk_people: people a chunk.
        step: moves the progress bar by a number of people.

    Raises:
        InputError: the place cannot be written to, or is full; nothing stays behind.
    """
    parts = _Parts(out, made)
    done = parts.open()
    if done:
        say(f"{out}: going on after person {done * chunk_people} of an unfinished run")
    tally = Tally()
    try:
        _stream(parts, made, done, chunks, columns, chunk_people, step, tally)
        parts.finish(out)
    except KeyboardInterrupt:
        say(f"stopped; the same command goes on where it was (kept in {parts.folder})")
        raise
    except OSError as error:
        parts.remove()
        raise InputError(f"cannot write {out}: {error.strerror or error}") from error
    except BaseException:
        parts.remove()
        raise
    return tally


def _stream(
    parts: _Parts,
    made: dict[str, Any],
    done: int,
    chunks: Callable[[int], Iterator[Chunk]],
    columns: Callable[[Chunk], dict[str, Any]],
    chunk_people: int,
    step: Callable[[int], Any],
    tally: Tally,
) -> None:
    pq: Any = importlib.import_module("pyarrow.parquet")
    writer: Any = None

    def take(table: Any, people: int) -> None:
        nonlocal writer
        if writer is None:
            writer = pq.ParquetWriter(parts.whole, table.schema, **_encoding(table.schema))
        writer.write_table(table)
        tally.add(table)
        step(people)

    try:
        for number in range(done):
            take(parts.read(number), chunk_people)
        for number, chunk in enumerate(chunks(done * chunk_people), done):
            table = _arrow(columns(chunk), made)
            parts.keep(number, table)
            take(table, len(chunk.persons))
    finally:
        if writer is not None:
            writer.close()


def _numbers(table: Any, name: str) -> Any:
    """A column of whole numbers, -1 where it is empty, without the table library that pyarrow would load."""
    import numpy as np

    column = table.column(name).combine_chunks()
    held, numbers = column.buffers()
    size = column.type.bit_width // 8
    found = np.frombuffer(numbers, dtype=f"i{size}", count=len(column)).copy()
    if held is not None:
        bits = np.unpackbits(np.frombuffer(held, np.uint8), count=len(column), bitorder="little")
        found[bits == 0] = -1
    return found


def _words(table: Any, name: str) -> tuple[list[str], Any]:
    """The different texts of a column, and which one each row has."""
    import numpy as np

    column = table.column(name).combine_chunks().dictionary_encode()
    places = np.frombuffer(column.indices.buffers()[1], dtype=np.int32, count=len(column))
    return column.dictionary.to_pylist(), places


def _write_arrow(table: Any, path: Path) -> None:
    ipc: Any = importlib.import_module("pyarrow.ipc")
    options = ipc.IpcWriteOptions(compression="lz4")
    with ipc.new_file(path, table.schema, options=options) as stream:
        stream.write_table(table)


def _arrow(found: dict[str, Any], made: dict[str, Any]) -> Any:
    """The columns as an Arrow table that says how it was made."""
    pa: Any = importlib.import_module("pyarrow")
    arrays = {name: _array(pa, column) for name, column in found.items()}
    return pa.table(arrays).replace_schema_metadata({"saisei.cohort": json.dumps(made)})


def _array(pa: Any, column: Any) -> Any:
    """An Arrow array from the bytes of a column; `pyarrow.array` would import a table library first."""
    import numpy as np

    n = len(column)
    if column.dtype == object:
        texts = column.tolist()
        ends = np.zeros(n + 1, dtype=np.int32)
        np.cumsum(np.fromiter((len(text.encode()) for text in texts), np.int32, n), out=ends[1:])
        buffers = [None, pa.py_buffer(ends), pa.py_buffer("".join(texts).encode())]
        return pa.Array.from_buffers(pa.string(), n, buffers)
    held = None
    if isinstance(column, np.ma.MaskedArray) and np.ma.is_masked(column):
        held = pa.py_buffer(np.packbits(~np.ma.getmaskarray(column), bitorder="little"))
    plain = np.ascontiguousarray(np.asarray(column))
    kind = pa.from_numpy_dtype(plain.dtype)
    return pa.Array.from_buffers(kind, n, [held, pa.py_buffer(plain)])


def _encoding(schema: Any) -> dict[str, Any]:
    """Real numbers by their bytes, everything else by a dictionary: half the size of the defaults."""
    real = [field.name for field in schema if str(field.type) in ("float", "double")]
    return {
        "compression": "zstd",
        "use_dictionary": [field.name for field in schema if field.name not in real],
        "use_byte_stream_split": real,
    }
