"""The examined segments in the order of the exam's columns, as numbers for the kernels.

Muscles 0-9 are the right key muscles C5-T1 and L2-S1, 10-19 the left ones, 20 the anal sphincter (S4-5),
which VAC examines. Senses 0-27 are right light touch C2 to S4-5, 28-55 right pin prick, 56-83 and 84-111
the left. Source of the segments: ISNCSCI 2019, through `saisei.exam`.
"""

from __future__ import annotations

import numpy as np

from saisei.exam.isncsci.levels import DERMATOMES, KEY_MUSCLES, Level

__all__ = [
    "ARM",
    "DERMATOME_LEVEL",
    "MUSCLES",
    "MUSCLE_LEVEL",
    "SEGMENTS",
    "SENSES",
    "SPHINCTER",
]

SEGMENTS = len(DERMATOMES)
_KEYS = len(KEY_MUSCLES)
SPHINCTER = 2 * _KEYS
MUSCLES = SPHINCTER + 1
SENSES = 4 * SEGMENTS

MUSCLE_LEVEL = np.array([*KEY_MUSCLES, *KEY_MUSCLES, Level.S4_5], dtype=np.float64)
"""The segment number (C1 = 0) of each muscle, (21,)."""

DERMATOME_LEVEL = np.array(DERMATOMES, dtype=np.float64)
"""The segment number of each dermatome, (28,)."""

ARM = np.array([level <= Level.T1 for level in MUSCLE_LEVEL.astype(int)], dtype=np.bool_)
"""Whether a muscle is one of the arm, (21,)."""
