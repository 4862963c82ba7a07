"""Scaling of a sweep: serial, threads, processes and Dask on this machine, and what 1,000 workers would do.

    OPENBLAS_NUM_THREADS=1 python benchmarks/design/bench_sweep.py [--page docs/benchmarks-design-sweep.md]

Every way computes the same grid; the rows must be equal to the last bit. The estimate for 1,000 workers is
arithmetic on three measured figures: time of a shard, cost of a piece of work at the scheduler, cost of
storing a shard.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from saisei.cli.sweep import run_sweep, write_rows
from saisei.cli.workers import Crew, Kind, open_crew
from saisei.design.document import load_design
from saisei.design.grid import GridSpec, make_grid, parse_axis
from saisei.design.search import run_chunk

AXES = ("n=8:130:2", "analysis.level=0.025,0.05")
PIECES = 400
MANY = 1000


def grid(shard: int = 2) -> GridSpec:
    """124 ordinal designs of 8 to 130 people: the costly kind."""
    return make_grid(
        load_design("single-arm-shift"), [parse_axis(text) for text in AXES], shard_cells=shard
    )


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """A Dask scheduler and workers of one thread on this machine; yields the address when all are there."""
    program = [sys.executable, "-m", "dask"]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "scheduler.json"
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        plain = ["--no-dashboard", "--scheduler-file", str(place), "--host", "127.0.0.1"]
        started = [subprocess.Popen([*program, "scheduler", "--port", "0", *plain], **quiet)]
        started += [
            subprocess.Popen(
                [
                    *program,
                    "worker",
                    *plain,
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--local-directory",
                    folder,
                ],
                **quiet,
            )
            for _ in range(workers)
        ]
        try:
            while not place.exists() or not place.read_text():
                time.sleep(0.1)
            found = re.search(r"tcp://[0-9.:]+", place.read_text())
            assert found is not None
            from distributed import Client

            with Client(found.group()) as client:
                client.wait_for_workers(workers)
            yield found.group()
        finally:
            for one in started:
                one.kill()
                one.wait()


def processor() -> float:
    """Processor seconds of this process and of all that it started and that still run."""
    me = psutil.Process()
    total = 0.0
    for one in (me, *me.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def sweep(spec: GridSpec, crew: Crew) -> tuple[float, float, list[dict[str, Any]]]:
    """Seconds by the clock and of processors of a whole sweep into an empty folder, and its rows."""
    used: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        start, before = time.perf_counter(), processor()
        rows = run_sweep(spec, Path(folder), crew, lambda _: used.append(processor()))
        return time.perf_counter() - start, used[-1] - before, rows


def empty(spec: GridSpec, low: int, high: int) -> list[dict[str, Any]]:
    """No work: what is left is the cost of sending."""
    return []


def a_piece(crew: Crew, compute: Callable[..., Any] = empty) -> float:
    """Milliseconds to send one piece of no work and have it back, many being under way."""
    from concurrent.futures import wait

    spec = grid()
    with open_crew(crew) as team:
        team.executor.submit(compute, spec, 0, 0).result()
        start = time.perf_counter()
        wait([team.executor.submit(compute, spec, i, i) for i in range(PIECES)])
        return 1e3 * (time.perf_counter() - start) / PIECES


def storing(rows: list[dict[str, Any]]) -> float:
    """Milliseconds to store one shard, synced to the disk."""
    spec = grid()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        for place in range(50):
            write_rows(spec, rows[:2], Path(folder) / f"{place}.parquet")
        return 1e3 * (time.perf_counter() - start) / 50


def measured() -> tuple[list[tuple[str, float, float, str, str]], dict[str, float]]:
    """Rows of the table, and the three figures of the estimate."""
    spec = grid()
    run_chunk(spec, 0, 1)  # natural history and values are loaded once, as in a long sweep
    alone, work, reference = sweep(spec, Crew())
    table = [("serial", alone, work, "1.00", "1.00")]
    pieces = {}

    def add(name: str, crew: Crew) -> None:
        seconds, used, rows = sweep(spec, crew)
        assert rows == reference, f"{name}: not the bits of the serial run"
        table.append((name, seconds, used, f"{alone / seconds:.2f}", f"{work / used:.2f}"))

    add("2 threads", Crew(2, Kind.THREADS))
    add("2 processes, their start included", Crew(2))
    for workers in (1, 2):
        with cluster(workers) as address:
            run_it = Crew(cluster=address)
            add(
                f"Dask, {workers} worker{'s' * (workers > 1)} of one thread, started before", run_it
            )
            if workers == 2:
                pieces["piece"] = a_piece(run_it, lambda spec, low, high: [])
    shard = 1e3 * work / len(spec.shards())
    return table, {"shard": shard, "store": storing(reference), **pieces}


def estimate(cost: dict[str, float]) -> list[str]:
    """What 1,000 workers would do with a million designs, on paper."""
    shard, piece, store = (cost[name] / 1e3 for name in ("shard", "piece", "store"))
    a_design = shard / 2
    central = piece + store
    lines = [
        f"## {MANY:,} workers, on paper",
        "",
        f"One design takes {a_design:.2f} s of one core, sending a piece of work through the scheduler"
        f" {1e3 * piece:.1f} ms, storing a shard {1e3 * store:.1f} ms. The last two happen in one place: the"
        f" caller can take in at most {1 / central:.0f} shards a second.",
        "",
        "| designs in a shard | seconds a shard | workers that one caller keeps busy | a million designs on"
        f" {MANY:,} workers |",
        "|---:|---:|---:|---:|",
    ]
    for cells in (2, 8, 32):
        busy = a_design * cells / central
        rate = min(MANY, busy) / a_design
        lines.append(
            f"| {cells} | {a_design * cells:.1f} | {busy:,.0f} | {1e6 / rate / 3600:.2f} h |"
        )
    ideal = 1e6 * a_design / MANY / 3600
    lines += [
        "",
        f"Without any cost of sending it would be {ideal:.2f} h; one core would take"
        f" {1e6 * a_design / 86400:.0f} days. Each worker starts by importing and by predicting natural"
        " history once, some seconds. The end of a sweep waits for the last shard of each worker: half"
        " a shard"
        " on average. Not measured: a network, a scheduler with 1,000 connections, disks that share.",
    ]
    return lines


def main() -> None:
    """Measure, print, and write the page when asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", type=Path)
    page = parser.parse_args().page
    table, cost = measured()
    command = f"OPENBLAS_NUM_THREADS=1 python benchmarks/design/bench_sweep.py --page {page}"
    lines = [
        "# Benchmark: sweeps over designs",
        "",
        f"Written by `{command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f} while running, Python {platform.python_version()}.",
        "Where the load is above the cores, others shared the machine: ratios then say little about scaling.",
        f"The grid: {grid().cells} ordinal designs of 8 to 130 people in shards of 2. Every way gave the"
        " same bits.",
        "",
        "| who computes | seconds | processor seconds | times the serial speed | share of processor"
        " time that is"
        " work |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {n} | {clock:.1f} | {used:.1f} | {ratio} | {share} |"
            for n, clock, used, ratio, share in table
        ),
        "",
        "The last column does not feel who else uses the machine: on cores of its own a sweep on w"
        " workers is about w"
        " times that share faster than the serial run. What is no work: a worker's start (imports,"
        " natural history),"
        " sending, and the look at processor time itself.",
        "",
        *estimate(cost),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if page is not None:
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
