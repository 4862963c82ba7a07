"""Fit of the virtual patients to published figures: a mode by damped least squares, then posterior draws.

Everything is simulated with common random numbers: the same people at every trial point, so differences are
those of the values. The loss is the whitened misfit of the fitted targets, cut softly at three, plus the
prior. Draws are randomised maximum likelihood: the targets and the prior centres are jittered by their own
errors and the fit is moved to each jittered set step by step, with slopes that begin as those at the mode.
In a linear model that is the exact posterior; docs/stages/patient.md says what it is here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.patient.cohort import Model
from saisei.patient.fit_rows import FITTED, measure_rows, rows, windows_of
from saisei.patient.fit_seen import Seen, see
from saisei.patient.fit_space import knobs, model_at, point_of
from saisei.patient.fit_targets import FIT_WINDOWS, Measured, Target, measure

__all__ = [
    "STANDARD",
    "Mode",
    "Settings",
    "find_mode",
    "fitted",
    "jittered_draws",
    "moved",
    "slopes_at",
    "target_lines",
    "whitener",
]

Array = NDArray[np.float64]
Report = Callable[[str, float], None]

_SHARED = 0.5  # part of the discrepancy variance that targets of one group have in common
_SOFT = 3.0
_STEP = 0.25
_WORST = 30.0
_DAMPINGS = (0.02, 0.1, 0.4, 1.5, 6.0, 25.0)
_LONGEST = 1.0
_MOVES = 6
_SHORTER = (0.0, 0.3, 1.5, 6.0)
_FAR = 2.5  # of a draw, which is to go some two sds
_CHORDS = 4
_ENOUGH = 0.5
_SEEDS, _APART, _REPEATS = 2**32, 7919, 12


@dataclass(frozen=True, slots=True)
class Settings:
    """How long the fit works.

    Attributes:
        people: virtual people a simulation while slopes are taken.
        iterations: most steps to the mode.
        draws: posterior draws.
        fine: virtual people a simulation in the last steps to the mode and in the draws.
        workers: threads; they never change the result.
    """

    people: int
    iterations: int
    draws: int
    fine: int = 8000
    workers: int = 2


STANDARD = Settings(people=3500, iterations=10, draws=160)


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """The best point, its misfits (whitened) and their slopes by the knobs.

    Attributes:
        z: (knobs,) the point in prior sds.
        residual: (targets,) whitened misfits.
        slopes: (targets, knobs).
        loss: misfit and prior together.
        trace: loss after each step.
    """

    z: Array
    residual: Array
    slopes: Array
    loss: float
    trace: tuple[float, ...]

    @property
    def precision(self) -> Array:
        """Gauss-Newton precision of the posterior, (knobs, knobs)."""
        weighted = self.slopes * _soft(self.residual)[:, None]
        found: Array = weighted.T @ self.slopes + np.eye(len(self.z))
        return found


def fitted(model: Model, people: int, seed: int, workers: int = 2) -> list[Measured]:
    """The targets that the fit may see, with the model's values."""
    chosen = [row for row in rows() if row.id in FITTED]
    windows = tuple(dict.fromkeys([*FIT_WINDOWS, *windows_of(chosen)]))
    return measured_of(see(model, windows, people, seed, workers=workers), chosen)


def measured_of(seen: Seen, chosen: Sequence[object]) -> list[Measured]:
    """The fitted targets among people seen."""
    found = [*measure(seen, held=False), *measure_rows(seen, chosen)]  # type: ignore[arg-type]
    return [one for one in found if one.target.fitted]


def target_lines(targets: Sequence[Target]) -> list[str]:
    """A line for each target, its name and figures: what the digest of a posterior is over."""
    return [f"{one.name} | {one.source} | {one.published:g} +- {one.scale:.3g}" for one in targets]


def whitener(targets: Sequence[Target], chance: Array | float = 0.0) -> Array:
    """The matrix that turns misfits into independent ones of unit spread.

    Args:
        targets: with their sampling errors and discrepancies.
        chance: (targets,) standard error of each simulated figure, from the number of virtual people.
    """
    n = len(targets)
    cover = np.diag([one.sampling**2 + one.slack**2 for one in targets]) + np.diag(
        np.broadcast_to(np.square(chance), n)
    )
    for i in range(n):
        for j in range(i):
            if targets[i].group and targets[i].group == targets[j].group:
                cover[i, j] = cover[j, i] = _SHARED * targets[i].slack * targets[j].slack
    found: Array = np.asarray(np.linalg.inv(np.linalg.cholesky(cover)), dtype=np.float64)
    return found


class Problem:
    """The misfit at a point, by simulation with common random numbers.

    The chance in the simulated figures, from as many virtual people, is part of their error: it is measured
    on other seeds at the packaged values.
    """

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.targets = [one.target for one in self._measured(np.zeros(len(knobs())))]
        self.white = whitener(self.targets, self._chance())
        self.published = np.array([one.published for one in self.targets])

    def _measured(self, z: Array, other: int = 0) -> list[Measured]:
        seed = (self.seed + other) % _SEEDS
        return fitted(model_at(z), self.settings.people, seed, self.settings.workers)

    def _chance(self) -> Array:
        """Standard error of each simulated figure with as many people."""
        z = point_of()
        drawn = [
            [one.value for one in self._measured(z, _APART * k)] for k in range(1, _REPEATS + 1)
        ]
        found: Array = np.nan_to_num(np.std(np.array(drawn), axis=0, ddof=1))
        return found

    def values(self, z: Array) -> Array:
        """What the model shows for each fitted target; NaN where nobody is in a group."""
        return np.array([one.value for one in self._measured(z)])

    def residual(self, z: Array, published: Array | None = None) -> Array:
        """Whitened misfits at a point."""
        gap = self.values(z) - (self.published if published is None else published)
        scale = np.array([one.scale for one in self.targets])
        gap = np.where(np.isfinite(gap), np.clip(gap / scale, -_WORST, _WORST), _WORST) * scale
        found: Array = self.white @ gap
        return found


