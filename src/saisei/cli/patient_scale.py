"""`saisei patient scale`: scores of other conditions without cells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["scale_command"]


def scale_command(
    condition: Annotated[
        str, typer.Argument(help="An id of `saisei study conditions`, or a document of your own.")
    ],
    course: Annotated[str, typer.Option("--course", help="Key of the course.")],
    out: Annotated[Path, typer.Option("--out", help="The scores, as a .parquet file.")],
    weeks: Annotated[str, typer.Option("--weeks", help="Weeks of the visits.")] = "0,26,52",
    n: Annotated[int, typer.Option("--n", help="Number of people.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="0 to 4294967295.")] = 1,
    usual_care: Annotated[
        bool, typer.Option("--usual-care", help="Leave out the response to being in a trial.")
    ] = False,
) -> None:
    """Simulate scores of another condition without cells, one row a person and visit.

    Research use only: groups for planning, never the prognosis of a person.
    """
    import numpy as np
    import polars as pl

    from saisei.cli.exam_files import say
    from saisei.cli.files import finished_file
    from saisei.errors import InputError
    from saisei.patient.scales import ScalePlan, simulate_scale
    from saisei.study.conditions import load_condition

    try:
        found = tuple(float(part) for part in weeks.split(","))
    except ValueError:
        raise InputError(f"weeks {weeks!r}: write numbers with commas, such as 0,26,52") from None
    if out.suffix != ".parquet":
        raise InputError(f"{out}: the file must end in .parquet")
    document = load_condition(condition)
    plan = ScalePlan(n, seed, tuple(week * 7 for week in found), not usual_care)
    cohort = simulate_scale(document, course, plan)
    table = pl.DataFrame(
        {
            "person_id": np.repeat(np.arange(n), len(found)),
            "week": np.tile(found, n),
            "score": cohort.scores.ravel(),
            "death_day": np.repeat(cohort.death_day, len(found)),
        }
    ).with_columns(pl.col("score").fill_nan(None))
    with finished_file(out) as path:
        table.write_parquet(path, compression="zstd")
    scale = document.course(course).scale
    say(f"{n} people, {scale}, {len(found)} visits: {out}. Research use only.")
