"""The digest that tells whether stored answers of the generator are those of today's generator.

Read without the generator itself: a report that finds its answers stored loads none of its kernels.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from saisei.params import load

__all__ = ["generator_digest"]

_STAGES = ("cord.", "repair.", "patient.")
_OTHER_MODEL = "patient.tier0_"  # the statistical benchmark beside the generator


def generator_digest() -> str:
    """Digest of the generator's values (cord, repair, patient), its posterior, and the motor tests' values.

    >>> len(generator_digest())
    16
    """
    sha = hashlib.sha256()
    for name, one in sorted(load().values.items()):
        if name.startswith(_OTHER_MODEL):
            continue
        if name.startswith((*_STAGES, "evidence.motor_", "evidence.landmark_")):
            sha.update(f"{name}={one.value!r};".encode())
    folder = files("saisei.patient").joinpath("posteriors")
    for part in sorted(folder.iterdir(), key=lambda one: one.name):
        sha.update(part.read_bytes())
    return sha.hexdigest()[:16]
