"""The priors of the graft, in the order of their uniforms. Numbers and sources: `params/graft.toml`."""

from __future__ import annotations

from saisei.chance.priors import Law

__all__ = ["GRAFT_PRIORS"]

_INF = float("inf")

GRAFT_PRIORS: tuple[tuple[str, Law, float], ...] = (
    ("graft.survival", Law.BETA, 1.0),
    ("graft.division_per_day", Law.LOGNORMAL, _INF),
    ("graft.division_days", Law.LOGNORMAL, _INF),
    ("graft.commitment_per_day", Law.LOGNORMAL, _INF),
    ("graft.capacity_rodent", Law.LOGNORMAL, _INF),
    ("graft.lesion_scale_human", Law.LOGNORMAL, _INF),
    ("graft.maturation_days", Law.LOGNORMAL, _INF),
    ("graft.death_per_day", Law.LOGNORMAL, _INF),
    ("graft.rejection_per_day", Law.LOGNORMAL, _INF),
    ("graft.rejection_death_per_day", Law.LOGNORMAL, _INF),
    ("graft.protection_by_drug", Law.BETA, 1.0),
    ("graft.protection_by_match", Law.BETA, 1.0),
    ("graft.clone_growth_per_day", Law.LOGNORMAL, _INF),
    ("graft.clone_turnover", Law.BETA, 0.95),
    ("graft.cell_volume_mm3", Law.LOGNORMAL, _INF),
    ("graft.free_volume_rodent_mm3", Law.LOGNORMAL, _INF),
    ("graft.late_rejection", Law.BETA, 1.0),
)
"""Id, law and upper bound of each prior."""
