"""What is believed of the truth as a list of truths with weights: for assurance and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from saisei.design.fixed import Design
from saisei.errors import InputError
from saisei.params import value

__all__ = ["Weights", "believed"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weights:
    """Truths with weights that add up to 1, each of shape (truths,)."""

    natural: F64
    odds: F64
    mass: F64


def believed(design: Design) -> Weights:
    """Quantiles of the natural rate by quantiles of the design prior, nature and effect independent.

    The same nodes as `Design.assurance`, so that both give the same chance of success.

    Raises:
        InputError: the document states no design prior.
    """
    prior = design.document.design_prior
    if prior is None:
        raise InputError(
            f"{design.document.id} states no design_prior: add one to ask what follows"
        )
    draws, nodes = design.nature.rates, int(value("design.document_rate_nodes"))
    if len(draws) > nodes:
        kept = np.quantile(draws, (np.arange(nodes) + 0.5) / nodes)
        draws = np.clip(kept, 1e-6, 1.0 - 1e-6)
    effects = int(value("design.document_effect_nodes"))
    normal = special.ndtri((np.arange(effects) + 0.5) / effects)
    odds = np.exp(np.append(prior.log_odds_mean + prior.log_odds_sd * normal, 0.0))
    weight = np.append(
        np.full(effects, (1.0 - prior.chance_no_effect) / effects), prior.chance_no_effect
    )
    return Weights(
        np.repeat(draws, len(odds)),
        np.tile(odds, len(draws)),
        np.tile(weight, len(draws)) / len(draws),
    )
