"""Sampling the landmark posterior: mode, curvature, then adaptive Metropolis in parallel chains.

The dimension is low (about 45), the posterior nearly normal and one density costs about 0.15 ms, so a plain
sampler with a compiled density suffices. A normal approximation from the curvature at the mode, adapted to
the chains during warm-up and then frozen, gives the proposals. Split R-hat and effective sizes are part of
the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import minimize

from saisei.evidence.landmark_diagnostics import effective_size, split_rhat
from saisei.evidence.landmark_model import Model, Packed, log_posterior, log_prior

__all__ = ["QUICK", "STANDARD", "Settings", "ShapeFit", "fit_shape"]

Array = NDArray[np.float64]
Walk = tuple[Array, Array, float, float]
_STEP = 1e-3  # of finite differences, in units of prior standard deviations
_LARGEST_VARIANCE = 4.0  # of a coordinate with a unit prior, when the curvature at the mode is flat
_WORTH = 0.01  # effective draws per step, about
_PULLED = 0.7  # share of steps that pull towards the centre
_WIDER = 1.05  # the normal approximation is widened a little for the tails
_TARGET = 0.3  # acceptance


@dataclass(frozen=True, slots=True)
class Settings:
    """How long to sample: `steps` per chain after warm-up, of which `draws` over all chains are kept."""

    draws: int = 800
    chains: int = 4
    steps: int = 60_000
    warm_rounds: int = 5
    warm_steps: int = 2_000
    threads: int = 2


STANDARD = Settings()
# for refits in a loop (a registry left out): effective sizes of about 200, enough for means and tails of 5%
QUICK = Settings(draws=400, steps=12_000)


@dataclass(frozen=True)
class ShapeFit:
    """Draws of one decay shape: `x` [draws, size] unconstrained, with diagnostics and evidence."""

    model: Model
    x: Array
    row_log: Array
    rhat: Array
    ess: Array
    acceptance: float
    log_evidence: float


class Proposal(NamedTuple):
    """A normal approximation (`factor` is the Cholesky factor of its covariance) and two step sizes."""

    centre: Array
    factor: Array
    inverse: Array
    pull: float
    scale: float


@njit(nogil=True, error_model="numpy")
def _free_moves(x: Array, rng: np.random.Generator, p: Packed) -> None:
    """Moves that leave every effect's sum, and so the likelihood, unchanged: only the prior decides.

    Rescales the three spreads against their effects, shifts the base hazard against all registries, and each
    registry against its papers. They cost nothing and mix what the full steps mix slowly.
    """
    n = p.mean.size
    for j in range(3):
        _rescale(x, j, rng, p)
    sd_u, sd_w = math.exp(x[n]), math.exp(x[n + 1])
    both = math.sqrt(sd_u * sd_u + sd_w * sd_w)
    delta = 0.5 * sd_u * rng.standard_normal()
    before, after = x[0] ** 2, (x[0] + delta / p.sd[0]) ** 2
    for i in range(p.registry_at.size):
        at = p.registry_at[i]
        if at >= 0:
            before += x[at] ** 2
            after += (x[at] - delta / (both if p.lone[i] else sd_u)) ** 2
    if math.log(rng.random()) < 0.5 * (before - after):
        x[0] += delta / p.sd[0]
        for i in range(p.registry_at.size):
            if p.registry_at[i] >= 0:
                x[p.registry_at[i]] -= delta / (both if p.lone[i] else sd_u)
    for i in range(p.registry_at.size):
        at = p.registry_at[i]
        if at < 0 or p.lone[i]:
            continue
        delta = 0.5 * sd_w * rng.standard_normal()
        before, after = x[at] ** 2, (x[at] + delta / sd_u) ** 2
        for s in range(p.study_at.size):
            if p.study_at[s] >= 0 and p.of_registry[s] == i:
                before += x[p.study_at[s]] ** 2
                after += (x[p.study_at[s]] - delta / sd_w) ** 2
        if math.log(rng.random()) < 0.5 * (before - after):
            x[at] += delta / sd_u
            for s in range(p.study_at.size):
                if p.study_at[s] >= 0 and p.of_registry[s] == i:
                    x[p.study_at[s]] -= delta / sd_w


@njit(nogil=True, error_model="numpy")
def _rescale(x: Array, j: int, rng: np.random.Generator, p: Packed) -> None:
    """Propose another spread j and keep its effects; the unit effects shrink or grow against it."""
    n = p.mean.size
    old, new = x[n + j], x[n + j] + 0.7 * rng.standard_normal()
    if not -9.0 < new < 3.0:
        return
    a, b = math.exp(old) / p.spread[j], math.exp(new) / p.spread[j]
    change = new - old - 0.5 * (b * b - a * a)
    ratio = math.exp(old - new)
    lone = 1.0
    if j < 2:
        rest = math.exp(2.0 * x[n + 1 - j])
        lone = math.sqrt((math.exp(2.0 * old) + rest) / (math.exp(2.0 * new) + rest))
    places = p.share_at if j == 2 else (p.registry_at if j == 0 else p.study_at)
    for i in range(places.size):
        if places[i] >= 0 and not (j == 0 and p.lone[i]):
            change += math.log(ratio) - 0.5 * x[places[i]] ** 2 * (ratio * ratio - 1.0)
    if j < 2:
        for i in range(p.registry_at.size):
            if p.registry_at[i] >= 0 and p.lone[i]:
                change += math.log(lone) - 0.5 * x[p.registry_at[i]] ** 2 * (lone * lone - 1.0)
    if math.log(rng.random()) >= change:
        return
    x[n + j] = new
    for i in range(places.size):
        if places[i] >= 0 and not (j == 0 and p.lone[i]):
            x[places[i]] *= ratio
    if j < 2:
        for i in range(p.registry_at.size):
            if p.registry_at[i] >= 0 and p.lone[i]:
                x[p.registry_at[i]] *= lone


@njit(nogil=True, error_model="numpy")
def _walk(
    x: Array, proposal: Proposal, steps: int, thin: int, rng: np.random.Generator, p: Packed
) -> tuple[Array, Array, float, float]:
    """Metropolis from `x`; returns thinned states, their row log likelihoods, and two acceptance rates.

    Most steps pull the state towards the centre of a normal approximation and add its noise, which that
    normal would always accept; the others are plain random-walk steps, for the tails where it fits badly.
    """
    size, rows = x.size, p.data.weight.size
    kept, kept_rows = np.empty((steps // thin, size)), np.empty((steps // thin, rows))
    now_rows, new_rows = np.zeros(rows), np.zeros(rows)
    state = x.copy()
    now = log_posterior(state, p, now_rows)
    taken, tried = np.zeros(2), np.zeros(2)
    noise = np.empty(size)
    keep = math.sqrt(1.0 - proposal.pull**2)
    for t in range(steps):
        for i in range(size):
            noise[i] = rng.standard_normal()
        kind = 0 if rng.random() < _PULLED else 1
        ratio = 0.0
        new_state: Array
        if kind == 0:
            y = proposal.inverse @ (state - proposal.centre)
            z = keep * y + proposal.pull * noise
            ratio = 0.5 * float(z @ z - y @ y)
            new_state = proposal.centre + proposal.factor @ z
        else:
            new_state = state + proposal.scale * (proposal.factor @ noise)
        new = log_posterior(new_state, p, new_rows)
        tried[kind] += 1
        if math.log(rng.random()) < new - now + ratio:
            state, now = new_state, new
            now_rows[:] = new_rows
            taken[kind] += 1
        before = log_prior(state, p)
        _free_moves(state, rng, p)
        now += log_prior(state, p) - before
        if (t + 1) % thin == 0:
            kept[t // thin] = state
            kept_rows[t // thin] = now_rows
    return kept, kept_rows, taken[0] / max(1.0, tried[0]), taken[1] / max(1.0, tried[1])


def _mode(model: Model, start: Array) -> tuple[Array, Array]:
    """The posterior mode and the covariance that the curvature there implies."""
    rows = np.zeros(len(model.design.rows))
    packed = model.packed

    def minus(x: Array) -> float:
        return -float(log_posterior(x, packed, rows))

    def gradient(x: Array) -> Array:
        slope = np.empty(x.size)
        for i in range(x.size):
            up, down = x.copy(), x.copy()
            up[i] += _STEP
            down[i] -= _STEP
            slope[i] = (minus(up) - minus(down)) / (2.0 * _STEP)
        return slope

    found = minimize(minus, start, jac=gradient, method="L-BFGS-B", options={"maxiter": 300})
    best = np.asarray(found.x, dtype=np.float64)
    curvature = np.empty((best.size, best.size))
    for i in range(best.size):
        up, down = best.copy(), best.copy()
        up[i] += 10 * _STEP
        down[i] -= 10 * _STEP
        curvature[i] = (gradient(up) - gradient(down)) / (20.0 * _STEP)
    level, axis = np.linalg.eigh((curvature + curvature.T) / 2.0)
    variance = 1.0 / np.maximum(level, 1.0 / _LARGEST_VARIANCE)
    covariance: Array = (axis * variance) @ axis.T
    return best, covariance


def fit_shape(
    model: Model,
    rng: np.random.Generator,
    settings: Settings = STANDARD,
    report: Callable[[float], None] = lambda _share: None,
) -> ShapeFit:
    """Sample one decay shape.

    Args: model: the posterior; rng: all randomness; settings: lengths; report: told the share done, 0 to 1.
    Returns: kept draws with split R-hat and effective size of every coordinate of the vector.
    """
    start = np.zeros(model.size)
    start[len(model.prior.mean) : len(model.prior.mean) + 3] = np.log(0.6 * model.prior.scale)
    centre, covariance = _mode(model, start)
    report(0.05)
    proposal = _proposal(centre, covariance, 0.3, 2.38 / math.sqrt(model.size))
    states = [
        centre + 1.2 * proposal.factor @ rng.standard_normal(model.size)
        for _ in range(settings.chains)
    ]
    streams = rng.spawn(settings.chains)
    for turn in range(settings.warm_rounds):
        steps = settings.warm_steps * (turn + 1) // 2
        runs = _chains(model, states, proposal, steps, max(1, steps // 1000), streams, settings)
        states = [run[0][-1] for run in runs]
        late = np.concatenate([run[0][len(run[0]) // 3 :] for run in runs])
        worth = _WORTH * settings.chains * steps  # chains are correlated: few draws are worth one
        weight = worth / (worth + 2.0 * model.size)
        centre = weight * late.mean(axis=0) + (1.0 - weight) * centre
        covariance = weight * np.cov(late.T) + (1.0 - weight) * covariance
        pull = proposal.pull * math.exp(1.5 * (float(np.mean([run[2] for run in runs])) - _TARGET))
        scale = proposal.scale * math.exp(2 * (float(np.mean([run[3] for run in runs])) - _TARGET))
        proposal = _proposal(centre, covariance, min(0.95, pull), scale)
        report(0.05 + 0.3 * (turn + 1) / settings.warm_rounds)
    per_chain = -(-settings.draws // settings.chains)
    parts: list[list[Walk]] = []
    blocks = 8
    thin = max(1, settings.steps // (blocks * max(per_chain, 500) // blocks))
    for block in range(blocks):
        runs = _chains(model, states, proposal, settings.steps // blocks, thin, streams, settings)
        states = [run[0][-1] for run in runs]
        parts.append(runs)
        report(0.35 + 0.65 * (block + 1) / blocks)
    return _collect(model, parts, per_chain, centre, covariance)


def _proposal(centre: Array, covariance: Array, pull: float, scale: float) -> Proposal:
    wide = _WIDER**2 * covariance + 1e-9 * np.eye(centre.size)
    factor: Array = np.asarray(np.linalg.cholesky(wide), dtype=np.float64)
    inverse: Array = np.asarray(np.linalg.inv(factor), dtype=np.float64)
    return Proposal(centre, factor, inverse, pull, scale)


def _chains(
    model: Model,
    states: list[Array],
    proposal: Proposal,
    steps: int,
    thin: int,
    streams: list[np.random.Generator],
    settings: Settings,
) -> list[Walk]:
    def run(i: int) -> Walk:
        walked: Walk = _walk(states[i], proposal, steps, thin, streams[i], model.packed)
        return walked

    if settings.threads == 1:
        return [run(i) for i in range(settings.chains)]
    with ThreadPoolExecutor(settings.threads) as pool:
        return list(pool.map(run, range(settings.chains)))


def _collect(
    model: Model,
    parts: list[list[Walk]],
    per_chain: int,
    centre: Array,
    covariance: Array,
) -> ShapeFit:
    chains = np.stack(
        [np.concatenate([block[c][0] for block in parts]) for c in range(len(parts[0]))]
    )
    rows = np.stack(
        [np.concatenate([block[c][1] for block in parts]) for c in range(len(parts[0]))]
    )
    keep = np.linspace(0, chains.shape[1] - 1, per_chain).round().astype(int)
    buffer = np.zeros(rows.shape[2])
    at_centre = float(log_posterior(centre, model.packed, buffer))
    size = model.size
    effects = size - len(model.prior.mean) - 3
    normalised = -0.5 * (effects + len(model.prior.mean)) * math.log(2.0 * math.pi)
    normalised += float(np.sum(np.log(math.sqrt(2.0 / math.pi) / model.prior.scale)))
    evidence = at_centre + normalised + 0.5 * size * math.log(2.0 * math.pi)
    evidence += 0.5 * float(np.linalg.slogdet(covariance)[1])
    return ShapeFit(
        model,
        chains[:, keep].reshape(-1, size),
        rows[:, keep].reshape(-1, rows.shape[2]),
        split_rhat(chains),
        effective_size(chains),
        float(np.mean([run[2] for block in parts for run in block])),
        evidence,
    )
