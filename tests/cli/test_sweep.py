"""Sweeps: the same bits whoever computes them, and nothing lost when a worker is killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from saisei.cli.sweep import run_sweep, write_rows
from saisei.cli.workers import Crew, Kind
from saisei.design.document import load_design
from saisei.design.grid import GridSpec, make_grid, parse_axis
from saisei.design.search import run_chunk
from saisei.errors import InputError

AXES = ("n=12:24:2", "population.eligible_per_month=0.5,1")


def spec_of(name: str = "dual-criterion", axes: tuple[str, ...] = AXES, shard: int = 2) -> GridSpec:
    """A small grid in small shards."""
    return make_grid(load_design(name), [parse_axis(text) for text in axes], shard_cells=shard)


def files_of(out: Path) -> dict[str, bytes]:
    """Names and bytes of all shards."""
    return {one.name: one.read_bytes() for one in sorted((out / "shards").iterdir())}


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, bytes]]:
    """Rows and shards of the serial run."""
    out = tmp_path_factory.mktemp("serial")
    rows = run_sweep(spec_of(), out, Crew())
    return rows, files_of(out)


def test_the_serial_run_is_the_plain_function(serial: tuple[Any, Any]) -> None:
    """What a sweep gives, through Parquet and back, is what the function of the stage gives."""
    spec = spec_of()
    assert serial[0] == run_chunk(spec, 0, spec.cells)
    assert len(serial[1]) == len(spec.shards()) == 7


def test_processes_lose_nothing_when_one_is_killed_and_give_equal_bits(
    serial: tuple[Any, Any], tmp_path: Path
) -> None:
    """A local worker dies by SIGKILL after the first shard; the crew is made anew, bytes are equal."""
    import multiprocessing

    killed: list[int] = []
    notes: list[str] = []

    def told(cells: int) -> None:
        if cells and not killed:
            victim = multiprocessing.active_children()[0]
            assert victim.pid is not None
            os.kill(victim.pid, signal.SIGKILL)
            killed.append(victim.pid)

    rows = run_sweep(spec_of(), tmp_path, Crew(2), told, notes.append)
    assert killed
    assert any("went away" in note for note in notes)
    assert (rows, files_of(tmp_path)) == serial


def test_threads_and_a_stopped_sweep_give_equal_bits(
    serial: tuple[Any, Any], tmp_path: Path
) -> None:
    """Some shards are there already, in any order, with half a one beside them: only the rest is computed."""
    spec = spec_of()
    run_sweep(spec, tmp_path, Crew())
    gone = random.Random(7).sample(spec.shards(), 4)
    for low, high in gone:
        (tmp_path / "shards" / f"cells-{low:07d}-{high:07d}.parquet").unlink()
    half = tmp_path / "shards" / ".cells-0000000-0000002.parquet.x.partial"
    half.write_bytes(b"PAR1")
    computed: list[tuple[int, int]] = []
    told: list[int] = []

    def compute(grid: GridSpec, low: int, high: int) -> Any:
        computed.append((low, high))
        return run_chunk(grid, low, high)

    rows = run_sweep(spec, tmp_path, Crew(2, Kind.THREADS), told.append, compute=compute)
    assert sorted(computed) == sorted(gone)
    assert told[0] == spec.cells - 2 * len(gone)
    assert sum(told) == spec.cells
    assert (rows, files_of(tmp_path)) == serial


def test_a_folder_belongs_to_one_grid(tmp_path: Path) -> None:
    """Another grid or design is refused with what differs; a damaged or foreign shard is named."""
    run_sweep(spec_of(axes=("n=12,14",)), tmp_path, Crew())
    with pytest.raises(InputError, match=r"another sweep .*what differs: the grid\. Name another"):
        run_sweep(spec_of(axes=("n=12,16",)), tmp_path, Crew())
    with pytest.raises(InputError, match="what differs: the design"):
        run_sweep(spec_of("three-doses", ("staggering.interval_days=91",)), tmp_path, Crew())
    shard = tmp_path / "shards" / "cells-0000000-0000002.parquet"
    other = spec_of(axes=("n=12,18",))
    write_rows(other, run_chunk(other, 0, 2), shard)
    with pytest.raises(InputError, match="belongs to another sweep: delete it"):
        run_sweep(spec_of(axes=("n=12,14",)), tmp_path, Crew())
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(InputError, match="is damaged: delete it"):
        run_sweep(spec_of(axes=("n=12,14",)), tmp_path, Crew())
    shard.unlink()
    assert len(run_sweep(spec_of(axes=("n=12,14",)), tmp_path, Crew())) == 2


def test_an_error_of_the_work_is_not_taken_for_a_lost_worker(tmp_path: Path) -> None:
    """A worker of another version is told at once; nothing is stored."""
    spec = spec_of(axes=("n=12,14",))
    foreign = GridSpec(spec.design, spec.axes, spec.shard_cells, "0.0.0", spec.params)
    with pytest.raises(InputError, match="install the same version on every machine"):
        run_sweep(foreign, tmp_path, Crew(2, Kind.THREADS))
    assert list((tmp_path / "shards").glob("*.parquet")) == []


def test_workers_that_vanish_without_end_are_given_up(tmp_path: Path) -> None:
    """Three crews in a row without one shard: the message says how much is missing and what to do."""

    def compute(grid: GridSpec, low: int, high: int) -> Any:
        raise ConnectionResetError("gone")

    with pytest.raises(InputError, match="7 of 7 shards are missing"):
        run_sweep(spec_of(), tmp_path, Crew(), compute=compute)


def test_crews_and_addresses_are_checked(tmp_path: Path) -> None:
    """No workers, too many, or nobody at the address."""
    for workers in (0, 100_000):
        with pytest.raises(InputError, match="must lie between 1 and"):
            Crew(workers)
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        run_sweep(spec_of(), tmp_path, Crew(cluster="nonsense"))


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and two workers on this machine, as processes of their own."""
    program = [sys.executable, "-m", "dask"]
    place = folder / "scheduler.json"
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> None:
        log = (folder / f"log-{len(started)}").open("wb")
        started.append(subprocess.Popen([*program, *words], stdout=log, stderr=log, cwd=folder))
        log.close()

    plain = ("--no-dashboard",)
    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(place), *plain)
    try:
        for _ in range(2):
            start(
                "worker", "--scheduler-file", str(place), "--host", "127.0.0.1", "--nthreads", "1",
                "--no-nanny", "--local-directory", str(folder), *plain,
            )  # fmt: skip
        end = time.monotonic() + 30
        while not place.exists() or not place.read_text():
            assert time.monotonic() < end, (folder / "log-0").read_text()
            time.sleep(0.1)
        found = re.search(r"tcp://[0-9.:]+", place.read_text())
        assert found is not None
        yield found.group(), started[1:]
    finally:
        for one in started:
            one.kill()
            one.wait()


def test_a_cluster_loses_nothing_when_a_worker_is_killed(
    serial: tuple[Any, Any], tmp_path: Path
) -> None:
    """Two Dask workers, one killed by SIGKILL in the middle of its shard: all shards, equal bytes."""

    def slowly(grid: GridSpec, low: int, high: int) -> Any:
        import time

        from saisei.design.search import run_chunk

        time.sleep(0.25)
        return run_chunk(grid, low, high)

    seen: list[int] = []
    with cluster(tmp_path) as (address, workers):

        def told(cells: int) -> None:
            seen.append(cells)
            if len(seen) == 4:  # both workers are busy with further shards
                workers[0].send_signal(signal.SIGKILL)

        rows = run_sweep(spec_of(), tmp_path / "out", Crew(cluster=address), told, compute=slowly)
        assert workers[0].wait(10) == -signal.SIGKILL
        assert workers[1].poll() is None
    assert sum(seen) == spec_of().cells
    assert (rows, files_of(tmp_path / "out")) == serial
