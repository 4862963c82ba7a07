"""`saisei exam grade`: grades, levels, zones and totals of all exams of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import (
    FormatOption,
    LenientFlag,
    PolicyOption,
    UnrecordedFlag,
    load,
    progress_bar,
    put,
    say,
    say_reading,
    sink,
    some,
)
from saisei.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from saisei.exam.formats.praxis_lines import Tally
    from saisei.exam.formats.review import Review

__all__ = ["grade"]

_LARGE = 2000  # rows from which a progress bar is shown
_LARGE_BYTES = 1 << 24


def grade(
    files: Annotated[list[str], typer.Argument(help="Files of exams; - reads standard input.")],
    format: FormatOption = "auto",
    policy: PolicyOption = None,
    lenient: LenientFlag = False,
    unrecorded_as_nt: UnrecordedFlag = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the results: .csv, .parquet, .json or .jsonl; - is CSV."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Grade every exam by ISNCSCI and compare with the grades that the file itself gives.

    A file in the form of npm isncsci (JSON lines with id and exam) is answered in the form of that package,
    policy praxis unless another is named. Leaves with 2 when an exam has a fault; the others are
    graded all the same, and no row is dropped. Research use only: never the prognosis of a person.
    """
    as_table = out is not None and out.suffix in (".csv", ".parquet", ".json")
    if format == "praxis-json" or (
        format == "auto" and not as_table and all(map(_are_praxis_lines, files))
    ):
        _grade_lines(files, policy or "praxis", lenient, out, as_json)
    elif out is not None and format in ("auto", "tidy") and _is_long_parquet(files, out):
        _grade_long(files[0], out, policy or "default", as_json)
    else:
        _grade_tables(files, format, policy or "default", lenient, unrecorded_as_nt, out, as_json)


# ---- Tables -----------------------------------------------------------------------------------------


