"""How fast virtual patients are made: 100,000 people, one year, six visits and enrolment, graded.

    python benchmarks/patient/bench_simulate.py [people]

Prints wall and processor seconds (two workers, compiled kernels cached) of making and grading, with the
writing of the file beside it, and of a fresh process for one person. Processor time divided by two is
what two idle cores would need; a busy machine makes the wall time longer.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from saisei.patient import plan as asked
from saisei.patient.cohort import simulate

WEEKS = (2.0, 4.0, 8.0, 12.0, 26.0, 52.0)


def main() -> None:
    """Measure and print."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    who = asked.Eligibility("A", asked.levels("C4-T10"), (14, 28), (18, 75))
    for _ in simulate(asked.Plan(who, WEEKS, 10, 1)):
        pass
    wall, cpu, drawn = time.perf_counter(), time.process_time(), 0
    for chunk in simulate(asked.Plan(who, WEEKS, n, 1), workers=2):
        drawn += int((chunk.attempts + 1).sum())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{n} people of {drawn} drawn, {7 * n} exams graded: {wall:.1f} s, {cpu:.1f} core-seconds"
    )
    with tempfile.TemporaryDirectory() as folder:
        for people in (n, 1):
            command = ["saisei", "patient", "simulate", "--n", str(people), "--out"]
            command.append(str(Path(folder) / "cohort.parquet"))
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            print(f"command line, {people} people: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
