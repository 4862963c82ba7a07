"""The report on planned trials as one self-contained page: no script, no outside resource, prints well."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from saisei import __version__
from saisei.params import digest as params_digest
from saisei.params import load
from saisei.report.dossier_words import answers, assumptions, share, stops, unknowns
from saisei.report.figures import Figure
from saisei.study import Study

__all__ = ["QUESTION", "build_dossier", "render_dossier"]

QUESTION = (
    "Before the next trial starts: what can each way of running it show, when does it stop, what does"
    " it cost in time"
    " and in eligible people, and what remains unknown whatever its result?"
)
# values of the house that a reader of the page may want to know
_VALUES = frozenset(
    f"design.{name}"
    for name in (
        "document_odds_ratios", "document_rate_points", "document_shown_rates", "document_shift_draws",
        "document_effect_nodes", "document_rate_nodes", "document_event_rates", "document_cohort",
        "search_odds_ratio", "registry_bias_odds", "report_eligible_per_year", "report_exam_windows",
    )
)  # fmt: skip
_GROUPS = ("follow-on", "regulation")


def build_dossier(
    dossier: Mapping[str, Any], study: Study | None, generated_at: str
) -> dict[str, Any]:
    """The report document: the numbers of the stage, the words, and where all of it comes from.

    Args:
        dossier: of `saisei.design.dossier`.
        study: whose announced successor the designs stand for; None for designs of one's own.
        generated_at: date and time in UTC, as text.
    """
    document = dict(dossier)
    shared, own = unknowns(dossier["designs"])
    designs = [
        {**one, "stops": stops(one), "unknown": words}
        for one, words in zip(dossier["designs"], own, strict=True)
    ]
    document |= {
        "software": {
            "name": "saisei", "version": __version__, "python": platform.python_version(),
        },
        "generated_at": generated_at,
        "question": QUESTION,
        "answers": answers(dossier),
        "designs": designs,
        "assumed": assumptions(designs),
        "unknown": shared,
        "announced": None if study is None else _announced(study),
        "digests": {"params": params_digest()} | {one["label"]: one["digest"] for one in designs},
        "parameters": _parameters(),
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return plain


def _announced(study: Study) -> dict[str, Any]:
    """What the record of a study says of the trial to follow, with sources and how far to trust them."""
    rows = [one for one in study.document.details if one.group in _GROUPS]
    used = {key for row in rows for key in row.what.source}
    return {
        "study": study.document.title,
        "id": study.document.id,
        "digest": study.digest,
        "facts": [
            {
                "name": row.name,
                "value": str(row.what.value),
                "confidence": None if row.what.confidence is None else str(row.what.confidence),
                "note": row.what.note,
                "source": list(row.what.source),
            }
            for row in rows
        ],
        "sources": [
            {"key": key, "cite": one.cite, "kind": str(one.kind)}
            for key, one in study.document.sources.items()
            if key in used
        ],
    }


def _parameters() -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "meaning": one.meaning,
            "value": list(one.value) if isinstance(one.value, tuple) else one.value,
            "unit": one.unit,
            "mark": one.mark,
            "source": one.source.cite,
            "why": one.why,
        }
        for one in load().values.values()
        if one.id in _VALUES
    ]


def render_dossier(document: Mapping[str, Any], figures: Sequence[Figure]) -> str:
    """The HTML page of a report on planned trials with its figures drawn into it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("saisei.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = share
    environment.filters["measure"] = _measure
    place = files("saisei.report").joinpath("templates")
    css = "\n".join(
        place.joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "dossier.css")
    )
    drawn = {
        one.name: {"title": one.title, "caption": one.caption, "svg": Markup(one.inline)}
        for one in figures
    }
    template = environment.get_template("dossier.html.jinja")
    return template.render(d=document, figures=drawn, css=Markup(css))


def _measure(number: float | None, unit: str) -> str:
    """A measure for people: probabilities in percent, other numbers with at most one decimal."""
    if number is None:
        return "–"
    if unit == "probability":
        return share(number)
    return f"{number:.0f}" if abs(number - round(number)) < 0.05 else f"{number:.1f}"