def _grade_tables(
    files: list[str],
    format: str,
    policy: str,
    lenient: bool,
    unrecorded_as_nt: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    from saisei.errors import UnsupportedError
    from saisei.exam.formats.review import review
    from saisei.exam.formats.review_table import REVIEW_SUFFIXES, review_bytes, review_rows
    from saisei.exam.isncsci import policy_named

    chosen = policy_named(policy)
    if out is not None and str(out) != "-" and out.suffix not in REVIEW_SUFFIXES:
        raise UnsupportedError(f"{out}: results are written as {', '.join(REVIEW_SUFFIXES)}")
    reviews = []
    for name in files:
        table = load(name, format, lenient, unrecorded_as_nt, chosen.revision != "2019")
        if table.summary_only:
            raise UnsupportedError(
                f"{name} is {table.format}: summary values without scores are kept as reported and "
                "never graded; `saisei exam check` lists what was read"
            )
        with progress_bar(name, len(table.rows), _LARGE) as step:
            reviews.append(review(table, chosen, step))
    if out is not None:
        suffix = ".csv" if str(out) == "-" else out.suffix
        put(out, review_bytes(reviews, suffix), files)
    if as_json and str(out) != "-":
        rows = review_rows(reviews) if out is None else []
        print_json({"policy": chosen.name, "files": [_head(r) for r in reviews], "exams": rows})
    else:
        _print_summary(reviews, to_stderr=str(out) == "-")
    if any(row.faults for one in reviews for row in one.table.rows):
        raise typer.Exit(2)


def _head(one: Review) -> dict[str, Any]:
    table = one.table
    counts = one.ais_counts()
    return {
        "file": table.name,
        "format": table.format,
        "reason": table.reason,
        "notes": list(table.notes),
        "exams": len(table.rows),
        "graded": len(table.sound),
        "not_graded": len(table.rows) - len(table.sound),
        "rows_without_exam": len(table.skipped),
        "repairs": len(table.repairs),
        "questions": len(one.warnings),
        "mismatches": len(one.mismatches),
        "nd": sum(count for grade, count in counts.items() if grade.startswith("ND")),
        "ais": counts,
        "faults": [str(fault) for fault in table.faults],
    }


_MEASURES = {
    "exams": "exams",
    "graded": "graded",
    "not_graded": "not graded (faults)",
    "rows_without_exam": "rows without an exam",
    "nd": "AIS not determinable (ND)",
    "questions": "questions to the examiner",
    "mismatches": "results that the file gives otherwise",
    "repairs": "repairs",
}


def _print_summary(reviews: list[Review], to_stderr: bool) -> None:
    for one in reviews:
        say_reading(one.table)
        head = _head(one)
        rows = [{"what": title, "count": head[key]} for key, title in _MEASURES.items()]
        rows += [{"what": f"AIS {text}", "count": count} for text, count in head["ais"].items()]
        if to_stderr:
            say(", ".join(f"{row['what']}: {row['count']}" for row in rows))
        else:
            title = f"{one.table.name}, policy {one.policy.name}"
            print_table(rows, {"what": "", "count": "count"}, as_json=False, title=title)
        some("the file says otherwise", [f"{row.where}, {m}" for row, m in one.mismatches])
        some("questions to the examiner", [f"{row.where}, {w}" for row, w in one.warnings])
        some("repairs", one.table.repairs)
        some("NOT GRADED, faults", one.table.faults)


# ---- Parquet too long for memory --------------------------------------------------------------------

_LONG = 200_000  # rows from which a Parquet file is graded piece by piece


def _is_long_parquet(files: list[str], out: Path) -> bool:
    if len(files) != 1 or out.suffix != ".parquet" or not Path(files[0]).is_file():
        return False
    with Path(files[0]).open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    import importlib

    parquet: Any = importlib.import_module("pyarrow.parquet")
    try:
        return bool(parquet.read_metadata(files[0]).num_rows >= _LONG)
    except Exception:  # a damaged file: the ordinary reader says what is wrong
        return False


def _grade_long(name: str, out: Path, policy: str, as_json: bool) -> None:
    from saisei.exam.formats.stream import grade_parquet

    with progress_bar(name, 1, 0) as step:
        done = 0.0

        def show(rows: int, total: int) -> None:
            nonlocal done
            step(rows / total - done)
            done = rows / total

        result = grade_parquet(name, out, show, policy=policy)
    say(f"{name}: a long tidy Parquet file, graded piece by piece: no questions, no comparison")
    for old, new in result.renamed.items():
        say(f"  column {old} of the file is kept as {new}")
    if as_json:
        print_json({"policy": policy, "exams": result.exams, "ais": dict(result.ais)})
        return
    rows: list[dict[str, Any]] = [{"what": "graded", "count": result.exams}]
    rows += [{"what": f"AIS {text}", "count": count} for text, count in result.ais.items()]
    title = f"{name}, policy {policy}"
    print_table(rows, {"what": "", "count": "count"}, as_json=False, title=title)


# ---- JSON lines of npm isncsci ----------------------------------------------------------------------


def _are_praxis_lines(name: str) -> bool:
    """Whether the first line of a file is a whole object with an exam in it."""
    path = Path(name)
    if name == "-" or not path.is_file():
        return False
    with path.open("rb") as stream:
        line = stream.readline(1 << 20)
    try:
        first = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "exam" in first


def _grade_lines(
    files: list[str], policy: str, lenient: bool, out: Path | None, as_json: bool
) -> None:
    from saisei.exam.formats.praxis_lines import Tally, grade_lines
    from saisei.exam.isncsci import policy_named

    policy_named(policy)
    tally = Tally()
    with ExitStack() as stack:
        sources = [(name, stack.enter_context(_opened(name))) for name in files]
        stream = stack.enter_context(sink(out, files))
        for name, (read, size) in sources:
            called = "standard input" if name == "-" else name
            with progress_bar(called, size, _LARGE_BYTES) as step:
                done = tally.bytes_read
                for answers in grade_lines(read, called, policy, lenient, tally):
                    stream.write(answers)
                    step(tally.bytes_read - done)
                    done = tally.bytes_read
    _say_tally(tally, policy, files, as_json and out is not None and str(out) != "-")
    if tally.faulty:
        raise typer.Exit(2)


def _say_tally(tally: Tally, policy: str, files: list[str], as_json: bool) -> None:
    nd = sum(count for grade, count in tally.ais.items() if "," in grade)
    if as_json:
        print_json(
            {
                "policy": policy, "files": files, "exams": tally.exams, "faulty": tally.faulty,
                "nd": nd, "ais": dict(sorted(tally.ais.items())), "repairs": len(tally.repairs),
            }
        )  # fmt: skip
        return
    single = {grade: count for grade, count in sorted(tally.ais.items()) if "," not in grade}
    counts = ", ".join(f"{grade} {count}" for grade, count in single.items())
    say(f"{tally.exams} exams graded, policy {policy}: AIS {counts or 'none'}, ND {nd}")
    some("repairs", tally.repairs)
    if tally.faulty:
        say(f"{tally.faulty} lines NOT GRADED, each answered by an error; the first faults:")
        for fault in tally.faults[:10]:
            say(f"  {fault}")


@contextmanager
def _opened(name: str) -> Iterator[tuple[Callable[[int], bytes], int | None]]:
    """A file or standard input as a function that reads bytes, and its size where that is known."""
    from saisei.errors import InputError

    if name == "-":
        yield sys.stdin.buffer.read, None
        return
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the file of exams in it")
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    with path.open("rb") as stream:
        start = stream.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
        stream.seek(0)
        if not start:
            raise InputError(f"{path} is empty: there is no exam in it")
        if start.startswith(b"[") or start.splitlines()[0].strip() == b"{":
            # one document, not lines: its exams are handed out one by one
            yield BytesIO(b"".join(_lines_of_document(path))).read, None
        else:
            yield stream.read, path.stat().st_size


def _lines_of_document(path: Path) -> Iterator[bytes]:
    from saisei.errors import Fault, InputError
    from saisei.exam.formats.source import decoded, load_bytes

    try:
        text = load_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8") from None
    value = decoded(text, str(path))
    if isinstance(value, Fault):
        raise InputError(str(value))
    for one in value if isinstance(value, list) else [value]:
        yield json.dumps(one).encode() + b"\n"
