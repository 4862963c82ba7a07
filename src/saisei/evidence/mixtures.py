"""Mixtures of beta, normal and gamma laws: the algebra of conjugate priors.

A mixture is a frozen record of weights and component parameters. Updating with data stays inside the
family; each component's weight is multiplied by how well it predicted the data (its marginal
likelihood), which is why a vague component takes over after a conflict. Show the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from saisei.chance.domain import require_count, require_positive, require_probability
from saisei.errors import InputError

__all__ = ["BetaMixture", "GammaMixture", "Mixture", "NormalMixture"]

Array = NDArray[np.float64]

_WEIGHT_SLACK = 1e-6


def _tuple(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _require_components(weights: tuple[float, ...], *others: tuple[float, ...]) -> None:
    if not weights or any(len(other) != len(weights) for other in others):
        raise InputError(
            "a mixture needs one or more components, each with a weight and parameters"
        )
    if any(not 0.0 <= w <= 1.0 + _WEIGHT_SLACK for w in weights):
        raise InputError(f"the weights are {list(weights)}: each must lie between 0 and 1")
    if abs(sum(weights) - 1.0) > _WEIGHT_SLACK:
        raise InputError(f"the weights are {list(weights)}: they must add up to 1")


def _normalised(log_weights: Array) -> tuple[float, ...]:
    shifted = np.exp(log_weights - log_weights.max())
    return _tuple((shifted / shifted.sum()).tolist())


def _log(weights: Sequence[float]) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.asarray(weights, dtype=np.float64)), dtype=np.float64)


def _invert(cdf: Callable[[float], float], p: float, low: float, high: float) -> float:
    """The quantile of a monotone cdf inside a bracket, to full double precision."""
    if cdf(low) >= p:
        return low
    if cdf(high) <= p:
        return high
    return float(optimize.brentq(lambda x: cdf(x) - p, low, high, xtol=1e-14, rtol=1e-14))


@dataclass(frozen=True, slots=True)
class BetaMixture:
    """A mixture of Beta(a, b) laws for a probability.

    Attributes:
        weights: of the components, adding up to 1.
        a, b: component parameters, above 0.

    >>> prior = BetaMixture((0.5, 0.5), (5, 1), (20, 1))
    >>> [round(w, 3) for w in prior.posterior(0, 4).weights]
    [0.684, 0.316]
    """

    weights: tuple[float, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("weights", "a", "b"):
            object.__setattr__(self, name, _tuple(getattr(self, name)))
        _require_components(self.weights, self.a, self.b)
        for value in (*self.a, *self.b):
            require_positive(value, "a beta parameter")

    @classmethod
    def of(cls, components: Sequence[Sequence[float]]) -> Self:
        """From rows of (weight, a, b)."""
        return cls(*_columns(components))

    @property
    def mean(self) -> float:
        """The mean."""
        return float(sum(w * a / (a + b) for w, a, b in self._rows()))

    @property
    def sd(self) -> float:
        """The standard deviation."""
        second = sum(w * a * (a + 1) / ((a + b) * (a + b + 1)) for w, a, b in self._rows())
        return float(max(second - self.mean**2, 0.0) ** 0.5)

    def _rows(self) -> zip[tuple[float, float, float]]:
        return zip(self.weights, self.a, self.b, strict=True)

    def log_pdf_components(self, x: ArrayLike) -> Array:
        """Log densities of the components, shape (components, *x.shape)."""
        grid = np.asarray(x, dtype=np.float64)
        return np.array(
            [
                special.xlogy(a - 1, grid) + special.xlog1py(b - 1, -grid) - special.betaln(a, b)
                for _, a, b in self._rows()
            ]
        )

    def pdf(self, x: ArrayLike) -> Array:
        """The density at x in [0, 1]."""
        return np.asarray(np.tensordot(self.weights, np.exp(self.log_pdf_components(x)), axes=1))

    def cdf(self, x: ArrayLike) -> Array:
        """The distribution function."""
        grid = np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0)
        return np.asarray(sum(w * special.betainc(a, b, grid) for w, a, b in self._rows()))

    def sf(self, x: ArrayLike) -> Array:
        """The probability above x."""
        grid = np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0)
        return np.asarray(sum(w * special.betaincc(a, b, grid) for w, a, b in self._rows()))

    def quantile(self, p: float) -> float:
        """The p-quantile."""
        require_probability(p, "p")
        ends = [float(special.betaincinv(a, b, p)) for _, a, b in self._rows()]
        return _invert(lambda x: float(self.cdf(x)), p, min(ends), max(ends))

    def posterior(self, y: int, n: int) -> BetaMixture:
        """Updated with y events among n.

        Raises:
            InputError: y is not a count between 0 and n.
        """
        require_count(n, "n")
        require_count(y, "y", at_most=n)
        a, b = np.array(self.a), np.array(self.b)
        gain = special.betaln(a + y, b + n - y) - special.betaln(a, b)
        return BetaMixture(_normalised(_log(self.weights) + gain), _tuple(a + y), _tuple(b + n - y))

    def predictive_pmf(self, n: int) -> Array:
        """Probabilities of 0..n events among n new people (beta-binomial mixture), shape (n + 1,)."""
        require_count(n, "n")
        y = np.arange(n + 1)
        choose = -special.betaln(y + 1, n - y + 1) - np.log(n + 1.0)
        pmf = np.zeros(n + 1)
        for w, a, b in self._rows():
            pmf += w * np.exp(choose + special.betaln(a + y, b + n - y) - special.betaln(a, b))
        return pmf

    def robustified(self, weight: float, mean: float = 0.5, n: float = 1.0) -> BetaMixture:
        """With a vague last component Beta(mean (n + 1), (1 - mean) (n + 1)) of the given weight.

        With the defaults that component is Beta(1, 1).

        Raises:
            InputError: the weight or mean is not strictly between 0 and 1.
        """
        require_probability(weight, "weight", open_ends=True)
        require_probability(mean, "mean", open_ends=True)
        kept = tuple(w * (1.0 - weight) for w in self.weights)
        return BetaMixture(
            (*kept, weight), (*self.a, mean * (n + 1.0)), (*self.b, (1.0 - mean) * (n + 1.0))
        )


@dataclass(frozen=True, slots=True)
class NormalMixture:
    """A mixture of normal laws for a mean, a log rate or a logit.

    Attributes:
        weights: of the components, adding up to 1.
        means, sds: component parameters; sds above 0.
        sigma: standard deviation of one observation, the scale on which an ESS is counted.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    sigma: float | None = None

    def __post_init__(self) -> None:
        for name in ("weights", "means", "sds"):
            object.__setattr__(self, name, _tuple(getattr(self, name)))
        _require_components(self.weights, self.means, self.sds)
        for value in self.sds:
            require_positive(value, "a component sd")
        if self.sigma is not None:
            require_positive(self.sigma, "sigma")

    @classmethod
    def of(cls, components: Sequence[Sequence[float]], sigma: float | None = None) -> Self:
        """From rows of (weight, mean, sd)."""
        weights, means, sds = _columns(components)
        return cls(weights, means, sds, sigma)

    @property
    def mean(self) -> float:
        """The mean."""
        return float(np.dot(self.weights, self.means))

    @property
    def sd(self) -> float:
        """The standard deviation."""
        centre = self.mean
        return float(sum(w * (s * s + (m - centre) ** 2) for w, m, s in self._rows()) ** 0.5)

    def _rows(self) -> zip[tuple[float, float, float]]:
        return zip(self.weights, self.means, self.sds, strict=True)

    def log_pdf_components(self, x: ArrayLike) -> Array:
        """Log densities of the components, shape (components, *x.shape)."""
        grid = np.asarray(x, dtype=np.float64)
        return np.array(
            [
                -0.5 * ((grid - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2.0 * np.pi)
                for _, m, s in self._rows()
            ]
        )

    def pdf(self, x: ArrayLike) -> Array:
        """The density."""
        return np.asarray(np.tensordot(self.weights, np.exp(self.log_pdf_components(x)), axes=1))

    def cdf(self, x: ArrayLike) -> Array:
        """The distribution function."""
        grid = np.asarray(x, dtype=np.float64)
        return np.asarray(sum(w * special.ndtr((grid - m) / s) for w, m, s in self._rows()))

    def sf(self, x: ArrayLike) -> Array:
        """The probability above x."""
        grid = np.asarray(x, dtype=np.float64)
        return np.asarray(sum(w * special.ndtr((m - grid) / s) for w, m, s in self._rows()))

    def quantile(self, p: float) -> float:
        """The p-quantile."""
        require_probability(p, "p", open_ends=True)
        ends = [m + s * float(special.ndtri(p)) for _, m, s in self._rows()]
        return _invert(lambda x: float(self.cdf(x)), p, min(ends), max(ends))

    def posterior(self, mean: float, se: float) -> NormalMixture:
        """Updated with an observed mean and its standard error.

        Raises:
            InputError: the standard error is not above 0.
        """
        require_positive(se, "se")
        m, s = np.array(self.means), np.array(self.sds)
        marginal = np.sqrt(s * s + se * se)
        gain = -0.5 * ((mean - m) / marginal) ** 2 - np.log(marginal)
        precision = 1.0 / (s * s) + 1.0 / (se * se)
        means = (m / (s * s) + mean / (se * se)) / precision
        return NormalMixture(
            _normalised(_log(self.weights) + gain),
            _tuple(means),
            _tuple(1.0 / np.sqrt(precision)),
            self.sigma,
        )

    def predictive_mean(self, n: float, sigma: float | None = None) -> NormalMixture:
        """The law of the mean of n new observations of standard deviation sigma.

        Raises:
            InputError: no sigma is given here or on the mixture, or a value is not above 0.
        """
        scale = self.reference_sigma(sigma)
        extra = scale * scale / require_positive(n, "n")
        sds = tuple((s * s + extra) ** 0.5 for s in self.sds)
        return NormalMixture(self.weights, self.means, sds, scale)

    def reference_sigma(self, sigma: float | None = None) -> float:
        """The sigma given, else that of the mixture.

        Raises:
            InputError: neither is there.
        """
        scale = self.sigma if sigma is None else sigma
        if scale is None:
            raise InputError("sigma is missing: give the standard deviation of one observation")
        return require_positive(scale, "sigma")

    def robustified(
        self, weight: float, mean: float, n: float = 1.0, sigma: float | None = None
    ) -> NormalMixture:
        """With a vague last component N(mean, sigma / sqrt(n)) of the given weight.

        Raises:
            InputError: the weight is not strictly between 0 and 1, or no sigma is known.
        """
        require_probability(weight, "weight", open_ends=True)
        scale = self.reference_sigma(sigma)
        kept = tuple(w * (1.0 - weight) for w in self.weights)
        sd = scale / require_positive(n, "n") ** 0.5
        return NormalMixture((*kept, weight), (*self.means, mean), (*self.sds, sd), scale)


@dataclass(frozen=True, slots=True)
class GammaMixture:
    """A mixture of Gamma(shape, rate) laws for an event rate.

    Attributes:
        weights: of the components, adding up to 1.
        shapes, rates: component parameters, above 0; a rate counts in units of exposure.
    """

    weights: tuple[float, ...]
    shapes: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("weights", "shapes", "rates"):
            object.__setattr__(self, name, _tuple(getattr(self, name)))
        _require_components(self.weights, self.shapes, self.rates)
        for value in (*self.shapes, *self.rates):
            require_positive(value, "a gamma parameter")

    @classmethod
    def of(cls, components: Sequence[Sequence[float]]) -> Self:
        """From rows of (weight, shape, rate)."""
        return cls(*_columns(components))

    @property
    def mean(self) -> float:
        """The mean."""
        return float(sum(w * a / b for w, a, b in self._rows()))

    @property
    def sd(self) -> float:
        """The standard deviation."""
        second = sum(w * a * (a + 1.0) / (b * b) for w, a, b in self._rows())
        return float(max(second - self.mean**2, 0.0) ** 0.5)

    def _rows(self) -> zip[tuple[float, float, float]]:
        return zip(self.weights, self.shapes, self.rates, strict=True)

    def log_pdf_components(self, x: ArrayLike) -> Array:
        """Log densities of the components, shape (components, *x.shape)."""
        grid = np.asarray(x, dtype=np.float64)
        return np.array(
            [
                special.xlogy(a - 1.0, grid) - b * grid + a * np.log(b) - special.gammaln(a)
                for _, a, b in self._rows()
            ]
        )

    def pdf(self, x: ArrayLike) -> Array:
        """The density at x >= 0."""
        return np.asarray(np.tensordot(self.weights, np.exp(self.log_pdf_components(x)), axes=1))

    def cdf(self, x: ArrayLike) -> Array:
        """The distribution function."""
        grid = np.maximum(np.asarray(x, dtype=np.float64), 0.0)
        return np.asarray(sum(w * special.gammainc(a, b * grid) for w, a, b in self._rows()))

    def sf(self, x: ArrayLike) -> Array:
        """The probability above x."""
        grid = np.maximum(np.asarray(x, dtype=np.float64), 0.0)
        return np.asarray(sum(w * special.gammaincc(a, b * grid) for w, a, b in self._rows()))

    def quantile(self, p: float) -> float:
        """The p-quantile."""
        require_probability(p, "p", open_ends=True)
        ends = [float(special.gammaincinv(a, p)) / b for _, a, b in self._rows()]
        return _invert(lambda x: float(self.cdf(x)), p, min(ends), max(ends))

    def posterior(self, events: int, exposure: float) -> GammaMixture:
        """Updated with a Poisson count of events in an exposure (person-time).

        The same update serves exponential times: events seen, total time at risk.

        Raises:
            InputError: the count or exposure is out of range.
        """
        require_count(events, "events")
        require_positive(exposure, "exposure")
        a, b = np.array(self.shapes), np.array(self.rates)
        gain = special.gammaln(a + events) - special.gammaln(a) + a * np.log(b)
        gain = gain - (a + events) * np.log(b + exposure)
        return GammaMixture(
            _normalised(_log(self.weights) + gain), _tuple(a + events), _tuple(b + exposure)
        )

    def predictive_pmf(self, exposure: float, most: int) -> Array:
        """Probabilities of 0..most events in a new exposure (negative-binomial mixture)."""
        require_positive(exposure, "exposure")
        y = np.arange(require_count(most, "most") + 1)
        pmf = np.zeros(most + 1)
        for w, a, b in self._rows():
            log_pmf = special.gammaln(a + y) - special.gammaln(a) - special.gammaln(y + 1)
            log_pmf += a * np.log(b / (b + exposure)) + y * np.log(exposure / (b + exposure))
            pmf += w * np.exp(log_pmf)
        return pmf

    def robustified(self, weight: float, mean: float, n: float = 1.0) -> GammaMixture:
        """With a vague last component Gamma(mean n, n) of the given weight.

        Raises:
            InputError: the weight is not strictly between 0 and 1.
        """
        require_probability(weight, "weight", open_ends=True)
        require_positive(mean, "mean")
        kept = tuple(w * (1.0 - weight) for w in self.weights)
        return GammaMixture((*kept, weight), (*self.shapes, mean * n), (*self.rates, n))


Mixture = BetaMixture | NormalMixture | GammaMixture


def _columns(components: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    if not components or any(len(row) != 3 for row in components):
        raise InputError("mixture components are rows of three numbers: weight and two parameters")
    return tuple(_tuple(column) for column in zip(*components, strict=True))
