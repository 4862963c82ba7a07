"""What the model expects of a published trial before seeing its result: stored, versioned, with a digest.

Making it takes minutes, so `validation/therapy_expectations.py` writes it once and reports read it. The
file holds the digest of its own content and of the values that it was made with.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import Any

from saisei.errors import InputError
from saisei.params import load

__all__ = ["SCHEMA", "content_digest", "expectation_of", "values_digest"]

SCHEMA = "saisei-expectation/0.1"
_STAGES = (
    "cell_line",
    "lot",
    "cord",
    "graft",
    "repair",
    "repair_graft",
    "patient",
    "patient_therapy",
)


def values_digest() -> str:
    """SHA-256 over every value that the chain takes, first 16 hex digits."""
    sha = hashlib.sha256()
    for name, one in load().values.items():
        if name.split(".")[0] in _STAGES:
            sha.update(f"{name}={one.value!r}\n".encode())
    return sha.hexdigest()[:16]


def content_digest(content: dict[str, Any]) -> str:
    """SHA-256 over an expectation without its own digest, first 16 hex digits."""
    plain = {key: one for key, one in content.items() if key != "digest"}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def expectation_of(study_id: str) -> dict[str, Any] | None:
    """The stored expectation of a study with `current` (made with the present values), None without one.

    Raises:
        InputError: the stored file was changed after it was made.
    """
    file = files("saisei.patient") / "expectations" / f"{study_id}.json"
    if not file.is_file():
        return None
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if content.get("schema") != SCHEMA or content.get("digest") != content_digest(content):
        raise InputError(
            f"the stored expectation of {study_id} does not carry its own digest: it was changed by hand; "
            "make it again with validation/therapy_expectations.py"
        )
    return content | {"current": content["values"] == values_digest()}
