"""`saisei design compare` and `explore`: designs side by side, and a search over many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, print_json, print_table
from saisei.cli.workers import Crew, Kind, single_threaded

__all__ = ["compare", "explore"]

_SHOWN = 12
_MOST_ROWS = 20_000
_FRONT_COLUMNS = ("people", "eligible", "months", "type1", "power", "assurance")


def compare(
    designs: Annotated[list[str], typer.Argument(help="Design documents, or ids of bundled ones.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for comparison.json and figures.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Set designs side by side: size, time, exposure, error over the plausible range, power, cost.

    Numbers are exact; a note says where they are simulated. The table names the unit of each row; JSON and
    figures go to --out.
    """
    from rich.console import Console

    from saisei.design.comparison import compare as compared
    from saisei.design.document import load_design

    _folder(out)
    documents = [load_design(name) for name in designs]
    with Console(stderr=True).status("summing over all outcomes"):
        found = compared(documents)
    if out is not None:
        from saisei.report.search_figures import comparison_figures

        _write(out, "comparison.json", found, comparison_figures(found))
    if as_json:
        print_json(found)
        return
    rows = [
        {
            "what": one["label"],
            **{
                str(place): _shown(design["measures"][key], one["unit"])
                for place, design in enumerate(found["designs"])
            },
        }
        for key, one in found["measures"].items()
    ]
    columns = {"what": ""} | {
        str(place): design["label"] for place, design in enumerate(found["designs"])
    }
    print_table(rows, columns, as_json=False, title="Designs side by side")
    for design in found["designs"]:
        nature = design["nature"]
        typer.echo(
            f"{design['label']}: {design['method']}, {design['endpoint']}; natural rate"
            f" {_percent(nature['low'])} to {_percent(nature['high'])}, middle {_percent(nature['centre'])};"
            f" power at an odds ratio of {design['odds_ratio']:g}."
        )
    for note in [*found["notes"], found["caution"]]:
        typer.echo(note)
    if out is not None:
        typer.echo(f"Written to {out}")


