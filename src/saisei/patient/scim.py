"""SCIM: only the difference that age makes. No SCIM score of a virtual person is given.

EMSCI (2,171 people, Pavese 2026) found 4.3 points of SCIM less for each decade of age, and no
association of age with motor or sensory change; the slope changes near 70 years, by an amount that was not
read. So two cohorts of different age differ in SCIM by that much, whatever their exams.

Left out, because no published figure that was read ties them to an exam: the score itself (its mean
by grade, its spread, its items, its course), the step near 70 years, and the effect of training, home
and language on an independence measure. Aggregate EMSCI models of SCIM exist only with time and age on
unstated scales.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saisei.params import value

__all__ = ["scim_age_shift"]

_DECADE_YEARS = 10.0


def scim_age_shift(ages: NDArray[np.int64]) -> NDArray[np.float64]:
    """Points of SCIM against people of the reference age with the same injury, (n,).

    >>> scim_age_shift(np.array([50, 40, 20])).tolist()
    [-4.3, 0.0, 8.6]
    """
    reference = value("patient.scim_reference_age")
    decades = (ages - reference) / _DECADE_YEARS
    return np.asarray(value("patient.scim_per_decade") * decades + 0.0)  # + 0.0: no minus zero
