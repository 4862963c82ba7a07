"""`saisei lot`: product lots and their release tests. Research use only; never releases a lot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import say
from saisei.cli.files import write_text
from saisei.cli.lot_simulate import simulate, specification
from saisei.cli.output import JsonFlag, noun, print_json, print_table

if TYPE_CHECKING:
    from saisei.lot.certificate import Certificate
    from saisei.lot.verdict import Check

__all__ = ["app"]

app = noun("Product lots: simulate, their release tests, certificates. Never releases a lot.")

_LARGEST_BYTES = 1_000_000
_NOTE = "Research use only: this checks numbers on paper and releases no lot"


@app.callback()
def verbs() -> None:
    """Product lots of neural progenitors, and release testing as statistics."""


@app.command()
def new(
    out: Annotated[Path, typer.Option("--out", help="The certificate to fill in: .toml or .csv.")],
    product: Annotated[str, typer.Option("--product", help="nspc, stock or dopamine.")] = "nspc",
) -> None:
    """Write an empty certificate with every test that has a criterion."""
    from saisei.errors import InputError
    from saisei.lot.certificate import template

    if out.suffix not in (".toml", ".csv"):
        raise InputError(f"{out}: a certificate is .toml or .csv; give such a name")
    if out.exists():
        raise InputError(f"{out} is already there: name another file, or remove it first")
    write_text(out, template(product, out.suffix == ".toml"))
    say(f"{out}: fill in the values, then `saisei lot check {out}`")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A certificate, .toml or .csv.")],
    product: Annotated[
        str | None,
        typer.Option("--product", help="nspc, stock or dopamine, if the file is silent."),
    ] = None,
    dose: Annotated[
        float | None, typer.Option("--dose", help="Cells of a dose, if the file is silent.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check a certificate: each test's verdict and margin, and what the numbers cannot show.

    Exit code 0: every criterion is kept; 1: one is not, or a value is missing; 2: a row is faulty (wrong
    unit, impossible value). Keeping every criterion releases nothing.
    """
    import dataclasses

    from saisei.errors import InputError
    from saisei.lot.certificate import read_certificate
    from saisei.lot.verdict import Verdict, check_certificate

    if dose is not None and not 0 < dose < float("inf"):
        raise InputError(f"--dose is {dose}: give a number of cells above 0")
    if file.stat().st_size > _LARGEST_BYTES:
        raise InputError(f"{file} is larger than {_LARGEST_BYTES:,} bytes: no certificate is")
    certificate = read_certificate(str(file), file.read_bytes(), product)
    if dose is not None:
        certificate = dataclasses.replace(certificate, dose_cells=dose)
    checks = check_certificate(certificate)
    if as_json:
        print_json(_document(certificate, checks))
    else:
        _print_checks(certificate, checks)
    if certificate.faults or any(one.verdict is Verdict.ERROR for one in checks):
        raise typer.Exit(2)
    if any(one.verdict is not Verdict.PASS for one in checks):
        raise typer.Exit(1)


def _document(certificate: Certificate, checks: list[Check]) -> dict[str, Any]:
    import dataclasses

    from saisei.lot.verdict import never_shown, without_criterion

    return {
        "use": _NOTE,
        "certificate": certificate.name,
        "product": certificate.product,
        "lot_id": certificate.lot_id,
        "checks": [dataclasses.asdict(one) for one in checks],
        "faults": [str(one) for one in certificate.faults],
        "without_criterion": [
            {"test": row.id, "name": row.name, "stated": row.criterion, "role": row.role}
            for row in without_criterion(certificate.product)
        ],
        "never_shown": never_shown(certificate.product),
    }


def _print_checks(certificate: Certificate, checks: list[Check]) -> None:
    from saisei.lot.verdict import Verdict, never_shown, without_criterion

    table = [
        {
            "test": one.test,
            "criterion": one.criterion,
            "given": one.given,
            "verdict": one.verdict.value.upper() if one.verdict is not Verdict.PASS else "pass",
            "margin": "" if one.margin is None else f"{one.margin:.4g}",
            "shown at 95%": {True: "yes", False: "NO", None: ""}[one.shown],
        }
        for one in checks
    ]
    for row in without_criterion(certificate.product):
        table.append({"test": row.id, "criterion": f"none ({row.criterion})", "verdict": ""})
    title = f"{certificate.name}, {certificate.product} {certificate.lot_id}".rstrip()
    print_table(table, {key: key for key in table[0]}, as_json=False, title=title)
    beyond = [one for one in checks if one.cannot and one.verdict in (Verdict.PASS, Verdict.FAIL)]
    if beyond:
        typer.echo("What these numbers cannot show:")
    for one in beyond:
        typer.echo(f"  {one.test}: {one.cannot}")
    typer.echo("What no certificate shows:")
    for line in never_shown(certificate.product):
        typer.echo(f"  {line}")
    for fault in [*(one.fault for one in checks if one.fault), *certificate.faults]:
        say(f"error: {fault}")
    counts = {kind: sum(one.verdict is kind for one in checks) for kind in Verdict}
    say(
        f"{counts[Verdict.PASS]} of {len(checks)} criteria kept, {counts[Verdict.FAIL]} not kept, "
        f"{counts[Verdict.MISSING]} missing, {counts[Verdict.ERROR] + len(certificate.faults)} faulty"
    )
    say(_NOTE)


app.command()(simulate)
app.command()(specification)
