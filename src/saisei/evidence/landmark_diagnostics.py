"""Whether chains agree and how much they are worth: split R-hat and effective sample size.

Takes draws [chains, steps, coordinates]. Formulas: Vehtari et al. 2021 (10.1214/20-BA1221), without ranks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["contraction", "effective_size", "split_rhat"]

Array = NDArray[np.float64]


def _halves(chains: Array) -> Array:
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def split_rhat(chains: Array) -> Array:
    """Split R-hat of every coordinate; 1 when halves of chains agree.

    >>> rng = np.random.default_rng(1)
    >>> bool(split_rhat(rng.standard_normal((4, 1000, 1)))[0] < 1.01)
    True
    """
    halves = _halves(chains)
    steps = halves.shape[1]
    within = halves.var(axis=1, ddof=1).mean(axis=0)
    between = steps * halves.mean(axis=1).var(axis=0, ddof=1)
    return np.asarray(np.sqrt((steps - 1) / steps + between / (steps * within)))


def effective_size(chains: Array) -> Array:
    """Effective number of independent draws of every coordinate (initial positive sequence of pairs)."""
    halves = _halves(chains)
    count, steps, width = halves.shape
    padded = 2 ** int(np.ceil(np.log2(2 * steps)))
    centred = halves - halves.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, padded, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, padded, axis=1)[:, :steps] / steps
    within = covariance[:, 0].mean(axis=0) * steps / (steps - 1)
    total = within * (steps - 1) / steps + halves.mean(axis=1).var(axis=0, ddof=1)
    rho = 1.0 - (within - covariance.mean(axis=0)) / total
    result = np.empty(width)
    for j in range(width):
        pairs = rho[: steps // 2 * 2, j].reshape(-1, 2).sum(axis=1)
        stop = int(np.argmax(pairs < 0.0)) if np.any(pairs < 0.0) else len(pairs)
        falling = np.minimum.accumulate(pairs[:stop])
        result[j] = count * steps / max(1.0, 2.0 * float(falling.sum()) - 1.0)
    return result


def contraction(prior_sd: float, draws: Array) -> float:
    """How much narrower than the prior the posterior is: 1 - variance ratio; 0 where data say nothing."""
    return float(1.0 - draws.var() / prior_sd**2)