def explore(
    design: Annotated[str, typer.Argument(help="A bundled example, or a design document.")],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            help="An axis, as in n=10:60:2, ratio=1,2, exam_window=3-7,14-28, endpoint=one grade,to D,"
            " borrowing_weight=0,0.5, gate=none, or any path: analysis.level=0.025,0.05. May be repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the sweep; give it again to go on where it stopped."),
    ] = None,
    goal: Annotated[
        list[str] | None,
        typer.Option("--goal", help="A goal, as in power>=0.8 or type1<=0.1. May be repeated."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", help="Local workers; they never change the result.")
    ] = 1,
    kind: Annotated[Kind, typer.Option("--kind", help="What local workers are.")] = Kind.PROCESSES,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Address of a Dask scheduler, as in tcp://127.0.0.1:8786."),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--most", help="Designs allowed in the grid, when it is large.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute a grid of designs, show those that nothing beats, and find the cheapest that meets goals.

    Results go to results.parquet, shard by shard; a stopped sweep goes on with the same command.
    Measures: people, eligible, months, type1, power, assurance and others; see docs/howto/find-a-design.md.
    Exit code 1 when no design meets the goals. Research use only.
    """
    from saisei.errors import InputError

    single_threaded()
    from saisei.design.document import load_design
    from saisei.design.goals import parse_goal
    from saisei.design.grid import make_grid, parse_axis

    crew = Crew(workers, kind, cluster)
    goals = [parse_goal(text) for text in goal or ()]
    spec = make_grid(load_design(design), [parse_axis(text) for text in grid or ()], most=most)
    if out is None:
        raise InputError(
            f"--out is missing: name a folder for the {spec.cells:,} designs; a stopped sweep goes on there"
        )
    rows = _swept(spec, out, crew)
    found = _answer(spec, rows, goals)
    from saisei.cli.sweep import write_rows
    from saisei.report.search_figures import front_figures

    figures = front_figures(found)
    write_rows(spec, rows, out / "results.parquet")
    large = spec.cells > _MOST_ROWS  # then the rows are in results.parquet only
    _write(out, "explore.json", found | ({"rows": None} if large else {}), figures)
    if as_json:
        print_json({key: one for key, one in found.items() if key != "rows"})
    else:
        _print(found, out)
    if goals and found["choice"]["row"] is None:
        raise typer.Exit(1)


def _folder(out: Path | None) -> None:
    from saisei.errors import InputError

    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder: name another folder with --out")


def _swept(spec: Any, out: Path, crew: Crew) -> list[dict[str, Any]]:
    from saisei.cli.sweep import run_sweep

    try:
        with _bar(spec.cells) as (told, note):
            return run_sweep(spec, out, crew, told, note)
    except KeyboardInterrupt:
        typer.echo(
            f"stopped; what is finished is in {out}: give the same command to go on", err=True
        )
        raise


@contextmanager
def _bar(total: int) -> Iterator[tuple[Any, Any]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    parts = (TextColumn("designs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("designs", total=total)
        yield lambda cells: bar.advance(task, cells), bar.console.print


def _answer(spec: Any, rows: list[dict[str, Any]], goals: list[Any]) -> dict[str, Any]:
    """The document of a sweep: rows, the front, and the answer to the goals."""
    import json

    from saisei.design.goals import FRONT, cheapest, front
    from saisei.design.measures import MEASURES

    flags = front(rows)
    choice = None
    if goals:
        answer = cheapest(rows, goals)
        choice = {
            "goals": [str(one) for one in goals],
            "met": answer.met,
            "row": answer.row,
            "shortfalls": [
                {
                    "goal": str(one.goal), "measure": one.goal.measure, "bound": one.goal.bound,
                    "best": one.best, "short_by": one.goal.short_by(one.best),
                    "best_cell": one.best_row["cell"],
                    "best_with_others": one.best_with_others,
                    "cell_with_others": None if one.best_with_others_row is None
                    else one.best_with_others_row["cell"],
                }
                for one in answer.shortfalls
            ],
        }  # fmt: skip
    return {
        "schema": "saisei-design-exploration/0.1",
        "digest": spec.digest,
        "design": json.loads(spec.design),
        "axes": {axis.name: list(axis.values) for axis in spec.axes},
        "measures": {key: {"label": one.label, "unit": one.unit} for key, one in MEASURES.items()},
        "compared_on": list(FRONT),
        "unsound": sum(row["fault"] is not None for row in rows),
        "front": [row["cell"] for row, flag in zip(rows, flags, strict=True) if flag],
        "choice": choice,
        "rows": rows,
    }


def _write(out: Path, name: str, found: dict[str, Any], figures: Any) -> None:
    import json

    from saisei.cli.files import write_bytes, write_text

    text = json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)
    write_text(out / name, text + "\n")
    for figure in figures:
        write_bytes(out / "figures" / f"{figure.name}.svg", figure.svg)
        write_bytes(out / "figures" / f"{figure.name}.png", figure.png)
        write_text(out / "figures" / f"{figure.name}.csv", figure.csv)


def _percent(share: float) -> str:
    return "<0.1%" if 0.0 < share < 0.001 else f"{100 * share:.1f}%"


def _shown(number: float | None, unit: str) -> str:
    if number is None:
        return "-"
    if unit == "probability":
        return _percent(number)
    return f"{number}" if isinstance(number, int) else f"{number:.1f}"


def _print(found: dict[str, Any], out: Path) -> None:
    rows, axes = found["rows"], list(found["axes"])
    sound = len(rows) - found["unsound"]
    typer.echo(f"{len(rows)} designs, {sound} sound ones; results in {out / 'results.parquet'}")
    if found["unsound"]:
        first = next(row for row in rows if row["fault"] is not None)
        typer.echo(f"{found['unsound']} are no designs; the first: {first['fault']}")
    by_cell = {row["cell"]: row for row in rows}
    shown = sorted((by_cell[cell] for cell in found["front"]), key=lambda row: row["eligible"])
    columns = {name: name for name in (*axes, *_FRONT_COLUMNS)}
    units = {key: one["unit"] for key, one in found["measures"].items()}
    table = [
        {
            name: _shown(row[name], units[name]) if name in units else _axis(row[name])
            for name in columns
        }
        for row in _thinned(shown)
    ]
    title = f"{len(shown)} designs that no other beats on {', '.join(found['compared_on'])}"
    if len(shown) > len(table):
        title += f"; {len(table)} of them"
    print_table(table, columns, as_json=False, title=title)
    for line in _choice_lines(found, by_cell):
        typer.echo(line)
    typer.echo("Research use only: no design, dose or person is chosen here.")


def _axis(one: Any) -> str:
    return f"{one:g}" if isinstance(one, float) else str(one)


def _thinned(rows: list[Any]) -> list[Any]:
    if len(rows) <= _SHOWN:
        return rows
    return [rows[round(place * (len(rows) - 1) / (_SHOWN - 1))] for place in range(_SHOWN)]


def _cell_words(row: dict[str, Any], axes: list[str]) -> str:
    return ", ".join(f"{name} {_axis(row[name])}" for name in axes)


def _choice_lines(found: dict[str, Any], by_cell: dict[int, Any]) -> list[str]:
    choice, axes = found["choice"], list(found["axes"])
    if choice is None:
        return []
    goals = " and ".join(choice["goals"])
    if choice["row"] is not None:
        row = choice["row"]
        return [
            f"{choice['met']} designs meet {goals}. The cheapest takes up {row['eligible']:.1f} eligible"
            f" people: {_cell_words(row, axes)} ({row['people']} in all arms, {row['months']:.0f} months;"
            f" power {_percent(row['power'])}, type I error at most {_percent(row['type1'])})."
        ]
    lines = [f"No design of the grid meets {goals}."]
    for one in choice["shortfalls"]:
        unit = found["measures"][one["measure"]]["unit"]
        best = f"{_shown(one['best'], unit)} ({_cell_words(by_cell[one['best_cell']], axes)})"
        if one["short_by"] > 0.0:
            lines.append(
                f"  {one['goal']} is met by none: the best is {best}, short by"
                f" {_shown(one['short_by'], unit)}."
            )
        elif one["best_with_others"] is None:
            lines.append(f"  {one['goal']} is met by some, but no design meets the other goals.")
        else:
            row = by_cell[one["cell_with_others"]]
            short = abs(one["best_with_others"] - one["bound"])
            lines.append(
                f"  {one['goal']} is met by some, but of those that meet the other goals the best is"
                f" {_shown(one['best_with_others'], unit)} ({_cell_words(row, axes)}), short by"
                f" {_shown(short, unit)}."
            )
    return lines
