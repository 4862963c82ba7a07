"""How fast people are treated in silico: twins, one year, six visits and enrolment, graded.

    python benchmarks/therapy/bench_therapy.py [pairs]

Prints, for the deterministic course and for single cells with clones (leaps of a quarter day), wall
and processor seconds of two workers after a warm-up; then, in the same run, the ratio to `scipy.solve_ivp`
(LSODA, the same equations, from event to event) for each graft, at the error that each has. Processor time
divided by two is what two idle cores would need; a busy machine makes the wall time longer.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from saisei.graft.check import solve
from saisei.graft.course import OUT, follow
from saisei.params import value
from saisei.patient import plan as asked
from saisei.patient.cohort import Model
from saisei.patient.therapy import Method, Operation, Therapy
from saisei.patient.treated import check_therapy, treat, treat_chunk

WEEKS = (4.0, 8.0, 12.0, 26.0, 39.0, 52.0)
PEER = 40


def therapy(n: int, method: Method) -> Therapy:
    """The Keio-like therapy that is timed."""
    who = asked.Eligibility("A", asked.levels("C4-T10"), (14, 28), (18, 75))
    return Therapy(asked.Plan(who, WEEKS, n, 1), Operation(2e6, (14, 28), 180.0), method=method)


def pairs(n: int, method: Method) -> None:
    """Time n twins."""
    for _ in treat(therapy(200, method), workers=2):
        pass
    wall, cpu = time.perf_counter(), time.process_time()
    done = 0
    for block in treat(therapy(n, method), workers=2):
        done += len(block.natural.persons)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    scale = 100_000 / n
    print(
        f"{method.value}: {done} pairs, {14 * done} graded exams: {wall:.1f} s, {cpu:.1f} core-seconds; "
        f"100,000 pairs: {scale * cpu:.0f} core-seconds, {scale * cpu / 2:.0f} s on two idle cores"
    )


def against_scipy() -> None:
    """The ratio of one graft by the kernel and by an adaptive solver, in one run."""
    model = Model.packaged()
    plan = therapy(2000, Method.DETERMINISTIC)
    block = treat_chunk(plan, model, 0, 2000, 0.28)
    rows, since = block.course.rows, np.ascontiguousarray(block.course.since)
    out, seen = np.empty((*since.shape, OUT)), np.empty(len(rows))
    h = value("graft.step_days")
    follow(rows, since, h, out, seen)
    start = time.process_time()
    follow(rows, since, h, out, seen)
    ours = (time.process_time() - start) / len(rows)
    start = time.process_time()
    peer = [solve(row, days) for row, days in zip(rows[:PEER], since[:PEER], strict=True)]
    theirs = (time.process_time() - start) / PEER
    check = check_therapy(plan, model, 0.28)
    size = np.maximum(np.abs(np.array(peer)).max(axis=1, keepdims=True), 1.0)
    error = float((np.abs(out[:PEER] - np.array(peer)) / size).max())
    print(
        f"one graft, one year: ours {1e6 * ours:.1f} us, scipy LSODA {1e3 * theirs:.2f} ms: ratio "
        f"{theirs / ours:.0f}; largest difference {error:.1e} of a pool on these, "
        f"{check.against_solver:.1e} on the first {check.grafts}"
    )


def main() -> None:
    """Measure and print."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    pairs(n, Method.DETERMINISTIC)
    pairs(n, Method.HYBRID)
    against_scipy()


if __name__ == "__main__":
    main()
