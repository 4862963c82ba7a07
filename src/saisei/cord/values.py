"""The sourced values of the injury as one flat array, and where each stands in it.

A kernel takes an array and constant places; people read and change values by name in `params/cord.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from saisei.errors import InputError
from saisei.params import parameter

__all__ = ["CORD", "KINDS", "array_of", "cord_values", "in_year", "places"]

KINDS = 5
"""Latent kinds of injury: complete, sensory sparing, some motor sparing, much motor sparing, mild."""

_DECADE = 10.0

CORD: tuple[tuple[str, int], ...] = (
    ("tetraplegia_share", 1),
    ("kind_share_tetraplegia", KINDS),
    ("kind_share_paraplegia", KINDS),
    ("era_log_odds", 1),  # a decade; read by `in_year`, not by the kernels
    ("era_year", 1),
    ("level_mean_tetraplegia", KINDS),
    ("level_mean_paraplegia", KINDS),
    ("level_sd", 2),  # tetraplegia, paraplegia
    ("level_side_sd", 1),
    ("motor_offset", 2),  # mean, sd: where motor loss begins against sensory loss
    ("pin_offset", 2),
    ("log_drive_mean", KINDS),
    ("log_drive_sd", KINDS),
    ("drive_shift_paraplegia", KINDS),
    ("drive_side_sd", 1),
    ("sphincter_sd", 1),
    ("arm_penalty", 1),
    ("arm_penalty_sd", 1),
    ("drive_segment_sd", 1),
    ("local_log", 2),  # neck, trunk
    ("local_decay", 2),  # median, sd of the log between people
    ("local_sd", 2),  # person, muscle
    ("block_logit", KINDS - 1),  # sensory sparing (and complete), some motor sparing, much, mild
    ("block_sd", 2),  # person, muscle
    ("motoneuron_logit", 2),  # mean, sd
    ("lesion_log_mm", 2),  # mean, sd
    ("segment_mm", 4),  # cervical, thoracic, lumbar, sacral
    ("touch_mean", KINDS),
    ("pin_mean", KINDS),
    ("sense_sd", KINDS),
    ("sense_pin_correlation", 1),
    ("sense_drive_correlation", 1),
    ("sense_side_sd", 1),
    ("zone_height", 1),
    ("zone_log_decay", 2),  # mean, sd
    ("sense_segment_sd", 1),
    ("sense_segment_correlation", 1),
    ("sense_shared", 1),
    ("sacral_shift", 1),
    ("anal_pressure", 2),  # shift, sd
)
"""Name and length of each value of the injury, in the order of the array."""


def places(fields: Sequence[tuple[str, int]]) -> dict[str, int]:
    """The first place of each value in the flat array.

    >>> places([("a", 2), ("b", 1)])
    {'a': 0, 'b': 2}
    """
    found, at = {}, 0
    for name, length in fields:
        found[name] = at
        at += length
    return found


def array_of(
    stage: str, fields: Sequence[tuple[str, int]], changed: Mapping[str, Sequence[float]]
) -> NDArray[np.float64]:
    """The values of a stage in one array; `changed` takes the place of the packaged ones.

    Raises:
        InputError: an unknown name in `changed`, or a value of another length than the model needs.
    """
    unknown = [name for name in changed if name not in dict(fields)]
    if unknown:
        known = ", ".join(name for name, _ in fields)
        raise InputError(f"{stage} has no value {unknown[0]!r}; there are {known}")
    parts: list[float] = []
    for name, length in fields:
        given = changed[name] if name in changed else _packaged(f"{stage}.{name}")
        if len(given) != length:
            raise InputError(f"{stage}.{name} has {len(given)} numbers; the model needs {length}")
        parts += [float(x) for x in given]
    return np.array(parts)


def _packaged(id: str) -> tuple[float, ...]:
    content = parameter(id).value
    if isinstance(content, tuple):
        return content
    if isinstance(content, bool | str):
        raise InputError(f"parameter {id!r} is not a number but {content!r}")
    return (float(content),)


def cord_values(changed: Mapping[str, Sequence[float]] | None = None) -> NDArray[np.float64]:
    """The values of the injury; `changed` replaces some by name."""
    return array_of("cord", CORD, changed or {})


def in_year(c: NDArray[np.float64], year: float) -> NDArray[np.float64]:
    """The values for injuries of another year: complete ones are rarer the later the year.

    Published conversion of AIS A rose from 18% to 50% in twenty years (Marino 2020); which part is care,
    which part exams and definitions, nobody knows. Each decade lowers the log weight of the complete kind by
    `cord.era_log_odds`; `cord.era_year` is the year the other values stand for.

    >>> c = cord_values()
    >>> bool((in_year(c, c[places(CORD)["era_year"]]) == c).all())
    True
    """
    at, new = places(CORD), c.copy()
    decades = (year - c[at["era_year"]]) / _DECADE
    for region in ("kind_share_tetraplegia", "kind_share_paraplegia"):
        new[at[region]] *= np.exp(-decades * c[at["era_log_odds"]])
    return new
