"""The seam to other cores and machines: whatever computes, it is a `concurrent.futures.Executor`.

This is the only file that names an engine (threads, processes, Dask). Work is submitted as plain
functions with plain arguments, results come back as plain values; all writing stays with the caller.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from saisei.errors import InputError

__all__ = ["Crew", "Kind", "Team", "open_crew", "single_threaded", "was_lost"]

_BLAS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_LEAST_WINDOW = 64  # pieces of work kept waiting at a cluster, whose size may grow
_PER_THREAD = 4
_MOST_WORKERS = 256
_CONNECT_SECONDS = 20


class Kind(StrEnum):
    """What local workers are."""

    PROCESSES = "processes"
    THREADS = "threads"


@dataclass(frozen=True, slots=True)
class Crew:
    """Who computes: local workers, or the cluster at an address (then `workers` is not asked)."""

    workers: int = 1
    kind: Kind = Kind.PROCESSES
    cluster: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= _MOST_WORKERS:
            raise InputError(f"--workers {self.workers}: must lie between 1 and {_MOST_WORKERS}")


@dataclass(frozen=True, slots=True)
class Team:
    """An open crew: the executor, how many pieces of work to keep with it, and its threads by now."""

    executor: Executor
    window: int
    threads: int


class _Here(Executor):
    """Runs each piece at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def single_threaded() -> None:
    """One thread for linear algebra here and in processes started from here.

    Sums then run in one order wherever they run. Has no effect on a library that is loaded already.
    """
    for name in _BLAS:
        os.environ.setdefault(name, "1")


@contextmanager
def open_crew(crew: Crew) -> Iterator[Team]:
    """The crew's executor; waiting work is cancelled and the crew dismissed when the block ends."""
    if crew.cluster is not None:
        with _dask(crew.cluster) as team:
            yield team
        return
    executor: Executor
    if crew.workers == 1:
        executor = _Here()
    elif crew.kind is Kind.THREADS:
        executor = ThreadPoolExecutor(crew.workers)
    else:
        executor = ProcessPoolExecutor(crew.workers, mp_context=_processes())
    try:
        yield Team(executor, 1 if crew.workers == 1 else 2 * crew.workers, crew.workers)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _processes() -> Any:
    """Processes forked from a clean server that has loaded what they need: no lock is inherited half-held."""
    import multiprocessing

    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["saisei.design.search"])
    return context


@contextmanager
def _dask(address: str) -> Iterator[Team]:
    import importlib
    import logging

    dask: Any = importlib.import_module("distributed")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a lost worker is told by us
    try:
        client = dask.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--cluster {address}: no Dask scheduler answers there ({error}); start one with `dask scheduler`"
            " and give its address, as in tcp://127.0.0.1:8786"
        ) from error
    try:
        threads = sum(client.nthreads().values())
        # The same piece of work gives the same result wherever it runs: it may be run again.
        executor = client.get_executor(pure=False)
        yield Team(executor, max(_LEAST_WINDOW, _PER_THREAD * threads), threads)
    finally:
        client.close()


def was_lost(error: BaseException) -> bool:
    """Whether an error says that a worker went away, not that the work itself is wrong."""
    if isinstance(error, BrokenExecutor | CancelledError | ConnectionError | TimeoutError):
        return True
    module = type(error).__module__.partition(".")[0]
    return module == "distributed" and type(error).__name__ in {
        "KilledWorker", "CommClosedError", "FutureCancelledError", "NoWorkerError",
    }  # fmt: skip
