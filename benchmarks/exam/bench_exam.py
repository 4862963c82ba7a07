"""Speed of the exam stage beside npm `isncsci`, on the same exams, in one run, each program on one core.

    python benchmarks/exam/bench_exam.py [--exams 20000] [--lines 100000] [--parquet-rows 10000000]
                                         [--repeats 5] [--out docs/benchmarks-exam.md]

Prints a table and writes it with machine, date and command. Ratios count; rates depend on the
machine. Both programs take turns, and the best of the repeats counts, so that other work on the
machine disturbs both alike.

Three things are timed. *Grading*: from exams in memory to results in memory; for the reference
program from parsed objects to result objects, warmed up, in its own process. *JSON lines end to
end*: a new process from file to file, with start-up, reading and writing. *Parquet to Parquet*:
memory and rate of the streaming grader.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "validation"))

from exam_differential import install_oracle  # noqa: E402
from exam_generator import KINDS, PLAIN_KINDS, Codes, generate, oracle_lines  # noqa: E402

from saisei.exam.isncsci import Exam, classify  # noqa: E402
from saisei.exam.isncsci.batch import classify_table  # noqa: E402
from saisei.exam.isncsci.record import COLUMNS  # noqa: E402

GRADE = ROOT / "scripts" / "oracle" / "grade.cjs"
OTHER_KINDS = tuple(kind for kind in KINDS if kind not in PLAIN_KINDS)
Rows = list[tuple[str, str, str]]


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--parquet-rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks-exam.md")
    args = parser.parse_args()
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})  # children inherit it
    folder = install_oracle()
    half = args.exams // 2
    plain = generate(args.exams, 1, PLAIN_KINDS)[0]
    mixed = np.concatenate([plain[:half], generate(args.exams - half, 2, OTHER_KINDS)[0]])
    rows: Rows = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for name, codes in (("no NT, no flags", plain), ("half with NT or flags", mixed)):
            rows += grading(name, codes, folder, place, args.repeats)
        rows += one_by_one(plain)
        for name, codes in (("no NT, no flags", plain), ("half with NT or flags", mixed)):
            rows += json_lines(name, codes, args.lines, folder, place)
        rows += parquet(mixed, args.parquet_rows, place)
    text = report(rows, args)
    print(text)
    args.out.write_text(text, encoding="utf-8")
    return 0


def best(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest call."""
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def grading(name: str, codes: Codes, folder: Path, place: Path, repeats: int) -> Rows:
    """In memory, turn by turn: objects to objects there, integer columns to result columns here."""
    lines = place / "exams.jsonl"
    lines.write_text("\n".join(oracle_lines(codes)) + "\n")
    many = np.tile(
        codes, (10, 1)
    )  # a table of some size; the time of one exam does not depend on it
    columns = {column: many[:, k].copy() for k, column in enumerate(COLUMNS)}
    classify_table(columns, "praxis")
    theirs, by_rows, by_columns = [], [], []
    for _ in range(repeats):
        with lines.open("rb") as stream:
            command = ["node", GRADE, folder, "--time", "2"]
            done = subprocess.run(command, stdin=stream, capture_output=True, check=True)
        timed = json.loads(done.stdout)
        theirs.append(timed["grade"] / timed["exams"])
        by_rows.append(best(lambda: classify_table(many, "praxis"), 2) / len(many))
        by_columns.append(best(lambda: classify_table(columns, "praxis"), 2) / len(many))
    them, us, columnwise = min(theirs), min(by_rows), min(by_columns)
    title = f"grading, {name}"
    return [
        (f"{title}: npm isncsci {timed['version']}", per_second(them), "1"),
        (
            f"{title}: `classify_table`, columns",
            per_second(columnwise),
            f"{them / columnwise:,.0f}",
        ),
        (f"{title}: `classify_table`, rows", per_second(us), f"{them / us:,.0f}"),
    ]


def per_second(seconds: float) -> str:
    """The rate of exams that take this long each."""
    return f"{1 / seconds:,.0f} exams/s"


def one_by_one(codes: Codes) -> Rows:
    """`classify` of one plain exam, without reasons: the median."""
    exams = [Exam.from_codes(row) for row in codes[:2000].tolist()]
    spent = []
    for exam in exams:
        start = time.perf_counter()
        classify(exam, "praxis", reasons=False)
        spent.append(time.perf_counter() - start)
    median = f"{statistics.median(spent) * 1e6:,.0f} us (median)"
    return [("`classify`, one plain exam without reasons", median, "")]


