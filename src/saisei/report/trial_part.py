"""The report of a running trial: closed, the evidence report on live data; open, without any outcome.

Takes what `trial.interim` found; gives the report document. No number is computed here.
"""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

from saisei import __version__
from saisei.params import digest as params_digest
from saisei.report.later import Later, at_once

if TYPE_CHECKING:
    from saisei.trial.interim import Interim

__all__ = ["OPEN_SCHEMA", "build_closed", "build_open", "open_text"]

OPEN_SCHEMA = "saisei-trial-open/0.1"
JSON = dict[str, Any]


def _plain(document: JSON) -> JSON:
    found: JSON = json.loads(json.dumps(document, allow_nan=False))
    return found


def build_closed(interim: Interim, generated_at: str, later: Later = at_once) -> JSON:
    """The evidence report of a running trial at a cut-off, outcomes and all.

    Args:
        interim: with outcomes.
        generated_at: date and time in UTC, as text.
        later: as for `report.document.build`.
    """
    from saisei.report.document import build

    document = build(interim.study, generated_at, later)
    document["trial"] = _plain({"form": "closed", **interim.as_json()})
    return document


def build_open(interim: Interim, generated_at: str) -> JSON:
    """What everybody may see: people, follow-up, harm of all arms together, what nature alone would give.

    Args:
        interim: made without outcomes.
        generated_at: date and time in UTC, as text.
    """
    study = interim.study
    found = interim.as_json()
    sentences = [
        f"{interim.allocated} of {interim.planned} people are in the trial at {interim.cutoff},"
        f" {interim.treated} of them treated; {interim.settled} have passed their primary visit.",
        "Outcomes are not shown: looking at them before the end misleads whoever decides.",
    ]
    if interim.harm:
        one = interim.harm[0]
        sentences.append(
            f"{one.people} of {one.n} people have had {one.what}; the risk may be up to"
            f" {100 * one.upper:.0f}% (one-sided 95%)."
        )
    return _plain(
        {
            "schema": OPEN_SCHEMA,
            "software": {
                "name": "saisei",
                "version": __version__,
                "python": platform.python_version(),
            },
            "generated_at": generated_at,
            "digests": {"study": study.digest, "params": params_digest()},
            "study": {"id": study.id, "title": study.title, "summary": study.document.summary},
            "trial": {"form": "open", **found},
            "answer": {
                "question": "How far is the trial, and is it safe, all arms together?",
                "sentences": sentences,
                "caution": "Research use only. Open form of a running trial: no outcome, no arm.",
            },
        }
    )


def open_text(document: JSON) -> str:
    """The open form as plain text."""
    answer = document["answer"]
    lines = [document["study"]["title"], "", answer["question"], ""]
    lines += [f"{i}. {sentence}" for i, sentence in enumerate(answer["sentences"], 1)]
    return "\n".join([*lines, "", answer["caution"]]) + "\n"
