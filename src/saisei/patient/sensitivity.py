"""Prior or data: shares of an output's variance by source (Sobol), and what a measurement would tell.

A question is a function of uniforms, one for each uncertain factor. Shares come from SALib's Saltelli design
and its bootstrap intervals, for groups of factors; the design doubles until ranks hold. What a measurement
tells about an output is the expected share of its variance that goes once the measurement, with its error,
is known: 1 - E[Var(Y | M)]/Var(Y), estimated by regression on rows that the fit has not seen, so from below.

Sources: Saltelli et al., Comput Phys Commun 181:259 (2010), for the design; Sobol, Math Comput Simul 55:271
(2001); the expected reduction is the first-order index of the measurement itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import binom, qmc, rankdata, spearmanr

from saisei.chance.streams import PURPOSES, uniform_rows
from saisei.errors import InputError

__all__ = [
    "Factor",
    "Information",
    "Measurement",
    "Question",
    "Share",
    "Shares",
    "information",
    "rows_of_design",
    "shares",
    "stable_shares",
]

Array = NDArray[np.float64]
Evaluate = Callable[[Array], Mapping[str, Array]]

_EDGE = 2.0**-33  # uniforms stay off 0 and 1, as those of the streams do
_RESAMPLES = 200
_FOLDS = 5
_KNOTS = (-1.65, -0.8, 0.0, 0.8, 1.65)  # of normal scores; straight beyond, so that tails stay tame
_TOP = 5
_NEGLIGIBLE = 0.02  # shares below are noise; their order is not asked for
_WIDEST = 0.25  # half an interval: a leading share that could be a half or nothing says nothing
_ASSAY = PURPOSES["assay"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One uniform of a question; factors of one group move together."""

    name: str
    group: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        factors: one for each column of the uniforms.
        outputs: name of each output and what it is, in words.
        evaluate: gives the outputs, and what measurements read, of uniforms (n, factors).
    """

    factors: tuple[Factor, ...]
    outputs: Mapping[str, str]
    evaluate: Evaluate

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, in the order of their first factor."""
        return tuple(dict.fromkeys(one.group for one in self.factors))


