"""`saisei evidence compare-models`: the landmark model and the generator side by side on a study."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, print_json, print_table

__all__ = ["compare_models"]

_WARNING = "For groups of such people in research; not a personal prognosis."


def compare_models(
    study: Annotated[str, typer.Argument(help="A bundled study or a study file.")],
    as_json: JsonFlag = False,
) -> None:
    """Hold the two models of natural recovery side by side on a study's people.

    Grades at 6 and 12 months, the chance of a result at least as good, what moves each model, and which
    is primary.
    """
    from rich.console import Console

    from saisei.evidence.motor_store import answers
    from saisei.study import load

    document = load(study)
    with Console(stderr=True).status("virtual people"):
        found = answers(document)
    if found.models is None:
        from saisei.errors import InputError

        raise InputError(found.why_not)
    if as_json:
        print_json({**found.models, "stored": found.stored, "warning": _WARNING})
        return
    _print(found.models)


def _print(models: dict[str, Any]) -> None:
    rows = [
        {
            "kind": f"{one['kind']}" + (f" ({one['people']} people)" if one["people"] else ""),
            "months": one["months"],
            "model": one["model"],
            **{g: _cell(one, k) for k, g in enumerate("ABCDE")},
        }
        for one in models["forecasts"]
    ]
    columns = {
        "kind": "such people",
        "months": "months",
        "model": "model",
        **{g: g for g in "ABCDE"},
    }
    print_table(rows, columns, as_json=False, title="Grade without cells: mean (5% to 95%)")
    if models["chances"]:
        shown = [
            {
                "outcome": one["outcome"],
                "seen": "" if one["seen"] is None else f"{one['seen']} of {one['n']}",
                "landmark": _chance(one, 0),
                "generator": _chance(one, 1),
                "at the mean rates": f"{_p(one['p_at_mean'][0])} and {_p(one['p_at_mean'][1])}",
            }
            for one in models["chances"]
        ]
        titles = {key: key for key in shown[0]}
        print_table(
            shown, titles, as_json=False, title="Chance of a result at least as good (5% to 95%)"
        )
    moved = [
        {"model": one["model"], "setting": one["setting"],
         "any better": _percent(one["any_better"]), "C or better": _percent(one["to_c"])}
        for one in models["moved"]
    ]  # fmt: skip
    if moved:
        titles = {key: key for key in moved[0]}
        print_table(
            moved,
            titles,
            as_json=False,
            title=f"What moves them, at 12 months: {models['kind_moved']}",
        )
    typer.echo(f"Primary: {models['primary']}.")
    typer.echo(models["why"])
    for note in models["notes"]:
        typer.echo(f"Note: {note}")
    typer.echo(_WARNING)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.0995 else f"{100 * share:.1f}%"


def _cell(one: dict[str, Any], k: int) -> str:
    mean, low, high = one["mean"][k], one["low"][k], one["high"][k]
    return f"{100 * mean:.0f}% ({100 * low:.0f}-{100 * high:.0f})"


def _p(number: float) -> str:
    return f"{number:.2g}" if number < 0.1 else f"{number:.2f}"


def _chance(one: dict[str, Any], which: int) -> str:
    low, high = one["interval"][which]
    return f"{_p(one['p'][which])} ({_p(low)} to {_p(high)})"
