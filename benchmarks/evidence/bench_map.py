"""Time and accuracy of MAP priors: Saisei's quadrature beside scipy's nquad and NumPyro's NUTS.

    python benchmarks/evidence/bench_map.py [--batch 10000] [--page docs/benchmarks-evidence.md]

scipy is always there; NumPyro runs only where it is installed. Everything is measured in one run on one
machine; the table says what each figure is and is written with date and command.
"""

from __future__ import annotations

import argparse
import datetime
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import integrate, special

from saisei.evidence.map_prior import map_prior_binomial, map_priors_binomial

# Placebo responders of eight studies (Baeten et al. 2013, Lancet 382:1705).
EVENTS = [23, 12, 19, 9, 39, 6, 9, 10]
SIZES = [107, 44, 51, 39, 139, 20, 78, 35]
# Dense integration of the same model (tests hold a plain version of it).
TAU_REFERENCE = 0.3794607


def timed(function: Callable[[], object], repeats: int) -> float:
    """Median seconds of a call, after one to warm up."""
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def by_nquad() -> float:
    """Posterior mean of tau by scipy: nested adaptive integration over tau and mu.

    Each study's logit is integrated by 41 fixed Gauss-Hermite nodes, the least that a user would write.
    """
    r, n = np.array(EVENTS, float), np.array(SIZES, float)
    z, w = np.polynomial.hermite_e.hermegauss(41)
    w = w / w.sum()
    scale = float((special.betaln(r + 1, n - r + 1)).sum())

    def density(mu: float, tau: float) -> float:
        theta = mu + tau * z[:, None]
        logs = r * theta - n * np.logaddexp(0.0, theta)
        value = float(np.prod(w @ np.exp(logs - special.betaln(r + 1, n - r + 1))))
        return value * math.exp(-0.5 * tau * tau - 0.125 * mu * mu)

    assert math.isfinite(scale)
    options = {"epsabs": 0.0, "epsrel": 1e-4, "limit": 60}
    area = [(-4.0, 2.0), (0.0, 4.0)]
    whole, _ = integrate.nquad(density, area, opts=[options, options])
    first, _ = integrate.nquad(lambda m, t: t * density(m, t), area, opts=[options, options])
    return float(first / whole)


def by_nuts() -> tuple[float, float] | None:
    """Mean of tau and seconds by NumPyro: 4 chains of 1000 + 2000, after compiling; None if absent."""
    try:
        import jax
        import numpyro
        import numpyro.distributions as dist
        from numpyro.infer import MCMC, NUTS
    except ImportError:
        return None
    r, n = np.array(EVENTS), np.array(SIZES)

    def model() -> None:
        mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
        tau = numpyro.sample("tau", dist.HalfNormal(1.0))
        raw = numpyro.sample("raw", dist.Normal(0.0, 1.0).expand([len(r)]))
        numpyro.sample("y", dist.Binomial(n, logits=mu + tau * raw), obs=r)

    sampler = MCMC(
        NUTS(model), num_warmup=1000, num_samples=2000, num_chains=4, chain_method="vectorized",
        progress_bar=False,
    )  # fmt: skip
    sampler.run(jax.random.PRNGKey(1))
    start = time.perf_counter()
    sampler.run(jax.random.PRNGKey(2))
    jax.block_until_ready(sampler.get_samples())
    return float(sampler.get_samples()["tau"].mean()), time.perf_counter() - start


def main() -> int:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    rows = []
    one = timed(lambda: map_prior_binomial(EVENTS, SIZES), 21)
    tau = map_prior_binomial(EVENTS, SIZES).tau.mean
    rows.append(("Saisei, one MAP prior", one, f"tau off by {abs(tau - TAU_REFERENCE):.1e}", ""))
    rng = np.random.default_rng(20)
    sizes = np.tile(SIZES, (options.batch, 1))
    events = rng.binomial(sizes, 0.25)
    map_priors_binomial(events[:2], sizes[:2])
    start, used = time.perf_counter(), time.process_time()
    map_priors_binomial(events, sizes)
    many, used = time.perf_counter() - start, time.process_time() - used
    rows.append(
        (f"Saisei, {options.batch} simulated registries", many, f"{used:.1f} s of CPU in all", "")
    )
    start = time.perf_counter()
    tau_scipy = by_nquad()
    slow = time.perf_counter() - start
    off = f"tau off by {abs(tau_scipy - TAU_REFERENCE):.1e}"
    rows.append(("scipy nquad", slow, off, f"{slow / one:.0f} times Saisei's"))
    nuts = by_nuts()
    if nuts is None:
        rows.append(("NumPyro NUTS 4 x (1000 + 2000)", math.nan, "not installed here", ""))
    else:
        off = f"tau off by {abs(nuts[0] - TAU_REFERENCE):.1e}"
        rows.append(
            ("NumPyro NUTS 4 x (1000 + 2000)", nuts[1], off, f"{nuts[1] / one:.0f} times Saisei's")
        )
    text = table(rows)
    print(text)
    if options.page:
        options.page.write_text(text, encoding="utf-8")
    return 0


def table(rows: list[tuple[str, float, str, str]]) -> str:
    """The page: what was run, where, when, and the figures."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    lines = [
        "# Benchmarks of the evidence stage",
        "",
        f"Written by `python {' '.join(sys.argv)}` on {today}: {os.cpu_count()} cores, "
        f"load {load:.1f} while running, Python {platform.python_version()}, NumPy {np.__version__}.",
        "Where the load is above the cores, others shared the machine and wall time overstates the work.",
        "Goals: one MAP prior under 50 ms at 1e-3 on tau; 10,000 under a minute on two cores.",
        "",
        "| task | seconds | accuracy | ratio |",
        "|---|---:|---|---|",
    ]
    for name, seconds, accuracy, ratio in rows:
        shown = "-" if math.isnan(seconds) else f"{seconds:.4g}"
        lines.append(f"| {name} | {shown} | {accuracy} | {ratio} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
