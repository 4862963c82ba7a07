"""Error-spending functions: how much of the error may be used by each information fraction."""

from __future__ import annotations

import math

from scipy import special

from saisei.chance.domain import require_choice, require_probability

__all__ = ["SPENDING", "spent"]

SPENDING = ("LD-OF", "LD-P", "Hwang-Shih-DeCani", "Kim-DeMets power")


def spent(kind: str, t: float, error: float, parameter: float = 1.0, sides: int = 1) -> float:
    """Error spent by information fraction t.

    Args:
        kind: "LD-OF" and "LD-P" (Lan and DeMets 1983, like O'Brien-Fleming and Pocock),
            "Hwang-Shih-DeCani" (parameter gamma) or "Kim-DeMets power" (parameter rho).
        t: information fraction; from 1 on everything is spent.
        error: in all, both sides together.
        parameter: of the last two.
        sides: over how many sides LD-OF splits the error.

    Raises:
        InputError: an unknown kind or an error that is no probability.

    >>> round(spent("LD-OF", 0.5, 0.025), 8)
    0.00152532
    """
    require_choice(kind, "spending", SPENDING)
    require_probability(error, "error", open_ends=True)
    t = min(max(t, 0.0), 1.0)
    if t == 0.0:
        return 0.0
    if kind == "LD-OF":
        z = -float(special.ndtri(error / (2.0 * sides)))
        return 2.0 * sides * float(special.ndtr(-z / math.sqrt(t)))
    if kind == "LD-P":
        return error * math.log1p((math.e - 1.0) * t)
    if kind == "Kim-DeMets power":
        return error * float(t**parameter)
    if parameter == 0.0:
        return error * t
    return error * math.expm1(-parameter * t) / math.expm1(-parameter)
