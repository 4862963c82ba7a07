"""Speed of the exact shift test beside its peers, in one run: ratios, never a pass mark.

    python benchmarks/evidence/bench_shift.py [--json FILE]

Peers compute the same thing: the null law of the total score of people with their own rates. Dense
convolution is numpy's on full laws; FFT is scipy's (absolute error near 1e-16, so small tails lose their
digits); simulation draws a million trials. Each line is the median of repeated calls on one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from saisei.evidence.shift import exact_null, lattice_scores, mean_rates, tail_by_draw
from saisei.evidence.shift_posterior import neutral_prior, shift_posterior

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def people(n: int, draws: int = 1) -> F64:
    """Rates of n people, each with their own, that look like AIS A at two to four weeks."""
    rng = np.random.default_rng(n)
    base = np.array([12.0, 1.5, 1.0, 0.6, 0.05])
    own = rng.dirichlet(base, n)
    return np.asarray(0.8 * own[None] + 0.2 * rng.dirichlet(base, (draws, 1)))


def dense_laws(scores: I64, rates: F64) -> list[F64]:
    laws = []
    for steps, chances in zip(scores - scores[:, :1], rates, strict=True):
        law = np.zeros(int(steps[-1]) + 1)
        np.add.at(law, steps, chances)
        laws.append(law)
    return laws


def dense(scores: I64, rates: F64) -> F64:
    total = np.ones(1)
    for law in dense_laws(scores, rates):
        total = np.convolve(total, law)
    return total


def fft(scores: I64, rates: F64) -> F64:
    total = np.ones(1)
    for law in dense_laws(scores, rates):
        total = fftconvolve(total, law)
    return total


def simulate(scores: I64, rates: F64, trials: int = 1_000_000) -> F64:
    rng = np.random.default_rng(1)
    total = np.zeros(trials, dtype=np.int64)
    for person, chances in enumerate(rates):
        total += scores[person, rng.choice(5, trials, p=chances)]
    return np.bincount(total - int(scores[:, 0].sum())) / trials


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def null_row(n: int) -> dict[str, float]:
    rates = people(n)[0]
    scores = lattice_scores(rates)
    ours = exact_null(scores, rates)
    far = ours.first + int(0.8 * len(ours.probs))
    by_fft = fft(scores, rates)
    return {
        "people": n,
        "saisei_ms": milliseconds(lambda: exact_null(scores, rates), 15),
        "dense_ms": milliseconds(lambda: dense(scores, rates), 3),
        "fft_ms": milliseconds(lambda: fft(scores, rates), 5),
        "simulation_1e6_ms": milliseconds(lambda: simulate(scores, rates), 1),
        "tail": ours.at_least(far),
        "tail_by_fft": float(by_fft[far - ours.first :].sum()),
    }


def averaged_row(n: int, draws: int) -> dict[str, float]:
    rates = people(n, draws)
    scores = lattice_scores(mean_rates(rates))
    total = int(0.62 * scores[:, -1].sum())
    outcomes = [(i % 3,) for i in range(n)]
    return {
        "people": n,
        "draws": draws,
        "averaged_tail_ms": milliseconds(lambda: tail_by_draw(scores, rates, total), 5),
        "posterior_ms": milliseconds(
            lambda: shift_posterior(rates, outcomes, [neutral_prior()]), 3
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    nulls = [null_row(n) for n in (4, 10, 30, 60, 200)]
    print(
        "null law, ms:  people   saisei    dense      fft   1e6 trials   P(T >= t): exact   by FFT"
    )
    for row in nulls:
        print(
            f"              {row['people']:7.0f} {row['saisei_ms']:8.2f} {row['dense_ms']:8.2f} "
            f"{row['fft_ms']:8.2f} {row['simulation_1e6_ms']:12.0f}   {row['tail']:12.3g} "
            f"{row['tail_by_fft']:12.3g}"
        )
    averaged = [averaged_row(n, d) for n, d in ((4, 4000), (19, 1000), (60, 100), (200, 20))]
    print("averaged over draws:  people   draws   tail ms   posterior ms")
    for row in averaged:
        print(
            f"                     {row['people']:7.0f} {row['draws']:7.0f} "
            f"{row['averaged_tail_ms']:9.1f} {row['posterior_ms']:14.1f}"
        )
    if options.json:
        options.json.write_text(json.dumps({"null": nulls, "averaged": averaged}, indent=1) + "\n")


if __name__ == "__main__":
    main()
