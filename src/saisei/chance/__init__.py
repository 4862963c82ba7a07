"""Exact discrete distributions, quadrature and counter-based random streams.

Takes numbers, gives numbers; knows nothing of medicine.
"""

from saisei.chance.discrete import (
    Discrete,
    binomial,
    convolve,
    hypergeometric,
    poisson_binomial,
)

__all__ = ["Discrete", "binomial", "convolve", "hypergeometric", "poisson_binomial"]