@dataclass(frozen=True, slots=True)
class Share:
    """How much of an output's variance one group makes; halves of 95% intervals from the bootstrap.

    Attributes:
        group: which.
        first, first_half: alone.
        total, total_half: with all it does together with others.
    """

    group: str
    first: float
    first_half: float
    total: float
    total_half: float


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of one output, the largest total first.

    Attributes:
        output: its name.
        points: base points of the design.
        mean, sd: of the output over all priors.
        by_group: all groups.
        agreement: rank correlation of the totals with those of half the points, over groups that matter.
        stable: whether the leading ranks held when the points doubled, up to groups whose intervals overlap,
            and no leading interval is wider than half the variance.
    """

    output: str
    points: int
    mean: float
    sd: float
    by_group: tuple[Share, ...] = field(default=())
    agreement: float | None = None
    stable: bool | None = None


def rows_of_design(question: Question, points: int) -> int:
    """How many evaluations a design of so many base points takes."""
    return points * (len(question.groups) + 2)


def shares(
    question: Question, points: int, seed: int, step: Callable[[int], object] = lambda _: None
) -> list[Shares]:
    """Sobol shares of every output.

    Args:
        question: what is asked.
        points: base points, a power of 2 from 16.
        seed: of the scrambled design and the bootstrap.
        step: told how many rows are done.

    Raises:
        InputError: points that are no power of 2, or too few.
    """
    if points < 16 or points & (points - 1):
        raise InputError(f"{points} points: give a power of 2 from 16, such as 256")
    from SALib.sample import sobol as design  # type: ignore[import-untyped]

    u = design.sample(_problem(question), points, calc_second_order=False, seed=seed)
    u = np.clip(u, _EDGE, 1.0 - _EDGE)
    found = _evaluated(question, u, step)
    return [_shares_of(question, name, found[name], points, seed) for name in question.outputs]


def _problem(question: Question) -> dict[str, object]:
    k = len(question.factors)
    return {
        "num_vars": k,
        "names": [one.name for one in question.factors],
        "groups": [one.group for one in question.factors],
        "bounds": [[0.0, 1.0]] * k,
    }


def _evaluated(
    question: Question, u: Array, step: Callable[[int], object], rows: int = 512
) -> dict[str, Array]:
    parts: dict[str, list[Array]] = {}
    for at in range(0, len(u), rows):
        run = np.ascontiguousarray(u[at : at + rows])
        for name, column in question.evaluate(run).items():
            parts.setdefault(name, []).append(column)
        step(len(run))
    return {name: np.concatenate(columns) for name, columns in parts.items()}


def _shares_of(question: Question, name: str, y: Array, points: int, seed: int) -> Shares:
    mean, sd = float(y.mean()), float(y.std())
    if sd <= 1e-12 * max(abs(mean), 1e-300):
        return Shares(name, points, mean, 0.0)
    whole = _analysed(question, y, seed)
    ordered = tuple(sorted(whole, key=lambda one: -one.total))
    half = y[: len(y) // 2]
    if half.std() == 0.0:
        return Shares(name, points, mean, sd, ordered, None, False)
    fewer = {one.group: one for one in _analysed(question, half, seed)}
    return Shares(name, points, mean, sd, ordered, *_stability(ordered, fewer))


def _analysed(question: Question, y: Array, seed: int) -> list[Share]:
    from SALib.analyze import sobol as analysis  # type: ignore[import-untyped]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter(
            "ignore"
        )  # resamples without variance; their intervals come out as nan
        found = analysis.analyze(
            _problem(question), y, calc_second_order=False, num_resamples=_RESAMPLES, seed=seed
        )
    columns = (found[key] for key in ("S1", "S1_conf", "ST", "ST_conf"))
    return [
        Share(group, *(float(np.nan_to_num(x)) for x in row))
        for group, *row in zip(question.groups, *columns, strict=True)
    ]


def _stability(whole: Sequence[Share], fewer: Mapping[str, Share]) -> tuple[float | None, bool]:
    """Rank correlation with the half design, and whether the leading order holds up to overlaps."""
    matter = [one for one in whole if max(one.total, fewer[one.group].total) > _NEGLIGIBLE]
    agreement = None
    if len(matter) > 2:
        rank = spearmanr([x.total for x in matter], [fewer[x.group].total for x in matter])
        agreement = float(rank.statistic)
    leaders = matter[:_TOP]
    held = all(
        fewer[first.group].total >= fewer[second.group].total
        or first.total - second.total < first.total_half + second.total_half
        for first, second in pairwise(leaders)
    )
    settled = all(
        abs(one.total - fewer[one.group].total) < one.total_half + fewer[one.group].total_half
        for one in leaders
    )
    narrow = all(one.total_half <= _WIDEST for one in leaders)
    return agreement, held and settled and narrow


def stable_shares(
    question: Question,
    points: int,
    most: int,
    seed: int,
    step: Callable[[int], object] = lambda _: None,
) -> Iterator[list[Shares]]:
    """Designs that double from `points` until every output is stable or `most` is reached; each is given."""
    while True:
        found = shares(question, points, seed, step)
        yield found
        if all(one.stable is not False for one in found) or 2 * points > most:
            return
        points *= 2


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that could be measured.

    Attributes:
        name: short name.
        words: what is done, on whom.
        reads: names of what `evaluate` gives and the measurement reads.
        errors: standard deviation of the error of each, in its unit.
        animals: if above 0 each reading is how many of so many had the event whose chance is read.
    """

    name: str
    words: str
    reads: tuple[str, ...]
    errors: tuple[float, ...]
    animals: int = 0


