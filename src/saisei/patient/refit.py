"""The whole fit in one call: mode, posterior draws, and what must be told about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from saisei.params import parameter
from saisei.patient.fit import Problem, Settings, find_mode, jittered_draws, polish, target_lines
from saisei.patient.posterior import Posterior, posterior

__all__ = ["refit", "widened"]


def widened(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draws (draws, knobs) spread about their mean by what planted values ask for (D90)."""
    middle = draws.mean(axis=0)
    found: NDArray[np.float64] = middle + _widening() * (draws - middle)
    return found


def _widening() -> float:
    return float(parameter("patient.posterior_widening").value)  # type: ignore[arg-type]


def refit(
    settings: Settings,
    start: NDArray[np.float64],
    seed: int,
    report: Callable[[str, float], None] = lambda _what, _share: None,
) -> Posterior:
    """Fit from a point and draw.

    Args:
        settings: how long to work.
        start: (knobs,) where to begin, in prior sds.
        seed: of the virtual people and of the draws.
        report: told what is going on and the share of it done.
    """
    coarse = Problem(settings, seed)
    mode = find_mode(coarse, start, report)
    problem = Problem(replace(settings, people=settings.fine), seed)
    mode = polish(problem, mode, coarse)
    draws, losses = jittered_draws(problem, mode, np.random.default_rng(seed), report)
    draws = widened(draws)
    more = {
        "seed": seed,
        "widening": _widening(),
        "settings": {k: v for k, v in asdict(settings).items() if k != "workers"},
        "loss": round(mode.loss, 2),
        "fitted_targets": len(problem.targets),
        "trace": [round(one, 2) for one in mode.trace],
        "losses_of_draws": [round(float(q), 1) for q in np.quantile(losses, [0.0, 0.5, 1.0])],
    }
    return posterior(mode.z, draws, losses, target_lines(problem.targets), more)
