"""Speed of single-design screens, exact scenarios, look-up simulation, BOIN trials, and rpact beside ours.

    python benchmarks/design/screens.py [--json OUT.json]

A scenario is one design at one truth. CPU seconds of this process are shown beside the clock; rpact is
run where `Rscript` has it, on the same two cores. Compiling is done before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from saisei.design.document import catalog, load_design
from saisei.design.dose_boin import boin_table
from saisei.design.dose_kernels import boin_trials
from saisei.design.fixed import fix
from saisei.design.look_up import simulate_two_arms
from saisei.design.sequential_design import classical_design
from saisei.design.truth import Truth

RPACT = r"""
suppressMessages(library(rpact))
d <- getDesignGroupSequential(kMax=3, alpha=0.025, typeOfDesign="OF")
t0 <- proc.time()[3]
x <- getSimulationRates(design=d, groups=2, thetaH0=0, pi1=c(.2,.3,.4,.5,.6), pi2=.2,
  plannedSubjects=c(40,80,120), directionUpper=TRUE, maxNumberOfIterations=10000, seed=1)
cat(proc.time()[3]-t0, "\n", x$overallReject, "\n")
"""


def timed(run: Callable[[], Any], repeats: int = 3) -> tuple[float, float, Any]:
    """Best clock and CPU seconds of some repeats, and the last result."""
    clock, cpu, found = [], [], None
    for _ in range(repeats):
        wall, mine = time.perf_counter(), time.process_time()
        found = run()
        clock.append(time.perf_counter() - wall)
        cpu.append(time.process_time() - mine)
    return min(clock), min(cpu), found


def screens() -> dict[str, dict[str, float]]:
    """Fifty truths of every bundled design: fixing and answering."""
    out = {}
    for name in catalog():
        document = load_design(name)
        nature = fix(document).nature
        truths = [
            Truth(float(rate), ratio)
            for rate in np.linspace(nature.low, nature.high, 10)
            for ratio in (1.0, 2.0, 3.0, 5.0, 10.0)
        ]
        clock, cpu, _ = timed(lambda d=document, t=truths: fix(d).operating(t))
        out[name] = {"clock": clock, "cpu": cpu}
        print(f"screen {name:32} {clock:7.3f} s ({cpu:.3f} s CPU)", flush=True)
    return out


def scenarios(count: int = 1000) -> dict[str, dict[str, float]]:
    """A thousand truths, exact, at n of 60 or less."""
    out = {}
    for name in ("randomised-fisher", "bop2", "own-table", "single-arm-shift"):
        design = fix(load_design(name))
        low, high = design.nature.low, design.nature.high
        truths = [
            Truth(float(r), 1.0 + k % 10) for k, r in enumerate(np.linspace(low, high, count))
        ]
        natural = np.array([one.natural_rate for one in truths])
        odds = np.array([one.odds_ratio for one in truths])
        clock, cpu, _ = timed(lambda d=design, n=natural, o=odds: d.engine.success(n, o), 1)
        out[name] = {"clock": clock, "cpu": cpu}
        print(f"1,000 scenarios {name:23} {clock:7.3f} s ({cpu:.3f} s CPU)", flush=True)
    return out


def look_up(runs: int = 1_000_000) -> dict[str, float]:
    """A million two-arm trials of three looks, decided by table."""
    looks = ((20, 20), (40, 40), (60, 60))
    upper = classical_design("OF", 3, 0.025).upper
    simulate_two_arms(looks, upper, 0.4, 0.2, 100, seed=1)
    clock, cpu, found = timed(lambda: simulate_two_arms(looks, upper, 0.4, 0.2, runs, seed=1))
    print(
        f"1e6 two-arm three-look trials          {clock:7.3f} s ({cpu:.3f} s CPU)  power {found.success:.4f}"
    )
    return {"clock": clock, "cpu": cpu, "success": found.success}


def boin(runs: int = 10_000) -> dict[str, float]:
    """BOIN, five doses, twenty cohorts of three: trials with elimination and selection."""
    rates, target, people = np.array([0.05, 0.15, 0.3, 0.45, 0.6]), 0.3, 60
    rows = boin_table(target, range(1, people + 1))
    never = people + 1
    up = np.array([-1] + [r.escalate_if_at_most for r in rows])
    down = np.array([never] + [r.deescalate_if_at_least for r in rows])
    gone = np.array([never] + [r.eliminate_if_at_least or never for r in rows])

    def run() -> Any:
        uniforms = np.random.default_rng(1).random((runs, people))
        return boin_trials(uniforms, rates, 3, 0, target, up, down, gone)

    run()
    clock, cpu, found = timed(run)
    share = float((found[0] == 2).mean())
    print(
        f"BOIN, 10,000 trials                    {clock:7.3f} s ({cpu:.3f} s CPU)  selects dose 3 {share:.4f}"
    )
    return {"clock": clock, "cpu": cpu, "selects_dose_3": share}


def beside_rpact() -> dict[str, float] | None:
    """Five truths, 10,000 trials each, three looks of two proportions: rpact's simulation and ours."""
    if shutil.which("Rscript") is None:
        print("rpact: Rscript is not installed")
        return None
    done = subprocess.run(["Rscript", "-e", RPACT], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print("rpact: is not installed for R")
        return None
    first, second = done.stdout.strip().splitlines()[:2]
    theirs, powers = float(first), [float(word) for word in second.split()]
    looks, upper = ((20, 20), (40, 40), (60, 60)), classical_design("OF", 3, 0.025).upper

    def run() -> list[float]:
        return [
            simulate_two_arms(looks, upper, p, 0.2, 10_000, seed=1).success
            for p in (0.2, 0.3, 0.4, 0.5, 0.6)
        ]

    clock, _, ours = timed(run)
    print(
        f"rpact {theirs:.3f} s, ours {clock:.4f} s: {theirs / clock:.0f} times; power {powers} and {ours}"
    )
    return {"rpact": theirs, "ours": clock, "times": theirs / clock}


def main() -> None:
    """Run everything; write the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {
        "screens": screens(), "scenarios": scenarios(), "look_up": look_up(), "boin": boin(),
        "rpact": beside_rpact(),
    }  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