def _soft(r: Array) -> Array:
    found: Array = 1.0 / np.sqrt(1.0 + (r / _SOFT) ** 2)
    return found


def _loss(r: Array, z: Array, centre: Array) -> float:
    misfit = 2.0 * _SOFT**2 * np.sum(np.sqrt(1.0 + (r / _SOFT) ** 2) - 1.0)
    return float(misfit + np.sum((z - centre) ** 2))


def slopes_at(problem: Problem, z: Array, report: Callable[[float], None]) -> Array:
    """Central differences of the whitened misfits by each knob, the same people on both sides."""
    columns = []
    for k in range(len(z)):
        step = np.zeros(len(z))
        step[k] = _STEP
        ahead, back = problem.residual(z + step), problem.residual(z - step)
        columns.append((ahead - back) / (2.0 * _STEP))
        report((k + 1) / len(z))
    return np.array(columns).T


def _step(
    r: Array, slopes: Array, z: Array, centre: Array, damping: float, longest: float = _LONGEST
) -> Array:
    weighted = slopes * _soft(r)[:, None]
    normal = weighted.T @ slopes + np.eye(len(z))
    downhill = -(weighted.T @ r + (z - centre))
    found = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), downhill)
    step: Array = np.clip(found, -longest, longest).astype(np.float64)
    return step


def find_mode(problem: Problem, start: Array, report: Report = lambda _what, _share: None) -> Mode:
    """Damped least squares from a point: the best of several dampings at each step.

    Args:
        problem: what is fitted.
        start: (knobs,) where to begin.
        report: told what is going on and the share of it done.
    """
    nowhere = np.zeros(len(start))
    z, r = start, problem.residual(start)
    best, trace = _loss(r, z, nowhere), []
    for iteration in range(problem.settings.iterations):
        name = f"step {iteration + 1}, loss {best:.1f}"
        slopes = slopes_at(problem, z, lambda share, name=name: report(name, share))  # type: ignore[misc]
        before, base, base_r = best, z, r
        for damping in _DAMPINGS:
            trial = base + _step(base_r, slopes, base, nowhere, damping)
            found = problem.residual(trial)
            if (loss := _loss(found, trial, nowhere)) < best:
                z, r, best = trial, found, loss
        trace.append(best)
        if best > before - _ENOUGH:
            return Mode(z, r, slopes, best, tuple(trace))
    last = f"slopes at the mode, loss {best:.1f}"
    slopes = slopes_at(problem, z, lambda share: report(last, share))
    return Mode(z, r, slopes, best, tuple(trace))


def polish(problem: Problem, mode: Mode, coarse: Problem) -> Mode:
    """Steps with the slopes kept, on a problem of more people: what chance left in the mode goes.

    Args:
        problem: the same targets with more virtual people.
        mode: of the problem with fewer; its slopes are weighed anew, since chance is smaller here.
        coarse: that problem.
    """
    nowhere = np.zeros(len(mode.z))
    slopes: Array = problem.white @ np.linalg.solve(coarse.white, mode.slopes)
    z, r = mode.z, problem.residual(mode.z)
    best, trace = _loss(r, z, nowhere), list(mode.trace)
    for damping in (*_DAMPINGS[:_CHORDS], _DAMPINGS[0]):
        trial = z + _step(r, slopes, z, nowhere, damping)
        found = problem.residual(trial)
        if (loss := _loss(found, trial, nowhere)) < best:
            z, r, best = trial, found, loss
        trace.append(best)
    return Mode(z, r, slopes, best, tuple(trace))


def jittered_draws(
    problem: Problem, mode: Mode, rng: np.random.Generator, report: Report = lambda _w, _s: None
) -> tuple[Array, Array]:
    """Posterior draws (draws, knobs) and their losses against their own jittered targets.

    Each draw starts at the mode and is moved to its jittered targets and centre: a full step with the slopes
    at hand, or a shorter one if that does not help; the slopes learn from each step (Broyden). It ends when
    a step gains little.
    """
    unwhite = np.linalg.inv(problem.white)
    draws, losses = [], []
    for k in range(problem.settings.draws):
        noise = rng.standard_normal(len(problem.published))
        centre = rng.standard_normal(len(mode.z))
        # A misfit that the loss counts softly is a poorer witness, so its error is larger too.
        noise = noise / np.sqrt(_soft(mode.residual))
        start = mode.z, mode.residual - noise
        z, loss = moved(problem, mode.slopes, start, problem.published + unwhite @ noise, centre)
        draws.append(z)
        losses.append(loss)
        report("posterior draws", (k + 1) / problem.settings.draws)
    return np.array(draws), np.array(losses)


def moved(
    problem: Problem, slopes: Array, start: tuple[Array, Array], published: Array, centre: Array
) -> tuple[Array, float]:
    """The point that fits `published` and `centre` best, and its loss.

    Args:
        problem: for the misfits.
        slopes: at the start.
        start: point and misfit to `published` there.
        published, centre: the jittered targets and prior centre.
    """
    z, r = start
    best = _loss(r, z, centre)
    for _ in range(_MOVES):
        before = best
        for damping in _SHORTER:
            step = _step(r, slopes, z, centre, damping, _FAR)
            found = problem.residual(z + step, published)
            loss = _loss(found, z + step, centre)
            slopes = slopes + np.outer(found - r - slopes @ step, step) / (step @ step)
            if loss < best:
                z, r, best = z + step, found, loss
                break
        if before - best < _ENOUGH:
            break
    return z, best