@dataclass(frozen=True, slots=True)
class Information:
    """What a measurement would tell about an output.

    Attributes:
        measurement: its name.
        output: of what.
        reduction: expected share of the output's variance that goes, 0 to 1; estimated from below.
        half: half of its 95% interval.
    """

    measurement: str
    output: str
    reduction: float
    half: float


def information(
    question: Question,
    measurements: Sequence[Measurement],
    points: int,
    seed: int,
    step: Callable[[int], object] = lambda _: None,
) -> list[Information]:
    """What each measurement would tell about each output, the most telling first within an output.

    Args:
        question: what is asked.
        measurements: what could be measured.
        points: draws of all factors, a power of 2 from 128.
        seed: of the draws and of the errors.
        step: told how many rows are done.
    """
    if points < 128 or points & (points - 1):
        raise InputError(f"{points} draws: give a power of 2 from 128, such as 2048")
    sampler = qmc.Sobol(len(question.factors), rng=np.random.default_rng(seed))
    u = np.clip(sampler.random(points), _EDGE, 1.0 - _EDGE)
    drawn = _evaluated(question, u, step)
    folds = np.random.default_rng(seed).permutation(points) % _FOLDS
    found = []
    for k, one in enumerate(measurements):
        basis = _basis(_read(one, drawn, seed, k))
        for output in question.outputs:
            reduction, half = _reduction(basis, drawn[output], folds)
            found.append(Information(one.name, output, reduction, half))
    return sorted(found, key=lambda x: (list(question.outputs).index(x.output), -x.reduction))


def _read(one: Measurement, drawn: Mapping[str, Array], seed: int, place: int) -> Array:
    """Readings with their errors as normal scores of their ranks, (n, reads)."""
    n = len(next(iter(drawn.values())))
    u = uniform_rows(seed, np.arange(n), np.full(n, place), _ASSAY, len(one.reads))
    columns = []
    for k, (name, error) in enumerate(zip(one.reads, one.errors, strict=True)):
        if one.animals:
            read = np.asarray(binom.ppf(u[:, k], one.animals, drawn[name]), dtype=np.float64)
        else:
            read = drawn[name] + error * ndtri(u[:, k])
        columns.append(ndtri((rankdata(read) - 0.5) / n))
    return np.stack(columns, axis=1)


def _basis(scores: Array) -> Array:
    """Natural cubic splines of each score and products of pairs: the regression's columns."""
    n, k = scores.shape
    columns = [np.ones(n)]
    for j in range(k):
        columns += _natural(scores[:, j])
    columns += [scores[:, i] * scores[:, j] for i in range(k) for j in range(i)]
    return np.stack(columns, axis=1)


def _natural(x: Array) -> list[Array]:
    """x, and the cubic pieces between the knots that are straight outside them."""

    def piece(knot: float) -> Array:
        rest = np.maximum(x - knot, 0.0) ** 3 - np.maximum(x - _KNOTS[-1], 0.0) ** 3
        return np.asarray(rest / (_KNOTS[-1] - knot))

    last = piece(_KNOTS[-2])
    return [x, *(piece(knot) - last for knot in _KNOTS[:-2])]


def _reduction(basis: Array, y: Array, folds: NDArray[np.int64]) -> tuple[float, float]:
    """Variance that goes on rows the fit has not seen, as a share; and half its 95% interval."""
    variance = float(y.var())
    if variance <= 1e-24 * float(np.abs(y).max(initial=1e-300)) ** 2:
        return 0.0, 0.0
    gone = np.empty_like(y)
    for fold in range(_FOLDS):
        here = folds == fold
        left, target = basis[~here], y[~here]
        weights, *_ = np.linalg.lstsq(left, target, rcond=1e-10)
        low, high = float(target.min()), float(target.max())
        guess = np.clip(basis[here] @ weights, low, high)  # never beyond what was seen
        gone[here] = (y[here] - target.mean()) ** 2 - (y[here] - guess) ** 2
    half = 1.96 * float(gone.std()) / np.sqrt(len(y)) / variance
    return max(0.0, float(gone.mean()) / variance), half
