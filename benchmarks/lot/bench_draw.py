"""How fast lots are drawn and judged: 100,000 lots against one by one with scipy.stats, as a ratio.

    python benchmarks/lot/bench_draw.py [lots]

The peer draws only residual cells, viability, potency and fates of a lot with scipy.stats, one lot at a
time, and judges only the four residual tests: less work than ours, so the ratio is a lower bound.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy import stats

from saisei.lot.lot import draw_lots
from saisei.lot.release import panel

PEER = 300


def plain(n: int) -> float:
    """A few truths and four tests of n lots, one by one."""
    rng = np.random.default_rng(1)
    total = 0.0
    for _ in range(n):
        residual = stats.lognorm.rvs(2.8, scale=1e-6, random_state=rng)
        stats.beta.rvs(9, 2.25, random_state=rng)
        stats.lognorm.rvs(0.5, random_state=rng)
        stats.dirichlet.rvs((4, 4, 1), random_state=rng)
        chance = stats.binom.cdf(3, 600_000, 0.9 * residual)
        chance *= stats.binom.cdf(30, 300_000, 0.9 * residual + 2e-5) ** 3
        total += float(chance)
    return total / n


def main() -> None:
    """Measure and print."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    panel(draw_lots(1, np.arange(10)))
    start = time.process_time()
    lots = draw_lots(1, np.arange(n))
    drawn = time.process_time() - start
    found = panel(lots)
    judged = time.process_time() - start
    start = time.process_time()
    plain(PEER)
    peer = (time.process_time() - start) / PEER
    print(
        f"{n} lots drawn in {drawn:.2f} core-seconds, drawn and judged in {judged:.2f} "
        f"({100 * found.all_pass.mean():.1f}% pass); one by one {1e3 * peer:.2f} ms a lot: "
        f"{peer * n / judged:.0f} times longer for less"
    )


if __name__ == "__main__":
    main()
