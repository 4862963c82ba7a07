"""`saisei therapy animals`: a graft in groups of animals, beside the same animals without."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from saisei.cli.exam_files import say
from saisei.cli.output import JsonFlag, print_json, print_table
from saisei.cli.therapy_options import (
    ExtrapolateFlag,
    LineOption,
    PriorsOption,
    SetOption,
    changed_priors,
)

__all__ = ["animals"]

_SEEN = "effect on the score: median (80%)"


def animals(
    species: Annotated[
        str, typer.Option("--species", help="mouse or rat; marmoset, rhesus with --extrapolate.")
    ] = "mouse",
    dose: Annotated[float, typer.Option("--dose", help="Cells given.")] = 5e5,
    graft_day: Annotated[float, typer.Option("--graft-day", help="Day after the injury.")] = 9.0,
    days: Annotated[
        str, typer.Option("--days", help="Days after the injury on which the score is read.")
    ] = "28,56,84,112",
    group: Annotated[int, typer.Option("--animals", help="Animals a group.")] = 10,
    training: Annotated[
        float, typer.Option("--training", help="Sessions a week, both groups.")
    ] = 0.0,
    line: LineOption = "episomal",
    worlds: Annotated[
        int, typer.Option("--worlds", help="Draws of every prior and one lot each.")
    ] = 500,
    seed: Annotated[int, typer.Option("--seed", help="0 to 4294967295.")] = 1,
    priors: PriorsOption = None,
    set_prior: SetOption = None,
    extrapolate: ExtrapolateFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """What the model expects of a graft in animals: cells, effect on the locomotor score, by day.

    The rodent is one page of assumptions for directions and nulls, fitted to nothing (immunodeficient, so
    nothing is rejected). Hypothesis; research use only.
    """
    from saisei.cell_line.line import Method, Sourcing
    from saisei.errors import InputError
    from saisei.lot.lot import Recipe
    from saisei.patient.animals import Experiment
    from saisei.patient.therapy import HYPOTHESIS, Stimulation, therapy_priors

    if line not in set(Method):
        raise InputError(f"line {line!r}: give {', '.join(Method)}")
    if worlds < 1:
        raise InputError(f"{worlds} worlds: give at least 1")
    read = _days(days)
    plan = Experiment(
        dose,
        graft_day,
        read,
        animals=group,
        top=21.0 if species == "rat" else 9.0,
        training=Stimulation(training, graft_day, read[-1]) if training else Stimulation(),
        recipe=Recipe(Sourcing(Method(line))),
        species=species,
        extrapolate=extrapolate,
    )
    rows = _rows(plan, seed, worlds, therapy_priors(changed_priors(priors, set_prior or [])))
    marks = list(plan.extrapolated)
    if as_json:
        print_json({"rows": rows, "worlds": worlds, "extrapolated": marks, "use": HYPOTHESIS})
        return
    print_table(rows, {key: key for key in rows[0]}, as_json=False)
    if marks:
        say(f"EXTRAPOLATED, no data support this: {'; '.join(marks)}")
    say(HYPOTHESIS)


def _days(text: str) -> tuple[float, ...]:
    from saisei.errors import InputError

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"days {text!r}: write numbers with commas, such as 28,56") from None


def _rows(plan: Any, seed: int, worlds: int, priors: Any) -> list[dict[str, Any]]:
    import numpy as np

    from saisei.patient.animals import run_group

    treated = run_group(plan, seed, worlds, priors)
    control = run_group(replace(plan, dose=0.0), seed, worlds, priors)
    rows = []
    for k, day in enumerate(plan.days):
        effect = (treated.true - control.true)[:, :, k].mean(axis=1)
        low, middle, high = np.percentile(effect, [10, 50, 90])
        cells = treated.cells[:, :, k, :6].sum(axis=2).mean(axis=1)
        fewest, most = np.percentile(cells, [10, 90])
        rows.append(
            {
                "day": f"{day:g}",
                "without, mean": round(float(control.true[:, :, k].mean()), 2),
                "with, mean": round(float(treated.true[:, :, k].mean()), 2),
                _SEEN: f"{middle:.2f} ({low:.2f} to {high:.2f})",
                "cells: median (80%)": f"{np.median(cells):.2g} ({fewest:.2g} to {most:.2g})",
            }
        )
    return rows
