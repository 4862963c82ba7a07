"""How strong an unmeasured confounder would have to be to explain a result away."""

from __future__ import annotations

import math

from saisei.chance.domain import require_positive

__all__ = ["e_value"]


def e_value(risk_ratio: float) -> float:
    """The E-value of a risk ratio (VanderWeele and Ding 2017): RR + sqrt(RR (RR - 1)).

    The least association, as a risk ratio, that an unmeasured confounder must have with both treatment
    and outcome to explain the result. Ratios below 1 are inverted first.

    Raises:
        InputError: the ratio is not above 0.

    >>> round(e_value(3.9), 2)
    7.26
    """
    require_positive(risk_ratio, "risk_ratio")
    ratio = risk_ratio if risk_ratio >= 1.0 else 1.0 / risk_ratio
    return ratio + math.sqrt(ratio * (ratio - 1.0))
