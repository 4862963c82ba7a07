"""Virtual people who each live under a posterior draw of their own: what is not known about the values.

Person i takes draw i mod the number of draws. That spreads a cohort over the posterior: right for the course
of one person. For the mean of a trial all its people must share a draw; then simulate at one `Model.draw(k)`
after another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saisei.patient.cohort import Model
from saisei.patient.posterior import Posterior, load_posterior

__all__ = ["Mixed"]

_NO_EFFECT = np.empty((0, 0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """A generator over the draws of a posterior.

    Attributes:
        models: the model of each draw.
    """

    models: tuple[Model, ...]

    @classmethod
    def of(cls, posterior: Posterior | None = None, year: float | None = None) -> Mixed:
        """All draws of a posterior (the packaged one by default), for injuries of a year if one is given."""
        kept = load_posterior() if posterior is None else posterior
        models = [kept.model(k) for k in range(kept.count)]
        return cls(tuple(m if year is None else m.in_year(year) for m in models))

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
        """As `Model.examine`, each person under their draw; the same for any batch."""
        codes: NDArray[np.int8] | None = None
        truth: NDArray[np.float32] = np.empty((0, 0, 0), dtype=np.float32)
        mine = persons % len(self.models)
        for k in np.unique(mine):
            at = np.flatnonzero(mine == k)
            some = effects[at] if len(effects) else effects
            found, true = self.models[k].examine(
                seed, persons[at], attempts[at], days[at], with_truth=with_truth, effects=some
            )
            if codes is None:
                codes = np.empty((len(persons), *found.shape[1:]), dtype=found.dtype)
                if with_truth:
                    truth = np.empty((len(persons), *true.shape[1:]), dtype=true.dtype)
            codes[at] = found
            if with_truth:
                truth[at] = true
        if codes is None:
            return self.models[0].examine(
                seed, persons, attempts, days, with_truth=with_truth, effects=effects
            )
        return codes, truth
