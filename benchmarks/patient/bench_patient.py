"""How fast virtual patients are made; writes docs/benchmarks-patient.md.

    python benchmarks/patient/bench_patient.py --people 100000 --million 1000000

Takes some minutes on two idle cores. Needs libroadrunner and antimony (the extra `peers`) for the last
table; without them it says so. Core-seconds are processor time of all threads: a machine that others use
makes wall times longer, hardly core-seconds.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import saisei
from saisei.chance.streams import fill_normals
from saisei.exam.isncsci.batch import classify_table
from saisei.patient import plan as asked
from saisei.patient.cohort import Model, simulate

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks-patient.md"
WEEKS = (2.0, 4.0, 8.0, 12.0, 26.0, 52.0)
SAISEI = str(Path(sys.executable).parent / "saisei")
WHO = {
    "everybody (AIS A-D, any level)": ("ABCD", "C2-S3"),
    "AIS A, C4-T10, day 14-28": ("A", "C4-T10"),
}


def cohort(ais: str, level: str, n: int) -> tuple[float, float, float, int]:
    """Wall and core seconds to make and grade n people at enrolment and six visits; acceptance; exams."""
    who = asked.Eligibility(ais, asked.levels(level), (14, 28), (18, 75))
    for _ in simulate(asked.Plan(who, WEEKS, 10, 1)):
        pass
    wall, core, drawn = time.perf_counter(), time.process_time(), 0
    for chunk in simulate(asked.Plan(who, WEEKS, n, 1), workers=2):
        drawn += int((chunk.attempts + 1).sum())
    return time.perf_counter() - wall, time.process_time() - core, n / drawn, 7 * n


def command(n: int, out: Path) -> tuple[float, float, float, float]:
    """Wall and core seconds, peak MiB and MB of a fresh `saisei patient simulate` that writes Parquet."""
    start = time.perf_counter()
    run = subprocess.Popen(
        [SAISEI, "patient", "simulate", "--n", str(n), "--out", str(out), "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(run.pid, 0)
    assert status == 0
    wall = time.perf_counter() - start
    core = used.ru_utime + used.ru_stime
    return wall, core, used.ru_maxrss / 1024, out.stat().st_size / 1e6


def parts() -> list[tuple[str, float, str]]:
    """Microseconds of one core for the parts of the work, and what bounds each."""
    model, n = Model.packaged(), 4000
    who = np.arange(n)
    days = np.tile(np.array([14, 28, 56, 84, 182, 364]), (n, 1))
    none = np.zeros_like(who)
    codes, _ = model.examine(1, who, none, days)
    rows = codes.reshape(-1, codes.shape[2])
    room = np.empty(1_000_000)
    first = _best(lambda: model.examine(1, who, none, days[:, :1])) / n
    many = _best(lambda: model.examine(1, who, none, days)) / n
    normal = _best(lambda: fill_normals(room, 1, 1, 0, 5, 0)) / len(room)
    grading = _best(lambda: classify_table(rows)) / len(rows)
    exam = (many - first) / 5
    return [
        ("a person drawn and examined once", 1e6 * first, "see below"),
        (
            "each further exam",
            1e6 * exam,
            f"137 normals alone take {1e6 * 137 * normal:.2f}; floor 137 x 9 ns + powers: 1.4",
        ),
        ("grading an exam", 1e6 * grading, ""),
        ("one normal by Philox and inverse distribution function", 1e6 * normal, ""),
    ]


def _best(run: Callable[[], object]) -> float:
    found = []
    for _ in range(7):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def page(people: int, million: int, words: str) -> str:
    """Everything measured, as a page."""
    lines = [
        "# Speed of the virtual patients",
        "",
        f"Made by `python benchmarks/patient/bench_patient.py {words}` on "
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d} (saisei {saisei.__version__}, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start). "
        "Compiled kernels were on disk. Where the load is above 0.5, others used the machine: wall times are "
        "then too long, core-seconds nearly right.",
        "",
        "| what | people | wall s | core-s | core-s / 2 | goal |",
        "|---|---|---|---|---|---|",
    ]
    for name, (ais, level) in WHO.items():
        wall, core, share, exams = cohort(ais, level, people)
        lines.append(
            f"| {name}: made and graded, enrolment and six visits ({exams:,} exams; "
            f"{100 * share:.0f}% eligible) | {people:,} | {wall:.1f} | {core:.1f} | {core / 2:.1f} | 10 s |"
        )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "cohort.parquet"
        command(1, out)
        wall, core, peak, _ = command(1, out)
        lines.append(
            f"| a fresh process, one person, file written | 1 | {wall:.2f} | {core:.2f} | | 1.5 s |"
        )
        rows = [command(n, out) for n in (max(million // 10, 1), million)]
        for n, (wall, core, peak, size) in zip((max(million // 10, 1), million), rows, strict=True):
            lines.append(
                f"| AIS A, C4-T10, streamed to Parquet, peak {peak:.0f} MiB, {size:.0f} MB "
                f"| {n:,} | {wall:.1f} | {core:.1f} | {core / 2:.1f} | 120 s, 2 GB a million |"
            )
    lines += ["", "## Where the time goes", "", "| part | us of one core | |", "|---|---|---|"]
    lines += [f"| {name} | {us:.3f} | {note} |" for name, us, note in parts()]
    lines += [
        "",
        "Most of a person is random numbers: some 280 normals of the injury, 45 of rates and examiner, "
        "137 an exam. The best lane code known to us makes a normal in 9 ns on this kind of core, which is "
        "the floor here; forces need 42 powers and 21 exponentials a visit (some 0.1 us at the measured "
        "0.76 G a second). Memory traffic is nothing: about 1 KB a person and visit.",
        "",
        "## The same equations by other programs",
        "",
        *_peers(),
    ]
    return "\n".join(lines) + "\n"


def _peers() -> list[str]:
    try:
        import antimony  # noqa: F401
        import roadrunner  # noqa: F401
    except ImportError:
        return [
            "Not measured: libroadrunner or antimony is not installed (`pip install saisei[peers]`)."
        ]
    from peers import measure

    lines = [
        "Forces of 21 muscles and sensory shock at six visits of a year, from the same injuries; worst error "
        "of a force against the closed form (its own line: against LSODA at 1e-10). Solvers are as loose as "
        "keeps that error within 1e-4. One run, one core each, drawing and grading left out.",
        "",
        "| way | tolerance | worst error | us a person | times ours |",
        "|---|---|---|---|---|",
    ]
    for row in measure():
        lines.append(
            f"| {row['way']} | {row['tolerance']} | {row['error']:.1e} | {row['us']:.1f} "
            f"| {row['ratio']:.0f} |"
        )
    lines += [
        "",
        "The natural course is linear in its states, so it needs no solver; the ratios say what the closed "
        "form buys, not that our code is better made. Goals: 200 times SciPy, 5 times libRoadRunner. "
        "numbalsoda has no wheel for this Python and did not build here.",
    ]
    return lines


def main() -> None:
    """Measure and write the page."""
    words = argparse.ArgumentParser(description="speed of the virtual patients")
    words.add_argument("--people", type=int, default=100_000)
    words.add_argument("--million", type=int, default=1_000_000)
    given = words.parse_args()
    text = page(given.people, given.million, f"--people {given.people} --million {given.million}")
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
