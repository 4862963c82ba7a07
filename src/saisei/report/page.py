"""The report as one self-contained page: no script, no outside resource, prints well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from saisei.report.figures import Figure
from saisei.report.outcome_words import points, small_chance
from saisei.report.sentences import percent

__all__ = ["render", "render_text"]


def render(
    document: Mapping[str, Any], figures: Sequence[Figure], template: str = "report.html.jinja"
) -> str:
    """The HTML page of a report document with its figures drawn into it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("saisei.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["odds"] = _odds
    environment.filters["verdict"] = _verdict_class
    environment.filters["points"] = points
    environment.filters["small"] = small_chance
    css = files("saisei.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    drawn = {
        one.name: {"title": one.title, "caption": one.caption, "svg": Markup(one.inline)}
        for one in figures
    }
    return environment.get_template(template).render(d=document, figures=drawn, css=Markup(css))


def _odds(number: float | None) -> str:
    """A Bayes factor or odds ratio for people; None is an open end."""
    if number is None:
        return "no limit"
    if number >= 99.5 or number < 0.01:
        return f"{number:,.0f}" if number >= 99.5 else f"{number:.1g}"
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


def _verdict_class(verdict: str) -> str:
    if verdict.startswith("supported"):
        return "v-supported"
    return "v-unclear" if verdict == "unclear" else "v-no"


def render_text(document: Mapping[str, Any]) -> str:
    """The heart of the report as plain text for a terminal or a pipe."""
    answer = document["answer"]
    lines = [document["study"]["title"], "", answer["question"], ""]
    lines += [f"{i}. {sentence}" for i, sentence in enumerate(answer["sentences"], 1)]
    if "outcomes" in document:  # a condition other than cord injury
        return "\n".join([*lines, "", *document["lines"], "", answer["caution"]]) + "\n"
    lines += ["", "Endpoints:"]
    for row in document["endpoints"]["rows"]:
        low, high = row["clopper_pearson"]
        chosen = f"; {row['chosen']}" if row["chosen"] else ""
        lines.append(
            f"  {row['label']}: {row['count']} of {row['n']} (95% {percent(low)} to {percent(high)}{chosen})"
        )
    shown = [
        row
        for row in document["comparators"]["rows"]
        if row["enters_range"] and row["chance"] is not None
    ]
    if shown:
        lines += ["", "Chance of a result at least as good without cells, by comparator:"]
        lines += [
            f"  {percent(row['chance']):>8}  at {percent(row['rate']):>6}  {row['study']}, "
            f"{row['level_group']}, {row['window']}"
            for row in shown
        ]
    lines += ["", answer["caution"]]
    return "\n".join(lines) + "\n"
