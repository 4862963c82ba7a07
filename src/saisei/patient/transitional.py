"""Tier 0: a transitional ordinal model of segment scores, the statistical benchmark beside Tier 1.

The form of Tanadini 2016 for the recovery of the arms, carried to the whole exam: the score of an item at
the next visit given its own earlier score, its neighbours and the sensation of its segment. It knows no
drive, no block and no motoneuron. The first exam (day 5) of a person is that of the mechanistic model,
because nobody can share real ones; all that follows is the chain's own. No care or graft can reach it.

No person-level data exist here either, so its values are fitted to the same published aggregates as Tier
1, by simulated moments (`validation/patient_tiers.py`), and both are set side by side on the same targets:
docs/stages/patient-tiers.md. Research use only.

Source of the form: Tanadini LG et al., BMC Med Res Methodol 2016;16:149 (abstract and model read; none
of its coefficients is used).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.cord.values import array_of
from saisei.errors import InputError
from saisei.exam.isncsci.batch import GradedTable, classify_table
from saisei.exam.isncsci.levels import Level
from saisei.patient.cohort import Model
from saisei.patient.transitional_kernel import GRID, TRANSITIONAL, follow

__all__ = ["Transitional", "first_states", "transitional_values"]

_NO_TRUTH = np.empty((0, 0, 0), dtype=np.float32)
_NO_EFFECT = np.empty((0, 0, 0))


def transitional_values(
    changed: Mapping[str, Sequence[float]] | None = None,
) -> NDArray[np.float64]:
    """The values of the chain; `changed` replaces some by name."""
    return array_of("patient", TRANSITIONAL, changed or {})


@dataclass(frozen=True, slots=True, eq=False)
class Transitional:
    """The statistical benchmark as a `Generator`.

    Attributes:
        values: see `TRANSITIONAL`.
        start: the model of the first exam.
    """

    values: NDArray[np.float64]
    start: Model

    @classmethod
    def packaged(cls, changed: Mapping[str, Sequence[float]] | None = None) -> Transitional:
        """The packaged values; `changed` replaces some by name."""
        return cls(transitional_values(changed), Model.packaged())

    def examine(
        self,
        seed: int,
        persons: NDArray[np.int64],
        attempts: NDArray[np.int64],
        days: NDArray[np.int64],
        *,
        with_truth: bool = False,
        effects: NDArray[np.float64] = _NO_EFFECT,
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Codes (n, visits, 136); there are no true states, so the second array is always empty.

        Raises:
            InputError: care or a graft is to have an effect.
        """
        if len(effects):
            raise InputError(
                "the statistical benchmark (tier 0) has no drive that care or a graft could change: "
                "use tier 1, or a null effect"
            )
        when = np.full((len(persons), 1), GRID[0], dtype=np.int64)
        first, _ = self.start.examine(seed, persons, attempts, when)
        start = first_states(classify_table(first[:, 0]))
        codes = np.empty((*days.shape, first.shape[2]), dtype=np.int8)
        follow(self.values, seed, persons, attempts, days, first[:, 0], start, codes)
        return codes, _NO_TRUTH


def first_states(graded: GradedTable) -> NDArray[np.int64]:
    """Region (0 neck, 1 T1-T9, 2 below), sacral sparing, conducting long tracts of first exams, (n, 3)."""
    ais, nli = graded.value_of("ais"), graded.value_of("nli")
    start = np.empty((len(graded), 3), dtype=np.int64)
    start[:, 0] = np.where(nli <= Level.T1, 0, np.where(nli <= Level.T9, 1, 2))
    start[:, 1], start[:, 2] = ais > 0, ais > 1
    return start
