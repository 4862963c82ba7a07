"""`grade_parquet`: a Parquet file of exams of any length, graded a piece at a time into another Parquet file.

Memory does not grow with the number of rows. The input is our tidy Parquet: one row an exam, the columns of
`record.COLUMNS` as integer codes or as the texts of the tidy CSV; other columns are carried over untouched.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saisei.errors import DocumentError, ExamError, Fault, InputError
from saisei.exam.formats.scores import KINDS, PARQUET, CellKind
from saisei.exam.isncsci.policy import DEFAULT, Policy, policy_named
from saisei.exam.isncsci.record import COLUMNS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from saisei.exam.isncsci.batch import GradedTable

__all__ = ["GradedFile", "grade_parquet"]

BATCH = 65_536  # rows a piece: some 40 MB with all columns and results
_OPTIONAL = COLUMNS[134:]  # the non-key muscles: none was recorded
_KIND_OF: Mapping[str, CellKind] = dict(zip(COLUMNS, KINDS, strict=True))
_REPORTED = "reported_"


@dataclass(frozen=True, slots=True)
class GradedFile:
    """What was written: how many exams, the counts of AIS (`ND` among them), renamed key columns."""

    exams: int
    ais: Mapping[str, int]
    renamed: Mapping[str, str]


def grade_parquet(
    source: Path | str,
    target: Path | str,
    progress: Callable[[int, int], None] | None = None,
    *,
    policy: Policy | str = DEFAULT,
    threads: int = 1,
    keep_scores: bool = False,
) -> GradedFile:
    """Grade a Parquet file of exams into another one.

    The result has the other columns of the input, then for each quantity `<name>` (the value, or `ND`) and
    `<name>_values` (`C4,C5`: all that it can be), and for each sum its value (null: ND), `_low` and
    `_high`. A column of the input that has the name of a result is kept as `reported_<name>`. The target
    appears under its name only when it is whole.

    Args:
        source: the file to read, one row an exam.
        target: the file to write; replaced if it exists.
        progress: called after each piece with (rows done, rows in all).
        policy: the reading of the points that the standard leaves open; a `Policy` or the name of one.
        threads: how many parts of a piece are graded at a time.
        keep_scores: whether the 136 columns of scores are written as well.

    Raises:
        InputError: no such file, not Parquet, columns missing, source and target the same.
        DocumentError: cells that are no score, each with its row (from 1) and column; nothing is written.
    """
    source, target, policy = Path(source), Path(target), policy_named(policy)
    if not source.is_file():
        raise InputError(f"{source}: no such file; give a Parquet file of exams")
    if target.exists() and source.samefile(target):
        raise InputError(
            f"{source} can not be graded into itself; give another name for the result"
        )
    partial = target.with_name(target.name + ".partial")
    try:
        with _opened(source) as file:
            result = _stream(file, source, partial, policy, threads, keep_scores, progress)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return result


def _stream(
    file: Any,
    source: Path,
    target: Path,
    policy: Policy,
    threads: int,
    keep_scores: bool,
    progress: Callable[[int, int], None] | None,
) -> GradedFile:
    """Grade piece after piece into `target`."""
    pq: Any = importlib.import_module("pyarrow.parquet")
    names = list(file.schema_arrow.names)
    _check_names(names, str(source))
    keys = [name for name in names if name not in _KIND_OF]
    kept = [*keys, *(name for name in COLUMNS if keep_scores and name in names)]
    renamed = _renamed(keys)
    total, done, counts, writer = file.metadata.num_rows, 0, Counter[str](), None
    try:
        for batch in _batches(file, source):
            graded = _grade(batch, done, policy, threads, str(source))
            done += batch.num_rows
            table = _result(batch, kept, renamed, graded)
            if writer is None:
                writer = pq.ParquetWriter(target, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=BATCH)
            counts.update(_ais_counts(graded))
            if progress is not None:
                progress(done, total)
    finally:
        if writer is not None:
            writer.close()
    if done == 0:
        raise InputError(f"{source} has no rows: there is nothing to grade")
    return GradedFile(done, dict(sorted(counts.items())), renamed)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    pq: Any = importlib.import_module("pyarrow.parquet")
    try:
        # Buffering ahead keeps all that was read until the end: memory would grow with the file.
        file = pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True)
        list(file.schema_arrow.names)
    except Exception as error:  # a damaged file makes the library raise almost anything
        raise InputError(f"{path}: not a Parquet file: {_first_line(error)}") from None
    with file:
        yield file


def _batches(file: Any, path: Path) -> Iterator[Any]:
    """The pieces of the file; a damaged page is an error of the input."""
    pieces = file.iter_batches(batch_size=BATCH)
    while True:
        try:
            batch = next(pieces, None)
            if batch is not None:
                batch.validate(full=True)
        except Exception as error:  # as above; only the library runs inside
            raise InputError(f"{path}: a damaged Parquet file: {_first_line(error)}") from None
        if batch is None:
            return
        if batch.num_rows:
            yield batch


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _check_names(names: list[str], path: str) -> None:
    doubled = sorted(name for name, n in Counter(names).items() if n > 1)
    if doubled:
        raise InputError(f"{path}: the column {doubled[0]} comes twice; rename or drop one")
    missing = [name for name in COLUMNS if name not in names and name not in _OPTIONAL]
    if missing:
        some = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise InputError(
            f"{path}: {len(missing)} columns of an exam are missing: {some}; "
            "`saisei exam convert` writes them all"
        )
    for name in names:
        # The non-key muscles are optional: a misspelt column for one would be lost without a word.
        if "non_key" in name.casefold() and name not in _KIND_OF:
            raise InputError(f"{path}: column {name} is none of {', '.join(_OPTIONAL)}; rename it")


def _result_names() -> set[str]:
    from saisei.exam.isncsci.batch import RESULTS, sum_names

    return {*RESULTS, *(f"{name}_values" for name in RESULTS), *sum_names()}


def _renamed(keys: list[str]) -> dict[str, str]:
    taken = _result_names()
    renamed = {name: _REPORTED + name for name in keys if name in taken}
    for name in renamed.values():
        if name in keys:
            raise InputError(
                f"the columns {name[len(_REPORTED) :]} and {name} can not both be kept; rename one"
            )
    return renamed


def _grade(batch: Any, done: int, policy: Policy, threads: int, path: str) -> GradedTable:
    from saisei.exam.isncsci.batch import classify_table

    faults: list[Fault] = []
    columns = {name: _codes(batch, name, done, faults) for name in COLUMNS}
    if faults:
        raise DocumentError(path, faults[:20])
    try:
        return classify_table(columns, policy, threads=threads, first_row=done + 1)
    except ExamError as error:
        raise DocumentError(path, error.faults) from None


def _codes(batch: Any, name: str, done: int, faults: list[Fault]) -> NDArray[np.integer[Any]]:
    """One column as integer codes; cells that are none are added to `faults`."""
    import numpy as np

    pa: Any = importlib.import_module("pyarrow")
    kind = _KIND_OF[name]
    index = batch.schema.get_field_index(name)
    if index < 0:
        return np.full(batch.num_rows, -1, dtype=np.int8)
    column = batch.column(index)
    if pa.types.is_integer(column.type):
        return _integers(column, kind, name, done, faults)
    if pa.types.is_dictionary(column.type):
        encoded = column
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        encoded = column.dictionary_encode()
    elif pa.types.is_null(column.type) and kind == "non-key":
        return np.full(batch.num_rows, -1, dtype=np.int8)
    else:
        rule = "scores are integer codes or text"
        faults.append(Fault(f"column {name}", str(column.type), rule, "convert the column"))
        return np.zeros(batch.num_rows, dtype=np.int8)
    tokens = PARQUET.tokens[kind]
    texts = [*encoded.dictionary.to_pylist(), None]
    lookup = np.array([tokens[t] if _known(t, tokens) else -128 for t in texts], dtype=np.int16)
    places = encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
    codes: NDArray[np.int16] = lookup[places]
    for row in np.flatnonzero(codes == -128)[:20]:
        value = texts[int(places[row])]
        rule, mend = PARQUET.why_not(value, kind)
        faults.append(Fault(f"row {done + int(row) + 1}, column {name}", repr(value), rule, mend))
    return codes


def _known(text: Any, tokens: Mapping[Any, int]) -> bool:
    """Whether a cell is a token, and not just equal to one (True is not 1)."""
    return not isinstance(text, bool | float) and text in tokens


def _integers(
    column: Any, kind: CellKind, name: str, done: int, faults: list[Fault]
) -> NDArray[np.integer[Any]]:
    import numpy as np

    if column.null_count:
        if kind == "non-key":
            column = column.fill_null(-1)
        else:
            empty = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[:20]
            rule, mend = PARQUET.why_not(None, kind)
            faults += [
                Fault(f"row {done + int(r) + 1}, column {name}", "null", rule, mend) for r in empty
            ]
            column = column.fill_null(0)
    codes: NDArray[np.integer[Any]] = column.to_numpy(zero_copy_only=False)
    return codes


def _result(batch: Any, kept: list[str], renamed: Mapping[str, str], graded: GradedTable) -> Any:
    """The piece of the result as an Arrow table."""
    from saisei.exam.isncsci.batch import ND, RESULTS

    pa: Any = importlib.import_module("pyarrow")
    arrays = {renamed.get(name, name): batch.column(name) for name in kept}
    for name in RESULTS:
        texts, places = graded.distinct(name)
        values = ["ND" if "," in text else text for text in texts]
        for column, words in ((name, values), (f"{name}_values", list(texts))):
            arrays[column] = pa.DictionaryArray.from_arrays(places, words).cast(
                pa.dictionary(pa.int32(), pa.string())
            )
    for name, numbers in graded.sum_columns().items():
        mask = None if name.endswith(("_low", "_high")) else numbers == ND
        arrays[name] = pa.array(numbers, pa.int8(), mask=mask)
    return pa.table(arrays)


def _ais_counts(graded: GradedTable) -> dict[str, int]:
    import numpy as np

    values, counts = np.unique(graded.value_of("ais"), return_counts=True)
    return {
        "ND" if v < 0 else "ABCDE"[v]: n
        for v, n in zip(values.tolist(), counts.tolist(), strict=True)
    }
