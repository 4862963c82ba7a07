"""`saisei cell-line`: donors and iPS cell lines. Research use only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saisei.cli.exam_files import progress_bar, say
from saisei.cli.files import write_bytes, write_text
from saisei.cli.output import JsonFlag, noun, print_json, print_table

if TYPE_CHECKING:
    from saisei.cell_line.line import Lines, Sourcing

__all__ = ["app", "donors_of", "sourcing_of"]

app = noun("Donors and iPS cell lines: simulate, coverage of a bank. Research use only.")

_CHUNK = 10_000
_MOST = 10_000_000
_NOTE = (
    "most values of lines are recalled or assumed; see docs/stages/cell_line.md. Research use only"
)


@app.callback()
def verbs() -> None:
    """Donors, HLA matching, reprogramming, load of variants, banks."""


def donors_of(text: str) -> tuple[int, ...]:
    """Donors by the rank of their haplotype, from 1: `1-7` or `1,6`."""
    from saisei.errors import InputError

    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise InputError(f"donors {text!r}: write ranks of haplotypes, as 1-7 or 1,6")
        found += range(int(first) - 1, int(last or first))
    if not found:
        raise InputError(f"donors {text!r}: write ranks of haplotypes, as 1-7 or 1,6")
    return tuple(found)


def sourcing_of(method: str, donors: str) -> Sourcing:
    """Method and donors from their options."""
    from saisei.cell_line.line import Method, Sourcing
    from saisei.errors import InputError

    if method not in set(Method):
        raise InputError(f"--method is {method!r}: give one of {', '.join(Method)}")
    return Sourcing(Method(method), donors_of(donors))


@app.command()
def simulate(
    n: Annotated[int, typer.Option("--n", help="Number of lines.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="0 to 4294967295.")] = 1,
    method: Annotated[
        str,
        typer.Option("--method", help="episomal, blood, or retroviral (an unsafe line as 253G1)."),
    ] = "episomal",
    donors: Annotated[
        str, typer.Option("--donors", help="Homozygous donors by rank of haplotype: 1-7 or 1,6.")
    ] = "1-7",
    out: Annotated[
        Path | None, typer.Option("--out", help="The lines, as .parquet or .csv.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads; they never change the result.")
    ] = 2,
    as_json: JsonFlag = False,
) -> None:
    """Simulate iPS cell lines: colonies, days, divisions, new variants, chance of overgrowth.

    Line k depends on the seed and k alone. What stands under hidden_ no test of a bank shows.
    """
    import numpy as np

    from saisei.cell_line.line import draw_lines
    from saisei.cli.sampled import in_order, require_table_name, spans, write_table

    require_table_name(out)
    plan = sourcing_of(method, donors)
    runs = spans(n, _CHUNK, _MOST)
    parts: list[Lines] = []
    with progress_bar("lines", n, _CHUNK) as step:

        def columns() -> Any:
            for lines in in_order(
                lambda first, last: draw_lines(seed, np.arange(first, last), plan), runs, workers
            ):
                parts.append(lines)
                step(len(lines))
                yield _columns(lines)

        if out is None:
            for _ in columns():
                pass
        else:
            write_table(out, columns(), _made(seed, n, method, donors), "lines")
    summary = _summary(parts)
    if as_json:
        print_json({"seed": seed, "n": n, "method": method, "donors": donors, **summary})
        return
    print_table(
        summary["quantiles"],
        {key: key for key in ("what", "5%", "50%", "95%")},
        as_json=False,
        title=f"{n} lines, {method}, seed {seed}",
    )
    say(summary["words"])
    say(_NOTE)


def _made(seed: int, n: int, method: str, donors: str) -> dict[str, Any]:
    import saisei
    from saisei.params import digest

    return {
        "saisei": saisei.__version__,
        "parameters": digest(),
        "seed": seed,
        "n": n,
        "method": method,
        "donors": donors,
        "use": _NOTE,
    }


def _columns(lines: Lines) -> dict[str, Any]:
    from saisei.cell_line.hla import haplotypes

    alleles = [" ".join(one) for one in haplotypes().alleles]
    return {
        "line_id": [
            f"{lines.sourcing.method.value}-{lines.seed}-{number}" for number in lines.numbers
        ],
        "donor_id": [f"donor-{donor + 1}" for donor in lines.donor],
        "hla": [alleles[one] for one in lines.haplotype],
        "dishes": lines.dishes,
        "colonies": lines.colonies,
        "first_colony_day": lines.first_colony_day,
        "bank_day": lines.bank_day,
        "passages": lines.passages,
        "divisions": lines.divisions,
        "substitutions": lines.substitutions,
        "cnvs": lines.cnvs,
        "cnvs_above_3_copies": lines.high_copies,
        "abnormal_share": lines.abnormal_share,
        "vial_viability": lines.vial_viability,
        "hidden_clone_rate": lines.clone_rate,
    }


# column -> what it is called in the summary
_SHOWN = {
    "colonies": "colonies of the dish",
    "first_colony_day": "day of the first colony",
    "bank_day": "day of the tested bank",
    "divisions": "divisions until banked",
    "substitutions": "new substitutions",
    "cnvs": "new copy-number variants",
    "vial_viability": "share alive after thaw",
    "clone_rate": "hidden: chance a cell of overgrowth",
}


def _summary(parts: list[Lines]) -> dict[str, Any]:
    import numpy as np

    rows = []
    for name, words in _SHOWN.items():
        every = np.concatenate([getattr(one, name) for one in parts])
        low, middle, high = np.quantile(every, [0.05, 0.5, 0.95])
        rows.append(
            {"what": words, "5%": f"{low:.3g}", "50%": f"{middle:.3g}", "95%": f"{high:.3g}"}
        )
    dishes = np.concatenate([one.dishes for one in parts])
    abnormal = np.concatenate([one.abnormal_share for one in parts])
    high_copies = np.concatenate([one.high_copies for one in parts])
    return {
        "quantiles": rows,
        "repeated_dishes": float((dishes > 1).mean()),
        "abnormal_above_1_percent": float((abnormal > 0.01).mean()),
        "with_more_than_3_copies": float((high_copies > 0).mean()),
        "words": (
            f"{100 * (dishes > 1).mean():.1f}% needed another dish; {100 * (abnormal > 0.01).mean():.1f}% "
            f"hold an abnormal clone above 1%; {100 * (high_copies > 0).mean():.1f}% a copy number above 3"
        ),
    }


@app.command()
def coverage(
    donors: Annotated[
        str, typer.Option("--donors", help="Homozygous donors by rank of haplotype: 1-7 or 1,6.")
    ] = "1-7",
    most: Annotated[int, typer.Option("--most", help="The curve goes to so many donors.")] = 50,
    out: Annotated[
        Path | None, typer.Option("--out", help="The curve as a picture: .svg, .png, or .csv.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Which share of people a bank of HLA-homozygous donors matches at A, B and DRB1, exactly.

    Inside the table of haplotypes by enumeration of all pairs; beyond it the curve follows an assumed tail.
    """
    from saisei.cell_line import hla
    from saisei.errors import InputError

    if out is not None and out.suffix not in (".svg", ".png", ".csv"):
        raise InputError(f"{out}: the curve is .svg, .png or .csv; give such a name")
    if not 1 <= most <= 1000:
        raise InputError(f"--most is {most}: give 1 to 1000")
    bank, table = donors_of(donors), hla.haplotypes()
    share = hla.coverage(bank)
    rows = [
        {
            "donor": one + 1,
            "haplotype": " ".join(table.alleles[table.require(one)]),
            "frequency": table.frequencies[one],
            "people to type": round(hla.donors_to_screen(one)),
            "alone matches": round(hla.coverage([one]), 4),
        }
        for one in bank
    ]
    curve = hla.coverage_by_donors(most)
    if out is not None:
        _draw(out, [float(x) for x in curve], len(table.alleles))
    if as_json:
        print_json(
            {
                "population": table.population,
                "frequencies": table.mark,
                "donors": rows,
                "coverage": share,
                "curve": [float(x) for x in curve],
            }
        )
        return
    print_table(rows, {key: key for key in rows[0]}, as_json=False, title=table.population)
    say(f"together they match {100 * share:.1f}% of {table.population} (frequencies {table.mark})")
    say("A lower bound: alleles of haplotypes beyond the table are not counted. Research use only")


def _draw(out: Path, curve: list[float], inside: int) -> None:
    from saisei.report.lot_figures import coverage_figure

    figure = coverage_figure(curve, inside)
    if out.suffix == ".csv":
        write_text(out, figure.csv)
    else:
        write_bytes(out, figure.svg if out.suffix == ".svg" else figure.png)
    say(f"{out}: {figure.caption}")
