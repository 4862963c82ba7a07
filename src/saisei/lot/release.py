"""Release testing of lots: what passes given the truth, and what is true of those that pass.

Given the truth of a lot its tests are independent, so the chance of passing all is a product of exact
terms. The reverse is Bayes over the law of the truth: by quadrature for one test, over drawn lots (each
weighted by its exact chance, never by drawn readings) for the whole panel. Nothing here releases a lot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.chance.streams import PURPOSES, uniform_rows
from saisei.errors import InputError
from saisei.lot.bounds import limit_of_detection
from saisei.lot.laws import Counted
from saisei.lot.lot import Lots
from saisei.lot.specifications import Kind, Specification, specifications
from saisei.lot.truth import of_lots, quantiles

__all__ = [
    "Characteristic",
    "Panel",
    "characteristic",
    "keeps_limit",
    "panel",
    "readings",
    "truth_grid",
]

Array = NDArray[np.float64]

_PURPOSE = PURPOSES["release"]
_READING_ATTEMPT = 1
_CELLS = 4000  # parts of the law of a truth; the reverse moves in the fifth digit beyond
_POINTS = 161


@dataclass(frozen=True, slots=True, eq=False)
class Characteristic:
    """The operating characteristic of one test.

    Attributes:
        specification: the test.
        read: cells read, 0 where none are counted.
        truth: (k,) truths, in the unit of the law.
        passing: (k,) probability of passing.
        detection: smallest share that is told from a blank in 95%; None where no cells are counted.
        at_limit: probability of passing when the truth is the limit itself; None without a number.
        true_given_pass: chance that a lot of the assumed law keeps the limit if it passed; None if no law.
        true_given_fail: the same if it failed.
        passes: share of lots of the assumed law that pass.
        keep: share of lots of the assumed law that keep the limit.
    """

    specification: Specification
    read: int
    truth: Array
    passing: Array
    detection: float | None
    at_limit: float | None
    true_given_pass: float | None
    true_given_fail: float | None
    passes: float | None
    keep: float | None

    def truth_at(self, chance: float) -> float | None:
        """The truth at which the test passes with `chance`, between grid points by straight lines."""
        order = np.argsort(self.passing, kind="stable")
        low, high = self.passing[order[0]], self.passing[order[-1]]
        if not low <= chance <= high:
            return None
        return float(np.interp(chance, self.passing[order], self.truth[order]))


def truth_grid(one: Specification, points: int = _POINTS) -> Array:
    """Truths that show where a test turns from passing to failing.

    Shares near zero and concentrations are spaced on a log scale.
    """
    if one.kind is Kind.JUDGEMENT:
        return np.array([0.0, 1.0])
    if one.kind is Kind.EVENTS:
        return np.arange(3 * int(one.limit) + 12, dtype=np.float64)
    if one.kind is Kind.CYCLES:
        return np.linspace(one.limit - 2.0, one.limit + 2.0, points)
    if one.kind in (Kind.LEVEL, Kind.EXPRESSION):
        return np.geomspace(one.limit / 5.0, one.limit * 5.0, points)
    if one.kind is Kind.COLONIES:
        return np.geomspace(1e-8, 1e-2, points)
    if one.kind is Kind.ABSENCE:
        return np.geomspace(1e-3, 1e3, points)
    if one.kind is Kind.PRESENCE:
        return np.geomspace(1e-5, 1.0, points)
    if one.kind is Kind.SAME_CELLS:
        return np.linspace(0.0, 1.0, points)
    return _share_grid(one, points)


def _share_grid(one: Specification, points: int) -> Array:
    limit = one.limit_share
    if one.rule in ("<=", "<") and limit <= 0.02:
        return np.geomspace(limit / 30.0, min(limit * 30.0, 1.0), points)
    width = 6.0 * np.sqrt(limit * (1.0 - limit) / max(one.read, 1)) + 0.02
    return np.linspace(max(limit - 2.0 * width, 0.0), min(limit + 2.0 * width, 1.0), points)


def keeps_limit(one: Specification, truth: Array) -> NDArray[np.bool_]:
    """Whether the truth itself keeps the criterion, were it known without error."""
    match one.kind:
        case Kind.SHARE:
            limit, read = one.limit_share, truth
        case Kind.SAME_CELLS | Kind.COLONIES | Kind.ABSENCE | Kind.JUDGEMENT:
            return np.asarray(truth <= 0.0) if one.kind is not Kind.COLONIES else truth <= _ONE_DOSE
        case Kind.PRESENCE:
            return np.asarray(truth > 0.0)
        case _:
            limit, read = one.limit, truth
    found = {
        "<=": read <= limit, "<": read < limit, ">=": read >= limit, ">": read > limit,
    }[one.rule]  # fmt: skip
    return np.asarray(found)


# "No colony" names no share; it is judged against the strictest limit of the product, 0.0005%.
_ONE_DOSE = 5e-6


def characteristic(one: Specification, read: int | None = None) -> Characteristic:
    """The exact operating characteristic of one test.

    Args:
        one: the test.
        read: cells read in place of those of the assay.

    Raises:
        InputError: cells are given for a test that counts none, or fewer than 1.

    >>> from saisei.lot.specifications import specification
    >>> strict = characteristic(specification("nspc-oct4-stain"))
    >>> strict.read, round(strict.at_limit, 3)
    (600000, 0.714)
    """
    if read is not None and (one.read == 0 or read < 1):
        raise InputError(
            f"{one.id} counts no cells: leave out how many are read"
            if one.read == 0
            else f"{read} cells read: give at least 1"
        )
    law, n = one.law(read), one.read if read is None else read
    truth = truth_grid(one)
    detection = None
    if isinstance(law, Counted) and one.kind is Kind.SHARE and one.rule in ("<=", "<"):
        detection = limit_of_detection(n, law.sensitivity, law.background)
    # "None may be found" and "at most 1 of the cells read" name no truth that sits at the limit.
    named = one.rule and one.limit > 0 and one.kind is not Kind.SAME_CELLS
    limit = one.limit_share if one.kind is Kind.SHARE else one.limit
    at_limit = float(law.passing([limit])[0]) if named else None
    return Characteristic(
        one, n, truth, law.passing(truth), detection, at_limit, *_reverse(one, read)
    )


def _reverse(
    one: Specification, read: int | None
) -> tuple[float | None, float | None, float | None, float | None]:
    """P(truth keeps the limit | pass), the same given fail, P(pass), P(keeps), by quadrature."""
    truth = quantiles(one.truth, _CELLS) if one.truth else None
    if truth is None:
        return None, None, None, None
    chance, good = one.law(read).passing(truth), keeps_limit(one, truth)
    passes, keep = float(chance.mean()), float(good.mean())
    both = float((chance * good).mean())
    given_fail = (keep - both) / (1.0 - passes) if passes < 1.0 else None
    return (both / passes if passes > 0 else None), given_fail, passes, keep


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The chances of drawn lots with all tests of their product.

    Attributes:
        lots: the lots.
        tests: ids of the tests, in order.
        passing: (n, tests) exact chance of passing each.
        all_pass: (n,) chance of passing all.
        keeps: (n,) whether the truth keeps every criterion, were it known without error.
    """

    lots: Lots
    tests: tuple[str, ...]
    passing: Array
    all_pass: Array
    keeps: NDArray[np.bool_]

    @property
    def passes_if_good(self) -> float:
        """Chance that a lot passes all tests if its truth keeps every criterion."""
        return float(self.all_pass[self.keeps].mean()) if self.keeps.any() else float("nan")

    @property
    def passes_if_bad(self) -> float:
        """Chance that a lot passes all tests if its truth breaks a criterion."""
        return float(self.all_pass[~self.keeps].mean()) if not self.keeps.all() else float("nan")

    @property
    def good_if_passed(self) -> float:
        """The reverse: chance that the truth keeps every criterion if all tests passed."""
        return self.mean_if_passed(self.keeps.astype(np.float64))

    def mean_if_passed(self, what: Array) -> float:
        """The mean of `what` over lots that pass everything, each lot weighted by its exact chance."""
        total = float(self.all_pass.sum())
        return float((what * self.all_pass).sum() / total) if total > 0 else float("nan")

    def quantile_if_passed(self, what: Array, share: float) -> float:
        """A quantile of `what` over lots that pass everything."""
        order = np.argsort(what, kind="stable")
        weight = np.cumsum(self.all_pass[order])
        if weight[-1] <= 0:
            return float("nan")
        return float(what[order][np.searchsorted(weight, share * weight[-1])])


