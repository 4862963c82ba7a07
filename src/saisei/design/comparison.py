"""Designs side by side: the same measures and curves for each, as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from saisei.design.document.schema import DesignDocument
from saisei.design.fixed import Design, fix
from saisei.design.measures import MEASURES, measure_fixed, worthwhile
from saisei.errors import InputError
from saisei.params import value

__all__ = ["COMPARISON", "SIMULATED", "compare", "one_of"]

# analyses whose characteristics are drawn, not summed
SIMULATED = frozenset({"proportional odds"})
COMPARISON = "saisei-design-comparison/0.1"
_CAUTION = (
    "Research use only. It says what each design can and cannot show; it chooses no design, no dose and no"
    " person."
)


def compare(documents: Sequence[DesignDocument]) -> dict[str, Any]:
    """Set designs side by side.

    Args:
        documents: read and checked, in the order wanted.

    Returns:
        Plain values ready for JSON; each design's document is in it.

    Raises:
        InputError: the same design stands there twice.
    """
    digests = [one.digest for one in documents]
    for document in documents:
        if digests.count(document.digest) > 1:
            raise InputError(f"{document.id} is given twice: name each design once")
    ids = _shortened([one.id for one in documents])
    labels = [
        one if ids.count(one) == 1 else f"{one} ({document.digest[:6]})"
        for one, document in zip(ids, documents, strict=True)
    ]
    rows = [one_of(fix(document), label) for document, label in zip(documents, labels, strict=True)]
    return {
        "schema": COMPARISON,
        "caution": _CAUTION,
        "measures": {
            key: {"label": one.label, "unit": one.unit, "less_is_better": one.less_is_better}
            for key, one in MEASURES.items()
        },
        "designs": rows,
        "notes": _notes(rows),
    }


def _shortened(ids: Sequence[str]) -> list[str]:
    """Ids without the words that all of them begin with.

    >>> _shortened(["keio-successor-single-arm", "keio-successor-controlled"])
    ['single-arm', 'controlled']
    >>> _shortened(["a-b", "a-b"]), _shortened(["a-b"])
    (['a-b', 'a-b'], ['a-b'])
    """
    words = [one.split("-") for one in ids]
    shared = 0
    while len({tuple(one[: shared + 1]) for one in words}) == 1 and shared < len(words[0]):
        shared += 1
    if len(ids) == 1 or any(len(one) <= shared for one in words):
        return list(ids)
    return ["-".join(one[shared:]) for one in words]


def one_of(design: Design, label: str) -> dict[str, Any]:
    """One design of a comparison: who it is, its measures, and its curves over the natural rates."""
    document, nature, ratio = design.document, design.nature, worthwhile(design.document)
    errors = design.type_one()
    return {
        "label": label,
        "id": document.id,
        "title": document.title,
        "digest": document.digest,
        "method": document.analysis.method,
        "endpoint": nature.endpoint.name,
        "odds_ratio": ratio,
        "nature": {"low": nature.low, "centre": nature.centre, "high": nature.high},
        "basis": nature.basis,
        "measures": measure_fixed(design).as_dict(),
        "curves": {
            "natural_rate": list(errors.rates),
            "error": list(errors.errors),
            "power": design.success(errors.rates, ratio).tolist(),
        },
        "design": document.content(),
    }


def _notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader must know before comparing two columns."""
    found = []
    if len({row["endpoint"] for row in rows}) > 1:
        found.append(
            "The designs count different endpoints: natural rates, errors and power stand each on their own."
        )
    if len({row["odds_ratio"] for row in rows}) > 1:
        found.append("Power is at each design's own worthwhile odds ratio.")
    if len({row["method"] for row in rows}) > 1:
        found.append(
            "Each design sets its own bar for success: power means something only beside the error, and"
            " the share"
            " of successes that stand for a benefit."
        )
    if any(row["measures"]["control"] == 0 for row in rows):
        most = max(row["measures"]["type1"] for row in rows if row["measures"]["control"] == 0)
        found.append(
            "A single arm's power cannot be read without its error: where nature does better than assumed, it"
            f" succeeds without an effect, here up to {100 * most:.0f}% of the time."
        )
    simulated = [row["label"] for row in rows if row["method"] in SIMULATED]
    if simulated:
        found.append(
            f"The numbers of {', '.join(simulated)} are simulated; `saisei design evaluate` tells their Monte"
            " Carlo standard errors. All others are exact."
        )
    confidence = 100 * value("evidence.confidence")
    found.append(
        f"The rate that no event still allows is the one-sided {confidence:.0f}% upper limit after"
        " complete windows of everybody treated."
    )
    return found
