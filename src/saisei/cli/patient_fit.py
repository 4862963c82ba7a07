"""`saisei patient fit`: fit the virtual patients to published figures and store the posterior."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from saisei.cli.output import JsonFlag, print_table

__all__ = ["fit"]


def fit(
    out: Annotated[Path, typer.Option("--out", help="Folder for the posterior: npz and JSON.")],
    people: Annotated[
        int, typer.Option(help="Virtual people a simulation.", min=200, max=200_000)
    ] = 3500,
    fine: Annotated[
        int,
        typer.Option(help="Virtual people in the last steps and the draws.", min=200, max=500_000),
    ] = 8000,
    iterations: Annotated[int, typer.Option(help="Most steps to the mode.", min=0, max=100)] = 10,
    draws: Annotated[int, typer.Option(help="Posterior draws.", min=2, max=5000)] = 160,
    start: Annotated[
        str,
        typer.Option(help="A posterior to start at the mode of; the packaged values if left out."),
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 20261128,
    workers: Annotated[int, typer.Option(help="Threads; they never change the result.", min=1)] = 2,
    as_json: JsonFlag = False,
) -> None:
    """Fit the values of the virtual patients and store the posterior.

    The targets and what is held out of the fit are listed in docs/stages/patient-calibration.md. The
    standard run takes some ten minutes on two cores, more with more people. Research use only.
    """
    from saisei.chance.streams import require_seed
    from saisei.cli.files import write_bytes
    from saisei.errors import InputError
    from saisei.patient.fit import Settings
    from saisei.patient.fit_space import point_of
    from saisei.patient.posterior import PACKAGED, load_posterior
    from saisei.patient.refit import refit

    require_seed(seed)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: --out names a folder")
    begin = load_posterior(start).mode if start else point_of()
    settings = Settings(people, iterations, draws, fine, workers)
    with _progress() as report:
        found = refit(settings, begin, seed, report)
    npz, about = found.to_bytes()
    write_bytes(out / f"{PACKAGED}.npz", npz)
    write_bytes(out / f"{PACKAGED}.json", about)
    _print(found.about, str(out), as_json)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr for each part of the work; gives the function that moves it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def report(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=1.0)
            bar.update(tasks[name], completed=share)

        yield report


def _print(about: Mapping[str, Any], out: str, as_json: bool) -> None:
    table = [{"value": name, **told} for name, told in about["parameters"].items()]
    columns = {
        "value": "value", "mode": "mode", "median": "median", "low": "2.5%", "high": "97.5%",
        "contraction": "contraction", "from_prior": "sds from prior",
    }  # fmt: skip
    print_table(table, columns, as_json=as_json)
    if as_json:
        return
    typer.echo(
        f"loss {about['loss']:.1f} over {about['fitted_targets']} fitted targets. Contraction is 1 minus "
        f"the ratio of posterior to prior sd: near 0 the figures say little. Written to {out}."
    )