def panel(lots: Lots, reads: dict[str, int] | None = None) -> Panel:
    """Chances of all neural-progenitor tests for drawn lots.

    Args:
        lots: the lots.
        reads: by test, cells read in place of those of the assay.

    >>> from saisei.lot.lot import draw_lots
    >>> found = panel(draw_lots(1, np.arange(200)))
    >>> found.passing.shape
    (200, 26)
    """
    held = specifications("nspc")
    truths, given = of_lots(lots), reads or {}
    columns = [one.law(given.get(name)).passing(truths[one.truth]) for name, one in held.items()]
    passing = np.stack(columns, axis=1)
    kept = np.stack([keeps_limit(one, truths[one.truth]) for one in held.values()], axis=1)
    return Panel(lots, tuple(held), passing, passing.prod(axis=1), np.asarray(kept.all(axis=1)))


def readings(lots: Lots) -> dict[str, tuple[Array, NDArray[np.bool_]]]:
    """What the tests of each lot read, drawn: by test the readings and whether they pass.

    Reading k of a lot is draw k of its own stream, so it depends on (seed, lot) alone.
    """
    held, truths = specifications("nspc"), of_lots(lots)
    second = np.full(len(lots), _READING_ATTEMPT, dtype=np.int64)
    u = uniform_rows(lots.seed, lots.numbers, second, _PURPOSE, len(held))
    found = {}
    for k, (name, one) in enumerate(held.items()):
        law = one.law()
        read = law.reading(truths[one.truth], np.ascontiguousarray(u[:, k]))
        found[name] = (read, law.passes(read))
    return found