def json_lines(name: str, codes: Codes, lines: int, folder: Path, place: Path) -> Rows:
    """A new process from a file of JSON lines to a file of results."""
    many = np.tile(codes, (-(-lines // len(codes)), 1))[:lines]
    source = place / "many.jsonl"
    with source.open("w") as stream:
        stream.writelines(f"{line}\n" for line in oracle_lines(many))
    out = place / "results.jsonl"

    def theirs() -> None:
        with source.open("rb") as read, out.open("wb") as write:
            subprocess.run(["node", GRADE, folder], stdin=read, stdout=write, check=True)

    def ours() -> None:
        command = [
            sys.executable,
            "-m",
            "saisei",
            "exam",
            "grade",
            source,
            "--format",
            "praxis-json",
        ]
        subprocess.run([*command, "--out", out], check=True, capture_output=True)

    ours()  # the compiled kernel is made once in the life of an installation
    pairs = [(best(theirs, 1), best(ours, 1)) for _ in range(3)]
    them, us = min(a for a, _ in pairs), min(b for _, b in pairs)
    title = f"JSON lines end to end, {lines:,} exams, {name}"
    return [
        (f"{title}: npm isncsci", f"{lines / them:,.0f} exams/s", "1"),
        (f"{title}: `saisei exam grade`", f"{lines / us:,.0f} exams/s", f"{them / us:.1f}"),
    ]


STREAM = """
import resource, sys, time
from saisei.exam.formats.stream import grade_parquet
start = time.perf_counter()
done = grade_parquet(sys.argv[1], sys.argv[2], policy="praxis")
print(done.exams, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def parquet(codes: Codes, rows: int, place: Path) -> Rows:
    """Parquet to Parquet in a process of its own: rate and peak memory, for a tenth of the rows and all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: Rows = []
    for n in (rows // 10, rows):
        source, writer, written = place / "in.parquet", None, 0
        while written < n:
            part = codes[: min(len(codes), n - written)]
            named = {name: part[:, k].copy() for k, name in enumerate(COLUMNS)}
            table = pa.table({"id": np.arange(written, written + len(part)), **named})
            writer = writer or pq.ParquetWriter(source, table.schema)
            writer.write_table(table)
            written += len(part)
        if writer is not None:
            writer.close()
        command = [sys.executable, "-c", STREAM, source, place / "out.parquet"]
        done = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        rate, memory = int(done[0]) / float(done[1]), int(done[2]) / 1024
        result = f"{rate:,.0f} exams/s, peak {memory:,.0f} MiB"
        found.append((f"Parquet to Parquet, {n:,} rows", result, ""))
    return found


def report(rows: Rows, args: argparse.Namespace) -> str:
    """The page."""
    node = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    load = os.getloadavg()[0]
    command = "python benchmarks/exam/bench_exam.py " + " ".join(
        f"--{name} {getattr(args, name.replace('-', '_'))}"
        for name in ("exams", "lines", "parquet-rows", "repeats")
    )
    table = "\n".join(f"| {what} | {rate} | {ratio} |" for what, rate, ratio in rows)
    return f"""# Speed of the exam stage

Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}; do not edit.

| what | rate | times npm isncsci |
|---|---|---|
{table}

Machine: {processor()}, one core for every program (the machine has {os.cpu_count()}; load average
at the end {load:.1f}). Python {platform.python_version()}, numpy {np.__version__}, node {node}.
Policy `praxis` throughout.

Ratios are of this one run. Both programs grade the same {args.exams:,} exams in turns, and the best
turn of each counts. *Grading* is from exams in memory to results in memory: for the npm package
from parsed objects to its result objects, after warming up; for `classify_table` from integer
columns (int8, one array a column) or rows (int8, one array of 136 a row) to all result columns
(eleven sets, eleven single values, 36 sums). The exams with NT or flags are of eleven kinds, from
one NT to everything NT. *JSON lines* is a new process from file to file, start-up included.
Compiling the kernel, once in the life of an installation (about ten seconds), is not included.
"""


def processor() -> str:
    """The name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    raise SystemExit(main())
